"""Refusals in the planner's language.

A `UserError` is an English sentence wherever it is raised, kept or sent. Only who shows it to a planner asks for another language:
the sentence is found again by its fixed text in sim/refusals*.toml, as gettext finds a message by its English, and said with the
same names and numbers. What nobody has worded stays English.

A slot is `{name}`, anything; `{name:word}`, without a space in it; `{name:list}`, names joined by commas, "and" or "or";
`{name:words}`, itself a sentence or a piece of one that stands in the catalogue, or nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache, cached_property
from importlib.resources import files
from string import Formatter

from sim.parameters import UNITS

DEEPEST = 12  # pieces within pieces
LEAST = 12  # characters of a sentence that is said although a piece of it is not known
LONGEST = 1500  # characters; nothing that we say is as long
MOST_TRIED = 1500  # readings of one message, so that one full of "and" and commas does not keep anybody waiting
KINDS = {"word": r"\S*?[^\s.,:;](?![.,]?\w)", "list": ".+?", "words": ".*?"}
BEHIND = "(?: .*?)?"
_LETTERS = re.compile("[A-Za-z]{2}")
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
_WIDE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_NARROW = re.compile(r"[A-Za-z0-9`\[/.~%+<>=*_-]")


@dataclass(frozen=True)
class Entry:
    """One sentence in both languages."""

    english: str
    chinese: str

    @cached_property
    def slots(self) -> Mapping[str, str]:
        """Names in their order -> kinds."""
        return {name: kind or "" for _, name, kind, _ in Formatter().parse(self.english) if name is not None}

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        return tuple(text for text, *_ in Formatter().parse(self.english) if text)

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """How the slots may fall. A piece right behind another slot begins with a space; which space, or none, is to be tried."""
        found = []
        for anything in (".*?", ".*"):
            parts, seen, close = [], set(), False
            for text, name, kind, _ in Formatter().parse(self.english):
                parts.append(re.escape(text))
                close = close and not text
                if name in seen:
                    parts.append(f"(?P={name})")
                elif name is not None:
                    parts.append(f"(?P<{name}>{BEHIND if close and kind == 'words' else KINDS.get(kind or '', anything)})")
                    seen.add(name)
                close = name is not None
            found.append(re.compile("".join(parts), re.DOTALL))
        return tuple(found) if BEHIND in found[0].pattern else (found[0],)


def in_language(message: str, language: str) -> str:
    """`message`, the English sentence of a refusal, in this language; as it is where it is not in the catalogue."""
    if language == "en" or len(message) > LONGEST or message.endswith(("。", "？", "！")):
        return message
    if message not in _SAID:
        if len(_SAID) >= 512:
            _SAID.clear()
        _SAID[message] = _Reading().of(message)
    return _SAID[message]


_SAID: dict[str, str] = {}


@cache
def catalogue() -> tuple[Entry, ...]:
    """All sentences. An English one stands in one file only."""
    entries: dict[str, Entry] = {}
    for file in sorted((item for item in files("sim").iterdir() if fnmatch(item.name, "refusals*.toml")), key=lambda item: item.name):
        for section in tomllib.loads(file.read_text(encoding="utf-8")).values():
            assert not entries.keys() & section.keys(), f"{file.name}: {sorted(entries.keys() & section.keys())} are worded twice"
            entries |= {english: Entry(english, chinese) for english, chinese in section.items()}
    return tuple(entries.values())


@cache
def _by_longest() -> list[tuple[str, Entry]]:
    """Every sentence under its longest fixed text: most are ruled out by that alone."""
    return [(max(entry.fixed, key=len), entry) for entry in catalogue()]


@dataclass(frozen=True, order=True)
class Said:
    """A text in Chinese. Of several ways to say it the least is best: most of the English was fixed text, and that of few sentences."""

    left: int  # characters that stay as they are; those of a piece that is not known count twice
    pieces: int  # of how many it is made
    text: str
    partly: bool  # is a piece not known?


class _TooMuch(Exception):
    pass


class _Reading:
    """One message, taken apart; every piece of it once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Said] = {}
        self._tried = 0

    def of(self, message: str) -> str:
        try:
            return self._worded(message, 0).text
        except _TooMuch:
            return message

    def _worded(self, text: str, depth: int) -> Said:
        key = text, depth
        if key not in self._known:
            self._known[key] = self._found(text, depth)
        return self._known[key]

    def _read(self, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
        self._tried += 1
        if self._tried > MOST_TRIED:
            raise _TooMuch
        return pattern.fullmatch(text)

    def _found(self, text: str, depth: int) -> Said:
        if not _LETTERS.search(text) or text in UNITS:
            return Said(len(text), 0, UNITS[text]["zh"] if text in UNITS else text, False)
        found = [Said(2 * len(text), 0, text, True)]
        if depth < DEEPEST:
            for entry in [entry for longest, entry in _by_longest() if longest in text]:
                if all(part in text for part in entry.fixed):
                    readings = [self._read(pattern, text) for pattern in entry.patterns]
                    found += [self._said(entry, match, depth) for match in readings if match is not None]
            if text.endswith("."):  # the command line puts one behind what click says
                rest = self._worded(text[:-1], depth + 1)
                found += [] if rest.partly else [replace(rest, pieces=rest.pieces + 1, text=f"{rest.text}。")]
        return min(found)

    def _said(self, entry: Entry, match: re.Match[str], depth: int) -> Said:
        values, partly, left, pieces = dict(match.groupdict()), False, 0, 1
        for name, kind in entry.slots.items():
            if kind == "words":
                piece = self._worded(values[name], depth + 1)
                values[name], partly, left, pieces = piece.text, partly or piece.partly, left + piece.left, pieces + piece.pieces
            else:
                left += len(values[name])
                if kind == "list":
                    values[name] = _listed(values[name])
        if partly and sum(map(len, entry.fixed)) < LEAST:
            return Said(2 * len(match.string), 0, match.string, True)
        return Said(left, pieces, _filled(entry.chinese, values), partly)


def _listed(names: str) -> str:
    """ "a, b and c" -> "a、b 和 c" """
    names = re.sub(r" and (?=\S+$)", " 和 ", names)
    return re.sub(r" or (?=\S+$)", " 或 ", names).replace(", ", "、")


def _filled(chinese: str, values: Mapping[str, str]) -> str:
    """The sentence with its values; Latin letters and digits keep their distance from Chinese, Chinese none from Chinese."""
    said = ""
    for piece in _pieces(chinese, values):
        if _WIDE.match(said[-2:-1]) and said.endswith(" ") and _WIDE.match(piece):
            said = said[:-1]
        if _WIDE.match(said[-1:]) and piece.startswith(" ") and _WIDE.match(piece[1:]):
            piece = piece[1:]
        if said and piece and (
            (_IDEOGRAPH.match(said[-1]) and _NARROW.match(piece[0])) or (_NARROW.match(said[-1]) and _IDEOGRAPH.match(piece[0]))
        ):
            said += " "
        said += piece
    return said


def _pieces(chinese: str, values: Mapping[str, str]) -> Iterator[str]:
    for text, name, _, _ in Formatter().parse(chinese):
        yield text
        if name is not None:
            yield values[name]

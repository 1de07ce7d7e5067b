"""The words of the command line and of the pages, in English and Chinese (texts.toml, texts_*.toml), looked up by key.

Labels of parameters live with the parameter in the registry; everything else that a planner reads is here.
"""

from __future__ import annotations

import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from importlib.resources import files
from string import Formatter

LANGUAGES = ("en", "zh")
MOST_MARKS = 3  # accents on one letter; heaps of them would run over the lines above and below
_ABOVE = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff"
_HEAPS = re.compile(f"([{_ABOVE}]{{{MOST_MARKS}}})[{_ABOVE}]+")
_HAN, _LATIN, _LATIN_END = re.compile("[\u4e00-\u9fff]"), re.compile("[A-Za-z]"), re.compile("[A-Za-z]$")
_JOINER = "\u200d"  # holds emoji and letters of some scripts together


def brief(text: str, most: int) -> str:
    """What is seen of somebody's words in one row of at most `most` letters; a Chinese one takes the room of two."""
    text, room = " ".join(visible(text).split()), most
    for place, letter in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0:
            return f"{text[: max(1, place - 1)]}…"
    return text


class Gapped(str):
    """A Chinese text with places: what is put there keeps a gap between Latin letters and the Chinese ones beside them (净 GMV 最优)."""

    def format(self, *values: object, **named: object) -> str:
        form, made, counted = Formatter(), "", 0
        for literal, field, spec, conversion in form.parse(self):
            if made and _LATIN_END.search(made) and _HAN.match(literal):
                made += " "
            made += literal
            if field is None:
                continue
            if not field:  # places without a name take the values in their order
                field, counted = str(counted), counted + 1
            value, _ = form.get_field(field, values, named)
            text = format(form.convert_field(value, conversion), spec or "")
            made += f" {text}" if _LATIN.match(text) and made and _HAN.match(made[-1]) else text
        return made


class Words(Mapping[str, str]):
    """The catalogue in one language: `words("zh")["kpi.gmv"]`. A key that is not there is a mistake in the program."""

    def __init__(self, language: str, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __getitem__(self, key: str) -> str:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def named(self, family: str, name: str) -> str:
        """The word for a contract name ("cause", "late_delivery"); the bare name, readable, where nobody has worded it yet."""
        return self._entries.get(f"{family}.{name}", name.replace("_", " "))

    def of_file(self, name: str, field: str, own: str) -> str:
        """A shipped file's title or question in this language; anybody's own words as they are."""
        known = catalogue().get(f"file.{name}.{field}")
        return known[self.language] if known is not None and known["en"] == own else visible(own)


def visible(text: str) -> str:
    """Somebody's words without what nobody sees: no letters that turn the text around, hide in it, or pile up over it."""
    seen = "".join(letter for letter in text if letter in "\n\t" or letter == _JOINER or unicodedata.category(letter) not in ("Cc", "Cf"))
    return _HEAPS.sub(r"\1", seen)


@cache
def words(language: str) -> Words:
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}; there are {', '.join(LANGUAGES)}")
    entries = {key: text[language] for key, text in catalogue().items()}
    if language == "zh":
        entries = {key: Gapped(text) if "{" in text else text for key, text in entries.items()}
    return Words(language, entries)


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """key -> {language: text}, keys joined by dots. A key stands in one file only."""
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted((item for item in files("sim").iterdir() if fnmatch(item.name, "texts*.toml")), key=lambda item: item.name):
        found = dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), ""))
        assert not entries.keys() & found.keys(), f"{file.name}: {sorted(entries.keys() & found.keys())} are worded twice"
        entries |= found
    return entries


def usual_language() -> str:
    """What $WHATIF_LANG asks for ("zh", "zh_CN.UTF-8" …), else English."""
    wish = os.environ.get("WHATIF_LANG", "").lower()
    return "zh" if wish.startswith("zh") else "en"


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, value in table.items():
        assert isinstance(value, dict), f"texts.toml: {prefix}{key} is not a table"
        if all(isinstance(text, str) for text in value.values()):
            yield prefix + key, value
        else:
            yield from _flat(value, f"{prefix}{key}.")

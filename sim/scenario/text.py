"""Reads the text of a scenario file and knows on which line each key stands.

tomllib gives values without places. A planner who mistypes one key out of forty wants the line, so a small scanner finds the
statements (headers and `key = value`) of a file that tomllib has read already.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.errors import INVALID, UNREADABLE, UserError

LARGEST_FILE = 1_000_000  # bytes; a scenario states only what changes
LONGEST_KEY = 40  # dotted parts of one key; more is no scenario, and costs tomllib quadratic time and memory

KeyPath = tuple[str | int, ...]  # ("levers", "payment", "redirects", "to"); an int counts [[events]] from 0

_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""+'
    r"|'''.*?'''+"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n|[\[\]{}=]"
    r"|[^\"'#\n\[\]{}=]+"
    r"|.",
    re.DOTALL,
)
_KEY_PART = re.compile(r'"(?:[^"\\]|\\.)*"' r"|'[^']*'" r"|[^\s.\"']+")

_BARE_PART = re.compile(r"\s*(?:\"[^\"]*\"|'[^']*'|[\w-]+)\s*")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A `[header]`, `[[header]]` or `key = value`; `start` and `end` are offsets into the text, its own line ends included."""

    kind: str  # "table" | "array" | "key"
    keys: tuple[str, ...]  # as written, without the header above
    line: int
    start: int
    end: int


def key_parts(written: str) -> tuple[str, ...]:
    """`levers."payment.redirects"` -> ("levers", "payment.redirects")."""
    parts = []
    for part in _KEY_PART.findall(written):
        if part[0] == '"':
            part = str(tomllib.loads(f"k = {part}")["k"])
        parts.append(part.strip("'"))
    return tuple(parts)


def statements(text: str) -> Iterator[Statement]:
    """The statements of a TOML text in order. The text must be valid TOML."""
    line = 1
    opened: tuple[int, int] | None = None  # offset and line where the running statement began
    key = ""
    depth = 0
    past_key = False
    for found in _TOKEN.finditer(text):
        token = found.group()
        ends = token == "\n" and depth == 0
        if opened is None and not token.isspace() and not token.startswith("#"):
            line_start = text.rfind("\n", 0, found.start()) + 1
            opened, key, past_key = (line_start, line), "", False
        if opened is not None and not ends:
            if token == "=" and depth == 0:
                past_key = True
            elif token in "[{":
                depth += 1
            elif token in "]}":
                depth -= 1
            if not past_key and not token.startswith("#"):
                key += token
        if opened is not None and ends:
            yield _statement(key, opened, found.end())
            opened = None
        line += token.count("\n")
    if opened is not None:
        yield _statement(key, opened, len(text))


def _statement(key: str, opened: tuple[int, int], end: int) -> Statement:
    key = key.strip()
    kind = "array" if key.startswith("[[") else "table" if key.startswith("[") else "key"
    inner = key.strip("[]") if kind != "key" else key
    return Statement(kind=kind, keys=key_parts(inner), line=opened[1], start=opened[0], end=end)


@dataclass(frozen=True)
class Source:
    """A text and what to call it in a sentence."""

    label: str
    text: str

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """The line of each key, header and part of a header."""
        found: dict[KeyPath, int] = {}
        above: KeyPath = ()
        arrays: dict[tuple[str, ...], int] = {}
        for statement in statements(self.text):
            if statement.kind == "key":
                path = above + statement.keys
            else:
                path = statement.keys
                if statement.kind == "array":
                    arrays[statement.keys] = arrays.get(statement.keys, -1) + 1
                    path = (*statement.keys, arrays[statement.keys])
                above = path
            for length in range(1, len(path) + 1):
                found.setdefault(path[:length], statement.line)
        return found

    def line(self, path: KeyPath) -> int | None:
        """The line of the key, or of the nearest table that holds it (an inline table stands on one line)."""
        try:
            lines = self.lines
        except Exception:  # a line number is a courtesy; without it the sentence still says which key
            return None
        while path:
            if path in lines:
                return lines[path]
            path = path[:-1]
        return None

    def fault(self, path: KeyPath, says: str, *, exit_code: int = INVALID) -> UserError:
        line = self.line(path)
        where = self.label if line is None else f"{self.label}, line {line}"
        return UserError(f"{where}: {spelled(path)}: {says}" if path else f"{where}: {says}", exit_code=exit_code)


def spelled(path: KeyPath) -> str:
    """("events", 0, "start") -> events[1].start; control characters in a key are shown, not printed."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += f"[{part + 1}]"
        else:
            shown = part if part.isprintable() else ascii(part)[1:-1]
            words += ("." if words else "") + (shown if len(shown) <= 80 else shown[:77] + "...")
    return words


def file_text(path: Path) -> str:
    """The text of a scenario file, or one sentence why it cannot be read."""
    label = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UserError(f"{label} is a folder, not a scenario file.", exit_code=UNREADABLE)
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{label} is not an ordinary file.", exit_code=UNREADABLE)
        if status.st_size > LARGEST_FILE:
            raise _too_large(label, status.st_size)
        with path.open("rb") as stream:  # one byte more than allowed: the file may have grown since
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise UserError(f"{label} does not exist.", exit_code=UNREADABLE) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{spelled((label,))} cannot be read: {reason}.", exit_code=UNREADABLE) from None
    if len(data) > LARGEST_FILE:
        raise _too_large(label, len(data))
    return decoded(data, label)


def _too_large(label: str, size: int) -> UserError:
    return UserError(f"{label} is too large for a scenario file: {size:,} bytes; {LARGEST_FILE:,} (1 MB) are allowed.")


def decoded(data: bytes, label: str) -> str:
    """UTF-8, with or without a byte-order mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{label} is encoded in UTF-16; scenario files are UTF-8 text: save it as UTF-8.")
    if (at := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise UserError(f"{label}, line {line}: NUL bytes: this is not a text file; scenario files are UTF-8 text.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{label}, line {line}: not UTF-8 text (byte 0x{data[error.start]:02x}); scenario files are UTF-8: save it as UTF-8."
        ) from None


def parsed(source: Source) -> dict[str, Any]:
    """The TOML data of a text; every way in which tomllib gives up becomes one sentence."""
    if len(source.text) > LARGEST_FILE:  # text that came from no file: an upload
        raise _too_large(source.label, len(source.text))
    for number, row in enumerate(source.text.split("\n"), 1):
        if _longest_key(row) > LONGEST_KEY:
            raise UserError(f"{source.label}, line {number}: a key of more than {LONGEST_KEY} parts; no scenario key has more than four.")
    try:
        data = tomllib.loads(source.text)
    except RecursionError:
        raise UserError(f"{source.label}: brackets are nested too deeply; a scenario file needs three levels at most.") from None
    except (ValueError, OverflowError) as error:  # TOMLDecodeError is a ValueError; a number of 5,000 digits is one too
        raise _unreadable_toml(source, str(error)) from None
    if not data:
        raise UserError(f'{source.label} is empty: a scenario file needs at least `schema = 1` and `title = "..."`.')
    return data


def _longest_key(row: str) -> int:
    """Dotted parts in a row that could be one key, found in linear time."""
    longest = run = 0
    if row.count(".") > LONGEST_KEY:
        for part in row.split("."):
            run = run + 1 if _BARE_PART.fullmatch(part) else 0
            longest = max(longest, run)
    return longest


def _unreadable_toml(source: Source, says: str) -> UserError:
    place = re.search(r"\s*\(at line (\d+), column (\d+)\)|\s*\(at end of document\)", says)
    rows = source.text.split("\n")
    if place is None:
        if "digits" in says:
            return UserError(f"{source.label}: a whole number has too many digits to be read.")
        return UserError(f"{source.label} is not valid TOML: {says.rstrip('.')}.")
    reason = says[: place.start()]
    line = int(place[1]) if place[1] else len(rows)
    row = rows[min(line, len(rows)) - 1].strip()
    shown = row if row.isprintable() else ascii(row)[1:-1]
    quoted = f" (`{shown[:57] + '...' if len(shown) > 60 else shown}`)" if shown else ""
    if reason.startswith("Cannot overwrite") or "twice" in reason or "Cannot mutate" in reason or "uplicate" in reason:
        return UserError(f"{source.label}, line {line}: the same key or table is given twice{quoted}; keep one of them.")
    if (day := re.search(r"=\s*(\d{4}-\d{1,2}-\d{1,2})\s*(#.*)?$", row)) is not None:
        return UserError(f"{source.label}, line {line}: {day[1]} is not a day of the calendar; a date reads 2024-01-15.")
    reason = (reason[:1].lower() + reason[1:]) if len(reason) <= 120 else "cannot be understood"
    return UserError(f"{source.label}, line {line}: not valid TOML: {reason}{quoted}.")

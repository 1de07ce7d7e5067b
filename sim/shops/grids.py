"""The rows of a file as columns of texts: every different text of a column once, and which of them stands in which row.

Hundreds of thousands of rows by channel and category repeat their dates and names and many of their numbers: each is read once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from operator import itemgetter

import numpy as np
import pandas as pd

from sim.errors import UserError
from sim.shops.cells import dates, is_total
from sim.shops.columns import folded, guessed

LINES_FOR_HEADER = 15
MOST_ROWS, MOST_COLUMNS = 500_000, 300
MOST_UNREAD, MOST_VALUES = 20, 1000  # unread columns that may say why a day has several rows, and how many different texts each
_COUNTERS = {"", "序号", "编号", "行号", "no", "id", "index", "#", "row"}  # number the rows, and say nothing of them


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A column. values: its different texts; codes: which of them. [row]"""

    values: tuple[str, ...]
    codes: np.ndarray

    def where(self, kept: np.ndarray) -> Texts:
        """Of these rows alone, and the texts that stand in them."""
        used, codes = np.unique(self.codes[kept], return_inverse=True)
        return Texts(values=tuple(self.values[place] for place in used), codes=codes)

    @property
    def unique(self) -> pd.Series:
        return pd.Series(self.values, dtype=object)

    def each(self) -> np.ndarray:
        """The text of every row, as objects. [row]"""
        return np.array(self.values, dtype=object)[self.codes]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A file under one line of headers. [row] throughout

    columns: {header: Texts} of what is understood or mapped; unread: the same of other columns of few values; rows: numbers of the
    rows in the file, from 1; first: the first cell that is filled, alone: is it the only one?; rest: a hash of what is unread;
    sheet, sheets: of a workbook the sheet that was read, and others that hold a table of days as well.
    """

    headers: tuple[str, ...]
    columns: Mapping[str, Texts]
    unread: Mapping[str, Texts]
    rows: np.ndarray
    first: Texts
    alone: np.ndarray
    rest: np.ndarray
    encoding: str
    delimiter: str
    header_row: int
    two_lines: bool
    sheet: str = ""
    sheets: tuple[str, ...] = ()


class _Codes:
    """A column being filled."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.codes = array("q")

    def add(self, text: str) -> None:
        self.codes.append(self.seen.setdefault(text, len(self.seen)))

    def texts(self) -> Texts:
        return Texts(values=tuple(self.seen), codes=np.frombuffer(self.codes, dtype=np.int64).copy())


def understood(row: Sequence[str], known: Sequence[str]) -> int:
    """How many of these headers are known or mapped."""
    names = guessed(row)
    return len(names) + sum(header in row for header in known if header not in names.values())


def most_understood(head: Sequence[Sequence[str]], known: Sequence[str]) -> int:
    return max((understood(row, known) for row in [*head, *_joined_pairs(head)]), default=0)


def grid_of(
    rows: Iterable[Sequence[str]], name: str, *, encoding: str, delimiter: str, known: Sequence[str], sheet: str = "",
    sheets: tuple[str, ...] = (), every: bool = False,
) -> Grid:
    """Find the line of headers (or the two) and take apart what stands below it, a row at a time. every: keep all columns."""
    rows = iter(rows)
    head = list(islice(rows, LINES_FOR_HEADER))
    place, headers, two_lines = _headers(head, name, known, encoding)
    first = place + (2 if two_lines else 1)
    width, kept = len(headers), _kept(headers, known, every)
    columns = {header: _Codes() for header in kept}
    unread = {headers[at]: _Codes() for at in _unread(headers, kept)[:MOST_UNREAD]}
    taken = [(headers.index(header), column) for header, column in columns.items()]
    others = [(headers.index(header), header, column) for header, column in unread.items()]
    rest_of = _picked(_unread(headers, kept))
    numbers, firsts, alone, rest = array("q"), _Codes(), array("b"), array("q")
    for number, row in enumerate(chain(head[first:], rows), start=first + 1):
        filled = "".join(row).strip()
        if not filled:
            continue
        if len(numbers) >= MOST_ROWS:
            raise UserError(f"{name} has more than {MOST_ROWS:,} rows; give one row a day (by channel or category if you like).")
        if len(row) > MOST_COLUMNS:
            raise UserError(f"{name} has more than {MOST_COLUMNS} columns; give one row a day with the columns of the documentation.")
        if len(row) < width:
            row = [*row, *[""] * (width - len(row))]
        elif len(row) > width and "".join(row[width:]).strip():
            raise UserError(
                f"{name}, row {number}: more cells than headers. A number such as 1,234 needs quotes where commas part the cells, "
                "and a merged header needs a name over each column."
            )
        numbers.append(number)
        for at, column in taken:
            column.add(row[at])
        for at, header, column in others:
            column.add(row[at])
            if len(column.seen) > MOST_VALUES:
                del unread[header]
                others = [item for item in others if item[1] != header]
        lead = row[0] if row[0].strip() else next(cell for cell in row if cell.strip())
        firsts.add(lead if len(lead) < 200 and not lead[0].isdigit() else "0")  # only words are asked for
        alone.append(len(lead.strip()) == len(filled))
        rest.append(hash(rest_of(row)))
    if not numbers:
        raise UserError(f"{name} has headers and no rows below them.")
    return Grid(
        headers=tuple(headers), columns={header: column.texts() for header, column in columns.items()},
        unread={header: column.texts() for header, column in unread.items()}, rows=np.frombuffer(numbers, dtype=np.int64).copy(),
        first=firsts.texts(), alone=np.frombuffer(alone, dtype=np.int8).astype(bool), rest=np.frombuffer(rest, dtype=np.int64).copy(),
        encoding=encoding, delimiter=delimiter, header_row=place + 1, two_lines=two_lines, sheet=sheet, sheets=sheets,
    )


def _kept(headers: Sequence[str], known: Sequence[str], every: bool) -> list[str]:
    used = {header for header in headers if header} if every else {*guessed(headers).values(), *known}
    return [header for header in dict.fromkeys(headers) if header in used]


def _unread(headers: Sequence[str], kept: Sequence[str]) -> list[int]:
    """Places of the columns that are not read and do not only number the rows."""
    return [at for at, header in enumerate(headers) if header not in kept and folded(header) not in _COUNTERS]


def _picked(places: Sequence[int]):
    return itemgetter(*places) if places else lambda row: None


def _headers(head: list[Sequence[str]], name: str, known: Sequence[str], encoding: str) -> tuple[int, list[str], bool]:
    """Where the line of headers is, the headers, and whether they are two lines joined."""
    if not any(cell.strip() for row in head for cell in row):
        raise UserError(f"{name} is empty; it needs a line of headers and a row a day.")
    single = [understood(row, known) for row in head]
    double = [understood(row, known) for row in _joined_pairs(head)]
    if not single or max(single) + max(double, default=0) == 0:
        seen = ", ".join(cell for row in head[:1] for cell in row if cell)[:120]
        garbled = " If these letters are wrong, save the file as UTF-8." if encoding in ("gb18030", "cp1252") else ""
        raise UserError(
            f"{name}: no line of headers was understood (the first line is: {seen}).{garbled} Name the columns with --map HEADER=date "
            "and so on."
        )
    place, two_lines = single.index(max(single)), False
    if double and max(double) > max(single):
        place, two_lines = double.index(max(double)), True
    headers = _joined(head[place], head[place + 1]) if two_lines else [cell.strip() for cell in head[place]]
    if two_lines and _looks_like_data(head[place + 1]):
        two_lines, headers = False, [cell.strip() for cell in head[place]]
    if len(headers) > MOST_COLUMNS:
        raise UserError(f"{name} has more than {MOST_COLUMNS} columns; give one row a day with the columns of the documentation.")
    _ensure_one_each(headers, name, two_lines, known)
    return place, headers, two_lines


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two lines of headers as one: the lower name where there is one, else the upper."""
    size = max(len(upper), len(lower))
    upper, lower = [*upper, *[""] * (size - len(upper))], [*lower, *[""] * (size - len(lower))]
    return [low.strip() or up.strip() for up, low in zip(upper, lower, strict=True)]


def _joined_pairs(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [_joined(upper, lower) for upper, lower in pairwise(rows)]


def _looks_like_data(row: Sequence[str]) -> bool:
    """Is there a date or a total in it?"""
    filled = [cell for cell in row if cell.strip()]
    if not filled:
        return False
    found, _ = dates(pd.Series([cell for cell in filled if not cell.strip().isdigit() or len(cell.strip()) == 8]), order="day_first")
    return bool((found == found).any()) or is_total(filled[0])


def _ensure_one_each(headers: Sequence[str], name: str, two_lines: bool, known: Sequence[str]) -> None:
    """The same header twice leaves open which is meant, if it is one that is used."""
    used = {*guessed(headers).values(), *known}
    twice = sorted({header for header in headers if header and headers.count(header) > 1 and header in used})
    if twice:
        why = "Merged headers are" if two_lines else "A header that stands twice is"
        raise UserError(f'{name}: "{twice[0]}" stands over more than one column. {why} not read: put one name of its own over each column.')

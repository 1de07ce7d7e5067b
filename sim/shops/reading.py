"""From a file's bytes to a grid of texts under one line of headers, or one sentence that says what to do.

Limits: files of up to 200 MB with up to 500,000 rows (four years of days by nine channels and eight categories are 105,000); they
are checked before the rows are taken apart, so that 2 million rows are refused within seconds and in the memory of the file itself.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from sim.errors import UNREADABLE, UserError
from sim.shops.cells import dates, is_total
from sim.shops.columns import guessed

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 200_000_000, 500_000, 300
MOST_UNPACKED = 1_000_000_000
_LINES_FOR_HEADER = 15
_DELIMITERS = (",", ";", "\t", "|")
_PICTURES = ((b"\x89PNG", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"), (b"%PDF", "a PDF"),
             (b"BM", "a BMP image"), (b"RIFF", "a media file"), (b"\x1f\x8b", "a gzip archive"), (b"PAR1", "a Parquet file"),
             (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"))
_SAVE = "save the table as CSV (UTF-8) or .xlsx and give that"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The rows of a file as texts. `cells`: a column per header; `rows`: the number of each row in the file, from 1."""

    headers: tuple[str, ...]
    cells: pd.DataFrame
    rows: pd.Series
    encoding: str
    delimiter: str
    header_row: int
    two_lines: bool


def read_grid(source: str | Path | bytes, *, name: str = "the file", sheet: str | None = None, known: Sequence[str] = ()) -> Grid:
    """Read a CSV or .xlsx. `known`: headers that the caller maps, which help to find the line of headers.

    Raises UserError (exit code 5 where the file cannot be read at all).
    """
    data, name = (source, name) if isinstance(source, bytes) else _bytes(Path(source))
    _ensure_table(data, name)
    if data[:4] == b"PK\x03\x04":
        rows, encoding, delimiter = _workbook(data, name, sheet, known), "xlsx", ""
    else:
        text, encoding = _decoded(data, name)
        if text.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<table", "<?xml", "{", "[{")):
            raise UserError(f"{name} is a web page, XML or JSON under another name; {_SAVE}.")
        count = text.count("\n")
        if count > MOST_ROWS + _LINES_FOR_HEADER:
            raise UserError(
                f"{name} has about {count:,} rows; up to {MOST_ROWS:,} are read. Give one row a day (by channel or category if you like)."
            )
        delimiter = _delimiter(text, known)
        rows = _split(text, delimiter, name)
    return _grid(rows, name, encoding, delimiter, known)


def _bytes(path: Path) -> tuple[bytes, str]:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder; give a CSV or .xlsx file.", exit_code=UNREADABLE)
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"{path} has {size / 1e6:,.0f} MB; up to {MOST_BYTES / 1e6:,.0f} MB are read. Give one row a day.")
        return path.read_bytes(), path.name
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", exit_code=UNREADABLE) from None


def _ensure_table(data: bytes, name: str) -> None:
    if not data.strip():
        raise UserError(f"{name} is empty; it needs a line of headers and a row a day.")
    if len(data) > MOST_BYTES:
        raise UserError(f"{name} has {len(data) / 1e6:,.0f} MB; up to {MOST_BYTES / 1e6:,.0f} MB are read. Give one row a day.")
    for magic, what in _PICTURES:
        if data.startswith(magic) and not (magic == b"BM" and data[2:6].isascii() and data[:64].isascii() and b"\0" not in data[:64]):
            raise UserError(f"{name} is {what}, not a table; {_SAVE}.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{name} is an old .xls workbook (or locked by a password); open it and {_SAVE}.")


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text, whatever a spreadsheet saved it in: UTF-8, UTF-16, GB18030 (GBK, GB2312), Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _as(data, "utf-16", name), "utf-16"
    sample = data[:4000]
    if b"\0" in sample:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if max(even, odd) > 0.2 * len(sample) / 2 and min(even, odd) < 0.05 * len(sample) / 2 + 1:
            encoding = "utf-16-le" if odd > even else "utf-16-be"
            return _as(data, encoding, name), encoding
        raise UserError(f"{name} is a binary file, not a table; {_SAVE}.")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
        if any("\u4e00" <= letter <= "\u9fff" for letter in text[:20_000]):
            return text, "gb18030"
    except UnicodeDecodeError:
        pass
    printable = sum(byte >= 32 or byte in (9, 10, 13) for byte in sample)
    if printable < 0.95 * len(sample):
        raise UserError(f"{name} is a binary file, not a table; {_SAVE}.")
    return _as(data, "cp1252", name), "cp1252"


def _as(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UserError(f"{name} is not a text in UTF-8, UTF-16 or GBK; {_SAVE}.") from None


def _delimiter(text: str, known: Sequence[str]) -> str:
    """The one under which most headers are understood, then most cells."""
    lines = "\n".join(text.splitlines()[: _LINES_FOR_HEADER + 5]) if len(text) < 100_000 else "\n".join(text[:100_000].splitlines()[:20])
    best, most = ",", (-1, -1.0)
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(io.StringIO(lines), delimiter=delimiter))
        except csv.Error:
            continue
        understood = max((_understood(row, known) for row in rows), default=0)
        score = (understood, sum(len(row) > 1 for row in rows) + 0.01 * max((len(row) for row in rows), default=0))
        if score > most:
            best, most = delimiter, score
    return best


def _split(text: str, delimiter: str, name: str) -> list[list[str]]:
    try:
        csv.field_size_limit(1_000_000)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UserError(f"{name} cannot be taken apart into cells ({error}); {_SAVE}.") from None
    if max((len(row) for row in rows), default=0) > MOST_COLUMNS:
        raise UserError(f"{name} has more than {MOST_COLUMNS} columns; give one row a day with the columns of the documentation.")
    return rows


def _workbook(data: bytes, name: str, sheet: str | None, known: Sequence[str]) -> list[list[str]]:
    """The sheet asked for, or the one whose headers are understood best."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if not any(item.filename.startswith("xl/") for item in packed.infolist()):
                raise UserError(f"{name} is an archive, not an .xlsx workbook; {_SAVE}.")
            if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED:
                raise UserError(f"{name} unpacks to more than {MOST_UNPACKED / 1e9:.0f} GB; save one sheet with one row a day.")
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except UserError:
        raise
    except Exception:  # whatever a damaged workbook makes openpyxl say, the planner can only save it again
        raise UserError(f"{name} is damaged or locked; open it and {_SAVE}.") from None
    names = book.sheetnames
    if sheet is not None and sheet not in names:
        raise UserError(f"{name} has no sheet {sheet!r}; it has {', '.join(names[:10])}.")
    best: list[list[str]] = []
    most = -1
    try:
        for title in [sheet] if sheet is not None else names[:20]:
            page = book[title]
            if not hasattr(page, "iter_rows"):
                continue  # a sheet that is a chart
            rows = page.iter_rows(max_row=_LINES_FOR_HEADER, max_col=MOST_COLUMNS, values_only=True)
            head = [[_cell(value) for value in row] for row in rows]
            score = max((_understood(row, known) for row in [*head, *_joined_pairs(head)]), default=0)
            if score > most:
                best, most = _sheet_rows(page, name), score
    except UserError:
        raise
    except Exception:
        raise UserError(f"{name} is damaged or locked; open it and {_SAVE}.") from None
    return best


def _sheet_rows(page, name: str) -> list[list[str]]:
    rows: list[list[str]] = []
    empty = 0
    for values in page.iter_rows(max_col=MOST_COLUMNS, values_only=True):
        row = [_cell(value) for value in values]
        empty = 0 if any(row) else empty + 1
        rows.append(row)
        if empty > 1000:
            break  # formatted to the end of the sheet
        if len(rows) > MOST_ROWS + _LINES_FOR_HEADER:
            raise UserError(f"{name} has more than {MOST_ROWS:,} rows; give one row a day (by channel or category if you like).")
    return rows


def _cell(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _understood(row: Sequence[str], known: Sequence[str]) -> int:
    names = guessed(row)
    return len(names) + sum(header in row for header in known if header not in names.values())


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two lines of headers as one: the lower name where there is one, else the upper."""
    size = max(len(upper), len(lower))
    upper, lower = [*upper, *[""] * (size - len(upper))], [*lower, *[""] * (size - len(lower))]
    return [low.strip() or up.strip() for up, low in zip(upper, lower, strict=True)]


def _joined_pairs(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [_joined(upper, lower) for upper, lower in pairwise(rows)]


def _grid(rows: list[list[str]], name: str, encoding: str, delimiter: str, known: Sequence[str]) -> Grid:
    """Find the line of headers (or the two), and what stands below it."""
    head = rows[:_LINES_FOR_HEADER]
    if not any(cell.strip() for row in rows for cell in row):
        raise UserError(f"{name} is empty; it needs a line of headers and a row a day.")
    single = [_understood(row, known) for row in head]
    double = [_understood(row, known) for row in _joined_pairs(head)]
    if not single or max(single) + max(double, default=0) == 0:
        seen = ", ".join(cell for cell in (head[0] if head else []) if cell)[:120]
        raise UserError(
            f"{name}: no line of headers was understood (the first line is: {seen}). Name the columns with --map HEADER=date and so on."
        )
    place, two_lines = single.index(max(single)), False
    if double and max(double) > max(single):
        place, two_lines = double.index(max(double)), True
    headers = _joined(head[place], head[place + 1]) if two_lines else [cell.strip() for cell in head[place]]
    if two_lines and _looks_like_data(head[place + 1]):
        two_lines, headers = False, [cell.strip() for cell in head[place]]
    _ensure_one_each(headers, name, two_lines)
    first = place + (2 if two_lines else 1)
    width = len(headers)
    body = [(number, row) for number, row in enumerate(rows[first:], start=first + 1) if any(cell.strip() for cell in row)]
    if not body:
        raise UserError(f"{name} has headers and no rows below them.")
    long = next((number for number, row in body if any(cell.strip() for cell in row[width:])), None)
    if long is not None:
        raise UserError(
            f"{name}, row {long}: more cells than headers. A number such as 1,234 needs quotes where commas part the cells, "
            "and a merged header needs a name over each column."
        )
    cells = pd.DataFrame([[*row[:width], *[""] * (width - len(row))] for _, row in body], columns=range(width), dtype="str")
    return Grid(
        headers=tuple(headers), cells=cells, rows=pd.Series([number for number, _ in body]), encoding=encoding, delimiter=delimiter,
        header_row=place + 1, two_lines=two_lines,
    )


def _looks_like_data(row: Sequence[str]) -> bool:
    """Is there a date or a total in it?"""
    filled = [cell for cell in row if cell.strip()]
    if not filled:
        return False
    found, _ = dates(pd.Series([cell for cell in filled if not cell.strip().isdigit() or len(cell.strip()) == 8]), order="day_first")
    return bool((found == found).any()) or is_total(filled[0])


def _ensure_one_each(headers: Sequence[str], name: str, two_lines: bool) -> None:
    """The same header twice leaves open which is meant, if it is one that is used."""
    used = set(guessed(headers).values())
    twice = sorted({header for header in headers if header and headers.count(header) > 1 and header in used})
    if twice:
        why = "Merged headers are" if two_lines else "A header is"
        raise UserError(f'{name}: "{twice[0]}" stands over more than one column. {why} not read: put one name of its own over each column.')

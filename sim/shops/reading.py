"""From a file's bytes to a grid of texts under one line of headers, or one sentence that says what to do.

Limits: files of up to 200 MB with up to 500,000 rows (four years of days by nine channels and eight categories are 105,000). Lines
are counted before anything is taken apart, and then read one at a time, so that time and memory follow the columns that are used.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.errors import UNREADABLE, UserError
from sim.shops.grids import LINES_FOR_HEADER, MOST_COLUMNS, MOST_ROWS, Grid, grid_of, most_understood, understood

MOST_BYTES = 200_000_000
MOST_UNPACKED = 1_000_000_000
MOST_SHEETS, MOST_SHEET_ROWS = 30, 120_000  # a workbook takes twenty times as long as a CSV
MOST_LETTERS, MOST_LINES = 200_000, 40  # in one cell: more is a quotation mark that was never closed
_DELIMITERS = (",", ";", "\t", "|")
_PICTURES = ((b"\x89PNG", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"), (b"%PDF", "a PDF"),
             (b"BM", "a BMP image"), (b"RIFF", "a media file"), (b"\x1f\x8b", "a gzip archive"), (b"PAR1", "a Parquet file"),
             (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"))
_SAVE = "save the table as CSV (UTF-8) or .xlsx and give that"


def read_grid(
    source: str | Path | bytes, *, name: str = "the file", sheet: str | None = None, known: Sequence[str] = (), every: bool = False,
) -> Grid:
    """Read a CSV or .xlsx. known: headers that the caller maps, which help to find the line of headers; every: keep all columns.

    Raises UserError (exit code 5 where the file cannot be read at all).
    """
    data, name = (source, name) if isinstance(source, bytes) else _bytes(Path(source))
    _ensure_table(data, name)
    if data[:4] == b"PK\x03\x04":
        return _workbook(data, name, sheet, known, every)
    if sheet is not None:
        raise UserError(f"{name} is no workbook and has no sheets; leave out --sheet.")
    data, encoding, said = _text(data, name)
    _ensure_few_lines(data, name)
    start = data[:100_000].decode(encoding, errors="ignore").removeprefix("\ufeff")
    if start.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<table", "<?xml", "<svg", "{", "[{")):
        raise UserError(f"{name} is a web page, XML or JSON under another name; {_SAVE}.")
    delimiter = _delimiter(start, known)
    rows = _rows(data, encoding, delimiter, name)
    return grid_of(rows, name, encoding=said, delimiter=delimiter, known=known, every=every)


def sheet_names(data: bytes) -> tuple[str, ...]:
    """The sheets of a workbook, in their order; none of what is no workbook."""
    if data[:4] != b"PK\x03\x04":
        return ()
    try:
        return tuple(page.title for page in _book(data, "").worksheets[:MOST_SHEETS])
    except Exception:  # reading the file will say what is wrong with it
        return ()


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


def _text(data: bytes, name: str) -> tuple[bytes, str, str]:
    """The bytes, the encoding that they are in, and what it is called: UTF-8, UTF-16 (turned into UTF-8), GB18030, Windows-1252."""
    sample = data[:4000]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _from_utf16(data, "utf-16", name)
    if b"\0" in sample:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if max(even, odd) > 0.2 * len(sample) / 2 and min(even, odd) < 0.05 * len(sample) / 2 + 1:
            return _from_utf16(data, "utf-16-le" if odd > even else "utf-16-be", name)
        raise UserError(f"{name} is a binary file, not a table; {_SAVE}.")
    if _decodes(data, "utf-8"):
        return data, "utf-8-sig", "utf-8"
    other = re.search(rb"[\x80-\xff]", data)
    start = data[max(0, other.start() - 1000) : other.start() + 40_000].decode("gb18030", errors="ignore") if other else ""
    if any("\u4e00" <= letter <= "\u9fff" for letter in start) and _decodes(data, "gb18030"):
        return data, "gb18030", "gb18030"
    if sum(byte >= 32 or byte in (9, 10, 13) for byte in sample) < 0.95 * len(sample):
        raise UserError(f"{name} is a binary file, not a table; {_SAVE}.")
    if not _decodes(data, "cp1252"):
        raise UserError(f"{name} is not a text in UTF-8, UTF-16 or GBK; {_SAVE}.")
    return data, "cp1252", "cp1252"


def _from_utf16(data: bytes, encoding: str, name: str) -> tuple[bytes, str, str]:
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode(), "utf-8-sig", encoding
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise UserError(f"{name} is not a text in UTF-8, UTF-16 or GBK; {_SAVE}.") from None


def _decodes(data: bytes, encoding: str) -> bool:
    """Can all of it be read so? A piece at a time: a text takes up to four times the memory of its bytes."""
    reader = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), 1 << 20):
            reader.decode(data[start : start + (1 << 20)])
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _ensure_few_lines(data: bytes, name: str) -> None:
    count = max(data.count(b"\n"), data.count(b"\r"))
    if count > MOST_ROWS + LINES_FOR_HEADER:
        raise UserError(
            f"{name} has about {count:,} rows; up to {MOST_ROWS:,} are read. Give one row a day (by channel or category if you like)."
        )


def _delimiter(start: str, known: Sequence[str]) -> str:
    """The one under which most headers are understood, then most cells."""
    lines = "\n".join(start.splitlines()[: LINES_FOR_HEADER + 5])
    best, most = ",", (-1, -1.0)
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(io.StringIO(lines), delimiter=delimiter))
        except csv.Error:
            continue
        headers = max((understood(row, known) for row in rows), default=0)
        score = (headers, sum(len(row) > 1 for row in rows) + 0.01 * max((len(row) for row in rows), default=0))
        if score > most:
            best, most = delimiter, score
    return best


def _rows(data: bytes, encoding: str, delimiter: str, name: str) -> Iterator[list[str]]:
    """The rows of a text, one at a time."""
    csv.field_size_limit(MOST_LETTERS)
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline=""), delimiter=delimiter)
    before = done = 0
    try:
        for row in reader:
            if reader.line_num - before > MOST_LINES:
                raise csv.Error
            before, done = reader.line_num, done + 1
            yield row
    except csv.Error:
        raise UserError(
            f'{name}, row {done + 1}: a cell never ends. Is a quotation mark (") opened and not closed there? Mend it, or {_SAVE}.'
        ) from None


def _workbook(data: bytes, name: str, sheet: str | None, known: Sequence[str], every: bool) -> Grid:
    """The sheet asked for, or the first of those whose headers are understood best, hidden ones last."""
    try:
        pages = {page.title: page for page in _book(data, name).worksheets[:MOST_SHEETS]}
        if sheet is not None and sheet not in pages:
            raise UserError(f"{name} has no sheet {sheet!r}; it has {', '.join(list(pages)[:10])}.")
        scores = {title: most_understood(_head(page), known) for title, page in pages.items()}
        best = sheet if sheet is not None else max(
            pages, key=lambda title: (scores[title], pages[title].sheet_state == "visible"), default=None
        )
        if best is None:
            raise UserError(f"{name} is empty; it needs a line of headers and a row a day.")
        others = tuple(title for title in pages if title != best and scores[title] >= 2)
        rows = _sheet_rows(pages[best], name)
        return grid_of(rows, name, encoding="xlsx", delimiter="", known=known, sheet=best, sheets=others, every=every)
    except UserError:
        raise
    except Exception:  # whatever a damaged workbook makes openpyxl say, the planner can only save it again
        raise UserError(f"{name} is damaged or locked; open it and {_SAVE}.") from None


def _book(data: bytes, name: str):
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if not any(item.filename.startswith("xl/") for item in packed.infolist()):
            raise UserError(f"{name} is an archive, not an .xlsx workbook; {_SAVE}.")
        if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED:
            raise UserError(f"{name} unpacks to more than {MOST_UNPACKED / 1e9:.0f} GB; save one sheet with one row a day.")
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(data), read_only=True, data_only=True)


def _head(page) -> list[list[str]]:
    rows = page.iter_rows(max_row=LINES_FOR_HEADER, max_col=MOST_COLUMNS, values_only=True)
    return [[_cell(value) for value in row] for row in rows]


def _sheet_rows(page, name: str) -> Iterator[list[str]]:
    empty = 0
    for number, values in enumerate(page.iter_rows(max_col=MOST_COLUMNS, values_only=True)):
        row = [_cell(value) for value in values]
        empty = 0 if any(row) else empty + 1
        if empty > 1000:
            return  # formatted to the end of the sheet
        if number > MOST_SHEET_ROWS + LINES_FOR_HEADER:
            raise UserError(f"{name}: a sheet of up to {MOST_SHEET_ROWS:,} rows is read. Save it as CSV, of which up to {MOST_ROWS:,} are.")
        yield row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        said = value.isoformat()
        return said[:10] if said[10:] in ("", "T00:00:00") else said[:19]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()

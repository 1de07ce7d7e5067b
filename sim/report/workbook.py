"""A report as an Excel workbook: a sheet per table, figures as numbers with all their digits, words that can never be formulas."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as Place
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from sim.report.material import ReportMaterial
from sim.report.table import Cell, Column, Table, clean
from sim.report.words import paragraph
from sim.tables import width
from sim.texts import Words

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WHOLE, PART, RATE = "#,##0", "#,##0.00", "0.0 %"
FORMATS = {  # unit -> (figure, change)
    "CNY": (WHOLE, "+#,##0;-#,##0;0"), "share": (RATE, "+0.00 %;-0.00 %;0.00 %"), "probability": (RATE, RATE), "chance": (RATE, RATE),
    "relative": ("+0.0 %;-0.0 %;0.0 %",) * 2, "orders": (WHOLE, "+#,##0;-#,##0;0"), "viewers": (WHOLE, "+#,##0;-#,##0;0"),
    "count": (WHOLE, "+#,##0;-#,##0;0"), "s": ("#,##0.0", "+#,##0.0;-#,##0.0;0"), "days": ("0", "0"),
}
FEW = (PART, "+#,##0.00;-#,##0.00;0.00")  # ratios and prices
NARROWEST, WIDEST, MARGIN = 8, 60, 2
MOST_ROWS_MEASURED = 400
INK, FAINT, HEAD, MARK, ACCENT = "FF1B2126", "FF5F6B75", "FFE9EEF2", "FFFFF3D6", "FF00588A"
THIN = Side(style="thin", color="FF7A8791")
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can say


def xlsx_bytes(material: ReportMaterial) -> bytes:
    """The report as a workbook. The same material gives the same bytes."""
    say, book = material.say, Workbook()
    book.calculation.fullCalcOnLoad = False
    noon = datetime.datetime.combine(material.date, datetime.time(12))
    properties = book.properties
    properties.title, properties.creator = clean(material.title)[:250], "whatif"
    properties.created = properties.modified = noon
    tables = material.tables()
    first = book.active
    first.title = say["report.sheet_summary"]
    _summary(first, material, tables, say)
    for table in tables:
        _sheet(book.create_sheet(table.sheet), table)
    found = io.BytesIO()
    book.save(found)
    return _settled(found.getvalue(), noon)


def _summary(sheet: Worksheet, material: ReportMaterial, tables: tuple[Table, ...], say: Words) -> None:
    """The headline, the stamp, and what stands on which sheet."""
    sheet.sheet_view.showGridLines = False
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 110
    wrapped = Alignment(wrap_text=True, vertical="top")
    row = 1

    def line(label: str, text: str, *, font: Font | None = None, link: str = "") -> None:
        nonlocal row
        _write(sheet.cell(row, 1), label, font=Font(color=FAINT))
        if text:
            place = sheet.cell(row, 2)
            _write(place, text, font=font)
            place.alignment = wrapped
            if link:
                label_place = sheet.cell(row, 1)
                label_place.hyperlink = Hyperlink(ref=label_place.coordinate, location=f"'{link}'!A1")
                label_place.font = Font(color=ACCENT, underline="single")
        row += 1

    _write(sheet.cell(1, 1), material.title, font=Font(size=16, bold=True, color=INK))
    row = 2
    for part in material.plans:
        row += 1
        if len(material.plans) > 1:
            line("", part.title, font=Font(bold=True, size=12))
        if part.question:
            line(say["files.question"], part.question)
        first, *rest = part.sentences
        line(say["report.headline"], first, font=Font(bold=True))
        if rest:
            line("", paragraph(rest, say))
        for text in part.shop:
            line(say["report.shop"], text)
        if part.notes:
            line(say["report.own_notes"], part.notes)
    row += 1
    _write(sheet.cell(row, 1), say["report.stamp"], font=Font(bold=True, size=12))
    row += 1
    for label, text in material.stamp:
        line(label, text)
    row += 1
    _write(sheet.cell(row, 1), say["report.sheets"], font=Font(bold=True, size=12))
    row += 1
    line("", say["report.note_figures"])
    for table in tables:
        between = "—" if say.language == "zh" else " — "
        line(table.sheet, between.join(filter(None, (table.title, table.note))), link=table.sheet)


def _sheet(sheet: Worksheet, table: Table) -> None:
    """Heads in the first row, so that filters and pivot tables work at once."""
    for i, column in enumerate(table.columns, 1):
        place = sheet.cell(1, i)
        _write(place, column.head, font=Font(bold=True, color=INK))
        place.fill = PatternFill("solid", fgColor=HEAD)
        place.border = Border(bottom=THIN)
        place.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal="left" if column.unit == "text" else "right")
    marked = PatternFill("solid", fgColor=MARK)
    for number, cells in enumerate(table.rows):
        for i, (column, value) in enumerate(zip(table.columns, cells, strict=True), 1):
            place = sheet.cell(number + 2, i)
            _write(place, value)
            if isinstance(value, str):
                place.alignment = Alignment(wrap_text=width(value) > WIDEST, vertical="top")
            elif value is not None:
                place.number_format = number_format(value, table.unit(number, column), change=column.change)
                place.alignment = Alignment(vertical="top")
            if number in table.marked:
                place.fill = marked
    for i, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(i)].width = _fitting(table, column, i - 1)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{len(table.rows) + 1}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", 9, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def number_format(value: Cell, unit: str, *, change: bool) -> str:
    """How a number is shown; it keeps all its digits."""
    if isinstance(value, datetime.date):
        return "yyyy-mm-dd"
    if unit in FORMATS:
        return FORMATS[unit][change]
    if unit in ("x", "ratio") or (unit.startswith("CNY/") and not unit.endswith(("/month", "/quarter"))):
        return FEW[change]
    if unit.startswith("CNY/"):
        return WHOLE
    return "General"


def _write(place: Place, value: Any, *, font: Font | None = None) -> None:
    """A number as a number; words as words, whatever they begin with, and marked so that editing them does not make a formula."""
    if isinstance(value, str):
        text = clean(value)
        place.value = text
        place.data_type = "s"
        place.quotePrefix = text.startswith(FORMULA_STARTS)
    elif value is not None:
        place.value = value
    if font is not None:
        place.font = font


def _fitting(table: Table, column: Column, place: int) -> float:
    """Room for the head, on two lines at most, and for the cells; a Chinese letter takes two places."""
    longest = max((len(word) if word.isascii() else width(word) / 2 for word in re.split(r"[ ：]", column.head)), default=0)
    most = max(longest, width(column.head) / 2)
    for number, row in enumerate(table.rows[:MOST_ROWS_MEASURED]):
        most = max(most, _length(row[place], table.unit(number, column)))
    return min(WIDEST, max(NARROWEST, most + MARGIN))


def _length(value: Cell, unit: str) -> int:
    if value is None:
        return 0
    if isinstance(value, str):
        return width(value)
    if isinstance(value, datetime.date):
        return 10
    shown = number_format(value, unit, change=False)
    if shown == WHOLE:
        return len(f"{value:,.0f}") + 1
    return len(f"{value:,.2f}") + 2 if "." in shown or shown.endswith("%") else len(f"{value:.10g}")


def _settled(workbook: bytes, noon: datetime.datetime) -> bytes:
    """The same archive without the hour at which it was written."""
    found = io.BytesIO()
    stamp = noon.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            entry = zipfile.ZipInfo(name, date_time=ENTRY_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, data)
    return found.getvalue()

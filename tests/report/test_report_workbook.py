"""The workbook read back: figures to the last digit, words that are no formulas, the same bytes again."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

import openpyxl
import pytest

from sim.report import ReportMaterial, xlsx_bytes
from sim.texts import LANGUAGES, words
from tests.report.material import DAY, FORMULA, material, rendered


def opened(found: ReportMaterial) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(rendered(found, "xlsx")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_is_the_tables_own(language: str) -> None:
    found = material("faster", language=language)
    book = opened(found)
    assert book.sheetnames == [words(language)["report.sheet_summary"], *(table.sheet for table in found.tables())]
    for table in found.tables():
        sheet = book[table.sheet]
        assert sheet.freeze_panes == "B2"
        assert [cell.value for cell in sheet[1]] == [column.head for column in table.columns]
        assert sheet.max_row == len(table.rows) + 1
        for cells, row in zip(sheet.iter_rows(min_row=2), table.rows, strict=True):
            for cell, value in zip(cells, row, strict=True):
                if isinstance(value, datetime.date):
                    assert cell.value.date() == value
                elif isinstance(value, str):
                    assert cell.data_type in ("s", "inlineStr")
                    assert (cell.value or "") == value
                else:  # a workbook holds sixteen digits
                    assert cell.value == (None if value is None else pytest.approx(value, rel=1e-15, abs=0.0))


def test_numbers_are_shown_as_what_they_are() -> None:
    found = material("faster")
    sheet = opened(found)[found.table("kpis").sheet]
    formats = {row[0].value: row[2].number_format for row in sheet.iter_rows(min_row=2)}
    assert formats["Net GMV, CNY"] == "#,##0"
    assert formats["Return rate"] == "0.0 %"
    assert formats["Ad ROI"] == "#,##0.00"
    days = opened(found)[found.table("days").sheet]
    assert days["A2"].number_format == "yyyy-mm-dd"


def test_a_figure_that_is_not_defined_is_an_empty_cell() -> None:
    found = material("no_ads", whole=False)
    sheet = opened(found)[found.table("kpis").sheet]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "Ad ROI after returns")
    assert row[2].value is None


def test_words_are_never_formulas_nor_links() -> None:
    data = xlsx_bytes(material("hostile", whole=False))
    book = openpyxl.load_workbook(io.BytesIO(data))
    risky = []
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title} {cell.coordinate}"
                if isinstance(cell.value, str) and cell.value[:1] in "=+-@\t\r":
                    risky.append(cell.value)
                    assert cell.quotePrefix, f"{sheet.title} {cell.coordinate}"
    assert FORMULA in risky
    assert "-2+3" in risky  # the event's name
    assert any(text.startswith("+1+cmd") for text in risky)  # a source
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            text = archive.read(name)
            assert b"<f>" not in text and b"<f " not in text
            assert b'TargetMode="External"' not in text
            assert b"externalLink" not in text


def test_own_assumptions_stand_out() -> None:
    found = material("hostile", whole=False)
    sheet = opened(found)[found.table("assumptions").sheet]
    assert sheet["A2"].fill.fgColor.rgb != sheet["A3"].fill.fgColor.rgb


def test_columns_fit_and_chinese_letters_take_two_places() -> None:
    found = material("faster", language="zh")
    sheet = opened(found)[found.table("levers").sheet]
    assert sheet.column_dimensions["A"].width >= 2 * len("支付跳转次数")
    assert all(dimension.width <= 60 for dimension in sheet.column_dimensions.values())


def test_the_same_report_has_the_same_bytes() -> None:
    first, again = xlsx_bytes(material("faster")), xlsx_bytes(material("faster"))
    assert first == again
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        core = archive.read("docProps/core.xml").decode()
    assert re.findall(r"<dcterms:\w+[^>]*>([^<]*)", core) == [f"{DAY}T12:00:00Z"] * 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_sheet_says_it_in_words_and_holds_the_stamp(language: str) -> None:
    found = material("faster", language=language)
    sheet = opened(found).worksheets[0]
    texts = {row[0].value: row[1].value for row in sheet.iter_rows(max_col=2)}
    assert sheet["A1"].value == "Faster"
    assert texts[found.say["report.headline"]] == found.plans[0].sentences[0]
    assert all(texts[label] == text for label, text in found.stamp)

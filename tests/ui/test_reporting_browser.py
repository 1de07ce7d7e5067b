"""The report as a planner gets it: made on the Plan page, downloaded, opened."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from sim.texts import LANGUAGES, words

from .test_browser import WAIT_MS, open_page, thumb, value_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_downloaded_and_opens_without_a_network(browser, served, tmp_path: Path, language: str) -> None:
    from playwright.sync_api import expect

    say = words(language)
    page = open_page(browser, served, language=language)
    offline = browser.new_context(offline=True)
    try:
        expect(value_of(page, "net_gmv")).to_be_visible()
        thumb(page, "payment.redirects").focus()
        page.keyboard.press("ArrowLeft")
        expect(thumb(page, "payment.redirects")).to_have_value("4")
        expect(page.locator(".st-key-tiles")).not_to_contain_text("[…]")
        page.get_by_role("button", name=say["report_box.title"], exact=True).click()
        page.locator(".st-key-report_whole label").click()  # without what takes longer
        page.get_by_role("button", name=say["report_box.make"]).click()
        files = {}
        for ending, label in ((".html", "report_box.html"), (".xlsx", "report_box.xlsx")):
            with page.expect_download(timeout=WAIT_MS) as download:
                page.get_by_role("button", name=say[label]).click(timeout=WAIT_MS)
            assert download.value.suggested_filename == f"baseline{ending}"
            files[ending] = tmp_path / f"report{ending}"
            download.value.save_as(files[ending])
        shown = value_of(page, "net_gmv").inner_text()
        report = offline.new_page()
        report.goto(files[".html"].as_uri())
        expect(report.locator("body")).to_contain_text(shown)  # the report says what the page says
        expect(report.locator(".chart svg").first).to_be_visible()
        book = openpyxl.load_workbook(files[".xlsx"])
        cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
        assert any(isinstance(value, float) and 5e10 < value < 7e10 for value in cells)  # net GMV, all its digits
        assert page.faults == []
    finally:
        offline.close()
        page.close()

"""The Evidence page in a real browser: a link opens a story, a row another one, and the address follows."""

from __future__ import annotations

import re

import pytest

from sim.parameters import registry
from sim.texts import LANGUAGES, words

from .test_browser import WAIT_MS, open_page

pytestmark = pytest.mark.browser
HEAD_PX, ROW_PX = 36, 35  # of a table, as Streamlit draws it


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_opens_a_story_and_a_row_another_one(browser, served, language: str) -> None:
    from playwright.sync_api import expect

    say, book = words(language), registry()
    page = open_page(browser, served, path="evidence", language=f"{language}&parameter=payment.redirects")
    try:
        story = page.locator(".st-key-evidence_story")
        expect(story.get_by_role("heading", name=book["payment.redirects"].label[language])).to_be_visible()
        expect(story).to_contain_text(book.facts_by_id["F106"].note[language])
        grid = page.locator("[data-testid=stDataFrame]").first
        box = grid.bounding_box()
        page.mouse.click(box["x"] + 14, box["y"] + HEAD_PX + ROW_PX // 2)  # the first row's box: it is drawn on a canvas
        first = book.entries[0]
        expect(story.get_by_role("heading", name=first.label[language])).to_be_visible()
        page.wait_for_url(re.compile(rf"parameter={re.escape(first.name)}"), timeout=WAIT_MS)
        page.locator(".st-key-evidence_view").get_by_text(say["evidence.studies"]).click()
        expect(page.get_by_text(say["evidence.counted"].format(shown=92, all=92))).to_be_visible()
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()

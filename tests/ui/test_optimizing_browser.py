"""The best plan under a budget in a real browser: solved, opened as the plan, downloaded; the frontier is there to be seen."""

from __future__ import annotations

import pytest

from sim.scenario import load
from sim.texts import LANGUAGES, words

from .test_browser import open_page
from .test_optimizing_section import PLAN
from .test_sweeps_browser import PICTURE

pytestmark = pytest.mark.browser
DAYS = {"en": 7, "zh": 8}  # a plan of its own each: what anybody has asked is there at once


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_budget_is_spent_and_the_answer_becomes_the_plan(browser, served, language: str, tmp_path) -> None:
    from playwright.sync_api import expect

    say = words(language)
    text = PLAN.replace('extends = "baseline"\n', "").replace("days = 7", f"days = {DAYS[language]}")
    (served.scenarios / "baseline.toml").write_text(text, encoding="utf-8")  # opened first
    page = open_page(browser, served, path="decide", language=language)
    try:
        page.locator(".st-key-decide_part button").nth(2).click()
        expect(page.get_by_text(say["optimize_page.empty"])).to_be_visible()
        page.locator(".st-key-optimize_button button").click()
        take = page.locator(".st-key-optimize_take button")
        expect(take).to_have_count(1)
        expect(take).to_be_enabled()
        expect(page.locator(".st-key-optimize_tile_net_gmv [data-testid=stMetricValue]")).to_be_visible()
        expect(page.get_by_text(say["optimize_page.stale"])).to_have_count(0)
        with page.expect_download() as download:
            page.locator(".st-key-optimize_download button").click()
        download.value.save_as(tmp_path / "answer.toml")
        answer = load(tmp_path / "answer.toml", served.scenarios)
        assert answer.levers["payment.redirects"].amount < 3  # fewer steps to pay sell more and cost no more
        take.click()
        expect(page.get_by_text(say["optimize_page.taken"])).to_be_visible()
        expect(take).to_have_count(1)  # the page before it has gone
        expect(take).to_be_disabled()
        expect(page.get_by_text(say["optimize_page.stale"])).to_have_count(0)
        page.locator(".st-key-frontier_button button").click()
        expect(page.locator(".st-key-frontier_take button")).to_be_visible()
        picture = page.locator(PICTURE).last
        expect(picture).to_be_visible()
        assert picture.bounding_box()["height"] > 150  # a chart that Vega could not draw is an empty strip
        expect(page.locator("[data-testid=stAlertContentError], [data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()

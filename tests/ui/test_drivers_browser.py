"""The Drivers page in a real browser: what moves a plan and where it fails are asked for, and their charts are there to be seen."""

from __future__ import annotations

import pytest

from sim.texts import LANGUAGES, words

from .test_browser import WAIT_MS, open_page
from .test_sweeps_browser import PICTURE

pytestmark = pytest.mark.browser
DAYS = {"en": 5, "zh": 6}  # a plan of its own each: what anybody has asked is there at once
DRAWN = """selector => {
    const heights = [...document.querySelectorAll(selector)].map(picture => picture.getBoundingClientRect().height);
    return heights.length === 3 && heights.every(height => height > 150);  // a chart that Vega could not draw is an empty strip
}"""
SHORT = """schema = 1
title = "Short"
extends = "baseline"
[horizon]
days = 5
[levers.payment.redirects]
to = 2
[goals]
return_rate = { at_most = 0.31 }
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_is_asked_what_moves_it_and_where_it_fails(browser, served, language: str) -> None:
    from playwright.sync_api import expect

    say = words(language)
    text = SHORT.replace("days = 5", f"days = {DAYS[language]}")
    (served.scenarios / "short.toml").write_text(text, encoding="utf-8")
    page = open_page(browser, served, language=language)
    try:
        expect(page.locator(".st-key-tile_gmv")).to_be_visible()
        page.locator(".st-key-picker input").click()
        page.get_by_role("option").filter(has_text="short").first.click()
        expect(page.locator(".st-key-picker input")).to_have_value("Short · short")
        page.get_by_text(say["app.drivers"], exact=True).first.click()
        expect(page.get_by_text(say["drivers.not_yet"])).to_be_visible()
        expect(page.locator(PICTURE)).to_have_count(0)
        page.locator(".st-key-drivers_move button").click()
        pictures = page.locator(PICTURE)
        expect(pictures).to_have_count(2)
        expect(page.get_by_text(say["drivers.not_yet"])).to_have_count(0)
        page.locator(".st-key-drivers_miss button").click()
        expect(page.get_by_text(say["drivers.held_out"].format(count="1,000"))).to_be_visible()
        page.wait_for_function(DRAWN, arg=PICTURE, timeout=WAIT_MS)
        page.get_by_text(say["app.plan"], exact=True).first.click()
        expect(page.locator(".st-key-tile_gmv")).to_be_visible()
        page.get_by_text(say["app.drivers"], exact=True).first.click()
        expect(pictures).to_have_count(3)  # the answers are still there, and still those of this plan
        expect(page.get_by_text(say["drivers.older"].partition("{")[0])).to_have_count(0)
        expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()
        (served.scenarios / "short.toml").unlink()

"""A planner's way through the Sweeps page in a real browser: started there, watched to its end, the best point opened as the plan."""

from __future__ import annotations

import re

import pytest

from sim.texts import LANGUAGES, words
from tests.sweeps.files import HEAD

from .test_browser import open_page, value_of
from .test_sweeping import SPEC

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sweep_is_started_watched_and_its_best_point_opened(browser, served, language: str) -> None:
    from playwright.sync_api import expect

    say, name = words(language), f"small_{language}"
    for old in (served.scenarios / "sweeps").glob("*.toml"):
        old.unlink()
    (served.scenarios / "sweeps" / f"{name}.toml").write_text(HEAD.format(draws=512, seed=1) + SPEC, encoding="utf-8")
    page = open_page(browser, served, path="sweeps", language=language)
    try:
        page.locator(".st-key-sweep_start button").first.click()
        expect(page.get_by_role("heading", name=re.compile(f"{say['sweeps.complete']}$"))).to_be_visible()
        expect(page.get_by_role("textbox", name=say["sweeps.folder"])).to_have_value(re.compile(name))
        assert (served.scenarios.parent / "sweeps" / name / "summary.csv").is_file()
        charts = page.locator("[data-testid=stVegaLiteChart]")
        expect(charts).to_have_count(3)  # map, trade-off, all axes
        for chart in charts.all():
            expect(chart.locator("canvas, svg").first).to_be_visible()
            assert chart.bounding_box()["height"] > 150  # a chart that Vega could not draw is an empty strip
        page.locator(".st-key-sweep_best_point_open button").first.click()
        expect(value_of(page, "net_gmv")).to_be_visible()
        expect(page.get_by_text(re.compile(re.escape(say["sweeping.opened"].partition("{")[0])))).to_be_visible()
        expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()

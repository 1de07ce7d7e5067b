"""The Sweeps page in a real browser: a folder is opened, and its heat map is there to be seen."""

from __future__ import annotations

import re

import pytest

from sim.sweeps import run_sweep
from sim.texts import LANGUAGES, words
from tests.sweeps.files import GRID, HEAD

from .test_browser import open_page

pytestmark = pytest.mark.browser
PICTURE = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sweep_is_opened_seen_and_taken_away(browser, served, language: str, tmp_path) -> None:
    from playwright.sync_api import expect

    say, home = words(language), served.scenarios.parent
    spec = tmp_path / "small.toml"
    spec.write_text(HEAD.format(draws=4, seed=1) + GRID, encoding="utf-8")
    run_sweep(spec, home / "out" / "small", scenarios=served.scenarios)
    page = open_page(browser, served, path="sweeps", language=language)
    try:
        expect(page.get_by_text("whatif sweep redirects_x_seats --out out/redirects_x_seats")).to_be_visible()
        path = page.get_by_role("textbox", name=say["sweeps.folder"])
        path.fill("out/nowhere")
        path.press("Enter")
        expect(page.locator("[data-testid=stAlert]")).to_contain_text("out/nowhere")
        page.locator(".st-key-sweep_found input").click()
        page.get_by_role("option").filter(has_text="small").click()
        expect(path).to_have_value("out/small")
        expect(page.get_by_text(say["sweeps.complete"])).to_be_visible()
        picture = page.locator(PICTURE).first
        expect(picture).to_be_visible()
        assert picture.bounding_box()["height"] > 150  # a chart that Vega could not draw is an empty strip
        expect(page.locator("[data-testid=stDataFrame]")).to_have_count(2)  # the best under limits, and all
        with page.expect_download() as download:
            page.locator(".st-key-sweep_csv button").click()
        text = (home / "out" / "small" / "summary.csv").read_bytes()
        assert download.value.suggested_filename == "small.csv"
        with open(download.value.path(), "rb") as file:
            assert file.read() == text
        page.get_by_text(say["app.plan"], exact=True).first.click()
        expect(page.locator(".st-key-tile_gmv")).to_be_visible()
        page.get_by_text(say["app.sweeps"], exact=True).first.click()
        expect(page.get_by_role("textbox", name=say["sweeps.folder"])).to_have_value(re.compile("small"))
        expect(page.locator(PICTURE).first).to_be_visible()
        expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()

"""The app in a real browser: it starts, answers on this machine, and a moved slider moves the tiles."""

from __future__ import annotations

import re

import pytest

from sim.texts import LANGUAGES, words

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


def open_page(browser, served, *, path: str = "", language: str = "en"):
    from playwright.sync_api import expect

    expect.set_options(timeout=WAIT_MS)
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: None if _near(request.url, served) else page.faults.append(f"asked {request.url}"))
    page.goto(f"{served.address}/{path}?lang={language}", timeout=WAIT_MS)
    return page


def _near(url: str, served) -> bool:
    """Nothing leaves this machine, no picture, no font, no count of visitors."""
    return url.startswith((served.address, "data:", "blob:"))


def value_of(page, kpi: str):
    return page.locator(f".st-key-tile_{kpi} [data-testid=stMetricValue]")


def delta_of(page, kpi: str):
    return page.locator(f".st-key-tile_{kpi} [data-testid=stMetricDelta]")


def thumb(page, lever: str):
    return page.locator(f"[class*='st-key-lever-{lever.replace('.', '-')}'] input[type=range]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_baseline_is_there_and_a_slider_moves_the_tiles(browser, served, language: str) -> None:
    from playwright.sync_api import expect

    say = words(language)
    page = open_page(browser, served, language=language)
    try:
        expect(value_of(page, "gmv")).to_have_text(re.compile("85"))
        expect(delta_of(page, "net_gmv")).to_contain_text(say["plan.no_change"])
        expect(page.get_by_text(say["plan.leaks"], exact=True).first).to_be_visible()
        expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first).to_be_visible()
        slider = thumb(page, "payment.redirects")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        expect(delta_of(page, "net_gmv")).to_contain_text("+")
        expect(slider).to_have_value("4")
        expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
        assert page.faults == []
    finally:
        page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_user_saves_a_plan_finds_it_compares_it_and_reads_a_refusal(browser, served, language: str, tmp_path) -> None:
    from playwright.sync_api import expect

    say = words(language)
    name = {"en": "first try", "zh": "第一个方案"}[language]
    page = open_page(browser, served, language=language)
    try:
        expect(value_of(page, "net_gmv")).to_be_visible()
        before = value_of(page, "net_gmv").inner_text()
        for lever in ("payment.redirects", "detail_page.fold_depth", "detail_page.load_median_s"):
            thumb(page, lever).focus()
            page.keyboard.press("ArrowLeft")
        expect(page.get_by_text(say["lever.moved"].format(count=3))).to_be_visible()
        expect(value_of(page, "net_gmv")).not_to_have_text(before)
        page.get_by_role("button", name=say["files.menu"], exact=True).click()
        expect(page.get_by_role("textbox", name=say["files.name"], exact=True)).not_to_have_value("")
        for refused, says in (("../elsewhere", "files.bad_name"), ("fix_pages", "files.exists"), ("", "files.no_name")):
            page.get_by_role("textbox", name=say["files.name"], exact=True).fill(refused)
            page.get_by_role("button", name=say["files.save_as"]).click()
            expect(page.locator("[data-testid=stAlert]")).to_contain_text(say[says].format(name=refused))
        assert not (served.scenarios.parent / "elsewhere.toml").exists()
        page.get_by_role("textbox", name=say["files.name"], exact=True).fill(name)
        page.get_by_role("textbox", name=say["files.title"]).fill(name.title())
        page.get_by_role("button", name=say["files.save_as"]).click()
        expect(page.get_by_text(say["files.saved"].format(name=name, folder=served.scenarios))).to_be_visible()
        expect(page.get_by_role("textbox", name=say["files.name"], exact=True)).to_have_count(0)  # the menu steps aside
        expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
        assert (served.scenarios / f"{name}.toml").is_file()

        page.goto(f"{served.address}/?lang={language}")  # a new session: the file is all that is left
        expect(delta_of(page, "net_gmv")).to_contain_text(say["plan.no_change"])
        page.locator(".st-key-picker input").click()
        page.get_by_role("option").filter(has_text=name).click()
        expect(thumb(page, "payment.redirects")).to_have_value("4")
        expect(delta_of(page, "net_gmv")).to_contain_text("+")

        page.get_by_text(say["app.compare"], exact=True).first.click()
        expect(page.get_by_text(say["compare.differences"])).to_be_visible()
        expect(page.locator(".st-key-compare_plans").get_by_text(name).first).to_be_visible()
        expect(page.locator("[data-testid=stDataFrame]")).to_have_count(1)
        expect(page.locator("[data-testid=stTable]")).to_have_count(1)  # what differs
        expect(page.locator("[data-testid=stAlert]")).to_have_count(0)

        page.get_by_text(say["app.plan"], exact=True).first.click()
        expect(value_of(page, "net_gmv")).to_be_visible()
        damaged = tmp_path / "damaged.toml"
        damaged.write_text("schema = 1\ntitle = [", encoding="utf-8")
        page.get_by_role("button", name=say["files.menu"], exact=True).click()
        page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(damaged)
        told = page.locator("[data-testid=stAlert]")
        expect(told).to_have_count(1)
        expect(told).to_contain_text({"en": "damaged.toml, line 2", "zh": "damaged.toml 第 2 行"}[language])
        expect(told).to_contain_text({"en": "Your plan stays as it was", "zh": "当前方案未受影响"}[language])
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        expect(thumb(page, "payment.redirects")).to_have_value("4")
        expect(delta_of(page, "net_gmv")).to_contain_text("+")
        assert page.faults == []
    finally:
        page.close()

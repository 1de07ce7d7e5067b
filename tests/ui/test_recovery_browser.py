"""Unsaved work and one file for two, in a real browser: refresh, a killed server, two tabs that save."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import sim
from sim.texts import LANGUAGES, words

from .conftest import serving
from .test_browser import delta_of, open_page, thumb, value_of

pytestmark = pytest.mark.browser


def pressed(page, lever: str, key: str, value: str) -> None:
    from playwright.sync_api import expect

    thumb(page, lever).focus()
    page.keyboard.press(key)
    expect(thumb(page, lever)).to_have_value(value)


def until_on_disk(scenarios: Path, text: str) -> None:
    """The server has heard of the move: it is in the journal."""
    end = time.monotonic() + 60
    while not any(text in path.read_text(encoding="utf-8") for path in (scenarios / ".unsaved").glob("*.json")):
        assert time.monotonic() < end, "the move never reached the disk"
        time.sleep(0.05)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refresh_and_a_killed_server_lose_nothing(browser, tmp_path_factory, language: str) -> None:
    from playwright.sync_api import expect

    say = words(language)
    home = tmp_path_factory.mktemp("restart")
    with serving(home) as served:
        page = open_page(browser, served, language=language)
        expect(value_of(page, "net_gmv")).to_be_visible()
        pressed(page, "payment.redirects", "ArrowLeft", "4")
        expect(delta_of(page, "net_gmv")).to_contain_text("+")
        page.reload()
        expect(page.get_by_text(say["recovery.title"])).to_be_visible()
        expect(thumb(page, "payment.redirects")).to_have_value("5")
        page.get_by_role("button", name=say["recovery.restore"]).click()
        expect(thumb(page, "payment.redirects")).to_have_value("4")
        expect(page.get_by_text(say["recovery.title"])).to_have_count(0)
        pressed(page, "payment.redirects", "ArrowLeft", "3")
        until_on_disk(served.scenarios, '"amount": 3.0')
        port = served.kill()
    with serving(home, port=port) as served:
        try:
            page.reload()
            expect(page.get_by_text(say["recovery.title"])).to_be_visible()
            page.get_by_role("button", name=say["recovery.restore"]).click()
            expect(thumb(page, "payment.redirects")).to_have_value("3")
            expect(delta_of(page, "net_gmv")).to_contain_text("+")
            other = open_page(browser, served, language=language)  # somebody else's tab: this one is being worked in
            expect(value_of(other, "net_gmv")).to_be_visible()
            expect(other.get_by_text(say["recovery.title"])).to_have_count(0)
            other.close()
        finally:
            page.close()


def saved(page, say, author: str) -> None:
    page.get_by_role("button", name=say["files.save"], exact=True).click()
    page.get_by_role("textbox", name=say["files.author_ask"]).fill(author)
    page.get_by_role("button", name=say["files.author_save"]).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_second_of_two_savers_sees_what_the_first_has_saved(browser, tmp_path_factory, language: str) -> None:
    from playwright.sync_api import expect

    say = words(language)
    with serving(tmp_path_factory.mktemp("two")) as served:
        ada, grace = (open_page(browser, served, language=language) for _ in range(2))
        try:
            for page in (ada, grace):
                expect(value_of(page, "net_gmv")).to_be_visible()
                page.locator(".st-key-picker input").click()
                page.get_by_role("option").filter(has_text="fix_payment").click()
                expect(thumb(page, "payment.redirects")).to_have_value("2")
            pressed(ada, "payment.redirects", "ArrowRight", "3")
            pressed(grace, "detail_page.fold_depth", "ArrowLeft", "2.9")
            saved(grace, say, "Grace")
            expect(grace.get_by_text(say["files.saved"].format(name="fix_payment", folder=served.scenarios))).to_be_visible()
            saved(ada, say, "Ada")
            title = say["conflict.title_by"].format(name="fix_payment", author="Grace")
            expect(ada.get_by_text(title)).to_be_visible()
            file = served.scenarios / "fix_payment.toml"
            assert sim.load(file).author == "Grace"
            ada.get_by_role("button", name=say["conflict.on_top"]).click()
            expect(thumb(ada, "payment.redirects")).to_have_value("3")
            expect(thumb(ada, "detail_page.fold_depth")).to_have_value("2.9")
            ada.get_by_role("button", name=say["files.save"], exact=True).click()
            expect(ada.get_by_text(say["files.saved"].format(name="fix_payment", folder=served.scenarios))).to_be_visible()
            both = sim.load(file)
            assert (both.author, both.moved["payment.redirects"].amount, both.moved["detail_page.fold_depth"].amount) == ("Ada", 3, 2.9)
            assert ada.faults == [] and grace.faults == []
        finally:
            ada.close()
            grace.close()

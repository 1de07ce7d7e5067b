"""A calibrated shop on the pages: opened, changed, saved with its draws, compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import sim
from sim.scenario import load
from sim.texts import LANGUAGES, words
from sim.ui.decisions import drivers_work
from tests import posteriors

from .app import TOP, finished, opened, tile, well


@pytest.fixture
def shop(folder: Path) -> Path:
    return posteriors.shop(folder, more="\n[horizon]\ndays = 14\n")


def picked(language: str = "en") -> AppTest:
    app = opened(language)
    app.selectbox(key="picker").set_value("my_shop").run()
    well(app)
    return app


def test_a_shop_opens_against_itself_without_levers(shop: Path) -> None:
    app = picked()
    app.slider(key="lever.payment.redirects").set_value(2).run()
    well(app)
    assert app.button(key="save").disabled is False
    value, delta = tile(app, "GMV")
    assert value and delta


def test_it_is_saved_under_another_name_with_its_draws(shop: Path, folder: Path) -> None:
    app = picked()
    app.slider(key="lever.payment.redirects").set_value(2).run()
    next(item for item in app.text_input if item.key.startswith("save_name")).set_value("my plan")
    next(button for button in app.button if button.label == "Save as").click().run()
    well(app)
    plan = sim.load(folder / "my plan.toml")
    assert plan.posterior == load(shop).posterior and plan.profile == load(shop).profile
    assert set(plan.moved) == {"payment.redirects"}


def test_every_lever_opens_at_the_shops_own_value(shop: Path) -> None:
    """The middle of drawn handling times is no round number; the slider stands there and the plan is unchanged."""
    app = picked()
    assert app.button(key="save").disabled
    assert not sim.load(shop).moved


def test_another_shop_is_named_when_it_is_compared(shop: Path) -> None:
    say = words("en")
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["my_shop"]).run()
    well(app)
    assert [warning.value for warning in app.warning]
    differences = app.table[0].value
    kinds = {text.removeprefix(":gray[").removesuffix("]") for text in differences.iloc[:, 0]}
    assert {say["kind.profile"], say["kind.posterior"]} <= kinds
    assert load(shop).posterior.sha256[:12] in differences.to_string()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_moves_a_shop_are_its_own_numbers(shop: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers_work, "DRAWS", 16)
    app = picked(language)
    app.switch_page(str(TOP / "sim/ui/pages/drivers.py")).run()
    app.button(key="drivers_move").click().run()
    finished(app)
    well(app)
    table = app.dataframe[1].value
    assert words(language)["posterior.factor"] in list(table[words(language)["drivers.assumption"]])[:2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_drivers_and_decide_say_how_good_the_shop_would_have_been(shop: Path, language: str) -> None:
    app, unscored = picked(language), words(language)["calibrating.unscored"]
    for page in ("drivers", "decide"):
        app.switch_page(str(TOP / "sim/ui/pages" / f"{page}.py")).run()
        if page == "decide":
            app.session_state["decide_part"] = "seek"
            app.run()
        well(app)
        assert any(unscored in caption.value for caption in app.caption)

"""The Plan page as a planner meets it, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.parameters import GROUPS, registry
from sim.texts import LANGUAGES, words
from sim.ui.inputs import dial, key_of

from .app import FASTER, opened, said, tile, well

PLAN_SECTIONS = True


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_loads_in_both_languages_with_every_lever(folder: Path, language: str) -> None:
    app = opened(language)
    well(app)
    assert {slider.key for slider in app.slider} >= {
        key_of(lever.name) for lever in registry().levers if lever.unit != "CNY/month"
    }
    assert len(app.slider) == len(registry().levers)
    assert [fold.label for fold in app.sidebar.expander] == [group[language] for group in GROUPS.values()]
    headings = [text.value for text in app.markdown if text.value.startswith("#####")]
    assert f"##### {words(language)['plan.leaks']}" in headings
    assert app.button(key="try").label == words(language)["plan.try_button"]


def test_the_language_can_be_switched(app: AppTest) -> None:
    app.segmented_control(key="language").set_value("zh").run()
    well(app)
    assert words("zh")["plan.try_lead"] in [text.value for text in app.markdown]
    assert app.query_params["lang"] in ("zh", ["zh"])


def test_moving_a_lever_changes_the_tiles_and_reset_brings_them_back(app: AppTest) -> None:
    before = tile(app, "Net GMV")
    assert before[1] == words("en")["plan.no_change"]
    app.slider(key="lever.payment.redirects").set_value(2).run()
    well(app)
    value, delta = tile(app, "Net GMV")
    assert value != before[0] and delta.startswith("+")
    assert any("Redirects to pay 5 → 2" in text.value for text in app.markdown)
    app.button(key="reset.payment.redirects").click().run()
    well(app)
    assert tile(app, "Net GMV") == before


def test_the_suggestion_can_be_tried(app: AppTest) -> None:
    app.button(key="try").click().run()
    well(app)
    assert app.slider(key="lever.payment.redirects").value == 2
    assert tile(app, "Net GMV")[1].startswith("+")


def test_a_file_fills_the_levers_to_the_last_digit_and_drafts_are_kept(app: AppTest) -> None:
    app.slider(key="lever.payment.redirects").set_value(3).run()
    app.selectbox(key="picker").set_value("faster").run()
    well(app)
    assert app.slider(key="lever.detail_page.load_median_s").value == pytest.approx(1.53)
    assert app.slider(key="lever.payment.redirects").value == 5
    assert any("2.1 → 1.53\u00a0s" in text.value for text in app.markdown)  # no line ends before a unit
    app.selectbox(key="picker").set_value("baseline").run()
    assert app.slider(key="lever.payment.redirects").value == 3
    assert app.slider(key="lever.detail_page.load_median_s").value == pytest.approx(2.1)


def test_an_unreadable_file_is_one_sentence_and_the_figures_stay(app: AppTest, folder: Path) -> None:
    before = tile(app, "Net GMV")
    (folder / "faster.toml").write_text("schema = 1\ntitle = [", encoding="utf-8")
    app.selectbox(key="picker").set_value("faster").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "faster.toml" in said(app) and "\n" not in said(app) and "Traceback" not in said(app)
    assert tile(app, "Net GMV") == before
    assert app.selectbox(key="picker").value == "baseline"
    app.run()
    well(app)


def test_a_plan_that_cannot_be_computed_keeps_the_last_figures(app: AppTest, folder: Path) -> None:
    before = tile(app, "Net GMV")
    odd = FASTER + '[baseline.detail_page.bounce]\nvalue = 0.05\nsource = "nobody"\n'
    (folder / "faster.toml").write_text(odd, encoding="utf-8")
    app.selectbox(key="picker").set_value("faster").run()
    assert not app.exception
    assert len(app.error) == 1 and "detail_page.bounce" in said(app)
    assert tile(app, "Net GMV") == before


def test_a_broken_program_shows_no_traceback(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("sim.ui.cache.pair_of", broken)
    app.run()
    assert not app.exception
    assert len(app.error) == 1 and "ZeroDivisionError" in said(app) and "secret" not in said(app)


def test_without_any_file_the_registry_is_the_baseline(folder: Path) -> None:
    for file in folder.glob("*.toml"):
        file.unlink()
    app = opened()
    well(app)
    assert app.selectbox(key="picker").options == ["Baseline · baseline"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_dial_shows_its_baseline_and_both_ends(language: str) -> None:
    for lever in registry().levers:
        shape = dial(lever, language)
        assert shape.low < shape.high and shape.low <= shape.shown(lever.value) <= shape.high, lever.name
        for bound in (*lever.bounds, lever.value):
            assert shape.value(shape.shown(bound)) == pytest.approx(bound), lever.name
        if lever.whole:
            assert shape.step == 1 and shape.decimals == 0
        assert (shape.shown(lever.value) - shape.low) / shape.step == pytest.approx(
            round((shape.shown(lever.value) - shape.low) / shape.step)
        ), f"{lever.name}: its baseline is no place of the slider"

"""The Drivers page, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.texts import LANGUAGES, words
from sim.ui.decisions import drivers_work

from .app import TOP, finished, opened, said, well

SHORT = 'schema = 1\ntitle = "Short"\nextends = "baseline"\n[horizon]\ndays = 5\n[levers.payment.redirects]\nto = 2\n'
GOALS = SHORT + "[goals]\nreturn_rate = { at_most = 0.31, probability = 0.8 }\n"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers_work, "DRAWS", 16)
    monkeypatch.setattr(drivers_work, "WORLDS", 400)


def at(folder: Path, text: str, language: str = "en") -> AppTest:
    """The page with a file of its own open."""
    (folder / "short.toml").write_text(text, encoding="utf-8")
    app = opened(language)
    app.selectbox(key="picker").set_value("short").run()
    app.switch_page(str(TOP / "sim/ui/pages/drivers.py")).run()
    well(app)
    return app


def spoken(app: AppTest) -> str:
    return "\n".join(item.value for item in [*app.markdown, *app.caption, *app.info]).replace("\\", "").replace("\u00a0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_moves_the_plan(folder: Path, language: str) -> None:
    say = words(language)
    app = at(folder, SHORT, language)
    assert [info.value for info in app.info] == [say["drivers.not_yet"]]
    finished(app.button(key="drivers_move").click().run())
    well(app)
    assert not app.info and say["drivers.shares"] in spoken(app)
    assert len(app.get("vega_lite_chart")) == 2
    grades, table = (frame.value for frame in app.dataframe)
    assert len(grades) == 6 and say["drivers.first"] in table.columns and len(table) > 10
    app.segmented_control(key="drivers_kpi").set_value("return_rate").run()
    well(app)
    assert say["drivers.older"].partition("{")[0] not in spoken(app)


def test_the_last_answer_stays_and_says_that_the_plan_has_changed(folder: Path) -> None:
    older = words("en")["drivers.older"].format(plan="Short · short")
    app = at(folder, SHORT)
    finished(app.button(key="drivers_move").click().run())
    app.toggle(key="drivers_paired").set_value(True).run()
    well(app)
    assert older in spoken(app) and len(app.get("vega_lite_chart")) == 2
    finished(app.button(key="drivers_move").click().run())
    well(app)
    assert older not in spoken(app) and "difference in Net GMV" in spoken(app)


def test_a_plan_that_changes_nothing_has_no_difference_to_ask_about(folder: Path) -> None:
    app = at(folder, SHORT)
    app.toggle(key="drivers_paired").set_value(True).run()
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    app.selectbox(key="picker").set_value("baseline").run()
    app.switch_page(str(TOP / "sim/ui/pages/drivers.py")).run()
    assert app.toggle(key="drivers_paired").disabled
    finished(app.button(key="drivers_move").click().run())
    well(app)
    assert "of the spread of Net GMV" in spoken(app)  # of the figure: the difference would be the same in every draw


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_it_fails(folder: Path, language: str) -> None:
    say = words(language)
    app = at(folder, GOALS, language)
    kpis = [box for box in app.selectbox if (box.key or "").endswith("_kpi")]
    assert kpis[0].value == "return_rate" and kpis[1].value == ""
    assert next(field.value for field in app.text_input if "_value_" in field.key) == "31 %"
    finished(app.button(key="drivers_miss").click().run())
    well(app)
    assert say["drivers.misses"].partition("{")[0].strip() in spoken(app)
    assert len(app.get("vega_lite_chart")) == 1 and say["drivers.coverage"] in app.dataframe[-1].value.columns


def test_without_goals_the_baseline_is_the_goal_and_a_senseless_value_is_a_sentence(folder: Path) -> None:
    app = at(folder, SHORT)
    value = next(field for field in app.text_input if "_value_" in field.key)
    assert value.value.endswith(" bn")
    assert [box.value for box in app.selectbox if (box.key or "").endswith("_kpi")] == ["net_gmv", ""]  # room for a second goal
    value.set_value("12 %").run()
    assert "net_gmv is in CNY" in said(app) and app.button(key="drivers_miss").disabled
    next(field for field in app.text_input if "_value_" in field.key).set_value("1").run()
    well(app)
    finished(app.button(key="drivers_miss").click().run())
    well(app)
    assert words("en")["drivers.never"].format(draws="400") in spoken(app)

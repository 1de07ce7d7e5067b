"""The part of the page Decide that spends a budget, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.charts import DARK, LIGHT
from sim.charts import optimizing as charts_optimizing
from sim.scenario import loads
from sim.texts import LANGUAGES, words
from sim.ui.decisions import optimizing

from .app import TOP, finished, opened, said, well

PLAN = """schema = 1
title = "Two levers"
extends = "baseline"
[horizon]
days = 7
[levers.payment.redirects]
to = 3
[levers.returns.filter_strength]
to = 0.7
"""


@pytest.fixture
def planned(folder: Path) -> Path:
    (folder / "baseline.toml").write_text(PLAN.replace('extends = "baseline"\n', ""), encoding="utf-8")  # opened first
    return folder


def decided(language: str = "en") -> AppTest:
    app = opened(language)
    app.session_state["decide_part"] = "budget"
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    return app


def pressed(app: AppTest, key: str) -> AppTest:
    return finished(app.button(key=key).click().run(timeout=120))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_budget_is_spent_and_the_answer_explained(planned: Path, language: str) -> None:
    app = decided(language)
    well(app)
    say = words(language)
    assert [info.value for info in app.info] == [say["optimize_page.empty"]]
    assert app.multiselect[0].value == ["payment.redirects", "returns.filter_strength"]
    pressed(app, "optimize_button")
    well(app)
    assert not app.info
    labels = [metric.label for metric in app.metric]
    assert len(labels) == 5
    table = app.dataframe[0].value
    assert list(table.columns)[:3] == [say["optimize.lever"], say["head.before"], say["head.after"]]
    text = " ".join(block.value for block in app.markdown)
    assert say["optimize.limits_head"] in text and say["optimize.budget"] in text
    assert "{" not in text + " ".join(caption.value for caption in app.caption)


def test_the_answer_goes_into_the_plan_and_comes_back_by_one_undo(planned: Path) -> None:
    app = pressed(decided(), "optimize_button")
    found = app.session_state[f"work.{optimizing.ANSWER}.answer"].result
    assert app.button(key="optimize_take").disabled is False
    pressed(app, "optimize_take")
    well(app)
    state = app.session_state["session"]
    assert state.plan.digest == found.plan.digest
    assert app.button(key="optimize_take").disabled
    assert any(words("en")["optimize_page.taken"] in caption.value for caption in app.caption)
    assert not any(words("en")["optimize_page.stale"] in caption.value for caption in app.caption)
    state.undo()
    assert state.plan.digest == found.asked.scenario.digest


def test_limits_come_and_go_and_one_that_cannot_hold_is_said(planned: Path) -> None:
    app = decided()
    pressed(app, "optimize_add")
    assert app.session_state[optimizing.LIMITS] == [0, 1]
    app.selectbox(key="optimize_limit.1.kpi").set_value("net_gmv").run()
    app.number_input(key="optimize_limit.1.net_gmv.en").set_value(9e6).run()  # CNY m: 9 trillion
    pressed(app, "optimize_button")
    assert "No plan within the bounds reaches net_gmv >= 9" in said(app)
    pressed(app, "optimize_limit.1.gone")
    assert app.session_state[optimizing.LIMITS] == [0]
    pressed(app, "optimize_button")
    well(app)


def test_other_settings_make_the_answer_an_earlier_one(planned: Path) -> None:
    app = pressed(decided(), "optimize_button")
    stale = words("en")["optimize_page.stale"]
    assert not any(stale in caption.value for caption in app.caption)
    app.selectbox(key="optimize_objective").set_value("gmv").run()
    assert any(stale in caption.value for caption in app.caption)
    well(app)


def test_a_chance_of_a_goal_asks_for_the_goal(planned: Path) -> None:
    app = decided()
    app.segmented_control(key="optimize_risk").set_value("probability").run()
    well(app)
    assert app.number_input(key="optimize_goal.net_gmv.en").value > 0
    app.number_input(key="optimize_goal.net_gmv.en").set_value(None).run()  # no goal is not a goal of nothing
    assert app.button(key="optimize_button").disabled
    assert words("en")["optimize_page.no_goal"] in [info.value for info in app.info]
    app.number_input(key="optimize_goal.net_gmv.en").set_value(3000.0).run()
    pressed(app, "optimize_button")
    well(app)


def test_without_levers_there_is_nothing_to_decide(planned: Path) -> None:
    app = decided()
    app.multiselect[0].set_value([]).run()
    assert [info.value for info in app.info] == [words("en")["optimize_page.no_levers"]]
    assert app.button(key="optimize_button").disabled


def test_the_frontier_is_drawn_and_a_plan_of_it_taken(planned: Path) -> None:
    app = pressed(decided("zh"), "frontier_button")
    well(app)
    say = words("zh")
    table = app.dataframe[-1].value
    assert list(table[say["frontier.point"]])[-2:] == [say["frontier.at_hand"], say["frontier.baseline"]]
    found = app.session_state["work.frontier_answer.answer"].result
    app.selectbox(key="frontier_point").set_value(len(found.points)).run()
    pressed(app, "frontier_take")
    well(app)
    assert app.session_state["session"].plan.digest == found.points[-1].plan.digest
    stale = say["optimize_page.stale"]
    assert not any(stale in caption.value for caption in app.caption)
    app.number_input(key="optimize_budget.plan_cost.zh").set_value(777.0).run()  # other settings, whatever has been taken
    assert any(stale in caption.value for caption in app.caption)


def test_what_is_downloaded_reads_back(planned: Path) -> None:
    app = pressed(decided(), "optimize_button")
    found = app.session_state[f"work.{optimizing.ANSWER}.answer"].result
    from sim.wording.optimizing import worded

    text = optimizing._text(worded(found, words("en")))
    assert text is not None
    assert loads(text, name="answer").digest == found.plan.digest


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_charts_hold_their_rows(language: str, colours: object) -> None:
    bars = [
        {"lever": "A", "mean": 2e6, "p10": 1e6, "p90": 3e6, "label": "+2 m", "step": "1 → 2"},
        {"lever": "B", "mean": -1e6, "p10": None, "p90": None, "label": "−1 m", "step": "1 → 2"},
    ]
    drawn = charts_optimizing.next_bars(bars, unit="CNY", language=language, colours=colours).to_dict()
    rows = next(iter(drawn["datasets"].values()))
    assert [row["value"] for row in rows] == ([2.0, -1.0] if language == "en" else [200.0, -100.0])
    assert rows[0]["colour"] == colours.gain and rows[1]["colour"] == colours.loss
    dots = [
        {"kind": kind, "name": kind, "net": 1e9, "rate": 0.3, "cost": cost, "changes": 1, "net_text": "", "rate_text": "", "cost_text": ""}
        for kind, cost in (("point", 2e8), ("at_hand", 1e8), ("baseline", 0.0))
    ]
    drawn = charts_optimizing.frontier_dots(dots, language=language, colours=colours).to_dict()
    assert next(iter(drawn["datasets"].values()))[0]["x"] == pytest.approx(30.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_limit_on_the_mean_is_still_one_after_another_page(planned: Path, language: str) -> None:
    app = decided(language)
    sure = next(box for box in app.selectbox if box.key == "optimize_limit.0.sure")
    assert sure.value == optimizing.MEAN  # None would come back as a box in which nothing is chosen
    sure.set_value(0.9).run()
    next(box for box in app.selectbox if box.key == "optimize_limit.0.sure").set_value(optimizing.MEAN).run()
    app.switch_page(str(TOP / "sim/ui/pages/evidence.py")).run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    well(app)
    assert next(box for box in app.selectbox if box.key == "optimize_limit.0.sure").value == optimizing.MEAN

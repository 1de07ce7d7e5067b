"""The files that ship: each answers its question, none holds a lever that does nothing, and the stories they tell are true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.comparing import compare
from sim.engine import run
from sim.outcome import Outcome, mean
from sim.scenario import Scenario, load, scenario_names

FOLDER = Path(__file__).parent.parent / "scenarios"
NAMES = scenario_names(FOLDER)
PLANS = tuple(name for name in NAMES if name.startswith("plan_"))
START, DAYS = date(2024, 1, 1), 182


@cache
def over_two_quarters(name: str) -> Outcome:
    scenario = load(name, FOLDER)
    return run(scenario.with_horizon(start=START, days=DAYS), draws=256)


def without(scenario: Scenario, lever: str) -> Scenario:
    return replace(scenario, levers={name: setting for name, setting in scenario.levers.items() if name != lever})


def test_the_documents_next_stage_plans_are_all_there() -> None:
    kinds = ("live", "local_life", "cross_border", "private_domain", "immersive", "knowledge", "drama", "ugc")
    assert set(PLANS) == {f"plan_{kind}" for kind in kinds}
    assert {"next_stage", "double11", "cpm_shock", "courier_strike", "traffic_without_seats", "merchant"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_file_opens_with_its_question_and_a_chinese_title(name: str) -> None:
    scenario = load(name, FOLDER)
    first = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0]
    assert scenario.question.endswith("?")
    assert first.startswith("# ") and any("\u4e00" <= char <= "\u9fff" for char in first)


@pytest.mark.parametrize("name", [name for name in NAMES if load(name, FOLDER).moved])
def test_no_lever_is_inert_and_each_costs_something(name: str) -> None:
    scenario = load(name, FOLDER)
    whole = run(scenario, draws=8)
    for lever in scenario.moved:
        rest = run(without(scenario, lever), draws=8)
        assert not np.array_equal(whole.kpi("net_gmv"), rest.kpi("net_gmv")), lever
        assert np.all(whole.arrays[f"cost.{lever}"] > 0.0), lever


def test_next_stage_beats_the_fixes_and_every_plan_alone_on_its_own_horizon() -> None:
    best = mean(over_two_quarters("next_stage").kpi("net_gmv"))
    for rival in ("all_fixes", *PLANS):
        assert mean(over_two_quarters(rival).kpi("net_gmv")) < best, rival


def test_next_stage_holds_the_return_rate_and_pays_for_itself() -> None:
    comparison = compare(load("baseline", FOLDER), load("next_stage", FOLDER), draws=256)
    plan = comparison.plans[0]
    assert comparison.better(plan, "return_rate") > 0.95
    assert comparison.better(plan, "contribution") > 0.8
    assert all(goal["probability"] for goal in plan.goal_rows())


def test_traffic_without_seats_waits_longer_and_converts_worse() -> None:
    comparison = compare(load("baseline", FOLDER), load("traffic_without_seats", FOLDER), draws=512)
    stressed = comparison.plans[0].service_figures()
    assert np.all(stressed["peak_wait_s"] > comparison.base.service_figures()["peak_wait_s"])
    assert mean(comparison.delta(comparison.plans[0], "conversion")) < 0.0


def test_true_colours_can_cost_gmv_and_still_raise_net_gmv() -> None:
    comparison = compare(load("baseline", FOLDER), load("fix_colour", FOLDER), draws=512)
    plan = comparison.plans[0]
    assert np.any((comparison.delta(plan, "gmv") < 0.0) & (comparison.delta(plan, "net_gmv") > 0.0))


def test_stresses_hurt() -> None:
    for name in ("cpm_shock", "courier_strike"):
        comparison = compare(load("baseline", FOLDER), load(name, FOLDER), draws=128)
        assert comparison.better(comparison.plans[0], "net_gmv") < 0.05, name


def test_double_11_borrows_from_the_days_after() -> None:
    outcome = run(load("double11", FOLDER), draws=128)
    assert np.all(outcome.total("borrowed_viewers") > 0.0)
    assert mean(outcome.total("repaid_viewers")) > mean(outcome.total("debt_viewers"))


def test_the_shop_has_its_own_totals() -> None:
    outcome = run(load("merchant", FOLDER), draws=64, noise=False)
    first = outcome.day("gmv")[0]
    assert first == pytest.approx(60e6 / 92, rel=0.02)
    assert mean(outcome.kpi("plan_cost")) < 400_000

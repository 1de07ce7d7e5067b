"""The planner's own ratios, weeks, months and targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sim import planning
from sim.engine import run
from sim.outcome import RECOVERABLE, Outcome
from sim.parameters import registry
from sim.scenario import Goal, Scenario


@pytest.fixture(scope="module")
def base() -> Outcome:
    return run(Scenario(name="baseline", start=date(2024, 1, 10), days=50), draws=16)


def test_gpm_is_a_thousand_uv_values(base: Outcome) -> None:
    rows = {row["figure"]: row for row in planning.planner_rows(base)}
    assert rows["gpm"]["mean"] == pytest.approx(1000 * rows["uv_value"]["mean"], rel=1e-12)
    assert rows["net_roi"]["mean"] < rows["roi"]["mean"]
    margin, returned = base.total("margin"), base.kpi("return_rate")
    assert planning.PLANNER_FIGURES["break_even_roi"].of(base) == pytest.approx(1 / (margin * (1 - returned)))


@pytest.mark.parametrize("by", ["week", "month"])
def test_periods_cover_the_horizon_once(by: str) -> None:
    found = planning.periods(date(2024, 1, 10), 50, by)
    assert sum(period.days for period in found) == 50
    assert [period.place.start for period in found[1:]] == [period.place.stop for period in found[:-1]]
    for period in found[1:]:
        assert period.first.weekday() == 0 if by == "week" else period.first.day == 1


def test_months_add_up_to_the_horizon(base: Outcome) -> None:
    rows = planning.period_rows(base, "month")
    assert sum(row["gmv"] for row in rows) == pytest.approx(float(np.mean(base.kpi("gmv"))), rel=1e-9)
    assert [row["first"] for row in rows] == [date(2024, 1, 10), date(2024, 2, 1)]


def test_targets_are_spread_over_the_days(base: Outcome) -> None:
    goals = {"net_gmv": Goal(at_least=5e10), "return_rate": Goal(at_most=0.25, probability=0.8)}
    rows = planning.goal_months(replace(base, scenario=replace(base.scenario, goals=goals)))
    assert sum(row["target"] for row in rows if row["kpi"] == "net_gmv") == pytest.approx(5e10)
    assert {row["target"] for row in rows if row["kpi"] == "return_rate"} == {0.25}
    assert all(0 <= row["share"] <= 1 for row in rows)
    assert planning.goal_months(base) == []


def test_what_mends_a_cause_is_a_lever_and_does_mend_it(base: Outcome) -> None:
    names = {lever.name for lever in registry().levers}
    assert set(planning.MENDED_BY) <= set(RECOVERABLE)
    for cause, levers in planning.MENDED_BY.items():
        for name in levers:
            assert name in names
            lever = registry()[name]
            low, high = lever.bounds
            best = high if lever.expect == "+" or low == lever.value else low
            moved = run(base.scenario.with_levers({name: best}), draws=16)
            assert np.mean(moved.recoverable(cause)) < np.mean(base.recoverable(cause)), (cause, name)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.analysis.checking import TOLERANCE, check, relative_gap
from sim.analysis.comparing import compare
from sim.outcome import KPIS
from sim.scenario import load, scenario_names

SCENARIOS = scenario_names(Path(__file__).parents[2] / "scenarios")


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("noise", [True, False])
def test_everything_adds_up_in_every_draw(name: str, noise: bool) -> None:
    rows = check(load(name), draws=1000 if noise else 256, noise=noise)
    assert len(rows) > 20
    assert [row for row in rows if row["worst_relative"] is None or row["worst_relative"] > TOLERANCE] == []


def test_a_gap_is_found() -> None:
    assert relative_gap(np.array([1.0, 0.0, 2.0]), np.array([1.0, 0.0, 2.0 + 1e-6])).tolist() == pytest.approx([0, 0, 5e-7], rel=1e-3)


def test_a_scenario_compared_with_itself_differs_by_exactly_nothing() -> None:
    data = compare(load("baseline"), [load("baseline")], draws=128).to_json()
    for figures in data["plans"][0]["kpis"].values():
        assert figures["delta"] == {"mean": 0.0, "p10": 0.0, "p50": 0.0, "p90": 0.0}
        assert figures["p_better"] == 0.5


def test_fixing_payment_is_better_and_says_by_how_much() -> None:
    comparison = compare(load("baseline"), [load("fix_payment")], draws=128)
    figures = comparison.to_json()["plans"][0]["kpis"]
    assert set(figures) == set(KPIS)
    assert figures["net_gmv"]["p_better"] == 1.0 and figures["net_gmv"]["relative"] > 0.05
    assert figures["plan_cost"]["relative"] is None and figures["plan_cost"]["p_better"] == 0.0
    assert figures["refunds"]["p_better"] < 0.5  # more orders, more refunds: worse by its own direction


def test_the_same_world_takes_assumptions_and_events_out_of_the_difference() -> None:
    plan = load("baseline").with_assumptions({"money.margin": 0.30})
    apart = compare(load("baseline"), [plan], draws=64)
    assert apart.delta(apart.plans[0], "contribution").mean() < 0.0
    together = compare(load("baseline"), [plan], draws=64, same_world=True)
    assert np.all(together.delta(together.plans[0], "contribution") == 0.0)


def test_shared_chance_makes_a_small_difference_visible() -> None:
    base, plan = load("baseline"), load("baseline").with_levers({"service.seats": 21})
    paired = compare(base, [plan], draws=512)
    other = compare(base, [plan], draws=512, seed=2)
    difference = paired.delta(paired.plans[0], "net_gmv")
    independent = other.plans[0].kpi("net_gmv") - paired.base.kpi("net_gmv")
    assert difference.std() < independent.std() / 5

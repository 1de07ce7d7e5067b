"""The frontier: no plan of it is worse than another in everything, and each is what a run of its own says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.frontier import AXES, SIGNS, UNSEEN, Frontier, _hardly_there, frontier, not_dominated
from sim.analysis.optimizing import optimize
from sim.engine import run
from sim.errors import UserError
from sim.outcome import KPIS, mean
from sim.scenario import Scenario
from tests.worlds import plan

FEW = {"draws": 16, "seed": 3}


@pytest.fixture(scope="module")
def fixes() -> Scenario:
    return plan({"payment.redirects": 3, "service.seats": 24, "returns.filter_strength": 0.6}, days=7)


@pytest.fixture(scope="module")
def found(fixes: Scenario) -> Frontier:
    return frontier(fixes, budget=8e7, points=4, **FEW)


def test_domination_by_hand() -> None:
    rows = np.array([[1.0, 1.0], [2.0, 0.0], [1.0, 0.5], [0.0, 2.0], [1.0, 1.0]])
    assert not_dominated(rows).tolist() == [True, True, False, True, True]  # equals do not rule each other out


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_whatever_is_left_out_is_beaten_by_something_kept(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, float)
    kept = not_dominated(table)
    assert np.any(kept)
    for row in table[~kept]:
        assert np.any(np.all(table[kept] >= row, axis=1) & np.any(table[kept] > row, axis=1))


def test_what_nobody_sees_is_no_reason_to_give_up_much() -> None:
    """Net GMV, less return rate, less cost: the second row gives up a fifth of its sales for a hundredth of a point."""
    rows = np.array([[10.0, -0.3000, -1.0], [8.0, -0.2999, -1.0], [9.0, -0.2500, -3.0], [7.5, -0.3000, -0.2]])
    size = np.ptp(rows, axis=0)
    hair = UNSEEN * [10.0, 1.0, 1.0]
    assert np.all(not_dominated(rows))
    assert [_hardly_there(row, rows, hair, size) for row in rows] == [False, True, False, False]


def test_no_plan_is_worse_than_another_in_all_three(found: Frontier) -> None:
    values = np.array([[point.mean(kpi) for kpi in AXES] for point in found.points]) * SIGNS
    assert len(found.points) >= 3
    assert np.all(not_dominated(values))
    assert list(values[:, 0]) == sorted(values[:, 0], reverse=True)
    assert np.max(-values[:, 2]) <= 8e7 * 1.001


def test_a_plan_of_the_frontier_is_what_a_run_says(found: Frontier) -> None:
    for point in found.points[:2]:
        outcome = run(point.plan, **FEW)
        for kpi in AXES:
            assert point.mean(kpi) == pytest.approx(float(mean(outcome.kpi(kpi))), rel=1e-9)


def test_its_end_is_as_good_as_the_optimiser_is_alone(fixes: Scenario, found: Frontier) -> None:
    alone = optimize(fixes, budget=8e7, **FEW).to_json()["objective"]["after"]
    assert max(point.mean("net_gmv") for point in found.points) == pytest.approx(alone, rel=2e-3)


def test_the_contract(fixes: Scenario, found: Frontier) -> None:
    rows = found.to_json()
    assert [row["point"] for row in rows] == list(range(1, len(rows) + 1))
    assert set(rows[0]) == {"point", "kpis", "levers", "digest"}
    assert set(rows[0]["kpis"]) == set(KPIS) and set(rows[0]["levers"]) == set(fixes.levers)
    assert found.at_hand.plan.digest == fixes.digest
    assert found.baseline.mean("plan_cost") == 0.0


def test_the_same_again(fixes: Scenario, found: Frontier) -> None:
    assert frontier(fixes, budget=8e7, points=4, **FEW).to_json() == found.to_json()


def test_limits_hold_for_every_plan(fixes: Scenario) -> None:
    held = frontier(fixes, budget=8e7, points=3, limits=["return_rate <= 0.29"], levers=["returns.filter_strength"], **FEW)
    assert held.points and held.at_hand.mean("return_rate") < 0.29 < held.baseline.mean("return_rate") + 0.01
    assert all(point.mean("return_rate") <= 0.29 for point in held.points)


def test_without_a_budget_half_as_much_again_as_the_plan_costs(fixes: Scenario) -> None:
    cost = float(mean(run(fixes, **FEW).kpi("plan_cost")))
    found = frontier(fixes, points=3, levers=["service.seats"], **FEW)
    assert found.asked.budget == pytest.approx(1.5 * cost, rel=0.05)  # two digits


@pytest.mark.parametrize(
    ("task", "says", "code"),
    [
        ({"points": 2}, "3 to 60 is allowed", 2),
        ({"budget": 0.0}, "there is no frontier of costs", 2),
        ({"budget": -3.0}, "-3 is no budget", 2),
        ({"limits": ["return_rate <= 0.02"]}, "No plan within the bounds reaches return_rate <= 0.02", 3),
    ],
)
def test_senseless_questions_get_one_sentence(fixes: Scenario, task: dict, says: str, code: int) -> None:
    with pytest.raises(UserError, match=says) as refused:
        frontier(fixes, **task, **FEW)
    assert refused.value.exit_code == code

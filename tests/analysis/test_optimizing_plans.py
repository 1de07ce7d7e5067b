"""What the optimiser is asked: its levers, bounds and limits, and what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from sim.analysis.goals import Target
from sim.analysis.optimizing.explaining import money_of
from sim.analysis.optimizing.plans import limit_of, priced, question, search_draws, space_of
from sim.errors import UserError
from sim.parameters import registry
from sim.scenario import Scenario, load
from tests.worlds import plan

LEVERS = {"payment.redirects": 3, "service.seats": 24, "returns.filter_strength": 0.6, "detail_page.fold_depth": 2.0}


@pytest.fixture(scope="module")
def fixes() -> Scenario:
    return plan(LEVERS, days=7)


def test_by_default_the_levers_that_the_plan_moves_else_all_with_a_price(fixes: Scenario) -> None:
    assert set(question(fixes).levers) == set(LEVERS)
    every = question(plan(days=7)).levers
    assert "traffic.discount" not in every and len(every) == sum(priced(lever) for lever in registry().levers)
    assert question(fixes, levers=["all"]).levers == every
    assert question(fixes, levers=["traffic.discount"]).levers == ("traffic.discount",)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"objective": "net_gvm"}, 'there is no figure "net_gvm"'),
        ({"objective": "plan_cost"}, "the cheapest plan is to change nothing"),
        ({"budget": -1.0}, "-1 is no budget"),
        ({"budget": float("nan")}, "nan is no budget"),
        ({"risk": "median"}, 'there is no "median"'),
        ({"risk": "probability"}, "needs a --goal"),
        ({"goal": "net_gmv >= 1e9"}, "only --risk probability aims at a goal"),
        ({"risk": "probability", "goal": "net_gmv >= 1e9", "objective": "gmv"}, "only the goal is needed"),
        ({"risk": "probability", "goal": "net_gmv >= 22%"}, "not in '%'"),
        ({"limits": ["return_rate <= 22"]}, "is a share"),
        ({"limits": ["return_rate <= 0.22 @ 1.5"]}, "a probability of 1.5"),
        ({"limits": ["return_rate <= 0.22 @ high"]}, "is no probability"),
        ({"limits": ["return_rat <= 0.22"]}, "Did you mean"),
        ({"levers": ["service.seat"]}, 'Did you mean "service.seats"?'),
        ({"bounds": {"service.seats": (3.0, 20.0)}}, "reaches outside 5 to 80"),
        ({"bounds": {"service.seats": (30.0, 20.0)}}, "is no range"),
        ({"bounds": {"service.seats": (20.2, 20.8)}}, "there is none from 20.2 to 20.8"),
        ({"bounds": {"traffic.drama": (0.0, 1e6)}}, "is not among the levers to decide"),
        ({"bounds": {"service.seets": (0.0, 1e6)}}, "is no lever"),
        ({"most_levers": 0}, "1 to 33 is allowed"),
        ({"most_levers": 1, "bounds": {"payment.redirects": (4.0, 6.0)}}, "which has payment.redirects at 3: its --bounds must include"),
    ],
)
def test_senseless_questions_get_one_sentence(fixes: Scenario, task: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as refused:
        question(fixes, **task)
    assert says in refused.value.message
    assert refused.value.exit_code == 2


def test_a_limit_as_typed() -> None:
    assert limit_of("return_rate <= 22% @ 80%") == Target(kpi="return_rate", sense="at_most", value=0.22, probability=0.8)
    assert limit_of("net_gmv >= 600亿", probability=0.9).probability == 0.9
    assert limit_of("net_gmv >= 600亿").probability is None


def test_draws_of_the_search_follow_the_work_and_not_the_clock() -> None:
    short, long = question(plan(LEVERS, days=7)), question(load("next_stage"))
    assert search_draws(short, space_of(short), 1000) == 256
    assert search_draws(long, space_of(long), 1000) == 64
    assert search_draws(short, space_of(short), 40) == 40


def test_the_amount_that_is_asked_about_suits_the_budget() -> None:
    assert money_of(question(plan(LEVERS), budget=1.2e9), 0.0) == 1e6
    assert money_of(question(plan(LEVERS), budget=300_000.0), 0.0) == 10_000.0
    assert money_of(question(plan(LEVERS)), 0.0) == 1e6

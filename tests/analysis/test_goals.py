"""Goals as planners type them, and what an uncertain figure is judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.goals import Target, checked, judged, target_of, targets_of
from sim.errors import UserError
from sim.scenario import Goal
from tests.worlds import plan


@pytest.mark.parametrize(
    ("text", "kpi", "sense", "value"),
    [
        ("net_gmv >= 6e10", "net_gmv", "at_least", 6e10),
        ("net_gmv>=600亿", "net_gmv", "at_least", 6e10),
        ("gmv ≥ 60 bn", "gmv", "at_least", 6e10),
        ("return_rate <= 22%", "return_rate", "at_most", 0.22),
        ("return_rate ≤ 0.22", "return_rate", "at_most", 0.22),
        ("paid_orders >= 1,200,000", "paid_orders", "at_least", 1.2e6),
        ("contribution >= -2亿", "contribution", "at_least", -2e8),
        ("plan_cost <= 5_000万", "plan_cost", "at_most", 5e7),
        ("roi >= 2.5", "roi", "at_least", 2.5),
    ],
)
def test_a_target_is_read(text: str, kpi: str, sense: str, value: float) -> None:
    target = target_of(text, option="--goal")
    assert (target.kpi, target.sense) == (kpi, sense) and target.value == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not of the form"),
        ("net_gmv", "is not of the form"),
        ("net_gmv > 5", "write >= or <="),
        ("net_gmw >= 5", 'Did you mean "net_gmv"?'),
        ("net_gmv >= much", "not a finite number"),
        ("net_gmv >= 1e999", "not a finite number"),
        ("net_gmv >= 5 %", "net_gmv is in CNY"),
        ("return_rate <= 22", "22 % is written 0.22"),
        ("return_rate <= 3亿", "return_rate is in share"),
        ("net_gmv >= 1e17", "beyond anything"),
    ],
)
def test_a_target_that_makes_no_sense_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UserError, match=r"^--goal: ") as refused:
        target_of(text, option="--goal")
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("probability", [0.0, 1.0, 1.5, -0.2, float("nan")])
def test_a_probability_lies_between_0_and_1(probability: float) -> None:
    with pytest.raises(UserError, match="above 0 and below 1"):
        checked(Target(kpi="gmv", sense="at_least", value=1.0, probability=probability), option="--probability")


def test_goals_of_a_file_become_targets() -> None:
    goals = {"net_gmv": Goal(at_least=6e10, probability=0.8), "return_rate": Goal(at_most=0.25)}
    first, second = targets_of(replace(plan(days=5), goals=goals))
    assert (first.sense, first.value, first.probability) == ("at_least", 6e10, 0.8)
    assert (second.sense, second.value, second.probability) == ("at_most", 0.25, None)


def test_the_slack_is_that_of_the_draw_on_which_it_hangs() -> None:
    values = np.arange(10.0)  # seven of ten are at least 3: with 70 % the draw of 3 decides
    assert Target(kpi="gmv", sense="at_least", value=2.5, probability=0.7).slack(values) == 0.5
    assert Target(kpi="gmv", sense="at_least", value=2.5, probability=0.8).slack(values) == -0.5
    assert Target(kpi="return_rate", sense="at_most", value=0.5, probability=0.1).slack(values) == 0.5
    assert Target(kpi="gmv", sense="at_least", value=4.0).slack(values) == 0.5  # mean 4.5


shares = st.floats(0.01, 0.99)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(-1e6, 1e6), shares, st.sampled_from(["at_least", "at_most"]))
def test_reached_is_what_counting_says(values: list[float], value: float, probability: float, sense: str) -> None:
    target = Target(kpi="gmv", sense=sense, value=value, probability=probability)
    draws = np.array(values)
    assert bool(target.reached(draws)) == (np.count_nonzero(target.met(draws)) >= probability * draws.size - 1e-9)


def test_judgements() -> None:
    values = np.arange(1.0, 11.0)  # 1 … 10: mean 5.5, type-7 p10 = 1.9, worst tenth = 1
    assert judged(values, "gmv", "mean") == 5.5 and judged(values, "return_rate", "mean") == -5.5
    assert judged(values, "gmv", "p10") == pytest.approx(1.9) and judged(values, "return_rate", "p10") == pytest.approx(-9.1)
    assert judged(values, "gmv", "cvar10") == 1.0 and judged(values, "return_rate", "cvar10") == -10.0
    assert judged(values, "gmv", "probability", Target(kpi="gmv", sense="at_least", value=7.0)) == 0.4
    table = np.stack([values, 2 * values])
    assert judged(table, "gmv", "cvar10").tolist() == [1.0, 2.0]

"""Every lever: felt after its start, silent before it, and in the direction that the registry declares."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from sim.engine import run
from sim.parameters import Parameter, registry
from sim.scenario import LeverSetting
from tests.worlds import plan

LEVERS = registry().levers
START = date(2023, 7, 1)
DAYS = 40
DRAWS = 256
BASE = run(plan(days=DAYS), draws=DRAWS, noise=False)


def halfway(lever: Parameter) -> float:
    """Half the way from the baseline to the end of the bounds that is farther away: the direction is told by the sign."""
    low, high = lever.bounds
    end = high if high - lever.value >= lever.value - low else low
    target = lever.value + 0.5 * (end - lever.value)
    return round(target) if lever.whole else target


def setting(lever: Parameter, *, start: int = 0) -> LeverSetting:
    return LeverSetting(amount=halfway(lever), start=START + timedelta(days=start), ramp_days=lever.min_ramp_days)


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)
def test_orders_before_the_start_are_untouched_to_their_last_refund(lever: Parameter) -> None:
    late = run(plan(days=DAYS, levers={lever.name: setting(lever, start=20)}), draws=64, seed=2)
    base = run(plan(days=DAYS), draws=64, seed=2)
    for name in ("viewers", "orders", "gmv", "net_gmv", "shipped", "returned", "refunds", "score", "wait_s"):
        assert np.array_equal(late.day(name)[:20], base.day(name)[:20]), name
    assert np.array_equal(late.day("refunds_by_date")[:21], base.day("refunds_by_date")[:21])
    changed = [name for name in ("viewers", "orders", "gmv", "net_gmv") if not np.array_equal(late.day(name), base.day(name))]
    assert changed or not np.array_equal(late.kpi("contribution"), base.kpi("contribution")), "an inert lever"


@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever.expect != "either"], ids=lambda lever: lever.name)
def test_net_gmv_moves_as_the_registry_says_in_every_draw(lever: Parameter) -> None:
    moved = run(plan(days=DAYS, levers={lever.name: setting(lever)}), draws=DRAWS, noise=False)
    gain = moved.kpi("net_gmv") - BASE.kpi("net_gmv")
    sign = {"+": 1.0, "-": -1.0}[lever.expect] * np.sign(halfway(lever) - lever.value)
    assert np.all(sign * gain >= 0.0), f"worst {float((sign * gain).min()):.3g} CNY"
    assert np.mean(sign * gain > 0.0) > 0.5


@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever.expect == "either"], ids=lambda lever: lever.name)
def test_levers_that_cut_both_ways_do(lever: Parameter) -> None:
    assert lever.name.partition(".")[2] in ("filter_strength", "ar_tryon", "premium_courier_share", "discount") and lever.reason
    gain = run(plan(days=DAYS, levers={lever.name: setting(lever)}), draws=DRAWS, noise=False).kpi("net_gmv") - BASE.kpi("net_gmv")
    assert np.any(gain > 0.0) and np.any(gain < 0.0)


def test_a_lever_at_its_registry_value_is_no_lever() -> None:
    still = plan(days=DAYS).with_levers({lever.name: lever.value for lever in LEVERS})
    assert not still.moved
    assert np.array_equal(run(still, draws=16).kpi("net_gmv"), run(plan(days=DAYS), draws=16).kpi("net_gmv"))


def test_ar_does_nothing_in_some_draws() -> None:
    gain = run(plan({"detail_page.ar_tryon": 1.0}, days=10), draws=DRAWS, noise=False).kpi("net_gmv") - run(
        plan(days=10), draws=DRAWS, noise=False
    ).kpi("net_gmv")
    assert 0.1 < np.mean(gain == 0.0) < 0.3


@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever.expect in "+-"], ids=lambda lever: lever.name)
def test_going_farther_never_does_less(lever: Parameter) -> None:
    low, high = (sorted((lever.bounds[0], lever.value)) if lever.expect == "-" else (lever.value, lever.bounds[1]))
    steps = [low + part * (high - low) for part in (0.0, 0.34, 0.67, 1.0)]
    if lever.whole:
        steps = sorted({round(step) for step in steps})
    net = [run(plan({lever.name: step}, days=12), draws=64, noise=False).kpi("net_gmv") for step in steps]
    for before, after in pairwise(net):
        slope = after - before if lever.expect == "+" else before - after
        assert np.all(slope >= -1e-9 * before)

from __future__ import annotations

import numpy as np
import pytest

from sim.model import memory, money
from sim.model.closure import solve
from sim.model.funnel import project
from tests.worlds import lanes, run_lanes


def test_a_perfect_day_earns_five_stars_and_a_hopeless_one_a_single_star() -> None:
    shop = memory.experience(lanes(central=True), recovery=0.0, bot=0.0)
    assert shop.score(description_rate=0.0, abandoned=0.0, shipped_24h=1.0) == pytest.approx(5.0)
    assert shop.score(description_rate=1.0, abandoned=1.0, shipped_24h=0.0) == pytest.approx(1.0)


def test_half_a_star_is_five_percent_of_earned_viewers() -> None:
    assert memory.score_factor(lanes(central=True), 0.5) == pytest.approx(1.05, abs=5e-5)


def test_the_baseline_stands_still() -> None:
    closure = solve(lanes(count=128))
    daily = project(lanes(count=128), closure).daily
    for name in ("viewers", "gmv", "net_gmv", "returned"):
        assert daily[name] == pytest.approx(np.broadcast_to(daily[name][0], daily[name].shape), rel=1e-12)
    assert daily["score"] == pytest.approx(np.broadcast_to(closure.score, daily["score"].shape), rel=1e-12)


def test_both_feedbacks_together_gain_less_than_one() -> None:
    """A burst of viewers for ten days fades: in every draw the echo of later days is smaller than what caused it."""
    days = 240
    world = lanes(count=256, days=days)
    base = run_lanes(world).daily["viewers"]
    burst = lanes(count=256, days=days)
    burst.calendar.traffic[:10] = 1.5
    echo = run_lanes(burst).daily["viewers"] / base - 1.0
    # Impulse response: total echo after the burst over the burst itself is gain/(1 - gain); 1 would be a gain of one half.
    gain = np.abs(echo[10:]).sum(axis=0) / echo[:10].sum(axis=0)
    assert np.all(gain < 1.0)
    assert np.all(np.abs(echo[-1]) < 0.01 * echo[0])


def test_break_even_roi() -> None:
    # 1 / (0.30 * 0.95) = 3.51
    assert money.break_even_roi(0.30, 0.05) == pytest.approx(3.51, abs=5e-3)


def test_the_contribution_of_one_order_adds_up_by_hand() -> None:
    # 100 CNY of net GMV at a list price of 125: goods cost 125 * 0.55 = 68.75, so 31.25 is left.
    world = lanes(central=True)
    margin = money.gross_margin(world, 100.0) - money.price_cuts(world, 125.0, 100.0)
    assert margin == pytest.approx(100.0 - 125.0 * 0.55)
    # 100 CNY of goods sent back cost 17 % of their cost price; 100 CNY refunded without the goods cost all of it.
    assert money.goods_lost(world, sent_back=100.0, refund_only=0.0) == pytest.approx(0.55 * 17.0)
    assert money.goods_lost(world, sent_back=0.0, refund_only=100.0) == pytest.approx(55.0)


def test_the_baseline_loses_money_to_ads_at_an_average_roi_of_1_8() -> None:
    totals = run_lanes(lanes(central=True)).totals
    assert float(totals["paid_gmv"][0] / totals["ad_spend"][0]) == pytest.approx(1.8)
    lines = {name: totals.get(f"money.{name}", np.zeros(1)) for name in money.LINES}
    left = float(money.contribution(lines)[0])
    assert left < 0.0 < left + float(totals["ad_spend"][0])


def test_commission_on_refunds_is_a_switch() -> None:
    off, on = lanes(central=True), lanes(central=True)
    on.values["money.commission_on_refunds"] = 1.0
    assert run_lanes(on).totals["host_commission"][0] > run_lanes(off).totals["host_commission"][0]

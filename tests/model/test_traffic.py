from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model import traffic
from sim.model.closure import solve
from sim.model.world import PAID
from tests.worlds import lanes, run_lanes


def test_a_programme_saturates() -> None:
    assert float(traffic.saturating(0.0, 10e6)) == 0.0
    assert float(traffic.saturating(10e6, 10e6)) == pytest.approx(1.0 - np.exp(-1.0))
    assert float(traffic.saturating(1e12, 10e6)) == 1.0


def test_grade_mix_of_the_baseline_changes_nothing_and_more_s_hosts_convert_better() -> None:
    assert traffic.host_mix(lanes(central=True), 0) == (1.0, 1.0)
    better, dearer = traffic.host_mix(lanes({"traffic.s_host_share": 0.10}, central=True), 0)
    # S .05->.10, C .60->.55: (.1*7.8 + .1*5.5 + .25*4.5 + .55*3.5) / (.05*7.8 + .1*5.5 + .25*4.5 + .6*3.5) = 4.38/4.165
    assert better == pytest.approx(4.38 / 4.165)
    assert dearer > 1.0


def test_without_a_price_that_rises_with_volume_half_saturation_is_a_third() -> None:
    # elasticity 0.12 over a paid share of 0.35: K/(K + I0) = 0.343
    assert float(traffic.half_saturation(0.12, 0.35, 0.0)) == pytest.approx(0.343, abs=5e-4)


@given(st.floats(0.05, 0.24), st.floats(0.28, 0.45), st.floats(0.0, 1.0))
def test_the_paid_feed_has_the_elasticity_it_was_given(elasticity: float, paid_share: float, part: float) -> None:
    g = part * float(traffic.volume_price_ceiling(elasticity, paid_share, limit=0.4, room=0.95))
    saturation = float(traffic.half_saturation(elasticity, paid_share, g))
    assert 0.0 < saturation < 1.0
    step = 1e-6
    up, down = (float(traffic.paid_response(np.array(1.0 + d), 1.0, saturation, g)) for d in (step, -step))
    assert paid_share * (up - down) / (2.0 * step) == pytest.approx(elasticity, rel=1e-6)


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_more_spend_never_brings_fewer_viewers(one: float, other: float) -> None:
    low, high = sorted((one, other))
    response = [float(traffic.paid_response(np.array(x), 1.0, 0.34, 0.2)) for x in (low, high)]
    assert response[0] <= response[1]


def test_no_spend_no_paid_viewers() -> None:
    assert float(traffic.paid_response(np.array(0.0), 1.0, 0.34, 0.2)) == 0.0


def test_a_dearer_market_buys_fewer_impressions() -> None:
    assert float(traffic.paid_response(np.array(1.0), 1.42, 0.34, 0.2)) < 1.0


def test_marginal_gmv_of_an_advertising_yuan_is_about_sixty_fen() -> None:
    # elasticity 0.12 * 85 bn / 16.5 bn = 0.62
    world = lanes(central=True)
    closure = solve(world)
    spend = float(closure.ad_spend[0]) * 92
    more = run_lanes(lanes({"traffic.paid_budget": 1.05}, central=True))
    direct = float(closure.channel_gmv[PAID][0]) * 92 * 0.12 / float(closure.channel_gmv[PAID][0] / closure.channel_gmv.sum(axis=0)[0])
    assert spend == pytest.approx(16.5e9, rel=0.01)
    assert direct / spend == pytest.approx(0.62, abs=0.01)
    gained = float(more.totals["gmv"][0]) - 85e9
    assert 0.4 < gained / (0.05 * spend) < 0.75


def test_ad_effect_carries_over_and_fades() -> None:
    world = lanes({"traffic.paid_budget": 2.0}, central=True, days=60)
    pulse = world.moves["traffic.paid_budget"].reach.copy()
    pulse[10:] = 0.0
    world = replace(world, moves={"traffic.paid_budget": replace(world.moves["traffic.paid_budget"], reach=pulse)})
    viewers = run_lanes(world).daily["viewers"][:, 0]
    base = run_lanes(lanes(central=True, days=60)).daily["viewers"][:, 0]
    lift = viewers / base - 1.0
    assert lift[0] < lift[9] and lift[9] > lift[12] > lift[20] > 0.0


def test_channels_feel_only_their_own_levers() -> None:
    changed = {
        "traffic.store_live_hours": {"store_live"},
        "traffic.knowledge": {"short_video"},
        "traffic.private_domain": {"private_domain"},
        "traffic.original_share": set(traffic.ORGANIC),
        "traffic.prime_time_share": {"host_live", "store_live"},
    }
    from sim.model.world import MAIN_CHANNELS

    for lever, channels in changed.items():
        world = lanes(central=True)
        target = world.levels[lever] * 1.1 or 10e6
        factors = traffic.channel_factors(lanes({lever: target}, central=True), 5)[:, 0]
        assert {name for name, factor in zip(MAIN_CHANNELS, factors, strict=True) if factor != 1.0} == channels

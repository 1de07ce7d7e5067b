from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from sim.errors import UserError
from sim.model import fulfilment
from sim.model.fulfilment import Fulfilment
from tests.worlds import lanes

MEANS = np.array([44.67, 56.22, 66.69, 76.40])
BANDS = np.array([0.36, 0.34, 0.22, 0.08])


def parcels(**levers: float) -> Fulfilment:
    return Fulfilment(lanes({f"fulfilment.{name}": value for name, value in levers.items()}, central=True))


def test_handling_median_and_the_48_hour_alarm() -> None:
    # 24 h * exp(-0.6128 * 0.9) = 13.83 h; P(H > 48 h) = 8.3 %
    median = fulfilment.handling_median(0.73, 24.0, 0.9)
    assert float(median) == pytest.approx(13.83, abs=0.005)
    assert parcels().unshipped_at_alarm(0) == pytest.approx(0.083, abs=5e-4)


def test_transit_spread_is_the_smaller_root() -> None:
    sigma = fulfilment.transit_spread(MEANS, BANDS, 72.0, 0.7867)
    assert sigma == pytest.approx(0.394, abs=5e-4)
    arrived = ndtr((np.log(72.0 / MEANS) + sigma**2 / 2) / sigma)
    assert float(BANDS @ arrived) == pytest.approx(0.7867, abs=1e-12)


def test_a_share_that_no_spread_delivers_is_refused() -> None:
    with pytest.raises(UserError, match="no spread"):
        fulfilment.transit_spread(MEANS, BANDS, 72.0, 0.05)


def test_the_lag_is_three_days_in_the_middle_after_truncation() -> None:
    lag = fulfilment.lag_days(7.0, 3.0, 0.7)
    assert lag.sum() == pytest.approx(1.0, abs=1e-12)
    assert lag[:3].sum() == pytest.approx(0.5, abs=1e-9)  # the median day ends at 3 d


def test_arrival_is_a_distribution_over_handling_and_transit() -> None:
    # A Monte Carlo of two million parcels against the quadrature, four standard errors.
    rng = np.random.default_rng(5)
    hours = 13.83 * np.exp(0.9 * rng.standard_normal(2_000_000)) + 50.0 * np.exp(0.394 * rng.standard_normal(2_000_000))
    for limit in (24.0, 72.0, 96.0, 200.0):
        exact = float(fulfilment.arrival_share(limit, 13.83, np.array([50.0]), 0.9, 0.394)[0])
        assert exact == pytest.approx(float(np.mean(hours <= limit)), abs=4 * np.sqrt(exact * (1 - exact) / 2e6) + 1e-7)


def test_a_cohort_settles_fully() -> None:
    for levers in ({}, {"shipped_24h_share": 0.9}, {"front_warehouses": 10.0, "premium_courier_share": 1.0}):
        delivery = parcels(**levers).on(5)
        assert delivery.refund_day.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.all(delivery.refund_day >= 0.0) and delivery.refund_day[0] == 0.0


def test_each_shipping_lever_makes_fewer_parcels_late() -> None:
    usual = parcels().on_baseline()
    faster = parcels(shipped_24h_share=0.9).on(0)
    assert usual.shipped_late == pytest.approx(0.27) and faster.shipped_late == pytest.approx(0.10)
    for levers in ({"shipped_24h_share": 0.9}, {"front_warehouses": 2.0}, {"premium_courier_share": 0.2}):
        assert parcels(**levers).on(0).delivered_late < usual.delivered_late


def test_warehouses_move_orders_to_nearer_bands_and_lose_none() -> None:
    moved = fulfilment.nearer_bands(BANDS, 0.10)
    assert moved.sum() == pytest.approx(1.0, abs=1e-15)
    # 0.10 of all orders move, in the proportions 34 : 22 : 8; the nearest band gains the second's part
    assert moved[0] == pytest.approx(0.36 + 0.10 * 34 / 64)
    assert np.all(np.cumsum(moved) >= np.cumsum(BANDS) - 1e-15)


def test_a_strike_stretches_transit() -> None:
    world = lanes(central=True)
    world.calendar.transit[:] = 1.5
    assert Fulfilment(world).on(0).delivered_late > parcels().on_baseline().delivered_late


def test_the_five_nodes_add_up_to_the_whole_way() -> None:
    nodes = parcels().nodes(0)
    handling = 24.0 * np.exp(-0.612813 * 0.9) * np.exp(0.81 / 2)
    assert sum(nodes.values()) == pytest.approx(handling + float(BANDS @ MEANS), rel=1e-6)
    assert float(BANDS @ MEANS) == pytest.approx(56.0, abs=0.05)

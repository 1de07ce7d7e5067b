from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model import noise
from sim.model.closure import solve
from sim.model.noise import StepNoise
from tests.worlds import lanes


def drawn(count: int = 4096):
    world = lanes(count=count, noise=True, days=30)
    closure = solve(world)
    return world, closure, noise.day_to_day(world, closure.rates(world), closure.entrants())


def test_paths_are_stationary_with_the_persistence_asked_for() -> None:
    world, _, _ = drawn()
    path = noise.persistent(world, "stay")
    phi = world["noise.persistence_stay"]
    assert path[0].std() == pytest.approx(1.0, abs=0.05) and path[-1].std() == pytest.approx(1.0, abs=0.05)
    assert np.mean(path[1:] * path[:-1]) == pytest.approx(np.mean(phi), abs=0.03)


def test_noise_keeps_the_mean() -> None:
    _, closure, made = drawn(16384)
    assert made.traffic.mean() == pytest.approx(1.0, abs=0.01)
    assert (closure.page.stay**made.stay).mean() == pytest.approx(0.38, abs=0.004)
    assert np.mean(closure.checkout.paid**made.pay) == pytest.approx(0.78, abs=0.004)


def test_a_day_varies_by_fifteen_percent_of_the_smaller_side() -> None:
    _, closure, made = drawn(16384)
    stay = closure.page.stay**made.stay
    assert (stay.std(axis=1) / 0.38).mean() == pytest.approx(0.15, abs=0.015)  # 0.38 is the smaller of 0.38 and 0.62


@given(st.floats(0.01, 0.95), st.floats(0.0, 0.99), st.floats(-3.0, 3.0), st.floats(0.0, 0.3))
def test_no_rate_is_carried_above_one(rate: float, plan: float, eps: float, variance: float) -> None:
    step = StepNoise(odds=np.array([[np.exp(eps)]]), variance=np.array([variance]), rate=rate)
    factor = float(noise.rate_factor(step, 0, np.array([plan]))[0])
    assert 0.0 < factor * max(rate, plan) < 1.0


def test_count_noise_matters_for_a_small_shop_and_vanishes_for_the_platform() -> None:
    world, closure, _ = drawn(64)
    platform = noise.step_noise(world, "pay", 0.78, closure.flows["orders"])
    shop = noise.step_noise(world, "pay", 0.78, np.full(64, 30.0))
    assert np.all(shop.variance - platform.variance == pytest.approx(1 / (30.0 * 0.78 * 0.22), rel=1e-3))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model import noise
from sim.model.closure import solve
from sim.model.noise import PAY, STAY, SUBMIT, TRAFFIC
from tests.worlds import lanes


def drawn(count: int = 4096):
    world = lanes(count=count, noise=True, days=30)
    closure = solve(world)
    return world, closure, noise.day_to_day(world, closure.rates(world), closure.entrants()).keeping().kept


def test_paths_are_stationary_with_the_persistence_asked_for() -> None:
    world, closure, made = drawn(16384)
    stay = closure.page.stay**made[:, STAY]
    # On a platform all but a thousandth of ln x is the path: its sd is cv/max(p, 1 - p), its lag-one correlation the persistence.
    usual = np.log(closure.page.stay / (1.0 - closure.page.stay))
    spread = world["noise.cv_stay"] / np.maximum(closure.page.stay, 1.0 - closure.page.stay)
    path = (np.log(stay / (1.0 - stay)) - usual + (1.0 - 2.0 * closure.page.stay) * spread**2 / 2.0) / spread
    assert path[0].std() == pytest.approx(1.0, abs=0.03) and path[-1].std() == pytest.approx(1.0, abs=0.03)
    assert np.mean(path[1:] * path[:-1]) == pytest.approx(np.mean(world["noise.persistence_stay"]), abs=0.03)


def test_one_normal_a_day_has_the_covariances_of_path_and_counting() -> None:
    """ARMA(1,1) in closed form: variance and the covariances of any two days, from the start on, whatever share counting has."""
    phi, path, white = np.array([[0.6], [0.6], [0.6], [0.0], [0.95]]), 0.15, np.array([[0.0], [0.01], [0.7], [0.2], [0.1]])
    settings = {name: np.zeros((5, 1)) for name in ("shift", "rate")}
    made = noise.Noise(shocks=None, length=1, persistence=phi, spread=np.full((5, 1), path), spread_count=white, **settings)
    start, sd, kick = made.steps()
    assert start**2 + sd**2 == pytest.approx(path**2 + white**2, rel=1e-12)
    assert phi**2 * start**2 + kick**2 == pytest.approx(start**2, rel=1e-12, abs=1e-15)  # the next day's start is as wide as the first's
    assert phi * start**2 + kick * sd == pytest.approx(phi * path**2, rel=1e-12)  # from a day to the next; from then on times phi a day


def test_noise_keeps_the_mean() -> None:
    _, closure, made = drawn(16384)
    assert made[:, TRAFFIC].mean() == pytest.approx(1.0, abs=0.01)
    assert (closure.page.stay**made[:, STAY]).mean() == pytest.approx(0.38, abs=0.004)
    assert np.mean(closure.checkout.paid**made[:, PAY]) == pytest.approx(0.78, abs=0.004)


def test_a_day_varies_by_fifteen_percent_of_the_smaller_side() -> None:
    _, closure, made = drawn(16384)
    stay = closure.page.stay**made[:, STAY]
    assert (stay.std(axis=1) / 0.38).mean() == pytest.approx(0.15, abs=0.015)  # 0.38 is the smaller of 0.38 and 0.62


@given(st.floats(0.01, 0.95), st.floats(0.0, 0.99), st.floats(-3.0, 3.0), st.floats(0.0, 0.3))
def test_no_rate_is_carried_above_one(rate: float, plan: float, eps: float, variance: float) -> None:
    settings = {name: np.zeros((6, 1)) for name in ("persistence", "spread", "spread_count", "shift", "rate")}
    settings["spread"][SUBMIT], settings["rate"][SUBMIT] = np.sqrt(variance), rate
    made = noise.Noise(shocks=None, length=1, **settings)
    factor = float(noise.rate_factor(made, SUBMIT, np.array([plan])).at(np.exp(-eps))[0])
    assert 0.0 < factor * max(rate, plan) < 1.0


def test_count_noise_matters_for_a_small_shop_and_vanishes_for_the_platform() -> None:
    _, closure, _ = drawn(64)
    (day, platform), (same, shop) = (noise.step_variance(0.15, 0.78, entrants) for entrants in (closure.flows["orders"], np.full(64, 30.0)))
    assert day == same == pytest.approx((0.15 / 0.78) ** 2)
    assert np.all(shop - platform == pytest.approx(1 / (30.0 * 0.78 * 0.22), rel=1e-3))

from __future__ import annotations

import numpy as np
import pytest

from sim import draws
from sim.draws import Range, quantile
from sim.parameters import registry


def test_more_draws_extend_and_never_reshuffle() -> None:
    few, many = draws.uniforms(7, "a.b", 0, 300), draws.uniforms(7, "a.b", 0, 2000)
    assert np.array_equal(few, many[:300])
    assert np.array_equal(draws.uniforms(7, "a.b", 512, 300), many[512:812])


def test_a_longer_horizon_extends_the_noise() -> None:
    short, long = draws.normals(7, "stay/day", 0, 100, 30), draws.normals(7, "stay/day", 256, 100, 90)
    assert np.array_equal(draws.normals(7, "stay/day", 0, 400, 90)[:30, :100], short)
    assert np.array_equal(draws.normals(7, "stay/day", 0, 400, 90)[:, 256:356], long)


def test_names_and_seeds_own_their_columns() -> None:
    one = draws.uniforms(7, "a.b", 0, 256)
    assert not np.array_equal(one, draws.uniforms(8, "a.b", 0, 256))
    assert not np.array_equal(one, draws.uniforms(7, "a.c", 0, 256))


def test_blocks_start_at_whole_groups() -> None:
    with pytest.raises(ValueError, match="256"):
        draws.uniforms(7, "a.b", 100, 10)


@pytest.mark.parametrize("name", [p.name for p in registry().uncertainties])
def test_every_distribution_stays_in_its_range(name: str) -> None:
    belief = Range.of(registry()[name])
    values = quantile(belief, np.array([2.0**-54, 0.01, 0.5, 0.99, 1 - 2.0**-53]))
    assert np.all(np.diff(values) <= 0.0) if belief.distribution == "chance" else np.all(np.diff(values) > 0.0)
    assert belief.low <= values.min() and values.max() <= belief.high


def test_distributions_meet_their_closed_forms() -> None:
    u = (np.arange(200_000) + 0.5) / 200_000
    pert = Range(distribution="pert", low=1.0, best=2.0, high=5.0)
    assert quantile(pert, u).mean() == pytest.approx((1 + 4 * 2 + 5) / 6, abs=1e-5)
    lognormal = Range(distribution="lognormal", low=50.0, best=100.0, high=200.0)
    assert float(quantile(lognormal, np.array([0.5]))[0]) == pytest.approx(100.0)
    chance = Range(distribution="chance", low=0.0, best=0.8, high=1.0)
    assert quantile(chance, u).mean() == pytest.approx(0.8)
    assert quantile(Range(distribution="uniform", low=3.0, best=3.0, high=3.0), u[:3]).tolist() == [3.0, 3.0, 3.0]

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaincinv

from sim import draws
from sim.draws import Range, quantile
from sim.model.world import STREAMS
from sim.parameters import Parameter, registry

ONE, OTHER = registry().uncertainties[:2]


def drawn(seed: int, parameter: Parameter, first: int, count: int) -> np.ndarray:
    return draws.uniforms(seed, parameter.name, parameter.dimension, first, count)


def test_more_draws_extend_and_never_reshuffle() -> None:
    few, many = drawn(7, ONE, 0, 300), drawn(7, ONE, 0, 2000)
    assert np.array_equal(few, many[:300])
    assert np.array_equal(drawn(7, ONE, 512, 300), many[512:812])


def test_a_column_depends_on_its_own_name_and_number_only() -> None:
    """Pinned: adding or removing any other parameter cannot move these."""
    seen = drawn(1, registry()["payment.typed_card_share"], 0, 3)
    assert registry()["payment.typed_card_share"].dimension == 46
    assert seen.tolist() == [0.5489341741194949, 0.4503025811864063, 0.07164518896024674]


def test_every_column_alone_fills_its_range_evenly() -> None:
    for parameter in registry().uncertainties:
        cells = np.floor(drawn(3, parameter, 0, 1024) * 1024).astype(int)
        assert sorted(cells) == list(range(1024)), parameter.name


def test_pairs_of_columns_are_even_too() -> None:
    """All boxes that cut two columns into 2^a x 2^b, a + b = 4, hold 1,024/16 draws each."""
    columns = [drawn(3, parameter, 0, 1024) for parameter in registry().uncertainties]
    for i, x in enumerate(columns):
        for y in columns[:i]:
            for a in (1, 2, 3):
                box = np.floor(x * 2**a).astype(int) * 2 ** (4 - a) + np.floor(y * 2 ** (4 - a)).astype(int)
                assert np.bincount(box, minlength=16).tolist() == [64] * 16


def test_the_mean_of_a_thousand_draws_errs_ten_times_less() -> None:
    """On a sum of bends in all uncertainties; the model itself is measured by `whatif bench accuracy`."""

    def spread(columns) -> float:
        return float(np.std([np.mean(sum(np.exp(u) for u in columns(seed))) for seed in range(12)]))

    rng = np.random.default_rng(4)
    named = spread(lambda seed: [drawn(seed, p, 0, 1024) for p in registry().uncertainties])
    assert named < spread(lambda seed: rng.random((len(registry().uncertainties), 1024))) / 10


def test_a_longer_horizon_extends_the_noise() -> None:
    whole, short, later = draws.shocks(7, 0, 400, 90), draws.shocks(7, 0, 100, 30), draws.shocks(7, 256, 100, 90)
    assert np.array_equal(whole.on(29)[..., :100], short.on(29)) and np.array_equal(whole.drift[:100], short.drift)
    assert np.array_equal(whole.on(89)[..., 256:356], later.on(89)) and np.array_equal(whole.drift[256:356], later.drift)


def test_names_and_seeds_own_their_columns() -> None:
    one = drawn(7, ONE, 0, 256)
    assert not np.array_equal(one, drawn(8, ONE, 0, 256))
    assert not np.array_equal(one, drawn(7, OTHER, 0, 256))


def test_blocks_start_at_whole_groups() -> None:
    with pytest.raises(ValueError, match="256"):
        drawn(7, ONE, 100, 10)


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


def test_the_beta_table_is_the_beta_quantile() -> None:
    rng = np.random.default_rng(1)
    u = np.concatenate([rng.random(2000), 10.0 ** -rng.uniform(0, 15, 500), 1 - 10.0 ** -rng.uniform(0, 15, 500)])
    for parameter in registry().uncertainties:
        belief = Range.of(parameter)
        if belief.distribution == "pert":
            a, b = draws.pert_shape(belief)
            exact = belief.low + (belief.high - belief.low) * betaincinv(a, b, u)
            assert quantile(belief, u) == pytest.approx(exact, abs=1e-8 * (belief.high - belief.low))


def test_normals_have_mean_zero_and_unit_variance() -> None:
    shocks = draws.shocks(3, 0, 4096, 60)
    values = np.stack([shocks.on(day) for day in range(60)])
    assert values.shape == (60, len(STREAMS), 4096)
    assert np.abs(values.mean(axis=(0, 2))).max() < 0.01 and np.abs(values.std(axis=(0, 2)) - 1.0).max() < 0.01
    assert values.mean() == pytest.approx(0.0, abs=0.01) and values.std() == pytest.approx(1.0, abs=0.01)
    table = draws._normal_table()
    assert table.mean() == pytest.approx(0.0, abs=1e-12) and np.mean(table**2) == pytest.approx(1.0, abs=1e-12)


def test_a_second_sequence_has_dimensions_of_its_own() -> None:
    used = [item.dimension for item in registry().entries if item.uncertain]
    assert max(used) <= draws.SECOND and draws.SECOND + max(used) <= 256
    seed, dimension = draws.second(1, 3)
    first, again = draws.uniforms(1, "x", 3, 0, 4096), draws.uniforms(seed, "x", dimension, 0, 4096)
    assert abs(np.corrcoef(first, again)[0, 1]) < 0.05
    cells = np.histogram2d(first, again, bins=16)[0]  # a net in both together: sixteen points in each of 256 squares, nearly
    assert cells.min() >= 8 and cells.max() <= 24


@pytest.mark.parametrize(("count", "most"), [(256, 0.45), (512, 0.42), (1000, 0.12), (4096, 0.07)])
def test_no_two_assumptions_move_together(count: int, most: float) -> None:
    """Two dimensions whose first digits agree within the first points would have a correlation of 0.75."""
    columns = np.stack([drawn(1, item, 0, count) for item in registry().entries if item.uncertain])
    related = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(related).max() <= most

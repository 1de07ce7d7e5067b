"""Fair shares beside hand results and closed forms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.analysis import shapley


def table(count: int, value) -> np.ndarray:
    """[coalition, draw] from value(members) -> array over draws."""
    coalitions = ([i for i in range(count) if mask >> i & 1] for mask in range(1 << count))
    return np.stack([np.atleast_1d(np.asarray(value(members), dtype=float)) for members in coalitions])


def by_all_orders(values: np.ndarray, count: int) -> np.ndarray:
    """The definition itself: the mean over all n! orders."""
    every = list(permutations(range(count)))
    return sum(shapley.steps(values.__getitem__, order) for order in every) / len(every)


def random_game(count: int, seed: int = 1, draws: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1 << count, draws))


def test_a_product_of_two_factors() -> None:
    # Traffic 100 -> 130, conversion 4 % -> 5 %: from 4.0 to 6.5 orders. By hand: (130-100) x (4 + 5) / 2 % = 1.35, (5-4) % x 115 = 1.15.
    values = table(2, lambda who: (130.0 if 0 in who else 100.0) * (0.05 if 1 in who else 0.04))
    assert shapley.shapley(values)[:, 0] == pytest.approx([1.35, 1.15], rel=1e-12)
    # Together beyond each alone: 30 x 1 % = 0.3.
    assert shapley.interactions(values)[0, 1] == pytest.approx([0.3], rel=1e-12)


def test_gloves_of_which_two_make_a_pair() -> None:
    """The textbook's game: one left glove, two right ones; 2/3, 1/6, 1/6."""
    values = table(3, lambda who: 1.0 if 0 in who and (1 in who or 2 in who) else 0.0)
    assert shapley.shapley(values)[:, 0] == pytest.approx([2 / 3, 1 / 6, 1 / 6], rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_it_is_the_mean_over_all_orders(count: int) -> None:
    values = random_game(count)
    np.testing.assert_allclose(shapley.shapley(values), by_all_orders(values, count), rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 7), seed=st.integers(0, 10_000), scale=st.sampled_from([1e-6, 1.0, 1e10]))
def test_shares_add_up_in_every_draw(count: int, seed: int, scale: float) -> None:
    values = scale * random_game(count, seed)
    total = values[-1] - values[0]
    shares = shapley.evened(shapley.shapley(values), total)
    assert np.all(np.abs(shares.sum(axis=0) - total) <= 1e-9 * np.abs(total))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(2, 7), seed=st.integers(0, 10_000), idle=st.integers(0, 6))
def test_who_changes_nothing_gets_exactly_nothing(count: int, seed: int, idle: int) -> None:
    idle %= count
    values = random_game(count, seed)
    with_it = [mask for mask in range(1 << count) if mask >> idle & 1]
    values[with_it] = values[[mask & ~(1 << idle) for mask in with_it]]
    total = (values[-1] - values[0]) * (1 + 1e-13)  # as rounded elsewhere
    assert np.all(shapley.evened(shapley.shapley(values), total)[idle] == 0.0)
    assert np.all(shapley.steps(values.__getitem__, range(count))[idle] == 0.0)
    assert all(np.all(effect == 0.0) for pair, effect in shapley.interactions(values).items() if idle in pair)
    orders = shapley.orders([str(i) for i in range(count)], seed=seed, pairs=3)
    assert np.all(shapley.sampled(values.__getitem__, orders)[0][idle] == 0.0)


@given(seed=st.integers(0, 10_000))
def test_mirrored_contributors_get_the_same(seed: int) -> None:
    values = random_game(5, seed)

    def swapped(mask: int) -> int:
        one, three = mask >> 1 & 1, mask >> 3 & 1
        return mask & ~0b1010 | three << 1 | one << 3

    values = (values + values[[swapped(mask) for mask in range(32)]]) / 2.0
    shares = shapley.shapley(values)
    np.testing.assert_allclose(shares[1], shares[3], rtol=1e-12, atol=1e-12)


def test_an_order_and_its_reverse_are_exact_for_effects_of_two() -> None:
    """Effects of single contributors and of pairs: each order with its reverse divides them as the exact value does."""
    count, draws = 5, 4
    rng = np.random.default_rng(7)
    single, pair = rng.normal(size=(count, draws)), rng.normal(size=(count, count, draws))

    def value(who: list[int]) -> np.ndarray:
        return sum((single[i] for i in who), np.zeros(draws)) + sum((pair[i, j] for i in who for j in who if i < j), np.zeros(draws))

    values = table(count, value)
    orders = shapley.orders("abcde", seed=3, pairs=1)
    assert orders[1] == orders[0][::-1]
    np.testing.assert_allclose(shapley.sampled(values.__getitem__, orders)[0], shapley.shapley(values), rtol=1e-10, atol=1e-12)


def test_orders_come_near_the_exact_value_and_say_how_near() -> None:
    values = table(6, lambda who: np.exp(0.3 * len(who)) * (1 + 0.5 * (0 in who)) - 0.2 * len(who) ** 3 * (1 in who))
    exact = shapley.shapley(values)[:, 0]
    found, means = shapley.sampled(values.__getitem__, shapley.orders("abcdef", seed=1, pairs=60))
    error = np.std(means, axis=0, ddof=1) / np.sqrt(60)
    assert np.all(np.abs(found[:, 0] - exact) < 4 * error + 1e-12) and np.all(error < 0.7)
    assert found.sum() == pytest.approx(values[-1, 0] - values[0, 0], rel=1e-12)


def test_orders_are_named_chance() -> None:
    assert shapley.orders("abcd", seed=1, pairs=3) == shapley.orders("abcd", seed=1, pairs=3)
    assert shapley.orders("abcd", seed=1, pairs=3)[:4] == shapley.orders("abcd", seed=1, pairs=2)  # more extend them
    assert shapley.orders("abcd", seed=1, pairs=3) != shapley.orders("abcd", seed=2, pairs=3)
    assert shapley.orders("abcd", seed=1, pairs=3) != shapley.orders("abce", seed=1, pairs=3)
    assert all(sorted(order) == [0, 1, 2, 3] for order in shapley.orders("abcd", seed=1, pairs=3))


def test_interactions_of_a_plain_sum_are_nothing_and_of_three_are_shared() -> None:
    plain = shapley.interactions(table(3, lambda who: float(sum(i + 1 for i in who))))
    assert all(abs(effect[0]) < 1e-12 for effect in plain.values())
    three = shapley.interactions(table(3, lambda who: 1.0 if len(who) == 3 else 0.0))
    assert [effect[0] for effect in three.values()] == pytest.approx([0.5, 0.5, 0.5])  # S empty: 0, S the third: 1; each weighs 1/2


def test_a_table_of_no_game_is_refused() -> None:
    with pytest.raises(ValueError, match="3 coalitions"):
        shapley.shapley(np.zeros((3, 2)))

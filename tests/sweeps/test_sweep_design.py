"""Designs: which points they hold, and that each is had from its number alone."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from sim.sweeps.design import Axis, Design, grid_size, tidy

SEATS = Axis(section="levers", name="service.seats", low=14.0, high=40.0)
REDIRECTS = Axis(section="levers", name="payment.redirects", low=1.0, high=8.0, whole=True)
BOT = Axis(section="levers", name="service.bot_resolution", values=(0.3, 0.5, 0.4))


def test_a_grid_is_the_product_and_the_last_axis_moves_fastest() -> None:
    seats = Axis(section="levers", name="service.seats", low=0.1, high=0.7, steps=3)
    design = Design(kind="grid", axes=(BOT, seats), count=grid_size((BOT, seats)))
    assert design.values(0, 99).tolist() == [list(row) for row in itertools.product((0.3, 0.5, 0.4), (0.1, 0.4, 0.7))]


def test_a_large_grid_is_never_built() -> None:
    axes = tuple(Axis(section="levers", name=f"a.{i}", low=0.0, high=1.0, steps=10**6) for i in range(3))
    assert Design(kind="grid", axes=axes, count=10**18).values(10**18 - 1, 8).tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("kind", ["grid", "lhs", "sobol", "list"])
def test_any_part_of_a_design_is_that_part_of_the_whole(kind: str) -> None:
    axes = (BOT, Axis(section="levers", name="service.seats", low=14.0, high=40.0, steps=7))
    rows = tuple((float(i), 1.0) for i in range(21))
    design = Design(kind=kind, axes=axes, count=21, seed=3, rows=rows if kind == "list" else ())
    whole = design.values(0, 21)
    assert whole.shape == (21, 2)
    for first, count in ((0, 1), (5, 7), (20, 1), (17, 100)):
        assert np.array_equal(design.values(first, count), whole[first : first + count])
    again = Design.from_json(design.to_json())
    assert np.array_equal(again.values(0, 21), whole)


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
@pytest.mark.parametrize("count", [1, 2, 3, 100, 128])
def test_points_fill_their_ranges(kind: str, count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = Design(kind=kind, axes=(SEATS, REDIRECTS, BOT), count=count, seed=5).values(0, count)
    assert values.shape == (count, 3)
    assert np.all((values[:, 0] >= 14.0) & (values[:, 0] <= 40.0))
    assert set(values[:, 1]) <= set(range(1, 9))
    assert set(values[:, 2]) <= {0.3, 0.4, 0.5}
    if count >= 100:  # equal parts: none of the eight numbers is rarer than the others
        assert np.all(np.abs(np.bincount(values[:, 1].astype(int))[1:] - count / 8) <= 2)
        assert abs(values[:, 0].mean() - 27.0) < 0.3
    if kind == "lhs":  # one point in each of `count` equal parts of every axis
        assert sorted(np.floor((values[:, 0] - 14.0) / 26.0 * count).astype(int)) == list(range(count))


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_another_seed_is_another_set_of_points(kind: str) -> None:
    one, other = (Design(kind=kind, axes=(SEATS,), count=16, seed=seed).values(0, 16) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_values_are_short_enough_to_type_again() -> None:
    assert tidy(np.array([0.1 + 0.2, 1 / 3, 123456789.123456789, 0.0, -2.5e-7, 1e15])).tolist() == [
        0.3, 0.333333333333, 123456789.123, 0.0, -2.5e-7, 1e15,
    ]


@pytest.mark.parametrize("kind", ["grid", "sobol"])
def test_extremes_hold_the_ends_of_every_axis(kind: str) -> None:
    axes = (BOT, Axis(section="levers", name="service.seats", low=14.0, high=40.0, steps=5))
    design = Design(kind=kind, axes=axes, count=15, seed=1)
    whole, found = design.values(0, 15), design.extremes()
    tried = np.array([design.values(number, 1)[0] for number in found])
    assert np.array_equal(tried.min(axis=0), whole.min(axis=0))
    assert np.array_equal(tried.max(axis=0), whole.max(axis=0))
    assert len(found) <= 6


def test_a_grid_may_have_more_axes_than_an_array() -> None:
    axes = tuple(Axis(section="levers", name=f"a.{i}", values=(1.0, 2.0) if i in (3, 69) else (5.0,)) for i in range(70))
    design = Design(kind="grid", axes=axes, count=4)
    assert design.values(0, 9)[:, [3, 69]].tolist() == [[1.0, 1.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]]
    assert design.values(0, 9).shape == (4, 70)
    assert design.extremes() == [0, 1, 2, 3]


def test_tiny_numbers_stay_numbers() -> None:
    tiny = Axis(section="levers", name="a.b", low=0.0, high=1e-300, steps=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tiny.picked(np.arange(3)).tolist() == [0.0, 5e-301, 1e-300]

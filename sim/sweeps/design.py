"""Which points a sweep visits: a value for each lever or assumption at each point, had from the point's number alone.

A grid is never built, whatever its size. Latin hypercubes and Sobol' points depend on each other, so their floats are kept as one
matrix; it is the only thing that grows with the number of points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, prod
from typing import Any

import numpy as np

from sim.model.world import Array

KINDS = ("grid", "lhs", "sobol", "list")
TINY = 1e-290  # numbers below are left as they are: the scale that cuts them would be infinite
DIGITS = 12  # significant digits of a computed value: a person can type it again, and 0.1 + 0.2 reads 0.3


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A lever or an assumption (`section`) and what it may be: `values`, or `low` to `high` (in a grid: `steps` even ones)."""

    section: str  # "levers" | "assumptions"
    name: str
    values: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    steps: int = 0
    whole: bool = False

    @property
    def size(self) -> int:
        """How many values a grid has along here."""
        return len(self.values) or self.steps

    def picked(self, places: Array) -> Array:
        """The values at these places of a grid, from 0. [point] -> [point]"""
        if self.values:
            return np.asarray(self.values)[places]
        return tidy(self.low + (self.high - self.low) * (places / (self.steps - 1)))

    def at(self, shares: Array) -> Array:
        """The values at these shares of the way from low to high, each in [0, 1). [point] -> [point]

        Listed values, and the whole numbers of a lever that takes no others, get equal parts of the way.
        """
        if self.values:
            return np.asarray(self.values)[np.floor(shares * len(self.values)).astype(int)]
        if self.whole:
            return self.low + np.floor(shares * (self.high - self.low + 1.0))
        return tidy(self.low + shares * (self.high - self.low))


@dataclass(frozen=True, kw_only=True)
class Design:
    """The points of a sweep. `rows` are the points of a list; NaN leaves an assumption as the base has it."""

    kind: str
    axes: tuple[Axis, ...]
    count: int
    seed: int = 1
    rows: tuple[tuple[float, ...], ...] = ()

    def values(self, first: int, count: int) -> Array:
        """The points `first`, `first` + 1 …, counted from 0. [point, axis]"""
        if self.kind != "grid":
            return self._matrix[first : first + count]
        numbers = np.arange(first, min(first + count, self.count))
        columns = []
        for axis in reversed(self.axes):  # the last axis moves fastest; NumPy's own unravel_index knows 64 axes at most
            numbers, places = np.divmod(numbers, axis.size)
            columns.append(axis.picked(places))
        return np.stack(columns[::-1], axis=-1)

    @cached_property
    def _matrix(self) -> Array:
        """All points of a design whose points depend on each other. [point, axis]"""
        if self.kind == "list":
            return np.array(self.rows, dtype=float).reshape(self.count, len(self.axes))
        shares = np.minimum(self._shares(), np.nextafter(1.0, 0.0))
        return np.stack([axis.at(shares[:, place]) for place, axis in enumerate(self.axes)], axis=-1)

    def _shares(self) -> Array:
        """Points of the unit cube. [point, axis]"""
        from scipy.stats import qmc  # 1.4 s, which only these two kinds pay

        chance = np.random.default_rng(self.seed)
        if self.kind == "lhs":
            return qmc.LatinHypercube(len(self.axes), seed=chance).random(self.count)
        # The beginning of a full power of two: the same points, and SciPy does not warn of an odd number.
        return qmc.Sobol(len(self.axes), seed=chance).random_base2((self.count - 1).bit_length())[: self.count]

    def extremes(self) -> list[int]:
        """Points, from 0, at which each axis is smallest and largest, and the two corners of a grid: where trouble is first met."""
        if self.kind == "grid":
            orders = [np.argsort(axis.picked(np.arange(axis.size)), kind="stable") for axis in self.axes]
            sizes = [axis.size for axis in self.axes]
            ends = ([int(order[0]) for order in orders], [int(order[-1]) for order in orders])
            places = [*ends, *([*ends[0][:i], ends[1][i], *ends[0][i + 1 :]] for i in range(len(sizes)))]
            return sorted({_number(place, sizes) for place in places})
        filled = np.nan_to_num(self._matrix)
        return sorted({int(number) for number in (*filled.argmin(axis=0), *filled.argmax(axis=0))})

    def to_json(self) -> dict[str, Any]:
        """The design in plain values, to the last bit."""
        return {
            "kind": self.kind, "points": self.count, "seed": self.seed, "axes": [_axis_json(axis) for axis in self.axes],
            "rows": [[None if value != value else value for value in row] for row in self.rows],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Design:
        """The design that to_json told of; a ValueError, TypeError or KeyError where the values are not of its kind."""
        axes = tuple(_axis_read(axis) for axis in data["axes"])
        rows = tuple(tuple(np.nan if value is None else _finite(value) for value in row) for row in data["rows"])
        design = cls(kind=data["kind"], axes=axes, count=data["points"], seed=data["seed"], rows=rows)
        if not design._agrees():
            raise ValueError("the points do not agree with their number")
        return design

    def _agrees(self) -> bool:
        """Do kind, axes and rows go together, and make `count` points? Anybody may have written them down."""
        names = [axis.name for axis in self.axes]
        if type(self.count) is not int or type(self.seed) is not int or not 0 < len(names) == len(set(names)):
            return False
        if self.kind == "list":
            return self.count == len(self.rows) and all(len(row) == len(names) for row in self.rows)
        if self.kind == "grid":
            return self.count == grid_size(self.axes) and all(axis.values or axis.steps > 1 for axis in self.axes)
        return self.kind in KINDS


def grid_size(axes: Sequence[Axis]) -> int:
    """How many points the product of these axes has, without building any."""
    return prod(axis.size for axis in axes)


def tidy(values: Array) -> Array:
    """Values to DIGITS significant digits."""
    tiny = np.abs(values) < TINY
    safe = np.where(tiny, 1.0, np.abs(values))
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(safe)))
    return np.where(tiny, values, np.round(values * scale) / scale) + 0.0


def _number(places: Sequence[int], sizes: Sequence[int]) -> int:
    """The point, from 0, at these places along the axes of a grid."""
    number = 0
    for place, size in zip(places, sizes, strict=True):
        number = number * size + place
    return number


def _finite(value: object) -> float:
    if type(value) not in (int, float) or not isfinite(value):
        raise ValueError("a finite number is expected")
    return float(value)


def _axis_read(data: Mapping[str, Any]) -> Axis:
    """An axis as _axis_json wrote it."""
    if not isinstance(data.get("values", []), list):
        raise TypeError("a list of values is expected")
    numbers = {key: _finite(data[key]) for key in ("low", "high") if key in data}
    axis = Axis(**{**data, **numbers, "values": tuple(_finite(value) for value in data.get("values", ()))})
    if not isinstance(axis.name, str) or not isinstance(axis.section, str):
        raise TypeError("text is expected")
    if type(axis.steps) is not int or axis.steps < 0 or type(axis.whole) is not bool or axis.low > axis.high:
        raise ValueError("no range")
    return axis


def _axis_json(axis: Axis) -> dict[str, Any]:
    head = {"section": axis.section, "name": axis.name}
    if axis.values:
        return head | {"values": list(axis.values)}
    return head | {"low": axis.low, "high": axis.high, "steps": axis.steps, "whole": axis.whole}

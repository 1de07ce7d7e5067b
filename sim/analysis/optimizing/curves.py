"""What each lever alone does, as curves around a plan, and the plan that is best if these effects add up.

A programme of separable functions (Miller 1963; Bradley, Hax & Magnanti, Applied Mathematical Programming, ch. 13): every lever's
curve becomes straight pieces, SciPy's HiGHS finds the mixture. Jumps (a price that is due as soon as a lever moves), whole numbers
and "at most n levers" are binary choices in it; curves that bend the right way need none.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from sim.model.world import Array

PIECES = 3  # into which the way between two knots is cut
MOST_WHOLE = 12  # whole numbers that are all looked at
PENALTY = 1e3  # of breaking a limit by its own size, in ranges of the worth
LAZINESS = 1e-6  # a lever that brings nothing stays where the plan has it
BENT = 0.004  # share of the whole range by which a curve may bend the wrong way without a binary choice
_ONE_AT_A_TIME = Lock()
NODES = 3000  # of the branching; a number of steps and not of seconds, so that the answer is always the same


@dataclass(frozen=True, kw_only=True)
class Space:
    """The levers of a task, in their own units. Arrays are [lever]

    `held`: where the plan at hand has them. `jump`: the value that is left only at a price whatever the distance (NaN: there is
    none). `grid`: the step to which values are rounded (0: not). `dear`: a new value costs a block of its own.
    """

    low: Array
    high: Array
    held: Array
    whole: Array
    jump: Array
    grid: Array
    dear: Array
    most_moved: int | None = None

    @property
    def size(self) -> int:
        return len(self.low)

    @property
    def width(self) -> Array:
        return np.where(self.high > self.low, self.high - self.low, 1.0)

    def rounded(self, points: Array) -> Array:
        """On the grid, whole where they must be, inside the bounds; the plan's own values stay. points [..., lever]"""
        grid = np.where(self.grid > 0.0, self.grid, 1.0)
        steps = np.where(self.grid > 0.0, np.round(np.round(points / grid) * grid, 12), points)
        steps = np.where(self.whole, np.round(points), steps)
        near = np.abs(points - self.held) <= 1e-9 * self.width
        return np.where(near, self.held, np.clip(steps, self.low, self.high))

    def moved(self, points: Array) -> Array:
        """How many levers are elsewhere than in the plan at hand. points [..., lever] -> [...]"""
        return np.sum(points != self.held, axis=-1)


@dataclass(kw_only=True)
class Curve:
    """One lever: what worth and slacks change by when it alone goes to a value. values [knot], rows [knot, 1 + limit]"""

    values: Array
    rows: Array
    jump: float

    def at(self, value: float) -> Array:
        """The change at a value. [1 + limit]"""
        return self.over(np.array([value]))[0]

    def over(self, asked: Array) -> Array:
        """The change at values, read between knots of the same side of the jump. [value, 1 + limit]"""
        found = np.empty((len(asked), self.rows.shape[1]))
        sides = [np.ones(len(self.values), bool)]
        wanted = [np.ones(len(asked), bool)]
        if np.isfinite(self.jump):
            sides = [self.values < self.jump, self.values > self.jump]
            wanted = [asked < self.jump, asked >= self.jump]
        for side, here in zip(sides, wanted, strict=True):
            if np.any(here):
                found[here] = _between(*((self.values[side], self.rows[side]) if np.any(side) else (self.values, self.rows)), asked[here])
        same = np.abs(asked[:, None] - self.values) <= 1e-12 * np.maximum(1.0, np.abs(asked[:, None]))
        known = np.any(same, axis=1)
        found[known] = self.rows[np.argmax(same[known], axis=1)]
        return found

    def learn(self, values: Array, rows: Array, *, low: float, high: float) -> None:
        """New knots; old ones inside (low, high) are out of date."""
        keep = (self.values <= low) | (self.values >= high)
        if np.isfinite(self.jump):
            keep |= self.values == self.jump
        keep &= ~np.isin(self.values, values)
        order = np.argsort(np.concatenate([self.values[keep], values]))
        self.values = np.concatenate([self.values[keep], values])[order]
        self.rows = np.concatenate([self.rows[keep], rows])[order]


def _between(values: Array, rows: Array, asked: Array) -> Array:
    """Between knots a curve that keeps their order (PCHIP), beyond them a straight line. [asked, 1 + limit]"""
    if len(values) == 1:
        return np.repeat(rows, len(asked), axis=0)
    if len(values) > 2:
        found = PchipInterpolator(values, rows, axis=0)(np.clip(asked, values[0], values[-1]))
    else:
        found = np.empty((len(asked), rows.shape[1]))
    for k, value in enumerate(asked):
        if len(values) == 2 or not values[0] <= value <= values[-1]:
            first = 0 if value <= values[0] or len(values) == 2 else len(values) - 2
            share = (value - values[first]) / (values[first + 1] - values[first])
            found[k] = rows[first] + share * (rows[first + 1] - rows[first])
    return found


@dataclass(kw_only=True)
class Curves:
    """All levers around a centre, whose worth and slacks are `row`. [1 + limit]"""

    space: Space
    centre: Array
    row: Array
    of: list[Curve] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.of:
            nothing = np.zeros((1, len(self.row)))
            self.of = [
                Curve(values=np.array([value]), rows=nothing, jump=jump) for value, jump in zip(self.centre, self.space.jump, strict=True)
            ]

    def forget(self, row: Array) -> None:
        """Nothing is known but the centre: figures come in another form now."""
        self.row, self.of = row.copy(), []
        self.__post_init__()

    def recentre(self, point: Array, row: Array) -> None:
        """Effects are from now on counted from another plan."""
        for lever, curve in enumerate(self.of):
            if point[lever] != self.centre[lever]:
                start = curve.at(point[lever])
                curve.rows = curve.rows - start
                curve.learn(point[lever : lever + 1], np.zeros((1, len(row))), low=np.inf, high=-np.inf)
        self.centre, self.row = point.copy(), row.copy()

    def predicted(self, point: Array) -> Array:
        """Worth and slacks of a plan if effects add up. [1 + limit]"""
        moved = np.flatnonzero(point != self.centre)
        return self.row + sum((self.of[lever].at(point[lever]) for lever in moved), np.zeros_like(self.row))

    def best(self, *, trust: float, offset: Array, frozen: Array | None = None) -> Array | None:
        """The plan with the largest worth whose slacks, `offset` added, are not below zero; where none can be, with the least lack.

        No lever goes farther from the centre than `trust` times its width, but back to where it is held or free. [lever]
        """
        choices = [self._choice(lever, trust, bool(frozen is not None and frozen[lever])) for lever in range(self.space.size)]
        return _solved(choices, self, offset)

    def _choice(self, lever: int, trust: float, frozen: bool) -> _Choice:
        space, curve, centre = self.space, self.of[lever], self.centre[lever]
        if frozen or space.high[lever] <= space.low[lever]:
            return _Choice(values=np.array([centre]), rows=np.zeros((1, len(self.row))), alone=np.array([True]))
        reach = trust * space.width[lever]
        low, high = max(space.low[lever], centre - reach), min(space.high[lever], centre + reach)
        if space.whole[lever]:
            low, high = min(low, max(space.low[lever], centre - 1)), max(high, min(space.high[lever], centre + 1))
            values = np.arange(np.ceil(low), np.floor(high) + 1.0)
            if len(values) > MOST_WHOLE:
                values = np.unique(np.round(np.linspace(values[0], values[-1], MOST_WHOLE)))
        else:
            knots = np.unique(np.concatenate([curve.values[(curve.values >= low) & (curve.values <= high)], [low, centre, high]]))
            ways = [np.linspace(a, b, PIECES + 1)[1:] for a, b in pairwise(knots)]
            values = np.concatenate([knots[:1], *ways])
        special = [centre, space.held[lever]] if space.most_moved is not None or space.whole[lever] else [centre]
        if np.isfinite(curve.jump) and space.low[lever] <= curve.jump <= space.high[lever]:
            special.append(curve.jump)
        values = np.unique(np.concatenate([values, special]))
        alone = np.full(len(values), bool(space.whole[lever])) | (values == curve.jump)
        return _Choice(values=values, rows=curve.over(values), alone=alone)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Where a lever may go; `alone`: not a mixture with its neighbours."""

    values: Array
    rows: Array
    alone: Array

    def bends_wrongly(self, scale: Array) -> bool:
        """Does some curve lie below the straight line between points around it, by more than can be passed over?"""
        if len(self.values) < 3:
            return False
        best, size = self.rows.copy(), len(self.values)
        for i in range(size - 2):
            for k in range(i + 2, size):
                share = ((self.values[i + 1 : k] - self.values[i]) / (self.values[k] - self.values[i]))[:, None]
                np.maximum(best[i + 1 : k], self.rows[i] + share * (self.rows[k] - self.rows[i]), out=best[i + 1 : k])
        return bool(np.any(best - self.rows > BENT * scale))


def _solved(choices: list[_Choice], curves: Curves, offset: Array) -> Array | None:
    """Weights on the points of every lever: the best mixture of neighbours."""
    space, limits = curves.space, len(curves.row) - 1
    scale = np.maximum(sum((np.ptp(choice.rows, axis=0) for choice in choices), np.zeros(limits + 1)), 1e-300)
    rows: list[tuple[dict[int, float], float, float]] = []  # (coefficients, at least, at most)
    value: list[float] = []  # of the objective, to be made small
    binary: list[int] = []
    starts, moved_by = [], []
    for lever, choice in enumerate(choices):
        first, size = len(value), len(choice.values)
        starts.append(first)
        away = np.abs(choice.values - space.held[lever]) / space.width[lever]
        value += list(-choice.rows[:, 0] / scale[0] + LAZINESS * away)
        rows.append(({first + k: 1.0 for k in range(size)}, 1.0, 1.0))
        held = np.flatnonzero(choice.values == space.held[lever])
        kept = int(held[0]) if space.most_moved is not None and len(held) else None
        if size > 1 and (np.any(choice.alone) or kept is not None or choice.bends_wrongly(scale)):
            pieces = [(k, k) for k in range(size) if choice.alone[k] or k == kept]
            pieces += [(k, k + 1) for k in range(size - 1) if not (choice.alone[k] or choice.alone[k + 1])]
            home = len(value)
            value += [0.0] * len(pieces)
            binary += range(home, home + len(pieces))
            rows.append(({home + p: 1.0 for p in range(len(pieces))}, 1.0, 1.0))
            for k in range(size):
                ends = {home + p: -1.0 for p, piece in enumerate(pieces) if k in piece}
                rows.append(({first + k: 1.0, **ends}, -np.inf, 0.0))
            if kept is not None:
                moved_by.append({home + p: 1.0 for p, piece in enumerate(pieces) if piece != (kept, kept)})
        elif space.most_moved is not None and not (size == 1 and len(held)):
            moved_by.append({first + k: 1.0 for k in range(size)})
    lacks = len(value)
    value += [PENALTY] * limits
    for limit in range(limits):
        coefficients = {starts[i] + k: row[1 + limit] for i, choice in enumerate(choices) for k, row in enumerate(choice.rows)}
        rows.append(({**coefficients, lacks + limit: 1.0}, -(curves.row[1 + limit] + offset[limit]), np.inf))
    if space.most_moved is not None and moved_by:
        rows.append(({place: weight for some in moved_by for place, weight in some.items()}, 0.0, float(space.most_moved)))
    found = _programme(value, rows, binary, lacks)
    if found is None:
        return None
    point = [float(found[first : first + len(c.values)] @ c.values) for first, c in zip(starts, choices, strict=True)]
    return space.rounded(np.array(point))


def _programme(value: list[float], rows: list[tuple[dict[int, float], float, float]], binary: list[int], lacks: int) -> Array | None:
    places = [(r, column, weight) for r, (coefficients, _, _) in enumerate(rows) for column, weight in coefficients.items() if weight]
    where, columns, weights = (np.array(part) for part in zip(*places, strict=True))
    matrix = csr_array((weights, (where, columns)), shape=(len(rows), len(value)))
    upper = np.ones(len(value))
    upper[lacks:] = np.inf
    whole = np.zeros(len(value))
    whole[binary] = 1
    with _hushed():
        found = milp(
            np.array(value), integrality=whole, bounds=Bounds(0.0, upper),
            constraints=LinearConstraint(matrix, np.array([row[1] for row in rows]), np.array([row[2] for row in rows])),
            options={"mip_rel_gap": 1e-5, "node_limit": NODES},
        )
    return found.x


@contextmanager
def _hushed() -> Iterator[None]:
    """HiGHS writes a line of its own debugging to the process's stdout now and then, into the midst of an answer in JSON."""
    with _ONE_AT_A_TIME:
        try:
            sys.stdout.flush()
            kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        except (AttributeError, OSError, ValueError):  # there is no stdout
            yield
            return
        os.dup2(nowhere, 1)
        os.close(nowhere)
        try:
            yield
        finally:
            _flushed()
            os.dup2(kept, 1)
            os.close(kept)


def _flushed() -> None:
    """What C has buffered goes where it was meant to go."""
    try:
        ctypes.CDLL(None).fflush(None)
    except (AttributeError, OSError, TypeError):  # Windows: its C library is not found by this name
        return

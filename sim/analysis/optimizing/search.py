"""The search for the best point of a space under limits, on a function that is dear and the same at every call.

Rounds of: look at each lever alone around the best plan so far (one batch), let `Curves.best` put the effects together, try what
it proposes (one batch), learn by how much effects did not add up, propose again. The steps shrink as the proposals get better.
Every point ever tried is kept; feasible points go before others, then more worth before less (Deb 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.analysis.optimizing.curves import Curves, Space
from sim.model.world import Array

Evaluate = Callable[[Array], tuple[Array, Array]]  # points [p, lever] -> worth [p], slacks [p, limit] in shares of the limit's size
ROUNDS = 7
FIRST = 1.0  # share of a lever's width that the first round looks at
SHRINK = 0.4
SMALLEST = 0.004
TRUSTS = (1.0, 0.4)
DEAR_ROUNDS = (0, 2, 5)
ENOUGH = 1e-4  # a round that brings less than this share of the worth, at steps below NEAR, is the last one
NEAR = 0.1
CORRECTIONS = 3
HAIR = 2e-3  # lack, in sizes of the limits, that a pull towards the centre mends
JUST_OFF = 1e-3  # of the width: where a lever has moved, and no more


@dataclass(kw_only=True)
class Search:
    """The points tried so far and their figures; grows by `at`. `offset` is added to the slacks before they are judged. [limit]"""

    space: Space
    evaluate: Evaluate
    limits: int
    offset: Array = None  # type: ignore[assignment]
    points: list[Array] = field(default_factory=list)
    rows: list[Array] = field(default_factory=list)
    logarithmic: bool = True
    _places: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.offset is None:
            self.offset = np.zeros(self.limits)

    @property
    def evaluations(self) -> int:
        return len(self.points)

    def at(self, points: Sequence[Array]) -> list[int]:
        """Places of the points, rounded, among those tried; what is new is evaluated in one batch."""
        rounded = [self.space.rounded(np.asarray(point, float)) for point in points]
        keys = [point.tobytes() for point in rounded]
        new = {key: point for key, point in zip(keys, rounded, strict=True) if key not in self._places}
        if new:
            worth, slack = self.evaluate(np.stack(list(new.values())))
            for k, (key, point) in enumerate(new.items()):
                self._places[key] = len(self.points)
                self.points.append(point)
                self.rows.append(np.concatenate([worth[k : k + 1], slack[k]]))
        return [self._places[key] for key in keys]

    def lack(self, place: int, offset: Array | None = None) -> float:
        """By how much the limits are broken, in shares of their size, summed; 0 where all hold."""
        slack = self.rows[place][1:] + (self.offset if offset is None else offset)
        most = self.space.most_moved
        over = 0.0 if most is None else max(0, int(self.space.moved(self.points[place])) - most)
        return float(np.sum(np.maximum(0.0, -slack))) + over

    def feasible(self, place: int, offset: Array | None = None) -> bool:
        return self.lack(place, offset) == 0.0 and bool(np.isfinite(self.rows[place][0]))

    def worth(self, place: int) -> float:
        return float(self.rows[place][0])

    def rank(self, place: int, offset: Array | None = None) -> tuple[float, float]:
        worth = self.rows[place][0]
        return (-self.lack(place, offset), float(worth) if np.isfinite(worth) else -np.inf)

    def best(self, places: Sequence[int] | None = None, offset: Array | None = None) -> int:
        """The best of the places (of all); of equals the one tried first."""
        among = range(len(self.points)) if places is None else places
        return max(among, key=lambda place: (*self.rank(place, offset), -place))

    # In the worth's logarithm, where it has one, effects add up better: stages of a funnel multiply.

    def row(self, place: int) -> Array:
        row = self.rows[place].copy()
        row[0] = self._bent(row[0])
        return row

    def _bent(self, worth: float) -> float:
        if not np.isfinite(worth):
            return -1e3 if self.logarithmic else -1e30
        return float(np.log(max(worth, 1e-300))) if self.logarithmic else float(worth)

    def settle_form(self) -> None:
        """The logarithm only where all worths so far are above zero."""
        self.logarithmic = self.logarithmic and all(row[0] > 0.0 for row in self.rows if np.isfinite(row[0]))


def climbed(
    search: Search, start: int, *, rounds: int = ROUNDS, radius: float = FIRST, offset: Array | None = None, known: Curves | None = None,
    dear_rounds: Sequence[int] = DEAR_ROUNDS,
) -> tuple[int, Curves]:
    """The best place found from a start, and the curves around it. `known`: curves around another place, to begin with."""
    offset = search.offset if offset is None else offset
    search.settle_form()
    centre = start
    curves = known or Curves(space=search.space, centre=search.points[centre], row=search.row(centre))
    curves.recentre(search.points[centre], search.row(centre))
    for number in range(rounds):
        dear_too = number in dear_rounds
        scan(search, curves, radius, full=number == 0 and known is None, dear=dear_too)
        found = proposed(search, curves, radius, offset, frozen=None if dear_too else search.space.dear)
        before = centre
        if found is not None and search.rank(found, offset) > search.rank(centre, offset):
            centre = found
        far = np.max(np.abs(search.points[centre] - search.points[before]) / search.space.width)
        curves.recentre(search.points[centre], search.row(centre))
        if search.lack(before, offset) > 0.0 and search.lack(centre, offset) < 0.7 * search.lack(before, offset):
            radius = max(radius * 0.75, SMALLEST)  # on the way to the first plan within the limits: look far
        elif far < 0.9 * radius or centre == before:
            radius *= SHRINK
        if radius < SMALLEST or (number > 2 and radius < NEAR and _little(search, before, centre, offset)):
            break
    return centre, curves


def _little(search: Search, before: int, after: int, offset: Array) -> bool:
    gain = search.worth(after) - search.worth(before)
    return search.lack(before, offset) == 0.0 and gain < ENOUGH * abs(search.worth(after))


def scan(search: Search, curves: Curves, radius: float, *, full: bool, dear: bool) -> None:
    """Each lever alone, left and right of the centre; the first time in finer steps. One batch."""
    space, asked = search.space, []
    for lever in range(space.size):
        if space.high[lever] <= space.low[lever] or (space.dear[lever] and not dear):
            continue
        asked += [(lever, value) for value in _looks(space, curves, lever, radius, full=full)]
    if not asked:
        return
    points = np.repeat(curves.centre[None], len(asked), axis=0)
    for k, (lever, value) in enumerate(asked):
        points[k, lever] = value
    places = search.at(points)
    if search.logarithmic and any(search.rows[place][0] <= 0.0 for place in places):
        search.logarithmic = False
        curves.forget(search.row(search.at([curves.centre])[0]))
    for lever in sorted({lever for lever, _ in asked}):
        mine = [place for (one, _), place in zip(asked, places, strict=True) if one == lever]
        values, first = np.unique([search.points[place][lever] for place in mine], return_index=True)
        rows = np.stack([search.row(mine[k]) - curves.row for k in first])
        centre = curves.centre[lever]
        off = values != centre
        values, rows = np.append(values[off], centre), np.vstack([rows[off], np.zeros((1, rows.shape[1]))])
        low, high = values.min(), values.max()
        gap = 0.3 * radius * space.width[lever]
        curves.of[lever].learn(values, rows, low=low - gap if low > space.low[lever] else low, high=high + gap)


def _looks(space: Space, curves: Curves, lever: int, radius: float, *, full: bool) -> list[float]:
    low, high, centre = space.low[lever], space.high[lever], curves.centre[lever]
    reach = radius * space.width[lever]
    left, right = max(low, centre - reach), min(high, centre + reach)
    if space.whole[lever]:
        left, right = min(left, max(low, centre - 1)), max(right, min(high, centre + 1))
    looks = {left, right}
    if full:
        if left < centre:
            looks.add((left + centre) / 2)
        if right > centre:
            looks.add((right + centre) / 2)
        if right - centre > 0.6 * reach:
            looks.add(centre + (right - centre) / 6)
        if centre - left > 0.6 * reach:
            looks.add(centre - (centre - left) / 6)
        jump = space.jump[lever]
        if np.isfinite(jump) and not space.whole[lever]:
            off = max(JUST_OFF * space.width[lever], space.grid[lever])
            looks |= {value for value in (jump - off, jump, jump + off) if low <= value <= high}
    if space.most_moved is not None or space.whole[lever]:
        looks.add(space.held[lever])
    if space.whole[lever]:
        looks = {float(round(value)) for value in looks}
    return sorted(looks - {centre})


def proposed(
    search: Search, curves: Curves, radius: float, offset: Array, *, frozen: Array | None = None, corrections: int = CORRECTIONS
) -> int | None:
    """The best of what the curves propose, tried out; each time the proposals allow for what the last ones got wrong."""
    tried: list[int] = []
    wrong = np.zeros(search.limits)
    last: list[bytes] = []
    for _ in range(corrections):
        points = []
        for trust in TRUSTS:
            point = curves.best(trust=radius * trust, offset=offset + wrong, frozen=frozen)
            if point is not None:
                points.append(point)
        keys = [point.tobytes() for point in points]
        if not points or keys == last:
            break
        last = keys
        places = search.at(points)
        tried += places
        pulled = [point for place in places if (point := _pulled_back(search, curves, place, offset)) is not None]
        if pulled:
            back = search.at(pulled)
            tried += back
            places = [*places, *back]
        # Of the larger step, which is the one that gets more wrong: beside its error, a little more where a limit was missed.
        best = search.best(places, offset)
        slack = search.rows[best][1:]
        error = slack - curves.predicted(search.points[best])[1:]
        missed = np.maximum(0.0, -(slack + offset))
        wrong = error - 0.5 * np.where(missed < 0.01, missed, 0.0)
    return search.best(tried, offset) if tried else None


def _pulled_back(search: Search, curves: Curves, place: int, offset: Array) -> Array | None:
    """A point that breaks a limit by a hair, drawn towards a centre that keeps it: solver and grid are not finer than that."""
    slack, safe = search.rows[place][1:] + offset, curves.row[1:] + offset
    if not 0.0 < search.lack(place, offset) < HAIR or np.any(safe <= 0.0):
        return None
    broken = slack < 0.0
    share = np.min(safe[broken] / (safe[broken] - slack[broken])) * (1.0 - 1e-12)
    point = search.points[place]
    fixed = search.space.whole | search.space.dear
    drawn = np.where(fixed, point, curves.centre + share * (point - curves.centre))
    grid = search.space.grid
    steps = np.where(grid > 0.0, grid, 1.0)
    inwards = np.where(drawn > curves.centre, np.floor(drawn / steps + 1e-9), np.ceil(drawn / steps - 1e-9)) * steps
    return np.where((grid > 0.0) & ~fixed & (point != curves.centre), inwards, drawn)


def random_points(space: Space, count: int, *, seed: int, base: Array, combinations: int = 6) -> Array:
    """Points that somebody without a method would try. [point, lever]

    Some levers each, a random share of the way to anywhere within the bounds; the others stay in the plan at hand, or where they
    are today (`base`), or each in one of the two: so many keep a budget that the corners of the box would break. Dear levers take
    few combinations: the plan at hand's, today's, and random ones.
    """
    rng = np.random.default_rng(seed)
    anywhere = space.low + (space.high - space.low) * rng.random((count, space.size))
    home = space.held if space.most_moved is not None else np.clip(base, space.low, space.high)
    held = np.where(rng.random((count, 1)) < 0.5, rng.random((count, 1)) < 0.5, rng.random((count, space.size)) < 0.5)
    anchors = np.where(held, space.held, home)
    way = np.where(rng.random((count, 1)) < 0.5, rng.random((count, 1)) ** 2, 1.0)
    points = anchors + way * (anywhere - anchors)
    share = rng.random((count, 1))
    points = np.where(rng.random((count, space.size)) < share, points, anchors)
    if np.any(space.dear):
        sets = np.stack([space.held, home, *anywhere])[:combinations, space.dear]
        points[:, space.dear] = sets[rng.integers(0, len(sets), count)]
    if space.most_moved is not None:
        keep = np.argsort(rng.random((count, space.size)), axis=1) < space.most_moved
        points = np.where(keep, points, space.held)
    return space.rounded(points)

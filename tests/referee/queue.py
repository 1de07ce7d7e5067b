"""One service desk: Erlang-A as the stationary distribution of its birth-death chain."""

from functools import lru_cache
from math import exp, expm1, floor, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc


@lru_cache(maxsize=64)  # the functions below remember their answers
def stationary(seats: int, load: float, handling_over_patience: float) -> tuple[float, ...]:
    """P(k contacts in the desk), k = 0, 1, ...; time is measured in handling times, so service rate 1 and arrivals `load`."""
    full = [1.0]  # weight of state `seats` is 1, from there downwards ...
    for k in range(seats, 0, -1):
        full.append(full[-1] * k / load)
    weights = full[::-1]
    k = seats  # ... and upwards until nothing is left
    largest = max(weights)
    while True:
        k += 1
        leaving = seats + (k - seats) * handling_over_patience
        weights.append(weights[-1] * load / leaving)
        largest = max(largest, weights[-1])
        if leaving > load and weights[-1] < 1e-20 * largest:
            break
        if largest > 1e200:  # a very busy desk: only ratios matter
            weights = [w / largest for w in weights]
            largest = 1.0
    total = sum(weights)
    return tuple(w / total for w in weights)


def wait_share(seats: int, load: float, ratio: float) -> float:
    """P(an arriving contact must wait)."""
    return sum(stationary(seats, load, ratio)[seats:])


@lru_cache(maxsize=100_000)
def abandon_share(seats: int, load: float, ratio: float) -> float:
    """P(abandon) = abandonment rate x mean queue / arrival rate."""
    if load <= 0:
        return 0.0
    chain = stationary(seats, load, ratio)
    queue = sum((k - seats) * chain[k] for k in range(seats, len(chain)))
    return ratio * queue / load


@lru_cache(maxsize=100_000)
def served_within(seats: int, load: float, ratio: float, handling_s: float, seconds: float) -> float:
    """Share of all contacts that are served after a wait of at most `seconds`.

    A contact that finds m others waiting needs m + 1 departures, at rates seats + i x ratio (i = m ... 0): a hypoexponential with
    equal steps, so that E[exp(-patience rate x V); V <= t] = c/(c + m + 1) x I_u(m + 1, c + 1), c = seats/ratio.
    """
    if load <= 0:
        return 1.0
    chain = stationary(seats, load, ratio)
    c = seats / ratio
    u = -expm1(-ratio * seconds / handling_s)
    served = sum(chain[:seats])
    for k in range(seats, len(chain)):
        m = k - seats
        served += chain[k] * c / (c + m + 1) * float(betainc(m + 1, c + 1, u))
    return served


def load_for_wait(seats: float, handling_s: float, patience_s: float, wait_s: float) -> float:
    """Offered load at which the mean wait over all contacts, patience x P(abandon), is `wait_s`."""
    wanted = wait_s / patience_s
    if wanted >= 1:
        raise ValueError("patience must exceed the observed wait")
    ratio = handling_s / patience_s

    def gap(load: float) -> float:
        return between(seats, lambda n: abandon_share(n, load, ratio)) - wanted

    high = float(seats)
    while gap(high) < 0:
        high *= 2
    return brentq(gap, 0.01 * seats, high, xtol=1e-13, rtol=1e-15)


def between(seats: float, of_whole) -> float:
    """Seats between whole numbers are a mix of desks."""
    low = int(seats // 1)
    part = seats - low
    if part == 0:
        return of_whole(low)
    return (1 - part) * of_whole(low) + part * of_whole(low + 1)


class Curves:
    """The engine's curves of one desk, read by the recipe of sim/model/desk_curves.py: one point at a time.

    `shared` is the seats' table with its layout: table[row][column][node], lowest, bottom, calm, width, flat, row_step, ratios, top, jam,
    packed. What the recipe has in single precision is np.float32 here, whose sums, products, quotients and roots stay so.
    """

    def __init__(self, shared, seats: int, handling_s: float, patience_s: float, target_s: float) -> None:
        self.shared, self.seats, self.target_s = shared, seats, target_s
        self.handling_s, self.patience_s = handling_s, patience_s
        self.ratio = handling_s / patience_s
        self.x, self.theta = seats / self.ratio, target_s / patience_s
        self.width = shared.width / sqrt(self.x)
        self.lowest = -floor(self.place(-shared.bottom / self.width)) - 1
        self.highest = floor(self.place(shared.top / self.width)) + 1

    def node(self, column: int, k: int) -> float:
        """Lagrange's cubic through the four rows around the desk's ratio; row i belongs to the largest ratio x exp(-(i - 1) x step)."""
        row = log(self.shared.ratios[1] / self.ratio) / self.shared.row_step + 1
        first = min(floor(row) - 1, len(self.shared.table) - 4)
        total = 0.0
        for i in range(first, first + 4):
            weight = 1.0
            for j in range(first, first + 4):
                if j != i:
                    weight *= (row - j) / (i - j)
            total += weight * float(self.shared.table[i][column][k - self.shared.lowest])
        return total

    def place(self, y):
        """In the precision of y."""
        return y / np.sqrt(np.sqrt(y * y + type(y)(self.shared.flat**2)))

    def cell(self, y):
        """Number of the cell of y, and how much of it lies below y. The lowest node stands for all below it."""
        place = max(self.place(y), type(y)(self.lowest))
        return floor(place), place - type(y)(floor(place))

    def cubic(self, low, high):
        """Coefficients from value and slope at both ends of a cell, in their precision."""
        (v0, d0), (v1, d1) = low, high
        rise = v1 - v0
        cube = d0 + d1 - 2 * rise
        return v0, d0, rise - d0 - cube, cube

    def value(self, f, cubic):
        c0, c1, c2, c3 = cubic
        return c0 + f * (c1 + f * (c2 + f * c3))

    def slope(self, f, cubic):
        _, c1, c2, c3 = cubic
        return c1 + 2 * f * c2 + 3 * f * f * c3

    def column(self, name: int, k: int, f: float) -> tuple[float, float]:
        """Value and slope of a column within cell k, in double precision."""
        cubic = self.cubic((self.node(name, k), self.node(name + 1, k)), (self.node(name, k + 1), self.node(name + 1, k + 1)))
        return self.value(f, cubic), self.slope(f, cubic)

    def per_cell(self, y: float) -> float:
        """d y / d place, by the derivative of y/(flat^2 + y^2)^(1/4)."""
        size = self.shared.flat**2 + y * y
        return 1 / (size**-0.25 - 0.5 * y * y * size**-1.25)

    def late(self, y: float, waits: float, waits_slope: float) -> tuple[float, float]:
        """The fourth root of the share that is served after the target, and its slope per cell."""
        z, after = self.width * y, y - self.theta / self.width
        turns, turns_slope = self.column(4, *self.cell(np.float64(after)))
        rest, rest_after = (exp(min(part, 0.0)) - min(part, 0.0) for part in (z, z - self.theta))
        root = exp((waits + turns + self.x * (rest - rest_after) - self.theta) / 4)
        bend = self.x * (exp(min(z, 0.0)) - exp(min(z - self.theta, 0.0))) * self.width
        slope = waits_slope + (turns_slope / self.per_cell(after) + bend) * self.per_cell(y)
        return root, root * slope / 4

    def outcomes(self, load: float) -> tuple[float, float]:
        """(share that leaves, share served within the target)"""
        y = np.float32(log(load / self.seats) / self.width)
        covered = self.shared.ratios[0] <= self.ratio <= self.shared.ratios[1]
        if not covered or self.place(y) >= self.highest or (self.place(y) < self.lowest and not self.shared.calm):
            return abandon_share(self.seats, load, self.ratio), served_within(self.seats, load, self.ratio, self.handling_s, self.target_s)
        k, f = self.cell(y)
        ends = [self.ends(k), self.ends(k + 1)]
        left, late = (self.value(f, self.cubic(*curve)) for curve in zip(*ends, strict=True))
        if self.theta / self.width > self.shared.packed:
            late = np.float32(self.late(self.y_at(k + float(f)), *self.column(2, k, float(f)))[0])
        left, late = (float(np.square(np.square(root))) for root in (left, late))
        return left, 1 - left - late

    def y_at(self, place: float) -> float:
        """The y of a place: place^4 x (flat^2 + y^2) = y^4 is a quadratic equation in y^2."""
        square = place * place
        return place * sqrt((square + sqrt(square * square + 4 * self.shared.flat**2)) / 2)

    def ends(self, k: int) -> list[tuple[np.float32, np.float32]]:
        """Value and slope of `left` and of `late` at node k."""
        y = self.y_at(k)
        if k > self.place(self.shared.jam + self.theta / self.width):
            stay, per_cell = exp(-self.width * y), self.width * self.per_cell(y)
            left, late = (1 - stay) ** 0.25, stay**0.25
            curves = (left, stay * per_cell / (4 * left**3)), (late, -late * per_cell / 4)
        else:
            curves = (self.node(0, k), self.node(1, k)), self.late(y, self.node(2, k), self.node(3, k))
        return [tuple(np.float32(part) for part in curve) for curve in curves]


class Desk:
    """The desk of one lane: exact functions, or those of `tables`."""

    def __init__(self, v: dict, tables) -> None:
        self.v = v
        self.tables = tables
        self.handling_0 = v["service.handling_s"]
        self.patience_s = v["service.patience_s"]
        if hasattr(tables, "peak_load"):
            self.peak_load = float(tables.peak_load)
        else:
            self.peak_load = load_for_wait(v["service.seats"], self.handling_0, self.patience_s, v["service.peak_wait_s"])
        self.peak_contacts_per_h = self.peak_load * 3600 / self.handling_0
        #: human contacts a day at one desk, at baseline
        self.contacts_0 = self.peak_contacts_per_h / (v["service.peak_share"] / v["service.peak_hours"])

    def _abandon(self, seats: int, load: float, handling_s: float) -> float:
        if hasattr(self.tables, "abandon_share"):
            moved = {} if handling_s == self.handling_0 else {"handling_s": handling_s}
            return float(self.tables.abandon_share(seats, load, **moved))
        return abandon_share(seats, load, handling_s / self.patience_s)

    def _served(self, seats: int, load: float, handling_s: float) -> float:
        seconds = self.v["service.answer_target_s"]
        if hasattr(self.tables, "served_within"):
            moved = {} if handling_s == self.handling_0 else {"handling_s": handling_s}
            return float(self.tables.served_within(seats, load, seconds, **moved))
        return served_within(seats, load, handling_s / self.patience_s, handling_s, seconds)

    def day(self, *, seats: float, contacts: float, peak_share: float, handling_s: float) -> tuple[float, float, float]:
        """(P(abandon) over the day, share served in 30 s, P(abandon) in the peak hours), contact weighted; contacts per desk and day."""
        if hasattr(self.tables, "desk_day"):
            return tuple(float(x) for x in self.tables.desk_day(seats, contacts, peak_share, handling_s))
        v = self.v
        counts, weights = v["service.hour_counts"], v["service.hour_weights"]
        weight_sum = sum(n * w for n, w in zip(counts, weights, strict=True))
        hours = [(v["service.peak_hours"], contacts * peak_share / v["service.peak_hours"])]
        for n, w in zip(counts, weights, strict=True):
            hours.append((n, contacts * (1 - peak_share) * w / weight_sum))
        lost = answered = peak_lost = 0.0
        for i, (n, per_hour) in enumerate(hours):
            load = per_hour * handling_s / 3600
            p = between(seats, lambda s, load=load: self._abandon(s, load, handling_s))
            lost += n * per_hour * p
            answered += n * per_hour * between(seats, lambda s, load=load: self._served(s, load, handling_s))
            if i == 0:
                peak_lost = p
        return lost / contacts, max(answered / contacts, 0.0), peak_lost

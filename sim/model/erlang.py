"""The customer service desk as a queue that callers leave: Erlang B, Erlang C and Erlang A (M/M/n+M).

Symbols, the same in every function:

    n      seats of one desk                         a    offered load, arrival rate times handling time
    rho    a / n                                     z    ln(rho)
    x      n * patience / handling                   A    sum over j >= 0 of prod_{i=1..j} (a*patience/handling)/(x+i)
    kappa  share that leaves, of those who must wait

All queue measures hang on two functions of one number each. The odds of a free seat, `1/B - 1` with the Erlang B loss B, depend on
n and a only; kappa depends on x and rho only:

    1/A           = 1 - rho + rho*kappa
    wait_share    = 1 / (1 + (1/B - 1)/A)
    abandon_share = wait_share * kappa

`exp(psi)` is A without its overload growth, psi = ln A - x*(rho - 1 - z). It rises with z, so the difference below is never positive and
the share that is served within t seconds needs no quadrature (theta = 1/patience, `'` marks a value at z - theta*t instead of z):

    served_within = 1 - abandon_share - wait_share * (1 - kappa') * exp(psi' - psi - theta*t)

The first half of this file computes these measures exactly, the second half looks them up fast for many lanes (`desk_curves`).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammainc, gammaln

Array = np.ndarray


class QueueShares(NamedTuple):
    """Shares of all contacts of a desk: those that must wait, and those that leave before they are answered."""

    wait_share: Array
    abandon_share: Array


# ---------------------------------------------------------------------------------------------------------------- exact functions


def erlang_b(servers, load) -> Array:
    """Share of contacts lost when nobody can wait (M/M/n/n)."""
    servers, load = _broadcast_queue(servers, load)
    return expit(-_log_free_odds(servers, _log(load)))


def erlang_c(servers, load) -> Array:
    """Share of contacts that wait when nobody leaves (M/M/n); 1 when the load reaches the number of servers."""
    servers, load = _broadcast_queue(servers, load)
    rho = np.minimum(load / servers, 1.0)
    blocked = expit(-_log_free_odds(servers, _log(load)))
    return blocked / ((1 - rho) + rho * blocked)


def abandonment_queue(servers: int, load, handling_per_patience) -> QueueShares:
    """Share that waits and share that leaves in an M/M/n+M queue (patience is exponential)."""
    load, ratio = _broadcast_queue(load, handling_per_patience)
    log_load = _log(load)
    kappa, log_a = _leaving(servers / ratio, log_load - np.log(servers))
    wait_share = expit(log_a - _log_free_odds(np.full(load.shape, servers), log_load))
    return QueueShares(wait_share, wait_share * kappa)


def mean_wait_s(servers: int, load, handling_s, patience_s) -> Array:
    """Mean wait in seconds over ALL contacts, those that leave included."""
    return abandonment_queue(servers, load, np.divide(handling_s, patience_s)).abandon_share * patience_s


def mean_wait_served_s(servers: int, load, handling_s, patience_s) -> Array:
    """Mean wait in seconds of the contacts that are SERVED (an immediate answer counts as a wait of zero)."""
    load, ratio, patience = _broadcast_queue(load, np.divide(handling_s, patience_s), patience_s)
    wait_share, abandon_share = abandonment_queue(servers, load, ratio)
    x = servers / ratio
    wait_until_turn = np.array([_mean_turn(*point) for point in zip(x.ravel(), (load / ratio).ravel(), strict=True)]).reshape(x.shape)
    return patience * wait_share * wait_until_turn / (1 - abandon_share)


def served_within(servers: int, load, handling_s, patience_s, seconds) -> Array:
    """Share of all contacts that are SERVED after a wait of at most `seconds`; who leaves does not count, however early."""
    load, handling, patience, seconds = _broadcast_queue(load, handling_s, patience_s, seconds)
    wait_share, abandon_share = abandonment_queue(servers, load, handling / patience)
    x = servers * patience / handling
    z = _log(load) - np.log(servers)
    shift = seconds / patience
    kappa_late, log_a_late = _leaving(x, z - shift)
    with np.errstate(invalid="ignore"):  # an empty desk has z = -inf, and nobody waits there
        exponent = log_a_late - _leaving(x, z)[1] - x * (np.exp(z) * np.expm1(-shift) + shift) - shift
        late = wait_share * (1 - kappa_late) * np.exp(np.minimum(exponent, 0.0))
    return np.maximum(1 - abandon_share - np.where(wait_share > 0, late, 0.0), 0.0)


def _broadcast_queue(*values) -> list[Array]:
    return [np.asarray(value, dtype=float) for value in np.broadcast_arrays(*values)]


def _log(load: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(load)


def _log_free_odds(servers: Array, log_load: Array) -> Array:
    """ln(1/B - 1). In logarithms, because B itself leaves the range of a float for a large desk with little to do."""
    odds = np.full(np.shape(log_load), -np.inf)
    for seat in range(1, int(np.max(servers)) + 1):
        odds = np.where(seat <= servers, np.log(seat) - log_load + np.logaddexp(0.0, odds), odds)
    return odds


def _stirling_rest(x: Array) -> Array:
    """ln(Gamma(x+1)) - x ln(x) + x without the cancellation between the large terms."""
    large = np.maximum(x, 12.0)
    square = large * large
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / large
    return np.where(x < 12.0, gammaln(x + 1) - x * np.log(x) + x, 0.5 * np.log(2 * np.pi * large) + series)


def _leaving(x: Array, z: Array) -> tuple[Array, Array]:
    """(kappa, ln A). Below full load by the series, whose terms are all positive; above by the incomplete gamma function."""
    shape, x, z = np.shape(z), np.ravel(x), np.ravel(z)
    if not (np.isfinite(x).all() and np.isfinite(z[z != -np.inf]).all()):
        raise FloatingPointError("the offered load of a desk is not a number")
    rho = np.exp(z)
    kappa, log_a = np.empty(z.shape), np.empty(z.shape)
    over = z > 0
    if over.any():
        xo, zo = x[over], z[over]
        log_a[over] = _stirling_rest(xo) + np.log(gammainc(xo, xo * rho[over])) + xo * (np.expm1(zo) - zo)
        kappa[over] = (np.expm1(zo) + np.exp(-log_a[over])) / rho[over]
    under = np.flatnonzero(~over)
    xs, ys = x[under], x[under] * rho[under]
    term, total, queue = np.ones(under.size), np.ones(under.size), np.zeros(under.size)  # queue: sum of j * term_j / y
    j = 0
    while under.size:
        for _ in range(8):
            j += 1
            scaled = term / (xs + j)
            term = scaled * ys
            total += term
            queue += j * scaled
        # Bound of what is still to come. Each point stops on its own terms: its last bit must not depend on its neighbours.
        gap = 1 - ys / (xs + j + 1)
        done = scaled * (j / gap + 1 / gap**2) < 1e-17 * queue
        if done.any():
            kappa[under[done]] = queue[done] / total[done]
            log_a[under[done]] = np.log(total[done])
            keep = ~done
            under, xs, ys, term, total, queue = (part[keep] for part in (under, xs, ys, term, total, queue))
    return kappa.reshape(shape), log_a.reshape(shape)


def _mean_turn(x: float, y: float) -> float:
    """Wait until served in units of patience, summed over who is served, per waiting contact and arrival rate y; y = a*patience/handling.

    Who finds j - 1 others waiting is served with chance x/(x+j), after 1/(x+1) + ... + 1/(x+j) whether or not the others stay.
    """
    if y == 0:
        return 0.0
    middle, reach = max(y - x, 0.0), 13 * np.sqrt(max(x, y)) + 60
    j = np.arange(np.floor(max(middle - reach, 0.0)), middle + reach)
    log_weight = j * np.log(y) - gammaln(x + 1 + j)
    weight = np.exp(log_weight - log_weight.max())
    return float(weight @ (digamma(x + 1 + j) - digamma(x + 1)) / weight.sum() * x / y)


# ---------------------------------------------------------------------------------------------------------------- curves per lane

RATIO_RANGE = (0.02, 2.5)  # handling time over patience
LOG_RHO_REACH = 7.0  # curves hold for loads from seats/1096 to 1096*seats
MOST_SEATS = 200

_CELLS = 96  # of one half of a curve, below or above full load
_ODDS_CELLS = 1400
_ORDER = 6  # points of the interpolation between queue sizes x
_LOG_X_STEP = 0.2
_LOG_X_START = np.log(1 / RATIO_RANGE[1]) - (_ORDER // 2) * _LOG_X_STEP
_LOG_X_POINTS = int(np.log(MOST_SEATS * RATIO_RANGE[1] / RATIO_RANGE[0]) / _LOG_X_STEP) + _ORDER + 1
_LANES_AT_ONCE = 64  # keeps the work arrays of `desk_curves` in the processor's cache


@dataclass(frozen=True, kw_only=True)
class DeskCurves:
    """Waiting and leaving at desks of `seats` seats, one handling time and patience per lane, looked up by ln(offered load).

    A load is given as log_load[..., lane]. With z = log_load - ln(seats), rho = e^z and x = seats*patience_s/handling_s of the lane:

        place = cells_per_log[lane] * ln(1 + |z|/width[lane]);  node = floor(place);  f = place - node
        half  = 1 if z > 0 else 0
        (v0, d0), (v1, d1) = curve[lane, half, node], curve[lane, half, node + 1]        (value, slope per cell)
        value = v0 + f*(d0 + f*((3*(v1 - v0) - 2*d0 - d1) + f*(d0 + d1 - 2*(v1 - v0))))
        z <= 0:  kappa = e^value;  1/A = 1 - rho + rho*kappa;  psi = -ln(1/A) - x*(rho - 1 - z)
        z > 0:   psi = value;  1/A = exp(-psi - x*(rho - 1 - z));  kappa = 1 - (1 - 1/A)/rho

    ln(1/B - 1) comes by the same cubic from `odds_curve`, node and f from (log_load - odds_start)/odds_step. The shares follow as at the
    top of this file. The nodes are packed around full load, where a large queue turns from idle to jammed within a few per cent of load:
    an even grid as fine as that would be thirty times as long. Loads and lanes outside the curves' range go to the exact functions.
    """

    seats: int
    handling_s: Array
    patience_s: Array
    queue_size: Array  # x [lane]
    width: Array  # [lane]
    cells_per_log: Array  # [lane]
    curve: Array  # [lane, half, node, value or slope]
    odds_start: float
    odds_step: float
    odds_curve: Array  # [node, value or slope], the same for all lanes
    covered: Array  # [lane] False: outside RATIO_RANGE or MOST_SEATS

    def wait_share(self, log_load: Array) -> Array:
        """Share of contacts that must wait."""
        return self.shares(log_load).wait_share

    def abandon_share(self, log_load: Array) -> Array:
        """Share of contacts that leave before they are answered."""
        return self.shares(log_load).abandon_share

    def mean_wait_s(self, log_load: Array) -> Array:
        """Mean wait in seconds over ALL contacts."""
        return self.shares(log_load).abandon_share * self.patience_s

    def served_within(self, log_load: Array, seconds) -> Array:
        """Share of contacts that are served after a wait of at most `seconds`."""
        return self.outcomes(log_load, seconds)[1]

    def shares(self, log_load: Array) -> QueueShares:
        """Both shares, for the price of one."""
        here = self._point(log_load)
        wait, leave = self._shares(here)
        if here.inside.all():
            return QueueShares(wait, leave)
        far, load, handling, patience = self._outside(log_load, here.inside)
        wait[far], leave[far] = abandonment_queue(self.seats, load, handling / patience)
        return QueueShares(wait, leave)

    def outcomes(self, log_load: Array, seconds: float | Array) -> tuple[Array, Array]:
        """(abandon_share, served_within), cheaper together than one by one."""
        shift = seconds / self.patience_s
        here, late = self._point(log_load), self._point(log_load - shift)
        wait, leave = self._shares(here)
        served = 1 - leave - wait * (1 - late.kappa) * np.exp(np.minimum(late.psi - here.psi, 0.0) - shift)
        served = np.maximum(served, 0.0)
        inside = here.inside & late.inside
        if not inside.all():
            far, load, handling, patience = self._outside(log_load, inside)
            leave[far] = abandonment_queue(self.seats, load, handling / patience).abandon_share
            served[far] = served_within(self.seats, load, handling, patience, np.broadcast_to(seconds, far.shape)[far])
        return leave, served

    def _point(self, log_load: Array) -> "_Point":
        z = log_load - np.full(self.width.size, np.log(self.seats))
        distance = np.abs(z)
        inside = (distance < LOG_RHO_REACH) & self.covered
        if not inside.all():
            z, distance = np.where(inside, z, 0.0), np.where(inside, distance, 0.0)  # stand-ins: see `shares`, `outcomes`
        over = z > 0
        distance /= self.width
        place = np.log1p(distance, out=distance)
        place *= self.cells_per_log
        node = np.minimum(place.astype(np.intp), _CELLS - 1)
        place -= node
        node += np.arange(0, self.width.size * 2 * (_CELLS + 1), 2 * (_CELLS + 1))
        node += over * (_CELLS + 1)
        value = _between_nodes(self.curve, node, place)
        rho = np.exp(z)
        growth = rho - 1
        growth -= z
        growth *= self.queue_size
        small = np.exp(np.where(over, -value - growth, value))  # 1/A over full load, kappa below
        one_less = np.where(over, (small - 1) / rho, (small - 1) * rho)
        one_less += 1
        return _Point(z, inside, over, value, growth, np.where(over, small, one_less), np.where(over, one_less, small))

    def _shares(self, here: "_Point") -> QueueShares:
        place = (here.z + LOG_RHO_REACH) / self.odds_step
        node = np.minimum(place.astype(np.intp), _ODDS_CELLS - 1)
        with np.errstate(over="ignore"):  # at a large idle desk nobody waits: 1/inf = 0
            wait = 1 / (1 + np.exp(_between_nodes(self.odds_curve, node, place - node)) * here.inverse_a)
        return QueueShares(wait, wait * here.kappa)

    def _outside(self, log_load: Array, inside: Array) -> tuple[Array, Array, Array, Array]:
        """(mask, load, handling, patience) of the points that the curves do not hold for."""
        far = ~inside
        load, handling, patience = np.broadcast_arrays(np.exp(log_load), self.handling_s, self.patience_s)
        return far, load[far], handling[far], patience[far]


class _Point(NamedTuple):
    z: Array
    inside: Array
    over: Array
    value: Array
    growth: Array
    inverse_a: Array
    kappa: Array

    @property
    def psi(self) -> Array:
        return np.where(self.over, self.value, -np.log(np.where(self.over, 1.0, self.inverse_a)) - self.growth)


def desk_curves(seats: int, handling_s: Array, patience_s: Array) -> DeskCurves:
    """The curves of one desk size. A lane's curve depends on nothing but its own handling time and patience (seconds)."""
    handling, patience = (np.atleast_1d(part) for part in _broadcast_queue(handling_s, patience_s))
    ratio = handling / patience
    covered = (ratio >= RATIO_RANGE[0]) & (ratio <= RATIO_RANGE[1]) & (seats <= MOST_SEATS)
    x = np.where(covered, seats / ratio, 1.0)
    place = (np.log(x) - _LOG_X_START) / _LOG_X_STEP
    first = np.clip(place.astype(np.intp) - (_ORDER // 2 - 1), 0, _LOG_X_POINTS - _ORDER)
    weights = _point_weights(place - first)
    table = _leaving_table().reshape(_LOG_X_POINTS, -1)
    curve = np.empty((x.size, table.shape[1]))
    for start in range(0, x.size, _LANES_AT_ONCE):
        lanes = slice(start, start + _LANES_AT_ONCE)
        rows = curve[lanes]
        np.multiply(table[first[lanes]], weights[0][lanes, None], out=rows)
        for k in range(1, _ORDER):
            rows += table[first[lanes] + k] * weights[k][lanes, None]
    return DeskCurves(
        seats=seats,
        handling_s=handling,
        patience_s=patience,
        queue_size=x,
        width=_width(x),
        cells_per_log=_cells_per_log(x),
        curve=curve.reshape(x.size, 2, _CELLS + 1, 2),
        odds_start=np.log(seats) - LOG_RHO_REACH,
        odds_step=2 * LOG_RHO_REACH / _ODDS_CELLS,
        odds_curve=_odds_curve(seats),
        covered=covered,
    )


def load_for_abandon_share(seats: int, handling_per_patience: Array, abandon_share: Array) -> Array:
    """Offered load at which the curves give `abandon_share` (strictly between 0 and 1), per lane."""
    ratio, wanted = (np.atleast_1d(part) for part in _broadcast_queue(handling_per_patience, abandon_share))
    if not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError("the share of contacts that leave must lie between 0 and 1, both excluded")
    curves = desk_curves(seats, ratio, np.ones(ratio.shape))
    # No desk answers more than its capacity, so abandon_share >= 1 - 1/rho bounds the load from above.
    high = np.log(seats) - np.log1p(-wanted) + 1e-3
    low = high - 1.0
    while (below := curves.abandon_share(low) > wanted).any():
        low = np.where(below, low - 2.0, low)
    # Halving needs no derivative and treats every lane alike; it ends when no float is left between the bounds.
    for _ in range(70):
        middle = 0.5 * (low + high)
        above = curves.abandon_share(middle) > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.exp(low)


def _width(x: Array) -> Array:
    """Distance from full load, in ln(rho), within which a queue of this size turns from idle to jammed."""
    return 0.75 / np.sqrt(x)


def _cells_per_log(x: Array) -> Array:
    return _CELLS / np.log1p(LOG_RHO_REACH / _width(x))


@lru_cache(maxsize=1)
def _leaving_table() -> Array:
    """ln(kappa) below and psi above full load for any desk: [ln x, half, node, value or slope per cell]."""
    x = np.exp(_LOG_X_START + _LOG_X_STEP * np.arange(_LOG_X_POINTS))[:, None]
    distance = _width(x) * np.expm1(np.arange(_CELLS + 1) / _cells_per_log(x))
    x = np.broadcast_to(x, distance.shape)
    per_cell = (_width(x) + distance) / _cells_per_log(x)  # d distance / d place
    table = np.empty((_LOG_X_POINTS, 2, _CELLS + 1, 2))
    kappa, _ = _leaving(x, -distance)
    rho = np.exp(-distance)
    table[:, 0, :, 0] = np.log(kappa)
    table[:, 0, :, 1] = -((1 - kappa) / kappa - x * (1 - rho + rho * kappa)) * per_cell
    psi = _stirling_rest(x) + np.log(gammainc(x, x * np.exp(distance)))
    table[:, 1, :, 0] = psi
    table[:, 1, :, 1] = x * np.exp(-psi - x * (np.expm1(distance) - distance)) * per_cell
    table.flags.writeable = False
    return table


@lru_cache(maxsize=MOST_SEATS)
def _odds_curve(seats: int) -> Array:
    """ln(1/B - 1) on an even grid of ln(load/seats) from -LOG_RHO_REACH on: [node, value or slope per cell]."""
    log_load = np.log(seats) + np.linspace(-LOG_RHO_REACH, LOG_RHO_REACH, _ODDS_CELLS + 1)
    odds, slope = np.full(log_load.shape, -np.inf), np.zeros(log_load.shape)
    for seat in range(1, seats + 1):
        slope = slope * expit(odds) - 1
        odds = np.log(seat) - log_load + np.logaddexp(0.0, odds)
    curve = np.stack([odds, slope * (2 * LOG_RHO_REACH / _ODDS_CELLS)], axis=1)
    curve.flags.writeable = False
    return curve


def _point_weights(place: Array) -> list[Array]:
    """Weights of the polynomial through _ORDER even points, at `place` counted from the first. [point][lane]"""
    weights = []
    for k in range(_ORDER):
        weight = np.ones(place.shape)
        for other in range(_ORDER):
            if other != k:
                weight = weight * ((place - other) / (k - other))
        weights.append(weight)
    return weights


def _between_nodes(curve: Array, node: Array, part: Array) -> Array:
    """Cubic Hermite interpolation. A node's value and slope are fetched in one go, as the two halves of a complex number."""
    pairs = curve.reshape(-1).view(complex)
    low, high = pairs.take(node), pairs.take(node + 1)
    slope = low.imag
    rise = high.real - low.real
    bend = slope + high.imag
    bend -= rise
    bend -= rise
    rise -= slope
    rise -= bend
    value = part * bend
    value += rise
    value *= part
    value += slope
    value *= part
    value += low.real
    return value

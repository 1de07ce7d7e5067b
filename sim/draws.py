"""Named chance: which world a draw lives in.

Every uncertainty owns a column of a digital sequence (of Sobol's kind), chosen by its permanent dimension number and scrambled
by its name; every noise stream owns a generator keyed by its name. So draw i is the same world in every scenario, in every
block and for any number of draws, more draws extend the same sequence, and a new parameter leaves all other columns untouched.

The sequence fills the space of assumptions evenly: the error of a mean falls almost as 1/n, where independent draws give
1/sqrt(n) (Owen 1995).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.special import betaincinv, betaln, ndtr, ndtri

from sim.model.world import STREAMS, Array, Shocks
from sim.parameters import Parameter

GROUP = 256
SECOND = 128  # dimensions from here on are those of second sequences
_NINETY_PERCENT = 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class Range:
    """What is believed of an uncertain number: its distribution and low, best, high in its own unit."""

    distribution: str
    low: float
    best: float
    high: float

    @classmethod
    def of(cls, parameter: Parameter) -> Range:
        return cls(distribution=parameter.distribution, low=parameter.low, best=parameter.value, high=parameter.high)


def quantile(belief: Range, u: Array) -> Array:
    """Value at each probability. u, result: [draw].

    pert: a beta on [low, high] with mode best. lognormal: median best, low to high its central 90 %, truncated there.
    chance: 1 with probability best, else 0.
    """
    low, best, high = belief.low, belief.best, belief.high
    if belief.distribution == "chance":
        return (u < best).astype(float)
    if low == high:
        return np.full_like(u, low)
    if belief.distribution == "uniform":
        return low + (high - low) * u
    if belief.distribution == "lognormal":
        sd = np.log(high / low) / (2.0 * _NINETY_PERCENT)
        ends = ndtr(np.log(np.array([low, high]) / best) / sd)
        return np.clip(best * np.exp(sd * ndtri(ends[0] + (ends[1] - ends[0]) * u)), low, high)
    a, b = pert_shape(belief)
    return low + (high - low) * _beta_table(a, b)(u)


def pert_shape(belief: Range) -> tuple[float, float]:
    """The beta distribution's two shapes behind a PERT range."""
    width = belief.high - belief.low
    return 1.0 + 4.0 * (belief.best - belief.low) / width, 1.0 + 4.0 * (belief.high - belief.best) / width


_TABLE_EDGE, _TABLE_CELLS = 8.5, 256


@lru_cache(maxsize=512)
def _beta_table(a: float, b: float) -> Callable[[Array], Array]:
    """The beta quantile as a cubic Hermite table over the normal quantile of u, where it is smooth up to its very tails.

    Within 1e-7 of the exact quantile, and twenty times as fast.
    """
    t = np.linspace(-_TABLE_EDGE, _TABLE_EDGE, _TABLE_CELLS + 1)
    step = t[1] - t[0]
    # The upper half through the mirrored distribution: 1 - u loses its digits near 1.
    below = t <= 0.0
    value = np.where(below, betaincinv(a, b, ndtr(t)), 1.0 - betaincinv(b, a, ndtr(-t)))
    rest = np.where(below, 1.0 - betaincinv(a, b, ndtr(t)), betaincinv(b, a, ndtr(-t)))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_density = (a - 1.0) * np.log(value) + (b - 1.0) * np.log(rest) - betaln(a, b)
        slope = np.exp(-0.5 * t**2 - 0.5 * np.log(2.0 * np.pi) - log_density) * step
    slope = np.where(np.isfinite(slope), slope, 0.0)
    rise = np.diff(value)
    square, cube = 3.0 * rise - 2.0 * slope[:-1] - slope[1:], slope[:-1] + slope[1:] - 2.0 * rise
    cells = np.stack([value[:-1], slope[:-1], square, cube], axis=1)

    def at(u: Array) -> Array:
        place = ndtri(u)
        place += _TABLE_EDGE
        place *= 1.0 / step
        node = place.astype(np.intp)
        place -= node
        found = cells.take(node, axis=0, mode="clip")
        total = place * found[:, 3]
        for power in (2, 1):
            total += found[:, power]
            total *= place
        total += found[:, 0]
        return total

    return at


@lru_cache(maxsize=1024)
def column(belief: Range, seed: int, name: str, dimension: int, first: int, count: int) -> Array:
    """An uncertainty's values in a block of draws, kept for the next scenario that meets the same worlds. [draw], read-only"""
    values = quantile(belief, uniforms(seed, name, dimension, first, count))
    values.flags.writeable = False
    return values


def second(seed: int, dimension: int) -> tuple[int, int]:
    """Seed and dimension of a second sequence, independent of the first: of each uncertainty another column of the same net."""
    return _key(seed, "again", 8) >> 1, dimension + SECOND


@lru_cache(maxsize=32)
def rows(seed: int, among: int, first: int, count: int) -> np.ndarray:
    """Which of a posterior's rows the draws first ... first + count take. [draw]

    Every `among` draws take each row once, in an order of their own that only the seed decides: more draws extend the sequence.
    """
    rounds = range(first // among, -(-(first + count) // among))
    taken = np.concatenate([_shuffled(seed, among, turn) for turn in rounds])
    taken = taken[first - rounds.start * among :][:count]
    taken.flags.writeable = False
    return taken


@lru_cache(maxsize=32)
def _shuffled(seed: int, among: int, turn: int) -> np.ndarray:
    bits = np.random.Philox(key=_key(seed, f"posterior/{turn}", 16)).random_raw(among)
    return np.argsort(bits, kind="stable")


def central(belief: Range) -> float:
    """The value that a spreadsheet would use; of a chance, the likelier outcome."""
    return float(belief.best >= 0.5) if belief.distribution == "chance" else belief.best


# ------------------------------------------------------------------------------------------------------------ quasi-random columns

_BITS = 32
_FULL = np.uint64(2**_BITS - 1)


@lru_cache(maxsize=1)
def _choices() -> tuple[int, ...]:
    """Which of the hashed generator matrices each dimension uses (benchmarks/digital_net.py found them)."""
    return tuple(int(word) for word in (files(__package__) / "digital_net.txt").read_text(encoding="ascii").split())


def direction_numbers(dimension: int, choice: int) -> np.ndarray:
    """Columns of a dimension's generator matrix over GF(2): unit upper triangular, so the dimension alone is evenly filled. [bit]

    Its free bits come from a counter-based generator keyed by dimension and choice; the choice is what was searched.
    """
    bits = np.random.Philox(key=(dimension - 1) * 1_000_000 + choice).random_raw(_BITS)
    top = np.uint64(1) << (np.uint64(_BITS - 1) - np.arange(_BITS, dtype=np.uint64))
    return (top | (bits & _FULL & ~((top << np.uint64(1)) - np.uint64(1)))).astype(np.uint32)


@lru_cache(maxsize=1024)
def _first_points(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """A dimension's first 256 points, which the groups after them repeat shifted, and its direction numbers: bits in reverse order."""
    if not 1 <= dimension <= len(_choices()):
        raise ValueError(f"there are {len(_choices())} dimensions: extend digital_net.txt with benchmarks/digital_net.py")
    columns = _mirrored(direction_numbers(dimension, _choices()[dimension - 1]))
    points = np.zeros(1, dtype=np.uint32)
    for column in columns[:8]:
        points = np.concatenate([points, points ^ column])
    return points, columns


def _mirrored(value: np.ndarray) -> np.ndarray:
    """The bits of 32-bit numbers in reverse order."""
    value = value.byteswap()
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F)):
        value = ((value >> np.uint32(shift)) & np.uint32(mask)) | ((value & np.uint32(mask)) << np.uint32(shift))
    return value


def _scrambled(value: np.ndarray, key: int) -> np.ndarray:
    """Owen's nested scrambling, as a hash: each bit is flipped by a function of the bits above it (Laine and Karras 2011).

    Takes the bits in reverse order, in which the hash works upwards, and gives them back in the usual one.
    """
    value = value + np.uint32(key & 0xFFFFFFFF)
    mixed = np.empty_like(value)
    for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
        value ^= np.multiply(value, np.uint32(factor), out=mixed)
    return _mirrored(value)


def _key(seed: int, name: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=size).digest(), "little")


def _groups(first: int, count: int) -> range:
    if first % GROUP:
        raise ValueError("blocks of draws start at a multiple of 256")
    return range(first // GROUP, -(-(first + count) // GROUP))


def uniforms(seed: int, name: str, dimension: int, first: int, count: int) -> Array:
    """The column of an uncertainty: draws first ... first + count. [draw], inside (0, 1)"""
    points, columns = _first_points(dimension)
    groups = _groups(first, count)
    shifts = np.bitwise_xor.reduce(np.where(_group_bits(groups), columns[8:], np.uint32(0)), axis=1)
    column = (points[None, :] ^ shifts[:, None]).reshape(-1)[:count]
    u = _scrambled(column, _key(seed, f"assumption/{name}", 4)).astype(float)
    u += 0.5
    u *= 2.0**-_BITS
    return u


@lru_cache(maxsize=8)
def _group_bits(groups: range) -> np.ndarray:
    """The binary digits of each group's number, lowest first. [group, digit]"""
    return (np.array(groups, dtype=np.uint64)[:, None] >> np.arange(_BITS - 8, dtype=np.uint64)) & np.uint64(1) != 0


# ------------------------------------------------------------------------------------------------------------ day-to-day chance


@lru_cache(maxsize=1)
def _normal_table() -> Array:
    """Normals at the midpoints of 65,536 equal shares, scaled to unit variance: 16 random bits pick one."""
    values = ndtri((np.arange(2**16) + 0.5) / 2**16)
    values /= np.sqrt(np.mean(values**2))
    values.flags.writeable = False
    return values


def normal_places(seed: int, name: str, groups: range, days: int) -> np.ndarray:
    """The column of a noise stream, as places in the table of normals. [day, group, draw of the group], uint16

    A longer horizon or more draws extend it and change nothing.
    """
    places = np.empty((days, len(groups), GROUP), dtype=np.uint16)
    key = _key(seed, f"noise/{name}", 16)
    for k, group in enumerate(groups):
        raw = np.random.Philox(key=key, counter=[0, 0, 0, group]).random_raw(days * GROUP // 4)
        places[:, k] = raw.view(np.uint16).reshape(days, GROUP)
    return places


@lru_cache(maxsize=2)
def shocks(seed: int, first: int, count: int, days: int) -> Shocks:
    """All day-to-day chance of a block, kept for the next scenario that meets the same worlds. Read-only."""
    groups = _groups(first, count)
    places = np.empty((1 + days, len(STREAMS), count), dtype=np.uint16)
    for k, stream in enumerate(STREAMS):
        places[:, k] = normal_places(seed, stream, groups, 1 + days).reshape(1 + days, -1)[:, :count]
    drift = _normal_table().take(normal_places(seed, "drift", groups, 1).reshape(-1)[:count])
    made = Shocks(places=places, table=_normal_table(), drift=drift)
    for values in (made.places, made.drift):
        values.flags.writeable = False
    return made


"""Named chance: which world a draw lives in.

Every uncertainty and every noise stream owns a column keyed by its name and the seed, so that draw i is the same world in
every scenario, in every block and for any number of draws, and a new parameter leaves all other columns untouched.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from sim.model.world import STREAMS, Array, Shocks
from sim.parameters import Parameter, registry

GROUP = 256
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
    a = 1.0 + 4.0 * (best - low) / (high - low)
    b = 1.0 + 4.0 * (high - best) / (high - low)
    return low + (high - low) * betaincinv(a, b, u)


def central(belief: Range) -> float:
    """The value that a spreadsheet would use; of a chance, the likelier outcome."""
    return float(belief.best >= 0.5) if belief.distribution == "chance" else belief.best


def _generator(seed: int, name: str, group: int) -> np.random.Generator:
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, group]))


def _groups(first: int, count: int) -> range:
    if first % GROUP:
        raise ValueError("blocks of draws start at a multiple of 256")
    return range(first // GROUP, -(-(first + count) // GROUP))


def uniforms(seed: int, name: str, first: int, count: int) -> Array:
    """The column of an uncertainty: draws first ... first + count. [draw], inside (0, 1)"""
    column = np.concatenate([_generator(seed, f"assumption/{name}", group).random(GROUP) for group in _groups(first, count)])
    return np.clip(column[:count], 2.0**-54, 1.0 - 2.0**-53)


def normals(seed: int, name: str, first: int, count: int, days: int) -> Array:
    """The column of a noise stream. [day, draw]. A longer horizon or more draws extend it and change nothing."""
    blocks = [_generator(seed, f"noise/{name}", group).standard_normal((days, GROUP)) for group in _groups(first, count)]
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)[:, :count])


def shocks(seed: int, first: int, count: int, days: int) -> Shocks:
    """All day-to-day chance of a block."""
    return Shocks(
        persistent={stream: normals(seed, f"{stream}/day", first, count, days) for stream in STREAMS},
        count={stream: normals(seed, f"{stream}/count", first, count, days) for stream in STREAMS},
        drift=normals(seed, "drift", first, count, 1)[0],
    )


def beliefs() -> dict[str, Range]:
    """Each uncertainty of the registry as it is believed without a scenario."""
    return {parameter.name: Range.of(parameter) for parameter in registry().uncertainties}

"""Day-to-day noise: standard normals become factors on traffic and on the odds of each step.

Noise is formed at the lane's pinned baseline and shared by every scenario, so that a comparison cancels it (MODEL 9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.model.world import STREAMS, Array, Number, Shocks, World

TRAFFIC, SUBMIT, STAY, PAY, SHIP, RETURNS = range(len(STREAMS))
RATES, HAZARDS = (SUBMIT, RETURNS), slice(STAY, SHIP + 1)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A block's noise. Settings are [stream, lane]; `kept` holds what `days` gives where it is asked for again and again.

    A stream's ln x is `spread` times an AR(1) path with `persistence` and a stationary start, plus `spread_count` times an
    independent normal, less `shift`. `rate` is the baseline's, at which noise is formed (without meaning for traffic).
    """

    shocks: Shocks
    length: int
    persistence: Array
    spread: Array
    spread_count: Array
    shift: Array
    rate: Array
    kept: Array | None = None

    def days(self) -> Iterator[Array]:
        """Day by day: a factor on traffic; 1/x, the factor on the odds against, of orders and of returns; a factor on the hazards
        of staying, paying and shipping in time. [stream, lane], valid until the next day."""
        return iter(self._days() if self.kept is None else self.kept)

    def keeping(self) -> Noise:
        """The same noise, its days made once."""
        kept = np.empty((self.length, *self.spread.shape))
        for day, factors in enumerate(self._days()):
            kept[day] = factors
        return replace(self, kept=kept)

    def _days(self) -> Iterator[Array]:
        here, log_here = self.rate[HAZARDS], np.log(self.rate[HAZARDS])
        rest, fresh = 1.0 - here, np.sqrt(1.0 - self.persistence**2)
        path, today = np.zeros_like(self.spread), np.ones_like(self.spread)
        index, normals = np.empty((2, *path.shape), dtype=np.intp), np.empty((2, *path.shape))
        odds = np.empty_like(self.rate[HAZARDS])
        for day in range(self.length):
            daily, counting = self.shocks.on(day, index=index, out=normals)
            path *= self.persistence
            path += np.multiply(today, daily, out=daily)
            log_odds = np.multiply(path, self.spread, out=daily)
            log_odds += np.multiply(counting, self.spread_count, out=counting)
            log_odds -= self.shift
            for k in RATES:
                np.negative(log_odds[k], out=log_odds[k])
            factors = np.exp(log_odds, out=counting)
            # The hazard's factor m has p' = p^m, p' the rate at the day's odds: m = ln p'/ln p, p' = p x/(1 - p + p x).
            np.multiply(here, factors[HAZARDS], out=odds)
            odds += rest
            np.subtract(log_odds[HAZARDS], np.log(odds, out=odds), out=odds)
            odds /= log_here
            np.add(odds, 1.0, out=factors[HAZARDS])
            yield factors
            today = fresh


def step_variance(cv: Number, rate: Number, entrants: Number) -> tuple[Number, Number]:
    """Variance of ln x from day to day and from counting: cv is that of the smaller of p and 1-p; counts add 1/(n p (1-p))."""
    return (cv / np.maximum(rate, 1.0 - rate)) ** 2, 1.0 / (entrants * rate * (1.0 - rate))


def day_to_day(world: World, rates: Mapping[str, Number], entrants: Mapping[str, Number]) -> Noise | None:
    """All noise of a block, or None when it is off. `rates` and `entrants` are the baseline's, per stream.

    `shift` keeps the mean: half the variance for traffic, which is lognormal and carries the horizon's drift, (1 - 2p)/2 of it
    for a rate, whose odds are moved.
    """
    if world.shocks is None:
        return None
    cv = world.rows(f"noise.cv_{stream}" for stream in STREAMS)
    rate = np.stack([np.full(world.lanes, np.nan), *(rates[stream] * np.ones(world.lanes) for stream in STREAMS[1:])])
    parts = [(np.log1p(cv[TRAFFIC] ** 2), 1.0 / entrants["traffic"])]
    parts += [step_variance(cv[k], rate[k], entrants[stream]) for k, stream in enumerate(STREAMS) if k != TRAFFIC]
    persistent, count = (np.stack(side) for side in zip(*parts, strict=True))
    shift = (1.0 - 2.0 * rate) * (persistent + count) / 2.0
    sd = world["noise.drift_sd"]
    shift[TRAFFIC] = (persistent[TRAFFIC] + count[TRAFFIC]) / 2.0 - (sd * world.shocks.drift - sd**2 / 2.0)
    return Noise(
        shocks=world.shocks, length=world.days, persistence=world.rows(f"noise.persistence_{stream}" for stream in STREAMS),
        spread=np.sqrt(persistent), spread_count=np.sqrt(count), shift=shift, rate=rate,
    )


@dataclass(frozen=True, kw_only=True)
class RateFactor:
    """p'/p = 1/(p + (1 - p)/x) on every day until a lever turns, formed at one category so that no rate can pass 1. [lane]"""

    rest: Array
    top: Array

    def at(self, against: Array) -> Array:
        """The factor on a day whose odds against the step are multiplied by `against`."""
        return 1.0 / (self.top + self.rest * against)


def rate_factor(noise: Noise, stream: int, highest: Number) -> RateFactor:
    """The factor formed at the baseline's highest rate, or at the plan's where that is higher.

    At the baseline's alone a plan that lifts rates far could be carried above 1. The odds' mean correction moves along.
    """
    rate, variance = noise.rate[stream], noise.spread[stream] ** 2 + noise.spread_count[stream] ** 2
    top = np.maximum(rate, highest)
    return RateFactor(rest=(1.0 - top) * np.exp((rate - top) * variance), top=top)

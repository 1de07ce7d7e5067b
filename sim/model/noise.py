"""Day-to-day noise: standard normals become factors on traffic and on the odds of each step.

Noise is formed at the lane's pinned baseline and shared by every scenario, so that a comparison cancels it (MODEL 9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from sim.model.world import STREAMS, Array, Number, Shocks, World

TRAFFIC, SUBMIT, STAY, PAY, SHIP, RETURNS = range(len(STREAMS))
RATES, HAZARDS = (SUBMIT, RETURNS), slice(STAY, SHIP + 1)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A block's noise. Settings are [stream, lane]; `kept` holds what `stretches` gives where it is asked for again and again.

    A stream's ln x is `spread` times an AR(1) path with `persistence` phi and a stationary start, plus `spread_count` times white
    noise, less `shift`. That sum is an ARMA(1,1) process, which one normal z a day drives exactly (`steps`):

        ln x + shift = m + s z,    m' = phi m + kappa s z,    m at the start: sqrt(spread^2 + spread_count^2 - s^2) times a normal
        s^2 = (c + sqrt(c^2 - 4 phi^2 spread_count^4))/2,    c = (1 - phi^2) spread^2 + (1 + phi^2) spread_count^2
        kappa = phi (1 - spread_count^2/s^2)

    The covariances are those of path and white noise: spread^2 + spread_count^2 on a day, phi^k spread^2 from a day to the k-th after.
    `rate` is the baseline's, at which noise is formed (without meaning for traffic).
    """

    shocks: Shocks
    length: int
    persistence: Array
    spread: Array
    spread_count: Array
    shift: Array
    rate: Array
    kept: Array | None = None

    def stretches(self, lengths: Sequence[int]) -> Iterator[Array]:
        """The horizon in stretches of so many days: a factor on traffic; 1/x, the factor on the odds against, of orders and of returns;
        a factor on the hazards of staying, paying and shipping in time. [day, stream, lane], valid until the next stretch."""
        if self.kept is not None:
            yield from (self.kept[end - length : end] for length, end in zip(lengths, accumulate(lengths), strict=True))
            return
        room, normals = np.empty((max(lengths), *self.spread.shape)), np.empty_like(self.spread)
        index = np.empty(self.spread.shape, dtype=np.intp)
        start, sd, kick = self.steps()
        path, day = start * self.shocks.on(-1) - self.shift, 0
        sink = (1.0 - self.persistence) * self.shift
        for length in lengths:
            for log_odds in room[:length]:
                daily = self.shocks.on(day, index=index, out=normals)
                np.multiply(daily, sd, out=log_odds)
                log_odds += path
                path *= self.persistence
                path += np.multiply(daily, kick, out=daily)
                path -= sink
                day += 1
            self._turn_into_factors(room[:length])
            yield room[:length]

    def keeping(self) -> Noise:
        """The same noise, its days made once."""
        (kept,) = self.stretches([self.length])
        return replace(self, kept=kept)

    def steps(self) -> tuple[Array, Array, Array]:
        """Of the ARMA(1,1) process: sd of its start, s, and what of a day's normal stays on (kappa s). [stream, lane] each"""
        phi, path, white = self.persistence, self.spread**2, self.spread_count**2
        fresh = (1.0 - phi**2) * path
        sd = (np.sqrt(fresh + (1.0 - phi) ** 2 * white) + np.sqrt(fresh + (1.0 + phi) ** 2 * white)) / 2.0  # the root above
        return np.sqrt(np.maximum(path + white - sd**2, 0.0)), sd, phi * (sd - white / sd)

    def _turn_into_factors(self, log_odds: Array) -> None:
        """What `stretches` gives, in the place of ln x. [day, stream, lane]"""
        here = self.rate[HAZARDS]
        rest, per_log = 1.0 - here, 1.0 / np.log(here)
        for day in log_odds:  # one by one: they stay in the processor's cache
            for k in RATES:
                np.negative(day[k], out=day[k])
            # The hazard's factor m has p' = p^m, p' the rate at the day's odds: m = ln p'/ln p, p' = p x/(1 - p + p x).
            hazards = day[HAZARDS].copy()
            np.exp(day, out=day)
            odds = np.multiply(here, day[HAZARDS], out=day[HAZARDS])
            odds += rest
            np.subtract(hazards, np.log(odds, out=odds), out=odds)
            odds *= per_log
            odds += 1.0


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
        factor = self.rest * against
        factor += self.top
        return np.divide(1.0, factor, out=factor)


def rate_factor(noise: Noise, stream: int, highest: Number) -> RateFactor:
    """The factor formed at the baseline's highest rate, or at the plan's where that is higher.

    At the baseline's alone a plan that lifts rates far could be carried above 1. The odds' mean correction moves along.
    """
    rate, variance = noise.rate[stream], noise.spread[stream] ** 2 + noise.spread_count[stream] ** 2
    top = np.maximum(rate, highest)
    return RateFactor(rest=(1.0 - top) * np.exp((rate - top) * variance), top=top)

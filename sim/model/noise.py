"""Day-to-day noise: standard normals become factors on traffic and on the odds of each step.

Noise is formed at the lane's pinned baseline and shared by every scenario, so that a comparison cancels it (MODEL 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.model.world import Array, Number, World


@dataclass(frozen=True, kw_only=True)
class StepNoise:
    """What a day does to one rate: its odds are multiplied by x. `variance` is that of ln x. [day, lane] and [lane]"""

    odds: Array
    variance: Array
    rate: Number


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A block's noise: factors on traffic and hazards [day, lane], and odds for rates that differ between categories."""

    traffic: Array
    stay: Array
    pay: Array
    ship: Array
    submit: StepNoise
    returns: StepNoise


def persistent(world: World, stream: str) -> Array:
    """A stream's AR(1) path with unit variance and a stationary start. [day, lane]"""
    shocks = world.shocks.persistent[stream]
    phi = world[f"noise.persistence_{stream}"]
    fresh = np.sqrt(1.0 - phi**2)
    path = np.empty((world.days, world.lanes))
    path[0] = shocks[0]
    for day in range(1, world.days):
        path[day] = phi * path[day - 1] + fresh * shocks[day]
    return path


def step_noise(world: World, stream: str, rate: Number, entrants: Number) -> StepNoise:
    """Odds factor of a step whose baseline rate is p: cv is that of the smaller of p and 1-p; counts add 1/(n p (1-p))."""
    spread = world[f"noise.cv_{stream}"] / np.maximum(rate, 1.0 - rate)
    count = 1.0 / np.sqrt(entrants * rate * (1.0 - rate))
    variance = spread**2 + count**2
    eps = persistent(world, stream) * spread + world.shocks.count[stream] * count
    return StepNoise(odds=np.exp(eps - (1.0 - 2.0 * rate) * variance / 2.0), variance=variance, rate=rate)


def hazard_factor(noise: StepNoise) -> Array:
    """Factor m on every hazard of a stage with p' = p^m: m = ln p'/ln p, p' the rate at the day's odds. [day, lane]"""
    p, x = noise.rate, noise.odds
    return np.log(p * x / (1.0 - p + p * x)) / np.log(p)


def rate_factor(noise: StepNoise, day: int, highest: Number) -> Array:
    """Factor on rates that differ between categories: p'/p at the highest of them, so that none can pass 1. [lane]

    Formed at the baseline's highest rate, or at the plan's where that is higher: at the baseline's alone a plan that
    lifts rates far could be carried above 1. The odds' mean correction moves along.
    """
    top = np.maximum(noise.rate, highest)
    x = noise.odds[day] * np.exp((top - noise.rate) * noise.variance)
    return x / (1.0 - top + top * x)


def traffic_noise(world: World, viewers: Number) -> Array:
    """Lognormal factor on viewers with mean one: daily noise, count noise and the horizon's drift. [day, lane]"""
    spread2 = np.log1p(np.asarray(world["noise.cv_traffic"]) ** 2)
    count2 = 1.0 / np.asarray(viewers)
    sd = world["noise.drift_sd"]
    eps = persistent(world, "traffic") * np.sqrt(spread2) + world.shocks.count["traffic"] * np.sqrt(count2)
    return np.exp(eps - (spread2 + count2) / 2.0 + sd * world.shocks.drift - sd**2 / 2.0)


def day_to_day(world: World, rates: Mapping[str, Number], entrants: Mapping[str, Number]) -> Noise | None:
    """All noise of a block, or None when it is off. `rates` and `entrants` are the baseline's, per stream."""
    if world.shocks is None:
        return None
    step = {name: step_noise(world, name, rates[name], entrants[name]) for name in rates}
    return Noise(
        traffic=traffic_noise(world, entrants["traffic"]),
        stay=hazard_factor(step["stay"]),
        pay=hazard_factor(step["pay"]),
        ship=hazard_factor(step["shipped_24h"]),
        submit=step["submit"],
        returns=step["returns"],
    )

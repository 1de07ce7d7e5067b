"""Where a series goes from here: the fitted path, walked on day by day in every draw."""

from __future__ import annotations

import numpy as np

from sim.shops.fitting import Draws
from sim.shops.latent import Array


def drift_ahead(draws: Draws, steps: int, chance: np.random.Generator) -> Array:
    """The drift on each step ahead: it shrinks back to the long-run mean and wanders on. [draw, step]"""
    return _walked(draws.slow_end, draws.slow, 0.5 ** (1.0 / draws.half_life), steps, chance)


def swing_ahead(draws: Draws, steps: int, chance: np.random.Generator) -> Array:
    """The day-to-day swing on each step ahead. [draw, step]"""
    return _walked(draws.fast_end, draws.fast, draws.persistence, steps, chance)


def growth_ahead(draws: Draws, steps: int) -> Array:
    """Log growth since the data's end, damped: a trend fades with the drift's half-life. [draw, step]

    Trends carried on straight have been the worse forecast wherever forecasts were compared (Gardner and McKenzie 1985).
    """
    if "growth" not in draws.calendar.names:
        return np.zeros((len(draws.fast_end), steps))
    step_days = draws.calendar.step_days
    daily = draws.effect("growth") / 100.0 * step_days
    ahead = np.arange(1, steps + 1)
    faded = (1.0 - 0.5 ** (ahead[None, :] / draws.half_life[:, None])) * draws.half_life[:, None] / np.log(2.0)
    return daily[:, None] * faded


def ahead(draws: Draws, days: Array, chance: np.random.Generator) -> Array:
    """Eta on the days after the data, swing and drift included. [draw, step]

    days: evenly spaced; they may begin later than the day after the data.
    """
    step = np.timedelta64(draws.calendar.step_days, "D")
    gap = int((days[0] - draws.calendar.last) / step) - 1
    steps = gap + len(days)
    path = drift_ahead(draws, steps, chance) + swing_ahead(draws, steps, chance) + growth_ahead(draws, steps)
    design = draws.calendar.design(days)
    if "growth" in draws.calendar.names:
        design[:, draws.calendar.names.index("growth")] = 0.0
    return path[:, gap:] + draws.beta @ design.T


def _walked(end: Array, sd: Array, keep: Array, steps: int, chance: np.random.Generator) -> Array:
    path, now = np.empty((len(end), steps)), end
    fresh = sd * np.sqrt(1.0 - keep**2)
    for step in range(steps):
        now = keep * now + fresh * chance.standard_normal(len(end))
        path[:, step] = now
    return path

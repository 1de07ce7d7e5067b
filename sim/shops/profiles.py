"""The calendar of a shop's viewers: weekdays, months, where the shop stands and where it is heading."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.shops.calendars import WAVES, waves
from sim.shops.latent import Array

if TYPE_CHECKING:
    from sim.shops.calibration import _Work

MOST_LOG, STEEPEST, LEAST_FACTOR = 2.9, 0.09, 0.001  # inside of what a scenario file takes
RECENT_DAYS = 92


def recent_level(work: _Work) -> Array:
    """Log of the base series' mean level over the last 92 days, calendar and swing averaged out. [draw]"""
    fit = work.fits.of(work.base, None)
    draws = fit.draws
    known = min(RECENT_DAYS, len(fit.aside) * work.table.step_days)
    growth = draws.effect("growth") / 100.0 if "growth" in draws.calendar.names else 0.0
    swing = draws.fast**2 + (draws.scale**2 if fit.kind == "amount" else 0.0)
    level = draws.effect("level") + draws.slow_recent - growth * known / 2.0 + swing / 2.0
    return level + np.log(_weekdays(work).mean(axis=1)) + np.log(1.0 - fit.share_closed) - np.log(work.table.step_days)


def profile_of(work: _Work) -> tuple[dict[str, Any], dict[str, Array]]:
    """The [profile] of the middle, and the columns of what is uncertain in it.

    The drift shrinks back to its long-run mean with its half-life, and a trend fades with the same: together they are one trend
    that comes to rest, which is what a [profile] can say. The half-life is one figure in the file: the posterior's middle.
    """
    fit = work.fits.of(work.base, None)
    draws, step = fit.draws, work.table.step_days
    growth = draws.effect("growth") / 100.0 if "growth" in draws.calendar.names else np.zeros(work.count)
    known = min(RECENT_DAYS, len(fit.aside) * step)
    level = draws.slow_end - draws.slow_recent + growth * known / 2.0
    half_life = float(np.clip(np.median(draws.half_life) * step, 3.0, 365.0))
    # In all, each draw moves by what its own half-life says; the file's half-life spreads it.
    whole = growth * draws.half_life * step / np.log(2.0) - draws.slow_end
    whole = np.clip(whole, -MOST_LOG, MOST_LOG)
    trend = np.clip(whole * np.log(2.0) / half_life, -STEEPEST, STEEPEST)
    columns: dict[str, Array] = {"profile.level": np.clip(level, -MOST_LOG, MOST_LOG), "profile.trend": trend}
    after = work.table.frame.index[-1].date().toordinal() + step
    profile: dict[str, Any] = {
        "trend": float(np.median(trend)), "trend_half_life_days": half_life, "origin": date.fromordinal(after),
    }
    if draws.calendar.weekdays:
        factors = _weekdays(work)
        factors = np.maximum(factors / factors.mean(axis=1, keepdims=True), LEAST_FACTOR)
        factors /= factors.mean(axis=1, keepdims=True)
        columns |= {f"profile.weekday.{k}": np.maximum(factors[:, k], LEAST_FACTOR) for k in range(7)}
        profile["weekday"] = _middle(factors)
    if draws.calendar.season:
        months = _months(work)
        columns |= {f"profile.season.{k + 1}": np.maximum(months[:, k], LEAST_FACTOR) for k in range(12)}
        profile["season"] = _middle(months)
    columns["noise.drift_sd"] = np.clip(_drift_of_mean(work), 0.0, 0.5)
    return profile, columns


def uplifts(work: _Work) -> tuple[dict[str, Any], ...]:
    """The factor on the base series that each dated event had."""
    fit = work.fits.of(work.base, None)
    found = []
    for event in fit.draws.calendar.events:
        low, best, high = np.exp(np.quantile(fit.draws.effect(f"event.{event.name}"), [0.1, 0.5, 0.9]))
        found.append({
            "name": event.name, "start": event.start, "end": event.end, "series": work.base,
            "p10": float(low), "p50": float(best), "p90": float(high),
        })
    return tuple(found)


def _weekdays(work: _Work) -> Array:
    """Factors of the weekdays before they are scaled; 0 where the shop is always closed. [draw, 7]"""
    fit = work.fits.of(work.base, None)
    at = fit.draws.calendar.where("weekday")
    factors = np.exp(fit.draws.beta[:, at]) if at.any() else np.ones((work.count, 7))
    return np.where(fit.closed, 0.0, factors)


def _months(work: _Work) -> Array:
    """Monthly factors of mean one: the waves in the middle of each month. [draw, 12]"""
    draws = work.fits.of(work.base, None).draws
    middles = np.array([f"2023-{month:02d}-15" for month in range(1, 13)], dtype="datetime64[D]")
    effects = draws.beta[:, draws.calendar.where("wave")]
    assert effects.shape[1] == 2 * WAVES
    factors = np.exp(effects @ waves(middles))
    return factors / factors.mean(axis=1, keepdims=True)


def _middle(factors: Array) -> tuple[float, ...]:
    middle = np.median(factors, axis=0)
    return tuple(float(value) for value in np.round(middle / middle.mean(), 4))


def _drift_of_mean(work: _Work) -> Array:
    """Standard deviation of the drift's mean over the horizon, seen from the data's end. [draw]

    An AR(1) step at day j moves the mean of days j … H by (1 - keep^(H - j + 1))/((1 - keep) H).
    """
    draws = work.fits.of(work.base, None).draws
    keep = (0.5 ** (1.0 / draws.half_life))[:, None]
    left = np.arange(work.horizon, 0, -1)[None, :]
    moved = (1.0 - keep**left) / ((1.0 - keep) * work.horizon)
    return draws.slow * np.sqrt((1.0 - keep[:, 0] ** 2) * (moved**2).sum(axis=1))

"""A shop's own calendar: what weekday, season, trend and level make of its viewers, day by day.

Weekday and month are factors of mean one. A month's factor holds in its middle; from mid-month to mid-month the season goes in a
straight line. The trend is a growth rate of viewers a day at the origin that halves every so many days, so that it comes to rest;
before the origin it does nothing.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import numpy as np

from sim.model.world import Array


def weekday_factors(start: date, days: int, weekday: Array) -> Array:
    """weekday [7, lane], Monday first -> [day, lane]"""
    return weekday[(start.weekday() + np.arange(days)) % 7]


def season_factors(start: date, days: int, season: Array) -> Array:
    """season [12, lane], January first -> [day, lane]"""
    before, after, part = np.empty(days, dtype=np.intp), np.empty(days, dtype=np.intp), np.empty((days, 1))
    for k in range(days):
        before[k], after[k], part[k] = _between_months(start + timedelta(days=k))
    return (1.0 - part) * season[before] + part * season[after]


def _between_months(day: date) -> tuple[int, int, float]:
    """The months (from 0) between whose middles a day lies, and how far it has gone from the first to the second."""
    length = monthrange(day.year, day.month)[1]
    past = day.day - (length + 1) / 2  # days since the month's middle
    other = day.replace(day=1) - timedelta(days=1) if past < 0 else day.replace(day=length) + timedelta(days=1)
    apart = (length + monthrange(other.year, other.month)[1]) / 2
    here, there = day.month - 1, other.month - 1
    return (there, here, 1.0 + past / apart) if past < 0 else (here, there, past / apart)


def log_trend(start: date, days: int, trend: Array, half_life_days: float, origin: date) -> Array:
    """Log factor on viewers: growth of `trend` a day at the origin, damped, added up since then; 0 before. trend [lane] -> [day, lane]"""
    since = np.maximum((start - origin).days + np.arange(days), 0.0)
    weight = -np.expm1(-np.log(2.0) * since / half_life_days) * half_life_days / np.log(2.0)
    return weight[:, None] * trend


def profile_factors(
    start: date, days: int, *, weekday: Array | None = None, season: Array | None = None, trend: Array | None = None,
    half_life_days: float = np.inf, origin: date | None = None, level: Array | None = None,
) -> Array:
    """Factors on viewers. Inputs [7, lane], [12, lane] and twice [lane], where a lane's axis of 1 stands for all -> [day, lane or 1]"""
    factors = np.ones((days, 1))
    if weekday is not None:
        factors = factors * weekday_factors(start, days, weekday)
    if season is not None:
        factors = factors * season_factors(start, days, season)
    if trend is not None and origin is not None:
        factors = factors * np.exp(log_trend(start, days, trend, half_life_days, origin))
    return factors if level is None else factors * np.exp(level)

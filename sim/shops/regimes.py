"""Weeks on another level, found by cutting a series where its mean moves (optimal partitioning; Jackson and others 2005)."""

from __future__ import annotations

import numpy as np

from sim.shops.latent import Array

_FACTOR, _PENALTY = 1.5, 6.0


def shifted_spells(values: Array, weekday: Array, *, least: int = 14) -> list[tuple[int, int, float]]:
    """Spells of at least `least` steps whose level is a factor of 1.5 or more away from the usual one.

    values: [step], NaN is missing, zeros are taken as half the smallest. Returns (first, last, factor against the usual level).
    """
    known = np.isfinite(values)
    if known.sum() < 3 * least:
        return []
    places = np.flatnonzero(known)
    y = values[known]
    positive = y[y > 0.0]
    if not len(positive):
        return []
    logs = np.log(np.maximum(y, 0.5 * positive.min()))
    logs = _without_weekdays(logs, weekday[known])
    swing = _swing(logs)
    ends = _segments(logs, least=max(2, least // 2), penalty=_PENALTY * np.log(len(logs)) * swing**2)
    levels = np.empty(len(logs))
    for start, stop in ends:
        levels[start:stop] = np.median(logs[start:stop])
    usual = float(np.median(levels))
    spells: list[tuple[int, int, float]] = []
    away = levels - usual
    inside = None
    for k in range(len(logs) + 1):
        far = k < len(logs) and abs(away[k]) >= np.log(_FACTOR)
        if far and inside is None:
            inside = k
        if inside is not None and (not far or np.sign(away[k]) != np.sign(away[inside])):
            first, last = _stretched(logs - usual, levels - usual, inside, k - 1)
            factor = float(np.exp(np.median(logs[first : last + 1]) - usual))
            if last - first + 1 >= least:
                spells.append((int(places[first]), int(places[last]), factor))
            inside = k if far else None
    return spells


def _stretched(daily: Array, level: Array, first: int, last: int) -> tuple[int, int]:
    """A spell with its slopes: on both sides as long as days are still half as far away."""
    near = np.sign(level[first]) * daily >= 0.5 * np.log(_FACTOR)
    while first > 0 and near[first - 1]:
        first -= 1
    while last < len(daily) - 1 and near[last + 1]:
        last += 1
    return first, last


def _without_weekdays(logs: Array, weekday: Array) -> Array:
    """Logs less each weekday's median distance from its surrounding week."""
    if len(np.unique(weekday)) < 2:
        return logs
    around = np.convolve(np.pad(logs, 3, mode="edge"), np.full(7, 1.0 / 7.0), mode="valid")
    effect = np.array([np.median((logs - around)[weekday == day]) if (weekday == day).any() else 0.0 for day in range(7)])
    return logs - effect[weekday]


def _swing(logs: Array) -> float:
    """Spread of a mean's worth of days: the daily one, larger where a day's swing carries over to the next."""
    steps = np.diff(logs)
    week = np.abs(logs[3:] - logs[:-3]) if len(logs) > 10 else np.abs(steps)
    near = 1.4826 * np.median(np.abs(steps)) / np.sqrt(2.0)
    far = 1.4826 * np.median(week) / np.sqrt(2.0)
    return float(max(near, far, 0.02))


def _segments(logs: Array, *, least: int, penalty: float) -> list[tuple[int, int]]:
    """The cuts with the least squared distance from the segments' means, each cut at a price."""
    size = len(logs)
    one, two = np.concatenate([[0.0], np.cumsum(logs)]), np.concatenate([[0.0], np.cumsum(logs**2)])
    best, cut = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=int)
    best[0] = -penalty
    for stop in range(least, size + 1):
        starts = np.arange(0, stop - least + 1)
        count = stop - starts
        cost = two[stop] - two[starts] - (one[stop] - one[starts]) ** 2 / count
        total = best[starts] + cost + penalty
        place = int(np.argmin(total))
        best[stop], cut[stop] = total[place], starts[place]
    found, stop = [], size
    while stop > 0:
        found.append((int(cut[stop]), stop))
        stop = int(cut[stop])
    return found[::-1]

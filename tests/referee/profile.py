"""A shop's own calendar: one factor on viewers for each day (MODEL sections 1 and 2)."""

from datetime import date, timedelta
from itertools import pairwise
from math import exp


def viewers_by_day(profile: dict | None, days: int) -> list[float]:
    """Factor on all viewers of each day; 1 where a shop has no profile.

    `profile`: start (date of day 0), and what there is of weekday (7, Monday first), season (12, each of which holds in the middle
    of its month, on a straight line in between), trend with half_life (days) and origin (date), level (log).
    """
    if profile is None:
        return [1.0] * days
    return [_factor(profile, profile["start"] + timedelta(days=t)) for t in range(days)]


def _factor(profile: dict, day: date) -> float:
    factor = exp(profile.get("level") or 0.0)
    if profile.get("weekday"):
        factor *= profile["weekday"][day.weekday()]
    if profile.get("season"):
        factor *= _season(profile["season"], day)
    if profile.get("trend"):
        # Growth is trend x 2^(-u/half_life) at u days after the origin: its integral in closed form would be the engine's way.
        factor *= exp(_integral(profile["trend"], profile["half_life"], max(0, (day - profile["origin"]).days)))
    return factor


def _season(months: list[float], day: date) -> float:
    """Between the two mid-months around a day; noon of the first day lies half a day into its month."""
    firsts = [date(day.year + (day.month - 2 + k) // 12, (day.month - 2 + k) % 12 + 1, 1) for k in range(4)]
    middles = [(a.toordinal() + b.toordinal()) / 2 for a, b in pairwise(firsts)]
    noon = day.toordinal() + 0.5
    for k in range(2):
        if middles[k] <= noon <= middles[k + 1]:
            part = (noon - middles[k]) / (middles[k + 1] - middles[k])
            return (1 - part) * months[firsts[k].month - 1] + part * months[firsts[k + 1].month - 1]
    raise AssertionError(day)


def _integral(trend: float, half_life: float, since: int, parts: int = 8) -> float:
    """Simpson's rule, eight times a day."""
    total = 0.0
    for k in range(since * parts):
        a, b = k / parts, (k + 1) / parts
        total += (2 ** (-a / half_life) + 4 * 2 ** (-(a + b) / 2 / half_life) + 2 ** (-b / half_life)) / 6 / parts
    return trend * total

"""The series of a shop: which column is counted out of which, what is believed of it beforehand, and its fit.

The beliefs are the registry's ranges made wider, since the registry speaks of a platform and a shop may be anything: a day's swing of
0.15 of the smaller of p and 1 - p (MODEL.md section 9) with a factor of 1.6 either way, drifts of a quarter of the odds or of the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.shops.calendars import Calendar, Event, weekday_of
from sim.shops.fitting import Belief, Draws, Fitted, fit
from sim.shops.latent import Array, Seen
from sim.shops.paths import ahead

SWING, DRIFT = 0.15, 0.25
MOST_STEPS = 1461  # four years of days: what is older tells nothing of tomorrow that these do not
_STEADY_RATE = 0.8  # chance that a rate has no trend: few do, and a trend seen where there is none costs more than one missed
_WEEKDAY_LEVEL, _WEEKDAY_RATE, _WEEKDAY_VALUE = 0.12, 0.06, 0.05


@dataclass(frozen=True, kw_only=True)
class SeriesFit:
    """A fitted series. `kind`: level (a count by itself), rate (a count out of another), ratio (a count beside another that it may
    exceed), amount (money by itself), value (money per count); `closed`: weekdays on which it never happens; `aside`: days set aside
    as unlike all others; `spare`: what those days looked like on the scale of eta.
    """

    kind: str
    fitted: Fitted
    draws: Draws
    closed: Array  # [7] of bool
    aside: Array  # [step] of bool
    spare: Array  # [day set aside]
    share_closed: float

    def forecast(self, days: Array, chance: np.random.Generator, *, upstream: Array | None = None) -> Array:
        """Draws of the series on the days after its data. upstream: true or drawn counts of what it is counted out of,
        [step] or [draw, step]. Result: [draw, step]
        """
        eta = self.eta_ahead(days, chance)
        if self.kind in ("rate", "ratio", "value"):
            base = np.broadcast_to(np.nan_to_num(np.asarray(upstream, dtype=float)), eta.shape)
        if self.kind == "rate":
            found = chance.binomial(np.maximum(np.round(base), 0).astype(np.int64), 1.0 / (1.0 + np.exp(-eta))).astype(float)
        elif self.kind == "ratio":
            found = chance.poisson(np.minimum(base * np.exp(eta), 1e15)).astype(float)
        elif self.kind == "level":
            found = chance.poisson(np.exp(np.minimum(eta, 34.0))).astype(float)
        elif self.kind == "value":
            noise = self.draws.scale[:, None] * chance.standard_normal(eta.shape) / np.sqrt(np.maximum(base, 1.0))
            found = np.where(base > 0.0, base * np.exp(eta + noise), 0.0)
        else:
            found = np.exp(eta + self.draws.scale[:, None] * chance.standard_normal(eta.shape))
        return self._shut(found, days, chance)

    def eta_ahead(self, days: Array, chance: np.random.Generator) -> Array:
        """The linear predictor ahead; now and then a day like those that were set aside. [draw, step]"""
        eta = ahead(self.draws, days, chance)
        if len(self.spare):
            often = len(self.spare) / max(1, int(self.fitted.seen.known.sum()) + len(self.spare))
            struck = chance.random(eta.shape) < often
            eta = eta + struck * chance.choice(self.spare, size=eta.shape)
        return eta

    def _shut(self, found: Array, days: Array, chance: np.random.Generator) -> Array:
        if self.kind not in ("level", "amount") or self.fitted.calendar.step_days != 1:
            return found
        open_share = np.where(self.closed[weekday_of(days)], 0.0, 1.0 - self.share_closed)
        return np.where(chance.random(found.shape) < open_share, found, 0.0)


def fit_series(
    *, days: Array, y: Array, upstream: Array | None, money: bool, step_days: int, prior: float | None = None,
    events: Sequence[Event] = (), seed: int = 1, draws: int = 4000,
) -> SeriesFit:
    """Fit one series: y out of `upstream`, or by itself. NaN: not seen. y, upstream, days: [step]

    prior: what the registry says the rate is, where it knows it.
    """
    days, y = days[-MOST_STEPS:], np.asarray(y, dtype=float)[-MOST_STEPS:]
    upstream = None if upstream is None else np.asarray(upstream, dtype=float)[-MOST_STEPS:]
    first = _first_known(y, upstream)
    days, y, upstream = days[first:], y[first:], None if upstream is None else upstream[first:]
    kind, seen, belief, closed, share_closed = _seen(days, y, upstream, money, step_days, prior)
    calendar = Calendar.of(days, step_days=step_days, growth=True, season=upstream is None, events=events)
    if upstream is not None:
        belief = replace(belief, growth_none=_STEADY_RATE)
    aside, spare = unlike_all_others(seen, days, calendar)
    seen = replace(seen, known=seen.known & ~aside)
    fitted = fit(seen, calendar, belief, days=days, seed=seed)
    return SeriesFit(
        kind=kind, fitted=fitted, draws=fitted.draws(draws, seed + 1), closed=closed, aside=aside, spare=spare, share_closed=share_closed
    )


def _first_known(y: Array, upstream: Array | None) -> int:
    known = np.isfinite(y) if upstream is None else np.isfinite(y) & np.isfinite(upstream)
    found = np.flatnonzero(known)
    return int(found[0]) if len(found) else max(0, len(y) - 1)


def _seen(
    days: Array, y: Array, upstream: Array | None, money: bool, step_days: int, prior: float | None
) -> tuple[str, Seen, Belief, Array, float]:
    """What was seen, as the likelihood wants it, and what is believed beforehand."""
    closed, share_closed = np.zeros(7, dtype=bool), 0.0
    ones = np.ones(len(y))
    if upstream is not None:
        known = np.isfinite(y) & np.isfinite(upstream) & (upstream > 0.0)
        n = np.where(known, upstream, 1.0)
        if money:
            known &= np.where(np.isfinite(y), y, 0.0) > 0.0
            logs = np.log(np.where(known, y, 1.0) / n)
            level = float(np.average(logs[known], weights=n[known])) if known.any() else 0.0
            seen = Seen(kind="gaussian", y=np.where(known, logs, level), n=1.0 / n, known=known)
            # A single order's log spread of about one is what order values show (R74-R79).
            return "value", seen, _belief(level, level_sd=2.0, swing=0.08, drift=0.12, weekday=_WEEKDAY_VALUE, scale=1.0), closed, 0.0
        y = np.where(known, np.round(np.nan_to_num(y)), 0.0)
        n = np.round(n)
        if (y > n).any():
            level = np.log((y[known].sum() + 0.5) / n[known].sum())
            seen = Seen(kind="poisson", y=y, n=n, known=known)
            return "ratio", seen, _belief(level, level_sd=1.5, swing=SWING, drift=DRIFT, weekday=_WEEKDAY_RATE), closed, 0.0
        rate = (y[known].sum() + 0.5) / (n[known].sum() + 1.0)
        believed = rate if prior is None else prior
        swing = SWING / max(rate, 1.0 - rate)
        belief = _belief(np.log(believed / (1.0 - believed)), level_sd=1.5, swing=swing, drift=DRIFT, weekday=_WEEKDAY_RATE)
        return "rate", Seen(kind="binomial", y=y, n=n, known=known), belief, closed, 0.0
    known = np.isfinite(y)
    if step_days == 1:
        closed, share_closed, shut = closed_days(days, y, known, money)
        known = known & ~shut
    if money:
        known = known & (np.where(np.isfinite(y), y, 0.0) > 0.0)
        logs = np.log(np.where(known, y, 1.0))
        level = float(np.median(logs[known])) if known.any() else 0.0
        seen = Seen(kind="gaussian", y=np.where(known, logs, level), n=ones, known=known)
        belief = _belief(level, level_sd=3.0, swing=SWING, drift=DRIFT, weekday=_WEEKDAY_LEVEL, scale=0.1)
        return "amount", seen, belief, closed, share_closed
    y = np.where(known, np.round(np.nan_to_num(y)), 0.0)
    level = float(np.log(max(float(np.median(y[known])) if known.any() else 1.0, 0.1)))
    seen = Seen(kind="poisson", y=y, n=ones, known=known)
    return "level", seen, _belief(level, level_sd=3.0, swing=SWING, drift=DRIFT, weekday=_WEEKDAY_LEVEL), closed, share_closed


def _belief(level: float, *, level_sd: float, swing: float, drift: float, weekday: float, scale: float | None = None) -> Belief:
    return Belief(level=float(level), level_sd=level_sd, fast=swing, slow=drift, weekday=weekday, scale=scale)


def closed_days(days: Array, y: Array, known: Array, money: bool) -> tuple[Array, float, Array]:
    """Weekdays on which a shop is always closed, the share of other days on which it was, and all closed days.

    A zero is a closed day where a usual day has so many that chance brings none; in a small shop zeros are only small numbers.
    """
    zero = known & (np.nan_to_num(y, nan=1.0) == 0.0)
    busy = known & ~zero
    if not zero.any() or not busy.any() or (not money and np.median(y[busy]) < 20.0):
        return np.zeros(7, dtype=bool), 0.0, np.zeros(len(y), dtype=bool)
    weekday = weekday_of(days)
    zeros, all_ = np.bincount(weekday[zero], minlength=7), np.bincount(weekday[known], minlength=7)
    closed = (all_ >= 3) & (zeros >= 0.8 * all_)
    other = known & ~closed[weekday]
    share = float((zero & other).sum() / max(1, other.sum()))
    return closed, share, zero


def unlike_all_others(seen: Seen, days: Array, calendar: Calendar) -> tuple[Array, Array]:
    """Days so far from the days around them that they tell of something else (a festival, a bot, a broken counter).

    They are set aside for the fit, which they would make expect such swings every day, and come back in the forecast as often as they
    came. Far: seven robust standard deviations from the median of the surrounding two weeks, and a factor of two; dated events are
    explained, not set aside. Returns [step] of bool and how far those were.
    """
    aside = np.zeros(len(days), dtype=bool)
    known = seen.known.copy()
    for event in calendar.events:
        known &= ~event.on(days)
    if known.sum() < 21:
        return aside, np.zeros(0)
    if seen.kind == "gaussian":
        eta, sampling = seen.y, 1.0 * seen.n
    elif seen.kind == "poisson":
        eta, sampling = np.log((seen.y + 0.5) / seen.n), 1.0 / (seen.y + 0.5)
    else:
        rest = seen.n - seen.y
        eta, sampling = np.log((seen.y + 0.5) / (rest + 0.5)), 1.0 / (seen.y + 0.5) + 1.0 / (rest + 0.5)
    away = np.zeros(len(days))
    places = np.flatnonzero(known)
    for place in places:
        near = places[(np.abs(places - place) <= 7) & (places != place)]
        away[place] = eta[place] - np.median(eta[near]) if len(near) >= 4 else 0.0
    size = 1.4826 * np.median(np.abs(away[places] - np.median(away[places])))
    bound = np.maximum(7.0 * np.sqrt(size**2 + sampling), np.log(2.0))
    aside = known & (np.abs(away) > bound)
    if aside.sum() > 0.1 * len(places):  # not exceptions: that is how this shop is
        return np.zeros(len(days), dtype=bool), np.zeros(0)
    return aside, away[aside]

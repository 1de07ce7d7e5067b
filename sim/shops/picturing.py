"""A fit as a planner looks at it: what was counted, what a day like each was expected to bring, and where it goes from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.shops.calendars import Event, weekday_of
from sim.shops.calibration import DRAWS, HORIZON_DAYS, Calibration, calibrate
from sim.shops.columns import COLUMNS
from sim.shops.fits import ShopFits
from sim.shops.latent import Array
from sim.shops.series import SeriesFit
from sim.shops.table import ShopTable

MOST_SHOWN = 732  # steps of the past in a picture
LATE = 28  # steps that say how many there are to count out of from here on
COUNT = 1000  # draws of a day of the past


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One fitted series. above: what it is counted out of, None for a whole one; unit: share, CNY or count.

    rows: {date, seen, p10, p50, p90, ahead, aside}: a row a step, first those with data (`seen` None where nothing is known), then
    those after it; the band holds 80 % of days; aside: days that the fit leaves out as unlike all others.
    """

    series: str
    above: str | None
    unit: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A calibration without its fits, light enough to travel, and the pictures of these."""

    calibration: Calibration
    pictures: tuple[Picture, ...]


def calibrate_and_show(
    table: ShopTable, *, asked: Mapping[str, str] | None = None, events: Sequence[Event] = (), days: int = HORIZON_DAYS, seed: int = 1,
    draws: int = DRAWS, progress: Callable[[int, int], None] | None = None,
) -> Shown:
    """`calibrate` with the same arguments and errors, and a picture of every series that it fitted."""
    found = calibrate(table, asked=asked, events=events, days=days, seed=seed, draws=draws, progress=progress)
    assert found.fits is not None
    return Shown(calibration=replace(found, fits=None), pictures=pictures_of(found.fits, days=days))


def pictures_of(fits: ShopFits, *, days: int) -> tuple[Picture, ...]:
    """A picture of each series that was fitted, whole ones first."""
    kept: dict[str, tuple[str, str | None]] = {}
    for series, above in sorted(fits.made, key=lambda key: key[1] is not None):
        kept.setdefault(series if above is not None else f"{series}.", (series, above))
    return tuple(_picture(fits, series, above, max(1, days // fits.table.step_days)) for series, above in kept.values())


def _picture(fits: ShopFits, series: str, above: str | None, steps: int) -> Picture:
    fit, table = fits.of(series, above), fits.table
    seen_on, chance = table.days[-len(fit.aside) :], fits.chance(series, above)
    shown = seen_on[-MOST_SHOWN:]
    y = table.series(series)[-len(shown) :]
    if above is not None:
        n = table.series(above)[-len(shown) :]
        y = np.where(n > 0.0, y / np.where(n > 0.0, n, 1.0), np.nan)
    past = _expected(fit, seen_on, chance)
    after = shown[-1] + np.arange(1, steps + 1) * np.timedelta64(table.step_days, "D")
    ahead = _ahead(fit, after, chance)
    rows = [_row(*cells, ahead=False) for cells in zip(shown, y, past.T, fit.aside[-len(shown) :], strict=True)]
    rows += [_row(day, np.nan, band, False, ahead=True) for day, band in zip(after, ahead.T, strict=True)]
    money = COLUMNS[series].kind == "money"
    of_money = money and above is not None and COLUMNS[above].kind == "money"
    unit = "share" if fit.kind in ("rate", "ratio") or of_money else "CNY" if money else "count"
    return Picture(series=series, above=above, unit=unit, rows=tuple(rows))


def _row(day: np.datetime64, seen: float, band: Array, aside: bool, *, ahead: bool) -> dict[str, Any]:
    low, middle, high = (float(value) for value in band)
    known = float(seen) if np.isfinite(seen) else None
    return {"date": str(day), "seen": known, "p10": low, "p50": middle, "p90": high, "ahead": ahead, "aside": bool(aside)}


def _expected(fit: SeriesFit, days: Array, chance: np.random.Generator) -> Array:
    """What 80 % of days like each of the past would bring: calendar and drift as fitted, the swing as wide as ever. [3, step]

    Swing and drift of the fitted path are told apart by their expectations given their sum, both being Gaussian.
    """
    fitted, draws, late = fit.fitted, fit.draws, slice(-MOST_SHOWN, None)
    eta = sum(weight * mode.eta for weight, mode in zip(fitted.weights, fitted.modes, strict=True))[late]
    fixed = (fitted.calendar.design(days) @ draws.beta.mean(axis=0))[late]
    apart = np.abs(np.subtract.outer(np.arange(len(eta)), np.arange(len(eta))))
    fast, slow = float(np.median(draws.fast)), float(np.median(draws.slow))
    drifting = slow**2 * float(np.median(0.5 ** (1.0 / draws.half_life))) ** apart
    swinging = fast**2 * float(np.median(draws.persistence)) ** apart
    share = np.linalg.solve(drifting + swinging, drifting).T  # of the sum, what is drift
    middle = fixed + share @ (eta - fixed)
    unsure = np.maximum(np.diag(drifting) - np.einsum("ij,ji->i", share, drifting), 0.0)
    drawn = middle + np.sqrt(fast**2 + unsure) * chance.standard_normal((COUNT, len(middle)))
    seen = fitted.seen
    n = np.where(seen.known, seen.n, _usual(fit))[late]
    return _bands(fit, drawn, n, days[late], chance)


def _ahead(fit: SeriesFit, days: Array, chance: np.random.Generator) -> Array:
    """The same on the days after the data, from the fit's own draws. [3, step]"""
    return _bands(fit, fit.eta_ahead(days, chance), np.full(len(days), _usual(fit)), days, chance)


def _usual(fit: SeriesFit) -> float:
    """Of how many a count was lately."""
    seen = fit.fitted.seen
    return float(np.median(seen.n[seen.known][-LATE:])) if seen.known.any() else 1.0


def _bands(fit: SeriesFit, eta: Array, n: Array, days: Array, chance: np.random.Generator) -> Array:
    """10, 50 and 90 % of what is counted, given eta. eta: [draw, step]; n: [step]; result: [3, step]"""
    if fit.kind == "rate":
        whole = np.maximum(np.round(n), 1.0)
        found = chance.binomial(whole.astype(np.int64), 1.0 / (1.0 + np.exp(-eta))) / whole
    elif fit.fitted.seen.kind == "poisson":
        found = chance.poisson(np.minimum(n * np.exp(np.minimum(eta, 34.0)), 1e15)) / n
    else:
        scale = float(np.median(fit.draws.scale))
        found = np.exp(np.minimum(eta + scale * np.sqrt(n) * chance.standard_normal(eta.shape), 34.0))
    if fit.fitted.calendar.step_days == 1 and fit.closed.any():
        found = np.where(fit.closed[weekday_of(days)], 0.0, found)  # weekdays on which the shop is always closed
    return np.quantile(found, [0.1, 0.5, 0.9], axis=0)

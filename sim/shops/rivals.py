"""Simple rules to stand beside: what a planner would do in a spreadsheet, and what a library does in one line."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import numpy as np
from scipy.special import betaln, gammaln

from sim.shops.latent import Array

DRAWS = 1000
LEAST_STEPS = 10
SMOOTHING = "exponential_smoothing"


def smoothing_installed() -> bool:
    return find_spec("statsmodels") is not None


def for_levels() -> Mapping[str, Callable[..., Array]]:
    """Rivals of a whole series: name -> (history, steps ahead, season, chance) -> draws [draw, step]."""
    found: dict[str, Callable[..., Array]] = {"seasonal_naive": seasonal_naive, "drift": drift}
    if smoothing_installed():
        found[SMOOTHING] = exponential_smoothing
    return found


def for_rates(kind: str = "rate") -> Mapping[str, Callable[..., Array]]:
    """Rivals of a rate: name -> (y, upstream, upstream ahead, chance) -> draws [draw, step].

    kind "ratio": what is counted may be more than what it is counted beside, so the same rules with Poisson counts and a gamma spread.
    They go by the same names: a series may be a rate at one origin and a ratio at the next, where a day with more has come in between.
    """
    if kind == "ratio":
        return {"binomial": poisson, "beta_binomial": negative_binomial, "smoothed_rate": smoothed_ratio}
    return {"binomial": binomial, "beta_binomial": beta_binomial, "smoothed_rate": smoothed_rate}


# ------------------------------------------------------------------------------------------------------------ whole series


def filled(history: Array) -> Array:
    """From the first known value on, gaps filled on a straight line: these rules know no missing days."""
    known = np.flatnonzero(np.isfinite(history))
    inside = history[known[0] : known[-1] + 1] if len(known) else history[:0]
    places = np.arange(len(inside))
    there = np.isfinite(inside)
    return np.interp(places, places[there], inside[there]) if there.any() else inside


def seasonal_naive(history: Array, steps: int, season: int, chance: np.random.Generator) -> Array:
    """The same weekday of last week; the spread of weekly differences grows with the root of the weeks ahead."""
    past = filled(history)
    season = season if len(past) > 2 * season else 1
    ahead = np.arange(steps)
    centre = past[len(past) - season + ahead % season]
    spread = np.sqrt(np.mean((past[season:] - past[:-season]) ** 2)) * np.sqrt(ahead // season + 1.0)
    return np.maximum(centre + spread * chance.standard_normal((DRAWS, steps)), 0.0)


def drift(history: Array, steps: int, season: int, chance: np.random.Generator) -> Array:
    """A straight line through the first and the last value (a random walk with drift; Hyndman and Athanasopoulos 2021, 5.5)."""
    past = filled(history)
    slope = (past[-1] - past[0]) / (len(past) - 1)
    sd = np.sqrt(np.mean((np.diff(past) - slope) ** 2))
    ahead = np.arange(1, steps + 1)
    spread = sd * np.sqrt(ahead * (1.0 + ahead / (len(past) - 1)))
    return np.maximum(past[-1] + slope * ahead + spread * chance.standard_normal((DRAWS, steps)), 0.0)


def exponential_smoothing(history: Array, steps: int, season: int, chance: np.random.Generator) -> Array:
    """Additive errors, damped trend, weekdays where there are three weeks (statsmodels' ETS), by simulation."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    past = filled(history)
    weekly = season > 1 and len(past) >= 3 * season
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the rival runs as it is
        model = ETSModel(
            past, error="add", trend="add" if len(past) >= 20 else None, damped_trend=len(past) >= 20,
            seasonal="add" if weekly else None, seasonal_periods=season if weekly else None,
        )
        found = model.fit(disp=False, maxiter=200)
        errors = np.sqrt(np.mean(np.asarray(found.resid) ** 2)) * chance.standard_normal((steps, DRAWS))
        draws = np.asarray(found.simulate(nsimulations=steps, anchor="end", repetitions=DRAWS, random_errors=errors)).reshape(steps, -1).T
    return np.maximum(draws, 0.0)


# ------------------------------------------------------------------------------------------------------------ rates


def binomial(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """One rate for all days: everything counted over everything above it."""
    y, n = _known(y, upstream)
    return _binomial(np.full(DRAWS, (y.sum() + 0.5) / (n.sum() + 1.0)), ahead, chance)


def beta_binomial(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """One rate with a spread from day to day; the spread with the best likelihood of a grid."""
    y, n = _known(y, upstream)
    rate = np.clip((y.sum() + 0.5) / (n.sum() + 1.0), 1e-9, 1.0 - 1e-9)
    return _beta_binomial(np.full(len(ahead), rate), _size(y, n, np.full(len(y), rate)), ahead, chance)


def smoothed_rate(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """The rate of late, older days counting less; half-life and spread from one-day-ahead forecasts of the past."""
    y, n = _known(y, upstream)
    rate, size = _smoothed(y, n, _log_density, most=1.0 - 1e-9)
    return _beta_binomial(np.full(len(ahead), rate), size, ahead, chance)


def poisson(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """One ratio for all days."""
    y, n = _known(y, upstream, part=False)
    return chance.poisson(np.nan_to_num(ahead) * (y.sum() + 0.5) / (n.sum() + 1.0), size=(DRAWS, len(ahead))).astype(float)


def negative_binomial(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """One ratio with a spread from day to day; the spread with the best likelihood of a grid."""
    y, n = _known(y, upstream, part=False)
    ratio = (y.sum() + 0.5) / (n.sum() + 1.0)
    return _negative_binomial(ratio, _size(y, n, np.full(len(y), ratio), _log_density_ratio), ahead, chance)


def smoothed_ratio(y: Array, upstream: Array, ahead: Array, chance: np.random.Generator) -> Array:
    """The ratio of late, as `smoothed_rate`."""
    y, n = _known(y, upstream, part=False)
    ratio, size = _smoothed(y, n, _log_density_ratio, most=np.inf)
    return _negative_binomial(ratio, size, ahead, chance)


def _smoothed(y: Array, n: Array, density: Callable[..., float], *, most: float) -> tuple[float, float]:
    """The rate of late and its spread, with the half-life whose one-day-ahead forecasts were the best."""
    found = []
    for half_life in (2.0, 4.0, 7.0, 14.0, 28.0):
        keep = 0.5 ** (1.0 / half_life)
        rates = np.empty(len(y))
        start = (y[:7].sum() + 0.5) / (n[:7].sum() + 1.0)
        above, below = start * n[:7].mean(), n[:7].mean()
        for step in range(len(y)):
            rates[step] = above / below
            above, below = keep * above + y[step], keep * below + n[step]
        rates = np.clip(rates, 1e-9, most)
        size = _size(y[7:], n[7:], rates[7:], density)
        found.append((density(y[7:], n[7:], rates[7:], size), float(np.clip(above / below, 1e-9, most)), size))
    _, rate, size = max(found, key=lambda item: item[0])
    return rate, size


def _known(y: Array, upstream: Array, *, part: bool = True) -> tuple[Array, Array]:
    """The steps on which both are known; part: what is counted cannot be more than what it is counted out of."""
    there = np.isfinite(y) & np.isfinite(upstream) & (upstream > 0.0)
    y, n = y[there], upstream[there]
    return np.round(np.minimum(y, n) if part else y), np.round(n)


def _log_density(y: Array, n: Array, rate: Array, size: float) -> float:
    """Of the beta-binomial, but for what does not hang on rate or size."""
    a, b = rate * size, (1.0 - rate) * size
    return float((betaln(y + a, n - y + b) - betaln(a, b)).sum())


def _log_density_ratio(y: Array, n: Array, ratio: Array, size: float) -> float:
    """The same of a Poisson count whose ratio is gamma of shape `size` (negative binomial)."""
    mean = n * ratio
    return float((gammaln(y + size) - gammaln(size) + y * np.log(mean / (size + mean)) - size * np.log1p(mean / size)).sum())


def _size(y: Array, n: Array, rate: Array, density: Callable[..., float] = _log_density) -> float:
    """a + b of the beta, or the gamma's shape, with the best likelihood, on a grid of 1 to a million."""
    grid = 10.0 ** np.linspace(0.0, 6.0, 61)
    return float(grid[int(np.argmax([density(y, n, rate, size) for size in grid]))]) if len(y) else 100.0


def _binomial(rate: Array, ahead: Array, chance: np.random.Generator) -> Array:
    return chance.binomial(np.nan_to_num(ahead).astype(np.int64), rate[:, None], size=(DRAWS, len(ahead))).astype(float)


def _beta_binomial(rate: Array, size: float, ahead: Array, chance: np.random.Generator) -> Array:
    share = chance.beta(np.maximum(rate * size, 1e-9), np.maximum((1.0 - rate) * size, 1e-9), size=(DRAWS, len(ahead)))
    return chance.binomial(np.nan_to_num(ahead).astype(np.int64), np.clip(share, 0.0, 1.0)).astype(float)


def _negative_binomial(ratio: float, size: float, ahead: Array, chance: np.random.Generator) -> Array:
    mean = np.nan_to_num(ahead) * ratio
    return chance.poisson(mean * chance.gamma(size, 1.0 / size, size=(DRAWS, len(ahead)))).astype(float)

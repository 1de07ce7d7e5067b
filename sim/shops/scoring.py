"""How good a forecast was: one set of scores for every model, own or rival."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
LEVELS = (0.5, 0.8, 0.95)
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
_LOW = {0.5: 2, 0.8: 1, 0.95: 0}


def quantiles_of(draws: Array) -> Array:
    """The quantiles that are scored. draws: [draw, step]; result: [quantile, step]"""
    return np.quantile(draws, QUANTILES, axis=0)


def scores(actual: Array, forecast: Array) -> dict[str, float]:
    """Scores over the steps that were seen. actual: [step]; forecast: quantiles [quantile, step].

    wape: sum of |actual - median| over sum of actual; bias: sum of (median - actual) over sum of actual; wis: mean weighted interval
    score of the median and the 50, 80 and 95 % intervals, in the series' own unit (Bracher and others 2021); coverage80, coverage95:
    share of steps inside the interval. A score without any step is NaN; so are wape and bias where nothing happened.
    """
    seen = np.isfinite(actual)
    y, q = actual[seen], forecast[:, seen]
    if not seen.any():
        return dict.fromkeys(("wape", "bias", "wis", "coverage80", "coverage95"), float("nan"))
    median, total = q[3], np.abs(y).sum()
    wape = float(np.abs(y - median).sum() / total) if total > 0.0 else float("nan")
    bias = float((median - y).sum() / total) if total > 0.0 else float("nan")
    return {
        "wape": wape, "bias": bias, "wis": float(interval_scores(y, q).mean()),
        "coverage80": inside(y, q, 0.8), "coverage95": inside(y, q, 0.95),
    }


def interval_scores(y: Array, q: Array) -> Array:
    """Weighted interval score of each step: (|y - m|/2 + sum of alpha/2 x interval score) / (K + 1/2), K = 3 intervals. [step]"""
    total = 0.5 * np.abs(y - q[3])
    for level in LEVELS:
        alpha, low, high = 1.0 - level, q[_LOW[level]], q[-1 - _LOW[level]]
        outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
        total = total + alpha / 2.0 * (high - low + 2.0 / alpha * outside)
    return total / (len(LEVELS) + 0.5)


def inside(y: Array, q: Array, level: float) -> float:
    low, high = q[_LOW[level]], q[-1 - _LOW[level]]
    return float(((y >= low) & (y <= high)).mean())


"""How fast a shop ships and how long its parcels and returns take: figures that are the same in every draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from sim.errors import UserError
from sim.model.fulfilment import transit_spread
from sim.parameters import registry
from sim.shops.latent import Array
from sim.shops.table import ShopTable

if TYPE_CHECKING:
    from sim.shops.calibration import _Work

_HOURS = 24.0
_LEAST_DAYS = 7
_USUAL_SPREAD = 0.394  # within a distance band, from the registry's 78.67 % within 72 h (MODEL.md section 7)


def observed(table: ShopTable, work: _Work) -> dict[str, float | tuple[float, ...]]:
    """[baseline] entries: shipped in 24 h, mean transit by distance, arrived by the check, median return lag."""
    book = registry()
    found: dict[str, float | tuple[float, ...]] = {}
    shipped = _late_mean(table, "shipped_24h_rate")
    if shipped is not None:
        low, high = book["fulfilment.shipped_24h_share"].bounds
        found["fulfilment.shipped_24h_share"] = round(float(np.clip(shipped, low, high)), 4)
        work.told("shipped_24h", np.full(work.count, shipped), "share")
    delivery = _late_mean(table, "delivery_days_mean")
    if delivery is not None:
        found |= _transit(delivery, _late_mean(table, "delivery_days_p90"), found.get("fulfilment.shipped_24h_share"))
        work.told("delivery_days", np.full(work.count, delivery), "days")
    lag = return_lag(table, delivery)
    if lag is not None:
        low, high = book["returns.lag_median_d"].bounds
        found["returns.lag_median_d"] = round(float(np.clip(lag, low, high)), 2)
        work.told("return_lag_days", np.full(work.count, lag), "days")
    return found


def _late_mean(table: ShopTable, name: str) -> float | None:
    """Mean over the last 92 days, weighted by paid orders where they are known."""
    if name not in table.frame:
        return None
    steps = max(1, 92 // table.step_days)
    values = table.series(name)[-steps:]
    weight = table.series("paid_orders")[-steps:] if "paid_orders" in table.frame else np.ones(len(values))
    known = np.isfinite(values) & (np.nan_to_num(weight) > 0.0)
    if known.sum() < _LEAST_DAYS // table.step_days:
        return None
    return float(np.average(values[known], weights=weight[known]))


def _transit(mean_days: float, p90_days: float | None, shipped: Any) -> dict[str, float | tuple[float, ...]]:
    """Transit means scaled to the shop's mean delivery time less its handling, the hour of the arrival check along with them, and
    the share arrived by then from the spread that the p90 shows.

    Handling is lognormal with the registry's sigma, its median set by the share shipped in 24 h; within a distance band transit is
    lognormal too, with the spread that the registry's share within 72 h implies (0.394) unless the p90 says another.
    """
    book = registry()
    sigma = float(book["fulfilment.handling_sigma"].value)
    share = float(shipped if shipped is not None else book["fulfilment.shipped_24h_share"].value)
    median_h = float(book["fulfilment.promise_h"].value) / np.exp(sigma * ndtri(share))
    handling_h = median_h * np.exp(sigma**2 / 2.0)
    means, bands = np.array(book["fulfilment.transit_mean_h"].value), np.array(book["fulfilment.band_share"].value)
    usual = float(bands @ means)
    check_h = float(book["fulfilment.transit_check_h"].value)
    least, most = (bound / check_h for bound in book["fulfilment.transit_check_h"].bounds)
    factor = float(np.clip((mean_days * _HOURS - handling_h) / usual, least, most))
    means, check_h = means * factor, check_h * factor
    spread = _USUAL_SPREAD
    if p90_days is not None and p90_days > mean_days:
        spread = _spread_of(p90_days * _HOURS, median_h, sigma, means, bands)
    within = round(float(bands @ _share_within(check_h, means, spread)), 4)
    try:
        transit_spread(means, bands, check_h, within)
    except UserError:  # a spread so wide that the model's root is another: the usual one stands
        within = round(float(bands @ _share_within(check_h, means, _USUAL_SPREAD)), 4)
    return {
        "fulfilment.transit_mean_h": tuple(round(float(value), 2) for value in means),
        "fulfilment.transit_check_h": round(check_h, 2), "fulfilment.transit_72h_share": within,
    }


def _share_within(hours: float, means: Array, spread: float) -> Array:
    return ndtr((np.log(hours / means) + spread**2 / 2.0) / spread)


def _spread_of(p90_h: float, handling_h: float, sigma: float, means: Array, bands: Array) -> float:
    """The within-band spread at which handling and transit together are over within p90 hours nine times out of ten."""
    even = (np.arange(200) + 0.5) / 200
    handling = handling_h * np.exp(sigma * ndtri(even))
    grid = np.linspace(0.1, 0.6, 26)
    within = []
    for spread in grid:
        left = np.maximum(p90_h - handling, 1e-6)
        within.append(float(np.mean(bands @ _share_within(left[None, :], means[:, None], spread))))
    return float(grid[int(np.argmin(np.abs(np.array(within) - 0.9)))])


def return_lag(table: ShopTable, delivery_days: float | None) -> float | None:
    """Median days from delivery to return: the lag at which paid orders of before explain the returns of a day best.

    Told only where returns are counted by the day on which they happen, over two months of days, and clearly better by one lag
    than by others (a fall of the deviance by 8: odds of 50 to 1).
    """
    if table.definitions["returns"] != "by_event_date" or table.step_days != 1 or "returned_orders" not in table.frame:
        return None
    above = next((name for name in ("paid_orders", "orders") if name in table.frame), None)
    if above is None:
        return None
    orders, returns = table.series(above), table.series("returned_orders")
    most = int(registry()["returns.lag_days_max"].value)
    if np.isfinite(returns).sum() < 60 or np.nansum(returns) < 300:
        return None
    filled = np.where(np.isfinite(orders), orders, np.nanmean(orders))
    grid = np.arange(1.0, 15.01, 0.5)
    sigma, days = 0.5, np.arange(most + 1)
    lack = []
    for median in grid:
        kernel = np.diff(ndtr(np.log(np.concatenate([[1e-9], days + 1.0]) / median) / sigma))
        expected = np.convolve(filled, kernel / kernel.sum())[: len(filled)]
        used = np.isfinite(returns) & (np.arange(len(filled)) >= most) & (expected > 0.0)
        if used.sum() < 30:
            return None
        rate = returns[used].sum() / expected[used].sum()
        mean = rate * expected[used]
        y = returns[used]
        lack.append(2.0 * float((np.where(y > 0, y * np.log(np.maximum(y, 1e-9) / mean), 0.0) - (y - mean)).sum()))
    scale = max(1.0, min(lack) / max(1.0, used.sum() - 2.0))  # days differ by more than counting
    best = int(np.argmin(lack))
    if (max(lack) - min(lack)) / scale < 8.0 or best in (0, len(grid) - 1):
        return None
    from_order = float(grid[best])
    usual = 3.0 if delivery_days is None else delivery_days
    return max(0.5, from_order - usual)

"""Fulfilment: handing a parcel over in time, carrying it in time, and the day on which a refund is asked for.

Handling H and transit X are lognormal; X is a mixture over distance bands. What the model needs of them are three
functionals - late to ship, late to arrive, days until the refund - each mixed over the levers' worlds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from sim.errors import UserError
from sim.model.world import Array, Number, World, mixed

SHIPPING_LEVERS = ("fulfilment.shipped_24h_share", "fulfilment.front_warehouses", "fulfilment.premium_courier_share")
_GAUSS = np.polynomial.legendre.leggauss(96)
_LOWEST_Z = -8.5


def handling_median(share_in_time: Number, promise_h: float, sigma: float) -> Number:
    """Median handling hours such that `share_in_time` of parcels is handed over within the promise (F111)."""
    return promise_h * np.exp(-ndtri(share_in_time) * sigma)


def transit_spread(mean_h: Array, band_share: Array, check_h: float, share_by_check: float) -> float:
    """Within-band log-sd of transit such that the mixture delivers `share_by_check` within `check_h` hours (R46-R50).

    The mixture's share first falls and then rises with the spread; the smaller root is taken.
    """

    def excess(sigma: float) -> float:
        arrived = ndtr((np.log(check_h / mean_h) + sigma**2 / 2.0) / sigma)
        return float(np.sum(band_share * arrived)) - share_by_check

    grid = np.linspace(0.02, 2.0, 400)
    values = [excess(sigma) for sigma in grid]
    below = next((i for i, value in enumerate(values) if value <= 0.0), None)
    if not below:
        raise UserError(
            f"fulfilment.transit_72h_share: no spread of transit times delivers {share_by_check:g} within {check_h:g} h at these means; "
            f"allowed: {min(values) + share_by_check:.3g} to {values[0] + share_by_check:.3g}."
        )
    low, high = grid[below - 1], grid[below]
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def nearer_bands(band_share: Array, moved: Number) -> Array:
    """Band shares after `moved` of all orders went one band nearer, taken from the far bands in proportion. [band, ...]"""
    far = band_share[1:].sum()
    movers = band_share[1:] / far
    shift = np.append(movers, 0.0) - np.append(0.0, movers)
    return band_share + np.multiply.outer(np.asarray(moved), shift)


def arrival_share(hours: float, handling_median_h: float, transit_median_h: Array, handling_sigma: float, transit_sigma: float) -> Array:
    """P(H + X <= hours) per band, by Gauss-Legendre over the handling time. [band]"""
    highest_z = np.log(hours / handling_median_h) / handling_sigma
    if highest_z <= _LOWEST_Z:
        return np.zeros_like(transit_median_h)
    points, weights = _GAUSS
    half = 0.5 * (highest_z - _LOWEST_Z)
    z = _LOWEST_Z + half * (points + 1.0)
    density = half * weights * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    left = np.maximum(hours - handling_median_h * np.exp(handling_sigma * z), 1e-300)
    arrived = ndtr((np.log(left) - np.log(transit_median_h)[:, None]) / transit_sigma)
    return np.sum(density * arrived, axis=1)


def lag_days(window_d: float, median_d: float, sigma: float) -> Array:
    """Distribution of whole days between delivery and asking for a refund: 1 ... window. [day]

    Lognormal, truncated at the return window, its median after truncation as observed (R44).
    """
    if median_d >= window_d:
        raise UserError(f"returns.lag_median_d: half of the refunds cannot be asked for after the window of {window_d:g} days has closed.")
    low, high = np.log(median_d), np.log(median_d) + 50.0
    for _ in range(100):
        mu = 0.5 * (low + high)
        truncated = np.exp(log_ndtr((np.log(median_d) - mu) / sigma) - log_ndtr((np.log(window_d) - mu) / sigma))
        low, high = (mu, high) if truncated > 0.5 else (low, mu)
    edges = np.log(np.arange(1, int(window_d) + 1))
    logs = log_ndtr((edges - mu) / sigma)
    return np.diff(np.exp(logs - logs[-1]), prepend=0.0)


@dataclass(frozen=True, kw_only=True)
class Speed:
    """One world of handling: how late parcels ship and arrive per band and courier. Arrays [courier, band]."""

    late_to_ship: float
    late_to_arrive: Array
    refund_day: Array  # [courier, band, day]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A day's parcels, all levers mixed: shares shipped late and delivered late, and refund days after the order. [day]"""

    shipped_late: float
    delivered_late: float
    refund_day: Array


@dataclass(frozen=True, kw_only=True)
class Carriage:
    """What the shipping levers do not change of a shop's parcels: the same for all draws, and for most scenarios."""

    promise_h: float
    delivery_promise_h: float
    handling_sigma: float
    band_share: tuple[float, ...]
    transit_mean_h: tuple[float, ...]
    transit_check: tuple[float, float]  # hours, and the share that has arrived by then
    premium_factor: float
    lag: tuple[float, float, float]  # return window and median in days, log-sd
    lag_days_max: int

    @classmethod
    def of(cls, world: World) -> Carriage:
        def number(name: str) -> float:
            return float(world[name])

        return cls(
            promise_h=number("fulfilment.promise_h"), delivery_promise_h=number("fulfilment.delivery_promise_h"),
            handling_sigma=number("fulfilment.handling_sigma"), band_share=tuple(map(float, world["fulfilment.band_share"])),
            transit_mean_h=tuple(map(float, world["fulfilment.transit_mean_h"])),
            transit_check=(number("fulfilment.transit_check_h"), number("fulfilment.transit_72h_share")),
            premium_factor=number("fulfilment.premium_factor"),
            lag=(number("returns.window_d"), number("returns.lag_median_d"), number("returns.lag_sigma")),
            lag_days_max=int(world["returns.lag_days_max"]),
        )


@lru_cache(maxsize=64)
def _transit(carriage: Carriage) -> tuple[Array, float]:
    """Median transit hours by band, and their log-sd within a band."""
    means = np.asarray(carriage.transit_mean_h)
    sigma = transit_spread(means, np.asarray(carriage.band_share), *carriage.transit_check)
    return means * np.exp(-(sigma**2) / 2.0), sigma


@lru_cache(maxsize=64)
def _lag(window_d: float, median_d: float, sigma: float) -> Array:
    return lag_days(window_d, median_d, sigma)


@lru_cache(maxsize=4096)
def speed(carriage: Carriage, share_in_time: float, transit: float) -> Speed:
    """Handling at a 24-hour share, carried in a time that events stretch by `transit`. Kept: it takes milliseconds."""
    transit_median_h, transit_sigma = _transit(carriage)
    sigma = carriage.handling_sigma
    median = float(handling_median(share_in_time, carriage.promise_h, sigma))
    last = carriage.lag_days_max

    def arrived(hours: float) -> Array:
        return np.stack(
            [
                arrival_share(hours, median, transit_median_h * transit * factor, sigma, transit_sigma)
                for factor in (1.0, carriage.premium_factor)
            ]
        )

    by_day = np.stack([arrived(24.0 * day) for day in range(1, last)], axis=-1)
    # The tail of slow parcels is booked on the last day, so that a cohort settles fully.
    delivered = np.diff(by_day, prepend=0.0, append=1.0, axis=-1)
    refund = np.zeros((*delivered.shape[:2], last))
    for wait, share in enumerate(_lag(*carriage.lag), start=1):
        for day in range(last):
            refund[..., min(day + wait, last - 1)] += share * delivered[..., day]
    return Speed(
        late_to_ship=float(ndtr(-np.log(carriage.promise_h / median) / sigma)),
        late_to_arrive=1.0 - arrived(carriage.delivery_promise_h),
        refund_day=refund,
    )


class Fulfilment:
    """The shipping side of one scenario; its figures are the same in every draw."""

    def __init__(self, world: World) -> None:
        self._world, self._carriage = world, Carriage.of(world)
        self.band_share = np.asarray(self._carriage.band_share)
        self.transit_median_h, self.transit_sigma = _transit(self._carriage)

    def speed(self, share_in_time: float, transit: float) -> Speed:
        return speed(self._carriage, share_in_time, transit)

    def on(self, day: int) -> Delivery:
        """Lateness and refund days of the orders of a day: every combination of the levers' worlds, weighted by reach."""
        world = self._world
        transit = float(world.calendar.transit[day])
        speed = self.speed(float(world["fulfilment.shipped_24h_share"]), transit)
        reach = float(world.reach("fulfilment.shipped_24h_share", day))
        moved = world["fulfilment.warehouse_shift"] * world.level("fulfilment.front_warehouses", day)
        premium = float(world.level("fulfilment.premium_courier_share", day))
        before = (speed.late_to_ship, *(self._over_parcels(table, moved, premium) for table in (speed.late_to_arrive, speed.refund_day)))
        if not reach:
            return Delivery(shipped_late=before[0], delivered_late=float(before[1]), refund_day=before[2])
        faster = self.speed(float(world.target("fulfilment.shipped_24h_share")), transit)
        after = (faster.late_to_ship, *(self._over_parcels(table, moved, premium) for table in (faster.late_to_arrive, faster.refund_day)))
        shipped, delivered, refund = (mixed(reach, a, b) for a, b in zip(before, after, strict=True))
        return Delivery(shipped_late=float(shipped), delivered_late=float(delivered), refund_day=refund)

    def on_baseline(self) -> Delivery:
        """Parcels as they are without any lever and on an ordinary day."""
        speed = self.speed(float(self._world["fulfilment.shipped_24h_share"]), 1.0)
        moved = self._world["fulfilment.warehouse_shift"] * self._world["fulfilment.front_warehouses"]
        premium = self._world["fulfilment.premium_courier_share"]
        return Delivery(
            shipped_late=speed.late_to_ship,
            delivered_late=float(self._over_parcels(speed.late_to_arrive, moved, premium)),
            refund_day=self._over_parcels(speed.refund_day, moved, premium),
        )

    def _over_parcels(self, table: Array, moved: Number, premium: Number) -> Array:
        """Mean of a [courier, band, ...] table over a day's parcels."""
        bands = nearer_bands(self.band_share, float(moved))
        standard, fast = np.tensordot(bands, table[0], axes=(0, 0)), np.tensordot(bands, table[1], axes=(0, 0))
        return (1.0 - premium) * standard + premium * fast

    def nodes(self, day: int) -> dict[str, float]:
        """Mean hours that an order of the day spends at each of the five nodes from payment to delivery (F092)."""
        world = self._world
        transit_h = np.asarray(world["fulfilment.transit_mean_h"], dtype=float) * float(world.calendar.transit[day])
        moved = world["fulfilment.warehouse_shift"] * world.level("fulfilment.front_warehouses", day)
        table = np.stack([transit_h, world["fulfilment.premium_factor"] * transit_h])
        transit = float(self._over_parcels(table, moved, world.level("fulfilment.premium_courier_share", day)))
        legs = np.asarray(world["fulfilment.node_hours_transit"], dtype=float)
        handling = self._over_handling(day, lambda median, sigma: median * np.exp(sigma**2 / 2.0))
        hours = [*(handling * share for share in world["fulfilment.node_hours_handling"]), *(transit * legs / legs.sum())]
        return dict(zip(("print", "ship", "collect", "transit", "deliver"), map(float, hours), strict=True))

    def unshipped_at_alarm(self, day: int) -> float:
        """Share of a day's parcels not handed over when the 48-hour alarm goes off (F093)."""
        alarm = self._world["fulfilment.alarm_h"]
        return float(self._over_handling(day, lambda median, sigma: ndtr(-np.log(alarm / median) / sigma)))

    def _over_handling(self, day: int, figure: Callable[[Number, float], Number]) -> Number:
        """A figure of the handling time, mixed over the parcels that the shipping lever has and has not reached."""
        world, sigma = self._world, float(self._world["fulfilment.handling_sigma"])
        promise = float(world["fulfilment.promise_h"])
        here, there = (
            figure(handling_median(share, promise, sigma), sigma)
            for share in (world["fulfilment.shipped_24h_share"], world.target("fulfilment.shipped_24h_share"))
        )
        return mixed(world.reach("fulfilment.shipped_24h_share", day), here, there)


def shipped_share(late: Number, cancel_late: Number) -> Number:
    """Share of paid orders that ship at all: some of the late ones are cancelled first. [lane]"""
    return 1.0 - cancel_late * late

"""What stays the same from day to day until a lever turns: built once per turn, used by every day after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.model import detail_page, payment, returns, traffic
from sim.model.closure import Closure
from sim.model.fulfilment import SHIPPING_LEVERS, Delivery, shipped_share
from sim.model.world import CATEGORIES, EARNED, MAIN_CHANNELS, OUTER_CHANNELS, PAID, Array, Number, World, mixed, share_of

DISCOUNT = "traffic.discount"
ORDER_LEVERS = (*traffic.TRAFFIC_LEVERS, *traffic.HOST_LEVERS, *detail_page.DISPLAY_LEVERS, DISCOUNT)
RETURN_LEVERS = (*returns.RETURN_LEVERS, *SHIPPING_LEVERS)
GROUPS = ("earned", "paid", "outer")
GROUP_OF = tuple("paid" if k == PAID else "earned" for k in range(len(MAIN_CHANNELS)))


def uses_outer(world: World) -> bool:
    return any(f"traffic.{name}" in world.moves for name in OUTER_CHANNELS)


def segments_of(world: World) -> tuple[str, ...]:
    """Categories of the main channels, and the outer channels where a plan opens them."""
    return returns.SEGMENTS if uses_outer(world) else CATEGORIES


@dataclass(frozen=True, kw_only=True)
class OrderTerms:
    """Viewers and orders per unit of each channel group's daily factor. Orders are per stayer at full service."""

    channel_viewers: Array  # [main channel, lane]
    outer_viewers: Array  # [outer channel, lane]
    cells: Array  # viewers by channel and category [main channel, category, lane]
    order_cells: Array  # orders [main channel, category, lane]
    sales_cells: Array  # orders weighted by the share of the price that is paid
    group_viewers: dict[str, Array]  # [lane]
    group_orders: dict[str, Array]  # [segment, lane]
    group_sales: dict[str, Array]
    highest_rate: Array
    commission: Number


def discounted(rate: Array, depth: Number, elasticity: Number) -> Array:
    """Order rate when the price falls by `depth`: the odds rise by (1-d)^-e, so the rate stays below 1."""
    odds = (1.0 - depth) ** -elasticity
    # A cell whose rate stands above 1 (possible for a channel within a category, never for either) has nobody left to win.
    return np.where(rate < 1.0, rate * odds / (1.0 - rate + rate * odds), rate)


def order_terms(world: World, closure: Closure, day: int) -> OrderTerms:
    """Who comes and who orders under the levers' reach on a day."""
    factors = traffic.channel_factors(world, day)
    cells = closure.viewers * closure.channel_by_category * factors[:, None, :]
    viewers = cells.sum(axis=1)
    outer = traffic.outer_viewers(world, day, closure.viewers)

    rate = closure.propensity.copy()
    conversion, commission = traffic.host_mix(world, day)
    rate[MAIN_CHANNELS.index("host_live")] *= conversion
    for name, lift in detail_page.conversion_lifts(world, day).items():
        rate[:, CATEGORIES.index(name)] *= lift
    outer_rate = _outer_rate(world, closure)

    rate, paid = _with_discount(world, day, rate)
    outer_rate, outer_paid = _with_discount(world, day, outer_rate)
    order_cells, sales_cells = cells * rate, cells * paid

    wide = uses_outer(world)
    earned = list(EARNED)

    def by_group(cell: Array, beyond: Array) -> dict[str, Array]:
        nothing = np.zeros((len(OUTER_CHANNELS) if wide else 0, world.lanes))
        main = np.zeros((len(CATEGORIES), world.lanes))
        grouped = {
            "earned": np.concatenate([cell[earned].sum(axis=0), nothing]),
            "paid": np.concatenate([cell[PAID], nothing]),
        }
        return grouped | {"outer": np.concatenate([main, beyond])} if wide else grouped

    # Outer channels count once they have viewers, so that a plan changes nothing before it starts.
    ordering = np.concatenate([share_of(order_cells.sum(axis=0), cells.sum(axis=0)), np.where(outer > 0.0, outer_rate, 0.0)])
    highest = ordering.max(axis=0) * closure.served_share
    return OrderTerms(
        channel_viewers=viewers, outer_viewers=outer, cells=cells, order_cells=order_cells, sales_cells=sales_cells,
        group_viewers={"earned": viewers[earned].sum(axis=0), "paid": viewers[PAID], "outer": outer.sum(axis=0)},
        group_orders=by_group(order_cells, outer * outer_rate), group_sales=by_group(sales_cells, outer * outer_paid),
        highest_rate=highest, commission=commission,
    )


def _outer_rate(world: World, closure: Closure) -> Array:
    """Orders per stayer of the outer channels at full service, from their own orders per viewer. [outer channel, lane]"""
    through = world["detail_page.click_share"] * closure.page.stay * closure.served_share
    return np.stack([world[f"traffic.{name}_conversion"] / through for name in OUTER_CHANNELS])


def _with_discount(world: World, day: int, rate: Array) -> tuple[Array, Array]:
    """Orders, and orders weighted by the price they pay: who sees the discount orders at its odds and pays less."""
    reach, depth = world.reach(DISCOUNT, day), world.target(DISCOUNT)
    if DISCOUNT not in world.moves:
        return rate, rate
    elasticity = world["traffic.discount_elasticity"]
    here = world[DISCOUNT]
    lower = discounted(rate, 1.0 - (1.0 - depth) / (1.0 - here), elasticity)
    return mixed(reach, rate, lower), mixed(reach, rate, lower * (1.0 - depth) / (1.0 - here))


@dataclass(frozen=True, kw_only=True)
class PageTerms:
    """The detail page on a day: hazards of leaving it, by cause. [lane]"""

    hazards: dict[str, Array]
    slow_loads: Array  # share of loads slower than the document's threshold


class Page:
    """The page at the baseline and at the plan's end; days in between are a mix of the two."""

    def __init__(self, world: World, closure: Closure) -> None:
        self._world, page = world, closure.page
        self._interest = page.interest
        self._speed = self._faster = page.speed
        self._slow = self._fewer_slow = detail_page.slow_loads(world, page.median_s)
        if "detail_page.load_median_s" in world.moves:
            target = detail_page.load_target(world, page.median_s)
            self._faster = detail_page.speed_share(page.hazard, detail_page.load_times(world, target))
            self._fewer_slow = detail_page.slow_loads(world, target)
        self._layout = page.layout
        self._flatter = detail_page.layout_share(world, world.target("detail_page.fold_depth"))

    def on(self, day: int) -> PageTerms:
        world = self._world
        speed = mixed(world.reach("detail_page.load_median_s", day), self._speed, self._faster)
        layout = mixed(world.reach("detail_page.fold_depth", day), self._layout, self._flatter)
        shares = {"no_interest": self._interest, "slow_pages": speed, "buried_parameters": layout}
        return PageTerms(
            hazards={cause: -np.log(share) for cause, share in shares.items()},
            slow_loads=mixed(world.reach("detail_page.load_median_s", day), self._slow, self._fewer_slow),
        )


class Checkout:
    """Payment at the baseline and at the plan's end."""

    def __init__(self, world: World, closure: Closure) -> None:
        self._world, self._solved = world, closure.checkout
        self._direct = payment.redirect_share(
            world.target("payment.redirects"), closure.checkout.per_redirect, world["payment.free_redirects"]
        )
        self._tapped = payment.typed_share(world.target("payment.typed_card_share"), world["payment.typed_loss"])

    def on(self, day: int) -> dict[str, Array]:
        """Hazards of losing a payment, by cause. [lane]"""
        world, solved = self._world, self._solved
        shares = {
            "benchmark_failure": solved.benchmark * np.ones(world.lanes),
            "redirects": mixed(world.reach("payment.redirects", day), solved.redirects, self._direct),
            "typed_card": mixed(world.reach("payment.typed_card_share", day), solved.typed, self._tapped),
            "other_checkout": solved.other,
        }
        return {cause: -np.log(share) for cause, share in shares.items()}


@dataclass(frozen=True, kw_only=True)
class ReturnTerms:
    """Parcels and returns of a day's orders before noise. Rates are [segment, lane]."""

    delivery: Delivery
    hazards: returns.Hazards
    rates: Array
    highest_rate: Array
    description: Array  # part of a segment's returns that are for the description's sake [segment, lane]
    ship_hazard: Array


def return_terms(world: World, closure: Closure, base: returns.Hazards, day: int) -> ReturnTerms:
    usual, delivery = closure.fulfilment.on_baseline(), closure.fulfilment.on(day)
    hazards = returns.hazards_on(world, day, base, delivery, usual)
    rates = hazards.rates()
    described = np.zeros_like(rates)
    for (cause, segment), hazard in hazards.by_cell.items():
        if cause in returns.DESCRIPTION:
            described[base.segments.index(segment)] += hazard
    totals = np.stack([hazards.total(segment) for segment in base.segments])
    opened = [s for s, segment in enumerate(base.segments) if segment in CATEGORIES or np.any(world.reach(f"traffic.{segment}", day))]
    return ReturnTerms(
        delivery=delivery, hazards=hazards, rates=rates, highest_rate=rates[opened].max(axis=0), description=described / totals,
        ship_hazard=-np.log(shipped_share(delivery.shipped_late, world.row("fulfilment.cancel_late"))),
    )


def without(terms: ReturnTerms, cause: str | None) -> ReturnTerms:
    """The same day with one return cause mended. Noise is still formed at the rates as they were."""
    if cause not in returns.MENDABLE:
        return terms
    left = {cell: 0.0 * hazard if cell[0] == cause else hazard for cell, hazard in terms.hazards.by_cell.items()}
    hazards = replace(terms.hazards, by_cell=left)
    return replace(terms, hazards=hazards, rates=hazards.rates())

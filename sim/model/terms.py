"""What stays the same from day to day until a lever turns: built once per turn, used by every day after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model import detail_page, payment, returns, traffic
from sim.model.closure import Closure
from sim.model.fulfilment import SHIPPING_LEVERS, Delivery, Fulfilment, shipped_share
from sim.model.world import CATEGORIES, EARNED, MAIN_CHANNELS, OUTER_CHANNELS, PAID, Array, Number, World, mixed, share_of

DISCOUNT = "traffic.discount"
ORDER_LEVERS = (*traffic.TRAFFIC_LEVERS, *traffic.HOST_LEVERS, *detail_page.DISPLAY_LEVERS, DISCOUNT)
RETURN_LEVERS = (*returns.RETURN_LEVERS, *SHIPPING_LEVERS)
OUTER_LEVERS = tuple(f"traffic.{name}" for name in OUTER_CHANNELS)
GROUPS = ("earned", "paid", "outer")
_EARNED, _PAID, _OUTER = range(len(GROUPS))
GROUP_OF = np.array([_PAID if k == PAID else _EARNED for k in range(len(MAIN_CHANNELS))] + [_OUTER] * len(OUTER_CHANNELS))


def uses_outer(world: World) -> bool:
    return any(lever in world.moves for lever in OUTER_LEVERS)


def segments_of(world: World) -> tuple[str, ...]:
    """Categories of the main channels, and the outer channels where a plan opens them."""
    return returns.SEGMENTS if uses_outer(world) else CATEGORIES


@dataclass(frozen=True, kw_only=True)
class OrderTerms:
    """Viewers and orders per unit of each channel group's daily factor, until a lever turns. Orders are per stayer at full service.

    The group axis is GROUPS, the outer channels only where a plan opens them; the channel axis likewise.
    """

    viewers: Array  # [group, lane]
    channel_viewers: Array  # [channel, lane]
    segment_viewers: Array  # [group, segment, lane]
    orders: Array  # [group, segment, lane]
    values: Array  # what they pay, in CNY [group, segment, lane]
    list_values: Array  # what they would pay without a discount
    channel_orders: Array  # [channel, lane]
    cell_values: Array  # CNY by main channel and category [main channel, category, lane]
    highest_rate: Array
    commission: Number


class Ordering:
    """Who comes and who orders: the baseline's cells of channel and category, under the levers' reach on a day."""

    def __init__(self, world: World, closure: Closure) -> None:
        self._world, self._closure = world, closure
        self._wide = uses_outer(world)
        self.segments = segments_of(world)
        outer = [world.row(f"traffic.{name}_value") for name in OUTER_CHANNELS] if self._wide else []
        self.values = np.concatenate([closure.order_values, np.stack(outer)]) if outer else closure.order_values
        self._cells = closure.viewers * closure.channel_by_category
        self._ordering = self._cells * closure.propensity
        self._kept: tuple[object, OrderTerms] | None = None

    def on(self, day: int) -> OrderTerms:
        """The terms of a day: those of the day before where only levers on returns have moved since."""
        stand = self._world.stand(ORDER_LEVERS, day)
        if self._kept is None or self._kept[0] != stand:
            self._kept = stand, self._formed(day)
        return self._kept[1]

    def _formed(self, day: int) -> OrderTerms:
        world, closure = self._world, self._closure
        factors = traffic.channel_factors(world, day)
        conversion, commission = traffic.host_mix(world, day)
        lifts = {CATEGORIES.index(name): lift for name, lift in detail_page.conversion_lifts(world, day).items()}

        def lifted(cell: Array) -> Array:
            cell[_HOST_LIVE] *= conversion
            for s, lift in lifts.items():
                cell[:, s] *= lift
            return cell

        cells, orders = self._cells * factors[:, None], lifted(self._ordering * factors[:, None])
        sales = orders
        if DISCOUNT in world.moves:
            rate = lifted(closure.propensity.copy())
            ordering, paying = _with_discount(world, day, rate)
            orders, sales = orders * share_of(ordering, rate), orders * share_of(paying, rate)
        far_viewers, far_orders, far_sales = self._outer(day) if self._wide else (None, None, None)
        segment_viewers, grouped = self._by_group(cells, far_viewers), self._by_group(orders, far_orders)
        list_values = grouped * self.values
        channel_viewers, channel_orders = cells.sum(axis=1), orders.sum(axis=1)
        if self._wide:
            channel_viewers = np.concatenate([channel_viewers, far_viewers])
            channel_orders = np.concatenate([channel_orders, far_orders])
        return OrderTerms(
            viewers=_over_channels(channel_viewers), channel_viewers=channel_viewers, segment_viewers=segment_viewers, orders=grouped,
            values=list_values if sales is orders else self._by_group(sales, far_sales) * self.values, list_values=list_values,
            channel_orders=channel_orders, cell_values=sales * self.values[: len(CATEGORIES)],
            highest_rate=share_of(grouped.sum(axis=0), segment_viewers.sum(axis=0)).max(axis=0) * closure.served_share,
            commission=commission,
        )

    def _outer(self, day: int) -> tuple[Array, Array, Array]:
        """Viewers of the outer channels, their orders, and those weighted by the share of the price paid. [outer channel, lane] each

        They count once they have viewers, so that a plan changes nothing before it starts.
        """
        world, closure = self._world, self._closure
        through = world["detail_page.click_share"] * closure.page.stay * closure.served_share
        viewers = traffic.outer_viewers(world, day, closure.viewers)
        rate = np.stack([world[f"traffic.{name}_conversion"] / through for name in OUTER_CHANNELS])
        ordering, paying = _with_discount(world, day, rate) if DISCOUNT in world.moves else (rate, rate)
        return viewers, viewers * ordering, viewers * paying

    def _by_group(self, cell: Array, far: Array | None) -> Array:
        """[main channel, category, lane], and a row per outer channel where they are open -> [group, segment, lane]"""
        grouped = np.zeros((len(GROUPS) if self._wide else _OUTER, len(self.segments), self._world.lanes))
        main = slice(len(CATEGORIES))
        grouped[_EARNED, main] = cell[list(EARNED)].sum(axis=0)
        grouped[_PAID, main] = cell[PAID]
        if far is not None:
            grouped[_OUTER, len(CATEGORIES) :] = far
        return grouped


_HOST_LIVE = MAIN_CHANNELS.index("host_live")


def _over_channels(rows: Array) -> Array:
    """[channel, lane] -> [group, lane]"""
    earned = rows[list(EARNED)].sum(axis=0)
    groups = [earned, rows[PAID]]
    if len(rows) > len(MAIN_CHANNELS):
        groups.append(rows[len(MAIN_CHANNELS) :].sum(axis=0))
    return np.stack(groups)


def discounted(rate: Array, depth: Number, elasticity: Number) -> Array:
    """Order rate when the price falls by `depth`: the odds rise by (1-d)^-e, so the rate stays below 1."""
    odds = (1.0 - depth) ** -elasticity
    # A cell whose rate stands above 1 (possible for a channel within a category, never for either) has nobody left to win.
    return np.where(rate < 1.0, rate * odds / (1.0 - rate + rate * odds), rate)


def _with_discount(world: World, day: int, rate: Array) -> tuple[Array, Array]:
    """Orders, and orders weighted by the price they pay: who sees the discount orders at its odds and pays less."""
    reach, depth = world.reach(DISCOUNT, day), world.target(DISCOUNT)
    here = world[DISCOUNT]
    lower = discounted(rate, 1.0 - (1.0 - depth) / (1.0 - here), world["traffic.discount_elasticity"])
    return mixed(reach, rate, lower), mixed(reach, rate, lower * (1.0 - depth) / (1.0 - here))


@dataclass(frozen=True, kw_only=True)
class Yields:
    """What one unit of each channel group's orders brings, summed over segments, until a lever turns.

    `counts`: orders; returned orders, and those returned because the goods were not as described, both per shipped unit. `money`: CNY
    of orders, and refunded per shipped unit. [figure, group, lane] `channel_value`, `channel_refunded`: CNY. [channel, lane]
    """

    counts: Array
    money: Array
    channel_value: Array
    channel_refunded: Array


def yields(orders: OrderTerms, back: ReturnTerms) -> Yields:
    """Orders by segment weighed with their value and return rates."""
    returned = orders.orders * back.rates
    counts, money = (orders.orders, returned, returned * back.description), (orders.values, orders.values * back.rates)
    channel_value = orders.cell_values.sum(axis=1)
    channel_refunded = (orders.cell_values * back.rates[: len(CATEGORIES)]).sum(axis=1)
    if len(orders.orders) > _OUTER:  # each outer channel is its own segment
        far = orders.values[_OUTER, len(CATEGORIES) :]
        channel_value = np.concatenate([channel_value, far])
        channel_refunded = np.concatenate([channel_refunded, far * back.rates[len(CATEGORIES) :]])
    return Yields(
        counts=np.stack([figure.sum(axis=1) for figure in counts]), money=np.stack([figure.sum(axis=1) for figure in money]),
        channel_value=channel_value, channel_refunded=channel_refunded,
    )


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


class Returning:
    """Parcels and returns under the levers' reach on a day. `mended`: a return cause that lets everything through."""

    def __init__(self, world: World, parcels: Fulfilment, base: returns.Hazards, *, mended: str | None = None) -> None:
        self._world, self._parcels, self._base, self._mended = world, parcels, base, mended
        self._usual = parcels.on_baseline()
        self._kept: tuple[object, ReturnTerms] | None = None

    def on(self, day: int) -> ReturnTerms:
        """The terms of a day: those of the day before where only levers on orders have moved since."""
        stand = *self._world.stand((*RETURN_LEVERS, *OUTER_LEVERS), day), self._world.calendar.transit[day]
        if self._kept is None or self._kept[0] != stand:
            self._kept = stand, self._formed(day)
        return self._kept[1]

    def _formed(self, day: int) -> ReturnTerms:
        world, base, delivery = self._world, self._base, self._parcels.on(day)
        hazards = returns.hazards_on(world, day, base, delivery, self._usual)
        # Noise is formed at the rates as they are, whatever is mended.
        opened = [s for s, segment in enumerate(base.segments) if segment in CATEGORIES or np.any(world.reach(f"traffic.{segment}", day))]
        highest, described = hazards.rates[opened].max(axis=0), hazards.described
        if self._mended in returns.MENDABLE:
            hazards = hazards.scaled({self._mended: 0.0})
        return ReturnTerms(
            delivery=delivery, hazards=hazards, rates=hazards.rates, highest_rate=highest, description=described,
            ship_hazard=-np.log(shipped_share(delivery.shipped_late, world.row("fulfilment.cancel_late"))),
        )

"""Closure: the totals that were observed are pinned, and one unknown per total is solved in every draw.

The causes behind a total are uncertain, the total is not. Solved on the reference quarter (calendar multipliers of one,
no noise), page, payment, desk and parcels each alone, then orders, channel mix, viewers, and the money that goes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.model import detail_page, memory, payment, returns, service, traffic
from sim.model.fulfilment import Fulfilment, shipped_share
from sim.model.world import CATEGORIES, MAIN_CHANNELS, PAID, Array, Number, World, share_of

BEAUTY = CATEGORIES.index("beauty")


@dataclass(frozen=True, kw_only=True)
class Residual:
    """A solved unknown that must lie in (0, 1] for its total to be reproducible, and the total's range that closes it."""

    total: str
    value: Array
    closes_from: Array
    closes_to: Array

    @property
    def open(self) -> Array:
        """Draws that cannot reproduce the total. [lane]"""
        return ~((self.value > 0.0) & (self.value <= 1.0 + 1e-12))


@dataclass(frozen=True, kw_only=True)
class Page:
    stay: Number
    median_s: Array
    hazard: Array
    interest: Array
    speed: Array
    layout: Array


@dataclass(frozen=True, kw_only=True)
class Checkout:
    paid: Number
    benchmark: Number
    per_redirect: Array
    redirects: Array
    typed: Array
    other: Array


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Everything solved on the reference quarter. Arrays are [lane] unless said otherwise; flows are per day."""

    page: Page
    checkout: Checkout
    desk: service.Desk
    hazards: returns.Hazards
    order_values: Array  # [category, lane]
    conversions: Array  # orders submitted per viewer [category, lane]
    non_asker: Array
    asker_ratio: Array
    served_share: Array  # what waiting leaves of them at the baseline
    channel_by_category: Array  # share of all viewers [channel, category, lane]
    propensity: Array  # orders per stayer at full service [channel, category, lane]
    viewers: Array
    channel_gmv: Array  # [channel, lane]
    saturation: Array
    volume_price: Array
    ad_spend: Array
    desks: Array
    flows: Mapping[str, Array]
    score: Array
    residuals: tuple[Residual, ...]

    def rates(self, world: World) -> dict[str, Number]:
        """Baseline rates at which noise is formed; the highest category's where categories differ."""
        return {
            "stay": self.page.stay,
            "submit": self.category_rates.max(axis=0),
            "pay": self.checkout.paid,
            "shipped_24h": world["fulfilment.shipped_24h_share"],
            "returns": self.hazards.rates.max(axis=0),
        }

    @property
    def category_rates(self) -> Array:
        """Orders submitted per stayer at the baseline. [category, lane]"""
        return share_of(self.flows["category_orders"], self.flows["stayers"] * self.channel_by_category.sum(axis=0))

    def entrants(self) -> dict[str, Array]:
        """Shoppers a day who enter the step of each noise stream."""
        flow = self.flows
        return {
            "traffic": flow["viewers"], "stay": flow["visits"], "submit": flow["stayers"], "pay": flow["orders"],
            "shipped_24h": flow["paid"], "returns": flow["shipped"],
        }


def solve_page(world: World) -> Page:
    """The hazard of no interest that leaves exactly the bounce of the document (F104, F105)."""
    median = detail_page.median_load(
        world["detail_page.slow_share"], world["detail_page.slow_threshold_s"], world["detail_page.load_sigma"]
    )
    layout = detail_page.layout_share(world, world["detail_page.fold_depth"]) * np.ones(world.lanes)
    stay = 1.0 - world["detail_page.bounce"]
    loads = detail_page.load_times(world, median)
    hazard = detail_page.interest_hazard(np.minimum(stay / layout, 1.0), loads)
    interest = np.exp(-hazard)
    return Page(
        stay=stay, median_s=np.broadcast_to(median, (world.lanes,)), hazard=hazard, interest=interest,
        speed=detail_page.speed_share(hazard, loads), layout=layout,
    )


def solve_checkout(world: World) -> Checkout:
    """How much each redirect loses, and what is left for other failures, so that the gap to the benchmark holds (F108)."""
    benchmark, gap = world["payment.benchmark_success"], world["payment.gap"]
    hops, free = world["payment.redirects"], world["payment.free_redirects"]
    typed = payment.typed_share(world.row("payment.typed_card_share"), world["payment.typed_loss"])
    # The ceiling is stated at the registry's number of redirects: a shop with fewer of them owes less of its gap to them.
    ceiling = payment.redirect_ceiling(benchmark, gap, typed, world.reference["payment.redirects"], free)
    per_redirect = world["payment.redirect_part"] * ceiling
    redirects = payment.redirect_share(hops, per_redirect, free)
    paid = benchmark - gap
    # Where redirects explain the whole gap nothing is left for other failures, but for rounding.
    other = paid / (benchmark * redirects * typed)
    other = np.where(np.abs(other - 1.0) < 1e-12, 1.0, other)
    return Checkout(
        paid=paid, benchmark=benchmark, per_redirect=per_redirect, redirects=redirects, typed=typed,
        other=other,
    )


def admissible_conversions(orders: Array, levels: Array, mean: Number, top: Number) -> Array:
    """Orders per viewer by category: relative levels u bent to top k u/(1 + k u), so that beauty stays highest (F020)
    and the viewer-weighted mean is the document's (F018). [category, lane]
    """
    others = [c for c in range(len(CATEGORIES)) if c != BEAUTY]
    k = sum(orders[c] / levels[c] for c in others) / ((top / mean - 1.0) * orders.sum(axis=0))
    conversions = top * k * levels / (1.0 + k * levels)
    conversions[BEAUTY] = top
    return conversions


def fitted_mix(affinity: Array, channel_share: Array, category_share: Array, rounds: int = 14) -> Array:
    """Channel x category viewer shares with both margins (iterative proportional fitting). [channel, category, lane]

    affinity [channel, category, lane], channel_share [channel, lane], where a lane's axis of 1 stands for all of them.

    A fixed number of rounds, ending on the categories: their margin is exact, the channels' to better than 1e-9.
    """
    mix = affinity * np.ones(category_share.shape[-1])
    for _ in range(rounds):
        mix *= share_of(channel_share * np.ones_like(mix[:, 0]), mix.sum(axis=1))[:, None, :]
        mix *= share_of(category_share, mix.sum(axis=0))[None, :, :]
    return mix


def order_mix(world: World) -> tuple[Array, Array]:
    """Order values [category, lane] in CNY and orders by category up to a common factor: GMV share over value."""
    values = world.rows(f"closure.value_{name}" for name in CATEGORIES)
    weights = world.rows(f"closure.gmv_weight_{name}" for name in CATEGORIES if name != "apparel")
    apparel = world.row("closure.apparel_gmv_share")
    shares = np.concatenate([apparel[None], (1.0 - apparel) * weights / weights.sum(axis=0)])
    return values, shares / values


def solve(world: World) -> Closure:
    """Solve every unknown of the reference quarter, in the order in which a shopper meets them."""
    page, checkout, parcels = solve_page(world), solve_checkout(world), Fulfilment(world)
    desk = service.solve_desk(world)
    days = world["closure.reference_days"]

    values, orders = order_mix(world)
    mean, top = world["closure.view_to_order"], world["closure.view_to_order_beauty"]
    levels = np.stack([world.row(f"closure.conversion_level_{name}") if name != "beauty" else np.ones(world.lanes) for name in CATEGORIES])
    conversions = admissible_conversions(orders, levels, mean, top)

    click, asks, bot = world["detail_page.click_share"], world["service.asks_share"], world["service.bot_resolution"]
    kept = service.kept_share(bot, desk.abandoned, world["service.kept_if_abandoned"])
    answered = world["service.enquiry_conversion"]
    per_stayer = mean / (click * page.stay)
    non_asker = (per_stayer - asks * answered * kept) / (1.0 - asks)
    ratio = answered / non_asker
    full = non_asker * (1.0 - asks + asks * ratio) * np.ones(world.lanes)
    waiting = (1.0 - service.waiting_loss(world, ratio, bot) * desk.abandoned) * np.ones(world.lanes)

    category_viewers = orders / conversions
    category_viewers = category_viewers / category_viewers.sum(axis=0)
    channel_share = world.column(f"traffic.viewers_{name}" for name in MAIN_CHANNELS)
    affinity = np.stack(np.broadcast_arrays(*(world.list(f"traffic.affinity_{name}") for name in MAIN_CHANNELS)))
    mix = fitted_mix(affinity, channel_share / channel_share.sum(axis=0), category_viewers)
    factors = world.rows(f"traffic.order_factor_{name}" for name in MAIN_CHANNELS)
    usual = share_of((factors[:, None, :] * mix).sum(axis=0), mix.sum(axis=0))
    relative = share_of(factors[:, None, :] * np.ones_like(mix), usual)
    propensity = full * (conversions / mean) * relative

    through = click * page.stay * waiting
    gmv_per_viewer = (mix * propensity).sum(axis=0) * values * through * checkout.paid
    viewers = world["closure.gmv_quarter"] / days / gmv_per_viewer.sum(axis=0)
    channel_gmv = viewers * through * checkout.paid * (mix * propensity * values).sum(axis=1)

    paid_share = channel_gmv[PAID] / channel_gmv.sum(axis=0)
    saturation, volume_price = solve_paid_feed(world, paid_share)

    hazards = returns.baseline_hazards(world)
    rates = hazards.rates
    delivery = parcels.on_baseline()
    category_orders = viewers * through * (mix * propensity).sum(axis=0)
    shipped = category_orders * checkout.paid * shipped_share(delivery.shipped_late, world["fulfilment.cancel_late"])
    returned = rates * shipped
    flows = {
        "viewers": viewers, "visits": viewers * click, "stayers": viewers * click * page.stay,
        "category_orders": category_orders, "orders": category_orders.sum(axis=0), "paid": category_orders.sum(axis=0) * checkout.paid,
        "shipped": shipped.sum(axis=0), "returned": returned.sum(axis=0),
    }
    flows["late"] = flows["paid"] * delivery.shipped_late
    flows["served"] = memory.served(world, kept=flows["shipped"] - flows["returned"], delivered_late=delivery.delivered_late)
    score = memory.experience(world, recovery=world["returns.review_recovery"], bot=bot).score(
        description_rate=description_rate(hazards, rates, shipped), abandoned=desk.abandoned, shipped_24h=1.0 - delivery.shipped_late
    )
    human = asks * flows["stayers"] * (1.0 - bot) / (1.0 - world["service.aftersales_share"])
    ones = np.ones(world.lanes)
    return Closure(
        page=page, checkout=checkout, desk=desk, hazards=hazards, order_values=values, conversions=conversions,
        non_asker=non_asker * ones, asker_ratio=ratio * ones, served_share=waiting, channel_by_category=mix,
        propensity=propensity, viewers=viewers, channel_gmv=channel_gmv, saturation=saturation * ones, volume_price=volume_price * ones,
        ad_spend=channel_gmv[PAID] / world["money.paid_roi"], desks=human / desk.daily_contacts, flows=flows, score=score * ones,
        residuals=_residuals(world, page, checkout, desk, per_stayer * ones, kept * ones, non_asker * ones, saturation * ones, paid_share),
    )


def solve_paid_feed(world: World, paid_share: Array) -> tuple[Array, Array]:
    """K/(K + I0) and g of the paid feed; a shop that buys no traffic needs neither. [lane]"""
    share = np.where(paid_share > 0.0, paid_share, 1.0)
    elasticity = world["traffic.paid_elasticity"]
    limit, room = world["traffic.cpm_volume_limit"], world["traffic.cpm_volume_room"]
    ceiling = traffic.volume_price_ceiling(elasticity, share, limit=limit, room=room)
    volume_price = world["traffic.cpm_volume"] * ceiling
    return traffic.half_saturation(elasticity, share, volume_price), volume_price


def description_rate(hazards: returns.Hazards, rates: Array, shipped: Array) -> Array:
    """Returns because the goods were not as described, per shipped order. [lane]"""
    return (shipped * rates * hazards.described).sum(axis=0) / shipped.sum(axis=0)


def _residuals(
    world: World, page: Page, checkout: Checkout, desk: service.Desk, per_stayer: Array, kept: Array, non_asker: Array, saturation: Array,
    paid_share: Array,
) -> tuple[Residual, ...]:
    """What must lie in (0, 1] in every draw, and between which values of its total it does."""
    asks, answered = world.row("service.asks_share"), world.row("service.enquiry_conversion")
    click = world.row("detail_page.click_share")
    benchmark, typed = world.row("payment.benchmark_success"), checkout.typed
    zero, one = np.zeros(world.lanes), np.ones(world.lanes)
    interest = np.where(page.stay < page.layout, page.interest, np.inf)
    patience = world.row("service.patience_s")
    reach = click * page.stay
    # Causes with a share of their own must leave something to quality and change of mind.
    named = np.maximum.reduce([returns.colour_share(world), world.row("returns.material_share"), world.row("returns.size_share")])
    named_left = 1.0 - world.row("returns.logistics_share") - named
    top = world.row("closure.view_to_order_beauty") / world.row("closure.view_to_order")
    return (
        Residual(total="detail_page.bounce", value=interest, closes_from=1.0 - page.layout, closes_to=one),
        Residual(total="payment.gap", value=checkout.other, closes_from=benchmark * (1.0 - typed), closes_to=benchmark),
        Residual(total="payment.gap", value=checkout.redirects, closes_from=benchmark * (1.0 - typed), closes_to=benchmark),
        Residual(total="service.peak_wait_s", value=desk.peak_abandoned, closes_from=zero, closes_to=patience),
        Residual(
            total="closure.view_to_order", value=non_asker, closes_from=reach * asks * answered * kept,
            closes_to=reach * (1.0 - asks + asks * answered * kept),
        ),
        # Beauty converts best: the mean must lie below it, or the other categories' conversions have no meaning.
        Residual(
            total="closure.view_to_order_beauty",
            value=np.where(top > 1.0, 1.0 / top, np.inf),
            closes_from=world.row("closure.view_to_order"),
            closes_to=world.row("closure.view_to_order") / per_stayer,
        ),
        Residual(
            total="closure.view_to_order_beauty", value=top * per_stayer, closes_from=world.row("closure.view_to_order"),
            closes_to=world.row("closure.view_to_order") / per_stayer,
        ),
        Residual(
            total="returns.logistics_share", value=named_left, closes_from=np.full(world.lanes, -np.inf), closes_to=1.0 - named,
        ),
        Residual(
            total="traffic.paid_elasticity", value=saturation, closes_from=zero, closes_to=np.where(paid_share > 0.0, paid_share, one),
        ),
    )


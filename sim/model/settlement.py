"""Once the horizon is over: totals that follow from the books, refunds by type and by date, and the money that is left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.model import money, returns
from sim.model.ledger import Ledger
from sim.model.world import CATEGORIES, PAID, Array, World


def settle(world: World, book: Ledger) -> None:
    """Complete a block's totals, in place: counts, CNY by refund type, and the lines of the contribution."""
    totals, category = book.totals, book.category
    for name in ("orders", "paid", "shipped", "returned"):
        totals[name] = category[name].sum(axis=0)
    totals["kept"] = totals["shipped"] - totals["returned"]
    if not book.headlines:
        _leaks(book)
    category["cancellations"] = category["gmv"] - category["shipped_value"]
    category["net_gmv"] = category["shipped_value"] - category["refunds"]
    for name in ("gmv", "shipped_value", "cancellations", "refunds", "net_gmv"):
        totals[name] = category[name].sum(axis=0)
    _by_refund_type(world, book)
    totals["paid_gmv"] = book.channel["gmv"][PAID]
    totals["paid_net_gmv"] = book.channel["net_gmv"][PAID]
    _money(world, book)


def _leaks(book: Ledger) -> None:
    """What the causes left of each stage that has only one, or one that takes the rest."""
    totals = book.totals
    totals["leak.click.did_not_click"] = totals["viewers"] - totals["visits"]
    totals["leak.order.did_not_order"] = totals["stayers"] - totals["orders"] - totals["leak.order.service_wait"]
    totals["leak.shipping.late_shipping"] = totals["paid"] - totals["shipped"]
    for cause, rows in zip(returns.CAUSES, book.returns, strict=True):
        totals[f"leak.returns.{cause}"] = rows.sum(axis=0)


def _by_refund_type(world: World, book: Ledger) -> None:
    """Refund only, and return and refund, by each category's share; the outer channels follow `other`."""
    only = world.list("returns.refund_only_share")
    only = np.concatenate([only, *[only[-1:]] * (len(book.segments) - len(CATEGORIES))])
    for name in ("returned", "refunds", "list_refunds"):
        book.category[f"{name}_only"] = only * book.category[name]
        book.category[f"{name}_sent_back"] = (1.0 - only) * book.category[name]


def _money(world: World, book: Ledger) -> None:
    totals, category = book.totals, book.category
    net = totals["net_gmv"]
    list_net = (category["list_shipped"] - category["list_refunds"]).sum(axis=0)
    parcels = category["shipped"] + category["returned_sent_back"]
    freight = [world.row("money.parcel_cost")] * len(CATEGORIES)
    freight += [world.row(f"money.{name}_freight") for name in book.segments[len(CATEGORIES) :]]
    lines = {
        "gross_margin": money.gross_margin(world, net),
        "price_cuts": money.price_cuts(world, list_net, net),
        "coupons": world["money.late_coupon"] * world["money.coupon_claims"] * totals["delivered_late"],
        "platform_fees": world["money.platform_fee"] * net,
        "host_commission": totals["host_commission"],
        "ads": totals["ad_spend"],
        "freight": (parcels * np.stack(freight)).sum(axis=0),
        "return_handling": world["money.return_handling"] * category["returned_sent_back"].sum(axis=0),
        "return_goods": money.goods_lost(
            world, sent_back=category["list_refunds_sent_back"].sum(axis=0), refund_only=category["list_refunds_only"].sum(axis=0)
        ),
        "seats": totals["seat_days"] * world["money.seat_month"] / world["money.month_days"],
    }
    for name, line in lines.items():
        totals[f"money.{name}"] = line


def refunds_by_date(refunds: Array, settled_on: Sequence[Array]) -> Array:
    """Refunds by the day on which they are asked for. refunds [order day, lane]; settled_on: per order day, a share per lag."""
    by_date = np.zeros_like(refunds)
    for day, shares in enumerate(settled_on):
        for lag, share in enumerate(shares, start=1):
            if day + lag < len(refunds) and share:
                by_date[day + lag] += share * refunds[day]
    return by_date

"""Money: from net GMV to what is left of it. All merchants together, in CNY, by order date."""

from __future__ import annotations

from collections.abc import Mapping

from sim.model.world import Array, Number, World

# Sign of each line in the contribution; the lines are formed where the orders are (funnel.py).
LINES = {
    "gross_margin": +1, "price_cuts": -1, "coupons": -1, "platform_fees": -1, "host_commission": -1, "ads": -1, "freight": -1,
    "return_handling": -1, "return_goods": -1, "seats": -1, "levers": -1,
}


def contribution(lines: Mapping[str, Array]) -> Array:
    """What is left for all merchants after the costs that move with the plan. [lane]"""
    return sum(sign * lines[name] for name, sign in LINES.items())


def break_even_roi(margin: Number, return_rate: Number) -> Number:
    """GMV per yuan of ads at which ads pay for themselves: 1/(margin (1 - return rate))."""
    return 1.0 / (margin * (1.0 - return_rate))


def gross_margin(world: World, net_gmv: Number) -> Number:
    return world["money.margin"] * net_gmv


def price_cuts(world: World, list_net: Number, net_gmv: Number) -> Number:
    """Cost of goods that a discount leaves uncovered: margin is a share of the list price, the goods cost the same."""
    return (1.0 - world["money.margin"]) * (list_net - net_gmv)


def goods_lost(world: World, *, sent_back: Number, refund_only: Number) -> Number:
    """Cost of goods written off: a part of what comes back (R91), all of what is refunded without coming back."""
    cost_share = 1.0 - world["money.margin"]
    return cost_share * (world["money.return_goods_loss"] * sent_back + refund_only)

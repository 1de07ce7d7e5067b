"""Viewers: who comes, through which channel, and what more of them costs.

Viewers of a channel on a day = solved base x what the channel's own levers do x what moves its whole group:
earned channels feel the shop's score and repeat purchase, the paid feed feels its budget, the outer channels
(local life, cross-border) start from nothing.
"""

from __future__ import annotations

import numpy as np

from sim.model.world import MAIN_CHANNELS, OUTER_CHANNELS, Array, Number, World

TRAFFIC_LEVERS = tuple(
    f"traffic.{key}"
    for key in (
        "store_live_hours", "prime_time_share", "original_share", "knowledge", "drama", "immersive", "ugc",
        "private_domain", "local_life", "cross_border",
    )
)
HOST_LEVERS = ("traffic.s_host_share", "traffic.mid_host_share")
ORGANIC = ("host_live", "store_live", "short_video", "search", "recommendation")
PROGRAMMES = ("knowledge", "drama", "immersive", "ugc")


def saturating(budget: Number, scale: Number) -> Number:
    """Share of its full effect that a programme reaches at a monthly budget: 1 - exp(-u/u0)."""
    return -np.expm1(-np.asarray(budget) / scale)


def channel_factors(world: World, day: int) -> Array:
    """What the channels' own levers make of their viewers, 1 at the baseline. [main channel, lane]"""
    factors = np.ones((len(MAIN_CHANNELS), world.lanes))
    row = {name: factors[k] for k, name in enumerate(MAIN_CHANNELS)}

    hours = world.level("traffic.store_live_hours", day) / world["traffic.store_live_hours"]
    row["store_live"] *= hours ** world["traffic.store_hours_exponent"]

    prime = 1.0 + world["traffic.prime_tilt"] * (world.level("traffic.prime_time_share", day) - world["traffic.prime_time_share"])
    row["host_live"] *= prime
    row["store_live"] *= prime

    original = _original_reach(world, world.level("traffic.original_share", day)) / _original_reach(
        world, world["traffic.original_share"]
    )
    for name in ORGANIC:
        row[name] *= original

    for name in PROGRAMMES:
        row["short_video"] *= 1.0 + world[f"traffic.{name}_lift"] * saturating(
            world.level(f"traffic.{name}", day), world[f"traffic.{name}_scale"]
        )
    row["private_domain"] *= 1.0 + world["traffic.private_lift"] * saturating(
        world.level("traffic.private_domain", day), world["traffic.private_domain_scale"]
    )
    return factors


def _original_reach(world: World, share: Number) -> Number:
    """Organic reach at a share of original videos, 1 at the registry's share (F102).

    It saturates on both sides: going on with the exponential below the baseline would soon leave no viewers at all.
    """
    gap = share - world.reference["traffic.original_share"]
    return 1.0 + world["traffic.original_lift"] * np.sign(gap) * saturating(np.abs(gap), world["traffic.original_scale"])


def outer_viewers(world: World, day: int, viewers: Array) -> Array:
    """Viewers a day that the outer channels bring on top of the baseline's `viewers`. [outer channel, lane]"""
    return np.stack(
        [
            viewers * world[f"traffic.{name}_reach"] * saturating(world.level(f"traffic.{name}", day), world[f"traffic.{name}_scale"])
            for name in OUTER_CHANNELS
        ]
    )


def host_mix(world: World, day: int) -> tuple[Number, Number]:
    """Conversion and commission of the host grade mix against the baseline mix, as two ratios. [lane]

    The mid tier (A and B) keeps its inner proportions; grade C is what S and the mid tier leave (F046, F055, F056).
    """
    if not any(lever in world.moves for lever in HOST_LEVERS):
        return 1.0, 1.0
    a, b = world["traffic.host_a_share"], world["traffic.host_b_share"]
    conversion = {grade: world[f"traffic.host_conversion_{grade}"] for grade in "sabc"}
    index = {grade: world[f"money.commission_{grade}"] for grade in "sabc"}

    def sums(s: Number, mid: Number) -> tuple[Number, Number]:
        share = {"s": s, "a": mid * a / (a + b), "b": mid * b / (a + b), "c": 1.0 - s - mid}
        orders = commission = np.zeros(1)  # arrays from the start: Python sums its own floats in another way than NumPy's
        for grade in "sabc":
            orders = orders + share[grade] * conversion[grade]
            commission = commission + share[grade] * conversion[grade] * index[grade]
        return orders, commission / orders

    orders_0, commission_0 = sums(world["traffic.s_host_share"], world["traffic.mid_host_share"])
    orders, commission = sums(world.level("traffic.s_host_share", day), world.level("traffic.mid_host_share", day))
    return orders / orders_0, commission / commission_0


def half_saturation(elasticity: Number, paid_gmv_share: Number, volume_price: Number) -> Number:
    """K/(K + I0) of the paid feed, from the elasticity of all sales to ad spend (R64).

    elasticity = paid GMV share x K/(K+I0) x (1-g), g being how strongly the ad price rises with volume.
    """
    return elasticity / (paid_gmv_share * (1.0 - volume_price))


def volume_price_ceiling(elasticity: Number, paid_gmv_share: Number, *, limit: Number, room: Number) -> Number:
    """The largest g at which the paid feed can still have its elasticity with K/(K+I0) below 1, `room` kept to that 1."""
    return np.clip(room - elasticity / paid_gmv_share, 0.0, limit)


def paid_response(spend: Number, price: Number, saturation: Number, volume_price: Number) -> Number:
    """Paid viewers against the baseline at an adstocked spend and market ad price, both 1 at the baseline. [lane]

    Impressions i = (spend/price)^(1-g) because the price itself rises as i^(g/(1-g)); viewers = i (I0 + K)/(i I0 + K).
    """
    impressions = (spend / price) ** (1.0 - volume_price)
    k = saturation / (1.0 - saturation)
    return impressions * (1.0 + k) / (impressions + k)

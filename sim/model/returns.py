"""Returns as competing causes: every category has a hazard per cause, and levers and lateness scale the hazards.

The rate of a category is 1 - exp(-sum of hazards); a cause's share of the returns is its share of the hazard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.model.fulfilment import Delivery
from sim.model.world import CATEGORIES, Array, Number, World, mixed

CAUSES = ("colour", "material", "size", "fit", "late_shipping", "late_delivery", "damage", "quality", "change_of_mind")
DESCRIPTION = ("colour", "material", "size", "quality")
MENDABLE = tuple(cause for cause in CAUSES if cause != "change_of_mind")
RETURN_LEVERS = (
    "returns.filter_strength", "returns.jewellery_lighting", "returns.size_labels", "returns.fit_information",
    "fulfilment.cold_chain", "detail_page.ar_tryon",
)
SIZED = ("large_appliances", "home_building")
SEGMENTS = (*CATEGORIES, "local_life", "cross_border")


@dataclass(frozen=True, kw_only=True)
class Hazards:
    """Return hazards in the order of CAUSES, 0 where a cause does not act. [cause, segment, lane]

    A segment is a category of the main channels, or an outer channel, which has its own rate.
    """

    by_cause: Array
    segments: tuple[str, ...]

    def of(self, cause: str, segment: str) -> Array:
        return self.by_cause[CAUSES.index(cause), self.segments.index(segment)]

    @cached_property
    def total(self) -> Array:
        """[segment, lane]"""
        return self.by_cause.sum(axis=0)

    @cached_property
    def rates(self) -> Array:
        """Return rate of shipped orders. [segment, lane]"""
        return -np.expm1(-self.total)

    @cached_property
    def described(self) -> Array:
        """Part of a segment's returns that are for the description's sake. [segment, lane]"""
        return self.by_cause[[CAUSES.index(cause) for cause in DESCRIPTION]].sum(axis=0) / self.total

    def scaled(self, factors: Mapping[str, Number]) -> Hazards:
        """The same with some causes' hazards, or those of some segments, multiplied; itself where nothing changes."""
        moving = {name: factor for name, factor in factors.items() if np.ndim(factor) or factor != 1.0}
        if not moving:
            return self
        by_cause = self.by_cause.copy()
        for name, factor in moving.items():
            if name in CAUSES:
                by_cause[CAUSES.index(name)] *= factor
            else:
                by_cause[:, self.segments.index(name)] *= factor
        return Hazards(by_cause=by_cause, segments=self.segments)


def baseline_rates(world: World, segments: tuple[str, ...]) -> Array:
    """[segment, lane]"""
    return world.rows(f"returns.rate_{name}" if name in CATEGORIES else f"traffic.{name}_return" for name in segments)


def baseline_hazards(world: World, segments: tuple[str, ...] = CATEGORIES) -> Hazards:
    """Each segment's hazard, split over its causes: named shares first, quality and change of mind share what is left."""
    logistics, size = world["returns.logistics_share"], world["returns.size_share"]
    ship, deliver = world["returns.late_shipping_weight"], world["returns.late_delivery_part"]
    quality = world["returns.quality_part"]
    late = {"late_shipping": ship, "late_delivery": (1.0 - ship) * deliver, "damage": (1.0 - ship) * (1.0 - deliver)}
    share = np.zeros((len(CAUSES), len(segments), world.lanes))
    of, apparel = dict(zip(CAUSES, share, strict=True)), segments.index("apparel")
    for s, segment in enumerate(segments):
        if segment != "local_life":  # a voucher is not shipped
            for cause, part in late.items():
                of[cause][s] = logistics * part
        if segment in SIZED:
            of["size"][s] = size
    of["material"][segments.index("jewellery")] = world["returns.material_share"]
    of["colour"][apparel] = colour_share(world)
    of["fit"][apparel] = (1.0 - logistics - of["colour"][apparel]) * world["returns.fit_part"]
    left = 1.0 - share.sum(axis=0)
    of["quality"][:], of["change_of_mind"][:] = left * quality, left * (1.0 - quality)
    total = -np.log1p(-baseline_rates(world, segments))
    return Hazards(by_cause=total * share, segments=segments)


def hazards_on(world: World, day: int, base: Hazards, delivery: Delivery, usual: Delivery) -> Hazards:
    """The hazards of a day's orders under the levers' reach and that day's lateness against the usual."""

    def factor(lever: str, at: Callable[[Number], Number]) -> Number:
        if lever not in world.moves:
            return 1.0
        return mixed(world.reach(lever, day), 1.0, at(world.target(lever)) / at(world[lever]))

    def falling(lever: str, effect: Number) -> Number:
        return factor(lever, lambda covered: 1.0 - effect * covered)

    material = falling("returns.jewellery_lighting", world["returns.lighting_effect"]) * falling(
        "detail_page.ar_tryon", world["detail_page.ar_return_effect"] * world["detail_page.ar_works"]
    )
    return base.scaled({
        "colour": factor("returns.filter_strength", lambda strength: _filter_effect(world, strength)),
        "material": material,
        "size": falling("returns.size_labels", world["returns.labels_effect"]),
        "fit": falling("returns.fit_information", world["returns.fit_effect"]),
        "late_shipping": delivery.shipped_late / usual.shipped_late,
        "late_delivery": delivery.delivered_late / usual.delivered_late,
        "food_fresh": falling("fulfilment.cold_chain", world["fulfilment.cold_chain_effect"]),
    })


def _filter_effect(world: World, strength: Number) -> Number:
    """Colour hazard at a filter strength, filters causing a part f of it: 1 - f (1 - x), 1 at the registry's strength."""
    return np.maximum(1.0 - world["returns.filter_cause"] * (1.0 - strength), 1e-12)


def colour_share(world: World) -> Array:
    """Colour's share of apparel returns at the shop's own filter strength; it was stated at the registry's."""
    share, effect = world["returns.colour_share"], _filter_effect(world, world["returns.filter_strength"])
    return share * effect / (1.0 - share + share * effect) * np.ones(world.lanes)

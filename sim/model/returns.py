"""Returns as competing causes: every category has a hazard per cause, and levers and lateness scale the hazards.

The rate of a category is 1 - exp(-sum of hazards); a cause's share of the returns is its share of the hazard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    """Return hazards per (cause, segment) where they are not zero. [lane]

    A segment is a category of the main channels, or an outer channel, which has its own rate.
    """

    by_cell: dict[tuple[str, str], Array]
    segments: tuple[str, ...]

    def total(self, segment: str) -> Array:
        return sum(self.by_cell[cell] for cell in self.by_cell if cell[1] == segment)

    def rates(self) -> Array:
        """Return rate of shipped orders. [segment, lane]"""
        return np.stack([-np.expm1(-self.total(segment)) for segment in self.segments])


def baseline_rates(world: World, segments: tuple[str, ...]) -> dict[str, Array]:
    rates = {name: world.row(f"returns.rate_{name}") for name in CATEGORIES}
    rates |= {name: world.row(f"traffic.{name}_return") for name in segments if name not in CATEGORIES}
    return {name: rates[name] for name in segments}


def baseline_hazards(world: World, segments: tuple[str, ...] = CATEGORIES) -> Hazards:
    """Each segment's hazard, split over its causes: named shares first, quality and change of mind share what is left."""
    logistics, size = world["returns.logistics_share"], world["returns.size_share"]
    ship, deliver = world["returns.late_shipping_weight"], world["returns.late_delivery_part"]
    quality = world["returns.quality_part"]
    late = {"late_shipping": ship, "late_delivery": (1.0 - ship) * deliver, "damage": (1.0 - ship) * (1.0 - deliver)}
    cells: dict[tuple[str, str], Array] = {}
    for segment, rate in baseline_rates(world, segments).items():
        shares: dict[str, Number] = {}
        if segment != "local_life":  # a voucher is not shipped
            shares |= {cause: logistics * part for cause, part in late.items()}
        if segment in SIZED:
            shares["size"] = size
        if segment == "jewellery":
            shares["material"] = world["returns.material_share"]
        if segment == "apparel":
            colour = colour_share(world)
            shares |= {"colour": colour, "fit": (1.0 - logistics - colour) * world["returns.fit_part"]}
        left = 1.0 - sum(shares.values())
        shares |= {"quality": left * quality, "change_of_mind": left * (1.0 - quality)}
        total = -np.log1p(-rate)
        cells |= {(cause, segment): np.broadcast_to(total * share, (world.lanes,)) for cause, share in shares.items()}
    return Hazards(by_cell=cells, segments=segments)


def hazards_on(world: World, day: int, base: Hazards, delivery: Delivery, usual: Delivery) -> Hazards:
    """The hazards of a day's orders under the levers' reach and that day's lateness against the usual."""

    def factor(lever: str, at: Callable[[Number], Number]) -> Number:
        if lever not in world.moves:
            return 1.0
        return mixed(world.reach(lever, day), 1.0, at(world.target(lever)) / at(world[lever]))

    def falling(lever: str, effect: Number) -> Number:
        return factor(lever, lambda covered: 1.0 - effect * covered)

    colour = factor("returns.filter_strength", lambda strength: _filter_effect(world, strength))
    material = falling("returns.jewellery_lighting", world["returns.lighting_effect"]) * falling(
        "detail_page.ar_tryon", world["detail_page.ar_return_effect"] * world["detail_page.ar_works"]
    )
    by_cause: dict[str, Number] = {
        "colour": colour,
        "material": material,
        "size": falling("returns.size_labels", world["returns.labels_effect"]),
        "fit": falling("returns.fit_information", world["returns.fit_effect"]),
        "late_shipping": delivery.shipped_late / usual.shipped_late,
        "late_delivery": delivery.delivered_late / usual.delivered_late,
    }
    cold = falling("fulfilment.cold_chain", world["fulfilment.cold_chain_effect"])
    cells = {}
    for (cause, segment), hazard in base.by_cell.items():
        scaled = hazard * by_cause.get(cause, 1.0)
        cells[cause, segment] = scaled * cold if segment == "food_fresh" else scaled
    return Hazards(by_cell=cells, segments=base.segments)



def _filter_effect(world: World, strength: Number) -> Number:
    """Colour hazard at a filter strength, filters causing a part f of it: 1 - f (1 - x), 1 at the registry's strength."""
    return np.maximum(1.0 - world["returns.filter_cause"] * (1.0 - strength), 1e-12)


def colour_share(world: World) -> Array:
    """Colour's share of apparel returns at the shop's own filter strength; it was stated at the registry's."""
    share, effect = world["returns.colour_share"], _filter_effect(world, world["returns.filter_strength"])
    return share * effect / (1.0 - share + share * effect) * np.ones(world.lanes)

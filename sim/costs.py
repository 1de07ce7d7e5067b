"""What a plan costs: every moved lever's price, inside the horizon, per draw (semantics: sim.parameters.Cost)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sim.model.closure import Closure
from sim.model.world import Array, World
from sim.parameters import Cost, registry
from sim.scenario import LeverCost, Scenario

OWN_LINE = ("traffic.paid_budget", "service.seats")  # the ledger has lines for ads and seats


def lever_costs(scenario: Scenario, world: World, closure: Closure, totals: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Per moved lever: its whole cost, and the part that no other line of the ledger holds. CNY [lane] each.

    Of the closure the desks and the ad spend are needed, of the ledger's `totals` the parcels that a lever is paid by.
    """
    month = float(world["money.month_days"])
    costs = {}
    for name, setting in scenario.moved.items():
        cost = registry()[name].cost
        before = scenario.lever_baseline(name)
        change = setting.target(before) - before
        scale = abs(change) / cost.full_change if cost.full_change else 1.0
        own = setting.cost or LeverCost()
        units = _units(cost, world, closure)
        # What the file states once and per month is the plan's whole bill; the registry's is a price, times units and scale.
        once = cost.once * units * scale if own.once is None else own.once
        per_month = cost.per_month * units * scale if own.per_month is None else own.per_month
        price = world[cost.price] if cost.price else cost.per_unit
        per_unit = price if own.per_unit is None else own.per_unit
        reach = world.moves[name].reach
        started_inside = setting.start is None or 0 <= (setting.start - scenario.start).days < scenario.days
        fixed = once * started_inside + per_month * np.count_nonzero(reach) / month  # paid for on the days on which it acts
        reached = float(np.sum(reach))
        moving = {
            "change": per_unit * units * change * reached / month,
            "parcel": per_unit * change * totals.get(f"parcels.{name}", 0.0),
            "budget": setting.target(before) * reached / month,
            "spend": change * reached * closure.ad_spend,  # the ad budget is an index, 1 at the baseline
            "none": 0.0,
        }[cost.basis]
        whole = fixed + moving + np.zeros(world.lanes)
        # The seats' line pays wages for every seat: only what the file adds to them is the lever's alone.
        elsewhere = {"spend": moving, "change": price * units * change * reached / month}[cost.basis] if name in OWN_LINE else 0.0
        costs[name] = (whole, whole - elsewhere)
    return costs


def _units(cost: Cost, world: World, closure: Closure) -> Array | float:
    if cost.units == "desks":
        return closure.desks
    return world[cost.units] if isinstance(cost.units, str) else cost.units


def parcel_levers(names: Iterable[str]) -> Mapping[str, str]:
    """Those of the levers that are paid by the parcel, and the category whose parcels count ("" for all)."""
    costs = {name: registry()[name].cost for name in names}
    return {name: cost.category for name, cost in costs.items() if cost.basis == "parcel"}

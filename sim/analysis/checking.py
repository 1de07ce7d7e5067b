"""Identities that must hold in every draw: nothing appears, nothing vanishes, every table adds up to the same total."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.engine import in_parts
from sim.model.returns import CAUSES
from sim.model.world import Array
from sim.outcome import LEAKS, STAGES, Outcome
from sim.scenario import Scenario

TOLERANCE = 1e-9


def check(
    scenario: Scenario, *, draws: int = 1000, seed: int = 1, noise: bool = True, workers: int = 1, scheduler: str | None = None
) -> list[dict[str, Any]]:
    """Each identity with its worst relative gap and the draw in which it occurs."""
    worst: dict[str, tuple[float, int]] = {}
    for first, outcome in in_parts(scenario, draws=draws, seed=seed, noise=noise, workers=workers, scheduler=scheduler):
        for name, left, right in identities(outcome):
            gap = relative_gap(left, right)
            gap = np.where(np.isnan(gap), np.inf, gap)
            here = int(np.argmax(gap))
            if name not in worst or gap[here] > worst[name][0]:
                worst[name] = float(gap[here]), first + here
    return [
        {"scenario": scenario.name, "identity": name, "worst_relative": gap if np.isfinite(gap) else None, "draw": draw}
        for name, (gap, draw) in worst.items()
    ]


def holds(row: dict[str, Any]) -> bool:
    return row["worst_relative"] is not None and row["worst_relative"] <= TOLERANCE


def relative_gap(left: Array, right: Array) -> Array:
    """|left - right| over the larger of them; 0 where both are 0. [draw]"""
    size = np.maximum(np.abs(left), np.abs(right))
    return np.divide(np.abs(left - right), size, out=np.zeros_like(size), where=size != 0.0)


def identities(outcome: Outcome) -> Iterator[tuple[str, Array, Array]]:
    """(name, one side, other side), each side [draw]."""
    total = outcome.total
    for stage, entered, left in STAGES:
        yield f"{stage}: entered = left + lost", total(entered), total(left) + sum(total(f"leak.{stage}.{c}") for c in LEAKS[stage])
        # A share below 0 or above 1 shows as a gap between the flow and itself cut to what entered.
        yield f"{stage}: share in [0, 1]", total(left), np.clip(total(left), 0.0, total(entered))
        least = np.minimum.reduce([total(f"leak.{stage}.{cause}") for cause in LEAKS[stage]])
        yield f"{stage}: no cause loses less than nobody", np.minimum(least, 0.0) + total(entered), total(entered)
    yield "GMV = net GMV + cancellations + refunds", total("gmv"), total("net_gmv") + total("cancellations") + total("refunds")
    by_cause = {unit: sum(outcome.arrays[f"return.{unit}.{cause}"] for cause in CAUSES).sum(axis=0) for unit in ("orders", "cny")}
    for unit, name in (("orders", "returned"), ("cny", "refunds")):
        by_type = sum(outcome.category(f"{name}_{kind}") for kind in ("only", "sent_back")).sum(axis=0)
        yield f"{name} by cause = by type", by_cause[unit], by_type
        yield f"{name} by cause = total", by_cause[unit], total(name)
    for name in ("viewers", "orders", "gmv", "net_gmv"):
        yield f"{name}: sum of channels = total", outcome.channel(name).sum(axis=0), total(name)
        yield f"{name}: sum of categories = total", outcome.category(name).sum(axis=0), total(name)
    for name in ("paid", "shipped"):
        yield f"{name}: sum of categories = total", outcome.category(name).sum(axis=0), total(name)
    for name in ("viewers", "orders", "gmv", "net_gmv", "shipped", "returned", "refunds"):
        yield f"{name}: sum of days = total", outcome.day(name).sum(axis=0), total(name)
    settled = outcome.day("refunds_by_date").sum(axis=0) + total("refunds_after_horizon")
    yield "refunds by date + after the horizon = refunds", settled, total("refunds")
    yield "borrowed viewers = repaid + still owed", total("borrowed_viewers"), total("repaid_viewers") + total("debt_viewers")

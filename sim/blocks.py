"""Results of a block of draws, and how blocks become one outcome whatever their number: memory is that of the answer.

Headline figures are kept of every draw. All else is kept of the first 10,000 draws, and as a mean over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.model.closure import Closure
from sim.model.fulfilment import Fulfilment
from sim.model.funnel import Projection
from sim.model.returns import CAUSES
from sim.model.world import CATEGORIES, Array, World, share_of
from sim.outcome import KPIS, Outcome, group_sums, kpi_of
from sim.scenario import Scenario

DETAIL_DRAWS = 10_000


def _folded(rows: Array) -> Array:
    """Segments as categories: the outer channels' orders are booked under "other". [category, lane]"""
    if len(rows) == len(CATEGORIES):
        return rows
    folded = rows[: len(CATEGORIES)].copy()
    for row in rows[len(CATEGORIES) :]:
        folded[-1] += row
    return folded


def arrays_of(projection: Projection, costs: Mapping[str, tuple[Array, Array]], world: World, closure: Closure) -> dict[str, Array]:
    """All that an outcome tells, per draw; every array's last axis is the draw."""
    arrays = {f"total.{name}": np.asarray(row) for name, row in projection.totals.items()}
    arrays |= {f"category.{name}": _folded(rows) for name, rows in projection.category.items()}
    arrays["category.return_rate"] = share_of(arrays["category.returned"], arrays["category.shipped"])
    arrays |= {f"channel.{name}": rows for name, rows in projection.channel.items()}
    for unit, cells in (("orders", projection.returns), ("cny", projection.return_value)):
        arrays |= {f"return.{unit}.{cause}": _folded(rows) for cause, rows in zip(CAUSES, cells, strict=True)}
    arrays |= {f"day.{name}": rows for name, rows in projection.daily.items()}
    arrays |= {f"cost.{name}": whole for name, (whole, _) in costs.items()}
    arrays |= {f"total.{name}": row for name, row in plan_costs(costs, world.lanes).items()}
    arrays["total.margin"] = world.row("money.margin")
    arrays["total.benchmark_success"] = world.row("payment.benchmark_success")
    arrays["total.desks"] = closure.desks
    return arrays | _service(world.row("service.patience_s"), projection.totals)


def plan_costs(costs: Mapping[str, tuple[Array, Array]], lanes: int) -> dict[str, Array]:
    """The plan's whole bill, and the part of it that no other line of the contribution holds. CNY [lane]"""
    none = np.zeros(lanes)
    return {
        "plan_cost": sum((whole for whole, _ in costs.values()), none), "money.levers": sum((part for _, part in costs.values()), none),
    }


def _service(patience_s: Array, total: Mapping[str, Array]) -> dict[str, Array]:
    """The desk over the horizon: contact-weighted waits over all contacts, and shares of human contacts. [draw]"""
    contacts = total["contacts"]
    return {
        "total.patience_s": patience_s,
        "service.mean_wait_s": patience_s * total["contacts_abandoned"] / contacts,
        "service.peak_wait_s": patience_s * total["peak_abandoned"] / total["peak_contacts"],
        "service.abandoned": total["contacts_abandoned"] / contacts,
        "service.answered_30s": total["contacts_in_time"] / contacts,
    }


@dataclass(frozen=True, kw_only=True)
class Block:
    """The results of a block of draws, ready to be merged.

    `sums`: of every array but the daily ones, over groups of 256 draws, where not all draws are kept. [..., group]
    """

    first: int
    count: int
    kpis: Mapping[str, Array]
    sums: Mapping[str, Array]
    arrays: Mapping[str, Array]
    refund_days: tuple[Array, ...]
    parcels: Mapping[str, float]

    @classmethod
    def of(
        cls, projection: Projection, costs: Mapping[str, tuple[Array, Array]], world: World, closure: Closure, *, first: int, count: int,
        detail: int, whole: bool,
    ) -> Block:
        """Cut to `count` draws, since a single draw is projected beside another; `first` is the number of the first one.

        Of `detail` draws all is kept; where that is the `whole` run, its means can wait until somebody asks for them.
        """
        arrays = {name: rows[..., :count] for name, rows in arrays_of(projection, costs, world, closure).items()}
        kpis = {name: kpi_of(name, lambda total: arrays[f"total.{total}"]) for name in KPIS}
        last, parcels = world.days - 1, Fulfilment(world)
        nodes = {f"{node}_h": hours for node, hours in parcels.nodes(last).items()}
        return cls(
            first=first, count=count, kpis=kpis,
            sums={} if whole else {name: group_sums(rows) for name, rows in arrays.items() if not name.startswith("day.")},
            arrays={name: rows[..., :detail] for name, rows in arrays.items()} if detail else {},
            refund_days=projection.refund_days, parcels=nodes | {"unshipped_48h": parcels.unshipped_at_alarm(last)},
        )

    def alone(self) -> Block:
        """The block as if its draws were the first ones."""
        return replace(self, first=0)


def daily_lanes(first: int, count: int, detail: int = DETAIL_DRAWS) -> int:
    """How many of `count` draws from `first` on are among the `detail` first ones, of which all is kept."""
    return max(0, min(count, detail - first))


def merged(blocks: Iterable[Block], *, scenario: Scenario, draws: int, seed: int, noise: bool, central: bool) -> Outcome:
    """One outcome from its blocks, which come in the order of their draws."""
    kpis = {name: np.empty(draws) for name in KPIS}
    detail: dict[str, Array] = {}
    totals: dict[str, Array] = {}
    for block in blocks:
        here = slice(block.first, block.first + block.count)
        for name, row in block.kpis.items():
            kpis[name][here] = row
        if block.count == draws:
            detail = dict(block.arrays)
            break
        for name, rows in block.arrays.items():
            if name not in detail:
                detail[name] = np.empty((*rows.shape[:-1], min(draws, DETAIL_DRAWS)))
            detail[name][..., here.start : here.start + rows.shape[-1]] = rows
        for name, sums in block.sums.items():
            total = totals.get(name, np.zeros(sums.shape[:-1]))
            for group in range(sums.shape[-1]):
                total = total + sums[..., group]
            totals[name] = total
    return Outcome(
        scenario=scenario, draws=draws, seed=seed, noise=noise, central=central, kpis_by_draw=kpis, arrays=detail,
        means={name: total / draws for name, total in totals.items()}, refund_days=block.refund_days, parcels=block.parcels,
    )


def first_draws(outcome: Outcome) -> Outcome:
    """An outcome's first draws, those of which all is kept, as if no more had been run."""
    draws = outcome.detail_draws
    if draws == outcome.draws:
        return outcome
    return replace(outcome, draws=draws, kpis_by_draw={name: row[:draws] for name, row in outcome.kpis_by_draw.items()}, means={})

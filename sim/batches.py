"""Many scenarios at once: what a sweep, a tornado or an optimiser asks of the engine.

Scenario and draw are both lanes: scenarios that move the same levers on the same days go through the model side by side, so that
200 of them with 50 draws cost what one with 10,000 does. Only the headline figures are kept: memory is that of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sim.blocks import plan_costs
from sim.costs import lever_costs
from sim.engine import block_lanes, refuse_open
from sim.lanes import Draws, Ground, kept_ground_of, shape, with_moves
from sim.model.funnel import project
from sim.model.world import Array
from sim.outcome import KPIS, kpi_of
from sim.scenario import Scenario


def kpis_of(
    scenarios: Sequence[Scenario], *, draws: int, seed: int = 1, noise: bool = True, kpis: Sequence[str] = tuple(KPIS)
) -> dict[str, Array]:
    """The named figures of every scenario in every draw, bit for bit those of `run`. Each [scenario, draw]"""
    table = {name: np.empty((len(scenarios), draws)) for name in kpis}
    for alike in _alike(scenarios):
        for rows, first, count in _blocks(alike, draws, scenarios[alike[0]].days):
            side_by_side = [scenarios[row] for row in rows]
            for row, figures in zip(rows, _kpis(side_by_side, Draws(seed=seed, first=first, count=count), noise, draws, kpis), strict=True):
                for name, values in figures.items():
                    table[name][row, first : first + count] = values[:count]
    return table


def _alike(scenarios: Sequence[Scenario]) -> list[list[int]]:
    """Places of scenarios that can be lanes of one block."""
    groups: dict[object, list[int]] = {}
    for place, scenario in enumerate(scenarios):
        groups.setdefault(shape(scenario), []).append(place)
    return list(groups.values())


def _blocks(places: Sequence[int], draws: int, days: int) -> Iterator[tuple[Sequence[int], int, int]]:
    """(scenarios, first draw, number of draws) of each block: whole scenarios side by side, or a long run of one cut to pieces."""
    lanes = block_lanes(days)
    if draws >= lanes:
        for first in range(0, draws, lanes):  # the same draws of all scenarios after one another: their ground is kept
            for place in places:
                yield [place], first, min(lanes, draws - first)
        return
    together = lanes // draws
    for start in range(0, len(places), together):
        yield places[start : start + together], 0, draws


def _kpis(
    scenarios: Sequence[Scenario], draws: Draws, noise: bool, all_draws: int, kpis: Sequence[str]
) -> Iterator[Mapping[str, Array]]:
    """Each scenario's figures, [draw]."""
    # NumPy sums a single lane in another order than one among several: a lane never runs alone.
    each = draws if draws.count > 1 else Draws(seed=draws.seed, first=draws.first, count=2)
    ground = kept_ground_of(scenarios[0], each, noise=noise, times=len(scenarios))
    refuse_open(scenarios[0], ground.closure, draws=all_draws, seed=draws.seed)
    world = with_moves(ground.world, scenarios)
    totals = project(world, ground.closure, noise=ground.noise, headlines=True).totals
    single = kept_ground_of(scenarios[0], each, noise=noise)
    for k, scenario in enumerate(scenarios):
        here = slice(k * each.count, (k + 1) * each.count)
        yield _figures(scenario, single, {name: np.broadcast_to(row, world.lanes)[here] for name, row in totals.items()}, kpis)


def _figures(scenario: Scenario, ground: Ground, totals: dict[str, Array], kpis: Sequence[str]) -> dict[str, Array]:
    costs = lever_costs(scenario, ground.under(scenario), ground.closure, totals)
    totals |= plan_costs(costs, ground.world.lanes)
    return {name: kpi_of(name, totals.__getitem__) for name in kpis}


"""Many scenarios at once: what a sweep, a tornado or an optimiser asks of the engine.

Scenario and draw are both lanes: scenarios that move the same levers on the same days go through the model side by side, so that
200 of them with 50 draws cost what one with 10,000 does. Only the headline figures are kept: memory is that of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.blocks import plan_costs
from sim.costs import lever_costs
from sim.engine import block_lanes, refuse, refuse_open
from sim.executors import in_order
from sim.lanes import Chance, Draws, Ground, kept_ground_of, shape, with_moves
from sim.model.funnel import project
from sim.model.world import Array
from sim.outcome import KPIS, kpi_of
from sim.scenario import Scenario

Progress = Callable[[int, int], None]  # (lanes done, lanes in all); what it raises stops the work


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Scenarios side by side in the same worlds: all that a worker needs to know. `among`: see `sim.lanes.shape`."""

    scenarios: tuple[Scenario, ...]
    chance: Chance
    noise: bool
    kpis: tuple[str, ...]
    among: Scenario | None = None
    all_draws: int | None = None  # of the run that the worlds are part of, for a refusal to speak of


def kpis_of(
    scenarios: Sequence[Scenario], *, draws: int, seed: int = 1, noise: bool = True, kpis: Sequence[str] = tuple(KPIS),
    among: Scenario | None = None, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> dict[str, Array]:
    """The named figures of every scenario in every draw, bit for bit those of `run`. Each [scenario, draw]

    `among`, a scenario that moves all the levers which any of them moves on the same days, lets more of them go side by side; a
    figure may then differ from `run`'s by a rounding.
    """
    table = {name: np.empty((len(scenarios), draws)) for name in kpis}
    places, batches = [], []
    for alike in _alike(scenarios, among):
        for rows, first, count in _blocks(alike, draws, scenarios[alike[0]].days):
            places.append((rows, slice(first, first + count)))
            # NumPy sums a single lane in another order than one among several: a lane never runs alone.
            chance = Draws(seed=seed, first=first, count=max(2, count))
            batches.append(
                Batch(
                    scenarios=tuple(scenarios[row] for row in rows), chance=chance, noise=noise, kpis=tuple(kpis), among=among,
                    all_draws=draws,
                )
            )
    done, lanes = 0, len(scenarios) * draws
    for (rows, here), figures in zip(places, in_order(figures_of, batches, workers, scheduler), strict=True):
        for name, values in figures.items():
            table[name][rows, here] = values[:, : here.stop - here.start]
        done += len(rows) * (here.stop - here.start)
        if progress is not None:
            progress(done, lanes)
    return table


def figures_of(batch: Batch) -> dict[str, Array]:
    """The figures of a batch, whose scenarios must be of one shape. Each [scenario, lane]"""
    first, chance = batch.scenarios[0], batch.chance
    ground = kept_ground_of(first, chance, noise=batch.noise, times=len(batch.scenarios))
    if batch.all_draws is None:
        refuse(first, [ground.closure.residuals])
    else:
        refuse_open(first, ground.closure, draws=batch.all_draws, seed=chance.seed)
    world = with_moves(ground.world, batch.scenarios, among=batch.among)
    totals = project(world, ground.closure, noise=ground.noise, headlines=True, reference=ground.reference).totals
    single = kept_ground_of(first, chance, noise=batch.noise)
    table = {name: np.empty((len(batch.scenarios), chance.count)) for name in batch.kpis}
    for k, scenario in enumerate(batch.scenarios):
        here = slice(k * chance.count, (k + 1) * chance.count)
        own = {name: np.broadcast_to(row, world.lanes)[here] for name, row in totals.items()}
        for name, values in _figures(scenario, single, own, batch.kpis).items():
            table[name][k] = values
    return table


def _alike(scenarios: Sequence[Scenario], among: Scenario | None) -> list[list[int]]:
    """Places of scenarios that can be lanes of one block."""
    groups: dict[object, list[int]] = {}
    for place, scenario in enumerate(scenarios):
        groups.setdefault(shape(scenario, among=among), []).append(place)
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


def _figures(scenario: Scenario, ground: Ground, totals: dict[str, Array], kpis: Sequence[str]) -> Mapping[str, Array]:
    costs = lever_costs(scenario, ground.under(scenario), ground.closure, totals)
    totals |= plan_costs(costs, ground.world.lanes)
    return {name: kpi_of(name, totals.__getitem__) for name in kpis}

"""Where each parameter is used: found by watching the model, not by reading its text.

Central lanes of the reference quarter are run with every lever moved, in the noise and in an event, and whoever asks for a
number is written down. Then each uncertain number goes to its p10 and its p90, at the baseline and with one lever moved at a
time: which figures feel it, and only with which levers. About half a second, once in a process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from sim.analysis.documenting import REFERENCE_START, reference_quarter
from sim.batches import Batch, figures_of
from sim.costs import lever_costs
from sim.lanes import OneAtATime, world_of
from sim.model.closure import solve
from sim.model.fulfilment import Fulfilment
from sim.model.funnel import project
from sim.model.world import World
from sim.parameters import Parameter, registry
from sim.scenario import Event, LeverSetting, Scenario

FIGURES = ("gmv", "net_gmv", "return_rate", "contribution")
EVENT, CHANGE = "event", "change"  # among the conditions of `Use.only_with`: an event; whatever moves traffic or buyers
MOST = 12  # conditions that are worth naming one by one
COSTS = "costs"  # among the equations: what moving a lever costs
DAYS = 10
FELT = 1e-9  # relative: below it is rounding
_PASSED_ON = ("sim.model.world", __name__)  # who only hands a number to somebody else


@dataclass(frozen=True, kw_only=True)
class Use:
    """Where a parameter is used in the central lane.

    `equations`: the files of sim.model that read it (and COSTS). `moves`: the figures that feel it at the baseline; of an
    uncertain number alone, since nothing else is moved. `only_with`: the levers (and EVENT) without which no figure feels it,
    or CHANGE alone where it is nearly every one of them. `prices`: the levers whose cost is worked out with it.
    """

    equations: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    only_with: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def uses() -> Mapping[str, Use]:
    """Every parameter's use, by full name."""
    read, felt, prices, nothing = _readers(), _felt(), _prices(), ((), ())
    found = {}
    for name in registry():
        moves, only_with = felt.get(name, nothing)
        equations = tuple(sorted(read.get(name, ())))
        found[name] = Use(equations=equations, moves=moves, only_with=only_with, prices=prices.get(name, ()))
    return found


# ------------------------------------------------------------------------------------------------------------ who reads it


class _Watched(dict[str, Any]):
    """A world's numbers; notes which module of the model asks for which."""

    def __init__(self, values: Mapping[str, Any], read: dict[str, set[str]]) -> None:
        super().__init__(values)
        self._read = read

    def __getitem__(self, name: str) -> Any:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals["__name__"] in _PASSED_ON:
            frame = frame.f_back
        self._read.setdefault(name, set()).add(frame.f_globals["__name__"].rpartition(".")[2])
        return super().__getitem__(name)


def _readers() -> dict[str, set[str]]:
    read: dict[str, set[str]] = {}
    everything = {lever.name: LeverSetting(amount=_far(lever)) for lever in registry().levers}
    for scenario in (_scenario({}), _scenario(everything, event=True)):
        world = world_of(scenario, count=2)
        watched = {field: _Watched(getattr(world, field), read) for field in ("values", "levels", "reference")}
        _run(scenario, replace(world, **watched))
    return read


def _run(scenario: Scenario, world: World) -> None:
    closure = solve(world)
    lever_costs(scenario, world, closure, project(world, closure).totals)
    parcels = Fulfilment(world)
    parcels.unshipped_at_alarm(0)
    parcels.nodes(0)


# ------------------------------------------------------------------------------------------------------------ who feels it


def _felt() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """{name: (figures that feel it at the baseline, conditions without which none does)}"""
    names = tuple(item.name for item in registry().uncertainties)
    still = _swings(_scenario({}), names)
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    conditions: dict[str, list[str]] = {}
    for condition, scenario in _conditions():
        for name, figures in _swings(scenario, names).items():
            if figures and not still[name]:
                conditions.setdefault(name, []).append(condition)
    for name in names:
        needed = tuple(conditions.get(name, ()))
        found[name] = still[name], needed if len(needed) <= MOST else (CHANGE,)
    return found


def _conditions() -> Iterator[tuple[str, Scenario]]:
    for lever in registry().levers:
        yield lever.name, _scenario({lever.name: LeverSetting(amount=_far(lever))})
    yield EVENT, _scenario({}, event=True)


def _swings(scenario: Scenario, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The figures that each name moves between its p10 and its p90."""
    table = figures_of(Batch(scenarios=(scenario,), chance=OneAtATime(names=names), noise=False, kpis=FIGURES))
    found = {}
    for place, name in enumerate(names):
        ends = slice(1 + 2 * place, 3 + 2 * place)
        found[name] = tuple(
            kpi for kpi in FIGURES if np.any(np.abs(table[kpi][0][ends] - table[kpi][0][0]) > FELT * abs(table[kpi][0][0]))
        )
    return found


def _prices() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for lever in registry().levers:
        for name in (lever.cost.price, lever.cost.units):
            if name in registry():
                found.setdefault(name, []).append(lever.name)
    return {name: tuple(levers) for name, levers in found.items()}


def _far(lever: Parameter) -> float:
    """Where a lever is felt: half the way to the farther end of its bounds."""
    low, high = lever.bounds
    end = high if high - lever.value >= lever.value - low else low
    target = lever.value + 0.5 * (end - lever.value)
    return round(target) if lever.whole else target


def _scenario(levers: Mapping[str, LeverSetting], *, event: bool = False) -> Scenario:
    second = REFERENCE_START + timedelta(days=1)
    events = (Event(name=EVENT, start=second, end=second, traffic=2.0),) if event else ()
    return replace(reference_quarter(), days=DAYS, levers=dict(sorted(levers.items())), events=events).settled()

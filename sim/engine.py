"""From a scenario to its outcome: lanes are built in blocks of draws, go through the model, and are merged in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim import draws as chance
from sim.costs import lever_costs, parcel_levers
from sim.errors import INVALID, UserError
from sim.executors import in_order
from sim.model.closure import Residual, solve
from sim.model.funnel import project
from sim.model.world import Calendar, Move, World
from sim.outcome import DAILY_DRAWS, Block, Outcome, merged
from sim.parameters import registry
from sim.scenario import Scenario

BLOCK = 2048


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A block of a run's draws: all that a worker needs to know."""

    scenario: Scenario
    draws: int
    first: int
    count: int
    seed: int
    noise: bool
    central: bool


def run(
    scenario: Scenario, *, draws: int = 1000, seed: int = 1, noise: bool = True, central: bool = False, workers: int = 1
) -> Outcome:
    """Project a scenario: `draws` worlds of its assumptions, with day-to-day noise unless told otherwise.

    `central` runs the one lane that a spreadsheet would show: every assumption at its best value, no noise. The outcome is the
    same, bit for bit, for any number of worker processes.
    """
    if central:
        draws, noise = 1, False
    units = [
        Unit(scenario=scenario, draws=draws, first=first, count=min(BLOCK, draws - first), seed=seed, noise=noise, central=central)
        for first in range(0, draws, BLOCK)
    ]
    blocks = list(in_order(block_of, units, workers))
    return merged(blocks, scenario=scenario, draws=draws, seed=seed, noise=noise, central=central)


def block_of(unit: Unit) -> Block:
    """Build a unit's lanes, close them, run them, and keep what an outcome needs."""
    # NumPy sums a single lane in another order than one among several: a lane never runs alone.
    world = world_of(
        unit.scenario, first=unit.first, count=max(2, unit.count), seed=unit.seed, noise=unit.noise, central=unit.central
    )
    closure = solve(world)
    if any(np.any(residual.open) for residual in closure.residuals):
        refuse(unit.scenario, _all_residuals(unit.scenario, draws=unit.draws, seed=unit.seed, central=unit.central))
    projection = project(world, closure)
    block = Block.of(unit.scenario, projection, lever_costs(unit.scenario, world, closure, projection), world, closure)
    return block.cut(unit.count, days_of=DAILY_DRAWS - unit.first)


def ensure_closes(scenario: Scenario, *, draws: int = 1000, seed: int = 1) -> None:
    """Refuse a scenario some of whose totals some draw cannot reproduce, without projecting it."""
    refuse(scenario, _all_residuals(scenario, draws=draws, seed=seed, central=False))


def _all_residuals(scenario: Scenario, *, draws: int, seed: int, central: bool) -> list[tuple[Residual, ...]]:
    """The residuals of every block, so that a refusal speaks of all draws."""
    firsts = range(0, draws, BLOCK)
    worlds = (
        world_of(scenario, first=first, count=min(BLOCK, draws - first), seed=seed, noise=False, central=central) for first in firsts
    )
    return [solve(world).residuals for world in worlds]


def world_of(scenario: Scenario, *, first: int = 0, count: int, seed: int = 1, noise: bool = True, central: bool = False) -> World:
    """The lanes of a block: every parameter's value per draw, the levers' paths, the calendar and the noise."""
    values: dict[str, object] = {}
    for parameter in registry().entries:
        name = parameter.name
        if name in scenario.baseline:
            values[name] = scenario.baseline[name].value
        elif not parameter.uncertain:
            values[name] = parameter.value
        else:
            belief = _belief(scenario, name)
            if central:
                values[name] = np.full(count, chance.central(belief))
            else:
                values[name] = chance.column(belief, seed, name, parameter.dimension, first, count)
    levels = {lever.name: scenario.lever_baseline(lever.name) for lever in registry().levers}
    reference = {lever.name: float(lever.value) for lever in registry().levers}
    moves = {
        name: Move(target=setting.target(scenario.lever_baseline(name)), reach=_reach(scenario, name))
        for name, setting in scenario.moved.items()
    }
    return World(
        values=values, levels=levels, reference=reference, days=scenario.days, lanes=count, moves=moves, calendar=_calendar(scenario),
        shocks=chance.shocks(seed, first, count, scenario.days) if noise else None, parcel_levers=parcel_levers(scenario),
    )


def _belief(scenario: Scenario, name: str) -> chance.Range:
    belief = chance.Range.of(registry()[name])
    own = scenario.assumptions.get(name)
    if own is None:
        return belief
    if belief.distribution == "chance":
        return chance.Range(distribution="chance", low=0.0, best=own.best, high=1.0)
    if own.fixed:
        return chance.Range(distribution="uniform", low=own.best, best=own.best, high=own.best)
    return chance.Range(distribution=belief.distribution, low=own.low, best=own.best, high=own.high)


def _reach(scenario: Scenario, name: str) -> np.ndarray:
    """Share reached on each day: coverage x ramp inside the lever's dates, 0 outside. [day]"""
    setting = scenario.moved[name]
    day = np.arange(scenario.days)
    first = 0 if setting.start is None else (setting.start - scenario.start).days
    reach = setting.coverage * np.minimum(1.0, (day - first + 1) / max(1, setting.ramp_days))
    inside = day >= first
    if setting.until is not None:
        inside &= day <= (setting.until - scenario.start).days
    return np.where(inside, reach, 0.0)


def _calendar(scenario: Scenario) -> Calendar:
    """Events side by side multiply; where several lift traffic, the largest stated share is borrowed."""
    calendar = Calendar.plain(scenario.days)
    for event in scenario.events:
        days = slice((event.start - scenario.start).days, (event.end - scenario.start).days + 1)
        for name in ("traffic", "value", "cpm", "transit"):
            getattr(calendar, name)[days] *= getattr(event, name)
    for day in range(scenario.days):
        rising = [
            event.pull_forward
            for event in scenario.events
            if event.traffic > 1.0 and (event.start - scenario.start).days <= day <= (event.end - scenario.start).days
        ]
        stated = [pull for pull in rising if pull is not None]
        if rising:
            calendar.pull[day] = max(stated) if stated else np.nan
    return calendar


def refuse(scenario: Scenario, blocks: Sequence[tuple[Residual, ...]]) -> None:
    """Refuse totals that some draw cannot reproduce, naming the first, the share of draws, and the range that closes."""
    for parts in zip(*blocks, strict=True):
        total = parts[0].total
        open_ = np.concatenate([part.open for part in parts])
        if not np.any(open_):
            continue
        # A total may have several conditions: all of them must hold at once.
        conditions = [part for block in blocks for part in block if part.total == total]
        low = max(float(np.max(part.closes_from)) for part in conditions)
        high = min(float(np.min(part.closes_to)) for part in conditions)
        raise UserError(
            f'"{scenario.name}": {total} cannot be reproduced in {np.mean(open_):.1%} of the draws; {_closes(scenario, total, low, high)}',
            exit_code=INVALID,
        )


def _closes(scenario: Scenario, total: str, low: float, high: float) -> str:
    """The range in which a total closes in every draw, its ends rounded inward."""
    low, high = _rounded(low, np.ceil), _rounded(high, np.floor)
    if not low < high:
        return "no single value closes in all of them under these assumptions; narrow their ranges."
    observed = scenario.baseline.get(total)
    value = observed.value if observed else registry()[total].value
    inside = f" It stands at {value:g}, inside: another input of the same stage does not fit." if low < value < high else ""
    return f"it closes in all of them above {low:.6g} and below {high:.6g}.{inside}"


def _rounded(value: float, towards: Callable[[float], float]) -> float:
    """Four significant digits, in one direction."""
    if value == 0.0 or not np.isfinite(value):
        return value
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    return float(towards(value / unit) * unit)

"""From a scenario to its outcome: lanes are built in blocks of draws, go through the model, and are merged in order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim import draws as chance
from sim.costs import lever_costs, parcel_levers
from sim.errors import INVALID, UserError
from sim.model.closure import Closure, solve
from sim.model.funnel import Projection, project
from sim.model.world import Calendar, Move, World
from sim.outcome import Block, Outcome, merged
from sim.parameters import registry
from sim.scenario import Scenario

BLOCK = 2048


def run(scenario: Scenario, *, draws: int = 1000, seed: int = 1, noise: bool = True, central: bool = False) -> Outcome:
    """Project a scenario: `draws` worlds of its assumptions, with day-to-day noise unless told otherwise.

    `central` runs the one lane that a spreadsheet would show: every assumption at its best value, no noise.
    """
    if central:
        draws, noise = 1, False
    blocks = [
        Block.of(scenario, projection, lever_costs(scenario, world, closure, projection), world, closure)
        for world, closure, projection in projections(scenario, draws=draws, seed=seed, noise=noise, central=central)
    ]
    return merged(blocks, scenario=scenario, draws=draws, seed=seed, noise=noise, central=central)


def projections(
    scenario: Scenario, *, draws: int, seed: int, noise: bool, central: bool = False
) -> Iterator[tuple[World, Closure, Projection]]:
    """The blocks of a run, one after the other."""
    for first in range(0, draws, BLOCK):
        world = world_of(scenario, first=first, count=min(BLOCK, draws - first), seed=seed, noise=noise, central=central)
        closure = solve(world)
        refuse_open(scenario, closure)
        yield world, closure, project(world, closure)


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
                values[name] = chance.quantile(belief, chance.uniforms(seed, name, first, count))
    levels = {lever.name: scenario.lever_baseline(lever.name) for lever in registry().levers}
    moves = {
        name: Move(target=setting.target(scenario.lever_baseline(name)), reach=_reach(scenario, name))
        for name, setting in scenario.moved.items()
    }
    return World(
        values=values, registry_levels=levels, days=scenario.days, lanes=count, moves=moves, calendar=_calendar(scenario),
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


def refuse_open(scenario: Scenario, closure: Closure) -> None:
    """Refuse a total that some draw cannot reproduce, naming it, the share of draws, and the range that closes."""
    for residual in closure.residuals:
        open_ = ~((residual.value > 0.0) & (residual.value <= 1.0 + 1e-12))
        if not np.any(open_):
            continue
        low, high = float(np.max(residual.closes_from)), float(np.min(residual.closes_to))
        closes = f"between {low:.4g} and {high:.4g}" if low < high else "at no single value under these assumptions; narrow their ranges"
        raise UserError(
            f'"{scenario.name}": the total {residual.total} cannot be reproduced in {np.mean(open_):.1%} of the draws; '
            f"it closes in all of them {closes}.",
            exit_code=INVALID,
        )

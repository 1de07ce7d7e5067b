"""Blocks of lanes for tests: central or drawn, with levers given as targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim.analysis.documenting import reference_quarter
from sim.lanes import world_of
from sim.model.closure import solve
from sim.model.funnel import Projection, project
from sim.model.world import World
from sim.parameters import registry
from sim.scenario import LeverSetting, Scenario

MOST_MOVED = {  # every lever in the direction that the registry calls better, as far as a planner may go
    lever.name: lever.bounds[0] if lever.expect == "-" else lever.bounds[1] for lever in registry().levers
}


def plan(levers: Mapping[str, float | LeverSetting] | None = None, *, days: int | None = None, **fields: Any) -> Scenario:
    """The registry with some levers moved: day one, no ramp, unless the settings say otherwise."""
    base = reference_quarter()
    settings = {
        name: value if isinstance(value, LeverSetting) else LeverSetting(amount=float(value))
        for name, value in sorted((levers or {}).items())
    }
    return replace(base, levers=settings, **({"days": days} if days else {}), **fields).settled()


def lanes(levers: Mapping[str, float] | None = None, *, count: int = 64, noise: bool = False, central: bool = False, **more: Any) -> World:
    return world_of(plan(levers, **more), count=1 if central else count, noise=noise, central=central)


def run_lanes(world: World) -> Projection:
    return project(world, solve(world))

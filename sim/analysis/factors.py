"""What analyses ask for by name: assumptions of the registry, all day-to-day chance, and all that a calibrated shop's draws give.

Those draws are one factor: what one row of them says belongs together, and no column of it can be drawn again alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.lanes import NOISE, POSTERIOR, Draws
from sim.model.world import Array
from sim.parameters import CATEGORIES, registry
from sim.scenario import Scenario
from sim.scenario.posterior import LEVEL, TREND


def joint_columns(scenario: Scenario) -> list[str]:
    """Columns of the scenario's draws that hold, since the file states nothing in their place, and that differ between draws."""
    draws = scenario.posterior
    if draws is None:
        return []
    return [name for name in draws.names if (name.startswith("profile.") or scenario.draws_jointly(parameter_of(name)))
            and np.ptp(draws.column(name)) > 0.0]


def joint_values(scenario: Scenario, *, draws: int, seed: int) -> dict[str, Array]:
    """What these columns are in every draw. {name: [draw]}"""
    chance = Draws(seed=seed, first=0, count=draws)
    return {name: chance.joint(scenario.posterior, name) for name in joint_columns(scenario)}


def with_joint(names: Iterable[str], scenarios: Iterable[Scenario]) -> list[str]:
    """Names, and behind them that of the joint draws where some scenario has them."""
    return [*names, *([POSTERIOR] if any(joint_columns(scenario) for scenario in scenarios) else [])]


def parameter_of(name: str) -> str:
    """The parameter behind a column: an entry of a list by category belongs to the list."""
    head, _, last = name.rpartition(".")
    return head if last in CATEGORIES and head in registry() else name


def grade_of(name: str) -> str:
    """Where a factor's range comes from; chance from day to day is a grade of its own, a shop's own data are measured."""
    if name == NOISE:
        return NOISE
    return "measured" if name == POSTERIOR or name.startswith("profile.") else registry()[parameter_of(name)].grade


def unit_of(name: str) -> str:
    """The unit of a factor's values; of all draws together, the place among them."""
    if name.startswith("profile."):
        return "log" if name == LEVEL else "1/day" if name == TREND else "factor"
    return "share" if name == POSTERIOR else registry()[parameter_of(name)].unit

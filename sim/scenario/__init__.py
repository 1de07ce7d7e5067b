"""Scenario files: read, check, overlay, compare and save what a plan changes. Standard library only (tomlkit when saving, pyarrow
for a calibrated shop's draws)."""

from sim.scenario.differing import Difference, diff
from sim.scenario.overlay import FOLDER_VARIABLE, load, loads, scenario_folder, scenario_names
from sim.scenario.posterior import Posterior
from sim.scenario.schema import json_schema
from sim.scenario.values import (
    KPI_UNITS,
    SCHEMA,
    Assumption,
    Event,
    Goal,
    LeverCost,
    LeverSetting,
    Observed,
    Profile,
    Scenario,
)
from sim.scenario.writing import dumps, save

__all__ = [
    "FOLDER_VARIABLE",
    "KPI_UNITS",
    "SCHEMA",
    "Assumption",
    "Difference",
    "Event",
    "Goal",
    "LeverCost",
    "LeverSetting",
    "Observed",
    "Posterior",
    "Profile",
    "Scenario",
    "diff",
    "dumps",
    "json_schema",
    "load",
    "loads",
    "save",
    "scenario_folder",
    "scenario_names",
]

"""Scenario files: read, check, overlay, compare and save what a plan changes. Standard library only (tomlkit when saving)."""

from sim.scenario.differing import Difference, diff
from sim.scenario.overlay import FOLDER_VARIABLE, load, loads, scenario_folder, scenario_names
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

"""A sweep's point as a scenario: the plan that was run there, to the same digest, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sim.errors import INVALID, UserError
from sim.parameters import registry
from sim.scenario import Assumption, Event, Goal, LeverCost, LeverSetting, Observed, Scenario, checks, load
from sim.sweeps.opening import OpenedSweep
from sim.sweeps.spec import at_point
from sim.sweeps.store import Store

LONGEST_NAME = 120  # bytes of the sweep's name in a scenario's


def scenario_of(opened: OpenedSweep, point: int, *, scenarios: str | Path | None = None) -> Scenario:
    """The scenario of a point, counted from 1: base, levers, assumptions and horizon as they were swept. It has no file yet.

    Where the base's file is still what it was, the scenario extends it; else all of it comes from the manifest. Its digest is the one
    that stands beside the point; a UserError where the point is not there or can no longer be had so.
    """
    sweep, wanted = opened.sweep, opened.digest(point)
    if wanted is None:
        raise UserError(f"point {point:,} of {opened.folder} is not computed, or its chunk is gone.", exit_code=INVALID)
    row = sweep.design.values(point - 1, 1)[0].tolist()
    for base in _bases(opened, scenarios):
        try:
            found = at_point(base, sweep.design.axes, point, row)
            digest = found.digest
        except (UserError, KeyError, TypeError, ValueError):  # a lever that this version does not know, or not so far
            continue
        if digest == wanted:
            name = _name(sweep.name, point)
            return replace(found, name=name, title=name, notes="", path=None, extends=base.name if base.path else None)
    says = f"point {point:,} cannot be opened as it was run: the registry or the scenario {sweep.base_name} has changed since."
    raise UserError(f"{says} Run the sweep anew.", exit_code=INVALID)


def _bases(opened: OpenedSweep, scenarios: str | Path | None) -> list[Scenario]:
    """The base as its file has it, if that is still the same, and as the manifest tells it."""
    found = []
    manifest = Store(folder=opened.folder).manifest()
    base = None if manifest is None else manifest[1].get("base")
    told = _told(opened.sweep.base_name, base.get("resolved") if isinstance(base, Mapping) else None)
    try:
        filed = load(opened.sweep.base_name, scenarios)
        if told is not None:
            filed = filed.with_horizon(start=told.start, days=told.days)
        if filed.digest == opened.sweep.base:
            found.append(filed)
    except UserError:  # gone, or not to be read any more
        pass
    return [*found, *([] if told is None or told.digest != opened.sweep.base else [told])]


def _told(name: str, data: Any) -> Scenario | None:
    """The scenario that Scenario.canonical() told of; None where it is none. What was idle is not told."""
    try:
        horizon = data["horizon"]
        scenario = Scenario(
            name=name, start=date.fromisoformat(horizon["start"]), days=horizon["days"],
            levers={key: _lever(item) for key, item in data["levers"].items()},
            assumptions={key: Assumption(**item) for key, item in data["assumptions"].items()},
            baseline={key: Observed(value=_value(item["value"]), source=item["source"]) for key, item in data["baseline"].items()},
            events=tuple(_event(item) for item in data["events"]),
            goals={key: Goal(**item) for key, item in data["goals"].items()},
        )
        checks.check_scenario(scenario, registry(), lambda section, entry: lambda field, says: UserError(f"{section}.{entry}: {says}"))
    except (UserError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    return scenario


def _lever(data: Mapping[str, Any]) -> LeverSetting:
    cost = LeverCost(**data["cost"])
    return LeverSetting(
        amount=data["target"], start=date.fromisoformat(data["start"]), until=date.fromisoformat(data["until"]),
        ramp_days=data["ramp_days"], coverage=data["coverage"], cost=None if cost == LeverCost() else cost,
    )


def _event(data: Mapping[str, Any]) -> Event:
    return Event(**{**data, "start": date.fromisoformat(data["start"]), "end": date.fromisoformat(data["end"])})


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _name(sweep: str, point: int) -> str:
    """A name that a file can have: anybody may have written the manifest."""
    kept = "".join(letter for letter in sweep if checks.check_stem(f"a{letter}a") is None)
    kept = kept.encode("utf-8")[:LONGEST_NAME].decode("utf-8", "ignore").strip(" .") or "sweep"
    return f"{kept}_point_{point}"

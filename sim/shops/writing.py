"""The calibrated shop as a scenario and as files: TOML with the draws' Parquet beside it, both there in full or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.scenario import Event, Observed, Posterior, Profile, Scenario, save

if TYPE_CHECKING:
    from sim.shops.calibration import Calibration


def scenario_of(calibration: Calibration, name: str, *, title: str = "", author: str = "") -> Scenario:
    """The shop as a scenario over the registry: no lever moved, horizon from the day after the data."""
    source = calibration.source
    baseline = {
        key: Observed(value=value, source="a single shop" if key == "money.merchants" else source)
        for key, value in sorted(calibration.baseline.items())
    }
    return Scenario(
        name=name, title=title or f"{name}: calibrated", author=author, question="What does the shop bring if nothing is changed?",
        start=calibration.start, days=calibration.days, baseline=baseline, profile=Profile(**calibration.profile, source=source),
        posterior=Posterior.of(calibration.posterior, file=f"{name}.parquet"), events=events_of(calibration),
    )


def events_of(calibration: Calibration) -> tuple[Event, ...]:
    """The dated events that come again inside the horizon, each with the middle of its uplift."""
    return tuple(
        Event(name=item["name"], start=start, end=end, traffic=round(item["p50"], 3))
        for item in calibration.uplifts for start, end in item["ahead"]
    )


def write_calibrated(calibration: Calibration, path: str | Path, *, title: str = "", author: str = "", overwrite: bool = False) -> Scenario:
    """Write my_shop.toml and my_shop.parquet, each in one step, and return the scenario that they are."""
    path = Path(path)
    scenario = scenario_of(calibration, path.name.removesuffix(".toml"), title=title, author=author)
    save(scenario, path, overwrite=overwrite)
    return scenario

"""Figures, the sizes at which they are taken, and the clock with its unit.

Seconds say little about another machine. So each duration also comes in units: one NumPy `exp` per draw, day and category, in
blocks of 2,048 draws, measured in the same rounds.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MEASURES = ("throughput", "slider", "cold", "sweep", "memory", "accuracy", "referee")
UNIT_DAYS, UNIT_CATEGORIES, UNIT_BLOCK = 92, 8, 2048
UNIT_SAYS = f"one NumPy exp per draw, day and category ({UNIT_DAYS} x {UNIT_CATEGORIES} a draw) in blocks of {UNIT_BLOCK:,} float64"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured figure: the median of its runs, their extremes, and what is wanted of it.

    `in_units`: of a duration or rate, how many units a draw costs. `at_least`, `at_most`: what issue 4 asks for on two cores.
    """

    measure: str
    name: str
    value: float | None
    unit: str
    lowest: float | None = None
    highest: float | None = None
    runs: int = 1
    in_units: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        return (self.at_least is None or self.value >= self.at_least) and (self.at_most is None or self.value <= self.at_most)

    def row(self) -> dict[str, Any]:
        return {
            "measure": self.measure, "figure": self.name, "value": self.value, "unit": self.unit, "lowest": self.lowest,
            "highest": self.highest, "runs": self.runs, "in_units": self.in_units, "at_least": self.at_least, "at_most": self.at_most,
            "reached": self.reached, "note": self.note,
        }


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured. Left out of a short version: the long run."""

    repeats: int = 5
    draws: int = 20_000
    long_run: int | None = 100_000
    sweep: tuple[int, int] = (200, 512)  # scenarios, draws
    peak_draws: int = 100_000
    replicates: int = 24

    @classmethod
    def quick(cls, repeats: int) -> Sizes:
        return cls(repeats=repeats, draws=4096, long_run=None, sweep=(40, 256), peak_draws=20_000, replicates=6)

    @classmethod
    def full(cls, repeats: int) -> Sizes:
        return cls(repeats=repeats, sweep=(200, 10_000), peak_draws=1_000_000)


@dataclass(kw_only=True)
class Clock:
    """Times work in rounds, the unit in each of them, so that a busy minute hits all alike."""

    repeats: int
    units: list[float] = field(default_factory=list)  # seconds per draw

    @property
    def unit(self) -> float:
        """Seconds per draw of one unit."""
        if not self.units:
            self.units.append(unit_seconds())
        return statistics.median(self.units)

    def timed(self, *works: Callable[[int], object]) -> list[list[float]]:
        """Seconds of each work in each round; a work is handed the round's number."""
        seconds: list[list[float]] = [[] for _ in works]
        for number in range(self.repeats):
            self.units.append(unit_seconds())
            for work, taken in zip(works, seconds, strict=True):
                taken.append(seconds_of(lambda work=work, number=number: work(number)))
        return seconds

    def figure(
        self, measure: str, name: str, seconds: Sequence[float], *, draws: int, scale: float = 1.0, unit: str = "s", **wanted: float
    ) -> Figure:
        """A duration, times `scale`."""
        ordered = [scale * taken for taken in seconds]
        return Figure(
            measure=measure, name=name, value=statistics.median(ordered), unit=unit, lowest=min(ordered), highest=max(ordered),
            runs=len(ordered), in_units=statistics.median(seconds) / draws / self.unit, **wanted,
        )

    def rate(self, measure: str, name: str, seconds: Sequence[float], *, draws: int, unit: str, **wanted: float) -> Figure:
        """Draws per second."""
        rates = [draws / taken for taken in seconds]
        return Figure(
            measure=measure, name=name, value=statistics.median(rates), unit=unit, lowest=min(rates), highest=max(rates),
            runs=len(rates), in_units=statistics.median(seconds) / draws / self.unit, **wanted,
        )


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def unit_seconds(blocks: int = 4) -> float:
    """Seconds per draw of the unit, the best of a few blocks: what the machine can do, not what else it does."""
    import numpy as np

    exponents = np.linspace(-1.0, 1.0, UNIT_BLOCK)
    out = np.empty_like(exponents)

    def block() -> None:
        for _ in range(UNIT_DAYS * UNIT_CATEGORIES):
            np.exp(exponents, out=out)

    return min(seconds_of(block) for _ in range(blocks)) / UNIT_BLOCK


def shipped() -> Path:
    """The folder of the scenarios that ship: figures are comparable only on the same ones, whatever somebody's own folder holds."""
    package = Path(__file__).resolve().parents[1]
    folder = package / "shipped_scenarios"  # in a wheel; a checkout has them beside the package
    return folder if folder.is_dir() else package.parent / "scenarios"


def machine() -> dict[str, Any]:
    """What was measured on."""
    import numpy as np
    import scipy

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(), "cores": os.cpu_count(), "load": load, "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

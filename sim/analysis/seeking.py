"""Seek: the value that a lever must take so that a goal holds, or the best that it can do.

The lever's whole range is projected side by side on a coarse grid, in the same worlds. Wherever the goal begins or ceases to be
reached (a lever may help up to a point and then hurt: nothing is taken to rise or fall throughout), the place is closed in on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from sim.analysis.goals import Target, checked, targets_of
from sim.batches import Progress, kpis_of
from sim.errors import UserError, nearest
from sim.model.world import Array
from sim.outcome import KPIS, model_version, spread
from sim.parameters import UNITS, Parameter, registry
from sim.scenario import Scenario
from sim.scenario.checks import names_of, unknown_name

PASSES = (8, 16)  # cells of the range: a first look, then each cut in two
INSIDE = 4  # values tried between neighbours of the best, where nothing reaches the goal
TOLERANCE_SHARE = 1e-4  # of the range: so narrow is a crossing closed in on
MOST_CROSSINGS = 4  # closed in on: those nearest to where the lever stands
ROUNDS = 7  # what closing in takes, usually: for telling how far the work is
COUNTED = ("count", "seats", "sites")  # units of which there are no parts


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What becomes of the goal's figure with the lever at a value."""

    value: float
    share: float  # of draws in which the target is met
    slack: float  # in the figure's unit; 0 and above where the goal is reached
    mean: float | None
    p10: float | None
    p90: float | None

    @property
    def reached(self) -> bool:
        return self.slack >= 0.0

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "share": self.share, "reached": self.reached, "mean": self.mean, "p10": self.p10, "p90": self.p90}


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Where the goal begins or ceases to be reached: two values next to each other, on either side of it."""

    reached: Reading
    missed: Reading

    @property
    def side(self) -> str:
        """On which side of the place the goal is reached: "above" or "below"."""
        return "above" if self.reached.value > self.missed.value else "below"

    def to_json(self) -> dict[str, Any]:
        return {"value": self.reached.value, "missed_at": self.missed.value, "reached": self.side}


@dataclass(frozen=True, kw_only=True)
class Sought:
    """The goal over a lever's range, and the value nearest to where the lever stands at which it is reached."""

    scenario: Scenario
    lever: str
    target: Target
    low: float
    high: float
    curve: tuple[Reading, ...]  # by value, inside the range
    standing: Reading  # as the plan has the lever
    draws: int
    seed: int
    noise: bool
    stopped: bool = False  # somebody would not wait: what was found until then

    @property
    def parameter(self) -> Parameter:
        return registry()[self.lever]

    @property
    def baseline(self) -> float:
        """The lever's value today."""
        return self.scenario.lever_baseline(self.lever)

    @property
    def already(self) -> bool:
        """Is the goal reached with the lever as it stands?"""
        return self.standing.reached

    @cached_property
    def answer(self) -> Reading | None:
        """The least change that reaches the goal: none where it is reached already, and no answer where nothing reaches it."""
        if self.already:
            return self.standing
        found = [reading for reading in self.curve if reading.reached]
        return min(found, key=lambda reading: (abs(reading.value - self.standing.value), reading.value), default=None)

    @property
    def reachable(self) -> bool:
        return self.answer is not None

    @cached_property
    def best(self) -> Reading:
        """The value at which most draws meet the target (on the mean: at which the mean is best)."""
        return max(self.curve, key=lambda reading: (*_merit(reading, self.target), -abs(reading.value - self.standing.value)))

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        return tuple(
            Crossing(reached=first if first.reached else second, missed=second if first.reached else first)
            for first, second in pairwise(self.curve)
            if first.reached != second.reached
        )

    @cached_property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """The stretches of the range over which the goal is reached, as far as the grid tells."""
        found: list[tuple[float, float]] = []
        before = False
        for reading in self.curve:
            if reading.reached:
                found.append((found.pop()[0] if before else reading.value, reading.value))
            before = reading.reached
        return tuple(found)

    @property
    def holds(self) -> tuple[float, float] | None:
        """The stretch around where the lever stands, if the goal is reached there."""
        return next((ends for ends in self.ranges if ends[0] <= self.standing.value <= ends[1]), None) if self.already else None

    @property
    def at_bound(self) -> bool:
        return self.answer is not None and self.answer.value in (self.low, self.high)

    @property
    def plan(self) -> Scenario:
        """The scenario with the lever at the answer, or, where there is none, at its best."""
        return self.scenario.with_levers({self.lever: (self.answer or self.best).value})

    def to_json(self) -> dict[str, Any]:
        answer = self.answer
        return {
            "scenario": {"name": self.scenario.name, "digest": self.scenario.digest}, "version": model_version(), "lever": self.lever,
            "unit": self.parameter.unit, "range": [self.low, self.high], "goal": self.target.to_json(), "reachable": self.reachable,
            "already": self.already, "value": None if answer is None else answer.value,
            "probability": None if answer is None else answer.share,
            "kpi": {
                "name": self.target.kpi, "unit": KPIS[self.target.kpi].unit,
                **{band: None if answer is None else getattr(answer, band) for band in ("mean", "p10", "p90")},
            },
            "baseline": self.baseline, "in_plan": self.standing.to_json(), "best": self.best.to_json(), "at_bound": self.at_bound,
            "crossings": [crossing.to_json() for crossing in self.crossings], "ranges": [list(ends) for ends in self.ranges],
            "curve": [reading.to_json() for reading in self.curve], "stopped": self.stopped, "seed": self.seed, "draws": self.draws,
            "noise": self.noise, "start": self.scenario.start.isoformat(), "days": self.scenario.days,
        }


def seek(
    scenario: Scenario, *, lever: str, target: Target, within: tuple[float, float] | None = None, draws: int = 1000, seed: int = 1,
    noise: bool = True, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> Sought:
    """What the lever must be for the target to hold: with its probability, or on the mean where it has none.

    `within` narrows the lever's bounds, in its unit. The lever keeps the file's start, until, ramp, coverage and cost. Levers that are
    counted take whole values only. Raises UserError for a lever or a range that does not exist. Ctrl-C after the first look gives what
    is known until then (`stopped`).
    """
    parameter = lever_named(lever, option="--lever")
    low, high = _range(parameter, within)
    chance = {"draws": draws, "seed": seed, "noise": noise, "workers": workers, "scheduler": scheduler}
    search = _Search(scenario, parameter, checked(target, option="goal"), low, high, chance, progress)
    try:
        search.look()
        search.close_in()
    except KeyboardInterrupt:
        if len(search.read) < 3:
            raise
        search.stopped = True
    standing = search.read[search.standing]
    inside = tuple(search.read[value] for value in sorted(search.read) if low <= value <= high)
    return Sought(
        scenario=scenario, lever=lever, target=target, low=low, high=high, curve=inside, standing=standing, draws=draws, seed=seed,
        noise=noise, stopped=search.stopped,
    )


def lever_named(name: str, *, option: str) -> Parameter:
    """The lever of that name, or one sentence."""
    if name not in names_of("lever", registry()):
        raise UserError(f'{option}: "{name[:60]}" {_not_a(name)}')
    return registry()[name]


def goal_of(scenario: Scenario, *, named: str | None = None, probability: float | None = None) -> Target:
    """A goal of the file: its only one, or that on the figure `named`. `probability` replaces the file's own."""
    goals = {target.kpi: target for target in targets_of(scenario)}
    if not goals:
        raise UserError(f'"{scenario.name}" has no goals in its file; say one, such as --goal "net_gmv >= 6e10".')
    if named is not None and named not in goals:
        raise UserError(
            f'--goal: "{scenario.name}" has no goal on "{named[:40]}", only on {", ".join(goals)}; '
            f'write the goal out, such as "net_gmv >= 6e10".{nearest(named, goals)}'
        )
    if named is None and len(goals) > 1:
        listed = "; ".join(str(target) for target in goals.values())
        raise UserError(f'"{scenario.name}" has {len(goals)} goals ({listed}); say which one, for example --goal {next(iter(goals))}.')
    found = goals[named or next(iter(goals))]
    if probability is None:
        return found
    return checked(Target(kpi=found.kpi, sense=found.sense, value=found.value, probability=probability), option="--probability")


def counted(parameter: Parameter) -> bool:
    """Does the lever take whole values only?"""
    return parameter.whole or parameter.unit in COUNTED


class _Search:
    """The values tried so far, by value, and the next ones to try."""

    def __init__(
        self, scenario: Scenario, parameter: Parameter, target: Target, low: float, high: float, chance: dict[str, Any],
        progress: Progress | None,
    ) -> None:
        self.scenario, self.parameter, self.target, self.low, self.high = scenario, parameter, target, low, high
        self.chance, self.progress = chance, progress
        setting, baseline = scenario.levers.get(parameter.name), scenario.lever_baseline(parameter.name)
        self.standing = baseline if setting is None else setting.target(baseline)
        self.known = {self.standing} | ({baseline} if low <= baseline <= high else set())
        away = high if low == baseline else low
        self.among = scenario.with_levers({parameter.name: away})  # so that the value that changes nothing shares the block
        self.ends = (low, high)
        self.counted = counted(parameter)
        self.width = 1.0 if self.counted else TOLERANCE_SHARE * (high - low)
        self.read: dict[float, Reading] = {}
        self.stopped = False
        self.planned = 0

    def look(self) -> None:
        """The range on its grid, with the values where the lever stands and where it is today."""
        grids = [self.spaced(self.low, self.high, cells - 1) | {self.low, self.high} for cells in PASSES]
        if not self.counted:  # numbers that can be read: 1.5 rather than 1.53125
            near = (self.high - self.low) / PASSES[-1] / 8.0
            grids = [{value if value in self.ends else _shortest(value - near, value + near) for value in grid} for grid in grids]
        self.planned = len(grids[-1] | self.known) + ROUNDS
        for grid in grids:
            self.try_values(grid | self.known)

    def close_in(self) -> None:
        """Narrow every crossing; where nothing reaches the goal, look closer around the best first."""
        for _ in range(2):
            readings = self.in_range()
            if any(reading.reached for reading in readings):
                break
            place = max(range(len(readings)), key=lambda at: _merit(readings[at], self.target))
            for side in (place - 1, place + 1):
                if 0 <= side < len(readings):
                    self.try_values(self.spaced(*sorted((readings[place].value, readings[side].value)), INSIDE))
        for pair in self.crossings():
            self.narrow(*pair)

    def narrow(self, low: float, high: float) -> None:
        """Close in on a crossing between two values, and end at a number of few digits."""
        if self.counted:
            while low < (middle := float(round((low + high) / 2.0))) < high:
                low, high = (middle, high) if self.reached(middle) == self.reached(low) else (low, middle)
            return
        from scipy.optimize import brentq

        if self.read[low].slack == 0.0 or self.read[high].slack == 0.0 or high - low <= self.width:
            return
        # Where a draw misses because its figure is not defined, the slack is endless: the method then halves its way.
        found = brentq(lambda value: max(min(self.slack(float(value)), 1e30), -1e30), low, high, xtol=self.width / 4.0)
        self.try_values(value for value in (found - self.width / 2.0, found + self.width / 2.0) if low < value < high)
        while (pair := self.around(found))[1] - pair[0] > self.width:
            self.try_values([sum(pair) / 2.0])
        self.tidy(*pair)

    def tidy(self, low: float, high: float) -> None:
        """The reached end of a crossing moves a hair further in, to a number of few digits: 0.92 rather than 0.91976."""
        end, missed = (low, high) if self.reached(low) else (high, low)
        away = end + math.copysign(self.width, end - missed)
        number = _shortest(min(end, away), max(end, away))
        if self.low <= number <= self.high and self.reached(number):
            between = [value for value in self.read if min(number, missed) < value < max(number, missed)]
            self.read = {value: found for value, found in self.read.items() if value not in between or value in self.known}

    def around(self, value: float) -> tuple[float, float]:
        """The crossing nearest to a value."""
        readings = self.in_range()
        pairs = [(a.value, b.value) for a, b in pairwise(readings) if a.reached != b.reached]
        return min(pairs, key=lambda pair: max(pair[0] - value, value - pair[1], 0.0))

    def slack(self, value: float) -> float:
        self.try_values([value])
        return self.read[value].slack

    def reached(self, value: float) -> bool:
        return self.slack(value) >= 0.0

    def spaced(self, low: float, high: float, count: int) -> set[float]:
        """So many values between two others, evenly; of a lever that is counted whole ones, and fewer where there are not so many."""
        found = np.linspace(low, high, count + 2)[1:-1].tolist()
        return {float(round(value)) for value in found} if self.counted else set(found)

    def in_range(self) -> list[Reading]:
        return [self.read[value] for value in sorted(self.read) if self.low <= value <= self.high]

    def crossings(self) -> list[tuple[float, float]]:
        """Neighbours of which one reaches the goal and one does not, the nearest to where the lever stands first."""
        readings = self.in_range()
        pairs = [(a.value, b.value) for a, b in pairwise(readings) if a.reached != b.reached]
        return sorted(pairs, key=lambda pair: abs(sum(pair) / 2.0 - self.standing))[:MOST_CROSSINGS]

    def try_values(self, values: Iterable[float]) -> None:
        new = sorted(set(values) - set(self.read))
        if not new:
            return
        plans = [self.scenario if value == self.standing else self.scenario.with_levers({self.parameter.name: value}) for value in new]
        before, draws = len(self.read) * self.chance["draws"], self.chance["draws"]
        self.planned = max(self.planned, len(self.read) + len(new))

        def told(done: int, of_all: int) -> None:
            if self.progress is not None:
                self.progress(before + done, self.planned * draws)

        kpi = self.target.kpi
        table = kpis_of(plans, kpis=(kpi,), among=self.among, progress=told, **self.chance)[kpi]
        self.read |= {value: reading(value, row, self.target) for value, row in zip(new, table, strict=True)}


def reading(value: float, figures: Array, target: Target) -> Reading:
    """The figure in every draw, read. A draw in which it is not defined misses the target. figures [draw]"""
    missed = -math.inf if target.sense == "at_least" else math.inf
    slack = float(target.slack(np.where(np.isfinite(figures), figures, missed)))
    return Reading(value=value, share=float(target.share(figures)), slack=slack, **spread(figures))


def _merit(reading: Reading, target: Target) -> tuple[float, ...]:
    return (reading.slack,) if target.probability is None else (reading.share, reading.slack)


def _shortest(low: float, high: float) -> float:
    """The number of the fewest digits from low to high."""
    for digits in range(-12, 16):
        found = round(math.ceil(low * 10.0**digits) * 10.0**-digits, max(0, digits))
        if low <= found <= high:
            return found
    return low


def _range(parameter: Parameter, within: Sequence[float] | None) -> tuple[float, float]:
    low, high = parameter.bounds
    if within is not None:
        first, last = within
        if not (low <= first < last <= high):
            raise UserError(
                f"--within: {first:g}:{last:g} is no range of {parameter.name}; LOW below HIGH, both from "
                f"{_with_unit(f'{low:g} to {high:g}', parameter)}, is allowed."
            )
        low, high = first, last
    if counted(parameter):
        low, high = math.ceil(low), math.floor(high)
        if low > high:
            raise UserError(f"--within: {parameter.name} takes whole values, and there is none between {within[0]:g} and {within[1]:g}.")
    return float(low), float(high)


def _with_unit(text: str, parameter: Parameter) -> str:
    return text if parameter.unit in ("share", "index") else f"{text} {UNITS[parameter.unit]['en']}".rstrip()


def _not_a(name: str) -> str:
    says = unknown_name(name, "lever", registry())
    return says if says.startswith("is ") else f"is {says}"

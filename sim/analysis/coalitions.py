"""What differs between a base and a plan as a game of contributors: the scenarios in between, and how many of them to look at.

Contributors are the levers that differ and, where they differ, the assumptions (`world`), the `events` and the observed totals
(`baseline`). A coalition of them, a number whose bits say who is in it, is the base with the plan's entries of these contributors.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from sim.analysis import shapley
from sim.engine import block_lanes, ensure_closes
from sim.errors import UserError
from sim.lanes import NEW_CHANNELS, ONE_PER_BLOCK
from sim.outcome import Outcome
from sim.parameters import registry
from sim.scenario import LeverSetting, Scenario

WORLDS = ("world", "events", "baseline")  # contributors beside the levers
EFFORTS = ("auto", "full")
MOST_EXACT = 10
LARGEST = 5  # contributors whose interactions are estimated where there are too many for all

# What a plan may ask of the engine, in plain lane-days (0.3 us each): a lane and a block cost so many for each day, and more for
# each day on which a stage has a lever on its ramp. The usual work is at most 20 s of one core; exact shares may take four times that.
WORK = {"auto": 65e6, "full": 2.6e9}
LANE_RAMP, BLOCK_DAY, BLOCK_RAMP = 5.0, 800.0, 3000.0
EXACT_MARGIN = 4.0
STEP, FEWEST_DRAWS = 32, 64
MOST_CELLS = 8_000_000  # of a table [coalition, draw]
# Where not every coalition can be looked at: pairs of orders, the draws that these are worth, and are there interactions?
WAYS = {
    "auto": ((8, 256, True), (6, 192, True), (4, 128, True), (3, 96, True), (2, 64, True), (2, 64, False), (1, 64, False)),
    "full": ((32, 64, True), (8, 64, True), (2, 64, False)),
}


@dataclass(frozen=True, kw_only=True)
class Game:
    """What differs between a base and a plan, and the scenarios in between."""

    base: Scenario
    plan: Scenario
    names: tuple[str, ...]
    still: tuple[str, ...]
    joined: tuple[str, ...]

    @classmethod
    def between(cls, base: Outcome, plan: Outcome) -> Game:
        first, second = base.scenario, plan.scenario
        before, after = (side.canonical()["levers"] for side in (first, second))  # the same said in other words is no difference
        levers = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        differ = [kind for kind in WORLDS if _side(first, kind) != _side(second, kind)]
        joined: tuple[str, ...] = ()
        if {"world", "baseline"} <= set(differ) and not _stand_alone(first, second, base.draws, base.seed):
            joined = ("world", "baseline")
            differ.remove("baseline")
        named = {*first.levers, *first.idle, *second.levers, *second.idle}
        alone = {name for name in named if name not in first.moved and name not in second.moved}
        return cls(base=first, plan=second, names=tuple(sorted([*levers, *differ])), still=tuple(sorted(alone)), joined=joined)

    def coalition(self, mask: int) -> Scenario:
        """The base with the plan's entries of the contributors in the mask."""
        inside = {name for i, name in enumerate(self.names) if mask >> i & 1}
        if self.joined and self.joined[0] in inside:
            inside.update(self.joined)
        side = {kind: self.plan if kind in inside else self.base for kind in WORLDS}
        return replace(
            self.plan, levers=self._levers(inside), idle={}, goals={}, assumptions=side["world"].assumptions, events=side["events"].events,
        ).of_shop(side["baseline"])

    @cached_property
    def among(self) -> Scenario:
        """A scenario that moves all that any coalition moves."""
        levers = {**self._settings[0], **self._settings[1]}
        return replace(self.plan, levers={name: levers[name] for name in sorted(levers)}, idle={})

    @cached_property
    def starts(self) -> dict[str, datetime.date | None]:
        """When a lever's change begins; None for what differs from the first day on."""
        return {name: None if name in WORLDS else self._start(name) for name in self.names}

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The contributors in order of roll-out: the world first, then by start date, stage of the funnel and name."""
        stages = list(dict.fromkeys(lever.stage for lever in registry().levers))

        def place(name: str) -> tuple[int, datetime.date, int, str]:
            if name in WORLDS:
                return 0, datetime.date.min, WORLDS.index(name), name
            return 1, self._start(name), stages.index(registry()[name].stage), name

        return tuple(sorted(range(len(self.names)), key=lambda i: place(self.names[i])))

    @cached_property
    def splitting(self) -> int:
        """The contributors, as a mask, that lanes of one block cannot differ in: each choice of them needs blocks of its own."""
        before, after = self._settings
        found = 0
        for i, name in enumerate(self.names):
            both = name in before and name in after and _days(before[name], self.plan) != _days(after[name], self.plan)
            if both or name in WORLDS or name in ONE_PER_BLOCK or name in NEW_CHANNELS:
                found |= 1 << i
        return found

    @cached_property
    def ramp_days(self) -> int:
        """Days on which a lever is on its way, counted for each stage."""
        found: set[tuple[str, int]] = set()
        for name, setting in chain(*(side.items() for side in self._settings)):
            first = 0 if setting.start is None else (setting.start - self.plan.start).days
            stage = registry()[name].stage
            found.update((stage, day) for day in range(first, min(first + setting.ramp_days, self.plan.days)))
        return len(found)

    def _start(self, name: str) -> datetime.date:
        setting = self._settings[1].get(name) or self._settings[0][name]
        return setting.start or self.plan.start

    @cached_property
    def _settings(self) -> tuple[dict[str, LeverSetting], dict[str, LeverSetting]]:
        """The levers of base and plan, each with the value at which it ends: what `add` and `scale` mean does not change with the
        baseline of a coalition.
        """
        return tuple(
            {
                name: replace(setting, form="to", amount=float(setting.target(side.lever_baseline(name))))
                for name, setting in side.moved.items()
            }
            for side in (self.base, self.plan)
        )  # type: ignore[return-value]

    def _levers(self, inside: set[str]) -> dict[str, LeverSetting]:
        before, after = self._settings
        chosen = {}
        for name in sorted({*before, *after}):
            setting = (after if name in inside or name not in self.names else before).get(name)
            if setting is not None:
                chosen[name] = setting
        return chosen


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What will be looked at: coalitions, in how many draws; `pairs` of orders, or None for all coalitions."""

    coalitions: Sequence[int]
    draws: int
    pairs: int | None
    interactions: bool

    @property
    def lanes(self) -> int:
        more = (2 << LARGEST) if self.interactions and self.pairs is not None else 0
        return (len(self.coalitions) + more) * self.draws


def plot_of(game: Game, *, draws: int, seed: int, effort: str) -> Plot:
    """All coalitions up to ten contributors; else as many orders and draws as the work allows.

    It depends on the scenarios, the number of draws and the effort alone, not on the machine.
    """
    count, work = len(game.names), WORK[effort]
    if count <= MOST_EXACT:
        coalitions = range(1 << count)
        room = _room(game, coalitions, work)
        if room >= FEWEST_DRAWS or _cost(game, coalitions, min(draws, FEWEST_DRAWS)) <= EXACT_MARGIN * work:
            return Plot(coalitions=coalitions, draws=_fitting(draws, room), pairs=None, interactions=count > 1)
    for pairs, fewest, interactions in WAYS[effort]:
        ways = [game.order, *shapley.orders(game.names, seed=seed, pairs=pairs)]
        masks = list(dict.fromkeys(mask for way in ways for mask in shapley.coalitions_along(way)))
        room = _room(game, masks, work, more=(2 << LARGEST) if interactions else 0)
        if room >= min(fewest, draws):
            break
    return Plot(coalitions=masks, draws=_fitting(draws, room), pairs=pairs, interactions=interactions)


def _room(game: Game, masks: Sequence[int], work: float, *, more: int = 0) -> int:
    """In how many draws the work allows for these coalitions, and `more` like them."""
    all_ = len(masks) + more
    lane, block = _prices(game)
    groups = len({mask & game.splitting for mask in masks}) * all_ / len(masks)
    room = (work - groups * block) / (all_ * (lane + block / block_lanes(game.plan.days)))
    return int(min(max(0.0, room), MOST_CELLS / all_))


def _cost(game: Game, masks: Sequence[int], draws: int) -> float:
    lane, block = _prices(game)
    return len({mask & game.splitting for mask in masks}) * block + len(masks) * draws * lane


def _prices(game: Game) -> tuple[float, float]:
    """Of a lane, of a block."""
    days, ramps = game.plan.days, game.ramp_days
    return days + LANE_RAMP * ramps, BLOCK_DAY * days + BLOCK_RAMP * ramps


def _fitting(draws: int, room: int) -> int:
    """As many draws as there is room for, in steps of 32, at least 64; all of them where they fit."""
    return draws if draws <= room else min(draws, max(FEWEST_DRAWS, room // STEP * STEP))


def _days(setting: LeverSetting, plan: Scenario) -> object:
    """On which days a lever acts, and how far it reaches."""
    return setting.start or plan.start, setting.until or plan.end, max(1, setting.ramp_days), setting.coverage


def _side(scenario: Scenario, kind: str) -> object:
    """Assumptions, events or observed totals as they act: sources and names are no difference."""
    if kind == "events":
        return sorted(str(replace(event, name="")) for event in scenario.events)
    whole = scenario.canonical()
    entries = whole["assumptions"] if kind == "world" else {**whole["baseline"], "profile": whole.get("profile", {})}
    found = {name: {field: value for field, value in entry.items() if field != "source"} for name, entry in entries.items()}
    return found if kind == "world" else (found, whole.get("posterior"))


def _stand_alone(base: Scenario, plan: Scenario, draws: int, seed: int) -> bool:
    """Can the assumptions of either go with the totals of the other?"""
    for one, other in ((base, plan), (plan, base)):
        if set(one.assumptions) & set(other.baseline):
            return False
        try:
            ensure_closes(replace(one, levers={}, idle={}).of_shop(other), draws=draws, seed=seed)
        except UserError:
            return False
    return True

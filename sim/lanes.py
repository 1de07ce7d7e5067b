"""From scenarios to lanes: fully specified worlds that go through the model side by side.

What no lever touches (the assumptions' values, the closure, the noise) is the ground on which scenarios stand: it is built once
for a block of draws and kept for the next scenario that meets the same worlds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import numpy as np

from sim import draws as chance
from sim.costs import parcel_levers
from sim.model.closure import Closure, solve
from sim.model.fulfilment import SHIPPING_LEVERS
from sim.model.funnel import project
from sim.model.noise import Noise, day_to_day
from sim.model.profile import profile_factors
from sim.model.reference import Reference, reference_path
from sim.model.service import ServiceDesk
from sim.model.terms import OUTER_LEVERS
from sim.model.world import CATEGORIES, Array, Calendar, Move, Shocks, World
from sim.parameters import Parameter, registry
from sim.scenario import Assumption, LeverSetting, Observed, Posterior, Profile, Scenario
from sim.scenario.posterior import LEVEL, MONTHS, TREND, WEEKDAYS
from sim.scenario.posterior import NAME as POSTERIOR

T = TypeVar("T")
ONE_PER_BLOCK = frozenset(SHIPPING_LEVERS)  # parcels are the same in every draw: these levers' targets are plain numbers
NEW_CHANNELS = frozenset(OUTER_LEVERS)


NOISE = "noise"  # among the names of `Draws.again`: all day-to-day chance


class Chance(Protocol):
    """Where the lanes of a block get their chance from; hashable, so that what is built on it can be kept."""

    @property
    def count(self) -> int: ...

    def column(self, belief: chance.Range, parameter: Parameter) -> Array:
        """An uncertainty's values. [lane]"""

    def joint(self, posterior: Posterior, name: str) -> Array:
        """A column of a calibrated shop's draws; all columns of a lane come from one row. [lane]"""

    def shocks(self, days: int) -> Shocks | None:
        """Day-to-day chance over so many days."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Some draws of a seed: `count` of them from `first` on (a multiple of 256). `central`: every assumption at its best value.

    `again` names assumptions (and NOISE, and POSTERIOR for all that a calibrated shop's draws give) that are drawn once more, from
    a second sequence independent of the first: with some of them the draws are other worlds, with the rest unchanged, as the
    indices of Sobol' ask for.
    """

    seed: int
    first: int
    count: int
    central: bool = False
    again: frozenset[str] = frozenset()

    def column(self, belief: chance.Range, parameter: Parameter) -> Array:
        if self.central:
            return np.full(self.count, chance.central(belief))
        seed, dimension = self.seed, parameter.dimension
        if parameter.name in self.again:
            seed, dimension = chance.second(seed, dimension)
        return chance.column(belief, seed, parameter.name, dimension, self.first, self.count)

    def joint(self, posterior: Posterior, name: str) -> Array:
        if self.central:
            return np.full(self.count, posterior.central(name))
        seed = chance.second(self.seed, 1)[0] if POSTERIOR in self.again else self.seed
        return posterior.column(name)[chance.rows(seed, posterior.rows, self.first, self.count)]

    def shocks(self, days: int) -> Shocks | None:
        seed = chance.second(self.seed, 1)[0] if NOISE in self.again else self.seed
        return chance.shocks(seed, self.first, self.count, days) if days else None


@dataclass(frozen=True, kw_only=True)
class OneAtATime:
    """Every assumption at its best value in the first lane; then two lanes for each name, where it is at its p10 and its p90."""

    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return 1 + 2 * len(self.names)

    def column(self, belief: chance.Range, parameter: Parameter) -> Array:
        values = np.full(self.count, chance.central(belief))
        if parameter.name in self.names:
            place = 1 + 2 * self.names.index(parameter.name)
            values[place : place + 2] = chance.quantile(belief, np.array([0.1, 0.9]))
        return values

    def joint(self, posterior: Posterior, name: str) -> Array:
        return np.full(self.count, posterior.central(name))

    def shocks(self, days: int) -> Shocks | None:
        if days:
            raise ValueError("one lane at a time knows no noise")
        return None


@dataclass(frozen=True, kw_only=True)
class JointAlone:
    """Every assumption at its best value, while a calibrated shop's draws take their rows as the draws of a seed do."""

    seed: int
    count: int

    def column(self, belief: chance.Range, parameter: Parameter) -> Array:
        return np.full(self.count, chance.central(belief))

    def joint(self, posterior: Posterior, name: str) -> Array:
        return posterior.column(name)[chance.rows(self.seed, posterior.rows, 0, self.count)]

    def shocks(self, days: int) -> Shocks | None:
        if days:
            raise ValueError("the draws of a shop alone know no noise")
        return None


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A block of draws before any lever: the world, what is solved in it, and its day-to-day noise (None when it is off).

    `reference`: the path against which a shop with a profile remembers; None where there is no profile.
    """

    world: World
    closure: Closure
    noise: Noise | None
    reference: Reference | None = None

    def under(self, scenario: Scenario) -> World:
        """The ground's world with a scenario's levers and events."""
        return with_moves(self.world, [scenario])

    def repeated(self, times: int) -> Ground:
        """The same lanes several times over, for scenarios side by side."""
        if times == 1:
            return self
        lanes = self.world.lanes
        world = replace(_repeated(replace(self.world, shocks=None), lanes, times), lanes=lanes * times)
        closure = _repeated(replace(self.closure, desk=replace(self.closure.desk, queue=None)), lanes, times)
        closure = replace(closure, desk=replace(closure.desk, queue=ServiceDesk(world)))
        noise = self.noise and _repeated(replace(self.noise, shocks=None), lanes, times)
        return Ground(world=world, closure=closure, noise=noise, reference=self.reference and _repeated(self.reference, lanes, times))


def ground_of(scenario: Scenario, draws: Chance, *, noise: bool) -> Ground:
    """The ground of a scenario's assumptions and observed totals, built."""
    return _ground(_beliefs(scenario), draws, scenario.days if noise else 0)


def kept_ground_of(scenario: Scenario, draws: Chance, *, noise: bool, times: int = 1) -> Ground:
    """The same, `times` over side by side, taken from the few that were last asked for."""
    return _kept_ground(_beliefs(scenario), draws, scenario.days if noise else 0, times)


@dataclass(frozen=True, kw_only=True)
class _Beliefs:
    """What a scenario takes the world to be, levers and events aside. `calendar`: the days over which a profile acts."""

    assumptions: tuple[tuple[str, Assumption], ...]
    baseline: tuple[tuple[str, Observed], ...]
    posterior: Posterior | None
    profile: Profile | None
    calendar: tuple[date, int] | None


def _beliefs(scenario: Scenario) -> _Beliefs:
    profiled = scenario.profile is not None or (scenario.posterior is not None and scenario.posterior.profiled)
    return _Beliefs(
        assumptions=tuple(scenario.assumptions.items()), baseline=tuple(scenario.baseline.items()), posterior=scenario.posterior,
        profile=scenario.profile, calendar=(scenario.start, scenario.days) if profiled else None,
    )


def _ground(beliefs: _Beliefs, draws: Chance, days: int) -> Ground:
    world = _world(beliefs, draws, days)
    closure = solve(world)
    # Where some draw does not close, the scenario will be refused: its rates have no meaning, nor would their noise.
    closes = not any(np.any(residual.open) for residual in closure.residuals)
    noise = day_to_day(world, closure.rates(world), closure.entrants()) if closes else None
    reference = None
    if closes and beliefs.calendar is not None:
        reference = reference_path(replace(world, days=beliefs.calendar[1]), closure, project)
    return Ground(world=world, closure=closure, noise=noise, reference=reference)


@lru_cache(maxsize=6)
def _kept_ground(beliefs: _Beliefs, draws: Chance, days: int, times: int) -> Ground:
    if times > 1:
        return _kept_ground(beliefs, draws, days, 1).repeated(times)
    ground = _ground(beliefs, draws, days)
    return replace(ground, noise=ground.noise and ground.noise.keeping())


def forget() -> None:
    """Drop the kept grounds: memory is wanted back, or the model has been changed under them."""
    _kept_ground.cache_clear()


def _world(beliefs: _Beliefs, draws: Chance, days: int) -> World:
    """Every parameter's value per draw; noise for as many days."""
    assumptions, baseline, posterior = dict(beliefs.assumptions), dict(beliefs.baseline), beliefs.posterior
    values: dict[str, Any] = {}
    for parameter in registry().entries:
        name = parameter.name
        if name in baseline:
            values[name] = baseline[name].value
        elif posterior is not None and name not in assumptions and posterior.gives(name):
            values[name] = _joint(parameter, posterior, draws)
        elif not parameter.uncertain:
            values[name] = parameter.value
        else:
            values[name] = draws.column(_belief(name, assumptions.get(name)), parameter)
    reference = {lever.name: float(lever.value) for lever in registry().levers}
    levels = dict(reference)  # where levers stand before the plan: what `Scenario.lever_baseline` says
    for name in reference:
        if name in baseline:
            levels[name] = float(baseline[name].value)
        elif posterior is not None and name in posterior and name not in assumptions:
            levels[name] = posterior.central(name)
    return World(
        values=values, levels=levels, reference=reference, days=days, lanes=draws.count, calendar=Calendar.plain(days),
        shocks=draws.shocks(days), profile=None if beliefs.calendar is None else _profile(beliefs, draws),
    )


def _joint(parameter: Parameter, posterior: Posterior, draws: Chance) -> Array:
    """A parameter as a posterior draws it: [lane], or of a list [entry, lane], where entries that it does not give are the registry's."""
    if not isinstance(parameter.value, tuple):
        return draws.joint(posterior, parameter.name)
    names = [f"{parameter.name}.{category}" for category in CATEGORIES]
    usual = zip(names, parameter.value, strict=True)
    return np.stack([draws.joint(posterior, name) if name in posterior else np.full(draws.count, value) for name, value in usual])


def _profile(beliefs: _Beliefs, draws: Chance) -> Array:
    """The shop's calendar, from its profile and, where they give it, from its draws. [day, lane], or [day, 1]"""
    own, posterior = beliefs.profile, beliefs.posterior

    def drawn(names: Sequence[str]) -> Array | None:
        there = posterior is not None and names[0] in posterior
        return np.stack([draws.joint(posterior, name) for name in names]) if there else None

    def stated(figures: Sequence[float] | None) -> Array | None:
        return None if figures is None else np.asarray(figures, dtype=float)[:, None]

    weekday, season, trend, level = (drawn(names) for names in (WEEKDAYS, MONTHS, (TREND,), (LEVEL,)))
    if own is not None:
        weekday = stated(own.weekday) if weekday is None else weekday
        season = stated(own.season) if season is None else season
        trend = stated(None if own.trend is None else [own.trend]) if trend is None else trend
    start, days = beliefs.calendar
    return profile_factors(
        start, days, weekday=weekday, season=season, trend=None if trend is None else trend[0], level=None if level is None else level[0],
        half_life_days=np.inf if own is None or own.trend_half_life_days is None else own.trend_half_life_days,
        origin=None if own is None else own.origin,
    )


def world_of(scenario: Scenario, *, first: int = 0, count: int, seed: int = 1, noise: bool = True, central: bool = False) -> World:
    """The lanes of a scenario's draws, by themselves."""
    draws = Draws(seed=seed, first=first, count=count, central=central)
    return with_moves(_world(_beliefs(scenario), draws, scenario.days if noise else 0), [scenario])


def with_moves(world: World, scenarios: Sequence[Scenario], *, among: Scenario | None = None) -> World:
    """A world of as many equal runs of lanes as there are scenarios, each with the levers of its own.

    The scenarios move the same levers on the same days and share horizon and events (see `shape`): only targets differ.
    """
    first, each = scenarios[0], world.lanes // len(scenarios)
    settings = _settings(first, among)
    moves = {name: Move(target=_targets(scenarios, name, each), reach=_reach(first, setting)) for name, setting in settings.items()}
    return replace(world, days=first.days, moves=moves, calendar=_calendar(first), parcel_levers=parcel_levers(settings))


def shape(scenario: Scenario, *, among: Scenario | None = None) -> tuple[object, ...]:
    """What scenarios must share to be lanes of one block.

    `among`: a scenario that moves all the levers which any of them moves, on the same days. Then those that leave some of these
    where they are can be lanes of the same block, as moves that lead nowhere.
    """
    settings = _settings(scenario, among)
    moved = tuple((name, _reach(scenario, setting).tobytes()) for name, setting in settings.items())
    alike = tuple(_target(scenario, name) for name in settings if name in ONE_PER_BLOCK)
    return _beliefs(scenario), scenario.start, scenario.days, tuple(scenario.events), moved, alike


def _settings(scenario: Scenario, among: Scenario | None) -> dict[str, LeverSetting]:
    """The levers that a block with the scenario moves. A channel that is not there is none that is empty."""
    moved = scenario.moved
    if among is None:
        return moved
    still = {name: setting for name, setting in among.moved.items() if name not in moved and name not in NEW_CHANNELS}
    return dict(sorted({**moved, **still}.items()))


def _targets(scenarios: Sequence[Scenario], name: str, each: int) -> Array | float:
    if name in ONE_PER_BLOCK:
        return _target(scenarios[0], name)
    # One number per lane even where all are equal: NumPy's own numbers may differ from its arrays in the last bit.
    return np.repeat([_target(scenario, name) for scenario in scenarios], each)


def _target(scenario: Scenario, name: str) -> float:
    setting, before = scenario.levers.get(name), scenario.lever_baseline(name)
    return float(before if setting is None else setting.target(before))


def _repeated(thing: T, lanes: int, times: int) -> T:
    """Arrays over lanes (their last axis) several times over, wherever they are held."""
    if isinstance(thing, np.ndarray):
        return np.tile(thing, times) if thing.ndim and thing.shape[-1] == lanes else thing
    if isinstance(thing, dict):
        return {key: _repeated(item, lanes, times) for key, item in thing.items()}
    if isinstance(thing, tuple):
        return tuple(_repeated(item, lanes, times) for item in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        return replace(thing, **{field.name: _repeated(getattr(thing, field.name), lanes, times) for field in fields(thing) if field.init})
    return thing


def belief_of(scenario: Scenario, name: str) -> chance.Range:
    """What a scenario takes an uncertain number to be: its range, and how likely what is in it."""
    return _belief(name, scenario.assumptions.get(name))


def _belief(name: str, own: Assumption | None) -> chance.Range:
    belief = chance.Range.of(registry()[name])
    if own is None:
        return belief
    if belief.distribution == "chance":
        return chance.Range(distribution="chance", low=0.0, best=own.best, high=1.0)
    if own.fixed:
        return chance.Range(distribution="uniform", low=own.best, best=own.best, high=own.best)
    return chance.Range(distribution=belief.distribution, low=own.low, best=own.best, high=own.high)


def _reach(scenario: Scenario, setting: LeverSetting) -> np.ndarray:
    """Share reached on each day: coverage x ramp inside the lever's dates, 0 outside. [day]"""
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

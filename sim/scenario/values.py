"""A scenario as a value: what changes against the registry, and when. Nothing here reads or writes files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.parameters import Parameter, registry
from sim.scenario import checks
from sim.scenario.posterior import Posterior

SCHEMA = 1
DEFAULT_START, DEFAULT_DAYS = date(2024, 1, 1), 92
PROFILE_FIGURES = ("weekday", "season", "trend", "trend_half_life_days")
COMMAND_LINE = "command line"  # the source of an assumption that no file gives

KPI_UNITS = {  # what a goal can be set on
    "gmv": "CNY",
    "net_gmv": "CNY",
    "refunds": "CNY",
    "cancellations": "CNY",
    "return_rate": "share",
    "conversion": "share",
    "paid_orders": "orders",
    "aov": "CNY",
    "contribution": "CNY",
    "plan_cost": "CNY",
    "roi": "ratio",
    "net_roi": "ratio",
}


@dataclass(frozen=True, kw_only=True)
class LeverCost:
    """A plan's own bill for a lever in CNY: `once` and `per_month` in all, `per_unit` for one unit of the registry's basis.

    None keeps the registry's figure, which is a price per unit and scales with the change.
    """

    once: float | None = None
    per_month: float | None = None
    per_unit: float | None = None


@dataclass(frozen=True, kw_only=True)
class LeverSetting:
    """Where a lever goes, and when. `start` None: day one of the horizon; `until` None: to its end (both days inside)."""

    form: str = "to"  # "to" | "add" | "scale"
    amount: float
    start: date | None = None
    until: date | None = None
    ramp_days: int = 0
    coverage: float = 1.0
    cost: LeverCost | None = None

    def target(self, baseline: float) -> float:
        """Where the lever ends, in its unit."""
        if self.form == "to":
            return self.amount
        return baseline + self.amount if self.form == "add" else baseline * self.amount


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What the world is taken to be. `best` alone fixes it in every draw."""

    best: float
    low: float | None = None
    high: float | None = None
    source: str

    @property
    def fixed(self) -> bool:
        return self.low is None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Days (both inside) on which factors apply; `pull_forward` None leaves it to the registry's uncertainty."""

    name: str
    start: date
    end: date
    traffic: float = 1.0
    value: float = 1.0
    cpm: float = 1.0
    transit: float = 1.0
    pull_forward: float | None = None


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A limit on a KPI; without `probability` it is on the mean."""

    at_least: float | None = None
    at_most: float | None = None
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Another shop's total, constant or lever baseline in place of the registry's."""

    value: float | tuple[float, ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What weekday, season and trend make of a shop's viewers (see sim.model.profile); None where it does not say.

    `weekday`: 7 factors, Monday first. `season`: 12, January first. Both of mean one. `trend`: log growth a day at `origin`, which
    halves every `trend_half_life_days`. What a posterior gives of it takes the place of the figure here in every draw.
    """

    weekday: tuple[float, ...] | None = None
    season: tuple[float, ...] | None = None
    trend: float | None = None
    trend_half_life_days: float | None = None
    origin: date | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A resolved scenario: its file over those that it extends. Mappings are by full name, sorted, and not to be changed."""

    name: str
    path: Path | None = None
    title: str = ""
    question: str = ""
    author: str = ""
    notes: str = ""
    extends: str | None = None
    start: date = DEFAULT_START
    days: int = DEFAULT_DAYS
    levers: Mapping[str, LeverSetting] = field(default_factory=dict)
    assumptions: Mapping[str, Assumption] = field(default_factory=dict)
    baseline: Mapping[str, Observed] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    goals: Mapping[str, Goal] = field(default_factory=dict)
    profile: Profile | None = None
    posterior: Posterior | None = None  # what [assumptions] or [baseline] state takes the place of its column
    idle: Mapping[str, LeverSetting] = field(default_factory=dict)  # levers that a file sets to their baseline: no levers, but dates kept

    @property
    def end(self) -> date:
        """The last day of the horizon."""
        return checks.last_day(self.start, self.days)

    @property
    def dated(self) -> bool:
        """Does anything stand on a date of the calendar? If not, the scenario can take another's horizon."""
        return bool(self.events) or any(setting.start or setting.until for setting in self.levers.values())

    @property
    def moved(self) -> dict[str, LeverSetting]:
        """The levers that end elsewhere than at their baseline."""
        return {name: setting for name, setting in self.levers.items() if self._moves(name, setting)}

    @property
    def usual_start(self) -> date:
        """Where the horizon starts if no file says: where a calibrated shop's data end."""
        return DEFAULT_START if self.profile is None or self.profile.origin is None else self.profile.origin

    @property
    def shop(self) -> tuple[object, ...]:
        """Whose numbers these are: observed totals and constants, calendar and fitted draws. Equal for scenarios of one shop."""
        return dict(self.baseline), self.profile, self.posterior

    def of_shop(self, other: Scenario) -> Scenario:
        """The same plan in another scenario's shop."""
        return replace(self, baseline=other.baseline, profile=other.profile, posterior=other.posterior)

    def draws_jointly(self, name: str) -> bool:
        """Does the posterior give this number? What the planner states stands above it."""
        stated = name in self.assumptions or name in self.baseline
        return self.posterior is not None and not stated and self.posterior.gives(name)

    def _moves(self, name: str, setting: LeverSetting) -> bool:
        return setting.target(self.lever_baseline(name)) != self.lever_baseline(name)

    def lever_baseline(self, name: str) -> float:
        """The lever's value today: the shop's own where [baseline] gives it or its draws do (their middle), else the registry's."""
        if self.posterior is not None and name in self.posterior and self.draws_jointly(name):
            return self.posterior.central(name)
        value = self.baseline[name].value if name in self.baseline else registry()[name].value
        if isinstance(value, tuple):
            raise TypeError(f"{name} is a list, not a lever")
        return value

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that can change a result. The same world said in other words has the same digest."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    def canonical(self) -> dict[str, Any]:
        """The resolved content in one spelling: numbers as float, dates as ISO text, defaults written out."""
        return {
            "schema": SCHEMA,
            "horizon": {"start": self.start.isoformat(), "days": self.days},
            "levers": {name: self._canonical_lever(name, setting) for name, setting in self.moved.items()},
            "assumptions": {
                name: {"low": _float(item.low), "best": _float(item.best), "high": _float(item.high), "source": item.source}
                for name, item in self.assumptions.items()
            },
            "baseline": {name: {"value": _float(item.value), "source": item.source} for name, item in self.baseline.items()},
            "events": [_canonical_event(event) for event in sorted(self.events, key=event_order)],
            "goals": {
                name: {"at_least": _float(goal.at_least), "at_most": _float(goal.at_most), "probability": _float(goal.probability)}
                for name, goal in self.goals.items()
            },
        } | self._canonical_shop()

    def _canonical_shop(self) -> dict[str, Any]:
        """Profile and posterior, the latter by its content; nothing where there are none, so that such scenarios keep their digests."""
        found: dict[str, Any] = {}
        if self.profile is not None:
            found["profile"] = {key: _float(getattr(self.profile, key)) for key in PROFILE_FIGURES}
            origin = self.profile.origin
            found["profile"] |= {"origin": None if origin is None else origin.isoformat(), "source": self.profile.source}
        if self.posterior is not None:
            found["posterior"] = self.posterior.sha256
        return found

    def _canonical_lever(self, name: str, setting: LeverSetting) -> dict[str, Any]:
        cost = setting.cost or LeverCost()
        return {
            "target": _float(setting.target(self.lever_baseline(name))),
            "start": (setting.start or self.start).isoformat(),
            "until": (setting.until or self.end).isoformat(),
            "ramp_days": setting.ramp_days,
            "coverage": _float(setting.coverage),
            "cost": {"once": _float(cost.once), "per_month": _float(cost.per_month), "per_unit": _float(cost.per_unit)},
        }

    def with_levers(self, targets: Mapping[str, float]) -> Scenario:
        """The same plan with these levers ending at these values (--set).

        Replaces to, add or scale by `to` and keeps the file's start, until, ramp, coverage and cost; a lever that the file
        does not set starts on day one, without ramp unless the lever cannot do without.
        """
        levers = {**self.idle, **self.levers}
        settings = {}
        for name, amount in targets.items():
            parameter = _lever(name)
            before = levers.get(name) or LeverSetting(amount=0.0, ramp_days=parameter.min_ramp_days)
            amount = checks.number(amount, "", command_fault(name), unit=checks.unit_of(parameter))
            settings[name] = replace(before, form="to", amount=amount)
        return self.with_settings(settings)

    def with_settings(self, settings: Mapping[str, LeverSetting]) -> Scenario:
        """The same plan with these levers going where, when and as fast as their settings say; the others stay as they are."""
        for name, setting in settings.items():
            checks.check_lever(
                _lever(name), setting, baseline=self.lever_baseline(name), start=self.start, days=self.days, fault=command_fault(name)
            )
        return replace(self, levers={**self.idle, **self.levers, **settings}, idle={}).settled()

    def settled(self) -> Scenario:
        """Sorts the settings into levers and those that only restate the baseline: these are no levers."""
        settings = {**self.idle, **self.levers}
        ordered = {name: settings[name] for name in sorted(settings)}
        return replace(
            self,
            levers={name: setting for name, setting in ordered.items() if self._moves(name, setting)},
            idle={name: setting for name, setting in ordered.items() if not self._moves(name, setting)},
        )

    def with_assumptions(self, values: Mapping[str, float], *, source: str = COMMAND_LINE) -> Scenario:
        """The same plan in a world where these hold in every draw (--assume). A pinned total or constant goes under [baseline]."""
        book = registry()
        assumptions, baseline = dict(self.assumptions), dict(self.baseline)
        for name, value in values.items():
            fault = command_fault(name)
            parameter = book.get(name)
            if parameter is not None and checks.may_assume(parameter):
                assumed = Assumption(best=checks.number(value, "", fault, unit=checks.unit_of(parameter)), source=source)
                checks.check_assumption(parameter, assumed, fault)
                assumptions[name] = assumed
            elif parameter is not None and parameter.role in ("pinned", "constant"):
                baseline[name] = Observed(value=checks.check_observed(parameter, value, fault), source=source)
            else:
                if name.startswith("profile."):
                    raise fault("", "is part of the shop's calendar: change [profile] in its file.")
                raise fault("", checks.unknown_name(name, "assumption", book))
        changed = replace(self, assumptions=_sorted(assumptions), baseline=_sorted(baseline))
        checks.check_scenario(changed, book, lambda section, name: command_fault(name))
        return changed

    def with_horizon(self, start: date | None = None, days: int | None = None) -> Scenario:
        """The same plan over other days; its dates must lie inside them."""
        fault = command_fault("")
        first = self.start if start is None else checks.day(start, "start", fault)
        length = (
            self.days
            if days is None
            else checks.whole_number(days, "days", fault, low=checks.FEWEST_DAYS, high=checks.MOST_DAYS, unit="days")
        )
        changed = replace(self, start=first, days=length)
        checks.check_scenario(changed, registry(), lambda section, name: command_fault(f"{self.name}: {name}"))
        return changed


def _lever(name: str) -> Parameter:
    book = registry()
    if name not in checks.names_of("lever", book):
        raise command_fault(name)("", checks.unknown_name(name, "lever", book))
    return book[name]


def command_fault(name: str) -> checks.Fault:
    """Errors about an entry that stands in no file."""

    def fault(field_name: str, says: str) -> UserError:
        obvious = name and field_name in ("to", "best", "value")  # --set and --assume say a name and a number, no field
        return UserError(": ".join(part for part in (name, "" if obvious else field_name, says) if part))

    return fault


def event_order(event: Event) -> tuple[date, date, str]:
    return (event.start, event.end, event.name)


def _sorted(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entries[name] for name in sorted(entries)}


def _float(value: float | tuple[float, ...] | None) -> Any:
    if value is None:
        return None
    return [float(item) + 0.0 for item in value] if isinstance(value, tuple) else float(value) + 0.0


def _canonical_event(event: Event) -> dict[str, Any]:
    factors = {key: _float(getattr(event, key)) for key in ("traffic", "value", "cpm", "transit", "pull_forward")}
    return {"name": event.name, "start": event.start.isoformat(), "end": event.end.isoformat(), **factors}

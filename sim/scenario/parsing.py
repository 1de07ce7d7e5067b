"""One file's data -> one typed layer. Every key is known here or refused, with its line and what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sim.errors import UserError
from sim.parameters import Registry
from sim.scenario import checks
from sim.scenario.posterior import SUFFIX
from sim.scenario.text import KeyPath, Source
from sim.scenario.values import KPI_UNITS, SCHEMA, Assumption, Event, Goal, LeverCost, LeverSetting, Observed, Profile

TEXTS = ("title", "question", "author", "notes")
TOP_KEYS = ("schema", *TEXTS, "extends", "horizon", "levers", "assumptions", "events", "goals", "baseline", "profile", "posterior")
FORMS = ("to", "add", "scale")
LEVER_KEYS = (*FORMS, "start", "until", "ramp_days", "coverage", "cost")
COST_KEYS = ("once", "per_month", "per_unit")
ASSUMPTION_KEYS = ("low", "best", "high", "source")
FACTORS = ("traffic", "value", "cpm", "transit")
EVENT_KEYS = ("name", "start", "end", *FACTORS, "pull_forward")
GOAL_KEYS = ("at_least", "at_most", "probability")
OBSERVED_KEYS = ("value", "source")
PROFILE_KEYS = ("weekday", "season", "trend", "trend_half_life_days", "origin", "source")
TREND_KEYS = ("trend", "trend_half_life_days", "origin")
POSTERIOR_KEYS = ("file", "sha256")


@dataclass(kw_only=True)
class Layer:
    """What one file states itself, before the files that it extends."""

    source: Source
    texts: dict[str, str] = field(default_factory=dict)
    extends: str | None = None
    start: date | None = None
    days: int | None = None
    levers: dict[str, LeverSetting] = field(default_factory=dict)
    assumptions: dict[str, Assumption] = field(default_factory=dict)
    baseline: dict[str, Observed] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    goals: dict[str, Goal] = field(default_factory=dict)
    profile: Profile | None = None
    posterior: tuple[str, str] | None = None  # file and SHA-256, read once it is known which file's posterior holds
    paths: dict[tuple[str, str], KeyPath] = field(default_factory=dict)  # (section, name) -> where it stands in this file


def layer(data: Mapping[str, Any], source: Source, registry: Registry) -> Layer:
    """The data of one file, checked as far as one file can be."""
    return Parser(source, registry).layer(data)


class Parser:
    def __init__(self, source: Source, registry: Registry) -> None:
        self.source = source
        self.registry = registry

    def fault(self, path: KeyPath) -> checks.Fault:
        """Errors about the entry at `path`; they name the field under it."""

        def fault(name: str, says: str) -> UserError:
            return self.source.fault((*path, name) if name else path, says)

        return fault

    def table(self, value: object, path: KeyPath, keys: Iterable[str], *, example: str) -> Mapping[str, Any]:
        """A table with no unknown key."""
        keys = tuple(keys)
        if not isinstance(value, Mapping):
            raise self.source.fault(path, f"a table is expected, such as {example}, not {checks.shown(value)}.")
        for key in value:
            if key not in keys:
                hint = checks.suggestion(key, keys) or f" Known here: {', '.join(keys)}."
                raise self.source.fault((*path, key), f"unknown key.{hint}")
        return value

    def layer(self, data: Mapping[str, Any]) -> Layer:
        result = Layer(source=self.source)
        top = self.fault(())
        self.schema(data)
        self.table(data, (), TOP_KEYS, example="")
        if "title" not in data:
            raise top("", 'title is missing: say in a few words what the scenario is, such as title = "Payment in two redirects".')
        for key in TEXTS:
            if key in data:
                result.texts[key] = checks.line_of_text(data[key], key, top, needed=key == "title", rows=key in ("notes", "question"))
        if "extends" in data:
            result.extends = self.stem(data["extends"])
        if "horizon" in data:
            horizon = self.table(data["horizon"], ("horizon",), ("start", "days"), example="{ start = 2024-01-01, days = 92 }")
            fault = self.fault(("horizon",))
            if "start" in horizon:
                result.start = checks.day(horizon["start"], "start", fault)
            if "days" in horizon:
                result.days = checks.whole_number(
                    horizon["days"], "days", fault, low=checks.FEWEST_DAYS, high=checks.MOST_DAYS, unit="days"
                )
        for name, value, path in self.entries(data, "levers", "lever"):
            result.levers[name], result.paths["levers", name] = self.lever(name, value, path), path
        for name, value, path in self.entries(data, "assumptions", "assumption"):
            result.assumptions[name], result.paths["assumptions", name] = self.assumption(name, value, path), path
        for name, value, path in self.entries(data, "baseline", "baseline"):
            result.baseline[name], result.paths["baseline", name] = self.observed(name, value, path), path
        self.events(data, result)
        self.goals(data, result)
        if "profile" in data:
            result.profile = self.profile(data["profile"], ("profile",))
        if "posterior" in data:
            result.posterior = self.posterior(data["posterior"], ("posterior",))
        return result

    def schema(self, data: Mapping[str, Any]) -> None:
        if "schema" not in data:
            raise self.source.fault((), f"schema is missing: a scenario file begins with `schema = {SCHEMA}`.")
        value = data["schema"]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.source.fault(("schema",), f"schema = {SCHEMA} is expected, not {checks.shown(value)}.")
        if value > SCHEMA:
            says = f"this file has schema {checks.shown(value)} and was written by a newer version; this version reads schema {SCHEMA}."
            raise self.source.fault(("schema",), says)
        if value != SCHEMA:
            raise self.source.fault(("schema",), f"schema = {SCHEMA} is expected, not {checks.shown(value)}.")

    def stem(self, value: object) -> str:
        """What a file extends: the name of a scenario, never a path, so that a file cannot reach outside its folders."""
        fault = self.fault(())
        stem = checks.line_of_text(value, "extends", fault, needed=True)
        if any(mark in stem for mark in "/\\:") or stem.startswith("."):
            raise fault("extends", f'the plain name of a scenario is expected, such as "baseline", not the path {checks.shown(stem)[9:]}.')
        if (says := checks.check_stem(stem)) is not None:
            raise fault("extends", f"{says}.")
        if stem.endswith(".toml"):
            raise fault("extends", f'the name without ".toml" is expected: "{stem[:-5]}".')
        return stem

    def entries(self, data: Mapping[str, Any], section: str, role: str) -> Iterator[tuple[str, Any, KeyPath]]:
        """(full name, value, place) of a section, in both spellings: [levers.payment.redirects], [levers."payment.redirects"]."""
        if section not in data:
            return
        known = set(checks.names_of(role, self.registry))
        stages = {name.partition(".")[0] for name in self.registry}
        example = {"lever": "[levers.payment.redirects]", "assumption": "[assumptions.payment.benchmark_success]"}.get(
            role, "[baseline.detail_page.bounce]"
        )
        top = data[section]
        if not isinstance(top, Mapping):
            raise self.source.fault((section,), f"a table is expected, such as {example}, not {checks.shown(top)}.")
        given: set[str] = set()
        for key, value in top.items():
            if key in stages:
                if not isinstance(value, Mapping):
                    raise self.source.fault((section, key), f"a table is expected, such as {example}, not {checks.shown(value)}.")
                found = [(f"{key}.{inner}", item, (section, key, inner)) for inner, item in value.items()]
            else:
                found = [(key, value, (section, key))]
            for name, item, path in found:
                if name not in known:
                    raise self.source.fault(path, checks.unknown_name(name, role, self.registry))
                if name in given:
                    raise self.source.fault(path, "is given twice in this file; keep one of them.")
                given.add(name)
                yield name, item, path

    def lever(self, name: str, value: object, path: KeyPath) -> LeverSetting:
        parameter, fault = self.registry[name], self.fault(path)
        table = self.table(value, path, LEVER_KEYS, example="{ to = 2 }")
        given = [form for form in FORMS if form in table]
        unit = checks.unit_of(parameter)
        if len(given) != 1:
            found = f"{' and '.join(given)} are" if given else "none is"
            raise self.source.fault((*path, given[1]) if given else path, f"exactly one of to, add and scale is needed; {found} given.")
        form = given[0]
        amount = checks.number(table[form], form, fault, unit="" if form == "scale" else unit)
        ramp_days = parameter.min_ramp_days
        if "ramp_days" in table:
            ramp_days = checks.whole_number(table["ramp_days"], "ramp_days", fault, low=0, high=checks.MOST_RAMP_DAYS, unit="days")
        return LeverSetting(
            form=form,
            amount=amount,
            start=checks.day(table["start"], "start", fault) if "start" in table else None,
            until=checks.day(table["until"], "until", fault) if "until" in table else None,
            ramp_days=ramp_days,
            coverage=checks.number(table["coverage"], "coverage", fault, unit="share") if "coverage" in table else 1.0,
            cost=self.cost(table["cost"], (*path, "cost")) if "cost" in table else None,
        )

    def cost(self, value: object, path: KeyPath) -> LeverCost:
        table = self.table(value, path, COST_KEYS, example="{ once = 300 }")
        if not table:
            raise self.source.fault(path, f"at least one of {', '.join(COST_KEYS)} is needed (in CNY).")
        fault = self.fault(path)
        return LeverCost(
            **{
                key: checks.within(checks.number(item, key, fault, unit="CNY"), 0, checks.MOST_MONEY, key, fault, unit="CNY")
                for key, item in table.items()
            }
        )

    def provenance(self, table: Mapping[str, Any], path: KeyPath) -> str:
        if "source" not in table:
            raise self.source.fault(path, "source is missing: say where the number comes from.")
        return checks.line_of_text(table["source"], "source", self.fault(path), needed=True)

    def assumption(self, name: str, value: object, path: KeyPath) -> Assumption:
        parameter, fault = self.registry[name], self.fault(path)
        table = self.table(value, path, ASSUMPTION_KEYS, example='{ best = 0.95, source = "acquirer report" }')
        if "best" not in table:
            raise self.source.fault(path, "best is missing; low and high may stand beside it.")
        numbers = {
            key: checks.number(table[key], key, fault, unit=checks.unit_of(parameter)) for key in ("low", "best", "high") if key in table
        }
        assumed = Assumption(**numbers, source=self.provenance(table, path))
        checks.check_assumption(parameter, assumed, fault)
        return assumed

    def observed(self, name: str, value: object, path: KeyPath) -> Observed:
        table = self.table(value, path, OBSERVED_KEYS, example='{ value = 0.55, source = "shop export" }')
        if "value" not in table:
            raise self.source.fault(path, "value is missing.")
        observed = checks.check_observed(self.registry[name], table["value"], self.fault(path))
        return Observed(value=observed, source=self.provenance(table, path))

    def profile(self, value: object, path: KeyPath) -> Profile:
        table = self.table(value, path, PROFILE_KEYS, example='{ weekday = [1, 1, 1, 1, 1, 1, 1], source = "shop export" }')
        fault = self.fault(path)
        given = [key for key in TREND_KEYS if key in table]
        if not {"weekday", "season", *given} & set(table):
            raise self.source.fault(path, "at least one of weekday, season and trend is needed.")
        if 0 < len(given) < len(TREND_KEYS):
            missing = next(key for key in TREND_KEYS if key not in table)
            raise fault(given[0], f"{missing} is missing; trend, trend_half_life_days and origin stand together.")
        profile = Profile(
            **{key: self.factors(table[key], key, count, fault) for key, count in (("weekday", 7), ("season", 12)) if key in table},
            trend=checks.number(table["trend"], "trend", fault, unit="log a day") if given else None,
            trend_half_life_days=checks.number(table[TREND_KEYS[1]], TREND_KEYS[1], fault, unit="days") if given else None,
            origin=checks.day(table["origin"], "origin", fault) if "origin" in table else None,
            source=self.provenance(table, path),
        )
        checks.check_profile(profile, fault)
        return profile

    @staticmethod
    def factors(value: object, key: str, count: int, fault: checks.Fault) -> tuple[float, ...]:
        first = {"weekday": "Monday", "season": "January"}[key]
        if not isinstance(value, list) or len(value) != count:
            found = f"of {len(value)}" if isinstance(value, list) else checks.shown(value)
            raise fault(key, f"a list of {count} factors of mean 1 is expected, {first} first, not {found}.")
        return tuple(checks.number(item, key, fault) for item in value)

    def posterior(self, value: object, path: KeyPath) -> tuple[str, str]:
        """The name of a Parquet beside the file, never a path, so that a file cannot reach outside its folder; and its SHA-256."""
        fault = self.fault(path)
        table = self.table(value, path, POSTERIOR_KEYS, example='{ file = "my_shop.parquet", sha256 = "..." }')
        for key in POSTERIOR_KEYS:
            if key not in table:
                raise self.source.fault(path, f"{key} is missing; a posterior is a file beside this one and its SHA-256.")
        name = checks.line_of_text(table["file"], "file", fault, needed=True)
        if any(mark in name for mark in "/\\:"):
            raise fault("file", f"the plain name of a file beside this one is expected, not the path {checks.shown(name)[9:]}.")
        if not name.endswith(SUFFIX):
            raise fault("file", f"the name of a Parquet file is expected, such as my_shop{SUFFIX}, not {checks.shown(name)}.")
        if (says := checks.check_stem(name.removesuffix(SUFFIX))) is not None:
            raise fault("file", f"{says}.")
        digest = checks.line_of_text(table["sha256"], "sha256", fault, needed=True)
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise fault("sha256", "the SHA-256 of the Parquet file is expected: 64 digits of 0-9 and a-f.")
        return name, digest

    def events(self, data: Mapping[str, Any], result: Layer) -> None:
        listed = data.get("events", [])
        if not isinstance(listed, list):
            raise self.source.fault(
                ("events",), f"a list of tables is expected, each under its own [[events]], not {checks.shown(listed)}."
            )
        for index, value in enumerate(listed):
            path: KeyPath = ("events", index)
            fault = self.fault(path)
            table = self.table(value, path, EVENT_KEYS, example='{ name = "6.18", start = 2024-06-16, end = 2024-06-18, traffic = 1.8 }')
            for key in ("name", "start", "end"):
                if key not in table:
                    raise self.source.fault(path, f"{key} is missing; an event needs name, start and end.")
            name = checks.line_of_text(table["name"], "name", fault, needed=True)
            if name in result.events:
                raise fault("name", f"{checks.shown(name)[9:]} is the name of two events in this file; give each its own.")
            factors = {key: self.factor(table[key], key, fault) for key in FACTORS if key in table}
            if "pull_forward" in table:
                share = checks.number(table["pull_forward"], "pull_forward", fault, unit="share")
                factors["pull_forward"] = checks.within(share, 0, 1, "pull_forward", fault)
            start, end = checks.day(table["start"], "start", fault), checks.day(table["end"], "end", fault)
            result.events[name] = Event(name=name, start=start, end=end, **factors)
            result.paths["events", name] = path

    @staticmethod
    def factor(value: object, key: str, fault: checks.Fault) -> float:
        result = checks.number(value, key, fault)
        if not 0 < result <= checks.LARGEST_FACTOR:
            allowed = f"a factor above 0 and at most {checks.LARGEST_FACTOR:g} is allowed (1 changes nothing)"
            raise fault(key, f"{checks.shown(result)} is out of bounds; {allowed}.")
        return result

    def goals(self, data: Mapping[str, Any], result: Layer) -> None:
        for name, value in self.table(data.get("goals", {}), ("goals",), KPI_UNITS, example="net_gmv = { at_least = 6.0e10 }").items():
            path: KeyPath = ("goals", name)
            fault, most = self.fault(path), checks.MOST_MONEY
            table = self.table(value, path, GOAL_KEYS, example="{ at_least = 6.0e10, probability = 0.8 }")
            limits = {
                key: checks.within(checks.number(table[key], key, fault, unit=KPI_UNITS[name]), -most, most, key, fault)
                for key in ("at_least", "at_most")
                if key in table
            }
            if len(limits) != 1:
                raise self.source.fault(
                    path, f"exactly one of at_least and at_most is needed; {'both are' if limits else 'none is'} given."
                )
            if "probability" in table:
                share = checks.number(table["probability"], "probability", fault)
                if not 0 < share < 1:
                    raise fault("probability", f"{checks.shown(share)} is out of bounds; above 0 and below 1 is allowed.")
                limits["probability"] = share
            result.goals[name] = Goal(**limits)
            result.paths["goals", name] = path

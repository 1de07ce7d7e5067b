"""Sweep files (scenarios/sweeps/*.toml): read, and refused in one sentence where something is wrong. Nothing is run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import UNREADABLE, UserError
from sim.outcome import KPIS
from sim.parameters import Parameter, registry
from sim.scenario import Scenario, checks, load, scenario_folder
from sim.scenario.parsing import Parser
from sim.scenario.text import KeyPath, Source, file_text, parsed
from sim.scenario.values import COMMAND_LINE, Assumption, LeverSetting
from sim.sweeps.design import KINDS, Axis, Design, grid_size

FOLDER = "sweeps"  # inside the scenario folder
MOST_POINTS = 1_000_000
MOST_DRAWS, MOST_SEED = 10_000_000, 2**63 - 1  # as --draws and --seed
TEXTS = ("title", "question", "notes")
SECTIONS = {"levers": "lever", "assumptions": "assumption"}
TOP_KEYS = ("schema", *TEXTS, "base", "draws", "seed", "noise", "start", "days", "design", *SECTIONS, "points", "outputs")
AXIS_KEYS = ("values", "low", "high", "steps")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A sweep as its file asks for it. `base` has the sweep's horizon already; `label` is what to call the file in a sentence."""

    name: str
    label: str
    title: str = ""
    question: str = ""
    notes: str = ""
    base: Scenario
    design: Design
    draws: int = 1000
    seed: int = 1
    noise: bool = True
    kpis: tuple[str, ...] = tuple(KPIS)
    per_draw: bool = False

    def scenario(self, point: int) -> Scenario:
        """The plan at a point, counted from 1 as in the tables."""
        return at_point(self.base, self.design.axes, point, self.design.values(point - 1, 1)[0].tolist())


def at_point(base: Scenario, axes: Sequence[Axis], point: int, row: Sequence[float]) -> Scenario:
    """The base with a point's values; its name says which point, for whoever has to refuse it."""
    given: dict[str, dict[str, float]] = {section: {} for section in SECTIONS}
    for axis, value in zip(axes, row, strict=True):
        if value == value:  # NaN: as the base has it
            given[axis.section][axis.name] = value
    scenario = base
    if given["assumptions"]:
        scenario = scenario.with_assumptions(given["assumptions"], source=COMMAND_LINE)  # the digest is that of --set and --assume
    if given["levers"]:
        scenario = scenario.with_levers(given["levers"])
    says = ", ".join(f"{name} = {checks.shown(value)}" for values in given.values() for name, value in values.items())
    return replace(scenario, name=f"point {point} ({says or 'the base'})", path=None)


def load_spec(reference: str | Path, folder: str | Path | None = None) -> Spec:
    """A sweep by path, or by stem in the folder `sweeps` of the scenario folder."""
    path = located_spec(reference, folder)
    label = str(path)
    try:
        text = file_text(path)
        if not any(row.strip() and not row.lstrip().startswith("#") for row in text.splitlines()):
            raise UserError(f"{label} is empty: a sweep file needs at least schema, base, [design] and something to vary.")
        source = Source(label, text)
        data = parsed(source)
        parser = _SpecParser(source, registry())
        parser.schema(data)
    except UserError as error:  # the readers of scenario files speak of scenario files
        raise UserError(label.join(part.replace("scenario file", "sweep file") for part in str(error).split(label)),
                        exit_code=error.exit_code) from None
    return parser.spec(data, path=path, folder=folder)


def located_spec(reference: str | Path, folder: str | Path | None = None) -> Path:
    """Where a sweep's file is. A bare word is a stem; anything with a folder or .toml in it is a path."""
    words = str(reference)
    if not words.strip():
        raise UserError("the name of a sweep is empty; give a path or a name such as redirects_x_seats.")
    path, home, stem = Path(reference), scenario_folder(folder) / FOLDER, words.removesuffix(".toml")
    if len(path.parts) > 1:
        return with_suffix if _is_file(with_suffix := path.with_name(f"{path.name}.toml")) and not _is_file(path) else path
    if words.endswith(".toml") and _is_file(path):
        return path
    if _is_file(found := home / f"{stem}.toml"):
        return found
    if _is_file(path):
        return path
    if _is_folder(path):
        raise UserError(f"{words} is a folder, not a sweep file.", exit_code=UNREADABLE)
    hint = checks.suggestion(stem, [file.stem for file in home.glob("*.toml")])
    shown = checks.shown(words)[9:]
    raise UserError(f"there is no sweep {shown} in {home}.{hint}", exit_code=UNREADABLE)


def writable(name: str) -> str:
    """A file's name as UTF-8 can hold it: a name in another encoding has letters that cannot be written anywhere."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, a NUL in it, or a folder above it that may not be entered
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _is_sweep(file: Path, spec: Path) -> bool:
    """Is a file beside the sweep file `spec` a sweep too, that one itself for one? Then it is nobody's base."""
    if file.parent != spec.parent:
        return False
    try:
        return file.samefile(spec) or "design" in parsed(Source(str(file), file_text(file)))
    except (OSError, UserError):  # whoever loads it says what is wrong with it
        return False


class _SpecParser(Parser):
    """One sweep file's data -> a Spec. Every key is known here or refused, with its line and what was meant."""

    def spec(self, data: Mapping[str, Any], *, path: Path, folder: str | Path | None) -> Spec:
        top = self.fault(())
        if "horizon" in data:
            raise top("horizon", "a sweep has no [horizon]: start and days stand at the top of the file, such as days = 10.")
        self.table(data, (), TOP_KEYS, example="")
        texts = {key: checks.line_of_text(data[key], key, top, rows=key != "title") for key in TEXTS if key in data}
        self.base = self.base_of(data, path, folder)
        kpis, per_draw = self.outputs(data)
        seed = self.whole(data, "seed", 0, MOST_SEED, 1, unit="")
        return Spec(
            name=writable(path.name.removesuffix(".toml")), label=self.source.label, **texts, base=self.base,
            design=self.design(data, seed),
            draws=self.whole(data, "draws", 1, MOST_DRAWS, 1000, unit="draws"), seed=seed, noise=self.switch(data, "noise", True, ()),
            kpis=kpis, per_draw=per_draw,
        )

    def whole(self, data: Mapping[str, Any], key: str, low: int, high: int, default: int, *, unit: str) -> int:
        if key not in data:
            return default
        value = data[key]
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value  # exactly: a float holds no seed beyond 2**53
        fault = self.fault(())
        result = checks.whole_number(value, key, fault, low=low, high=high, unit=unit)
        return min(result, high)

    def switch(self, data: Mapping[str, Any], key: str, default: bool, path: KeyPath) -> bool:
        value = data.get(key, default)
        if not isinstance(value, bool):
            raise self.source.fault((*path, key), f"true or false is expected, not {checks.shown(value)}.")
        return value

    def base_of(self, data: Mapping[str, Any], path: Path, folder: str | Path | None) -> Scenario:
        """The scenario that the points change: beside the sweep file, above a folder `sweeps`, or in the scenario folder."""
        top = self.fault(())
        if "base" not in data:
            raise top("", 'base is missing: say which scenario the points change, such as base = "baseline".')
        stem = checks.line_of_text(data["base"], "base", top, needed=True).removesuffix(".toml")
        places = [path.parent, *([path.parent.parent] if path.parent.name == FOLDER else []), scenario_folder(folder)]
        files = (place / f"{stem}.toml" for place in places)
        found = next((file for file in files if _is_file(file) and not _is_sweep(file, path)), None)
        if found is None:
            known = [file.stem for place in places for file in place.glob("*.toml") if file.stem != stem and file != path]
            where = " or ".join(dict.fromkeys(str(place) for place in places))
            raise top("base", f"there is no scenario {checks.shown(stem)[9:]} in {where}.{checks.suggestion(stem, known)}")
        base = replace(load(found, folder), path=None)
        start = checks.day(data["start"], "start", top) if "start" in data else None
        days = self.whole(data, "days", checks.FEWEST_DAYS, checks.MOST_DAYS, base.days, unit="days")
        try:
            return base.with_horizon(start=start, days=days)
        except UserError as error:
            raise top("start" if "start" in data else "days", str(error)) from None

    def outputs(self, data: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
        path: KeyPath = ("outputs",)
        table = self.table(data.get("outputs", {}), path, ("kpis", "per_draw"), example='{ kpis = ["net_gmv"] }')
        kpis = table.get("kpis", list(KPIS))
        if not isinstance(kpis, list) or not kpis:
            raise self.source.fault((*path, "kpis"), 'a list of figures is expected, such as ["net_gmv", "return_rate"].')
        for place, name in enumerate(kpis):
            if not isinstance(name, str) or name not in KPIS:
                hint = checks.suggestion(name, tuple(KPIS)) if isinstance(name, str) else ""
                listed = hint or f" Known here: {', '.join(KPIS)}."
                raise self.source.fault((*path, "kpis"), f"{checks.shown(name)} is not one of the figures.{listed}")
            if name in kpis[:place]:
                raise self.source.fault((*path, "kpis"), f"{name} is given twice; keep one of them.")
        return tuple(kpis), self.switch(table, "per_draw", False, path)

    def design(self, data: Mapping[str, Any], seed: int) -> Design:
        path: KeyPath = ("design",)
        if "design" not in data:
            raise self.source.fault((), 'design is missing: say how the points are laid, such as [design] with kind = "grid".')
        table = self.table(data["design"], path, ("kind", "points"), example='{ kind = "grid" }')
        kind = table.get("kind")
        if kind not in KINDS:
            found = f"not {checks.shown(kind)}" if "kind" in table else "and missing"
            hint = checks.suggestion(kind, KINDS) if isinstance(kind, str) else ""
            raise self.source.fault((*path, "kind"), f"one of {', '.join(KINDS)} is expected, {found}.{hint}")
        if kind == "list":
            return self.listed(data, table, seed)
        if "points" in data:
            raise self.source.fault(("points",), f'[[points]] belong to kind = "list"; this sweep is of kind "{kind}".')
        axes = tuple(self.axes(data, kind))
        if not axes:
            raise self.source.fault((), "nothing to vary: name at least one lever under [levers] or assumption under [assumptions].")
        return self.sampled(table, kind, axes, seed)

    def sampled(self, table: Mapping[str, Any], kind: str, axes: tuple[Axis, ...], seed: int) -> Design:
        fault = self.fault(("design",))
        if kind == "grid":
            if "points" in table:
                raise fault("points", "a grid has as many points as its values multiply to; leave points out.")
            count = grid_size(axes)
            if count > MOST_POINTS:
                raise fault("kind", f"this grid has {_counted(count)} points; at most {MOST_POINTS:,} are allowed.")
            return Design(kind=kind, axes=axes, count=count, seed=seed)
        if "points" not in table:
            raise fault("points", f"points is missing: say how many, such as points = 256 (1 to {MOST_POINTS:,}).")
        count = checks.whole_number(table["points"], "points", fault, low=1, high=MOST_POINTS, unit="points")
        return Design(kind=kind, axes=axes, count=count, seed=seed)

    def axes(self, data: Mapping[str, Any], kind: str) -> Iterator[Axis]:
        """The axes in the order of the file."""
        taken: dict[str, str] = {}
        for section in (key for key in data if key in SECTIONS):
            for name, value, path in self.named(data[section], (section,), example=f"[{section}.payment.redirects]"):
                self.known(section, name, path)
                if name in taken:
                    raise self.source.fault(path, f"stands under [{taken[name]}] too; a sweep varies it in one of the two ways.")
                taken[name] = section
                yield self.axis(section, name, value, path, kind)

    def named(self, value: object, path: KeyPath, *, example: str) -> Iterator[tuple[str, Any, KeyPath]]:
        """(full name, value, place) in both spellings: payment.redirects and "payment.redirects"."""
        if not isinstance(value, Mapping):
            raise self.source.fault(path, f"a table is expected, such as {example}, not {checks.shown(value)}.")
        stages = {name.partition(".")[0] for name in self.registry}
        given: set[str] = set()
        for key, item in value.items():
            inner = {f"{key}.{last}": (entry, (*path, key, last)) for last, entry in item.items()} if (
                key in stages and isinstance(item, Mapping)
            ) else {key: (item, (*path, key))}
            for name, (entry, place) in inner.items():
                if name in given:
                    raise self.source.fault(place, "is given twice in this file; keep one of them.")
                given.add(name)
                yield name, entry, place

    def known(self, section: str, name: str, path: KeyPath) -> Parameter:
        """The parameter, if a sweep may vary it there: what --set and --assume take."""
        role = SECTIONS[section]
        if name not in checks.names_of(role, self.registry) and not (role == "assumption" and self._observed(name)):
            raise self.source.fault(path, checks.unknown_name(name, role, self.registry))
        return self.registry[name]

    def _observed(self, name: str) -> bool:
        """Is it a total or constant of one number?"""
        parameter = self.registry.get(name)
        return parameter is not None and parameter.role in ("pinned", "constant") and not isinstance(parameter.value, tuple)

    def axis(self, section: str, name: str, value: object, path: KeyPath, kind: str) -> Axis:
        fault = self.fault(path)
        table = self.table(value, path, AXIS_KEYS, example="{ values = [1, 2, 3] }")
        ranged = [key for key in ("low", "high", "steps") if key in table]
        if ("values" in table) == bool(ranged):
            steps, given = " with steps" if kind == "grid" else "", "both are" if ranged else "none is"
            raise self.source.fault(path, f"either values, or low and high{steps}, is needed; {given} given.")
        if "values" in table:
            return self.listed_axis(section, name, table["values"], fault)
        for key in ("low", "high", *(("steps",) if kind == "grid" else ())):
            if key not in table:
                says = "a grid needs steps beside low and high: how many evenly spaced values." if key == "steps" else f"{key} is missing."
                raise self.source.fault(path, says)
        low, high = (self.allowed(section, name, table[key], fault, key) for key in ("low", "high"))
        if not low < high:
            raise fault("low", f"the range is empty: low ({checks.shown(low)}) must be below high ({checks.shown(high)}).")
        whole = self.registry[name].whole
        if kind != "grid":
            if "steps" in table:
                raise fault("steps", f'belongs to a grid; this sweep is of kind "{kind}".')
            return Axis(section=section, name=name, low=low, high=high, whole=whole)
        steps = checks.whole_number(table["steps"], "steps", fault, low=2, high=2**53, unit="values")
        if whole and (high - low) % (steps - 1):
            raise fault("steps", f"{steps:,} steps from {checks.shown(low)} to {checks.shown(high)} do not all fall on whole numbers.")
        axis = Axis(section=section, name=name, low=low, high=high, steps=steps, whole=whole)
        if steps <= MOST_POINTS and not np.all(axis.picked(np.array([0, steps - 2])) < axis.picked(np.array([1, steps - 1]))):
            raise fault("low", f"the range is too small for {steps:,} steps: values beside each other would be the same.")
        return axis

    def listed_axis(self, section: str, name: str, values: object, fault: checks.Fault) -> Axis:
        if not isinstance(values, list):
            raise fault("values", f"a list of numbers is expected, such as [1, 2, 3], not {checks.shown(values)}.")
        if not values:
            raise fault("values", "the list is empty; at least one value is needed.")
        allowed: dict[float, None] = {}
        for value in values:
            number = self.allowed(section, name, value, fault, "values")
            if number in allowed:
                raise fault("values", f"{checks.shown(number)} is given twice; keep one of them.")
            allowed[number] = None
        return Axis(section=section, name=name, values=tuple(allowed), whole=self.registry[name].whole)

    def allowed(self, section: str, name: str, value: object, fault: checks.Fault, field: str) -> float:
        """A value that the lever or assumption may take; `field` is where it stands in the file."""
        parameter, here = self.registry[name], _always(fault, field)
        number = checks.number(value, field, fault, unit=checks.unit_of(parameter))
        if section == "levers":
            before = {**self.base.idle, **self.base.levers}.get(name) or LeverSetting(amount=0.0, ramp_days=parameter.min_ramp_days)
            checks.check_lever(
                parameter, replace(before, form="to", amount=number), baseline=self.base.lever_baseline(name), start=self.base.start,
                days=self.base.days, fault=here,
            )
            return float(round(number)) if parameter.whole else number
        if name in (self.base.baseline if checks.may_assume(parameter) else self.base.assumptions):
            raise fault("", f"the base says this number another way ({self.base.name}); a sweep cannot say it twice.")
        if checks.may_assume(parameter):
            checks.check_assumption(parameter, Assumption(best=number, source=COMMAND_LINE), here)
        else:
            checks.check_observed(parameter, number, here)
        return number

    def listed(self, data: Mapping[str, Any], table: Mapping[str, Any], seed: int) -> Design:
        """Points one by one; what a point does not name stays as the base has it."""
        if "points" in table:
            raise self.source.fault(("design", "points"), "a list has as many points as there are [[points]]; leave points out.")
        for section in SECTIONS:
            if section in data:
                raise self.source.fault((section,), f'kind = "list" takes its values from [[points]], not from [{section}].')
        points = data.get("points")
        if not isinstance(points, list) or not points:
            raise self.source.fault(("points",), 'kind = "list" needs at least one [[points]] table, such as "payment.redirects" = 2.')
        rows = [self.point(value, ("points", place)) for place, value in enumerate(points)]
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not names:
            raise self.source.fault(("points",), "nothing to vary: no point names a lever or an assumption.")
        axes = tuple(Axis(section=self.section_of(name), name=name) for name in names)
        filled = tuple(tuple(row.get(axis.name, self.unmoved(axis)) for axis in axes) for row in rows)
        return Design(kind="list", axes=axes, count=len(filled), seed=seed, rows=filled)

    def point(self, value: object, path: KeyPath) -> dict[str, float]:
        row = {}
        for key in value if isinstance(value, Mapping) else ():
            if (section := key.partition(".")[0]) in SECTIONS:
                says = f'in a list the names stand directly, without {section}: "payment.redirects" = 2.'
                raise self.source.fault((*path, key), says)
        for name, item, place in self.named(value, path, example='{ "payment.redirects" = 2 }'):
            section = self.section_of(name)
            self.known(section, name, place)
            row[name] = self.allowed(section, name, item, self.fault(place), "")
        return row

    def section_of(self, name: str) -> str:
        """In a list a name is a lever if it can be, else an assumption."""
        parameter = self.registry.get(name)
        assumable = parameter is not None and parameter.role != "lever" and (checks.may_assume(parameter) or self._observed(name))
        return "assumptions" if assumable else "levers"

    def unmoved(self, axis: Axis) -> float:
        """What the base has: where its lever ends, or NaN for an assumption, which may be a range."""
        if axis.section == "assumptions":
            return np.nan
        today = self.base.lever_baseline(axis.name)
        setting = self.base.levers.get(axis.name)
        return today if setting is None else setting.target(today)


def _always(fault: checks.Fault, field: str) -> Callable[[str, str], UserError]:
    """The same fault, told of one field whatever the check calls it."""
    return lambda _, says: fault(field, says)


def _counted(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"about 10^{len(str(count)) - 1}"


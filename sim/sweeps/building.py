"""New sweep files: two levers of a scenario from, to and in steps; checked before they are put in the folder, never over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import INVALID, UNREADABLE, UserError
from sim.parameters import registry
from sim.scenario import checks, placing, scenario_folder
from sim.sweeps.design import tidy
from sim.sweeps.spec import FOLDER, MOST_DRAWS, Spec, load_spec

MOST_STEPS = 60


@dataclass(frozen=True, kw_only=True)
class Range:
    """A lever from `low` to `high`, both in its unit, at `steps` evenly spaced values; whole numbers where it takes no others."""

    name: str
    low: float
    high: float
    steps: int

    @property
    def values(self) -> tuple[float, ...]:
        spaced = np.linspace(self.low, self.high, self.steps)
        whole = self.name in registry() and registry()[self.name].whole
        return tuple(dict.fromkeys((np.round(spaced) if whole else tidy(spaced)).tolist()))


def grid_text(*, base: str, title: str, ranges: Sequence[Range], draws: int) -> str:
    """The text of a sweep file: a grid of these levers on a scenario."""
    import tomlkit

    names = [item.name for item in ranges]
    if len(set(names)) < len(names):
        raise UserError("a lever can stand in a sweep once; choose two different ones.", exit_code=INVALID)
    for item in ranges:
        if not item.low < item.high:
            says = f"{item.name}: from ({checks.shown(item.low)}) must be below to ({checks.shown(item.high)})."
            raise UserError(says, exit_code=INVALID)
        if not 2 <= item.steps <= MOST_STEPS:
            raise UserError(f"{item.name}: {item.steps} steps cannot be asked for; 2 to {MOST_STEPS} are allowed.", exit_code=INVALID)
    if not 1 <= draws <= MOST_DRAWS:
        raise UserError(f"{draws:,} draws cannot be asked for; 1 to {MOST_DRAWS:,} are allowed.", exit_code=INVALID)
    document = tomlkit.document()
    for key, value in (("schema", 1), ("title", title), ("base", base), ("draws", draws)):
        document.add(key, value)
    design = tomlkit.table()
    design.add("kind", "grid")
    document.add("design", design)
    levers = tomlkit.table(is_super_table=True)
    for item in ranges:
        axis = tomlkit.table()
        axis.add("values", [int(value) if value.is_integer() and abs(value) < 1e15 else value for value in item.values])
        levers.add(item.name, axis)
    document.add("levers", levers)
    return tomlkit.dumps(document)


def add_spec(name: str, content: str | bytes, *, scenarios: str | Path | None = None) -> Spec:
    """Put a new sweep file into the folder `sweeps` of the scenario folder, if it can be run; a UserError, and no file, if not.

    A name that is taken is refused, whatever its capitals.
    """
    if (why := checks.check_stem(name)) is not None:
        shown = name if name.isprintable() else ascii(name)[1:-1]
        raise UserError(f"{shown[:60]} cannot be the name of a sweep: {why.replace('a scenario', 'a sweep')}.", exit_code=INVALID)
    home = scenario_folder(scenarios) / FOLDER
    target = home / f"{name}.toml"

    def finished(temporary: Path) -> None:
        try:
            load_spec(temporary, scenarios)
        except UserError as error:
            raise UserError(error.message.replace(str(temporary), target.name), exit_code=error.exit_code) from None
        if any(path.name.casefold() == target.name.casefold() for path in home.glob("*.toml")):
            raise UserError(f"there is a sweep {name} in {home} already; choose another name.", exit_code=INVALID)

    try:
        home.mkdir(exist_ok=True)
        with placing.replacing(target, finished=finished) as stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as error:
        raise UserError(f"{target} could not be written: {error.strerror or error}.", exit_code=UNREADABLE) from None
    return load_spec(target, scenarios)

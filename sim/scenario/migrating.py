"""Brings scenario files of an older schema up to the one that is read now. A change of schema adds one entry to MIGRATIONS."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import UserError
from sim.parameters import registry
from sim.scenario.overlay import located, resolved
from sim.scenario.parsing import Parser
from sim.scenario.text import Source, file_text, parsed
from sim.scenario.values import SCHEMA
from sim.scenario.writing import put_in_place, unwritable

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

# Schema n -> what changes a document of it, in place, into one of schema n + 1; the number itself is set here below.
MIGRATIONS: dict[int, Callable[[TOMLDocument], None]] = {}


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A file and the schema it is at. `text`: what it says in today's schema; None where nothing is to do."""

    path: Path
    schema: int
    extends: str | None
    text: str | None = None

    @property
    def needed(self) -> bool:
        return self.text is not None


def planned(references: Sequence[str | Path], folder: str | Path | None = None) -> list[Migration]:
    """What has to be done to each of these files, nothing written yet; what a file extends comes before the file."""
    plans = {plan.path.name.removesuffix(".toml"): plan for plan in (_plan(located(reference, folder)) for reference in references)}
    ordered: dict[str, Migration] = {}

    def place(name: str, above: tuple[str, ...] = ()) -> None:
        plan = plans[name]
        if plan.extends in plans and plan.extends not in (*above, name):  # a cycle is refused when the file is read back
            place(plan.extends, (*above, name))
        ordered.setdefault(name, plan)

    for name in plans:
        place(name)
    return list(ordered.values())


def _plan(path: Path) -> Migration:
    text = file_text(path)
    source = Source(str(path), text)
    data = parsed(source)
    schema, parent = data.get("schema"), data.get("extends")
    extends = parent if isinstance(parent, str) else None
    if type(schema) is not int or schema not in MIGRATIONS:
        Parser(source, registry()).schema(data)  # refuses what `validate` refuses: none, a newer one, no number
        return Migration(path=path, schema=SCHEMA, extends=extends)
    import tomlkit

    document = tomlkit.parse(text)
    for number in range(schema, SCHEMA):
        MIGRATIONS[number](document)
        document["schema"] = number + 1
    return Migration(path=path, schema=schema, extends=extends, text=tomlkit.dumps(document))


def migrate(plan: Migration, folder: str | Path | None = None) -> Path:
    """Write a migrated file in one step, once it reads back; the file as it was is kept beside it. Returns where."""
    assert plan.text is not None, "nothing is to do"
    name = plan.path.name.removesuffix(".toml")
    try:
        scenario = resolved(name, plan.text, label=str(plan.path), path=plan.path, beside=plan.path.parent, folder=folder)
    except UserError as error:
        raise UserError(f"{plan.path} stays as it is; migrated, it could not be read: {error}", exit_code=error.exit_code) from None
    backup = _free(plan.path.with_name(f"{plan.path.name}.schema{plan.schema}"))
    try:
        shutil.copy2(plan.path, backup)
    except OSError as error:
        raise unwritable(backup, error) from None
    put_in_place(plan.path, plan.text, scenario, folder)
    return backup


def _free(path: Path) -> Path:
    """The path, or the first one with a number behind it that nobody has taken."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free

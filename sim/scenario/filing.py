"""Scenario files in their folder: rename, delete, bring back. Nothing is ever overwritten, and what is deleted is kept aside."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sim.errors import INVALID, UNREADABLE, UserError
from sim.scenario import checks
from sim.scenario.overlay import scenario_folder, scenario_names
from sim.scenario.parsing import layer
from sim.scenario.text import Source, file_text, parsed

DELETED = ".deleted"  # in the scenario folder: files that were deleted, or that another version took the place of


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """A file that was put aside: its scenario's name, where it was, where it is."""

    name: str
    home: Path
    kept: Path


def dependents(name: str, folder: str | Path | None = None) -> list[str]:
    """The scenarios of the folder whose files extend this one. A file that cannot be read depends on nothing."""
    from sim.parameters import registry

    home, found = scenario_folder(folder), []
    for other in scenario_names(home):
        try:
            source = Source(other, file_text(home / f"{other}.toml"))
            if layer(parsed(source), source, registry()).extends == name:
                found.append(other)
        except UserError:
            continue
    return found


def rename(name: str, to: str, folder: str | Path | None = None) -> Path:
    """Give a scenario's file another name; returns where it is now. Refused where other files extend it."""
    home = scenario_folder(folder)
    before, after = home / f"{name}.toml", home / f"{to}.toml"
    if says := checks.check_stem(to):
        raise UserError(f"{to!a} cannot be the name of a scenario: {says}.", exit_code=INVALID)
    _nobody_extends(name, home, "renamed")
    if to.casefold() != name.casefold() and to.casefold() in {known.casefold() for known in scenario_names(home)}:
        raise UserError(f"{after} exists already; choose another name.", exit_code=INVALID)
    try:
        _moved(before, after)
    except OSError as error:
        raise UserError(f"{before} could not be renamed: {error.strerror or error}.", exit_code=UNREADABLE) from None
    return after


def delete(name: str, folder: str | Path | None = None) -> Deleted:
    """Put a scenario's file aside; `bring_back` undoes it. Refused where other files extend it."""
    home = scenario_folder(folder)
    _nobody_extends(name, home, "deleted")
    try:
        return _aside(name, home, copy=False)
    except OSError as error:
        raise UserError(f"{home / name}.toml could not be deleted: {error.strerror or error}.", exit_code=UNREADABLE) from None


def put_aside(name: str, folder: str | Path | None = None) -> Deleted | None:
    """Keep a copy of a file that is about to be overwritten knowingly; None where there is no file."""
    home = scenario_folder(folder)
    try:
        return _aside(name, home, copy=True) if (home / f"{name}.toml").is_file() else None
    except OSError as error:
        raise UserError(f"{home / name}.toml could not be put aside: {error.strerror or error}.", exit_code=UNREADABLE) from None


def bring_back(deleted: Deleted) -> Path:
    """Undo a deletion; refused where there is a file of that name again."""
    path = deleted.home / f"{deleted.name}.toml"
    if deleted.name.casefold() in {known.casefold() for known in scenario_names(deleted.home)}:
        raise UserError(f"{path} exists again; rename that file first.", exit_code=INVALID)
    try:
        _moved(deleted.kept, path)
    except OSError as error:
        raise UserError(f"{path} could not be brought back: {error.strerror or error}.", exit_code=UNREADABLE) from None
    return path


def _nobody_extends(name: str, home: Path, what: str) -> None:
    if others := dependents(name, home):
        shown = ", ".join(f"{other}.toml" for other in others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        raise UserError(f"{name}.toml cannot be {what}: {shown} extends it. Change `extends` there first.", exit_code=INVALID)


def _aside(name: str, home: Path, *, copy: bool) -> Deleted:
    path, bin_ = home / f"{name}.toml", home / DELETED
    bin_.mkdir(exist_ok=True)
    kept = bin_ / f"{name}~{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.toml"
    if copy:
        kept.write_bytes(path.read_bytes())
    else:
        _moved(path, kept)
    return Deleted(name=name, home=home, kept=kept)


def _moved(before: Path, after: Path) -> None:
    """Rename without ever taking another file's place, where the file system can promise it."""
    if before.name.casefold() == after.name.casefold() and before.parent == after.parent:
        if after.exists() and not after.samefile(before):  # two files, on a disk that tells capitals from small letters
            raise FileExistsError(17, "the file exists already", str(after))
        os.rename(before, after)  # only the case of letters changes
        return
    try:
        os.link(before, after)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a disk without links
        if after.exists():
            raise FileExistsError(17, "the file exists already", str(after)) from None
        os.rename(before, after)
        return
    os.unlink(before)

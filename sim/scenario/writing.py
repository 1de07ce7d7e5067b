"""Writes scenario files: only what changes, comments kept, and never a half-written file.

A scenario that extends another writes its difference to that file. What an overlay cannot say (an event, goal or assumption of
the parent that is gone) is written out in full, without `extends`.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sim.errors import INVALID, UNREADABLE, UserError
from sim.parameters import registry
from sim.scenario import checks
from sim.scenario.overlay import load, resolved
from sim.scenario.placing import replacing
from sim.scenario.posterior import Posterior, placed
from sim.scenario.text import decoded
from sim.scenario.values import DEFAULT_DAYS, SCHEMA, LeverCost, LeverSetting, Profile, Scenario

SECTIONS = ("levers", "assumptions", "events", "goals", "baseline")
SHOP = ("profile", "posterior")  # tables of their own, one each
Fields = dict[str, Any]  # the keys of one entry as TOML can hold them


@dataclass(kw_only=True)
class Content:
    """What a file is to say. `whole`: every entry of the scenario, defaults spelled out; `needed`: the part that must stand in
    the file, defaults left out. Entries of an existing file that are in `whole` but not in `needed` may stay."""

    head: Fields = field(default_factory=dict)
    horizon: Fields = field(default_factory=dict)
    whole_horizon: Fields = field(default_factory=dict)
    whole: dict[tuple[str, str], Fields] = field(default_factory=dict)
    needed: dict[tuple[str, str], Fields] = field(default_factory=dict)
    idle: set[tuple[str, str]] = field(default_factory=set)  # levers that the scenario leaves at their baseline


def dumps(scenario: Scenario, *, base_text: str | None = None, beside: Path | None = None, folder: str | Path | None = None) -> str:
    """The text of a scenario's file. `base_text`: an existing text whose comments and layout are kept where they can be."""
    parent = _parent(scenario, beside, folder)
    content = content_of(scenario, parent)
    if base_text is not None:
        for kept in (base_text, _edited(base_text, content)):  # a text that says it already stays as it is
            if kept is not None and _says(kept, scenario, content.head.get("extends"), beside, folder):
                return kept
    text = laid_out(content)
    if base_text is not None:
        text = _with_comments_of(base_text, text)
    return text


def save(
    scenario: Scenario, path: str | Path, *, overwrite: bool = False, base_text: str | None = None, folder: str | Path | None = None
) -> None:
    """Writes the scenario's file in one step: either the new file is there and reads back as this scenario, or the old one is.

    The comments of an existing file at `path` are kept, or those of `base_text` (save as).
    """
    path = Path(path)
    says = "a scenario file's name ends in .toml" if path.suffix != ".toml" else checks.check_stem(path.name.removesuffix(".toml"))
    if says is not None:
        shown = path.name if path.name.isprintable() else ascii(path.name)[1:-1]
        raise UserError(f"{shown} cannot be the name of a scenario: {says}.", exit_code=INVALID)
    try:
        path = path.resolve() if path.is_symlink() else path  # write through a link, do not replace it
        if path.is_symlink():  # still a link: from Python 3.13 on, links in a circle resolve to themselves
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        exists = path.exists()
        if exists and not path.is_file():
            what = "a folder, not a scenario file" if path.is_dir() else "not an ordinary file"
            raise UserError(f"{path} is {what}.", exit_code=UNREADABLE)
        if exists and not overwrite:
            raise UserError(f"{path} exists already; allow overwriting or choose another name.", exit_code=INVALID)
        if exists and not os.access(path, os.W_OK):
            raise UserError(f"{path} is write-protected; choose another name.", exit_code=UNREADABLE)
        if base_text is None and exists:
            base_text = _existing(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise unwritable(path, error) from None
    scenario, copied = _with_draws(scenario, path, folder)
    try:
        text = dumps(scenario, base_text=base_text, beside=path.parent, folder=folder)
        put_in_place(path, text, scenario, folder)
    except BaseException:
        if copied is not None:
            copied.unlink(missing_ok=True)
        raise


def _with_draws(scenario: Scenario, path: Path, folder: str | Path | None) -> tuple[Scenario, Path | None]:
    """The scenario as its new place calls its posterior, and the copy that was made for it there. A file that has its draws from one
    that it extends needs none.
    """
    draws = scenario.posterior
    if draws is None or ("posterior", "") not in content_of(scenario, _parent(scenario, path.parent, folder)).needed:
        return scenario, None
    try:
        name, made = placed(draws, path.parent)
    except OSError as error:
        raise unwritable(path.parent / draws.file, error) from None
    return replace(scenario, posterior=replace(draws, file=name)), path.parent / name if made else None


def _parent(scenario: Scenario, beside: Path | None, folder: str | Path | None) -> Scenario | None:
    """What the scenario extends, as it is on disk now; None where it cannot be had: then everything is written out."""
    if scenario.extends is None:
        return None
    near = beside if beside is not None else scenario.path.parent if scenario.path is not None else None
    try:
        if near is not None and (near / f"{scenario.extends}.toml").exists():
            return load(near / f"{scenario.extends}.toml", folder)
        return load(f"{scenario.extends}", folder)
    except UserError:
        return None


def content_of(scenario: Scenario, parent: Scenario | None) -> Content:
    """What the file must say so that it reads back as this scenario over this parent."""
    if parent is not None and any(
        set(getattr(parent, section)) - set(getattr(scenario, section)) for section in ("assumptions", "goals", "baseline")
    ):
        parent = None
    if parent is not None and any(getattr(parent, table) and not getattr(scenario, table) for table in SHOP):
        parent = None
    if parent is not None and {event.name for event in parent.events} - {event.name for event in scenario.events}:
        parent = None
    head = {"schema": SCHEMA, "title": scenario.title}
    head |= {key: text for key in ("question", "author", "notes") if (text := getattr(scenario, key))}
    if parent is not None:
        head["extends"] = scenario.extends
    dates: Fields = {"start": scenario.start, "days": scenario.days}
    above_dates = {"start": parent.start, "days": parent.days} if parent else {"start": scenario.usual_start, "days": DEFAULT_DAYS}
    if parent is not None and parent.usual_start != scenario.usual_start:  # a calendar of its own: whose start holds is said
        above_dates["start"] = None
    content = Content(head=head, whole_horizon=dates)
    content.horizon = {key: value for key, value in dates.items() if above_dates[key] != value}

    settings, inherited = {**scenario.idle, **scenario.levers}, {**parent.idle, **parent.levers} if parent else {}
    for name in (name for name in registry() if name in settings or name in inherited):
        setting = settings.get(name)
        if setting is None:  # the parent sets a lever that this scenario leaves alone
            setting = LeverSetting(amount=scenario.lever_baseline(name), ramp_days=registry()[name].min_ramp_days)
        if name not in scenario.levers:
            content.idle.add(("levers", name))
        content.whole["levers", name] = lever_fields(setting, registry()[name].min_ramp_days, brief=False)
        if setting != inherited.get(name) and (name in inherited or name in scenario.levers):
            content.needed["levers", name] = lever_fields(setting, registry()[name].min_ramp_days)
    parent_events = {event.name: event for event in parent.events} if parent else {}
    for section in ("assumptions", "events", "goals", "baseline"):
        entries = {event.name: event for event in scenario.events} if section == "events" else getattr(scenario, section)
        above = parent_events if section == "events" else getattr(parent, section, {})
        for name, entry in entries.items():
            content.whole[section, name] = plain_fields(entry, brief=False)
            if above.get(name) != entry:
                content.needed[section, name] = plain_fields(entry)
    for table in SHOP:
        entry = getattr(scenario, table)
        if entry is not None:
            content.whole[table, ""] = shop_fields(entry)
            if parent is None or getattr(parent, table) != entry:
                content.needed[table, ""] = shop_fields(entry)
    return content


def shop_fields(entry: Profile | Posterior) -> Fields:
    if isinstance(entry, Posterior):
        return {"file": entry.file, "sha256": entry.sha256}
    return {key: value for key, value in vars(entry).items() if value is not None}


def lever_fields(setting: LeverSetting, min_ramp_days: int, *, brief: bool = True) -> Fields:
    fields: Fields = {setting.form: setting.amount, "start": setting.start, "until": setting.until}
    if not brief or setting.ramp_days != min_ramp_days:
        fields["ramp_days"] = setting.ramp_days
    if not brief or setting.coverage != 1:
        fields["coverage"] = setting.coverage
    if setting.cost is not None and setting.cost != LeverCost():
        fields["cost"] = {key: value for key, value in vars(setting.cost).items() if value is not None}
    return {key: value for key, value in fields.items() if value is not None}


def plain_fields(entry: Any, *, brief: bool = True) -> Fields:
    """An event, assumption, goal or observed value; an event's factors of 1 are left out."""
    order = (
        "name",
        "start",
        "end",
        "low",
        "best",
        "high",
        "value",
        "traffic",
        "cpm",
        "transit",
        "pull_forward",
        "at_least",
        "at_most",
        "probability",
        "source",
    )
    factors = ("traffic", "value", "cpm", "transit") if hasattr(entry, "cpm") else ()
    found = {key: getattr(entry, key, None) for key in order}
    return {key: value for key, value in found.items() if value is not None and not (brief and key in factors and value == 1)}


def toml_value(value: Any) -> str:
    """A value in TOML; floats by repr, so that they read back to the last bit."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, int) or (abs(value) < 1e15 and value == int(value)):  # not finite: repr, which reading back refuses
        return f"{int(value):_}" if abs(value) >= 10_000 else str(int(value))
    return repr(value)


def toml_text(text: str) -> str:
    """Rows of text as a TOML string that shows its rows."""
    if "\n" not in text:
        return toml_value(text)
    return '"""\n' + "\n".join(toml_value(row)[1:-1] for row in text.split("\n")) + '"""'


def block(section: str, name: str, fields: Fields) -> str:
    """One entry under a header of its own."""
    header = "[[events]]" if section == "events" else f"[{section}.{name}]" if name else f"[{section}]"
    return "\n".join([header, *(f"{key} = {toml_value(value)}" for key, value in fields.items())]) + "\n"


def laid_out(content: Content) -> str:
    """A new file in the usual order."""
    parts = ["".join(f"{key} = {toml_text(value) if isinstance(value, str) else value}\n" for key, value in content.head.items())]
    horizon = content.horizon if "extends" in content.head else content.whole_horizon  # a new file of its own says its days
    if horizon:
        parts.append("[horizon]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in horizon.items()))
    for section in SECTIONS:
        entries = {name: fields for (home, name), fields in content.needed.items() if home == section}
        if section == "goals" and entries:
            parts.append("[goals]\n" + "".join(f"{name} = {toml_value(fields)}\n" for name, fields in entries.items()))
        else:
            parts.extend(block(section, name, fields) for name, fields in entries.items())
    parts.extend(block(table, "", content.needed[table, ""]) for table in SHOP if (table, "") in content.needed)
    return "\n".join(parts)


def _edited(base_text: str, content: Content) -> str | None:
    """The existing text with what must change changed; None where that cannot be done safely."""
    from sim.scenario.editing import edited

    try:
        return edited(base_text, content)
    except Exception:  # a text that cannot be edited is laid out anew, with its comments on top; the read-back is the judge
        return None


def _says(text: str, scenario: Scenario, extends: str | None, beside: Path | None, folder: str | Path | None) -> bool:
    """Does this text read back as this scenario, over this parent?"""
    try:
        back = resolved(
            scenario.name, text, label=scenario.name, path=None, beside=beside, folder=folder, posterior=scenario.posterior
        )
        return back.extends == extends and same(back, scenario)
    except (UserError, ValueError):  # ValueError: a number that has no digest
        return False


def same(a: Scenario, b: Scenario) -> bool:
    texts = ("title", "question", "author", "notes")
    if a.posterior is not None and b.posterior is not None and a.posterior.file != b.posterior.file:
        return False  # the same draws, looked for under another name
    return a.digest == b.digest and all(getattr(a, key) == getattr(b, key) for key in texts)


def _with_comments_of(base_text: str, text: str) -> str:
    """The new layout under the comments of the old text."""
    from sim.scenario.editing import comments

    kept = comments(base_text)
    return "\n".join([*kept, "", text]) if kept else text


def _existing(path: Path) -> str | None:
    """The file that will be replaced, if it is readable text."""
    with path.open("rb") as stream:
        data = stream.read()
    try:
        return decoded(data, str(path))
    except UserError:
        return None


def put_in_place(path: Path, text: str, scenario: Scenario, folder: str | Path | None) -> None:
    """Write a scenario file, read it back, and only then let it take the old one's place."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(f"{path} was not saved: its text holds characters that UTF-8 cannot write.", exit_code=INVALID) from None

    def reads_back(temporary: Path) -> None:
        back = decoded(temporary.read_bytes(), str(path))
        read = resolved(scenario.name, back, label=str(path), path=path, beside=path.parent, folder=folder)
        if not same(read, replace(scenario, path=None)):
            raise UserError(f"{path} was not saved: what would be written does not read back as this scenario.", exit_code=UNREADABLE)
        if path.exists():
            shutil.copymode(path, temporary)

    try:
        with replacing(path, finished=reads_back) as stream:
            stream.write(data)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UserError(f"{path} could not be written: {reason}. Nothing was changed.", exit_code=UNREADABLE)

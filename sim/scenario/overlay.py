"""Finds scenario files, follows `extends` and lays the files over each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import UNREADABLE, UserError
from sim.parameters import registry
from sim.scenario import checks, posterior
from sim.scenario.parsing import Layer, layer
from sim.scenario.posterior import Posterior
from sim.scenario.text import Source, file_text, parsed
from sim.scenario.values import DEFAULT_DAYS, DEFAULT_START, Scenario, event_order

FOLDER_VARIABLE = "WHATIF_SCENARIOS"
LONGEST_CHAIN = 20


def scenario_folder(explicit: str | Path | None = None) -> Path:
    """--scenarios DIR, else $WHATIF_SCENARIOS, else ./scenarios, else the one that ships with the package."""
    for given, whose in ((explicit, "--scenarios"), (os.environ.get(FOLDER_VARIABLE), f"${FOLDER_VARIABLE}")):
        if given:
            if not _is_folder(Path(given)):
                raise UserError(f"{whose}: {given} is not a folder.", exit_code=UNREADABLE)
            return Path(given)
    if _is_folder(Path("scenarios")):
        return Path("scenarios")
    package = Path(__file__).resolve().parents[1]
    shipped = package / "shipped_scenarios"  # in a wheel; a checkout has them beside the package
    return shipped if shipped.is_dir() else package.parent / "scenarios"


def scenario_names(folder: str | Path | None = None) -> list[str]:
    """Stems of the scenario files in a folder: the baseline first, then by name."""
    home = scenario_folder(folder)
    try:
        stems = [name.removesuffix(".toml") for name in os.listdir(home) if name.endswith(".toml") and not name.startswith(".")]
    except OSError as error:
        raise UserError(f"{home} cannot be read: {error.strerror or error}.", exit_code=UNREADABLE) from None
    return sorted(stems, key=lambda stem: (stem != "baseline", stem))


def load(reference: str | Path, folder: str | Path | None = None) -> Scenario:
    """A scenario by path, or by stem in the scenario folder, with everything that it extends."""
    path = located(reference, folder)
    return resolved(_named(path), file_text(path), label=str(path), path=path, beside=path.parent, folder=folder)


def loads(text: str, *, name: str, folder: str | Path | None = None, beside: Path | None = None) -> Scenario:
    """A scenario from text (an upload, an editor). What it extends is looked for in `beside`, then in the folder."""
    return resolved(name, text.removeprefix("\ufeff"), label=name, path=None, beside=beside, folder=folder)


def _named(path: Path) -> str:
    return path.name.removesuffix(".toml")


def located(reference: str | Path, folder: str | Path | None = None) -> Path:
    """Where a scenario's file is. A bare word is a stem; anything with a folder or .toml in it is a path."""
    words = str(reference)
    if not words.strip():
        raise UserError("the name of a scenario is empty; give a path or a name such as baseline.")
    path = Path(reference)
    if len(path.parts) == 1 and words not in (".", "..") and not words.endswith(("/", os.sep)):
        if words.endswith(".toml") and _exists(path):
            return path
        home = scenario_folder(folder)
        found = home / (words if words.endswith(".toml") else f"{words}.toml")
        if _exists(found):
            return found
        if _exists(path) and not path.is_dir():
            return path
        hint = checks.suggestion(words.removesuffix(".toml"), scenario_names(folder))
        shown = words if words.isprintable() else ascii(words)[1:-1]
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise UserError(f"there is no scenario {shown} in {home}.{hint}", exit_code=UNREADABLE)
    if not _exists(path) and _exists(with_suffix := path.with_name(f"{path.name}.toml") if path.name else path):
        return with_suffix
    return path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a folder above it that may not be entered
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a name, or a NUL in it
        return False


def resolved(
    name: str, text: str, *, label: str, path: Path | None, beside: Path | None, folder: str | Path | None,
    posterior: Posterior | None = None,
) -> Scenario:
    """A text and its chain of `extends` as one scenario. `posterior`: draws at hand, for a text whose Parquet is not beside it yet."""
    layers, homes = _chain(Source(label, text), path=path, beside=beside, folder=folder)
    return _overlaid(name, path, layers, homes, posterior)


def _chain(source: Source, *, path: Path | None, beside: Path | None, folder: str | Path | None) -> tuple[list[Layer], list[list[Path]]]:
    """The file's layer, then what it extends, and so on; and where each one's Parquet would be."""
    book = registry()
    layers = [layer(parsed(source), source, book)]
    seen = [path.resolve()] if path is not None else []
    homes = [[scenario_folder(folder)] if beside is None and layers[0].posterior else [beside] if beside is not None else []]
    while (stem := layers[-1].extends) is not None:
        child = layers[-1].source
        parent = _parent(stem, child, beside, folder)
        if parent.resolve() in seen:
            names = " -> ".join(_named(item) for item in (*seen, parent))
            raise child.fault(("extends",), f"a cycle: {names}. A scenario cannot extend itself.")
        if len(layers) > LONGEST_CHAIN:
            raise child.fault(("extends",), f"a chain of more than {LONGEST_CHAIN} files; {LONGEST_CHAIN} are allowed.")
        seen.append(parent.resolve())
        above = Source(str(parent), file_text(parent))
        layers.append(layer(parsed(above), above, book))
        beside = parent.parent
        homes.append([beside])
    return layers, homes


def _parent(stem: str, child: Source, beside: Path | None, folder: str | Path | None) -> Path:
    home = scenario_folder(folder)
    places = [home] if beside is None or beside.resolve() == home.resolve() else [beside, home]
    for place in places:
        if _exists(place / f"{stem}.toml"):
            return place / f"{stem}.toml"
    known = [path.stem for place in places for path in place.glob("*.toml")]
    says = f'there is no scenario "{stem}" in {" or ".join(str(place) for place in places)}.{checks.suggestion(stem, known)}'
    raise child.fault(("extends",), says)


def _overlaid(name: str, path: Path | None, layers: list[Layer], homes: list[list[Path]], at_hand: Posterior | None) -> Scenario:
    """The layers from the oldest ancestor to the file itself: a later entry of the same name replaces an earlier one."""
    merged: dict[str, dict[str, Any]] = {section: {} for section in ("levers", "assumptions", "baseline", "events", "goals")}
    home: dict[tuple[str, str], Layer] = {}
    start, days = None, DEFAULT_DAYS
    for item in reversed(layers):
        start, days = item.start or start, item.days or days
        for section, entries in merged.items():
            entries.update(getattr(item, section))
        home.update(dict.fromkeys(item.paths, item))
    own = layers[0]
    scenario = Scenario(
        name=name,
        path=path,
        title=own.texts["title"],
        question=own.texts.get("question", ""),
        author=own.texts.get("author", ""),
        notes=own.texts.get("notes", ""),
        extends=own.extends,
        start=start or DEFAULT_START,
        days=days,
        events=tuple(sorted(merged["events"].values(), key=event_order)),
        levers=_by_name(merged["levers"]),
        assumptions=_by_name(merged["assumptions"]),
        baseline=_by_name(merged["baseline"]),
        goals=_by_name(merged["goals"]),
        profile=next((item.profile for item in layers if item.profile is not None), None),
        posterior=_posterior(layers, homes, at_hand),
    )
    if start is None:
        scenario = replace(scenario, start=scenario.usual_start)

    def faults(section: str, entry: str) -> checks.Fault:
        place = home[section, entry]

        def fault(field: str, says: str) -> UserError:
            where = place.paths[section, entry]
            return place.source.fault((*where, field) if field else where, says)

        return fault

    checks.check_scenario(scenario, registry(), faults)
    return scenario.settled()


def _posterior(layers: list[Layer], homes: list[list[Path]], at_hand: Posterior | None) -> Posterior | None:
    """The draws of the nearest file that states some, found beside that file; what they need of the [profile] must be there."""
    place = next((place for place, item in enumerate(layers) if item.posterior is not None), None)
    if place is None:
        return None
    item = layers[place]

    def fault(field: str, says: str) -> UserError:
        return item.source.fault(("posterior", field) if field else ("posterior",), says)

    file, sha256 = item.posterior
    found = posterior.found(file, sha256, homes[place], fault, known=at_hand)
    with_profile = next((number for number, other in enumerate(layers) if other.profile is not None), None)
    if with_profile is not None and with_profile < place and found.profiled:
        says = f"would not hold: the draws of {item.source.label} give the calendar of the shop; calibrate again, or leave [profile] out."
        raise layers[with_profile].source.fault(("profile",), says)
    posterior.check_beside(found, None if with_profile is None else layers[with_profile].profile, fault)
    return found


def _by_name(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entries[name] for name in sorted(entries)}

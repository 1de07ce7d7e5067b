"""Puts the shards of a sweep together: all of one sweep, every chunk there, in whatever order the folders are named."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim.errors import INVALID, UNREADABLE, UserError
from sim.outcome import model_version
from sim.sweeps.manifest import MANIFEST, Sweep
from sim.sweeps.spec import located_spec
from sim.sweeps.store import Log, Store
from sim.sweeps.tables import SweepResult, write_results


def merge_sweeps(folders: Sequence[str | Path], out: str | Path) -> SweepResult:
    """Copy the chunks of these folders into `out` and write the summary: the bytes that one run would have written."""
    target = Store.named(out)
    stores = [Store.named(folder, what="folder of a shard") for folder in folders]
    if not stores:
        raise UserError("nothing to merge: name the folders of the shards.")
    sweep, manifests = _one_sweep(stores)
    found = [target.content(sweep.chunk_name(number)) is not None for number in range(sweep.chunks)]
    homes = {number: home for number in range(sweep.chunks) if not found[number] and (home := _home(stores, sweep, number)) is not None}
    missing = [number for number in range(sweep.chunks) if not found[number] and number not in homes]
    if missing:
        raise UserError(_missing(sweep, missing, manifests), exit_code=INVALID)
    base = next((data["base"] for data in manifests if data.get("base")), None)
    log = Log(target, sweep, base=base, merged=len(folders))
    copied = 0
    try:
        for number, home in homes.items():
            _copy(sweep.chunk_name(number), home, target)
            copied += 1
        best = write_results(target, sweep)
        log.closed(made=len(homes), found=sum(found))
    except UserError as error:
        says = f"{error} {copied:,} of {len(homes):,} chunks are copied and kept; the same command goes on from there."
        raise UserError(says, exit_code=error.exit_code) from None
    return SweepResult(folder=target.folder, sweep=sweep, made=len(homes), found=sum(found), best=best)


def _copy(name: str, home: Store, target: Store) -> None:
    content = home.content(name)
    if content is None:
        raise UserError(f"{home.chunk_path(name)} was removed or changed meanwhile.", exit_code=UNREADABLE)
    target.put(name, content)


def _one_sweep(stores: Sequence[Store]) -> tuple[Sweep, list[dict[str, Any]]]:
    """The sweep that all folders hold parts of, in the words of one whatever their order, and their manifests."""
    read = []
    for store in stores:
        manifest = store.manifest()
        if manifest is None:
            what = f"holds no sweep ({MANIFEST} is missing)" if store.folder.is_dir() else "is not a folder"
            raise UserError(f"{store.folder} {what}.", exit_code=UNREADABLE)
        read.append(manifest)
    sweep = read[0][0]
    for store, (other, _) in zip(stores, read, strict=True):
        if differs := sweep.difference(other):
            raise UserError(f"{stores[0].folder} and {store.folder} hold different sweeps: {differs}; only shards of one go together.")
    if sweep.version != model_version():
        says = f"{stores[0].folder} is of model version {sweep.version}; this is {model_version()}: merge with the version that ran."
        raise UserError(says)
    sweep = min((sweep for sweep, _ in read), key=lambda one: (not one.title, one.title, one.name, one.question, one.base_name))
    return sweep, [data for _, data in read]


def _home(stores: Sequence[Store], sweep: Sweep, chunk: int) -> Store | None:
    """The first folder in which a chunk is whole."""
    name = sweep.chunk_name(chunk)
    return next((store for store in stores if store.content(name) is not None), None)


def _missing(sweep: Sweep, missing: Sequence[int], manifests: Sequence[dict[str, Any]]) -> str:
    """How many chunks are missing, and which commands make them."""
    shards = {data.get("shard") or "" for data in manifests}
    sizes = {shard.partition("/")[2] for shard in shards}
    size = sizes.pop() if len(sizes) == 1 else ""
    spec = _spec(sweep, manifests)
    if size:
        wanted = sorted({number % int(size) + 1 for number in missing})
        parts = [f"--shard {part}/{size}" for part in wanted[:4]] + (["…"] if len(wanted) > 4 else [])
        makes = f"`whatif sweep {spec} --out DIR` with {' and with '.join(parts)} makes"
    else:
        makes = f"`whatif sweep {spec} --out DIR` makes"
    return f"{len(missing):,} of {sweep.chunks:,} chunks are missing or damaged; {makes} them."


def _spec(sweep: Sweep, manifests: Sequence[dict[str, Any]]) -> str:
    """The sweep's file as a command can name it here: by its name if it is a known sweep, by its path if there is such a file."""
    runs = (run for data in manifests for run in data.get("runs") or [] if isinstance(run, Mapping))
    paths = [path for run in runs if isinstance(path := run.get("spec"), str)]
    named = []
    with suppress(UserError):  # no scenario folder, or no sweep of this name in it
        named = [path for path in [str(located_spec(sweep.name))] if os.path.isfile(path)]
    for path in dict.fromkeys(paths):
        if path not in named and os.path.isfile(path):
            return shlex.quote(path)
    return shlex.quote(sweep.name) if named else "SPEC"

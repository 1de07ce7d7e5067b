"""Puts the shards of a sweep together: all of one sweep, every chunk there, in whatever order the folders are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import INVALID, UNREADABLE, UserError
from sim.outcome import model_version
from sim.sweeps.manifest import MANIFEST, Sweep
from sim.sweeps.store import Log, Store
from sim.sweeps.tables import SweepResult, write_results


def merge_sweeps(folders: Sequence[str | Path], out: str | Path) -> SweepResult:
    """Copy the chunks of these folders into `out` and write the summary: the bytes that one run would have written."""
    stores = [Store(folder=Path(folder)) for folder in folders]
    if not stores:
        raise UserError("nothing to merge: name the folders of the shards.")
    sweep, manifests = _one_sweep(stores)
    target = Store(folder=Path(out))
    found = [target.content(sweep.chunk_name(number)) is not None for number in range(sweep.chunks)]
    homes = {number: home for number in range(sweep.chunks) if not found[number] and (home := _home(stores, sweep, number)) is not None}
    missing = [number for number in range(sweep.chunks) if not found[number] and number not in homes]
    if missing:
        raise UserError(_missing(sweep, missing, manifests), exit_code=INVALID)
    log = Log(target, sweep, base=manifests[0].get("base"), merged=len(folders))
    for number, home in homes.items():
        name = sweep.chunk_name(number)
        content = home.content(name)
        if content is None:
            raise UserError(f"{home.chunk_path(name)} was removed or changed meanwhile.", exit_code=UNREADABLE)
        target.put(name, content)
    best = write_results(target, sweep)
    log.closed(made=len(homes), found=sum(found))
    return SweepResult(folder=target.folder, sweep=sweep, made=len(homes), found=sum(found), best=best)


def _one_sweep(stores: Sequence[Store]) -> tuple[Sweep, list[dict[str, Any]]]:
    """The sweep that all folders hold parts of, and their manifests."""
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
    return sweep, [data for _, data in read]


def _home(stores: Sequence[Store], sweep: Sweep, chunk: int) -> Store | None:
    """The first folder in which a chunk is whole."""
    name = sweep.chunk_name(chunk)
    return next((store for store in stores if store.content(name) is not None), None)


def _missing(sweep: Sweep, missing: Sequence[int], manifests: Sequence[dict[str, Any]]) -> str:
    """How many chunks are missing, and which commands make them."""
    shards = {str(data.get("shard") or "") for data in manifests}
    sizes = {shard.partition("/")[2] for shard in shards}
    size = sizes.pop() if len(sizes) == 1 else ""
    spec = sweep.name or "SPEC"
    if size.isdecimal() and int(size) > 0:
        wanted = sorted({number % int(size) + 1 for number in missing})
        parts = [f"--shard {part}/{size}" for part in wanted[:4]] + (["…"] if len(wanted) > 4 else [])
        makes = f"`whatif sweep {spec} --out DIR` with {' and with '.join(parts)} makes"
    else:
        makes = f"`whatif sweep {spec} --out DIR` makes"
    return f"{len(missing):,} of {sweep.chunks:,} chunks are missing or damaged; {makes} them."

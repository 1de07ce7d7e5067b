"""Runs a sweep: what is there is kept, what is missing is done, chunk by chunk, wherever there are workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sim.batches import kpis_of
from sim.clusters import ensure_usable
from sim.engine import ensure_closes
from sim.errors import INVALID, UNREADABLE, UserError
from sim.executors import in_order
from sim.scenario import Scenario
from sim.sweeps.design import Axis
from sim.sweeps.manifest import Sweep
from sim.sweeps.spec import Spec, at_point, load_spec, writable
from sim.sweeps.store import Log, Store, packed
from sim.sweeps.tables import SweepResult, summarised, write_results


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is: chunks and points that are there, of those that it is to make sure of."""

    chunks: int
    of_chunks: int
    points: int
    of_points: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the chunks of a sweep have in common."""

    base: Scenario
    axes: tuple[Axis, ...]
    draws: int
    seed: int
    noise: bool
    kpis: tuple[str, ...]
    per_draw: bool


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One chunk's work: some points in a row, `first` counted from 1. All that a worker needs to know."""

    job: Job
    first: int
    rows: Sequence[Sequence[float]]


def content_of(unit: Unit) -> bytes:
    """The content of a unit's chunk: its scenarios are built here, and only their figures leave."""
    job = unit.job
    scenarios = [at_point(job.base, job.axes, unit.first + place, row) for place, row in enumerate(unit.rows)]
    by_kpi = kpis_of(scenarios, draws=job.draws, seed=job.seed, noise=job.noise, kpis=job.kpis)
    figures = [by_kpi[kpi] for kpi in job.kpis]
    digests = [scenario.digest for scenario in scenarios]
    if not job.per_draw:
        return packed(summarised(figures), digests, None)
    import numpy as np

    return packed(summarised(figures), digests, np.stack(figures, axis=1))


def run_sweep(
    spec: Spec | str | Path, out: str | Path, *, workers: int = 1, scheduler: str | None = None, shard: tuple[int, int] | None = None,
    progress: Callable[[Progress], None] | None = None, scenarios: str | Path | None = None,
) -> SweepResult:
    """Run a sweep into the folder `out`, or go on with it: finished chunks are not done again.

    `shard` (i, n) does every n-th chunk only; the summary is written once all chunks are in the folder. `progress` hears of every
    finished chunk. The files (but for the manifest's timings) are the same bytes whatever the workers, shards and interruptions.
    """
    store = Store.named(out)
    if scheduler is not None:  # before there is a folder: the sweep's file has no part in that
        ensure_usable(scheduler)
    if not isinstance(spec, Spec):
        spec = load_spec(spec, scenarios)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise UserError(f"shard {shard[0]}/{shard[1]}: the first number is from 1 to the second.")
    sweep = Sweep.of(spec)
    _ensure_closes(spec)
    base = {"name": spec.base.name, "digest": spec.base.digest, "resolved": spec.base.canonical()}
    part = None if shard is None else f"{shard[0]}/{shard[1]}"
    log = Log(store, sweep, base=base, shard=part, workers=workers, spec=writable(spec.label))
    mine = [number for number in range(sweep.chunks) if shard is None or number % shard[1] == shard[0] - 1]
    missing = [number for number in mine if store.content(sweep.chunk_name(number)) is None]
    found = len(mine) - len(missing)
    tell = _Teller(sweep, mine, missing, progress)
    try:
        with closing(in_order(content_of, _units(spec, sweep, missing), workers, scheduler)) as contents:
            for number, content in zip(missing, contents, strict=True):
                store.put(sweep.chunk_name(number), content)
                tell.made(number)
        complete = shard is None or all(store.content(sweep.chunk_name(number)) is not None for number in range(sweep.chunks))
        best = write_results(store, sweep) if complete else None
        log.closed(made=len(missing), found=found)
    except UserError as error:
        raise _explained(error, spec, tell) from None
    return SweepResult(folder=store.folder, sweep=sweep, made=len(missing), found=found, best=best)


def _units(spec: Spec, sweep: Sweep, chunks: Sequence[int]) -> Iterator[Unit]:
    """The work of these chunks, one after the other: a unit is made when it is asked for."""
    job = Job(
        base=spec.base, axes=spec.design.axes, draws=spec.draws, seed=spec.seed, noise=spec.noise, kpis=spec.kpis, per_draw=spec.per_draw
    )
    for number in chunks:
        first, count = sweep.span(number)
        yield Unit(job=job, first=first + 1, rows=spec.design.values(first, count).tolist())


TRIED = 500_000  # lanes: a few seconds


def _ensure_closes(spec: Spec) -> None:
    """Refuse, before there is a folder, a sweep some of whose worlds cannot reproduce their totals.

    Levers do not enter there, so only points with other assumptions are tried: all of them where that takes seconds, else the
    outermost ones.
    """
    worlds = {spec.base.digest: spec.base}
    if any(axis.section == "assumptions" for axis in spec.design.axes):
        few = spec.design.count * spec.draws <= TRIED
        numbers = range(spec.design.count) if few else spec.design.extremes()
        points = (spec.scenario(number + 1) for number in numbers)
        worlds = {(tuple(point.assumptions.items()), tuple(point.baseline.items())): point for point in points}
    for world in worlds.values():
        try:
            ensure_closes(world, draws=spec.draws, seed=spec.seed)
        except UserError as error:
            raise UserError(f"{spec.label}: {error}", exit_code=error.exit_code) from None


def _explained(error: UserError, spec: Spec, tell: _Teller) -> UserError:
    """A refusal names the sweep's file; a failure says what is kept."""
    if error.exit_code == INVALID:
        says = f"{error} {tell.done:,} of {tell.all:,} chunks are done and stay in the folder." if tell.done else str(error)
        return UserError(f"{spec.label}: {says}", exit_code=INVALID)
    if error.exit_code != UNREADABLE:
        return error
    says = f"{error} {tell.done:,} of {tell.all:,} chunks are done and kept; the same command goes on from there."
    return UserError(says, exit_code=UNREADABLE)


class _Teller:
    """Counts finished chunks and points, for whoever listens."""

    def __init__(self, sweep: Sweep, mine: Sequence[int], missing: Sequence[int], listener: Callable[[Progress], None] | None) -> None:
        self.sweep, self.listener = sweep, listener
        self.all, self.done = len(mine), len(mine) - len(missing)
        self.of_points = self._points(mine)
        self.points = self.of_points - self._points(missing)
        self._tell()

    def made(self, chunk: int) -> None:
        self.done += 1
        self.points += self._points([chunk])
        self._tell()

    def _points(self, chunks: Sequence[int]) -> int:
        return sum(self.sweep.span(number)[1] for number in chunks)

    def _tell(self) -> None:
        if self.listener is not None:
            self.listener(Progress(chunks=self.done, of_chunks=self.all, points=self.points, of_points=self.of_points))

"""Opens the folder of a sweep, finished or not, for whoever reads it. Nothing is run and nothing is written here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import INVALID, UNREADABLE, UserError
from sim.model.world import Array
from sim.outcome import model_version
from sim.parameters import registry
from sim.sweeps.manifest import MANIFEST, Sweep
from sim.sweeps.spec import FOLDER
from sim.sweeps.store import Store, unpacked
from sim.sweeps.tables import STATISTICS

if TYPE_CHECKING:
    from pandas import DataFrame

SUMMARY = "summary.parquet"
LARGEST_MANIFEST = 200_000_000  # bytes: a list of a million points stays far below
MOST_CHUNKS = 4_000  # read from an unfinished sweep, and points: enough to see where it is going
MOST_POINTS_READ = 20_000
LONGEST_PATH = 1_000
PLACES, DEPTH = 2_000, 2  # folders looked into for sweeps, and how far down
_OURS = re.compile(rb'\A\s*\{\s*"schema":\s*\d+,\s*"sweep":\s*\{')


class FolderFault(UserError):
    """Why a folder cannot be opened: `kind` names the reason, for whoever says it in another language; `detail` is the system's word."""

    def __init__(self, kind: str, says: str, *, detail: str = "") -> None:
        super().__init__(says, exit_code=INVALID if kind in ("control", "parent", "long", "schema") else UNREADABLE)
        self.kind, self.detail = kind, detail

    def __reduce__(self) -> tuple:
        return type(self), (self.kind, self.message)


@dataclass(frozen=True, kw_only=True)
class Points:
    """The points that are there, a row each: point, the axes by name, mean, p10, p50 and p90 of `kpi`, `<kpi>.mean` of the others.

    They come from the summary or, where there is none yet (or it is `damaged`), from the chunks. `chunks` counts the sound ones;
    `cut` says that there are more points than were read.
    """

    kpi: str
    frame: DataFrame
    whole: bool
    damaged: bool = False
    chunks: int = 0
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenedSweep:
    """A sweep's folder as it is now. `base` holds where the base has each lever that the sweep moves."""

    folder: Path
    sweep: Sweep
    shard: str
    base: Mapping[str, float]
    stamp: tuple[Any, ...]  # another one as soon as something in the folder has changed

    @property
    def current(self) -> bool:
        """Was it made by this version of the model?"""
        return self.sweep.version == model_version()

    @property
    def best_kpi(self) -> str:
        """The figure by which the command line names a best point."""
        return "net_gmv" if "net_gmv" in self.sweep.kpis else self.sweep.kpis[0]

    def points(self, kpi: str) -> Points:
        """What is there of the points, with this figure in full."""
        path, damaged = self.folder / SUMMARY, False
        if path.exists():
            frame = _summary(path, self.sweep, _names(self.sweep, kpi))
            if frame is not None:
                return Points(kpi=kpi, frame=_titled(frame, kpi), whole=True, chunks=self.sweep.chunks)
            damaged = True
        frame, chunks, cut = _from_chunks(self.folder, self.sweep, _names(self.sweep, kpi))
        return Points(kpi=kpi, frame=_titled(frame, kpi), whole=False, damaged=damaged, chunks=chunks, cut=cut)

    def figures(self, statistic: str) -> DataFrame:
        """The points that are there, a row each: point, the axes and all figures by name, each by this one of STATISTICS."""
        names = _names(self.sweep, "", statistic)
        frame = _summary(self.folder / SUMMARY, self.sweep, names)
        if frame is None:
            frame = _from_chunks(self.folder, self.sweep, names)[0]
        return frame.rename(columns={f"{kpi}.{statistic}": kpi for kpi in self.sweep.kpis})

    def digest(self, point: int) -> str | None:
        """The digest that stands beside a point, counted from 1; None where the point is not computed."""
        chunk = (point - 1) // self.sweep.points_each
        read = _chunk(self.folder, self.sweep, chunk, _present(self.folder)) if 1 <= point <= self.sweep.points else None
        return None if read is None else read.digests[point - 1 - read.first]


def folder_named(text: str) -> Path:
    """The folder that somebody wrote down. A path is never a way round: no "..", nothing that cannot be seen."""
    text = text.strip().strip("\"'“”")
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text):
        raise FolderFault("control", "the path holds characters that cannot be seen; type it again.")
    if len(text) > LONGEST_PATH:
        raise FolderFault("long", f"the path is longer than {LONGEST_PATH:,} characters.")
    if ".." in re.split(r"[\\/]", text):
        raise FolderFault("parent", 'the path goes up with ".."; write it in full.')
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~somebody who is not known here
        return Path(text)


def open_sweep(folder: str | Path) -> OpenedSweep:
    """What a folder holds, read from its manifest; a FolderFault where it holds no sweep that can be read."""
    path = Path(folder)
    _ensure_folder(path)
    try:
        size = (path / MANIFEST).stat().st_size
        (path / MANIFEST).open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        raise FolderFault("no_sweep", f"{path} holds no sweep ({MANIFEST} is missing).") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path / MANIFEST, error) from None
    broken = FolderFault("manifest", f"{path / MANIFEST} cannot be read as the manifest of a sweep.")
    if size > LARGEST_MANIFEST:
        raise broken
    try:
        found = Store(folder=path).manifest()
    except UserError as error:
        raise FolderFault("schema", error.message) if error.exit_code == INVALID else broken from None
    except (RecursionError, MemoryError, OverflowError):
        raise broken from None
    if found is None or not _plausible(found[0]):
        raise broken
    sweep, data = found
    shard = data.get("shard")
    return OpenedSweep(
        folder=path, sweep=sweep, shard=shard if isinstance(shard, str) else "", base=_at_base(sweep, data.get("base")),
        stamp=_stamp(path),
    )


def found_sweeps(roots: Sequence[str | Path], depth: int = DEPTH) -> list[Path]:
    """Folders with a sweep in or below these, at most `depth` levels down; only so many are looked at, and none that is hidden."""
    found: dict[Path, None] = {}
    looked = 0
    level = list(dict.fromkeys(Path(root) for root in roots))
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            looked += 1
            if looked > PLACES:
                return sorted(found)
            if _holds_sweep(folder):
                found[folder] = None
            else:
                below += _inside(folder)
        level = below
    return sorted(found)


def _ensure_folder(path: Path) -> None:
    try:
        if not path.exists():
            raise FolderFault("missing", f"there is no folder {path}.")
        if not path.is_dir():
            raise FolderFault("file", f"{path} is a file, not a folder.")
        next(os.scandir(path), None)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> FolderFault:
    detail = getattr(error, "strerror", None) or str(error)
    return FolderFault("unreadable", f"{path} cannot be read: {detail}.", detail=detail)


def _inside(folder: Path) -> list[Path]:
    """The folders in a folder where a planner may keep results: not the hidden ones, not those of a program."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0] not in "._")
    except OSError:
        return []
    return [folder / name for name in names if name not in ("node_modules", "venv", "site-packages")]


def _holds_sweep(folder: Path) -> bool:
    """Is there a manifest of ours? Its beginning tells, however long it is."""
    try:
        with (folder / MANIFEST).open("rb") as stream:
            return _OURS.match(stream.read(400)) is not None
    except (OSError, ValueError):
        return False


def _plausible(sweep: Sweep) -> bool:
    """Has a manifest that parses also values of the right kind? Anybody may have written it."""
    names = [axis.name for axis in sweep.design.axes]
    texts = (sweep.name, sweep.title, sweep.question, sweep.version, sweep.base, sweep.base_name, *names)
    counts = (sweep.days, sweep.draws, sweep.seed, sweep.points)
    return (
        all(isinstance(text, str) for text in texts) and all(type(count) is int for count in counts) and sweep.draws > 0
        and 0 < len(names) == len(set(names)) and len(sweep.kpis) == len(set(sweep.kpis)) > 0
    )


def _at_base(sweep: Sweep, base: Any) -> dict[str, float]:
    """Where the base has the levers, as far as the manifest and the registry tell."""
    resolved = base.get("resolved") if isinstance(base, Mapping) else None
    resolved = resolved if isinstance(resolved, Mapping) else {}
    found = {}
    for axis in sweep.design.axes:
        entries = [resolved.get(section, {}) for section in ("levers", "baseline")]
        settings = [entry.get(axis.name) for entry in entries if isinstance(entry, Mapping)]
        given = [entry.get("target", entry.get("value")) for entry in settings if isinstance(entry, Mapping)]
        if axis.section == "levers" and axis.name in registry():
            given.append(registry()[axis.name].value)
        numbers = [value for value in given if isinstance(value, int | float) and not isinstance(value, bool)]
        if axis.section == "levers" and numbers:
            found[axis.name] = float(numbers[0])
    return found


def _stamp(folder: Path) -> tuple[Any, ...]:
    stamps = []
    for path in (folder / MANIFEST, folder / SUMMARY, folder / "chunks"):
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def _names(sweep: Sweep, kpi: str, statistic: str = "mean") -> list[str]:
    """Columns of a summary: point, axes, all statistics of one figure, one statistic of the others."""
    axes = [axis.name for axis in sweep.design.axes]
    full = [f"{kpi}.{what}" for what in STATISTICS if kpi]
    return ["point", *axes, *full, *(f"{other}.{statistic}" for other in sweep.kpis if other != kpi)]


def _titled(frame: DataFrame, kpi: str) -> DataFrame:
    return frame.rename(columns={f"{kpi}.{what}": what for what in STATISTICS})


def _summary(path: Path, sweep: Sweep, names: list[str]) -> DataFrame | None:
    """These columns of the summary; None where it is not there, cut short, damaged or another sweep's."""
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows != sweep.points:
                return None
            frame = file.read(columns=names).to_pandas()
        if list(frame.columns) != names:
            frame = frame[names]
        frame = frame.astype({name: "int64" if name == "point" else "float64" for name in names})
    except (OSError, ValueError, KeyError, TypeError, ArrowException):
        return None
    return frame if list(frame.columns) == names else None


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A chunk: its first point from 0, values [point, axis], summary [point, figure, 4] and digests."""

    first: int
    values: Array
    summary: Array
    digests: tuple[str, ...]


def _from_chunks(folder: Path, sweep: Sweep, names: list[str]) -> tuple[DataFrame, int, bool]:
    """These columns of the chunks that are there and sound, in order; how many chunks, and whether there are more than were read."""
    from pandas import DataFrame

    present = _present(folder)
    found: list[_Read] = []
    points, cut = 0, False
    for chunk in range(sweep.chunks) if present else ():
        if len(found) >= MOST_CHUNKS or points >= MOST_POINTS_READ:
            cut = len(present) > len(found)
            break
        read = _chunk(folder, sweep, chunk, present)
        if read is not None:
            found.append(read)
            points += len(read.values)
    if not found:
        return DataFrame({name: np.empty(0) for name in names}), 0, False
    columns = {"point": np.concatenate([np.arange(read.first + 1, read.first + 1 + len(read.values)) for read in found])}
    values, summary = (np.concatenate([getattr(read, what) for read in found]) for what in ("values", "summary"))
    columns |= {axis.name: values[:, place] for place, axis in enumerate(sweep.design.axes)}
    columns |= {
        f"{kpi}.{what}": summary[:, figure, place]
        for figure, kpi in enumerate(sweep.kpis) for place, what in enumerate(STATISTICS) if f"{kpi}.{what}" in names
    }
    chunks = min(len(present), sweep.chunks) if cut else len(found)
    return DataFrame({name: columns[name] for name in names}), chunks, cut


def _present(folder: Path) -> set[str]:
    try:
        return {entry.removesuffix(".chunk") for entry in os.listdir(folder / "chunks") if entry.endswith(".chunk")}
    except OSError:
        return set()


def _chunk(folder: Path, sweep: Sweep, chunk: int, present: set[str]) -> _Read | None:
    """A chunk; None where it is not there or not sound."""
    try:
        name = sweep.chunk_name(chunk)
        content = Store(folder=folder).content(name) if name in present else None
        if content is None:
            return None
        first, count = sweep.span(chunk)
        values, held = sweep.design.values(first, count), unpacked(content, per_draw=False)
    except (UserError, ValueError, IndexError, TypeError, EOFError):
        return None
    sound = held.summary.shape == (count, len(sweep.kpis), len(STATISTICS)) and len(held.digests) == count
    return _Read(first=first, values=values, summary=held.summary, digests=held.digests) if sound else None


def spec_files(scenarios: Path) -> list[Path]:
    """The sweep files of a scenario folder."""
    return sorted((scenarios / FOLDER).glob("*.toml"))

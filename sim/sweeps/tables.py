"""What a finished sweep is read from: summary.parquet, summary.csv, draws/*.parquet and README.txt.

All of them are written in one pass over the chunks, some thousand points at a time, and their bytes depend on the sweep alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UNREADABLE, UserError
from sim.model.world import Array
from sim.outcome import KPIS, mean, quantiles
from sim.parameters import UNITS, registry
from sim.sweeps.manifest import Sweep
from sim.sweeps.store import Chunk, Store, unpacked

if TYPE_CHECKING:
    from pandas import DataFrame

STATISTICS = ("mean", "p10", "p50", "p90")
SHARES = (0.1, 0.5, 0.9)
GROUP_POINTS = 16_384  # of a row group of the summary
FILE_LANES, GROUP_LANES = 1 << 20, 1 << 16  # of a file of draws, and of its row groups


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """What a sweep has come to. `best` is the point that is best on the mean, once all chunks are there.

    `made` and `found` count the chunks of this run: computed (or copied) now, and there already.
    """

    folder: Path
    sweep: Sweep
    made: int
    found: int
    best: Mapping[str, Any] | None

    @property
    def complete(self) -> bool:
        return self.best is not None

    def frame(self) -> DataFrame:
        """The summary as a DataFrame: a row per point."""
        import pandas

        if not self.complete:
            raise UserError(f"{self.folder} is not complete: it has no summary yet.")
        return pandas.read_parquet(self.folder / "summary.parquet")

    def to_json(self) -> dict[str, Any]:
        sweep = self.sweep
        return {
            "folder": str(self.folder), "title": sweep.title or sweep.name, "base": sweep.base_name, "points": sweep.points,
            "draws": sweep.draws, "seed": sweep.seed, "version": sweep.version, "complete": self.complete,
            "chunks": {"all": sweep.chunks, "made": self.made, "found": self.found}, "best": self.best,
        }


def summarised(figures: Sequence[Array]) -> Array:
    """Mean, p10, p50, p90 over draws; NaN where a figure is not defined in some draw. [point, draw] each -> [point, figure, 4]"""
    rows = [np.concatenate([mean(values)[None], quantiles(values, SHARES)]) for values in figures]
    for row, values in zip(rows, figures, strict=True):
        row[:, ~np.all(np.isfinite(values), axis=-1)] = np.nan
    return np.stack(rows).transpose(2, 0, 1)


def write_results(store: Store, sweep: Sweep) -> dict[str, Any]:
    """Write everything that is read from a finished sweep, and give its best point."""
    import pyarrow as arrow
    from pyarrow import parquet

    best = _Best(sweep)
    with ExitStack() as opened:
        stream = opened.enter_context(store.replacing(store.folder / "summary.csv"))
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
        opened.callback(text.detach)
        rows = csv.writer(text)
        rows.writerow(columns(sweep))
        schema = _schema(arrow, _summary_units(sweep))
        binary = opened.enter_context(store.replacing(store.folder / "summary.parquet"))
        writer = opened.enter_context(parquet.ParquetWriter(binary, schema))
        for first, values, chunk in _groups(store, sweep):
            table = _summary_columns(first, values, chunk)
            writer.write_table(_arrow_table(arrow, table, schema))
            rows.writerows(zip(*(_cells(column) for column in table), strict=True))
            best.meet(first, values, chunk.summary)
    if sweep.per_draw:
        _write_draws(store, sweep, arrow, parquet)
    store.write_text("README.txt", readme(sweep))
    return best.found


def columns(sweep: Sweep) -> list[str]:
    """The columns of the summary."""
    return list(_summary_units(sweep))


def _summary_units(sweep: Sweep) -> dict[str, str]:
    """Column -> unit, in the order of the columns."""
    axes = {axis.name: registry()[axis.name].unit for axis in sweep.design.axes}
    figures = {f"{kpi}.{what}": KPIS[kpi].unit for kpi in sweep.kpis for what in STATISTICS}
    return {"point": "number"} | axes | figures | {"digest": "SHA-256"}


def _schema(arrow: Any, units: Mapping[str, str]) -> Any:
    kinds = {"point": arrow.int64(), "draw": arrow.int64(), "digest": arrow.string()}
    return arrow.schema([arrow.field(name, kinds.get(name, arrow.float64()), metadata={"unit": unit}) for name, unit in units.items()])


def _arrow_table(arrow: Any, table: Sequence[Any], schema: Any) -> Any:
    """Columns as Arrow holds them: null for no number."""
    return arrow.table([arrow.array(column, from_pandas=True) for column in table], schema=schema)


def _chunks(store: Store, sweep: Sweep) -> Iterator[tuple[int, Array, Chunk]]:
    """(first point, values [point, axis], chunk) of every chunk, in order."""
    for number in range(sweep.chunks):
        name = sweep.chunk_name(number)
        content = store.content(name)
        if content is None:
            says = f"{store.chunk_path(name)} was removed or changed meanwhile; the same command again makes it anew."
            raise UserError(says, exit_code=UNREADABLE)
        first, count = sweep.span(number)
        yield first, sweep.design.values(first, count), unpacked(content, per_draw=sweep.per_draw)


def _groups(store: Store, sweep: Sweep) -> Iterator[tuple[int, Array, Chunk]]:
    """The chunks put together to groups of about GROUP_POINTS points, without their draws."""
    waiting: list[tuple[int, Array, Chunk]] = []
    each = -(-GROUP_POINTS // sweep.points_each)
    for first, values, chunk in _chunks(store, sweep):
        waiting.append((first, values, Chunk(summary=chunk.summary, digests=chunk.digests, per_draw=None)))
        if len(waiting) == each:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _together(parts: Sequence[tuple[int, Array, Chunk]]) -> tuple[int, Array, Chunk]:
    summary = np.concatenate([chunk.summary for _, _, chunk in parts])
    digests = tuple(digest for _, _, chunk in parts for digest in chunk.digests)
    return parts[0][0], np.concatenate([values for _, values, _ in parts]), Chunk(summary=summary, digests=digests, per_draw=None)


def _summary_columns(first: int, values: Array, chunk: Chunk) -> list[Any]:
    """The columns of some points: their numbers, values, figures and digests."""
    numbers = np.arange(first + 1, first + 1 + len(values))
    figures = chunk.summary.reshape(len(values), -1)
    return [numbers, *values.T, *figures.T, list(chunk.digests)]


def _cells(column: Any) -> list[Any]:
    """Cells of a CSV: all digits, nothing for no number, 2 rather than 2.0."""
    if isinstance(column, list):
        return column
    return ["" if value != value else repr(value).removesuffix(".0") for value in column.tolist()]


def _write_draws(store: Store, sweep: Sweep, arrow: Any, parquet: Any) -> None:
    """Every figure in every draw, in files of about FILE_LANES rows cut at the same points in every run."""
    schema = _schema(arrow, {"point": "number", "draw": "number"} | {kpi: KPIS[kpi].unit for kpi in sweep.kpis})
    points = max(1, FILE_LANES // (sweep.points_each * sweep.draws)) * sweep.points_each
    chunks = _chunks(store, sweep)
    for first in range(0, sweep.points, points):
        last = min(first + points, sweep.points)
        path = store.folder / "draws" / f"points-{first + 1:07}-{last:07}.parquet"
        with store.replacing(path) as stream, parquet.ParquetWriter(stream, schema) as writer:
            for _ in range(-(-(last - first) // sweep.points_each)):
                begins, values, chunk = next(chunks)
                numbers = np.repeat(np.arange(begins + 1, begins + 1 + len(values)), sweep.draws)
                draws = np.tile(np.arange(sweep.draws), len(values))
                figures = [chunk.per_draw[:, place].reshape(-1) for place in range(len(sweep.kpis))]
                writer.write_table(_arrow_table(arrow, (numbers, draws, *figures), schema), row_group_size=GROUP_LANES)


class _Best:
    """The point that is best on the mean of net GMV, or of the first figure asked for where net GMV is not; the first of equals."""

    def __init__(self, sweep: Sweep) -> None:
        self.kpi = "net_gmv" if "net_gmv" in sweep.kpis else sweep.kpis[0]
        self.place, self.direction = sweep.kpis.index(self.kpi), KPIS[self.kpi].direction
        self.names = [axis.name for axis in sweep.design.axes]
        self.score = -np.inf
        self.found: dict[str, Any] = {"kpi": self.kpi, "unit": KPIS[self.kpi].unit, "point": None, "values": {}}
        self.found |= dict.fromkeys(STATISTICS)

    def meet(self, first: int, values: Array, summary: Array) -> None:
        means = summary[:, self.place, 0] * self.direction
        scores = np.where(np.isfinite(means), means, -np.inf)
        place = int(np.argmax(scores))
        if scores[place] > self.score:
            self.score = float(scores[place])
            row = {name: None if value != value else value for name, value in zip(self.names, values[place].tolist(), strict=True)}
            self.found |= {"point": first + place + 1, "values": row}
            self.found |= dict(zip(STATISTICS, summary[place, self.place].tolist(), strict=True))


def readme(sweep: Sweep) -> str:
    """What is in the folder: each column and its unit, and how to read it."""
    noise = "with day-to-day noise" if sweep.noise else "without day-to-day noise"
    lines = [
        sweep.title or sweep.name, *([sweep.question] if sweep.question else []), "",
        f"{sweep.points:,} points on the scenario {sweep.base_name}, {sweep.days:,} days, {sweep.draws:,} draws each, "
        f"seed {sweep.seed}, {noise}.", f"Model version {sweep.version}.", "",
        "summary.csv      a row per point; UTF-8 with a byte-order mark, so that Excel opens it as it is",
        "summary.parquet  the same rows for programs",
    ]
    if sweep.per_draw:
        lines.append("draws/           every figure in every draw: point, draw (from 0), a column per figure")
    lines += [
        "manifest.json    the sweep in full: base scenario, points, seed, version, and when it ran",
        "chunks/          the results as they were made; with them the same command goes on, and `whatif merge` puts shards together", "",
        "All points meet the same draws (draw 17 is the same world at every point), so differences between points are the plan's.",
        "mean, p10, p50 and p90 are over the draws; between p10 and p90 lie 80 % of them. A cell is empty where a figure is not",
        "defined in some draw, or where the base leaves an assumption open.",
        "Written by `whatif sweep`; the same sweep writes the same bytes. Do not edit the files here: copy them.", "", "Columns", "",
    ]
    rows = [("point", "number", "number of the point, from 1 / 编号，从 1 起")]
    for axis in sweep.design.axes:
        parameter = registry()[axis.name]
        kind = "lever" if axis.section == "levers" else "assumption, fixed in every draw"
        unit = UNITS[parameter.unit]["en"] if parameter.unit in UNITS else parameter.unit
        rows.append((axis.name, unit or "count", f"{parameter.label['en']} / {parameter.label['zh']} ({kind})"))
    for kpi in sweep.kpis:
        label = KPIS[kpi].label
        for what in STATISTICS:
            rows.append((f"{kpi}.{what}", KPIS[kpi].unit, f"{label['en']} / {label['zh']}, {what}"))
    rows.append(("digest", "SHA-256", "of the point's scenario, as `whatif run` shows it for the same --set and --assume"))
    wide = [max(len(row[place]) for row in rows) for place in (0, 1)]
    lines += [f"{name:<{wide[0]}}  {unit:<{wide[1]}}  {what}" for name, unit, what in rows]
    return "\n".join(lines) + "\n"

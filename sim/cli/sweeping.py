"""`whatif sweep` and `whatif merge`: many points without a screen. What is heavy is imported inside the commands."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import MOST_WORKERS, Output, Whole, folder_option, output_options
from sim.cli.printing import answer
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.sweeps import Progress, SweepResult
    from sim.texts import Words

INTERRUPTED = 130
MOST_SHARDS = 999_999
EVERY_S = 10.0  # between two lines of progress where there is no terminal


class Shard(click.ParamType):
    """i/n: every n-th chunk, beginning with the i-th."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,20})/(\d{1,20})", str(value), re.ASCII)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{str(value)[:40]!r} is not of the form i/n with i from 1 to n, for example 2/4", param, ctx)
        if int(found[2]) > MOST_SHARDS:
            self.fail(f"{str(value)!r} asks for too many parts; n is at most {MOST_SHARDS:,}", param, ctx)
        return int(found[1]), int(found[2])


_OUT = click.option("--out", required=True, metavar="DIR", help="Folder of the results: new, empty, or of the same sweep.")


@click.command()
@click.argument("spec", metavar="SPEC")
@_OUT
@click.option("--workers", type=Whole(1, MOST_WORKERS), default=1, show_default=True,
              help="Processes to share the points among; the files are the same, to the last bit.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask cluster to share them among instead, such as tcp://host:8786.")
@click.option("--shard", type=Shard(), metavar="i/n", help="Do the i-th of n parts only; `whatif merge` puts them together.")
@folder_option
@output_options
def sweep(
    *, spec: str, out: str, workers: int, scheduler: str | None, shard: tuple[int, int] | None, scenarios: str | None, output: Output
) -> None:
    """Run many points x draws into a folder.

    SPEC is a file or the name of one in the folder "sweeps" of the scenario folder, such as redirects_x_seats. A stopped sweep goes on
    with the same command; what is finished is kept.
    """
    from sim.sweeps import run_sweep
    from sim.texts import words

    say = words(output.lang)
    with _shown(output, say) as progress:
        try:
            result = run_sweep(
                spec, out, workers=workers, scheduler=scheduler, shard=shard, progress=progress.hears, scenarios=scenarios
            )
        except KeyboardInterrupt:
            progress.close()
            if progress.last is None:
                raise
            counts = {"done": f"{progress.last.chunks:,}", "all": f"{progress.last.of_chunks:,}"}
            raise UserError(say["sweep.interrupted"].format(**counts), exit_code=INTERRUPTED) from None
    _answered(result, output, say)


@click.command()
@click.argument("folders", metavar="DIR…", nargs=-1, required=True)
@_OUT
@output_options
def merge(*, folders: tuple[str, ...], out: str, output: Output) -> None:
    """Put the shards of a sweep together.

    The folders may be named in any order; the files are those that one run would have written.
    """
    from sim.sweeps import merge_sweeps
    from sim.texts import words

    _answered(merge_sweeps(folders, out), output, words(output.lang))


class _Silent:
    """Progress that nobody wants to see; it only remembers how far the sweep is."""

    last: Progress | None = None

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hears(self, progress: Progress) -> None:
        self.last = progress

    def close(self) -> None:
        """Nothing is shown any more."""


class _Lines(_Silent):
    """Lines now and then, for a log: the first, the last, and one every EVERY_S between."""

    def __init__(self, say: Words) -> None:
        self.say, self.told = say, -EVERY_S

    def hears(self, progress: Progress) -> None:
        first, self.last = self.last is None, progress
        now = time.monotonic()
        if first or progress.chunks == progress.of_chunks or now - self.told >= EVERY_S:
            self.told = now
            counts = {name: f"{getattr(progress, name):,}" for name in ("chunks", "of_chunks", "points", "of_points")}
            click.echo(self.say["sweep.progress"].format(**counts), err=True)


class _Bar(_Silent):
    """A bar with rate and time left, for a terminal."""

    def __init__(self, say: Words) -> None:
        self.say, self.bar = say, None

    def hears(self, progress: Progress) -> None:
        from tqdm import tqdm

        if self.bar is None:
            tqdm.monitor_interval = 0  # no thread that outlives the bar
            self.bar = tqdm(
                total=progress.of_points, initial=progress.points, unit=self.say["sweep.unit"], file=sys.stderr, dynamic_ncols=True,
                leave=False,
            )
        self.bar.update(progress.points - self.bar.n)
        self.last = progress

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def _shown(output: Output, say: Words) -> _Silent:
    if output.quiet or sys.stderr is None:
        return _Silent()
    return _Bar(say) if sys.stderr.isatty() else _Lines(say)


def _answered(result: SweepResult, output: Output, say: Words) -> None:
    data = result.to_json()

    def rows() -> list[dict[str, Any]]:
        flat = {key: data[key] for key in ("folder", "base", "points", "draws", "seed", "version", "complete")}
        best = data["best"] or {}
        return [flat | {f"best_{key}": best.get(key) for key in ("kpi", "point", "mean", "p10", "p50", "p90")}]

    def text() -> str:
        title = say.of_file(result.sweep.name, "title", result.sweep.title) or result.sweep.name
        return sweep_view(data, title=title, say=say)

    answer(output.format, data=data, rows=rows, text=text)


def sweep_view(data: Mapping[str, Any], *, title: str, say: Words) -> str:
    """What was run, where it is, and the best point."""
    from sim.figures import with_interval
    from sim.outcome import KPIS
    from sim.parameters import registry
    from sim.tables import table

    counts = {name: f"{data[name]:,}" for name in ("points", "draws")}
    chunks = {name: f"{count:,}" for name, count in data["chunks"].items()}
    lines = [title, say["sweep.done"].format(**counts, seed=data["seed"], base=data["base"], folder=data["folder"])]
    best = data["best"]
    nothing = not data["chunks"]["made"] and not data["chunks"]["found"]
    lines.append(say["sweep.nothing" if nothing else "sweep.part" if best is None else "sweep.chunks"].format(**chunks))
    if best is None:
        return "\n".join(lines)
    if best["point"] is None:
        return "\n".join(lines)
    figure = with_interval(best["mean"], best["p10"], best["p90"], best["unit"], say.language)
    label = KPIS[best["kpi"]].label[say.language]
    lines += ["", say["sweep.best"].format(kpi=label, point=f"{best['point']:,}", figure=figure), ""]
    rows = [
        (registry()[name].label[say.language], say["sweep.open"] if value is None else f"{value:.6g}", name)
        for name, value in best["values"].items()
    ]
    return "\n".join(lines) + "\n" + table((say["head.parameter"], say["head.value"], say["head.name"]), rows, right=(1,))

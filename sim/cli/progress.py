"""How long work tells how far it is, on stderr: a bar on a terminal, lines now and then elsewhere, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import click

from sim.cli.options import Output

if TYPE_CHECKING:
    from tqdm import tqdm

    from sim.texts import Words

EVERY_S = 10.0  # between two lines of progress where there is no terminal


class Meter:
    """Called with (done, of all) as the work proceeds; what it counts only has to grow.

        with Meter(output, say) as progress:
            kpis_of(..., progress=progress)
    """

    def __init__(self, output: Output, say: Words) -> None:
        self._say = say
        self._silent = output.quiet or sys.stderr is None
        self._terminal = not self._silent and sys.stderr.isatty()
        self._told = time.monotonic()
        self._bar: tqdm | None = None

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, of_all: int) -> None:
        if self._silent:
            return
        if self._terminal:
            self._shown(done, of_all)
        elif time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            click.echo(self._say["progress.line"].format(share=f"{done / max(1, of_all):.0%}"), err=True)

    def _shown(self, done: int, of_all: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            tqdm.monitor_interval = 0  # no thread that outlives the bar
            unit = self._say["progress.unit"]
            self._bar = tqdm(total=of_all, file=sys.stderr, dynamic_ncols=True, leave=False, unit_scale=True, unit=unit)
        self._bar.total = of_all
        self._bar.update(done - self._bar.n)

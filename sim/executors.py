"""Where units of work run: in this process, or in several processes of this machine.

A unit is a small, pure piece of work: the same unit gives the same bytes wherever and however often it runs. So results come
back in the order of the units, and the units of a worker that died are simply done again.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from sim.errors import UserError

Unit = TypeVar("Unit")
Result = TypeVar("Result")
TRIES = 3


def in_order(work: Callable[[Unit], Result], units: Sequence[Unit], workers: int = 1) -> Iterator[Result]:
    """Results of the units, in their order. `work` must be importable by name where workers > 1."""
    if workers == 1 or len(units) < 2:
        yield from map(work, units)
        return
    done, failures = 0, 0
    while done < len(units):
        try:
            for result in _pooled(work, units[done:], workers):
                yield result
                done += 1
        except BrokenProcessPool as broken:
            failures += 1
            if failures == TRIES:
                raise UserError(
                    f"worker processes died {TRIES} times (too little memory, perhaps); try fewer than {workers} workers.", exit_code=5
                ) from broken


def _pooled(work: Callable[[Unit], Result], units: Sequence[Unit], workers: int) -> Iterator[Result]:
    # Spawned, not forked: a fork copies the threads' locks of whoever asks, a Streamlit server for one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(units)), mp_context=context) as pool:
        # Two units a worker are under way: enough to keep all busy, and memory does not grow with the number of units.
        waiting: list[Future[Result]] = []
        ahead = iter(units)
        try:
            for unit in ahead:
                waiting.append(pool.submit(work, unit))
                if len(waiting) == 2 * workers:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

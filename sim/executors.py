"""Where units of work run: in this process, in several processes of this machine, or on a Dask cluster.

A unit is a small, pure piece of work: the same unit gives the same bytes wherever and however often it runs. So results come
back in the order of the units, and the units of a worker that died are simply done again. Only a few units are under way at a
time: memory does not grow with their number.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import connection
from typing import TypeVar

from sim.errors import UNREADABLE, UserError

Unit = TypeVar("Unit")
Result = TypeVar("Result")
TRIES = 3
AHEAD = 2  # units under way for each worker: enough to keep all of them busy


def in_order(
    work: Callable[[Unit], Result], units: Iterable[Unit], workers: int = 1, scheduler: str | None = None
) -> Iterator[Result]:
    """Results of the units, in their order; units are taken from the iterable as the work proceeds.

    `work` must be importable by name where it is done elsewhere. With `scheduler`, the address of a Dask scheduler such as
    "tcp://host:8786", its workers do all of it and `workers` is not used.
    """
    if scheduler is not None:
        from sim.clusters import on_cluster

        yield from on_cluster(work, units, scheduler)
        return
    ahead = iter(units)
    first = list(islice(ahead, 2))
    if workers == 1 or len(first) < 2:
        yield from map(work, chain(first, ahead))
    else:
        yield from _in_processes(work, chain(first, ahead), workers)


def cores(most: int) -> int:
    """Processors that this process may use, `most` at most: so many workers are worth starting."""
    mine = getattr(os, "sched_getaffinity", None)
    return min(most, len(mine(0)) if mine else os.cpu_count() or 1)


def _in_processes(work: Callable[[Unit], Result], units: Iterator[Unit], workers: int) -> Iterator[Result]:
    under_way: deque[tuple[Unit, Future[Result]]] = deque()
    failures = 0
    pool = _pool(workers)
    try:
        while True:
            for unit in islice(units, AHEAD * workers - len(under_way)):
                under_way.append((unit, _handed(pool, work, unit)))
            if not under_way:
                break
            try:
                result = under_way[0][1].result()
            except BrokenProcessPool as broken:
                failures += 1
                if failures == TRIES:
                    raise UserError(
                        f"worker processes died {TRIES} times (too little memory, perhaps); try fewer than {workers} workers.",
                        exit_code=UNREADABLE,
                    ) from broken
                _ended(pool)
                pool = _pool(workers)
                under_way = deque((unit, _handed(pool, work, unit)) for unit, _ in under_way)
                continue
            failures = 0  # a long sweep may lose a worker now and then; only the same unit again and again is hopeless
            under_way.popleft()
            yield result
    finally:
        _ended(pool)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork copies the threads' locks of whoever asks, a Streamlit server for one.
    most = 61 if os.name == "nt" else workers  # what Windows can wait for at once
    return ProcessPoolExecutor(min(workers, most), mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _handed(pool: ProcessPoolExecutor, work: Callable[[Unit], Result], unit: Unit) -> Future[Result]:
    """The unit's future; a pool that broke a moment ago says so there."""
    try:
        with _interrupts_held():
            return pool.submit(work, unit)
    except BrokenProcessPool as broken:
        lost: Future[Result] = Future()
        lost.set_exception(broken)
        return lost


def _ended(pool: ProcessPoolExecutor) -> None:
    """Ends a pool at once: what its processes are doing is not wanted any more, and nothing is left running."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process started in here never hears Ctrl-C, not even before its first line of Python: a signal mask is inherited."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: _begin is all there is
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """A worker process begins: Ctrl-C is its parent's business, and it does not outlive its parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)

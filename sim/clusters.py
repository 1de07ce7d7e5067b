"""Units of work on a Dask cluster: an optional extra, asked for by a scheduler's address.

Dask finds a worker for each unit and another one when it dies. Here is what Dask leaves open: that all workers compute with this
very program, that only a few units are under way, and that whatever goes wrong is said in a sentence.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import logging
import pickle
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sim.errors import INVALID, UNREADABLE, UserError
from sim.executors import AHEAD

Unit = TypeVar("Unit")
Result = TypeVar("Result")
CONNECT_S = 8.0  # a scheduler that does not answer by then is not there
NOBODY_S = 20.0  # so long may a cluster be without any worker before we give up
LOOK_S = 2.0  # how often a long wait looks whether there are still workers
ADDRESS = re.compile(r"(tcp://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")


def ensure_usable(scheduler: str) -> None:
    """Refuse what cannot be a cluster's address, and a cluster where this program lacks the means to ask one."""
    if not ADDRESS.fullmatch(scheduler):
        shown = scheduler if len(scheduler) <= 80 else scheduler[:79] + "…"
        takes = "--scheduler takes the address that `dask scheduler` prints, such as tcp://127.0.0.1:8786."
        raise UserError(f'"{shown}" is not the address of a Dask scheduler: {takes}', exit_code=INVALID)
    if find_spec("distributed") is None:
        raise UserError('A Dask cluster needs the package distributed here, too: pip install "whatif-funnel[dask]".', exit_code=INVALID)


def on_cluster(work: Callable[[Unit], Result], units: Iterable[Unit], scheduler: str) -> Iterator[Result]:
    """Results of the units in their order, computed by the workers of the Dask scheduler at this address."""
    ensure_usable(scheduler)
    import distributed

    with _settled(distributed):
        client = _connected(distributed, scheduler)
        try:
            yield from _results(client, work, iter(units), scheduler)
        except distributed.KilledWorker as killed:
            raise UserError(
                f"The workers of {scheduler} died {killed.allowed_failures + 1} times over the same unit (too little memory, perhaps).",
                exit_code=UNREADABLE,
            ) from None
        except ImportError as missing:
            if (missing.name or "").partition(".")[0] != "sim":
                raise
            raise _stranger(scheduler, None) from None
        except UnitFailed as failed:
            raise failed.error from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError, distributed.client.ClosedClientError, OSError):
            says = f"The Dask scheduler at {scheduler} went away half-way; ask again once it is back."
            raise UserError(says, exit_code=UNREADABLE) from None
        finally:
            with suppress(Exception, asyncio.CancelledError):  # what is under way is forgotten with the client that asked for it
                client.close(timeout=LOOK_S)


class UnitFailed(Exception):
    """A unit's own OSError, a full disk over there for one: not to be taken for the cluster's."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def _results(client: Any, work: Callable, units: Iterator, scheduler: str) -> Iterator:
    cluster = _Cluster(client, scheduler)
    under_way: deque[Any] = deque()
    while True:
        for unit in islice(units, max(0, cluster.room() - len(under_way))):
            # Pickled here, so that a worker looks first whether it is the same program.
            under_way.append(client.submit(done, pickle.dumps((work, unit)), fingerprint(), pure=False))
        if not under_way:
            return
        status, answer = _answer(under_way[0], cluster)
        under_way.popleft()
        if status == "stranger":
            raise _stranger(scheduler, answer)
        if status == "failed":
            raise UnitFailed(answer)
        yield answer


def _answer(future: Any, cluster: _Cluster) -> tuple[str, Any]:
    while True:
        try:
            return future.result(timeout=LOOK_S)
        except TimeoutError:
            if future.done():  # on its way here, however long that takes
                return future.result()
            cluster.room()  # gives up when nobody is there any more


class _Cluster:
    """How many units the cluster can have under way; asked now and then, since workers come and go."""

    def __init__(self, client: Any, scheduler: str) -> None:
        self.client, self.scheduler = client, scheduler
        self.asked, self.seen, self.threads = -LOOK_S, time.monotonic(), 0

    def room(self) -> int:
        while True:
            now = time.monotonic()
            if now - self.asked >= LOOK_S:
                self.threads, self.asked = sum(self.client.nthreads().values()), now
            if self.threads:
                self.seen = now
                return AHEAD * self.threads
            if now - self.seen > NOBODY_S:
                raise UserError(
                    f"The Dask scheduler at {self.scheduler} has no workers; start some with `dask worker {self.scheduler}`.",
                    exit_code=UNREADABLE,
                )
            time.sleep(0.2)
            self.asked = -LOOK_S


def done(pickled: bytes, asker: dict[str, str]) -> tuple[str, Any]:
    """On a worker: the unit's result, unless this is another program than the asker's."""
    if fingerprint() != asker:
        return "stranger", fingerprint()
    work, unit = pickle.loads(pickled)
    try:
        return "done", work(unit)
    except OSError as error:
        return "failed", error


@cache
def fingerprint() -> dict[str, str]:
    """What decides the last bit of a result: this program's files, its numbers, and the libraries that it computes with."""
    import numpy
    import scipy

    from sim.outcome import model_version

    home = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.suffix in (".py", ".toml", ".txt", ".csv") and path.is_file()):
        place = path.relative_to(home).as_posix()
        if not place.startswith(("ui/", "cli/", "benchmarking/", "shipped_scenarios/")):
            digest.update(place.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return {
        "whatif": model_version(), "the program's files": digest.hexdigest()[:8], "NumPy": numpy.__version__, "SciPy": scipy.__version__,
    }


def _stranger(scheduler: str, theirs: dict[str, str] | None) -> UserError:
    """`theirs`: the fingerprint of the workers; None where they have no such program at all."""
    what = "do not have this program"
    if theirs is not None:
        here = fingerprint()
        differing = [f"{part} {theirs.get(part)}, here {here[part]}" for part in here if theirs.get(part) != here[part]]
        what = f"run another version ({'; '.join(differing)})"
    return UserError(
        f"The workers of {scheduler} {what}; install the same on both sides and start the workers again.", exit_code=UNREADABLE
    )


def _connected(distributed: Any, scheduler: str) -> Any:
    says = "--scheduler takes the address that `dask scheduler` prints, such as tcp://127.0.0.1:8786."
    try:
        # Asked first who is there: a client waits for ever where something else listens.
        with concurrent.futures.ThreadPoolExecutor(1) as aside:  # this thread may have a loop of its own, in a notebook
            found = aside.submit(asyncio.run, _identity(distributed, scheduler)).result()
        if found.get("type") == "Scheduler":
            return distributed.Client(scheduler, timeout=CONNECT_S, set_as_default=False, name="whatif")
    except (Exception, asyncio.CancelledError):  # whoever else may be listening there answers in whatever way
        pass
    raise UserError(f"No Dask scheduler answers at {scheduler}: {says}", exit_code=UNREADABLE)


async def _identity(distributed: Any, scheduler: str) -> dict[str, Any]:
    async with asyncio.timeout(CONNECT_S):
        there = distributed.rpc(scheduler)
        try:
            return await there.identity()
        finally:
            await there.close_rpc()


@contextmanager
def _settled(distributed: Any) -> Iterator[None]:
    """Dask waits no longer than we do, and keeps its log to itself: what matters is said in a sentence."""
    import dask

    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    with dask.config.set({"distributed.comm.timeouts.connect": f"{CONNECT_S:g}s"}):
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)

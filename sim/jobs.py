"""Long computations, each in a process of its own: started, watched, stopped, and their answers kept.

Whoever asks (the app's server, whose pages must stay quick) goes on with other things. A process is started by its command line,
not by `multiprocessing`: that would start the asking program's own entry once more.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sim.errors import UserError
from sim.executors import cores

AT_ONCE = 2  # processes; more would only slow each other and the pages
KEPT = 48  # answers in memory; the one unused for longest goes first
PATIENCE_S = 5.0  # for a computation that was asked to stop and to give what it has
TOLD_EVERY_S = 0.1
WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"
STOP = b"stop\n"
LOST = "the process ended without an answer"
LOG = logging.getLogger("sim.jobs")


@dataclass(kw_only=True)
class Job:
    """One computation: `work` called with `arguments` and a `progress` of its own. `result` is there once it is done.

    A stopped computation that keeps the best so far is done too; one that keeps nothing is stopped. `refusal` is the sentence of a
    `UserError`, `broken` what else ended it, both of a failed one. `askers` wait for it, as far as they gave their names.
    """

    work: Callable[..., Any]
    arguments: Mapping[str, Any]
    state: str = WAITING
    share: float = 0.0  # done, of all
    result: Any = None
    refusal: str = ""
    broken: str = ""
    started_s: float = 0.0
    ended_s: float = 0.0
    askers: set[Hashable] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        return self.state in (DONE, FAILED, STOPPED)

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return (self.ended_s or time.monotonic()) - self.started_s if self.started_s else 0.0

    @property
    def seconds_left(self) -> float | None:
        """By what is done so far; None while nothing can be said."""
        return None if self.over or self.share < 0.02 else self.seconds * (1.0 - self.share) / self.share

    @property
    def stopping(self) -> bool:
        return self._stop.is_set() and not self.over

    @property
    def cut_short(self) -> bool:
        """Was it asked to stop? What it then gives is the best so far, good for who stopped it and nobody else."""
        return self._stop.is_set()

    def stop(self) -> None:
        if not self.over:
            self._stop.set()

    def run(self) -> None:
        """Do it, in a process; returns when it is over."""
        if self._stop.is_set():
            self._end(STOPPED)
            return
        self.started_s, self.state = time.monotonic(), RUNNING
        try:
            with _process() as process:
                self._through(process)
        except Exception as error:
            LOG.exception("a computation could not be run")
            self.broken = type(error).__name__
        if not self.over:
            self.broken = self.broken or LOST
            self._end(STOPPED if self._stop.is_set() else FAILED)

    def _end(self, state: str) -> None:
        self.ended_s = time.monotonic()
        self.state = state

    def _through(self, process: subprocess.Popen[bytes]) -> None:
        threading.Thread(target=self._stopped_when_asked, args=(process,), daemon=True).start()
        try:
            process.stdin.write(pickle.dumps((self.work, dict(self.arguments))))  # whole, or not at all
            process.stdin.flush()
            while not self.over:
                self._take(*pickle.load(process.stdout))
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            pass  # it is gone: `run` says so
        finally:
            process.kill()

    def _stopped_when_asked(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if self._stop.wait(timeout=1.0):
                _tell_to_stop(process)
                try:
                    process.wait(timeout=PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                return

    def _take(self, kind: str, said: Any) -> None:
        if kind == "progress":
            self.share = max(self.share, min(1.0, said))
        elif kind == "result":
            self.result = said
            self._end(DONE)
        elif kind == "refused":
            self.refusal = said
            self._end(FAILED)
        elif kind == "stopped":
            self._end(STOPPED)
        else:
            self.broken = said
            self._end(FAILED)


def _process() -> subprocess.Popen[bytes]:
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH")) if part)  # wherever the asker was started
    return subprocess.Popen(
        [sys.executable, "-m", "sim.jobs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C in the asker's terminal is the asker's business: it ends, and this with it
    )


def _tell_to_stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.stdin.write(STOP)
        process.stdin.flush()
    except (OSError, ValueError):
        pass  # it is over already


class Desk:
    """Takes questions, a few at a time, and keeps the answers: the same question is worked out once, whoever asks."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._hands = threading.Semaphore(cores(AT_ONCE))

    def ask(self, key: Hashable, work: Callable[..., Any], *, asker: Hashable = None, **arguments: Any) -> Job:
        """The job of this question: a new one unless it is under way or answered. `work` is importable by name and takes `progress`.

        An `asker` may `leave` it again.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state in (FAILED, STOPPED) or job.cut_short:
                self._jobs[key] = job = Job(work=work, arguments=arguments)
                # Not a pool's threads: the interpreter would wait for those before it ends.
                threading.Thread(target=self._do, args=(job,), daemon=True).start()
            if asker is not None:
                job.askers.add(asker)
            self._jobs.move_to_end(key)
            for old in [old for old, kept in self._jobs.items() if kept.over][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
            return job

    def leave(self, job: Job, asker: Hashable, *, here: Callable[[Hashable], bool] = lambda asker: True) -> None:
        """An asker waits no longer; when none who is still `here` does, the job is stopped."""
        with self._lock:
            job.askers.discard(asker)
            if not any(here(other) for other in job.askers):
                job.stop()

    def _do(self, job: Job) -> None:
        while not self._hands.acquire(timeout=TOLD_EVERY_S):
            if job.stopping:
                break
        else:
            try:
                job.run()
            finally:
                self._hands.release()
            return
        job.run()  # it was stopped before its turn, and only says so

    def of(self, key: Hashable) -> Job | None:
        with self._lock:
            return self._jobs.get(key)

    def keep(self, key: Hashable, result: Any) -> None:
        """An answer that was found otherwise, for the next who asks."""
        job = Job(work=_nothing, arguments={}, state=DONE, share=1.0, result=result)
        with self._lock:
            self._jobs[key] = job

    def quiet(self, timeout_s: float = 60.0) -> bool:
        """Waits until nothing is under way; says whether that came about in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            with self._lock:
                if all(job.over for job in self._jobs.values()):
                    return True
            time.sleep(0.02)
        return False

    def forget(self) -> None:
        """Stop everything and drop every answer."""
        with self._lock:
            for job in self._jobs.values():
                job.stop()
            self._jobs.clear()


def _nothing() -> None:
    return None


# ------------------------------------------------------------------------------------------------- in the process that does the work


class _Told:
    """The way back to who asked: progress now and then, and the one answer."""

    def __init__(self, out: BinaryIO, stop: threading.Event) -> None:
        self._out, self._stop, self._last = out, stop, 0.0

    def __call__(self, done: int, of_all: int) -> None:
        """The `progress` of the computation: what it raises stops the work, which may keep the best so far."""
        if self._stop.is_set():
            raise KeyboardInterrupt
        if time.monotonic() - self._last >= TOLD_EVERY_S:
            self._last = time.monotonic()
            self.say("progress", done / max(1, of_all))

    def say(self, kind: str, what: Any) -> None:
        self._out.write(pickle.dumps((kind, what)))
        self._out.flush()


def answer(asked: BinaryIO, out: BinaryIO) -> None:
    """Read one question, work it out, write progress and the answer."""
    try:
        work, arguments = pickle.load(asked)
    except (EOFError, pickle.UnpicklingError):  # the question could not travel, or was taken back before it came
        return
    stop = threading.Event()
    threading.Thread(target=_heed, args=(asked, stop), daemon=True).start()
    told = _Told(out, stop)
    try:
        told.say("result", work(**arguments, progress=told))
    except UserError as error:
        told.say("refused", error.message)
    except KeyboardInterrupt:
        told.say("stopped", None)
    except Exception as error:
        logging.getLogger("sim.jobs").exception("a computation failed")
        told.say("broken", type(error).__name__)


def _heed(asked: BinaryIO, stop: threading.Event) -> None:
    """Stop when told to; end at once when there is nobody left to answer to."""
    while line := asked.readline():
        if line == STOP:
            stop.set()
    os._exit(1)


def main() -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed by the way must not spoil the answer
    answer(sys.stdin.buffer, out)
    os._exit(0)  # the answer is out: nothing to wait for


if __name__ == "__main__":
    main()

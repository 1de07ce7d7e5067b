"""Runs a sweep in a process of its own, which outlives whoever started it, and tells from the folder alone how it stands.

The folder keeps who works on it (.run.json), what went wrong (.run.log) and the sweep file as it was when it began (.spec/). So a
page that is loaded again, another session and a restarted app see the same, and a sweep is gone on with as it began.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import psutil

from sim.errors import INVALID, UNREADABLE, UserError
from sim.scenario import checks, scenario_folder
from sim.scenario.text import file_text
from sim.sweeps.manifest import Sweep
from sim.sweeps.spec import MOST_DRAWS, Spec, load_spec
from sim.sweeps.store import Store

RUN, LOG, GUARD, KEPT_SPEC = ".run.json", ".run.log", ".run.lock", ".spec"
HOME = "sweeps"  # beside the scenario folder
SAME_S = 2.0  # a process that began so much earlier or later is another one under the same number
QUIET_S = 600.0  # a run of another machine that has not written for so long is over
ROOM = 4096  # bytes kept for the last sentence: a full disk must not swallow why
LARGEST_RUN = 100_000  # bytes
NONE, RUNNING, STOPPING, ELSEWHERE, COMPLETE, STOPPED, FAILED, DIED = (
    "none", "running", "stopping", "elsewhere", "complete", "stopped", "failed", "died",
)
AT_WORK = (RUNNING, STOPPING, ELSEWHERE)
_STARTED: list[subprocess.Popen[bytes]] = []  # asked now and then how they do: else the ended ones would stay as zombies


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who works on a folder, or did last. `created` and `started` in seconds since 1970; `found`: chunks there before, of `chunks`."""

    pid: int
    created: float
    host: str
    started: float
    command: tuple[str, ...]
    found: int
    chunks: int
    stopping: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a folder's run stands: `kind` is one of the words above, `says` the sentence with which it ended, if any.

    `done` of `chunks` are there; `rate` in chunks a second and `left_s` once there is something to tell them from.
    """

    kind: str
    says: str = ""
    done: int = 0
    chunks: int = 0
    rate: float | None = None
    left_s: float | None = None
    host: str = ""

    @property
    def at_work(self) -> bool:
        return self.kind in AT_WORK


def sweeps_home(scenarios: str | Path | None = None) -> Path:
    """Where the app keeps sweeps: beside the scenario folder; in the working folder where that is the package's own."""
    home = scenario_folder(scenarios).resolve()
    return (Path.cwd() if home.name == "shipped_scenarios" else home.parent) / HOME


def folder_for(name: str, scenarios: str | Path | None = None) -> Path:
    """The folder of results with this name. A name is never a way into another folder."""
    if (why := checks.check_stem(name)) is not None:
        shown = name if name.isprintable() else ascii(name)[1:-1]
        raise UserError(f"{shown[:60]} cannot be the name of a folder: {why.replace('a scenario', 'a folder of results')}.")
    return sweeps_home(scenarios) / name


def start(
    spec: str | Path, folder: Path, *, draws: int | None = None, workers: int = 1, scenarios: str | Path | None = None, lang: str = "en",
) -> Run:
    """Start a sweep into a folder, or go on with the one that is there, in a process of its own.

    A UserError, and nothing started, where the sweep's file is bad, the folder holds something else, or somebody works on it.
    """
    asked = load_spec(spec, scenarios)
    if draws is not None and draws != asked.draws:
        if not 1 <= draws <= MOST_DRAWS:
            raise UserError(f"{draws:,} draws cannot be asked for; 1 to {MOST_DRAWS:,} are allowed.")
        asked = replace(asked, draws=draws)
    folder = folder.absolute()
    store, sweep = Store.named(folder), Sweep.of(asked)
    store.claim(sweep)
    with _alone(folder):
        standing = standing_of(folder)
        if standing.at_work:
            where = f" on {standing.host}" if standing.kind == ELSEWHERE else ""
            says = f"somebody is running a sweep into {folder} already{where}; watch that one, or stop it first."
            raise UserError(says, exit_code=INVALID)
        kept = _kept(store, Path(asked.label), asked)
        command = _command(kept, folder, workers=workers, scenarios=scenarios, lang=lang)
        return _launched(store, sweep, command)


def go_on(folder: Path, *, workers: int = 1, scenarios: str | Path | None = None, lang: str = "en") -> Run:
    """Go on with an unfinished sweep: by the file that it began with, else by the scenario folder's file of that name."""
    found = Store(folder=folder).manifest()
    kept = sorted((folder / KEPT_SPEC).glob("*.toml"))
    if not kept and found is None:
        raise UserError(f"{folder} holds no sweep to go on with.", exit_code=INVALID)
    return start(kept[0] if kept else found[0].name, folder, workers=workers, scenarios=scenarios, lang=lang)


def stop(folder: Path) -> None:
    """Interrupt the folder's run as Ctrl-C would: what is done stays. Asked a second time, it ends at once."""
    with _alone(folder):
        run = _run_of(folder)
        process = None if run is None else _process(run)
        if run is None or process is None:
            where = f" on this machine (it was started on {run.host})" if run is not None and run.host != socket.gethostname() else ""
            raise UserError(f"no sweep is running into {folder}{where}.", exit_code=INVALID)
        _write(Store(folder=folder), replace(run, stopping=True))
        try:
            if os.name == "nt":  # the one signal that reaches a process group there
                process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                process.terminate()  # `whatif` hears SIGTERM as it hears Ctrl-C
        except psutil.NoSuchProcess:
            return
        except (psutil.Error, OSError) as error:
            raise UserError(f"the sweep in {folder} could not be stopped: {error}.", exit_code=UNREADABLE) from None


def standing_of(folder: Path) -> Standing:
    """How the folder's run stands now, from its files and the machine's processes."""
    run = _run_of(folder)
    if run is None:
        return Standing(kind=NONE)
    done, last = _chunks(folder)
    process = _process(run)
    here = {"done": min(done, run.chunks), "chunks": run.chunks, "host": run.host}
    if process is not None:
        made, seconds = done - run.found, last - run.started
        rate = made / seconds if made > 0 and seconds > 0 else None
        left = None if rate is None else max(0.0, (run.chunks - done) / rate - max(0.0, time.time() - last))
        return Standing(kind=STOPPING if run.stopping else RUNNING, rate=rate, left_s=left, **here)
    summary = _changed(folder / "summary.parquet")
    if run.host != socket.gethostname() and not summary and time.time() - max(run.started, last) < QUIET_S:
        return Standing(kind=ELSEWHERE, **here)
    says = _last_words(folder / LOG)
    if not says and summary and done >= run.chunks:
        return Standing(kind=COMPLETE, **here)
    return Standing(kind=STOPPED if run.stopping else FAILED if says else DIED, says=says, **here)


# Starting


def _kept(store: Store, path: Path, asked: Spec) -> Path:
    """The sweep's file as it is now, in the folder: whoever changes the file later does not change this sweep."""
    target = store.folder / KEPT_SPEC / f"{asked.name}.toml"
    if target.exists() and path.exists() and target.samefile(path):
        return target
    text = file_text(path)
    import tomlkit

    document = tomlkit.parse(text)
    if document.get("draws", 1000) != asked.draws:
        document["draws"] = asked.draws
        text = tomlkit.dumps(document)
    store.write_text(f"{KEPT_SPEC}/{target.name}", text)
    load_spec(target)  # its base must be found from here too
    return target


def _command(spec: Path, folder: Path, *, workers: int, scenarios: str | Path | None, lang: str) -> tuple[str, ...]:
    """The very `whatif sweep SPEC --out DIR`; quiet, so that whatever the log holds is what went wrong."""
    home = scenario_folder(scenarios).resolve()
    return (
        *_program(), "sweep", str(spec), "--out", str(folder), "--workers", str(workers), "--scenarios", str(home),
        "--lang", lang, "--quiet",
    )


def _program() -> tuple[str, ...]:
    """-P: no file of the working folder is taken for a module."""
    return (sys.executable, "-P", "-m", "sim.cli")


def _environment() -> dict[str, str]:
    """A checkout that is not installed is found all the same."""
    top = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    if top in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *known.split(os.pathsep)):
        return dict(os.environ)
    return os.environ | {"PYTHONPATH": f"{known}{os.pathsep}{top}" if known else top}


def _launched(store: Store, sweep: Sweep, command: tuple[str, ...]) -> Run:
    """A group (a session) of its own: Ctrl-C in the app's terminal is not meant for it."""
    own = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)} if os.name == "nt" else {"start_new_session": True}
    found, started = _chunks(store.folder)[0], time.time()
    try:
        with (store.folder / LOG).open("wb") as log:
            log.write(b" " * ROOM)
            log.flush()
            os.fsync(log.fileno())
            log.seek(0)
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd=store.folder, env=_environment(), **own
            )
    except OSError as error:
        raise UserError(f"the sweep could not be started into {store.folder}: {error.strerror or error}.", exit_code=UNREADABLE) from None
    _STARTED.append(child)
    try:
        created = psutil.Process(child.pid).create_time()
    except psutil.Error:  # over already
        created = started
    run = Run(
        pid=child.pid, created=created, host=socket.gethostname(), started=started, command=command, found=found, chunks=sweep.chunks
    )
    try:
        _write(store, run)
    except UserError:
        child.terminate()
        raise
    return run


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time decides over a folder, in this process and in others. The system frees the lock of whoever dies."""
    try:
        stream = (folder / GUARD).open("ab")
    except OSError as error:
        raise UserError(f"{folder / GUARD} cannot be written: {error.strerror or error}.", exit_code=UNREADABLE) from None
    with stream:
        with suppress(OSError):  # a disk that knows no locks: files are put in place whole there too
            _lock(stream)
        yield


def _lock(stream: BinaryIO) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX)


# Looking


def _write(store: Store, run: Run) -> None:
    store.write_text(RUN, json.dumps(asdict(run), ensure_ascii=False, indent=1) + "\n")


def _run_of(folder: Path) -> Run | None:
    """What .run.json says; None where there is none, or none that can be meant."""
    path = folder / RUN
    try:
        if path.stat().st_size > LARGEST_RUN:
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        run = Run(**{**data, "command": tuple(map(str, data["command"]))})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    counts = run.pid, run.found, run.chunks
    times = run.created, run.started
    sound = all(type(count) is int and 0 <= count < 2**31 for count in counts) and all(type(time_) in (int, float) for time_ in times)
    return run if sound and run.pid > 0 and isinstance(run.host, str) and type(run.stopping) is bool else None


def _process(run: Run) -> psutil.Process | None:
    """The run's process, if it is alive and the same: a number that another process has now is nobody's to stop."""
    for child in list(_STARTED):
        if child.poll() is not None:
            _STARTED.remove(child)
    if run.host != socket.gethostname():
        return None
    try:
        process = psutil.Process(run.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        same = abs(process.create_time() - run.created) < SAME_S or tuple(process.cmdline()) == run.command  # clocks are set anew
        return process if same else None
    except psutil.Error:
        return None


def _chunks(folder: Path) -> tuple[int, float]:
    """How many chunks are there, and when the last one came."""
    try:
        with os.scandir(folder / "chunks") as entries:
            count = sum(entry.name.endswith(".chunk") for entry in entries)
        return count, (folder / "chunks").stat().st_mtime
    except OSError:
        return 0, 0.0


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _last_words(path: Path) -> str:
    """The last line of the log, as far as it can be printed."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 16 * ROOM))
            lines = [line.strip() for line in stream.read().decode("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    said = [line for line in lines if line]
    return "".join(letter for letter in said[-1] if letter.isprintable())[:600] if said else ""

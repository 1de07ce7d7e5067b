"""The app as it is really started: `whatif app` in a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.jobs import Desk, Job
from sim.ui import cache, recovery, work
from sim.ui.planning import arriving, figures, leaks, over_days

from . import works
from .app import BASELINE, FASTER, TOP, opened

LONGEST_START_S = 90


SECTIONS = {leaks: ("drawn", "funnel"), over_days: ("days", "refunds", "periods"), figures: ("ratios", "returns", "service")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A scenario folder of its own, and few draws. The Plan page has its charts and tables only in tests that look at them (their
    module says `PLAN_SECTIONS = True`): they are two thirds of the time of a run."""
    if not getattr(request.module, "PLAN_SECTIONS", False):
        for room, names in SECTIONS.items():
            for name in names:
                monkeypatch.setattr(room, name, lambda *_: None)
    (tmp_path / "baseline.toml").write_text(BASELINE, encoding="utf-8")
    (tmp_path / "faster.toml").write_text(FASTER, encoding="utf-8")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(tmp_path))
    monkeypatch.setattr(cache, "DRAWS", 40)
    monkeypatch.setattr(arriving, "TURNS", 0)
    monkeypatch.setattr(recovery, "_writing", lambda token: False)  # the runtime that AppTest pretends knows no sessions
    return tmp_path


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """No test finds what another one has had worked out, and none leaves work behind.

    Work is done in threads here: a process for each takes a second to start (tests/test_jobs.py and the browser tests have those).
    """
    monkeypatch.setattr(Job, "_through", works.here)
    monkeypatch.setattr("sim.jobs._process", nullcontext)
    work.desk().forget()
    monkeypatch.setattr(work.desk(), "_hands", threading.Semaphore(2))  # a thread that an earlier test left at work has its own
    entry = sys.modules["__main__"]
    yield work.desk()
    work.desk().forget()
    sys.modules["__main__"] = entry  # Streamlit puts the page's script there, and a process that is spawned later would run it


@pytest.fixture
def app(folder: Path) -> AppTest:
    return opened()


@dataclass(frozen=True)
class Served:
    address: str
    scenarios: Path
    process: subprocess.Popen

    def kill(self) -> int:
        """As if the power had gone; gives the port."""
        self.process.kill()
        self.process.wait(timeout=20)
        return int(self.address.rpartition(":")[2])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("app")) as served:
        yield served


@contextmanager
def serving(home: Path, *, port: int | None = None, arguments: tuple[str, ...] = ()) -> Iterator[Served]:
    """The app on the shipped scenarios, copied into a folder of its own where they are not there from before."""
    if not (home / "plans").is_dir():
        shutil.copytree(TOP / "scenarios", home / "plans")
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from sim.cli import main; main()", "app", "--port", str(port), "--no-browser"]
    environment = os.environ | {"PYTHONPATH": str(TOP), "WHATIF_LANG": "en"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *arguments, "--scenarios", str(home / "plans")], cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log,
        )
        try:
            address = f"http://localhost:{port}"
            _wait(process, address, home / "log")
            yield Served(address=address, scenarios=home / "plans", process=process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + LONGEST_START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not answer within {LONGEST_START_S} s: {log.read_text(encoding='utf-8', errors='replace')}")

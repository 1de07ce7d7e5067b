"""`whatif app` as a person starts it for the first time: a terminal, a desktop, an empty home folder."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.ui.serving import flags, serve, settings

TOP = Path(__file__).parent.parent
PATIENCE_S = 60


def test_the_app_starts_for_this_machine_only_and_asks_nothing() -> None:
    said = flags(settings())
    pairs = list(zip(said[::2], said[1::2], strict=True))
    assert ("--server.headless", "true") in pairs
    assert ("--server.address", "localhost") in pairs
    assert ("--browser.gatherUsageStats", "false") in pairs
    assert ("--server.maxUploadSize", "10") in pairs
    assert ("--theme.primaryColor", "#0072B2") in pairs


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="in use") as refused:
        serve(port=taken.getsockname()[1], browser=False, scenarios=None)
    assert refused.value.exit_code == 5


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[subprocess.Popen, int]]:
    """`whatif app` in an empty folder, with a terminal on stdin where the system has one; the process and its terminal."""
    pty = pytest.importorskip("pty", reason="needs a terminal of its own")
    (tmp_path / "home").mkdir()
    (tmp_path / "empty").mkdir()
    environment = os.environ | {"HOME": str(tmp_path / "home"), "DISPLAY": ":0", "PYTHONPATH": str(TOP)}
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-c", "from sim.cli import main; main()", "app"],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path / "empty", env=environment, start_new_session=True,
    )
    os.close(theirs)
    try:
        yield started, ours
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()
        os.close(ours)


def test_a_first_start_answers_on_localhost_and_stops_on_ctrl_c(app: tuple[subprocess.Popen, int]) -> None:
    started, terminal = app
    os.set_blocking(terminal, False)
    said, end = "", time.monotonic() + PATIENCE_S
    while "Ctrl+C" not in said and time.monotonic() < end and started.poll() is None:
        try:
            said += os.read(terminal, 65536).decode()
        except BlockingIOError:
            time.sleep(0.05)
    address = re.search(r"http://localhost:(\d+)", said)
    assert address, said
    assert "mail" not in said.lower()

    connection = http.client.HTTPConnection("localhost", int(address[1]), timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 200
    assert b"<html" in answer.read()
    connection.close()

    started.send_signal(signal.SIGINT)
    started.wait(PATIENCE_S)
    assert started.returncode in (0, 130)

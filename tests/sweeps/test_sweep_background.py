"""Sweeps in processes of their own: started, watched, stopped, killed, gone on with, and never two into one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sim.errors import UserError
from sim.sweeps import background, run_sweep
from sim.sweeps.background import COMPLETE, DIED, ELSEWHERE, FAILED, NONE, RUNNING, STOPPED, STOPPING, Standing
from tests.sweeps.files import GRID, HEAD, bytes_of

SLOWLY = """
import os, time
from sim.sweeps import manifest
manifest.LANES = 8
flush = os.fsync
os.fsync = lambda number: (time.sleep(0.05), flush(number))
from sim.cli import main
main()
"""
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from sim.cli import main
main()
"""
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of a POSIX system")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A scenario folder with one sweep; whatever a test leaves running there is ended."""
    plans = tmp_path / "plans"
    (plans / "sweeps").mkdir(parents=True)
    (plans / "baseline.toml").write_text('schema = 1\ntitle = "Base"\n[horizon]\ndays = 7\n', encoding="utf-8")
    (plans / "sweeps" / "small.toml").write_text(HEAD.format(draws=4, seed=1) + GRID, encoding="utf-8")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(plans))
    yield plans
    for child in background._STARTED:
        child.kill()
        child.wait()
    background._STARTED.clear()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six chunks of two points, each with a slow disk: a test meets the sweep at work."""
    monkeypatch.setattr("sim.sweeps.manifest.LANES", 8)
    monkeypatch.setattr(background, "_program", lambda: (sys.executable, "-c", SLOWLY))


def until(folder: Path, kind: str, enough: Callable[[Standing], bool] = lambda standing: True) -> Standing:
    end = time.monotonic() + 60
    while True:
        standing = background.standing_of(folder)
        if standing.kind == kind and enough(standing):
            return standing
        assert time.monotonic() < end, standing
        time.sleep(0.02)


def test_a_sweep_runs_in_the_background_to_the_same_bytes(home: Path, tmp_path: Path) -> None:
    folder = background.folder_for("first try")
    assert folder == tmp_path / "sweeps" / "first try"
    assert background.standing_of(folder) == Standing(kind=NONE)
    run = background.start("small", folder)
    assert run.command[-7:] == ("--workers", "1", "--scenarios", str(home), "--lang", "en", "--quiet")
    assert os.getsid(run.pid) == run.pid if os.name == "posix" else True  # Ctrl-C in this terminal does not reach it
    standing = until(folder, COMPLETE)
    assert (standing.done, standing.chunks, standing.says) == (1, 1, "")
    run_sweep(home / "sweeps" / "small.toml", tmp_path / "here")
    assert bytes_of(folder) == bytes_of(tmp_path / "here")
    with pytest.raises(UserError, match="no sweep is running"):
        background.stop(folder)


@pytest.mark.parametrize("name", ["../up", "/etc", "a/b", "", "con", "a\x07"])
def test_a_name_is_never_a_way_into_another_folder(home: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a folder"):
        background.folder_for(name)


@POSIX
def test_a_sweep_is_stopped_and_gone_on_with_as_it_began(home: Path, slow: None, tmp_path: Path) -> None:
    folder = background.folder_for("small")
    background.start("small", folder, draws=8)  # not the file's 4
    standing = until(folder, RUNNING, lambda standing: standing.done >= 2)
    assert standing.chunks == 12 and standing.rate and standing.left_s is not None
    background.stop(folder)
    assert background.standing_of(folder).kind in (STOPPING, STOPPED)
    done = until(folder, STOPPED).done
    assert 2 <= done < 12 and not list(folder.glob(".*.tmp"))
    (home / "sweeps" / "small.toml").write_text("schema = ", encoding="utf-8")  # the file is another one by now
    background.go_on(folder)
    assert until(folder, COMPLETE).done == 12
    runs = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["runs"]
    assert [run.get("chunks_found") for run in runs] == [None, done]


@POSIX
def test_a_second_start_is_refused_while_the_first_is_at_work(home: Path, slow: None) -> None:
    folder, said = background.folder_for("small"), []

    def begin() -> None:
        try:
            background.start("small", folder)
        except UserError as error:
            said.append(error.message)

    together = [threading.Thread(target=begin) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(said) == 3 and all("somebody is running a sweep into" in says for says in said)
    assert len(background._STARTED) == 1


@POSIX
def test_a_killed_sweep_is_known_for_dead_and_another_process_of_its_number_is_left_alone(home: Path, slow: None) -> None:
    folder = background.folder_for("small")
    run = background.start("small", folder)
    until(folder, RUNNING, lambda standing: standing.done >= 1)
    os.kill(run.pid, signal.SIGKILL)
    assert until(folder, DIED).done >= 1
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        data = json.loads((folder / background.RUN).read_text(encoding="utf-8"))
        (folder / background.RUN).write_text(json.dumps(data | {"pid": stranger.pid, "created": time.time() - 3600}), encoding="utf-8")
        assert background.standing_of(folder).kind == DIED
        with pytest.raises(UserError, match="no sweep is running"):
            background.stop(folder)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    background.go_on(folder)
    assert until(folder, COMPLETE).done == 6


@POSIX
def test_an_app_that_was_restarted_finds_the_run_and_stops_it(home: Path, slow: None) -> None:
    folder = background.folder_for("small")
    code = "import sys; from sim.sweeps import background as b; b._program = lambda: (sys.executable, '-c', sys.argv[2])\n"
    code += "from sim.sweeps import manifest; manifest.LANES = 8; from pathlib import Path; b.start('small', Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(folder), SLOWLY], check=True)  # it is gone, its sweep is not
    assert not background._STARTED
    until(folder, RUNNING, lambda standing: standing.done >= 1)
    background.stop(folder)
    until(folder, STOPPED)


def test_what_goes_wrong_is_one_sentence_before_or_after_the_start(home: Path, tmp_path: Path) -> None:
    folder, specs = background.folder_for("small"), home / "sweeps"
    (specs / "bad.toml").write_text("schema = 1\nbase = 'baseline'\n[design]\nkind = 'gird'\n", encoding="utf-8")
    for spec, options, says in (
        ("bad", {}, 'Did you mean "grid"'), ("gone", {}, "there is no sweep"), ("small", {"draws": 0}, "0 draws cannot be asked for"),
    ):
        with pytest.raises(UserError, match=says):
            background.start(spec, folder, **options)
    assert not folder.exists()
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is not empty and holds no sweep"):
        background.start("small", folder)
    run_sweep(specs / "small.toml", tmp_path / "sweeps" / "other")
    with pytest.raises(UserError, match="holds another sweep: draws 4, not 9"):
        background.start("small", tmp_path / "sweeps" / "other", draws=9)
    with pytest.raises(UserError, match="no sweep to go on with"):
        background.go_on(folder)


@POSIX
def test_a_full_disk_is_said_and_what_is_there_is_gone_on_with(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = background.folder_for("full")
    with monkeypatch.context() as patched:
        patched.setattr(background, "_program", lambda: (sys.executable, "-c", FULL))
        background.start("small", folder, draws=2)
        standing = until(folder, FAILED)
    assert "could not be written: File too large" in standing.says and standing.says.startswith("whatif: ")
    background.go_on(folder)
    until(folder, COMPLETE)


def test_a_run_of_another_machine_is_believed_as_long_as_it_writes(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "far"
    run_sweep(home / "sweeps" / "small.toml", folder)
    (folder / "summary.parquet").unlink()
    run = background.Run(pid=os.getpid(), created=psutil.Process().create_time(), host="far", started=1.0, command=(), found=0, chunks=1)
    background._write(background.Store(folder=folder), run)
    assert background.standing_of(folder).kind == ELSEWHERE
    with pytest.raises(UserError, match="already on far"):
        background.start("small", folder)
    with pytest.raises(UserError, match="it was started on far"):
        background.stop(folder)
    os.utime(folder / "chunks", (2.0, 2.0))
    assert background.standing_of(folder).kind == DIED


NOBODY = '{"pid": -1, "created": 0, "host": "x", "started": 0, "command": [], "found": 0, "chunks": 1}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null", "9" * 200_000, NOBODY])
def test_a_run_file_that_nobody_here_wrote_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / background.RUN).write_text(text, encoding="utf-8")
    assert background.standing_of(tmp_path) == Standing(kind=NONE)

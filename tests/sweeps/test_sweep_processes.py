"""`whatif sweep` and `whatif merge` as commands: what they say, and what becomes of a sweep that is interrupted or killed."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli.door import outcome_of
from tests.sweeps.files import GRID, bytes_of

ALL = GRID + "per_draw = true\n"
LONG = ALL.replace("[1, 2, 3, 4, 5, 6]", "[1, 2, 3, 4, 5, 6, 7, 8]").replace("[18, 20]", "[17, 18, 19, 20, 21, 22, 23]")  # 56 points
SLOWLY = """
import os, sys, time
from sim.sweeps import manifest
manifest.LANES = 8
flush = os.fsync
os.fsync = lambda number: (time.sleep(0.03), flush(number))
from sim.cli import main
main()
"""
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of a POSIX system")


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = outcome_of([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def started(*arguments: object) -> subprocess.Popen[str]:
    """A process with small chunks and a slow disk, so that a test meets it at work; in a group of its own, as in a terminal."""
    command = [sys.executable, "-c", SLOWLY, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for(process: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not there():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.005)


def chunks(out: Path) -> int:
    return len(list((out / "chunks").glob("*.chunk")))


# What the commands say


def test_a_sweep_answers_in_both_languages(small: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(capsys, "sweep", small(), "--out", tmp_path / "out")
    assert code == 0
    assert "12 points × 4 draws, seed 1, on baseline" in out
    assert "Best by Net GMV: point 2 with" in out
    assert "Redirects to pay" in out
    assert err.splitlines() == ["0 of 1 chunks, 0 of 12 points", "1 of 1 chunks, 12 of 12 points"]
    code, out, err = asked(capsys, "sweep", small(), "--out", tmp_path / "out", "--lang", "zh", "--quiet")
    assert (code, err) == (0, "")
    assert "净 GMV 最优：第 2 点" in out
    assert "支付跳转次数" in out


def test_a_sweep_and_a_merge_answer_as_json_and_csv(small: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in (1, 2):
        code, out, _ = asked(capsys, "sweep", small(draws=4096), "--out", tmp_path / str(part), "--shard", f"{part}/2", "--format", "json")
        assert code == 0
        data = json.loads(out)
        assert (data["complete"], data["best"], data["chunks"]) == (False, None, {"all": 6, "made": 3, "found": 0})
    code, out, _ = asked(capsys, "sweep", small(draws=4096), "--out", tmp_path / "1", "--shard", "1/2")
    assert "0 of 6 chunks were made now, 3 were there; `whatif merge`" in out
    code, out, _ = asked(capsys, "merge", tmp_path / "2", tmp_path / "1", "--out", tmp_path / "both", "--format", "json")
    assert code == 0
    data = json.loads(out)
    assert data["complete"] and data["points"] == 12
    assert data["best"]["values"] == {"payment.redirects": 1.0, "service.seats": 20.0}
    code, out, _ = asked(capsys, "merge", tmp_path / "2", tmp_path / "1", "--out", tmp_path / "both", "--format", "csv")
    assert out.startswith("folder,base,points,draws,seed,version,complete,best_kpi,best_point,")
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("sweep", 2, "needs SPEC"),
        ("sweep redirects_x_seats", 2, "DIR"),
        ("sweep redirects_x_seat --out {out}", 5, 'Did you mean "redirects_x_seats"?'),
        ("sweep redirects_x_seats --out {out} --shard 3/2", 2, "--shard: '3/2' is not of the form i/n"),
        ("sweep redirects_x_seats --out {out} --shard 0/2", 2, "not of the form i/n"),
        ("sweep redirects_x_seats --out {out} --shard two", 2, "not of the form i/n"),
        ("sweep redirects_x_seats --out {out} --workers 0", 2, "from 1 to 256"),
        ("sweep redirects_x_seats --out /proc/none/such", 5, "/proc/none/such cannot hold a sweep"),
        ("merge --out {out}", 2, "needs DIR…"),
        ("merge {out} --out {out}", 5, "is not a folder"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, says: str) -> None:
    got, out, err = asked(capsys, *shlex.split(line.format(out=shlex.quote(str(tmp_path / "out")))))
    assert (got, out) == (code, "")
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


# What happens to it


@POSIX
@pytest.mark.parametrize(("workers", "by"), [(1, "Ctrl-C"), (2, "Ctrl-C"), (2, "a cluster's scheduler")])
def test_an_interrupt_leaves_a_folder_that_goes_on(
    small: Callable[..., Path], tmp_path: Path, many_chunks: None, workers: int, by: str
) -> None:
    path, out = small(LONG), tmp_path / "out"
    process = started("sweep", path, "--out", out, "--workers", workers)
    wait_for(process, lambda: chunks(out) >= 2)
    if by == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        os.kill(process.pid, signal.SIGTERM)
    said, err = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, ""), err
    last = err.strip().splitlines()[-1]
    told = re.fullmatch(r"whatif: Interrupted: (\d+) of 28 chunks are done and kept; the same command goes on from there\.", last)
    assert told and chunks(out) - 1 <= int(told[1]) <= chunks(out), err  # the last chunk may have come just before it was counted
    assert len(err.strip().splitlines()) == 2  # one line of progress before
    assert 2 <= chunks(out) < 28
    assert not list(out.rglob(".*.tmp")) and not list(out.glob("summary.*"))
    kept = {file: file.stat().st_mtime_ns for file in (out / "chunks").iterdir()}
    assert outcome_of(["sweep", str(path), "--out", str(out), "--quiet"]) == 0
    assert chunks(out) == 28
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_ten_random_moments_it_ends_in_the_same_bytes(
    small: Callable[..., Path], tmp_path: Path, many_chunks: None, workers: int
) -> None:
    path, out = small(LONG), tmp_path / "out"
    assert outcome_of(["sweep", str(path), "--out", str(tmp_path / "whole"), "--quiet"]) == 0
    moments, seen = random.Random(20240101 + workers), []
    for _ in range(10):
        began = chunks(out)
        process = started("sweep", path, "--out", out, "--workers", workers)
        wait_for(process, lambda: (out / "manifest.json").exists())
        if moments.random() < 0.8:  # the others die while they start, or in the middle of their first chunk
            wait_for(process, lambda began=began: chunks(out) > began)
        time.sleep(moments.uniform(0.0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        seen.append(chunks(out))
    assert seen == sorted(seen) and 0 < seen[4] < seen[9] < 28, seen
    assert outcome_of(["sweep", str(path), "--out", str(out), "--quiet"]) == 0
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


@POSIX
@pytest.mark.slow
def test_killed_while_it_writes_its_tables_it_leaves_whole_ones_or_none(
    small: Callable[..., Path], tmp_path: Path, many_chunks: None
) -> None:
    path, out = small(LONG), tmp_path / "out"
    assert outcome_of(["sweep", str(path), "--out", str(tmp_path / "whole"), "--quiet"]) == 0
    whole = bytes_of(tmp_path / "whole")
    moments, found, longest = random.Random(7), set(), 0.0
    for attempt in range(11):
        process = started("sweep", path, "--out", out)
        wait_for(process, lambda: any(out.glob(".summary.*.tmp")))
        writing = time.monotonic()
        if attempt:
            time.sleep(moments.uniform(0.3, 1.0) * longest)  # Arrow's first array takes most of it: it imports pandas
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        longest = longest or time.monotonic() - writing  # the first one is left alone: how long it takes depends on what else goes on
        there = bytes_of(out) if (out / "README.txt").exists() else {file.name: file.read_bytes() for file in out.glob("summary.*")}
        assert all(whole[name] == data for name, data in there.items())
        found.add(len(there))
        for file in (*out.glob("summary.*"), *out.glob("README.txt"), *out.glob("draws/*"), *out.glob(".*.tmp")):
            file.unlink()
    assert len(found) > 1, "every process was killed at the same step: the moments tell nothing"


@POSIX
@pytest.mark.parametrize(("blocks", "done"), [(128, 0), (1024, 12)])
def test_a_disk_that_takes_no_more_is_told_in_a_sentence(small: Callable[..., Path], tmp_path: Path, blocks: int, done: int) -> None:
    """A limit on the size of files stands for a full disk: first no chunk fits (196 kB), then not the file of all draws."""
    path, out = small(ALL, draws=8192), tmp_path / "out"
    program = f"{shlex.quote(sys.executable)} -c 'from sim.cli import main; main()'"
    line = f"ulimit -f {blocks}; {program} sweep {shlex.quote(str(path))} --out {shlex.quote(str(out))} --quiet"
    process = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (process.returncode, process.stdout) == (5, "")
    assert "could not be written: File too large." in process.stderr
    assert f"{done} of 12 chunks are done and kept; the same command goes on from there." in process.stderr
    assert len(process.stderr.strip().splitlines()) == 1
    assert chunks(out) == done
    assert not list(out.rglob(".*.tmp")) and not list(out.glob("draws/*"))


@POSIX
def test_two_at_once_in_one_folder_do_no_harm(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    path, out = small(LONG), tmp_path / "out"
    both = [started("sweep", path, "--out", out, "--quiet") for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0], [process.communicate()[1] for process in both]
    assert outcome_of(["sweep", str(path), "--out", str(tmp_path / "whole"), "--quiet"]) == 0
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_the_commands_load_nothing_heavy_before_they_are_asked() -> None:
    program = "import sys, sim.cli.commands; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "tqdm", "pyarrow", "sim.sweeps", "scipy"} & set(loaded)

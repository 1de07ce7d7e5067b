"""Units run in order, anywhere, and again when their worker dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.executors import in_order

TOP = Path(__file__).parent.parent


def squared(number: int) -> int:
    return number * number


def dies_once(unit: tuple[str, int]) -> int:
    """Kills its own process the first time it meets number 3."""
    folder, number = unit
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os._exit(9)
    return number


def dies_always(number: int) -> int:
    os._exit(9)


def refuses(number: int) -> int:
    raise UserError(f"unit {number} does not close", exit_code=3)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_units(workers: int) -> None:
    assert list(in_order(squared, range(7), workers)) == [0, 1, 4, 9, 16, 25, 36]


def test_a_dead_workers_units_are_done_again(tmp_path: Path) -> None:
    assert list(in_order(dies_once, [(str(tmp_path), n) for n in range(6)], 2)) == list(range(6))


def test_workers_that_keep_dying_are_given_up_with_a_sentence() -> None:
    with pytest.raises(UserError, match="try fewer than 2 workers") as gave_up:
        list(in_order(dies_always, range(3), 2))
    assert gave_up.value.exit_code == 5


def test_a_refusal_travels_back_whole() -> None:
    with pytest.raises(UserError, match="unit 0 does not close") as refused:
        list(in_order(refuses, range(3), 2))
    assert refused.value.exit_code == 3


def test_only_a_few_units_are_taken_ahead() -> None:
    taken = []

    def units() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    results = in_order(squared, units(), 2)
    assert next(results) == 0
    assert len(taken) <= 6  # two under way for each worker, and the two that are looked at first
    assert list(results) == [number * number for number in range(1, 40)]


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize(("signalled", "whole_group"), [(signal.SIGINT, True), (signal.SIGKILL, False)])
def test_workers_end_with_their_parent_in_silence(tmp_path: Path, signalled: int, whole_group: bool) -> None:
    """Ctrl-C reaches every process of a terminal at once; kill -9 only the parent."""
    program = tmp_path / "napping.py"
    program.write_text(
        "import signal, time\n"
        "from sim.executors import in_order\n"
        "def naps(number):\n"
        "    time.sleep(0.2)\n"
        "    return number\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    try:\n"
        "        for number in in_order(naps, range(1000), 2):\n"
        "            print(number, flush=True)\n"
        "    except KeyboardInterrupt:\n"
        "        raise SystemExit(130) from None\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(program)], cwd=TOP, env=os.environ | {"PYTHONPATH": str(TOP)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert parent.stdout.readline() == "0\n"
    (os.killpg if whole_group else os.kill)(parent.pid, signalled)
    # Both pipes are at their end only when the last process that could write there has ended.
    _, err = parent.communicate(timeout=10)
    assert "Traceback" not in err  # after kill -9 Python's own resource tracker may say a word
    assert err == "" or not whole_group
    assert parent.returncode == (130 if whole_group else -signal.SIGKILL)

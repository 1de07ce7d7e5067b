"""Units run in order, anywhere, and again when their worker dies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.executors import in_order


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

"""What the tests of jobs have done in other processes: importable by name, as work must be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from sim.errors import UserError

Progress = Callable[[int, int], None]


def counted(*, upto: int, progress: Progress) -> int:
    for i in range(upto):
        progress(i, upto)
    print("a print must not spoil the answer")
    return sum(range(upto))


def endless(*, progress: Progress) -> None:
    while True:
        progress(1, 2)
        time.sleep(0.01)


def best_so_far(*, progress: Progress) -> str:
    try:
        endless(progress=progress)
    except KeyboardInterrupt:
        return "the best so far"
    return "never"


def deaf(*, progress: Progress) -> None:
    progress(1, 4)
    time.sleep(600)


def refused(*, progress: Progress) -> None:
    raise UserError("payment.redirects: 99 is out of bounds; 1 to 8 is allowed.")


def broken(*, progress: Progress) -> None:
    raise ZeroDivisionError("secret")


def killed(*, progress: Progress) -> None:
    os._exit(9)


def unanswerable(*, progress: Progress) -> Callable[[], None]:
    return lambda: None  # cannot travel

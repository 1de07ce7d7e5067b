"""What the tests of pages have done beside the app, importable by name, as work must be; and how it is done without a process."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from typing import Any

from sim.errors import UserError
from sim.jobs import Job

Progress = Callable[[int, int], None]


def unanswered(*, progress: Progress, **question: Any) -> None:
    raise UserError("That does not close.")


def endless(*, progress: Progress, **question: Any) -> None:
    while True:
        progress(1, 2)
        time.sleep(0.01)


def here(job: Job, process: None) -> None:
    """In place of `Job._through`: the same in this process, question and answer travelling as they would."""
    work, arguments = pickle.loads(pickle.dumps((job.work, dict(job.arguments))))

    def progress(done: int, of_all: int) -> None:
        if job.cut_short:
            raise KeyboardInterrupt
        job._take("progress", done / max(1, of_all))

    try:
        job._take("result", pickle.loads(pickle.dumps(work(**arguments, progress=progress))))
    except UserError as error:
        job._take("refused", error.message)
    except KeyboardInterrupt:
        job._take("stopped", None)

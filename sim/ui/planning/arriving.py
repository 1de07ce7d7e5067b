"""Who waits for what: a new visitor sees tiles and levers first, charts after; and anybody's tiles go before anybody's charts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import streamlit as st

from sim.ui.state import KEY, Session

TURN_S, TURNS = 0.1, 9
LOOK_S, LONGEST_ASIDE_S = 0.02, 1.0
BUSY, SAMPLE_S, LONGEST_BUSY_S = 0.7, 0.15, 4.0  # a machine with less than so much to spare makes tiles, and charts a little later
LATELY_S = 6.0  # who moved a lever so lately is at work


class Machine:
    """How busy all cores have been lately, whatever kept them so."""

    def __init__(self) -> None:
        self._at, self._idle, self._share = 0.0, 0.0, 0.0

    def busy(self) -> float:
        """Share of the cores' time, over the last moment. [0-1]"""
        now = time.monotonic()
        if now - self._at >= SAMPLE_S:
            idle = psutil.cpu_times().idle / (psutil.cpu_count() or 1)
            self._share = 1.0 - min(1.0, (idle - self._idle) / (now - self._at)) if now - self._at < LATELY_S else 0.0
            self._at, self._idle = now, idle
        return self._share


class Queue:
    """The pages of one server. Their charts are made one page after the other, and step aside while tiles are worked out.

    Ten planners who move sliders at once would else each wait for the charts of the nine others before their own figures appear. Where
    several are at work and the machine is busy, charts also wait a little for it to have something to spare.
    """

    def __init__(self, busy: Callable[[], float] | None = None) -> None:
        self._changed = threading.Condition()
        self._hurried = 0
        self._waiting: list[object] = []
        self._seen: dict[object, float] = {}  # who moved something, and when
        self._busy = busy or Machine().busy

    @contextmanager
    def hurried(self, who: object = None) -> Iterator[None]:
        """While the tiles of a page are worked out."""
        with self._changed:
            self._hurried += 1
            now = time.monotonic()
            self._seen = {page: at for page, at in self._seen.items() if now - at < LATELY_S} | {who: now}
        try:
            yield
        finally:
            with self._changed:
                self._hurried -= 1
                self._changed.notify_all()

    @contextmanager
    def in_turn(self, look: Callable[[], object]) -> Iterator[None]:
        """While charts are made, after those of the pages that came first. `look` is called while this one waits, and may raise."""
        mine = object()
        with self._changed:
            self._waiting.append(mine)
        try:
            while not self._mine(mine):
                look()
            end = time.monotonic() + LONGEST_BUSY_S
            while len(self._seen) > 1 and time.monotonic() < end and (self._hurried or self._busy() > BUSY):
                time.sleep(LOOK_S)
                look()
            yield
        finally:
            with self._changed:
                self._waiting.remove(mine)
                self._changed.notify_all()

    def _mine(self, mine: object) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting[0] is mine, timeout=LOOK_S)

    def step_aside(self) -> None:
        """Between two charts: wait while somebody's tiles are worked out, but not for ever."""
        with self._changed:
            self._changed.wait_for(lambda: not self._hurried, timeout=LONGEST_ASIDE_S)


QUEUE = Queue()


@contextmanager
def charts(state: Session) -> Iterator[Callable[[], None]]:
    """While this page's charts are made; what it gives is to be called between two of them.

    A new visitor's browser is left to the tiles and levers first: it draws all that it is sent in one go, charts and all.
    """
    turns = 0 if state.arrived else TURNS
    state.arrived = True
    for _ in range(turns):
        time.sleep(TURN_S)
        _look()
    with QUEUE.in_turn(_look):
        yield QUEUE.step_aside


def _look() -> None:
    """Has this planner moved a lever meanwhile? Then Streamlit starts the page anew here, as it may wherever its state is read."""
    st.session_state.get(KEY)

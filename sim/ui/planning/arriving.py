"""Who waits for what: a new visitor sees tiles and levers first, charts after; and anybody's tiles go before anybody's charts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from sim.ui.state import Session

TURN_S, TURNS = 0.1, 9
LOOK_S, LONGEST_ASIDE_S = 0.02, 1.0


class Queue:
    """The pages of one server. Their charts are made one page after the other, and step aside while tiles are worked out.

    Ten planners who move sliders at once would else each wait for the charts of the nine others before their own figures appear.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hurried = 0
        self._waiting: list[object] = []

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """While tiles are worked out."""
        with self._changed:
            self._hurried += 1
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
    look = st.empty().empty  # a planner who moves a lever meanwhile does not wait: here the page starts anew
    turns = 0 if state.arrived else TURNS
    state.arrived = True
    for _ in range(turns):
        time.sleep(TURN_S)
        look()
    with QUEUE.in_turn(look):
        yield QUEUE.step_aside

"""Whose charts are made when: one page after the other, and after everybody's tiles."""

from __future__ import annotations

import threading
import time

import pytest

from sim.ui.planning.arriving import SAMPLE_S, Machine, Queue

SOON = 10.0


def test_pages_make_their_charts_one_after_the_other_in_the_order_in_which_they_came() -> None:
    queue, log, looked = Queue(), [], threading.Event()
    gates = [threading.Event() for _ in range(3)]

    def page(number: int) -> None:
        with queue.in_turn(looked.set):
            log.append(("begins", number))
            assert gates[number].wait(SOON)
            log.append(("ends", number))

    pages = []
    for number in range(3):
        pages.append(threading.Thread(target=page, args=(number,)))
        pages[-1].start()
        end = time.monotonic() + SOON
        while len(queue._waiting) <= number:
            assert time.monotonic() < end
            time.sleep(0.001)
    for gate in gates:
        assert looked.wait(SOON)
        gate.set()
    for thread in pages:
        thread.join(SOON)
    assert log == [(what, number) for number in range(3) for what in ("begins", "ends")]


def test_a_page_that_starts_anew_while_it_waits_leaves_the_queue() -> None:
    queue = Queue()

    def anew() -> None:
        raise RuntimeError("a newer move")

    with queue.in_turn(anew):
        with pytest.raises(RuntimeError, match="a newer move"), queue.in_turn(anew):
            pytest.fail("two pages at once")
        assert len(queue._waiting) == 1
    with queue.in_turn(anew):  # nobody is left in the way
        pass


def test_a_page_that_fails_at_its_charts_leaves_the_queue() -> None:
    queue = Queue()
    with pytest.raises(ValueError), queue.in_turn(lambda: None):
        raise ValueError
    with queue.in_turn(lambda: pytest.fail("there is nobody to wait for")):
        pass


def test_charts_step_aside_while_tiles_are_worked_out() -> None:
    queue, log = Queue(), []
    with queue.hurried():
        charts = threading.Thread(target=lambda: (queue.step_aside(), log.append("charts")))
        charts.start()
        time.sleep(0.05)
        assert not log
        log.append("tiles")
    charts.join(SOON)
    assert log == ["tiles", "charts"]
    queue.step_aside()  # at once, with nobody in a hurry


def test_on_a_busy_machine_charts_wait_while_several_planners_are_at_work_and_not_for_one_alone() -> None:
    busy, looks = [1.0], []
    queue = Queue(busy=lambda: busy[0])

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            busy[0] = 0.0

    with queue.hurried("one"):
        pass
    with queue.in_turn(look):
        assert not looks
    with queue.hurried("another"):
        pass
    with queue.in_turn(look):
        assert len(looks) == 3


def test_the_machine_tells_how_busy_it_is_between_nothing_and_all_of_it() -> None:
    machine = Machine()
    assert machine.busy() == 0.0  # nothing is known yet
    for _ in range(3):
        time.sleep(1.1 * SAMPLE_S)
        assert 0.0 <= machine.busy() <= 1.0

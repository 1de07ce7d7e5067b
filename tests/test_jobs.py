"""Computations in processes of their own: answers, progress, stopping, and everything that can go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from sim.jobs import DONE, FAILED, LOST, STOPPED, Desk, Job
from tests.job_works import best_so_far, broken, counted, deaf, endless, killed, refused, unanswerable


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.forget()


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def done(job: Job) -> Job:
    assert until(lambda: job.over)
    return job


def test_an_answer_comes_back_and_is_kept(desk: Desk) -> None:
    job = done(desk.ask(("sum", 10), counted, upto=10))
    assert (job.state, job.result) == (DONE, 45)
    assert desk.ask(("sum", 10), counted, upto=10) is job
    assert desk.of(("sum", 11)) is None


def test_progress_is_told_and_gives_the_time_left(desk: Desk) -> None:
    job = desk.ask("endless", endless)
    assert until(lambda: job.share == 0.5)
    assert job.seconds_left == pytest.approx(job.seconds, rel=0.2)  # half is done: as long again
    assert not job.over


def test_a_stopped_computation_ends_and_may_be_asked_again(desk: Desk) -> None:
    job = desk.ask("endless", endless)
    assert until(lambda: job.share == 0.5)
    job.stop()
    assert done(job).state == STOPPED and job.result is None
    assert desk.ask("endless", endless) is not job


def test_one_that_keeps_the_best_so_far_gives_it(desk: Desk) -> None:
    job = desk.ask("best", best_so_far)
    assert until(lambda: job.share == 0.5)
    job.stop()
    assert (done(job).state, job.result) == (DONE, "the best so far")
    assert job.cut_short and desk.ask("best", best_so_far) is not job  # whoever asks again wants all of it


def test_one_that_does_not_listen_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.jobs.PATIENCE_S", 0.2)
    job = desk.ask("deaf", deaf)
    assert until(lambda: job.share == 0.25)
    job.stop()
    assert done(job).state == STOPPED


def test_one_that_waits_for_its_turn_can_be_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = [desk.ask(place, endless) for place in range(2)]
    assert until(lambda: any(job.share for job in under_way))
    waiting = [desk.ask(place, endless) for place in range(2, 5)]
    waiting[-1].stop()
    assert done(waiting[-1]).state == STOPPED and waiting[-1].started_s == 0.0


def test_a_refusal_is_its_sentence_and_anything_else_only_its_kind(desk: Desk) -> None:
    assert done(desk.ask("refused", refused)).refusal == "payment.redirects: 99 is out of bounds; 1 to 8 is allowed."
    job = done(desk.ask("broken", broken))
    assert (job.state, job.refusal, job.broken) == (FAILED, "", "ZeroDivisionError")


@pytest.mark.parametrize("work", [killed, unanswerable])
def test_a_process_that_dies_or_cannot_answer_is_a_failure(desk: Desk, work: Callable[..., object]) -> None:
    job = done(desk.ask(work.__name__, work))
    assert job.state == FAILED and job.broken and job.result is None


def test_a_function_that_cannot_travel_is_a_failure(desk: Desk) -> None:
    assert done(desk.ask("lambda", lambda progress: 1)).state == FAILED


def test_many_old_answers_make_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.jobs.KEPT", 3)
    for place in range(5):
        desk.keep(place, place)
    done(desk.ask("new", counted, upto=3))
    assert [key for key in (*range(5), "new") if desk.of(key)] == [3, 4, "new"]


def test_one_who_leaves_does_not_end_what_another_waits_for(desk: Desk) -> None:
    job = desk.ask("shared", endless, asker="ann")
    assert desk.ask("shared", endless, asker="bo") is job
    assert until(lambda: job.share == 0.5)
    desk.leave(job, "ann")
    assert not job.cut_short and not job.over
    desk.leave(job, "bo")
    assert done(job).state == STOPPED


def test_one_whose_page_is_closed_keeps_nothing_going(desk: Desk) -> None:
    job = desk.ask("shared", endless, asker="closed")
    desk.ask("shared", endless, asker="ann")
    desk.leave(job, "ann", here=lambda asker: asker != "closed")
    assert done(job).state == STOPPED


def test_a_process_that_is_killed_is_told_apart(desk: Desk) -> None:
    assert done(desk.ask("killed", killed)).broken == LOST

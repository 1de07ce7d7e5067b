"""Long work that sessions share: Stop is one's own, and a new question ends the old one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from sim.jobs import LOST, STOPPED, Desk, Job
from sim.texts import LANGUAGES, words
from sim.ui import work


def place() -> None:
    """A page with one question, and another one."""
    from types import SimpleNamespace

    import streamlit as st

    from sim.texts import words
    from sim.ui import work
    from tests.ui.works import endless

    say = words(st.session_state["language"])
    for question in ("one", "other"):
        if st.button(question, key=question):
            work.begin("here", question, endless)
    work.answer(SimpleNamespace(say=say), "here", "one", what="Counting")


def session(language: str = "en") -> AppTest:
    app = AppTest.from_function(place, default_timeout=30)
    app.session_state["language"] = language
    return app.run()


@pytest.fixture(autouse=True)
def all_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(work, "_here", lambda asker: True)
    yield
    work.desk().forget()


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end and not condition():
        time.sleep(0.02)
    return condition()


def at_work(desk: Desk, key: str) -> Job:
    job = desk.of(key)
    assert job is not None and until(lambda: job.share > 0)
    return job


@pytest.mark.parametrize("language", LANGUAGES)
def test_stop_leaves_a_colleague_what_both_wait_for(desk: Desk, language: str) -> None:
    say, ann, bo = words(language), session(language), session(language)
    ann.button(key="one").click().run()
    bo.button(key="one").click().run()
    job = at_work(desk, "one")
    ann.run()
    ann.button(key="stop_here").click().run()
    ann.run()
    assert not job.cut_short and any(say["work.goes_on"] in caption.value for caption in ann.caption)
    assert not [button for button in ann.button if button.key == "stop_here"]
    bo.run()
    bo.button(key="stop_here").click().run()
    assert until(lambda: job.state == STOPPED)
    bo.run()
    assert any(say["work.stopped"] in caption.value for caption in bo.caption)


def test_a_new_question_of_a_place_ends_its_old_one(desk: Desk) -> None:
    app, bo = session(), session()
    app.button(key="one").click().run()
    one = at_work(desk, "one")
    app.button(key="other").click().run()
    assert until(lambda: one.state == STOPPED) and not desk.of("other").cut_short
    bo.button(key="other").click().run()
    app.button(key="one").click().run()  # the other one goes on: bo waits for it
    assert not desk.of("other").cut_short and not desk.of("one").cut_short


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_killed_process_is_one_sentence(desk: Desk, language: str) -> None:
    app = session(language)
    app.button(key="one").click().run()
    job = at_work(desk, "one")
    job.broken = LOST
    job._end("failed")
    app.run()
    assert [error.value for error in app.error] == [words(language)["work.lost"]]

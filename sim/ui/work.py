"""Long computations of a page: they run beside the app, the page shows how far they are and can stop them, old answers stay."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sim.jobs import DONE, FAILED, LOST, STOPPED, WAITING, Desk, Job
from sim.texts import Words
from sim.ui import parts
from sim.ui.state import Session

LOOK_EVERY_S = 0.5
LEAST_SHOWN = 0.02  # of a bar: work that has begun, though nothing of it is done yet


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A result and what it was asked of: the same question has the same key."""

    key: Hashable
    result: Any


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a place on the page waits for. The job is kept, too: its key may belong to another one by the time it is over."""

    key: Hashable
    job: Job


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A place on the page of one session."""

    token: str
    session: str
    slot: str


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """One for all sessions: the same question is worked out once."""
    return Desk()


def begin(slot: str, key: Hashable, work: Callable[..., Any], **arguments: Any) -> None:
    """Start to work out a question (or join who does already). `slot` names the place of the page where its answer belongs;
    what this place waited for before is given up, and stopped where nobody else waits for it.

    `key` holds all that the answer depends on; `work` is a function importable by name that takes `progress`.
    """
    job = desk().ask(key, work, asker=_asker(slot), **arguments)
    _leave_old(slot, job)
    st.session_state[_asked(slot)] = Asked(key=key, job=job)
    st.session_state.pop(_said(slot), None)
    st.session_state.pop(_left(slot), None)


def at_once(slot: str, key: Hashable, work: Callable[..., Any], **arguments: Any) -> None:
    """The same for a question of a blink: it is worked out here and now, and kept for all. Raises the UserError of the work."""
    if not known(key):
        desk().keep(key, work(**arguments, progress=_unheard))
    _leave_old(slot, None)
    st.session_state.pop(_asked(slot), None)


def _unheard(done: int, of_all: int) -> None:
    return None


def answer(state: Session, slot: str, key: Hashable, *, what: str) -> Answer | None:
    """The newest answer of a place on the page; above it, while there is a computation, how far it is and a way to stop it.

    `key`: the question as it stands now: its answer, where anybody has asked it before, is shown without being asked for. The
    answer given may be an older one: its key then differs.
    """
    asked: Asked | None = st.session_state.get(_asked(slot))
    job = None if asked is None else asked.job
    with st.container(key=f"work_{slot}"):  # always there, so that what follows keeps its place
        if job is not None and not job.over:
            _watched(state.say, job, what, slot)
        elif job is not None and job.state in (FAILED, STOPPED) and (asked.key == key or not st.session_state.get(_said(slot))):
            _told(state.say, job)  # as long as the question stands, and at least once
            st.session_state[_said(slot)] = True
        elif st.session_state.get(_left(slot)) == key and not known(key):
            st.caption(f":material/group: {state.say['work.goes_on']}")
    if job is not None and job.state == DONE:
        st.session_state[_answered(slot)] = Answer(key=asked.key, result=job.result)
        del st.session_state[_asked(slot)]
    if (whole := _whole(key)) is not None:
        st.session_state[_answered(slot)] = Answer(key=key, result=whole.result)
    return st.session_state.get(_answered(slot))


def dated(say: Words, slot: str, found: Answer, key: Hashable, older: str) -> None:
    """Above an answer to an earlier question: that it is one, `older` in words."""
    if found.key != key:
        st.caption(f":orange[:material/history: {say['work.meanwhile'] if running(slot) else older}]")


def known(key: Hashable) -> bool:
    """Has anybody the whole answer to this question?"""
    return _whole(key) is not None


def _whole(key: Hashable) -> Job | None:
    job = desk().of(key)
    return job if job is not None and job.state == DONE and not job.cut_short else None


def running(slot: str, key: Hashable | None = None) -> bool:
    """Is something worked out for this place right now? `key`: just this question?"""
    asked: Asked | None = st.session_state.get(_asked(slot))
    return asked is not None and not asked.job.over and key in (None, asked.key)


def forget(slot: str) -> None:
    """The place on the page is empty again."""
    _leave_old(slot, None)
    for key in (_answered(slot), _asked(slot), _said(slot), _left(slot)):
        st.session_state.pop(key, None)


def _asked(slot: str) -> str:
    return f"work.{slot}.asked"


def _answered(slot: str) -> str:
    return f"work.{slot}.answer"


def _said(slot: str) -> str:
    """Has it been said why there is no answer?"""
    return f"work.{slot}.said"


def _left(slot: str) -> str:
    """The question that the planner waits for no longer, while somebody else still does."""
    return f"work.{slot}.left"


def _asker(slot: str) -> Asker:
    context = get_script_run_ctx()
    token = st.session_state.setdefault("work.token", uuid4().hex)
    return Asker(token=token, session=context.session_id if context else "", slot=slot)


def _here(asker: Asker) -> bool:
    """Is the page still open somewhere?"""
    return exists() and get_instance().is_active_session(asker.session)


def _leave_old(slot: str, job: Job | None) -> None:
    asked: Asked | None = st.session_state.get(_asked(slot))
    if asked is not None and asked.job is not job:
        desk().leave(asked.job, _asker(slot), here=_here)


def _stop(slot: str, job: Job) -> None:
    """Stop it, or only wait for it no longer where a colleague does: nobody ends the work of another."""
    asked: Asked | None = st.session_state.get(_asked(slot))
    me = _asker(slot)
    desk().leave(job, me, here=lambda other: other.token != me.token and _here(other))
    if asked is not None and asked.job is job and not job.cut_short and not job.over:
        st.session_state[_left(slot)] = asked.key
        del st.session_state[_asked(slot)]


@st.fragment(run_every=LOOK_EVERY_S)
def _watched(say: Words, job: Job, what: str, slot: str) -> None:
    if job.over or not running(slot):
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(max(job.share, LEAST_SHOWN), text=progress_words(job, what, say))
        st.button(
            say["work.stopping" if job.stopping else "work.stop"], key=f"stop_{slot}", icon=":material/stop_circle:",
            disabled=job.stopping, on_click=_stop, args=(slot, job),
        )


def progress_words(job: Job, what: str, say: Words) -> str:
    """What is being done, how far it is, and how long it will still take."""
    if job.state == WAITING:
        return say["work.waiting"]
    if not job.share:
        return say["work.starting"].format(what=what)
    share = f"{100.0 * job.share:.0f} %"
    left = job.seconds_left
    if left is None:
        return say["work.running"].format(what=what, share=share)
    time = say["work.seconds"].format(count=max(1, round(left))) if left < 90 else say["work.minutes"].format(count=round(left / 60))
    return say["work.left"].format(what=what, share=share, time=time)


def _told(say: Words, job: Job) -> None:
    if job.state == STOPPED:
        st.caption(f":material/stop_circle: {say['work.stopped']}")
    elif job.refusal:
        parts.refused(job.refusal, say)
    elif job.broken == LOST:
        st.error(say["work.lost"], icon=":material/error:")
    else:
        st.error(say["work.broken"].format(kind=job.broken), icon=":material/error:")

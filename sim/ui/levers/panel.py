"""The sidebar of the Plan page: which levers are in sight."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from sim.outcome import Outcome
from sim.parameters import GROUPS, Parameter
from sim.planning import MENDED_BY
from sim.ui.inputs import lever_groups
from sim.ui.levers import marks, row
from sim.ui.state import Session
from sim.wording.levers import finder

OPEN_AT_FIRST = ("slow_pages", "payment")
FIND, ONLY_MOVED = "lever_find", "lever_only_moved"
MENDING = "lever_mending"  # the cause whose levers alone are in sight


def mended() -> str | None:
    """The cause whose levers alone are in sight."""
    return st.session_state.get(MENDING)


def mend(cause: str | None) -> None:
    """Show the levers that act on a cause alone, whatever was looked for before; with None all of them again."""
    st.session_state[MENDING] = cause
    if cause is not None:
        st.session_state[FIND], st.session_state[ONLY_MOVED] = "", False


def drawn(state: Session, plan: Outcome | None) -> None:
    """The levers in sight; `plan`, where it could be computed, says what each of them costs."""
    say = state.say
    with st.sidebar:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            count = f" · {say['lever.moved'].format(count=len(state.moved))}" if state.moved else ""
            st.markdown(f"**{say['lever.levers']}**{count}", width="content")
            st.button(
                say["lever.reset_all"], key="reset_all", icon=":material/restart_alt:", type="tertiary", disabled=not state.moved,
                on_click=state.reset,
            )
        asked = st.text_input(
            say["lever.find"], key=FIND, placeholder=say["lever.find_example"], label_visibility="collapsed", icon=":material/search:",
            type="search", live=True,
        )
        only_moved = st.toggle(say["lever.only_moved"], key=ONLY_MOVED, help=say["lever.marked"])
        marks.drawn(state)
        cause = mended()
        if cause is not None:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="mending"):
                st.markdown(f"**{say['lever.mending'].format(cause=say.named('cause', cause))}**", width="content")
                st.button(say["lever.show_all"], key="show_all", type="tertiary", icon=":material/close:", on_click=mend, args=(None,))
        if cause is None and not only_moved and not asked.strip():
            _folded(state, plan)
        else:
            _listed(state, plan, asked, cause, only_moved)


def _folded(state: Session, plan: Outcome | None) -> None:
    """All levers, a fold per group with the number of changed ones."""
    moved = state.moved
    for group, levers in lever_groups().items():
        count = sum(lever.name in moved for lever in levers)
        title = GROUPS[group][state.language] + (f" :blue-badge[{count}]" if count else "")
        fold = st.expander(title, expanded=group in OPEN_AT_FIRST, key=fold_of(group), on_change="rerun")
        if fold.open:  # thirty sliders that nobody sees would be half of what a first visitor waits for
            with fold:
                for lever in levers:
                    row.drawn(lever, state, plan, moved=lever.name in moved)


def fold_of(group: str) -> str:
    """The key of a group's fold."""
    return f"group_{group}"


def _listed(state: Session, plan: Outcome | None, asked: str, cause: str | None, only_moved: bool) -> None:
    """The levers that were asked for, without folds; an empty list says how to fill it."""
    moved, holds, mends = state.moved, finder(asked), MENDED_BY.get(cause or "", ())
    found = {
        group: [
            lever for lever in levers
            if holds(lever) and (cause is None or lever.name in mends) and (not only_moved or lever.name in moved)
        ]
        for group, levers in lever_groups().items()
    }
    if not any(found.values()):
        st.info(_empty(state, asked, cause), icon=":material/info:")
    for group, levers in found.items():
        if levers:
            st.caption(GROUPS[group][state.language])
            _rows(levers, state, plan, moved)


def _empty(state: Session, asked: str, cause: str | None) -> str:
    say = state.say
    if cause is not None and not MENDED_BY.get(cause):
        return say["lever.none_mends"]
    if asked.strip():
        return say["lever.none_found"]
    return say["lever.none_moved"].format(toggle=say["lever.only_moved"])


def _rows(levers: Iterable[Parameter], state: Session, plan: Outcome | None, moved: dict[str, float]) -> None:
    with st.container(border=True):
        for lever in levers:
            row.drawn(lever, state, plan, moved=lever.name in moved)

"""Drivers: what moves the figures of the plan at hand, and in which worlds it misses its goals."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

from sim.errors import UserError
from sim.ui import cache, parts, work
from sim.ui.calibrating import standing
from sim.ui.decisions import drivers_goals, drivers_views, drivers_work
from sim.ui.state import Session, session

MOVING, MISSING = "drivers_moving", "drivers_missing"  # where the two answers belong


def page() -> None:
    state = session()
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(say["drivers.lead"], width="stretch")
        parts.language_switch(state)
    with st.container(key="trouble"):
        parts.faults(state)
    plan = state.plan
    name = parts.plain(parts.title_of(state.opened, state.opened.name, say))
    horizon = say["say.horizon"].format(days=plan.days, start=plan.start)
    unsaved = f" · {say['plan.unsaved']}" if state.changed else ""
    st.caption(f"{say['drivers.of_plan'].format(plan=name)}{unsaved} · {horizon}")
    standing.line(state, plan)
    moves(state)
    st.divider()
    misses(state)


def moves(state: Session) -> None:
    """The tornado and the shares of the spread."""
    say = state.say
    parts.heading(say["drivers.moves"], say["drivers.moves_note"])
    plan = state.plan
    with st.container(horizontal=True, vertical_alignment="center"):
        differs = bool(plan.moved or plan.events or plan.assumptions)
        paired = st.toggle(
            say["drivers.paired"], key="drivers_paired", persist_state="session", help=say["drivers.paired_help"], disabled=not differs
        )
        pressed = st.button(say["drivers.find_moves"], type="primary", key="drivers_move", icon=":material/play_arrow:")
    base = cache.base_of(plan) if paired and differs else None
    if pressed:
        drivers_work.begin_moving(MOVING, plan, base)
    key = drivers_work.moving_key(plan, base)
    found = work.answer(state, MOVING, key, what=say["doing.moving"])
    if found is None:
        if not work.running(MOVING):
            st.info(say["drivers.not_yet"], icon=":material/info:")
        return
    dated(state, MOVING, found, key)
    drivers_views.moves(state, found.result)


def misses(state: Session) -> None:
    """The goals, and the worlds in which they are missed."""
    say = state.say
    parts.heading(say["drivers.fails_head"], say["drivers.fails_note"])
    plan = state.plan
    try:
        targets = drivers_goals.edited(state)
    except UserError as error:
        parts.refused(error.message, say)
        targets = []
    pressed = st.button(
        say["drivers.find_misses"], type="primary", key="drivers_miss", icon=":material/play_arrow:", disabled=not targets
    )
    if pressed:
        drivers_work.begin_missing(MISSING, plan, targets)
    key = drivers_work.missing_key(plan, targets)
    found = work.answer(state, MISSING, key, what=say["doing.missing"])
    if found is not None:
        dated(state, MISSING, found, key)
        drivers_views.misses(state, found.result)


def dated(state: Session, slot: str, found: work.Answer, key: Hashable) -> None:
    """An answer to an earlier question says so, and of which plan it is."""
    asked = found.result.scenario
    name = parts.plain(parts.title_of(asked, asked.name, state.say))
    work.dated(state.say, slot, found, key, state.say["drivers.older"].format(plan=name))


page()

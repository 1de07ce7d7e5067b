"""Decide: choose between plans, reach a goal, spend a budget."""

from __future__ import annotations

import streamlit as st

from sim.ui import parts
from sim.ui.calibrating import standing
from sim.ui.decisions import choosing, seeking
from sim.ui.state import Session, session

PARTS = ("choose", "seek", "budget")


def page() -> None:
    state = session()
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(say["decide.lead"], width="stretch")
        parts.language_switch(state)
    with st.container(key="trouble"):
        parts.faults(state)
    st.session_state.setdefault("decide_part", PARTS[0])
    part = st.segmented_control(
        say["decide.part"], PARTS, key="decide_part", required=True, persist_state="session", label_visibility="collapsed",
        format_func=lambda name: say[f"decide.part_{name}"],
    )
    if part not in (None, "choose"):  # there the plans chosen have lines of their own
        standing.line(state, state.plan)
    {"choose": choosing.section, "seek": seeking.section, "budget": budget}[part or PARTS[0]](state)


def budget(state: Session) -> None:
    from sim.ui.decisions import optimizing

    optimizing.section(state)


page()

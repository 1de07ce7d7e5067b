"""Evidence: what the plan's result rests on, and every number of the model with its source."""

from __future__ import annotations

import streamlit as st

from sim.ui import evidence_spread, evidence_tables, parts
from sim.ui.state import session


def page() -> None:
    state = session()
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(say["evidence.lead"], width="stretch")
        parts.language_switch(state)
    with st.container(key="trouble"):
        parts.faults(state)
    plan = state.plan
    name = parts.plain(parts.title_of(state.opened, state.opened.name, say))
    unsaved = f" · {say['plan.unsaved']}" if state.changed else ""
    st.caption(f"{say['drivers.of_plan'].format(plan=name)}{unsaved} · {say['say.horizon'].format(days=plan.days, start=plan.start)}")
    unknown = evidence_tables.followed()
    if evidence_tables.linked():
        evidence_tables.tables(state, unknown=unknown)
        st.divider()
        evidence_spread.spread(state)
    else:
        evidence_spread.spread(state)
        st.divider()
        evidence_tables.tables(state, unknown=unknown)


page()

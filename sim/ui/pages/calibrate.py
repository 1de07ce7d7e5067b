"""Calibrate: fit the baseline to a shop's own numbers, see how good its projections would have been, keep it as a scenario."""

from __future__ import annotations

import streamlit as st

from sim.ui import parts
from sim.ui.calibrating import asking, fitted, keeping, oddities, scored
from sim.ui.state import session


def page() -> None:
    keeping.go_if_opened()
    state = session()
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(say["calibrating.lead"], width="stretch")
        parts.language_switch(state)
    with st.container(key="trouble"):
        parts.faults(state)
    file = asking.file(state)
    if file is None:
        st.info(say["calibrating.empty"], icon=":material/info:")
        return
    file = asking.sheet(state, file)
    table = asking.table_of(state, file)
    if table is None:
        return
    asked = oddities.section(state, file, table)
    question = fitted.Question(file=file, table=table, asked=asked)
    st.divider()
    found = fitted.section(state, question)
    if found is not None:
        fitted.told(state, found.result)
    st.divider()
    score = scored.section(state, question)
    if found is not None:
        st.divider()
        same = found.key[1 : 1 + len(question.key)] == question.key  # a score is of what was fitted, and of nothing else
        keeping.section(state, found, score if same else None)


page()

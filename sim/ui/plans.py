"""Plans side by side: what the one at hand is called among the files, choices whose file is gone, and the days that all share."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sim.scenario import Scenario
from sim.ui import cache, parts
from sim.ui.state import Session, file_names

CURRENT = "\0current"  # the plan at hand with what was moved in it; no file can have this name


def plan_names(state: Session) -> list[str]:
    """The plan at hand, if it is not as its file has it, and the files."""
    return [*([CURRENT] if state.changed else []), *file_names()]


def label_of(state: Session, name: str, *, brief: bool = False) -> str:
    """What a plan is called, with its file's name behind it unless that would be too long."""
    if name == CURRENT:
        return state.say["compare.current"].format(title=parts.translated(state.opened, "title", state.say) or state.opened.name)
    scenario = cache.readable(name)
    if brief and scenario is not None:
        return parts.translated(scenario, "title", state.say) or name
    return parts.title_of(scenario, name, state.say)


def drop_gone(names: Sequence[str], *, one: str, several: str) -> None:
    """Choices that are kept in the session under these keys lose what is there no more: a file may be gone since."""
    if isinstance(kept := st.session_state.get(one), str) and kept not in names:
        del st.session_state[one]
    if isinstance(kept := st.session_state.get(several), list):
        st.session_state[several] = [name for name in kept if name in names]


def on_one_horizon(state: Session, scenarios: Sequence[Scenario], *, key: str) -> list[Scenario]:
    """Over the days of the first plan; where dated files differ, over those that the planner chooses."""
    dated = [scenario for scenario in scenarios if scenario.dated] or scenarios[1:2]
    spans = sorted({(scenario.start, scenario.days) for scenario in dated}, key=lambda span: (-span[1], span[0]))
    start, days = spans[0] if len(spans) == 1 else st.selectbox(
        state.say["compare.days"], spans, key=key, width=340,
        format_func=lambda span: state.say["say.horizon"].format(start=span[0], days=span[1]),
    )
    return [scenario.with_horizon(start=start, days=days) for scenario in scenarios]

"""A point of a sweep as a plan: put on the page Plan, or taken away as a scenario file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.scenario import Scenario, dumps
from sim.sweeps.opening import OpenedSweep
from sim.sweeps.retracing import scenario_of
from sim.ui import parts
from sim.ui.calibrating import standing
from sim.ui.state import Session, file_names, session
from sim.wording.refusals import in_language

PLAN_PAGE = Path(__file__).parent.parent / "pages" / "plan.py"
GOING = "sweep_going"  # a point was opened: the page Plan comes next


def buttons(state: Session, opened: OpenedSweep, point: int, *, slot: str, primary: bool = False) -> None:
    """Open the point on Plan, or download it; where it cannot be had as it was run, why. primary: of a shop, how good it is too."""
    say = state.say
    try:
        scenario = worded(opened, point, scenario_of(opened, point), state)
        text = dumps(scenario)
    except UserError as error:
        st.caption(f":material/info: {parts.plain(in_language(error.message, say.language))}")
        return
    with st.container(horizontal=True, key=f"{slot}_take"):
        st.button(
            say["sweeping.open"], icon=":material/tune:", key=f"{slot}_open", help=say["sweeping.open_help"],
            type="primary" if primary else "secondary", on_click=_open, args=(scenario, _title(opened, state), point),
        )
        st.download_button(
            say["sweeping.download"], text, file_name=f"{scenario.name}.toml", mime="application/toml", icon=":material/download:",
            on_click="ignore", key=f"{slot}_download",
        )
    if primary:
        standing.line(state, scenario)


def go_if_opened() -> None:
    """Leave for the page Plan, once a point has been opened there."""
    if st.session_state.pop(GOING, False):
        st.switch_page(PLAN_PAGE)


def worded(opened: OpenedSweep, point: int, scenario: Scenario, state: Session) -> Scenario:
    """The point's scenario with a title and the sweep's question; none of them enters its digest."""
    title = state.say["sweeping.plan_title"].format(sweep=_title(opened, state), point=f"{point:,}")
    question = state.say.of_file(opened.sweep.name, "question", opened.sweep.question)
    return replace(scenario, title=_line(title) or scenario.title, question=_line(question), author=state.author)


def _title(opened: OpenedSweep, state: Session) -> str:
    return state.say.of_file(opened.sweep.name, "title", opened.sweep.title) or opened.sweep.name


def _line(text: str) -> str:
    """One row of what can be printed: anybody may have written the manifest."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].strip()


def _open(scenario: Scenario, sweep: str, point: int) -> None:
    state = session()
    taken = {*file_names(), *(name for name, edits in state.drafts.items() if edits), state.opened.name}
    taken -= {scenario.name} if state.opened.digest == scenario.digest and not state.changed else set()
    name, count = scenario.name, 1
    while name in taken:  # never mistaken for a file, nor for another plan that is being worked on
        count += 1
        name = f"{scenario.name}_{count}"
    state.open(replace(scenario, name=name))
    state.notice = state.say["sweeping.opened"].format(sweep=sweep, point=f"{point:,}")
    st.session_state[GOING] = True

"""The report of the plan at hand, or of the plans on the Compare page: made beside the app, then there to download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from sim.outcome import model_version
from sim.report.making import all_kinds
from sim.scenario import Scenario
from sim.ui import cache, work
from sim.ui.state import Session

KINDS = {
    ".html": ("report_box.html", ":material/description:", "text/html"),
    ".xlsx": ("report_box.xlsx", ":material/table:", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def of_plan(state: Session) -> None:
    """A button on the Plan page with all about the plan at hand."""
    box = st.popover(state.say["report_box.title"], icon=":material/summarize:", key="report_box", on_change="rerun")
    if box.open:  # nothing is worked out for a box that is shut
        with box:
            st.caption(state.say["report_box.about"])
            plan = replace(state.plan, name=state.opened.name)
            offered(state, "report", cache.base_of(plan), [plan], name=state.opened.name)


def of_several(state: Session, base: Scenario, plans: Sequence[Scenario]) -> None:
    """The same on the Compare page."""
    box = st.popover(state.say["report_box.title"], icon=":material/summarize:", key="report_several", on_change="rerun")
    if box.open:
        with box:
            st.caption(state.say["report_box.about_several"].format(count=len(plans)))
            offered(state, "report_several", base, plans, name="compare")


def offered(state: Session, slot: str, base: Scenario, plans: Sequence[Scenario], *, name: str) -> None:
    """What to put in, the button, how far it is, and the files."""
    say = state.say
    whole = st.toggle(say["report_box.whole"], value=True, key=f"{slot}_whole")
    words = tuple((one.name, one.title, one.question, one.notes) for one in (base, *plans))
    key = (
        "report", base.digest, tuple(plan.digest for plan in plans), words, model_version(), cache.DRAWS, cache.SEED, cache.NOISE, whole,
        say.language, state.author, date.today(),
    )
    if st.button(say["report_box.make"], icon=":material/summarize:", key=f"{slot}_make", type="primary", disabled=work.running(slot)):
        work.begin(
            slot, key, all_kinds, plans=list(plans), base=base, language=say.language, draws=cache.DRAWS, seed=cache.SEED,
            noise=cache.NOISE,
            attribution="auto" if whole else None, drivers=whole, author=state.author, date=date.today(),
        )
    made = work.answer(state, slot, key, what=say["report_box.making"])
    if made is None:
        return
    if made.key != key:
        st.caption(f":orange[:material/history: {say['report_box.old']}]")
    for ending, (label, icon, mime) in KINDS.items():
        st.download_button(
            say[label], made.result[ending], file_name=f"{name}{ending}", mime=mime, icon=icon, on_click="ignore", key=f"{slot}{ending}",
            width="stretch",
        )

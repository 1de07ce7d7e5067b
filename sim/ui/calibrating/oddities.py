"""What is odd in a shop's numbers, in words, and what the planner wants done about each."""

from __future__ import annotations

import streamlit as st

from sim.shops import Finding, ShopTable, checked
from sim.texts import Words
from sim.ui import parts
from sim.ui.calibrating.asking import Loaded
from sim.ui.state import Session
from sim.wording.shops import finding_says

FOUND = "calibrate_findings"


def section(state: Session, file: Loaded, table: ShopTable) -> dict[str, str]:
    """The findings with a choice each; gives {finding: choice} of what is not done anyway."""
    say = state.say
    groups: dict[str, list[Finding]] = {}
    for finding in _findings(table):
        groups.setdefault(finding.key, []).append(finding)
    parts.heading(say["shops.findings"], say["calibrating.odd_note" if groups else "shops.no_findings"])
    asked = {}
    if groups:
        with st.container(border=True, key="calibrate_odd"):
            for key, group in groups.items():
                choice = _row(state, file, key, group)
                if choice != group[0].default:
                    asked[key] = choice
    return asked


def _findings(table: ShopTable) -> tuple[Finding, ...]:
    kept = st.session_state.get(FOUND)
    if kept is None or kept[0] is not table:
        st.session_state[FOUND] = kept = (table, checked(table))
    return kept[1]


def _row(state: Session, file: Loaded, key: str, group: list[Finding]) -> str:
    """One kind of finding of one column: what, where, and what to do."""
    say, first = state.say, group[0]
    left, right = st.columns([5, 2], vertical_alignment="center")
    with left:
        lines = []
        for finding in group:
            says = finding_says(finding, say)
            where = f"  :small[:gray[{_rows(finding, say)}]]" if finding.rows else ""
            lines.append(f":orange[:material/error_outline:] {parts.plain(says[:1].upper() + says[1:])}{where}")
        st.markdown("  \n".join(lines))
    with right:
        if len(first.choices) == 1:
            st.markdown(f":small[:gray[{say['shops.did.' + first.choices[0]]}]]")
            return first.default
        slot = f"calibrate_odd.{file.digest[:8]}.{key}"
        st.session_state.setdefault(slot, first.default)
        return st.selectbox(
            say["calibrating.handle"].format(what=key), first.choices, key=slot, persist_state="session", label_visibility="collapsed",
            format_func=lambda choice: say[f"calibrating.do_{choice}"] + (say["calibrating.usual"] if choice == first.default else ""),
        )


def _rows(finding: Finding, say: Words) -> str:
    """Where in the file: from the first row to the last."""
    first, last = min(finding.rows), max(finding.rows)
    return say["calibrating.at_row" if first == last else "calibrating.at_rows"].format(row=first, first=first, last=last)

"""What is compared: the base, the plans, the way to the page Plan, and all that could be computed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from sim.analysis.comparing import Comparison
from sim.errors import UserError
from sim.texts import brief
from sim.ui import cache, parts
from sim.ui.files.acts import words_of
from sim.ui.parts import LONGEST_TITLE
from sim.ui.plans import CURRENT, drop_gone, gathered, label_of, left_out
from sim.ui.state import BASELINE, Session

FIRST_PLAN = "all_fixes"
MOST_PLANS = 6
LABEL_PX = 20  # what has no label of its own stands beside the boxes that have one
PLAN_PAGE = Path(__file__).parent.parent / "pages" / "plan.py"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The comparison, and what its plans are called: the base first, in `labels` at length, in `titles` briefly."""

    comparison: Comparison
    names: tuple[str, ...]
    labels: tuple[str, ...]
    titles: tuple[str, ...]

    def heads(self, *taken: str, most: int = LONGEST_TITLE) -> tuple[str, ...]:
        """The titles as heads of a table's columns, of `most` letters: no two alike, and none like the heads that are `taken`."""
        found: list[str] = []
        for title, label in zip(self.titles, self.labels, strict=True):
            title, label = brief(title, most), brief(label, most)
            tries = (title, label, *(f"{title} ({count})" for count in range(2, 99)))
            found.append(next(head for head in tries if head not in (*taken, *found)))
        return tuple(found)


def chosen(state: Session, names: list[str]) -> tuple[str, list[str], bool]:
    """The base and its plans; kept while the planner looks at other pages."""
    say = state.say
    first = [name for name in (CURRENT, state.opened.name, FIRST_PLAN) if name in names and name != BASELINE][:1]
    left, right, side = st.columns([3, 6, 2])
    keep = {"persist_state": "session", "format_func": lambda name: label_of(state, name)}
    drop_gone(names, one="compare_base", several="compare_plans")
    st.session_state.setdefault("compare_plans", first)
    with left:
        base = st.selectbox(say["compare.base"], names, index=names.index(BASELINE) if BASELINE in names else 0, key="compare_base", **keep)
    with right:
        plans = st.multiselect(say["compare.plans"], names, key="compare_plans", max_selections=MOST_PLANS, wrap=True, **keep)
    with side:
        st.space(LABEL_PX)
        same = st.toggle(say["compare.same_world"], key="compare_world", help=say["compare.same_world_help"], persist_state="session")
    return base, [name for name in plans if name != base], same


def compared(state: Session, base: str, plans: Sequence[str], *, same_world: bool) -> Compared | None:
    """All on one horizon and the same draws; where the base or every plan cannot be had, why."""
    found = gathered(state, [base, *plans], key="compare_days", same_world=same_world)
    left_out(state, found)
    names = tuple(found.outcomes)
    if base not in found.outcomes or len(names) < 2:
        st.info(state.say["compare_page.no_base" if base not in found.outcomes else "compare_page.all_out"], icon=":material/info:")
        return None
    first, *others = found.outcomes.values()
    labels = tuple(label_of(state, name) for name in names)
    titles = tuple(label_of(state, name, brief=True) for name in names)
    if len(set(titles)) < len(titles):  # two files of one title are told apart by their names
        titles = labels
    return Compared(comparison=Comparison(base=first, plans=tuple(others)), names=names, labels=labels, titles=titles)


def ways_to_plan(state: Session, found: Compared) -> None:
    """A button per plan that opens it on the page Plan."""
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare_open"):
        st.markdown(f":small[:gray[{say['compare_page.open']}]]")
        for place, (name, title) in enumerate(zip(found.names, found.titles, strict=True)):
            hint = say["compare_page.open_help"].format(plan=parts.plain(found.labels[place]))
            if st.button(parts.plain(title), icon=":material/tune:", key=f"open_{place}", type="tertiary", help=hint):
                opened(state, name)


def opened(state: Session, name: str) -> None:
    """To the page Plan, with this file open there."""
    try:
        if name not in (CURRENT, state.opened.name):
            state.open(cache.scenario_at(name), text=words_of(name))
    except UserError as error:
        parts.refused(error.message, state.say)
        return
    st.switch_page(PLAN_PAGE)

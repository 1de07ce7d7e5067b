"""Two people, one file: the second sees what the first has saved and chooses; nothing is overwritten in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from sim.errors import UserError
from sim.scenario import Scenario, diff, filing
from sim.texts import Words
from sim.ui import parts, sheets
from sim.ui.files import acts
from sim.ui.state import Conflict, Session, session
from sim.wording.refusals import in_language

NAME = "conflict_name"


def shown(state: Session, found: Conflict) -> None:
    """What the file says now beside what the plan says, and the ways out."""
    say = state.say
    with st.container(border=True, key="conflict"):
        author = found.theirs.author if found.theirs else ""
        title = say["conflict.title_by" if author else "conflict.title"].format(name=found.name, author=author)
        st.markdown(f":orange[:material/group:] **{parts.plain(title)}**")
        st.caption(say["conflict.note"])
        if found.theirs is None:
            parts.refused(say["conflict.unreadable"].format(says=in_language(found.fault, say.language)), say)
        else:
            rows = rows_of(state.opened, found.theirs, state.plan, say)
            if rows:
                parts.sheet(rows)
            else:
                st.caption(say["conflict.alike"])
        ways_out(state, found)


def ways_out(state: Session, found: Conflict) -> None:
    say, folder = state.say, filing.DELETED
    with st.container(horizontal=True):
        if found.theirs is not None:
            st.button(say["conflict.on_top"], key="conflict_on_top", type="primary", on_click=_on_top, help=say["conflict.on_top_help"])
            st.button(say["conflict.take"], key="conflict_take", on_click=_take, help=say["conflict.take_help"])
        st.button(
            say["conflict.overwrite"], key="conflict_overwrite", on_click=_overwrite,
            help=say["conflict.overwrite_help"].format(folder=folder),
        )
        st.button(say["conflict.later"], key="conflict_later", type="tertiary", on_click=_later)
    with st.form("conflict_other", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(say["files.name"], acts.free_name(found.name), key=NAME, width=280)
        st.form_submit_button(say["conflict.other_name"], on_click=_other_name)


def rows_of(opened: Scenario, theirs: Scenario, mine: Scenario, say: Words) -> list[dict[str, Any]]:
    """Every field that either has changed: as it was when it was opened, in the file now, in the plan."""
    changes: dict[tuple[str, str, str], list[Any]] = {}
    for place, other in enumerate((theirs, mine)):
        for item in diff(opened, other):
            line = changes.setdefault((item.kind, item.name, item.field), [None, None])
            line[place] = item
    rows = []
    for in_theirs, in_mine in changes.values():
        some = in_theirs or in_mine
        before = sheets.said(some.before, some, say)
        rows.append(
            {
                say["head.kind"]: say.named("kind", some.kind),
                say["head.name"]: sheets.name_of(some, say),
                say["head.field"]: say.named("field", some.field),
                say["conflict.opened"]: before,
                say["conflict.theirs"]: sheets.said(in_theirs.after, in_theirs, say) if in_theirs else before,
                say["conflict.mine"]: sheets.said(in_mine.after, in_mine, say) if in_mine else before,
            }
        )
    return rows


# The ways out. Each looks at the file anew: it may have changed once more.


def _take() -> None:
    """Their version; what was set here is one Undo away."""
    state = session()
    edits, name, typed = state.edits, state.opened.name, state.conflict.words if state.conflict else {}
    try:
        state.stored(acts.load(name), text=acts.words_of(name))
        state.past = [edits]
        state.notice = state.say["conflict.taken"].format(name=name)
        _keep(typed, state)
    except UserError as error:
        state.fault = error.message


def _on_top() -> None:
    state = session()
    edits, name, typed = state.edits, state.opened.name, state.conflict.words if state.conflict else {}
    try:
        theirs = acts.load(name)
        theirs.with_settings(edits)
        state.stored(theirs, text=acts.words_of(name))
        state.adjust(edits)
        state.notice = state.say["conflict.merged"].format(name=name)
        _keep(typed, state)
    except UserError as error:
        state.fault = error.message


def _keep(typed: Mapping[str, str], state: Session) -> None:
    """Words that were to be saved stand in the file menu as they were typed, and that is said where they are not the file's own."""
    for field, text in typed.items():
        st.session_state[acts.slot_of(state, field)] = text
    if any(text != getattr(state.opened, field) for field, text in typed.items()):
        between = "" if state.language == "zh" else " "
        state.notice += between + state.say["conflict.words_kept"]


def _overwrite() -> None:
    state = session()
    name = state.opened.name
    try:
        kept = acts.write_over(state)
        if kept is not None:
            state.notice = state.say["conflict.overwritten"].format(name=name, kept=f"{filing.DELETED}/{kept.kept.name}")
    except UserError as error:
        state.fault = error.message


def _other_name() -> None:
    state = session()
    opened, typed = state.opened, state.conflict.words if state.conflict else {}
    try:
        name = str(st.session_state[NAME] or "").strip().removesuffix(".toml")
        words = {"title": opened.title, "question": opened.question, "notes": opened.notes, **typed}
        acts.store(state, name, author=state.author, **words)
    except UserError as error:
        state.fault = error.message


def _later() -> None:
    session().conflict = None

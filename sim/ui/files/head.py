"""The head of the Plan page: which file is open, is it saved, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from sim.errors import UserError
from sim.scenario import dumps, scenario_folder
from sim.texts import brief
from sim.ui import cache, parts, reporting
from sim.ui.files import acts, conflict
from sim.ui.files.acts import FIELDS, MENU, PICKER, over_baseline, own_file, slot_of
from sim.ui.journal import FOLDER
from sim.ui.state import BASELINE, Session, file_names

NEW_NAME = {"en": "my_plan", "zh": "我的方案"}
NOTES_PX = 90
PICKER_PX = 290  # all of the bar in one row of a 1280 px page, the language switch with it


def bar(state: Session) -> None:
    """Picker, save, undo and redo, and the menu with everything else."""
    say = state.say
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
        picker(state)
        own = own_file(state)
        hint = say["files.save_help"].format(name=state.opened.name) if own else say["files.save_base"]
        st.button(
            say["files.save"], icon=":material/save:", key="save", disabled=not (state.changed and own), help=hint, on_click=acts.save_open,
            type="primary" if state.changed and own else "secondary",
        )
        for act, does, some in (("undo", state.undo, state.past), ("redo", state.redo, state.future)):
            name = say[f"files.{act}"]
            st.button(name, icon=f":material/{act}:", key=act, disabled=not some, help=name, on_click=does)
        box = st.popover(say["files.menu"], icon=":material/folder_open:", key=MENU, on_change="rerun")
        with box:
            if box.open:  # what went wrong is said where the planner is looking
                parts.faults(state)
            menu(state)
        reporting.of_plan(state)


def status(state: Session) -> None:
    """Under the bar: what was just done, else whether the plan is saved, and what it asks; then what is to be decided."""
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="file_status"):
        if state.notice:
            st.markdown(f":small[:green[:material/check_circle: {parts.plain(state.notice)}]]", width="content")
            state.notice = ""
        else:
            st.markdown(_standing(state))
        if state.deleted is not None:
            st.button(
                say["files.bring_back"], icon=":material/undo:", key="bring_back", type="tertiary", on_click=acts.bring_deleted_back,
                help=f"{state.deleted.name}.toml",
            )
    if state.asks_author:
        who_saves(state)
    if state.conflict is not None:
        conflict.shown(state, state.conflict)


def _standing(state: Session) -> str:
    """Is the plan saved, and what does it ask?"""
    say = state.say
    fresh = state.opened.path is None and state.opened.name not in file_names()
    mark = say["plan.unsaved"] if state.changed else say["files.new"] if fresh else ""
    if mark and not state.kept:
        mark = f"{mark} · {say['files.not_kept'].format(folder=parts.plain(_journal_folder()))}"
    asks = parts.plain(brief(parts.translated(state.opened, "question", say), parts.LONGEST_QUESTION)) or "\u00a0"
    return f":orange-badge[:material/edit: {mark}] :small[:gray[{asks}]]" if mark else f":small[:gray[{asks}]]"


def _journal_folder() -> str:
    """Where unsaved work would be kept; the bare name where the scenario folder itself is gone."""
    try:
        return str(scenario_folder() / FOLDER)
    except UserError:
        return FOLDER


def who_saves(state: Session) -> None:
    """The author, asked once: the file says who wrote it."""
    say = state.say
    with st.form("author", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(say["files.author_ask"], state.author, key="author_name", help=say["files.author_once"], max_chars=120, width=340)
        st.form_submit_button(say["files.author_save"], on_click=acts.save_as_author, type="primary")
        st.form_submit_button(say["files.cancel"], on_click=acts.save_not)


def picker(state: Session) -> None:
    """The files of the scenario folder, the baseline first; choosing one opens it."""
    names = file_names()
    if state.opened.name not in names:
        names.insert(0, state.opened.name)
    if st.session_state.get(PICKER) != state.opened.name:
        st.session_state[PICKER] = state.opened.name
    known = {name: cache.readable(name) for name in names} | {state.opened.name: state.opened}
    st.selectbox(
        state.say["plan.scenario"], names, key=PICKER, on_change=acts.picked, width=PICKER_PX,
        format_func=lambda name: parts.title_of(known.get(name), name, state.say),
    )


def menu(state: Session) -> None:
    say = state.say
    with st.form("save_as", border=False):
        for field in FIELDS:
            hint = say[f"files.{field}_help"] if field == "name" else say["files.author_once"] if field == "author" else None
            if field == "notes":
                st.text_area(say["files.notes"], _proposed(state, field), key=slot_of(state, field), height=NOTES_PX)
            else:
                st.text_input(say[f"files.{field}"], _proposed(state, field), key=slot_of(state, field), help=hint)
        with st.container(horizontal=True):
            st.form_submit_button(say["files.save_as"], icon=":material/save_as:", on_click=acts.save_as, type="primary")
            if own_file(state):
                st.form_submit_button(say["files.describe"], icon=":material/description:", on_click=acts.describe)
    with st.container(horizontal=True):
        st.button(say["files.duplicate"], icon=":material/content_copy:", key="duplicate", on_click=acts.duplicate)
        # Writing a file of a megabyte takes seconds: that is for an open menu, not for every move of a lever.
        text = text_of(state) if st.session_state.get(MENU) else ""
        st.download_button(
            say["files.download"], text or "", file_name=f"{state.opened.name}.toml", mime="application/toml", icon=":material/download:",
            on_click="ignore", disabled=text is None, key="download",
        )
    this_file(state)
    slot = f"upload_{state.generation}"
    st.file_uploader(say["files.upload"], type=["toml"], key=slot, on_change=acts.uploaded, args=(slot,))


def this_file(state: Session) -> None:
    """Rename and delete the open file."""
    say, own = state.say, own_file(state)
    with st.form("rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        slot = slot_of(state, "rename")
        hint = None if own else say["files.own_only"]
        st.text_input(say["files.rename_to"], state.opened.name if own else "", key=slot, disabled=not own, help=hint, width=200)
        st.form_submit_button(say["files.rename"], icon=":material/edit:", on_click=acts.rename_open, args=(slot,), disabled=not own)
    hint = say["files.delete_help"].format(name=state.opened.name) if own else say["files.own_only"]
    st.button(say["files.delete"], icon=":material/delete:", key="delete", on_click=acts.delete_open, disabled=not own, help=hint)


def _proposed(state: Session, field: str) -> str:
    if field == "name":
        return acts.free_name(NEW_NAME[state.language])
    if field == "author":
        return state.author
    return "" if state.opened.name == BASELINE else acts.proposed_words(state, field)


def text_of(state: Session) -> str | None:
    """What the plan's file would say now."""
    try:
        return dumps(over_baseline(state.plan), base_text=state.text)
    except UserError:
        return None


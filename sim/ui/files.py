"""Scenario files as a planner handles them: open, save, save as, duplicate, download, upload. Files are the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.scenario import Scenario, dumps, load, save, scenario_folder
from sim.scenario.checks import check_stem
from sim.scenario.overlay import located, resolved
from sim.scenario.text import decoded, file_text
from sim.texts import Words
from sim.ui import cache, parts
from sim.ui.state import BASELINE, Session, file_names, session

PICKER = "picker"
MENU = "file_menu"
FIELDS = ("name", "title", "author", "question")
NEW_NAME = {"en": "my_plan", "zh": "我的方案"}


def bar(state: Session) -> None:
    """The head of the Plan page: which file is open, is it saved, and what can be done with it."""
    say = state.say
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
        picker(state)
        own = state.opened.path is not None and state.opened.name != BASELINE
        hint = say["files.save_help"].format(name=state.opened.name) if own else say["files.save_base"]
        st.button(
            say["files.save"], icon=":material/save:", key="save", disabled=not (state.changed and own), help=hint, on_click=_save,
            type="primary" if state.changed and own else "secondary",
        )
        st.button("", icon=":material/undo:", key="undo", disabled=not state.past, help=say["files.undo"], on_click=state.undo)
        st.button("", icon=":material/redo:", key="redo", disabled=not state.future, help=say["files.redo"], on_click=state.redo)
        box = st.popover(say["files.menu"], icon=":material/folder_open:", key=MENU, on_change="rerun")
        with box:
            if box.open:  # what went wrong is said where the planner is looking
                parts.faults(state)
            menu(state)


def status(state: Session) -> None:
    """One line under the bar, always there: what was just done, else whether the plan is saved, and what it asks."""
    say = state.say
    if state.notice:
        st.markdown(f":small[:green[:material/check_circle: {parts.plain(state.notice)}]]")
        state.notice = ""
        return
    fresh = state.opened.path is None and state.opened.name not in file_names()
    mark = say["plan.unsaved"] if state.changed else say["files.new"] if fresh else ""
    asks = parts.plain(parts.translated(state.opened, "question", say)) or "\u00a0"
    st.markdown(f":orange-badge[:material/edit: {mark}] :small[:gray[{asks}]]" if mark else f":small[:gray[{asks}]]")


def picker(state: Session) -> None:
    """The files of the scenario folder, the baseline first; choosing one opens it."""
    names = file_names()
    if state.opened.name not in names:
        names.insert(0, state.opened.name)
    if st.session_state.get(PICKER) != state.opened.name:
        st.session_state[PICKER] = state.opened.name
    known = {name: cache.readable(name) for name in names} | {state.opened.name: state.opened}
    st.selectbox(
        state.say["plan.scenario"], names, key=PICKER, on_change=_picked, width=330,
        format_func=lambda name: parts.title_of(known.get(name), name, state.say),
    )


def menu(state: Session) -> None:
    say = state.say
    with st.form("save_as", border=False):
        for field in FIELDS:
            hint = say["files.name_help"] if field == "name" else None
            st.text_input(say[f"files.{field}"], _proposed(state, field), key=_slot(state, field), help=hint)
        st.form_submit_button(say["files.save_as"], icon=":material/save_as:", on_click=_save_as, width="stretch", type="primary")
    with st.container(horizontal=True):
        st.button(say["files.duplicate"], icon=":material/content_copy:", key="duplicate", on_click=_duplicate)
        text = _text(state)
        st.download_button(
            say["files.download"], text or "", file_name=f"{state.opened.name}.toml", mime="application/toml", icon=":material/download:",
            on_click="ignore", disabled=text is None, key="download",
        )
    slot = f"upload_{state.generation}"
    st.file_uploader(say["files.upload"], type=["toml"], key=slot, on_change=_uploaded, args=(slot,))


def _slot(state: Session, field: str) -> str:
    """The key of a field: another one for every opened file, so that each starts with its own proposal."""
    return f"save_{field}.{state.generation}"


def _proposed(state: Session, field: str) -> str:
    if field == "name":
        return _free(NEW_NAME[state.language])
    if field == "author":
        return state.author
    return "" if state.opened.name == BASELINE else getattr(state.opened, field)


def _free(name: str) -> str:
    """The name, with a number behind it where a file of that name is there already."""
    taken = {known.casefold() for known in file_names()}
    count = 1
    while (found := name if count == 1 else f"{name}_{count}").casefold() in taken:
        count += 1
    return found


def _text(state: Session) -> str | None:
    """What the plan's file would say now."""
    try:
        return dumps(_over_baseline(state.plan), base_text=state.text)
    except UserError:
        return None


def _over_baseline(plan: Scenario) -> Scenario:
    """A plan made from the baseline extends it and has its own words."""
    if plan.name != BASELINE:
        return plan
    return replace(plan, extends=BASELINE if BASELINE in file_names() else None, path=None)


# What the buttons do; a mistake is one sentence, and nothing is lost.


def _picked() -> None:
    state = session()
    try:
        if st.session_state[PICKER] not in file_names():
            raise UserError(state.say["files.gone"].format(name=st.session_state[PICKER]))
        state.open(cache.scenario_at(st.session_state[PICKER]), text=_words_of(st.session_state[PICKER]))
    except UserError as error:
        state.fault = error.message
        st.session_state[PICKER] = state.opened.name


def _words_of(name: str) -> str | None:
    return None if name == BASELINE else file_text(located(name))


def _save() -> None:
    state = session()
    path = state.opened.path
    try:
        if path is None or state.opened.name == BASELINE:
            raise UserError(state.say["files.save_base"])
        _unchanged(state, path)
        save(state.plan, path, overwrite=True)
        _now_open(state, state.opened.name)
    except UserError as error:
        state.fault = error.message


def _unchanged(state: Session, path: Path) -> None:
    """Has nobody else saved this file since it was opened here? (A file that is gone is simply written again.)"""
    if path.is_file() and state.text is not None and file_text(path) != state.text:
        raise UserError(state.say["files.changed"].format(name=state.opened.name))


def _save_as() -> None:
    state = session()
    words = {field: str(st.session_state[_slot(state, field)] or "").strip() for field in FIELDS}
    try:
        _store(state, words["name"].removesuffix(".toml"), title=words["title"], author=words["author"], question=words["question"])
        state.author = words["author"]
    except UserError as error:
        state.fault = error.message


def _duplicate() -> None:
    state = session()
    title = state.say["files.copy"].format(title=parts.translated(state.opened, "title", state.say))
    try:
        _store(state, _free(f"{state.opened.name}_copy"), title=title, author=state.author, question=state.opened.question)
    except UserError as error:
        state.fault = error.message


def _store(state: Session, name: str, *, title: str, author: str, question: str) -> None:
    if says := _refusal(name, state.say):
        raise UserError(says)
    plan = replace(_over_baseline(state.plan), name=name, path=None, title=title or name, author=author, question=question)
    save(plan, scenario_folder() / f"{name}.toml", base_text=state.text)
    _now_open(state, name)


def _refusal(name: str, say: Words) -> str | None:
    """Why a new file cannot have this name, in the planner's language; a name is never a way into another folder."""
    if not name:
        return say["files.no_name"]
    if check_stem(name) is not None:
        return say["files.bad_name"].format(name=name)
    if name.casefold() in {known.casefold() for known in file_names()}:
        return say["files.exists"].format(name=name)
    return None


def _now_open(state: Session, name: str) -> None:
    state.stored(load(name), text=_words_of(name))
    state.notice = state.say["files.saved"].format(name=name, folder=scenario_folder())
    st.session_state[MENU] = False


def _uploaded(slot: str) -> None:
    """Open an uploaded file. It is nobody's file in the folder until it is saved."""
    state = session()
    file = st.session_state[slot]
    if file is None:
        return
    state.generation += 1  # an empty uploader next time, whatever comes of this
    name = file.name.removesuffix(".toml")
    try:
        text = decoded(file.getvalue(), file.name)
        scenario = resolved(name, text, label=file.name, path=None, beside=None, folder=None)
        while scenario.name in file_names():  # never mistaken for the file of the same name
            scenario = replace(scenario, name=_free(name))
        state.open(scenario, text=text)
        state.notice = state.say["files.uploaded"].format(name=file.name)
        st.session_state[MENU] = False
    except UserError as error:
        state.fault = state.say["files.upload_refused"].format(says=error.message)

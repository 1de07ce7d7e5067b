"""Unsaved work: kept on disk at every step, and offered again after a refresh, a dropped connection or a killed server."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sim.errors import UserError
from sim.scenario import Scenario, dumps, load, scenario_folder
from sim.scenario.overlay import resolved
from sim.scenario.text import file_text
from sim.ui import journal, parts
from sim.ui.journal import Work
from sim.ui.state import BASELINE, Session, file_names, session

ADDRESS = "work"  # in the page's address: which session's work this tab goes on with after a refresh
MOST = 3  # offers at a time


def keep(state: Session) -> None:
    """Put on disk what is unsaved, if it has changed since."""
    if state.token and st.query_params.get(ADDRESS) != state.token:
        st.query_params[ADDRESS] = state.token
    if not state.token:
        state.came_from, state.token = st.query_params.get(ADDRESS, ""), journal.new_token()
        st.query_params[ADDRESS] = state.token
        _alive()[state.token] = _own_id()
    work = _work(state)
    if work != state.journaled:
        state.kept = journal.write(work)
        state.journaled = work


def _work(state: Session) -> Work:
    opened = state.opened
    filed = opened.path is not None or opened.name == BASELINE
    text = state.text
    if not filed and text is None:  # made by the app: its file is what it would be saved as
        state.text = text = _text_of(opened)
    return Work(
        token=state.token, user=state.user, name=opened.name, text=text, filed=filed, edits=dict(state.edits),
        drafts={name: dict(edits) for name, edits in state.drafts.items() if edits and name != opened.name},
    )


def _text_of(scenario: Scenario) -> str | None:
    try:
        return dumps(scenario)
    except UserError:
        return None


# Who is still there


@st.cache_resource(show_spinner=False)
def _alive() -> dict[str, str]:
    """Of each journal that this server began, the session that writes it."""
    return {}


def _own_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _writing(token: str) -> bool:
    """Is there a tab that goes on with this work?"""
    owner = _alive().get(token)
    return owner is not None and exists() and get_instance().is_active_session(owner)


# What is offered


def offers(state: Session) -> list[Work]:
    """Work that nobody goes on with: what this tab had before it was refreshed, then what this planner left behind."""
    found = []
    for token in dict.fromkeys([state.came_from, *(journal.tokens() if state.user else [])]):
        if not token or token == state.token or token in state.put_off or _writing(token):
            continue
        work = journal.read(token)
        if work is not None and not work.empty and (token == state.came_from or work.user == state.user):
            found.append(work)
    return found


def offer(state: Session) -> None:
    """At the top of every page, while there is unsaved work to take up again."""
    found = offers(state)
    if not found:
        return
    say = state.say
    with st.container(border=True, gap="xsmall", key="recovery"):
        st.markdown(f":material/restore: **{say['recovery.title']}**")
        for work in found[:MOST]:
            with st.container(horizontal=True, vertical_alignment="center", key=f"recovery_{work.token}"):
                st.markdown(parts.plain(in_words(work, state)), width="stretch")
                for act, (does, kind) in ACTS.items():
                    st.button(say[f"recovery.{act}"], key=f"recovery_{act}.{work.token}", on_click=does, args=(work,), type=kind)


def in_words(work: Work, state: Session) -> str:
    say, others = state.say, len([edits for name, edits in work.drafts.items() if name != work.name and edits])
    what = say["recovery.count"].format(count=len(work.edits)) if work.edits else say["recovery.whole"]
    if not work.edits and work.filed:  # only drafts of other files
        name, edits = next((name, edits) for name, edits in work.drafts.items() if edits)
        others -= 1
        text = say["recovery.one"].format(name=name, levers=say["recovery.count"].format(count=len(edits)), when=work.saved_at)
    else:
        text = say["recovery.one"].format(name=work.name, levers=what, when=work.saved_at)
    return say["recovery.also"].format(first=text, count=others) if others else text


def _later(work: Work) -> None:
    session().put_off.add(work.token)


def _discard(work: Work) -> None:
    journal.drop(work.token)


def _restore(work: Work) -> None:
    """Take the work up in this tab; what cannot be taken up any more is said, and the rest is there."""
    state = session()
    try:
        scenario, text = opened_again(work)
    except UserError as error:
        state.fault = error.message
        return
    state.take_up(scenario, text=text, edits=dict(work.edits), drafts=work.drafts)
    state.notice = state.say["recovery.restored"].format(name=work.name)
    keep(state)  # it is this session's now, and on disk as such before the old entry goes
    journal.drop(work.token)


def opened_again(work: Work) -> tuple[Scenario, str | None]:
    """The scenario as it was opened then: what is on disk now may be somebody's newer version, which saving will find out."""
    if work.name == BASELINE and work.text is None:
        return load(BASELINE), None
    home = scenario_folder()
    path = home / f"{work.name}.toml" if work.filed and work.name in file_names() else None
    if path is not None and (work.text is None or file_text(path) == work.text):
        return load(work.name), file_text(path)
    if work.text is None:
        return load(work.name), None
    scenario = resolved(work.name, work.text, label=f"{work.name}.toml", path=path, beside=home, folder=home)
    return replace(scenario, path=path), work.text


ACTS = {"restore": (_restore, "primary"), "discard": (_discard, "secondary"), "later": (_later, "tertiary")}

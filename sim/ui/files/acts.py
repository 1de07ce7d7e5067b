"""What the file buttons do; a mistake is one sentence, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from sim.errors import UserError
from sim.scenario import Scenario, filing, load, save, scenario_folder
from sim.scenario.checks import check_stem
from sim.scenario.overlay import located, resolved
from sim.scenario.text import decoded, file_text
from sim.texts import Words
from sim.ui import cache, journal, parts
from sim.ui.state import BASELINE, Conflict, Session, file_names, session
from sim.wording.refusals import in_language

PICKER = "picker"
MENU = "file_menu"
FIELDS = ("name", "title", "author", "question", "notes")
LONGEST = {"title": 200, "author": 120, "question": 2000, "notes": 20_000}  # letters
_SAVING = threading.Lock()  # between looking whether a file has changed and writing it, no other session of this server writes


def slot_of(state: Session, field: str) -> str:
    """The key of a field: another one for every opened file, so that each starts with its own proposal."""
    return f"save_{field}.{state.generation}"


def own_file(state: Session) -> bool:
    """Is the open scenario a file that may be written, renamed, deleted? The baseline stays as it is."""
    return state.opened.path is not None and state.opened.name != BASELINE


def free_name(name: str) -> str:
    """The name, with a number behind it where a file of that name is there already."""
    taken = {known.casefold() for known in file_names()}
    count = 1
    while (found := name if count == 1 else f"{name}_{count}").casefold() in taken:
        count += 1
    return found


def over_baseline(plan: Scenario) -> Scenario:
    """A plan made from the baseline extends it and has its own words."""
    if plan.name != BASELINE:
        return plan
    return replace(plan, extends=BASELINE if BASELINE in file_names() else None, path=None)


# Open


def picked() -> None:
    state = session()
    try:
        if st.session_state[PICKER] not in file_names():
            raise UserError(state.say["files.gone"].format(name=st.session_state[PICKER]))
        state.open(cache.scenario_at(st.session_state[PICKER]), text=words_of(st.session_state[PICKER]))
    except UserError as error:
        state.fault = error.message
        st.session_state[PICKER] = state.opened.name


def words_of(name: str) -> str | None:
    return None if name == BASELINE else file_text(located(name))


def uploaded(slot: str) -> None:
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
        if check_stem(scenario.name) is not None:  # its name may be anything that a browser sends
            scenario = replace(scenario, name="upload")
        while scenario.name in file_names():  # never mistaken for the file of the same name
            scenario = replace(scenario, name=free_name(scenario.name))
        state.open(scenario, text=text)
        state.notice = state.say["files.uploaded"].format(name=file.name)
        st.session_state[MENU] = False
    except UserError as error:
        state.fault = state.say["files.upload_refused"].format(says=in_language(error.message, state.language))


# Save


def save_open() -> None:
    """Save the open file; who has not said who they are is asked, once."""
    state = session()
    if state.author:
        write_open(state)
    else:
        state.asks_author = True


def save_as_author() -> None:
    state = session()
    state.asks_author = False
    signed(state, str(st.session_state.get("author_name") or ""))
    write_open(state)


def save_not() -> None:
    session().asks_author = False


def signed(state: Session, author: str) -> None:
    """Who writes from now on; remembered where the app can tell planners apart."""
    state.author = " ".join(author.split())[: LONGEST["author"]]
    if state.author:
        journal.remember_author(state.user, state.author)


def write_open(state: Session, **words: str) -> None:
    """Write the plan over its own file, unless somebody else has saved that meanwhile. `words`: title, question, notes anew."""
    path, name = state.opened.path, state.opened.name
    try:
        if path is None or name == BASELINE:
            raise UserError(state.say["files.save_base"])
        plan = replace(state.plan, **words, author=state.author or state.opened.author)
        with _SAVING:
            if path.is_file() and state.text is not None and file_text(path) != state.text:
                state.conflict = _conflict(name, file_text(path), words)
                st.session_state[MENU] = False
                return
            save(plan, path, overwrite=True)
        now_open(state, name)
    except UserError as error:
        state.fault = error.message


def write_over(state: Session) -> filing.Deleted | None:
    """Write the plan over its file whatever it says now; the version that was there is put aside and returned."""
    path, name = state.opened.path, state.opened.name
    if path is None or name == BASELINE:
        raise UserError(state.say["files.save_base"])
    words = state.conflict.words if state.conflict else {}
    with _SAVING:
        kept = filing.put_aside(name)
        save(replace(state.plan, **words, author=state.author or state.opened.author), path, overwrite=True, base_text=state.text)
    now_open(state, name)
    return kept


def _conflict(name: str, text: str, words: Mapping[str, str]) -> Conflict:
    try:
        return Conflict(name=name, text=text, theirs=load(name), words=words)
    except UserError as error:
        return Conflict(name=name, text=text, theirs=None, fault=error.message, words=words)


def typed(state: Session) -> dict[str, str]:
    """What stands in the fields of the menu, refused where it is too long for a file that people read."""
    words = {field: str(st.session_state[slot_of(state, field)] or "").strip() for field in FIELDS}
    for field, most in LONGEST.items():
        if len(words[field]) > most:
            raise UserError(state.say["files.too_long"].format(field=state.say[f"files.{field}"], most=f"{most:,}"))
    return words


def proposed_words(state: Session, field: str) -> str:
    """What stands in a field before anybody types: a shipped file's words in the session's language."""
    return parts.translated(state.opened, field, state.say)


def save_as() -> None:
    state = session()
    try:
        words = typed(state)
        name = words.pop("name").removesuffix(".toml")
        store(state, name, **words)
        signed(state, words["author"])
    except UserError as error:
        state.fault = error.message


def describe() -> None:
    """New words for the open file, saved with the plan as it stands."""
    state = session()
    try:
        words = typed(state)
        signed(state, words.pop("author") or state.author)
        words["title"] = words["title"] or state.opened.name
        del words["name"]
        for field, text in words.items():
            if text == proposed_words(state, field).strip():  # nobody has typed here: a translation does not take the file's own place
                words[field] = getattr(state.opened, field)
        write_open(state, **words)
    except UserError as error:
        state.fault = error.message


def duplicate() -> None:
    state = session()
    title = state.say["files.copy"].format(title=parts.translated(state.opened, "title", state.say))
    try:
        name = free_name(f"{state.opened.name}_copy")
        store(state, name, title=title, author=state.author, question=proposed_words(state, "question"), notes=state.opened.notes)
    except UserError as error:
        state.fault = error.message


def store(state: Session, name: str, **words: str) -> None:
    """Save the plan as a new file and open that."""
    if says := refusal(name, state.say):
        raise UserError(says)
    plan = replace(over_baseline(state.plan), name=name, path=None, **(words | {"title": words["title"] or name}))
    save(plan, scenario_folder() / f"{name}.toml", base_text=state.text)
    now_open(state, name)


def refusal(name: str, say: Words) -> str | None:
    """Why a new file cannot have this name, in the planner's language; a name is never a way into another folder."""
    if not name:
        return say["files.no_name"]
    if check_stem(name) is not None:
        return say["files.bad_name"].format(name=name)
    if name.casefold() in {known.casefold() for known in file_names()}:
        return say["files.exists"].format(name=name)
    return None


def now_open(state: Session, name: str) -> None:
    state.stored(load(name), text=words_of(name))
    state.notice = state.say["files.saved"].format(name=name, folder=scenario_folder())
    st.session_state[MENU] = False


# Rename, delete, bring back


def rename_open(slot: str) -> None:
    state = session()
    before, name = state.opened.name, str(st.session_state[slot] or "").strip().removesuffix(".toml")
    try:
        if name == before:
            return
        if name.casefold() != before.casefold() and (says := refusal(name, state.say)):
            raise UserError(says)
        filing.rename(before, name)
        state.renamed(load(name), text=words_of(name))
        state.notice = state.say["files.renamed"].format(before=before, name=name)
        st.session_state[MENU] = False
    except UserError as error:
        state.fault = error.message


def delete_open() -> None:
    """Put the open file aside; the baseline is open then, and one click undoes it."""
    state = session()
    name = state.opened.name
    try:
        deleted = filing.delete(name)
        state.open(cache.base_of(state.opened) if BASELINE not in file_names() else cache.scenario_at(BASELINE))
        state.deleted = deleted
        state.notice = state.say["files.deleted"].format(name=name)
        st.session_state[MENU] = False
    except UserError as error:
        state.fault = error.message


def bring_deleted_back() -> None:
    state = session()
    deleted = state.deleted
    if deleted is None:
        return
    try:
        filing.bring_back(deleted)
        state.open(cache.scenario_at(deleted.name), text=words_of(deleted.name))
        state.notice = state.say["files.back"].format(name=deleted.name)
    except UserError as error:
        state.fault = error.message

"""The calibrated shop as a scenario file with its draws and its score beside it, and on to the page Plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.scenario import load, save, scenario_folder
from sim.shops import Backtest
from sim.shops.picturing import Shown
from sim.shops.score_files import KeptScore, keep_score
from sim.ui import parts, work
from sim.ui.files import acts
from sim.ui.state import Session, session

PLAN_PAGE = Path(__file__).parent.parent / "pages" / "plan.py"
SAVED, SCORED, GOING, FAULT = "calibrate_saved", "calibrate_scored", "calibrate_going", "calibrate_fault"
NAMES = {"en": "my_shop", "zh": "本店"}


def go_if_opened() -> None:
    """Leave for the page Plan, once the shop has been opened there."""
    if st.session_state.pop(GOING, False):
        st.switch_page(PLAN_PAGE)


def section(state: Session, found: work.Answer, score: work.Answer | None) -> None:
    """A name, a title, the button; what was saved, and the way to Plan."""
    say = state.say
    parts.heading(say["calibrating.save"], say["calibrating.save_note" if score else "calibrating.save_unscored"])
    saved = st.session_state.get(SAVED)
    if saved is not None and saved[0] == found.key:
        _standing(state, saved[1], score)
        return
    with st.form("calibrate_save", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = acts.free_name(NAMES[state.language])
        st.text_input(say["files.name"], name, key="calibrate_name", help=say["files.name_help"], width=240)
        st.text_input(say["files.title"], say["calibrating.title"], key="calibrate_title", max_chars=acts.LONGEST["title"], width=320)
        st.form_submit_button(
            say["calibrating.save_button"], icon=":material/save:", type="primary", on_click=_save, args=(found, score),
        )
    if fault := st.session_state.pop(FAULT, ""):
        parts.refused(fault, say)


def _save(found: work.Answer, score: work.Answer | None) -> None:
    """Write the shop under a name that nothing has yet."""
    state, shown = session(), found.result
    assert isinstance(shown, Shown)
    name = str(st.session_state.get("calibrate_name") or "").strip().removesuffix(".toml")
    title = " ".join(str(st.session_state.get("calibrate_title") or "").split())
    try:
        if says := acts.refusal(name, state.say):
            raise UserError(says)
        shop = shown.calibration.scenario(name, title=title or name, author=state.author)
        save(replace(shop, question=state.say["calibrating.question"]), scenario_folder() / f"{name}.toml")
        st.session_state[SAVED] = (found.key, name)
        if score is not None:
            _keep_score(name, score)
    except UserError as error:
        st.session_state[FAULT] = error.message


def _keep_score(name: str, score: work.Answer) -> None:
    scenario = load(name)
    assert isinstance(score.result, Backtest)
    if scenario.posterior is not None:
        keep_score(KeptScore.of(score.result), scenario.posterior, scenario_folder())
        st.session_state[SCORED] = (name, score.key)


def _standing(state: Session, name: str, score: work.Answer | None) -> None:
    """It is saved; a score that came later is put beside it."""
    say = state.say
    try:
        if score is not None and st.session_state.get(SCORED) != (name, score.key):
            _keep_score(name, score)
    except UserError as error:
        parts.refused(error.message, say)
    says = say["calibrating.saved" if score is not None else "calibrating.saved_unscored"].format(name=name, folder=scenario_folder())
    st.success(parts.plain(says), icon=":material/check_circle:")
    with st.container(horizontal=True):
        st.button(say["calibrating.open"], icon=":material/tune:", key="calibrate_open", type="primary", on_click=_open, args=(name,))
        st.button(say["calibrating.save_again"], key="calibrate_save_again", type="tertiary", on_click=_again)
    if fault := st.session_state.pop(FAULT, ""):
        parts.refused(fault, say)


def _open(name: str) -> None:
    state = session()
    try:
        state.open(load(name), text=acts.words_of(name))
        st.session_state[GOING] = True
    except UserError as error:
        st.session_state[FAULT] = error.message


def _again() -> None:
    st.session_state.pop(SAVED, None)

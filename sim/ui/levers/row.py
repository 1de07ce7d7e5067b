"""One lever: its slider, where it stands today and on what authority, what it costs, when it acts, and the way back."""

from __future__ import annotations

import streamlit as st

from sim.outcome import Outcome
from sim.parameters import Parameter
from sim.texts import Words
from sim.ui.inputs import Dial, dial, key_of
from sim.ui.levers import details
from sim.ui.levers.marks import box_of
from sim.ui.state import Session, session
from sim.wording.levers import cost_text, help_of, source_link, timing_text


def drawn(lever: Parameter, state: Session, plan: Outcome | None, *, moved: bool) -> None:
    language, say, key = state.language, state.say, key_of(lever.name)
    shape = dial(lever, language)
    shown = shape.shown(state.level(lever.name))
    slot = slot_of(key, lever, language)
    if st.session_state.get(slot) != shown:
        st.session_state[slot] = shown
    label = f":blue[●] {lever.label[language]}" if moved else lever.label[language]
    with st.container(gap=None, key=box_of(lever.name)):
        st.slider(
            label, shape.low, shape.high, step=shape.step, format=shape.form, key=slot, help=help_of(lever, say),
            on_change=_moved, args=(lever.name, slot, shape),
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap=None):
            st.caption(_standing(lever, state, shape, say), width="stretch")
            if moved:
                back = say["lever.reset_one"].format(lever=lever.label[language])
                st.button(
                    back, key=f"reset.{lever.name}", type="tertiary", icon=":material/undo:", on_click=_reset, args=(lever.name,),
                    help=back,
                )
            details.drawn(lever, state, shape, moved=moved)
        if moved:
            st.caption(_acting(lever, state, plan))


def slot_of(key: str, lever: Parameter, language: str) -> str:
    """Budgets change their scale with the language, so that their widgets are others."""
    return f"{key}.{language}" if lever.unit == "CNY/month" else key


def _standing(lever: Parameter, state: Session, shape: Dial, say: Words) -> str:
    """Where the lever stands today, and who says so."""
    today = say["lever.now"].format(value=shape.text(state.opened.lever_baseline(lever.name)))
    return f"{today} · {say['lever.file'] if lever.name in state.opened.baseline else source_link(lever, say)}"


def _acting(lever: Parameter, state: Session, plan: Outcome | None) -> str:
    """What a moved lever costs over the horizon, and when it acts."""
    say, language = state.say, state.language
    name = f"cost.{lever.name}"
    costs = [] if plan is None or name not in plan.arrays else [cost_text(plan.mean_of(name), say)]
    timing = timing_text(state.setting(lever.name), state.plan, say)
    return (" · " if language == "en" else "　").join([*costs, *([timing] if timing else [])]) or "\u00a0"


def _moved(name: str, slot: str, shape: Dial) -> None:
    """The planner let go of a slider."""
    state = session()
    shown = st.session_state[slot]
    opened = state.opened.levers.get(name)
    baseline = state.opened.lever_baseline(name)
    home = baseline if opened is None else opened.target(baseline)
    for exactly in (home, baseline):  # a slider cannot show every digit: its place for a known figure means that figure
        if shown == shape.shown(exactly):
            state.move(name, exactly)
            return
    state.move(name, shape.value(shown))


def _reset(name: str) -> None:
    session().reset(name)

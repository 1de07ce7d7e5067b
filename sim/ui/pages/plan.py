"""Plan: move levers, see what becomes of GMV, net GMV and returns."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from sim.errors import UserError
from sim.ui import cache, files, levers, parts
from sim.ui.calibrating import standing
from sim.ui.decisions import attribution
from sim.ui.planning import arriving, figures, in_words, leaks, over_days
from sim.ui.planning.tiles import Board, chooser
from sim.ui.state import Session, session


def page() -> None:
    state = session()
    head(state)
    trouble = st.container(key="trouble")  # always there, so that what follows keeps its place
    with trouble:
        parts.faults(state)
    board = Board()
    with arriving.QUEUE.hurried(state.token):
        first = cache.first_pair_of(state.plan)
        if first is not None:
            board.show(state, first, first=True)
        with trouble:
            pair = computed(state)
        if pair is not None:
            board.show(state, pair, first=False)
    if pair is None:
        levers.drawn(state, None)
        return
    under_tiles(state, pair)
    levers.drawn(state, pair.plan)
    with arriving.charts(state) as step_aside:
        sections(state, pair, step_aside)


def head(state: Session) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        files.bar(state)
        parts.language_switch(state)
    files.status(state)


def computed(state: Session) -> cache.Pair | None:
    """The plan's and the baseline's outcome; where the plan cannot be computed, why, and the last that could."""
    try:
        plan = state.plan
        pair = cache.pair_of(plan)
        state.shown = plan
        return pair
    except UserError as error:
        parts.refused(error.message, state.say)
        if state.shown is None:
            return None
        st.caption(state.say["app.kept"])
        return cache.pair_of(state.shown)


def under_tiles(state: Session, pair: cache.Pair) -> None:
    """The plan in one sentence, on the baseline a first thing to try; what the figures are of, and which of them are shown."""
    say, plan = state.say, pair.plan
    with st.container(horizontal=True, vertical_alignment="center", key="in_words"):
        if pair.same:
            st.markdown(say["plan.try_lead"])
            st.button(say["plan.try_button"], icon=":material/play_arrow:", on_click=_try, key="try")
        else:
            st.markdown(in_words.sentence(state, pair))
            st.empty()  # in the button's place: the old one would stand below the sentence until the page is through
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        horizon = say["say.horizon"].format(days=plan.scenario.days, start=plan.scenario.start)
        st.caption(say["plan.drawn"].format(horizon=horizon, draws=f"{plan.draws:,}", seed=plan.seed), width="content")
        chooser(state)
    standing.line(state, plan.scenario)


def _try() -> None:
    session().move("payment.redirects", 2.0)


def sections(state: Session, pair: cache.Pair, step_aside: Callable[[], None]) -> None:
    figures.ratios(state, pair)
    figures.goals(state, pair)
    left, right = st.columns(2, gap="medium")
    with left:
        leaks.drawn(state, pair)
    step_aside()
    with right:
        over_days.days(state, pair)
    words = st.container(key="paragraph")  # written last: what it rests on takes a moment longer than a chart
    attribution.on_plan(state, pair)
    step_aside()
    leaks.funnel(state, pair)
    left, right = st.columns([3, 2], gap="medium")
    step_aside()
    with left:
        figures.returns(state, pair)
        step_aside()
        over_days.refunds(state, pair)
    step_aside()
    with right:
        figures.service(state, pair)
    step_aside()
    over_days.periods(state, pair)
    with words:
        in_words.paragraph(state, pair)


page()

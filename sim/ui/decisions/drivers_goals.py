"""The goals of the page Drivers: up to three lines of figure, direction and value, as a planner types them."""

from __future__ import annotations

import streamlit as st

from sim.analysis.goals import SIGNS, Target, target_of, targets_of
from sim.errors import UserError
from sim.figures import scale
from sim.outcome import KPIS
from sim.ui import cache
from sim.ui.state import Session

LINES = 3
NOTHING, FIRST = "", "net_gmv"


def edited(state: Session) -> list[Target]:
    """The goals that the lines say; where a line makes no sense, a UserError says why."""
    say, language = state.say, state.language
    first = _first(state)
    found = []
    for line in range(min(LINES, max(1, len(first)) + 1)):  # and one more to fill in
        target = first[line] if line < len(first) else None
        key = f"drivers_goal_{state.opened.name}_{line}"
        names = [*([NOTHING] if line else []), FIRST, *(name for name in KPIS if name != FIRST)]
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="center" if line else "top")
        hidden = "visible" if line == 0 else "collapsed"
        with left:
            kpi = st.selectbox(
                say["drivers.goal_figure"], names, key=f"{key}_kpi", persist_state="session", label_visibility=hidden,
                index=names.index(target.kpi) if target else 0,
                format_func=lambda name: KPIS[name].label[language] if name else say["drivers.goal_more"],
            )
        if not kpi:
            continue
        with middle:
            sense = st.segmented_control(
                say["drivers.goal_sense"], list(SIGNS), key=f"{key}_sense_{kpi}", persist_state="session", label_visibility=hidden,
                default=target.sense if target and target.kpi == kpi else _usual(kpi), required=True,
                format_func=lambda name: say[f"drivers.goal_{name}"],
            )
        with right:
            usual = _text(target.value, kpi, language) if target and target.kpi == kpi else _baseline_text(state, kpi)
            # In the language's own scale: with another language the line is another one.
            text = st.text_input(
                say["drivers.goal_value"], value=usual, key=f"{key}_value_{kpi}_{language}", persist_state="session",
                label_visibility=hidden, help=say["drivers.goal_help"],
            )
        found.append(target_of(f"{kpi} {SIGNS[sense or _usual(kpi)]} {text or '?'}", option=KPIS[kpi].label[language]))
    return found


def _first(state: Session) -> list[Target]:
    return targets_of(state.plan)[:LINES]


def _usual(kpi: str) -> str:
    return "at_least" if KPIS[kpi].direction > 0 else "at_most"


def _baseline_text(state: Session, kpi: str) -> str:
    """What the baseline brings on average: a plan should not fall short of it."""
    try:
        outcome = cache.outcome_of(cache.base_of(state.plan))
    except UserError:
        return ""
    value = float(outcome.kpi(kpi).mean())
    return _text(float(f"{value:.3g}"), kpi, state.language) if value == value else ""


def _text(value: float, kpi: str, language: str) -> str:
    """As it can be typed: 150 bn, 1500 亿, 31 %."""
    if KPIS[kpi].unit == "share":
        return f"{100.0 * value:.6g} %"
    size, name = scale(abs(value), language)
    return f"{value / size:.6g} {name}".strip()

"""Plans side by side: what the one at hand is called among the files, choices whose file is gone, and the days that all share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

import streamlit as st

from sim.errors import UserError
from sim.outcome import Outcome
from sim.scenario import Scenario
from sim.ui import cache, parts
from sim.ui.state import Session, file_names
from sim.wording.refusals import in_language

CURRENT = "\0current"  # the plan at hand with what was moved in it; no file can have this name


def plan_names(state: Session) -> list[str]:
    """The plan at hand, if it is not as its file has it, and the files."""
    return [*([CURRENT] if state.changed else []), *file_names()]


def label_of(state: Session, name: str, *, brief: bool = False) -> str:
    """What a plan is called, with its file's name behind it unless that would be too long."""
    if name == CURRENT and brief:
        return state.say["compare.current_brief"]
    if name == CURRENT:
        title = parts.clipped(parts.translated(state.opened, "title", state.say))
        return state.say["compare.current"].format(title=title or state.opened.name)
    scenario = cache.readable(name)
    if brief and scenario is not None:
        return parts.clipped(parts.translated(scenario, "title", state.say)) or name
    return parts.title_of(scenario, name, state.say)


def drop_gone(names: Sequence[str], *, one: str, several: str) -> None:
    """Choices that are kept in the session under these keys lose what is there no more: a file may be gone since."""
    if isinstance(kept := st.session_state.get(one), str) and kept not in names:
        del st.session_state[one]
    if isinstance(kept := st.session_state.get(several), list):
        st.session_state[several] = [name for name in kept if name in names]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Plans on one horizon and the same draws, by the names that were chosen; of those that are not here `faults` says why."""

    outcomes: Mapping[str, Outcome]
    faults: Mapping[str, str]


def gathered(state: Session, names: Sequence[str], *, key: str, same_world: bool = False) -> Gathered:
    """What the plans bring, the base first. One that cannot be read or computed does not take the others down.

    They run over the days of the first plan with dates; where dated files differ, over those that the planner chooses at `key`.
    `same_world` puts the first one's assumptions and events under all.
    """
    faults: dict[str, str] = {}
    read = _tried(names, lambda name: _scenario(state, name), faults)
    spans = _spans(list(read.values()))
    if len(spans) > 1:
        span = st.selectbox(
            state.say["compare.days"], spans, key=key, width=340,
            format_func=lambda span: state.say["say.horizon"].format(start=span[0], days=span[1]),
        )
    elif spans:
        span = spans[0]
    laid = _tried(read, lambda name: read[name].with_horizon(start=span[0], days=span[1]), faults)
    if same_world and names[0] in laid:
        world = laid[names[0]]
        laid = {name: replace(one, assumptions=world.assumptions, events=world.events) for name, one in laid.items()}
    with st.spinner(state.say["plan.computing"]):
        outcomes = _tried(laid, lambda name: replace(cache.outcome_of(laid[name]), scenario=laid[name]), faults)
    return Gathered(outcomes=outcomes, faults=faults)


Made = TypeVar("Made")


def _tried(names: Iterable[str], make: Callable[[str], Made], faults: dict[str, str]) -> dict[str, Made]:
    made = {}
    for name in names:
        try:
            made[name] = make(name)
        except UserError as error:
            faults[name] = error.message
    return made


def _scenario(state: Session, name: str) -> Scenario:
    return replace(state.plan, name=state.opened.name) if name == CURRENT else cache.scenario_at(name)


def _spans(scenarios: Sequence[Scenario]) -> list[tuple[date, int]]:
    dated = [scenario for scenario in scenarios if scenario.dated] or scenarios[1:2] or scenarios
    return sorted({(scenario.start, scenario.days) for scenario in dated}, key=lambda span: (-span[1], span[0]))


def left_out(state: Session, found: Gathered) -> None:
    """Which plans are not here, and why."""
    for name, why in found.faults.items():
        why = in_language(why, state.language)
        said = state.say["compare_page.left_out"].format(plan=parts.plain(label_of(state, name)), why=parts.plain(why))
        st.error(said, icon=":material/error:")

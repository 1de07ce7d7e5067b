"""Behind a lever's button: its exact value, and from when to when and how fast it comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from sim.errors import UserError
from sim.figures import rate
from sim.parameters import Parameter
from sim.ui.inputs import Dial
from sim.ui.state import Session, session
from sim.wording.levers import last_day
from sim.wording.refusals import in_language

REFUSED = "lever_refused"  # what was refused last, by lever: said beside the entry until the next one
EXTRA_DECIMALS, MOST_DECIMALS = 2, 4
MOST_RAMP_DAYS = 732


def drawn(lever: Parameter, state: Session, shape: Dial, *, moved: bool) -> None:
    """The button; what is behind it is drawn once it is open."""
    say = state.say
    name = say["lever.details"].format(lever=lever.label[state.language])
    box = st.popover(
        name, icon=":material/tune:", type="tertiary", key=f"more.{lever.name}", on_change="rerun", width="content",
        help=name,
    )
    if not box.open:
        return
    with box:
        refused = st.session_state.get(REFUSED, {}).get(lever.name)
        st.markdown(f"**{lever.label[state.language]}**")
        _exactly(lever, state, shape)
        if moved:
            _when(lever, state)
        else:
            st.caption(say["lever.move_first"])
        if refused:
            st.error(in_language(refused, state.language), icon=":material/error:")


def _exactly(lever: Parameter, state: Session, shape: Dial) -> None:
    """The lever's value with more digits than the slider has places."""
    say, slot = state.say, f"exact.{lever.name}.{state.language}"
    decimals = _decimals(lever, shape)
    shown = min(max(round(state.level(lever.name) / shape.size, decimals), shape.low), shape.high)
    _now(slot, shown)
    unit = shape.unit
    st.number_input(
        say["lever.exact"].format(unit=unit) if unit else say["lever.exact_bare"], shape.low, shape.high, step=shape.step,
        format=f"%.{decimals}f" if lever.whole or decimals > shape.decimals else shape.form, key=slot,
        on_change=_typed, args=(lever, slot, shape),
    )


def _when(lever: Parameter, state: Session) -> None:
    """From when to when, and over how many days it comes in."""
    say, plan, setting = state.say, state.plan, state.setting(lever.name)
    slots = {part: f"{part}.{lever.name}" for part in ("start", "until", "ramp")}
    _now(slots["start"], setting.start or plan.start)
    _now(slots["until"], setting.until or last_day(plan))
    _now(slots["ramp"], setting.ramp_days)
    left, right = st.columns(2, gap="small")
    for place, part, label in ((left, "start", "start"), (right, "until", "end")):
        place.date_input(
            say[f"lever.{label}"], min_value=plan.start, max_value=last_day(plan), format="YYYY-MM-DD", key=slots[part],
            on_change=_timed, args=(lever, slots),
        )
    hint = say["lever.ramp_least"].format(days=lever.min_ramp_days) if lever.min_ramp_days else say["lever.ramp_help"]
    st.number_input(say["lever.ramp_days"], 0, MOST_RAMP_DAYS, step=1, key=slots["ramp"], help=hint, on_change=_timed, args=(lever, slots))
    if setting.coverage != 1.0:
        st.caption(say["lever.covers_help"].format(share=rate(setting.coverage, state.language)))
    if setting.cost is not None:
        st.caption(say["lever.own_cost"])


def _now(slot: str, value: object) -> None:
    """A widget shows what holds, also after an undo or a refused entry."""
    if st.session_state.get(slot) != value:
        st.session_state[slot] = value


def _decimals(lever: Parameter, shape: Dial) -> int:
    return 0 if lever.whole else min(MOST_DECIMALS, shape.decimals + EXTRA_DECIMALS)


def _typed(lever: Parameter, slot: str, shape: Dial) -> None:
    """The field cannot show every digit either: what it shows for the baseline means the baseline."""
    state, shown = session(), st.session_state[slot]
    baseline = state.opened.lever_baseline(lever.name)
    at_home = shown == round(baseline / shape.size, _decimals(lever, shape))
    _tried(lever.name, lambda: state.move(lever.name, baseline if at_home else shape.value(shown)))


def _timed(lever: Parameter, slots: dict[str, str]) -> None:
    """A date or the ramp was changed; None stands for the horizon's own ends, so that they move with it."""
    state = session()
    plan, setting, say = state.plan, state.setting(lever.name), state.say
    start, until, ramp_days = (st.session_state[slots[part]] for part in ("start", "until", "ramp"))
    if not isinstance(start, date) or not isinstance(until, date) or ramp_days is None:
        _refuse(lever.name, say["lever.no_date"])
        return
    if until < start:
        _refuse(lever.name, say["lever.ends_early"].format(start=start.isoformat(), until=until.isoformat()))
        return
    if ramp_days < lever.min_ramp_days:
        _refuse(lever.name, say["lever.too_fast"].format(days=ramp_days, least=lever.min_ramp_days))
        return
    begins, ends = _open_end(start, plan.start, setting.start), _open_end(until, last_day(plan), setting.until)
    _tried(lever.name, lambda: state.time(lever.name, start=begins, until=ends, ramp_days=ramp_days))


def _open_end(chosen: date, edge: date, before: date | None) -> date | None:
    return None if chosen == edge and before != edge else chosen


def _tried(name: str, change: Callable[[], None]) -> None:
    """A refused entry says so in place and changes nothing."""
    try:
        change()
    except UserError as error:
        _refuse(name, error.message)
    else:
        st.session_state.pop(REFUSED, None)


def _refuse(name: str, says: str) -> None:
    st.session_state[REFUSED] = {name: says}

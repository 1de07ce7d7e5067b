"""Decide, second part: the value that a lever must take so that the plan at hand reaches a goal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from sim.analysis.goals import Target, checked
from sim.analysis.seeking import Reading, Sought, counted, seek
from sim.charts import deciding as charts
from sim.errors import UserError
from sim.figures import chance, figure, scale, with_interval
from sim.outcome import KPIS, model_version
from sim.parameters import GROUPS, UNITS, registry
from sim.ui import cache, parts, work
from sim.ui.inputs import dial, lever_groups
from sim.ui.plans import CURRENT, label_of
from sim.ui.state import Session, session
from sim.wording.deciding import goal_words, seek_says

MEAN = "mean"  # instead of a probability: on the mean
CHANCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
FIRST_LEVER, FIRST_KPI, FIRST_CHANCE = "payment.redirects", "net_gmv", 0.8
ANSWER, PUT = "decide_sought", "decide_put"  # where the answer belongs, and the plan that it was put into
OPENED, SPOKEN = "seek_opened", "seek_spoken"  # the file and the language of the question as it stands
SIZES = {"CNY": {"en": (1e9, "bn"), "zh": (1e8, "亿")}, "orders": {"en": (1e6, "m"), "zh": (1e4, "万")}}


def section(state: Session) -> None:
    say = state.say
    title = label_of(state, CURRENT) if state.changed else parts.title_of(state.plan, state.opened.name, say)
    st.markdown(say["decide.seek_plan"].format(title=parts.plain(title)))
    with st.container(border=True, gap="small"):
        lever, target = question(state)
        pressed = st.button(say["decide.seek_button"], icon=":material/my_location:", key="seek_button", type="primary")
    key = ("seek", state.plan.digest, state.plan.name, model_version(), cache.DRAWS, cache.SEED, cache.NOISE, lever, target)
    try:
        checked(target, option=say["head.goal"])
        if pressed:
            st.session_state.pop(PUT, None)
            chance_of = {"draws": cache.DRAWS, "seed": cache.SEED, "noise": cache.NOISE}
            work.begin(ANSWER, key, seek, scenario=state.plan, lever=lever, target=target, **chance_of)
    except UserError as error:
        parts.refused(error.message, say)
    found = work.answer(state, ANSWER, key, what=say["doing.seek"])
    if found is None:
        if not work.running(ANSWER):
            st.info(say["decide.seek_empty"], icon=":material/info:")
        return
    put = st.session_state.get(PUT) == state.plan.digest
    if not put:
        work.dated(say, ANSWER, found, key, say["decide.seek_old"])
    shown(state, found.result, put=put)


# The question


def question(state: Session) -> tuple[str, Target]:
    """Lever, figure, sense, value and probability; what the file itself asks for stands there first."""
    say, language = state.say, state.language
    goals = state.plan.goals
    first = next(iter(goals), FIRST_KPI)
    if st.session_state.get(OPENED) != state.opened.name and goals:  # another file asks for something else
        forget(lambda key: key.startswith(("seek_kpi", "seek_chance", "seek_sense.", "seek_amount.")))
    st.session_state[OPENED] = state.opened.name
    levers = [lever.name for group in lever_groups().values() for lever in group]
    groups = {lever.name: GROUPS[group][language] for group, found in lever_groups().items() for lever in found}
    st.session_state.setdefault("seek_lever", FIRST_LEVER)
    st.session_state.setdefault("seek_kpi", first)
    st.session_state.setdefault("seek_chance", FIRST_CHANCE if first not in goals else goals[first].probability or MEAN)
    columns = st.columns([4, 3, 2, 3, 3], vertical_alignment="bottom")
    with columns[0]:
        lever = st.selectbox(
            say["decide.seek_lever"], levers, key="seek_lever", persist_state="session",
            format_func=lambda name: f"{groups[name]} · {registry()[name].label[language]}",
        )
    with columns[1]:
        kpi = st.selectbox(
            say["decide.seek_kpi"], list(KPIS), key="seek_kpi", persist_state="session", format_func=lambda name: KPIS[name].label[language]
        )
    with columns[2]:
        slot = f"seek_sense.{kpi}"
        goal = goals.get(kpi)
        own = None if goal is None else "at_most" if goal.at_least is None else "at_least"
        st.session_state.setdefault(slot, own or ("at_least" if KPIS[kpi].direction >= 0 else "at_most"))
        sense = st.selectbox(
            say["decide.seek_sense"], ("at_least", "at_most"), key=slot, persist_state="session",
            format_func=lambda name: say[f"decide.{name}"],
        )
    with columns[3]:
        value = amount(state, kpi)
    with columns[4]:
        probability = st.selectbox(
            say["decide.seek_chance"], chances(state), key="seek_chance", persist_state="session",
            format_func=lambda share: say["decide.seek_on_mean"] if share == MEAN else chance(share, language),
        )
    return lever, Target(kpi=kpi, sense=sense, value=value, probability=None if probability == MEAN else float(probability))


def chances(state: Session) -> list[float | str]:
    """What may be asked for: the usual ones, those of the file's goals, and what is chosen now."""
    own = {goal.probability for goal in state.plan.goals.values()} | {st.session_state["seek_chance"]}
    return [MEAN, *sorted({*CHANCES, *own} - {MEAN, None})]


def forget(which: Callable[[str], bool]) -> None:
    """Fields of the question start afresh."""
    for key in [key for key in st.session_state if which(str(key))]:
        del st.session_state[key]


def amount(state: Session, kpi: str) -> float:
    """The goal's value in the figure's unit, typed in the size in which planners say it."""
    size, unit = _size(state, kpi)
    held, slot = f"seek_amount.{kpi}", f"seek_amount.{kpi}.{state.language}"
    if st.session_state.get(SPOKEN) != state.language:  # what was typed in 亿 is the same in bn
        forget(lambda key: key.startswith("seek_amount.") and key.endswith(f".{state.language}"))
        st.session_state[SPOKEN] = state.language
    if slot not in st.session_state:
        value = st.session_state[held] if held in st.session_state else _first_amount(state, kpi)
        st.session_state[slot] = float(f"{value / size:.12g}")
    typed = st.number_input(
        state.say["decide.seek_amount"].format(unit=unit) if unit else state.say["head.target"], key=slot, persist_state="session",
        step=None, format="%.6g",
    )
    st.session_state[held] = float(f"{float(typed or 0.0) * size:.12g}")
    return st.session_state[held]


def _size(state: Session, kpi: str) -> tuple[float, str]:
    unit = KPIS[kpi].unit
    if unit == "share":
        return 0.01, "%"
    if unit not in SIZES:
        return 1.0, {"en": "CNY", "zh": "元"}[state.language] if unit.startswith("CNY") else ""
    size, name = SIZES[unit][state.language]
    behind = {"CNY": {"en": " CNY", "zh": "元"}, "orders": {"en": "", "zh": "单"}}[unit][state.language]
    return size, name + behind


def _first_amount(state: Session, kpi: str) -> float:
    """The file's own goal, else what the plan brings on the mean now: to reach that surely, it must do better."""
    goal = state.plan.goals.get(kpi)
    if goal is not None:
        return float((goal.at_most if goal.at_least is None else goal.at_least) or 0.0)
    try:
        mean = float(cache.outcome_of(state.plan).kpi(kpi).mean())
    except UserError:
        return 0.0
    return float(f"{mean:.2e}") if math.isfinite(mean) else 0.0


# The answer


def shown(state: Session, found: Sought, *, put: bool) -> None:
    say = state.say
    lines = [parts.tight(parts.plain(line)) for line in seek_says(found, say, _written)]
    goal = say["seek.goal"].format(**goal_words(found.target, say))
    tell = st.success if found.reachable else st.warning
    tell(f"**{lines[0]}**" + "".join(f"  \n{line}" for line in lines[1:]) + f"  \n:small[{parts.plain(goal)}]",
         icon=":material/check_circle:" if found.reachable else ":material/block:")
    if found.reachable and not found.already:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                say["decide.seek_put"], icon=":material/tune:", key="seek_put", disabled=put or found.scenario.digest != state.plan.digest,
                help=None if put or found.scenario.digest == state.plan.digest else say["decide.seek_put_moved"],
                on_click=_put, args=(found,),
            )
            if put:
                value = _written(found.lever, found.answer.value, state.language)
                done = say["decide.seek_put_done"].format(lever=found.parameter.label[state.language], value=value)
                st.markdown(f":green[:material/check_circle: {parts.plain(done)}]")
    curve(state, found)
    with st.expander(say["decide.seek_table"], key="seek_table"):
        parts.sheet(table(state, found))


def _written(name: str, value: float, language: str) -> str:
    return dial(registry()[name], language).text(value)


def _put(found: Sought) -> None:
    """The answer becomes a move of the plan at hand, which undo takes back."""
    state = session()
    if found.answer is not None and found.scenario.digest == state.plan.digest:
        state.move(found.lever, found.answer.value)
        st.session_state[PUT] = state.plan.digest


def table(state: Session, found: Sought) -> list[dict[str, str]]:
    say, language, unit = state.say, state.language, KPIS[found.target.kpi].unit
    return [
        {
            found.parameter.label[language]: _written(found.lever, row.value, language),
            say["seek.share"]: chance(row.share, language),
            parts.kpi_label(found.target.kpi, language): with_interval(row.mean, row.p10, row.p90, unit, language),
            say["head.reached"]: ("✓ " if row.reached else "✗ ") + say["say.yes" if row.reached else "say.no"],
        }
        for row in found.curve
    ]


def curve(state: Session, found: Sought) -> None:
    """The goal's probability along the lever; of a goal on the mean, the figure itself with its 80 % interval."""
    say, language, target = state.say, state.language, found.target
    label, kpi = found.parameter.label[language], KPIS[target.kpi].label[language]
    shape, unit = dial(found.parameter, language), KPIS[target.kpi].unit
    on_mean = target.probability is None
    title = say["decide.seek_curve_mean"].format(kpi=kpi, lever=label) if on_mean else say["decide.seek_curve"].format(lever=label)
    note = say["decide.seek_curve_note" if found.reachable else "decide.seek_curve_note_none"]
    gap = "" if language == "zh" else " "
    parts.heading(title, f"{note}{gap}{say['decide.seek_band']}" if on_mean else note)
    size, name = (0.01, "%") if unit == "share" else scale(max(abs(row.mean or 0.0) for row in found.curve) or 1.0, language)
    marked = found.answer or found.best
    rows = [_point(state, found, row, marked, size=size, size_x=shape.size) for row in found.curve if not on_mean or row.mean is not None]
    if not rows:
        return
    behind = shape.unit or UNITS[found.parameter.unit][language]
    money = {"en": f"CNY {name}", "zh": f"{name}元"}[language].strip() if unit == "CNY" else name
    heads = {
        "x": _with_unit(label, behind, language), "figure": parts.kpi_label(target.kpi, language), "share": say["seek.share"],
        "y": _with_unit(kpi, money, language) if on_mean else say["decide.seek_share_axis"],
    }
    asked = figure(target.value, unit, language) if on_mean else chance(target.probability, language)
    drawing = charts.goal_curve(
        rows, asked=target.value / size if on_mean else 100.0 * (target.probability or 0.0),
        asked_text=say["decide.asked"].format(value=asked), heads=heads, language=language, colours=parts.palette(),
        whole=counted(found.parameter), ends=None if on_mean else (0.0, 100.0),
    )
    parts.chart(drawing, key="seek_curve", says=f"{title}. {seek_says(found, say, _written)[0]}")


def _with_unit(label: str, unit: str, language: str) -> str:
    if not unit:
        return label
    return f"{label}（{unit}）" if language == "zh" else f"{label}, {unit}"


def _point(state: Session, found: Sought, row: Reading, marked: Reading, *, size: float, size_x: float) -> dict[str, Any]:
    language, unit = state.language, KPIS[found.target.kpi].unit
    on_mean = found.target.probability is None
    where = _written(found.lever, row.value, language)
    stands = row.value == found.standing.value
    reached = figure(row.mean, unit, language) if on_mean else chance(row.share, language)
    return {
        "x": row.value / size_x, "y": (row.mean or 0.0) / size if on_mean else 100.0 * row.share, "x_text": where,
        "low": (row.p10 or 0.0) / size, "high": (row.p90 or 0.0) / size, "y_text": chance(row.share, language),
        "tip": with_interval(row.mean, row.p10, row.p90, unit, language), "also_standing": stands,
        "mark": "answer" if row.value == marked.value and not found.already else "standing" if stands else "",
        "above": row.reached and (found.target.sense == "at_least" if on_mean else row.share < 0.92),  # away from the dashed line
        "label": f"{where} · {reached}" if row.value == marked.value or stands else "",
    }

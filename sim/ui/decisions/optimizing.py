"""Decide, third part: the best plan under a budget and limits, and the frontier of what can be had."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from sim.analysis.goals import RISKS, Target
from sim.analysis.optimizing import Answer, Limit, optimize
from sim.analysis.optimizing.explaining import Step
from sim.analysis.optimizing.plans import question, value_in
from sim.charts.optimizing import next_bars
from sim.errors import UserError
from sim.figures import chance, change, change_interval, figure, interval, money
from sim.outcome import KPIS, model_version, spread
from sim.parameters import registry
from sim.scenario import Scenario, dumps
from sim.ui import cache, parts, work
from sim.ui.inputs import dial, lever_groups
from sim.ui.state import Session, session
from sim.wording.optimizing import (
    bound_text,
    figure_text,
    goal_text,
    lever_label,
    limit_text,
    random_text,
    room_text,
    worded,
    worth_text,
)

OBJECTIVES = ("net_gmv", "contribution", "gmv", "return_rate", "paid_orders", "conversion")
MEAN = "mean"  # instead of a probability. Not None: that is a box in which nothing is chosen, once the planner comes back to the page
SURE = (MEAN, 0.5, 0.7, 0.8, 0.9, 0.95)
LIMITS, SERIAL = "optimize_limits", "optimize_serial"  # numbers of the rows of limits, and the next one
ANSWER, TOOK = "optimize_answer", "optimize_took"  # where the answer belongs, and the plan that was made of one
SIZES = {"CNY": {"en": 1e6, "zh": 1e4}}
SHOWN_STEPS = 10


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the planner asks for, as `optimize` takes it."""

    objective: str
    risk: str
    goal: Target | None
    budget: float | None
    limits: tuple[Target, ...]
    levers: tuple[str, ...]
    most_levers: int | None

    @property
    def aimless(self) -> bool:
        """Is the chance of a goal asked for, and no goal given?"""
        return self.risk == "probability" and self.goal is None

    @property
    def arguments(self) -> dict[str, Any]:
        fields = ("objective", "risk", "goal", "budget", "limits", "levers", "most_levers")
        return {name: getattr(self, name) for name in fields}


def section(state: Session) -> None:
    """The question, the answer with its reasons, and below it the frontier."""
    say = state.say
    title = parts.plain(parts.title_of(state.plan, state.opened.name, say))
    parts.heading(say["optimize_page.section"], say["optimize_page.note"].format(plan=title, draws=f"{cache.DRAWS:,}"))
    try:
        with st.container(border=True, gap="small"):
            task = asked(state)
            pressed = st.button(
                say["optimize_page.button"], icon=":material/auto_awesome:", type="primary", key="optimize_button",
                disabled=not task.levers or task.aimless,
            )
        if not task.levers:
            st.info(say["optimize_page.no_levers"], icon=":material/info:")
            return
        if task.aimless:
            st.info(say["optimize_page.no_goal"], icon=":material/info:")
        key = ("optimize", state.plan.digest, state.plan.name, model_version(), cache.DRAWS, cache.SEED, cache.NOISE, task)
        if pressed:
            st.session_state.pop(TOOK, None)
            chance_of = {"draws": cache.DRAWS, "seed": cache.SEED, "noise": cache.NOISE}
            work.begin(ANSWER, key, optimize, scenario=state.plan, **task.arguments, **chance_of)
    except UserError as error:
        parts.refused(error.message, say)
        return
    found = work.answer(state, ANSWER, key, what=say["doing.optimize"])
    if found is not None:
        dated(state, ANSWER, found, key)
        shown(state, found.result)
    elif not work.running(ANSWER):
        st.info(say["optimize_page.empty"], icon=":material/info:")
    st.divider()
    from sim.ui.decisions import frontier

    frontier.section(state, task)


def dated(state: Session, slot: str, found: work.Answer, key: tuple[Any, ...]) -> None:
    """An answer to other settings says so; not one that has just been taken into the plan."""
    taken = st.session_state.get(TOOK) == state.plan.digest and found.key[2:] == key[2:]
    if not taken:
        work.dated(state.say, slot, found, key, state.say["optimize_page.stale"])


# The question


def asked(state: Session) -> Task:
    say, language = state.say, state.language
    st.session_state.setdefault("optimize_objective", OBJECTIVES[0])
    st.session_state.setdefault("optimize_risk", RISKS[0])
    columns = st.columns([3, 5, 3, 2])
    with columns[0]:
        objective = st.selectbox(
            say["optimize_page.objective"], OBJECTIVES, key="optimize_objective", persist_state="session",
            format_func=lambda name: KPIS[name].label[language],
        )
    with columns[1]:
        risk = st.segmented_control(
            say["optimize_page.risk"], RISKS, key="optimize_risk", required=True, persist_state="session",
            format_func=lambda name: say[f"optimize_page.risk_{name}"],
        ) or RISKS[0]
    with columns[2]:
        budget = amount(state, "plan_cost", "optimize_budget", lambda: _usual_budget(state), label="optimize_page.budget", empty=True)
    with columns[3]:
        most = st.number_input(
            say["optimize_page.most"], min_value=1, max_value=len(registry().levers), value=None, step=1, key="optimize_most",
            persist_state="session", help=say["optimize_page.most_help"],
        )
    goal = None
    if risk == "probability":
        sense = "at_least" if KPIS[objective].direction >= 0 else "at_most"
        with st.columns([3, 9])[0]:
            value = amount(state, objective, "optimize_goal", lambda: _mean(state, objective), label=f"optimize_page.goal_{sense}")
        goal = None if value is None else Target(kpi=objective, sense=sense, value=value)
    names = [lever.name for group in lever_groups().values() for lever in group]
    slot = f"optimize_levers.{state.generation}"
    st.session_state.setdefault(slot, [name for name in names if name in question(state.plan).levers])
    levers = st.multiselect(
        say["optimize_page.levers"], names, key=slot, persist_state="session", help=say["optimize_page.levers_help"],
        format_func=lambda name: lever_label(name, say),
    )
    limits = tuple(limit_rows(state))
    return Task(
        objective=objective, risk=risk, goal=goal, budget=budget, limits=limits, levers=tuple(levers),
        most_levers=None if most is None else int(most),
    )


def limit_rows(state: Session) -> list[Target]:
    """Rows of limits, one to begin with: the return rate must not rise."""
    say, language = state.say, state.language
    rows: list[int] = st.session_state.setdefault(LIMITS, [0])
    st.session_state.setdefault(SERIAL, 1)
    st.markdown(f"**{say['optimize_page.limits']}**")
    found = []
    for row in rows:
        slot = f"optimize_limit.{row}"
        st.session_state.setdefault(f"{slot}.kpi", "return_rate")
        columns = st.columns([3, 2, 3, 2, 1], vertical_alignment="bottom")
        with columns[0]:
            kpi = st.selectbox(
                say["optimize_page.limit_kpi"], list(KPIS), key=f"{slot}.kpi", persist_state="session",
                format_func=lambda name: KPIS[name].label[language],
            )
        with columns[1]:
            st.session_state.setdefault(f"{slot}.sense.{kpi}", "at_least" if KPIS[kpi].direction > 0 else "at_most")
            sense = st.selectbox(
                say["optimize_page.limit_sense"], ("at_most", "at_least"), key=f"{slot}.sense.{kpi}", persist_state="session",
                format_func={"at_most": "≤", "at_least": "≥"}.__getitem__,
            )
        with columns[2]:
            value = amount(state, kpi, slot, lambda kpi=kpi: _mean(state, kpi), label="optimize_page.limit_value", sense=sense)
        with columns[3]:
            sure = st.selectbox(
                say["optimize_page.limit_sure"], SURE, key=f"{slot}.sure", persist_state="session",
                format_func=lambda share: say["optimize_page.on_mean"] if share == MEAN else chance(share, language),
            )
        with columns[4]:
            st.button("", icon=":material/close:", help=say["optimize_page.remove"], key=f"{slot}.gone", on_click=_dropped, args=(row,))
        if value is not None:
            found.append(Target(kpi=kpi, sense=sense, value=value, probability=None if sure == MEAN else sure))
    st.button(say["optimize_page.add"], icon=":material/add:", key="optimize_add", on_click=_added)
    return found


def _added() -> None:
    st.session_state[LIMITS] = [*st.session_state[LIMITS], st.session_state[SERIAL]]
    st.session_state[SERIAL] += 1


def _dropped(row: int) -> None:
    st.session_state[LIMITS] = [other for other in st.session_state[LIMITS] if other != row]


def amount(
    state: Session, kpi: str, slot: str, first: Callable[[], float | None], *, label: str, empty: bool = False, sense: str = "at_most"
) -> float | None:
    """A figure's value, typed in the size in which planners say it; None where the field is empty. `empty`: it means something.

    What stands there first has three digits, rounded to the side of `sense` on which the plan at hand keeps it.
    """
    unit, language = KPIS[kpi].unit, state.language
    size = 0.01 if unit == "share" else SIZES[unit][language] if unit in SIZES else 1.0
    name = "%" if unit == "share" else state.say["optimize_page.unit_money"] if unit in SIZES else unit
    key = f"{slot}.{kpi}.{language}"
    if key not in st.session_state:
        begin = first()
        st.session_state[key] = None if begin is None else _three_digits(begin / size, up=sense == "at_most")
    typed = st.number_input(
        state.say[label].format(unit=name), value=None, key=key, persist_state="session", step=None, format="%.6g",
        min_value=0.0 if empty or unit == "share" else None, max_value=100.0 if unit == "share" else None,
        help=state.say["optimize_page.budget_help"] if empty else None,
    )
    return None if typed is None else float(typed) * size


def _three_digits(value: float, *, up: bool) -> float:
    if not value:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    return float(f"{(math.ceil if up else math.floor)(value / step) * step:.4g}")


def _mean(state: Session, kpi: str) -> float | None:
    try:
        mean = spread(cache.outcome_of(state.plan).kpi(kpi))["mean"]
    except UserError:
        return None
    return mean


def _usual_budget(state: Session) -> float:
    """What the plan costs now; where it costs nothing, CNY 100 m."""
    cost = _mean(state, "plan_cost")
    return cost if cost and cost > 0.0 else 1e8


# The answer


def shown(state: Session, found: Answer) -> None:
    say = state.say
    if found.interrupted:
        st.warning(say["optimize.interrupted"], icon=":material/stop_circle:")
    objective = found.to_json()["objective"]
    before, after = (worth_text(found, objective[side], say) for side in ("before", "after"))
    st.markdown(parts.tight(f"##### {say['optimize.result'].format(goal=goal_text(found, say), before=before, after=after)}"))
    if not found.changed:
        st.info(say["optimize.nothing_better"], icon=":material/info:")
    tiles(state, found)
    if found.changed:
        levers(state, found)
    left, right = st.columns([2, 3], gap="large")
    with left:
        limits(state, found)
    with right:
        if found.next_at_hand or found.next_at_answer:
            next_money(state, found)
    line = say["optimize.effort"].format(count=f"{found.evaluations:,}", few=f"{found.search_draws:,}", draws=f"{found.after.draws:,}")
    st.caption(parts.tight(line + ("" if found.random_search is None else " " + random_text(found, say))))


def tiles(state: Session, found: Answer) -> None:
    """After, the change, and what it was before."""
    say, language = state.say, state.language
    for column, kpi in zip(st.columns(len(parts.TILES), gap="small"), parts.TILES, strict=True):
        unit, before, after = KPIS[kpi].unit, found.before.kpi(kpi), found.after.kpi(kpi)
        delta, now, was = spread(after - before), spread(after), spread(before)
        base = was["mean"] or 0.0
        moved = parts.delta_of(kpi, {"delta": delta, "relative": delta["mean"] / base if base and delta["mean"] is not None else None}, say)
        previous = say["optimize_page.was"].format(value=figure(was["mean"], unit, language))
        notes = (previous, interval(now["p10"], now["p90"], unit, language))
        with column:
            parts.tile(
                parts.kpi_label(kpi, language), figure(now["mean"], unit, language), moved, notes, key=f"optimize_tile_{kpi}",
                help=say[f"kpi_help.{kpi}"],
            )


def levers(state: Session, found: Answer) -> None:
    """Every changed lever: from where to where, its cost, what it brings alone; and the buttons that use the answer."""
    say, language = state.say, state.language
    st.markdown(f"##### {say['optimize.levers_head']}")
    rows = []
    for row in found.lever_rows():
        if not row["changed"]:
            continue
        shape = dial(registry()[row["name"]], language)
        rows.append(
            {
                say["optimize.lever"]: lever_label(row["name"], say), say["head.before"]: shape.text(row["before"]),
                say["head.after"]: shape.text(row["after"]), say["optimize.cost"]: money(row["cost"], language),
                say["optimize.alone"]: "" if row["alone"] is None else worth_text(found, row["alone"], say, signed=True),
                say["optimize_page.bound"]: bound_text(found, row, say),
            }
        )
    parts.sheet(rows, pinned=[say["optimize.lever"]])
    use(state, found.plan, found.changed, worded(found, say), "optimize")


def use(state: Session, plan: Scenario, names: Sequence[str], named: Scenario, slot: str) -> None:
    """Take a plan's levers into the plan at hand, or download it as a file."""
    say = state.say
    same = plan.digest == state.plan.digest
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            say["optimize_page.take"], icon=":material/tune:", key=f"{slot}_take", on_click=_taken, disabled=same,
            args=({name: value_in(plan, name) for name in names},),
        )
        text = _text(named)
        st.download_button(
            say["optimize_page.download"], text or "", file_name=f"{state.opened.name}_{slot}.toml", mime="application/toml",
            icon=":material/download:", on_click="ignore", disabled=text is None, key=f"{slot}_download",
        )
        if same and st.session_state.get(TOOK) == state.plan.digest:
            st.caption(f":green[:material/check: {say['optimize_page.taken']}]")


def _taken(levels: dict[str, float]) -> None:
    state = session()
    state.put(levels)
    st.session_state[TOOK] = state.plan.digest


def _text(named: Scenario) -> str | None:
    try:
        return dumps(named)
    except UserError:
        return None


def limits(state: Session, found: Answer) -> None:
    """What stops the plan, what easing it brings; what has room to spare."""
    say = state.say
    st.markdown(f"##### {say['optimize.limits_head']}")
    lines = [_in_words(found, limit, state, budget=k == 0 and found.asked.budget is not None) for k, limit in enumerate(found.limits)]
    base = found.asked.scenario.lever_baseline
    bound = sum(found.at_bound(name) is not None and value_in(found.plan, name) != base(name) for name in found.asked.levers)
    lines += [say["optimize_page.free_bounds"].format(count=bound)] if bound else []
    st.markdown(parts.tight("\n".join(f"- {line}" for line in lines)) or "–")


def _in_words(found: Answer, limit: Limit, state: Session, *, budget: bool) -> str:
    say = state.say
    name = f"{say['optimize.budget']} ≤ {figure_text(limit.target.value, 'plan_cost', say)}" if budget else limit_text(limit.target, say)
    if not limit.binding:
        reached = figure_text(limit.reached, limit.target.kpi, say)
        return say["optimize_page.holds"].format(limit=name, reached=reached, room=room_text(limit, say))
    if limit.easing_1pct is None:
        return say["optimize_page.binds_unknown"].format(limit=name)
    eased = change(0.01 * abs(limit.target.value), KPIS[limit.target.kpi].unit, state.language).lstrip("+")
    gain = worth_text(found, limit.easing_1pct, say, signed=True)
    return say["optimize_page.binds"].format(limit=name, amount=eased, gain=gain, kpi=KPIS[found.asked.objective].label[state.language])


@st.fragment
def next_money(state: Session, found: Answer) -> None:
    """Bars: what the next money brings from the plan at hand or from the answer."""
    say, language = state.say, state.language
    st.markdown(f"##### {say['optimize.next_head'].format(money=money(found.money, language))}")
    sides = {"next_at_hand": found.next_at_hand, "next_at_answer": found.next_at_answer}
    side = st.segmented_control(
        say["optimize.next_head"].format(money=""), list(sides), default="next_at_answer", required=True, key="optimize_next",
        label_visibility="collapsed", format_func=lambda name: say[f"optimize.{name}"],
    ) or "next_at_answer"
    steps = sides[side]
    paid = [step for step in steps if step.per_money is not None][:SHOWN_STEPS]
    unit = "share" if found.asked.risk == "probability" else KPIS[found.asked.objective].unit
    if paid:
        rows = [_bar(found, step, unit, state) for step in paid]
        drawing = next_bars(rows, unit=unit, language=language, colours=parts.palette())
        parts.chart(drawing, key="optimize_next_chart", says=say["optimize_page.says_next"])
    st.caption(say["optimize_page.step_note"])
    between = "、" if language == "zh" else ", "
    free = [lever_label(step.lever, say) for step in steps if step.per_money is None and step.better > 0.0]
    stuck = [lever_label(step.lever, say) for step in steps if step.at_bound]
    for names, key in ((free, "free_note"), (stuck, "stuck_note")):
        if names:
            st.caption(say[f"optimize_page.{key}"].format(levers=between.join(names)))


def _bar(found: Answer, step: Step, unit: str, state: Session) -> dict[str, Any]:
    say, language = state.say, state.language
    each = step.per_money or {}
    ends = "" if each["p10"] is None else " " + change_interval(each["p10"], each["p90"], unit, language)
    span = dial(registry()[step.lever], language).span(step.value - step.step, step.value)
    return {
        "lever": lever_label(step.lever, say), "mean": each["mean"] or 0.0, "p10": each["p10"], "p90": each["p90"], "step": span,
        "label": worth_text(found, each["mean"], say, signed=True) + ends,
    }

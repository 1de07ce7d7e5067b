"""The frontier on the page Decide: net GMV against return rate against cost, and a plan of it to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.analysis.frontier import Frontier, Point, frontier
from sim.analysis.optimizing.plans import value_in
from sim.charts.optimizing import frontier_dots
from sim.figures import chance, money
from sim.outcome import KPIS, model_version
from sim.ui import cache, parts, sheets, work
from sim.ui.state import Session
from sim.wording.optimizing import figure_text, worded_points

if TYPE_CHECKING:
    from sim.ui.decisions.optimizing import Task

FRONT, PICKED = "frontier_answer", "frontier_point"
SHOWN = ("net_gmv", "return_rate", "plan_cost", "contribution")
POINTS = 12
NAME_PX = 110  # "plan at hand" in the first column


def section(state: Session, task: Task) -> None:
    from sim.ui.decisions import optimizing

    say = state.say
    parts.heading(say["frontier.section"], say["frontier.section_note"])
    limits = tuple(limit for limit in task.limits if limit.kpi != "return_rate")
    chosen = {"budget": task.budget, "limits": limits, "levers": task.levers, "most_levers": task.most_levers}
    key = (
        "frontier", state.plan.digest, state.plan.name, model_version(), cache.DRAWS, cache.SEED, cache.NOISE, *chosen.values()
    )
    if st.button(say["frontier.button"], icon=":material/scatter_plot:", key="frontier_button"):
        chance_of = {"draws": cache.DRAWS, "seed": cache.SEED, "noise": cache.NOISE}
        work.begin(FRONT, key, frontier, scenario=state.plan, points=POINTS, **chosen, **chance_of)
    found = work.answer(state, FRONT, key, what=say["doing.frontier"])
    if found is None:
        return
    optimizing.dated(state, FRONT, found, key)
    if found.result.interrupted:
        st.warning(say["optimize.frontier_interrupted"], icon=":material/stop_circle:")
    shown(state, found.result)


def shown(state: Session, found: Frontier) -> None:
    say, language = state.say, state.language
    st.markdown(parts.tight(_trade(found, state)))
    rows = [_dot(point, "point", str(number), found, state) for number, point in enumerate(found.points, 1)]
    rows.append(_dot(found.at_hand, "at_hand", say["frontier.at_hand"], found, state))
    if found.baseline.plan.digest != found.at_hand.plan.digest:
        rows.append(_dot(found.baseline, "baseline", say["frontier.baseline"], found, state))
    drawing = frontier_dots(rows, language=language, colours=parts.palette())
    parts.chart(drawing, key="frontier_chart", says=say["frontier.says"])
    st.markdown(f"**{say['frontier.table']}**")
    lines = [_line(row, point, state) for row, point in zip(rows, _all(found), strict=False)]
    parts.sheet(lines, pinned=[say["frontier.point"]], pinned_px=NAME_PX)
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(found.rows()), file_name="frontier.csv", mime="text/csv",
        icon=":material/download:", on_click="ignore", key="frontier_csv",
    )
    use_one(state, found)


@st.fragment
def use_one(state: Session, found: Frontier) -> None:
    """One plan of the frontier, to be taken along."""
    from sim.ui.decisions import optimizing

    say = state.say
    numbers = list(range(1, len(found.points) + 1))
    if st.session_state.get(PICKED) not in numbers:
        st.session_state[PICKED] = numbers[0]
    number = st.selectbox(
        say["frontier.pick"], numbers, key=PICKED, width=420,
        format_func=lambda one: f"{one} · " + " · ".join(figure_text(found.points[one - 1].mean(kpi), kpi, say) for kpi in SHOWN[:3]),
    )
    point = found.points[number - 1]
    changed = [name for name, value in point.levers.items() if value != value_in(state.plan, name)]
    optimizing.use(state, point.plan, changed, worded_points(found, say)[number - 1], "frontier")


def _all(found: Frontier) -> list[Point]:
    return [*found.points, found.at_hand, found.baseline]


def _changes(point: Point, found: Frontier) -> int:
    return sum(value != found.at_hand.levers[name] for name, value in point.levers.items())


def _dot(point: Point, kind: str, name: str, found: Frontier, state: Session) -> dict[str, Any]:
    net, rate, cost = (point.mean(kpi) for kpi in SHOWN[:3])
    texts = (figure_text(value, kpi, state.say) for kpi, value in zip(SHOWN, (net, rate, cost), strict=False))
    return {
        "kind": kind, "name": name, "net": net, "rate": rate, "cost": cost, "changes": _changes(point, found),
        **dict(zip(("net_text", "rate_text", "cost_text"), texts, strict=True)),
    }


def _line(row: dict[str, Any], point: Point, state: Session) -> dict[str, str]:
    say = state.say
    goals = {
        f"{say['head.goal']}: {KPIS[name].label[state.language]}": chance(_met(point, name, goal), state.language)
        for name, goal in state.plan.goals.items()
    }
    return {
        say["frontier.point"]: row["name"], **{KPIS[kpi].label[state.language]: figure_text(point.mean(kpi), kpi, say) for kpi in SHOWN},
        say["frontier.changes"]: str(row["changes"]), **goals,
    }


def _met(point: Point, name: str, goal: Any) -> float:
    values = point.kpis[name]
    return float((values >= goal.at_least).mean() if goal.at_least is not None else (values <= goal.at_most).mean())


def _trade(found: Frontier, state: Session) -> str:
    """What it costs to go from one end of the frontier to the other."""
    from sim.figures import change

    say, first, last = state.say, found.points[-1], found.points[0]
    if len(found.points) < 2:
        return say["frontier.note"]
    moved = {kpi: change(last.mean(kpi) - first.mean(kpi), KPIS[kpi].unit, state.language) for kpi in SHOWN[:3]}
    head = say["frontier.head"].format(plan="", budget=money(found.asked.budget, state.language)).lstrip(":： ")
    trade = say["frontier.trade"].format(
        first=len(found.points), last=1, net=moved["net_gmv"], rate=moved["return_rate"], cost=moved["plan_cost"]
    )
    return f"{head[:1].upper()}{head[1:]}{'。' if state.language == 'zh' else '. '}{trade}"

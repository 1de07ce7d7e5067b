"""What the plan does to returns by cause, to the service desk, to the trade's own ratios and to the file's goals."""

from __future__ import annotations

import streamlit as st

from sim import charts, planning
from sim.figures import figure, interval, rate
from sim.parameters import registry
from sim.ui import parts, sheets
from sim.ui.cache import Pair
from sim.ui.state import Session


def ratios(state: Session, pair: Pair) -> None:
    """The trade's own ratios, small, under the tiles."""
    say, language = state.say, state.language
    plan, base = ({row["figure"]: row for row in planning.planner_rows(outcome)} for outcome in (pair.plan, pair.base))
    for column, (name, item) in zip(st.columns(len(plan), gap="small"), planning.PLANNER_FIGURES.items(), strict=True):
        value, before = plan[name]["mean"], base[name]["mean"]
        delta = parts.figure_change(value, before, item.unit, item.direction, say)
        spread = interval(plan[name]["p10"], plan[name]["p90"], item.unit, language)
        with column:
            parts.tile(
                item.label[language], figure(value, item.unit, language), delta, (spread,), key=f"planner_{name}",
                help=item.help[language],
            )


def goals(state: Session, pair: Pair) -> None:
    """Plan against target, over the horizon and per month; only where the file has goals."""
    if not pair.plan.scenario.goals:
        return
    say = state.say
    parts.heading(say["goals.title"], say["goals.note"])
    parts.sheet(sheets.goal_sheet(pair.plan.goal_rows(), pair.plan.kpi_rows(), say))
    if months := planning.goal_months(pair.plan):
        parts.sheet(sheets.month_sheet(months, say), pinned=[say["goals.month"]])


def returns(state: Session, pair: Pair) -> None:
    say = state.say
    parts.heading(say["plan.returns"], say["plan.returns_note"])
    parts.chart(
        charts.return_grid(planning.return_cells(pair.plan), language=state.language, colours=parts.palette()), key="returns",
        says=say["plan.returns"],
    )


def service(state: Session, pair: Pair) -> None:
    say, language = state.say, state.language
    target, seconds = registry()["service.answer_target_share"].value, registry()["service.answer_target_s"].value
    parts.heading(say["plan.service"], say["plan.service_note"].format(share=rate(target, language), seconds=f"{seconds:.0f}"))
    plan, base = ({row["figure"]: row for row in planning.service_rows(outcome)} for outcome in (pair.plan, pair.base))
    places = [column for _ in range(2) for column in st.columns(2)]
    for place, (name, row) in zip(places, plan.items(), strict=True):
        value, before, unit = row["mean"], base[name]["mean"], row["unit"]
        delta = parts.figure_change(value, before, unit, +1 if name == "answered_30s" else -1, say)
        notes = [say["plan.against"].format(value=parts.seconds(before, unit, say))]
        if name == "answered_30s":
            notes.append(parts.target_note(value, target, say))
        else:
            notes.append(say["plan.interval"].format(range=interval(row["p10"], row["p90"], unit, language)))
        with place:
            parts.tile(say[f"plan.{name}"], parts.seconds(value, unit, say), delta, notes, key=f"tile_{name}")
    series = {say["plan.base"]: planning.waits_by_hour(pair.base)}
    if not pair.same:
        series[say["plan.this_plan"]] = planning.waits_by_hour(pair.plan)
    st.caption(say["plan.by_hour"])
    parts.chart(charts.through_the_day(series, language=language, colours=parts.palette()), key="waits", says=say["plan.by_hour"])

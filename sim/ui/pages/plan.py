"""Plan: move levers, see what becomes of GMV, net GMV and returns."""

from __future__ import annotations

from contextlib import nullcontext

import streamlit as st

from sim import charts, planning
from sim.analysis.comparing import Comparison
from sim.errors import UserError
from sim.figures import compact, figure, interval, rate
from sim.parameters import registry
from sim.ui import cache, files, inputs, parts, sheets
from sim.ui.decisions import attribution
from sim.ui.state import Session, session


def page() -> None:
    state = session()
    head(state)
    with st.container(key="trouble"):  # always there, so that what follows keeps its place
        parts.faults(state)
        pair = computed(state)
    if pair is None:
        levers(state)
        return
    figures(state, pair)
    levers(state)
    planner(state, pair)
    goals(state, pair)
    left, right = st.columns(2, gap="medium")
    with left:
        leaks(state, pair)
    with right:
        days(state, pair)
    attribution.on_plan(state, pair)
    funnel(state, pair)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        returns(state, pair)
    with right:
        service(state, pair)
    periods(state, pair)


def head(state: Session) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        files.bar(state)
        parts.language_switch(state)
    files.status(state)


def computed(state: Session) -> cache.Pair | None:
    """The plan's and the baseline's outcome; where the plan cannot be computed, why, and the last that could."""
    try:
        plan = state.plan
        with st.spinner(state.say["plan.computing"]) if state.shown is None else nullcontext():
            pair = cache.pair_of(plan)
        state.shown = plan
        return pair
    except UserError as error:
        parts.refused(error.message, state.say)
        if state.shown is None:
            return None
        st.caption(state.say["app.kept"])
        return cache.pair_of(state.shown)


def figures(state: Session, pair: cache.Pair) -> None:
    """The tiles, and the plan in one sentence; on the baseline a first thing to try."""
    say = state.say
    rows = {row["kpi"]: row for row in pair.plan.kpi_rows()}
    base_rows = rows if pair.same else {row["kpi"]: row for row in pair.base.kpi_rows()}
    differences = None if pair.same else Comparison(base=pair.base, plans=(pair.plan,)).figures(pair.plan)
    parts.tiles(rows, differences, base_rows, say)
    with st.container(horizontal=True, vertical_alignment="center", key="in_words"):
        if differences is None:
            st.markdown(say["plan.try_lead"])
            st.button(say["plan.try_button"], icon=":material/play_arrow:", on_click=_try, key="try")
        else:
            st.markdown(parts.sentence(state, pair.plan.scenario, differences, rows["plan_cost"]["mean"]))
    horizon = say["say.horizon"].format(days=pair.plan.scenario.days, start=pair.plan.scenario.start)
    st.caption(say["plan.drawn"].format(horizon=horizon, draws=f"{pair.plan.draws:,}", seed=pair.plan.seed))


def _try() -> None:
    session().move("payment.redirects", 2.0)


def levers(state: Session) -> None:
    say = state.say
    with st.sidebar:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            count = f" · {say['lever.moved'].format(count=len(state.moved))}" if state.moved else ""
            st.markdown(f"**{say['lever.levers']}**{count}")
            st.button(
                say["lever.reset_all"], key="reset_all", icon=":material/restart_alt:", type="tertiary", disabled=not state.moved,
                on_click=state.reset,
            )
        inputs.draw_levers(state)


def planner(state: Session, pair: cache.Pair) -> None:
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


def goals(state: Session, pair: cache.Pair) -> None:
    """Plan against target, over the horizon and per month; only where the file has goals."""
    if not pair.plan.scenario.goals:
        return
    say = state.say
    parts.heading(say["goals.title"], say["goals.note"])
    parts.sheet(sheets.goal_sheet(pair.plan.goal_rows(), pair.plan.kpi_rows(), say))
    if months := planning.goal_months(pair.plan):
        parts.sheet(sheets.month_sheet(months, say), pinned=[say["goals.month"]])


def leaks(state: Session, pair: cache.Pair) -> None:
    say = state.say
    parts.heading(say["plan.leaks"], say["plan.leaks_note"])
    rows = pair.plan.leak_rows()
    mends = {row["cause"]: parts.levers_of(row["cause"], state.language) for row in rows}
    drawing = charts.leak_bars(rows, pair.base.leak_rows(), mends=mends, language=state.language, colours=parts.palette())
    ranks = parts.rank_line(rows, say)
    parts.chart(drawing, key="leaks", says=f"{say['plan.leaks']}. {ranks}")
    if ranks:
        st.caption(ranks)


@st.fragment
def days(state: Session, pair: cache.Pair) -> None:
    say = state.say
    parts.heading(say["plan.days_base" if pair.same else "plan.days"], say["plan.days_note"])
    kinds = ["net_gmv", "gmv", "return_rate"] + ([] if pair.same else ["delta"])
    chosen = st.segmented_control(
        say["plan.measure"], kinds, default=kinds[0], required=True, key="measure", label_visibility="collapsed",
        format_func=lambda kind: say[f"plan.per_day_{kind}"],
    )
    look = {"language": state.language, "colours": parts.palette(), "events": parts.event_rows(pair.plan.scenario, state.say)}
    if chosen == "delta" and not pair.same:
        bands = planning.fan(pair.plan, "net_gmv", against=pair.base)
        drawing = charts.fans({say["plan.per_day_delta"]: bands}, unit="CNY", title=say["plan.per_day_delta_axis"], zero_line=True, **look)
    else:
        kind = "net_gmv" if chosen in (None, "delta") else chosen
        series = {say["plan.base"]: planning.fan(pair.base, kind)}
        if not pair.same:
            series[say["plan.this_plan"]] = planning.fan(pair.plan, kind)
        unit = "share" if kind == "return_rate" else "CNY"
        drawing = charts.fans(series, unit=unit, title=say[f"plan.per_day_{kind}"], **look)
    parts.chart(drawing, key="days", says=say["plan.days"])


def funnel(state: Session, pair: cache.Pair) -> None:
    say = state.say
    parts.heading(say["plan.funnel"], say["plan.funnel_note"])
    stages = pair.plan.stage_rows()
    mendable = [row["cause"] for row in pair.plan.leak_rows() if row["mendable"]]
    parts.chart(
        charts.funnel_bars(stages, mendable, language=state.language, colours=parts.palette()), key="funnel", says=say["plan.funnel"]
    )
    with st.expander(say["plan.funnel_table"], key="funnel_table"):
        rows = [
            {
                say["head.stage"]: say.named("stage", stage["stage"]),
                say["chart.cause"]: say.named("cause", cause),
                say["chart.lost_shoppers"]: compact(lost, state.language),
                say["chart.of_entered"]: rate(lost / stage["entered"] if stage["entered"] else 0.0, state.language),
                say["plan.mends"]: parts.levers_of(cause, state.language),
            }
            for stage in stages
            for cause, lost in stage["leaks"].items()
        ]
        parts.sheet(rows)


def returns(state: Session, pair: cache.Pair) -> None:
    say = state.say
    parts.heading(say["plan.returns"], say["plan.returns_note"])
    parts.chart(
        charts.return_grid(planning.return_cells(pair.plan), language=state.language, colours=parts.palette()), key="returns",
        says=say["plan.returns"],
    )


def service(state: Session, pair: cache.Pair) -> None:
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


@st.fragment
def periods(state: Session, pair: cache.Pair) -> None:
    """Weeks or months as a table to read and to download."""
    say = state.say
    parts.heading(say["table.title"], say["table.note"])
    by = st.segmented_control(
        say["table.title"], ("week", "month"), default="week", required=True, key="period", label_visibility="collapsed",
        format_func=lambda kind: say[f"table.{kind}"],
    ) or "week"
    rows = planning.period_rows(pair.plan, by)
    before = [row["net_gmv"] for row in planning.period_rows(pair.base, by)]
    parts.sheet(sheets.period_sheet(rows, None if pair.same else before, say), pinned=[say["table.period"]])
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(sheets.period_figures(rows, before, say)), file_name=f"{state.opened.name}_{by}.csv",
        mime="text/csv", icon=":material/download:", on_click="ignore", key="periods_csv",
    )


page()

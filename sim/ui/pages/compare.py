"""Compare: two or more scenario files on the same draws."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from sim import charts
from sim.analysis.comparing import Comparison
from sim.errors import UserError
from sim.figures import chance, figure, relative
from sim.outcome import KPIS
from sim.scenario import Scenario, diff
from sim.ui import cache, parts, sheets
from sim.ui.decisions import attribution
from sim.ui.plans import CURRENT, drop_gone, label_of, on_one_horizon, plan_names
from sim.ui.state import BASELINE, Session, session

SHOWN = ("net_gmv", "gmv", "return_rate", "contribution")
FIRST_PLAN = "all_fixes"


def page() -> None:
    state = session()
    say = state.say
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(say["compare.lead"], width="stretch")
        parts.language_switch(state)
    with st.container(key="trouble"):
        parts.faults(state)
    names = plan_names(state)
    if len(names) < 2:
        st.info(say["compare.none"], icon=":material/info:")
        return
    base, plans, same_world = chosen(state, names)
    if not plans:
        st.info(say["compare.choose"], icon=":material/info:")
        return
    comparison = compared(state, base, plans, same_world=same_world)
    if comparison is None:
        return
    labels = [label_of(state, name) for name in plans]
    at_base = comparison.base.scenario.baseline
    others = [parts.plain(name) for name, plan in zip(labels, comparison.plans, strict=True) if plan.scenario.baseline != at_base]
    if others:
        st.warning(say["compare.other_shop"].format(plans=", ".join(others)), icon=":material/storefront:")
    differences(state, comparison, labels)
    table(state, comparison, [say["compare.now"] if name == CURRENT else name for name in plans])
    what_differs(state, comparison, labels)


def chosen(state: Session, names: list[str]) -> tuple[str, list[str], bool]:
    """The base and its plans; kept while the planner looks at other pages."""
    say = state.say
    first = [name for name in (CURRENT, state.opened.name, FIRST_PLAN) if name in names and name != BASELINE][:1]
    left, right, side = st.columns([3, 6, 2], vertical_alignment="bottom")
    keep = {"persist_state": "session", "format_func": lambda name: label_of(state, name)}
    drop_gone(names, one="compare_base", several="compare_plans")
    st.session_state.setdefault("compare_plans", first)
    with left:
        base = st.selectbox(say["compare.base"], names, index=names.index(BASELINE) if BASELINE in names else 0, key="compare_base", **keep)
    with right:
        plans = st.multiselect(say["compare.plans"], names, key="compare_plans", max_selections=6, **keep)
    with side:
        same = st.toggle(say["compare.same_world"], key="compare_world", help=say["compare.same_world_help"], persist_state="session")
    return base, [name for name in plans if name != base], same


def compared(state: Session, base: str, plans: list[str], *, same_world: bool) -> Comparison | None:
    """All on one horizon and the same draws; where that cannot be, why."""

    def scenario(name: str) -> Scenario:
        return replace(state.plan, name=state.opened.name) if name == CURRENT else cache.scenario_at(name)

    try:
        first, *others = on_one_horizon(state, [scenario(base), *(scenario(name) for name in plans)], key="compare_days")
        if same_world:
            others = [replace(plan, assumptions=first.assumptions, events=first.events) for plan in others]
        with st.spinner(state.say["plan.computing"]):
            outcomes = [cache.outcome_of(one) for one in (first, *others)]
    except UserError as error:
        parts.refused(error.message, state.say)
        return None
    named = [replace(outcome, scenario=one) for outcome, one in zip(outcomes, (first, *others), strict=True)]
    return Comparison(base=named[0], plans=tuple(named[1:]))


@st.fragment
def differences(state: Session, comparison: Comparison, labels: list[str]) -> None:
    say, language = state.say, state.language
    parts.heading(say["compare.differences"], say["compare.differences_note"])
    kpi = st.segmented_control(
        say["plan.measure"], SHOWN, default=SHOWN[0], required=True, key="compare_kpi", label_visibility="collapsed",
        format_func=lambda name: KPIS[name].label[language],
    ) or SHOWN[0]
    unit, rows = KPIS[kpi].unit, []
    for name, plan in zip(labels, comparison.plans, strict=True):
        row = comparison.figures(plan)[kpi]
        better = say["compare.chance"].format(share=chance(row["p_better"], language))
        text = parts.change_with_interval(row["delta"], unit, language)
        rows.append(
            {"plan": name, **row["delta"], "label": f"{text} · {better}", "chance": better,
             "better": (row["delta"]["mean"] or 0.0) * KPIS[kpi].direction >= 0}
        )
    parts.chart(charts.deltas(rows, unit=unit, language=language, colours=parts.palette()), key="deltas", says=say["compare.differences"])
    scenario = comparison.base.scenario
    horizon = say["say.horizon"].format(days=scenario.days, start=scenario.start)
    st.caption(say["compare.horizon"].format(horizon=horizon, draws=f"{comparison.base.draws:,}", seed=comparison.base.seed))
    attribution.on_compare(state, comparison, labels, kpi)


def table(state: Session, comparison: Comparison, names: list[str]) -> None:
    """Every figure: the base, then each plan's change, its interval and the chance of being better."""
    say, language = state.say, state.language
    st.markdown(f"##### {say['compare.table']}")
    base = {row["kpi"]: row for row in comparison.base.kpi_rows()}
    figures = [comparison.figures(plan) for plan in comparison.plans]
    shown, plain = [], []
    for kpi, item in KPIS.items():
        at_base = figure(base[kpi]["mean"], item.unit, language)
        line = {say["head.quantity"]: parts.kpi_label(kpi, language), say["compare.mean_base"]: at_base}
        exact = {"kpi": kpi, "unit": item.unit, "base.mean": base[kpi]["mean"]}
        for name, plan, rows in zip(names, comparison.plans, figures, strict=True):
            row = rows[kpi]
            by_share = row["relative"] is not None and item.unit != "share" and kpi not in parts.ABSOLUTE
            brief = f"{relative(row['relative'], language)} · " if by_share else ""
            line[name] = brief + parts.change_with_interval(row["delta"], item.unit, language)
            line[say["compare.better"].format(plan=name)] = chance(row["p_better"], language)
            stem = plan.scenario.name
            exact |= {f"{stem}.delta.{band}": row["delta"][band] for band in ("mean", "p10", "p50", "p90")}
            exact |= {f"{stem}.relative": row["relative"], f"{stem}.p_better": row["p_better"]}
        shown.append(line)
        plain.append(exact)
    parts.sheet(shown, pinned=[say["head.quantity"], say["compare.mean_base"]])
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(plain), file_name="compare.csv", mime="text/csv", icon=":material/download:",
        on_click="ignore", key="compare_csv",
    )


def what_differs(state: Session, comparison: Comparison, labels: list[str]) -> None:
    say = state.say
    parts.heading(say["compare.what"], say["compare.what_note"])
    for name, plan in zip(labels, comparison.plans, strict=True):
        rows = sheets.difference_sheet(diff(comparison.base.scenario, plan.scenario), say)
        if not rows:
            st.caption(say["compare.same"].format(plan=parts.plain(name)))
            continue
        if len(labels) > 1:
            st.markdown(f"**{parts.plain(name)}**")
        parts.sheet(rows)


page()

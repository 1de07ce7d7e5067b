"""Compare: two or more scenario files on the same draws."""

from __future__ import annotations

import streamlit as st

from sim.figures import chance, figure, relative
from sim.outcome import KPIS
from sim.ui import parts, sheets
from sim.ui.calibrating import standing
from sim.ui.comparing import days, differing, winning
from sim.ui.comparing.choosing import Compared, chosen, compared, ways_to_plan
from sim.ui.plans import CURRENT, plan_names
from sim.ui.state import Session, session


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
    found = compared(state, base, plans, same_world=same_world)
    if found is None:
        return
    ways_to_plan(state, found)
    other_shops(state, found)
    winning.differences(state, found)
    winning.best(state, found)
    days.curves(state, found)
    differing.section(state, found)
    table(state, found)


def other_shops(state: Session, found: Compared) -> None:
    at_base = found.comparison.base.scenario.shop
    plans = zip(found.labels[1:], found.comparison.plans, strict=True)
    others = [parts.plain(name) for name, plan in plans if plan.scenario.shop != at_base]
    if others:
        st.warning(state.say["compare.other_shop"].format(plans=", ".join(others)), icon=":material/storefront:")
    standing.lines(state, (one.scenario for one in (found.comparison.base, *found.comparison.plans)))


def table(state: Session, found: Compared) -> None:
    """Every figure: the base, then each plan's change, its interval and the chance of being better."""
    say, language, comparison = state.say, state.language, found.comparison
    st.markdown(f"##### {say['compare.table']}")
    base = {row["kpi"]: row for row in comparison.base.kpi_rows()}
    figures = [comparison.figures(plan) for plan in comparison.plans]
    names = [say["compare.now"] if name == CURRENT else name for name in found.names[1:]]
    heads = found.heads(say["head.quantity"], say["compare.mean_base"])[1:]
    shown, plain = [], []
    for kpi, item in KPIS.items():
        at_base = figure(base[kpi]["mean"], item.unit, language)
        line = {say["head.quantity"]: parts.kpi_label(kpi, language), say["compare.mean_base"]: at_base}
        exact = {"kpi": kpi, "unit": item.unit, "base.mean": base[kpi]["mean"]}
        for name, head, rows in zip(names, heads, figures, strict=True):
            row = rows[kpi]
            by_share = row["relative"] is not None and item.unit != "share" and kpi not in parts.ABSOLUTE
            brief = f"{relative(row['relative'], language)} · " if by_share else ""
            line[head] = brief + parts.change_with_interval(row["delta"], item.unit, language)
            line[say["compare.better"].format(plan=head)] = chance(row["p_better"], language)
            exact |= {f"{name}.delta.{band}": row["delta"][band] for band in ("mean", "p10", "p50", "p90")}
            exact |= {f"{name}.relative": row["relative"], f"{name}.p_better": row["p_better"]}
        shown.append(line)
        plain.append(exact)
    parts.sheet(shown, pinned=[say["head.quantity"], say["compare.mean_base"]])
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(plain), file_name="compare.csv", mime="text/csv", icon=":material/download:",
        on_click="ignore", key="compare_csv",
    )


page()

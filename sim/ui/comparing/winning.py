"""Who is better, and how surely: paired differences, what each lever brought, and how often each option is the best."""

from __future__ import annotations

import numpy as np
import streamlit as st

from sim import charts
from sim.analysis.choosing import Choice
from sim.charts import comparing as charts_comparing
from sim.figures import chance
from sim.outcome import KPIS
from sim.ui import parts
from sim.ui.comparing.choosing import Compared
from sim.ui.decisions import attribution
from sim.ui.state import Session

SHOWN = ("net_gmv", "gmv", "return_rate", "contribution")


@st.fragment
def differences(state: Session, found: Compared) -> None:
    """The paired differences in a figure, and below them what each lever brought of it."""
    say, language, comparison = state.say, state.language, found.comparison
    parts.heading(say["compare.differences"], say["compare.differences_note"])
    kpi = st.segmented_control(
        say["plan.measure"], SHOWN, default=SHOWN[0], required=True, key="compare_kpi", label_visibility="collapsed",
        format_func=lambda name: KPIS[name].label[language],
    ) or SHOWN[0]
    unit, rows = KPIS[kpi].unit, []
    for name, plan in zip(found.labels[1:], comparison.plans, strict=True):
        row = comparison.figures(plan)[kpi]
        if row["delta"]["mean"] is None:
            st.caption(say["sweeps.undefined"].format(kpi=f"{parts.plain(name)} · {KPIS[kpi].label[language]}"))
            continue
        better = say["compare.chance"].format(share=chance(row["p_better"], language))
        text = parts.change_with_interval(row["delta"], unit, language)
        rows.append(
            {"plan": name, **row["delta"], "label": f"{text} · {better}", "chance": better,
             "better": row["delta"]["mean"] * KPIS[kpi].direction >= 0}
        )
    if rows:
        drawing = charts.deltas(rows, unit=unit, language=language, colours=parts.palette())
        parts.chart(drawing, key="deltas", says=say["compare.differences"])
    scenario = comparison.base.scenario
    horizon = say["say.horizon"].format(days=scenario.days, start=scenario.start)
    st.caption(say["compare.horizon"].format(horizon=horizon, draws=f"{comparison.base.draws:,}", seed=comparison.base.seed))
    attribution.on_compare(state, comparison, found.titles[1:], kpi)


def best(state: Session, found: Compared) -> None:
    """How often each option, the base among them, is the best, by each figure."""
    say, language = state.say, state.language
    parts.heading(say["compare_page.best"], say["compare_page.best_note"])
    outcomes = (found.comparison.base, *found.comparison.plans)
    rows = []
    for column, kpi in enumerate(SHOWN):
        values = np.stack([outcome.kpi(kpi) for outcome in outcomes])
        if not np.all(np.isfinite(values)):
            st.caption(f"{KPIS[kpi].label[language]}: {say['compare_page.best_undefined']}")
            continue
        shares = Choice(kpi=kpi, names=found.names, values=values).best_share
        first = max(shares)
        rows += [
            {"option": title, "figure": KPIS[kpi].label[language], "column": column, "share": float(share), "base": place == 0,
             "label": chance(float(share), language), "first": bool(share == first)}
            for place, (title, share) in enumerate(zip(found.titles, shares, strict=True))
        ]
    drawing = charts_comparing.wins(rows, language=language, colours=parts.palette())
    parts.chart(drawing, key="compare_best", says=say["compare_page.best"])

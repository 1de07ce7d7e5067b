"""The plan over its days: fans by order date, refunds by either date, weeks and months."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sim import charts, planning
from sim.figures import compact, money, rate
from sim.ui import parts, sheets
from sim.ui.cache import Pair
from sim.ui.state import Session
from sim.wording.planning import event_rows

REFUNDS = {"order": "refunds", "refund": "refunds_by_date"}


def _look(state: Session, pair: Pair) -> dict[str, Any]:
    events = event_rows(pair.plan.scenario, state.say)
    return {"language": state.language, "colours": parts.palette(), "events": events}


def _series(state: Session, pair: Pair, figure: str) -> dict[str, list[dict[str, Any]]]:
    """The baseline's days and, where it is another one, the plan's."""
    series = {state.say["plan.base"]: planning.fan(pair.base, figure)}
    if not pair.same:
        series[state.say["plan.this_plan"]] = planning.fan(pair.plan, figure)
    return series


@st.fragment
def days(state: Session, pair: Pair) -> None:
    say = state.say
    parts.heading(say["plan.days_base" if pair.same else "plan.days"], say["plan.days_note"])
    kinds = ["net_gmv", "gmv", "return_rate"] + ([] if pair.same else ["delta"])
    chosen = st.segmented_control(
        say["plan.measure"], kinds, default=kinds[0], required=True, key="measure", label_visibility="collapsed",
        format_func=lambda kind: say[f"plan.per_day_{kind}"],
    )
    if chosen == "delta" and not pair.same:
        bands = planning.fan(pair.plan, "net_gmv", against=pair.base)
        title = say["plan.per_day_delta_axis"]
        drawing = charts.fans({say["plan.per_day_delta"]: bands}, unit="CNY", title=title, zero_line=True, **_look(state, pair))
    else:
        kind = "net_gmv" if chosen in (None, "delta") else chosen
        unit = "share" if kind == "return_rate" else "CNY"
        drawing = charts.fans(_series(state, pair, kind), unit=unit, title=say[f"plan.per_day_{kind}"], **_look(state, pair))
    parts.chart(drawing, key="days", says=say["plan.days"])


@st.fragment
def refunds(state: Session, pair: Pair) -> None:
    """What goes back, day by day: where it was ordered, or where it is asked for. Both are the same money."""
    say, language = state.say, state.language
    parts.heading(say["refunds.title"], say["refunds.note"])
    by = st.segmented_control(
        say["refunds.by"], list(REFUNDS), default="order", required=True, key="refunds_by", label_visibility="collapsed",
        format_func=lambda kind: say[f"refunds.by_{kind}"],
    ) or "order"
    drawing = charts.fans(
        _series(state, pair, REFUNDS[by]), unit="CNY", title=say[f"refunds.axis_{by}"], height=300, **_look(state, pair)
    )
    parts.chart(drawing, key="refund_days", says=say["refunds.title"])
    split, before = planning.refund_split(pair.plan), planning.refund_split(pair.base)
    share = rate(split["after"] / split["total"] if split["total"] else 0.0, language)
    texts = [say[f"refunds.says_{by}"].format(
        days=pair.plan.scenario.days, share=share, **{name: money(value, language) for name, value in split.items()}
    )]
    if not pair.same:
        texts.append(say["refunds.was"].format(total=compact(before["total"], language), after=compact(before["after"], language)))
    st.markdown(parts.tight(("" if language == "zh" else " ").join(texts)))


@st.fragment
def periods(state: Session, pair: Pair) -> None:
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

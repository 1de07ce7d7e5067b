"""The plans day by day, one over another."""

from __future__ import annotations

import streamlit as st

from sim import planning
from sim.charts import comparing as charts_comparing
from sim.ui import parts
from sim.ui.comparing.choosing import Compared
from sim.ui.state import Session

FIGURES = ("net_gmv", "gmv", "return_rate")


@st.fragment
def curves(state: Session, found: Compared) -> None:
    """Medians and bands of a figure, of the base and of every plan, or of what each differs from the base."""
    say, comparison = state.say, found.comparison
    many = len(comparison.plans) > 1
    parts.heading(say["compare_page.days"], say["compare_page.days_note_many" if many else "compare_page.days_note"])
    with st.container(horizontal=True, vertical_alignment="center"):
        figure = st.segmented_control(
            say["plan.measure"], FIGURES, default=FIGURES[0], required=True, key="compare_days_figure", label_visibility="collapsed",
            format_func=lambda name: say[f"compare_page.days_axis_{name}"],
        ) or FIGURES[0]
        apart = st.toggle(say["compare_page.days_delta"], key="compare_days_delta")
    title = say[f"compare_page.days_axis_{figure}"]
    against = comparison.base if apart else None
    shown = list(zip(found.titles, (comparison.base, *comparison.plans), range(len(found.titles)), strict=True))[1 if apart else 0 :]
    series = [
        {"name": name, "hue": place, "bands": planning.fan(outcome, figure, against=against)} for name, outcome, place in shown
    ]
    drawing = charts_comparing.curves(
        series, unit="share" if figure == "return_rate" else "CNY", apart=apart, language=state.language, colours=parts.palette(),
        title=say["compare_page.days_axis_delta"].format(figure=title) if apart else title,
    )
    parts.chart(drawing, key="compare_curves", says=say["compare_page.days"])

"""Where it leaks, worst first, and the way from a cause to the levers that mend it."""

from __future__ import annotations

import streamlit as st

from sim import charts
from sim.figures import compact, rate
from sim.planning import MENDED_BY
from sim.ui import levers, parts
from sim.ui.cache import Pair
from sim.ui.state import Session
from sim.wording.planning import levers_of, rank_line

CHART, PILLS = "leaks", "leak_causes"
PICKED = charts.PICKED


def drawn(state: Session, pair: Pair) -> None:
    say, language = state.say, state.language
    parts.heading(say["plan.leaks"], say["plan.leaks_note"])
    rows, cause = pair.plan.leak_rows(), levers.mended()
    mends = {row["cause"]: levers_of(row["cause"], say) for row in rows}
    drawing = charts.leak_bars(
        rows, pair.base.leak_rows(), mends=mends, language=language, colours=parts.palette(), chosen=cause, pick=True
    )
    ranks = parts.tight(rank_line(rows, say))
    st.altair_chart(
        charts.sure(drawing), width="stretch", key=CHART, alt=f"{say['plan.leaks']}. {ranks}", on_select=_clicked, selection_mode=PICKED
    )
    if ranks:
        st.caption(ranks)
    worth = {row["cause"]: row["recoverable"]["net_gmv"]["mean"] for row in rows if row["mendable"]}
    causes = sorted((name for name in worth if name in MENDED_BY), key=lambda name: -worth[name])
    standing = cause if cause in causes else None
    if st.session_state.get(PILLS) != standing:
        st.session_state[PILLS] = standing
    st.pills(
        say["leaks.show"], causes, key=PILLS, wrap=True, on_change=_chosen, help=say["leaks.note"],
        format_func=lambda name: say.named("cause", name),
    )
    if cause is not None:
        st.caption(say["leaks.at_left"].format(levers=mends.get(cause) or say["plan.nothing_mends"]))


def _chosen() -> None:
    levers.mend(st.session_state[PILLS])


def _clicked() -> None:
    """A bar was clicked; a click beside the bars shows all levers again."""
    points = st.session_state[CHART].selection.get(PICKED) or []
    picked = points[0]["name"] if points else None
    levers.mend(None if picked == levers.mended() else picked)


def funnel(state: Session, pair: Pair) -> None:
    """Who drops out on the way, in shoppers."""
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
                say["plan.mends"]: levers_of(cause, say),
            }
            for stage in stages
            for cause, lost in stage["leaks"].items()
        ]
        parts.sheet(rows)

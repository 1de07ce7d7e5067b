"""What the spread of the plan's figures rests on, and what to measure first: the first part of the page Evidence."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sim.analysis.sensitivity import Drivers
from sim.charts import drivers as charts_drivers
from sim.charts.drivers import ShareHeads
from sim.evidence import Rest, Spread, mere_assumptions, spread_of
from sim.lanes import NOISE
from sim.outcome import KPIS
from sim.parameters import Parameter, registry
from sim.texts import Words
from sim.ui import parts, work
from sim.ui.decisions import drivers_work
from sim.ui.state import Session
from sim.wording.drivers import LITTLE, graded, share_text, share_with_interval
from sim.wording.evidence import joined, measured_by, quantity

MOVING = "evidence_moving"  # where the answer belongs


def spread(state: Session) -> None:
    """The grades' shares of the chosen figure's spread, and the strongest mere assumptions."""
    say, plan = state.say, state.plan
    parts.heading(say["evidence.spread"], say["evidence.spread_note"])
    if st.button(say["evidence.find"], type="primary", key="evidence_find", icon=":material/play_arrow:"):
        drivers_work.begin_moving(MOVING, plan, None)
    key = drivers_work.moving_key(plan, None)  # the same question as on Drivers: whoever asks it first, both have the answer
    answer = work.answer(state, MOVING, key, what=say["evidence.doing"])
    if answer is None:
        if not work.running(MOVING):
            st.info(say["evidence.not_yet"], icon=":material/info:")
        return
    asked = answer.result.scenario
    name = parts.plain(parts.title_of(asked, asked.name, say))
    work.dated(say, MOVING, answer, key, say["drivers.older"].format(plan=name))
    figures = {figure.kpi: figure for figure in answer.result.figures}
    kpi = st.segmented_control(
        say["plan.measure"], list(figures), default=next(iter(figures)), required=True, key="evidence_kpi", persist_state="session",
        label_visibility="collapsed", format_func=lambda name: KPIS[name].label[state.language],
    )
    figure = figures.get(kpi) or next(iter(figures.values()))
    found, label = spread_of(figure), KPIS[figure.kpi].label[state.language]
    if not found.rests:
        st.info(say["evidence.no_spread"].format(kpi=label), icon=":material/info:")
        return
    left, right = st.columns([1, 1], gap="medium")
    with left:
        bars(found, label, say)
    with right:
        measure_first(figure, label, say)
    st.caption(say["say.drawn"].format(draws=f"{answer.result.draws:,}", seed=answer.result.seed))


def bars(found: Spread, label: str, say: Words) -> None:
    title = finding(found, label, say)
    st.markdown(f"**{parts.tight(title)}**")
    st.caption(say["evidence.spread_bars"])
    heads = ShareHeads(
        axis=say["evidence.spread_axis"], name=say["head.grade"], first=say["evidence.single"], total=say["evidence.together"]
    )
    rows = [bar(rest, say) for rest in found.rests if rest.count]
    parts.chart(charts_drivers.shares(rows, heads=heads, colours=parts.palette()), key="evidence_shares", says=title)
    if found.between >= LITTLE:
        st.caption(parts.tight(say["evidence.between"].format(share=share_text(found.between))))


def finding(found: Spread, label: str, say: Words) -> str:
    """How much rests on mere assumptions, and what brings most beside them."""
    strong = [rest for rest in found.rests if rest.together.value >= LITTLE] or [*found.rests]
    mere = next((rest for rest in strong if rest.grade == "assumption"), strong[0])
    other = next((rest for rest in strong if rest is not mere), None)
    told = {"share": share_text(mere.together.value), "kpi": label, "grade": say[f"evidence.grade_{mere.grade}"]}
    if other is None:
        return say["evidence.finding"].format(**told)
    return say["evidence.finding_two"].format(
        **told, other_share=share_text(other.together.value), other=say[f"evidence.grade_{other.grade}"]
    )


def bar(rest: Rest, say: Words) -> dict[str, Any]:
    name = graded(rest.grade, say)
    if rest.grade != NOISE:
        name += {"en": f" ({rest.count})", "zh": f"（{rest.count} 项）"}[say.language]
    share = rest.together
    return {
        "name": name, "first": rest.single, "total": share.value, "low": share.low, "high": share.high,
        "text": share_with_interval(share.to_json()), "first_text": share_text(rest.single),
    }


def measure_first(figure: Drivers, label: str, say: Words) -> None:
    """The strongest mere assumptions, each beside what measuring it would need."""
    rows = mere_assumptions(figure)
    if not rows:
        st.markdown(f"**{say['evidence.mere']}**")
        st.caption(say["evidence.mere_none"].format(kpi=label))
        return
    st.markdown(f"**{say['evidence.mere']}**")
    st.caption(say["evidence.mere_note"])
    for number, row in enumerate(rows, start=1):
        item = registry()[row.name]
        share = say["evidence.mere_share"].format(share=share_with_interval(row.total.to_json()))
        st.markdown(
            f"{number}. **{parts.plain(item.label[say.language])}** · {parts.tight(parts.plain(share))}  \n"
            f":small[:gray[{parts.plain(taken(item, say))}]]  \n:small[{parts.plain(measured_by(item.name, say))}]"
        )


def taken(item: Parameter, say: Words) -> str:
    """What the model takes an assumption to be."""
    value = quantity(item.value, item, say.language)
    if item.distribution == "chance":
        return say["evidence.mere_chance"].format(value=value)
    low, high = joined([quantity(end, item, say.language) for end in (item.low, item.high)], "|").split("|")
    return say["evidence.mere_range"].format(value=value, low=low, high=high)

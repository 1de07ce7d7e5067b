"""What each lever brought, as a section of the Compare page and of the Plan page: a waterfall and, in words, what works together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import streamlit as st

from sim.analysis.attributing import Attributed, attribute, attributed
from sim.analysis.attribution import FIGURES, Attribution
from sim.analysis.coalitions import Game, plot_of
from sim.analysis.comparing import Comparison
from sim.charts import attribution as charts_attribution
from sim.errors import UserError
from sim.figures import change
from sim.outcome import KPIS, Outcome, model_version
from sim.texts import Words
from sim.ui import parts, sheets, work
from sim.ui.cache import Pair
from sim.ui.state import Session
from sim.wording.attribution import contributor_label, method_says

WAYS = ("fair", "roll_out")
SHOWN = ("net_gmv", "gmv", "return_rate", "contribution")
BLINK = 8_000  # lanes, about a quarter of a second: worked out in place
MOST_STEPS, MOST_PAIRS = 12, 3
SMALLEST = 0.01  # of the whole difference: a smaller interaction is not worth a sentence
BEGUN = "attribution_begun"  # what this session has begun without being asked: a stopped one does not begin again by itself


def on_compare(state: Session, comparison: Comparison, labels: Sequence[str], kpi: str) -> None:
    """Below the differences, for the figure that is chosen there: the waterfall of one plan, begun without being asked."""
    say = state.say
    parts.heading(say["attribution.title"], say["attribution.note"])
    place = 0
    if len(labels) > 1:
        place = st.segmented_control(
            say["attribution_ui.which"], range(len(labels)), default=0, required=True, key=f"compare_which.{len(labels)}",
            label_visibility="collapsed", format_func=lambda number: parts.plain(labels[number]),
        ) or 0
    base, plan = comparison.base, comparison.plans[place]
    key = key_of(base, plan)
    ask(say, "compare", key, base, plan, unasked=True)
    found = work.answer(state, slot_of("compare"), key, what=say["doing.attribution"])
    if found is None or found.key != key:  # of another plan nothing stands here
        return
    if not found.result.shares.names:
        names = {"plan": labels[place], "base": parts.title_of(base.scenario, base.scenario.name, say)}
        st.caption(say["attribution.nothing"].format(**{name: parts.plain(text) for name, text in names.items()}))
        return
    way = chosen_way(say, key="compare")
    drawn(state, found.result, kpi, way, key="compare")


@st.fragment
def on_plan(state: Session, pair: Pair) -> None:
    """On the Plan page against the baseline, when asked for: a slider must not wait for it."""
    say = state.say
    parts.heading(say["attribution.title"], say["attribution.note_plan"])
    if pair.same:
        st.caption(say["attribution.nothing_moved"])
        return
    key = key_of(pair.base, pair.plan)
    ask(say, "plan", key, pair.base, pair.plan, unasked=False)
    found = work.answer(state, slot_of("plan"), key, what=say["doing.attribution"])
    if found is None or found.result.plan.name != pair.plan.scenario.name:  # another plan's would mislead
        return
    work.dated(say, slot_of("plan"), found, key, say["attribution_ui.again"])
    if not found.result.shares.names:
        st.caption(say["attribution.nothing_moved"])
        return
    left, right = st.columns(2)
    with left:
        kpi = st.segmented_control(
            say["plan.measure"], SHOWN, default=SHOWN[0], required=True, key="attribution_kpi", label_visibility="collapsed",
            format_func=lambda name: KPIS[name].label[state.language],
        ) or SHOWN[0]
    with right:
        way = chosen_way(say, key="plan")
    drawn(state, found.result, kpi, way, key="plan")


def slot_of(page: str) -> str:
    return f"{page}_attribution"


def key_of(base: Outcome, plan: Outcome) -> Hashable:
    return ("attribution", base.scenario.digest, plan.scenario.digest, model_version(), base.draws, base.seed, base.noise)


def ask(say: Words, page: str, key: Hashable, base: Outcome, plan: Outcome, *, unasked: bool) -> None:
    """Begin what is not known yet, `unasked` or when the button is pressed: a blink's work in place, the rest beside the app."""
    slot, begun = slot_of(page), st.session_state.setdefault(BEGUN, set())
    with st.container(key=f"{slot}_ask"):  # always there, so that what follows keeps its place
        if work.known(key) or work.running(slot, key):
            return
        place = st.empty()
        if (not unasked or key in begun) and not place.button(
            say["attribution_ui.compute"], key=f"{slot}_go", icon=":material/waterfall_chart:"
        ):
            return
        place.empty()
    begun.add(key)
    if lanes_of(base, plan) <= BLINK:
        try:
            work.at_once(slot, key, attributed, before=base, after=plan)
        except UserError as error:
            parts.refused(error.message, say)
    else:
        chance_of = {"draws": base.draws, "seed": base.seed, "noise": base.noise}
        work.begin(slot, key, attribute, base=base.scenario, plan=plan.scenario, **chance_of)


def chosen_way(say: Words, *, key: str) -> str:
    return st.segmented_control(
        say["attribution_ui.way"], WAYS, default=WAYS[0], required=True, key=f"{key}_way", label_visibility="collapsed",
        format_func=lambda name: say[f"attribution_ui.{name}"],
    ) or WAYS[0]


def lanes_of(base: Outcome, plan: Outcome) -> int:
    return plot_of(Game.between(base, plan), draws=base.draws, seed=base.seed, effort="auto").lanes


def drawn(state: Session, shown: Attributed, kpi: str, way: str, *, key: str) -> None:
    """The waterfall, its largest step in words, what works together, and how it was found."""
    say, language, unit, direction = state.say, state.language, KPIS[kpi].unit, KPIS[kpi].direction
    shares, whole = shown.shares, shown.deltas[kpi]
    steps = shares.waterfall(kpi, most=MOST_STEPS, roll_out=way == "roll_out")
    if whole["mean"] is None or any(step["mean"] is None for step in steps):
        st.caption(say["sweeps.undefined"].format(kpi=KPIS[kpi].label[language]))
        return
    rows = []
    for step in steps:
        names = [contributor_label(name, shares.method.joined, say) for name in step["levers"]]
        label = names[0] if len(names) == 1 else say["attribution.others"].format(count=len(names))
        rows.append({**step, "label": label, "tip": ("、" if language == "zh" else ", ").join(names)})
    single = [row for row in rows if len(row["levers"]) == 1]
    best = max(single, key=lambda row: abs(row["mean"]))
    finding = say["attribution_ui.best"].format(lever=parts.plain(best["label"]), change=parts.change_with_interval(best, unit, language))
    st.markdown(parts.tight(finding))
    if way == "roll_out":
        st.caption(say["attribution_ui.roll_out_note"])
    drawing = charts_attribution.waterfall(rows, whole, unit=unit, direction=direction, language=language, colours=parts.palette())
    parts.chart(drawing, key=f"{key}_waterfall", says=finding)
    together(shares, kpi, say)
    gap = "" if language == "zh" else " "
    how = method_says(shares.rows(), shares.method.to_json(), kpi, shown.draws, say)
    st.caption(f"{say['attribution_ui.paler']}{gap}{parts.tight(how)}")
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(table(shares)), file_name=f"{shown.plan.name}_attribution.csv", mime="text/csv",
        icon=":material/download:", on_click="ignore", key=f"{key}_attribution_csv",
    )


def together(shares: Attribution, kpi: str, say: Words) -> None:
    """The strongest pairs in words; nothing where there is one change alone."""
    if len(shares.names) < 2:
        return
    if shares.method.interactions == "none":
        st.caption(say["attribution_ui.not_known"])
        return
    rows = sorted(shares.interaction_rows(), key=lambda row: (-abs(row[kpi]["mean"] or 0.0), row["levers"]))
    least = SMALLEST * abs(shares.whole[kpi])
    lines = []
    for row in rows[:MOST_PAIRS]:
        value = row[kpi]["mean"]
        if value is None or abs(value) < least:
            continue
        shown = change(value, KPIS[kpi].unit, say.language)
        if not any(digit in shown for digit in "123456789"):  # too small to show is none
            continue
        one, other = (parts.plain(contributor_label(name, shares.method.joined, say)) for name in row["levers"])
        kind = "stronger" if value * KPIS[kpi].direction > 0 else "weaker"
        text = say[f"attribution_ui.{kind}"].format(one=one, other=other, value=shown)
        lines.append(f"- {parts.tight(text)}")
    head = say["attribution_ui.interactions_largest" if shares.method.interactions == "estimated" else "attribution_ui.interactions"]
    st.markdown("\n".join([f":gray[{head}]", "", *(lines or [say["attribution_ui.no_interactions"]])]))


def table(shares: Attribution) -> list[dict[str, object]]:
    """Every figure with all digits: a row per contributor, fair shares and roll-out."""
    in_turn = {row["lever"]: row for row in shares.roll_out_rows()}
    return [
        {"lever": row["lever"], **{f"{kpi}.{band}": row[kpi][band] for kpi in FIGURES for band in ("mean", "p10", "p90")},
         **{f"{kpi}.roll_out": in_turn[row["lever"]][kpi]["mean"] if row["lever"] in in_turn else 0.0 for kpi in FIGURES}}
        for row in shares.rows()
    ]

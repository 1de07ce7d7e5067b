"""What each lever brought, as a section of the Compare page and of the Plan page: a waterfall and, in words, what works together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from sim.analysis.attribution import FIGURES, Attribution, attribution_of
from sim.analysis.coalitions import Game, plot_of
from sim.analysis.comparing import Comparison
from sim.charts import attribution as charts_attribution
from sim.errors import UserError
from sim.figures import change
from sim.outcome import KPIS, Outcome, model_version
from sim.texts import Words
from sim.ui import parts, sheets
from sim.ui.cache import Pair
from sim.ui.state import Session
from sim.wording.attribution import contributor_label, method_says

WAYS = ("fair", "roll_out")
SHOWN = ("net_gmv", "gmv", "return_rate", "contribution")
KEPT = 64
AT_ONCE = 20_000  # lanes, about half a second: worked out without being asked
MOST_STEPS, MOST_PAIRS = 12, 3
SMALLEST = 0.01  # of the whole difference: a smaller interaction is not worth a sentence
LAST = "plan_attribution_last"  # what the Plan page showed last
Task = tuple[Outcome, Outcome]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The shares of a plan, with what is said beside them: its name, the whole difference per figure, and of how many draws."""

    shares: Attribution
    name: str
    deltas: Mapping[str, Mapping[str, float | None]]
    draws: int

    @classmethod
    def of(cls, shares: Attribution, task: Task) -> Shown:
        base, plan = task
        figures = Comparison(base=base, plans=(plan,)).figures(plan)
        return cls(shares=shares, name=plan.scenario.name, deltas={kpi: figures[kpi]["delta"] for kpi in FIGURES}, draws=base.draws)


def on_compare(state: Session, comparison: Comparison, labels: Sequence[str], kpi: str) -> None:
    """Below the differences, for the figure that is chosen there: one waterfall per plan."""
    say = state.say
    parts.heading(say["attribution.title"], say["attribution.note"])
    tasks = [(comparison.base, plan) for plan in comparison.plans]
    found = worked_out(state, tasks, key="compare", at_once=True)
    if found is None:
        return
    way = chosen_way(say, key="compare") if any(shares.names for shares in found) else WAYS[0]
    for place, (label, plan, shares) in enumerate(zip(labels, comparison.plans, found, strict=True)):
        if len(found) > 1:
            st.markdown(f"**{parts.plain(label)}**")
        if shares.names:
            drawn(state, Shown.of(shares, (comparison.base, plan)), kpi, way, key=f"compare_{place}")
        else:
            base = parts.title_of(comparison.base.scenario, comparison.base.scenario.name, say)
            st.caption(say["attribution.nothing"].format(plan=parts.plain(label), base=parts.plain(base)))


@st.fragment
def on_plan(state: Session, pair: Pair) -> None:
    """On the Plan page against the baseline, when asked for: a slider must not wait for it."""
    say = state.say
    parts.heading(say["attribution.title"], say["attribution.note_plan"])
    if pair.same:
        st.caption(say["attribution.nothing_moved"])
        return
    task = pair.base, pair.plan
    shown: Shown | None = st.session_state.get(LAST)
    if shown is not None and shown.name != pair.plan.scenario.name:  # another plan's would mislead
        shown = None
    found = worked_out(state, [task], key="plan", at_once=False, before=shown is not None)
    if found is not None:
        st.session_state[LAST] = shown = Shown.of(found[0], task)
    if shown is None:
        return
    if not shown.shares.names:
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
    drawn(state, shown, kpi, way, key="plan")


def chosen_way(say: Words, *, key: str) -> str:
    return st.segmented_control(
        say["attribution_ui.way"], WAYS, default=WAYS[0], required=True, key=f"{key}_way", label_visibility="collapsed",
        format_func=lambda name: say[f"attribution_ui.{name}"],
    ) or WAYS[0]


def worked_out(state: Session, tasks: Sequence[Task], *, key: str, at_once: bool, before: bool = False) -> list[Attribution] | None:
    """The shares of every task: those that are kept, those that are quick, and the rest when the button is pressed.

    `before`: those of the plan before its last change stand below until then.
    """
    say = state.say
    missing = [task for task in tasks if kept(task) is None]
    room = st.container(key=f"{key}_attribution")  # always there, so that what follows keeps its place
    if missing and not (at_once and sum(lanes_of(*task) for task in missing) <= AT_ONCE):
        with room:
            note, place = st.empty(), st.empty()
            if before:
                note.caption(f":orange[:material/history: {say['attribution_ui.again']}]")
            if not place.button(say["attribution_ui.compute"], key=f"{key}_attribution_go", icon=":material/waterfall_chart:"):
                return None
            note.empty()
            place.empty()  # what it asks for takes its place
    try:
        with room:
            for i, task in enumerate(missing):
                keep(task, told(task, say, i / len(missing), len(missing)))
    except UserError as error:
        parts.refused(error.message, say)
        return None
    found = [kept(task) for task in tasks]
    return [shares for shares in found if shares is not None]


def told(task: Task, say: Words, before: float, of: int) -> Attribution:
    """The shares, worked out under a bar that says how far they are."""
    count = len(Game.between(*task).names)
    text = say["attribution.working"].format(count=count)
    bar = st.progress(before, text=text)
    try:
        return attribution_of(*task, progress=lambda done, of_all: bar.progress(min(1.0, before + done / max(1, of_all) / of), text=text))
    finally:
        bar.empty()


def lanes_of(base: Outcome, plan: Outcome) -> int:
    return plot_of(Game.between(base, plan), draws=base.draws, seed=base.seed, effort="auto").lanes


def drawn(state: Session, shown: Shown, kpi: str, way: str, *, key: str) -> None:
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
        say["files.csv"], lambda: sheets.csv_bytes(table(shares)), file_name=f"{shown.name}_attribution.csv", mime="text/csv",
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


# Kept for all sessions


@st.cache_resource
def _store() -> tuple[OrderedDict[tuple[object, ...], Attribution], threading.Lock]:
    return OrderedDict(), threading.Lock()


def _key(task: Task) -> tuple[object, ...]:
    base, plan = task
    return base.scenario.digest, plan.scenario.digest, model_version(), base.draws, base.seed, base.noise


def kept(task: Task) -> Attribution | None:
    """What was worked out before for the same scenarios and draws."""
    shelf, lock = _store()
    with lock:
        return shelf.get(_key(task))


def keep(task: Task, shares: Attribution) -> None:
    shelf, lock = _store()
    with lock:
        shelf[_key(task)] = shares
        while len(shelf) > KEPT:
            shelf.popitem(last=False)

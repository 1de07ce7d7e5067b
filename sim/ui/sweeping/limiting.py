"""Points under limits: how many keep to them, which is best, what each limit costs, and two figures against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.analysis.goals import SIGNS, Target, target_of
from sim.charts.sweep_points import trade
from sim.errors import UserError
from sim.figures import change, figure
from sim.outcome import KPIS
from sim.sweeps import limits as rules
from sim.sweeps.limits import Choice
from sim.sweeps.opening import OpenedSweep, Points
from sim.texts import Words
from sim.ui import parts, points
from sim.ui.state import Session
from sim.ui.sweeping import taking

if TYPE_CHECKING:
    from pandas import DataFrame

NONE = ""
MOST_LIMITS, MOST_RANKED, MOST_OFFERED, MOST_MARKS, KEPT = 4, 20, 100, 1_500, 200
COUNT = "sweep_limit_count"
EXAMPLES = {"share": {"en": "25 %", "zh": "25 %"}, "CNY": {"en": "300 m", "zh": "3 亿"}}


@st.cache_resource(max_entries=4, show_spinner=False)
def figures_of(folder: str, stamp: tuple[Any, ...], statistic: str, _opened: OpenedSweep) -> DataFrame:
    """Read once as long as nothing in the folder changes. Shared by all sessions: nobody changes the frame."""
    return _opened.figures(statistic)


def section(state: Session, opened: OpenedSweep, there: Points, statistic: str, told: list[str]) -> None:
    """`told`: the levers that tell the points apart."""
    say, kpi = state.say, there.kpi
    frame = figures_of(str(opened.folder), opened.stamp, statistic, opened)
    parts.heading(say["sweeping.limits"], say["sweeping.limits_note"].format(statistic=say[f"sweeps.statistic_{statistic}"]))
    asked = limits(state, opened.sweep.kpis)
    choice = rules.chosen(frame, kpi, asked)
    st.markdown(parts.tight(verdict(choice, told, asked, say)))
    if lines := [line for eased in choice.eased for line in [_eased(choice, eased, say)] if line]:
        st.markdown(parts.tight("\n".join(f"- {line}" for line in lines)))
    if choice.best is None:
        return
    left, right = st.columns([5, 4], gap="large")
    with left:
        ranking(state, opened, choice, told)
    with right:
        against(state, opened, frame, choice, told)


def limits(state: Session, kpis: tuple[str, ...]) -> list[Target]:
    """The limits as the planner wrote them; one that cannot be meant is refused in a sentence and left out."""
    say, found = state.say, []
    count = st.session_state.setdefault(COUNT, 1)
    for place in range(count):
        columns = st.columns([3, 3, 2, 3], vertical_alignment="bottom")
        key = f"sweep_limit_{place}"
        if st.session_state.get(key) not in (NONE, *kpis):
            st.session_state.pop(key, None)
        with columns[0]:
            kpi = st.selectbox(
                say["sweeping.limit_kpi"], (NONE, *kpis), key=key, persist_state="session",
                format_func=lambda name: KPIS[name].label[state.language] if name else say["sweeping.limit_none"],
            )
        if kpi:
            usual = "at_least" if KPIS[kpi].direction > 0 else "at_most"
            with columns[1]:
                sense = st.segmented_control(
                    say["sweeping.limit_sense"], tuple(SIGNS), default=usual, key=f"{key}_sense.{kpi}", required=True,
                    format_func=lambda name: say[f"sweeping.{name}"],
                )
            with columns[2]:
                unit = KPIS[kpi].unit
                example = EXAMPLES.get(unit, {}).get(state.language, "")
                value = st.text_input(say["sweeping.limit_value"], key=f"{key}_value.{kpi}", placeholder=example, max_chars=40)
            if (value or "").strip():
                try:
                    found.append(target_of(f"{kpi} {SIGNS[sense or usual]} {_written(value)}", option=KPIS[kpi].label[state.language]))
                except UserError as error:
                    parts.refused(error.message, say)
        if place == count - 1 and kpi and count < MOST_LIMITS:
            with columns[3]:
                st.button(say["sweeping.add_limit"], icon=":material/add:", key="sweep_limit_add", type="tertiary", on_click=_one_more)
    return list({(target.kpi, target.sense): target for target in found}.values())


def _written(value: str) -> str:
    """As people type it: a Chinese unit with 元 behind, a full-width per cent sign, the currency in front."""
    text = value.strip().replace("％", "%").replace("，", ",").removesuffix("元").removesuffix("CNY").strip()
    return text.removeprefix("CNY").removeprefix("¥").strip()


def _one_more() -> None:
    st.session_state[COUNT] = min(MOST_LIMITS, st.session_state.get(COUNT, 1) + 1)


def verdict(choice: Choice, told: list[str], asked: list[Target], say: Words) -> str:
    """How many points keep to the limits, the best of them, and what the limits cost."""
    best, kpi = choice.best, choice.kpi
    if best is None:
        return say["sweeping.none_met"].format(of=f"{choice.of:,}")
    counts = {"count": f"{len(choice.ranked):,}", "of": f"{choice.of:,}", "kpi": KPIS[kpi].label[say.language]}
    words = {"values": points.values_in_words(told, best, say), "figure": parts.plain(_amount(best[kpi], kpi, say))}
    if not asked:
        return say["sweeping.free"].format(**counts, **words)
    moved = best[kpi] - (choice.free or 0.0)
    cost = say["sweeping.below"].format(change=_change(moved, kpi, say)) if moved else say["sweeping.costless"]
    return say["sweeping.met"].format(**counts, **words, below=cost)


def _eased(choice: Choice, eased: rules.Eased, say: Words) -> str:
    kpi, best = choice.kpi, choice.best
    limit = parts.plain(in_words(eased.limit, say))
    count = f"{eased.misses:,}"
    if eased.best is None:
        return say["sweeping.eased_not"].format(limit=limit)
    shown = parts.plain(_amount(eased.best, kpi, say))
    if best is None:
        return say["sweeping.eased_new"].format(limit=limit, count=count, figure=shown)
    if eased.best == best[kpi]:
        return say["sweeping.eased_free"].format(limit=limit, count=count)
    return say["sweeping.eased"].format(limit=limit, figure=shown, change=_change(eased.best - best[kpi], kpi, say), count=count)


def in_words(limit: Target, say: Words) -> str:
    """Return rate at most 25.0 %."""
    gap = "" if say.language == "zh" else " "
    return gap.join((KPIS[limit.kpi].label[say.language], say[f"sweeping.{limit.sense}"], _amount(limit.value, limit.kpi, say)))


def _amount(value: float, kpi: str, say: Words) -> str:
    text, unit = figure(value, KPIS[kpi].unit, say.language), KPIS[kpi].unit
    if not unit.startswith("CNY"):
        return text
    return f"{text}元" if say.language == "zh" else f"CNY {text}"


def _change(moved: float, kpi: str, say: Words) -> str:
    return change(moved, KPIS[kpi].unit, say.language)


def ranking(state: Session, opened: OpenedSweep, choice: Choice, told: list[str]) -> None:
    """The best points in order, and any of them as a plan."""
    say = state.say
    first = choice.ranked.head(MOST_RANKED)
    st.markdown(f"**{say['sweeping.ranking'].format(count=f'{len(first):,}')}**")
    rows, written = points.ranking_of(first, told, choice.kpi, opened.sweep.kpis, say)
    height = "content" if len(rows) <= 9 else 350
    st.dataframe(rows, hide_index=True, width="stretch", height=height, column_config=written, key="sweep_best")
    offered = choice.ranked.head(MOST_OFFERED).to_dict("records")
    labels = {
        int(row["point"]): say["sweeping.take_option"].format(
            rank=rank, figure=_amount(row[choice.kpi], choice.kpi, say), values=points.values_in_words(told, row, say).replace("\\", ""),
            point=f"{int(row['point']):,}",
        )
        for rank, row in enumerate(offered, start=1)
    }
    if st.session_state.get("sweep_take") not in labels:
        st.session_state.pop("sweep_take", None)
    point = st.selectbox(say["sweeping.take"], list(labels), key="sweep_take", format_func=labels.__getitem__)
    taking.buttons(state, opened, int(point), slot="sweep_point")


def against(state: Session, opened: OpenedSweep, frame: DataFrame, choice: Choice, told: list[str]) -> None:
    """The figure against another one: what is inside the limits, what is not, and what no other point beats."""
    say, kpi = state.say, choice.kpi
    rest = [name for name in opened.sweep.kpis if name != kpi and frame[name].nunique() > 1]
    if not rest:
        return
    usual = next((name for name in ("plan_cost", "return_rate") if name in rest), rest[0])
    if st.session_state.get("sweep_against") not in rest:
        st.session_state["sweep_against"] = usual
    other = st.selectbox(
        say["sweeping.against"], rest, key="sweep_against", persist_state="session",
        format_func=lambda name: KPIS[name].label[state.language],
    )
    inside = frame.index.isin(choice.ranked.index)
    front = frame.index[inside][rules.undominated(frame[inside], other, kpi)]
    known = frame.dropna(subset=[kpi, other])
    drawn = rules.thinned(known, kpi, most=MOST_MARKS, kept=KEPT).index.union(front.intersection(known.index))
    shapes = {name: points.figure_quantity(name, known[name], state.language) for name in (kpi, other)}
    best = choice.ranked.index[0]
    rows = [
        {
            "point": int(row["point"]), "x": row[other] / shapes[other].size, "y": row[kpi] / shapes[kpi].size,
            "x_text": shapes[other].text(row[other]), "y_text": shapes[kpi].text(row[kpi]), "best": place == best,
            "values_text": points.values_in_words(told, row, say).replace("\\", ""), "inside": bool(inside[frame.index.get_loc(place)]),
            "front": place in front,
        }
        for place, row in known.loc[drawn].iterrows()
    ]
    labels = {"kpi": KPIS[kpi].label[state.language], "other": KPIS[other].label[state.language]}
    title = say["sweeping.trade"].format(**labels)
    st.markdown(f"**{title}**")
    note = say["sweeping.trade_note"].format(count=f"{len(front):,}")
    if len(rows) < len(known):
        note += ("" if state.language == "zh" else " ") + say["sweeping.trade_thin"].format(shown=f"{len(rows):,}", count=f"{len(known):,}")
    st.caption(note)
    drawing = trade(
        rows, x=shapes[other].head, y=shapes[kpi].head, point=say["sweeps.point"], values=say["sweeping.values"], colours=parts.palette()
    )
    parts.chart(drawing, key="sweep_trade", says=title)

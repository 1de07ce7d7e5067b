"""All levers and figures of a sweep at once: parallel coordinates, whose axes can be narrowed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.charts.sweep_points import Scale, parallel
from sim.outcome import KPIS
from sim.sweeps import limits as rules
from sim.sweeps.opening import OpenedSweep, Points
from sim.ui import parts, points, sweep_map
from sim.ui.points import Quantity
from sim.ui.state import Session
from sim.ui.sweeping.limiting import figures_of

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_LINES, KEPT = 400, 100
MOST_AXES = 10
FEW_VALUES = 60  # so many values are stops of a slider; more are a range
FIGURES = ("net_gmv", "return_rate", "plan_cost")  # shown at first, as far as they were swept
WIDTH = 1100  # px of all axes together on a narrow page
SLIDERS_A_ROW = 4
FOLD = "sweep_narrow_generation"


def section(state: Session, opened: OpenedSweep, there: Points, statistic: str, moving: list[str]) -> None:
    """`moving`: the levers that have more than one value."""
    say, kpi = state.say, there.kpi
    every = figures_of(str(opened.folder), opened.stamp, statistic, opened)
    known = [name for name in opened.sweep.kpis if _moves(name, every, state.language)]
    if not known or not moving:
        return
    label = KPIS[kpi].label[state.language]
    parts.heading(say["sweeping.lines"], say["sweeping.lines_note"].format(kpi=label, direction=sweep_map.direction(kpi, say)))
    usual = list(dict.fromkeys([name for name in (kpi, *FIGURES) if name in known]))[:4]
    kept = st.session_state.get("sweep_axes")
    if kept is None or not set(kept) <= set(known):
        st.session_state["sweep_axes"] = usual
    chosen = st.multiselect(
        say["sweeping.lines_axes"], known, key="sweep_axes", persist_state="session",
        format_func=lambda name: KPIS[name].label[state.language],
    )
    names = [*moving, *chosen][:MOST_AXES]
    frame = every.dropna(subset=list(dict.fromkeys([*names, kpi])))
    if frame.empty:
        return
    shapes = {name: _shape(name, frame, state.language) for name in names}
    left = narrowed(state, frame, names, shapes)
    notes = [say["sweeping.lines_left"].format(count=f"{len(left):,}", of=f"{len(frame):,}")]
    drawn = rules.thinned(left, kpi, most=MOST_LINES, kept=KEPT)
    if len(drawn) < len(left):
        notes.append(say["sweeping.lines_thin"].format(shown=f"{len(drawn):,}", kept=KEPT))
    if len(frame) < len(every):
        notes.append(say["sweeping.lines_open"].format(count=f"{len(every) - len(frame):,}"))
    st.caption(("" if state.language == "zh" else " ").join(notes))
    if drawn.empty:
        st.info(say["sweeping.lines_none"], icon=":material/info:")
        return
    value = points.figure_quantity(kpi, frame[kpi], state.language)
    spans = {name: (float(frame[name].min()), float(frame[name].max())) for name in names}
    axes = [_scale(shapes[name], spans[name], len(names)) for name in names]
    drawing = parallel(
        _rows(drawn, names, shapes, spans, kpi, value), axes=axes, value=f"{value.label}|{value.unit}".rstrip("|"),
        point=say["sweeps.point"], direction=KPIS[kpi].direction, colours=parts.palette(),
    )
    parts.chart(drawing, key="sweep_lines", says=f"{say['sweeping.lines']}. {notes[0]}")


def _shape(name: str, frame: DataFrame, language: str) -> Quantity:
    return points.figure_quantity(name, frame[name], language) if name in KPIS else points.axis_quantity(name, language)


def _moves(name: str, frame: DataFrame, language: str) -> bool:
    """Do its ends read differently? An axis from 28.91 to 28.91 would make much of nothing."""
    shape, values = _shape(name, frame, language), frame[name].dropna()
    return len(values) > 0 and shape.number(values.min()) != shape.number(values.max())


def narrowed(state: Session, frame: DataFrame, names: Sequence[str], shapes: dict[str, Quantity]) -> DataFrame:
    """The points inside the ranges that the planner has left of each axis."""
    say, spans = state.say, {}
    generation = st.session_state.setdefault(FOLD, 0)
    with st.expander(say["sweeping.narrow"], icon=":material/filter_alt:", key="sweep_narrow"):
        for first in range(0, len(names), SLIDERS_A_ROW):
            for column, name in zip(st.columns(SLIDERS_A_ROW, gap="medium"), names[first : first + SLIDERS_A_ROW], strict=False):
                with column:
                    spans |= _slid(name, frame, shapes[name], generation, state.language)
        st.button(
            say["sweeping.widen"], icon=":material/undo:", key="sweep_widen", type="tertiary", disabled=not spans, on_click=_widen,
        )
    return rules.within(frame, spans)


def _slid(name: str, frame: DataFrame, shape: Quantity, generation: int, language: str) -> dict[str, tuple[float, float]]:
    """A slider over an axis; nothing where it is left at its ends."""
    values = sorted(frame[name].unique().tolist())
    if len(values) < 2:
        return {}
    key = f"sweep_span.{name}.{generation}"
    if len(values) <= FEW_VALUES:
        if set(st.session_state.get(key) or ()) - set(values):
            del st.session_state[key]  # of a sweep that was open before
        low, high = st.select_slider(parts.plain(shape.head), values, (values[0], values[-1]), key=key, format_func=shape.number)
        return {} if (low, high) == (values[0], values[-1]) else {name: (low, high)}
    low, high = values[0] / shape.size, values[-1] / shape.size
    decimals = max(shape.decimals, 2) if shape.decimals >= 0 else 3
    step = (high - low) / 100
    key = f"{key}.{language}.{low:.6g}.{high:.6g}"
    chosen = st.slider(parts.plain(shape.head), low, high, (low, high), step=step, format=f"%.{decimals}f", key=key)
    if chosen[0] <= low and chosen[1] >= high - step / 2:
        return {}
    return {name: (chosen[0] * shape.size, values[-1] if chosen[1] >= high - step / 2 else chosen[1] * shape.size)}


def _widen() -> None:
    st.session_state[FOLD] = st.session_state.get(FOLD, 0) + 1


def _scale(shape: Quantity, span: tuple[float, float], count: int) -> Scale:
    letters = WIDTH / count / (14 if shape.language == "zh" else 7.2)
    return Scale(head="\n".join(_wrapped(shape.head, int(letters), shape.language)), title=shape.head,
                 low=shape.number(span[0]), high=shape.number(span[1]))


def _wrapped(text: str, letters: int, language: str) -> list[str]:
    """At most four lines; what does not fit ends in "…"."""
    if language == "zh":
        step = max(4, letters)
        lines = [text[place : place + step] for place in range(0, len(text), step)]
        if len(lines) > 1 and lines[-1] == "）":  # a bracket does not stand alone
            lines[-2:] = [lines[-2] + lines[-1]]
    else:
        lines = textwrap.wrap(text, max(9, letters))
    return lines if len(lines) <= 4 else [*lines[:3], f"{lines[3][:-1]}…"]


def _rows(
    drawn: DataFrame, names: Sequence[str], shapes: dict[str, Quantity], spans: dict[str, tuple[float, float]], kpi: str, value: Quantity
) -> list[dict[str, Any]]:
    """A row per line, the worst first, so that the best is drawn over the others."""
    rows = []
    for rank, row in enumerate(drawn.to_dict("records")):
        line: dict[str, Any] = {"point": int(row["point"]), "value": row[kpi] / value.size, "best": rank == 0}
        for place, name in enumerate(names):
            low, high = spans[name]
            line |= {f"a{place}": (row[name] - low) / (high - low) if high > low else 0.5, f"t{place}": shapes[name].text(row[name])}
        rows.append(line)
    return rows[::-1]

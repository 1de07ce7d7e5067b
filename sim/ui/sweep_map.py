"""The picture of a sweep (a map over two levers, a line over one) and the table of its points."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from sim.charts import sweeps as charts_sweeps
from sim.outcome import KPIS
from sim.sweeps import slicing
from sim.sweeps.opening import OpenedSweep, Points
from sim.sweeps.slicing import Best
from sim.texts import Words
from sim.ui import parts, points
from sim.ui.state import Session

BEST, MEAN = "best", "mean"  # ways to treat a lever that is on neither side of the map; else a value
MOST_CHOICES = 200
LARGEST_CSV = 50_000_000  # bytes that a browser is asked to take
CHOICES_A_ROW = 4


def direction(kpi: str, say: Words) -> str:
    return say["sweeps.higher" if KPIS[kpi].direction > 0 else "sweeps.lower"]


def forget(key: str, options: Collection[Any]) -> None:
    """A choice that this sweep does not offer is none."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def picture(state: Session, opened: OpenedSweep, there: Points, statistic: str, moving: list[str], best: Best, *, mixed: bool) -> None:
    """Two levers as a map or as dots, one as a line; what is seen is said above it.

    `mixed` points differ also in what some of them leave as the base has it.
    """
    if not moving:
        st.caption(state.say["sweeps.one_place"])
    elif mixed and len(moving) == 1:
        st.caption(state.say["sweeps.mixed"])
    elif len(moving) == 1:
        line(state, opened, there, statistic, moving[0])
    else:
        place = st.container(gap="xsmall")  # the choices stand below the heading
        x, y = sides(state, moving)
        rest = [name for name in moving if name not in (x, y)]
        if opened.sweep.design.kind == "grid":
            cells(state, opened, there, statistic, x, y, at=others(state, there, rest, best), head=place)
        elif slicing.overlapping(there.frame, x, y):
            cells(state, opened, there, statistic, x, y, at=dict.fromkeys(rest, MEAN), head=place)
        else:
            dots(state, there, statistic, x, y, head=place, alone=len(moving) == 2)


def sides(state: Session, moving: list[str]) -> tuple[str, str]:
    """Which lever goes across and which upward."""
    if len(moving) == 2:
        return moving[0], moving[1]
    say, (left, right, _) = state.say, st.columns([2, 2, 2])
    forget("sweep_x", moving)
    with left:
        x = st.selectbox(say["sweeps.x"], moving, key="sweep_x", persist_state="session", format_func=lambda name: _label(name, state))
    rest = [name for name in moving if name != x]
    forget("sweep_y", rest)
    with right:
        y = st.selectbox(say["sweeps.y"], rest, key="sweep_y", persist_state="session", format_func=lambda name: _label(name, state))
    return x, y


def _label(name: str, state: Session) -> str:
    return points.axis_quantity(name, state.language).label


def others(state: Session, there: Points, names: list[str], best: Best) -> dict[str, float | str]:
    """Where the levers that are on neither side stand: as at the best point, at a value, or averaged over."""
    say, found = state.say, {}
    for first in range(0, len(names), CHOICES_A_ROW):
        row = names[first : first + CHOICES_A_ROW]
        for column, name in zip(st.columns(CHOICES_A_ROW), row, strict=False):
            shape = points.axis_quantity(name, state.language)
            values = sorted(there.frame[name].dropna().unique().tolist())
            options = [BEST, MEAN, *values[:: -(-len(values) // MOST_CHOICES)]]
            words = {
                BEST: say["sweeps.at_best"].format(value=shape.text(best.row[name])), MEAN: say["sweeps.at_mean"],
            }
            key = f"sweep_at.{name}"
            forget(key, options)
            with column:
                chosen = st.selectbox(
                    parts.plain(shape.label), options, key=key, persist_state="session",
                    format_func=lambda option, words=words, shape=shape: words.get(option) or shape.text(option),
                )
            found[name] = best.row[name] if chosen == BEST else chosen
    return found


def cells(
    state: Session, opened: OpenedSweep, there: Points, statistic: str, x: str, y: str, *, at: Mapping[str, float | str], head: Any
) -> None:
    say, kpi = state.say, there.kpi
    held = {name: value for name, value in at.items() if value != MEAN}
    averaged = [name for name, value in at.items() if value == MEAN]
    found, binned = slicing.cells(slicing.held(there.frame, held), x, y, statistic)
    value = points.figure_quantity(kpi, (row["value"] for row in found), state.language)
    base = {} if binned or any(opened.base.get(name) != level for name, level in held.items()) or averaged else opened.base
    rows = points.chart_rows(found, x, y, value, kpi, base=base, say=say)
    notes = [say["sweeps.map_note"].format(
        direction=direction(kpi, say), base=say["sweeps.map_base"] if any(row["base"] for row in rows) else ""
    )]
    if held:
        notes.append(say["sweeps.map_held"])
    if averaged:
        notes.append(say["sweeps.map_average"].format(levers=_list([parts.plain(_label(name, state)) for name in averaged], say)))
    if binned:
        notes.append(say["sweeps.map_binned"].format(most=slicing.MOST_STEPS))
    if not there.whole:
        notes.append(say["sweeps.map_gaps"])
    title = _title(state, kpi, x, y)
    with head:
        parts.heading(parts.plain(title), _sentences(notes, say))
    heads = points.heads_of(x, y, value, say, counted=any(row["count"] > 1 for row in rows))
    drawing = charts_sweeps.heat_map(rows, heads=heads, direction=KPIS[kpi].direction, colours=parts.palette())
    parts.chart(drawing, key="sweep_map", says=title)


def dots(state: Session, there: Points, statistic: str, x: str, y: str, *, head: Any, alone: bool) -> None:
    """`alone`: no lever but these two moves."""
    say, kpi = state.say, there.kpi
    found, binned = slicing.dots(there.frame, x, y, statistic)
    value = points.figure_quantity(kpi, (row["value"] for row in found), state.language)
    rows = points.chart_rows(found, x, y, value, kpi, base={}, say=say)
    if binned:
        note = say["sweeps.dots_binned"].format(points=f"{len(there.frame):,}", direction=direction(kpi, say))
    else:
        note = say["sweeps.dots_note_two" if alone else "sweeps.dots_note"].format(direction=direction(kpi, say))
    notes, open_ = [note], int(there.frame[[x, y]].isna().any(axis=1).sum())
    if open_:
        notes.append(say["sweeps.left_out"].format(count=f"{open_:,}"))
    title = _title(state, kpi, x, y)
    with head:
        parts.heading(parts.plain(title), _sentences(notes, say))
    heads = points.heads_of(x, y, value, say, counted=binned)
    drawing = charts_sweeps.dot_map(
        rows, heads=heads, direction=KPIS[kpi].direction, colours=parts.palette(), bins=slicing.MOST_STEPS if binned else 0
    )
    parts.chart(drawing, key="sweep_dots", says=title)


def line(state: Session, opened: OpenedSweep, there: Points, statistic: str, x: str) -> None:
    say, kpi = state.say, there.kpi
    found, binned = slicing.along(there.frame, x, statistic)
    value = points.figure_quantity(kpi, (row["p90"] for row in found), state.language)
    rows = points.chart_rows(found, x, "", value, kpi, base=opened.base, say=say)
    notes = [say["sweeps.line_note"].format(
        statistic=say[f"sweeps.statistic_{statistic}"], direction=_first_large(direction(kpi, say)),
        base=say["sweeps.map_base"] if any(row["base"] for row in rows) else "",
    )]
    if binned:
        notes.append(say["sweeps.line_binned"].format(points=f"{there.frame[x].nunique():,}", most=slicing.MOST_PLACES))
    title = say["sweeps.line"].format(kpi=KPIS[kpi].label[state.language], x=_label(x, state))
    parts.heading(parts.plain(title), _sentences(notes, say))
    drawing = charts_sweeps.lever_line(rows, heads=points.heads_of(x, "", value, say), colours=parts.palette())
    parts.chart(drawing, key="sweep_line", says=title)


def table(state: Session, opened: OpenedSweep, there: Points, statistic: str, names: list[str]) -> None:
    """The points, best first, and all of them to take away."""
    say, count = state.say, len(there.frame)
    rows, written = points.table_of(there, statistic, names, say)
    notes = [say["sweeps.table_note"].format(kpi=KPIS[there.kpi].label[state.language], statistic=say[f"sweeps.statistic_{statistic}"])]
    if count > len(rows):
        key = "sweeps.table_cut" if there.whole else "sweeps.table_part"
        notes.append(say[key].format(shown=f"{len(rows):,}", count=f"{count:,}"))
    if rows.isna().any(axis=None):
        notes.append(say["sweeps.table_base"])
    parts.heading(say["sweeps.table"], _sentences(notes, say))
    height = "content" if len(rows) <= 15 else 480
    st.dataframe(rows, hide_index=True, width="stretch", height=height, column_config=written, key="sweep_table")
    size = points.csv_size(opened.folder, there)
    if size > LARGEST_CSV:
        st.caption(say["sweeps.too_large"].format(size=f"{size / 1e6:,.0f}"))
        st.code(str(opened.folder / "summary.csv"), language=None)
        return
    st.download_button(
        say["files.csv"], lambda: points.csv_of(opened.folder, there), file_name=f"{opened.folder.resolve().name or 'sweep'}.csv",
        mime="text/csv", icon=":material/download:", on_click="ignore", key="sweep_csv",
    )


def _title(state: Session, kpi: str, x: str, y: str) -> str:
    return state.say["sweeps.map"].format(kpi=KPIS[kpi].label[state.language], x=_label(x, state), y=_label(y, state))


def _list(words: list[str], say: Words) -> str:
    return ("、" if say.language == "zh" else ", ").join(words)


def _sentences(notes: list[str], say: Words) -> str:
    return ("" if say.language == "zh" else " ").join(notes)


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]

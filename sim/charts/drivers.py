"""Charts of what moves a figure (a tornado, shares of its spread) and of the worlds in which a plan misses its goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from pandas import DataFrame

from sim.charts import Palette
from sim.charts.layers import layered

Row = Mapping[str, Any]
ROW = 34  # pixels: room for two lines of a label


@dataclass(frozen=True, kw_only=True)
class TornadoHeads:
    """Words around a tornado: the axis, and the heads of a tooltip."""

    axis: str
    name: str
    value: str
    figure: str


@dataclass(frozen=True, kw_only=True)
class ShareHeads:
    axis: str
    name: str
    first: str
    total: str


@dataclass(frozen=True, kw_only=True)
class WorldHeads:
    x: str
    y: str
    met: str
    missed: str


def _data(rows: Sequence[Row]) -> DataFrame:
    return DataFrame([dict(row) for row in rows])


def _names(order: Sequence[str]) -> alt.Y:
    # A name and its grade in two lines: long labels stay whole in half a page.
    axis = alt.Axis(
        labelLimit=260, ticks=False, domain=False, labelPadding=6, labelFontSize=12, labelOverlap=False,
        labelExpr="split(datum.label, '|')",
    )
    return alt.Y("name:N", sort=list(order), title=None, axis=axis)


def tornado(rows: Sequence[Row], *, heads: TornadoHeads, colours: Palette) -> alt.LayerChart:
    """Bars from the central value to where the figure goes, two for each assumption, the widest on top.

    rows: {name, end (p10 or p90), change, text (the assumption's value there), figure, better}; `change` is in the axis's unit. Which
    end a bar belongs to is written at it; its hue says whether the figure gets better or worse.
    """
    order = list(dict.fromkeys(row["name"] for row in rows))
    changes = [row["change"] for row in rows] or [0.0]
    low, high = min(0.0, *changes), max(0.0, *changes)
    room = 0.24 * ((high - low) or 1.0)
    x = alt.X("change:Q", title=heads.axis, scale=alt.Scale(domain=[low - room, high + room], nice=False), axis=alt.Axis(tickCount=5))
    tips = [
        alt.Tooltip("label:N", title=heads.name), alt.Tooltip("text:N", title=heads.value), alt.Tooltip("figure:N", title=heads.figure),
    ]
    shown = [
        {**row, "label": row["name"].replace("|", " · "), "colour": colours.gain if row["better"] else colours.loss} for row in rows
    ]
    base = alt.Chart(_data(shown))
    y = _names(order)
    bars = base.mark_bar(height={"band": 0.62}).encode(
        x=x, x2=alt.datum(0), y=y, color=alt.Color("colour:N", scale=None), tooltip=tips
    )
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(color=colours.text, strokeWidth=1).encode(x=alt.X("zero:Q"))
    # Both ends on one side (a hump): the nearer label would lie on the farther bar.
    left = base.transform_filter("datum.side < 0").mark_text(align="right", dx=-5, color=colours.text, fontSize=11)
    right = base.transform_filter("datum.side > 0").mark_text(align="left", dx=5, color=colours.text, fontSize=11)
    texts = [mark.encode(x=alt.X("change:Q"), y=y, text=alt.Text("text:N"), tooltip=tips) for mark in (left, right)]
    return layered(bars, zero, *texts, height=ROW * max(1, len(order)) + 44)


def shares(rows: Sequence[Row], *, heads: ShareHeads, colours: Palette) -> alt.LayerChart:
    """Shares of the spread: what a factor brings alone (solid) within what it brings in all (pale), with the interval of the latter.

    rows: {name, first, total, low, high, text, first_text}, shares from 0 to 1.
    """
    order = [row["name"] for row in rows]
    shown = [
        {**row, "label": row["name"].replace("|", " · "),
         **{key: 100.0 * min(1.0, max(0.0, row[key])) for key in ("first", "total", "low", "high")}}
        for row in rows
    ]
    for row in shown:
        row["end"] = max(row["high"], row["first"], row["total"])
    top = max((row["end"] for row in shown), default=1.0)
    scale = alt.Scale(domain=[0, max(1.0, top) * 1.45], nice=False)
    tips = [
        alt.Tooltip("label:N", title=heads.name), alt.Tooltip("first_text:N", title=heads.first), alt.Tooltip("text:N", title=heads.total)
    ]
    base, y = alt.Chart(_data(shown)), _names(order)
    x = alt.X("total:Q", title=heads.axis, scale=scale, axis=alt.Axis(tickCount=5))
    whole = base.mark_bar(color=colours.plan, opacity=0.32, height={"band": 0.62}).encode(x=x, y=y, tooltip=tips)
    alone = base.mark_bar(color=colours.plan, height={"band": 0.34}).encode(x=alt.X("first:Q", scale=scale), y=y, tooltip=tips)
    lines = base.mark_rule(color=colours.text, strokeWidth=1.2).encode(
        x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), y=y, tooltip=tips
    )
    texts = base.mark_text(align="left", dx=6, color=colours.text, fontSize=11).encode(
        x=alt.X("end:Q", scale=scale), y=y, text=alt.Text("text:N"), tooltip=tips
    )
    return layered(whole, alone, lines, texts, height=ROW * max(1, len(rows)) + 44)


def worlds(rows: Sequence[Row], *, box: Row, heads: WorldHeads, colours: Palette) -> alt.LayerChart:
    """A dot per world over two assumptions, missed or met by hue and by shape, and the box drawn.

    rows: {x, y, missed}; box: {x_low, x_high, y_low, y_high}, in the same units, inside the range of the dots.
    """
    kinds = [heads.met, heads.missed]
    shown = [{"x": row["x"], "y": row["y"], "kind": kinds[int(row["missed"])]} for row in rows]
    ends = {way: (min(row[way] for row in shown), max(row[way] for row in shown)) for way in ("x", "y")}

    def scale(way: str) -> alt.Scale:
        low, high = ends[way]
        room = 0.03 * ((high - low) or 1.0)
        return alt.Scale(domain=[low - room, high + room], nice=False, zero=False)

    x = alt.X("x:Q", title=heads.x, scale=scale("x"), axis=alt.Axis(tickCount=8, grid=False, titleLimit=0))
    y = alt.Y(
        "y:Q", title=heads.y, scale=scale("y"),
        axis=alt.Axis(
            tickCount=6, grid=False, titleAngle=0, titleAlign="left", titleAnchor="end", titleBaseline="bottom", titleX=0, titleY=-8,
            titleLimit=0,
        ),
    )
    legend = alt.Legend(title=None, orient="top-right", labelLimit=260, fillColor=colours.ground, padding=6)  # the dots run below it
    hue = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[colours.base, colours.loss]), sort=kinds, legend=legend)
    form = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "triangle-up"]), sort=kinds, legend=legend)
    frame = alt.Chart(_data([dict(box)])).mark_rect(
        fill=colours.loss, fillOpacity=0.12, stroke=colours.loss, strokeWidth=2, strokeDash=[5, 3]
    ).encode(x=alt.X("x_low:Q", scale=scale("x")), x2=alt.X2("x_high:Q"), y=alt.Y("y_low:Q", scale=scale("y")), y2=alt.Y2("y_high:Q"))
    strength = alt.condition(f"datum.kind === {kinds[1]!r}", alt.value(0.9), alt.value(0.4))
    dots = alt.Chart(_data(shown)).mark_point(filled=True, size=34).encode(x=x, y=y, color=hue, shape=form, opacity=strength)
    return layered(frame, dots, height=400)

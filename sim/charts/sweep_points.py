"""Charts of a sweep's points over all their levers and figures: parallel coordinates, and two figures against each other.

Rows carry ready-made texts. Colour is that of the maps: viridis, the bright end always the better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from sim.charts import Palette, Row, _data
from sim.charts.layers import layered
from sim.charts.sweeps import _LEVEL, STAR, _bright, _ends

HEIGHT = 300  # of the axes
LINE = 15  # of a label, px


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An upright axis: its label (lines broken by "\\n") and what stands at its two ends."""

    head: str
    title: str  # the label in one line, for the tooltip
    low: str
    high: str


def parallel(rows: Sequence[Row], *, axes: Sequence[Scale], value: str, point: str, direction: int, colours: Palette) -> alt.LayerChart:
    """A line per point across upright axes. Rows: point, value (colour) and text, best, and per axis k: a<k> from 0 to 1 and t<k>.

    Axes stand in the order given; later rows are drawn over earlier ones, the best over all of them.
    """
    names = [f"a{place}" for place in range(len(axes))]
    x = alt.X("axis:N", sort=names, title=None, axis=None, scale=alt.Scale(domain=names, padding=0.35))
    y = alt.Y("share:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    over = alt.selection_point(fields=["point"], on="pointerover", clear="pointerout", empty=False)
    tips = [alt.Tooltip("point:Q", title=point, format=",")]
    tips += [alt.Tooltip(f"t{place}:N", title=axis.title) for place, axis in enumerate(axes)]
    low, high = _ends(rows)
    legend = alt.Legend(title=value.split("|"), orient="right", gradientLength=180, gradientThickness=12, titleLimit=0, labelLimit=0,
                        tickCount=4)
    colour = alt.Color("value:Q", scale=_bright(direction), legend=legend if high > low else None)
    many = len(rows) > 150
    lines = alt.Chart(_data(rows)).transform_fold(names, as_=["axis", "share"])
    base = lines.mark_line(interpolate="linear").encode(
        x=x, y=y, detail=alt.Detail("point:N"), color=colour, tooltip=tips,
        strokeWidth=alt.condition(over, alt.value(4), alt.value(1.1 if many else 1.8)),
        opacity=alt.condition(over, alt.value(1.0), alt.value(0.5 if many else 0.8)),
    ).add_params(over)
    best = lines.transform_filter("datum.best").mark_line(strokeWidth=3, color=colours.text, strokeDash=[7, 3]).encode(
        x=x, y=y, detail=alt.Detail("point:N"), tooltip=tips
    )
    ends = [
        {"axis": name, "low": axis.low, "high": axis.high, "head": axis.head, "zero": 0.0, "one": 1.0}
        for name, axis in zip(names, axes, strict=True)
    ]
    frame = alt.Chart(_data(ends)).encode(x=x)
    bottom, top = (alt.Y(f"{where}:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False)) for where in ("zero", "one"))
    rules = frame.mark_rule(color=colours.base, strokeWidth=1.5).encode(y=bottom, y2=alt.Y2("one:Q"))
    lower = frame.mark_text(dy=14, fontSize=12, color=colours.text).encode(y=bottom, text=alt.Text("low:N"))
    upper = frame.mark_text(dy=-11, fontSize=12, color=colours.text).encode(y=top, text=alt.Text("high:N"))
    lines_of = max((axis.head.count("\n") for axis in axes), default=0) + 1
    heads = frame.mark_text(
        dy=-22 - LINE * lines_of, fontSize=12, fontWeight=600, color=colours.text, lineBreak="\n", lineHeight=LINE, baseline="top",
    ).encode(y=top, text=alt.Text("head:N"))
    padding = {"top": 28 + LINE * lines_of, "bottom": 26, "left": 8, "right": 8}
    return layered(rules, base, best, lower, upper, heads, height=HEIGHT, padding=padding)


def trade(rows: Sequence[Row], *, x: str, y: str, point: str, values: str, colours: Palette) -> alt.LayerChart:
    """Two figures of every point: those within the limits, those outside, and a line through what no other point beats.

    Rows: point, x, y, x_text, y_text, values_text, inside, front, best.
    """
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("x:Q", title=x, scale=alt.Scale(zero=False, padding=14), axis=alt.Axis(tickCount=8)),
        y=alt.Y("y:Q", title=y, scale=alt.Scale(zero=False, padding=14), axis=alt.Axis(tickCount=7, **_LEVEL)),
        tooltip=[
            alt.Tooltip("point:Q", title=point, format=","), alt.Tooltip("values_text:N", title=values), alt.Tooltip("x_text:N", title=x),
            alt.Tooltip("y_text:N", title=y),
        ],
    )
    size = 60 if len(rows) <= 600 else 26
    layers: list[Any] = [
        base.transform_filter("!datum.inside").mark_point(size=size, color=colours.base, opacity=0.6, shape="cross", strokeWidth=1.4),
        base.transform_filter("datum.front").mark_line(color=colours.loss, strokeWidth=2, interpolate="step-after").encode(
            order=alt.Order("x:Q")
        ),
        base.transform_filter("datum.inside").mark_circle(size=size, color=colours.plan, opacity=0.75),
        base.transform_filter("datum.front").mark_point(size=size * 2, color=colours.loss, strokeWidth=1.8),
    ]
    star = base.transform_filter("datum.best").mark_text(
        text=STAR, fontSize=22, color=colours.text, stroke=colours.ground, strokeWidth=1.2, strokeJoin="round", dy=-14
    )
    return layered(*layers, star, height=360)

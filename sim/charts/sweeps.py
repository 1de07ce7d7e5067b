"""Charts of a sweep's points as Altair objects: a heat map or dots over two levers, a line over one. Nothing here knows Streamlit.

Rows carry ready-made texts. Colour is viridis, which colour-blind people read too and which prints in grey; the bright end is always
the better one, whatever the figure's direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from sim.charts import Palette, Row, _data
from sim.charts.layers import layered

MOST_LETTERED = 160  # cells that have room for their figures
SCHEME = "viridis"
DARK_INK, PALE_INK = "#12171B", "#FFFFFF"  # on bright cells, on dark ones: the scale is the same on both grounds
STAR = "★"
AROUND = 95  # height of the axis and of the titles of a map


@dataclass(frozen=True, kw_only=True)
class Heads:
    """What a chart's two directions and its colour stand for, units included, and the heads of the tooltip."""

    x: str
    y: str
    value: str
    figure: str
    interval: str
    count: str = ""


def heat_map(rows: Sequence[Row], *, heads: Heads, direction: int, colours: Palette) -> alt.LayerChart:
    """A cell per pair of values: x and y with x_text and y_text, value and text, tip, count; best and base mark cells.

    Values are places in order, not distances; small values are at the left and at the bottom.
    """
    columns = _texts(rows, "x")
    lines = _texts(rows, "y")[::-1]
    lettered = len(columns) * len(lines) <= MOST_LETTERED and len(columns) <= 16
    low, high = _ends(rows)
    shown = []
    for row in rows:
        share = (row["value"] - low) / (high - low) if high > low else 1.0
        bright = (share if direction > 0 else 1.0 - share) > 0.55
        mark = f"{STAR} " if row["best"] else ""
        shown.append({**row, "ink": DARK_INK if bright else PALE_INK, "mark": mark + row["text"] if lettered else mark.strip()})
    base = alt.Chart(_data(shown)).encode(
        x=alt.X("x_text:O", sort=columns, title=heads.x, axis=_names(orient="bottom", labelAngle=0)),
        y=alt.Y("y_text:O", sort=lines, title=heads.y, axis=_names(**_LEVEL)),
        tooltip=_tips(heads, texts=True),
    )
    height = max(230, AROUND + min(34 if lettered else 24, 520 // max(1, len(lines))) * len(lines))
    layers = [base.mark_rect(stroke=colours.ground, strokeWidth=1).encode(color=_colour(heads, direction, rows, length=height - 130))]
    if any(row["base"] for row in rows):
        layers.append(_outlined(base, "base", dash=[5, 3], width=2))
    layers.append(_outlined(base, "best", dash=[1, 0], width=2.5))
    layers.append(base.mark_text(fontSize=12).encode(text=alt.Text("mark:N"), color=alt.Color("ink:N", scale=None)))
    return layered(*layers, resolve={"scale": {"color": "independent", "stroke": "independent"}}, height=height)


def dot_map(rows: Sequence[Row], *, heads: Heads, direction: int, colours: Palette, bins: int = 0) -> alt.LayerChart:
    """A dot per point; with `bins`, a cell per bin of points, x and y being its middle."""
    tooltip = _tips(heads, texts=True)
    colour = _colour(heads, direction, rows)
    x_axis = alt.Axis(grid=not bins, tickCount=8, **_whole_ticks(rows, "x"))
    y_axis = alt.Axis(grid=not bins, tickCount=7, **_whole_ticks(rows, "y"), **_LEVEL)
    if bins:
        halves = {name: _half(rows, name, bins) for name in ("x", "y")}
        shown = [
            {**row, **{f"{name}{end}": row[name] + sign * half for name, half in halves.items() for end, sign in ((0, -1), (1, 1))}}
            for row in rows
        ]
        flat = alt.Scale(zero=False, nice=False)
        cells = alt.Chart(_data(shown)).mark_rect(strokeWidth=1).encode(
            x=alt.X("x0:Q", title=heads.x, axis=x_axis, scale=flat), x2=alt.X2("x1:Q"),
            y=alt.Y("y0:Q", title=heads.y, axis=y_axis, scale=flat),
            y2=alt.Y2("y1:Q"), color=colour, stroke=alt.Stroke("value:Q", scale=_bright(direction), legend=None), tooltip=tooltip,
        )
        return layered(cells, height=440)
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("x:Q", title=heads.x, axis=x_axis, scale=alt.Scale(zero=False, padding=12)),
        y=alt.Y("y:Q", title=heads.y, axis=y_axis, scale=alt.Scale(zero=False, padding=12)), tooltip=tooltip,
    )
    size = 90 if len(rows) <= 600 else 36
    points = base.mark_circle(size=size, opacity=0.95, stroke=colours.base, strokeWidth=0.6).encode(color=colour)
    return layered(points, _star(base, colours), height=440)


def lever_line(rows: Sequence[Row], *, heads: Heads, colours: Palette) -> alt.LayerChart:
    """One lever: the figure's line and its band from p10 to p90."""
    scale = alt.Scale(zero=False)
    across = alt.Axis(grid=False, tickCount=10, **_whole_ticks(rows, "x"))
    x = alt.X("x:Q", title=heads.x, axis=across, scale=alt.Scale(zero=False, nice=False, padding=8))
    level = alt.Axis(tickCount=6, **_LEVEL)
    base = alt.Chart(_data(rows)).encode(x=x, tooltip=_tips(heads, texts=True, plane=False))
    band = base.mark_area(color=colours.plan, opacity=0.22).encode(
        y=alt.Y("p10:Q", title=heads.value, scale=scale, axis=level), y2=alt.Y2("p90:Q")
    )
    dots = len(rows) <= 60
    line = base.mark_line(color=colours.plan, strokeWidth=2, point={"filled": True, "size": 55, "color": colours.plan} if dots else False)
    layers = [band, line.encode(y=alt.Y("value:Q", title=heads.value, scale=scale, axis=level))]
    if any(row["base"] for row in rows):
        layers.append(base.transform_filter("datum.base").mark_rule(color=colours.base, strokeDash=[5, 3], strokeWidth=1.5))
    layers.append(_star(base.encode(y=alt.Y("value:Q", title=heads.value, scale=scale, axis=level)), colours))
    return layered(*layers, height=380)


# The title of what goes up stands level above its axis: a long Chinese label is read without turning the head, and never cut.
_LEVEL: dict[str, Any] = {
    "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleBaseline": "bottom", "titleX": 0, "titleY": -8, "titleLimit": 0,
}


def _names(**more: Any) -> alt.Axis:
    return alt.Axis(ticks=False, domain=False, labelPadding=6, labelLimit=220, labelOverlap=True, **{"titleLimit": 0, **more})


def _colour(heads: Heads, direction: int, rows: Sequence[Row], length: int = 180) -> alt.Color:
    """The bright end is the better one; a map of one value needs no legend."""
    low, high = _ends(rows)
    legend = alt.Legend(
        title=heads.value.split("|"), type="gradient", orient="right", gradientLength=min(180, length), gradientThickness=12,
        titleLimit=0, labelLimit=0, tickCount=4,
    )
    return alt.Color("value:Q", scale=_bright(direction), legend=legend if high > low else None)


def _bright(direction: int) -> alt.Scale:
    return alt.Scale(scheme=SCHEME, reverse=direction < 0, zero=False, nice=False)


def _tips(heads: Heads, *, texts: bool, plane: bool = True) -> list[alt.Tooltip]:
    tips = [alt.Tooltip("x_text:N", title=heads.x)] + ([alt.Tooltip("y_text:N", title=heads.y)] if plane else [])
    tips += [alt.Tooltip("text:N", title=heads.figure), alt.Tooltip("tip:N", title=heads.interval)]
    return tips + ([alt.Tooltip("count:Q", title=heads.count, format=",")] if heads.count else [])


def _outlined(base: alt.Chart, field: str, *, dash: list[int], width: float) -> alt.Chart:
    """A frame in the ink that the cell's own figure has, so that it is seen on bright cells and on dark ones."""
    return base.transform_filter(f"datum.{field}").mark_rect(filled=False, strokeWidth=width, strokeDash=dash).encode(
        stroke=alt.Stroke("ink:N", scale=None)
    )


def _star(base: alt.Chart, colours: Palette) -> alt.Chart:
    """Above the best point, so that its own colour is seen."""
    return base.transform_filter("datum.best").mark_text(
        text=STAR, fontSize=22, color=colours.text, stroke=colours.ground, strokeWidth=1.2, strokeJoin="round", dy=-14
    )


def _texts(rows: Sequence[Row], name: str) -> list[str]:
    """The different texts of a direction in the order of its numbers."""
    return list(dict.fromkeys(row[f"{name}_text"] for row in sorted(rows, key=lambda row: row[name])))


def _ends(rows: Sequence[Row]) -> tuple[float, float]:
    values = [row["value"] for row in rows]
    return min(values, default=0.0), max(values, default=0.0)


def _whole_ticks(rows: Sequence[Row], name: str) -> dict[str, int]:
    """No ticks between whole numbers where there are no others: redirects, seats."""
    return {"tickMinStep": 1} if all(float(row[name]).is_integer() for row in rows) else {}


def _half(rows: Sequence[Row], name: str, bins: int) -> float:
    """Half the width of a bin."""
    values = [row[name] for row in rows]
    return (max(values) - min(values)) / max(1, bins - 1) / 2 if values else 0.0

"""Charts of the optimiser as Altair objects: where the next money goes, and the frontier. Nothing here knows Streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from sim.charts import Palette, Row, _data, _money_title
from sim.charts.layers import layered
from sim.figures import scale
from sim.texts import words

FRONT_SCHEME = "viridis"
ROOM = 0.36  # of the chart's width, beside the bars for their labels


def next_bars(rows: Sequence[Row], *, unit: str, language: str, colours: Palette) -> alt.LayerChart:
    """What an amount of money brings, lever by lever: bar to the mean, line from p10 to p90.

    Rows: lever (label), mean, p10, p90 (None: no interval), label, step (text). A loss is drawn in the colour of losses.
    """
    say = words(language)
    ends = [value for row in rows for value in (row["mean"], row["p10"], row["p90"]) if value is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    if unit in ("share", "probability"):
        size, title = 0.01, "pp"
    else:
        size, name = scale(max(abs(low), abs(high)), language)
        title = _money_title(name, language) if unit == "CNY" else name
    shown = [
        {
            **row, "value": row["mean"] / size, "low": (row["mean"] if row["p10"] is None else row["p10"]) / size,
            "high": (row["mean"] if row["p90"] is None else row["p90"]) / size,
            "end": max(row["mean"], row["p90"] or row["mean"], 0.0) / size, "colour": colours.gain if row["mean"] >= 0 else colours.loss,
        }
        for row in rows
    ]
    span = max((high - low) / size, 1e-9)
    y = alt.Y(
        "lever:N", sort=[row["lever"] for row in rows], title=None,
        axis=alt.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=6, labelOverlap=False),
    )
    domain = [low / size - (0.04 * span if low < 0 else 0.0), high / size + ROOM * span]
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=domain, nice=False), axis=alt.Axis(tickCount=6, grid=True))
    tooltip = [
        alt.Tooltip("lever:N", title=say["optimize.lever"]), alt.Tooltip("step:N", title=say["optimize.step"]),
        alt.Tooltip("label:N", title=say["optimize.brings"]),
    ]
    base = alt.Chart(_data(shown))
    bars = base.mark_bar(height={"band": 0.62}).encode(x=x, y=y, color=alt.Color("colour:N", scale=None), tooltip=tooltip)
    lines = base.mark_rule(color=colours.text, strokeWidth=1.2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, tooltip=tooltip)
    labels = base.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(
        x=alt.X("end:Q"), y=y, text=alt.Text("label:N"), tooltip=tooltip
    )
    return layered(bars, lines, labels, height=30 * max(1, len(rows)) + 60)


def frontier_dots(rows: Sequence[Row], *, language: str, colours: Palette) -> alt.LayerChart:
    """Net GMV over return rate, the cost as colour and size; the plan at hand and the baseline are named beside their marks.

    Rows: kind ("point" | "at_hand" | "baseline"), name, net, rate, cost (numbers), net_text, rate_text, cost_text, changes.
    """
    say = words(language)
    net_size, net_name = scale(max(abs(row["net"]) for row in rows), language)
    cost_size, cost_name = scale(max(abs(row["cost"]) for row in rows), language)
    shown = [{**row, "x": 100.0 * row["rate"], "y": row["net"] / net_size, "c": row["cost"] / cost_size} for row in rows]
    tooltip = [
        alt.Tooltip("name:N", title=say["frontier.point"]), alt.Tooltip("net_text:N", title=say["frontier.net_axis"]),
        alt.Tooltip("rate_text:N", title=say["frontier.rate_head"]), alt.Tooltip("cost_text:N", title=say["frontier.cost_axis"]),
        alt.Tooltip("changes:N", title=say["frontier.changes"]),
    ]
    away = alt.Scale(zero=False, padding=28)
    unit = _money_title(net_name, language)
    top = f"{say['frontier.net_axis']}（{unit}）" if language == "zh" else f"{say['frontier.net_axis']}, {unit}"
    level = alt.Axis(tickCount=6, titleAngle=0, titleAlign="left", titleAnchor="start", titleY=-14, titleX=0)
    base = alt.Chart(_data(shown)).encode(
        x=alt.X("x:Q", title=say["frontier.rate_axis"], scale=away, axis=alt.Axis(tickCount=7)),
        y=alt.Y("y:Q", title=top, scale=away, axis=level), tooltip=tooltip,
    )
    legend = alt.Legend(
        title=[say["frontier.cost_axis"], _money_title(cost_name, language)], type="gradient", orient="right", gradientLength=170,
        gradientThickness=12, titleLimit=0,
    )
    dots = base.transform_filter("datum.kind == 'point'")
    circles = dots.mark_circle(opacity=0.95, stroke=colours.text, strokeWidth=0.8).encode(
        color=alt.Color("c:Q", scale=alt.Scale(scheme=FRONT_SCHEME, zero=False, nice=False, reverse=True), legend=legend),
        size=alt.Size("c:Q", scale=alt.Scale(range=[70, 420], zero=False), legend=None),
    )
    numbers = dots.mark_text(dx=13, dy=-10, align="left", color=colours.text, fontSize=11).encode(text=alt.Text("name:N"))
    marks = [
        base.transform_filter(f"datum.kind == '{kind}'").mark_point(
            shape=shape, size=170, filled=True, color=colour, stroke=colours.ground, strokeWidth=1.2
        )
        for kind, shape, colour in (("at_hand", "diamond", colours.plan), ("baseline", "square", colours.base))
    ]
    named = [
        base.transform_filter(f"datum.kind == '{kind}'").mark_text(dx=12, dy=14, align="left", color=colour, fontSize=12, fontWeight="bold")
        .encode(text=alt.Text("name:N"))
        for kind, colour in (("at_hand", colours.plan), ("baseline", colours.base))
    ]
    return layered(circles, numbers, *marks, *named, height=430, padding={"top": 26, "right": 8, "left": 5, "bottom": 5})

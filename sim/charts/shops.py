"""Charts of a shop's own numbers: what was counted over what the fit expected, its weekdays, its score beside simple rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sim.charts import Palette, Row, _data, _money_title
from sim.charts.layers import layered
from sim.figures import interval, ratio, scale, with_interval
from sim.texts import words

HEIGHT = 320


def over_data(rows: Sequence[Row], *, unit: str, title: str, language: str, colours: Palette) -> alt.LayerChart:
    """Rows of {date, seen, p10, p50, p90, ahead, aside}: dots over the band of the fit, and the band of what is projected.

    Days that the fit leaves out are hollow. `unit`: share, CNY or count.
    """
    say = words(language)
    top = max((value for row in rows for value in (row["seen"] or 0.0, row["p90"]) if value == value), default=0.0)
    size, name = (0.01, "%") if unit == "share" else scale(top, language)
    unit_title = name if unit == "share" else _money_title(name, language) if unit == "CNY" else name
    y_title = (f"{title}（{unit_title}）" if language == "zh" else f"{title}, {unit_title}") if unit_title else title
    form = "share" if unit == "share" else "count"
    shown = [
        {**{band: row[band] / size for band in ("p10", "p50", "p90")}, "date": row["date"], "day": row["date"],
         "part": "ahead" if row["ahead"] else "fit", "text": with_interval(row["p50"], row["p10"], row["p90"], form, language)}
        for row in rows
    ]
    dots = [
        {"date": row["date"], "day": row["date"], "seen": row["seen"] / size, "aside": row["aside"],
         "text": interval(row["p10"], row["p90"], form, language), "value": with_interval(row["seen"], None, None, form, language)}
        for row in rows if row["seen"] is not None
    ]
    x = alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%y-%m-%d", grid=False, tickCount=8))
    y = alt.Y("p50:Q", title=y_title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    colour = alt.Color("part:N", scale=alt.Scale(domain=["fit", "ahead"], range=[colours.base, colours.plan]), legend=None)
    data = alt.Chart(_data(shown)).transform_filter("isValid(datum.p50)")
    tips = [alt.Tooltip("day:N", title=say["chart.date"]), alt.Tooltip("text:N", title=say["calibrating.expected"])]
    band = data.mark_area(opacity=0.28).encode(x=x, y=alt.Y("p10:Q", title=y_title), y2=alt.Y2("p90:Q"), color=colour, tooltip=tips)
    line = data.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour)
    layers = [band, line]
    if dots:
        tips = [alt.Tooltip("day:N", title=say["chart.date"]), alt.Tooltip("value:N", title=say["calibrating.seen"]),
                alt.Tooltip("text:N", title=say["calibrating.expected"])]
        counted = alt.Chart(_data(dots)).encode(x=x, y=alt.Y("seen:Q", title=y_title), tooltip=tips)
        layers += [
            counted.transform_filter("!datum.aside").mark_circle(size=14, opacity=0.85, color=colours.text),
            counted.transform_filter("datum.aside").mark_point(size=34, color=colours.loss, filled=False),
        ]
    ahead = [row for row in rows if row["ahead"]]
    if ahead and len(ahead) < len(rows):
        at = [{"date": ahead[0]["date"], "label": say["calibrating.from_here"]}]
        rule = alt.Chart(_data(at)).encode(x=x)
        layers += [
            rule.mark_rule(color=colours.quiet, strokeDash=[4, 3]),
            rule.mark_text(align="left", dx=4, dy=8, baseline="top", color=colours.text, fontSize=12).encode(
                y=alt.value(0), text=alt.Text("label:N")
            ),
        ]
    return layered(*layers, height=HEIGHT)


def weekdays(rows: Sequence[Row], *, names: Sequence[str], title: str, colours: Palette) -> alt.LayerChart:
    """Rows of {p10, p50, p90}, Monday first: factors around their mean of one, as points with their 80 % interval."""
    shown = [
        {"name": name, **{band: row[band] for band in ("p10", "p50", "p90")}, "text": f"{row['p50']:.2f}",
         "range": interval(row["p10"], row["p90"], "factor")}
        for name, row in zip(names, rows, strict=True)
    ]
    low, high = min([0.9, *(row["p10"] for row in shown)]), max([1.1, *(row["p90"] for row in shown)])
    room = 0.12 * (high - low)
    x = alt.X("name:N", sort=list(names), title=None, axis=alt.Axis(labelAngle=0, ticks=False, labelPadding=6))
    y = alt.Y("p50:Q", title=title, scale=alt.Scale(domain=[low - room, high + room], zero=False, nice=False), axis=alt.Axis(tickCount=5))
    base = alt.Chart(_data(shown)).encode(x=x, tooltip=[alt.Tooltip("name:N", title=title), alt.Tooltip("text:N"), alt.Tooltip("range:N")])
    one = alt.Chart(_data([{"one": 1.0}])).mark_rule(color=colours.base, strokeDash=[4, 3]).encode(y=alt.Y("one:Q"))
    spans = base.mark_rule(strokeWidth=5, opacity=0.4, color=colours.plan).encode(y=alt.Y("p10:Q", title=title), y2=alt.Y2("p90:Q"))
    points = base.mark_circle(size=70, color=colours.plan, opacity=1).encode(y=y)
    texts = base.mark_text(align="left", dx=9, color=colours.text, fontSize=12).encode(y=y, text=alt.Text("text:N"))
    return layered(one, spans, points, texts, height=HEIGHT)


def against_rules(rows: Sequence[Mapping[str, Any]], *, title: str, language: str, colours: Palette) -> alt.LayerChart:
    """Rows of {name, ratio, rule}: the score over the best simple rule's; left of one the shop's model is better, right of it worse."""
    say = words(language)
    shown = [
        {"name": row["name"], "ratio": row["ratio"], "worse": row["ratio"] > 1.0, "rule": row["rule"], "one": 1.0,
         "text": f"{ratio(row['ratio'], language)} · {row['rule']}"}
        for row in rows
    ]
    most = max([1.25, *(row["ratio"] for row in shown)])
    y = alt.Y("name:N", sort=[row["name"] for row in shown], title=None, axis=alt.Axis(labelLimit=260, ticks=False, labelPadding=8))
    x = alt.X("ratio:Q", title=title, scale=alt.Scale(domain=[0, 1.45 * most], nice=False), axis=alt.Axis(tickCount=6))
    tips = [alt.Tooltip("name:N", title=say["shops.head_series"]), alt.Tooltip("text:N", title=title)]
    base = alt.Chart(_data(shown)).encode(y=y, tooltip=tips)
    colour = alt.condition("datum.worse", alt.value(colours.loss), alt.value(colours.gain))
    bars = base.mark_rule(strokeWidth=6, opacity=0.5).encode(x=x, x2=alt.X2("one:Q"), color=colour)
    ends = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x, color=colour, shape=alt.condition("datum.worse", alt.value("diamond"), alt.value("circle"))
    )
    texts = base.mark_text(align="left", dx=10, color=colours.text, fontSize=12).encode(
        x=alt.X("from:Q", title=title), text=alt.Text("text:N")
    ).transform_calculate("from", "max(datum.ratio, 1)")
    rule = alt.Chart(_data([{"one": 1.0}])).mark_rule(color=colours.text).encode(x=alt.X("one:Q", title=title))
    return layered(bars, rule, ends, texts, height=30 * len(shown) + 50)

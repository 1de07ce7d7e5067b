"""Charts for deciding as Altair objects: how often an option wins, what regret costs, what knowing is worth, a goal along a lever.

Nothing here knows Streamlit. Rows carry ready-made texts, so that every figure reads the same as beside the chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sim.charts import Palette, Row, _data
from sim.charts.layers import layered
from sim.figures import scale
from sim.texts import words

STAR = "★"
BAR = {"band": 0.6}


def _options(rows: Sequence[Row], *, limit: int = 230) -> alt.Y:
    """A line per option, its name broken before the stem."""
    axis = alt.Axis(labelLimit=limit, ticks=False, domain=False, labelPadding=6, labelExpr="split(datum.label, ' · ')")
    return alt.Y("option:N", sort=[row["option"] for row in rows], title=None, axis=axis)


def best_bars(rows: Sequence[Row], *, language: str, colours: Palette) -> alt.LayerChart:
    """How often each option is the best: option, share, label, chosen (marked by a star), base (in grey)."""
    shown = [{**row, "percent": 100.0 * row["share"], "text": f"{STAR} {row['label']}" if row["chosen"] else row["label"]} for row in rows]
    say = words(language)
    tips = [alt.Tooltip("option:N", title=say["choose.option"]), alt.Tooltip("label:N", title=say["choose.best"])]
    base = alt.Chart(_data(shown)).encode(
        x=alt.X("percent:Q", title=say["decide.share_axis"], scale=alt.Scale(domain=[0, 118], nice=False),
                axis=alt.Axis(values=[0, 25, 50, 75, 100])),
        y=_options(rows), tooltip=tips,
    )
    bars = base.mark_bar(height=BAR).encode(color=alt.condition("datum.base", alt.value(colours.base), alt.value(colours.plan)))
    texts = base.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(text=alt.Text("text:N"))
    return layered(bars, texts, height=44 * len(rows) + 50)


def regret_bars(rows: Sequence[Row], *, unit: str, title: str, language: str, colours: Palette) -> alt.LayerChart:
    """What choosing an option costs against the best of each draw: option, mean, p90, label; a bar and a line up to the p90."""
    top = max((row["p90"] for row in rows), default=0.0)
    top = max(top, *(row["mean"] for row in rows)) if rows else top
    size, name = (0.01, "pp") if unit == "share" else scale(top, language)
    axis = "" if not name and unit != "CNY" else (f"{name}元" if language == "zh" else f"CNY {name}") if unit == "CNY" else name
    heading = title if not axis.strip() else f"{title}（{axis}）" if language == "zh" else f"{title}, {axis}"
    shown = [
        {**row, "mean": row["mean"] / size, "p90": row["p90"] / size, "end": max(row["p90"], row["mean"]) / size,
         "text": f"{STAR} {row['label']}" if row["chosen"] else row["label"]}
        for row in rows
    ]
    say = words(language)
    tips = [alt.Tooltip("option:N", title=say["choose.option"]), alt.Tooltip("label:N", title=say["decide.regret_axis"]),
            alt.Tooltip("worst:N", title=say["choose.regret_worst"])]
    y, base = _options(rows), alt.Chart(_data(shown))
    x = alt.X("mean:Q", title=heading, scale=alt.Scale(domain=[0, max(top / size, 1e-9) * 1.55], nice=False), axis=alt.Axis(tickCount=5))
    bars = base.mark_bar(color=colours.loss, opacity=0.85, height=BAR).encode(x=x, y=y, tooltip=tips)
    lines = base.mark_rule(color=colours.text, strokeWidth=1.2).encode(x=alt.X("mean:Q"), x2=alt.X2("p90:Q"), y=y, tooltip=tips)
    texts = base.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(
        x=alt.X("end:Q"), y=y, text=alt.Text("text:N"), tooltip=tips
    )
    return layered(bars, lines, texts, height=44 * len(rows) + 50)


def worth_bars(rows: Sequence[Row], *, title: str, language: str, colours: Palette) -> alt.LayerChart:
    """What knowing is worth, in CNY: what (a name), grade, value, se, label; whole (everything, or all of a grade) in grey."""
    top = max((row["value"] + row["se"] for row in rows), default=0.0)
    size, name = scale(top, language)
    axis = f"{title}（{name}元）" if language == "zh" else f"{title}, CNY {name}".strip()
    brackets = "（{}）" if language == "zh" else "({})"
    shown = [
        {**row, "value": row["value"] / size, "low": max(row["value"] - row["se"], 0.0) / size, "high": (row["value"] + row["se"]) / size,
         "line": row["what"] + (f"|{brackets.format(row['grade'])}" if row["grade"] else "")}
        for row in rows
    ]
    say = words(language)
    tips = [alt.Tooltip("what:N", title=say["worth.assumption"]), alt.Tooltip("grade:N", title=say["worth.grade"]),
            alt.Tooltip("label:N", title=say["worth.value"]), alt.Tooltip("share:N", title=say["worth.of_all"])]
    y = alt.Y("line:N", sort=[row["line"] for row in shown], title=None,
              axis=alt.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=6, labelExpr="split(datum.label, '|')"))
    base = alt.Chart(_data(shown))
    x = alt.X("value:Q", title=axis, scale=alt.Scale(domain=[0, max(top / size, 1e-9) * 1.4], nice=False), axis=alt.Axis(tickCount=5))
    bars = base.mark_bar(height=BAR).encode(
        x=x, y=y, tooltip=tips, color=alt.condition("datum.whole", alt.value(colours.base), alt.value(colours.plan))
    )
    lines = base.mark_rule(color=colours.text, strokeWidth=1.2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, tooltip=tips)
    texts = base.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(
        x=alt.X("high:Q"), y=y, text=alt.Text("label:N"), tooltip=tips
    )
    return layered(bars, lines, texts, height=40 * len(shown) + 50)


def goal_curve(
    rows: Sequence[Row], *, asked: float, asked_text: str, heads: Mapping[str, str], language: str, colours: Palette, whole: bool,
    ends: tuple[float, float] | None = None,
) -> alt.LayerChart:
    """A goal's probability (in per cent) or its figure's mean along a lever: x, y, low, high, x_text, y_text, tip, mark, label, above.

    `asked` is the line that must be reached; mark is "answer" (★), "standing" (○) or "". heads: x, y, figure, interval.
    """
    y = alt.Y("y:Q", title=heads["y"], scale=alt.Scale(domain=list(ends), nice=False) if ends else alt.Scale(zero=False, padding=10),
              axis=alt.Axis(tickCount=6, titleAngle=0, titleAlign="left", titleAnchor="end", titleBaseline="bottom", titleX=0, titleY=-10,
                            titleLimit=0))
    ticks: dict[str, Any] = {"tickMinStep": 1} if whole else {}
    x = alt.X("x:Q", title=heads["x"], scale=alt.Scale(zero=False, nice=False, padding=14), axis=alt.Axis(grid=False, tickCount=9, **ticks))
    tips = [alt.Tooltip("x_text:N", title=heads["x"]), alt.Tooltip("y_text:N", title=heads["share"]),
            alt.Tooltip("tip:N", title=heads["figure"])]
    base = alt.Chart(_data(rows)).encode(x=x, tooltip=tips)
    layers: list[alt.Chart] = []
    if ends is None:
        layers.append(base.mark_area(color=colours.plan, opacity=0.16).encode(y=alt.Y("low:Q", title=heads["y"]), y2=alt.Y2("high:Q")))
    layers.append(base.mark_line(color=colours.plan, strokeWidth=2).encode(y=y))
    layers.append(base.mark_point(filled=True, color=colours.plan, size=36, opacity=1).encode(y=y))
    line = alt.Chart(_data([{"asked": asked, "text": asked_text, "x": max(row["x"] for row in rows)}]))
    layers.append(line.mark_rule(color=colours.text, strokeDash=[6, 4], strokeWidth=1.5).encode(y=alt.Y("asked:Q")))
    layers.append(
        line.mark_text(align="right", baseline="bottom", dy=-4, color=colours.text, fontSize=12).encode(
            x=x, y=alt.Y("asked:Q"), text=alt.Text("text:N")
        )
    )
    standing = base.transform_filter("datum.mark == 'standing' || datum.also_standing")
    layers.append(standing.mark_point(shape="circle", size=170, strokeWidth=2.5, color=colours.base, filled=False).encode(y=y))
    layers.append(
        base.transform_filter("datum.mark == 'answer'").mark_text(
            text=STAR, fontSize=24, color=colours.text, stroke=colours.ground, strokeWidth=1.2, strokeJoin="round"
        ).encode(y=y)
    )
    for above in (True, False):
        told = base.transform_filter(f"datum.label != '' && datum.above == {str(above).lower()}")
        side = {"baseline": "bottom", "dy": -15} if above else {"baseline": "top", "dy": 15}
        layers.append(told.mark_text(align="center", color=colours.text, fontSize=12, **side).encode(y=y, text=alt.Text("label:N")))
    return layered(*layers, height=380)

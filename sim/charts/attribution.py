"""What each lever brought as a waterfall: from nothing to the whole difference, step by step. Nothing here knows Streamlit.

Rows carry ready-made labels. A step stands on the end of the step above it, so that the last one ends where the difference ends;
the line over a step is the 80 % interval of the step itself, laid where the step begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sim.charts import Palette, Row, _data, _money_title
from sim.charts.layers import layered
from sim.figures import change, scale, with_interval
from sim.texts import words

ROW, AXIS = 27, 78  # heights
LONGEST_LABEL = 300  # pixels; the longest label of a lever in either language is shorter
UNSURE = 0.45  # of an ink: a step whose interval holds both gains and losses


def waterfall(
    rows: Sequence[Row], whole: Mapping[str, float], *, unit: str, direction: int, language: str, colours: Palette
) -> alt.LayerChart:
    """Steps of {label, tip, mean, p10, p90} in their order, then the whole difference of {mean, p10, p90}."""
    say = words(language)
    steps, at = [], 0.0
    for row in rows:
        steps.append({**row, "from": at, "to": at + row["mean"], "sum": False})
        at += row["mean"]
    ends = {"label": say["attribution.all"], "tip": "", "from": 0.0, "to": at, "sum": True}
    steps.append({**whole, **ends})
    span = [value for step in steps for value in (step["from"], step["to"], step["from"] + step["p10"], step["from"] + step["p90"])]
    low, high = min(0.0, *span), max(0.0, *span)
    size, axis = _axis(max(abs(low), abs(high)), unit, language)
    room = (high - low) / size or 1.0
    shown = [_shown(step, size, unit, direction, language, colours) for step in steps]
    order = [row["label"] for row in shown]
    names = alt.Axis(labelLimit=LONGEST_LABEL, ticks=False, domain=False, labelPadding=8, labelOverlap=False)
    y = alt.Y("label:N", sort=order, title=None, axis=names)
    x = alt.X(
        "from:Q", title=axis, axis=alt.Axis(tickCount=6, grid=True),
        scale=alt.Scale(domain=[low / size - 0.02 * room, high / size + 0.36 * room], nice=False),
    )
    tips = [
        alt.Tooltip("full:N", title=say["head.lever"]), alt.Tooltip("text:N", title=say["attribution_ui.tip_share"]),
        alt.Tooltip("total:N", title=say["attribution_ui.tip_after"]),
    ]
    chart = alt.Chart(_data(shown)).encode(y=y, tooltip=tips)
    bars = chart.mark_bar(height={"band": 0.66}).encode(
        x=x, x2=alt.X2("to:Q"), color=alt.Color("colour:N", scale=None), opacity=alt.Opacity("ink:Q", scale=None)
    )
    whiskers = chart.mark_rule(color=colours.text, strokeWidth=1.2).encode(x=alt.X("p10:Q"), x2=alt.X2("p90:Q"))
    texts = chart.mark_text(align="left", dx=7, color=colours.text, fontSize=12).encode(x=alt.X("end:Q"), text=alt.Text("text:N"))
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(color=colours.base, strokeDash=[4, 3]).encode(x=alt.X("zero:Q"))
    return layered(zero, bars, whiskers, texts, height=ROW * len(shown) + AXIS)


def _shown(step: Mapping[str, Any], size: float, unit: str, direction: int, language: str, colours: Palette) -> dict[str, Any]:
    """A step in the axis' scale, with its colour and its words."""
    open_ = step["p10"] < 0.0 < step["p90"]
    better = step["mean"] * direction >= 0.0
    low, high = (step["from"] + step[band] for band in ("p10", "p90"))
    return {
        "label": step["label"], "full": step["tip"] or step["label"],
        "colour": colours.plan if step["sum"] else colours.gain if better else colours.loss,
        "ink": UNSURE if open_ and not step["sum"] else 1.0,
        "from": step["from"] / size, "to": step["to"] / size, "p10": low / size, "p90": high / size,
        "end": max(step["from"], step["to"], low, high) / size,
        "text": _text(step, unit, language), "total": change(step["to"], unit, language),
    }


def _text(step: Mapping[str, Any], unit: str, language: str) -> str:
    """The change and its interval on one scale; where every draw says the same, without."""
    if step["p10"] == step["p90"]:
        return change(step["mean"], unit, language)
    text = with_interval(step["mean"], step["p10"], step["p90"], unit, language).replace(" %", " pp")
    return f"+{text}" if step["mean"] > 0 else text


def _axis(top: float, unit: str, language: str) -> tuple[float, str]:
    """The size in which the axis is numbered, and its title."""
    if unit == "share":
        return 0.01, "pp"
    size, name = scale(top, language)
    return size, _money_title(name, language)

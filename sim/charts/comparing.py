"""Charts of several plans side by side as Altair objects: how often each is the best, and their days over one another.

Nothing here knows Streamlit. Rows carry ready-made texts, so that every figure reads the same as beside the chart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from sim.charts import DARK, Palette, Row, _data, _money_title
from sim.charts.layers import layered
from sim.figures import scale, with_interval
from sim.texts import words

STAR = "★"
COLUMN, FULL = 150.0, 100.0  # of the wins: how wide a figure's column is where its full bar is this wide
# Plans beside the base and the first one, from the Okabe-Ito set; on a dark ground lighter. Dashes tell them apart without colour.
MORE = ("#E69F00", "#CC79A7", "#009E73", "#D55E00", "#56B4E9")
MORE_ON_DARK = ("#F2B93B", "#E39BC4", "#2CC79B", "#F0803C", "#3D8FD1")
DASHES = ((1, 0), (1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (4, 5), (12, 4))
HEIGHT, LINE = 400, 15  # pixels: of the curves, and between two of their labels
LABEL_DAYS, LONGEST_LABEL = 0.24, 170  # room for labels as a share of the days; pixels


def hue(place: int, colours: Palette) -> str:
    """The colour of the base (0) and of the plans in their order."""
    more = MORE_ON_DARK if colours == DARK else MORE
    return (colours.base, colours.plan, *more)[place]


def wins(rows: Sequence[Row], *, language: str, colours: Palette) -> alt.LayerChart:
    """Bars of {option, figure, column, share, label, base, first}: a column per figure, the same order of options in all."""
    say = words(language)
    shown = [
        {**row, "from": COLUMN * row["column"], "to": COLUMN * row["column"] + FULL * row["share"],
         "text": f"{STAR} {row['label']}" if row["first"] else row["label"]}
        for row in rows
    ]
    heads = {COLUMN * row["column"]: row["figure"] for row in rows}
    named = json.dumps({f"{at:g}": name for at, name in heads.items()}, ensure_ascii=False)
    axis = alt.Axis(
        orient="top", values=list(heads), labelExpr=f"{named}[datum.value]", labelAlign="left", labelFontWeight="bold", grid=True,
        ticks=False, domain=False, labelOverlap=False, labelPadding=6,
    )
    x = alt.X("from:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, COLUMN * max(1, len(heads))], nice=False))
    y = alt.Y("option:N", sort=list(dict.fromkeys(row["option"] for row in rows)), title=None,
              axis=alt.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=8, labelExpr="split(datum.label, ' · ')"))
    tips = [alt.Tooltip("option:N", title=say["choose.option"]), alt.Tooltip("figure:N", title=say["head.quantity"]),
            alt.Tooltip("label:N", title=say["choose.best"])]
    base = alt.Chart(_data(shown)).encode(y=y, tooltip=tips)
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=x, x2=alt.X2("to:Q"), color=alt.condition("datum.base", alt.value(colours.base), alt.value(colours.plan)),
    )
    texts = base.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(x=alt.X("to:Q"), text=alt.Text("text:N"))
    return layered(bars, texts, height=36 * len({row["option"] for row in rows}) + 40)


def curves(
    series: Sequence[Mapping[str, Any]], *, unit: str, title: str, language: str, colours: Palette, apart: bool = False
) -> alt.LayerChart:
    """Medians day by day of {name, hue, bands}, named at their ends; `hue` is the place of the plan, 0 the base.

    The band is that of the line that is pointed at, at first the first plan's; of two, each has its own. `apart`: differences.
    """
    say, share = words(language), unit == "share"
    ends = [row[end] for one in series for row in one["bands"] for end in ("p10", "p90")]
    top = max((abs(value) for value in ends), default=0.0)
    size, name = (0.01, "pp" if apart else "%") if share else scale(top, language)
    unit_title = name if share else _money_title(name, language)
    rows = [
        {"name": one["name"], "date": row["date"], "day": row["date"], **{band: row[band] / size for band in ("p10", "p50", "p90")},
         "text": _text(row, unit, language, apart=apart)}
        for one in series for row in one["bands"]
    ]
    low, high = _domain([value / size for value in ends], zero=apart)
    names = [one["name"] for one in series]
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=[hue(one["hue"], colours) for one in series]), sort=names, legend=None)
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=[list(DASHES[one["hue"]]) for one in series]), legend=None)
    last = date.fromisoformat(series[0]["bands"][-1]["date"])
    first = date.fromisoformat(series[0]["bands"][0]["date"])
    reach = last + timedelta(days=max(1, round(LABEL_DAYS * (last - first).days)))
    until = f"utc({last.year},{last.month - 1},{last.day})"
    x = alt.X(
        "date:T", title=None, scale=alt.Scale(type="utc", domain=[first.isoformat(), reach.isoformat()], nice=False),
        axis=alt.Axis(labelExpr=f"datum.value <= {until} ? utcFormat(datum.value, '%m-%d') : ''", grid=False, tickCount=8, ticks=False),
    )
    y_title = f"{title}（{unit_title}）" if language == "zh" else f"{title}, {unit_title}"
    y = alt.Y(
        "p50:Q", title=y_title, scale=alt.Scale(domain=[low, high], nice=False, zero=False), axis=alt.Axis(tickCount=6)
    )
    data = alt.Chart(_data(rows))
    near = alt.selection_point(
        name="near_plan", fields=["name"], nearest=True, on="pointerover", clear=False,
        value=[{"name": next(one["name"] for one in series if one["hue"] > 0)}],
    )
    both = len(names) <= 2
    band = data.mark_area().encode(
        x=x, y=alt.Y("p10:Q", title=y_title), y2=alt.Y2("p90:Q"), color=colour,
        opacity=alt.value(0.22) if both else alt.condition(near, alt.value(0.25), alt.value(0)),
    )
    lines = data.mark_line().encode(
        x=x, y=y, color=colour, strokeDash=dash,
        strokeWidth=alt.value(2) if both else alt.condition(near, alt.value(3), alt.value(1.6)),
    )
    tips = [alt.Tooltip("name:N", title=say["head.scenario"]), alt.Tooltip("day:N", title=say["chart.date"]),
            alt.Tooltip("text:N", title=title)]
    aims = data.mark_point(opacity=0, size=60).encode(x=x, y=y, tooltip=tips).add_params(near)
    layers = [band]
    if apart:
        layers.append(alt.Chart(_data([{"zero": 0}])).mark_rule(color=colours.base, strokeDash=[4, 3]).encode(y=alt.Y("zero:Q")))
    labels = alt.Chart(_data(_ends(series, last, reach, size, low, high)))
    lead = labels.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("from:T"), x2=alt.X2("to:T"), y=alt.Y("at:Q"), y2=alt.Y2("place:Q"), color=colour
    )
    texts = labels.mark_text(align="left", dx=4, fontSize=12, color=colours.text, limit=LONGEST_LABEL).encode(
        x=alt.X("to:T"), y=alt.Y("place:Q"), text=alt.Text("name:N")
    )
    return layered(*layers, lines, lead, texts, aims, height=HEIGHT)


def _text(row: Row, unit: str, language: str, *, apart: bool) -> str:
    text = with_interval(row["p50"], row["p10"], row["p90"], unit, language)
    if not apart:
        return text
    if unit == "share":
        text = text.replace(" %", " pp")
    return f"+{text}" if row["p50"] > 0 else text


def _domain(values: Sequence[float], *, zero: bool) -> tuple[float, float]:
    """From the least to the most, with a little room; with nothing in sight, around it."""
    kept = [value for value in values if value == value] or [0.0]
    low, high = min(kept), max(kept)
    if zero:
        low, high = min(0.0, low), max(0.0, high)
    room = (high - low) or abs(high) or 1.0
    return low - 0.03 * room, high + 0.03 * room


def _ends(series: Sequence[Mapping[str, Any]], last: date, reach: date, size: float, low: float, high: float) -> list[dict[str, Any]]:
    """Where the names stand: at the last day's median, moved apart where they would cover each other."""
    step = LINE / HEIGHT * (high - low)
    rows = sorted(
        ({"name": one["name"], "at": one["bands"][-1]["p50"] / size} for one in series), key=lambda row: row["at"], reverse=True
    )
    place = high + step
    for row in rows:  # from the top down, no nearer than a line
        place = row["place"] = min(row["at"], place - step)
    floor = low
    for row in reversed(rows):  # those pushed below the ground go up again
        row["place"] = max(row["place"], floor)
        floor = row["place"] + step
    lead = (reach - last) / 12
    start = f"{last.isoformat()}T00:00:00Z"
    to = (last.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000 + lead.total_seconds() * 1000
    return [{**row, "from": start, "to": to} for row in rows]

"""Charts as Altair objects, from plain rows. Nothing here knows Streamlit; colours come as a palette, words from the catalogue.

Inline rows carry ready-made texts for labels and tooltips, so that every figure reads the same as beside the chart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt
from pandas import DataFrame

from sim.charts.layers import layered
from sim.charts.layers import trusting as trusting  # the app says charts.trusting
from sim.figures import chance, compact, rate, scale, with_interval
from sim.texts import words

Row = Mapping[str, Any]
EVENT_LINES, EVENT_PX = 3, 130  # of events' names over a chart of days: a long one would leave the days no room
PICKED = "picked"  # the selection of a chart whose marks can be clicked


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The same meaning in the same hue, on a light or a dark ground."""

    base: str
    plan: str
    gain: str
    loss: str
    quiet: str  # what is neither: rules, shoppers that nobody could have kept
    text: str
    ground: str
    heat: tuple[str, str]
    heat_text: tuple[str, str]  # on pale cells, on strong ones


LIGHT = Palette(
    base="#7A8791", plan="#0072B2", gain="#009E73", loss="#D55E00", quiet="#C9D1D7", text="#1B2126", ground="#FFFFFF",
    heat=("#FFF6EE", "#D55E00"), heat_text=("#1B2126", "#FFFFFF"),
)
DARK = Palette(
    base="#9AA7B1", plan="#56B4E9", gain="#2CC79B", loss="#F0803C", quiet="#4A5761", text="#E8ECEF", ground="#12171B",
    heat=("#1F2226", "#F0803C"), heat_text=("#E8ECEF", "#12171B"),
)


def palette(theme: str | None) -> Palette:
    return DARK if theme == "dark" else LIGHT


def sure(drawing: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The same chart, which does not check itself against Vega-Lite's schema when it is written out.

    The check takes two thirds of the time of drawing, at every move of a slider; the tests make it for every chart.
    """
    object.__setattr__(drawing, "to_dict", partial(drawing.to_dict, validate=False))
    return drawing


def _data(rows: Sequence[Row]) -> DataFrame:
    """As a frame: it travels beside the chart, so that Altair does not check every cell against its schema."""
    return DataFrame([dict(row) for row in rows])


def _money_title(size_name: str, language: str) -> str:
    return f"{size_name}元" if language == "zh" else f"CNY {size_name}".strip()


# Where it leaks


def leak_bars(
    leaks: Sequence[Row], base_leaks: Sequence[Row], *, mends: Mapping[str, str], language: str, colours: Palette,
    chosen: str | None = None, pick: bool = False,
) -> alt.LayerChart:
    """Recoverable net GMV per mendable cause, worst first: bar to the mean, line from p10 to p90, a tick where the baseline stands.

    `mends` names the levers that act on a cause. `pick`: the bars can be clicked (selection `PICKED`, field "name"); those of
    other causes than the `chosen` one step back.
    """
    say = words(language)
    before = {row["cause"]: row["recoverable"]["net_gmv"]["mean"] for row in base_leaks if row["mendable"]}
    mendable = sorted((row for row in leaks if row["mendable"]), key=lambda row: -row["recoverable"]["net_gmv"]["mean"])
    top = max([row["recoverable"]["net_gmv"]["p90"] for row in mendable] + list(before.values()), default=0.0)
    size, name = scale(top, language)
    rows = []
    for row in mendable:
        gain = row["recoverable"]["net_gmv"]
        mended = not gain["p90"] and before.get(row["cause"])
        shown = say["chart.mended"] if mended else with_interval(gain["mean"], gain["p10"], gain["p90"], "CNY", language)
        rows.append(
            {
                "cause": say.named("cause", row["cause"]), "name": row["cause"], "stage": say.named("stage", row["stage"]),
                "mean": gain["mean"] / size, "p10": gain["p10"] / size, "p90": gain["p90"] / size,
                "base": before.get(row["cause"], 0.0) / size,
                "end": max(gain["p90"], before.get(row["cause"], 0.0)) / size, "label": shown,
                "first": chance(row["recoverable"]["first"], language), "lost": compact(row["lost"], language),
                "was": compact(before.get(row["cause"]), language), "mends": mends.get(row["cause"]) or say["plan.nothing_mends"],
            }
        )
    order = [row["cause"] for row in rows]
    y = alt.Y("cause:N", sort=order, title=None, axis=alt.Axis(labelLimit=180, ticks=False, domain=False, labelPadding=6))
    x = alt.X(
        "mean:Q", title=_money_title(name, language), scale=alt.Scale(domain=[0, max(top / size, 1e-9) * 1.5], nice=False),
        axis=alt.Axis(tickCount=5, grid=True),
    )
    tooltip = [
        alt.Tooltip("cause:N", title=say["head.leak"]), alt.Tooltip("stage:N", title=say["head.stage"]),
        alt.Tooltip("label:N", title=say["head.recoverable"]), alt.Tooltip("was:N", title=say["plan.base"]),
        alt.Tooltip("lost:N", title=say["chart.lost_shoppers"]), alt.Tooltip("first:N", title=say["head.first"]),
        alt.Tooltip("mends:N", title=say["plan.mends"]),
    ]
    chart = alt.Chart(_data(rows))
    bars = chart.mark_bar(color=colours.plan, height={"band": 0.62}, cursor="pointer" if pick else "default").encode(
        x=x, y=y, tooltip=tooltip, opacity=alt.OpacityValue(
            1.0 if chosen is None else 0.35, condition={"test": f"datum.name === {json.dumps(chosen)}", "value": 1.0}
        ),
    )
    if pick:
        bars = bars.add_params(alt.selection_point(name=PICKED, fields=["name"], on="click", empty=False))
    ticks = chart.mark_tick(color=colours.base, thickness=2, height={"band": 0.9}).encode(x=alt.X("base:Q"), y=y, tooltip=tooltip)
    lines = chart.mark_rule(color=colours.text, strokeWidth=1.2).encode(x=alt.X("p10:Q"), x2=alt.X2("p90:Q"), y=y, tooltip=tooltip)
    labels = chart.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(
        x=alt.X("end:Q"), y=y, text=alt.Text("label:N"), tooltip=tooltip
    )
    return layered(bars, ticks, lines, labels, height=27 * max(1, len(rows)) + 30)


def funnel_bars(stages: Sequence[Row], mendable: Sequence[str], *, language: str, colours: Palette) -> alt.LayerChart:
    """Each stage as one bar of all who entered: who went on, who was lost to what could be mended, and to what could not."""
    say = words(language)
    kinds = [say["chart.went_on"], say["chart.lost_mendable"], say["chart.lost_other"]]
    rows, ends = [], []
    for stage in stages:
        entered, name = stage["entered"], say.named("stage", stage["stage"])
        parts = [(kinds[0], kinds[0], stage["left"])]
        leaks = sorted(stage["leaks"].items(), key=lambda item: (item[0] not in mendable, -item[1]))
        parts += [(say.named("cause", cause), kinds[1] if cause in mendable else kinds[2], lost) for cause, lost in leaks]
        at = 0.0
        for cause, kind, count in parts:
            share = count / entered if entered else 0.0
            rows.append(
                {"stage": name, "cause": cause, "kind": kind, "from": at, "to": at + share, "count": compact(count, language),
                 "share": rate(share, language)}
            )
            at += share
        ends.append({"stage": name, "entered": say["chart.entered"].format(count=compact(entered, language)),
                     "kept": rate(stage["left"] / entered if entered else 0.0, language)})
    order = [row["stage"] for row in ends]
    y = alt.Y("stage:N", sort=order, title=None, axis=alt.Axis(labelLimit=180, ticks=False, domain=False, labelPadding=6))
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[colours.plan, colours.loss, colours.quiet]), sort=kinds,
        legend=alt.Legend(title=None, orient="top", labelLimit=260),
    )
    bars = (
        alt.Chart(_data(rows))
        .mark_bar(stroke=colours.ground, strokeWidth=1, height={"band": 0.7})
        .encode(
            x=alt.X("from:Q", title=None, scale=alt.Scale(domain=[0, 1.22], nice=False),
                    axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])),
            x2=alt.X2("to:Q"), y=y, color=colour,
            tooltip=[
                alt.Tooltip("stage:N", title=say["head.stage"]), alt.Tooltip("cause:N", title=say["chart.what"]),
                alt.Tooltip("count:N", title=say["chart.shoppers"]), alt.Tooltip("share:N", title=say["chart.of_entered"]),
            ],
        )
    )
    texts = alt.Chart(_data(ends))
    # One in a row of three: who goes on, written on the bar where there is room, and how many came in behind it.
    kept = texts.mark_text(align="left", dx=6, color=colours.ground, fontSize=12).encode(x=alt.XDatum(0), y=y, text=alt.Text("kept:N"))
    entered = texts.mark_text(align="left", dx=6, color=colours.text, fontSize=12).encode(x=alt.XDatum(1), y=y, text=alt.Text("entered:N"))
    return layered(bars, kept, entered, height=31 * len(ends) + 60)


# Day by day


def fans(
    series: Mapping[str, Sequence[Row]], *, unit: str, title: str, language: str, colours: Palette,
    events: Sequence[Row] = (), zero_line: bool = False, height: int = 360,
) -> alt.LayerChart:
    """Bands of 50 and 80 % with the median, one per named series: the first grey (the baseline), the second in the plan's colour."""
    say = words(language)
    top = max((abs(row[end]) for rows in series.values() for row in rows for end in ("p10", "p90")), default=0.0)
    share = unit == "share"
    size, name = (0.01, "%") if share else scale(top, language)
    axis = "%" if share else _money_title(name, language) if unit == "CNY" else name or unit
    rows = [
        {"series": label, "date": row["date"], **{band: row[band] / size for band in ("p10", "p25", "p50", "p75", "p90")}}
        for label, bands in series.items()
        for row in bands
    ]
    names = list(series)
    range_ = [colours.base, colours.plan] if len(names) > 1 else [colours.plan if zero_line else colours.base]
    legend = alt.Legend(title=None, orient="top", labelLimit=320, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3)
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=range_), sort=names, legend=legend if len(names) > 1 else None)
    data = _data(rows)
    first = len(names) > 1  # the baseline steps back behind a plan
    x = alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%m-%d", labelOverlap=True, grid=False, tickCount=8))
    y_title = None if not title else f"{title}（{axis}）" if language == "zh" else f"{title}, {axis}"
    scaled = alt.Scale(zero=zero_line)

    def band(low: str, high: str, opacity: float) -> alt.Chart:
        y = alt.Y(f"{low}:Q", title=y_title, scale=scaled, axis=alt.Axis(tickCount=6))
        behind = {"condition": {"test": f"datum.series == {json.dumps(names[0])}", "value": opacity / 2}} if first else {}
        strength = alt.OpacityValue(opacity, **behind)
        return alt.Chart(data).mark_area().encode(x=x, y=y, y2=alt.Y2(f"{high}:Q"), color=colour, opacity=strength)

    wide, narrow = band("p10", "p90", 0.20), band("p25", "p75", 0.30)
    median = alt.Chart(data).mark_line(strokeWidth=2).encode(x=x, y=alt.Y("p50:Q", title=y_title, scale=scaled), color=colour)
    layers: list[alt.Chart] = []
    if events:
        spans = alt.Chart(_data(events))
        layers.append(spans.mark_rect(color=colours.quiet, opacity=0.35).encode(
            x=alt.X("from:T", title=None, scale=alt.Scale(type="utc")), x2=alt.X2("to:T"), tooltip=alt.Tooltip("name:N")
        ))
        for place in range(min(len(events), EVENT_LINES)):  # names of days close together stand below each other
            named = alt.Chart(_data(events[place::EVENT_LINES])).mark_text(
                align="left", baseline="top", dx=4, dy=4 + 14 * place, color=colours.text, fontSize=11, limit=EVENT_PX
            )
            layers.append(named.encode(
                x=alt.X("from:T", title=None, scale=alt.Scale(type="utc")), y=alt.YValue(0), text=alt.Text("name:N")
            ))
    if zero_line:
        layers.append(alt.Chart(_data([{"zero": 0}])).mark_rule(color=colours.base, strokeDash=[4, 3]).encode(y=alt.Y("zero:Q")))
    layers += [wide, narrow, median, _reader(series, unit=unit, language=language, x=x, say_date=say["chart.date"], colours=colours)]
    return layered(*layers, height=height)


def _reader(series: Mapping[str, Sequence[Row]], *, unit: str, language: str, x: alt.X, say_date: str, colours: Palette) -> alt.Chart:
    """A vertical line under the pointer that says the day's figures."""
    days: dict[str, dict[str, str]] = {}
    for number, rows in enumerate(series.values()):
        for row in rows:
            text = with_interval(row["p50"], row["p10"], row["p90"], unit, language)
            days.setdefault(row["date"], {})[f"s{number}"] = text
    near = alt.selection_point(name="near", nearest=True, on="pointerover", fields=["date"], empty=False, clear="pointerout")
    tips = [alt.Tooltip("day:N", title=say_date)] + [alt.Tooltip(f"s{number}:N", title=name) for number, name in enumerate(series)]
    return (
        alt.Chart(_data([{"date": day, "day": day, **texts} for day, texts in days.items()]))
        .mark_rule(color=colours.text, strokeWidth=1)
        .encode(x=x, opacity=alt.OpacityValue(0, condition={"param": near.name, "empty": False, "value": 0.6}), tooltip=tips)
        .add_params(near)
    )


# Returns


def through_the_day(series: Mapping[str, Sequence[Row]], *, language: str, colours: Palette) -> alt.LayerChart:
    """Mean wait per hour of the day as steps, the baseline first and in grey; a rule from p10 to p90 for the last of them."""
    say = words(language)
    hues = [colours.base, colours.plan][: len(series)]
    rows = [
        {
            "series": name, "hour": row["hour"], "until": row["hour"] + 1, "middle": row["hour"] + 0.5, "mean": row["mean"],
            "p10": row["p10"], "p90": row["p90"], "when": f"{row['hour']:02d}:00–{row['hour'] + 1:02d}:00",
            "label": with_interval(row["mean"], row["p10"], row["p90"], "s", language),
        }
        for name, hours in series.items()
        for row in hours
    ]
    clock = alt.Axis(values=[0, 4, 8, 12, 16, 20, 24], format="02d", grid=False)
    x = alt.X("hour:Q", title=None, scale=alt.Scale(domain=[0, 24]), axis=clock)
    y = alt.Y("mean:Q", title=None, axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    legend = alt.Legend(title=None, orient="top") if len(series) > 1 else None
    colour = alt.Color("series:N", scale=alt.Scale(domain=list(series), range=hues), legend=legend)
    tooltip = [
        alt.Tooltip("series:N", title=say["chart.series"]), alt.Tooltip("when:N", title=say["chart.hour"]),
        alt.Tooltip("label:N", title=say["plan.mean_wait_s"]),
    ]
    last = next(reversed(series))
    chart = alt.Chart(_data(rows))
    rules = (
        chart.transform_filter(alt.datum.series == last)
        .mark_rule(color=hues[-1], opacity=0.45, strokeWidth=2)
        .encode(x=alt.X("middle:Q"), y=alt.Y("p10:Q"), y2=alt.Y2("p90:Q"), tooltip=tooltip)
    )
    steps = chart.mark_rule(strokeWidth=3).encode(x=x, x2=alt.X2("until:Q"), y=y, color=colour, tooltip=tooltip)
    return layered(rules, steps, height=220)


def return_grid(cells: Sequence[Row], *, language: str, colours: Palette) -> alt.LayerChart:
    """Returned orders per shipped order, category by cause; the dearest causes first, all categories on top."""
    say = words(language)
    whole = {row["cause"]: row["share"] for row in cells if row["category"] == "all"}
    causes = sorted(whole, key=lambda cause: -whole[cause])
    names = list(dict.fromkeys(row["category"] for row in cells))
    order = ["all", *(name for name in names if name != "all")]
    label = {name: say["chart.all_categories"] if name == "all" else say.named("category", name) for name in order}
    heads = {cause: "|".join(_lines(say.named("cause", cause), language)) for cause in causes}
    strong = 0.75 * max((row["share"] for row in cells), default=0.0)
    rows = [
        {
            "category": label[row["category"]], "cause": say.named("cause", row["cause"]), "head": heads[row["cause"]],
            "share": 100 * row["share"],
            "text": _cell(row["share"]), "strong": row["share"] > strong, "orders": compact(row["orders"], language),
            "rate": rate(row["share"], language),
        }
        for row in cells
    ]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("head:N", sort=[heads[cause] for cause in causes], title=None,
                axis=alt.Axis(orient="top", labelAngle=0, labelFontSize=11, labelLimit=120, labelOverlap=False, ticks=False, domain=False,
                              labelExpr="split(datum.label, '|')")),
        y=alt.Y("category:N", sort=[label[name] for name in order], title=None,
                axis=alt.Axis(labelLimit=160, ticks=False, domain=False, labelPadding=6)),
        tooltip=[
            alt.Tooltip("category:N", title=say["chart.category"]), alt.Tooltip("cause:N", title=say["chart.cause"]),
            alt.Tooltip("rate:N", title=say["chart.of_shipped"]), alt.Tooltip("orders:N", title=say["chart.returned_orders"]),
        ],
    )
    heat = base.mark_rect(stroke=colours.ground, strokeWidth=1).encode(
        color=alt.Color("share:Q", scale=alt.Scale(range=list(colours.heat), domainMin=0, interpolate="rgb"), legend=None)
    )
    texts = base.mark_text(fontSize=12).encode(
        text=alt.Text("text:N"),
        color=alt.ColorValue(colours.heat_text[0], condition={"test": "datum.strong", "value": colours.heat_text[1]})
    )
    return layered(heat, texts, resolve={"scale": {"color": "independent"}}, height=38 * len(order) + 60)


def _lines(text: str, language: str) -> list[str]:
    """A head that is broken into short lines, so that narrow columns need no slanted letters."""
    if language == "zh":
        return [text] if len(text) <= 3 else [text[: len(text) // 2], text[len(text) // 2 :]]
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < 10:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cell(share: float) -> str:
    """Per cent with one decimal; nothing where there is nothing."""
    return "" if share < 0.0005 else f"{100 * share:.1f}"


# Plans against a base


def _hue(row: Row, colours: Palette) -> str:
    """Gain or loss; the plan's own colour where the interval leaves it open."""
    if row["p10"] < 0.0 < row["p90"]:
        return colours.plan
    return colours.gain if row["better"] else colours.loss


def deltas(rows: Sequence[Row], *, unit: str, language: str, colours: Palette) -> alt.LayerChart:
    """Paired differences to the base, a row per plan: point at the mean, line from p10 to p90; in no hue where nothing is sure."""
    top = max((abs(row[end]) for row in rows for end in ("p10", "p90")), default=0.0)
    share = unit == "share"
    size, name = (0.01, "pp") if share else scale(top, language)
    axis = name if share else _money_title(name, language) if unit == "CNY" else name
    shown = [
        {"plan": row["plan"], "colour": _hue(row, colours), "label": row["label"], "chance": row["chance"],
         **{band: row[band] / size for band in ("mean", "p10", "p90")}}
        for row in rows
    ]
    y = alt.Y("plan:N", sort=[row["plan"] for row in rows], title=None,
              axis=alt.Axis(labelLimit=300, ticks=False, domain=False, labelPadding=6, labelExpr="split(datum.label, ' · ')"))
    chart = alt.Chart(_data(shown))
    colour = alt.Color("colour:N", scale=None)
    tips = [alt.Tooltip("plan:N", title=words(language)["head.scenario"]), alt.Tooltip("label:N", title=words(language)["head.change"]),
            alt.Tooltip("chance:N", title=words(language)["head.better"])]
    span = [min(0.0, *(row["p10"] for row in shown)), max(0.0, *(row["p90"] for row in shown))] if shown else [0, 1]
    room = (span[1] - span[0]) or 1.0
    x = alt.X("p10:Q", title=axis, scale=alt.Scale(domain=[span[0] - 0.03 * room, span[1] + 0.45 * room], nice=False),
              axis=alt.Axis(tickCount=6))
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(color=colours.base, strokeDash=[4, 3]).encode(x=alt.X("zero:Q"))
    lines = chart.mark_rule(strokeWidth=2.5).encode(x=x, x2=alt.X2("p90:Q"), y=y, color=colour, tooltip=tips)
    points = chart.mark_point(filled=True, size=90, opacity=1).encode(x=alt.X("mean:Q"), y=y, color=colour, tooltip=tips)
    texts = chart.mark_text(align="left", dx=8, color=colours.text, fontSize=12).encode(
        x=alt.X("p90:Q"), y=y, text=alt.Text("label:N"), tooltip=tips
    )
    return layered(zero, lines, points, texts, height=44 * max(1, len(shown)) + 72)

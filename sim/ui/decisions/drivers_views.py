"""What the page Drivers shows of an answer: sentences, charts, tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from sim.analysis.discovery import Box, Discovery, Restriction, held_out
from sim.analysis.factors import grade_of
from sim.analysis.sensitivity import Drivers, Sensitivity
from sim.charts import drivers as charts_drivers
from sim.charts.drivers import ShareHeads, TornadoHeads, WorldHeads
from sim.figures import MISSING, chance, scale
from sim.lanes import NOISE
from sim.outcome import KPIS
from sim.texts import Words
from sim.ui import parts, sheets
from sim.ui.state import Session
from sim.wording.drivers import (
    axis_of,
    box_in_words,
    discovery_in_words,
    drivers_in_words,
    figure_text,
    goal_text,
    graded,
    name_of,
    restriction_text,
    sentences,
    share_text,
    share_with_interval,
    value_text,
)

BARS = 12
DOTS = 1500


def moves(state: Session, result: Sensitivity) -> None:
    """Sentences, the tornado and the shares of the chosen figure."""
    say, language = state.say, state.language
    kpi = st.segmented_control(
        say["plan.measure"], [figure.kpi for figure in result.figures], default=result.figures[0].kpi, required=True, key="drivers_kpi",
        label_visibility="collapsed", persist_state="session", format_func=lambda name: KPIS[name].label[language],
    ) or result.figures[0].kpi
    figure = next(figure for figure in result.figures if figure.kpi == kpi)
    paired, data = result.against is not None, figure.to_json()
    if not result.complete:
        st.warning(say["drivers.interrupted"], icon=":material/stop_circle:")
    if result.complete or figure.sobol or not figure.defined:  # else there is no spread yet to speak of
        st.markdown(parts.tight(parts.plain(sentences(drivers_in_words(data, say, paired=paired), language))))
    label = say["drivers.difference"].format(kpi=KPIS[kpi].label[language]) if paired else KPIS[kpi].label[language]
    left, right = st.columns(2, gap="medium")
    with left:
        parts.heading(say["drivers.tornado"].format(kpi=label), say["drivers.tornado_note"])
        rows, axis = tornado_rows(figure, say, paired=paired)
        if rows:
            heads = TornadoHeads(
                axis=axis, name=say["drivers.assumption"], value=say["head.value"], figure=label
            )
            drawing = charts_drivers.tornado(rows, heads=heads, colours=parts.palette())
            parts.chart(drawing, key="drivers_tornado", says=say["drivers.tornado"].format(kpi=label))
        else:
            st.caption(say["drivers.none_felt"])
    with right:
        parts.heading(say["drivers.shares"], say["drivers.shares_note"])
        rows = share_rows(figure, say)
        if rows:
            heads = ShareHeads(
                axis=say["drivers.shares_axis"], name=say["drivers.assumption"], first=say["drivers.first"], total=say["drivers.total"]
            )
            parts.chart(
                charts_drivers.shares(rows, heads=heads, colours=parts.palette()), key="drivers_shares", says=say["drivers.shares"]
            )
        elif not result.complete:
            st.caption(say["drivers.none_yet"])
    with st.expander(say["drivers.all"]):
        parts.sheet(grade_sheet(figure, say))
        shown, plain = driver_sheets(figure, say, paired=paired)
        parts.sheet(shown, pinned=[say["drivers.assumption"]])
        st.download_button(
            say["files.csv"], lambda: sheets.csv_bytes(plain), file_name=f"drivers_{kpi}.csv", mime="text/csv",
            icon=":material/download:", on_click="ignore", key="drivers_csv",
        )
    st.caption(say["say.drawn"].format(draws=f"{result.draws:,}", seed=result.seed))


def tornado_rows(figure: Drivers, say: Words, *, paired: bool) -> tuple[list[dict[str, Any]], str]:
    """Two bars for each of the widest swings, and what the axis is called."""
    language, item = say.language, KPIS[figure.kpi]
    swings = [row for row in figure.tornado if row.swing > 0.0][:BARS]  # not where the figure is not defined
    central = figure_text(figure.central, figure.kpi, language, paired=paired)
    top = max((abs(end - figure.central) for row in swings for end in (row.at_low, row.at_high)), default=0.0)
    if item.unit == "share":
        size, unit = 0.01, "pp"
    else:
        size, scaled = scale(top, language)
        money = {"zh": f"{scaled}元", "en": f"CNY {scaled}".strip()}[language]
        unit = money if item.unit.startswith("CNY") else scaled
    rows = []
    for row in swings:
        name = _named(row.name, say)
        changes = [(end - figure.central) / size for end in (row.at_low, row.at_high)]
        hump = changes[0] * changes[1] > 0.0
        for value, at, moved in zip((row.low, row.high), (row.at_low, row.at_high), changes, strict=True):
            nearer = hump and abs(moved) < max(map(abs, changes))
            rows.append(
                {"name": name, "change": moved, "text": value_text(row.name, value, language), "better": moved * item.direction > 0.0,
                 "figure": figure_text(at, figure.kpi, language, paired=paired), "side": 0 if nearer else float(np.sign(moved))}
            )
    axis = say["drivers.tornado_axis"] if unit else say["drivers.tornado_axis_bare"]
    return rows, axis.format(unit=unit, central=central)


def _named(name: str, say: Words) -> str:
    """A factor and its grade: in two lines in English, in one in Chinese."""
    label = name_of(name, say.language, say)
    if name == NOISE:
        return label
    return label + {"en": "|", "zh": " · "}[say.language] + graded(grade_of(name), say)


def share_rows(figure: Drivers, say: Words) -> list[dict[str, Any]]:
    found = []
    for row in [row for row in figure.sobol if row.total.value > 0.0][:BARS]:
        found.append(
            {"name": _named(row.name, say), "first": row.first.value,
             "total": row.total.value, "low": row.total.low, "high": row.total.high, "text": share_with_interval(row.total.to_json()),
             "first_text": share_with_interval(row.first.to_json())}
        )
    return found


def grade_sheet(figure: Drivers, say: Words) -> list[dict[str, str]]:
    rows = sorted((row for row in figure.grades if row.count), key=lambda row: -row.share.value)
    return [
        {say["drivers.rests_on"]: graded(row.grade, say), say["drivers.count"]: MISSING if row.grade == NOISE else str(row.count),
         say["drivers.share"]: share_with_interval(row.share.to_json())}
        for row in rows
    ]


def driver_sheets(figure: Drivers, say: Words, *, paired: bool) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Every assumption that is felt, to read and with all digits."""
    language, swings = say.language, {row.name: row for row in figure.tornado}
    shown, plain = [], []
    indices = {row.name: row for row in figure.sobol}
    names = [*indices, *(name for name in swings if name not in indices)]
    for name in names:
        swing, index = swings.get(name), indices.get(name)
        exact: dict[str, Any] = {"name": name, "label": name_of(name, language, say), "grade": grade_of(name)}
        exact |= {key: getattr(swing, key, "") for key in ("low", "high", "at_low", "at_high", "swing")}
        for key in ("first", "total"):
            exact |= {f"{key}.{end}": getattr(getattr(index, key, None), end, "") for end in ("value", "low", "high")}
        plain.append(exact)
        if not (swing and swing.swing) and not (index and index.total.value > 0.0):
            continue
        line = {say["drivers.assumption"]: exact["label"], say["head.grade"]: graded(exact["grade"], say)}
        ends = [value_text(name, end, language) for end in (swing.low, swing.high)] if swing else []
        line[say["drivers.range"]] = " … ".join(ends) or MISSING
        for key in ("at_low", "at_high"):
            head = say[f"drivers.{key}"].format(kpi=KPIS[figure.kpi].label[language])
            line[head] = figure_text(getattr(swing, key), figure.kpi, language, paired=paired) if swing else MISSING
        for key in ("first", "total"):
            line[say[f"drivers.{key}"]] = share_with_interval(getattr(index, key).to_json()) if index else MISSING
        shown.append(line)
    return shown, plain


# Where it misses


def misses(state: Session, found: Discovery) -> None:
    say, language = state.say, state.language
    data = found.to_json()
    goals = ("；" if language == "zh" else "; ").join(
        say["drivers.goal_missed"].format(goal=goal_text(goal, say), share=chance(goal["missed"])) for goal in data["goals"]
    )
    st.caption(parts.plain(goals))
    lines = discovery_in_words(data, say)
    if not found.boxes:
        st.info(parts.plain(lines[0]), icon=":material/info:")
        return
    st.markdown(f"**{parts.tight(parts.plain(lines[0]))}**")
    for number, box in enumerate(data["boxes"], start=1):
        st.markdown(f"- **{say['drivers.box_number'].format(number=number)}** {parts.tight(parts.plain(box_in_words(box, say)))}")
    if len(found.boxes) > 1:
        st.markdown(parts.tight(parts.plain(lines[-1])))
    left, right = st.columns([3, 2], gap="medium")
    with right:
        parts.sheet(box_sheet(data, say))
        st.caption(say["drivers.held_out"].format(count=f"{data['held_out']:,}"))
    with left:
        place = 0
        if len(found.boxes) > 1:
            place = st.segmented_control(
                say["drivers.which_box"], list(range(len(found.boxes))), default=0, required=True, key="drivers_box",
                label_visibility="collapsed", format_func=lambda number: say["drivers.box_number"].format(number=number + 1),
            ) or 0
        picture(state, found, found.boxes[min(place, len(found.boxes) - 1)])


def box_sheet(data: dict[str, Any], say: Words) -> list[dict[str, str]]:
    return [
        {
            say["drivers.which_box"]: say["drivers.box_number"].format(number=number),
            **{say[f"drivers.{key}"]: share_text(box[key]) for key in ("coverage", "density", "mass")},
        }
        for number, box in enumerate(data["boxes"], start=1)
    ]


def picture(state: Session, found: Discovery, box: Box) -> None:
    """The two assumptions that tell most of a box, a dot per world."""
    say, language = state.say, state.language
    rules = list(box.restrictions[:2])
    if len(rules) == 1:  # what tells most beside it
        others = [item for other in found.boxes for item in other.restrictions if item.name != rules[0].name]
        name = others[0].name if others else next((name for name in found.columns if name != rules[0].name), rules[0].name)
        rules.append(Restriction(name=name, low=None, high=None))
    frame: dict[str, float] = {}
    columns, titles = [], []
    shown = held_out(found.draws)[:DOTS]  # what the shares are counted on
    for way, rule in zip(("x", "y"), rules, strict=True):
        title, size = axis_of(rule.name, language)
        values = found.columns[rule.name][shown] / size
        frame[f"{way}_low"] = max(values.min(), -np.inf if rule.low is None else rule.low / size)
        frame[f"{way}_high"] = min(values.max(), np.inf if rule.high is None else rule.high / size)
        columns.append(values)
        titles.append(title)
    rows = [
        {"x": float(x), "y": float(y), "missed": bool(missed)}
        for x, y, missed in zip(*columns, found.missed[shown], strict=True)
    ]
    note = say["drivers.picture_note"].format(count=f"{len(rows):,}")
    if len(box.restrictions) > 2:
        note += ("" if language == "zh" else " ") + say["drivers.picture_more"].format(
            rest=say["drivers.and"].join(restriction_text(item.to_json(), say) for item in box.restrictions[2:])
        )
    st.caption(parts.plain(note))
    heads = WorldHeads(x=titles[0], y=titles[1], met=say["drivers.dot_met"], missed=say["drivers.dot_missed"])
    parts.chart(
        charts_drivers.worlds(rows, box=frame, heads=heads, colours=parts.palette()), key="drivers_worlds", says=say["drivers.fails_head"]
    )

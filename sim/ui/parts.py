"""Pieces that pages share: the language switch, the scenario picker, tiles with change and interval, the sentence in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sim import charts
from sim.figures import change, figure, moved_by, points, rate, relative
from sim.outcome import KPIS
from sim.parameters import registry
from sim.scenario import Scenario
from sim.texts import LANGUAGES, Words, brief, visible
from sim.ui.inputs import dial, in_order
from sim.ui.state import Session, session
from sim.wording.planning import change_with_interval as change_with_interval  # pages say it as parts.change_with_interval
from sim.wording.refusals import in_language

TILES = ("gmv", "net_gmv", "return_rate", "contribution", "plan_cost")
ABSOLUTE = ("contribution", "plan_cost")  # may be nothing or below: a percentage of it would mislead
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}
LANGUAGE = "language"
LONGEST_TITLE = 60  # letters, in lists and heads; a Chinese one takes the room of two
LONGEST_QUESTION = 300
LONGEST_SHEET = 30
APART = "\u2060"  # a joint without width

charts.trusting()  # the checks of a chart's pieces cost a third of its time; the tests check every chart whole


# Head of a page


def language_switch(state: Session) -> None:
    st.session_state[LANGUAGE] = state.language  # at every run: a switch that has just come with another page shows nothing else
    st.segmented_control(
        state.say["app.language"], sorted(LANGUAGES, reverse=True), format_func=LANGUAGE_NAMES.__getitem__, key=LANGUAGE, required=True,
        on_change=_spoken, label_visibility="collapsed",
    )


def _spoken() -> None:
    session().language = st.session_state[LANGUAGE] or session().language
    for key, value in st.session_state.items():  # else a box goes on showing its choice in the old language
        if isinstance(key, str) and key != LANGUAGE and (isinstance(value, str) or _texts(value)):
            st.session_state[key] = value


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def title_of(scenario: Scenario | None, name: str, say: Words) -> str:
    """What the file calls itself, in Chinese where the catalogue knows it, and its stem."""
    name = brief(name, LONGEST_TITLE)
    if scenario is None:
        return name
    title = clipped(translated(scenario, "title", say))
    return name if not title or title == name else f"{title} · {name}"


def clipped(title: str) -> str:
    """A title as it stands among others: one row, and not all of a novel."""
    return brief(title, LONGEST_TITLE).replace(" · ", "·")  # the dot with gaps stands between a title and its file's name


def translated(scenario: Scenario, field: str, say: Words) -> str:
    """A shipped file's title or question in the session's language; anybody's own words as they are."""
    return say.of_file(scenario.name, field, getattr(scenario, field))


def faults(state: Session) -> None:
    """What went wrong, said once."""
    if state.fault:
        refused(state.fault, state.say)
        state.fault = ""


def plain(text: str) -> str:
    """Somebody's own words, shown as they are: no mark-up, no formulas, no links, no icons, no list, one line, nothing unseen."""
    text = re.sub(r"([\\`*_{}\[\]<>#~$|:&@])", r"\\\1", " ".join(visible(text).split()))
    # Streamlit makes links and icons of what is left when the escapes are gone: a joint that nobody sees keeps the pieces apart.
    text = re.sub(r"(?i)\b(www)\.", rf"\1{APART}\\.", text)
    text = re.sub(r"(:(?=[^\s\d]|\d+\\?:)|@(?=\S))", rf"\1{APART}", text)
    return re.sub(r"^(?=[-+=])|(?<=^\d)(?=[.)] )", r"\\", re.sub(r"^(\d{2,9})([.)]) ", r"\1\\\2 ", text))


def tight(text: str) -> str:
    """No line ends between a number and its unit."""
    return re.sub(r"(?<=[\d\]]) (?=%|pp|bn|tn|[mks]\b|[亿万])", "\u00a0", text)


def refused(says: str, say: Words) -> None:
    st.error(say["app.refused"].format(says=plain(in_language(says, say.language))), icon=":material/error:")


# Tiles


def kpi_label(kpi: str, language: str) -> str:
    unit = KPIS[kpi].unit
    if not unit.startswith("CNY"):  # an order's value is money too
        return KPIS[kpi].label[language]
    return f"{KPIS[kpi].label[language]}（元）" if language == "zh" else f"{KPIS[kpi].label[language]}, CNY"


def tile(
    label: str, value: str, delta: tuple[str, str, str], notes: Sequence[str], *, key: str, help: str | None = None
) -> None:
    """A figure with its change (text, colour, arrow) and small lines below: nothing is cut off when the column is narrow.

    `help` says what the figure counts; its button is named after the label.
    """
    with st.container(border=True, height="stretch", gap="xsmall", key=key):
        st.metric(label, value, delta[0], delta_color=delta[1], delta_arrow=delta[2], help=help)
        st.caption(tight("  \n".join(notes)))


def delta_of(kpi: str, difference: Mapping[str, Any], say: Words) -> tuple[str, str, str]:
    """A change's text, colour (gain or loss by the figure's own direction) and arrow."""
    moved, unit, language = difference["delta"]["mean"], KPIS[kpi].unit, say.language
    if not moved:
        return say["plan.no_change"], "gray", "off"
    by_share = kpi not in ABSOLUTE and unit != "share"
    text = relative(difference["relative"], language) if by_share else change(moved, unit, language)
    if not _says_something(text):
        return say["plan.no_change"], "gray", "off"
    good = moved * KPIS[kpi].direction > 0
    colour = "gray" if kpi == "plan_cost" else "green" if good else "red"
    return text, colour, "up" if moved > 0 else "down"


# In words


def changes_in_words(state: Session) -> str:
    say, language = state.say, state.language
    names = in_order(state.moved)
    if not names:
        return say["plan.world_only"]
    parts = []
    for name in names[:2]:
        shape = dial(registry()[name], language)
        span = shape.span(state.opened.lever_baseline(name), state.level(name))
        parts.append(say["plan.one_change"].format(lever=registry()[name].label[language], span=span).replace("） ", "）"))
    between = "、" if language == "zh" else ", "
    shown, rest = between.join(parts), len(names) - len(parts)
    if rest:
        shown = say["plan.more"].format(first=shown, count=len(names) if language == "zh" else rest)
    return say["plan.and_world"].format(what=shown, world=between.join(own)) if (own := worlds(state)) else shown


def worlds(state: Session) -> list[str]:
    """What the file brings beside its levers, which the baseline does not have: events, assumptions."""
    own = {"events": state.opened.events, "world": state.opened.assumptions}
    return [state.say[f"contributor.{kind}"].lower() for kind, entries in own.items() if entries]


def palette() -> charts.Palette:
    return charts.palette(st.context.theme.type)


def chart(drawing: Any, *, key: str, says: str) -> None:
    """A chart over the width of its column; `says` is read to who cannot see it."""
    st.altair_chart(charts.sure(drawing), width="stretch", key=key, alt=says)


def sheet(rows: Sequence[Mapping[str, Any]], *, pinned: Sequence[str] = (), pinned_px: int | None = None) -> None:
    """A table in full; a long one scrolls, a wide one keeps its `pinned` columns in sight, `pinned_px` wide where that is given."""
    columns = {head: st.column_config.Column(pinned=True, width=pinned_px) for head in pinned}
    height = "content" if len(rows) <= LONGEST_SHEET else 640
    st.dataframe(rows, hide_index=True, width="stretch", height=height, column_config=columns)


def heading(title: str, note: str) -> None:
    st.markdown(f"##### {title}")
    st.caption(note)


def figure_change(value: float | None, before: float | None, unit: str, direction: int, say: Words) -> tuple[str, str, str]:
    """The change of a figure that has a direction: its text, colour and arrow."""
    moved = 0.0 if value is None or before is None else value - before
    text = moved_by(value, before, unit, say.language)
    if not _says_something(text):
        return say["plan.no_change"], "gray", "off"
    if unit == "s":
        text = say["plan.seconds"].format(value=text)
    return text, "green" if moved * direction > 0 else "red", "up" if moved > 0 else "down"


def _says_something(change: str) -> bool:
    """A change too small to show is none."""
    return any(digit in change for digit in "123456789")


def seconds(value: float, unit: str, say: Words) -> str:
    return say["plan.seconds"].format(value=figure(value, unit, say.language)) if unit == "s" else figure(value, unit, say.language)


def target_note(value: float, target: float, say: Words) -> str:
    """Is the target met, and if not, how much is missing?"""
    gap = points(target - value, say.language).lstrip("+")
    return say["plan.at_target" if value >= target else "plan.below_target"].format(target=rate(target, say.language), gap=gap)

"""Fit the shop beside the app, and what was found: figures with intervals, the fit over the data, what the data could not tell."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import streamlit as st

from sim.charts import shops as charts_shops
from sim.errors import UserError
from sim.figures import MISSING, figure, interval
from sim.outcome import model_version
from sim.parameters import registry
from sim.shops import Calibration, Event, ShopTable
from sim.shops.calibration import HORIZON_DAYS
from sim.shops.picturing import Picture, Shown, calibrate_and_show
from sim.texts import Words
from sim.ui import parts, work
from sim.ui.calibrating.asking import Loaded
from sim.ui.state import Session
from sim.wording.evidence import quantity, range_of
from sim.wording.shops import refunds_say, uplift_says

SLOT, SEED, DRAWS = "calibrate_fit", 1, 4000
MOST_DAYS, MOST_EVENTS = 732, 20
PRIORS = {  # the registry's figure of the same thing
    "click": "detail_page.click_share", "order": "closure.view_to_order", "shipped_24h": "fulfilment.shipped_24h_share",
    "return_lag_days": "returns.lag_median_d",
}
PER = {  # series out of another, as the estimates call them
    ("detail_views", "sessions"): "click", ("orders", "sessions"): "order", ("orders", "detail_views"): "order_of_views",
    ("paid_orders", "orders"): "pay", ("gmv", "paid_orders"): "order_value",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be fitted: the file, how it is read, what is odd in it, the planner's events."""

    file: Loaded
    table: ShopTable
    asked: Mapping[str, str]

    @property
    def key(self) -> tuple[Hashable, ...]:
        table = self.table
        read = (tuple(table.columns.items()), tuple(sorted(table.definitions.items())))
        return (self.file.digest, self.file.name, read, tuple(sorted(self.asked.items())), model_version())


def section(state: Session, question: Question) -> work.Answer | None:
    """What to fit, the button, and what was found. The answer's result is a `Shown`."""
    say = state.say
    parts.heading(say["calibrating.fit"], say["calibrating.fit_note"])
    left, middle, right = st.columns([2, 4, 2], vertical_alignment="bottom")
    with left:
        days = st.number_input(
            say["calibrating.days"], 1, MOST_DAYS, HORIZON_DAYS, key="calibrate_days", persist_state="session",
            help=say["calibrating.days_help"],
        )
    with middle:
        said = st.text_area(
            say["calibrating.events"], key="calibrate_events", placeholder=say["calibrating.events_example"], max_chars=2000, height=68,
            help=say["calibrating.events_help"], persist_state="session",
        )
    try:
        events = events_of(said or "", say)
    except UserError as error:
        parts.refused(error.message, say)
        return None
    key = ("calibrate", *question.key, events, days, SEED, DRAWS)
    known = work.known(key)
    with right:
        if st.button(
            say["calibrating.fit_again" if known else "calibrating.fit_button"], icon=":material/play_arrow:", key="calibrate_run",
            type="secondary" if known else "primary", disabled=known or work.running(SLOT, key), width="stretch",
        ):
            work.begin(
                SLOT, key, calibrate_and_show, table=question.table, asked=dict(question.asked), events=events, days=int(days), seed=SEED,
                draws=DRAWS,
            )
    found = work.answer(state, SLOT, key, what=say["calibrating.fitting"])
    if found is None:
        return None
    if found.key[1] != question.file.digest:  # another shop's
        return None
    work.dated(say, SLOT, found, key, say["calibrating.older"])
    return found


def events_of(said: str, say: Words) -> tuple[Event, ...]:
    """Dated events, a line each: 618 = 2024-06-01..2024-06-18. Raises UserError in the planner's language."""
    found: dict[tuple[str, date], Event] = {}
    for line in filter(None, (line.strip() for line in said.splitlines())):
        matched = re.fullmatch(r"(.+?)\s*[=:：]\s*(\d{4}-\d\d-\d\d)(?:\s*(?:\.\.|~|至|到|to)\s*(\d{4}-\d\d-\d\d))?", line)
        try:
            start = date.fromisoformat(matched[2]) if matched else None
            end = date.fromisoformat(matched[3] or matched[2]) if matched else None
        except ValueError:
            start = end = None
        if matched is None or start is None or end is None or end < start:
            raise UserError(say["calibrating.bad_event"].format(line=line[:80]))
        name = matched[1].strip().replace(".", "_")
        found[name, start] = Event(name=name, start=start, end=end)
    if len(found) > MOST_EVENTS:
        raise UserError(say["calibrating.many_events"].format(most=MOST_EVENTS))
    return tuple(found.values())


# What was found


def told(state: Session, shown: Shown) -> None:
    """The shop in figures, the fit over the data, its weekdays, and what the data could not tell."""
    say, found = state.say, shown.calibration
    st.markdown(f"**{say['calibrating.found']}**")
    st.caption(say["calibrating.found_note"])
    parts.sheet([_estimate(item, found, say) for item in found.estimates], pinned=[say["shops.head_what"]])
    for item in found.uplifts:
        st.markdown(parts.plain(uplift_says(item, say)))
    left, right = st.columns([5, 3], gap="medium")
    with left:
        pictures(state, shown.pictures)
    with right:
        weekdays(state, found)
    unknown(state, found)


def _estimate(item: Mapping[str, Any], found: Calibration, say: Words) -> dict[str, str]:
    language = say.language
    base, unit = item["unit"].partition("/")[0], "share" if item["unit"] == "share" else "count"
    label = say[f"shops.estimate.{item['what']}"]
    inside = say.named("shops.column", base) if base in found.table.columns else say["calibrating.cny"] if base == "CNY" else ""
    if inside:
        label = f"{label}（{inside}）" if language == "zh" else f"{label} ({inside})"
    ends = MISSING if item["p10"] == item["p90"] else interval(item["p10"], item["p90"], unit, language)
    prior = PRIORS.get(item["what"])
    return {
        say["shops.head_what"]: label, say["shops.head_middle"]: figure(item["p50"], unit, language), say["shops.head_interval"]: ends,
        say["calibrating.before"]: MISSING if prior is None else _prior(prior, language),
    }


def _prior(name: str, language: str) -> str:
    item = registry()[name]
    span = range_of(item, language)
    return quantity(item.value, item, language) + (f" [{span}]" if span else "")


@st.fragment
def pictures(state: Session, found: tuple[Picture, ...]) -> None:
    """One series at a time: dots over the band of the fit."""
    say = state.say
    parts.heading(say["calibrating.over_data"], say["calibrating.over_data_note"])
    names = [picture_name(picture, say) for picture in found]
    st.session_state.setdefault("calibrate_series", 0)
    if st.session_state["calibrate_series"] not in range(len(found)):
        st.session_state["calibrate_series"] = 0
    place = st.selectbox(
        say["calibrating.series"], range(len(found)), key="calibrate_series", format_func=names.__getitem__, label_visibility="collapsed",
        persist_state="session",
    )
    picture = found[place or 0]
    drawing = charts_shops.over_data(
        picture.rows, unit=picture.unit, title=names[place or 0], language=state.language, colours=parts.palette()
    )
    parts.chart(drawing, key="calibrate_over_data", says=say["calibrating.over_data"])
    seen = [row for row in picture.rows if row["seen"] is not None and not row["aside"]]
    if seen:
        share = sum(row["p10"] <= row["seen"] <= row["p90"] for row in seen) / len(seen)
        st.caption(say["calibrating.inside"].format(share=figure(share, "share", state.language), count=f"{len(seen):,}"))


def picture_name(picture: Picture, say: Words) -> str:
    if picture.above is None:
        return say.named("shops.column", picture.series)
    if (what := PER.get((picture.series, picture.above))) is not None:
        return say[f"shops.estimate.{what}"]
    names = {"series": say.named("shops.column", picture.series), "above": say.named("shops.column", picture.above)}
    return say["calibrating.per"].format(**names)


def weekdays(state: Session, found: Calibration) -> None:
    say = state.say
    parts.heading(say["calibrating.weekdays"], say["calibrating.weekdays_note"])
    columns = [found.posterior.get(f"profile.weekday.{day}") for day in range(7)]
    if any(column is None for column in columns):
        st.info(say["calibrating.no_weekdays"], icon=":material/info:")
        return
    rows = [dict(zip(("p10", "p50", "p90"), map(float, np.quantile(column, [0.1, 0.5, 0.9])), strict=True)) for column in columns]
    drawing = charts_shops.weekdays(
        rows, names=say["calibrating.day_names"].split("|"), title=say["calibrating.factor"], colours=parts.palette()
    )
    parts.chart(drawing, key="calibrate_weekdays", says=say["calibrating.weekdays"])


def unknown(state: Session, found: Calibration) -> None:
    """Each figure of the model that the data tell, before and now; those that they do not tell stay as they were."""
    say, book = state.say, registry()
    st.markdown(say["shops.informed"].format(told=len(found.told), untold=len(found.untold)))
    for line in refunds_say(found, say):
        st.caption(parts.plain(line))
    with st.expander(say["calibrating.told"], icon=":material/fact_check:"):
        rows = []
        for name in found.told:
            if name not in book or isinstance(book[name].value, tuple):
                continue
            item, column = book[name], found.posterior.get(name)
            now = found.baseline.get(name)
            if column is not None:
                low, middle, high = (quantity(float(end), item, state.language) for end in np.quantile(column, [0.1, 0.5, 0.9]))
                text = f"{middle} [{low} – {high}]" if low != high else middle
            else:
                text = quantity(float(now), item, state.language) if isinstance(now, float | int) else MISSING
            rows.append({
                say["shops.head_what"]: item.label[state.language], say["calibrating.now"]: text,
                say["calibrating.before"]: _prior(name, state.language),
            })
        parts.sheet(rows, pinned=[say["shops.head_what"]])
    for key in ("assumed", "untold"):
        names = [book[name] for name in getattr(found, key) if name in book]
        if names:
            with st.expander(say[f"calibrating.{key}"].format(count=len(names)), icon=":material/help_outline:"):
                st.caption(say[f"calibrating.{key}_note"])
                parts.sheet([
                    {say["shops.head_what"]: item.label[state.language], say["calibrating.stays"]: _prior(item.name, state.language)}
                    for item in names
                ])

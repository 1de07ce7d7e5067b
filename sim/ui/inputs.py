"""From the registry to widgets: every lever is a slider in the unit that a planner thinks in, its baseline beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from sim.figures import exact
from sim.parameters import GROUPS, UNITS, Parameter, registry
from sim.texts import Words
from sim.ui.state import Session, session

STEPS = 60  # a slider has about this many places, few enough to hit one on purpose
COUNTED = ("count", "seats", "sites")  # units of which there are no parts
OPEN_AT_FIRST = ("slow_pages", "payment")
WEAK_POINTS = ("slow_pages", "payment", "service", "colour_returns")  # those that the document diagnoses


@dataclass(frozen=True, kw_only=True)
class Dial:
    """How a lever is shown: shown = value / size, in steps, with this many decimals and this unit behind."""

    size: float
    low: float
    high: float
    step: float
    decimals: int
    unit: str
    before: str = ""  # what stands in front of the number
    loose: bool = False  # 1 and 2.4, not 1.0

    def shown(self, value: float) -> float:
        inside = min(max(round(value / self.size, 9), self.low), self.high)
        return inside if self.decimals else _whole_if_whole(inside)

    def value(self, shown: float) -> float:
        return round(shown * self.size, 9)

    def text(self, value: float, *, unit: bool = True) -> str:
        """A value in the dial's unit, with more decimals than the dial has only where it needs them."""
        shown = round(value / self.size, 4)
        number = f"{shown:,.{self.decimals}f}" if round(shown, self.decimals) == shown and not self.loose else exact(shown)
        return f"{self.before}{number} {self.unit}".rstrip() if unit else number

    def span(self, before: float, after: float) -> str:
        """From one value to another, the unit said once."""
        return f"{self.before}{self.text(before, unit=False)} → {self.text(after).removeprefix(self.before)}"

    @property
    def form(self) -> str:
        """As the slider's printf format."""
        number = "%g" if self.loose else f"%.{self.decimals}f"
        return f"{self.before}{number} {self.unit.replace('%', '%%')}".rstrip()


def _whole_if_whole(number: float) -> float:
    return float(round(number)) if abs(number - round(number)) < 1e-9 else number


def dial(lever: Parameter, language: str) -> Dial:
    """The lever's slider in a language: shares and indices in per cent, budgets in millions a month (万元/月 in Chinese)."""
    low, high = lever.bounds
    before = ""
    if lever.unit == "share":
        size, unit = 0.01, "%"
    elif lever.unit == "index":
        size, unit, before = (0.01, "%", "今日的 ") if language == "zh" else (0.01, "% of today", "")
    elif lever.unit == "CNY/month":
        size, unit = (1e4, "万元/月") if language == "zh" else (1e6, "m CNY a month")
    else:
        size, unit = 1.0, UNITS[lever.unit][language]
    low, high = low / size, high / size
    if lever.whole or lever.unit in COUNTED:
        step = 1.0
    elif lever.unit == "share":
        step = 1.0 if high - low > 40 else 0.5
    else:
        step = nice_step((high - low) / STEPS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return Dial(
        size=size, low=round(low, 9), high=round(high, 9), step=step, decimals=decimals, unit=unit, before=before,
        loose=lever.unit == "folds",
    )


def nice_step(wish: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten (in ratio)."""
    power = 10.0 ** math.floor(math.log10(wish))
    return round(min((power * digit for digit in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / wish))), 12)


def key_of(name: str) -> str:
    return f"lever.{name}"


def lever_groups() -> dict[str, list[Parameter]]:
    """The levers by weak point or theme, in the order of the funnel."""
    groups: dict[str, list[Parameter]] = {group: [] for group in GROUPS}
    for lever in registry().levers:
        groups.setdefault(lever.group, []).append(lever)
    return {group: levers for group, levers in groups.items() if levers}


def in_order(names: Iterable[str]) -> list[str]:
    """Levers as a planner would tell them: those of the diagnosed weak points first, then along the funnel."""
    order = [lever.name for levers in lever_groups().values() for lever in levers]
    weak = {name: registry()[name].group in WEAK_POINTS for name in order}
    return sorted(names, key=lambda name: (not weak[name], order.index(name)))


def draw_levers(state: Session) -> None:
    """All levers, a fold per group with the number of changed ones."""
    moved = state.moved
    for group, levers in lever_groups().items():
        count = sum(lever.name in moved for lever in levers)
        title = GROUPS[group][state.language] + (f" :blue-badge[{count}]" if count else "")
        with st.expander(title, expanded=group in OPEN_AT_FIRST, key=f"group_{group}"):
            for lever in levers:
                draw_lever(lever, state, moved=lever.name in moved)


def draw_lever(lever: Parameter, state: Session, *, moved: bool) -> None:
    """One lever: its slider, where it stands today and on what authority, and the way back."""
    language, say, key = state.language, state.say, key_of(lever.name)
    shape = dial(lever, language)
    shown = shape.shown(state.level(lever.name))
    slot = f"{key}.{language}" if lever.unit == "CNY/month" else key  # budgets change their scale with the language
    if st.session_state.get(slot) != shown:
        st.session_state[slot] = shown
    label = f":blue[●] {lever.label[language]}" if moved else lever.label[language]
    baseline = state.opened.lever_baseline(lever.name)
    where = say["lever.file"] if lever.name in state.opened.baseline else _source(lever, say)
    with st.container(gap=None, key=f"box.{lever.name}"):
        st.slider(
            label, shape.low, shape.high, step=shape.step, format=shape.form, key=slot, help=help_of(lever, shape, say),
            on_change=_moved, args=(lever.name, slot, shape),
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            st.caption(f"{say['lever.now'].format(value=shape.text(baseline))} · {where}", width="content")
            if moved:
                st.button(
                    "", key=f"reset.{lever.name}", type="tertiary", icon=":material/undo:", help=say["lever.reset"],
                    on_click=_reset, args=(lever.name,),
                )


def _source(lever: Parameter, say: Words) -> str:
    """F104, and the grade as a small badge."""
    first = next((source for source in lever.sources if source[0] in "FR" and source[1:].isdigit()), "")
    return f"{first} :gray-badge[{say.named('grade', lever.grade)}]".strip()


def help_of(lever: Parameter, shape: Dial, say: Words) -> str:
    """What the lever does, where its number comes from, what moving it costs."""
    parts = [lever.help[say.language]]
    sources = "、".join(lever.sources) if say.language == "zh" else ", ".join(lever.sources)
    grade = say.named("grade", lever.grade)
    parts.append(say["lever.source"].format(sources=grade if sources == lever.grade else f"{sources} ({grade})"))
    if lever.min_ramp_days:
        parts.append(say["lever.ramp"].format(days=lever.min_ramp_days))
    if lever.expect in ("+", "-", "either"):
        parts.append(say["lever.expect_either" if lever.expect == "either" else f"lever.expect_{'up' if lever.expect == '+' else 'down'}"])
    return "\n\n".join(part.replace("~", "\\~") for part in parts)


def _moved(name: str, slot: str, shape: Dial) -> None:
    """The planner let go of a slider."""
    state = session()
    shown = st.session_state[slot]
    opened = state.opened.levers.get(name)
    baseline = state.opened.lever_baseline(name)
    home = baseline if opened is None else opened.target(baseline)
    for exactly in (home, baseline):  # a slider cannot show every digit: its place for a known figure means that figure
        if shown == shape.shown(exactly):
            state.move(name, exactly)
            return
    state.move(name, shape.value(shown))


def _reset(name: str) -> None:
    session().reset(name)

"""What differs, as one table: a row per lever, assumption, event, goal or baseline figure, a column for the base and for each plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from sim.figures import chance, figure, money
from sim.outcome import KPIS
from sim.parameters import UNITS, registry
from sim.scenario import LeverSetting, Scenario, diff
from sim.texts import Words
from sim.ui import parts, sheets
from sim.ui.comparing.choosing import Compared
from sim.ui.inputs import dial
from sim.ui.state import Session

Cell = tuple[str, str]  # the value, and what is said small below it
FACTORS = ("traffic", "value", "cpm", "transit")
BIG = 1e4  # from here on numbers are said in k, m and bn
LONGEST_HEAD = 32  # letters: six plans side by side
COSTS = ("once", "per_month", "per_unit")


def section(state: Session, found: Compared) -> None:
    say = state.say
    parts.heading(say["compare.what"], say["compare_page.what_note"])
    scenarios = [outcome.scenario for outcome in (found.comparison.base, *found.comparison.plans)]
    rows = rows_of(scenarios, say)
    if not rows:
        st.caption(say["compare_page.what_none"])
        return
    titles = found.heads(say["head.kind"], say["head.name"], most=LONGEST_HEAD)
    heads = [say["compare_page.base_head"].format(plan=titles[0]), *titles[1:]]
    table = [
        {
            say["head.kind"]: f":gray[{say.named('kind', kind)}]", say["head.name"]: parts.plain(parts.clipped(name)),
            **{
                parts.plain(head): _drawn(cell, cells[0] if place else None)
                for place, (head, cell) in enumerate(zip(heads, cells, strict=True))
            },
        }
        for kind, name, cells in rows
    ]
    st.table(table, hide_index=True, border="horizontal")
    plain = [
        {say["head.kind"]: say.named("kind", kind), say["head.name"]: name,
         **{head: " · ".join(filter(None, cell)) for head, cell in zip(titles, cells, strict=True)}}
        for kind, name, cells in rows
    ]
    st.download_button(
        say["files.csv"], lambda: sheets.csv_bytes(plain), file_name="differences.csv", mime="text/csv", icon=":material/download:",
        on_click="ignore", key="differences_csv",
    )


def _drawn(cell: Cell, base: Cell | None) -> str:
    """Grey where a plan is as the base, strong where it is not."""
    value, small = (parts.tight(parts.plain(text)) for text in cell)
    if cell == base:
        return f":gray[{value}]"
    text = value if base is None else f"**{value}**"
    return f"{text} :small[:gray[{small}]]" if small else text


def rows_of(scenarios: Sequence[Scenario], say: Words) -> list[tuple[str, str, list[Cell]]]:
    """Kind, label and a cell per scenario of all in which one of them differs from the first."""
    items: dict[tuple[str, str], str] = {}
    for plan in scenarios[1:]:
        for item in diff(scenarios[0], plan):
            items.setdefault((item.kind, item.name), sheets.name_of(item, say))
    order = tuple(CELLS)
    book = {name: place for place, name in enumerate(registry())}
    found = []
    for kind, name in sorted((key for key in items if key[0] in order), key=lambda key: (order.index(key[0]), book.get(key[1], 0))):
        cells = [CELLS[kind](name, scenario, say) for scenario in scenarios]
        if any(cell != cells[0] for cell in cells):  # a source alone makes no difference
            found.append((kind, items[kind, name], cells))
    return found


def _lever(name: str, scenario: Scenario, say: Words) -> Cell:
    shape, setting = dial(registry()[name], say.language), scenario.moved.get(name)
    if setting is None:
        return shape.text(scenario.lever_baseline(name)), ""
    return shape.text(setting.target(scenario.lever_baseline(name))), (" · ").join(_timing(setting, say))


def _timing(setting: LeverSetting, say: Words) -> list[str]:
    found = []
    if setting.start is not None:
        found.append(say["compare_page.from"].format(date=setting.start))
    if setting.until is not None:
        found.append(say["compare_page.until"].format(date=setting.until))
    if setting.ramp_days:
        found.append(say["compare_page.ramp"].format(days=setting.ramp_days))
    if setting.coverage != 1.0:
        found.append(say["compare_page.coverage"].format(share=figure(setting.coverage, "share", say.language)))
    costs = {field: getattr(setting.cost, field) for field in COSTS} if setting.cost else {}
    stated = [f"{say[f'field.cost.{field}']} {money(value, say.language)}" for field, value in costs.items() if value is not None]
    return [*found, say["compare_page.own_cost"].format(costs=", ".join(stated))] if stated else found


def _number(name: str, value: object, say: Words) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_number(name, item, say) for item in value)
    unit = registry()[name].unit
    if unit in ("share", "CNY"):
        return figure(value, unit, say.language)
    shown = figure(value, "CNY", say.language) if abs(value) >= BIG else f"{value:g}"  # never 8.5e+10
    gap = "" if shown.endswith(("亿", "万")) else " "  # 850 亿元/季度
    return f"{shown}{gap}{UNITS[unit][say.language]}".rstrip()


def _assumption(name: str, scenario: Scenario, say: Words) -> Cell:
    own, usual = scenario.assumptions.get(name), registry()[name]
    if own is not None and own.fixed:
        return say["compare_page.fixed"].format(value=_number(name, own.best, say)), ""
    one = own or usual
    best = own.best if own else usual.value
    return _number(name, best, say), f"{_number(name, one.low, say)} – {_number(name, one.high, say)}"


def _event(name: str, scenario: Scenario, say: Words) -> Cell:
    event = next((event for event in scenario.events if event.name == name), None)
    if event is None:
        return say["compare_page.no_event"], ""
    factors = [
        say["compare_page.factor"].format(field=say[f"field.{field}"], value=f"{getattr(event, field):g}")
        for field in FACTORS if getattr(event, field) != 1.0
    ]
    if event.pull_forward is not None:
        factors.append(f"{say['field.pull_forward']} {figure(event.pull_forward, 'share', say.language)}")
    return f"{event.start} – {event.end:%m-%d}", " · ".join(factors)


def _goal(name: str, scenario: Scenario, say: Words) -> Cell:
    goal, unit = scenario.goals.get(name), KPIS[name].unit
    if goal is None:
        return say["compare_page.no_goal"], ""
    limits = [(mark, value) for mark, value in (("≥", goal.at_least), ("≤", goal.at_most)) if value is not None]
    sure = say["compare_page.on_mean"] if goal.probability is None else say["compare_page.sure"].format(
        share=chance(goal.probability, say.language)
    )
    return ", ".join(f"{mark} {figure(value, unit, say.language)}" for mark, value in limits), sure


def _baseline(name: str, scenario: Scenario, say: Words) -> Cell:
    own = scenario.baseline.get(name)
    return _number(name, own.value if own else registry()[name].value, say), ""


def _profile(name: str, scenario: Scenario, say: Words) -> Cell:
    own = scenario.profile
    return (say["compare.not_stated"], "") if own is None else (own.source, "")


def _posterior(name: str, scenario: Scenario, say: Words) -> Cell:
    own = scenario.posterior
    return (say["compare.not_stated"], "") if own is None else (own.sha256[:12], "")


CELLS: dict[str, Callable[[str, Scenario, Words], Cell]] = {
    "lever": _lever, "assumption": _assumption, "event": _event, "goal": _goal, "baseline": _baseline, "profile": _profile,
    "posterior": _posterior,
}

"""Tables of what goes into a plan and what its result rests on: levers, assumptions, sources, contradictions, drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.analysis.factors import parameter_of
from sim.figures import exact
from sim.lanes import POSTERIOR
from sim.outcome import KPIS, Outcome, spread
from sim.parameters import UNITS, Parameter, registry
from sim.report.results import interval_columns, table
from sim.report.table import Cell, Column, Table, bands, clean, number
from sim.report.words import listed, title_of, with_unit
from sim.scenario import Difference, LeverSetting, Scenario, diff
from sim.texts import Words
from sim.wording.drivers import name_of

if TYPE_CHECKING:
    from sim.analysis.sensitivity import Sensitivity

TOP_DRIVERS = 15
NO_SOURCE = "assumption"  # what stands as the source of a number that has none


def unit_word(unit: str, language: str) -> str:
    return UNITS.get(unit, {}).get(language, unit)


def source_of(source: str, say: Words) -> str:
    """The registry's sources as they stand; where it has none, in the reader's language."""
    return ", ".join(say.named("grade", part) if part == NO_SOURCE else part for part in source.split(", "))


def lever_table(base: Scenario, plan: Outcome, say: Words) -> Table:
    """What the plan moves: from, to, when, what it costs inside the horizon, and where today's figure comes from."""
    scenario, rows, units = plan.scenario, [], []
    for name in dict.fromkeys(item.name for item in diff(base, scenario) if item.kind == "lever"):
        lever, setting = registry()[name], scenario.moved.get(name) or LeverSetting(amount=0.0)
        before, after = _level(base, name), _level(scenario, name)
        cost = _cost(plan, name)
        bill = lever.cost
        rows.append([
            lever.label[say.language], name, before, after, unit_word(lever.unit, say.language), setting.start or scenario.start,
            setting.until or scenario.end, setting.ramp_days, setting.coverage, *cost, source_of(lever.source, say),
            say.named("grade", lever.grade),
            source_of(bill.source, say) if bill else "", say.named("grade", bill.grade) if bill else "",
        ])
        units.append(lever.unit)
    columns = [
        Column(head=say["head.lever"]), Column(head=say["report.key"], page=False), Column(head=say["report.from"], unit="level"),
        Column(head=say["report.to"], unit="level"), Column(head=say["head.unit"], page=False),
        Column(head=say["field.start"], unit="date"),
        Column(head=say["field.until"], unit="date", page=False), Column(head=say["field.ramp_days"], unit="days"),
        Column(head=say["field.coverage"], unit="chance"),
        *interval_columns(with_unit(say["report.cost"], "CNY", say.language), "CNY", say),
        Column(head=say["report.source_today"]), Column(head=say["head.grade"]), Column(head=say["report.cost_source"], page=False),
        Column(head=say["report.cost_grade"], page=False),
    ]
    return table("levers", say, columns, rows, units=tuple(units))


def _level(scenario: Scenario, name: str) -> float:
    before = scenario.lever_baseline(name)
    return scenario.moved[name].target(before) if name in scenario.moved else before


def _cost(plan: Outcome, name: str) -> tuple[float | None, ...]:
    """Mean over all draws, interval over the detailed ones; of a lever that the plan leaves alone, nothing."""
    if f"cost.{name}" not in plan.arrays:
        return 0.0, 0.0, 0.0
    return (number(plan.mean_of(f"cost.{name}")), *bands(spread(plan.arrays[f"cost.{name}"]), ("p10", "p90")))


def difference_table(base: Scenario, plan: Scenario, say: Words) -> Table:
    """What differs beside the levers' dates and values: the world, events, another shop's figures, bills of the plan's own."""
    rows, units = [], []
    for item in diff(base, plan):
        if item.kind == "goal" or (item.kind == "lever" and not item.field.startswith("cost.")):
            continue  # these have tables of their own
        rows.append([
            say.named("kind", item.kind), _name_of(item, say), say.named("field", item.field), _stated(item.before),
            _stated(item.after), unit_word(item.unit, say.language),
        ])
        units.append(item.unit or "text")
    columns = [
        Column(head=say["head.kind"]), Column(head=say["head.name"]), Column(head=say["head.field"]),
        Column(head=say["head.before"], unit="level"), Column(head=say["head.after"], unit="level"),
        Column(head=say["head.unit"], page=False),
    ]
    return table("differences", say, columns, rows, units=tuple(units))


def _name_of(item: Difference, say: Words) -> str:
    if item.name in registry():
        return registry()[item.name].label[say.language]
    return say["field.horizon"] if item.kind == "horizon" else clean(say.get(f"event.{item.name}", item.name))


def _stated(value: Any) -> Cell:
    """A number as a number; lists and words as text; None where nothing is stated."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return clean(exact(value))


def assumption_table(scenarios: Sequence[Scenario], say: Words) -> Table:
    """Everything that is drawn, and what the files put in its place: theirs first and marked."""
    rows, units = [], []
    found: dict[tuple[Any, ...], list[str]] = {}
    for scenario in scenarios:
        stated = [(name, item.best, item.low, item.high, item.source) for name, item in scenario.assumptions.items()]
        stated += [(name, item.value, None, None, item.source) for name, item in scenario.baseline.items()]
        for entry in stated:
            found.setdefault(entry, []).append(title_of(scenario, say))
    for (name, value, low, high, source), titles in found.items():
        rows.append(_assumed(registry()[name], value, low, high, clean(source), say["report.of_file"], listed(titles, say), say))
        units.append(registry()[name].unit)
    own = frozenset(range(len(rows)))
    for item in registry().uncertainties:
        grade = say.named("grade", item.grade)
        rows.append(_assumed(item, item.value, item.low, item.high, source_of(item.source, say), grade, say["report.registry"], say))
        units.append(item.unit)
    columns = [
        Column(head=say["drivers.assumption"]), Column(head=say["report.key"], page=False), Column(head=say["head.stage"]),
        Column(head=say["head.value"], unit="level"), Column(head=say["field.low"], unit="level"),
        Column(head=say["field.high"], unit="level"), Column(head=say["head.unit"], page=False), Column(head=say["head.source"]),
        Column(head=say["head.grade"]), Column(head=say["report.whose"]),
    ]
    return table("assumptions", say, columns, rows, units=tuple(units), marked=own)


def _assumed(item: Parameter, value: Any, low: float | None, high: float | None, source: str, grade: str, whose: str, say: Words) -> list:
    return [
        item.label[say.language], item.name, say.named("room", item.stage), _stated(value), low, high, unit_word(item.unit, say.language),
        source, grade, whose,
    ]


def contradiction_table(say: Words) -> Table:
    """Figures of the planning document that cannot all hold, and the reading taken."""
    facts = registry().facts_by_id
    rows = [
        [listed([f"{name} {_fact_text(facts[name], say)}" for name in item.facts], say), item.says[say.language],
         item.resolution[say.language]]
        for item in registry().contradictions
    ]
    heads = (say["report.figures"], say["report.says"], say["report.resolution"])
    return table("contradictions", say, [Column(head=head) for head in heads], rows)


def fact_table(say: Words) -> Table:
    """Every figure of the planning document: what the sources F001 … stand for."""
    rows = [
        [fact.id, _fact_text(fact, say), _stated(fact.value), fact.unit, say.named("role", fact.role), say.named("status", fact.status),
         fact.parameter, fact.note[say.language]]
        for fact in registry().facts
    ]
    columns = [
        Column(head=say["head.id"]), Column(head=say["head.document"]), Column(head=say["head.value"], unit="bare"),
        Column(head=say["head.unit"]), Column(head=say["head.role"]), Column(head=say["head.status"]), Column(head=say["head.parameter"]),
        Column(head=say["report.remark"]),
    ]
    return table("facts", say, columns, rows, pages=False)


def study_table(say: Words) -> Table:
    """Every outside source: what the sources R01 … stand for."""
    rows = [
        [item.id, item.what[say.language], *map(_stated, (item.value, item.low, item.high)), item.unit, item.source, item.address,
         say.named("grade", item.grade), item.note[say.language]]
        for item in registry().studies
    ]
    columns = [
        Column(head=say["head.id"]), Column(head=say["report.what"]), Column(head=say["head.value"], unit="bare"),
        Column(head=say["field.low"], unit="bare"), Column(head=say["field.high"], unit="bare"), Column(head=say["head.unit"]),
        Column(head=say["head.source"]), Column(head=say["report.address"]), Column(head=say["head.grade"]),
        Column(head=say["report.remark"]),
    ]
    return table("studies", say, columns, rows, pages=False)


def _fact_text(fact: Any, say: Words) -> str:
    return fact.chinese if say.language == "zh" else fact.english


def grade_table(drivers: Sensitivity, say: Words) -> Table:
    """What share of the spread each grade of evidence brings, with a 95 % interval."""
    from sim.wording.drivers import graded, share_with_interval

    found = drivers.to_json()["kpis"][0]
    rows = [
        [graded(row["grade"], say), row["count"] if row["grade"] != "noise" else None, share_with_interval(row["share"]),
         *(number(row["share"][end]) for end in ("value", "low", "high"))]
        for row in sorted(found["grades"], key=lambda row: -row["share"]["value"])
    ]
    columns = [
        Column(head=say["drivers.rests_on"]), Column(head=say["drivers.count"], unit="count"), Column(head=say["report.share_interval"]),
        Column(head=say["drivers.share"], unit="chance", page=False),
        Column(head=f"{say['drivers.share']} 2.5 %", unit="chance", page=False),
        Column(head=f"{say['drivers.share']} 97.5 %", unit="chance", page=False),
    ]
    return table("grades", say, columns, rows)


def driver_table(drivers: Sensitivity, say: Words) -> Table:
    """The assumptions that move the result most: where it stands at their p10 and p90, and their share of its spread."""
    found = drivers.to_json()["kpis"][0]
    paired = drivers.against is not None
    swings: Mapping[str, Any] = {row["name"]: row for row in found["tornado"]}
    rows, units = [], []
    for row in found["sobol"]:
        swing = swings.get(row["name"])
        if swing is None:  # day-to-day noise has no ends
            continue
        item = registry()[parameter_of(row["name"])] if row["name"] != POSTERIOR else None
        label, middle = name_of(row["name"], say.language, say), [number(swing["at_low"]), number(swing["at_high"])]
        share = max(0.0, row["total"]["value"])
        if item is None:  # all joint draws of a shop are one factor: its ends are places among them, not values
            rows.append([label, row["name"], None, None, "", *middle, share, say.named("grade", "measured"), say["posterior.factor"]])
        else:
            rows.append([
                label, row["name"], swing["low"], swing["high"], unit_word(item.unit, say.language), *middle, share,
                say.named("grade", item.grade), source_of(item.source, say),
            ])
        units.append("" if item is None else item.unit)
        if len(rows) == TOP_DRIVERS:
            break
    kpi = KPIS[found["kpi"]]
    figure = with_unit(kpi.label[say.language], kpi.unit, say.language)
    columns = [
        Column(head=say["drivers.assumption"]), Column(head=say["report.key"], page=False), Column(head="p10", unit="level"),
        Column(head="p90", unit="level"), Column(head=say["head.unit"], page=False),
        Column(head=say["drivers.at_low"].format(kpi=figure), unit=kpi.unit, change=paired),
        Column(head=say["drivers.at_high"], unit=kpi.unit, change=paired), Column(head=say["report.share_spread"], unit="chance"),
        Column(head=say["head.grade"]), Column(head=say["head.source"]),
    ]
    return table("drivers", say, columns, rows, units=tuple(units))

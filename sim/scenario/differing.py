"""What changes from one scenario to another, field by field, with units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sim.parameters import registry
from sim.scenario.values import KPI_UNITS, LeverCost, LeverSetting, Scenario

KINDS = ("horizon", "lever", "assumption", "event", "goal", "baseline", "profile", "posterior")
_COST_FIELDS = ("once", "per_month", "per_unit")
_EVENT_UNITS = {
    "start": "date",
    "end": "date",
    "traffic": "factor",
    "value": "factor",
    "cpm": "factor",
    "transit": "factor",
    "pull_forward": "share",
}
_PROFILE_UNITS = {
    "weekday": "factor", "season": "factor", "trend": "1/day", "trend_half_life_days": "days", "origin": "date", "source": "",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that differs. `before` and `after` are numbers, lists, ISO dates or text; None is "not stated"."""

    kind: str
    name: str
    field: str
    before: Any
    after: Any
    unit: str


def diff(a: Scenario, b: Scenario) -> list[Difference]:
    """What `b` changes against `a`. A lever that one of them leaves alone stands at its baseline there."""
    found: list[Difference] = []
    for kind, name, field, before, after, unit in _pairs(a, b):
        if before != after:
            found.append(Difference(kind=kind, name=name, field=field, before=_plain(before), after=_plain(after), unit=unit))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


Pair = tuple[str, str, str, Any, Any, str]


def _pairs(a: Scenario, b: Scenario) -> Iterator[Pair]:
    yield "horizon", "horizon", "start", a.start, b.start, "date"
    yield "horizon", "horizon", "days", a.days, b.days, "days"
    book = registry()
    for name in (name for name in book if name in a.moved or name in b.moved):  # in the order of the funnel
        yield from _lever(name, a, b)
    for name in (name for name in book if name in a.assumptions or name in b.assumptions):
        usual, unit = book[name], book[name].unit
        before, after = a.assumptions.get(name), b.assumptions.get(name)
        for field in ("low", "best", "high"):
            standard = usual.value if field == "best" else getattr(usual, field)
            yield (
                "assumption",
                name,
                field,
                getattr(before, field, standard) if before else standard,
                getattr(after, field) if after else standard,
                unit,
            )
        yield "assumption", name, "source", before.source if before else usual.source, after.source if after else usual.source, ""
    yield from _events(a, b)
    for name in (name for name in KPI_UNITS if name in a.goals or name in b.goals):
        for field, unit in (("at_least", KPI_UNITS[name]), ("at_most", KPI_UNITS[name]), ("probability", "share")):
            yield "goal", name, field, getattr(a.goals.get(name), field, None), getattr(b.goals.get(name), field, None), unit
    for name in (name for name in book if name in a.baseline or name in b.baseline):
        usual = book[name]
        before, after = a.baseline.get(name), b.baseline.get(name)
        yield "baseline", name, "value", before.value if before else usual.value, after.value if after else usual.value, usual.unit
        yield "baseline", name, "source", before.source if before else usual.source, after.source if after else usual.source, ""
    for field, unit in _PROFILE_UNITS.items():
        yield "profile", "profile", field, getattr(a.profile, field, None), getattr(b.profile, field, None), unit
    yield "posterior", "posterior", "sha256", getattr(a.posterior, "sha256", None), getattr(b.posterior, "sha256", None), ""


def _lever(name: str, a: Scenario, b: Scenario) -> Iterator[Pair]:
    parameter = registry()[name]
    idle = LeverSetting(amount=0.0, ramp_days=parameter.min_ramp_days)
    before, after = a.moved.get(name, idle), b.moved.get(name, idle)
    ends = [item.moved[name].target(item.lever_baseline(name)) if name in item.moved else item.lever_baseline(name) for item in (a, b)]
    yield "lever", name, "to", ends[0], ends[1], parameter.unit
    for field, first, second in (("start", a.start, b.start), ("until", a.end, b.end)):
        stated = [getattr(item, field) for item in (before, after)]
        if stated[0] is None and stated[1] is None:
            continue
        if (stated[0] or first) != (stated[1] or second) or not (name in a.moved and name in b.moved):
            yield "lever", name, field, stated[0], stated[1], "date"
    yield "lever", name, "ramp_days", before.ramp_days, after.ramp_days, "days"
    yield "lever", name, "coverage", before.coverage, after.coverage, "share"
    for field in _COST_FIELDS:
        yield "lever", name, f"cost.{field}", getattr(before.cost or LeverCost(), field), getattr(after.cost or LeverCost(), field), "CNY"


def _events(a: Scenario, b: Scenario) -> Iterator[Pair]:
    before, after = ({event.name: event for event in item.events} for item in (a, b))
    for name in (*before, *(name for name in after if name not in before)):
        for field, unit in _EVENT_UNITS.items():
            missing = 1.0 if unit == "factor" else None  # days without the event have factors of one
            first = getattr(before[name], field) if name in before else missing
            second = getattr(after[name], field) if name in after else missing
            yield "event", name, field, first, second, unit

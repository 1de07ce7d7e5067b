"""A plan in words: what it changes, what it is worth and costs against the baseline, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sim.analysis.factors import grade_of
from sim.figures import chance, change, compact, figure, interval, money, points, rate, with_interval
from sim.parameters import registry
from sim.planning import MENDED_BY
from sim.scenario import Scenario
from sim.texts import Words, brief
from sim.wording.drivers import name_of
from sim.wording.levers import cost_text

LITTLE = 0.01  # of what is unsure: an assumption that brings less is not felt
HARDLY = 0.05
MOST_CHANGES = 6
LONGEST_EVENT = 60  # letters

Row = Mapping[str, Any]


def change_with_interval(delta: Row, unit: str, language: str) -> str:
    """A paired difference, signed, and its 80 % interval on one scale; where every draw says the same, without."""
    if delta["mean"] is None or delta["p10"] == delta["p90"]:
        return change(delta["mean"], unit, language)
    text = with_interval(delta["mean"], delta["p10"], delta["p90"], unit, language).replace(" %", " pp")
    return f"+{text}" if delta["mean"] > 0 else text


def rank_line(leaks: Sequence[Row], say: Words) -> str:
    """How often a cause ranks first: a ranking that is not sure says so. "" where no cause stands out at all."""
    first = sorted(((row["recoverable"]["first"], row["cause"]) for row in leaks if row["mendable"]), reverse=True)
    named = [
        say["plan.rank_part"].format(cause=say.named("cause", cause), share=chance(share, say.language))
        for share, cause in first if share >= HARDLY
    ]
    return say["plan.worst"].format(causes=_between(say).join(named)) if named else ""


def levers_of(cause: str, say: Words) -> str:
    """The levers that act on a cause, by their labels."""
    return _between(say).join(registry()[name].label[say.language] for name in MENDED_BY.get(cause, ()))


def event_rows(scenario: Scenario, say: Words) -> list[dict[str, str]]:
    """A scenario's events as charts mark them: name, first and last day."""
    return [
        {
            "name": say.get(f"event.{event.name}", brief(event.name, LONGEST_EVENT)),
            "from": event.start.isoformat(), "to": event.end.isoformat(),
        }
        for event in scenario.events
    ]


def _between(say: Words) -> str:
    return "、" if say.language == "zh" else ", "


def changes_text(changes: Sequence[tuple[str, str]], worlds: Sequence[str], say: Words) -> str:
    """What a plan changes: (a lever and how far, when it acts), the most telling first; worlds of the file's own behind them."""
    between = _between(say)
    if not changes:
        return say["in_words.changes_world"].format(world=between.join(worlds))
    said = [say["in_words.timed"].format(change=what, timing=when) if when else what for what, when in changes[:MOST_CHANGES]]
    text = ("；" if say.language == "zh" else "; ").join(said)
    if len(changes) > MOST_CHANGES:
        text = say["in_words.others"].format(first=text, count=len(changes) - MOST_CHANGES)
    if worlds:
        text = say["plan.and_world"].format(what=text, world=between.join(worlds))
    return say["in_words.changes"].format(changes=text)


def worth_text(before: Mapping[str, Row], after: Mapping[str, Row], differences: Mapping[str, Row], days: int, say: Words) -> str:
    """What a plan brings, each figure from its base to where it goes."""
    language = say.language

    def of(rows: Mapping[str, Row], kpi: str) -> str:
        return compact(rows[kpi]["mean"], language)

    return say["in_words.worth"].format(
        days=days, before=money(before["net_gmv"]["mean"], language), after=money(after["net_gmv"]["mean"], language),
        change=change_with_interval(differences["net_gmv"]["delta"], "CNY", language),
        chance=chance(differences["net_gmv"]["p_better"], language),
        returns_before=rate(before["return_rate"]["mean"]), returns_after=rate(after["return_rate"]["mean"]),
        returns=points(differences["return_rate"]["delta"]["mean"]),
        contribution_before=of(before, "contribution"), contribution_after=of(after, "contribution"),
        contribution=change_with_interval(differences["contribution"]["delta"], "CNY", language),
    )


def bill_text(cost_cny: float, by_lever: Mapping[str, float], days: int, say: Words) -> str:
    """The plan's cost, and where several levers cost something, the largest of them. CNY, means."""
    if not any(digit in money(abs(cost_cny), say.language) for digit in "123456789"):
        return say["in_words.cost_none"]
    dear = max(by_lever, key=lambda name: abs(by_lever[name]), default=None)
    most = ""
    if dear is not None and sum(bool(cost) for cost in by_lever.values()) > 1:
        most = say["in_words.most"].format(lever=registry()[dear].label[say.language], cost=cost_text(by_lever[dear], say))
    key = "in_words.cost" if cost_cny > 0 else "in_words.cost_saves"
    return say[key].format(cost=money(abs(cost_cny), say.language), days=days, most=most)


def rests_text(swings: Sequence[Any], say: Words) -> str:
    """What the gain in net GMV rests on, each assumption moved alone (rows of a tornado, see `sim.analysis.sensitivity`).

    The square of a swing stands for the variance that the assumption brings; chance from day to day is left out.
    """
    squares = {row.name: row.swing**2 for row in swings}
    whole = sum(squares.values())
    if not math.isfinite(whole):
        return say["in_words.undone"]
    felt = [row for row in swings if whole and squares[row.name] >= LITTLE * whole]
    if not felt:
        return say["in_words.sure"]
    mere = [row for row in felt if grade_of(row.name) == "assumption"]
    share = sum(squares[row.name] for row in swings if grade_of(row.name) == "assumption") / whole
    widest = (mere or felt)[0]
    name = name_of(widest.name, say.language, say)
    if not mere or share < HARDLY:
        return say["in_words.measured"].format(felt=len(felt), name=name, grade=say.named("grade", grade_of(widest.name)))
    low, high = sorted((widest.at_low, widest.at_high))
    first = say["in_words.first"].format(name=name, low=signed_text(low, say), high=signed_text(high, say))
    return say["in_words.rests"].format(share=chance(share), first=first, count=len(mere), felt=len(felt))


def signed_text(value_cny: float, say: Words) -> str:
    return change(value_cny, "CNY", say.language)


def baseline_text(rows: Mapping[str, Row], worst: Row, days: int, say: Words) -> str:
    """The baseline, and its largest leak that can be mended."""
    language = say.language

    def of(row: Row, unit: str) -> str:
        value = money(row["mean"], language) if unit == "CNY" else figure(row["mean"], unit, language)
        return value if row["p10"] == row["p90"] else f"{value} {interval(row['p10'], row['p90'], unit, language)}"

    return say["in_words.baseline"].format(
        days=days, gmv=of(rows["gmv"], "CNY"), net_gmv=of(rows["net_gmv"], "CNY"), return_rate=of(rows["return_rate"], "share"),
        cause=say.named("cause", worst["cause"]), leak=of(worst["recoverable"]["net_gmv"], "CNY"),
    )

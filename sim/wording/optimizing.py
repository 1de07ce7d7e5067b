"""How the optimiser's answers are worded, for the command line and the page: figures, limits, levers, titles of new files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.figures import chance, change, compact, exact, figure, money, points
from sim.outcome import KPIS
from sim.parameters import UNITS, registry

if TYPE_CHECKING:
    from sim.analysis.frontier import Frontier
    from sim.analysis.goals import Target
    from sim.analysis.optimizing import Answer
    from sim.scenario import Scenario
    from sim.texts import Words


def worded(found: Answer, say: Words) -> Scenario:
    """The answer with a title and a question of its own, over the plan that it was made from."""
    plan = found.asked.scenario
    title = say.of_file(plan.name, "title", plan.title) or plan.name
    limits = "; ".join(limit_text(limit, say) for limit in found.asked.constraints) or say["optimize.no_limits"]
    return replace(
        found.plan, title=say["optimize.title"].format(title=title), extends=plan.name if plan.path is not None else plan.extends,
        question=say["optimize.question_plan"].format(kpi=goal_text(found, say), limits=limits), path=None,
    )


def worded_points(found: Frontier, say: Words) -> list[Scenario]:
    plan = found.asked.scenario
    title = say.of_file(plan.name, "title", plan.title) or plan.name
    rows = []
    for number, point in enumerate(found.points, 1):
        net, rate, cost = (figure_text(point.mean(kpi), kpi, say) for kpi in ("net_gmv", "return_rate", "plan_cost"))
        rows.append(
            replace(
                point.plan, title=say["frontier.title"].format(title=title, number=number), path=None,
                question=say["frontier.question"].format(net=net, rate=rate, cost=cost),
                extends=plan.name if plan.path is not None else plan.extends,
            )
        )
    return rows


def figure_text(value: float | None, kpi: str, say: Words) -> str:
    unit = KPIS[kpi].unit
    return money(value, say.language) if unit == "CNY" else figure(value, unit, say.language)


def worth_text(found: Answer, value: float | None, say: Words, *, signed: bool = False) -> str:
    """A value of the objective, or a difference of two."""
    if found.asked.risk == "probability":
        return points(value, say.language) if signed else chance(value, say.language)
    unit = KPIS[found.asked.objective].unit
    return change(value, unit, say.language) if signed else figure(value, unit, say.language)


def goal_text(found: Answer, say: Words) -> str:
    asked = found.asked
    goal = "" if asked.goal is None else limit_text(asked.goal, say)
    return say[f"optimize.goal_{asked.risk}"].format(kpi=KPIS[asked.objective].label[say.language], goal=goal)


def limit_text(limit: Target, say: Words) -> str:
    sign = "≥" if limit.sense == "at_least" else "≤"
    sure = "" if limit.probability is None else f" @ {chance(limit.probability, say.language)}"
    return f"{KPIS[limit.kpi].label[say.language]} {sign} {figure_text(limit.value, limit.kpi, say)}{sure}"


def level_text(value: float, unit: str, say: Words) -> str:
    """A lever's value with its unit, as a planner says it."""
    if unit == "share":
        return f"{100 * value:.4g} %"
    if unit == "index":
        return say["optimize.index"].format(value=f"{100 * value:.4g}")
    number = compact(value, say.language) if unit == "CNY/month" else exact(round(value, 6))
    return f"{number} {UNITS[unit][say.language]}".strip()


def lever_label(name: str, say: Words) -> str:
    return registry()[name].label[say.language]


def room_text(limit: Any, say: Words) -> str:
    """How far the figure is inside its limit; of a rate in percentage points."""
    if KPIS[limit.target.kpi].unit == "share":
        return points(limit.slack, say.language).lstrip("+")
    return figure_text(limit.slack, limit.target.kpi, say)


def easing_text(found: Answer, limit: Any, say: Words) -> str:
    if not limit.binding:
        return say["optimize.not_binding"]
    if limit.easing_1pct is None:
        return say["optimize.not_solved"]
    return worth_text(found, limit.easing_1pct, say, signed=True)


def random_text(found: Answer, say: Words) -> str:
    """How far ahead of as many random plans."""
    tried = found.random_search
    count = f"{tried.evaluations:,}"
    if tried.best is None:
        return say["optimize.random_none"].format(count=count)
    best, ahead = worth_text(found, tried.best, say), worth_text(found, tried.ahead, say, signed=True).lstrip("+")
    return say["optimize.random"].format(count=count, feasible=f"{tried.feasible:,}", best=best, ahead=ahead)


def bound_text(found: Answer, row: Mapping[str, Any], say: Words) -> str:
    """Is a lever of the answer at the end of its range, or back where it is today?"""
    if row["after"] == found.asked.scenario.lever_baseline(row["name"]):
        return say["optimize.at_base"]
    return say[f"optimize.at_{row['at_bound']}"] if row["at_bound"] else ""

"""`whatif optimize` and `whatif frontier` as tables: pure functions from answers to lines that a planner reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.views import drawn, kpi_label
from sim.figures import change, change_interval, compact, figure, interval, money
from sim.outcome import KPIS
from sim.parameters import registry
from sim.tables import table
from sim.wording.optimizing import (
    bound_text,
    easing_text,
    figure_text,
    goal_text,
    level_text,
    lever_label,
    limit_text,
    random_text,
    room_text,
    worth_text,
)

if TYPE_CHECKING:
    from sim.analysis.frontier import Frontier
    from sim.analysis.optimizing import Answer
    from sim.texts import Words

SHOWN_STEPS = 6


def answer_view(found: Answer, say: Words, *, out: Path | None) -> str:
    """Before and after, the levers, the limits, where the next money goes, and how hard it was tried."""
    asked, data = found.asked, found.to_json()
    plan = asked.scenario
    title = say.of_file(plan.name, "title", plan.title) or plan.name
    goal = goal_text(found, say)
    objective = data["objective"]
    head = [say["optimize.head"].format(plan=title, goal=goal), _setting(found, say)]
    before, after = (worth_text(found, objective[side], say) for side in ("before", "after"))
    head.append(say["optimize.result"].format(goal=goal, before=before, after=after))
    if not found.changed:
        head.append(say["optimize.nothing_better"])
    blocks = ["\n".join(head), _kpi_table(data, say)]
    if found.changed:
        blocks.append(_lever_table(found, data["levers"], say))
    if found.limits:
        blocks.append(_limit_table(found, say))
    for side, steps in (("next_at_hand", found.next_at_hand), ("next_at_answer", found.next_at_answer)):
        if steps:
            blocks.append(_step_table(found, side, steps, say))
    blocks.append("\n".join(_effort(found, say) + ([say["optimize.written"].format(path=out)] if out is not None else [])))
    return "\n\n".join(blocks)


def _setting(found: Answer, say: Words) -> str:
    plan, after = found.asked.scenario, found.after
    horizon = say["say.horizon"].format(days=plan.days, start=plan.start)
    return f"{horizon} · {drawn(central=False, draws=after.draws, seed=after.seed, say=say)}"


def _kpi_table(data: Mapping[str, Any], say: Words) -> str:
    rows = [
        (
            kpi_label(name, row["unit"], say.language), figure(row["before"]["mean"], row["unit"], say.language),
            figure(row["after"]["mean"], row["unit"], say.language), change(row["delta"]["mean"], row["unit"], say.language),
            change_interval(row["delta"]["p10"], row["delta"]["p90"], row["unit"], say.language),
        )
        for name, row in data["kpis"].items()
    ]
    return table(("", *(say[f"head.{key}"] for key in ("before", "after", "change", "interval"))), rows, right=(1, 2, 3))


def _lever_table(found: Answer, levers: Sequence[Mapping[str, Any]], say: Words) -> str:
    rows = [
        (
            lever_label(row["name"], say), level_text(row["before"], row["unit"], say), level_text(row["after"], row["unit"], say),
            compact(row["cost"], say.language), "" if row["alone"] is None else worth_text(found, row["alone"], say, signed=True),
            bound_text(found, row, say),
        )
        for row in levers
        if row["changed"]
    ]
    head = (say["optimize.lever"], say["head.before"], say["head.after"], say["optimize.cost"], say["optimize.alone"], "")
    return f"{say['optimize.levers_head']}\n" + table(head, rows, right=(1, 2, 3, 4))


def _limit_table(found: Answer, say: Words) -> str:
    rows = []
    for place, limit in enumerate(found.limits):
        budget = found.asked.budget is not None and place == 0
        amount = figure_text(limit.target.value, "plan_cost", say)
        name = f"{say['optimize.budget']} ≤ {amount}" if budget else limit_text(limit.target, say)
        rows.append(
            (name, figure_text(limit.reached, limit.target.kpi, say), room_text(limit, say),
             easing_text(found, limit, say))
        )
    head = [say[f"optimize.{key}"] for key in ("limit", "reached", "room", "easing")]
    return f"{say['optimize.limits_head']}\n" + table(head, rows, right=(1, 2, 3))


def _step_table(found: Answer, side: str, steps: Sequence[Any], say: Words) -> str:
    amount, rows = money(found.money, say.language), []
    unit = "share" if found.asked.risk == "probability" else KPIS[found.asked.objective].unit
    # What neither costs nor brings anything is named, not listed.
    free = [step for step in steps if step.per_money is None and step.better <= 0.0 and not step.at_bound]
    for step in [step for step in steps if not step.at_bound and step not in free][:SHOWN_STEPS]:
        lever = registry()[step.lever]
        way = f"{level_text(step.value - step.step, lever.unit, say)} → {level_text(step.value, lever.unit, say)}"
        if step.per_money is None:
            rows.append((lever_label(step.lever, say), way, worth_text(found, step.gain["mean"], say, signed=True), say["optimize.free"]))
        else:
            ends = interval(step.per_money["p10"], step.per_money["p90"], unit, say.language)
            rows.append((lever_label(step.lever, say), way, worth_text(found, step.per_money["mean"], say, signed=True), ends))
    stuck = [lever_label(step.lever, say) for step in steps if step.at_bound]
    head = (say["optimize.lever"], say["optimize.step"], say["optimize.gain_per"].format(money=amount), say["head.interval"])
    lines = [say["optimize.next_from"].format(head=say["optimize.next_head"].format(money=amount), side=say[f"optimize.{side}"])]
    lines += [table(head, rows, right=(2,))] if rows else []
    between = "、" if say.language == "zh" else ", "
    for key, names in (("idle_step", [lever_label(step.lever, say) for step in free]), ("no_step", stuck)):
        if names:
            lines.append(say[f"optimize.{key}"].format(levers=between.join(names)))
    return "\n".join(lines)


def _effort(found: Answer, say: Words) -> list[str]:
    lines = [
        say["optimize.effort"].format(count=f"{found.evaluations:,}", few=f"{found.search_draws:,}", draws=f"{found.after.draws:,}")
    ]
    return lines + ([] if found.random_search is None else [random_text(found, say)])


def frontier_view(found: Frontier, say: Words, *, out: Path | None) -> str:
    plan = found.asked.scenario
    title = say.of_file(plan.name, "title", plan.title) or plan.name
    kpis = ("net_gmv", "return_rate", "plan_cost", "contribution")
    rows = []
    named = [(str(number), point) for number, point in enumerate(found.points, 1)]
    for name, point in [*named, (say["frontier.at_hand"], found.at_hand), (say["frontier.baseline"], found.baseline)]:
        moved = sum(point.levers[lever] != found.at_hand.levers[lever] for lever in point.levers)
        rows.append((name, *(figure_text(point.mean(kpi), kpi, say) for kpi in kpis), str(moved)))

    head = (say["frontier.point"], *(KPIS[kpi].label[say.language] for kpi in kpis), say["frontier.changes"])
    top = say["frontier.head"].format(plan=title, budget=money(found.asked.budget, say.language))
    lines = [top, say["frontier.note"], "", table(head, rows, right=(1, 2, 3, 4, 5))]
    return "\n".join(lines + (["", say["frontier.written"].format(count=len(found.points), path=out)] if out is not None else []))

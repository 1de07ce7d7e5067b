"""What a report says in sentences, and how it shows a figure: three digits to read, the scale said once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.figures import chance, change, compact, exact, figure, interval, money, points, rate, relative, with_interval
from sim.outcome import KPIS, Outcome
from sim.parameters import UNITS
from sim.report.table import Cell, clean
from sim.scenario import Scenario
from sim.texts import Words
from sim.wording.planning import change_with_interval

if TYPE_CHECKING:
    from sim.analysis.attribution import Attribution

Row = Mapping[str, Any]
TILES = ("net_gmv", "gmv", "return_rate", "contribution", "plan_cost")
ABSOLUTE = ("contribution", "plan_cost")  # may be nothing or below: a percentage of it would mislead
COUNTS = ("orders", "viewers", "shoppers", "count")
LARGE = 1e4


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A headline figure: its value, its change against the base with the sense of it, and what stands small below."""

    label: str
    value: str
    delta: str
    sense: str  # "gain" | "loss" | "none": the interval leaves it open, or it is a cost
    notes: tuple[str, ...]


def title_of(scenario: Scenario, say: Words) -> str:
    return " ".join(clean(say.of_file(scenario.name, "title", scenario.title)).split()) or clean(scenario.name)


def question_of(scenario: Scenario, say: Words) -> str:
    return clean(say.of_file(scenario.name, "question", scenario.question))


def horizon_of(scenario: Scenario, say: Words) -> str:
    return say["report.horizon"].format(start=scenario.start, end=scenario.end, days=scenario.days)


def kpi_label(kpi: str, language: str) -> str:
    return with_unit(KPIS[kpi].label[language], KPIS[kpi].unit, language)


def with_unit(label: str, unit: str, language: str) -> str:
    """The label with its unit, where the figure itself does not say it."""
    if not unit.startswith("CNY"):
        return label
    return f"{label}（元）" if language == "zh" else f"{label}, CNY"


# Cells as a page shows them


def shown(value: Cell, unit: str, say: Words, *, is_change: bool = False, level: bool = False) -> str:
    """A cell as text. `level`: a parameter's value with its unit behind it."""
    language = say.language
    if value is None:
        return "–"
    if isinstance(value, str | date):
        return str(value)
    if level:
        return level_text(value, unit, say)
    if unit == "relative":
        return relative(value, language)
    if unit == "chance":
        return chance(value, language)
    if unit in ("bare", "date", "days", "text", "") or (isinstance(value, int) and unit == "count"):
        return exact(value)
    return change(value, unit, language) if is_change else figure(value, unit, language)


def shown_with_interval(mean: Cell, low: Cell, high: Cell, unit: str, say: Words, *, is_change: bool) -> str:
    """A figure with its interval on one scale; where every draw says the same, without."""
    if not all(isinstance(value, int | float) for value in (mean, low, high)) or low == high:
        return shown(mean, unit, say, is_change=is_change)
    text = with_interval(mean, low, high, unit, say.language)
    if not is_change:
        return text
    return ("+" if mean > 0 else "") + text.replace(" %", " pp")


def level_text(value: float, unit: str, say: Words) -> str:
    """A parameter's value as a planner says it."""
    if unit in ("share", "chance"):
        return f"{exact(float(f'{100 * value:.4g}'))} %"
    if unit == "index":
        return say["optimize.index"].format(value=exact(float(f"{100 * value:.4g}")))
    if unit == "CNY":
        small = f"{exact(value)} 元" if say.language == "zh" else f"CNY {exact(value)}"
        return money(value, say.language) if abs(value) >= LARGE else small
    number = compact(value, say.language) if unit.startswith("CNY") and abs(value) >= LARGE else exact(float(f"{value:.6g}"))
    return f"{number} {UNITS.get(unit, {}).get(say.language, unit)}".strip()


# Tiles and sentences


def tiles(plan: Sequence[Row], base: Sequence[Row], differences: Mapping[str, Row] | None, say: Words) -> tuple[Tile, ...]:
    """`plan` and `base`: their KPI rows; `differences`: per figure, None where the plan is the base itself."""
    now, before = ({row["kpi"]: row for row in rows} for rows in (plan, base))
    return tuple(_tile(kpi, now[kpi], before[kpi], differences and differences[kpi], say) for kpi in TILES)


def _tile(kpi: str, row: Row, before: Row, difference: Row | None, say: Words) -> Tile:
    item, language = KPIS[kpi], say.language
    spread = say["plan.certain"] if row["p10"] == row["p90"] else interval(row["p10"], row["p90"], item.unit, language)
    delta, sense, notes = "", "none", (say["plan.interval"].format(range=spread),)
    if row["p10"] == row["p90"]:
        notes = (spread,)
    if difference is not None:
        moved = difference["delta"]["mean"]
        delta = change_with_interval(difference["delta"], item.unit, language)
        share = difference["relative"]
        if share is not None and kpi not in ABSOLUTE and item.unit != "share":
            delta = f"{relative(share, language)}\n{delta}"
        if not moved or not any(digit in delta for digit in "123456789"):
            delta = say["plan.no_change"]
        elif kpi != "plan_cost" and not difference["delta"]["p10"] < 0.0 < difference["delta"]["p90"]:
            sense = "gain" if moved * item.direction > 0 else "loss"
        notes = (*notes, say["report.tile_base"].format(value=figure(before["mean"], item.unit, language)))
    return Tile(label=kpi_label(kpi, language), value=figure(row["mean"], item.unit, language), delta=delta, sense=sense, notes=notes)


def alone_in_words(outcome: Outcome, say: Words) -> list[str]:
    """A scenario with nothing to set it against."""
    rows = {row["kpi"]: row for row in outcome.kpi_rows()}
    return [
        say["report.alone"].format(
            title=title_of(outcome.scenario, say), horizon=horizon_of(outcome.scenario, say), **_figures(rows, say)
        ),
        *leak_in_words(outcome, say, key="report.leak_alone"),
        *goals_in_words(outcome, say),
    ]


def plan_in_words(
    base: Outcome, plan: Outcome, differences: Mapping[str, Row], shares: Attribution | None, say: Words
) -> list[str]:
    """What the plan brings, how surely, what brings most of it, what still leaks, and whether it reaches its goals."""
    rows, language = {row["kpi"]: row for row in plan.kpi_rows()}, say.language
    before = {row["kpi"]: row for row in base.kpi_rows()}
    net, returns = differences["net_gmv"], differences["return_rate"]
    share = "" if net["relative"] is None else say["report.in_share"].format(share=relative(net["relative"], language))
    lines = [
        say["report.lead"].format(
            title=title_of(plan.scenario, say), base=title_of(base.scenario, say), horizon=horizon_of(plan.scenario, say),
            change=change_with_interval(net["delta"], "CNY", language) + share, chance=chance(net["p_better"], language),
            **_figures(rows, say),
        ),
        say["report.further"].format(
            gmv_change=change_with_interval(differences["gmv"]["delta"], "CNY", language),
            before=rate(before["return_rate"]["mean"]), after=rate(rows["return_rate"]["mean"]),
            points=points(returns["delta"]["mean"]), cost=money(rows["plan_cost"]["mean"], language),
            contribution=change_with_interval(differences["contribution"]["delta"], "CNY", language),
        ),
    ]
    if shares is not None and shares.names:
        steps = [step for step in shares.waterfall("net_gmv", most=100) if step["mean"] is not None]
        if steps:
            best = max(steps, key=lambda step: abs(step["mean"]))
            from sim.wording.attribution import contributor_label

            lever = contributor_label(best["levers"][0], shares.method.joined, say)
            lines.append(say["report.most"].format(lever=lever, change=change_with_interval(best, "CNY", language)))
    return lines + leak_in_words(plan, say, key="report.leak") + goals_in_words(plan, say)


def _figures(rows: Mapping[str, Row], say: Words) -> dict[str, str]:
    def said(kpi: str) -> str:
        row, unit = rows[kpi], KPIS[kpi].unit
        if row["p10"] == row["p90"]:
            return money(row["mean"], say.language) if unit == "CNY" else figure(row["mean"], unit, say.language)
        text = with_interval(row["mean"], row["p10"], row["p90"], unit, say.language)
        return say["report.in_cny"].format(value=text) if unit == "CNY" else text

    return {kpi: said(kpi) for kpi in ("gmv", "net_gmv", "return_rate", "contribution")}


def leak_in_words(outcome: Outcome, say: Words, *, key: str) -> list[str]:
    """The worst leak that could be mended."""
    rows = [row for row in outcome.leak_rows() if row["mendable"] and row["recoverable"]["net_gmv"]["mean"]]
    if not rows:
        return []
    worst = max(rows, key=lambda row: row["recoverable"]["net_gmv"]["mean"])
    gain = worst["recoverable"]["net_gmv"]
    return [say[key].format(
        cause=say.named("cause", worst["cause"]), gain=with_interval(gain["mean"], gain["p10"], gain["p90"], "CNY", say.language),
        first=chance(worst["recoverable"]["first"], say.language),
    )]


def goals_in_words(outcome: Outcome, say: Words) -> list[str]:
    goals = outcome.goal_rows()
    if not goals:
        return []
    missed = [KPIS[goal["kpi"]].label[say.language] for goal in goals if not goal["reached"]]
    if not missed:
        return [say["report.goals_met"].format(count=len(goals))]
    return [say["report.goals_missed"].format(met=len(goals) - len(missed), count=len(goals), missed=listed(missed, say))]


def tight(text: str) -> str:
    """No line ends between a number and its unit, or inside an interval."""
    return re.sub(r"(?<=[\d\]]) (?=\[|%|pp|bn|tn|[mk]\b|[亿万元])|(?<=CNY) (?=\d)", "\u00a0", text)


def listed(names: Sequence[str], say: Words) -> str:
    return ("、" if say.language == "zh" else ", ").join(names)


def paragraph(sentences: Sequence[str], say: Words) -> str:
    return ("" if say.language == "zh" else " ").join(sentences)


def finite(outcome: Outcome, kpi: str) -> bool:
    return bool(np.all(np.isfinite(outcome.kpi(kpi))))

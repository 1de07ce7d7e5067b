"""Tables for reading (texts) and for downloading (all digits, UTF-8 with a mark so that Excel reads Chinese)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from sim.figures import chance, compact, figure, with_interval
from sim.outcome import KPIS
from sim.parameters import registry
from sim.scenario import Difference
from sim.texts import Words, visible

Row = Mapping[str, Any]


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """Rows of one shape as CSV, numbers with all their digits."""
    out = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def period_sheet(rows: Sequence[Row], before: Sequence[float] | None, say: Words) -> list[dict[str, str]]:
    """Weeks or months to read; `before` is the baseline's net GMV, where it is another."""
    language = say.language
    return [
        {
            say["table.period"]: f"{row['first']:%Y-%m-%d} – {row['last']:%m-%d}",
            say["table.viewers"]: compact(row["viewers"], language),
            say["table.orders"]: compact(row["orders"], language),
            say["table.gmv"]: _spread(row, "gmv", "CNY", language),
            say["table.net_gmv"]: _spread(row, "net_gmv", "CNY", language),
            **({} if base is None else {say["table.base_net_gmv"]: compact(base, language)}),
            say["table.return_rate"]: _spread(row, "return_rate", "share", language),
            say["table.refunds"]: compact(row["refunds"], language),
        }
        for row, base in zip(rows, before or [None] * len(rows), strict=True)
    ]


def _spread(row: Row, name: str, unit: str, language: str) -> str:
    return with_interval(row[name], row[f"{name}_p10"], row[f"{name}_p90"], unit, language)


def period_figures(rows: Sequence[Row], before: Sequence[float], say: Words) -> list[dict[str, Any]]:
    """The same with all digits."""
    heads = {"first": "first", "last": "last"} if say.language == "en" else {"first": "起", "last": "止"}
    found = []
    for row, base in zip(rows, before, strict=True):
        line: dict[str, Any] = {heads["first"]: row["first"].isoformat(), heads["last"]: row["last"].isoformat()}
        for name in ("days", "viewers", "orders"):
            line[say[f"table.{name}"]] = row[name]
        for name in ("gmv", "net_gmv", "return_rate"):
            line[say[f"table.{name}"]] = row[name]
            line |= {f"{say[f'table.{name}']} {band}": row[f"{name}_{band}"] for band in ("p10", "p90")}
        line[say["table.base_net_gmv"]] = base
        line[say["table.refunds"]] = row["refunds"]
        found.append(line)
    return found


def goal_sheet(goals: Sequence[Row], kpis: Sequence[Row], say: Words) -> list[dict[str, str]]:
    """Each goal over the whole horizon."""
    means = {row["kpi"]: row["mean"] for row in kpis}
    return [
        {
            say["head.goal"]: KPIS[goal["kpi"]].label[say.language],
            say["head.target"]: _limit(goal, KPIS[goal["kpi"]].unit, say),
            say["goals.plan"]: figure(means[goal["kpi"]], KPIS[goal["kpi"]].unit, say.language),
            say["head.asked"]: say["say.on_mean"] if goal["probability"] is None else chance(goal["probability"], say.language),
            say["head.met"]: chance(goal["share"], say.language),
            say["head.reached"]: ("✓ " if goal["reached"] else "✗ ") + say["say.yes" if goal["reached"] else "say.no"],
        }
        for goal in goals
    ]


def _limit(goal: Row, unit: str, say: Words) -> str:
    return say[f"goals.{goal['sense']}"].format(value=figure(goal["target"], unit, say.language))


def month_sheet(months: Sequence[Row], say: Words) -> list[dict[str, str]]:
    """A row per month, and for each goal its target, the plan and how often the target is met."""
    found: dict[str, dict[str, str]] = {}
    for row in months:
        month, item = f"{row['first']:%Y-%m}", KPIS[row["kpi"]]
        label, line = item.label[say.language], found.setdefault(month, {say["goals.month"]: month})
        line[f"{label} · {say['head.target']}"] = _limit(row, item.unit, say)
        line[f"{label} · {say['goals.plan']}"] = with_interval(row["mean"], row["p10"], row["p90"], item.unit, say.language)
        line[f"{label} · {say['head.met']}"] = chance(row["share"], say.language)
    return list(found.values())


def name_of(difference: Difference, say: Words) -> str:
    """The registry's or the KPI's label; an event's own name."""
    if difference.name in registry():
        return registry()[difference.name].label[say.language]
    if difference.name in KPIS:
        return KPIS[difference.name].label[say.language]
    if difference.kind in ("horizon", "profile", "posterior"):
        return say[f"field.{difference.kind}"]
    return say.get(f"event.{difference.name}", visible(difference.name))


def difference_sheet(differences: Sequence[Difference], say: Words) -> list[dict[str, str]]:
    """What a plan's file changes, field by field, in the planner's units."""
    return [
        {
            say["head.kind"]: say.named("kind", item.kind),
            say["head.name"]: name_of(item, say),
            say["head.field"]: say.named("field", item.field),
            say["head.before"]: said(item.before, item, say),
            say["head.after"]: said(item.after, item, say),
        }
        for item in differences
    ]


def said(value: Any, item: Difference, say: Words) -> str:
    """A value of a difference in the planner's unit."""
    from sim.ui.inputs import dial

    if value is None:
        return say["compare.not_stated"]
    if item.kind == "posterior":
        return str(value)[:12]
    if isinstance(value, list):
        return ", ".join(said(part, item, say) for part in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return visible(str(value))
    if item.kind == "lever" and item.field == "to":
        return dial(registry()[item.name], say.language).text(value)
    return figure(value, item.unit, say.language) if item.unit in ("share", "CNY") else f"{value:g}"

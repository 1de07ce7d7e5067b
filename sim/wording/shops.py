"""A shop's own numbers in words: what was found in the file, how good the projections would have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.figures import compact, rate, ratio
from sim.texts import Words

if TYPE_CHECKING:
    from sim.shops.calibration import Calibration
    from sim.shops.findings import Finding

_MOST_ROWS = 6


def finding_says(finding: Finding, say: Words) -> str:
    """One sentence of what was found and where."""
    data = dict(finding.data)
    data.setdefault("column", finding.column)
    for key in ("column", "above"):
        if data.get(key):
            data[key] = say.named("shops.column", data[key])
    for key in ("value", "usual", "extra"):
        if key in data:
            data[key] = compact(data[key], say.language)
    if "share" in data:
        data["share"] = rate(data["share"])
    if "factor" in data:
        data["factor"] = ratio(data["factor"])
    if "weekdays" in data:
        names = say["calibrating.day_names"].split("|")
        data["weekdays"] = ("、" if say.language == "zh" else ", ").join(names[day] for day in data["weekdays"])
    if finding.days:
        data |= {"first": str(finding.days[0]), "last": str(finding.days[-1]), "days": len(finding.days)}
        data["when"] = data["first"] if data["first"] == data["last"] else f"{data['first']} … {data['last']}"
    return say[f"shops.found.{finding.kind}"].format(rows=rows_text(finding.rows), **data)


def finding_handled(finding: Finding, choice: str, say: Words) -> str:
    """The finding and what is done about it."""
    return say["shops.handled"].format(says=finding_says(finding, say), key=finding.key, did=say[f"shops.did.{choice}"])


def rows_text(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:_MOST_ROWS])
    return f"{shown} … ({len(rows):,})" if len(rows) > _MOST_ROWS else shown


def series_text(row: Mapping[str, Any], say: Words) -> str:
    """A series of the backtest, and what was given."""
    name = say.named("shops.column", row["series"])
    return name if row["given"] is None else say["shops.given"].format(series=name, above=say.named("shops.column", row["given"]))


def scores_say(rows: Sequence[Mapping[str, Any]], say: Words) -> list[str]:
    """Plainly: where does a simple rule do better?"""
    found = []
    for row in rows:
        if row["better"]:
            names = ("、" if say.language == "zh" else ", ").join(say[f"shops.rival.{name}"] for name in row["better"])
            found.append(say["shops.beaten"].format(series=series_text(row, say), rivals=names))
    return found or [say["shops.unbeaten"]]


def uplift_says(item: Mapping[str, Any], say: Words) -> str:
    """What a dated event did, and whether its next one is in the scenario."""
    said = say["shops.uplift"].format(
        name=item["name"], first=item["start"], last=item["end"], factor=f"{item['p50']:.2f}", low=f"{item['p10']:.2f}",
        high=f"{item['p90']:.2f}",
    )
    if item["ahead"]:
        when = ("、" if say.language == "zh" else ", ").join(f"{start} … {end}" for start, end in item["ahead"])
        return said + say["shops.uplift_ahead"].format(when=when, factor=f"{item['p50']:.2f}")
    return said + say["shops.uplift_only"].format(factor=f"{item['p50']:.2f}")


def refunds_say(found: Calibration, say: Words) -> list[str]:
    """What the file's returns and refunds tell, by the day on which it dates them, and what they cannot tell."""
    columns, meaning, lines = found.table.columns, found.table.definitions, []
    if "refund_amount" in columns:
        lines.append(say["shops.refunds_money" if "returned_orders" in columns else "shops.refunds_money_only"])
    if "returned_orders" in columns:
        lines.append(say["shops.returns_by_order_date" if meaning["returns"] == "by_order_date" else f"shops.refunds_{meaning['refunds']}"])
    return lines

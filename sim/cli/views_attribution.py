"""What each lever brought, as a table: a waterfall in words, from the dictionaries that --format json prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.cli.views import kpi_label
from sim.figures import change, change_interval
from sim.tables import shorten, table
from sim.texts import Words, words

Row = Mapping[str, Any]
MOST_PAIRS = 3  # of interactions, in each direction
SMALLEST = 0.01  # of the whole difference: an interaction below it is not worth a line


def attribution_view(plan: Row, *, base_title: str, title: str, draws: int, language: str) -> str:
    """For one plan: each contributor's share of net GMV and of the return rate, the largest first, and the sum."""
    from sim.outcome import KPIS

    say = words(language)
    method = plan["attribution_method"]
    moving = [row for row in plan["attribution"] if any(row[kpi]["mean"] != 0.0 for kpi in ("net_gmv", "return_rate", "contribution"))]
    if not moving:
        return say["attribution.nothing"].format(plan=title, base=base_title)
    net, rate = KPIS["net_gmv"].unit, KPIS["return_rate"].unit
    in_turn = {row["lever"]: row["net_gmv"]["mean"] for row in plan["roll_out"]}
    moving.sort(key=lambda row: (-abs(row["net_gmv"]["mean"] or 0.0), row["lever"]))
    rows = [
        (
            shorten(label_of(row["lever"], method, say), 46),
            change(row["net_gmv"]["mean"], net, language),
            change_interval(row["net_gmv"]["p10"], row["net_gmv"]["p90"], net, language),
            change(row["return_rate"]["mean"], rate, language),
            change(in_turn.get(row["lever"]), net, language),
        )
        for row in moving
    ]
    whole = {kpi: plan["kpis"][kpi]["delta"] for kpi in ("net_gmv", "return_rate")}
    rows.append(
        (
            say["attribution.all"], change(whole["net_gmv"]["mean"], net, language),
            change_interval(whole["net_gmv"]["p10"], whole["net_gmv"]["p90"], net, language),
            change(whole["return_rate"]["mean"], rate, language), change(whole["net_gmv"]["mean"], net, language),
        )
    )
    head = (
        say["attribution.title"], kpi_label("net_gmv", net, language), say["head.interval"], KPIS["return_rate"].label[language],
        say["attribution.in_turn"],
    )
    lines = [table(head, rows, right=(1, 3, 4)), *_together(plan, say, net), method_line(plan["attribution"], method, draws, say)]
    return "\n\n".join(("\n".join(lines[:1]), "\n".join(line for line in lines[1:] if line)))


def label_of(name: str, method: Row, say: Words) -> str:
    """A lever's label; of what differs beside the levers, its word."""
    from sim.parameters import registry

    if name in method["joined"]:
        return say["attribution.world_and_baseline"]
    return registry()[name].label[say.language] if name in registry() else say.named("contributor", name)


def method_line(rows: Sequence[Row], method: Row, draws: int, say: Words) -> str:
    """How the shares were found, and of how many draws."""
    counts = {"coalitions": f"{method['coalitions']:,}", "draws": f"{method['draws']:,}"}
    if method["kind"] == "exact":
        line = say["attribution.exact"].format(**counts)
    else:
        errors = [row["net_gmv"]["standard_error"] for row in rows]
        known = [error for error in errors if error is not None]
        largest = change(max(known), "CNY", say.language).lstrip("+") if known else ""
        line = say["attribution.permutations" if known else "attribution.permutations_bare"].format(
            orders=method["permutations"], error=largest, **counts
        )
    more = [say["attribution.fewer"].format(draws=counts["draws"], all=f"{draws:,}")] if method["draws"] < draws else []
    more += [say["attribution.joined"]] if method["joined"] else []
    return ("" if say.language == "zh" else " ").join([line, *more])


def _together(plan: Row, say: Words, unit: str) -> list[str]:
    """The strongest pairs that help each other, and those that do the same work."""
    whole = abs(plan["kpis"]["net_gmv"]["delta"]["mean"] or 0.0)
    lines = []
    for key, sign in (("attribution.stronger", 1.0), ("attribution.weaker", -1.0)):
        found = [row for row in plan["interactions"] if (row["net_gmv"]["mean"] or 0.0) * sign > SMALLEST * whole][:MOST_PAIRS]
        pairs = [
            say["attribution.pair"].format(
                one=label_of(row["levers"][0], plan["attribution_method"], say), value=change(row["net_gmv"]["mean"], unit, say.language),
                other=label_of(row["levers"][1], plan["attribution_method"], say),
            )
            for row in found
        ]
        if pairs:
            lines.append("\n".join([say[key], *(f"  {pair}" for pair in pairs)]))
    return lines

"""What each lever brought, as a table: a waterfall in words, from the dictionaries that --format json prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.cli.views import kpi_label
from sim.figures import change, change_interval
from sim.tables import shorten, table
from sim.texts import Words, words
from sim.wording.attribution import contributor_label, method_says

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
            shorten(contributor_label(row["lever"], method["joined"], say), 46),
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
    how = method_says(plan["attribution"], method, "net_gmv", draws, say)
    lines = [table(head, rows, right=(1, 3, 4)), *_together(plan, say, net), how]
    return "\n\n".join(("\n".join(lines[:1]), "\n".join(line for line in lines[1:] if line)))


def _together(plan: Row, say: Words, unit: str) -> list[str]:
    """The strongest pairs that help each other, and those that do the same work."""
    whole, joined = abs(plan["kpis"]["net_gmv"]["delta"]["mean"] or 0.0), plan["attribution_method"]["joined"]
    lines = []
    for key, sign in (("attribution.stronger", 1.0), ("attribution.weaker", -1.0)):
        found = [row for row in plan["interactions"] if (row["net_gmv"]["mean"] or 0.0) * sign > SMALLEST * whole][:MOST_PAIRS]
        pairs = [
            say["attribution.pair"].format(
                one=contributor_label(row["levers"][0], joined, say), value=change(row["net_gmv"]["mean"], unit, say.language),
                other=contributor_label(row["levers"][1], joined, say),
            )
            for row in found
        ]
        if pairs:
            lines.append("\n".join([say[key], *(f"  {pair}" for pair in pairs)]))
    return lines

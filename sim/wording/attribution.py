"""How shares are worded, for the command line and the pages: what a contributor is called, and how its share was found.

They take the dictionaries of `Attribution.to_json`, which are also what --format json prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.figures import change
from sim.outcome import KPIS
from sim.parameters import registry
from sim.texts import Words

Row = Mapping[str, Any]


def contributor_label(name: str, joined: Sequence[str], say: Words) -> str:
    """A lever's label; of what differs beside the levers, its word. `joined`: contributors that cannot be told apart."""
    if name in joined:
        return say["attribution.world_and_baseline"]
    return registry()[name].label[say.language] if name in registry() else say.named("contributor", name)


def method_says(rows: Sequence[Row], method: Row, kpi: str, draws: int, say: Words) -> str:
    """How the shares of a figure were found, and in how many of the comparison's draws. rows: a contributor each"""
    counts = {"coalitions": f"{method['coalitions']:,}", "draws": f"{method['draws']:,}"}
    if method["kind"] == "exact":
        lines = [say["attribution.exact"].format(**counts)]
    else:
        known = [error for row in rows if (error := row[kpi]["standard_error"]) is not None]
        largest = change(max(known), KPIS[kpi].unit, say.language).lstrip("+") if known else ""
        key = "attribution.permutations" if known else "attribution.permutations_bare"
        lines = [say[key].format(orders=method["permutations"], error=largest, **counts)]
    if method["draws"] < draws:
        lines.append(say["attribution.fewer"].format(draws=counts["draws"], all=f"{draws:,}"))
    if method["joined"]:
        lines.append(say["attribution.joined"])
    return ("" if say.language == "zh" else " ").join(lines)

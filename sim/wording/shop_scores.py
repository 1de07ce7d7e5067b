"""How good a shop's projections would have been, in a sentence or two, and plainly where a simple rule does better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.figures import rate
from sim.parameters import registry
from sim.texts import Words
from sim.wording.shops import series_text

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.shops.score_files import KeptScore

_FIRST = ("sessions", "orders", "paid_orders", "gmv")
_MOST = 3


def off_by(score: KeptScore, say: Words) -> str:
    """How far off whole series were, three of them: sessions 16 %, orders 21 %. Empty where none was scored."""
    whole = [row for row in score.rows if row["given"] is None and math.isfinite(row["wape"])]
    first = [row for name in _FIRST for row in whole if row["series"] == name] or whole
    comma = "、" if say.language == "zh" else ", "
    return comma.join(say["calibrating.off_by"].format(series=series_text(row, say), share=rate(row["wape"])) for row in first[:_MOST])


def score_in_words(score: KeptScore | None, say: Words) -> str:
    """What stands beside every projection of a calibrated shop. None: it was never scored, and that is said."""
    if score is None or not score.rows:
        return say["calibrating.unscored"]
    unit, says = say["shops.days" if score.step_days == 1 else "shops.weeks"], off_by(score, say)
    said = [say["calibrating.scored"].format(horizon=score.horizon, unit=unit, origins=score.origins, says=says)] if says else []
    beaten = [series_text(row, say) for row in score.rows if row["better"]]
    if beaten:
        names = ("、" if say.language == "zh" else ", ").join(beaten[:_MOST])
        names += say["calibrating.and_more"].format(count=len(beaten) - _MOST) if len(beaten) > _MOST else ""
        said.append(say["calibrating.simple_better"].format(series=names))
    else:
        said.append(say["shops.unbeaten"])
    return ("" if say.language == "zh" else " ").join(said)


def platform_priced(scenario: Scenario) -> tuple[str, ...]:
    """Levers that a calibrated shop's plan moves at a price counted for the whole platform of the document, in the plan's order.

    Not those whose price the plan states, whose amount is the price (budgets), or that cost per merchant or per parcel: these are
    of the shop's own size.
    """
    if scenario.posterior is None:
        return ()
    found = []
    for name, setting in scenario.moved.items():
        cost = registry()[name].cost
        if setting.cost is not None or cost is None or cost.basis in ("budget", "spend") or cost.units == "money.merchants":
            continue
        if cost.once or cost.per_month or (cost.per_unit and cost.basis != "parcel"):
            found.append(name)
    return tuple(found)


def prices_in_words(scenarios: Sequence[Scenario], say: Words) -> str:
    """That ROI and plan cost of a shop rest on a platform's prices, and of which levers; nothing where they do not."""
    comma = "、" if say.language == "zh" else ", "
    moved = dict.fromkeys(name for scenario in scenarios for name in platform_priced(scenario))
    names = [registry()[name].label[say.language] for name in moved]
    return say["shops.platform_prices"].format(levers=comma.join(names)) if names else ""

"""The planning document's figures beside the model's: each reproduced one is measured on an outcome, never copied."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from sim.engine import run
from sim.model.returns import SIZED
from sim.model.world import CATEGORIES, CHANNELS, Array
from sim.outcome import Outcome, mean
from sim.parameters import Fact, registry
from sim.scenario import Scenario

REFERENCE_START = date(2023, 7, 1)
LOGISTICS = ("late_shipping", "late_delivery", "damage")


def reference_quarter() -> Scenario:
    """The quarter on which the pinned totals are solved: the registry alone, 92 days of 2023 Q3."""
    days = int(registry()["closure.reference_days"].value)
    return Scenario(name="reference_quarter", title="Reference quarter", start=REFERENCE_START, days=days)


def measured(outcome: Outcome) -> dict[str, Array]:
    """The document's totals as an outcome shows them, in the document's unit. {fact id: [draw]}"""
    total, category = outcome.total, outcome.category
    by_name = {name: i for i, name in enumerate(CATEGORIES)}

    def rate(name: str) -> Array:
        return category("returned")[by_name[name]] / category("shipped")[by_name[name]]

    def returned(cause: str, names: tuple[str, ...] = CATEGORIES) -> Array:
        return outcome.arrays[f"return.orders.{cause}"][[by_name[name] for name in names]].sum(axis=0)

    sized = category("returned")[[by_name[name] for name in SIZED]].sum(axis=0)
    beauty = by_name["beauty"]
    return {
        "F001": total("gmv") / 1e9,
        "F003": 100.0 * category("gmv")[by_name["apparel"]] / total("gmv"),
        "F018": 100.0 * total("orders") / total("viewers"),
        "F020": 100.0 * category("orders")[beauty] / category("viewers")[beauty],
        "F041": 100.0 * total("answered_orders") / total("answered_askers"),
        "F043": 100.0 * rate("large_appliances"),
        "F101": total("paid_gmv") / total("ad_spend"),
        "F104": 100.0 * total("slow_loads") / total("visits"),
        "F105": 100.0 * (1.0 - total("stayers") / total("visits")),
        "F108": 100.0 * (total("benchmark_success") - total("paid") / total("orders")),
        "F109": outcome.service_figures()["peak_wait_s"],
        "F110": 100.0 * (1.0 - total("contacts") / total("all_contacts")),
        "F111": 100.0 * (1.0 - total("late_orders") / total("paid")),
        "F113": 100.0 * sum(returned(cause) for cause in LOGISTICS) / total("returned"),
        "F115": 100.0 * returned("size", SIZED) / sized,
        "F117": 100.0 * rate("jewellery"),
    }


def beside(outcome: Outcome) -> dict[str, Array]:
    """The model's own figure for targets that no equation is bent to. {fact id: [draw]}"""
    beauty, apparel = CATEGORIES.index("beauty"), CATEGORIES.index("apparel")
    farthest = outcome.parcels["print_h"] + outcome.parcels["ship_h"] + registry()["fulfilment.transit_mean_h"].value[-1]
    colour = outcome.arrays["return.orders.colour"][apparel] / outcome.category("returned")[apparel]
    ones = np.ones(outcome.draws)
    returning = 100.0 * outcome.total("returning_viewers") / outcome.total("earned_viewers")
    lever, private = registry()["traffic.private_domain"], CHANNELS.index("private_domain")
    full = run(outcome.scenario.with_levers({lever.name: lever.bounds[1]}), draws=outcome.draws, seed=outcome.seed, noise=False)
    return {
        "F026": returning,
        "F039": outcome.category("gmv")[beauty] / outcome.category("viewers")[beauty],
        "F050": returning,
        "F084": registry().facts_by_id["F084"].value[0] * full.channel("viewers")[private] / outcome.channel("viewers")[private],
        "F112": farthest * ones,
        "F116": 100.0 * colour,
    }


def facts(*, draws: int = 1000, seed: int = 1) -> list[dict[str, Any]]:
    """All figures of the document with the role each plays and, where there is one, the model's own figure."""
    outcome = run(reference_quarter(), draws=draws, seed=seed, noise=False)
    figures = {name: float(mean(values)) for name, values in (measured(outcome) | beside(outcome)).items()}
    return [_row(fact, figures.get(fact.id)) for fact in registry().facts]


def _row(fact: Fact, figure: float | None) -> dict[str, Any]:
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    return {
        "id": fact.id, "section": fact.section, "quantity": fact.quantity, "document_value": value, "unit": fact.unit, "role": fact.role,
        "status": fact.status, "model_value": figure, "parameter": fact.parameter or None, "phrase": fact.phrase, "english": fact.english,
        "note": fact.note["en"], "note_zh": fact.note["zh"], "contradicts": list(fact.contradicts),
    }

"""Plans against a base, draw by draw: both meet the same world, so chance cancels and what differs is the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.analysis.horizons import on_one_horizon
from sim.engine import run
from sim.model.world import Array
from sim.outcome import KPIS, Outcome, mean, spread
from sim.scenario import Scenario

BANDS = ("p10", "p50", "p90")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A base and its plans, run on the same draws."""

    base: Outcome
    plans: tuple[Outcome, ...]

    def delta(self, plan: Outcome, kpi: str) -> Array:
        """Plan minus base in each draw. [draw]"""
        return plan.kpi(kpi) - self.base.kpi(kpi)

    def better(self, plan: Outcome, kpi: str) -> float | None:
        """Share of draws in which the plan is better, by the figure's own direction; a tie counts half."""
        delta = self.delta(plan, kpi) * KPIS[kpi].direction
        if not np.all(np.isfinite(delta)):
            return None
        return float(np.mean(np.where(delta == 0.0, 0.5, delta > 0.0)))

    def figures(self, plan: Outcome) -> dict[str, dict[str, Any]]:
        """Per figure: the paired difference, its share of the base's mean (null at 0), and the chance of being better."""
        rows = {}
        for kpi in KPIS:
            delta = spread(self.delta(plan, kpi), BANDS)
            base = self.base.kpi(kpi)
            at = float(mean(base)) if np.all(np.isfinite(base)) else 0.0
            relative = delta["mean"] / at if at and delta["mean"] is not None else None
            rows[kpi] = {"delta": delta, "relative": relative, "p_better": self.better(plan, kpi)}
        return rows

    def to_json(self) -> dict[str, Any]:
        def named(outcome: Outcome) -> dict[str, Any]:
            return {"name": outcome.scenario.name, "digest": outcome.scenario.digest}

        base = self.base
        return {
            "base": named(base) | {"kpis": {row["kpi"]: row for row in base.kpi_rows()}},
            "plans": [named(plan) | {"kpis": self.figures(plan)} for plan in self.plans],
            "version": base.version, "seed": base.seed, "draws": base.draws, "noise": base.noise,
            "start": base.scenario.start.isoformat(), "days": base.scenario.days,
        }


def compare(
    base: Scenario, plans: Scenario | Sequence[Scenario], *, draws: int = 1000, seed: int = 1, noise: bool = True, same_world: bool = False,
    workers: int = 1, scheduler: str | None = None,
) -> Comparison:
    """Run a base and one or more plans on the same draws, over the first plan's horizon (see `on_one_horizon`).

    `same_world` puts the base's assumptions and events under every plan.
    """
    base, plans = on_one_horizon(base, [plans] if isinstance(plans, Scenario) else plans)
    if same_world:
        plans = [replace(plan, assumptions=base.assumptions, events=base.events) for plan in plans]
    chance = {"draws": draws, "seed": seed, "noise": noise, "workers": workers, "scheduler": scheduler}
    return Comparison(base=run(base, **chance), plans=tuple(run(plan, **chance) for plan in plans))

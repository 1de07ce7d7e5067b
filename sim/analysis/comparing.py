"""Plans against a base, draw by draw: both meet the same world, so chance cancels and what differs is the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.horizons import on_one_horizon
from sim.engine import run
from sim.model.world import Array
from sim.outcome import KPIS, Outcome, mean, spread
from sim.scenario import Scenario

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.analysis.attribution import Attribution

BANDS = ("p10", "p50", "p90")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A base and its plans, run on the same draws. `workers` and `scheduler`: where more of it is computed when it is asked for."""

    base: Outcome
    plans: tuple[Outcome, ...]
    workers: int = 1
    scheduler: str | None = None
    _attributed: dict[tuple[int, str], Attribution] = field(default_factory=dict, init=False, repr=False, compare=False)

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

    def attribution(self) -> DataFrame:
        """What each lever brought: tidy, one row per plan, contributor and figure, with mean, p10 and p90 (see `attributions`)."""
        from pandas import concat

        return concat(
            [shares.frame(plan.scenario.name) for plan, shares in zip(self.plans, self.attributions(), strict=True)], ignore_index=True
        )

    def attributions(self, *, effort: str = "auto", progress: Callable[[int, int], None] | None = None) -> list[Attribution]:
        """Per plan the fair shares of what differs, computed when they are first asked for (see `attribution_of`)."""
        return [self.attributed(place, effort=effort, progress=progress) for place in range(len(self.plans))]

    def attributed(
        self, place: int, *, effort: str = "auto", progress: Callable[[int, int], None] | None = None, share_out: bool = False
    ) -> Attribution:
        """The fair shares of the plan at this place. `share_out`: use several processes where that pays, whatever `workers` says."""
        from sim.analysis.attribution import attribution_of

        key = place, effort
        if key not in self._attributed:
            where = {"workers": None if share_out else self.workers, "scheduler": self.scheduler}
            self._attributed[key] = attribution_of(self.base, self.plans[place], effort=effort, progress=progress, **where)
        return self._attributed[key]

    def to_json(self, *, attribution: str | None = "auto") -> dict[str, Any]:
        """Contract of `whatif compare`. `attribution`: the effort that it may take, or None to leave it out."""

        def named(outcome: Outcome) -> dict[str, Any]:
            return {"name": outcome.scenario.name, "digest": outcome.scenario.digest}

        base = self.base
        return {
            "base": named(base) | {"kpis": {row["kpi"]: row for row in base.kpi_rows()}},
            "plans": [
                named(plan) | {"kpis": self.figures(plan)} | (self.attributed(i, effort=attribution).to_json() if attribution else {})
                for i, plan in enumerate(self.plans)
            ],
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
    return Comparison(
        base=run(base, **chance), plans=tuple(run(plan, **chance) for plan in plans), workers=workers, scheduler=scheduler,
    )

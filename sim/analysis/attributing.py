"""What each lever brought, asked of scenarios instead of outcomes: all that a page shows of it, small enough to travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.analysis.attribution import FIGURES, Attribution, Progress, attribution_of
from sim.analysis.comparing import Comparison
from sim.engine import run
from sim.outcome import Outcome
from sim.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Attributed:
    """The shares of a plan, with what is said beside them: the whole difference {figure: {mean, p10, p50, p90}}, of how many draws."""

    base: Scenario
    plan: Scenario
    shares: Attribution
    deltas: Mapping[str, Mapping[str, float | None]]
    draws: int


def attribute(
    base: Scenario, plan: Scenario, *, draws: int, seed: int, noise: bool, workers: int = 1, progress: Progress | None = None
) -> Attributed:
    """Run both over their horizon, which must be one, and share out what differs (see `attribution_of`)."""
    before, after = (run(scenario, draws=draws, seed=seed, noise=noise) for scenario in (base, plan))
    return attributed(before, after, workers=workers, progress=progress)


def attributed(before: Outcome, after: Outcome, *, workers: int = 1, progress: Progress | None = None) -> Attributed:
    """The same of outcomes that are there already."""
    shares = attribution_of(before, after, workers=workers, progress=progress)
    figures = Comparison(base=before, plans=(after,)).figures(after)
    deltas = {kpi: figures[kpi]["delta"] for kpi in FIGURES}
    return Attributed(base=before.scenario, plan=after.scenario, shares=shares, deltas=deltas, draws=before.draws)

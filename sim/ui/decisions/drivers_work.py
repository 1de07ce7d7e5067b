"""The two questions of the page Drivers: what each is asked of, and how it is begun. The page Evidence asks the first one too."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from sim.analysis.discovery import discover
from sim.analysis.goals import Target
from sim.analysis.sensitivity import sensitivity
from sim.outcome import model_version
from sim.scenario import Scenario
from sim.ui import cache, work

KPIS = ("net_gmv", "gmv", "return_rate", "contribution")
DRAWS, WORLDS = 1024, 4000


def moving_key(plan: Scenario, base: Scenario | None) -> Hashable:
    return ("sensitivity", plan.digest, plan.name, base and base.digest, model_version(), DRAWS, cache.SEED, cache.NOISE)


def begin_moving(slot: str, plan: Scenario, base: Scenario | None) -> None:
    """What moves the figures of the plan, or of its difference to a base: a `Sensitivity`."""
    chance = {"draws": DRAWS, "seed": cache.SEED, "noise": cache.NOISE}
    work.begin(slot, moving_key(plan, base), sensitivity, scenario=plan, against=base, kpis=KPIS, workers=1, **chance)


def missing_key(plan: Scenario, targets: Sequence[Target]) -> Hashable:
    return ("discover", plan.digest, plan.name, tuple(targets), model_version(), WORLDS, cache.SEED, cache.NOISE)


def begin_missing(slot: str, plan: Scenario, targets: Sequence[Target]) -> None:
    """In which worlds the plan misses the targets: a `Discovery`."""
    chance = {"draws": WORLDS, "seed": cache.SEED, "noise": cache.NOISE}
    work.begin(slot, missing_key(plan, targets), discover, scenario=plan, targets=list(targets), **chance)

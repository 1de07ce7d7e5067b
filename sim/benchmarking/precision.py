"""How much the named quasi-random columns are worth against plain sampling, over many seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sim import draws as chance
from sim import lanes
from sim.benchmarking.clock import Figure, shipped
from sim.engine import run
from sim.model.world import Array
from sim.scenario import Scenario, load

DRAWS = 1024
PLAN = "next_stage"
LEVER, MOVED = "detail_page.load_median_s", 2.0  # a tenth of a second faster: about 2 % of GMV
KPIS = ("gmv", "return_rate")


def accuracy(replicates: int) -> list[Figure]:
    """How many times plain sampling errs as much, noise off and on; then the error of a small lever's difference."""
    plan = load(PLAN, shipped())
    figures = []
    for noise in (False, True):
        named = errors(plan, replicates=replicates, noise=noise)
        with plain_sampling():
            plain = errors(plan, replicates=replicates, noise=noise)
        for kpi, ratio in zip(KPIS, plain / named, strict=True):
            figures.append(
                Figure(
                    measure="accuracy", name=f"{kpi}_noise_{'on' if noise else 'off'}", value=float(ratio), unit="x", runs=replicates,
                    at_least=None if noise else 10.0,
                )
            )
    return [*figures, difference(replicates)]


def errors(plan: Scenario, *, replicates: int, noise: bool) -> Array:
    """Standard deviation over seeds of the mean of 1,024 draws. [kpi]"""
    outcomes = (run(plan, draws=DRAWS, seed=seed, noise=noise) for seed in range(1, replicates + 1))
    return np.array([[outcome.kpi(kpi).mean() for kpi in KPIS] for outcome in outcomes]).std(axis=0, ddof=1)


def difference(replicates: int) -> Figure:
    """Standard error of a lever's effect on GMV, noise on: base and plan in the same worlds against each in its own."""
    base = load("baseline", shipped())
    plan = base.with_levers({LEVER: MOVED})

    def effects(*, apart: int) -> Array:
        """The plan's seed is that of its base, or one further. [replicate]"""
        return np.array([mean_gmv(plan, seed + apart) - mean_gmv(base, seed) for seed in range(1, 2 * replicates, 2)])

    paired = effects(apart=0)
    with plain_sampling():
        independent = effects(apart=1)
    share = paired.mean() / mean_gmv(base, 1)
    return Figure(
        measure="accuracy", name="paired_difference", value=float(paired.std(ddof=1) / independent.std(ddof=1)), unit="x", runs=replicates,
        at_most=0.2, note=f"{LEVER} = {MOVED}: {share:+.1%} GMV",
    )


def mean_gmv(scenario: Scenario, seed: int) -> float:
    return float(run(scenario, draws=DRAWS, seed=seed).kpi("gmv").mean())


@contextmanager
def plain_sampling() -> Iterator[None]:
    """In here the columns are independent uniform numbers; what is kept of columns is forgotten before and after."""
    usual = chance.uniforms
    forget()
    chance.uniforms = independent_uniforms
    try:
        yield
    finally:
        chance.uniforms = usual
        forget()


def forget() -> None:
    for kept in vars(chance).values():
        if hasattr(kept, "cache_clear") and getattr(kept, "__module__", "") == chance.__name__:
            kept.cache_clear()
    lanes.forget()


def independent_uniforms(seed: int, name: str, dimension: int, first: int, count: int) -> Array:
    return np.random.default_rng([seed, dimension, first]).random(count)

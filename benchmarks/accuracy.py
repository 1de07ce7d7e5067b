"""How much the quasi-random columns are worth: errors of mean GMV and return rate against independent draws, in one run.

python benchmarks/accuracy.py [REPLICATES]
"""

from __future__ import annotations

import platform
import sys
from unittest import mock

import numpy as np

from sim import draws
from sim.engine import run
from sim.scenario import load

DRAWS = 1024


def independent(seed: int, name: str, dimension: int, first: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, dimension, first]).random(count)


def errors(replicates: int, noise: bool) -> np.ndarray:
    """Standard deviation over seeds of the mean of 1,024 draws: GMV, return rate."""
    plan = load("next_stage")
    outcomes = (run(plan, draws=DRAWS, seed=seed, noise=noise) for seed in range(1, replicates + 1))
    return np.array([[outcome.kpi("gmv").mean(), outcome.kpi("return_rate").mean()] for outcome in outcomes]).std(axis=0, ddof=1)


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"next_stage, {DRAWS} draws, {replicates} seeds; {machine}")
    for noise in (False, True):
        named = errors(replicates, noise)
        draws.column.cache_clear()
        with mock.patch.object(draws, "uniforms", independent):
            plain = errors(replicates, noise)
        draws.column.cache_clear()
        ratio = plain / named
        state = "on" if noise else "off"
        print(f"noise {state}: independent draws err {ratio[0]:.1f} times as much in GMV, {ratio[1]:.1f} times in return rate")


if __name__ == "__main__":
    main()

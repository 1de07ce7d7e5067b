"""The optimiser against random search on the same draws: what each reaches, after how many evaluations and how long.

    python benchmarks/optimize_against_random.py [--points 20000] [--scenario next_stage merchant]

A quarter of the random plans are drawn uniformly within the bounds, the rest as `random_points` does, from the plan at hand and the
baseline, which keeps budgets more often. The optimiser may use a tenth of the evaluations; exit code 1 where random search is
ahead, where the optimiser took more, or where no random plan kept the limits, so that nothing was compared. next_stage has 24
levers and ramps over 182 days: 20,000 plans take about a quarter of an hour there.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
TASKS = {
    "next_stage": {"budget": 1.2e9, "limits": ["return_rate <= 0.29"]},
    "merchant": {"budget": 3.2e5, "limits": ["return_rate <= 0.43"]},
}
AT_ONCE = 250
COMBINATIONS = 24  # of the levers that each cost a block of their own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--scenario", nargs="+", choices=sorted(TASKS), default=list(TASKS))
    asked = parser.parse_args()
    ahead = [race(name, asked.points) for name in asked.scenario]
    sys.exit(0 if all(ahead) else 1)


def race(name: str, points: int) -> bool:
    """Is the optimiser ahead, at a tenth of the evaluations?"""
    import numpy as np

    from sim.analysis.optimizing import optimize
    from sim.analysis.optimizing.plans import Plans, space_of, value_in
    from sim.analysis.optimizing.search import random_points
    from sim.scenario import load

    scenario = load(name, TOP / "scenarios")
    begun = time.perf_counter()
    found = optimize(scenario, **TASKS[name])
    took = time.perf_counter() - begun
    where = space_of(found.asked)
    plans = Plans(asked=found.asked, space=where, draws=found.search_draws, seed=1, noise=True)
    ours = plans.evaluate(np.array([[value_in(found.plan, lever) for lever in found.asked.levers]]))[0][0]
    said = f"{found.evaluations} evaluations x {found.search_draws} draws, {took:.0f} s with checks and reasons"
    print(f"{name}: optimizer {ours / 1e9:.4g} bn net GMV ({said})")
    base = np.array([scenario.lever_baseline(lever) for lever in found.asked.levers])
    near = random_points(where, points - points // 4, seed=2, base=base, combinations=COMBINATIONS)
    rng = np.random.default_rng(3)
    anywhere = where.low + (where.high - where.low) * rng.random((points // 4, where.size))
    anywhere[:, where.dear] = near[rng.integers(0, len(near), len(anywhere))][:, where.dear]
    everything = np.concatenate([near, where.rounded(anywhere)])
    order = np.lexsort(everything[:, where.dear].T) if np.any(where.dear) else np.arange(len(everything))
    begun, best, feasible = time.perf_counter(), -np.inf, 0
    for first in range(0, len(order), AT_ONCE):
        worth, slack = plans.evaluate(everything[order[first : first + AT_ONCE]])
        plans.figures.clear()
        inside = np.all(slack >= 0.0, axis=1)
        feasible += int(inside.sum())
        best = max(best, float(worth[inside].max(initial=-np.inf)))
        print(f"\r  {first + len(worth):,} of {points:,} random plans", end="", file=sys.stderr, flush=True)
    took = time.perf_counter() - begun
    print(f"\n  random search {best / 1e9:.4g} bn net GMV ({points:,} evaluations, {feasible:,} within the limits, {took:.0f} s)")
    fair = found.evaluations <= points / 10 and feasible > 0
    print("  the optimizer is ahead" if ours >= best and fair else "  RANDOM SEARCH IS AHEAD" if fair else "  NOT A FAIR RACE")
    return fair and bool(ours >= best)


if __name__ == "__main__":
    main()

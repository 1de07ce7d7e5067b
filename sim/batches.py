"""Many scenarios at once: what a sweep, a tornado or an optimiser asks of the engine.

Only the headline figures are kept, so that memory is that of the answer: scenarios x draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.engine import run
from sim.model.world import Array
from sim.outcome import KPIS
from sim.scenario import Scenario


def kpis_of(
    scenarios: Sequence[Scenario], *, draws: int, seed: int = 1, noise: bool = True, kpis: Sequence[str] = tuple(KPIS)
) -> dict[str, Array]:
    """The named figures of every scenario in every draw, bit for bit those of `run`. Each [scenario, draw]"""
    rows: dict[str, list[Array]] = {name: [] for name in kpis}
    for scenario in scenarios:
        outcome = run(scenario, draws=draws, seed=seed, noise=noise)
        for name in kpis:
            rows[name].append(outcome.kpi(name))
    return {name: np.stack(row) for name, row in rows.items()}

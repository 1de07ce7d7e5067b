"""Many scenarios at once are the same, bit for bit, as each alone."""

from __future__ import annotations

import numpy as np

from sim.batches import kpis_of
from sim.engine import run
from sim.outcome import KPIS
from sim.scenario import load


def test_a_batch_is_its_scenarios_side_by_side() -> None:
    scenarios = [load("baseline").with_levers({"payment.redirects": hops}) for hops in (1, 3, 5)]
    table = kpis_of(scenarios, draws=40, seed=3)
    assert tuple(table) == tuple(KPIS)
    for i, scenario in enumerate(scenarios):
        outcome = run(scenario, draws=40, seed=3)
        for name, rows in table.items():
            assert rows.shape == (3, 40)
            assert np.array_equal(rows[i], outcome.kpi(name), equal_nan=True), name

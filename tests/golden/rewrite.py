"""Golden figures: exact results of two scenarios for one seed. Rewrite after a wanted change: python -m tests.golden.rewrite

Say "results change" in CHANGELOG.md when you do.
"""

from __future__ import annotations

import json
from pathlib import Path

from sim.engine import run
from sim.outcome import KPIS, RECOVERABLE, mean
from sim.scenario import load

FOLDER = Path(__file__).parent
GOLDEN = ("baseline", "all_fixes")


def golden(name: str) -> dict[str, float]:
    """Figures of the first draws of seed 7: single draws, means, one day, recoverables."""
    outcome = run(load(name), draws=32, seed=7)
    figures = {f"{kpi}.mean": float(mean(outcome.kpi(kpi))) for kpi in KPIS}
    figures |= {f"{kpi}.draw17": float(outcome.kpi(kpi)[17]) for kpi in KPIS}
    figures |= {f"net_gmv.day40.draw{i}": float(outcome.day("net_gmv")[40, i]) for i in (0, 31)}
    return figures | {f"recoverable.{cause}": float(mean(outcome.recoverable(cause))) for cause in RECOVERABLE}


if __name__ == "__main__":
    for scenario in GOLDEN:
        text = json.dumps(golden(scenario), indent=1)
        (FOLDER / f"{scenario}.json").write_text(text + "\n", encoding="utf-8")

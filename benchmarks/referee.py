"""How fast the referee is, the slow second implementation in tests/: `whatif bench referee` runs this and reads its answer.

python benchmarks/referee.py [CHECKOUT]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

ROUNDS, LANES = 3, 4


def main(checkout: Path) -> None:
    sys.path[:0] = [str(checkout), str(checkout / "tests")]
    from test_against_referee import told

    from sim.engine import world_of
    from sim.scenario import load
    from tests.referee import project

    plan = load("all_fixes")
    world = world_of(plan, count=LANES)
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for lane in range(LANES):
            project(told(plan, world, lane, None))
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"draws": LANES, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)

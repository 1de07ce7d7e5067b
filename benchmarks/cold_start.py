"""How long a cold start takes: `whatif --help` and `whatif run baseline --draws 1000`, each as a process of its own.

Median of five, beside a bare `python -c "import numpy"` measured in the same round, so that the ratio means something on any machine.

    python benchmarks/cold_start.py
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 5
TOP = Path(__file__).resolve().parent.parent
WHATIF = "from sim.cli import main; main()"
COMMANDS = {
    "import numpy": ["-c", "import numpy"],
    "whatif --help": ["-c", WHATIF, "--help"],
    "whatif run baseline --draws 1000": ["-c", WHATIF, "run", "baseline", "--draws", "1000"],
    "whatif run baseline --draws 1000 --format json": ["-c", WHATIF, "run", "baseline", "--draws", "1000", "--format", "json"],
}
ALLOWED_S = {"whatif --help": 0.5, "whatif run baseline --draws 1000": 2.0}


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=TOP, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    for arguments in COMMANDS.values():  # bytecode and file cache: a first start after an install is slower once
        seconds(arguments)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):  # rounds, not blocks, so that a busy minute hits all of them
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    yardstick = medians["import numpy"]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {platform.system()}; median of {ROUNDS}")
    for name, median in medians.items():
        allowed = f"  (aim: {ALLOWED_S[name]:g} s)" if name in ALLOWED_S else ""
        print(f"{name:<48} {median:6.3f} s  {median / yardstick:5.1f} x import numpy{allowed}")


if __name__ == "__main__":
    main()

"""What `whatif bench` measures: speed, memory and precision, each the way a planner meets it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sim.benchmarking.clock import MEASURES, Clock, Figure, Sizes, shipped
from sim.engine import run
from sim.errors import UserError
from sim.scenario import load

MEBIBYTE = 2**20
KEPT_DRAWS = 1000  # as in the app
FRESH = 1_000_003  # first of the seeds that nobody has drawn yet in this process
COMMAND = "import sys; from sim.cli import main; main(sys.argv[1:])"
LEVERS = {  # what a slider moves, from a first value in steps: no plan is asked for twice
    "detail_page.load_median_s": (1.2, 0.01),
    "payment.typed_card_share": (0.10, 0.001),
    "service.handling_s": (240.0, 0.5),
}
SWEPT = """schema = 1
title = "Benchmark"
base = "{base}"
draws = {draws}
seed = {seed}

[design]
kind = "lhs"
points = {points}

[levers.payment.redirects]
values = [1, 2, 3, 4, 5, 6, 7, 8]

[levers.detail_page.load_median_s]
low = 1.0
high = 3.0
"""
# In a process of its own: what the program before it held does not count. The peak of the memory that was resident, in bytes.
PEAK = """
import sys
from sim.cli.door import outcome_of
code = outcome_of(sys.argv[1:])
sys.stdout.flush()
try:
    with open("/proc/self/status") as lines:
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
except (OSError, StopIteration):
    try:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    except ImportError:
        peak = ""
sys.stderr.write(f"\\npeak {peak}")
sys.exit(code)
"""


def measured(names: Sequence[str], sizes: Sizes, *, note: Callable[[str], None] = lambda _: None) -> tuple[list[Figure], float]:
    """The figures of these measures, and the unit in seconds per draw. `note` hears what is being measured."""
    clock = Clock(repeats=sizes.repeats)
    works: dict[str, Callable[[], Iterator[Figure] | list[Figure]]] = {
        "throughput": lambda: throughput(clock, sizes),
        "slider": lambda: slider(clock),
        "cold": lambda: cold(clock),
        "sweep": lambda: sweep(clock, sizes),
        "memory": lambda: memory(sizes),
        "accuracy": lambda: accuracy(sizes),
        "referee": lambda: referee(clock),
    }
    figures: list[Figure] = []
    for name in names or MEASURES:
        note(name)
        figures.extend(works[name]())
    return figures, clock.unit


def throughput(clock: Clock, sizes: Sizes) -> Iterator[Figure]:
    """Draws that nobody has met before, so that sampling counts; percentiles as well."""
    plan = load("all_fixes", shipped())
    run(plan, draws=2048, seed=FRESH - 1).to_json()  # tables that are made once in a process

    def fresh(draws: int, first_seed: int) -> Callable[[int], object]:
        return lambda number: run(plan, draws=draws, seed=first_seed + number).to_json()

    (seconds,) = clock.timed(fresh(sizes.draws, FRESH))
    yield clock.rate("throughput", "draws_per_second", seconds, draws=sizes.draws, unit="draws/s per core", at_least=25_000.0)
    if sizes.long_run is not None:
        (seconds,) = clock.timed(fresh(sizes.long_run, 2 * FRESH))
        yield clock.figure("throughput", f"{sizes.long_run}_draws", seconds, draws=sizes.long_run, at_most=6.0)


def slider(clock: Clock) -> Iterator[Figure]:
    """One lever moved with the draws kept, what the app asks of the engine; never a value that was asked for before."""
    base = load("baseline", shipped())
    run(base, draws=KEPT_DRAWS)

    def moved(lever: str) -> Callable[[int], object]:
        first, step = LEVERS[lever]
        return lambda number: run(base.with_levers({lever: round(first + step * number, 6)}), draws=KEPT_DRAWS)

    for lever in LEVERS:
        moved(lever)(-1)  # the first move of a lever keeps what does not depend on it
    for lever, seconds in zip(LEVERS, clock.timed(*(moved(lever) for lever in LEVERS)), strict=True):
        yield clock.figure("slider", lever, seconds, draws=KEPT_DRAWS, scale=1000.0, unit="ms", at_most=15.0)


def cold(clock: Clock) -> Iterator[Figure]:
    """From the command to its answer, each as a process of its own, beside a bare `import numpy`."""
    commands = {
        "import_numpy": ("import numpy", ()),
        "help": (COMMAND, ("--help",)),
        "run_baseline": (COMMAND, ("run", "baseline", "--draws", str(KEPT_DRAWS), "--scenarios", str(shipped()))),
    }
    wanted = {"run_baseline": {"at_most": 1.2}, "help": {"at_most": 0.5}}

    def started(name: str) -> Callable[[int], object]:
        code, arguments = commands[name]
        return lambda _: _process(code, *arguments)

    for name in commands:
        started(name)(0)  # bytecode and file cache: a first start after an install is slower once
    for name, seconds in zip(commands, clock.timed(*map(started, commands)), strict=True):
        yield clock.figure("cold", name, seconds, draws=KEPT_DRAWS, **wanted.get(name, {}))


def sweep(clock: Clock, sizes: Sizes) -> Iterator[Figure]:
    """Many scenarios into a folder, in this process and in two; the draws are fresh in each round."""
    from sim.sweeps import run_sweep

    points, draws = sizes.sweep
    with tempfile.TemporaryDirectory(prefix="whatif-bench-") as folder:
        def swept(workers: int) -> Callable[[int], object]:
            def work(number: int) -> object:
                spec = Path(folder) / f"round_{number}.toml"
                spec.write_text(SWEPT.format(base="baseline", draws=draws, points=points, seed=3 * FRESH + number), encoding="utf-8")
                return run_sweep(spec, Path(folder) / f"{number}_{workers}", workers=workers, scenarios=shipped())

            return work

        serial, shared = clock.timed(swept(1), swept(2))
    yield clock.figure("sweep", "one_process", serial, draws=points * draws)
    yield clock.figure("sweep", "two_processes", shared, draws=points * draws)
    ratios = [both / alone for alone, both in zip(serial, shared, strict=True)]
    yield Figure(
        measure="sweep", name="two_against_one", value=statistics.median(ratios), unit="x", lowest=min(ratios), highest=max(ratios),
        runs=len(ratios), at_most=0.6, note=f"{points:,} scenarios x {draws:,} draws",
    )


def memory(sizes: Sizes) -> Iterator[Figure]:
    """Peak of the resident memory of `whatif run`, over a quarter and over a year."""
    for name, days in (("quarter", 92), ("year", 365)):
        asked = {"--draws": sizes.peak_draws, "--days": days, "--format": "json", "--scenarios": shipped()}
        arguments = ("run", "all_fixes", *(str(word) for pair in asked.items() for word in pair))
        peak = _process(PEAK, *arguments).rpartition("peak ")[2]
        yield Figure(
            measure="memory", name=f"peak_{name}", value=int(peak) / MEBIBYTE if peak else None, unit="MiB", at_most=600e6 / MEBIBYTE,
            note=f"{sizes.peak_draws:,} draws, {days} days" + ("" if peak else "; this system does not tell"),
        )


def accuracy(sizes: Sizes) -> list[Figure]:
    from sim.benchmarking import precision

    return precision.accuracy(sizes.replicates)


def referee(clock: Clock) -> Iterator[Figure]:
    """The slow second implementation, one world at a time: it lives with the tests, so only a checkout has it."""
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "referee.py"
    try:
        answer = json.loads(_process(script.read_text(encoding="utf-8"), str(script.parent.parent), output=True))
    except (OSError, UserError):
        yield Figure(measure="referee", name="draws_per_second", value=None, unit="draws/s", note="only in a checkout with the test extra")
        return
    yield clock.rate("referee", "draws_per_second", answer["seconds"], draws=answer["draws"], unit="draws/s")


def _process(code: str, *arguments: str, output: bool = False) -> str:
    """What a Python process writes to stderr (or stdout); an error is its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"A process that was to be measured failed: {last}", exit_code=5)
    return done.stdout if output else done.stderr

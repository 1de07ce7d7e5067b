"""From a scenario to its outcome: lanes are built in blocks of draws, go through the model, and are merged in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.blocks import DETAIL_DRAWS, Block, daily_lanes, merged
from sim.costs import lever_costs
from sim.errors import INVALID, UserError
from sim.executors import in_order
from sim.lanes import Draws, ground_of, kept_ground_of, world_of
from sim.model.closure import Closure, Residual, solve
from sim.model.funnel import project
from sim.outcome import GROUP, Outcome
from sim.parameters import registry
from sim.scenario import Scenario

BLOCK = 4096  # lanes that go through a quarter side by side; over longer horizons fewer, so that memory stays the same
BLOCK_DAYS = 92


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A block of a run's draws: all that a worker needs to know. `detail`: of how many draws of the run more than KPIs is kept."""

    scenario: Scenario
    draws: int
    first: int
    count: int
    seed: int
    noise: bool
    central: bool
    detail: int


def block_lanes(days: int) -> int:
    """Lanes of a block over a horizon, a multiple of 256. No result depends on it."""
    return max(GROUP, min(BLOCK, BLOCK * BLOCK_DAYS // days) // GROUP * GROUP)


def run(
    scenario: Scenario, *, draws: int = 1000, seed: int = 1, noise: bool = True, central: bool = False, workers: int = 1,
    scheduler: str | None = None,
) -> Outcome:
    """Project a scenario: `draws` worlds of its assumptions, with day-to-day noise unless told otherwise.

    `central` runs the one lane that a spreadsheet would show: every assumption at its best value, no noise. The outcome is the
    same, bit for bit, for any number of worker processes and on the workers of a Dask `scheduler`.
    """
    if central:
        draws, noise = 1, False
    chance = {"draws": draws, "seed": seed, "noise": noise, "central": central}
    blocks = in_order(block_of, _units(scenario, **chance, detail=DETAIL_DRAWS), workers, scheduler)
    return merged(blocks, scenario=scenario, **chance)


def in_parts(
    scenario: Scenario, *, draws: int, seed: int = 1, noise: bool = True, workers: int = 1, scheduler: str | None = None
) -> Iterator[tuple[int, Outcome]]:
    """The run's blocks, each as an outcome of its own with all that is known of its draws, and the number of its first draw."""
    units = _units(scenario, draws=draws, seed=seed, noise=noise, central=False, detail=draws)
    for block in in_order(block_of, units, workers, scheduler):
        yield block.first, merged([block.alone()], scenario=scenario, draws=block.count, seed=seed, noise=noise, central=False)


def _units(scenario: Scenario, *, draws: int, seed: int, noise: bool, central: bool, detail: int) -> list[Unit]:
    step = block_lanes(scenario.days)
    return [
        Unit(
            scenario=scenario, draws=draws, first=first, count=min(step, draws - first), seed=seed, noise=noise, central=central,
            detail=detail,
        )
        for first in range(0, draws, step)
    ]


def block_of(unit: Unit) -> Block:
    """Build a unit's lanes, close them, run them, and keep what an outcome needs."""
    # NumPy sums a single lane in another order than one among several: a lane never runs alone.
    draws = Draws(seed=unit.seed, first=unit.first, count=max(2, unit.count), central=unit.central)
    # Who runs one block will soon ask for the same draws again (a slider); who runs many will not.
    ground = (kept_ground_of if unit.count == unit.draws else ground_of)(unit.scenario, draws, noise=unit.noise)
    refuse_open(unit.scenario, ground.closure, draws=unit.draws, seed=unit.seed, central=unit.central)
    world = ground.under(unit.scenario)
    kept = daily_lanes(unit.first, unit.count, unit.detail)
    projection = project(world, ground.closure, noise=ground.noise, daily_lanes=kept, reference=ground.reference)
    costs = lever_costs(unit.scenario, world, ground.closure, projection.totals)
    return Block.of(
        projection, costs, world, ground.closure, first=unit.first, count=unit.count, detail=kept, whole=unit.draws <= unit.detail
    )


def refuse_open(scenario: Scenario, closure: Closure, *, draws: int, seed: int, central: bool = False) -> None:
    """Refuse a scenario when a block's closure shows a draw that cannot reproduce some total; the refusal speaks of all draws."""
    if any(np.any(residual.open) for residual in closure.residuals):
        refuse(scenario, _all_residuals(scenario, draws=draws, seed=seed, central=central))


def ensure_closes(scenario: Scenario, *, draws: int = 1000, seed: int = 1) -> None:
    """Refuse a scenario some of whose totals some draw cannot reproduce, without projecting it."""
    refuse(scenario, _all_residuals(scenario, draws=draws, seed=seed, central=False))


def _all_residuals(scenario: Scenario, *, draws: int, seed: int, central: bool) -> list[tuple[Residual, ...]]:
    """The residuals of every block, so that a refusal speaks of all draws."""
    firsts = range(0, draws, BLOCK)
    worlds = (
        world_of(scenario, first=first, count=min(BLOCK, draws - first), seed=seed, noise=False, central=central) for first in firsts
    )
    return [solve(world).residuals for world in worlds]


def refuse(scenario: Scenario, blocks: Sequence[tuple[Residual, ...]]) -> None:
    """Refuse totals that some draw cannot reproduce, naming the first, the share of draws, and the range that closes."""
    for parts in zip(*blocks, strict=True):
        total = parts[0].total
        open_ = np.concatenate([part.open for part in parts])
        if not np.any(open_):
            continue
        # A total may have several conditions: all of them must hold at once.
        conditions = [part for block in blocks for part in block if part.total == total]
        low = max(float(np.max(part.closes_from)) for part in conditions)
        high = min(float(np.min(part.closes_to)) for part in conditions)
        raise UserError(
            f'"{scenario.name}": {total} cannot be reproduced in {np.count_nonzero(open_):,} of {open_.size:,} draws '
            f"({_percent(float(np.mean(open_)))}); {_closes(scenario, total, low, high)}",
            exit_code=INVALID,
        )


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "under 0.1%"


def _closes(scenario: Scenario, total: str, low: float, high: float) -> str:
    """The range in which a total closes in every draw, its ends rounded inward."""
    low, high = _rounded(low, np.ceil), _rounded(high, np.floor)
    if not low < high:
        return "no single value closes in all of them under these assumptions; narrow their ranges."
    if scenario.draws_jointly(total):
        inside = " The posterior draws it: another one is needed, or a value under [baseline]."
        return f"it closes in all of them above {low:.6g} and below {high:.6g}.{inside}"
    observed = scenario.baseline.get(total)
    value = observed.value if observed else registry()[total].value
    inside = f" It stands at {value:g}, inside: another input of the same stage does not fit." if low < value < high else ""
    return f"it closes in all of them above {low:.6g} and below {high:.6g}.{inside}"


def _rounded(value: float, towards: Callable[[float], float]) -> float:
    """Four significant digits, in one direction."""
    if value == 0.0 or not np.isfinite(value):
        return value
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    return float(towards(value / unit) * unit)

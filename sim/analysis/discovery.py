"""In which worlds does a plan miss its goals: boxes over the assumptions, by the patient rule induction method.

A box is a few restrictions ("return rate of apparel above 58 %") that hold in most of the worlds in which a goal is missed and in
few others. It is found by peeling (Friedman & Fisher 1999): the box of all worlds loses a twentieth of its worlds at an end of one
assumption, wherever that leaves the most misses for what it costs, again and again. The box that tells misses from the rest best
is taken from this path, its edges are moved to where they tell best, and restrictions that chance explains are dropped (the
quasi-p-value of Bryant & Lempert 2010). Worlds in a box found are then put aside, and the next is looked for.

Half of the draws finds a box, a quarter says which restrictions are more than chance, the last quarter says how good the box is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from sim.analysis.factors import grade_of, joint_values, unit_of
from sim.analysis.goals import Target
from sim.analysis.sensitivity import felt, uncertain
from sim.batches import Progress, kpis_of
from sim.errors import UserError
from sim.lanes import POSTERIOR, world_of
from sim.model.world import Array
from sim.outcome import KPIS, model_version
from sim.scenario import Scenario

Flags = NDArray[np.bool_]
DRAWS, FEWEST_DRAWS, MOST_DRAWS = 4000, 400, 200_000
ALPHA = 0.05  # share of a box's worlds that one step of peeling takes away
LEAST_MASS, LEAST_WORLDS = 0.01, 20  # a smaller box says nothing
SURE = 0.02  # a restriction or a box that chance explains as often as this is none
EARNS = 0.01  # what a restriction must add to how well the box tells misses from the rest
MOST_BOXES, MOST_RESTRICTIONS = 3, 5
WEAKEST = 0.5  # in what a further box adds, misses are at least so frequent against the box where they are most; and above average
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """An assumption inside two values, both included; None where it is open. `p_value`: how often chance does as well."""

    name: str
    low: float | None
    high: float | None
    p_value: float = 0.0

    def holds(self, values: Array) -> Flags:
        inside = np.ones(values.shape, dtype=bool)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values <= self.high
        return inside

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "low": self.low, "high": self.high, "unit": unit_of(self.name), "grade": grade_of(self.name),
            "p_value": self.p_value,
        }


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good a box is. coverage: share of all misses inside; density: share of the worlds inside that miss; mass: share of all
    worlds that are inside."""

    coverage: float
    density: float
    mass: float

    def to_json(self) -> dict[str, float]:
        return {"coverage": self.coverage, "density": self.density, "mass": self.mass}


@dataclass(frozen=True, kw_only=True)
class Box:
    """Restrictions that hold together, the one that tells most first, and how good they are on draws that did not find them."""

    restrictions: tuple[Restriction, ...]
    held_out: Quality
    found_on: Quality

    def inside(self, columns: Mapping[str, Array]) -> Flags:
        """In which draws all restrictions hold. [draw]"""
        flags = np.ones(next(iter(columns.values())).shape, dtype=bool)
        for restriction in self.restrictions:
            flags &= restriction.holds(columns[restriction.name])
        return flags


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """Where a plan misses its goals. `missed` and `columns` [draw] are all draws; the rates are those of all draws.

    Without a box, `verdict` says why: "never", "always", "too_few" misses (or worlds without one) to find a pattern in, or "no_pattern".
    With boxes it is "boxes".
    """

    scenario: Scenario
    targets: tuple[Target, ...]
    miss_rates: tuple[float, ...]  # of each goal
    draws: int
    seed: int
    noise: bool
    verdict: str
    miss_rate: float
    boxes: tuple[Box, ...]
    together: Quality | None
    columns: Mapping[str, Array]
    missed: Flags

    def to_json(self) -> dict[str, Any]:
        return {
            "scenario": {"name": self.scenario.name, "digest": self.scenario.digest}, "version": model_version(), "seed": self.seed,
            "draws": self.draws, "held_out": len(held_out(self.draws)), "noise": self.noise,
            "start": self.scenario.start.isoformat(), "days": self.scenario.days,
            "goals": [
                target.to_json() | {"unit": KPIS[target.kpi].unit, "missed": rate}
                for target, rate in zip(self.targets, self.miss_rates, strict=True)
            ],
            "miss_rate": self.miss_rate, "verdict": self.verdict,
            "boxes": [
                box.held_out.to_json()
                | {"restrictions": [item.to_json() for item in box.restrictions], "found_on": box.found_on.to_json()}
                for box in self.boxes
            ],
            "together": None if self.together is None else self.together.to_json(),
        }


def discover(
    scenario: Scenario, targets: Sequence[Target], *, draws: int = DRAWS, seed: int = 1, noise: bool = True, workers: int = 1,
    scheduler: str | None = None, progress: Progress | None = None,
) -> Discovery:
    """The boxes of worlds in which some of the targets is missed. A target's probability is not used: each world is judged alone.

    Refuses no targets at all, fewer draws than a pattern can be found in, and figures that are defined in no draw (where one is
    not defined, a target for it is missed).
    """
    if not targets:
        raise UserError(
            f'"{scenario.name}" has no [goals] to miss; say one with --goal, for example --goal "net_gmv >= 6e10".'
        )
    if not FEWEST_DRAWS <= draws <= MOST_DRAWS:
        fault = "too few" if draws < FEWEST_DRAWS else "more than it takes"
        raise UserError(f"--draws: {draws:,} is {fault} to find a pattern in; {FEWEST_DRAWS:,} to {MOST_DRAWS:,} are allowed.")
    kpis = tuple(dict.fromkeys(target.kpi for target in targets))
    table = kpis_of(
        [scenario], draws=draws, seed=seed, noise=noise, kpis=kpis, workers=workers, scheduler=scheduler, progress=progress
    )
    for kpi in kpis:
        if not np.any(np.isfinite(table[kpi])):
            raise UserError(f'"{scenario.name}": {kpi} is not defined in any draw, so no goal for it can be met or missed.')
    misses = [~target.met(table[target.kpi][0]) for target in targets]
    missed = np.logical_or.reduce(misses)
    names = uncertain(scenario)
    feel = felt([scenario], names, kpis=kpis, seed=seed, noise=noise)
    values = world_of(scenario, count=draws, seed=seed, noise=False).values
    columns = {name: np.asarray(values[name]) for name in names if name in feel and name != POSTERIOR}
    if POSTERIOR in feel:  # a box may cut any of its columns
        columns |= joint_values(scenario, draws=draws, seed=seed)
    verdict, boxes = found_boxes(columns, missed)
    flags = np.logical_or.reduce([box.inside(columns) for box in boxes]) if boxes else np.zeros(draws, dtype=bool)
    judging = held_out(draws)
    return Discovery(
        scenario=scenario, targets=tuple(targets), miss_rates=tuple(float(np.mean(miss)) for miss in misses), draws=draws, seed=seed,
        noise=noise, verdict=verdict, miss_rate=float(np.mean(missed)), boxes=boxes,
        together=quality(flags[judging], missed[judging]) if boxes else None, columns=columns, missed=missed,
    )


def found_boxes(columns: Mapping[str, Array], missed: Flags) -> tuple[str, tuple[Box, ...]]:
    """Verdict (see `Discovery`) and boxes of the draws that miss. columns: name -> values [draw]; missed [draw]

    Deterministic; columns of 0 and 1 (something happens or not) are cut between the two.
    """
    finding, choosing, judging = _parts(missed.size)
    if missed.all() or not missed.any():
        return ("always" if missed.all() else "never"), ()
    if min(missed[finding].sum(), (~missed[finding]).sum()) < LEAST_WORLDS:
        return "too_few", ()
    names = [name for name, values in columns.items() if np.ptp(values[finding]) > 0.0]
    if not names:
        return "no_pattern", ()
    table = np.stack([columns[name] for name in names], axis=1)
    open_ = np.ones(missed.size, dtype=bool)  # draws in no box yet
    boxes: list[Box] = []
    densest, average = 0.0, float(np.mean(missed[choosing]))
    while len(boxes) < MOST_BOXES:
        here, there = (part[open_[part]] for part in (finding, choosing))
        edges = _best_box(table[here], missed[here], table[there], missed[there], least=_least(finding.size))
        if edges is None:
            break
        inside = _inside(table, edges)
        density = quality(inside[there], missed[there]).density
        densest = max(densest, density)
        if density < max(WEAKEST * densest, average):  # wide and thin: it would water down what the boxes before it say
            break
        restrictions = _restrictions(names, edges, table[there], missed[there])
        boxes.append(
            Box(
                restrictions=restrictions, held_out=quality(inside[judging], missed[judging]),
                found_on=quality(inside[finding], missed[finding]),
            )
        )
        open_ &= ~inside
        left = missed[finding] & open_[finding]
        if left.sum() < max(LEAST_WORLDS, 0.05 * missed[finding].sum()):  # what is left is no pattern of its own
            break
    return ("boxes" if boxes else "no_pattern"), tuple(boxes)


def quality(inside: Flags, missed: Flags) -> Quality:
    """Coverage, density and mass of a box; 0 where there is nothing to divide by."""
    both = int(np.count_nonzero(inside & missed))
    return Quality(
        coverage=both / max(1, int(np.count_nonzero(missed))), density=both / max(1, int(np.count_nonzero(inside))),
        mass=float(np.mean(inside)) if inside.size else 0.0,
    )


def held_out(draws: int) -> NDArray[np.intp]:
    """The draws that have no part in finding boxes and say how good they are."""
    return _parts(draws)[2]


def _parts(draws: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Which draws find, which choose, which judge: runs of an even sequence, each evenly spread itself."""
    half, rest = draws // 2, draws // 4
    return np.arange(half), np.arange(half, half + rest), np.arange(half + rest, draws)


def _least(worlds: int) -> int:
    return max(LEAST_WORLDS, int(LEAST_MASS * worlds))


# ------------------------------------------------------------------------------------------------------------ one box

Edges = NDArray[np.float64]  # [column, low/high], infinite where open


def _best_box(table: Array, missed: Flags, table_too: Array, missed_too: Flags, *, least: int) -> Edges | None:
    """The box that tells misses from the rest best, or None where no box does so beyond chance.

    table [draw, column] and missed [draw] find it; the second pair, other draws, says what of it is more than chance.
    """
    path = _peeled(table, missed, least=least)
    tells = [_telling(_inside(table, edges), missed) for edges in path]
    edges = path[int(np.argmax(tells))]
    for _ in range(ROUNDS):
        moved = _adjusted(edges, table, missed, least=least)
        if np.array_equal(moved, edges):
            break
        edges = moved
    edges = _pruned(edges, table, missed, table_too, missed_too)
    edges = _adjusted(edges, table, missed, least=least)
    inside = _inside(table_too, edges)
    rate, worlds, misses = float(np.mean(missed_too)) if missed_too.size else 0.0, int(inside.sum()), int((inside & missed_too).sum())
    if not np.isfinite(edges).any() or worlds < 5 or _by_chance(misses, worlds, rate) > SURE / 10.0:
        return None
    return edges


def _peeled(table: Array, missed: Flags, *, least: int) -> list[Edges]:
    """The path of boxes from all worlds down to the smallest."""
    edges = np.stack([np.full(table.shape[1], -np.inf), np.full(table.shape[1], np.inf)], axis=1)
    path, inside = [edges], np.ones(len(table), dtype=bool)
    while inside.sum() > least and 0.0 < missed[inside].mean() < 1.0:
        rows, hits = table[inside], missed[inside].astype(float)
        floor, ceiling = np.quantile(rows, [ALPHA, 1.0 - ALPHA], axis=0, method="lower"), rows.max(axis=0)
        bottom = rows.min(axis=0)
        # A peel takes the lowest or the highest twentieth; of a column with few values, its lowest or highest value.
        above = rows > np.maximum(floor[0], bottom)
        below = rows < np.minimum(floor[1], ceiling)
        kept = np.concatenate([above, below], axis=1)
        count = kept.sum(axis=0)
        density = np.divide(hits @ kept, count, out=np.zeros(count.size), where=count > 0)
        taken = len(rows) - count
        # What a peel gains for each world it costs: a column of 0 and 1 cannot give up just a twentieth.
        gain = np.where((count >= least) & (taken > 0), (density - hits.mean()) / np.maximum(taken, 1), -np.inf)
        best = int(np.argmax(gain))
        if not np.isfinite(gain[best]):
            break
        column, high = best % table.shape[1], best >= table.shape[1]
        left = rows[kept[:, best], column]
        edges = edges.copy()
        edges[column, int(high)] = left.max() if high else left.min()
        path.append(edges)
        inside &= _holds(table[:, column], edges[column])
    return path


def _adjusted(edges: Edges, table: Array, missed: Flags, *, least: int) -> Edges:
    """Each edge moved to where the box tells best, the others held: peels are coarse, and what one took may belong inside.

    An edge that is no use goes to infinity. This is the pasting of Friedman and Fisher, and a finer peeling with it.
    """
    edges = edges.copy()
    for column, side in np.argwhere(np.isfinite(edges)):
        rest = edges.copy()
        rest[column, side] = -np.inf if side == 0 else np.inf
        candidates = _inside(table, rest)
        values, hits = table[candidates, column], missed[candidates]
        order = np.argsort(values if side else -values, kind="stable")
        ordered = values[order]
        last = np.append(ordered[1:] != ordered[:-1], True)  # an edge never parts equal values
        worlds, misses = np.arange(1, ordered.size + 1)[last], np.cumsum(hits[order])[last]
        scores = np.where(worlds >= least, _phi(misses, worlds, int(missed.sum()), missed.size), -np.inf)
        if not scores.size or not np.isfinite(scores).any():
            continue
        best = int(np.argmax(scores))
        if worlds[best] == ordered.size:
            edges[column, side] = rest[column, side]
            continue
        # Halfway to the next world: where the true edge is, nobody knows any better. Of 0 and 1, the middle reads as either.
        at = ordered[last]
        edges[column, side] = 0.5 * (at[best] + at[best + 1])
    return edges


def _pruned(edges: Edges, table: Array, missed: Flags, table_too: Array, missed_too: Flags) -> Edges:
    """Without the restrictions that chance explains on the other draws, or that hardly help: the least useful goes first."""
    while np.isfinite(edges).any():
        columns = np.flatnonzero(np.isfinite(edges).any(axis=1))
        here = _telling(_inside(table_too, edges), missed_too)
        losses, chances = [], []
        for column in columns:
            without = _without(edges, column)
            losses.append(here - _telling(_inside(table_too, without), missed_too))
            chances.append(_p_value(edges, column, table_too, missed_too))
        worst = int(np.lexsort((losses, -np.array(chances) if max(chances) > SURE else np.zeros(len(chances))))[0])
        if chances[worst] <= SURE and losses[worst] >= EARNS and len(columns) <= MOST_RESTRICTIONS:
            break
        edges = _without(edges, columns[worst])
        edges = _adjusted(edges, table, missed, least=1)
    return edges


def _without(edges: Edges, column: int) -> Edges:
    edges = edges.copy()
    edges[column] = (-np.inf, np.inf)
    return edges


def _p_value(edges: Edges, column: int, table: Array, missed: Flags) -> float:
    """How often so many misses are in the box by chance, if the restriction on a column says nothing."""
    inside, wider = _inside(table, edges), _inside(table, _without(edges, column))
    rate = float(np.mean(missed[wider])) if wider.any() else 0.0
    return _by_chance(int((inside & missed).sum()), int(inside.sum()), rate)


def _by_chance(misses: int, worlds: int, rate: float) -> float:
    """Chance of at least so many misses among so many worlds, each missing at a rate."""
    return 1.0 if misses == 0 else float(bdtrc(misses - 1, worlds, rate)) if worlds else 1.0


def _telling(inside: Flags, missed: Flags) -> float:
    """How well a box tells misses from the rest, from 0 (not at all, as the box of all worlds) to 1 (exactly)."""
    both = np.array([np.count_nonzero(inside & missed)])
    return float(_phi(both, np.array([np.count_nonzero(inside)]), int(missed.sum()), missed.size)[0])


def _phi(both: Array, inside: Array, misses: int, worlds: int) -> Array:
    """Correlation of being inside with missing: it weighs coverage against density whatever the rate of missing."""
    p, q = misses / max(1, worlds), inside / max(1, worlds)
    spread = np.sqrt(p * (1.0 - p) * q * (1.0 - q))
    return np.divide(both / max(1, worlds) - p * q, spread, out=np.zeros(np.shape(q)), where=spread > 0.0)


def _inside(table: Array, edges: Edges) -> Flags:
    flags = np.ones(len(table), dtype=bool)
    for column in np.flatnonzero(np.isfinite(edges).any(axis=1)):
        flags &= _holds(table[:, column], edges[column])
    return flags


def _holds(values: Array, ends: Edges) -> Flags:
    return (values >= ends[0]) & (values <= ends[1])


def _restrictions(names: Sequence[str], edges: Edges, table: Array, missed: Flags) -> tuple[Restriction, ...]:
    """Those of a box, the one that it can do without least first."""
    here, rows = _telling(_inside(table, edges), missed), []
    for column in np.flatnonzero(np.isfinite(edges).any(axis=1)):
        low, high = (float(end) if np.isfinite(end) else None for end in edges[column])
        restriction = Restriction(name=names[column], low=low, high=high)
        loss = here - _telling(_inside(table, _without(edges, column)), missed)
        rows.append((loss, replace(restriction, p_value=_p_value(edges, column, table, missed))))
    return tuple(row for _, row in sorted(rows, key=lambda row: -row[0]))

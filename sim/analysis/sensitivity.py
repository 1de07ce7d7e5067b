"""Which assumptions matter: each from its p10 to its p90 (a tornado), and what share of the spread each one brings (Sobol').

All of it is lanes. A tornado is one block, one assumption off its best value at a time. The indices of Sobol' compare worlds A,
worlds B that share nothing with them, and for each factor the worlds A with that factor alone taken from B. A factor may be
several names: the assumptions of a grade have an index of their own, and so has all day-to-day chance.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.factors import grade_of, unit_of, with_joint
from sim.analysis.horizons import on_one_horizon
from sim.analysis.sobol import Evaluate, Indices, indices
from sim.batches import Batch, Progress, figures_of
from sim.draws import Range
from sim.engine import block_lanes
from sim.errors import UserError
from sim.executors import cores, in_order
from sim.lanes import NOISE, POSTERIOR, Draws, JointAlone, OneAtATime, belief_of
from sim.model.world import Array, Shocks
from sim.outcome import mean, model_version
from sim.parameters import Parameter, registry
from sim.scenario import Posterior, Scenario

DRAWS, FEWEST_DRAWS, MOST_DRAWS = 1024, 16, 65_536  # the columns of chance are even from 1,024 on; fewer are for a glance
GRADES = ("document", "measured", "study", "vendor", "assumption", NOISE)
SCREENED = 16  # draws in which a name is tried out before its indices are computed
MOST_ALONE = 20  # names that get indices of their own; the others, which hardly matter, are bounded by what all of them bring
REST = "rest"
JOINT, JOINT_ENDS = 256, (0.1, 0.9)  # rows of a calibrated shop's draws in a tornado, and what of the figure they show
LONG_S = 6.0  # work that takes longer is worth starting processes for
MOST_PROCESSES = 8


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """The same draws several times over as lanes, each time with other names drawn again (see `sim.lanes.Draws`)."""

    seed: int
    first: int
    each: int
    agains: tuple[frozenset[str], ...]

    @property
    def count(self) -> int:
        return self.each * len(self.agains)

    def column(self, belief: Any, parameter: Parameter) -> Array:
        return np.concatenate([draws.column(belief, parameter) for draws in self._draws()])

    def joint(self, posterior: Posterior, name: str) -> Array:
        return np.concatenate([draws.joint(posterior, name) for draws in self._draws()])

    def shocks(self, days: int) -> Shocks | None:
        if not days:
            return None
        parts = [draws.shocks(days) for draws in self._draws()]
        return Shocks(
            places=np.concatenate([part.places for part in parts], axis=-1), table=parts[0].table,
            drift=np.concatenate([part.drift for part in parts]),
        )

    def _draws(self) -> list[Draws]:
        return [Draws(seed=self.seed, first=self.first, count=self.each, again=again) for again in self.agains]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True)
class Swing:
    """A figure while one assumption goes from its p10 to its p90 and all others stand at their best values, without noise.

    `low` and `high` are the assumption's values there, `at_low` and `at_high` the figure's; of a calibrated shop's draws, which no
    one number orders, the figure's own p10 and p90 while these alone take their rows, and 0.1 and 0.9. `swing` is the distance that the
    figure covers, its central value included: never negative, 0 where the figure does not feel the assumption.
    """

    name: str
    low: float
    high: float
    at_low: float
    at_high: float
    swing: float


@dataclass(frozen=True, kw_only=True)
class Index:
    """Shares of a figure's variance: brought by a factor alone, and by it in all its combinations.

    `bounded`: one of many that hardly matter. Its interval ends at what all of these bring together; the value is its part of
    that by the square of its swing.
    """

    name: str
    first: Interval
    total: Interval
    bounded: bool = False


@dataclass(frozen=True, kw_only=True)
class Share:
    """What all assumptions of a grade bring together: the share of the variance that would be gone if they were known."""

    grade: str
    share: Interval
    count: int


@dataclass(frozen=True, kw_only=True)
class Drivers:
    """What moves one figure. Rows by falling importance; `defined` is false where the figure is not defined in some draw."""

    kpi: str
    central: float
    mean: float
    sd: float
    defined: bool
    tornado: tuple[Swing, ...]
    sobol: tuple[Index, ...]
    grades: tuple[Share, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "kpi": self.kpi, "mean": self.mean, "sd": self.sd, "central": self.central,
            "tornado": [
                {"name": row.name, "low": row.low, "high": row.high, "at_low": row.at_low, "at_high": row.at_high, "swing": row.swing,
                 "grade": grade_of(row.name), "unit": unit_of(row.name)}
                for row in self.tornado
            ],
            "sobol": [
                {"name": row.name, "first": row.first.to_json(), "total": row.total.to_json(), "grade": grade_of(row.name),
                 "bounded": row.bounded}
                for row in self.sobol
            ],
            "grades": [{"grade": row.grade, "share": row.share.to_json(), "count": row.count} for row in self.grades],
        }


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What moves the figures of a scenario, or of its difference to another one. `complete` is false after an interruption."""

    scenario: Scenario
    against: Scenario | None
    seed: int
    draws: int
    noise: bool
    complete: bool
    figures: tuple[Drivers, ...]

    def to_json(self) -> dict[str, Any]:
        def named(scenario: Scenario | None) -> dict[str, str] | None:
            return None if scenario is None else {"name": scenario.name, "digest": scenario.digest}

        return {
            "scenario": named(self.scenario), "against": named(self.against), "version": model_version(), "seed": self.seed,
            "draws": self.draws, "noise": self.noise, "complete": self.complete,
            "start": self.scenario.start.isoformat(), "days": self.scenario.days,
            "kpis": [figure.to_json() for figure in self.figures],
        }


def sensitivity(
    scenario: Scenario, against: Scenario | None = None, *, kpis: Sequence[str] = ("net_gmv",), draws: int = DRAWS, seed: int = 1,
    noise: bool = True, workers: int | None = None, scheduler: str | None = None, progress: Progress | None = None,
) -> Sensitivity:
    """Tornado and Sobol' indices of the figures of a scenario or, with `against`, of their difference in the same worlds.

    `draws` becomes a power of two (see `power_of_two`). `workers` None: as many as there are cores where the work is long; the
    answer is the same for any number. A KeyboardInterrupt leaves the tornado and the indices that are done, those of the
    strongest assumptions first.
    """
    if against is not None:
        against, (scenario,) = on_one_horizon(against, [scenario])
    sides = [scenario] if against is None else [scenario, against]
    draws, names, kpis = power_of_two(draws), uncertain(*sides), tuple(dict.fromkeys(kpis))
    central, ends = _one_at_a_time(sides, names, kpis, seed=seed), _ends(names, sides)
    swings = [tornado(names, values, ends) for values in central]
    try:
        begun = time.perf_counter()
        strengths = felt(sides, names, kpis=kpis, seed=seed, noise=noise, central=central)
        spent_s = (time.perf_counter() - begun) / (SCREENED * (1 + len(names)))  # a lane
        factors = _factors(_ranked(strengths, swings), noise=noise)
        if workers is None:
            workers = cores(MOST_PROCESSES) if spent_s * draws * (2 + len(factors)) > LONG_S else 1
        evaluate = worlds_again(
            sides, kpis=kpis, draws=draws, seed=seed, noise=noise, workers=workers, scheduler=scheduler, progress=progress
        )
        found = indices(factors, evaluate, draws=draws, figures=len(kpis), seed=seed)
    except KeyboardInterrupt:  # before there is a spread to share out
        complete, figures = False, [_unspread(kpi, values, rows) for kpi, values, rows in zip(kpis, central, swings, strict=True)]
    else:
        complete = found.complete
        figures = [_drivers(kpi, k, central[k], swings[k], found, factors, names) for k, kpi in enumerate(kpis)]
    return Sensitivity(
        scenario=scenario, against=against, seed=seed, draws=draws, noise=noise, complete=complete, figures=tuple(figures)
    )


def swings(
    scenario: Scenario, against: Scenario | None = None, *, kpis: Sequence[str] = ("net_gmv",), seed: int = 1
) -> list[tuple[Swing, ...]]:
    """The tornado of each figure alone, or of its difference to another scenario over the same days: no draws but a calibrated shop's
    own, soon done."""
    sides = [scenario] if against is None else [scenario, against]
    names = uncertain(*sides)
    ends = _ends(names, sides)
    return [tornado(names, values, ends) for values in _one_at_a_time(sides, names, kpis, seed=seed)]


def power_of_two(draws: int) -> int:
    """The power of two nearest to a number of draws, on which the columns of chance are balanced; at least 16."""
    if draws > MOST_DRAWS:
        raise UserError(f"--draws: {draws:,} is more than sensitivity needs; it takes up to {MOST_DRAWS:,}, for every assumption.")
    return max(FEWEST_DRAWS, 2 ** round(np.log2(max(1, draws))))


def uncertain(*scenarios: Scenario) -> list[str]:
    """The assumptions that some of the scenarios draw: what one of them fixes or observes is not uncertain in it. What a calibrated
    shop's draws give is one name, POSTERIOR."""
    alone = [item.name for item in registry().uncertainties if any(_by_itself(one, item.name) for one in scenarios)]
    return with_joint(alone, scenarios)


def _by_itself(scenario: Scenario, name: str) -> bool:
    return name not in scenario.baseline and not scenario.draws_jointly(name) and _open(belief_of(scenario, name))


def _open(belief: Range) -> bool:
    return 0.0 < belief.best < 1.0 if belief.distribution == "chance" else belief.low != belief.high


# ------------------------------------------------------------------------------------------------------------ one at a time


def tornado(names: Sequence[str], values: Array, ends: Mapping[str, tuple[float, float]]) -> tuple[Swing, ...]:
    """Rows of a tornado, the widest first, names in their own order where two are as wide.

    values [lane]: the central lane, then for each name the lane at its p10 and that at its p90 (as in `OneAtATime`). `ends`
    gives the names' values there; a chance, which falls with the probability, comes out with the lower value first.
    """
    rows = []
    for place, name in enumerate(names):
        (low, high), (at_low, at_high) = ends[name], values[1 + 2 * place : 3 + 2 * place]
        if low > high:
            low, high, at_low, at_high = high, low, at_high, at_low
        reached = (float(values[0]), float(at_low), float(at_high))
        swing = max(reached) - min(reached)
        rows.append(Swing(name=name, low=float(low), high=float(high), at_low=float(at_low), at_high=float(at_high), swing=swing))
    return tuple(sorted(rows, key=lambda row: -row.swing if np.isfinite(row.swing) else 0.0))


def _one_at_a_time(sides: Sequence[Scenario], names: Sequence[str], kpis: Sequence[str], *, seed: int) -> Array:
    """The figures, or their difference, in the central lane, then for each name at its p10 and its p90. [kpi, lane]

    For POSTERIOR, the last of the names, the figure's p10 and p90 over a few of its rows.
    """
    def figures(chance: OneAtATime | JointAlone) -> Array:
        batches = (Batch(scenarios=(side,), chance=chance, noise=False, kpis=tuple(kpis)) for side in sides)
        return _difference([figures_of(batch) for batch in batches], kpis)

    alone = tuple(name for name in names if name != POSTERIOR)
    # NumPy sums a single lane in another order than one among several: a name that nobody has makes three of it.
    found = figures(OneAtATime(names=alone or ("",)))[:, : 1 + 2 * len(alone)]
    if len(alone) == len(names):
        return found
    return np.concatenate([found, np.quantile(figures(JointAlone(seed=seed, count=JOINT)), JOINT_ENDS, axis=-1).T], axis=-1)


def _ends(names: Sequence[str], sides: Sequence[Scenario]) -> dict[str, tuple[float, float]]:
    """Each name at its p10 and its p90, as the first scenario that leaves it open believes."""
    found, opened = {}, [(side, frozenset(uncertain(side))) for side in sides]
    for name in names:
        if name == POSTERIOR:
            found[name] = JOINT_ENDS
            continue
        side = next(side for side, its_own in opened if name in its_own)
        chance = OneAtATime(names=(name,))
        found[name] = tuple(chance.column(belief_of(side, name), registry()[name])[1:].tolist())
    return found


# ------------------------------------------------------------------------------------------------------------ Sobol' indices


def worlds_again(
    sides: Sequence[Scenario], *, kpis: Sequence[str], draws: int, seed: int, noise: bool, workers: int = 1,
    scheduler: str | None = None, progress: Progress | None = None,
) -> Evaluate:
    """How a scenario (less a second one, if there are two) answers `indices`: several sets side by side in a block."""
    days = sides[0].days
    lanes = block_lanes(days)
    together = max(1, lanes // draws)

    def evaluate(agains: Sequence[frozenset[str]]) -> Iterator[Array]:
        groups = [tuple(agains[start : start + together]) for start in range(0, len(agains), together)]
        firsts = range(0, draws, lanes)
        units = (
            Batch(
                scenarios=(side,), noise=noise, kpis=tuple(kpis),
                chance=SideBySide(seed=seed, first=first, each=min(lanes, draws - first), agains=group),
            )
            for group in groups for first in firsts for side in sides
        )
        results = in_order(figures_of, units, workers, scheduler)
        done = 0
        for group in groups:
            values = np.empty((len(group), len(kpis), draws))
            for first in firsts:
                table = _difference([next(results) for _ in sides], kpis)
                each = table.shape[-1] // len(group)
                values[..., first : first + each] = np.moveaxis(table.reshape(len(kpis), len(group), each), 0, 1)
            yield from values
            done += len(group)
            if progress is not None:
                progress(done * draws, len(agains) * draws)

    return evaluate


def felt(
    sides: Sequence[Scenario], names: Sequence[str], *, kpis: Sequence[str], seed: int = 1, noise: bool = True,
    central: Array | None = None,
) -> dict[str, float]:
    """The names that some figure (of a scenario, or its difference to a second one) feels, and how much: a rough total index.

    They are drawn again alone in a few worlds; what changes no figure in any of them, nor at either of its ends in the central
    world, is not felt: its indices are 0 and cost no lanes. Where p10 and p90 are one (something is nearly sure to happen), the
    few worlds are too few to say so. `central` [kpi, lane]: the tornado's lanes, where they are there.
    """
    table, ends = _one_at_a_time(sides, names, kpis, seed=seed) if central is None else central, _ends(names, sides)
    evaluate = worlds_again(sides, kpis=kpis, draws=SCREENED, seed=seed, noise=noise)
    world, *others = evaluate([frozenset(), *(frozenset({name}) for name in names)])
    variance = np.var(world, axis=-1)
    found: dict[str, float] = {}
    for place, (name, values) in enumerate(zip(names, others, strict=True)):
        moved = table[:, 1 + 2 * place : 3 + 2 * place]
        still = np.array_equal(values, world, equal_nan=True) and np.array_equal(*np.broadcast_arrays(moved, table[:, :1]), equal_nan=True)
        if still and ends[name][0] != ends[name][1]:
            continue
        gaps = np.mean((values - world) ** 2, axis=-1)
        shares = np.divide(0.5 * gaps, variance, out=np.zeros_like(gaps), where=variance > 0.0)
        found[name] = float(np.nan_to_num(shares).max())
    return found


def _ranked(strengths: Mapping[str, float], swings: Sequence[Sequence[Swing]]) -> list[str]:
    """The names that are felt, the strongest first: by the rough index or by the swing among all swings, whichever says more."""
    strongest = dict(strengths)
    for rows in swings:
        squares = {row.name: row.swing**2 for row in rows if np.isfinite(row.swing)}
        of_all = sum(squares.values())
        for name in strongest:
            strongest[name] = max(strongest[name], squares.get(name, 0.0) / of_all if of_all else 0.0)
    return sorted(strongest, key=lambda name: -strongest[name])


def _difference(tables: Sequence[Mapping[str, Array]], kpis: Sequence[str]) -> Array:
    """The first scenario's figures, less the second's. [kpi, lane]"""
    first, *rest = (np.stack([table[kpi][0] for kpi in kpis]) for table in tables)
    return first - rest[0] if rest else first


def _factors(names: Sequence[str], *, noise: bool) -> dict[str, frozenset[str]]:
    """The grades' groups first (they answer the first question), then the noise, each strong name, all weak ones together."""
    groups = {grade: frozenset(name for name in names if grade_of(name) == grade) for grade in GRADES if grade != NOISE}
    found = {f"grade:{grade}": group for grade, group in groups.items() if group}
    if noise:
        found[NOISE] = frozenset({NOISE})
    found |= {name: frozenset({name}) for name in names[:MOST_ALONE]}
    if len(names) > MOST_ALONE:
        found[REST] = frozenset(names[MOST_ALONE:])
    return found


def _unspread(kpi: str, central: Array, swings: tuple[Swing, ...]) -> Drivers:
    """The tornado alone."""
    return Drivers(
        kpi=kpi, central=float(central[0]), mean=np.nan, sd=np.nan, defined=bool(np.all(np.isfinite(central))), tornado=swings, sobol=(),
        grades=(),
    )


def _drivers(
    kpi: str, k: int, central: Array, swings: tuple[Swing, ...], found: Indices, factors: Mapping[str, frozenset[str]],
    names: Sequence[str],
) -> Drivers:
    values = found.values_a[k]
    defined = bool(np.all(np.isfinite(values)) and np.all(np.isfinite(found.first[:, k])) and np.all(np.isfinite(central)))
    weak = factors.get(REST, frozenset())
    squares = {row.name: row.swing**2 for row in swings if row.name in weak and np.isfinite(row.swing)}
    rows = []
    for name in [*([NOISE] if NOISE in factors else []), *names]:
        if name in found.names:
            first, total = (_interval(table, k, found, name) for table in (found.first, found.total))
            rows.append(Index(name=name, first=_within(first, total), total=total))
        elif name in weak and REST in found.names:  # no index exceeds the total one of a group that the name is in
            together = _interval(found.total, k, found, REST)
            part = squares.get(name, 0.0) / (sum(squares.values()) or 1.0)
            bounded = Interval(value=max(0.0, together.value) * part, low=0.0, high=max(0.0, together.high))
            rows.append(Index(name=name, first=bounded, total=bounded, bounded=True))
        elif name not in factors and name not in weak:
            nothing = Interval(value=0.0, low=0.0, high=0.0)
            rows.append(Index(name=name, first=nothing, total=nothing))
    rows.sort(key=lambda row: -row.total.value)
    grades = []
    for grade in GRADES:
        key = grade if grade == NOISE else f"grade:{grade}"
        count = int(NOISE in factors) if grade == NOISE else sum(grade_of(name) == grade for name in names)
        if count and (key in found.names or key not in factors):
            share = _interval(found.first, k, found, key) if key in found.names else Interval(value=0.0, low=0.0, high=0.0)
            grades.append(Share(grade=grade, share=share, count=count))
    sd = 0.0 if values.min() == values.max() else float(np.std(values))  # not what rounding makes of equal numbers
    return Drivers(
        kpi=kpi, central=float(central[0]), mean=float(mean(values)), sd=sd, defined=defined, tornado=swings,
        sobol=tuple(rows) if defined else (), grades=tuple(grades) if defined else (),
    )


def _within(first: Interval, total: Interval) -> Interval:
    """Nothing brings more alone than in all: where chance makes it look so, the total's estimate counts, which errs less."""
    value = min(first.value, total.value)
    return Interval(value=value, low=min(first.low, value), high=first.high)


def _interval(table: Array, k: int, found: Indices, name: str) -> Interval:
    value, low, high = table[:, k, found.names.index(name)].tolist()
    return Interval(value=value, low=low, high=high)

"""How much of the difference between a base and a plan each lever brought, in every draw: fair shares that always add up.

Coalitions of contributors (see `sim.analysis.coalitions`) are lanes of one batch. Up to ten contributors get Shapley's value exactly,
more of them an estimate over orders in pairs (see `sim.analysis.shapley`).

The work is bounded by what it asks of the engine, never by a clock: where a plan has many levers, ramps and days, fewer of the
comparison's draws are attributed, always its first ones. Means are then carried over to all draws by regression on the difference
itself, so that they still add up to the comparison's.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis import shapley
from sim.analysis.coalitions import LARGEST, Game, plot_of
from sim.batches import kpis_of
from sim.executors import cores
from sim.model.world import Array
from sim.outcome import Outcome, mean, spread

if TYPE_CHECKING:
    from pandas import DataFrame

FIGURES = ("gmv", "net_gmv", "contribution", "return_rate")
LEAD = "net_gmv"  # by which the largest are chosen
ALONE, MOST_PROCESSES = 8_000_000, 4  # lane-days that one process does in about two seconds
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the shares were found: "exact", or over `permutations` orders; of how many first draws, from how many coalitions."""

    kind: str
    coalitions: int
    permutations: int | None
    draws: int
    interactions: str  # "exact" | "estimated": among the largest contributors alone | "none": too dear, or no two
    joined: tuple[str, ...] = ()  # contributors that cannot be told apart and stand under the first name

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "coalitions": self.coalitions, "permutations": self.permutations, "draws": self.draws,
            "interactions": self.interactions, "joined": list(self.joined),
        }


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The shares of the contributors, of which `names` are those that differ and `still` levers that a file only names.

    Per figure of FIGURES: `shares` and `steps` [contributor, draw], in the order of `names`, both adding up to the difference of
    the draw; `pairs` the interaction of two [draw]; `whole` the mean difference over all draws of the comparison.
    `order` is that of the roll-out, `errors` the standard error of the mean shares, over pairs of orders [contributor].
    """

    names: tuple[str, ...]
    still: tuple[str, ...]
    starts: Mapping[str, datetime.date | None]
    order: tuple[int, ...]
    shares: Mapping[str, Array]
    steps: Mapping[str, Array]
    pairs: Mapping[str, Mapping[tuple[int, int], Array]]
    errors: Mapping[str, Array] | None
    whole: Mapping[str, float]
    method: Method

    def rows(self) -> list[dict[str, Any]]:
        """A row per contributor: {lever, gmv, net_gmv, contribution, return_rate: {mean, p10, p90}}; a lever left alone has 0."""
        nothing = {"mean": 0.0, "p10": 0.0, "p90": 0.0} | ({} if self.errors is None else {"standard_error": 0.0})
        found = {name: {kpi: self._spread(kpi, i) for kpi in FIGURES} for i, name in enumerate(self.names)}
        found |= {name: {kpi: dict(nothing) for kpi in FIGURES} for name in self.still}
        return [{"lever": name, **found[name]} for name in sorted(found)]

    def roll_out_rows(self) -> list[dict[str, Any]]:
        """What each adds when they come in the order of their dates: {lever, start, gmv …}."""
        means = {kpi: self._means(kpi, self.steps[kpi]) for kpi in FIGURES}
        return [
            {
                "lever": self.names[i], "start": None if (start := self.starts[self.names[i]]) is None else start.isoformat(),
                **{kpi: spread(self.steps[kpi][i]) | {"mean": _number(means[kpi][i])} for kpi in FIGURES},
            }
            for i in self.order
        ]

    def interaction_rows(self, most: int | None = None) -> list[dict[str, Any]]:
        """Pairs and what they bring together beyond each alone, the strongest by net GMV first: {levers, gmv …}."""
        rows = [
            {"levers": [self.names[i], self.names[j]], **{kpi: spread(self.pairs[kpi][i, j]) for kpi in FIGURES}}
            for i, j in self.pairs[LEAD]
        ]
        rows.sort(key=lambda row: (-abs(row[LEAD]["mean"] or 0.0), row["levers"]))
        return rows[:most]

    def waterfall(self, kpi: str, *, most: int = 12, roll_out: bool = False) -> list[dict[str, Any]]:
        """The steps from base to plan, at most so many: {levers, mean, p10, p90}; the smallest are one step, the last.

        Fair shares with the largest first, or in the order of the roll-out. The means add up to the difference over all draws.
        """
        parts = self.steps[kpi] if roll_out else self.shares[kpi]
        means = self._means(kpi, parts)
        by_size = sorted(range(len(self.names)), key=lambda i: (-abs(means[i]), i))
        single = by_size if len(by_size) <= most else by_size[: most - 1]
        folded = [i for i in by_size if i not in single]
        if roll_out:
            single = [i for i in self.order if i in single]
        rows = [{"levers": [self.names[i]], **spread(parts[i]), "mean": _number(means[i])} for i in single]
        if folded:
            mean_of_rest = _number(sum(means[i] for i in folded))
            rows.append({"levers": [self.names[i] for i in folded], **spread(np.sum(parts[folded], axis=0)), "mean": mean_of_rest})
        return rows

    def to_json(self) -> dict[str, Any]:
        """Contract: in each of `whatif compare`'s plans."""
        return {
            "attribution": self.rows(), "interactions": self.interaction_rows(), "roll_out": self.roll_out_rows(),
            "attribution_method": self.method.to_json(),
        }

    def frame(self, plan: str) -> DataFrame:
        """Tidy: plan, contributor, kpi, mean, p10, p90."""
        from pandas import DataFrame

        bands = ("mean", "p10", "p90")
        return DataFrame(
            [
                {"plan": plan, "contributor": row["lever"], "kpi": kpi, **{band: row[kpi][band] for band in bands}}
                for row in self.rows() for kpi in FIGURES
            ],
            columns=["plan", "contributor", "kpi", *bands],
        )

    def _spread(self, kpi: str, i: int) -> dict[str, float | None]:
        error = {} if self.errors is None else {"standard_error": _number(self.errors[kpi][i])}
        return spread(self.shares[kpi][i]) | {"mean": _number(self._mean_shares[kpi][i])} | error

    @cached_property
    def _mean_shares(self) -> dict[str, Array]:
        return {kpi: self._means(kpi, self.shares[kpi]) for kpi in FIGURES}

    def _means(self, kpi: str, parts: Array) -> Array:
        """Means over all draws of the comparison, which add up to its difference. [contributor]

        Where fewer draws were attributed, by regression on the difference: the parts add up to it, so their slopes add up to 1.
        """
        means = np.array([mean(row) for row in parts])
        delta = np.sum(parts, axis=0)
        apart = delta - np.mean(delta) if len(parts) else np.zeros(1)
        wide = float(np.sum(apart * apart))
        if not wide > 0.0:
            return means
        slopes = np.array([np.sum((row - np.mean(row)) * apart) for row in parts]) / wide
        return means + slopes * (self.whole[kpi] - float(mean(delta)))


def attribution_of(
    base: Outcome, plan: Outcome, *, effort: str = "auto", workers: int | None = 1, scheduler: str | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """The shares of what differs between two outcomes on the same draws and the same horizon.

    `effort` "auto" keeps within a fixed amount of work by attributing fewer of the draws where it must; "full" allows forty times it.
    `workers` None: several processes where they gain more than their start costs.
    `progress` is told (lanes done, lanes in all). The shares do not depend on where they are worked out.
    """
    game = Game.between(base, plan)
    plot = plot_of(game, draws=base.draws, seed=base.seed, effort=effort)
    workers = _processes(plot.lanes * plan.scenario.days) if workers is None else workers
    chance = {"draws": plot.draws, "seed": base.seed, "noise": base.noise, "workers": workers, "scheduler": scheduler}
    told = _Told(progress, plot.lanes)
    table = _Table(game, chance, told)
    table.add(plot.coalitions)
    count = len(game.names)
    exact = plot.pairs is None
    errors: dict[str, Array] | None = None
    shares: dict[str, Array] = {}
    pairs: dict[str, Mapping[tuple[int, int], Array]] = {kpi: {} for kpi in FIGURES}
    if exact:
        for kpi in FIGURES:
            values = table.all(kpi, range(1 << count))
            shares[kpi], pairs[kpi] = shapley.shapley(values), shapley.interactions(values)
    else:
        orders, errors = shapley.orders(game.names, seed=base.seed, pairs=plot.pairs), {}
        for kpi in FIGURES:
            shares[kpi], by_pair = shapley.sampled(table.value(kpi), orders)
            several = len(by_pair) > 1
            errors[kpi] = np.std(by_pair, axis=0, ddof=1) / np.sqrt(len(by_pair)) if several else np.full(count, np.nan)
        if plot.interactions:
            pairs = _among_the_largest(game, shares[LEAD], table)
    along = {kpi: shapley.steps(table.value(kpi), game.order) for kpi in FIGURES}
    deltas = {kpi: plan.kpi(kpi) - base.kpi(kpi) for kpi in FIGURES}
    here = slice(0, plot.draws)
    return Attribution(
        names=game.names, still=game.still, starts=game.starts, order=game.order, pairs=pairs, errors=errors,
        shares={kpi: shapley.evened(shares[kpi], deltas[kpi][here]) for kpi in FIGURES},
        steps={kpi: shapley.evened(along[kpi], deltas[kpi][here]) for kpi in FIGURES},
        whole={kpi: float(mean(deltas[kpi])) for kpi in FIGURES},
        method=Method(
            kind="exact" if exact else "permutations", coalitions=len(table), permutations=None if exact else 2 * plot.pairs,
            draws=plot.draws, interactions="none" if not plot.interactions else "exact" if exact else "estimated", joined=game.joined,
        ),
    )


def _among_the_largest(game: Game, shares: Array, table: _Table) -> dict[str, dict[tuple[int, int], Array]]:
    """Interactions of the largest contributors, as the mean of two games: with all others away, and with all others there.

    As good as exact where no four contributors have an effect together that no three of them have.
    """
    sizes = np.abs(np.mean(shares, axis=-1))
    largest = sorted(sorted(range(len(game.names)), key=lambda i: (-float(sizes[i]), i))[:LARGEST])
    others = sum(1 << i for i in range(len(game.names)) if i not in largest)
    games = [
        [context | sum(1 << i for k, i in enumerate(largest) if mask >> k & 1) for mask in range(1 << LARGEST)] for context in (0, others)
    ]
    table.add(list(chain(*games)))
    found: dict[str, dict[tuple[int, int], Array]] = {}
    for kpi in FIGURES:
        away, there = (shapley.interactions(table.all(kpi, masks)) for masks in games)
        found[kpi] = {(largest[i], largest[j]): (away[i, j] + there[i, j]) / 2.0 for i, j in away}
    return found


class _Table:
    """Values of coalitions; each is evaluated once."""

    def __init__(self, game: Game, chance: Mapping[str, Any], told: _Told) -> None:
        self._game, self._chance, self._told = game, chance, told
        self._places: dict[int, int] = {}
        self._values: list[dict[str, Array]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, masks: Sequence[int]) -> None:
        new = [mask for mask in dict.fromkeys(masks) if mask not in self._places]
        if not new:
            return
        scenarios = [self._game.coalition(mask) for mask in new]
        found = kpis_of(scenarios, kpis=FIGURES, among=self._game.among, progress=self._told.part(), **self._chance)
        for row, mask in enumerate(new):
            self._places[mask] = len(self._values)
            self._values.append({kpi: rows[row] for kpi, rows in found.items()})

    def value(self, kpi: str) -> shapley.Value:
        return lambda mask: self._values[self._places[mask]][kpi]

    def all(self, kpi: str, masks: Sequence[int]) -> Array:
        return np.stack([self.value(kpi)(mask) for mask in masks])


class _Told:
    """Progress over several calls of the engine."""

    def __init__(self, progress: Progress | None, lanes: int) -> None:
        self._progress, self._lanes, self._before, self._done = progress, lanes, 0, 0

    def part(self) -> Progress | None:
        if self._progress is None:
            return None
        self._before = self._done
        return self._tell

    def _tell(self, done: int, of_all: int) -> None:
        self._done = self._before + done
        if self._progress is not None:
            self._progress(self._done, max(self._lanes, self._done))


def _processes(lane_days: int) -> int:
    """How many for so much work: no more than this machine has processors for."""
    return 1 if lane_days < ALONE else cores(MOST_PROCESSES)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

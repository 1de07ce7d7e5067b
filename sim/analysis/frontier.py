"""What can be had: net GMV against return rate against plan cost, as plans of which none is worse than another in all three.

Epsilon constraints (Haimes 1971): for some budgets, the most net GMV while the return rate stays below levels between what is best
for sales and the lowest there is. Each solve starts from its neighbour and its curves; what was tried on the way fills the gaps.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.goals import Target
from sim.analysis.optimizing import Optimizer, Progress, contradiction
from sim.analysis.optimizing.curves import Curves
from sim.analysis.optimizing.explaining import conflict
from sim.analysis.optimizing.plans import Plans, Question, question, space_of, value_in
from sim.analysis.optimizing.search import Search, climbed, proposed
from sim.batches import kpis_of
from sim.errors import INFEASIBLE, UserError
from sim.model.world import Array
from sim.outcome import KPIS, mean, spread
from sim.scenario import Scenario

AXES = ("net_gmv", "return_rate", "plan_cost")
SIGNS = np.array([1.0, -1.0, -1.0])  # more, less, less is better
BUDGETS = (1.0, 0.5, 0.25, 0.1)  # shares of the budget for which a row of plans is made
FEWEST, MOST = 3, 60
HAIR = 0.06  # of the frontier's size
FAR = 0.24  # of the frontier's size
LEAST = np.array([0.01, 0.01, 0.01])  # its size is at least: a share of net GMV, a point of the return rate, a share of the budget
UNSEEN = 0.1 * LEAST  # no planner gives up much for that
FREE_BUDGET = 1e6  # CNY: a frontier of levers that cost nothing
STEP = 0.02  # of the return rate: levels nearer than that are one
RATE = 1  # place of the return rate's limit, behind the budget's
ALIKE = 0.03  # two plans nearer than this in all three, in shares of the frontier's size, are one


@dataclass(frozen=True, kw_only=True)
class Point:
    """A plan of the frontier. kpis: {name: [draw]}"""

    plan: Scenario
    levers: Mapping[str, float]
    kpis: Mapping[str, Array]

    def mean(self, kpi: str) -> float:
        return float(mean(self.kpis[kpi]))


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The plans, most net GMV first, and beside them the plan at hand and the baseline."""

    asked: Question
    points: tuple[Point, ...]
    at_hand: Point
    baseline: Point
    draws: int
    seed: int
    evaluations: int
    interrupted: bool = False

    def to_json(self) -> list[dict[str, Any]]:
        """Contract: `whatif frontier --format json`."""
        return [
            {
                "point": number, "kpis": {kpi: {**spread(rows), "unit": KPIS[kpi].unit} for kpi, rows in point.kpis.items()},
                "levers": dict(point.levers), "digest": point.plan.digest,
            }
            for number, point in enumerate(self.points, 1)
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The same, flat: a row per plan, as CSV holds it."""
        bands = ("mean", "p10", "p90")
        return [
            {
                "point": row["point"], **{f"{kpi}.{band}": cut[band] for kpi, cut in row["kpis"].items() for band in bands},
                **row["levers"], "digest": row["digest"],
            }
            for row in self.to_json()
        ]


def frontier(
    scenario: Scenario, *, budget: float | None = None, points: int = 12, limits: Sequence[Target | str] = (), levers: Sequence[str] = (),
    bounds: Mapping[str, tuple[float, float]] | None = None, most_levers: int | None = None, draws: int = 1000, seed: int = 1,
    noise: bool = True, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> Frontier:
    """Plans on the frontier of net GMV, return rate and plan cost, on the mean; at most `points` of them.

    Without a budget, one and a half times what the plan at hand costs; a plan may pass it by a thousandth. Levers, bounds and
    `limits` as for `optimize`.
    """
    if not FEWEST <= points <= MOST:
        raise UserError(f"--points: {points} is out of bounds; {FEWEST} to {MOST} is allowed.")
    asked = question(scenario, objective="net_gmv", budget=budget, limits=limits, levers=levers, bounds=bounds, most_levers=most_levers)
    chance = {"draws": draws, "seed": seed, "noise": noise, "workers": workers, "scheduler": scheduler}
    if asked.budget is None:
        asked = _with_limits(asked, _usual_budget(asked, noise=noise, seed=seed))
    elif asked.budget == 0.0:
        raise UserError("--budget: with a budget of 0 there is no frontier of costs; give one above 0.")
    else:
        asked = _with_limits(asked, asked.budget)
    work = Optimizer(asked=asked, **chance, progress=progress)
    places, interrupted = [], False
    try:
        work.starts()
        places = _traced(work, points)
    except KeyboardInterrupt:
        interrupted = True
    best = _best_places(work.search, places, points)
    if not best:
        if interrupted:
            raise KeyboardInterrupt
        raise UserError(contradiction(conflict(work.plans, work.search, np.zeros(work.search.limits))), exit_code=INFEASIBLE)
    found, at_hand, base = _judged(work, [work.search.points[place] for place in best], chance)
    return Frontier(
        asked=asked, points=found, at_hand=at_hand, baseline=base, draws=draws, seed=seed, evaluations=work.search.evaluations,
        interrupted=interrupted,
    )


def _with_limits(asked: Question, budget: float) -> Question:
    """The return rate is a limit too, one that everything keeps: the frontier moves it."""
    rate = Target(kpi="return_rate", sense="at_most", value=1.0)
    return Question(
        scenario=asked.scenario, levers=asked.levers, low=asked.low, high=asked.high, objective="net_gmv", budget=budget,
        limits=(rate, *asked.limits), most_levers=asked.most_levers,
    )


def _usual_budget(asked: Question, *, noise: bool, seed: int) -> float:
    """One and a half times what the plan costs; where it costs nothing, half of what every lever at its dearest end would."""
    cost = float(mean(kpis_of([asked.scenario], draws=64, seed=seed, noise=noise, kpis=("plan_cost",))["plan_cost"][0]))
    if cost > 0.0:
        return _two_digits(1.5 * cost)
    widest = Plans(asked=asked, space=space_of(asked), draws=64, seed=seed, noise=noise).widest
    dearest = float(mean(kpis_of([widest], draws=64, seed=seed, noise=noise, kpis=("plan_cost",))["plan_cost"][0]))
    return _two_digits(0.5 * dearest) if dearest > 0.0 else FREE_BUDGET


def _two_digits(amount: float) -> float:
    return float(f"{amount:.1e}")


def _traced(work: Optimizer, points: int) -> list[int]:
    """Solves along the frontier. Places, in the order in which they were found."""
    search, found = work.search, []
    levels = max(1, round(points / len(BUDGETS)))  # of the return rate below the best for sales
    known: Curves | None = None
    for share in BUDGETS:
        offset = np.zeros(search.limits)
        offset[0] = share - 1.0
        start = search.best(offset=offset)
        if known is None:  # as the optimiser does it
            work.explore()
            top, curves = search.best(), work.curves
        else:
            top, curves = climbed(search, start, offset=offset, known=copy.deepcopy(known), rounds=3, radius=0.5, dear_rounds=(1,))
        known = curves
        if not search.feasible(top, offset):
            continue
        found.append(top)
        lowest = _lowest_rate(search, curves, offset)
        if lowest is None:
            continue
        rates = [1.0 - search.rows[place][1 + RATE] for place in (top, lowest)]
        row = copy.deepcopy(curves)
        steps = max(1, min(levels, int((rates[0] - rates[1]) / (STEP * rates[0]))))
        for rate in np.linspace(rates[0], rates[1], steps + 1)[1:]:
            held = offset.copy()
            held[RATE] = rate - 1.0 + 1e-9
            proposed(search, row, 1.0, held)
            start = search.best(offset=held)
            place, row = climbed(search, start, offset=held, known=row, rounds=1, radius=0.25, dear_rounds=())
            place = search.best(offset=held)
            if search.feasible(place, held):
                found.append(place)
    return found


def _lowest_rate(search: Search, curves: Curves, offset: Array) -> int | None:
    """The plan with the lowest return rate that the curves know of within the budget."""
    others = [k for k in range(search.limits) if k != RATE]
    order = [1 + RATE, *(1 + k for k in others)]
    turned = copy.deepcopy(curves)
    turned.row = turned.row[order]
    for curve in turned.of:
        curve.rows = curve.rows[:, order]
    shift = offset[others]
    for trust in (1.0, 0.5):
        point = turned.best(trust=trust, offset=shift)
        if point is not None:
            search.at([point])
    inside = [place for place in range(search.evaluations) if search.feasible(place, offset)]
    return max(inside, key=lambda place: (search.rows[place][1 + RATE], -place), default=None)


def _values(search: Search, place: int) -> Array:
    """(net GMV, return rate, plan cost) of a place, all such that more is better."""
    row = search.rows[place]
    return np.array([row[0], row[1 + RATE], row[1]])


def not_dominated(values: Array) -> Array:
    """Which rows no other row beats or equals in everything and beats in something. More is better. values [row, axis] -> [row]"""
    keep = np.ones(len(values), bool)
    for k, row in enumerate(values):
        better = np.all(values >= row, axis=1) & np.any(values > row, axis=1)
        keep[k] = not np.any(better)
    return keep


def _best_places(search: Search, solved: Sequence[int], points: int) -> list[int]:
    """Of all places within the limits those on the frontier: the solved ones, then those of the rest that fill the widest gaps.

    A difference too small to be seen in one figure is no reason to give up much of another.
    """
    inside = [place for place in range(search.evaluations) if search.feasible(place)]
    if not inside:
        return []
    table = np.stack([_values(search, place) for place in inside])
    front = [place for place, kept in zip(inside, not_dominated(table), strict=True) if kept]
    table = np.stack([_values(search, place) for place in front])
    scale = np.array([max(1e-12, float(np.max(np.abs(table[:, 0])))), 1.0, 1.0])
    size = np.maximum(np.ptp(table, axis=0), LEAST * scale)
    values = dict(zip(front, table, strict=True))
    front = [place for place in front if not _hardly_there(values[place], table, UNSEEN * scale, size)] or front
    chosen: list[int] = []

    def gap(place: int) -> float:
        return min((float(np.max(np.abs(values[place] - values[other]) / size)) for other in chosen), default=np.inf)

    for place in dict.fromkeys(solved):
        if place in front and len(chosen) < points and gap(place) > ALIKE:
            chosen.append(place)
    rest = [place for place in front if place not in chosen and not _hardly_there(values[place], table, HAIR * size, size)]
    while rest and len(chosen) < points:
        widest = max(rest, key=lambda place: (gap(place), -place))
        if gap(widest) <= ALIKE:
            break
        chosen.append(widest)
        rest.remove(widest)
    return chosen


def _hardly_there(value: Array, others: Array, hair: Array, size: Array) -> bool:
    """Is another plan far better in something and, but for a hair, no worse in the rest? Then this one only fills a gap in the search."""
    gains = others - value
    return bool(np.any(np.all(gains >= -hair, axis=1) & np.any(gains > FAR * size, axis=1)))


def _judged(work: Optimizer, found: Sequence[Array], chance: Mapping[str, Any]) -> tuple[tuple[Point, ...], Point, Point]:
    """The plans at all draws; one that a limit or another plan rules out there is left out."""
    asked, plans = work.asked, work.plans
    base = np.array([asked.scenario.lever_baseline(name) for name in asked.levers])
    scenarios = [asked.scenario, plans.scenario(base), *(plans.scenario(point) for point in found)]
    table = kpis_of(scenarios, kpis=tuple(KPIS), among=plans.widest, **chance)
    all_points = [
        Point(
            plan=plan, levers={name: value_in(plan, name) for name in asked.levers}, kpis={kpi: table[kpi][k] for kpi in KPIS},
        )
        for k, plan in enumerate(scenarios)
    ]
    inside = [
        point for point in all_points[2:] if all(bool(limit.reached(point.kpis[limit.kpi])) for limit in asked.limits)
        and point.mean("plan_cost") <= asked.budget * (1.0 + 1e-3)
    ]
    values = np.array([[point.mean(kpi) for kpi in AXES] for point in inside]).reshape(-1, len(AXES)) * SIGNS
    kept = [point for point, keep in zip(inside, not_dominated(values), strict=True) if keep]
    ordered = sorted(kept, key=lambda point: -point.mean("net_gmv"))
    return tuple(ordered), all_points[0], all_points[1]

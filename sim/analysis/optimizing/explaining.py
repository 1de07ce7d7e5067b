"""Why an answer is what it is: what easing a limit brings, which limits cannot hold together, what a lever brings, where money goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.analysis.goals import Target
from sim.analysis.optimizing.curves import Curves
from sim.analysis.optimizing.plans import Plans, Question, size_of, worth_of
from sim.analysis.optimizing.search import Search, climbed, proposed
from sim.model.world import Array
from sim.outcome import KPIS, mean, spread
from sim.parameters import registry

BINDS = 0.003  # slack, in sizes of the limit, below which a limit may be what stops the plan
EASED = 0.01
NEAR, FARTHER = 0.06, 0.3  # shares of a lever's width within which an eased task is solved again
ASIDE = 1e9  # offset of a limit that is left out
TRIES = 3  # rounds of a search that only asks whether limits can hold together
SMALL = 0.02  # of a lever's width: a small step
UPWARD = ("change", "parcel", "budget", "spend")  # bases of cost whose bill grows with the lever


def eased_gain(
    search: Search, curves: Curves, answer: int, limit: int, offset: Array, worth: Callable[[int], float] | None = None
) -> float:
    """By how much the worth of a place (`worth`, by default the search's own) grows when a limit is eased by 1 %.

    Solved again near the answer, and evaluated; against the best that the search's draws allow without the easing. At least 0
    """
    worth = worth or search.worth
    eased = offset.copy()
    eased[limit] += EASED
    for reach in (NEAR, FARTHER):
        proposed(search, curves, reach, eased, frozen=search.space.dear)
    before, after = search.best(offset=offset), search.best(offset=eased)
    if not search.feasible(after, eased):
        return 0.0
    start = max(worth(answer), worth(before)) if search.feasible(before, offset) else worth(answer)
    return max(0.0, worth(after) - start)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A limit and the best value of its figure found, all other limits aside; where the limit is missed, the best within the bounds."""

    limit: Target
    value: float

    @property
    def possible(self) -> bool:
        return self.value >= self.limit.value if self.limit.sense == "at_least" else self.value <= self.limit.value


def conflict(plans: Plans, search: Search, offset: Array) -> list[Reach]:
    """A smallest set of limits that cannot hold together: leave one out of them and the rest can. With each limit's own reach.

    Limits are left out one after another; one whose absence mends nothing is not needed (a deletion filter, Chinneck 2008).
    """
    limits = plans.asked.constraints
    reaches = [_reach(plans, search, place) for place in range(len(limits))]
    alone = [place for place in range(len(limits)) if not reaches[place].possible]
    if alone:
        return [reaches[alone[0]]]
    needed = list(range(len(limits)))
    for place in range(len(limits)):
        without = [other for other in needed if other != place]
        if without and not _hold_together(search, without, offset):
            needed = without
    return [reaches[place] for place in needed]


def _hold_together(search: Search, places: Sequence[int], offset: Array) -> bool:
    only = np.full(search.limits, ASIDE)
    only[list(places)] = offset[list(places)]
    best = search.best(offset=only)
    if not search.feasible(best, only):
        best, _ = climbed(search, best, rounds=TRIES, offset=only)
    return search.feasible(best, only)


def _reach(plans: Plans, search: Search, place: int) -> Reach:
    """The best value of a limit's figure alone: a search of its own where no plan tried so far reaches the limit."""

    def evaluate(points: Array) -> tuple[Array, Array]:
        return plans.evaluate(points)[1][:, place], np.zeros((len(points), 0))

    own = Search(space=search.space, evaluate=evaluate, limits=0, logarithmic=False)
    own.at(search.points)
    if own.worth(own.best()) < 0.0:
        climbed(own, own.best(), rounds=TRIES)
    best = own.best()
    search.at(own.points)
    limit = plans.asked.constraints[place]
    sign = 1.0 if limit.sense == "at_least" else -1.0
    return Reach(limit=limit, value=limit.value + sign * own.worth(best) * size_of(limit))


def alone(plans: Plans, point: Array) -> dict[str, float]:
    """What each changed lever brings by itself: the plan at hand with this lever alone where the answer has it, in the objective's unit."""
    asked, held = plans.asked, plans.at_hand
    changed = np.flatnonzero(point != held)
    if not len(changed):
        return {}
    points = np.repeat(held[None], len(changed) + 1, axis=0)
    for k, lever in enumerate(changed):
        points[k + 1, lever] = point[lever]
    worth = worth_of(asked, plans.figures_of(points)[asked.objective], true=True)
    return {asked.levers[lever]: asked.said(float(worth[k + 1] - worth[0])) for k, lever in enumerate(changed)}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A small step of one lever from a plan: its cost and what it brings, in CNY and the objective's unit, per draw summarised.

    `per_money`: what an amount of money spent this way brings, at this step's rate (mean, p10, p90); None where the step is free
    or saves money. `at_bound`: there is no farther step.
    """

    lever: str
    value: float
    step: float
    cost: float
    gain: dict[str, float | None]
    per_money: dict[str, float | None] | None
    at_bound: bool

    @property
    def better(self) -> float:
        return self.gain["mean"] or 0.0


def money_of(asked: Question, cost: float) -> float:
    """The amount that is asked about: CNY 1 m, for a small shop a power of ten of about a hundredth of its budget."""
    whole = asked.budget if asked.budget else cost
    return 1e6 if whole >= 2e7 or whole <= 0.0 else float(10.0 ** np.floor(np.log10(whole / 20.0)))


def next_money(plans: Plans, point: Array, money: float) -> list[Step]:
    """One small step per lever, in the direction that costs money or, where none does, that promises more. Best rate first."""
    asked, space = plans.asked, plans.space
    steps: list[tuple[int, float]] = []
    stuck: list[int] = []
    for lever, name in enumerate(asked.levers):
        ways = []
        for way in _ways(asked, name, point[lever]):
            size = 1.0 if space.whole[lever] else SMALL * space.width[lever]
            value = float(space.rounded(np.where(np.arange(space.size) == lever, point + way * size, point))[lever])
            if value != point[lever]:
                ways.append(value)
        steps += [(lever, value) for value in ways]
        stuck += [lever] if not ways else []
    points = np.repeat(point[None], len(steps) + 1, axis=0)
    for k, (lever, value) in enumerate(steps):
        points[k + 1, lever] = value
    figures = plans.figures_of(points)
    found: dict[int, Step] = {}
    for k, (lever, value) in enumerate(steps):
        step = _step(plans, lever, float(point[lever]), value, {kpi: rows[[0, k + 1]] for kpi, rows in figures.items()}, money)
        if lever not in found or _rate(step) > _rate(found[lever]):
            found[lever] = step
    nothing: dict[str, float | None] = {"mean": 0.0, "p10": 0.0, "p90": 0.0}
    for lever in stuck:
        value = float(point[lever])
        found[lever] = Step(lever=asked.levers[lever], value=value, step=0.0, cost=0.0, gain=nothing, per_money=None, at_bound=True)
    return sorted(found.values(), key=lambda step: (step.at_bound, -_rate(step), step.lever))


def _rate(step: Step) -> float:
    """For sorting: a gain that costs nothing comes before all that is paid for."""
    if step.per_money is None:
        return np.inf if step.better > 0.0 else (step.better or -0.0)
    return step.per_money["mean"] or 0.0


def _ways(asked: Question, name: str, value: float) -> list[float]:
    lever, base = registry()[name], asked.scenario.lever_baseline(name)
    if lever.cost is not None and lever.cost.basis in UPWARD:
        return [1.0]
    if value != base:
        return [1.0 if value > base else -1.0]
    return {"+": [1.0], "-": [-1.0]}.get(lever.expect or "", [1.0, -1.0])


def _step(plans: Plans, lever: int, before: float, value: float, figures: dict[str, Array], money: float) -> Step:
    asked = plans.asked
    values = figures[asked.objective]
    direction = KPIS[asked.objective].direction
    cost = float(mean(figures["plan_cost"][1]) - mean(figures["plan_cost"][0]))
    if asked.risk == "probability":
        worth = worth_of(asked, values, true=True)
        gain: dict[str, float | None] = {"mean": float(worth[1] - worth[0]), "p10": None, "p90": None}
    else:
        gain = spread((values[1] - values[0]) * direction)
        if asked.risk != "mean":
            worth = worth_of(asked, values)
            gain = gain | {"mean": float(worth[1] - worth[0])}
    each = {band: None if amount is None else amount * money / cost for band, amount in gain.items()} if cost > 1.0 else None
    return Step(lever=asked.levers[lever], value=value, step=value - before, cost=cost, gain=gain, per_money=each, at_bound=False)

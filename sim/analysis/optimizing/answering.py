"""The best plan under a budget and limits: found on common random numbers, checked at all draws, and explained.

On the same draws every figure is a plain function of the levers. The search (`search`) sees a share of the draws and
about a hundred lanes per lever; its answer is judged at the draws asked for, tightened where a limit is missed there, and never
handed out while one is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sim.analysis.goals import Target
from sim.analysis.optimizing import explaining
from sim.analysis.optimizing.curves import Curves
from sim.analysis.optimizing.explaining import Reach, Step
from sim.analysis.optimizing.plans import Plans, Question, planned, question, search_draws, size_of, slacks_of, space_of, value_in, worth_of
from sim.analysis.optimizing.search import Search, climbed, proposed, random_points
from sim.engine import run
from sim.errors import INFEASIBLE, UserError
from sim.model.world import Array
from sim.outcome import KPIS, Outcome, mean, spread
from sim.parameters import registry
from sim.scenario import Scenario

Progress = Callable[[int, int], None]
CHECKS = 7  # times that an answer is judged at all draws, and the search corrected by what was found
HOPE = 0.05  # lack of the limits, in their sizes, that more draws might still mend
FALL = 0.01  # of the worth: a plan that much worse is not the same plan within the limits
MARGIN = 1e-4  # of a limit's size, by which a search aims inside what was missed at all draws
SMALL_TASK = 10  # levers up to which the search starts twice
AGAIN, AGAIN_ROUNDS = (0.5, 0.2), 3  # a small task is searched again around its best plan, with curves seen from there
RIVAL_REACH, RIVAL_ROUNDS = 0.3, 4  # of the search from a random plan that was better


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit, what the answer reaches, and what easing it by 1 % would bring in the objective's unit (None: it does not bind)."""

    target: Target
    reached: float
    slack: float
    binding: bool
    easing_1pct: float | None

    def to_json(self) -> dict[str, Any]:
        own = {"reached": self.reached, "slack": self.slack, "binding": self.binding, "easing_1pct": self.easing_1pct}
        return {**self.target.to_json(), **own}


@dataclass(frozen=True, kw_only=True)
class RandomSearch:
    """What as many random plans reached, on the same draws: `ahead` is the answer minus the best of them (None: none was feasible)."""

    evaluations: int
    feasible: int
    best: float | None
    ahead: float | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The best plan found, the plan at hand, and why. `interrupted`: the search was stopped; the best so far, which keeps every limit."""

    asked: Question
    before: Outcome
    after: Outcome
    plan: Scenario
    limits: tuple[Limit, ...]
    alone: Mapping[str, float]
    next_at_hand: tuple[Step, ...]
    next_at_answer: tuple[Step, ...]
    money: float
    random_search: RandomSearch | None
    evaluations: int
    search_draws: int
    interrupted: bool = False

    @property
    def changed(self) -> list[str]:
        """The levers that the answer moves elsewhere than the plan at hand."""
        return [name for name in self.asked.levers if value_in(self.plan, name) != self.asked.before(name)]

    def worth(self, outcome: Outcome) -> float:
        """The objective of an outcome, as the planner reads it."""
        return self.asked.said(float(worth_of(self.asked, outcome.kpi(self.asked.objective), true=True)))

    def at_bound(self, name: str) -> str | None:
        value = value_in(self.plan, name)
        return "low" if value <= self.asked.low[name] else "high" if value >= self.asked.high[name] else None

    def lever_rows(self) -> list[dict[str, Any]]:
        """Every lever of the question: before, after, its own cost in the answer, what it brings alone."""
        rows = []
        for name in self.asked.levers:
            costs = {key: out.arrays.get(f"cost.{name}") for key, out in (("cost_before", self.before), ("cost", self.after))}
            rows.append(
                {
                    "name": name, "before": self.asked.before(name), "after": value_in(self.plan, name), "unit": registry()[name].unit,
                    "changed": name in self.changed, "at_bound": self.at_bound(name), "low": self.asked.low[name],
                    "high": self.asked.high[name],
                    **{key: 0.0 if row is None else float(mean(row)) for key, row in costs.items()},
                    "alone": self.alone.get(name, 0.0 if name not in self.changed else None),
                }
            )
        return rows

    def to_json(self) -> dict[str, Any]:
        """Contract: `whatif optimize --format json`."""
        asked, kpis = self.asked, {}
        for name, kpi in KPIS.items():
            sides = {"before": spread(self.before.kpi(name)), "after": spread(self.after.kpi(name))}
            kpis[name] = {**sides, "delta": spread(self.after.kpi(name) - self.before.kpi(name)), "unit": kpi.unit}
        budget, others = (None, self.limits) if asked.budget is None else (self.limits[0], self.limits[1:])
        scenario = {"name": asked.scenario.name, "digest": asked.scenario.digest}
        objective = {
            "kpi": asked.objective, "risk": asked.risk, "goal": None if asked.goal is None else asked.goal.to_json(),
            "before": self.worth(self.before), "after": self.worth(self.after),
            "unit": "share" if asked.risk == "probability" else KPIS[asked.objective].unit,
        }
        return {
            "scenario": scenario, "answer": {"digest": self.plan.digest}, "version": self.after.version, "seed": self.after.seed,
            "draws": self.after.draws, "noise": self.after.noise, "search_draws": self.search_draws, "objective": objective,
            "most_levers": asked.most_levers, "levers": self.lever_rows(), "kpis": kpis,
            "budget": None if budget is None else {
                "limit": asked.budget, "used": budget.reached, "slack": budget.slack, "binding": budget.binding,
                "easing_1pct": budget.easing_1pct,
            },
            "limits": [limit.to_json() for limit in others], "evaluations": self.evaluations,
            "random_search": None if self.random_search is None else vars(self.random_search),
            "next_million": {
                "money": self.money, "at_hand": [vars(step) for step in self.next_at_hand],
                "at_answer": [vars(step) for step in self.next_at_answer],
            },
            "interrupted": self.interrupted,
        }


def optimize(
    scenario: Scenario, *, objective: str | None = None, risk: str = "mean", goal: Target | str | None = None, budget: float | None = None,
    limits: Sequence[Target | str] = (), levers: Sequence[str] = (), bounds: Mapping[str, tuple[float, float]] | None = None,
    most_levers: int | None = None, draws: int = 1000, seed: int = 1, noise: bool = True, workers: int = 1, scheduler: str | None = None,
    progress: Progress | None = None,
) -> Answer:
    """The levers' values that make a figure best while the mean plan cost keeps the budget and every limit holds.

    `limits` such as "return_rate <= 0.22" (on the mean) or "... @ 0.8" (in that share of draws); `risk`: mean, p10, cvar10, or
    probability with a `goal`. Dates, ramps, coverage and prices are the file's. Raises UserError (3) where limits cannot hold
    together. On KeyboardInterrupt the best plan so far that keeps the limits at all draws, marked `interrupted`.
    """
    asked = question(
        scenario, objective=objective, risk=risk, goal=goal, budget=budget, limits=limits, levers=levers, bounds=bounds,
        most_levers=most_levers,
    )
    return Optimizer(
        asked=asked, draws=draws, seed=seed, noise=noise, workers=workers, scheduler=scheduler, progress=progress
    ).answer()


@dataclass(kw_only=True)
class Optimizer:
    """One question on its way to an answer; keeps all that was tried, so that it can be stopped at any time."""

    asked: Question
    draws: int
    seed: int
    noise: bool
    workers: int = 1
    scheduler: str | None = None
    progress: Progress | None = None
    plans: Plans = field(init=False)
    search: Search = field(init=False)
    curves: Curves | None = field(init=False, default=None)
    offset: Array = field(init=False)
    outcomes: dict[str, Outcome] = field(init=False, default_factory=dict)
    checked: dict[int, tuple[Array, float]] = field(init=False, default_factory=dict)
    _expected: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        space = space_of(self.asked)
        few = search_draws(self.asked, space, self.draws)
        self.plans = Plans(
            asked=self.asked, space=space, draws=few, seed=self.seed, noise=self.noise, workers=self.workers, scheduler=self.scheduler,
            told=self._heard,
        )
        limits = len(self.asked.constraints)
        self.search = Search(space=space, evaluate=self.plans.evaluate, limits=limits, logarithmic=self.asked.risk != "probability")
        self.offset = np.zeros(limits)
        self._expected = int(2.2 * planned(self.asked, space) * few)

    def _heard(self, done: int) -> None:
        if self.progress is not None:
            self._expected = max(self._expected, done)
            self.progress(done, self._expected)

    # From question to answer

    def answer(self) -> Answer:
        before = self._run(self.asked.scenario)  # refuses a world that does not close before anything dear begins
        interrupted, place, tried = False, None, None
        try:
            self.explore()
            place = self.settled()
            if place is not None:
                place, tried = self._against_random(place)
        except KeyboardInterrupt:
            interrupted, place = True, self._best_so_far()
            if place is None:
                raise
        if place is None:
            raise UserError(self._contradiction(), exit_code=INFEASIBLE)
        evaluations = self.search.evaluations
        parts: dict[str, Any] = {}
        if not interrupted:
            try:
                self._explained(place, parts)
            except KeyboardInterrupt:
                interrupted = True
        after = self._run(self.plans.scenario(self.search.points[place]))
        return Answer(
            asked=self.asked, before=before, after=after, plan=after.scenario, limits=self._limits(after, parts.get("easing", {})),
            alone=parts.get("alone", {}), next_at_hand=tuple(parts.get("next_at_hand", ())),
            next_at_answer=tuple(parts.get("next_at_answer", ())),
            money=explaining.money_of(self.asked, float(mean(after.kpi("plan_cost")))), random_search=tried,
            evaluations=evaluations, search_draws=self.plans.draws, interrupted=interrupted,
        )

    def starts(self) -> list[int]:
        """The plan at hand and the baseline, the better one first."""
        base = np.array([self.asked.scenario.lever_baseline(name) for name in self.asked.levers])
        places = dict.fromkeys(self.search.at([self.plans.space.held, base]))
        return sorted(places, key=self.search.rank, reverse=True)

    def explore(self) -> None:
        """The search on few draws, from one start, or from two where that is cheap or the first one led nowhere."""
        starts = self.starts()
        place, self.curves = climbed(self.search, starts[0])
        for start in starts[1:]:
            if self.plans.space.size <= SMALL_TASK or not self.search.feasible(place):
                other, curves = climbed(self.search, start)
                if self.search.rank(other) > self.search.rank(place):
                    place, self.curves = other, curves
        for reach in AGAIN if self.plans.space.size <= SMALL_TASK else ():
            _, self.curves = climbed(self.search, self.search.best(), radius=reach, rounds=AGAIN_ROUNDS)

    def settled(self) -> int | None:
        """The best place that keeps every limit at all draws; None where there is none.

        What all draws say differs from what few said: the difference is carried over to the limits of a short search around.
        """
        search = self.search
        tight = np.zeros(search.limits)
        best = around = search.best()
        if search.lack(best) > HOPE:
            return None
        for _ in range(CHECKS):
            fallen = best != around and search.worth(best) < search.worth(around) - FALL * abs(search.worth(around))
            if best not in self.checked and not fallen:
                around = best
                slack, _ = self._checked(best)
                missed = np.maximum(0.0, -slack)
                self.offset = slack - search.rows[best][1:]
                tight = np.where(missed > 0.0, 2.0 * tight + 0.3 * missed + MARGIN, tight)
            elif best == around and np.all(self.checked[best][0] >= 0.0):
                break
            else:  # nothing new, or only what is far worse: aim farther inside
                tight = np.where(tight > 0.0, 2.0 * tight + MARGIN, tight)
            if self.curves is not None:
                proposed(search, self.curves, explaining.NEAR, self.offset - tight, frozen=self.plans.space.dear)
            best = search.best(offset=self.offset)
            if search.lack(best, self.offset) > HOPE:
                break
        if best not in self.checked:
            self._checked(best)
        good = self._good()
        if good is None:  # the plan at hand, or the baseline
            for place in self.starts():
                self._checked(place)
            good = self._good()
        if good is not None and self.curves is not None:
            self.offset = self.checked[good][0] - search.rows[good][1:]
        return good

    def _good(self) -> int | None:
        most = self.asked.most_levers
        good = [
            place for place, (slack, _) in self.checked.items()
            if np.all(slack >= 0.0) and (most is None or self.plans.space.moved(self.search.points[place]) <= most)
        ]
        return max(good, key=lambda place: (self.checked[place][1], -place), default=None)

    def _checked(self, place: int) -> tuple[Array, float]:
        """Slacks and worth of a place at all draws, as `run` gives them."""
        if place not in self.checked:
            outcome = self._run(self.plans.scenario(self.search.points[place]))
            figures = {kpi: outcome.kpi(kpi) for kpi in KPIS}
            self.checked[place] = (slacks_of(self.asked, figures), float(worth_of(self.asked, figures[self.asked.objective])))
        return self.checked[place]

    def _best_so_far(self) -> int | None:
        """After an interruption: the best of what was tried, judged at all draws."""
        order = sorted(range(self.search.evaluations), key=lambda place: self.search.rank(place, self.offset), reverse=True)
        for place in dict.fromkeys([*order[:3], *range(min(2, len(order)))]):  # the first two: the plan at hand and the baseline
            if self.search.lack(place) <= HOPE:
                self._checked(place)
                if self._good() is not None:
                    break
        return self._good()

    def _run(self, scenario: Scenario) -> Outcome:
        if scenario.digest not in self.outcomes:
            chance = {"draws": self.draws, "seed": self.seed, "noise": self.noise, "workers": self.workers, "scheduler": self.scheduler}
            outcome = run(scenario, **chance)
            slim = {name: rows for name, rows in outcome.arrays.items() if name.startswith("cost.")}
            self.outcomes[scenario.digest] = replace(outcome, arrays=slim, means={})
        return replace(self.outcomes[scenario.digest], scenario=scenario)

    # Explanations

    def _explained(self, place: int, parts: dict[str, Any]) -> None:
        point = self.search.points[place]
        slack = self.checked[place][0]
        near = [k for k in range(len(slack)) if slack[k] <= explaining.BINDS and self.asked.constraints[k].value]
        if self.curves is not None:
            self.curves.recentre(point, self.search.row(place))
            parts["easing"] = {
                k: explaining.eased_gain(self.search, self.curves, place, k, self.offset, self._worth_at) for k in near
            }
        parts["alone"] = explaining.alone(self.plans, point)
        money = explaining.money_of(self.asked, float(mean(self._run(self.plans.scenario(point)).kpi("plan_cost"))))
        parts["next_at_hand"] = explaining.next_money(self.plans, self.plans.at_hand, money)
        parts["next_at_answer"] = explaining.next_money(self.plans, point, money)

    def _against_random(self, place: int) -> tuple[int, RandomSearch]:
        """As many random plans on the same draws. One that is better, at all draws too, is where the search goes on from."""
        search, count = self.search, self.search.evaluations
        base = np.array([self.asked.scenario.lever_baseline(name) for name in self.asked.levers])
        points = self.plans.space.rounded(random_points(self.plans.space, count, seed=self.seed, base=base))
        _, slack = self.plans.evaluate(points)
        inside = np.all(slack + self.offset >= 0.0, axis=1)
        rivals = points[inside]
        worths = self._true_worths(rivals) if len(rivals) else np.zeros(0)
        order = [k for k in np.argsort(-worths, kind="stable") if np.isfinite(worths[k])]
        while order and worths[order[0]] > self._worth_at(place):
            rival = search.at([rivals[order[0]]])[0]
            slack, worth = self._checked(rival)
            if np.any(slack < 0.0) or worth <= self.checked[place][1]:
                order.pop(0)  # not at all draws: no rival
                continue
            _, self.curves = climbed(search, rival, radius=RIVAL_REACH, rounds=RIVAL_ROUNDS, offset=self.offset)
            place = self.settled() or rival
            break
        best = float(worths[order[0]]) if order else None
        said = self.asked.said
        return place, RandomSearch(
            evaluations=count, feasible=int(inside.sum()), best=None if best is None else said(best),
            ahead=None if best is None else said(self._worth_at(place) - best),
        )

    def _worth_at(self, place: int) -> float:
        """What a place is worth on the search's draws, without the slope that leads to a far goal."""
        return float(self._true_worths(self.search.points[place][None])[0])

    def _true_worths(self, points: Array) -> Array:
        return worth_of(self.asked, self.plans.figures_of(points)[self.asked.objective], true=True)

    def _limits(self, after: Outcome, easing: Mapping[int, float]) -> tuple[Limit, ...]:
        rows = []
        for k, target in enumerate(self.asked.constraints):
            values = after.kpi(target.kpi)
            slack = float(target.slack(values))
            reached = target.value + slack * (1.0 if target.sense == "at_least" else -1.0)
            if target.probability is None:  # as `run` says it, to the last bit
                reached = float(mean(values))
            gain = easing.get(k)
            binding = slack / size_of(target) <= explaining.BINDS and (gain is None or gain > 0.0)
            rows.append(
                Limit(
                    target=target, reached=reached, slack=slack, binding=binding,
                    easing_1pct=self.asked.said(gain) if binding and gain is not None else None,
                )
            )
        return tuple(rows)

    def _contradiction(self) -> str:
        """Which limits cannot hold together, in a sentence or two."""
        reaches = explaining.conflict(self.plans, self.search, np.zeros(self.search.limits))
        return contradiction(reaches)


def contradiction(reaches: Sequence[Reach]) -> str:
    """What cannot be had, and what can: "No plan within the bounds ..."."""
    if len(reaches) == 1:
        only = reaches[0]
        return f"No plan within the bounds reaches {said_limit(only.limit)}; the best there is comes to {_amount(only)}."
    names = [said_limit(reach.limit) for reach in reaches]
    together = f"{', '.join(names[:-1])} and {names[-1]}"
    singly = "; ".join(f"{reach.limit.kpi} {_amount(reach)}" for reach in reaches)
    return f"No plan within the bounds holds {together} together, though each of them can be had alone. Best values found alone: {singly}."


def said_limit(limit: Target) -> str:
    sign = {"at_least": ">=", "at_most": "<="}[limit.sense]
    chance = "" if limit.probability is None else f" with probability {limit.probability:g}"
    return f"{limit.kpi} {sign} {limit.value:,.6g}{chance}"


def _amount(reach: Reach) -> str:
    return f"{reach.value:,.4g}"

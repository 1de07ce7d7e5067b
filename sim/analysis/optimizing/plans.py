"""What an optimiser is asked, checked, and the bridge between a plan and a point: levers' values in, worth and slacks out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.analysis.goals import RISKS, Target, checked, ensure_figure, judged, target_of, targets_of
from sim.analysis.optimizing.curves import Space
from sim.batches import kpis_of
from sim.errors import UserError, nearest
from sim.lanes import ONE_PER_BLOCK, shape
from sim.model.world import Array
from sim.outcome import KPIS
from sim.parameters import Parameter, registry
from sim.scenario import LeverSetting, Scenario

MOST_BUDGET = 1e15
COUNTED = ("count", "seats", "sites")  # units of which there are no parts
FINEST = 4  # decimal places of a lever's width that an answer keeps
HOPELESS = 10.0  # slack, in sizes of the limit, of a figure that is not defined
NO_BUDGET_SCALE = 1e7  # CNY by which a budget of nothing is measured
SOFTNESS, SOFT_SHARE = 0.02, 0.05

# The work of a search, in draws x days; days on which some lever is still being rolled out cost about five plain ones more.
WORK, RAMP_WORK = 2.6e7, 5
FEWEST_DRAWS, MOST_DRAWS = 64, 256


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be made best, with which levers, under which limits. `low`, `high` are the levers' bounds here."""

    scenario: Scenario
    levers: tuple[str, ...]
    low: Mapping[str, float]
    high: Mapping[str, float]
    objective: str
    risk: str = "mean"
    goal: Target | None = None
    budget: float | None = None
    limits: tuple[Target, ...] = ()
    most_levers: int | None = None

    @property
    def constraints(self) -> tuple[Target, ...]:
        """The budget, where there is one, and the limits."""
        return (*([] if self.budget is None else [Target(kpi="plan_cost", sense="at_most", value=self.budget)]), *self.limits)

    @property
    def kpis(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([self.objective, *(limit.kpi for limit in self.limits), "plan_cost"]))

    def before(self, name: str) -> float:
        return value_in(self.scenario, name)

    def said(self, value: float) -> float:
        """A worth as the planner's figure: a return rate comes out as itself, not negative."""
        return value if self.risk == "probability" else value * KPIS[self.objective].direction


def value_in(scenario: Scenario, name: str) -> float:
    """Where a lever ends in a plan."""
    setting, before = scenario.levers.get(name), scenario.lever_baseline(name)
    return float(before if setting is None else setting.target(before))


def question(
    scenario: Scenario, *, objective: str | None = None, risk: str = "mean", goal: Target | str | None = None, budget: float | None = None,
    limits: Sequence[Target | str] = (), levers: Sequence[str] = (), bounds: Mapping[str, tuple[float, float]] | None = None,
    most_levers: int | None = None,
) -> Question:
    """The question, if it makes sense; else a UserError that says why not.

    `levers`: those that may be changed; without any, those that the plan moves; where it moves none, or with "all", every lever
    that has a price (a discount has none). `bounds` are inside the registry's.
    """
    if risk not in RISKS:
        raise UserError(f'--risk: there is no "{risk[:40]}"; there are {", ".join(RISKS)}.{nearest(risk, RISKS)}')
    wanted = _goal(scenario, objective, risk, goal)
    objective = wanted.kpi if wanted is not None else ensure_figure(objective or "net_gmv", option="--objective")
    if objective == "plan_cost":
        raise UserError("--objective: the cheapest plan is to change nothing; make a figure best and say what it may cost with --budget.")
    if budget is not None and not (math.isfinite(budget) and 0.0 <= budget <= MOST_BUDGET):
        raise UserError(f"--budget: {budget:g} is no budget; 0 to 1e15 CNY over the horizon is allowed.")
    held_to = tuple(limit_of(limit) if isinstance(limit, str) else checked(limit, option="--limit") for limit in limits)
    names = _levers(scenario, levers)
    low, high = _bounds(scenario, names, bounds or {})
    if most_levers is not None and not 1 <= most_levers <= len(registry().levers):
        raise UserError(f"--most-levers: {most_levers} is out of bounds; 1 to {len(registry().levers)} is allowed.")
    outside = [name for name in names if not low[name] <= value_in(scenario, name) <= high[name]]
    if most_levers is not None and outside:
        name = outside[0]
        raise UserError(
            f"--most-levers counts from the plan at hand, which has {name} at {value_in(scenario, name):g}: its --bounds must include that."
        )
    return Question(
        scenario=scenario, levers=names, low=low, high=high, objective=objective, risk=risk, goal=wanted, budget=budget, limits=held_to,
        most_levers=most_levers,
    )


def limit_of(text: str, *, option: str = "--limit", probability: float | None = None) -> Target:
    """A limit as typed; "@ 0.8" behind it asks for it in that share of draws, without it is on the mean."""
    body, at, share = text.partition("@")
    if at:
        try:
            probability = float(share.strip().removesuffix("%")) * (0.01 if share.strip().endswith("%") else 1.0)
        except ValueError:
            shown = share.strip()[:20]
            raise UserError(f'{option}: "{shown}" behind @ is no probability; write "return_rate <= 0.22 @ 0.8".') from None
        if not math.isfinite(probability):
            raise UserError(f"{option}: a probability of {share.strip()[:20]} cannot be asked for; above 0 and below 1 is allowed.")
    return target_of(body, option=option, probability=probability)


def _goal(scenario: Scenario, objective: str | None, risk: str, goal: Target | str | None) -> Target | None:
    if risk != "probability":
        if goal is not None:
            raise UserError("--goal: only --risk probability aims at a goal; what must hold is said with --limit.")
        return None
    if goal is None:
        own = [target for target in targets_of(scenario) if objective in (None, target.kpi)]
        if not own:
            raise UserError('--risk probability needs a --goal, for example --goal "net_gmv >= 6e10".')
        return own[0]
    goal = target_of(goal, option="--goal") if isinstance(goal, str) else checked(goal, option="--goal")
    if objective is not None and objective != goal.kpi:
        raise UserError(f"--goal is on {goal.kpi} and --objective on {objective}; with --risk probability only the goal is needed.")
    return goal


def priced(lever: Parameter) -> bool:
    """Does the registry know what moving it costs? A discount is paid for in prices: the plan's bill does not show it."""
    cost = lever.cost
    return cost is not None and (cost.basis != "none" or cost.once > 0.0 or cost.per_month > 0.0)


def _levers(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    book = registry()
    known = [lever.name for lever in book.levers]
    if not names or list(names) == ["all"]:
        chosen = [] if names else [name for name in known if name in scenario.moved]
        return tuple(chosen or [lever.name for lever in book.levers if priced(lever)])
    for name in names:
        if name not in known:
            raise UserError(f'--levers: there is no lever "{name[:60]}".{nearest(name[:60], known)}')
    return tuple(name for name in known if name in names)


def _bounds(
    scenario: Scenario, names: Sequence[str], own: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, float], dict[str, float]]:
    book = registry()
    for name, (low, high) in own.items():
        if name not in names:
            known = [lever.name for lever in book.levers]
            among = f"is not among the levers to decide: {', '.join(names)}."
            hint = among if name in known else f"is no lever.{nearest(name[:60], names)}"
            raise UserError(f"--bounds: {name[:60]} {hint}")
        lowest, highest = book[name].bounds
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise UserError(f"--bounds: {name} {low:g}:{high:g} is no range; write LOW:HIGH with LOW not above HIGH.")
        if low < lowest - 1e-9 or high > highest + 1e-9:
            raise UserError(f"--bounds: {name} {low:g}:{high:g} reaches outside {lowest:g} to {highest:g}, which is allowed.")
        if whole(book[name]) and math.floor(high + 1e-9) < math.ceil(low - 1e-9):
            raise UserError(f"--bounds: {name} is a whole number, and there is none from {low:g} to {high:g}.")
    low = {name: float(own.get(name, book[name].bounds)[0]) for name in names}
    high = {name: float(own.get(name, book[name].bounds)[1]) for name in names}
    for name in names:
        if whole(book[name]):
            low[name], high[name] = math.ceil(low[name] - 1e-9) + 0.0, math.floor(high[name] + 1e-9) + 0.0
    return low, high


def whole(lever: Parameter) -> bool:
    """Are there no parts of it? Redirects, seats, warehouses."""
    return lever.whole or lever.unit in COUNTED


def space_of(asked: Question) -> Space:
    """The question's levers as a space; answers keep four digits of a lever's width, since more would be invented."""
    book, scenario, names = registry(), asked.scenario, asked.levers
    low, high = (np.array([side[name] for name in names]) for side in (asked.low, asked.high))
    widths = [book[name].bounds[1] - book[name].bounds[0] for name in names]
    grid = [1.0 if whole(book[n]) else 10.0 ** (math.ceil(math.log10(w) - 1e-9) - FINEST) for n, w in zip(names, widths, strict=True)]
    return Space(
        low=low, high=high, held=np.clip(np.array([asked.before(name) for name in names]), low, high),
        whole=np.array([whole(book[name]) for name in names]),
        jump=np.array([scenario.lever_baseline(name) if _jumps(scenario, name) else np.nan for name in names]),
        grid=np.array(grid),
        dear=np.array([name in ONE_PER_BLOCK for name in names]), most_moved=asked.most_levers,
    )


def _jumps(scenario: Scenario, name: str) -> bool:
    """Is part of the lever's price due however little it moves?"""
    cost, own = registry()[name].cost, (setting_of(scenario, name).cost)
    for line in ("once", "per_month"):
        stated = getattr(own, line) if own is not None else None
        if stated if stated is not None else getattr(cost, line) and cost.full_change is None:
            return True
    return False


def setting_of(scenario: Scenario, name: str) -> LeverSetting:
    """Dates, ramp, coverage and price of a lever: the file's, else day one with the least ramp there is."""
    settings = {**scenario.idle, **scenario.levers}
    return settings.get(name) or LeverSetting(amount=scenario.lever_baseline(name), ramp_days=registry()[name].min_ramp_days)


@dataclass(kw_only=True)
class Plans:
    """Points of a question's space as plans, evaluated on the first `draws` of a seed; `told` hears how many lanes are done in all."""

    asked: Question
    space: Space
    draws: int
    seed: int
    noise: bool
    workers: int = 1
    scheduler: str | None = None
    told: Callable[[int], None] | None = None
    lanes: int = 0  # done so far
    figures: dict[bytes, dict[str, Array]] = field(default_factory=dict)  # of every point: {kpi: [draw]}

    @property
    def at_hand(self) -> Array:
        """The plan at hand, even where bounds leave it out. [lever]"""
        return np.array([self.asked.before(name) for name in self.asked.levers])

    def scenario(self, point: Array) -> Scenario:
        """The plan with the levers at a point."""
        plan = self.asked.scenario
        own = {
            name: replace(setting_of(plan, name), form="to", amount=float(value))
            for name, value in zip(self.asked.levers, point, strict=True)
            if float(value) != value_in(plan, name)
        }
        return replace(plan, levers={**plan.levers, **own}, idle={n: s for n, s in plan.idle.items() if n not in own}).settled()

    @property
    def widest(self) -> Scenario:
        """A plan that moves every lever of the question on its days."""
        book, plan = registry(), self.asked.scenario
        away = [max(book[n].bounds, key=lambda end, n=n: abs(end - plan.lever_baseline(n))) for n in self.asked.levers]
        return self.scenario(np.array(away))

    def figures_of(self, points: Array) -> dict[str, Array]:
        """Figures of the points. {kpi: [point, draw]}"""
        keys = [point.tobytes() for point in points]
        new = {key: point for key, point in zip(keys, points, strict=True) if key not in self.figures}
        if new:
            kpis = self.asked.kpis
            scenarios = [self.scenario(point) for point in new.values()]
            table = kpis_of(
                scenarios, draws=self.draws, seed=self.seed, noise=self.noise, kpis=kpis, among=self.widest, workers=self.workers,
                scheduler=self.scheduler, progress=None if self.told is None else lambda done, _: self.told(self.lanes + done),
            )
            self.lanes += len(scenarios) * self.draws
            for k, key in enumerate(new):
                self.figures[key] = {kpi: table[kpi][k] for kpi in kpis}
        return {kpi: np.stack([self.figures[key][kpi] for key in keys]) for kpi in self.figures[keys[0]]}

    def evaluate(self, points: Array) -> tuple[Array, Array]:
        """Worth [point] and slacks in sizes of the limits [point, limit]."""
        figures = self.figures_of(points)
        return worth_of(self.asked, figures[self.asked.objective]), slacks_of(self.asked, figures)


def worth_of(asked: Question, values: Array, *, true: bool = False) -> Array:
    """What the objective's draws are worth; more is better. `true`: without the slope that leads a search to a far goal."""
    worth = judged(values, asked.objective, asked.risk, asked.goal)
    if asked.risk == "probability" and not true:
        size = SOFTNESS * max(abs(asked.goal.value), 1e-12)
        sign = 1.0 if asked.goal.sense == "at_least" else -1.0
        soft = 0.5 + 0.5 * np.tanh(np.clip(sign * (values - asked.goal.value) / size / 8.0, -300, 300))
        worth = worth + SOFT_SHARE * np.mean(soft, axis=-1)
    return worth


def size_of(limit: Target) -> float:
    """By what a limit's slack is measured."""
    return abs(limit.value) if limit.value else (NO_BUDGET_SCALE if KPIS[limit.kpi].unit == "CNY" else 1.0)


def slacks_of(asked: Question, figures: Mapping[str, Array]) -> Array:
    """[..., limit], the budget first."""
    slacks = [np.asarray(limit.slack(figures[limit.kpi]), float) / size_of(limit) for limit in asked.constraints]
    first = figures[asked.objective]
    table = np.stack(slacks, axis=-1) if slacks else np.zeros((*first.shape[:-1], 0))
    return np.where(np.isfinite(table), table, -HOPELESS)


def planned(asked: Question, space: Space) -> int:
    """About how many plans a search looks at."""
    return 20 + 6 * space.size + 6 * (2 * space.size + 6)


def search_draws(asked: Question, space: Space, draws: int) -> int:
    """So many draws that the search's work stays within WORK, whatever the machine."""
    plan = Plans(asked=asked, space=space, draws=1, seed=1, noise=False).widest
    reaches = [np.frombuffer(part) for _, part in shape(plan)[4]]
    changing = np.zeros(plan.days - 1, bool)
    for reach in reaches:
        changing |= np.diff(reach) != 0.0
    each = plan.days + RAMP_WORK * int(np.sum(changing))
    wished = WORK / (each * planned(asked, space))
    found = 2 ** int(math.log2(max(1.0, wished)))
    return min(draws, max(FEWEST_DRAWS, min(MOST_DRAWS, found)))

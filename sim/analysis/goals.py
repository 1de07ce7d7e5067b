"""Goals and limits as a planner types them, and what a figure is judged by when it is uncertain."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import UserError, nearest
from sim.model.world import Array
from sim.outcome import KPIS
from sim.scenario import Goal, Scenario

SENSES = {">=": "at_least", "≥": "at_least", "<=": "at_most", "≤": "at_most"}
SIGNS = {"at_least": ">=", "at_most": "<="}
SCALES = {"%": 0.01, "k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12, "万": 1e4, "亿": 1e8, "万亿": 1e12}
EXAMPLE = '"net_gmv >= 6e10"'
MOST = 1e15
RISKS = ("mean", "p10", "cvar10", "probability")
TAIL = 0.1


@dataclass(frozen=True, kw_only=True)
class Target:
    """A figure that must be at least or at most a value: on the mean, or in a share of draws."""

    kpi: str
    sense: str  # "at_least" | "at_most"
    value: float
    probability: float | None = None

    def met(self, values: Array) -> Array:
        """In which draws the target holds. A figure that is not defined there does not reach it."""
        return values >= self.value if self.sense == "at_least" else values <= self.value

    def share(self, values: Array) -> Array:
        """Share of draws (the last axis) in which the target holds."""
        return np.mean(self.met(values), axis=-1)

    def slack(self, values: Array) -> Array:
        """By how much the target is reached, in the figure's unit: below 0 where it is missed. values [..., draw] -> [...]

        With a probability, by how much the figure could worsen before fewer draws than asked for reach the target.
        """
        sign = 1.0 if self.sense == "at_least" else -1.0
        if self.probability is None:
            return sign * (np.mean(values, axis=-1) - self.value)
        # In n draws at least ceil(p n) must reach it: it is the figure of the last of these that counts.
        draws = values.shape[-1]
        last = min(max(math.ceil(self.probability * draws - 1e-9), 1), draws) - 1
        return np.partition(sign * (values - self.value), draws - 1 - last, axis=-1)[..., draws - 1 - last]

    def reached(self, values: Array) -> Array:
        """Is the target reached? values [..., draw] -> [...]"""
        return self.slack(values) >= 0.0

    def __str__(self) -> str:
        chance = "" if self.probability is None else f" with probability {self.probability:g}"
        return f"{self.kpi} {SIGNS[self.sense]} {self.value:g}{chance}"

    def to_json(self) -> dict[str, object]:
        return {"kpi": self.kpi, "sense": self.sense, "target": self.value, "probability": self.probability}


def target_of(text: str, *, option: str, probability: float | None = None) -> Target:
    """A target from text such as "net_gmv >= 600亿" or "return_rate <= 22 %"; `option` is where it was said."""
    found = re.fullmatch(r"\s*([\w.]+)\s*(>=|≥|<=|≤|<|>|==?)\s*(\S.*?)\s*", text)
    if found is None:
        raise UserError(f"{option}: {_short(text)} is not of the form {EXAMPLE}.")
    kpi, sign, amount = found.groups()
    if kpi not in KPIS:
        raise UserError(f'{option}: there is no figure "{kpi[:40]}"; there are {", ".join(KPIS)}.{nearest(kpi, KPIS)}')
    if sign not in SENSES:
        raise UserError(f'{option}: "{sign}" cannot be aimed at; write >= or <=, for example {EXAMPLE}.')
    return checked(Target(kpi=kpi, sense=SENSES[sign], value=_amount(amount, kpi, option), probability=probability), option=option)


def checked(target: Target, *, option: str) -> Target:
    """The target, if it can be meant: a share between 0 and 1, a probability above 0 and below 1."""
    unit = KPIS[target.kpi].unit
    if unit == "share" and not 0.0 <= target.value <= 1.0:
        meant = " (22 % is written 0.22 or 22%)" if 1.0 < target.value <= 100.0 else ""
        raise UserError(f"{option}: {target.kpi} is a share, and {target.value:g} is not between 0 and 1{meant}.")
    if abs(target.value) > MOST:
        raise UserError(f"{option}: {target.value:g} {unit} is beyond anything that a plan could move (1e15).")
    if target.probability is not None and not 0.0 < target.probability < 1.0:
        raise UserError(f"{option}: a probability of {target.probability:g} cannot be asked for; above 0 and below 1 is allowed.")
    return target


def targets_of(scenario: Scenario) -> list[Target]:
    """The goals of a scenario's file."""
    return [_of_goal(kpi, goal) for kpi, goal in scenario.goals.items()]


def _of_goal(kpi: str, goal: Goal) -> Target:
    sense = "at_most" if goal.at_least is None else "at_least"
    value = goal.at_most if goal.at_least is None else goal.at_least
    return Target(kpi=kpi, sense=sense, value=float(value or 0.0), probability=goal.probability)


def judged(values: Array, kpi: str, risk: str, target: Target | None = None) -> Array:
    """What an uncertain figure is worth to somebody who looks at it so; more is better. values [..., draw] -> [...]

    mean; p10: the figure that only one draw in ten falls short of; cvar10: the mean of the worst tenth of draws; probability: the
    share of draws that reach the target. Figures of which less is better (a return rate) come out negative.
    """
    if risk == "probability":
        if target is None:
            raise ValueError("a probability needs a target")
        return target.share(values)
    good = values * KPIS[kpi].direction
    if risk == "mean":
        return np.mean(good, axis=-1)
    ordered = np.sort(good, axis=-1)
    if risk == "p10":
        place = TAIL * (good.shape[-1] - 1)
        low = int(place)
        above = min(low + 1, good.shape[-1] - 1)
        return ordered[..., low] + (place - low) * (ordered[..., above] - ordered[..., low])
    return np.mean(ordered[..., : max(1, math.ceil(TAIL * good.shape[-1] - 1e-9))], axis=-1)


def ensure_figure(name: str, *, option: str, known: Sequence[str] = tuple(KPIS)) -> str:
    """The name, if it is that of a figure."""
    if name not in known:
        raise UserError(f'{option}: there is no figure "{name[:40]}"; there are {", ".join(known)}.{nearest(name, known)}')
    return name


def _amount(text: str, kpi: str, option: str) -> float:
    found = re.fullmatch(r"([+\-−]?(?:\d+(?:[_,]\d{3})*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)", text)
    number = float(found[1].replace(",", "").replace("−", "-")) if found else math.nan
    scale = found[2] if found else ""
    unit = KPIS[kpi].unit
    if found is None or not math.isfinite(number):
        raise UserError(f"{option}: {_short(text)} is not a finite number.")
    if scale and (scale not in SCALES or (scale == "%") != (unit == "share")):
        allowed = "%" if unit == "share" else ", ".join(name for name in SCALES if name != "%")
        raise UserError(f"{option}: {kpi} is in {unit}, not in {_short(scale)}; allowed behind the number: {allowed}, or nothing.")
    return number * SCALES[scale] if scale else number


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")

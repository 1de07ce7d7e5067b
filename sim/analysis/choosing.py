"""Robust choice: several plans, doing nothing among them, judged by what each would have cost us to choose in every world.

Regret, in one world, is the best of the options there minus the one chosen (Savage 1951): never below 0, and 0 for whoever chose
well. An option with the best mean need not be the one with the smallest worst regret, nor the one that is best most often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.analysis.goals import ensure_figure, judged
from sim.analysis.horizons import on_one_horizon
from sim.batches import Progress, kpis_of
from sim.errors import UserError
from sim.model.world import Array
from sim.outcome import KPIS, mean, model_version, quantiles, spread
from sim.scenario import Scenario

FIGURE = "contribution"
CRITERIA = ("mean", "cvar10", "regret", "best")  # highest mean, best worst tenth, smallest worst regret, best most often


@dataclass(frozen=True, kw_only=True)
class Option:
    """How one option does. The first three in the figure's unit; regrets too, 0 and above."""

    name: str
    mean: float
    p10: float
    p90: float
    cvar10: float  # mean over the worst tenth of its draws
    best_share: float  # of draws in which it is the best option; ties are shared
    regret_mean: float
    regret_p90: float
    regret_worst: float

    def to_json(self) -> dict[str, Any]:
        regret = {"mean": self.regret_mean, "p90": self.regret_p90, "worst": self.regret_worst}
        return {
            "name": self.name, "mean": self.mean, "p10": self.p10, "p90": self.p90, "cvar10": self.cvar10, "p_best": self.best_share,
            "regret": regret,
        }


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Options over one figure in the same draws. values [option, draw]"""

    kpi: str
    names: tuple[str, ...]
    values: Array

    @cached_property
    def good(self) -> Array:
        """The figure, turned so that more is better. [option, draw]"""
        return self.values * (KPIS[self.kpi].direction or 1)

    @cached_property
    def regret(self) -> Array:
        """The best of the options in a draw minus this one. [option, draw]"""
        return np.max(self.good, axis=0) - self.good

    @cached_property
    def best_share(self) -> Array:
        """Share of draws in which an option is the best; ties are shared, so that the shares add up to 1. [option]"""
        first = self.regret == 0.0
        return np.mean(first / np.sum(first, axis=0), axis=-1)

    @cached_property
    def options(self) -> tuple[Option, ...]:
        tail = judged(self.values, self.kpi, "cvar10") * (KPIS[self.kpi].direction or 1)
        cut = quantiles(self.regret, [0.9])[0]
        return tuple(
            Option(
                name=name, **spread(self.values[i]), cvar10=float(tail[i]), best_share=float(self.best_share[i]),
                regret_mean=float(mean(self.regret[i])), regret_p90=float(cut[i]), regret_worst=float(np.max(self.regret[i])),
            )
            for i, name in enumerate(self.names)
        )

    @cached_property
    def choices(self) -> dict[str, str]:
        """Whom each criterion chooses; of equals the first, so that doing nothing comes before doing something for nothing."""
        merits = {
            "mean": mean(self.good), "cvar10": judged(self.values, self.kpi, "cvar10"), "regret": -np.max(self.regret, axis=-1),
            "best": self.best_share,
        }
        return {criterion: self.names[int(np.argmax(merits[criterion]))] for criterion in CRITERIA}

    @property
    def agree(self) -> bool:
        return len(set(self.choices.values())) == 1

    @property
    def most_named(self) -> str:
        """The option that most criteria choose; of equals the one with the better mean."""
        votes = Counter(self.choices.values())
        at = {name: float(value) for name, value in zip(self.names, mean(self.good), strict=True)}
        return max(votes, key=lambda name: (votes[name], at[name]))

    def to_json(self) -> dict[str, Any]:
        return {
            "figure": self.kpi, "unit": KPIS[self.kpi].unit, "options": [option.to_json() for option in self.options],
            "choices": {
                "mean": self.choices["mean"], "cvar10": self.choices["cvar10"], "minimax_regret": self.choices["regret"],
                "most_often_best": self.choices["best"],
            },
            "agree": self.agree,
        }


@dataclass(frozen=True, kw_only=True)
class Options:
    """A base and its plans in the same worlds. figures {kpi: [option, draw]}"""

    scenarios: tuple[Scenario, ...]
    figures: Mapping[str, Array]
    draws: int
    seed: int
    noise: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(scenario.name for scenario in self.scenarios)

    @property
    def several_shops(self) -> bool:
        """Do the options describe different shops, so that more differs than what is done?"""
        return any(scenario.shop != self.scenarios[0].shop for scenario in self.scenarios)

    def choice(self, kpi: str = FIGURE) -> Choice:
        """The options judged by a figure that must be defined in every draw."""
        ensure_figure(kpi, option="--kpi", known=tuple(self.figures))
        values = self.figures[kpi]
        for name, row in zip(self.names, values, strict=True):
            if not np.all(np.isfinite(row)):
                raise UserError(f'--kpi: {kpi} is not defined in some draws of "{name}"; choose another figure.')
        return Choice(kpi=kpi, names=self.names, values=values)

    def to_json(self) -> dict[str, Any]:
        """What was run, without what came of it."""
        base, *plans = ({"name": scenario.name, "digest": scenario.digest} for scenario in self.scenarios)
        return {
            "base": base, "plans": plans, "version": model_version(), "seed": self.seed, "draws": self.draws, "noise": self.noise,
            "start": self.scenarios[0].start.isoformat(), "days": self.scenarios[0].days,
        }


def options_of(
    base: Scenario, plans: Sequence[Scenario], *, kpis: Sequence[str] = (FIGURE,), same_world: bool = False, draws: int = 1000,
    seed: int = 1, noise: bool = True, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> Options:
    """The base ("do nothing") and plans on the first plan's horizon, in the same draws.

    `same_world` puts the base's assumptions and events under every plan. Raises UserError where two options have one name.
    """
    for kpi in kpis:
        ensure_figure(kpi, option="--kpi")
    base, plans = on_one_horizon(base, plans)
    if same_world:
        plans = [replace(plan, assumptions=base.assumptions, events=base.events) for plan in plans]
    scenarios = (base, *plans)
    twice = [name for name, count in Counter(scenario.name for scenario in scenarios).items() if count > 1]
    if twice:
        raise UserError(f'"{twice[0]}" is among the options twice; name every option once.')
    figures = kpis_of(
        scenarios, draws=draws, seed=seed, noise=noise, kpis=tuple(kpis), workers=workers, scheduler=scheduler, progress=progress
    )
    return Options(scenarios=scenarios, figures=figures, draws=draws, seed=seed, noise=noise)

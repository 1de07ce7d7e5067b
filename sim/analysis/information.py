"""Worth of knowing more before choosing between plans: in all, and of each assumption by itself.

Knowing everything, one would choose the best option of each world: EVPI = E[max] - max E. Knowing one assumption x alone, one would
choose by E[option | x]; that conditional mean is a smooth curve through the draws that there are (Strong, Oakley and Brennan 2014),
so that no inner simulation is needed. Only differences to the option with the best mean are looked at: what all options share cancels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import fdtrc

from sim.analysis.choosing import FIGURE, Choice, Options, options_of
from sim.analysis.factors import grade_of, joint_values
from sim.batches import Batch, Progress, figures_of
from sim.errors import UserError
from sim.lanes import POSTERIOR, Chance, Draws, OneAtATime, world_of
from sim.model.world import Array
from sim.outcome import KPIS
from sim.parameters import Parameter, registry
from sim.scenario import Scenario

FEWEST_DRAWS = 100  # a curve through fewer says nothing
FREEDOMS = (2, 3, 4, 5, 7)  # of the curves: a line, then natural splines
DOUBT = 1e-3  # how likely chance alone may feign a curve, before it is taken for one
PART_OF_DRAWS = 8  # a regression has at most one column per so many draws
PAIRS_AMONG = 6  # assumptions of a group whose products are looked at too
SAME = 1e-12  # of the figure: less is rounding
AGAIN_DRAWS = (128, 1024)  # worlds in which it is tried whether an assumption is felt: a first look, then what seemed unfelt
COMPONENTS = 12  # of a calibrated shop's draws, at most
GRADE = "assumption"  # what nobody has measured or studied


@dataclass(frozen=True, kw_only=True)
class Value:
    """A worth in the figure's unit, and its standard error."""

    value: float
    se: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "se": self.se}


NOTHING = Value(value=0.0, se=0.0)


@dataclass(frozen=True, kw_only=True)
class Information:
    """What it is worth to know, for the choice between options."""

    best: int  # the option that is chosen without knowing more
    everything: Value
    single: Mapping[str, Value]
    together: Value | None = None  # of all assumptions of a group; None where there are too few draws to say

    @property
    def first(self) -> str | None:
        """What to measure first: the assumption that is worth most, if any is worth something."""
        name = max(self.single, key=lambda name: self.single[name].value, default=None)
        return name if name is not None and self.single[name].value > 0.0 else None

    @property
    def close(self) -> list[str]:
        """Those that cannot be told from the first: their difference is within twice its error."""
        if self.first is None:
            return []
        top = self.single[self.first]
        near = [
            (-item.value, name) for name, item in self.single.items()
            if name != self.first and item.value > 0.0 and top.value - item.value < 2.0 * np.hypot(top.se, item.se)
        ]
        return [name for _, name in sorted(near)]


def information(
    values: Array, columns: Mapping[str, Array], *, unfelt: Iterable[str] = (), group: Iterable[str] = (), even: bool = False,
    joint: Mapping[str, Array] | None = None,
) -> Information:
    """The worth of knowing everything, of each column alone and of a group of them. values [option, draw], more is better;
    columns {name: [draw]}, independent of each other; those in `unfelt` are worth exactly 0.

    `even`: the draws fill the space of the columns evenly, as a Sobol' sequence does. Then the mean over what each of the others does
    by itself is not left to chance, and errors are those of the rest alone.

    `joint`: factors that are many numbers at once, as uncorrelated components, each of mean 0 {name: [component, draw]}. Knowing one is
    knowing all of its components, of which those that tell most of the gains count.
    """
    values = np.asarray(values, dtype=float)
    best = int(np.argmax(np.mean(values, axis=1)))
    gains = np.delete(values, best, axis=0) - values[best]  # of choosing another option than the best. [other, draw]
    draws = values.shape[1]
    perfect = np.maximum(np.max(gains, axis=0), 0.0) if len(gains) else np.zeros(draws)
    everything = Value(value=float(np.mean(perfect)), se=_error(perfect))
    none = set(unfelt)
    felt = {name: column for name, column in columns.items() if name not in none and np.ptp(column) > 0.0}
    parts = {name: _telling(gains, rows) for name, rows in (joint or {}).items() if name not in none}
    single = dict.fromkeys([*columns, *(joint or {})], NOTHING)
    together = NOTHING
    if everything.value > 0.0:
        components = {name: row for rows in parts.values() for name, row in rows.items()}
        additive = _Additive.fitted(gains, felt | components, most=draws // PART_OF_DRAWS)
        alone = {name: additive.alone(name) for name in felt}
        curves = {name: np.stack([smooth(column, row) for row in alone[name]]) for name, column in felt.items()}
        single |= {name: _worth(curve, alone[name] if even else gains, everything.value) for name, curve in curves.items()}
        for name, rows in parts.items():
            shapes = {part: np.stack([smooth(row, gain) for gain in additive.alone(part)]) for part, row in rows.items()}
            single[name] = _together(gains, rows, shapes, 0.0, everything.value) or NOTHING
        least = max((single[name].value for name in set(group) & set(felt)), default=0.0)
        together = _together(gains, {name: felt[name] for name in group if name in felt}, curves, least, everything.value)
    return Information(best=best, everything=everything, single=single, together=together)


def _telling(gains: Array, rows: Array) -> dict[str, Array]:
    """The components that explain most of the gains: as many as the draws can tell apart, their bends and products among them."""
    if not len(gains):
        return {}
    spare = (gains.shape[1] // 3 - PAIRS_AMONG * (PAIRS_AMONG - 1) // 2) // 2
    strength = [_explained(gains, _terms(row)) for row in rows]
    best = sorted(range(len(rows)), key=lambda k: -strength[k])[: min(COMPONENTS, spare)]
    return {f"component {k}": rows[k] for k in best}


def _worth(expected: Array, gains: Array, most: float) -> Value:
    """What choosing by these expected gains brings. The error is that of choosing so in the draws themselves. [other, draw] each"""
    chosen = np.argmax(expected, axis=0)
    better = np.max(expected, axis=0) > 0.0
    value = float(np.mean(np.maximum(np.max(expected, axis=0), 0.0)))
    if value <= 0.0 or not np.any(better):
        return NOTHING
    brought = np.where(better, np.take_along_axis(gains, chosen[None], axis=0)[0], 0.0)
    return Value(value=min(value, most), se=_error(brought))


def _error(values: Array) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0


# One assumption: a curve through the draws


def smooth(x: Array, y: Array) -> Array:
    """The mean of y at each x: a curve as stiff as cross-validation wants it, or the plain mean where chance alone might have drawn
    it. x, y, result [draw]"""
    level, draws = float(np.mean(y)), y.size
    spread = float(np.sum((y - level) ** 2))
    flat = np.full(draws, level)
    if spread == 0.0:
        return flat
    places = np.unique(x)
    best, chosen = np.inf, (flat, 1)
    for freedom in FREEDOMS:
        if freedom > places.size or freedom * 2 >= draws:
            break
        basis = natural_spline(x, freedom)
        frame = np.linalg.qr(basis)[0]
        found = frame @ (frame.T @ y)
        crossed = float(np.sum((y - found) ** 2)) / (1.0 - freedom / draws) ** 2  # generalised cross-validation
        if crossed < best * (1.0 - 1e-9):
            best, chosen = crossed, (found, freedom)
    found, freedom = chosen
    rest = float(np.sum((y - found) ** 2))
    if freedom == 1 or (rest > 0.0 and _by_chance(spread, rest, freedom, draws) > DOUBT / len(FREEDOMS)):
        return flat
    return found


def _by_chance(spread: float, rest: float, freedom: int, draws: int) -> float:
    """How likely a curve through pure chance takes away that much (F test against the plain mean)."""
    return float(fdtrc(freedom - 1, draws - freedom, (spread - rest) / (freedom - 1) / (rest / (draws - freedom))))


def natural_spline(x: Array, freedom: int) -> Array:
    """A basis of curves of third order between knots at even shares of the draws, straight beyond the outer ones; two degrees are a
    line (Hastie, Tibshirani and Friedman 2009, 5.2.1). [draw, freedom]"""
    low, high = float(np.min(x)), float(np.max(x))
    z = (x - low) / (high - low)
    if freedom == 2:
        return np.stack([np.ones_like(z), z], axis=1)
    knots = np.unique(np.quantile(z, np.linspace(0.02, 0.98, freedom)))
    if knots.size < 3:
        return np.stack([np.ones_like(z), z], axis=1)
    last = knots[-1]
    bends = [(np.maximum(z - k, 0.0) ** 3 - np.maximum(z - last, 0.0) ** 3) / (last - k) for k in knots[:-1]]
    return np.stack([np.ones_like(z), z, *(bend - bends[-1] for bend in bends[:-1])], axis=1)


# All together: what the others explain is taken away before one is looked at, so that little chance is left to mistake for a curve


@dataclass(frozen=True, kw_only=True)
class _Additive:
    """Gains as a sum of a line and a bend in each of those columns that matter most. [other, draw] each"""

    gains: Array
    parts: Mapping[str, Array]

    @classmethod
    def fitted(cls, gains: Array, columns: Mapping[str, Array], *, most: int) -> _Additive:
        strength = {name: _explained(gains, _terms(column)) for name, column in columns.items()}
        terms: dict[str, Array] = {}
        for name in sorted(strength, key=lambda name: -strength[name]):
            found = _terms(columns[name])
            if sum(len(kept) for kept in terms.values()) + len(found) > most:
                break
            terms[name] = found
        parts = {}
        if terms:
            weights = _weights(np.concatenate([np.ones((1, gains.shape[1])), *terms.values()]), gains)
            at = 1
            for name, found in terms.items():
                parts[name] = weights[at : at + len(found)].T @ found
                at += len(found)
        return cls(gains=gains, parts=parts)

    def alone(self, name: str) -> Array:
        """The gains without what all other columns explain of them."""
        rest = self.gains
        for other, part in self.parts.items():
            if other != name:
                rest = rest - part
        return rest


def _weights(basis: Array, gains: Array) -> Array:
    """Least squares by its small square equations: the terms are of one size and all but uncorrelated. [term, other]"""
    return np.linalg.lstsq(basis @ basis.T, basis @ gains.T, rcond=None)[0]


def _terms(column: Array) -> Array:
    """A line, and a bend where there are more than two values; each of mean 0. [term, draw]"""
    z = (column - np.mean(column)) / np.std(column)
    if np.unique(column).size < 3:
        return z[None]
    bend = z * z - np.mean(z * z)
    return np.stack([z, bend - z * np.mean(bend * z) / np.mean(z * z)])


def _explained(gains: Array, terms: Array) -> float:
    """The largest share of any gain's spread that uncorrelated terms explain."""
    sums = np.sum(terms**2, axis=1)
    found = (gains - gains.mean(axis=1, keepdims=True)) @ terms.T
    spread = np.maximum(np.var(gains, axis=1) * gains.shape[1], 1e-300)
    return float(np.max(np.sum(found**2 / sums, axis=1) / spread))


def _together(gains: Array, columns: Mapping[str, Array], curves: Mapping[str, Array], least: float, most: float) -> Value | None:
    """What knowing all of some columns is worth: a line and a bend in each that has a curve of its own, and the products of those
    that matter most. At least what the best of them is worth alone."""
    shaped = {name: float(np.max(np.std(curves[name], axis=1))) for name in columns}
    named = sorted((name for name in columns if shaped[name] > 0.0), key=lambda name: -shaped[name])
    if not named:
        return NOTHING
    terms = [term for name in named for term in _terms(columns[name])]
    leading = [_terms(columns[name])[0] for name in named[:PAIRS_AMONG]]
    terms += [first * second - np.mean(first * second) for first, second in combinations(leading, 2)]
    if len(terms) * 3 > gains.shape[1]:
        return None
    basis = np.stack([np.ones(gains.shape[1]), *terms])
    found = _worth(_weights(basis, gains).T @ basis, gains, most)
    return Value(value=max(found.value, least), se=found.se)


# Plans


@dataclass(frozen=True, kw_only=True)
class Worth:
    """The worth of knowing more before choosing between a base and plans."""

    options: Options
    choice: Choice
    information: Information
    unfelt: frozenset[str]

    @property
    def best(self) -> str:
        return self.choice.names[self.information.best]

    def rows(self) -> list[dict[str, Any]]:
        """Every assumption, the dearest first; then as the registry has them."""
        whole, single = self.information.everything.value, self.information.single
        return [
            {
                "name": name, "grade": grade_of(name), "felt": name not in self.unfelt, **single[name].to_json(),
                "share_of_evpi": single[name].value / whole if whole > 0.0 else 0.0,
            }
            for name in sorted(single, key=lambda name: -single[name].value)
        ]

    def to_json(self) -> dict[str, Any]:
        known, robust = self.information, self.choice.to_json()
        return {
            **self.options.to_json(), "figure": self.choice.kpi, "unit": robust["unit"],
            "options": [scenario.name for scenario in self.options.scenarios], "best": self.best,
            "expected": [{"name": option.name, "mean": option.mean} for option in self.choice.options],
            "evpi": known.everything.to_json(), "per_assumption": self.rows(),
            "all_assumptions": None if known.together is None else known.together.to_json(),
            "measure_first": known.first, "close_to_first": known.close,
            "choice": {key: robust[key] for key in ("options", "choices", "agree")},
        }


def worth(
    base: Scenario, plans: Sequence[Scenario], *, kpi: str = FIGURE, same_world: bool = False, draws: int = 1000, seed: int = 1,
    noise: bool = True, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> Worth:
    """What it is worth to know more before choosing between the base ("do nothing") and the plans, judged by the mean of a figure in
    CNY. Raises UserError for a figure that is not in CNY and for too few draws.
    """
    ensure_money(kpi)
    if draws < FEWEST_DRAWS:
        raise UserError(f"--draws: {draws} are too few to see what an assumption does; at least {FEWEST_DRAWS} is needed.")
    options = options_of(
        base, plans, kpis=(kpi,), same_world=same_world, draws=draws, seed=seed, noise=noise, workers=workers, scheduler=scheduler,
        progress=progress,
    )
    return worth_of(options, kpi)


def ensure_money(kpi: str) -> str:
    """The name of a figure, if it is in CNY: what is known is then worth something in CNY."""
    money = [name for name, item in KPIS.items() if item.unit == "CNY"]
    if kpi in KPIS and kpi not in money:
        raise UserError(
            f"--kpi: {kpi} is in {KPIS[kpi].unit}, so that knowing more would not be worth any CNY; choose one of {', '.join(money)}."
        )
    return kpi


def worth_of(options: Options, kpi: str = FIGURE, *, progress: Progress | None = None) -> Worth:
    """The same for options that have been run already. `progress` hears of three steps."""
    told = progress or (lambda done, of_all: None)
    choice = options.choice(kpi)
    columns, joint = columns_of(options), joint_of(options)
    told(1, 3)
    unfelt = unfelt_among(options, choice.values, kpi, [*columns, *joint])
    told(2, 3)
    group = [name for name in columns if grade_of(name) == GRADE]
    found = information(choice.good, columns, unfelt=unfelt, group=group, even=True, joint=joint)
    told(3, 3)
    return Worth(options=options, choice=choice, information=found, unfelt=unfelt)


def columns_of(options: Options) -> dict[str, Array]:
    """Every assumption that differs between draws under some option, in every draw. Options with beliefs of their own share the
    chance behind them, so that the first one's values stand for all. {name: [draw]}"""
    worlds = [world_of(scenario, count=options.draws, seed=options.seed, noise=False) for scenario in options.scenarios]
    found = {}
    for parameter in _uncertain():
        own = (world for world, scenario in zip(worlds, options.scenarios, strict=True) if not scenario.draws_jointly(parameter.name))
        rows = (world.row(parameter.name) for world in own)
        row = next((row for row in rows if np.ptp(row) > 0.0), None)
        if row is not None:
            found[parameter.name] = row
    return found


def joint_of(options: Options) -> dict[str, Array]:
    """What the draws of calibrated shops are in every draw, as uncorrelated components: one factor, since one row holds all of a shop.
    {POSTERIOR: [component, draw]}, or nothing"""
    rows = []
    for scenario in {scenario.posterior: scenario for scenario in options.scenarios if scenario.posterior is not None}.values():
        rows += joint_values(scenario, draws=options.draws, seed=options.seed).values()
    return {POSTERIOR: components(np.stack(rows))} if rows else {}


def components(rows: Array) -> Array:
    """The principal components of standardised columns, those left out that are rounding. [column, draw] -> [component, draw]"""
    spread = np.std(rows, axis=1, keepdims=True)
    z = (rows - np.mean(rows, axis=1, keepdims=True)) / np.where(spread > 0.0, spread, 1.0)
    _, sizes, found = np.linalg.svd(z, full_matrices=False)
    return found[sizes > 1e-8 * sizes[0]] * np.sqrt(rows.shape[1])


def unfelt_among(options: Options, values: Array, kpi: str, names: Sequence[str]) -> frozenset[str]:
    """Assumptions that no difference between the options feels, found by trying.

    First each alone around the central world; then those that did nothing there drawn anew in many worlds, and whatever part of them
    is felt after all looked for by halves. Those behind the day-to-day noise act only together: felt is all of them, or none.
    Where worlds drawn anew do not close, nothing has been shown, and what was drawn anew counts as felt.
    """
    alone = _felt_alone(options, kpi, names)
    noise = [name for name in names if name in registry() and registry()[name].stage == "noise"]
    rest = [name for name in names if name not in alone and name not in noise]

    def still(some: Sequence[str], most: int) -> bool:
        count = min(options.draws, most)
        chance = Draws(seed=options.seed, first=0, count=max(2, count), again=frozenset(some))
        try:
            after = _figures(options, chance, kpi, noise=options.noise)[:, :count]
        except UserError:
            return False
        return bool(np.all(np.abs(_differences(after) - _differences(values[:, :count])) <= SAME * _size(values)))

    def silent(some: Sequence[str], most: int) -> list[str]:
        if not some or still(some, most):
            return list(some)
        if len(some) == 1:
            return []
        half = len(some) // 2
        return silent(some[:half], most) + silent(some[half:], most)

    for most in sorted({min(options.draws, most) for most in AGAIN_DRAWS}):
        rest = silent(rest, most)
    return frozenset([*rest, *(noise if noise and still(noise, AGAIN_DRAWS[-1]) else [])])


def _felt_alone(options: Options, kpi: str, names: Sequence[str]) -> frozenset[str]:
    """Those that change a difference between options when they alone leave the central world; none where that world does not close."""
    try:
        values = _figures(options, OneAtATime(names=tuple(names)), kpi, noise=False)
    except UserError:
        return frozenset()
    found = _differences(values)
    moved = np.any(np.abs(found - found[:, :1]) > SAME * _size(values), axis=0)[1:].reshape(-1, 2)
    return frozenset(name for name, ends in zip(names, moved, strict=True) if np.any(ends))


def _figures(options: Options, chance: Chance, kpi: str, *, noise: bool) -> Array:
    """[option, lane]"""
    rows = [figures_of(Batch(scenarios=(scenario,), chance=chance, noise=noise, kpis=(kpi,)))[kpi][0] for scenario in options.scenarios]
    return np.stack(rows)


def _differences(values: Array) -> Array:
    return values[1:] - values[0]


def _size(values: Array) -> float:
    return float(np.max(np.abs(values)))


def _uncertain() -> tuple[Parameter, ...]:
    return registry().uncertainties

"""The posterior of one series: spreads integrated by importance sampling, everything else by Laplace's approximation.

Point estimates of spreads would make intervals of short histories too narrow, so the spreads stay uncertain: their posterior mode
is found, a Student's t is laid over it, then mixtures where the weight lies, and all points are weighted by posterior over proposal
(adaptive multiple importance sampling; Cornuet and others 2012). Few data leave the prior, which is the registry's, made wider.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp

from sim.shops.calendars import Calendar
from sim.shops.latent import Array, Mode, Seen, Spreads, mode

MOST_PERSISTENCE = 0.95  # the registry's bound
_ROUNDS, _FREEDOM = (96, 96, 128), 6.0
_CENTRES, _NARROWER = 32, 0.6  # of the mixtures after the first round
_RECENT_DAYS = 92  # what "the level of late" is the mean of: the reference quarter's length


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Prior of a series' spreads (normal on the log scale, the persistence on the logit) and of its effects.

    fast, slow: median spread of the day-to-day swing and of the drift on the scale of eta; weekday: of the weekday effects.
    """

    level: float
    level_sd: float
    fast: float
    slow: float
    weekday: float
    fast_sd: float = 0.5
    slow_sd: float = 0.7
    weekday_sd: float = 0.7
    persistence: float = 0.55  # median of the registry's 0.3-0.6-0.8
    persistence_sd: float = 0.8  # on the logit: 10 % below 0.31, 10 % above 0.75
    half_life_days: float = 30.0  # of the drift: weeks to months, which is what tells it from the swing
    half_life_sd: float = 0.6
    growth_sd: float = 0.25  # log growth in 100 days
    growth_none: float = 0.0  # chance that there is no growth at all: a level always has some, most rates have none
    wave_sd: float = 0.25
    event_sd: float = 0.7
    scale: float | None = None
    scale_sd: float = 0.7

    def normal(self) -> tuple[Array, Array]:
        """Mean and standard deviation of the unconstrained spreads, in the order of `unfolded`."""
        share = self.persistence / MOST_PERSISTENCE
        mean = [np.log(self.fast), np.log(share / (1.0 - share)), np.log(self.slow), np.log(self.half_life_days), np.log(self.weekday)]
        sd = [self.fast_sd, self.persistence_sd, self.slow_sd, self.half_life_sd, self.weekday_sd]
        if self.scale is not None:
            mean, sd = [*mean, np.log(self.scale)], [*sd, self.scale_sd]
        return np.array(mean), np.array(sd)

    def without_growth(self, found: Mode, calendar: Calendar) -> tuple[float, float]:
        """What the chance of no growth makes of the evidence (logarithm of a factor), and how likely none is.

        The evidence without growth over that with it is the posterior's density at no growth over the prior's (Savage and Dickey;
        Wagenmakers and others 2010), so that nothing is fitted twice.
        """
        if self.growth_none <= 0.0 or "growth" not in calendar.names:
            return 0.0, 0.0
        at = calendar.names.index("growth")
        variance = float((found.beta_root[at] ** 2).sum())
        none = np.log(self.growth_none * self.growth_sd) - 0.5 * (np.log(variance) + float(found.beta[at]) ** 2 / variance)
        either = float(np.logaddexp(none, np.log1p(-self.growth_none)))
        return either, float(np.exp(none - either))


def unfolded(point: Array, step_days: int) -> tuple[Spreads, float]:
    """Spreads and the weekday effects' spread from an unconstrained point."""
    fast, persistence, slow, half_life, weekday = point[:5]
    spreads = Spreads(
        fast=float(np.exp(fast)), persistence=float(MOST_PERSISTENCE / (1.0 + np.exp(-persistence))), slow=float(np.exp(slow)),
        half_life=float(np.exp(half_life)) / step_days, scale=float(np.exp(point[5])) if len(point) > 5 else 1.0,
    )
    return spreads, float(np.exp(weekday))


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The posterior of one series as weighted modes, a mode per set of spreads."""

    seen: Seen
    calendar: Calendar
    belief: Belief
    points: Array  # [point, spread], unconstrained
    weights: Array  # [point], sum 1
    modes: tuple[Mode, ...]
    effective: float  # how many equally weighted points these are worth

    def draws(self, count: int, seed: int) -> Draws:
        """Joint draws: each set of spreads as often as its weight says, the rest from its Gaussian."""
        chance = np.random.Generator(np.random.Philox(key=seed))
        ends = np.cumsum(self.weights)
        chosen = np.searchsorted(ends / ends[-1], (np.arange(count) + chance.random()) / count)
        chosen = chance.permutation(np.minimum(chosen, len(self.modes) - 1))
        effects = self.modes[0].beta.size
        beta, path = np.empty((count, effects)), np.empty((count, 3))
        for place in np.unique(chosen):
            rows = np.flatnonzero(chosen == place)
            found = self.modes[place]
            beta[rows] = found.beta + chance.standard_normal((len(rows), effects)) @ found.beta_root.T
            _, none = self.belief.without_growth(found, self.calendar)
            if none > 0.0:  # a draw given that there is no growth is the draw less what its growth tells of the other effects
                at = self.calendar.names.index("growth")
                cover = found.beta_root @ found.beta_root[at]
                beta[rows] -= np.outer(np.where(chance.random(len(rows)) < none, beta[rows, at], 0.0), cover / cover[at])
            root = np.linalg.cholesky(found.spread + 1e-12 * np.eye(3))
            path[rows] = found.intercept - beta[rows] @ found.slope.T + chance.standard_normal((len(rows), 3)) @ root.T
        columns = self.points[chosen]
        unfolded_rows = [unfolded(row, self.calendar.step_days)[0] for row in self.points]
        spread = {name: np.array([getattr(item, name) for item in unfolded_rows])[chosen] for name in _FIELDS}
        return Draws(
            calendar=self.calendar, beta=beta, fast_end=path[:, 0], slow_end=path[:, 1], slow_recent=path[:, 2],
            weekday_sd=np.exp(columns[:, 4]), **spread,
        )


_FIELDS = ("fast", "persistence", "slow", "half_life", "scale")


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Draws from the posterior of a series. [draw] unless said otherwise; half_life in steps."""

    calendar: Calendar
    beta: Array  # [draw, effect]
    fast_end: Array
    slow_end: Array
    slow_recent: Array  # mean drift over the last 92 days
    fast: Array
    persistence: Array
    slow: Array
    half_life: Array
    scale: Array
    weekday_sd: Array

    def effect(self, name: str) -> Array:
        return self.beta[:, self.calendar.names.index(name)]


def fit(seen: Seen, calendar: Calendar, belief: Belief, *, days: Array, seed: int) -> Fitted:
    """The posterior of a series that was seen on `days` (evenly spaced)."""
    design = calendar.design(days)
    prior_mean, prior_sd = _effects_prior(calendar, belief)
    is_weekday = calendar.where("weekday")
    centre, width = belief.normal()
    start = _first_guess(seen, belief)
    functionals = _functionals(len(days), calendar.step_days)
    weekdays = bool(is_weekday.any())

    def at(point: Array, guess: Array, *, asked: bool) -> tuple[float, Mode | None]:
        spreads, weekday_sd = unfolded(point, calendar.step_days)
        sd = np.where(is_weekday, weekday_sd, prior_sd)
        found = mode(
            seen, design, spreads=spreads, prior_mean=prior_mean, prior_sd=sd, start=guess, functionals=functionals if asked else None
        )
        if found is None or not np.isfinite(found.evidence):
            return -np.inf, None
        log_factor, _ = belief.without_growth(found, calendar)
        return found.evidence + log_factor - 0.5 * float((((point - centre) / width) ** 2).sum()), found

    guess = {"eta": start}

    def loss(point: Array) -> float:
        value, found = at(point, guess["eta"], asked=False)
        if found is None:
            return 1e10
        guess["eta"] = found.eta
        return -value

    free = np.ones(len(centre), dtype=bool)
    free[4] = weekdays  # without weekdays their spread stays where it is
    best = centre + width * np.where(free, _climbed(lambda move: loss(centre + width * free * move), len(centre)), 0.0)
    points, weights, modes = _weighted(best, width, lambda point: at(point, guess["eta"], asked=True), seed)
    return Fitted(
        seen=seen, calendar=calendar, belief=belief, points=points, weights=weights, modes=modes,
        effective=float(1.0 / (weights**2).sum()),
    )


def _climbed(loss: Callable[[Array], float], size: int) -> Array:
    """Where the loss is least, in prior standard deviations: BFGS with plain differences.

    The loss is taken from its start on: of millions of counts it is a number in the millions, against which it would seem at rest.
    """
    start = loss(np.zeros(size))
    found = minimize(
        lambda point: loss(point) - start, np.zeros(size), method="L-BFGS-B", bounds=[(-5.0, 5.0)] * size,
        options={"maxiter": 25, "eps": 1e-3},
    )
    return found.x


def _weighted(
    best: Array, width: Array, at: Callable[[Array], tuple[float, Mode | None]], seed: int
) -> tuple[Array, Array, tuple[Mode, ...]]:
    """Points around the mode with their weights, and the Gaussian at each.

    In rounds: first from a Student's t as wide as the mode's curvature says, then from a mixture of narrower ones around points that
    have weight, so that the proposals bend with the posterior (swing and drift take from each other along a bow).
    """
    size = len(best)
    chance = np.random.Generator(np.random.Philox(key=seed))
    first = np.linalg.cholesky(_cover(best, width, lambda point: at(point)[0]))
    mixtures: list[tuple[Array, Array]] = [(best[None, :], first)]
    points: list[Array] = []
    values: list[float] = []
    modes: list[Mode | None] = []
    weights = np.zeros(0)
    for count in _ROUNDS:
        centres, root = mixtures[-1]
        normal = chance.standard_normal((count, size)) * np.sqrt(_FREEDOM / chance.chisquare(_FREEDOM, (count, 1)))
        for point in centres[np.arange(count) % len(centres)] + normal @ root.T:
            value, found = at(point)
            points.append(point)
            values.append(value)
            modes.append(found)
        drawn = np.array(points)
        shares = np.array(_ROUNDS[: len(mixtures)], dtype=float)
        proposal = logsumexp([_mixture(drawn, *mixture) for mixture in mixtures], axis=0, b=(shares / shares.sum())[:, None])
        log_weight = np.array(values) - proposal
        weights = np.exp(log_weight - log_weight.max())
        weights /= weights.sum()
        even = _tempered(log_weight)
        middle = even @ drawn
        cover = (even[:, None] * (drawn - middle)).T @ (drawn - middle) + np.diag((0.05 * width) ** 2)
        places = np.searchsorted(np.cumsum(even), (np.arange(_CENTRES) + chance.random()) / _CENTRES)
        mixtures.append((drawn[np.minimum(places, len(drawn) - 1)], _NARROWER * np.linalg.cholesky(cover)))
    weights = np.minimum(weights, weights.sum() / 20.0)  # no point carries more than a twentieth
    weights /= weights.sum()
    kept = [k for k in np.argsort(-weights) if modes[k] is not None and weights[k] > 1e-5]
    chosen = weights[kept]
    return np.array(points)[kept], chosen / chosen.sum(), tuple(modes[k] for k in kept)


def _cover(best: Array, width: Array, value: Callable[[Array], float]) -> Array:
    """Covariance at the mode from second differences; where they tell less than the prior does, the prior's."""
    size = len(best)
    top = value(best)
    step = np.empty(size)
    for k in range(size):  # steps that lower the posterior by something like a half
        side = np.zeros(size)
        side[k] = 0.1 * width[k]
        drop = 2.0 * top - value(best + side) - value(best - side)
        step[k] = width[k] * np.clip(0.1 / np.sqrt(max(drop, 1e-4)), 0.03, 0.5)
    sides = np.diag(step)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            both = (
                value(best + sides[i] + sides[j]) - value(best + sides[i] - sides[j]) - value(best - sides[i] + sides[j])
                + value(best - sides[i] - sides[j])
            )
            hessian[i, j] = hessian[j, i] = -both / (4.0 * step[i] * step[j])
    if not np.isfinite(hessian).all():
        return np.diag((0.5 * width) ** 2)
    scaled, turned = np.linalg.eigh(hessian * np.outer(width, width))
    scaled = np.clip(scaled, 0.8, 1e4)
    return np.outer(width, width) * ((turned / scaled) @ turned.T)


def _tempered(log_weight: Array) -> Array:
    """Weights made even enough that the next round has thirty points to build on."""
    power = 1.0
    while True:
        weights = np.exp(power * (log_weight - log_weight.max()))
        weights /= weights.sum()
        if 1.0 / (weights**2).sum() >= min(30.0, len(log_weight) / 4.0) or power < 0.05:
            return weights
        power *= 0.7


def _mixture(points: Array, centres: Array, root: Array) -> Array:
    """Log density of equal parts of multivariate Student's t. [point]"""
    size = points.shape[1]
    inverse = np.linalg.inv(root)
    here, there = points @ inverse.T, centres @ inverse.T
    square = ((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=2)
    constant = gammaln((_FREEDOM + size) / 2.0) - gammaln(_FREEDOM / 2.0) - 0.5 * size * np.log(_FREEDOM * np.pi)
    log_density = constant - np.log(np.diag(root)).sum() - 0.5 * (_FREEDOM + size) * np.log1p(square / _FREEDOM)
    return logsumexp(log_density, axis=1) - np.log(len(centres))


def _effects_prior(calendar: Calendar, belief: Belief) -> tuple[Array, Array]:
    """Mean and standard deviation of every effect but the weekdays', whose spread is itself uncertain."""
    mean, sd = [], []
    for name in calendar.names:
        family, _, number = name.partition(".")
        mean.append(belief.level if family == "level" else 0.0)
        if family == "level":
            sd.append(belief.level_sd)
        elif family == "wave":  # faster waves are smaller
            sd.append(belief.wave_sd / (1 + int(number) % 3))
        else:
            sd.append({"growth": belief.growth_sd, "event": belief.event_sd}.get(family, 1.0))
    return np.array(mean), np.array(sd)


def _first_guess(seen: Seen, belief: Belief) -> Array:
    """Eta to begin Newton's steps with: the pooled rate or level, a day's own where it was seen."""
    known = seen.known
    guess = np.full(len(known), belief.level)
    if not known.any():
        return guess
    y, n = seen.y[known], seen.n[known]
    if seen.kind == "gaussian":
        guess[:] = y.mean()
        guess[known] = y
    elif seen.kind == "poisson":
        rate = (y.sum() + 0.5) / n.sum()
        guess[:] = np.log(rate)
        guess[known] = np.log((y + 5.0 * rate * n / n.mean()) / (n + 5.0 * n / n.mean()) + 1e-300)
    else:
        rate = (y.sum() + 0.5) / (n.sum() + 1.0)
        share = (y + 5.0 * rate) / (n + 5.0)
        guess[:] = np.log(rate / (1.0 - rate))
        guess[known] = np.log(share / (1.0 - share))
    return guess


def _functionals(steps: int, step_days: int) -> Array:
    """Where the path stands: swing and drift on the last day, mean drift of late. [2 step, 3]"""
    found = np.zeros((2 * steps, 3))
    found[2 * steps - 2, 0] = found[2 * steps - 1, 1] = 1.0
    recent = min(steps, max(1, _RECENT_DAYS // step_days))
    found[2 * (steps - recent) + 1 :: 2, 2] = 1.0 / recent
    return found

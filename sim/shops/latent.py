"""One day after another: the latent path behind a shop's counts, by Laplace's approximation on a banded precision.

A series is seen through a linear predictor (log of a level, logit of a rate)

    eta_t = fast_t + slow_t + X_t beta

fast: AR(1) around zero, the day-to-day swing that MODEL.md calls noise (its spread and persistence are registry parameters);
slow: AR(1) with a half-life of weeks around zero, the drift: a rate wanders, and shrinks back towards its long-run mean;
beta: long-run mean, weekdays, yearly waves, growth, events, each with a normal prior.

Given the spreads (`Spreads`) everything is Gaussian but the counts, so the posterior's mode is found by Newton's method and its
covariance read off there: exact for money, and good to a few thousandths for counts (Rue, Martino and Chopin 2009). Two states a
day make a precision with two sub-diagonals, so that a step over three years costs a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpbtrf, dpbtrs

Array = np.ndarray
_STEPS, _CLOSE = 40, 1e-4  # a step so small leaves an error of its square


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was counted or measured, a number per step; where `known` is False nothing was.

    kind "binomial": y of n took the step; "poisson": y events where n is the exposure (1 for a level);
    "gaussian": y is a log amount whose sampling variance is n, times the square of `Spreads.scale`.
    """

    kind: str
    y: Array
    n: Array
    known: Array

    def log_density(self, eta: Array, scale: float) -> tuple[float, Array, Array]:
        """Log likelihood, its gradient and minus its second derivative in eta. [], [step], [step]"""
        y, n, known = self.y, self.n, self.known
        if self.kind == "gaussian":
            precision = known / (n * scale**2)
            miss = y - eta
            value = -0.5 * float(precision @ miss**2) + 0.5 * float(np.log(precision[known] / (2.0 * np.pi)).sum())
            return value, precision * miss, precision
        if self.kind == "poisson":
            mean = known * n * np.exp(np.minimum(eta, 50.0))
            return float((known * (y * eta)).sum() - mean.sum()), known * y - mean, np.maximum(mean, 1e-12 * known)
        share = 1.0 / (1.0 + np.exp(-eta))
        value = float((known * (y * eta - n * np.logaddexp(0.0, eta))).sum())
        return value, known * (y - n * share), np.maximum(known * n * share * (1.0 - share), 1e-12 * known)


@dataclass(frozen=True, kw_only=True)
class Spreads:
    """Standard deviations on the scale of eta, persistence of the swing from one step to the next, half-life of the drift in steps."""

    fast: float
    persistence: float
    slow: float
    half_life: float
    scale: float = 1.0

    @property
    def keep(self) -> float:
        """What of the drift is left after one step."""
        return 0.5 ** (1.0 / self.half_life)


@dataclass(frozen=True, kw_only=True)
class Mode:
    """The Gaussian at the posterior's mode, for one set of spreads.

    `evidence`: log marginal likelihood. `beta` and `beta_root` (lower Cholesky factor of its covariance); the asked functionals of the
    path are `intercept - slope @ beta` plus a normal with the covariance `spread`.
    """

    evidence: float
    eta: Array
    beta: Array
    beta_root: Array
    intercept: Array
    slope: Array
    spread: Array


def mode(
    seen: Seen, design: Array, *, spreads: Spreads, prior_mean: Array, prior_sd: Array, start: Array, functionals: Array | None = None
) -> Mode | None:
    """The mode for these spreads; None where Newton's method finds none (spreads far outside of what the data allow).

    design: [step, effect]; prior_mean, prior_sd: [effect]; start: eta to begin with [step]; functionals of the path
    (fast and slow of each step in turn): [2 step, functional].
    """
    steps, effects = design.shape
    fast, fast_off, fast_det = _autoregression(steps, spreads.fast, spreads.persistence)
    slow, slow_off, slow_det = _autoregression(steps, spreads.slow, spreads.keep)
    precision = prior_sd**-2.0
    eta, band = start, np.zeros((3, 2 * steps))
    sides = np.empty((2 * steps, 1 + effects))
    path, beta = np.zeros(2 * steps), prior_mean
    for _ in range(_STEPS):
        value, gradient, weight = seen.log_density(eta, spreads.scale)
        band[0, 0::2], band[0, 1::2], band[1, 0::2], band[1, 1::2] = fast + weight, slow + weight, weight, 0.0
        band[2, 0::2], band[2, 1::2] = fast_off, slow_off
        root, bad = dpbtrf(band, lower=1)
        if bad:
            return None
        target = weight * eta + gradient
        weighted = weight[:, None] * design
        sides[0::2, 0] = sides[1::2, 0] = target
        sides[0::2, 1:] = sides[1::2, 1:] = weighted
        solved, _ = dpbtrs(root, sides, lower=1)
        both = solved[0::2] + solved[1::2]
        schur = design.T @ weighted - weighted.T @ both[:, 1:]
        schur[np.diag_indices(effects)] += precision
        right = design.T @ target + precision * prior_mean - weighted.T @ both[:, 0]
        try:
            schur_root = np.linalg.cholesky(schur)
        except np.linalg.LinAlgError:
            return None
        beta = np.linalg.solve(schur_root.T, np.linalg.solve(schur_root, right))
        path = solved[:, 0] - solved[:, 1:] @ beta
        reached = path[0::2] + path[1::2] + design @ beta
        step = reached - eta
        far = float(np.abs(step).max())
        if seen.kind == "gaussian" or far < _CLOSE:
            eta = reached
            break
        eta = eta + step * min(1.0, 4.0 / far)  # a count's curvature says little far away: no leaps
    else:
        return None
    value, _, _ = seen.log_density(eta, spreads.scale)
    away = beta - prior_mean
    prior = 0.5 * (fast_det + slow_det + float(np.log(precision).sum()))
    prior -= 0.5 * (_square(path[0::2], fast, fast_off) + _square(path[1::2], slow, slow_off) + float(precision @ away**2))
    posterior = float(np.log(root[0]).sum() + np.log(np.diag(schur_root)).sum())
    cover = np.linalg.inv(schur_root).T
    intercept = slope = spread = np.zeros(0)
    if functionals is not None:
        inverse, _ = dpbtrs(root, functionals, lower=1)
        intercept, slope, spread = functionals.T @ solved[:, 0], functionals.T @ solved[:, 1:], functionals.T @ inverse
    return Mode(
        evidence=value + prior - posterior, eta=eta, beta=beta, beta_root=cover, intercept=intercept, slope=slope, spread=spread
    )


def _autoregression(steps: int, sd: float, keep: float) -> tuple[Array, Array, float]:
    """Diagonal, sub-diagonal and log determinant of the precision of a stationary AR(1) path."""
    fresh = sd**2 * (1.0 - keep**2)
    diagonal = np.full(steps, (1.0 + keep**2) / fresh)
    diagonal[0] = diagonal[-1] = 1.0 / fresh
    if steps == 1:
        diagonal[0] = sd**-2.0
    off = np.full(steps, -keep / fresh)
    off[-1] = 0.0
    return diagonal, off, -2.0 * steps * np.log(sd) - (steps - 1) * np.log1p(-(keep**2))


def _square(path: Array, diagonal: Array, off: Array) -> float:
    return float(diagonal @ path**2 + 2.0 * (off[:-1] * path[:-1]) @ path[1:])

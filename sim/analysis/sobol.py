"""The indices of Sobol' for whatever can be drawn again in part: first-order and total shares of a variance, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import sobol_indices

from sim.model.world import Array

RESAMPLES, CONFIDENCE = 1000, 0.95

Evaluate = Callable[[Sequence[frozenset[str]]], Iterable[Array]]  # which names are drawn again, set by set -> figures [figure, draw]


@dataclass(frozen=True, kw_only=True)
class Indices:
    """First-order and total indices of factors. first, total [value/low/high, figure, factor]; values_a [figure, draw]: worlds A."""

    names: tuple[str, ...]
    first: Array
    total: Array
    values_a: Array
    complete: bool


def indices(
    factors: Mapping[str, frozenset[str]], evaluate: Evaluate, *, draws: int, figures: int = 1, seed: int = 1
) -> Indices:
    """Sobol' indices of factors, each a set of names that are drawn again together.

    evaluate(sets) -> for each set, in their order, the figures [figure, draw] of the worlds in which these names come from the
    second sequence. It is asked for the worlds A (no name), B (all names), then for each factor. An interruption keeps the
    factors that were done.
    """
    everything = frozenset().union(*factors.values()) if factors else frozenset()
    sets = list(dict.fromkeys([frozenset(), everything, *factors.values()]))
    done: dict[frozenset[str], Array] = {}
    complete = True
    try:
        for again, values in zip(sets, evaluate(sets), strict=True):
            done[again] = values
    except KeyboardInterrupt:
        if not {frozenset(), everything} <= done.keys():
            raise
        complete = False
    values_a, values_b = done[frozenset()], done[everything]
    names = tuple(name for name, again in factors.items() if again in done)
    first, total = np.zeros((3, figures, len(names))), np.zeros((3, figures, len(names)))
    if names:
        mixed = np.stack([done[factors[name]] for name in names])
        for figure in range(figures):
            parts = (values_a[figure], values_b[figure], mixed[:, figure])
            first[:, figure], total[:, figure] = _with_confidence(*parts, draws=draws, seed=seed)
    return Indices(names=names, first=first, total=total, values_a=values_a, complete=complete)


def _matched(f_A: Array, f_B: Array, f_AB: Array) -> tuple[Array, Array]:
    """Jansen's estimators (1999), both over the variance of the same pairs of worlds.

    Saltelli's of 2010 divides by a variance of its own: for a factor that brings almost everything, as a grade may, its error is
    ten times this one. Here a factor that nothing feels has exactly 0, one that alone brings everything exactly 1.
    """
    variance = np.mean((f_B - f_A) ** 2, axis=-1)
    first = 1.0 - np.mean((f_B - f_AB) ** 2, axis=-1) / variance
    total = np.mean((f_A - f_AB) ** 2, axis=-1) / variance
    return first.T, total.T


def _with_confidence(values_a: Array, values_b: Array, mixed: Array, *, draws: int, seed: int) -> tuple[Array, Array]:
    """Indices of one figure and the ends of their intervals. mixed [factor, draw] -> two of [value/low/high, factor]"""
    factors = len(mixed)
    if not all(np.all(np.isfinite(values)) for values in (values_a, values_b, mixed)):
        return np.full((3, factors), np.nan), np.full((3, factors), np.nan)
    padded = np.concatenate([mixed, mixed]) if factors == 1 else mixed  # SciPy cannot do with one factor
    func = {"f_A": values_a[None], "f_B": values_b[None], "f_AB": padded[:, None]}
    found = sobol_indices(func=func, n=draws, method=_matched)
    # Both indices are ratios of means over draws: resampled draws are weights. (SciPy's own resampling takes no seed.)
    gaps = np.concatenate([(values_b - mixed) ** 2, (values_a - mixed) ** 2, (values_b - values_a)[None] ** 2])
    rng, means = np.random.default_rng([seed, draws]), []
    step = max(1, 4_000_000 // draws)
    for start in range(0, RESAMPLES, step):
        weights = rng.multinomial(draws, np.full(draws, 1.0 / draws), size=min(step, RESAMPLES - start))
        means.append(weights @ gaps.T / draws)
    again = np.concatenate(means)
    ratios = np.divide(again[:, :-1], again[:, -1:], out=np.zeros_like(again[:, :-1]), where=again[:, -1:] > 0.0)
    ratios[:, :factors] = np.where(again[:, -1:] > 0.0, 1.0 - ratios[:, :factors], 0.0)
    tail = (1.0 - CONFIDENCE) / 2.0
    ends = np.quantile(ratios, [tail, 1.0 - tail], axis=0)
    values = np.concatenate([np.atleast_1d(found.first_order)[:factors], np.atleast_1d(found.total_order)[:factors]])
    table = np.concatenate([values[None], ends])
    return table[:, :factors], table[:, factors:]

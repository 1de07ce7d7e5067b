"""Which points of a sweep a planner may have and wants: those under limits, best first, what the limits cost, and the Pareto set.

Frames are those of `OpenedSweep.figures`: a row per point with point, axes and figures by name, all by one statistic of the draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.goals import Target
from sim.model.world import Array
from sim.outcome import KPIS

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Eased:
    """What one limit costs: how many points miss it alone, and the figure of the best point without it (None: there is none)."""

    limit: Target
    misses: int
    best: float | None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The points that meet all limits, best first. `of` counts those that are there; `free` is the best figure without any limit."""

    kpi: str
    ranked: DataFrame
    of: int
    free: float | None
    eased: tuple[Eased, ...]

    @property
    def best(self) -> Mapping[str, float] | None:
        """The best row; None where no point meets the limits."""
        return None if self.ranked.empty else self.ranked.iloc[0].to_dict()


def chosen(frame: DataFrame, kpi: str, limits: Sequence[Target]) -> Choice:
    """Rank the points that meet the limits by a figure; the first of equals first. A figure that is not defined meets no limit."""
    good, known = KPIS[kpi].direction, np.isfinite(frame[kpi].to_numpy())
    met = [known & limit.met(frame[limit.kpi].to_numpy()) for limit in limits]
    inside = np.logical_and.reduce([known, *met])
    ranked = frame[inside].sort_values(kpi, ascending=good < 0, kind="stable")
    eased = []
    for place, limit in enumerate(limits):
        others = np.logical_and.reduce([known, *met[:place], *met[place + 1 :]])
        eased.append(Eased(limit=limit, misses=int((others & ~inside).sum()), best=_top(frame[kpi].to_numpy()[others], good)))
    return Choice(kpi=kpi, ranked=ranked, of=len(frame), free=_top(frame[kpi].to_numpy()[known], good), eased=tuple(eased))


def undominated(frame: DataFrame, first: str, second: str) -> Array:
    """Which points no other point beats: none is at least as good in both figures and better in one. [point] of bool

    Points that are the same in both stand together; one that is not defined is not among them.
    """
    x, y = (frame[kpi].to_numpy() * KPIS[kpi].direction for kpi in (first, second))  # more is better in both
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    found = np.zeros(len(frame), dtype=bool)
    order = known[np.lexsort((-y[known], -x[known]))]  # from the largest x on, within it the largest y first
    above, last = -np.inf, (np.nan, np.nan)
    for place in order.tolist():
        here = (x[place], y[place])
        if here[1] > above or here == last:
            found[place] = True
            above, last = here[1], here
    return found


def thinned(frame: DataFrame, kpi: str, *, most: int, kept: int) -> DataFrame:
    """At most `most` points: the best `kept` by a figure, and of the rest every n-th down the ranking. Best first."""
    ranked = frame[np.isfinite(frame[kpi])].sort_values(kpi, ascending=KPIS[kpi].direction < 0, kind="stable")
    if len(ranked) <= most:
        return ranked
    rest = np.arange(kept, len(ranked), -(-(len(ranked) - kept) // (most - kept)))
    return ranked.iloc[np.concatenate([np.arange(kept), rest])]


def within(frame: DataFrame, spans: Mapping[str, tuple[float, float]]) -> DataFrame:
    """The points inside these ranges, both ends included."""
    inside = np.ones(len(frame), dtype=bool)
    for name, (low, high) in spans.items():
        values = frame[name].to_numpy()
        inside &= (values >= low) & (values <= high)
    return frame[inside]


def _top(values: Array, good: int) -> float | None:
    return float(values.max() if good > 0 else values.min()) if len(values) else None

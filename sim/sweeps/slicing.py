"""Looks at a sweep's points: which levers vary, which point is best, and what a chart of two levers (or one) holds.

Frames are those of `Points`: a row per point with the axes by name and mean, p10, p50 and p90 of one figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcome import KPIS

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_DOTS = 5_000  # more points than these are put together before they are drawn
MOST_STEPS = 40  # different values along a side of a heat map, and bins where there are more
MOST_PLACES = 200  # along a line
FIGURES = ("mean", "p10", "p50", "p90")


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best point by a statistic: its row, how many are just as good, and the levers whose range ends there."""

    row: Mapping[str, float]
    equals: int
    at_edge: tuple[str, ...]


def varying(frame: DataFrame, names: Sequence[str], *, open_too: bool = False) -> list[str]:
    """The axes that have more than one value here; `open_too` counts what is left as the base has it as a value."""
    return [name for name in names if frame[name].nunique(dropna=not open_too) > 1]


def ranked(frame: DataFrame, kpi: str, statistic: str) -> DataFrame:
    """Best first by the figure's direction; what is not defined last; the first of equals first."""
    return frame.sort_values(statistic, ascending=KPIS[kpi].direction < 0, kind="stable", na_position="last")


def best_point(frame: DataFrame, kpi: str, statistic: str, names: Sequence[str]) -> Best | None:
    """None where the figure is defined nowhere."""
    known = frame[np.isfinite(frame[statistic])]
    if known.empty:
        return None
    top = known[statistic].max() if KPIS[kpi].direction > 0 else known[statistic].min()
    equal = known[known[statistic] == top]
    row = equal.iloc[0].to_dict()
    edges = [
        name for name in varying(frame, names) if equal[name].nunique() == 1 and row[name] in (frame[name].min(), frame[name].max())
    ]
    return Best(row=row, equals=len(equal), at_edge=tuple(edges))


def overlapping(frame: DataFrame, x: str, y: str) -> bool:
    """Do points share their places in the plane of two levers, so that cells say more than dots?"""
    return len(frame) > 2 * len(frame[[x, y]].drop_duplicates())


def held(frame: DataFrame, at: Mapping[str, float]) -> DataFrame:
    """The points with these values."""
    for name, value in at.items():
        frame = frame[frame[name] == value]
    return frame


def cells(frame: DataFrame, x: str, y: str, statistic: str) -> tuple[list[dict[str, Any]], bool]:
    """A row per place of two levers that are few-valued: x, y, the statistic, p10 and p90 (means over `count` points there).

    Levers with very many values are cut into bins, which stand for their middles; then the second result is True.
    """
    shown = frame[[x, y, *FIGURES]].dropna()
    binned = any(shown[name].nunique() > MOST_STEPS for name in (x, y))
    if binned:
        shown = shown.assign(**{name: _middles(shown[name].to_numpy()) for name in (x, y) if shown[name].nunique() > MOST_STEPS})
    return _grouped(shown, [x, y], statistic), binned


def dots(frame: DataFrame, x: str, y: str, statistic: str) -> tuple[list[dict[str, Any]], bool]:
    """A row per point, or per bin of points where there are more than MOST_DOTS."""
    shown = frame[["point", x, y, *FIGURES]].dropna()
    if len(shown) > MOST_DOTS:
        return _grouped(shown.assign(**{name: _middles(shown[name].to_numpy()) for name in (x, y)}), [x, y], statistic), True
    rows = shown.rename(columns={x: "x", y: "y"}).assign(value=shown[statistic], count=1)
    return rows[["point", "x", "y", "value", "p10", "p90", "count"]].to_dict("records"), False


def along(frame: DataFrame, x: str, statistic: str) -> tuple[list[dict[str, Any]], bool]:
    """A row per value of one lever, in order; very many values are cut into bins."""
    shown = frame[[x, *FIGURES]].dropna()
    binned = shown[x].nunique() > MOST_PLACES
    if binned:
        shown = shown.assign(**{x: _middles(shown[x].to_numpy(), MOST_PLACES)})
    return _grouped(shown, [x], statistic), binned


def _grouped(shown: DataFrame, by: list[str], statistic: str) -> list[dict[str, Any]]:
    groups = shown.groupby(by, sort=True)
    table = groups[list(FIGURES)].mean()
    table = table.assign(value=table[statistic], count=groups.size())[["value", "p10", "p90", "count"]].reset_index()
    return table.rename(columns=dict(zip(by, ("x", "y"), strict=False))).to_dict("records")


def _middles(values: np.ndarray, bins: int = MOST_STEPS) -> np.ndarray:
    """Each value's bin, by its middle."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) / bins or 1.0
    return low + (np.minimum(np.floor((values - low) / width), bins - 1) + 0.5) * width

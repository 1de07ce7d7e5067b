"""Rows of one day that say the same twice, and rows of one day that are parts of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.errors import UserError
from sim.shops.findings import Finding
from sim.shops.grids import Grid, Texts

LEAST_DOUBLED = 14  # days that stand in several rows without a reason, from which a file is refused
_MOST_NAMED, _MOST_ROWS = 5, 200


def without_doubles(
    typed: pd.DataFrame, grid: Grid, kept: np.ndarray, clocks: np.ndarray, label: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Rows that say the same twice, in columns that are not read too, are dropped; what else a day has several rows of is added up.

    typed: a row per row of the grid that is `kept`; clocks: the time of day of each. Raises UserError where most days stand in
    several rows and nothing in the file says why.
    """
    found: list[Finding] = []
    whole = typed.assign(clock=clocks, rest=grid.rest[kept]).drop(columns="row")
    same = whole.duplicated(keep="first").to_numpy()
    if same.any():
        found.append(_rows("same_row_twice", typed.loc[same, "row"], choices=("drop",), default="drop"))
    typed, clocks = typed[~same].reset_index(drop=True), clocks[~same]
    again = typed.duplicated(["date", "channel", "category"], keep=False).to_numpy()
    if again.any():
        found.append(_several(typed, clocks, again, {header: text.where(kept).where(~same) for header, text in grid.unread.items()}, label))
    return typed, found


def _several(typed: pd.DataFrame, clocks: np.ndarray, again: np.ndarray, unread: dict[str, Texts], label: str) -> Finding:
    """What parts the rows of one day: the time, a column that is not read, or nothing."""
    keys = typed[["date", "channel", "category"]]
    days = sorted(set(typed.loc[again, "date"].dt.date))
    if len(set(clocks)) > 1 and not keys.assign(clock=clocks).duplicated().any():
        return _rows("hourly", typed.loc[again, "row"], choices=("keep",), default="keep", days=tuple(days))
    for header, texts in unread.items():
        if len(texts.values) > 1 and not keys.assign(part=texts.codes).duplicated().any() and not _numeric(texts):
            named = ", ".join(text.strip() for text in texts.values[:_MOST_NAMED]) + (", …" if len(texts.values) > _MOST_NAMED else "")
            return _rows(
                "parts_added", typed.loc[again, "row"], choices=("keep",), default="keep", days=tuple(days),
                data={"header": header, "others": named, "count": len(texts.values)},
            )
    if len(days) >= LEAST_DOUBLED and 2 * len(days) >= typed["date"].nunique():
        first = typed.index[again][0]
        fellow = typed.index[(typed["date"] == typed["date"][first]).to_numpy() & again][1]
        raise UserError(
            f"{label}, rows {typed['row'][first]} and {typed['row'][fellow]}: {len(days):,} days stand in more than one row, and no column "
            "says why. Keep the rows of one shop and of one export; or name the column that parts a day, with --map HEADER=channel."
        )
    return _rows("day_twice", typed.loc[again, "row"], choices=("keep", "drop_days"), default="keep", days=tuple(days))


def _numeric(texts: Texts) -> bool:
    """Figures of the rows, not names of their parts."""
    return sum(text.strip().strip("¥$%").replace(",", "").replace(".", "").isdigit() for text in texts.values) > 0.5 * len(texts.values)


def _rows(kind: str, rows: pd.Series, **more) -> Finding:
    return Finding(kind=kind, severity="odd", rows=tuple(rows.iloc[:_MOST_ROWS].tolist()), **more)

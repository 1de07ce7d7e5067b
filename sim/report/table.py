"""Tables of a report as values: what stands in them, in which unit, and how a page or a workbook is to show it.

Cells hold figures with all their digits; a rendering rounds what it shows and never what it keeps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

Cell = str | float | int | date | None
LONGEST_TEXT = 32_000  # letters; a workbook's cell holds 32,767
# Control characters and lone halves of pairs, which XML refuses, and marks that turn the direction of writing round.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True)
class Column:
    """`unit`: "text", "date", "bare" (a number as somebody wrote it), "row" (the row's own unit), "level" (a parameter's value in
    the row's unit), "relative", "chance", or a unit of sim.figures. `band`: "p10" or "p90" of the column before it, which a page
    shows in brackets. `page`: do pages show it, or the workbook alone?
    """

    head: str
    unit: str = "text"
    change: bool = False
    band: str = ""
    page: bool = True


@dataclass(frozen=True, kw_only=True)
class Table:
    """`units` one per row, where a column is in the row's own. `marked` rows stand out. `pages`: is it in the HTML file too?"""

    key: str
    title: str
    sheet: str
    note: str = ""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    units: tuple[str, ...] = ()
    marked: frozenset[int] = frozenset()
    pages: bool = True

    def unit(self, row: int, column: Column) -> str:
        return self.units[row] if column.unit in ("row", "level") and self.units else column.unit

    def column(self, head: str) -> list[Cell]:
        """All cells under a head."""
        place = [column.head for column in self.columns].index(head)
        return [row[place] for row in self.rows]


def stacked(tables: Sequence[Table], names: Sequence[str], head: str) -> Table:
    """The same table of several plans as one, the plan in front; of a single plan as it is."""
    if len(tables) == 1:
        return tables[0]
    rows, marked = [], set()
    for table, name in zip(tables, names, strict=True):
        marked |= {len(rows) + row for row in table.marked}
        rows += [(name, *row) for row in table.rows]
    return replace(
        tables[0], columns=(Column(head=head), *tables[0].columns), rows=tuple(rows), marked=frozenset(marked),
        units=tuple(unit for table in tables for unit in table.units),
    )


def clean(text: object) -> str:
    """Somebody's own words without what no file may hold, cut where a cell ends."""
    kept = UNWANTED.sub("", str(text))
    return kept if len(kept) <= LONGEST_TEXT else kept[: LONGEST_TEXT - 1] + "…"


def number(value: float | None) -> float | None:
    """The number, or nothing where there is none."""
    return None if value is None or not math.isfinite(value) else float(value)


def bands(figures: Mapping[str, float | None], names: Sequence[str] = ("mean", "p10", "p90")) -> tuple[float | None, ...]:
    return tuple(number(figures[name]) for name in names)

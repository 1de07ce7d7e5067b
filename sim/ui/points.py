"""A sweep's points as a planner reads them: levers in their own units, figures on one scale, rows for charts and tables."""

from __future__ import annotations

import math
import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.charts.sweeps import Heads
from sim.figures import exact, scale, with_interval
from sim.outcome import KPIS
from sim.parameters import UNITS, registry
from sim.scenario import FOLDER_VARIABLE
from sim.sweeps.opening import OpenedSweep, Points
from sim.sweeps.slicing import FIGURES, Best, ranked
from sim.texts import Words
from sim.ui.parts import plain

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_ROWS = 1_000  # of the table on the page; the file has all
MOST_NAMED = 5  # levers in a sentence
DIGITS = 4  # of a lever's computed value: all that a planner would set


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """How the values of a lever, an assumption or a figure are shown: shown = value / size; `unit` stands behind the number."""

    label: str
    unit: str
    size: float
    language: str
    decimals: int = -1  # -1: as many as a value needs
    before: str = ""  # what stands in front of the number

    @property
    def head(self) -> str:
        """The label and the unit, unless the label says it."""
        unit = f"{self.before}{self.unit}".strip()
        if not unit or unit in self.label:
            return self.label
        if self.language == "en":
            return f"{self.label}, {unit}"
        return f"{self.label[:-1]}，{unit}）" if self.label.endswith("）") else f"{self.label}（{unit}）"

    def shown(self, value: float) -> float:
        number = value / self.size
        return float(f"{number:.{DIGITS}g}") if self.decimals < 0 else round(number, self.decimals)

    def number(self, value: float) -> str:
        return exact(self.shown(value)) if self.decimals < 0 else f"{self.shown(value):,.{self.decimals}f}".replace("-", "−")

    def text(self, value: float) -> str:
        return f"{self.before}{self.number(value)} {self.unit}".rstrip()


def axis_quantity(name: str, language: str) -> Quantity:
    """A lever or an assumption. One that the registry no longer knows keeps its bare name."""
    parameter = registry().get(name)
    if parameter is None:
        return Quantity(label=name, unit="", size=1.0, language=language)
    label, unit = parameter.label[language], parameter.unit
    if unit in ("share", "chance"):
        return Quantity(label=label, unit="%", size=0.01, language=language)
    if unit == "index":
        unit, before = ("% of today", "") if language == "en" else ("%", "今日的 ")
        return Quantity(label=label, unit=unit, size=0.01, language=language, before=before)
    if unit.startswith("CNY"):
        size, name = scale(max(abs(end) for end in parameter.bounds if math.isfinite(end)), language)
        behind = UNITS.get(unit, UNITS["CNY"])[language]
        together = f"{name}{behind}" if language == "zh" else f"{name} {behind}".strip()
        return Quantity(label=label, unit=together, size=size, language=language)
    return Quantity(label=label, unit=UNITS.get(unit, {language: unit})[language], size=1.0, language=language)


def figure_quantity(kpi: str, values: Iterable[float], language: str) -> Quantity:
    """A figure, on the scale of the largest of these values: three significant digits of it, four where three tell too little apart.

    All points meet the same draws, so their differences are known better than their intervals.
    """
    item, known = KPIS[kpi], [value for value in values if math.isfinite(value)]
    largest = max((abs(value) for value in known), default=0.0)
    size, unit = 1.0, ""
    if item.unit == "share":
        size, unit = 0.01, "%"
    elif item.unit != "x":
        size, name = scale(largest, language)
        behind = {"en": {"CNY": "CNY", "CNY/order": "CNY"}, "zh": {"CNY": "元", "CNY/order": "元", "orders": "单"}}[language]
        unit = f"{name}{behind.get(item.unit, '')}" if language == "zh" else f"{behind.get(item.unit, '')} {name}".strip()
    decimals, top, span = 2, largest / size, (max(known, default=0.0) - min(known, default=0.0)) / size
    if item.unit != "share" and top:
        decimals = max(0, 2 - math.floor(math.log10(float(f"{top:.2e}"))))
        decimals = min(4, decimals + (span > 0 and 1 - math.floor(math.log10(span)) > decimals))
    return Quantity(label=item.label[language], unit=unit, size=size, language=language, decimals=decimals)


@st.cache_resource(max_entries=4, show_spinner=False)
def points_of(folder: str, stamp: tuple[Any, ...], kpi: str, _opened: OpenedSweep) -> Points:
    """Read once as long as nothing in the folder changes. Shared by all sessions: nobody changes the frame."""
    return _opened.points(kpi)


# In words


def values_in_words(names: Sequence[str], row: Mapping[str, float], say: Words) -> str:
    """Redirects to pay 2, Service seats per desk 32 seats."""
    parts = []
    for name in names:
        quantity, value = axis_quantity(name, say.language), row[name]
        parts.append(f"{quantity.label} {say['sweeps.as_base'] if value != value else quantity.text(value)}")
    parts = [part.replace("） ", "）") for part in parts]
    parts = [part if name in registry() else plain(part) for part, name in zip(parts, names, strict=True)]
    shown, rest = (("、" if say.language == "zh" else ", ").join(parts[:MOST_NAMED])), len(parts) - MOST_NAMED
    return say["sweeps.more_values"].format(first=shown, count=len(parts) if say.language == "zh" else rest) if rest > 0 else shown


def best_in_words(best: Best, points: Points, statistic: str, names: Sequence[str], of: int, say: Words) -> str:
    """The best point in a plain sentence, and what to make of it."""
    kpi, row, language = points.kpi, best.row, say.language
    label = KPIS[kpi].label[language]
    shown = with_interval(row[statistic], row["p10"], row["p90"], KPIS[kpi].unit, language)
    if KPIS[kpi].unit.startswith("CNY"):
        shown = f"{shown}元" if language == "zh" else f"{shown} CNY"
    text = say["sweeps.best" if points.whole else "sweeps.best_so_far"].format(
        kpi=label, statistic=say[f"sweeps.statistic_{statistic}"], values=values_in_words(names, row, say), figure=plain(shown),
        point=f"{int(row['point']):,}", points=f"{of:,}",
    )
    notes = [text] if best.equals == 1 else [text, say["sweeps.equals"].format(count=f"{best.equals:,}")]
    edges = [name for name in best.at_edge if name not in registry() or row[name] not in registry()[name].bounds]
    if edges:
        labels = ("、" if language == "zh" else ", ").join(plain(axis_quantity(name, language).label) for name in edges[:MOST_NAMED])
        notes.append(say["sweeps.edge"].format(levers=labels))
    return ("" if language == "zh" else " ").join(notes)


def quoted(word: str) -> str:
    """A word as the command line of this system takes it."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)


def command(name: str, folder: str, *more: str) -> str:
    """The line that runs a sweep, ready to be copied."""
    home = os.environ.get(FOLDER_VARIABLE)
    where = ["--scenarios", quoted(home)] if home else []
    return " ".join(["whatif sweep", quoted(name or "SPEC"), "--out", quoted(folder), *more, *where])


# For charts and tables


def heads_of(x: str, y: str, value: Quantity, say: Words, *, counted: bool = False) -> Heads:
    """`x` and `y` are axes; without `y` the figure goes up."""
    return Heads(
        x=axis_quantity(x, say.language).head, y=axis_quantity(y, say.language).head if y else "",
        value=_two_lines(value) if y else value.head, figure=value.head, interval=say["head.interval"],
        count=say["sweeps.here"] if counted else "",
    )


def _two_lines(value: Quantity) -> str:
    return f"{value.label}|{value.unit}" if value.unit else value.label


def chart_rows(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, value: Quantity, kpi: str, *, base: Mapping[str, float], say: Words
) -> list[dict[str, Any]]:
    """Rows of cells, dots or a line with their texts; the best of them and the base's own place are marked."""
    shapes = {"x": axis_quantity(x, say.language)} | ({"y": axis_quantity(y, say.language)} if y else {})
    names = {"x": x, "y": y}
    direction, unit = KPIS[kpi].direction, KPIS[kpi].unit
    known = [row["value"] for row in rows if math.isfinite(row["value"])]
    top = (max(known) if direction > 0 else min(known)) if known else None
    found, starred = [], False
    for row in rows:
        if not math.isfinite(row["value"]):
            continue
        best = row["value"] == top and not starred
        starred = starred or best
        several = row["count"] > 1
        line = {end: row[end] / value.size for end in ("value", "p10", "p90")}
        line |= {"text": value.number(row["value"]), "count": int(row["count"]), "best": best}
        line["tip"] = "–" if several else with_interval(row["value"], row["p10"], row["p90"], unit, say.language)
        line["base"] = all(base.get(names[way]) == row[way] for way in shapes)
        for way, shape in shapes.items():
            line |= {way: row[way] / shape.size, f"{way}_text": shape.number(row[way])}
        found.append(line)
    return found


def table_of(points: Points, statistic: str, names: Sequence[str], say: Words) -> tuple[DataFrame, dict[str, Any]]:
    """The table's rows, best first, and how its columns are written; a few levers stay in sight."""
    language, kpi = say.language, points.kpi
    rows = ranked(points.frame, kpi, statistic).head(MOST_ROWS)
    columns: dict[str, Any] = {}
    written: dict[str, Any] = {}
    for name in names:
        quantity = axis_quantity(name, language)
        columns[quantity.head] = [quantity.shown(value) if value == value else None for value in rows[name]]
        written[quantity.head] = st.column_config.NumberColumn(format="%g", pinned=len(names) <= 4)
    shown = figure_quantity(kpi, rows[statistic], language)
    for what in dict.fromkeys((statistic, *FIGURES)):
        head = shown.head if what == "mean" else f"{shown.label} {what}"
        columns[head] = [value / shown.size for value in rows[what]]
        written[head] = st.column_config.NumberColumn(format=f"%.{shown.decimals}f")
    for column in (column for column in rows if str(column).endswith(".mean")):
        quantity = figure_quantity(str(column).removesuffix(".mean"), rows[column], language)
        columns[quantity.head] = [value / quantity.size for value in rows[column]]
        written[quantity.head] = st.column_config.NumberColumn(format=f"%.{quantity.decimals}f")
    columns[say["sweeps.point"]] = rows["point"].astype("int64")
    written[say["sweeps.point"]] = st.column_config.NumberColumn(format="%d")
    return rows.__class__({head: list(values) for head, values in columns.items()}), written


def ranking_of(
    ranked: DataFrame, names: Sequence[str], kpi: str, kpis: Sequence[str], say: Words
) -> tuple[DataFrame, dict[str, Any]]:
    """Ranked points with the levers that tell them apart and all figures, the one that ranks first, and how the columns are written."""
    language = say.language
    columns: dict[str, Any] = {say["sweeping.rank"]: list(range(1, len(ranked) + 1))}
    written: dict[str, Any] = {say["sweeping.rank"]: st.column_config.NumberColumn(format="%d", pinned=True)}
    for name in names:
        quantity = axis_quantity(name, language)
        columns[quantity.head] = [quantity.shown(value) if value == value else None for value in ranked[name]]
        written[quantity.head] = st.column_config.NumberColumn(format="%g")
    for name in (kpi, *(name for name in kpis if name != kpi)):
        quantity = figure_quantity(name, ranked[name], language)
        columns[quantity.head] = [value / quantity.size for value in ranked[name]]
        written[quantity.head] = st.column_config.NumberColumn(format=f"%.{quantity.decimals}f")
    columns[say["sweeps.point"]] = ranked["point"].astype("int64").tolist()
    written[say["sweeps.point"]] = st.column_config.NumberColumn(format="%d")
    return ranked.__class__(columns), written


def csv_of(folder: Path, points: Points) -> bytes:
    """The sweep's own CSV; where there is none yet, the points that are there in the same form."""
    try:
        if points.whole:
            return (folder / "summary.csv").read_bytes()
    except OSError:  # gone meanwhile
        pass
    frame = points.frame.rename(columns={what: f"{points.kpi}.{what}" for what in FIGURES})
    return frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def csv_size(folder: Path, points: Points) -> int:
    """Bytes of the file that `csv_of` gives, if there is one."""
    try:
        return (folder / "summary.csv").stat().st_size if points.whole else 0
    except OSError:
        return 0

"""A shop's own numbers: a tidy table of typed columns, a row per day or week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from sim.errors import UserError, nearest
from sim.shops.cells import cleaned, clock, dates, decimal_of, is_sum, is_total, numbers, unreadable
from sim.shops.columns import COLUMNS, DEFINITIONS, MEASURES, guessed, is_shop, rivals_of
from sim.shops.doubles import without_doubles
from sim.shops.findings import Finding
from sim.shops.grids import Grid, Texts
from sim.shops.reading import read_grid

LEAST_ROWS, MOST_YEARS, MOST_NAMED = 14, 20, 10
MOST_GAP_DAYS, LEAST_OTHER = 366, 4  # four weeks in a row among days are no gaps


@dataclass(frozen=True, kw_only=True)
class ShopTable:
    """A shop's numbers by step (a day or a week).

    frame: float columns by date, NaN where nothing is known, every step between first and last there; parts: the same by date,
    channel and category as they stand in the file, with the row; columns: {known column: header}; definitions: what the columns
    mean, `asked` those that the planner said; findings: what came up while reading.
    """

    name: str
    frame: pd.DataFrame
    parts: pd.DataFrame
    step_days: int
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    definitions: Mapping[str, str]
    asked: tuple[str, ...]
    encoding: str
    findings: tuple[Finding, ...] = field(default=())

    @property
    def days(self) -> np.ndarray:
        return self.frame.index.to_numpy().astype("datetime64[D]")

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(name for name in MEASURES if name in self.frame.columns)

    def series(self, name: str) -> np.ndarray:
        return self.frame[name].to_numpy(dtype=float)

    def cut(self, steps: int) -> ShopTable:
        """The first so many steps alone, as they would have been seen then."""
        from dataclasses import replace

        last = self.frame.index[steps - 1]
        return replace(self, frame=self.frame.iloc[:steps], parts=self.parts[self.parts["date"] <= last])


def read_shop(
    source: str | Path | bytes, *, mapping: Mapping[str, str] | None = None, definitions: Mapping[str, str] | None = None,
    sheet: str | None = None, name: str = "the file",
) -> ShopTable:
    """Read a shop's file. mapping: {header: known column, or "" to leave it out}; definitions: see `columns.DEFINITIONS`.

    Raises UserError where a column or a cell cannot be what it says (negative, no number, a share above 1), and where a
    reading is open that would change the answer (03/04/2024).
    """
    grid = read_grid(source, name=name, sheet=sheet, known=tuple(mapping or {}))
    return table_of(grid, name if isinstance(source, bytes) else Path(source).name, mapping=mapping, definitions=definitions)


def table_of(
    grid: Grid, label: str, *, mapping: Mapping[str, str] | None = None, definitions: Mapping[str, str] | None = None,
) -> ShopTable:
    """A grid that keeps the mapped columns as a shop's table; `label` is what sentences call the file. Raises as `read_shop`."""
    said = _checked_definitions(definitions or {})
    columns = _columns(grid, dict(mapping or {}), label)
    meaning = {key: said.get(key, options[0]) for key, options in DEFINITIONS.items()}
    findings = [*_sheets(grid)]
    _ensure_one_shop(grid, columns, label)
    kept, left_out = _days_alone(grid, columns)
    findings += left_out
    if not kept.any():
        raise UserError(f"{label} has only totals and no row of a day.")
    rows, cells = grid.rows[kept], {known: grid.columns[header].where(kept) for known, header in columns.items()}

    when = cells["date"]
    days, bad = dates(when.unique, order=meaning["date_order"])
    if bad:
        at = np.flatnonzero(np.isin(when.codes, bad))
        said_there = when.values[when.codes[at[0]]].strip()
        where = f"{label}, row {rows[at[0]]}, column {columns['date']}"
        if not said_there:
            raise UserError(f"{where}: there is no date{_more(len(at))}. Each row needs one, below one line of headers.")
        raise UserError(f'{where}: "{said_there[:40]}" is no date{_more(len(at))}. Write dates with the year, such as 2024-07-01.')
    typed = pd.DataFrame({"date": pd.to_datetime(days[when.codes]), "row": rows})
    for key in ("channel", "category"):
        typed[key] = np.array([text.strip() for text in cells[key].values], dtype=object)[cells[key].codes] if key in cells else ""
    texts = {known: cleaned(text.unique) for known, text in cells.items() if known in MEASURES}
    decimal = decimal_of(list(texts.values()), asked=meaning["decimal"], semicolons=grid.delimiter == ";")
    for known, text in texts.items():
        values, percent = numbers(text, decimal=decimal)
        codes = cells[known].codes
        place = _Place(label=label, header=columns[known], texts=cells[known], rows=rows)
        _refuse_impossible(values[codes], np.isin(codes, unreadable(text, values)), place)
        if COLUMNS[known].kind == "share":
            typed[known] = _as_shares(values[codes], percent[codes], place)
        else:
            _refuse_percent(percent[codes], place)
            typed[known] = values[codes]
    empty = [known for known in texts if not typed[known].notna().any()]
    findings += [
        Finding(kind="empty_column", severity="odd", column=known, choices=("keep",), data={"header": columns[known]}) for known in empty
    ]
    typed = typed.drop(columns=empty)
    read = {known: header for known, header in columns.items() if known in typed.columns}
    if not [known for known in read if known in MEASURES]:
        raise UserError(f"{label} has no column with numbers that is understood; name one with --map HEADER=sessions and so on.")
    clocks = np.array([clock(text) for text in when.values], dtype=object)[when.codes]
    typed, doubles = without_doubles(typed, grid, kept, clocks, label)
    findings += doubles
    if meaning["orders"] == "paid" and "orders" in typed and "paid_orders" not in typed:
        typed, read = typed.rename(columns={"orders": "paid_orders"}), {("paid_orders" if k == "orders" else k): v for k, v in read.items()}
    frame, step_days = _by_step(typed, meaning["cadence"], label)
    ignored = tuple(header for header in grid.headers if header and header not in columns.values())
    for known, others in rivals_of(grid.headers, columns).items():
        findings.append(Finding(
            kind="two_headers", severity="odd", column=known, choices=("keep",), default="keep",
            data={"header": columns.get(known, ""), "others": ", ".join(others)},
        ))
    return ShopTable(
        name=label, frame=frame, parts=typed, step_days=step_days, columns=read, ignored=ignored,
        definitions=meaning | {"decimal": decimal}, asked=tuple(said), encoding=grid.encoding, findings=tuple(findings),
    )


def _sheets(grid: Grid) -> list[Finding]:
    """Another sheet of the workbook holds days too."""
    if not grid.sheets:
        return []
    others = ", ".join(grid.sheets[:MOST_NAMED])
    return [Finding(kind="sheet", severity="odd", choices=("keep",), data={"header": grid.sheet, "others": others})]


def _ensure_one_shop(grid: Grid, columns: Mapping[str, str], label: str) -> None:
    """Refuses rows of several shops under a header that says so: their sum is no shop, unless the planner says that it is."""
    for header, texts in (grid.columns | grid.unread).items():
        shops = sorted({text.strip() for text in texts.values if text.strip() and not is_sum(text)})
        if header not in columns.values() and is_shop(header) and len(shops) > 1:
            named = ", ".join(shops[:5]) + (", …" if len(shops) > 5 else "")
            raise UserError(
                f'{label} has rows of {len(shops):,} shops in column {header} ({named}). Keep the rows of one shop; or add all up, '
                f'with --map "{header}=channel".'
            )


def _days_alone(grid: Grid, columns: Mapping[str, str]) -> tuple[np.ndarray, list[Finding]]:
    """Which rows are days: totals and notes below or between them are not. [row]"""
    when, first = grid.columns[columns["date"]], grid.first
    day = np.array([text.strip() for text in when.values], dtype=object)
    total = np.array([is_sum(text) for text in day], dtype=bool)[when.codes]
    total |= (day == "")[when.codes] & np.array([is_sum(text) for text in first.values], dtype=bool)[first.codes]
    for key in ("channel", "category"):
        if key in columns:
            part = grid.columns[columns[key]]
            whole = np.array([is_total(text) for text in part.values], dtype=bool)
            total |= whole[part.codes] & (not whole.all())
    worded = np.array([text[:1].isalpha() or text[:1] in "*※#（(【" for text in map(str.strip, first.values)], dtype=bool)
    _, bad = dates(when.unique, order="day_first")
    note = grid.alone & worded[first.codes] & np.isin(when.codes, bad) & ~total
    found = []
    for kind, on in (("total_rows", total), ("note_rows", note)):
        if on.any():
            found.append(Finding(kind=kind, severity="odd", rows=tuple(grid.rows[on].tolist()), choices=("drop",), default="drop"))
    return ~(total | note), found


def _checked_definitions(said: Mapping[str, str]) -> dict[str, str]:
    for key, value in said.items():
        if key not in DEFINITIONS:
            raise UserError(f"there is no definition {key}; there are {', '.join(DEFINITIONS)}.{nearest(key, DEFINITIONS)}")
        if value not in DEFINITIONS[key]:
            raise UserError(f"{key}={value}: {key} is one of {', '.join(DEFINITIONS[key])}.")
    return dict(said)


def _columns(grid: Grid, mapping: Mapping[str, str], label: str) -> dict[str, str]:
    """{known column: header}: what the caller says, then what the headers say."""
    for header, known in mapping.items():
        if header not in grid.headers:
            there = ", ".join(header for header in grid.headers if header)[:300]
            raise UserError(f'{label} has no column "{header}"; it has {there}.{nearest(header, grid.headers)}')
        if known and known not in COLUMNS:
            raise UserError(f'"{header}={known}": there is no column {known}; there are {", ".join(COLUMNS)}.{nearest(known, COLUMNS)}')
    said = {known: header for header, known in mapping.items() if known}
    if len(said) < sum(bool(known) for known in mapping.values()):
        raise UserError("two headers are mapped to the same column; map each column once.")
    found = said | {
        known: header for known, header in guessed(grid.headers).items() if known not in said and header not in mapping
    }
    if "date" not in found:
        raise UserError(
            f"{label} has no column of dates that is understood; its headers are {', '.join(h for h in grid.headers if h)[:300]}. "
            "Say which it is with --map HEADER=date."
        )
    return found


def _more(count: int) -> str:
    return f" (and {count - 1:,} more)" if count > 1 else ""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a sentence points: a column, and the rows by their numbers in the file."""

    label: str
    header: str
    texts: Texts
    rows: np.ndarray

    def at(self, place: int) -> str:
        return f"{self.label}, row {self.rows[place]}, column {self.header}"

    def text(self, place: int) -> str:
        return self.texts.values[self.texts.codes[place]].strip()[:40]


def _refuse_impossible(values: np.ndarray, bad: np.ndarray, place: _Place) -> None:
    if len(wrong := np.flatnonzero(bad)):
        raise UserError(
            f'{place.at(wrong[0])}: "{place.text(wrong[0])}" is no number{_more(len(wrong))}. Leave a cell empty where nothing is known.'
        )
    below = np.flatnonzero(values < 0.0)
    if len(below):
        raise UserError(
            f"{place.at(below[0])}: {values[below[0]]:g} is below zero{_more(len(below))}. "
            "Counts and amounts are zero or more; leave the cell empty where nothing is known."
        )
    huge = np.flatnonzero(values > 1e15)
    if len(huge):
        raise UserError(f"{place.at(huge[0])}: {values[huge[0]]:g} is too large; up to 1e15 is read.")


def _refuse_percent(percent: np.ndarray, place: _Place) -> None:
    if len(wrong := np.flatnonzero(percent)):
        raise UserError(
            f'{place.at(wrong[0])}: "{place.text(wrong[0])}" is a rate{_more(len(wrong))}, and this column counts. '
            "Give the count, or leave the column out."
        )


def _as_shares(values: np.ndarray, percent: np.ndarray, place: _Place) -> np.ndarray:
    """Shares in [0, 1]; a column that is in per cent throughout (95.3) is read as such."""
    known = np.isfinite(values) & ~percent
    plain = values[known]
    if len(plain) and np.median(plain) > 1.5 and plain.max() <= 100.0:
        values = np.where(known, values / 100.0, values)
    above = np.flatnonzero(values > 1.0 + 1e-9)
    if len(above):
        raise UserError(
            f"{place.at(above[0])}: a share of {values[above[0]]:g} is above 1{_more(len(above))}. "
            "Shares go from 0 to 1, or from 0 % to 100 %."
        )
    return np.minimum(values, 1.0)


def _unit(step: int, count: int) -> str:
    if step == 1:
        return "day" if count == 1 else "days"
    return "week" if count == 1 else "weeks"


def _ensure_one_cadence(starts: pd.DatetimeIndex, gaps: np.ndarray, step: int, label: str) -> None:
    """Refuses days and weeks in one file: their numbers are of different size."""
    run = 0
    for place, on in enumerate(gaps == (7 if step == 1 else 1)):
        run = run + 1 if on else 0
        if run == LEAST_OTHER:
            this, that = ("week", "day") if step == 1 else ("day", "week")
            since = starts[place + 1 - LEAST_OTHER].date()
            raise UserError(f"{label} has rows by {this} from {since} on, and by {that}; give one or the other.")


def _ensure_near(starts: pd.DatetimeIndex, gaps: np.ndarray, label: str) -> None:
    """Refuses rows that lie more than a year apart: a date is wrong, or it is two shops' lives."""
    far = int(gaps.argmax()) if len(gaps) else 0
    if len(gaps) and gaps[far] > MOST_GAP_DAYS:
        raise UserError(
            f"{label} has nothing between {starts[far].date()} and {starts[far + 1].date()}. Are these dates right? "
            "If so, leave out what comes before or after."
        )


def _by_step(typed: pd.DataFrame, cadence: str, label: str) -> tuple[pd.DataFrame, int]:
    """Sums by day (means of shares and days weighted by orders), and how many days a step has."""
    measures = [name for name in MEASURES if name in typed]
    weight = next((typed[name] for name in ("paid_orders", "orders", "gmv") if name in typed), pd.Series(1.0, index=typed.index))
    by = typed.groupby("date", sort=True)
    frame = pd.DataFrame(index=by.size().index)
    for name in measures:
        if COLUMNS[name].adds == "sum":
            frame[name] = by[name].sum(min_count=1)
        else:
            used = weight.fillna(0.0).where(typed[name].notna(), 0.0) + 1e-9 * typed[name].notna()
            total = (typed[name] * used).groupby(typed["date"]).sum(min_count=1)
            frame[name] = total / used.groupby(typed["date"]).sum().replace(0.0, np.nan)
    gaps = np.diff(frame.index.to_numpy().astype("datetime64[D]")).astype(int)
    usual = int(np.median(gaps)) if len(gaps) else 1
    step = {"daily": 1, "weekly": 7}.get(cadence, usual)
    if step not in (1, 7):
        raise UserError(f"{label} has a row every {usual} days; days or weeks are read. Export it by day.")
    _ensure_one_cadence(frame.index, gaps, step, label)
    if step == 7 and (gaps % 7).any():
        raise UserError(f"{label}: the weeks do not begin on the same weekday; export it by day, or whole weeks.")
    span = (frame.index[-1] - frame.index[0]).days // step + 1
    if span * step > 366 * MOST_YEARS:
        raise UserError(f"{label} spans {span * step / 365:.0f} years; up to {MOST_YEARS} are read. Are the dates right?")
    _ensure_near(frame.index, gaps, label)
    whole = pd.date_range(frame.index[0], frame.index[-1], freq=f"{step}D", name="date")
    frame = frame.reindex(whole)
    least = LEAST_ROWS if step == 1 else 6
    if len(frame) < least:
        raise UserError(f"{label} has {len(frame)} {_unit(step, len(frame))}; at least {least} are needed.")
    return frame.astype(float), step

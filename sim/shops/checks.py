"""What is odd in a shop's numbers, found by looking at each column, at its neighbours and along time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sim.shops.calendars import Calendar, weekday_of
from sim.shops.columns import COLUMNS
from sim.shops.findings import Finding, choices_of
from sim.shops.latent import Array, Seen
from sim.shops.regimes import shifted_spells
from sim.shops.series import closed_days, unlike_all_others
from sim.shops.table import ShopTable
from sim.shops.tracking import tracking_of

UPSTREAM = {  # what a column is counted out of: the nearest that is there
    "detail_views": ("sessions",), "add_to_carts": ("detail_views", "sessions"), "orders": ("sessions", "detail_views"),
    "paid_orders": ("orders", "sessions"), "gmv": ("paid_orders", "orders", "sessions"), "returned_orders": ("paid_orders", "orders"),
    "refund_amount": ("gmv",),
}
BELOW = ("detail_views", "orders", "paid_orders")  # what goes on where viewers are not counted
_NESTED = (("detail_views", "sessions"), ("add_to_carts", "detail_views"), ("orders", "sessions"), ("paid_orders", "orders"),
           ("paid_orders", "sessions"))
_LEVELS_AND_RATES = (("sessions", None), ("detail_views", "sessions"), ("orders", "sessions"), ("orders", None), ("paid_orders", None))
_MOST_ROWS_NAMED = 200
LEAST_FOR_WEEKDAYS = 28


def checked(table: ShopTable) -> tuple[Finding, ...]:
    """All findings of a table, those of reading first."""
    return (
        *table.findings, *_cadence(table), *_gaps(table), *_constant(table), *_differing(table), *_tracked(table), *_unfinished(table),
        *_closed(table), *_giant_orders(table), *_spikes(table), *_shifts(table),
    )


def handled(table: ShopTable, findings: Sequence[Finding], asked: dict[str, str] | None = None) -> tuple[ShopTable, list[str]]:
    """The table after what the planner (or the default) says about each finding, and what was done about each."""
    done = choices_of(findings, asked or {})
    frame = table.frame.copy()
    for finding, choice in zip(findings, done, strict=True):
        if choice == "drop_column" and finding.column in frame:
            frame = frame.drop(columns=finding.column)
    for finding, choice in zip(findings, done, strict=True):
        if choice == "drop_days" and finding.days:
            on = frame.index.isin(np.array(finding.days, dtype="datetime64[D]").astype("datetime64[ns]"))
            columns = [finding.column] if finding.column else list(frame.columns)
            frame.loc[on, [column for column in columns if column in frame]] = np.nan
    frame = frame.loc[:, [column for column in frame if frame[column].notna().any()]]
    return replace(table, frame=frame), done


def nearest_upstream(table: ShopTable, column: str) -> str | None:
    return next((name for name in UPSTREAM.get(column, ()) if name in table.frame), None)


def _dates(days: Array) -> tuple[datetime.date, ...]:
    return tuple(day.astype(datetime.date) for day in days.astype("datetime64[D]"))


def _rows(table: ShopTable, days: Array) -> tuple[int, ...]:
    """The file's rows of these days, the first two hundred."""
    on = table.parts["date"].to_numpy().astype("datetime64[D]")
    return tuple(int(row) for row in table.parts.loc[np.isin(on, days), "row"].iloc[:_MOST_ROWS_NAMED])


def _found(table: ShopTable, kind: str, column: str, days: Array, *, default: str = "keep", **more) -> Finding:
    data = {"first": str(days[0]), "last": str(days[-1]), "days": len(days)} | more.pop("data", {})
    return Finding(kind=kind, severity="odd", column=column, days=_dates(days), rows=_rows(table, days), default=default, data=data, **more)


def _cadence(table: ShopTable) -> Iterator[Finding]:
    if table.step_days == 7:
        yield Finding(kind="weekly", severity="odd", choices=("keep",), data={"weeks": len(table.frame)})


def _gaps(table: ShopTable) -> Iterator[Finding]:
    """Days without a row; weekdays that never have one are told apart, for they may be days on which the shop is closed."""
    empty = table.frame.isna().all(axis=1).to_numpy()
    never = np.zeros(len(empty), dtype=bool)
    if table.step_days == 1 and len(empty) >= LEAST_FOR_WEEKDAYS:
        weekday = weekday_of(table.days)
        found = [day for day in range(7) if empty[weekday == day].all()]
        never = np.isin(weekday, found)
        if found:
            yield _found(table, "weekday_missing", "", table.days[never], choices=("keep",), data={"weekdays": found})
    if (empty & ~never).any():
        yield _found(table, "gap", "", table.days[empty & ~never], choices=("keep",))


def _constant(table: ShopTable) -> Iterator[Finding]:
    for name in table.measures:
        known = table.frame[name].dropna()
        if len(known) >= 7 and known.nunique() == 1:
            # Ad spend, shares and delivery days may well be set once; no count of shoppers is the same every day.
            counted = COLUMNS[name].kind in ("count", "money") and name != "ad_spend"
            yield Finding(
                kind="constant", severity="odd", column=name, choices=("keep", "drop_column"), default="drop_column" if counted else "keep",
                data={"value": float(known.iloc[0])},
            )


def _differing(table: ShopTable) -> Iterator[Finding]:
    """A count above the one that it should be part of: they count different things."""
    for column, above in _NESTED:
        nearer = (column, above) == ("paid_orders", "sessions") and "orders" in table.frame
        if column in table.frame and above in table.frame and not nearer:
            over = (table.series(column) > table.series(above)) & np.isfinite(table.series(above))
            if over.any():
                days = table.days[over]
                yield _found(table, "counts_differ", column, days, data={"column": column, "above": above, "count": int(over.sum())})


def _tracked(table: ShopTable) -> Iterator[Finding]:
    """Columns that are counted only for a while, or stop, or break in between."""
    empty = table.frame.isna().all(axis=1).to_numpy()
    for name in table.measures:
        if COLUMNS[name].kind not in ("count", "money"):
            continue
        # Viewers have nothing above them: that they were not counted shows in orders that go on.
        upstream = next((low for low in BELOW if low in table.frame), None) if name == "sessions" else nearest_upstream(table, name)
        reference = None if upstream is None else table.series(upstream)
        for kind, on in tracking_of(table.series(name), reference, money=COLUMNS[name].kind == "money", empty=empty):
            since = table.days[min(int(np.flatnonzero(on)[-1]) + 1, len(table.days) - 1)]
            until = table.days[max(int(np.flatnonzero(on)[0]) - 1, 0)]
            yield _found(
                table, kind, name, table.days[on], default="drop_days", choices=("drop_days", "keep", "drop_column"),
                data={"column": name, "since": str(since), "until": str(until)},
            )


def _unfinished(table: ShopTable) -> Iterator[Finding]:
    """A last day or week that is much smaller than any of late: it was exported before it was over."""
    name = next((name for name in ("sessions", "orders", "paid_orders", "gmv") if name in table.frame), None)
    if name is None:
        return
    y = table.series(name)
    if not np.isfinite(y[-1]) or y[-1] == 0.0:
        return
    back = 7 if table.step_days == 1 else 1
    same = y[-1 - back :: -back][:4]
    late = y[-57:-1][np.isfinite(y[-57:-1]) & (y[-57:-1] > 0.0)]
    same = same[np.isfinite(same) & (same > 0.0)]
    if len(same) < 2 or len(late) < 6:
        return
    share = y[-1] / np.median(same)
    sure = COLUMNS[name].kind == "money" or np.median(same) >= 20.0
    if sure and share < 0.5 and y[-1] < 0.75 * late.min():
        yield _found(
            table, "unfinished", "", table.days[-1:], default="drop_days", choices=("drop_days", "keep"),
            data={"column": name, "share": float(share)},
        )


def _closed(table: ShopTable) -> Iterator[Finding]:
    name = next((name for name in ("sessions", "orders", "paid_orders", "gmv") if name in table.frame), None)
    if name is None or table.step_days != 1:
        return
    y = table.series(name)
    closed, _, shut = closed_days(table.days, y, np.isfinite(y), COLUMNS[name].kind == "money")
    for low in BELOW:
        if low in table.frame and low != name:
            shut = shut & ~(np.nan_to_num(table.series(low)) > 0.0)  # somebody was there
    if shut.any():
        weekdays = [int(day) for day in np.flatnonzero(closed)]
        yield _found(table, "closed_days", "", table.days[shut], choices=("keep", "drop_days"), data={"column": name, "weekdays": weekdays})


def _giant_orders(table: ShopTable) -> Iterator[Finding]:
    """Days on which the mean order is far above all others': a single order of another kind (a company buying, a typing error)."""
    counted = next((name for name in ("paid_orders", "orders") if name in table.frame), None)
    if "gmv" not in table.frame or counted is None:
        return
    money, orders = table.series("gmv"), table.series(counted)
    known = np.isfinite(money) & np.isfinite(orders) & (money > 0.0) & (orders > 0.0)
    if known.sum() < 14:
        return
    logs = np.log(money[known] / orders[known])
    away = logs - np.median(logs)
    spread = 1.4826 * np.median(np.abs(away)) + 1e-9
    # Means of few orders swing more: the usual spread is that of a day with the usual number of orders.
    bound = 6.0 * spread * np.sqrt(np.maximum(1.0, np.median(orders[known]) / orders[known]))
    giant = away > np.maximum(bound, np.log(2.0))
    for place in np.flatnonzero(known)[giant][:20]:
        extra = money[place] - orders[place] * np.exp(np.median(logs))
        yield _found(
            table, "giant_order", "gmv", table.days[place : place + 1],
            data={"value": float(money[place] / orders[place]), "usual": float(np.exp(np.median(logs))), "extra": float(extra)},
        )


def _spikes(table: ShopTable) -> Iterator[Finding]:
    for name in ("sessions", "orders", "paid_orders"):
        if name not in table.frame:
            continue
        y = table.series(name)
        known = np.isfinite(y) & (y > 0.0)
        if known.sum() < 21 or np.median(y[known]) < 5.0:
            continue
        calendar = Calendar.of(table.days, step_days=table.step_days, growth=False, season=False)
        seen = Seen(kind="poisson", y=np.where(known, y, 0.0), n=np.ones(len(y)), known=known)
        aside, _ = unlike_all_others(seen, table.days, calendar)
        if aside.any():
            yield _found(table, "unlike_days", name, table.days[aside], data={"column": name})
        return


def _shifts(table: ShopTable) -> Iterator[Finding]:
    """Weeks on another level: a collapse, a boom, a change of what is counted."""
    for column, above in _LEVELS_AND_RATES:
        if column not in table.frame or (above is not None and above not in table.frame):
            continue
        if column == "paid_orders" and "orders" in table.frame:
            continue
        y = table.series(column)
        ratio = y if above is None else y / np.where(table.series(above) > 0.0, table.series(above), np.nan)
        if np.nanmedian(y) < 5.0:
            continue
        weekday = weekday_of(table.days) if table.step_days == 1 else np.zeros(len(y), dtype=int)
        for first, last, factor in shifted_spells(ratio, weekday, least=14 if table.step_days == 1 else 3):
            kind = "level_shift" if above is None else "rate_shift"
            yield _found(
                table, kind, column, table.days[first : last + 1], choices=("keep", "drop_days"),
                data={"column": column, "above": above or "", "factor": float(factor)},
            )

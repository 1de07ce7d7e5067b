"""Dated events of a shop: those within its data tell an uplift, those ahead of the data take the uplift of their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sim.errors import UserError
from sim.shops.calendars import Event
from sim.shops.table import ShopTable

Span = tuple[date, date]


def parted(table: ShopTable, events: Sequence[Event], days: int) -> tuple[tuple[Event, ...], dict[str, tuple[Span, ...]]]:
    """The events within the data, and {name: days ahead} of those after it, cut to the horizon of so many days.

    Raises UserError for an event on no day of the data, for a name given twice within the data, and for one ahead of the data whose
    name has no uplift to take.
    """
    first = table.frame.index[0].date()
    start = table.frame.index[-1].date() + timedelta(days=table.step_days)
    last = start + timedelta(days=days - 1)
    within: dict[str, Event] = {}
    for event in events:
        if event.start >= start:
            continue
        if event.name in within:
            own = f"{event.name} {event.start.year}"
            raise UserError(f"{event.name} is given twice within the data; give each its own name, such as {own}.")
        if event.end < first or not event.on(table.days).any():
            raise UserError(f"{event.name}: no day of the data ({first} to {start - timedelta(days=1)}) lies within its dates.")
        within[event.name] = event
    ahead: dict[str, tuple[Span, ...]] = {}
    for event in events:
        if event.start < start:
            continue
        if event.name not in within:
            raise UserError(
                f"{event.name} lies after the data, and no event of that name within them tells its uplift; give its past dates too."
            )
        if event.start > last:
            raise UserError(f"{event.name} ({event.start}) lies after the horizon, which ends on {last}; ask for more days.")
        ahead[event.name] = (*ahead.get(event.name, ()), (event.start, min(event.end, last)))
    return tuple(within.values()), ahead


def with_ahead(uplifts: Sequence[Mapping[str, Any]], ahead: Mapping[str, tuple[Span, ...]]) -> tuple[dict[str, Any], ...]:
    return tuple({**item, "ahead": list(ahead.get(item["name"], ()))} for item in uplifts)

"""What the calendar explains of a series: weekdays, yearly waves, growth, events; only as much of it as the length can tell."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
WEEKS_FOR_WEEKDAYS, DAYS_FOR_SEASON = 3, 548  # one and a half years: every month is seen, half of them twice
WAVES = 3  # yearly waves: three tell a spring from an autumn peak and not one festival from the next
GROWTH_UNIT_DAYS = 100.0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Dated days on which a shop did something out of the ordinary; both days inside."""

    name: str
    start: datetime.date
    end: datetime.date

    def on(self, days: Array) -> Array:
        return (days >= np.datetime64(self.start)) & (days <= np.datetime64(self.end))


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The regressors of a series whose data end with `last`. Days are datetime64[D]; a step has `step_days` days."""

    first: np.datetime64
    last: np.datetime64
    step_days: int
    weekdays: bool
    season: bool
    growth: bool
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, days: Array, *, step_days: int, growth: bool, season: bool, events: Sequence[Event] = ()) -> Calendar:
        """As much calendar as the data's length tells: weekdays from three weeks on, the year from a year and a half."""
        length = int((days[-1] - days[0]) / np.timedelta64(1, "D")) + step_days
        return cls(
            first=days[0], last=days[-1], step_days=step_days, growth=growth,
            weekdays=step_days == 1 and length >= 7 * WEEKS_FOR_WEEKDAYS,
            season=season and length >= DAYS_FOR_SEASON,
            events=tuple(event for event in events if event.on(days).any()),
        )

    @property
    def names(self) -> tuple[str, ...]:
        found = ["level"]
        found += [f"weekday.{k}" for k in range(7)] if self.weekdays else []
        found += [f"wave.{k}" for k in range(2 * WAVES)] if self.season else []
        found += ["growth"] if self.growth else []
        return (*found, *(f"event.{event.name}" for event in self.events))

    def where(self, family: str) -> Array:
        """Which effects belong to a family ("weekday", "wave", "growth", "event"). [effect] of bool"""
        return np.array([name.split(".")[0] == family for name in self.names])

    def design(self, days: Array) -> Array:
        """The regressors on the days, growth counted from the data's last day. [day, effect]"""
        columns = [np.ones(len(days))]
        if self.weekdays:
            columns += list((weekday_of(days)[None, :] == np.arange(7)[:, None]).astype(float))
        if self.season:
            columns += list(waves(days))
        if self.growth:
            columns.append((days - self.last) / np.timedelta64(1, "D") / GROWTH_UNIT_DAYS)
        columns += [event.on(days).astype(float) for event in self.events]
        return np.stack(columns, axis=1)


def weekday_of(days: Array) -> Array:
    """Monday 0 … Sunday 6."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def waves(days: Array) -> Array:
    """Sine and cosine of one, two, three waves a year. [2 waves, day]"""
    year = days.astype("datetime64[Y]")
    through = (days - year) / np.timedelta64(1, "D") / 365.25
    angle = 2.0 * np.pi * np.arange(1, WAVES + 1)[:, None] * through[None, :]
    return np.concatenate([np.sin(angle), np.cos(angle)])

"""A shop's own calendar: weekdays, months, a trend that comes to rest; and the path against which such a shop remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.lanes import world_of
from sim.model.closure import solve
from sim.model.funnel import project
from sim.model.profile import log_trend, profile_factors, season_factors, weekday_factors
from sim.model.reference import reference_path
from sim.scenario import Profile
from tests.referee.profile import viewers_by_day
from tests.worlds import plan

SEASON = np.arange(1.0, 13.0)[:, None]
DAYS = st.dates(date(2000, 1, 1), date(2199, 6, 1))


def test_monday_comes_first() -> None:
    """2024-03-01 was a Friday."""
    week = np.array([1, 2, 3, 4, 5, 6, 7.0])[:, None]
    assert weekday_factors(date(2024, 3, 1), 9, week)[:, 0].tolist() == [5, 6, 7, 1, 2, 3, 4, 5, 6]


def test_a_month_holds_in_its_middle_and_goes_straight_to_the_next() -> None:
    """January has 31 days, its middle is the 16th; February 2023 has 28, its middle lies between the 14th and the 15th, 29.5 days on."""
    factors = season_factors(date(2023, 1, 1), 365, SEASON)[:, 0]
    assert factors[15] == 1.0
    assert factors[16] == pytest.approx(1.0 + 1.0 / 29.5)
    assert factors[31 + 13] == pytest.approx(2.0 - 0.5 / 29.5)  # 14 February, half a day before the middle
    assert factors[31 + 14] == pytest.approx(2.0 + 0.5 / 29.5)  # March's middle is the 16th, 29.5 days after February's
    assert factors[0] == pytest.approx(12.0 + 16.0 / 31.0 * (1.0 - 12.0))  # 16 of the 31 days from 16 December to 16 January
    assert factors[-1] == pytest.approx(12.0 + 15.0 / 31.0 * (1.0 - 12.0))


def test_a_trend_halves_and_comes_to_rest() -> None:
    """0.01 a day, halving every 10 days: 0.01 x 10/ln 2 x (1 - 1/2) after 10 days, twice that in the end; nothing before the origin."""
    found = log_trend(date(2024, 1, 1), 2000, np.array([0.01]), 10.0, date(2024, 1, 6))[:, 0]
    assert found[:6].tolist() == [0.0] * 6
    assert found[15] == pytest.approx(0.05 / np.log(2.0))
    assert found[-1] == pytest.approx(0.1 / np.log(2.0))
    assert np.all(np.diff(found) >= 0.0)


@given(start=DAYS, first=st.integers(0, 400), season=st.lists(st.floats(0.5, 2.0), min_size=12, max_size=12))
def test_a_day_has_its_factor_wherever_the_horizon_starts(start: date, first: int, season: list[float]) -> None:
    table = np.array(season)[:, None]
    long = season_factors(start, first + 5, table)
    short = season_factors(start + timedelta(days=first), 5, table)
    assert np.array_equal(long[first:], short)
    assert min(season) - 1e-12 <= long.min() and long.max() <= max(season) + 1e-12


@given(
    start=DAYS, shift=st.integers(-30, 60), trend=st.floats(-0.02, 0.02), half_life=st.floats(5.0, 200.0), level=st.floats(-0.5, 0.5),
    week=st.lists(st.floats(0.3, 2.0), min_size=7, max_size=7), season=st.lists(st.floats(0.3, 2.0), min_size=12, max_size=12),
)
def test_agrees_with_the_referee(
    start: date, shift: int, trend: float, half_life: float, level: float, week: list[float], season: list[float]
) -> None:
    origin = start + timedelta(days=shift)
    told = {
        "start": start, "weekday": week, "season": season, "trend": trend, "half_life": half_life, "origin": origin, "level": level,
    }
    found = profile_factors(
        start, 40, weekday=np.array(week)[:, None], season=np.array(season)[:, None], trend=np.array([trend]), half_life_days=half_life,
        origin=origin, level=np.array([level]),
    )
    assert found[:, 0] == pytest.approx(viewers_by_day(told, 40), rel=1e-9)


def test_without_a_profile_nothing_is_made() -> None:
    assert profile_factors(date(2024, 1, 1), 5).tolist() == [[1.0]] * 5


# The path against which a shop with a profile remembers

CALENDAR = Profile(weekday=(0.6, 0.8, 0.9, 1.0, 1.1, 1.4, 1.2), source="test")


def test_a_shop_that_does_nothing_is_its_own_reference() -> None:
    """No levers, no events, no noise: the score and the buyers are those of the reference, so viewers are base times profile."""
    world = world_of(plan(days=28, profile=CALENDAR), count=16, noise=False)
    closure = solve(world)
    viewers = project(world, closure).daily["viewers"]
    assert viewers == pytest.approx(closure.flows["viewers"] * world.profile, rel=1e-12)


def test_the_reference_feels_busy_days() -> None:
    """Saturday's queue is longer than Monday's: the score falls after it, in the reference as in the shop."""
    world = world_of(plan(days=28, profile=CALENDAR), count=16, noise=False)
    closure = solve(world)
    reference = reference_path(world, closure, project)
    saturday, monday = 1, 3  # 2023-07-01, the first day, was a Saturday
    assert reference.score[0] == pytest.approx(closure.score, rel=0)
    assert np.all(reference.served[0] > 1.3) and np.all(reference.served[saturday + 1] < 0.7)
    assert np.all(reference.score[saturday] < reference.score[0])
    assert np.all(reference.score[monday] > reference.score[monday - 1])  # Monday was calm


def test_a_profile_of_ones_changes_nothing() -> None:
    flat = replace(CALENDAR, weekday=(1.0,) * 7)
    with_it, without = (world_of(plan({"service.seats": 28}, days=14, profile=profile), count=16) for profile in (flat, None))
    first, second = (project(world, solve(world)).totals for world in (with_it, without))
    assert first["net_gmv"] == pytest.approx(second["net_gmv"], rel=1e-12)

"""The service desk day by day: pinned at the baseline, the same for a lane in whatever block, whether its curves are kept or not."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sim.model import service
from sim.model.erlang import abandonment_queue
from sim.model.service import DeskDay, ServiceDesk, solve_desk
from sim.model.world import Move, World
from tests.worlds import lanes


def day_at(desk: ServiceDesk, contacts: np.ndarray, **setting: object) -> DeskDay:
    """A day at these seats, this handling time and hourly profile, whatever the plan."""
    return desk._through(contacts, desk._set(**setting, keep=False))


def some_of(world: World, chosen: np.ndarray) -> World:
    """A block of a few of a block's lanes."""
    values = {name: value[chosen] if isinstance(value, np.ndarray) else value for name, value in world.values.items()}
    return replace(world, values=values, lanes=len(chosen))


def contacts_of(world: World, seed: int = 1) -> np.ndarray:
    return solve_desk(world).daily_contacts * np.exp(np.random.default_rng(seed).normal(0, 0.4, world.lanes))


def same(one: service.DeskDay, other: service.DeskDay, chosen: np.ndarray | slice = slice(None)) -> None:
    for name in ("abandoned", "in_time", "share", "lost"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[..., chosen])


def test_the_baseline_day_returns_the_pinned_wait() -> None:
    world = lanes(count=300)
    desk = solve_desk(world)
    day = desk.queue.on(0, desk.daily_contacts)
    np.testing.assert_allclose(day.lost[0] / day.share[0] * world["service.patience_s"], world["service.peak_wait_s"], rtol=1e-6)
    np.testing.assert_array_equal(day.abandoned, desk.abandoned)
    np.testing.assert_allclose(day.share.sum(axis=0), 1.0, rtol=1e-15)
    np.testing.assert_allclose(day.lost.sum(axis=0), day.abandoned, rtol=1e-15)


def test_a_day_is_the_share_weighted_sum_of_exact_queues() -> None:
    world = lanes(count=50)
    contacts, handling, peak = contacts_of(world), world.row("service.handling_s"), world.row("service.peak_share")
    day = day_at(ServiceDesk(world), contacts, seats=23.25, handling_s=handling, peak_share=peak)
    hours = service.hours_of_day(world, peak)
    ratio = handling / world["service.patience_s"]
    for kind, (count, share) in enumerate(zip(hours.count, hours.share, strict=True)):
        load = contacts * share / count * handling / 3600.0
        left = [abandonment_queue(n, load, ratio).abandon_share for n in (23, 24)]
        np.testing.assert_allclose(day.lost[kind], share * (0.75 * left[0] + 0.25 * left[1]), rtol=1e-5, atol=1e-7)


def test_a_lane_is_the_same_among_lanes_with_other_seats() -> None:
    world = lanes(count=120)
    contacts, handling, peak = contacts_of(world), world.row("service.handling_s"), world.row("service.peak_share")
    seats = np.random.default_rng(2).choice([5.0, 19.0, 20.0, 20.5, 28.0, 80.0, 79.125], world.lanes)
    mixed = day_at(ServiceDesk(world), contacts, seats=seats, handling_s=handling, peak_share=peak)
    for n in np.unique(seats):
        mine = np.flatnonzero(seats == n)
        alone = day_at(ServiceDesk(some_of(world, mine)), contacts[mine], seats=float(n), handling_s=handling[mine], peak_share=peak[mine])
        same(alone, mixed, mine)


@pytest.mark.parametrize("ramp_days", [1, 4, 30])
def test_kept_or_made_now_a_ramp_is_the_same(ramp_days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = lanes(count=40, days=40)
    reach = np.clip((np.arange(40) - 3) / ramp_days, 0.0, 1.0)
    moves = {"service.seats": Move(target=28.0, reach=reach), "service.handling_s": Move(target=280.0, reach=reach[::-1])}
    world = replace(world, moves=moves)
    contacts = contacts_of(world)
    runs = []
    for long_days in (1, service.LONG_DAYS, 1000):
        monkeypatch.setattr(service, "LONG_DAYS", long_days)
        desk = ServiceDesk(world)
        runs.append([desk.on(day, contacts) for day in range(40)])
    for days in zip(*runs, strict=True):
        same(days[1], days[0])
        same(days[2], days[0])
    seats = [day.abandoned.mean() for day in runs[0]]
    assert seats[0] > seats[-1]


def test_headlines_know_the_leavers_of_the_full_day() -> None:
    world = lanes(count=40, days=12)
    world = replace(world, moves={"service.seats": Move(target=28.0, reach=np.clip((np.arange(12) - 2) / 3, 0.0, 1.0))})
    contacts, full = contacts_of(world), ServiceDesk(world)
    fresh, after = ServiceDesk(world, headlines=True), full.under(world, headlines=True)
    for day in range(12):
        wanted = full.on(day, contacts).abandoned
        np.testing.assert_array_equal(fresh.on(day, contacts).abandoned, wanted)
        np.testing.assert_array_equal(after.on(day, contacts).abandoned, wanted)


def test_more_seats_on_any_day_lose_fewer_contacts() -> None:
    world = lanes(count=60)
    contacts, handling, peak = contacts_of(world), world.row("service.handling_s"), world.row("service.peak_share")
    desk = ServiceDesk(world)
    days = [day_at(desk, contacts, seats=seats, handling_s=handling, peak_share=peak) for seats in (19, 20, 20.3, 20.9, 21, 24)]
    for fewer, more in pairwise(days):
        assert (more.abandoned < fewer.abandoned).all()
        assert (more.in_time > fewer.in_time).all()


def test_days_that_stand_still_for_long() -> None:
    world = lanes(count=2, days=20)
    assert service._long_stands(world).all()
    reach = np.concatenate([np.zeros(8), [0.3, 0.6], np.ones(10)])
    moved = replace(world, moves={"service.seats": Move(target=28.0, reach=reach)})
    np.testing.assert_array_equal(service._long_stands(moved)[:, 0], [True] * 8 + [False] * 2 + [True] * 10)
    both = np.stack([reach, np.zeros(20)], axis=1)
    moved = replace(world, moves={"service.seats": Move(target=28.0, reach=both)})
    np.testing.assert_array_equal(service._long_stands(moved)[:, 0], [True] * 8 + [False] * 2 + [True] * 10)
    assert service._long_stands(moved)[:, 1].all()

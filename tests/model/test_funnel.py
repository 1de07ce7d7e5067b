"""The whole funnel: conservation in random worlds, recoverable as an experiment, and lanes that do not see each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.lanes import world_of
from sim.model.closure import solve
from sim.model.funnel import project
from sim.model.world import World
from sim.outcome import LEAKS, RECOVERABLE, STAGES
from sim.parameters import registry
from tests.test_against_referee import busy
from tests.worlds import lanes

LEVERS = {lever.name: lever for lever in registry().levers}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few lanes with any levers anywhere within their bounds, any events, noise on or off."""
    names = draw(st.sets(st.sampled_from(sorted(LEVERS)), max_size=8))
    targets = {}
    for name in names:
        low, high = LEVERS[name].bounds
        target = draw(st.floats(low, high))
        targets[name] = float(round(target)) if LEVERS[name].whole else target
    world = lanes(targets, count=4, noise=draw(st.booleans()), days=12)
    reach = draw(st.lists(st.floats(0.0, 1.0), min_size=12, max_size=12))
    moves = {name: replace(move, reach=np.array(reach)) for name, move in world.moves.items()}
    calendar = world.calendar
    first = draw(st.integers(0, 10))
    calendar.traffic[first : first + 3] = draw(st.floats(0.2, 8.0))
    calendar.value[first : first + 3] = draw(st.floats(0.5, 2.0))
    calendar.transit[first : first + 4] = draw(st.floats(0.8, 2.0))
    calendar.pull[first : first + 3] = draw(st.floats(0.0, 1.0))
    return replace(world, moves=moves)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_no_shopper_and_no_yuan_appears_or_vanishes(world: World) -> None:
    totals = project(world, solve(world)).totals
    for stage, entered, left in STAGES:
        lost = sum(totals[f"leak.{stage}.{cause}"] for cause in LEAKS[stage])
        assert totals[entered] == pytest.approx(totals[left] + lost, rel=1e-9)
        assert np.all(totals[left] <= totals[entered] * (1.0 + 1e-12)) and np.all(totals[left] >= 0.0)
        assert all(np.all(totals[f"leak.{stage}.{cause}"] >= -1e-9 * totals[entered]) for cause in LEAKS[stage])
    assert totals["gmv"] == pytest.approx(totals["net_gmv"] + totals["cancellations"] + totals["refunds"], rel=1e-12)
    assert totals["borrowed_viewers"] == pytest.approx(totals["repaid_viewers"] + totals["debt_viewers"], rel=1e-9)


@pytest.mark.parametrize("noise", [True, False], ids=["noise", "no noise"])
@pytest.mark.parametrize("cause", RECOVERABLE)
def test_recoverable_is_what_mending_the_cause_brings(cause: str, noise: bool) -> None:
    """Memory and queue held fixed, the cause lets everything through: the gain is the recoverable figure."""
    world = world_of(busy(), count=16, noise=noise)
    closure = solve(world)
    run = project(world, closure, traced=True)
    mended = project(world, closure, mended=cause, replay=run.path)
    for kpi in ("gmv", "net_gmv"):
        figure = run.totals.get(f"recoverable.{cause}.{kpi}", np.zeros(16))
        gain = mended.totals[kpi] - run.totals[kpi]
        assert gain == pytest.approx(figure, rel=1e-9, abs=1e-12 * float(run.totals["gmv"].max()))
    assert np.all(run.totals[f"recoverable.{cause}.net_gmv"] >= 0.0)


def test_a_lane_does_not_see_its_neighbours() -> None:
    together = project(world_of(busy(), count=300), solve(world_of(busy(), count=300)))
    alone = project(world_of(busy(), first=256, count=44), solve(world_of(busy(), first=256, count=44)))
    for name in ("gmv", "net_gmv", "returned", "debt_viewers"):
        assert np.array_equal(together.totals[name][256:], alone.totals[name])


def test_borrowed_demand_is_paid_back_the_days_after() -> None:
    world = lanes(central=True, days=60)
    world.calendar.traffic[10:13] = 2.0
    world.calendar.pull[10:13] = 0.3
    run = project(world, solve(world))
    viewers = run.daily["viewers"][:, 0]
    assert viewers[10] == pytest.approx(2.0 * viewers[9], rel=1e-12)
    assert np.all(viewers[13:30] < viewers[9])
    # Each day of the burst borrows 0.3 of the extra half of its viewers.
    assert float(run.totals["borrowed_viewers"][0]) >= 0.3 * 3 * viewers[9]


def test_more_traffic_without_seats_waits_longer_and_loses_more_orders_to_waiting() -> None:
    base, busy_desk = lanes(count=64), lanes(count=64)
    busy_desk.calendar.traffic[:] = 1.4
    one, other = (project(world, solve(world)).totals for world in (base, busy_desk))
    assert np.all(other["contacts_abandoned"] / other["contacts"] > one["contacts_abandoned"] / one["contacts"])
    assert np.all(other["leak.order.service_wait"] / other["stayers"] > one["leak.order.service_wait"] / one["stayers"])

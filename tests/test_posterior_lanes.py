"""Joint draws in lanes: which row a draw takes, what stands above a column, and that every column is felt as a number would be."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import draws as chance
from sim.engine import Unit, block_of, ensure_closes, run
from sim.errors import UserError
from sim.lanes import POSTERIOR, Draws, ground_of, world_of
from sim.model.closure import solve
from sim.model.world import CATEGORIES
from sim.parameters import registry
from sim.scenario import Observed, Posterior, Scenario, load
from sim.scenario.posterior import spans
from tests import posteriors
from tests.worlds import MOST_MOVED, plan

BOOK = registry()


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    return load(posteriors.shop(tmp_path))


def central_value(column: str) -> float:
    if column in BOOK:
        return BOOK[column].central
    listed, _, category = column.rpartition(".")
    return BOOK[listed].value[CATEGORIES.index(category)]


# Rows


@given(seed=st.integers(0, 2**32), among=st.integers(256, 700), groups=st.integers(0, 9), count=st.integers(1, 900))
@settings(max_examples=30)
def test_more_draws_extend_and_every_row_comes_once_in_a_round(seed: int, among: int, groups: int, count: int) -> None:
    first = 256 * groups
    whole = chance.rows(seed, among, 0, first + count)
    assert np.array_equal(whole[first:], chance.rows(seed, among, first, count))
    for start in range(0, whole.size - among + 1, among):
        assert sorted(whole[start : start + among]) == list(range(among))


def test_rounds_and_seeds_have_orders_of_their_own() -> None:
    rows = chance.rows(1, 300, 0, 600)
    assert not np.array_equal(rows[:300], rows[300:])
    assert not np.array_equal(rows, chance.rows(2, 300, 0, 600))


def test_all_columns_of_a_lane_come_from_one_row(shop: Scenario) -> None:
    world, draws = world_of(shop, count=300, seed=9), shop.posterior
    rows = chance.rows(9, 256, 0, 300)
    for name in draws.names:
        if name in BOOK:
            assert np.array_equal(world[name], draws.column(name)[rows])
    share = world["returns.refund_only_share"]
    assert np.array_equal(share[0], draws.column("returns.refund_only_share.apparel")[rows])
    assert np.all(share[1:] == np.array(BOOK["returns.refund_only_share"].value)[1:, None])
    friday = world.profile[0] / np.exp(draws.column("profile.level")[rows])  # 2024-03-01, the trend's first day
    season = 0.85 + 15.0 / 30.0 * (0.95 - 0.85)  # February's middle is the 15th, March's the 16th: 30 days, of which 15 are over
    assert friday == pytest.approx(draws.column("profile.weekday.4")[rows] * season)


def test_what_the_draws_leave_alone_keeps_its_column(shop: Scenario) -> None:
    """Bit for bit that of any other scenario with the seed."""
    ours, theirs = world_of(shop, count=64, seed=4), world_of(plan(), count=64, seed=4)
    for item in BOOK.uncertainties:
        if not shop.posterior.gives(item.name):
            assert np.array_equal(ours[item.name], theirs[item.name])
    places = [world.shocks.places[:93] for world in (ours, theirs)]
    assert np.array_equal(*places)


def test_the_central_world_is_the_middle_of_each_column(shop: Scenario) -> None:
    world, draws = world_of(shop, count=2, noise=False, central=True), shop.posterior
    assert world["closure.gmv_quarter"][0] == np.median(draws.column("closure.gmv_quarter"))
    week = [draws.central(f"profile.weekday.{day}") for day in range(7)]
    assert sum(week) == pytest.approx(7.0)
    assert world.profile[0, 0] == pytest.approx(week[4] * 0.9 * np.exp(draws.central("profile.level")))  # halfway from .85 to .95


def test_drawn_again_together_or_not_at_all(shop: Scenario) -> None:
    usual = Draws(seed=3, first=0, count=256)
    world, other = ground_of(shop, usual, noise=True), ground_of(shop, replace(usual, again=frozenset({POSTERIOR})), noise=True)
    first, second = world.world, other.world
    assert not np.array_equal(first["closure.gmv_quarter"], second["closure.gmv_quarter"])
    assert sorted(first["closure.gmv_quarter"]) == sorted(second["closure.gmv_quarter"])  # another order of the same rows
    assert np.array_equal(first["money.margin"], second["money.margin"])
    assert np.array_equal(first.shocks.places, second.shocks.places)


# What the planner states stands above the draws


def test_a_stated_number_takes_the_place_of_its_column(shop: Scenario) -> None:
    stated = shop.with_assumptions({"closure.gmv_quarter": 5e6, "returns.rate_apparel": 0.4})
    before, after = world_of(shop, count=64), world_of(stated, count=64)
    assert after["closure.gmv_quarter"] == 5e6
    assert np.all(after["returns.rate_apparel"] == 0.4)
    assert np.array_equal(before["detail_page.bounce"], after["detail_page.bounce"])
    assert np.array_equal(before.profile, after.profile)
    assert stated.digest != shop.digest


def test_a_stated_list_takes_the_place_of_its_entries(shop: Scenario) -> None:
    shares = (0.1, 0.2, 0.1, 0.1, 0.1, 0.7, 0.2, 0.2)
    stated = replace(shop, baseline={"returns.refund_only_share": Observed(value=shares, source="test")})
    assert world_of(stated, count=4)["returns.refund_only_share"] == shares


def test_the_calendar_is_not_assumed_on_the_command_line(shop: Scenario) -> None:
    with pytest.raises(UserError, match=r"^profile\.level: is part of the shop's calendar"):
        shop.with_assumptions({"profile.level": 0.0})


def test_a_lever_with_drawn_baseline_moves_in_proportion_to_its_middle(shop: Scenario) -> None:
    """Handling times around 300 s: to nine tenths of their middle is to nine tenths in every draw; to the middle is no lever."""
    middle = shop.lever_baseline("service.handling_s")
    assert middle == np.median(shop.posterior.column("service.handling_s"))
    assert not shop.with_levers({"service.handling_s": middle}).moved
    world = world_of(shop.with_levers({"service.handling_s": 0.9 * middle}), count=64)
    assert world.target("service.handling_s") == pytest.approx(0.9 * world["service.handling_s"])


# Every column, in every draw


def test_every_column_at_its_usual_value_gives_the_usual_figures() -> None:
    """All 240 names as columns, with every lever at its end: to the last bit what plain numbers give."""
    names = [name for name in spans(BOOK) if not name.startswith("profile.")]
    assert len(names) > 200
    draws = Posterior.of({name: np.full(256, central_value(name), dtype=float) for name in names}, file="all.parquet")
    moved = plan(MOST_MOVED, days=20)
    drawn = run(replace(moved, posterior=draws), draws=2, noise=False)
    usual = run(moved, central=True)
    for kpi, values in usual.kpis_by_draw.items():
        assert drawn.kpis_by_draw[kpi][0] == pytest.approx(values[0], rel=1e-12), kpi


def test_a_row_is_a_shop_of_its_own(shop: Scenario) -> None:
    """The row of draw 7 stated as one shop's numbers, everything else as draw 7 has it: the same figures in that draw."""
    moved = replace(shop.with_levers({"payment.redirects": 2, "service.seats": 28, "traffic.discount": 0.1}), days=20)
    whole = run(moved, draws=16)
    row = chance.rows(1, 256, 0, 16)[7]
    single = Posterior.of({name: np.full(256, shop.posterior.column(name)[row]) for name in shop.posterior.names}, file="one.parquet")
    alone = run(replace(moved, posterior=single), draws=16)
    for kpi in ("net_gmv", "return_rate", "contribution", "plan_cost"):
        assert whole.kpi(kpi)[7] == alone.kpi(kpi)[7], kpi
        assert kpi == "plan_cost" or whole.kpi(kpi)[8] != alone.kpi(kpi)[8], kpi


def test_totals_hold_in_every_draw(shop: Scenario) -> None:
    """Noise off, calendar off: each draw's reference quarter returns what its row says."""
    world = world_of(replace(shop, profile=None, posterior=parquet_without_profile(shop)), count=256, noise=False)
    closure = solve(world)
    flows, rows = closure.flows, world.values
    assert flows["orders"] / flows["viewers"] == pytest.approx(rows["closure.view_to_order"])
    assert 1.0 - flows["stayers"] / flows["visits"] == pytest.approx(rows["detail_page.bounce"])
    assert flows["paid"] / flows["orders"] == pytest.approx(rows["payment.benchmark_success"] - rows["payment.gap"])
    assert closure.channel_gmv.sum(axis=0) * 92 == pytest.approx(rows["closure.gmv_quarter"])
    assert closure.hazards.rates[CATEGORIES.index("apparel")] == pytest.approx(rows["returns.rate_apparel"])


def parquet_without_profile(shop: Scenario) -> Posterior:
    names = [name for name in shop.posterior.names if not name.startswith("profile.")]
    return Posterior.of({name: shop.posterior.column(name) for name in names}, file="plain.parquet")


def test_a_total_that_does_not_close_is_refused(tmp_path: Path) -> None:
    """A view-to-order above what beauty, the highest category, has; in every 8th row."""
    values = posteriors.columns()
    values["closure.view_to_order"][::8] = 0.08
    shop = load(posteriors.shop(tmp_path, values))
    for attempt in (lambda: ensure_closes(shop, draws=256), lambda: run(shop, draws=256)):
        with pytest.raises(UserError, match=r"closure\.view_to_order\w* cannot be reproduced in 32 of 256 draws \(12\.5%\)") as told:
            attempt()
        assert "The posterior draws it" in told.value.message


def test_a_worker_needs_nothing_but_its_unit(shop: Scenario, tmp_path: Path) -> None:
    """The draws travel as bytes: another machine has no such folder. Blocks of 256 draws are those of the whole."""
    short = replace(shop, days=3)
    whole = run(short, draws=600)
    unit = Unit(scenario=short, draws=600, first=512, count=88, seed=1, noise=True, central=False, detail=600)
    sent = pickle.dumps(unit)
    assert len(sent) < 2 * len(shop.posterior.data) + 20_000
    for path in tmp_path.iterdir():
        path.unlink()
    assert np.array_equal(block_of(pickle.loads(sent)).kpis["net_gmv"], whole.kpi("net_gmv")[512:])


def test_a_plan_that_changes_nothing_changes_nothing(shop: Scenario) -> None:
    base, plan_ = (run(replace(one, days=10), draws=64) for one in (shop, shop.with_levers({"payment.redirects": 5})))
    assert np.array_equal(base.kpi("net_gmv"), plan_.kpi("net_gmv"))

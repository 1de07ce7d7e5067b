"""Many scenarios at once are the same, bit for bit, as each alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import sim.engine as engine
from sim.batches import Batch, figures_of, kpis_of
from sim.draws import Range, quantile
from sim.engine import run
from sim.errors import UserError
from sim.lanes import NOISE, Draws, OneAtATime, shape
from sim.outcome import KPIS
from sim.parameters import registry
from sim.scenario import Event, LeverSetting, Scenario, load
from tests.worlds import plan

RAMP = {"start": date(2023, 7, 3), "ramp_days": 5}


def mixed() -> list[Scenario]:
    """Plans that can share a block and plans that cannot, in no order."""
    burst = Event(name="burst", start=date(2023, 7, 5), end=date(2023, 7, 6), traffic=1.6, value=1.1, cpm=1.2, transit=1.3)
    seats = [
        plan({"service.seats": LeverSetting(amount=n, **RAMP), "payment.redirects": hops}, days=12)
        for n, hops in ((14, 1), (24, 2), (33, 4))
    ]
    shipping = [plan({"fulfilment.shipped_24h_share": share, "traffic.discount": 0.1}, days=12) for share in (0.7, 0.9, 0.7)]
    pages = [
        plan({"detail_page.load_median_s": load_s, "service.bot_resolution": 0.5, "traffic.paid_budget": budget}, days=12, events=(burst,))
        for load_s, budget in ((1.5, 0.8), (1.0, 1.3))
    ]
    return [
        seats[0], shipping[0], pages[0], plan(days=12), seats[1], shipping[1], pages[1], seats[2], shipping[2],
        plan(days=9), plan({"payment.redirects": 5.0}, days=12), plan({"traffic.local_life": 5e7, "traffic.s_host_share": 0.2}, days=12),
        load("merchant"), plan({"payment.redirects": 2.0}, days=12).with_assumptions({"payment.benchmark_success": 0.96}),
    ]


def assert_same(scenarios: list[Scenario], draws: int, *, noise: bool = True) -> None:
    table = kpis_of(scenarios, draws=draws, seed=3, noise=noise)
    assert tuple(table) == tuple(KPIS)
    for i, scenario in enumerate(scenarios):
        outcome = run(scenario, draws=draws, seed=3, noise=noise)
        for name, rows in table.items():
            assert rows.shape == (len(scenarios), draws)
            assert np.array_equal(rows[i], outcome.kpi(name), equal_nan=True), (i, name)


@pytest.mark.parametrize("draws", [1, 40])
@pytest.mark.parametrize("noise", [True, False], ids=["noise", "no noise"])
def test_a_batch_is_its_scenarios_side_by_side(draws: int, noise: bool) -> None:
    assert_same(mixed(), draws, noise=noise)


def test_long_runs_are_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BLOCK", 256)
    assert_same([plan({"payment.redirects": hops}, days=9) for hops in (1, 2)], 600)


def test_plans_that_differ_in_targets_alone_share_a_block() -> None:
    shapes = [shape(scenario) for scenario in mixed()]
    assert shapes[0] == shapes[4] == shapes[7] and shapes[1] == shapes[8] != shapes[5] and shapes[2] == shapes[6]


def test_only_what_is_asked_for_is_kept() -> None:
    assert list(kpis_of([plan(days=5)], draws=3, kpis=("net_gmv",))) == ["net_gmv"]


def test_a_batch_refuses_what_a_run_refuses() -> None:
    open_ended = plan(days=5).with_assumptions({"detail_page.bounce": 0.05})
    with pytest.raises(UserError) as alone:
        run(open_ended, draws=20)
    with pytest.raises(UserError) as together:
        kpis_of([plan(days=5), open_ended], draws=20)
    assert str(together.value) == str(alone.value)


def test_levers_that_stand_still_are_moves_that_lead_nowhere() -> None:
    everything = plan(
        {
            "payment.redirects": LeverSetting(amount=2.0, **RAMP), "detail_page.load_median_s": 1.2, "service.seats": 30.0,
            "service.handling_s": 240.0, "payment.typed_card_share": 0.05, "traffic.paid_budget": 1.3, "traffic.discount": 0.1,
            "traffic.s_host_share": 0.1, "traffic.original_share": 0.9, "traffic.prime_time_share": 0.4, "traffic.ugc": 1e7,
            "detail_page.ar_tryon": 0.5, "returns.filter_strength": 0.5, "returns.size_labels": 0.6, "traffic.local_life": 5e7,
            "fulfilment.shipped_24h_share": 0.85, "fulfilment.premium_courier_share": 0.2, "fulfilment.cold_chain": 0.5,
        },
        days=12,
    )
    some = [replace(everything, levers={name: everything.levers[name]}) for name in everything.levers]
    scenarios = [replace(everything, levers={}), *some, everything]
    alone, together = (kpis_of(scenarios, draws=20, among=among) for among in (None, everything))
    for name, rows in alone.items():
        np.testing.assert_allclose(together[name], rows, rtol=1e-12, err_msg=name)
    groups = {shape(scenario, among=everything) for scenario in scenarios}
    assert len(groups) == 5  # none, each of the two parcel levers, the new channel, all


def test_worlds_drawn_again_in_part() -> None:
    scenario = plan({"payment.redirects": 2.0}, days=6)
    names = frozenset(item.name for item in registry().entries if item.uncertain)

    def net(again: frozenset[str], draws: int = 256) -> np.ndarray:
        chance = Draws(seed=1, first=0, count=draws, again=again)
        return figures_of(Batch(scenarios=(scenario,), chance=chance, noise=True, kpis=("net_gmv",)))["net_gmv"][0]

    first, second = net(frozenset()), net(names | {NOISE})
    assert np.array_equal(first, run(scenario, draws=256).kpi("net_gmv"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2 and np.mean(second) == pytest.approx(np.mean(first), rel=0.06)
    assert not np.array_equal(net(frozenset({NOISE})), first)
    assert np.array_equal(net(frozenset({"no.such.name"})), first)
    assert np.array_equal(net(names, 512)[:256], net(names))  # more draws extend it


def test_one_assumption_at_a_time() -> None:
    scenario = plan({"payment.redirects": 2.0}, days=6)
    names = ("payment.benchmark_success", "detail_page.buried_loss")
    chance = OneAtATime(names=names)
    net = figures_of(Batch(scenarios=(scenario,), chance=chance, noise=False, kpis=("net_gmv",)))["net_gmv"][0]
    assert net.shape == (5,) and net[0] == run(scenario, central=True).kpi("net_gmv")[0]
    for place, name in enumerate(names):
        belief = Range.of(registry()[name])
        for end, share in enumerate((0.1, 0.9)):
            value = float(quantile(belief, np.array([share]))[0])
            alone = run(scenario.with_assumptions({name: value}), central=True).kpi("net_gmv")[0]
            assert net[1 + 2 * place + end] == pytest.approx(alone, rel=1e-12)


def test_a_batch_tells_how_far_it_is_and_can_be_shared_among_workers() -> None:
    told: list[tuple[int, int]] = []
    scenarios = [plan({"payment.redirects": hops}, days=days) for hops in (1, 2) for days in (5, 6)]
    table = kpis_of(scenarios, draws=30, progress=lambda done, of_all: told.append((done, of_all)))
    assert told == [(60, 120), (120, 120)]
    shared = kpis_of(scenarios, draws=30, workers=2)
    assert all(np.array_equal(shared[name], table[name]) for name in table)

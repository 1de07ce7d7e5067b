"""What each lever brought, beside what the engine says of single levers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import sim
from sim.analysis import attribution, coalitions
from sim.analysis.attribution import FIGURES, Attribution, attribution_of
from sim.analysis.coalitions import Game, plot_of
from sim.analysis.comparing import Comparison, compare
from sim.engine import run
from sim.outcome import mean
from sim.scenario import Event, LeverCost, LeverSetting, Observed, Scenario, load
from tests.worlds import plan

BURST = Event(name="burst", start=date(2023, 7, 3), end=date(2023, 7, 4), traffic=1.4, value=1.1)
FOUR = {"payment.redirects": 2.0, "service.seats": 30.0, "fulfilment.shipped_24h_share": 0.85, "returns.filter_strength": 0.4}
MANY = {
    "payment.redirects": 2.0, "payment.typed_card_share": 0.05, "detail_page.load_median_s": 1.5, "detail_page.fold_depth": 1.0,
    "service.seats": 28.0, "service.bot_resolution": 0.6, "returns.filter_strength": 0.3, "returns.jewellery_lighting": 0.8,
    "returns.size_labels": 0.9, "returns.fit_information": 0.8, "traffic.prime_time_share": 0.4, "traffic.s_host_share": 0.08,
}


def compared(base: Scenario, other: Scenario, *, draws: int = 24) -> tuple[Comparison, Attribution]:
    comparison = compare(base, other, draws=draws)
    return comparison, comparison.attributed(0)


def share(found: Attribution, name: str, kpi: str) -> np.ndarray:
    return found.shares[kpi][found.names.index(name)]


def assert_adds_up(comparison: Comparison, found: Attribution) -> None:
    for kpi in FIGURES:
        delta = comparison.delta(comparison.plans[0], kpi)
        for parts in (found.shares[kpi], found.steps[kpi]):
            here = delta[: parts.shape[1]]
            assert np.all(np.abs(parts.sum(axis=0) - here) <= 1e-9 * np.abs(here)), kpi
        for rows in (found.rows(), found.roll_out_rows()):
            assert sum(row[kpi]["mean"] for row in rows) == pytest.approx(float(mean(delta)), rel=1e-9)


def test_shares_add_up_in_every_draw_and_one_lever_has_all() -> None:
    comparison, found = compared(plan(days=7), plan(FOUR, days=7))
    assert found.names == tuple(sorted(FOUR)) and found.method.kind == "exact" and found.method.coalitions == 16
    assert_adds_up(comparison, found)
    comparison, found = compared(plan(days=7), plan({"payment.redirects": 2.0}, days=7))
    assert np.array_equal(found.shares["net_gmv"][0], comparison.delta(comparison.plans[0], "net_gmv"))
    assert found.method.interactions == "none" and found.interaction_rows() == []


def test_two_levers_by_hand() -> None:
    """The mean of what a lever brings first and what it brings second, from four runs."""
    base, other = plan(days=7), plan({"payment.redirects": 2.0, "detail_page.load_median_s": 1.5}, days=7)
    found = compared(base, other)[1]
    first, second = {"payment.redirects": 2.0}, {"detail_page.load_median_s": 1.5}
    none, hops, speed, both = (run(plan(levers, days=7), draws=24).kpi("net_gmv") for levers in ({}, first, second, first | second))
    np.testing.assert_allclose(share(found, "payment.redirects", "net_gmv"), ((hops - none) + (both - speed)) / 2, rtol=1e-6)
    np.testing.assert_allclose(found.pairs["net_gmv"][0, 1], both - hops - speed + none, rtol=1e-4)
    row = found.interaction_rows()[0]
    assert row["levers"] == ["detail_page.load_median_s", "payment.redirects"] and row["net_gmv"]["mean"] > 0  # shares of shoppers multiply


def test_a_lever_that_changes_nothing_gets_exactly_nothing() -> None:
    free = LeverCost(once=0.0, per_month=0.0)
    levers = FOUR | {"detail_page.fold_depth": LeverSetting(amount=1.0, start=date(2023, 7, 7), coverage=1e-300, cost=free)}
    comparison, found = compared(plan(days=7), plan(levers, days=7))
    for kpi in FIGURES:
        assert np.all(share(found, "detail_page.fold_depth", kpi) == 0.0)
    assert_adds_up(comparison, found)
    # A file may restate the baseline: that is no lever, but it is asked for and answered.
    named = plan({"payment.redirects": 2.0, "service.seats": 20.0}, days=7)
    row = {row["lever"]: row for row in compared(plan(days=7), named)[1].rows()}["service.seats"]
    assert row["net_gmv"] == {"mean": 0.0, "p10": 0.0, "p90": 0.0}


def test_a_dearer_bill_moves_the_contribution_alone() -> None:
    cheap, dear = (
        plan(FOUR | {"service.bot_resolution": LeverSetting(amount=0.6, cost=LeverCost(once=once, per_month=0.0))}, days=7)
        for once in (1e6, 3e6)
    )
    found = compared(cheap, dear)[1]
    assert found.names == ("service.bot_resolution",)
    assert np.all(found.shares["gmv"] == 0.0) and np.all(found.shares["return_rate"] == 0.0)
    np.testing.assert_allclose(found.shares["contribution"][0], -2e6, rtol=1e-6)


def test_the_order_in_the_file_does_not_matter() -> None:
    one = compared(plan(days=7), plan(FOUR, days=7))[1]
    turned = replace(plan(FOUR, days=7), levers=dict(reversed(plan(FOUR, days=7).levers.items())))
    other = compared(plan(days=7), turned)[1]
    assert other.to_json() == one.to_json()
    words = plan({name: LeverSetting(form="add", amount=to - plan(days=7).lever_baseline(name)) for name, to in FOUR.items()}, days=7)
    assert compared(plan(FOUR, days=7), words)[1].names == ()  # the same said in other words is no difference


def test_what_differs_beside_the_levers_is_a_contributor_of_its_own() -> None:
    base = plan({"payment.redirects": LeverSetting(amount=2.0, start=date(2023, 7, 3))}, days=7)
    other = plan({"payment.redirects": 2.0, "service.seats": 26.0}, days=7, events=(BURST,)).with_assumptions(
        {"payment.benchmark_success": 0.96, "detail_page.bounce": 0.56}
    )
    comparison, found = compared(base, other)
    assert found.names == ("baseline", "events", "payment.redirects", "service.seats", "world")
    assert found.method.joined == () and found.method.coalitions == 32
    assert_adds_up(comparison, found)
    assert [row["lever"] for row in found.roll_out_rows()][:3] == ["world", "events", "baseline"]
    assert [row["start"] for row in found.roll_out_rows()] == [None, None, None, "2023-07-01", "2023-07-01"]
    assert float(np.mean(share(found, "events", "gmv"))) > 0.0
    same = replace(other, assumptions=base.assumptions, events=base.events, baseline=base.baseline)
    assert compared(base, same)[1].names == ("payment.redirects", "service.seats")


def test_assumptions_and_totals_that_only_fit_together_are_one_contributor() -> None:
    base = plan(days=5).with_assumptions({"payment.benchmark_success": 0.96})
    other = replace(plan({"payment.redirects": 2.0}, days=5), baseline=plan(days=5).with_assumptions({"detail_page.bounce": 0.56}).baseline)
    game = Game.between(run(base, draws=8), run(other, draws=8))
    assert game.names == ("baseline", "payment.redirects", "world")
    clash = replace(game, names=("payment.redirects", "world"), joined=("world", "baseline"))
    assert clash.coalition(0b10).baseline == other.baseline and clash.coalition(0b10).assumptions == other.assumptions
    assert clash.coalition(0b01).baseline == base.baseline and clash.coalition(0b01).assumptions == base.assumptions


def test_joined_contributors_add_up_under_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalitions, "_stand_alone", lambda *scenarios: False)
    other = plan({"payment.redirects": 2.0}, days=5).with_assumptions({"payment.benchmark_success": 0.96, "detail_page.bounce": 0.56})
    comparison, found = compared(plan(days=5), other, draws=1)
    assert found.names == ("payment.redirects", "world") and found.method.joined == ("world", "baseline")
    assert_adds_up(comparison, found)


def test_totals_that_do_not_close_with_the_other_assumptions_cannot_stand_alone() -> None:
    base = plan(days=5)
    assert coalitions._stand_alone(base, base.with_assumptions({"payment.benchmark_success": 0.96, "detail_page.bounce": 0.56}), 8, 1)
    assert not coalitions._stand_alone(base, base.with_assumptions({"detail_page.bounce": 0.05}), 8, 1)
    assert not coalitions._stand_alone(base.with_assumptions({"payment.benchmark_success": 0.96}), replace(
        base, baseline={"payment.benchmark_success": Observed(value=0.95, source="test")}
    ), 8, 1)


def test_a_removed_lever_and_other_dates_are_differences() -> None:
    base = plan({"payment.redirects": 2.0, "service.seats": LeverSetting(amount=26.0, ramp_days=3)}, days=7)
    other = plan({"service.seats": LeverSetting(amount=26.0, ramp_days=5)}, days=7)
    comparison, found = compared(base, other)
    assert found.names == ("payment.redirects", "service.seats")
    assert_adds_up(comparison, found)
    assert np.all(share(found, "payment.redirects", "net_gmv") < 0.0)


def test_in_order_of_roll_out_each_comes_on_top_of_those_before() -> None:
    dated = {
        "service.seats": LeverSetting(amount=26.0, start=date(2023, 7, 4)),
        "payment.redirects": LeverSetting(amount=2.0, start=date(2023, 7, 2)),
        "detail_page.fold_depth": LeverSetting(amount=1.0, start=date(2023, 7, 4)), "returns.filter_strength": 0.4,
    }
    rows = compared(plan(days=7), plan(dated, days=7))[1].roll_out_rows()
    assert [row["lever"] for row in rows] == ["returns.filter_strength", "payment.redirects", "detail_page.fold_depth", "service.seats"]
    firsts = {name: dated[name] for name in ("returns.filter_strength", "payment.redirects")}
    two = run(plan(firsts, days=7), draws=24).kpi("net_gmv") - run(plan({"returns.filter_strength": 0.4}, days=7), draws=24).kpi("net_gmv")
    assert rows[1]["net_gmv"]["mean"] == pytest.approx(float(np.mean(two)), rel=1e-6)


def test_nothing_differs_nothing_is_shared_out() -> None:
    comparison, found = compared(plan(FOUR, days=7), plan(FOUR, days=7))
    assert found.rows() == [] and found.roll_out_rows() == [] and found.interaction_rows() == []
    assert found.method.coalitions == 1
    assert len(comparison.attribution()) == 0


def test_more_than_ten_are_estimated_over_orders_and_add_up_exactly() -> None:
    comparison, found = compared(plan(days=5), plan(MANY | {"traffic.mid_host_share": 0.42}, days=5), draws=16)
    method = found.method
    assert (method.kind, method.permutations, method.interactions) == ("permutations", 16, "estimated")
    assert_adds_up(comparison, found)
    rows = found.rows()
    assert all(0.0 <= row["net_gmv"]["standard_error"] < 0.05 * abs(row["net_gmv"]["mean"]) + 1e5 for row in rows)
    assert len(found.interaction_rows()) == 10  # pairs of the five largest
    assert found.to_json() == compare(plan(days=5), plan(MANY | {"traffic.mid_host_share": 0.42}, days=5), draws=16).attributed(0).to_json()


def test_the_estimate_is_near_the_exact_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    levers = {name: MANY[name] for name in sorted(MANY)[:7]}
    exact = compared(plan(days=5), plan(levers, days=5), draws=16)[1]
    monkeypatch.setattr(coalitions, "MOST_EXACT", 6)
    estimate = compared(plan(days=5), plan(levers, days=5), draws=16)[1]
    assert estimate.method.kind == "permutations"
    for kpi in ("net_gmv", "return_rate"):
        size = np.abs(exact.shares[kpi]).max()
        np.testing.assert_allclose(estimate.shares[kpi], exact.shares[kpi], atol=0.02 * size)
    strongest = exact.interaction_rows(1)[0]
    near = next(row for row in estimate.interaction_rows() if row["levers"] == strongest["levers"])
    assert near["net_gmv"]["mean"] == pytest.approx(strongest["net_gmv"]["mean"], rel=0.05)


def test_fewer_draws_are_the_first_ones_and_the_means_still_add_up_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    base, other = plan(days=5), plan({"payment.redirects": 2.0, "service.seats": LeverSetting(amount=30.0, coverage=0.5)}, days=5)
    whole = compared(base, other, draws=200)[1]
    monkeypatch.setitem(coalitions.WORK, "auto", 5_700.0)  # one block and some 70 draws of four coalitions over five days
    comparison, found = compared(base, other, draws=200)
    assert found.method.draws == 64
    np.testing.assert_array_equal(found.shares["gmv"], whole.shares["gmv"][:, :64])
    assert_adds_up(comparison, found)
    means = {row["lever"]: row["net_gmv"]["mean"] for row in whole.rows()}
    row = max(found.rows(), key=lambda row: row["net_gmv"]["mean"])  # and regression brings the largest nearer to what all draws say
    alone = float(np.mean(share(found, row["lever"], "net_gmv")))
    assert abs(row["net_gmv"]["mean"] - means[row["lever"]]) < 0.1 * abs(alone - means[row["lever"]])


def test_the_smallest_are_folded_and_it_still_adds_up() -> None:
    found = compared(plan(days=5), plan(MANY, days=5), draws=16)[1]
    for roll_out in (False, True):
        for kpi in FIGURES:
            rows = found.waterfall(kpi, most=5, roll_out=roll_out)
            assert len(rows) == 5 and len(rows[-1]["levers"]) == 8 and all(len(row["levers"]) == 1 for row in rows[:-1])
            assert sum(row["mean"] for row in rows) == pytest.approx(found.whole[kpi], rel=1e-9)
            assert sorted(name for row in rows for name in row["levers"]) == list(found.names)
        places = [found.order.index(found.names.index(row["levers"][0])) for row in rows[:-1]]
        assert places == sorted(places) or not roll_out
    largest = max(found.rows(), key=lambda row: row["net_gmv"]["mean"])["lever"]
    assert found.waterfall("net_gmv", most=12)[0]["levers"] == [largest]
    assert len(found.waterfall("net_gmv", most=12)) == 12


def test_the_plot_depends_on_the_task_alone() -> None:
    outcomes = [run(scenario, draws=8) for scenario in (load("baseline").with_horizon(days=182), load("next_stage"))]
    game = Game.between(*outcomes)
    plot = plot_of(game, draws=1000, seed=1, effort="auto")
    assert plot.pairs and plot.pairs >= 2 and 64 <= plot.draws <= 1000 and plot.interactions
    full = plot_of(game, draws=1000, seed=1, effort="full")
    assert full.draws > plot.draws and full.pairs >= 8
    eight = replace(game, names=game.names[:8])
    assert plot_of(eight, draws=10, seed=1, effort="auto").draws == 10
    fixes = Game.between(run(load("baseline"), draws=8), run(load("all_fixes"), draws=8))
    assert plot_of(replace(fixes, names=fixes.names[:8]), draws=1000, seed=1, effort="auto") == coalitions.Plot(
        coalitions=range(256), draws=1000, pairs=None, interactions=True
    )


def test_the_same_for_any_number_of_workers_and_progress_grows() -> None:
    outcomes = run(plan(days=5), draws=16), run(plan(FOUR, days=5), draws=16)
    told: list[tuple[int, int]] = []
    one = attribution_of(*outcomes, progress=lambda done, of_all: told.append((done, of_all)))
    assert told == sorted(told) and told[-1] == (256, 256)
    assert attribution_of(*outcomes, workers=2).to_json() == one.to_json()
    assert attribution._processes(10**6) == 1 and 1 <= attribution._processes(10**9) <= attribution.MOST_PROCESSES


def test_as_a_frame_and_as_json() -> None:
    comparison = sim.compare(plan(days=5), plan({"payment.redirects": 2.0, "service.seats": 30.0}, days=5, name="both"), draws=16)
    frame = comparison.attribution()
    assert list(frame.columns) == ["plan", "contributor", "kpi", "mean", "p10", "p90"] and len(frame) == 8
    assert set(frame["plan"]) == {"both"} and set(frame["kpi"]) == set(FIGURES)
    answer = comparison.to_json()["plans"][0]
    assert [row["lever"] for row in answer["attribution"]] == ["payment.redirects", "service.seats"]
    assert answer["attribution_method"]["draws"] == 16
    assert "attribution" not in comparison.to_json(attribution=None)["plans"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "name"), [("baseline", "all_fixes"), ("baseline", "double11"), ("baseline", "merchant"), ("fix_pages", "plan_live")]
)
def test_shipped_plans_add_up(base: str, name: str) -> None:
    other = load(name)
    comparison, found = compared(load(base).with_horizon(start=other.start, days=other.days), other, draws=128)
    assert_adds_up(comparison, found)

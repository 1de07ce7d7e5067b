"""Tornado and Sobol' indices against closed forms, through the code path that the model takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim.engine as engine
from sim.analysis.sensitivity import (
    SideBySide,
    felt,
    power_of_two,
    sensitivity,
    tornado,
    uncertain,
    worlds_again,
)
from sim.analysis.sobol import indices
from sim.draws import central, second, uniforms
from sim.engine import run
from sim.errors import UserError
from sim.lanes import NOISE, Draws, belief_of
from sim.model.world import Array
from sim.parameters import registry
from sim.scenario import load
from tests.worlds import plan

FEW = {"draws": 32, "workers": 1}


def on_columns(function: Callable[[list[Array]], Array], names: Sequence[str], *, draws: int, seed: int = 1):
    """A function of uniforms as `indices` asks for it: columns from the model's own named chance."""

    def evaluate(agains: Sequence[frozenset[str]]) -> Iterator[Array]:
        for again in agains:
            columns = []
            for place, name in enumerate(names):
                where = second(seed, place + 1) if name in again else (seed, place + 1)
                columns.append(uniforms(where[0], name, where[1], 0, draws))
            yield np.atleast_2d(function(columns))

    return evaluate


def one_by_one(names: Sequence[str]) -> dict[str, frozenset[str]]:
    return {name: frozenset({name}) for name in names}


def lies_within(table: Array, exact: Sequence[float]) -> bool:
    return all(low <= value <= high for (_, low, high), value in zip(table[:, 0].T, exact, strict=True))


# Ishigami and Homma (1990) with a = 7, b = 0.1: V = a²/8 + bπ⁴/5 + b²π⁸/18 + 1/2, V1 = (1 + bπ⁴/5)²/2, V2 = a²/8, V3 = 0 and
# V13 = b²π⁸ 8/225. Group {1, 2} is V1 + V2, group {1, 3} all but V2.
A, B = 7.0, 0.1
V1, V2, V13 = 0.5 * (1.0 + B * np.pi**4 / 5.0) ** 2, A**2 / 8.0, B**2 * np.pi**8 * 8.0 / 225.0
V = V1 + V2 + V13


def ishigami(u: list[Array]) -> Array:
    x1, x2, x3 = (np.pi * (2.0 * column - 1.0) for column in u)
    return np.sin(x1) + A * np.sin(x2) ** 2 + B * x3**4 * np.sin(x1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ishigami(seed: int) -> None:
    names = ["x1", "x2", "x3"]
    factors = one_by_one(names) | {"12": frozenset({"x1", "x2"}), "13": frozenset({"x1", "x3"})}
    found = indices(factors, on_columns(ishigami, names, draws=2048, seed=seed), draws=2048, seed=seed)
    assert found.names == (*names, "12", "13") and found.complete
    assert lies_within(found.first, np.array([V1, V2, 0.0, V1 + V2, V1 + V13]) / V)
    assert lies_within(found.total, np.array([V1 + V13, V2, V13, V, V1 + V13]) / V)
    assert np.max(found.first[2, 0] - found.first[1, 0]) < 0.2  # intervals that say something
    assert np.var(found.values_a[0]) == pytest.approx(V, rel=0.05)


# The G function of Saltelli and Sobol': V_i = 1/(3 (1 + a_i)²), V = Π(1 + V_i) - 1, total_i = V_i Π_{j≠i}(1 + V_j) / V.
G_A = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_g_function(seed: int) -> None:
    def g(u: list[Array]) -> Array:
        return np.prod([(np.abs(4.0 * column - 2.0) + a) / (1.0 + a) for column, a in zip(u, G_A, strict=True)], axis=0)

    parts = np.array([1.0 / (3.0 * (1.0 + a) ** 2) for a in G_A])
    whole = np.prod(1.0 + parts) - 1.0
    names = [f"x{i}" for i in range(8)]
    found = indices(one_by_one(names), on_columns(g, names, draws=4096, seed=seed), draws=4096, seed=seed)
    assert lies_within(found.first, parts / whole)
    assert lies_within(found.total, parts * np.prod(1.0 + parts) / (1.0 + parts) / whole)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    names, exact = ["x1", "x2", "x3"], (np.array([V1, V2, 0.0]) / V, np.array([V1 + V13, V2, V13]) / V)
    held = []
    for seed in range(1, 21):
        found = indices(one_by_one(names), on_columns(ishigami, names, draws=512, seed=seed), draws=512, seed=seed)
        for table, truth in zip((found.first[:, 0], found.total[:, 0]), exact, strict=True):
            held += ((table[1] <= truth) & (truth <= table[2])).tolist()
    assert np.mean(held) > 0.9  # 95 % of independent draws; even ones err less than resampling believes


def test_what_brings_everything_or_nothing_is_exactly_so() -> None:
    found = indices(one_by_one(["a", "b"]), on_columns(lambda u: u[0] ** 2, ["a", "b"], draws=64), draws=64)
    assert found.first[:, 0].T.tolist() == [[1.0] * 3, [0.0] * 3] and found.total[:, 0].T.tolist() == [[1.0] * 3, [0.0] * 3]
    alone = indices(one_by_one(["a"]), on_columns(lambda u: u[0], ["a"], draws=64), draws=64)
    assert alone.first[:, 0].T.tolist() == [[1.0] * 3]
    constant = indices(one_by_one(["a", "b"]), on_columns(lambda u: 0.0 * u[0] + 3.0, ["a", "b"], draws=64), draws=64)
    assert not constant.first.any() and not constant.total.any()


def test_figures_that_are_not_numbers_have_no_indices() -> None:
    def broken(u: list[Array]) -> Array:
        return np.stack([np.where(u[0] > 0.9, np.nan, u[0]), u[0] + u[1]])

    found = indices(one_by_one(["a", "b"]), on_columns(broken, ["a", "b"], draws=128), draws=128, figures=2)
    assert np.all(np.isnan(found.first[:, 0])) and found.first[0, 1] == pytest.approx([0.5, 0.5], abs=0.1)


def test_an_interruption_keeps_what_is_done() -> None:
    whole = on_columns(lambda u: u[0] + u[1], ["a", "b"], draws=64)

    def stopped_after(count: int):
        def evaluate(agains: Sequence[frozenset[str]]) -> Iterator[Array]:
            for number, values in enumerate(whole(agains)):
                if number == count:
                    raise KeyboardInterrupt
                yield values

        return evaluate

    found = indices(one_by_one(["a", "b"]), stopped_after(3), draws=64)
    assert found.names == ("a",) and not found.complete
    with pytest.raises(KeyboardInterrupt):
        indices(one_by_one(["a", "b"]), stopped_after(1), draws=64)


@given(
    slopes=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), start=st.floats(-1e6, 1e6),
    widths=st.lists(st.floats(0.0, 10.0), min_size=6, max_size=6),
)
def test_the_tornado_of_a_linear_model_is_exact(slopes: list[float], start: float, widths: list[float]) -> None:
    names = [f"x{i}" for i in range(len(slopes))]
    ends = {name: (-width, width) for name, width in zip(names, widths, strict=False)}
    lanes = [start] + [start + slope * end for slope, name in zip(slopes, names, strict=True) for end in ends[name]]
    rows = tornado(names, np.array(lanes), ends)
    assert [row.swing for row in rows] == sorted((row.swing for row in rows), reverse=True)
    for row in rows:
        slope = slopes[names.index(row.name)]
        assert (row.at_low, row.at_high) == (start + slope * row.low, start + slope * row.high)
        assert row.swing == pytest.approx(abs(slope) * (row.high - row.low), rel=1e-9, abs=1e-8)


def test_a_swing_counts_the_centre_and_a_chance_reads_upwards() -> None:
    (hump,) = tornado(["x"], np.array([5.0, 1.0, 2.0]), {"x": (0.0, 1.0)})
    assert hump.swing == 4.0
    (chance,) = tornado(["x"], np.array([5.0, 5.0, 3.0]), {"x": (1.0, 0.0)})
    assert (chance.low, chance.high, chance.at_low, chance.at_high) == (0.0, 1.0, 3.0, 5.0)


@settings(max_examples=30)
@given(st.integers(1, 65_536))
def test_draws_become_a_power_of_two(draws: int) -> None:
    taken = power_of_two(draws)
    assert taken >= 16 and taken & (taken - 1) == 0 and (draws < 16 or 2 / 3 < taken / draws < 3 / 2)


def test_too_many_draws_are_refused() -> None:
    with pytest.raises(UserError, match="65,536"):
        power_of_two(100_000)


# The model


def test_sets_side_by_side_are_the_draws_of_each() -> None:
    scenario, again = plan({"payment.redirects": 2.0}, days=5), frozenset({"detail_page.buried_loss", NOISE})
    chance = SideBySide(seed=3, first=0, each=16, agains=(frozenset(), again))
    parameter = registry()["detail_page.buried_loss"]
    belief = belief_of(scenario, parameter.name)
    alone = [Draws(seed=3, first=0, count=16, again=one).column(belief, parameter) for one in chance.agains]
    assert np.array_equal(chance.column(belief, parameter), np.concatenate(alone)) and not np.array_equal(*alone)
    evaluate = worlds_again([scenario], kpis=("net_gmv",), draws=16, seed=3, noise=True)
    first, other = evaluate([frozenset(), again])
    assert np.array_equal(first[0], run(scenario, draws=16, seed=3).kpi("net_gmv")) and not np.array_equal(first, other)


def test_a_scenario_and_its_rows() -> None:
    scenario = plan({"payment.redirects": 2.0}, days=7)
    found = sensitivity(scenario, kpis=("net_gmv", "return_rate", "plan_cost"), **FEW)
    net, rate, _ = found.figures
    assert net.central == run(scenario, central=True).kpi("net_gmv")[0]
    assert net.mean == pytest.approx(float(run(scenario, draws=32).kpi("net_gmv").mean()), rel=1e-12)
    assert {row.name for row in net.tornado} == {item.name for item in registry().uncertainties}
    assert net.tornado[0].swing >= net.tornado[1].swing > 0.0
    by_name = {row.name: row for row in net.sobol}
    assert set(by_name) == {row.name for row in net.tornado} | {NOISE}
    unfelt = by_name["detail_page.ar_lift"]  # no AR in the plan
    assert unfelt.first.value == unfelt.total.high == 0.0
    assert by_name["payment.redirect_part"].total.value > 0.0
    assert {row.grade for row in net.grades} == {"document", "measured", "study", "vendor", "assumption", NOISE}
    assert sum(row.count for row in net.grades) == len(registry().uncertainties) + 1
    assert rate.kpi == "return_rate" and rate.tornado[0].name.startswith(("returns.", "closure."))
    assert found.to_json()["kpis"][0]["sobol"][0]["first"].keys() == {"value", "low", "high"}


def test_nothing_brings_more_alone_than_in_all() -> None:
    found = sensitivity(plan({"payment.redirects": 2.0}, days=5), kpis=("net_gmv", "return_rate"), **FEW)
    for figure in found.figures:
        for row in figure.sobol:
            assert row.first.value <= row.total.value
            assert all(part.low <= part.value <= part.high for part in (row.first, row.total) if not row.bounded)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_nearly_sure_to_happen_is_felt_all_the_same(seed: int) -> None:
    sure = plan({"detail_page.ar_tryon": 0.3}, days=3).with_assumptions({"detail_page.ar_works": 0.99})
    without = plan(days=3).with_assumptions({"detail_page.ar_works": 0.99})
    asked = {"kpis": ("net_gmv",), "noise": False, "seed": seed}
    assert "detail_page.ar_works" in felt([sure], uncertain(sure), **asked)
    assert "detail_page.ar_lift" in felt([sure], uncertain(sure), **asked)
    assert "detail_page.ar_lift" not in felt([without], uncertain(without), **asked)


def test_a_difference_feels_what_moves_the_difference() -> None:
    base, better = plan(days=5), plan({"payment.redirects": 2.0}, days=5)
    names = uncertain(base)
    assert felt([better, better], names, kpis=("net_gmv",)) == {}
    between, one = (felt(sides, names, kpis=("net_gmv",), noise=False) for sides in ([better, base], [better]))
    assert between["payment.redirect_part"] > 2.0 * between["returns.rate_apparel"]
    assert one["returns.rate_apparel"] > 2.0 * one["payment.redirect_part"]


def test_without_noise_there_is_no_factor_of_that_name_and_all_rests_on_grades() -> None:
    found = sensitivity(plan({"payment.redirects": 2.0}, days=7), kpis=("return_rate",), noise=False, draws=128, workers=1)
    (rate,) = found.figures
    assert NOISE not in {row.name for row in rate.sobol} and NOISE not in {row.grade for row in rate.grades}
    assert next(row for row in rate.grades if row.grade == "assumption").share.value > 0.9


def test_the_answer_is_the_same_for_any_number_of_workers_and_any_size_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = plan({"payment.redirects": 2.0}, days=5)
    whole = sensitivity(scenario, draws=512, workers=1).to_json()
    monkeypatch.setattr(engine, "BLOCK", 256)  # two blocks to a set, and enough of them for two processes
    assert sensitivity(scenario, draws=512, workers=2).to_json() == whole


def test_the_difference_of_a_plan_to_itself_is_nothing() -> None:
    scenario = plan({"payment.redirects": 2.0}, days=5)
    (net,) = sensitivity(scenario, scenario, **FEW).figures
    assert net.sd == net.central == 0.0 and not any(row.swing for row in net.tornado) and not any(row.first.value for row in net.sobol)


def test_the_difference_of_two_is_paired() -> None:
    base, better = plan(days=5), plan({"payment.redirects": 2.0}, days=5)
    (net,) = sensitivity(better, base, **FEW).figures
    delta = run(better, draws=32).kpi("net_gmv") - run(base, draws=32).kpi("net_gmv")
    assert net.mean == pytest.approx(float(delta.mean()), rel=1e-9) and net.sd == pytest.approx(float(delta.std()), rel=1e-9)
    assert net.tornado[0].name == "payment.redirect_part"


def test_where_all_is_fixed_nothing_moves() -> None:
    scenario = plan({"payment.redirects": 2.0}, days=3)
    values = {name: central(belief_of(scenario, name)) for name in uncertain(scenario)}
    fixed = scenario.with_assumptions(values | {"detail_page.ar_works": 1.0})
    assert uncertain(fixed) == []
    (net,) = sensitivity(fixed, noise=False, **FEW).figures
    assert net.sd == 0.0 and net.mean == pytest.approx(net.central) and net.tornado == net.sobol == net.grades == ()
    (net,) = sensitivity(fixed, **FEW).figures
    assert [(row.name, row.first.value, row.total.value) for row in net.sobol] == [(NOISE, 1.0, 1.0)]


def test_what_a_scenario_fixes_is_not_uncertain() -> None:
    scenario = plan(days=5).with_assumptions({"detail_page.buried_loss": 0.1})
    assert "detail_page.buried_loss" in uncertain(plan(days=5)) and "detail_page.buried_loss" not in uncertain(scenario)
    assert "detail_page.buried_loss" in uncertain(scenario, plan(days=5))


@pytest.mark.slow
def test_the_next_stage_rests_on_what_nobody_measured() -> None:
    found = sensitivity(load("next_stage"), load("baseline"), draws=1024)
    (net,) = found.figures
    shares = {row.grade: row.share.value for row in net.grades}
    assert 0.3 < shares["assumption"] < 1.0 and 0.9 < sum(shares.values()) < 1.05
    assert net.sobol[0].total.value > 0.1

"""The worth of knowing more: closed forms, what always holds, and plans."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sim.analysis.choosing import options_of
from sim.analysis.information import information, natural_spline, smooth, unfelt_among, worth, worth_of
from sim.errors import UserError
from sim.parameters import registry
from sim.scenario import load
from tests.worlds import plan


def of_two(mean: float, sd: float) -> float:
    """E[max(0, X)] - max(0, E[X]) of a normal X: what knowing it is worth for the choice between X and nothing."""
    return sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd)


SLOPES = {"a": 3.0, "b": 1.5, "c": -1.0, "idle": 0.0}


def linear(mean: float, *, draws: int, seed: int, noise: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Nothing, or mean + 3 a + 1.5 b - c with normal a, b, c; and an assumption that does nothing."""
    random = np.random.default_rng(seed)
    columns = {name: random.normal(size=draws) for name in SLOPES}
    gain = mean + sum(slope * columns[name] for name, slope in SLOPES.items()) + noise * random.normal(size=draws)
    shared = 100.0 * random.normal(size=draws)  # what both options meet: it cancels
    return np.stack([shared, shared + gain]), columns


@pytest.mark.parametrize("mean", [0.0, 1.2, -2.5])
@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_a_linear_gaussian_choice_of_two_meets_its_closed_form(mean: float, noise: float) -> None:
    values, columns = linear(mean, draws=8000, seed=5, noise=noise)
    found = information(values, columns, group=SLOPES)
    sd = float(np.sqrt(sum(slope**2 for slope in SLOPES.values()) + noise**2))
    assert abs(found.everything.value - of_two(mean, sd)) < 3.0 * found.everything.se
    for name in "abc":
        assert abs(found.single[name].value - of_two(mean, abs(SLOPES[name]))) < 3.0 * max(found.single[name].se, 1e-3), name
    assert found.single["idle"].value == 0.0
    assert found.first == "a"
    assert found.together is not None
    assert abs(found.together.value - of_two(mean, float(np.sqrt(3.0**2 + 1.5**2 + 1.0)))) < 3.0 * found.together.se


def test_the_error_is_about_as_large_as_stated() -> None:
    """Over 60 repetitions, estimates miss the closed form by more than twice their stated error in few of them."""
    misses = 0
    for seed in range(60):
        values, columns = linear(1.0, draws=600, seed=seed, noise=1.0)
        found = information(values, {"a": columns["a"]}).single["a"]
        misses += abs(found.value - of_two(1.0, 3.0)) > 2.0 * found.se
    assert misses <= 9


def test_chance_alone_is_not_taken_for_a_curve() -> None:
    """Twenty idle assumptions beside one that matters, 40 times over: of 800 hardly any is worth something."""
    feigned = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        columns = {f"idle{k}": random.normal(size=300) for k in range(20)} | {"real": random.normal(size=300)}
        gain = 2.0 * columns["real"] + random.normal(size=300)
        found = information(np.stack([np.zeros(300), gain]), columns)
        feigned += sum(found.single[f"idle{k}"].value > 0.0 for k in range(20))
        assert found.first == "real"
    assert feigned <= 6


def test_a_bent_conditional_mean_is_followed() -> None:
    """Gain = x^2 - 1 with normal x: knowing x is worth E[(x^2 - 1)+] = 2 phi(1), where a line would see nothing."""
    x = np.random.default_rng(2).normal(size=20_000)
    found = information(np.stack([np.zeros_like(x), x * x - 1.0]), {"x": x})
    assert found.single["x"].value == pytest.approx(2.0 * norm.pdf(1.0), rel=0.05)


def test_a_chance_has_two_means() -> None:
    """Gain +3 or -1, evenly: the plan's mean is 1, without knowing one takes it; knowing is worth P(bad) x 1 = 1/2."""
    x = np.tile([0.0, 1.0], 500)
    found = information(np.stack([np.zeros_like(x), 4.0 * x - 1.0]), {"x": x})
    assert found.best == 1 and found.single["x"].value == pytest.approx(0.5) == found.everything.value


def test_three_options_know_their_regions() -> None:
    """Best of x, -x and 0 with uniform x on [-1, 1]: knowing x is worth E|x| = 1/2."""
    x = (np.arange(5000) + 0.5) / 2500.0 - 1.0
    found = information(np.stack([x, -x, np.zeros_like(x)]), {"x": np.random.default_rng(1).permutation(x) * 0 + x})
    assert found.single["x"].value == pytest.approx(0.5, rel=0.01)


def test_where_one_option_always_wins_nothing_is_worth_knowing() -> None:
    values, columns = linear(1000.0, draws=500, seed=1)
    found = information(values, columns, group=SLOPES)
    assert found.everything.value == 0.0 and found.first is None and found.close == []
    assert {item.value for item in found.single.values()} == {0.0} and found.together.value == 0.0


def test_unfelt_is_exactly_nothing_even_where_chance_feigns_it() -> None:
    values, columns = linear(0.0, draws=500, seed=1)
    assert information(values, columns, unfelt=["a"]).single["a"].value == 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3.0, 3.0), st.integers(2, 4), st.floats(0.01, 1000.0))
def test_what_always_holds(seed: int, mean: float, count: int, size: float) -> None:
    random = np.random.default_rng(seed)
    columns = {name: random.normal(size=200) for name in "xyz"} | {"coin": random.integers(0, 2, 200).astype(float)}
    values = np.stack([mean * k + k * columns["x"] * columns["y"] + k * columns["coin"] + random.normal(size=200) for k in range(count)])
    found = information(values, columns, group="xy")
    for item in [*found.single.values(), found.together]:
        assert 0.0 <= item.value <= found.everything.value and item.se >= 0.0
    larger = information(size * values + 7.0, columns, group="xy")
    assert larger.everything.value == pytest.approx(size * found.everything.value, rel=1e-6, abs=1e-9)
    assert {name: item.value > 0 for name, item in larger.single.items()} == {name: item.value > 0 for name, item in found.single.items()}


def test_splines_are_straight_beyond_the_outer_knots_and_hold_every_line() -> None:
    x = np.linspace(-2.0, 5.0, 301)
    basis = natural_spline(x, 5)
    assert basis.shape == (301, 5) and np.linalg.matrix_rank(basis) == 5
    for line in (np.ones_like(x), x):
        left = line - basis @ np.linalg.lstsq(basis, line, rcond=None)[0]
        assert np.max(np.abs(left)) < 1e-9
    inside = (np.max(x) - np.min(x)) * 0.02  # the outer knots leave 2 % of the draws on either side
    ends = basis[x < np.min(x) + inside * 0.9]
    assert np.max(np.abs(np.diff(ends, n=2, axis=0))) < 1e-9
    assert smooth(x, np.full_like(x, 3.0)).tolist() == np.full_like(x, 3.0).tolist()


# Plans


@pytest.fixture(scope="module")
def options():
    base = plan(days=7, name="base")
    page = plan({"detail_page.load_median_s": 1.4}, days=7, name="page")
    pay = plan({"payment.redirects": 3.0}, days=7, name="pay")
    return options_of(base, [page, pay], draws=256)


def test_an_assumption_that_no_plan_feels_is_worth_exactly_nothing(options) -> None:
    found = worth_of(options)
    assert {"returns.lighting_effect", "traffic.drama_lift", "money.cross_border_freight"} <= found.unfelt
    rows = {row["name"]: row for row in found.rows()}
    assert {rows[name]["value"] for name in found.unfelt} == {0.0}
    assert not {"detail_page.speed_effect", "payment.redirect_part", "money.margin"} & found.unfelt
    whole = found.information.everything.value
    assert whole > 0.0 and all(0.0 <= row["value"] <= whole for row in rows.values())
    assert [row["value"] for row in found.rows()] == sorted((row["value"] for row in found.rows()), reverse=True)
    # Knowing everything is worth what the best choice on the mean still regrets.
    assert whole == pytest.approx(next(o.regret_mean for o in found.choice.options if o.name == found.best))


def test_unfelt_is_told_from_felt_by_trying(options) -> None:
    names = ["traffic.private_lift", "detail_page.speed_effect", "payment.redirect_part", "noise.cv_traffic"]
    values = options.figures["contribution"]
    unfelt = unfelt_among(options, values, "contribution", [item.name for item in registry().uncertainties])
    assert not unfelt & {"detail_page.speed_effect", "noise.cv_traffic", "money.margin"}
    assert len(unfelt) >= 20
    assert unfelt_among(options, values, "contribution", names) == unfelt & set(names)


def test_plans_that_do_nothing_are_worth_no_question() -> None:
    base = plan(days=5, name="base")
    found = worth(base, [plan(days=5, name="also nothing")], draws=100)
    assert found.information.everything.value == 0.0 and found.best == "base"
    assert len(found.unfelt) == len(found.information.single)


def test_what_cannot_be_priced_is_one_sentence() -> None:
    base, other = plan(days=5, name="base"), plan({"payment.redirects": 2.0}, days=5, name="other")
    with pytest.raises(UserError, match="return_rate is in share, so that knowing more would not be worth any CNY"):
        worth(base, [other], kpi="return_rate")
    with pytest.raises(UserError, match="no figure"):
        worth(base, [other], kpi="profit")
    with pytest.raises(UserError, match="at least 100"):
        worth(base, [other], draws=20)


def test_a_figure_of_which_less_is_better() -> None:
    base, other = plan(days=5, name="base"), plan({"returns.filter_strength": 0.5}, days=5, name="other")
    found = worth(base, [other], kpi="refunds", draws=100)
    assert found.best == "other"  # fewer refunds with less filter
    assert found.information.everything.value >= 0.0


@pytest.mark.slow
def test_over_seeds_worths_spread_as_their_errors_say() -> None:
    """Of evenly spread draws: the spread over seeds is about the stated error, neither a third of it nor three times as much."""
    base, pages, pay = load("baseline"), load("fix_pages"), load("fix_payment")
    found = [worth(base, [pages, pay], draws=1000, seed=seed, noise=False).information for seed in range(1, 13)]
    for name in ("money.margin", "detail_page.buried_loss"):
        values, errors = ([getattr(item.single[name], field) for item in found] for field in ("value", "se"))
        assert np.std(values, ddof=1) < 2.0 * np.mean(errors), name
    assert len({item.first for item in found}) <= 2


def test_where_worlds_drawn_anew_do_not_close_nothing_is_called_unfelt(options, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.analysis import information as module

    names = ["traffic.cpm_volume", "returns.rate_apparel"]
    figures = module._figures

    def closing_without(options, chance, kpi, *, noise):
        if "returns.rate_apparel" in getattr(chance, "again", ()):
            raise UserError("That does not close.")
        return figures(options, chance, kpi, noise=noise)

    monkeypatch.setattr(module, "_felt_alone", lambda *_: frozenset())
    calm = unfelt_among(options, options.choice("contribution").values, "contribution", names)
    monkeypatch.setattr(module, "_figures", closing_without)
    assert "returns.rate_apparel" not in unfelt_among(options, options.choice("contribution").values, "contribution", names)
    assert calm - {"returns.rate_apparel"} == unfelt_among(options, options.choice("contribution").values, "contribution", names)


def test_what_is_felt_in_few_worlds_only_is_felt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn anew it matters in one world alone, the 301st, which the first look does not reach."""
    from dataclasses import replace

    from sim.analysis import information as module

    some = options_of(plan(days=3), [replace(plan({"payment.redirects": 3}, days=3), name="p")], draws=400, seed=1)

    def figures(options, chance, kpi, *, noise):
        values = options.figures[kpi][:, : chance.count].copy()
        if "rare" in chance.again and chance.count > 300:
            values[1, 300] += 0.01 * abs(values[1, 300])
        return values

    monkeypatch.setattr(module, "_figures", figures)
    monkeypatch.setattr(module, "_felt_alone", lambda *_: frozenset())
    monkeypatch.setattr(module, "registry", lambda: {name: type("P", (), {"stage": "x"}) for name in ("rare", "never", "idle")})
    values = some.choice("contribution").values
    assert unfelt_among(some, values, "contribution", ["rare", "never", "idle"]) == {"never", "idle"}

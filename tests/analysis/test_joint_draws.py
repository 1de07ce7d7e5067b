"""Analyses of a calibrated shop: all of its draws are one factor, drawn again together, known together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.choosing import Options, options_of
from sim.analysis.comparing import compare
from sim.analysis.discovery import discover
from sim.analysis.factors import grade_of, joint_columns, unit_of
from sim.analysis.goals import Target
from sim.analysis.information import components, information, joint_of, worth_of
from sim.analysis.sensitivity import sensitivity, uncertain
from sim.lanes import NOISE, POSTERIOR
from sim.parameters import registry
from sim.scenario import LeverCost, LeverSetting, Scenario, load
from sim.texts import LANGUAGES, words
from sim.wording.drivers import axis_of, name_of, restriction_text, value_text
from tests import posteriors


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    return replace(load(posteriors.shop(tmp_path)), days=7)


def test_the_draws_are_one_uncertain_name(shop: Scenario) -> None:
    names = uncertain(shop)
    assert names[-1] == POSTERIOR
    assert not {"detail_page.click_share", "returns.rate_apparel", "noise.cv_traffic"} & set(names)
    assert "money.margin" in names
    stated = shop.with_assumptions({"detail_page.click_share": 0.4})
    assert "detail_page.click_share" not in uncertain(stated) and "detail_page.click_share" not in joint_columns(stated)


def test_what_is_all_stated_is_no_factor(tmp_path: Path) -> None:
    gap = {"payment.gap": posteriors.columns()["payment.gap"]}
    shop = load(posteriors.shop(tmp_path, gap))
    assert uncertain(shop)[-1] == POSTERIOR
    assert POSTERIOR not in uncertain(shop.with_assumptions({"payment.gap": 0.15}))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    shop = replace(load(posteriors.shop(tmp_path_factory.mktemp("shop"))), days=7)
    return sensitivity(shop, draws=64, workers=1).to_json()["kpis"][0]


def test_the_draws_have_a_swing_and_an_index(found: dict) -> None:
    """A shop whose GMV differs by a fifth between draws: little else matters."""
    swing = found["tornado"][0]
    assert (swing["name"], swing["low"], swing["high"], swing["grade"]) == (POSTERIOR, 0.1, 0.9, "measured")
    assert 0.3 * found["central"] < swing["swing"] < found["central"]
    index = found["sobol"][0]
    assert index["name"] == POSTERIOR and index["first"]["value"] > 0.5
    assert index["first"]["value"] <= index["total"]["value"]
    assert {row["name"] for row in found["sobol"]} >= {NOISE, "money.margin"}
    measured = next(row for row in found["grades"] if row["grade"] == "measured")
    assert measured["share"]["value"] > 0.5


def test_a_difference_rests_on_the_draws_as_far_as_it_feels_them(shop: Scenario) -> None:
    plan = shop.with_levers({"payment.redirects": 2})
    rows = sensitivity(plan, shop, draws=64, workers=1).to_json()["kpis"][0]["sobol"]
    assert {row["name"] for row in rows[:4]} >= {POSTERIOR, "payment.redirect_part"}


def test_boxes_cut_columns_of_the_draws(shop: Scenario) -> None:
    """Weekly net GMV below a seventh part of the quarter's: the small shops of the draws."""
    limit = float(np.median(shop.posterior.column("closure.gmv_quarter"))) / 92 * 7 * 0.7
    answer = discover(shop, [Target(kpi="net_gmv", sense="at_least", value=limit)], draws=800)
    first = answer.boxes[0].restrictions[0].to_json()
    assert first["name"] == "closure.gmv_quarter" and first["low"] is None
    assert answer.boxes[0].held_out.density > 0.7


def test_components_are_uncorrelated_and_of_one_size() -> None:
    rng = np.random.default_rng(1)
    shared = rng.standard_normal(500)
    rows = np.stack([shared, shared + 0.1 * rng.standard_normal(500), 3.0 * shared, rng.standard_normal(500)])
    found = components(rows)
    assert len(found) == 3  # the third column is the first
    assert found @ found.T / 500 == pytest.approx(np.eye(3), abs=1e-9)


def test_knowing_the_draws_is_knowing_the_difference_that_they_make() -> None:
    """The gain is a + b, a joint of two columns and b a stranger, both standard normal: E[max(a, 0)] = 1/sqrt(2 pi) = 0.399."""
    rng = np.random.default_rng(3)
    joint, b = components(rng.standard_normal((2, 4000))), rng.standard_normal(4000)
    gain = (joint[0] - joint[1]) / np.sqrt(2.0) + b
    found = information(np.stack([np.zeros(4000), gain]), {"b": b}, joint={POSTERIOR: joint})
    assert found.single[POSTERIOR].value == pytest.approx(0.399, abs=0.03)
    assert found.single["b"].value == pytest.approx(0.399, abs=0.03)
    assert found.everything.value == pytest.approx(0.564, abs=0.03)
    assert information(np.stack([np.zeros(4000), gain]), {"b": b}, joint={POSTERIOR: joint}, unfelt=[POSTERIOR]).single[
        POSTERIOR
    ].value == 0.0


def test_what_a_shop_knows_is_worth_something_where_it_decides(shop: Scenario) -> None:
    """Fewer redirects at a price that pays for itself in half of the draws: large shops gain more from them."""
    dear = LeverSetting(amount=2.0, cost=LeverCost(once=1e5, per_month=0.0, per_unit=0.0))
    plan = replace(shop, levers={"payment.redirects": dear}, name="direct")
    first = options_of(shop, [plan], draws=200)
    half = float(np.median(first.figures["contribution"][1] - first.figures["contribution"][0])) + 1e5
    plan = replace(plan, levers={"payment.redirects": replace(dear, cost=replace(dear.cost, once=half))})
    options: Options = options_of(shop, [plan], draws=200)
    answer = worth_of(options)
    rows = {row["name"]: row for row in answer.rows()}
    assert rows[POSTERIOR]["grade"] == "measured" and rows[POSTERIOR]["felt"]
    assert 0.05 * answer.information.everything.value < rows[POSTERIOR]["value"] < answer.information.everything.value
    assert rows["money.margin"]["value"] > 0.0
    assert list(joint_of(options)) == [POSTERIOR]


def test_another_shop_is_the_baselines_part_of_a_difference(shop: Scenario) -> None:
    registry_alone = Scenario(name="none", start=shop.start, days=7)
    comparison = compare(registry_alone, shop, draws=64)
    rows = comparison.attributed(0).to_json()["attribution"]
    assert [row["lever"] for row in rows] == ["baseline"]
    options = options_of(registry_alone, [shop], draws=8)
    assert options.several_shops


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_has_a_name_and_a_grade(shop: Scenario, language: str) -> None:
    say = words(language)
    for name in (*shop.posterior.names, POSTERIOR, NOISE, *(f"profile.season.{month}" for month in range(1, 13))):
        assert name_of(name, language, say) and grade_of(name)
        if name != NOISE:
            assert unit_of(name)
        if name not in (POSTERIOR, NOISE):
            assert axis_of(name, language)[0]
            assert restriction_text({"name": name, "low": 0.1, "high": None}, say)
    assert value_text(POSTERIOR, 0.9, language) == "p90"
    beauty = name_of("traffic.affinity_search.beauty", language, say)
    assert beauty.startswith(registry()["traffic.affinity_search"].label[language]) and beauty[-1] in ")）"

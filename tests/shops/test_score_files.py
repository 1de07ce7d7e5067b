"""A shop's score beside its draws: found again by what it is of, and by nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import sim
from sim.parameters import registry
from sim.scenario import LeverCost, Scenario
from sim.shops.score_files import KeptScore, keep_score, score_of
from sim.texts import LANGUAGES, words
from sim.wording.shop_scores import platform_priced, prices_in_words, score_in_words
from tests import posteriors

ROW = {
    "series": "sessions", "given": None, "wape": 0.16, "bias": float("nan"), "wis": 31.5, "coverage80": 0.8, "coverage95": 0.95,
    "rivals": {"drift": {"wape": 0.2, "wis": 30.0, "coverage80": 0.7}}, "better": ["drift"],
}
SCORE = KeptScore(rows=(ROW,), horizon=28, origins=5, step_days=1, smoothing=True)


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    return sim.load(posteriors.shop(tmp_path))


def test_it_is_found_again(shop: Scenario, tmp_path: Path) -> None:
    assert score_of(shop) is None
    path = keep_score(SCORE, shop.posterior, tmp_path)
    assert path.name == shop.posterior.file.replace(".parquet", ".score.json")
    found = score_of(shop)
    assert found.rows[0]["rivals"] == ROW["rivals"] and math.isnan(found.rows[0]["bias"]) and found.horizon == 28
    assert not list(tmp_path.glob("*.tmp"))


def test_other_draws_have_no_score_and_keep_theirs(shop: Scenario, tmp_path: Path) -> None:
    first = keep_score(SCORE, shop.posterior, tmp_path)
    other = replace(shop.posterior, sha256="0" * 64)
    assert score_of(replace(shop, posterior=other)) is None
    second = keep_score(replace(SCORE, horizon=7), other, tmp_path)
    assert second != first and score_of(shop).horizon == 28 and score_of(replace(shop, posterior=other)).horizon == 7


@pytest.mark.parametrize("spoilt", ["", "[]", "{}", "null", '{"schema": 1}', "[" * 5000])
def test_a_spoilt_file_is_no_score(shop: Scenario, tmp_path: Path, spoilt: str) -> None:
    keep_score(SCORE, shop.posterior, tmp_path).write_text(spoilt, encoding="utf-8")
    assert score_of(shop) is None


def test_a_row_of_another_meaning_is_no_score(shop: Scenario, tmp_path: Path) -> None:
    path = keep_score(SCORE, shop.posterior, tmp_path)
    said = json.loads(path.read_text(encoding="utf-8"))
    said["rows"][0]["series"] = "<b>"
    path.write_text(json.dumps(said), encoding="utf-8")
    assert score_of(shop) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_words(language: str) -> None:
    say = words(language)
    text = score_in_words(SCORE, say)
    assert "16.0 %" in text and "28" in text and say["shops.column.sessions"] in text
    assert say["calibrating.simple_better"].format(series=say["shops.column.sessions"]) in text
    assert score_in_words(None, say) == say["calibrating.unscored"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_whose_prices_a_shops_levers_have_is_said(shop: Scenario, language: str) -> None:
    say = words(language)
    assert prices_in_words([shop], say) == ""  # nothing is moved
    # Redirects are priced for 20 integrations, filters by the merchant; a budget is its own price
    plan = shop.with_levers({"payment.redirects": 2, "returns.filter_strength": 0.2, "traffic.drama": 1e6})
    assert platform_priced(plan) == ("payment.redirects",)
    assert registry()["payment.redirects"].label[language] in prices_in_words([shop, plan, plan], say)
    settings = {name: replace(item, cost=LeverCost(once=1000.0)) for name, item in plan.moved.items()}
    assert prices_in_words([plan.with_settings(settings)], say) == ""  # the plan states its own
    assert platform_priced(replace(plan, posterior=None)) == ()

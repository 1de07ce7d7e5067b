"""Levers and plans in words: what is said rests on figures that can be checked by hand."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from sim.analysis.sensitivity import Swing, swings
from sim.parameters import registry
from sim.scenario import LeverSetting, Scenario
from sim.texts import LANGUAGES, words
from sim.wording.levers import cost_text, finder, help_of, source_link, timing_text
from sim.wording.planning import bill_text, changes_text, rests_text

SAY = words("en")


def swing(name: str, low: float, high: float) -> Swing:
    return Swing(name=name, low=0.0, high=1.0, at_low=low, at_high=high, swing=abs(high - low))


def test_what_a_gain_rests_on_is_shared_out_by_squared_swings() -> None:
    # 3² + 1² of 3² + 1² + 2² = 10 of 14 = 71 %; the fourth brings 0.0001 of 14 and is not felt.
    rows = [
        swing("payment.redirect_part", 4e9, 7e9), swing("payment.typed_loss", 5e9, 7e9),
        swing("payment.typed_card_share", 6e9, 5e9), swing("memory.repeat_share", 5.00e9, 5.01e9),
    ]
    assert registry()["payment.typed_loss"].grade != "assumption"
    text = rests_text(rows, SAY)
    assert "about 71 %" in text and "from +4.00 bn to +7.00 bn" in text and "2 of the 3 inputs" in text
    assert registry()["payment.redirect_part"].label["en"] in text


def test_a_gain_that_rests_on_no_assumption_says_so() -> None:
    assert "hardly any" in rests_text([swing("payment.typed_loss", 1e9, 2e9)], SAY)
    assert rests_text([swing("payment.typed_loss", 1e9, 1e9)], SAY) == SAY["in_words.sure"]
    assert rests_text([], SAY) == SAY["in_words.sure"]
    assert rests_text([swing("payment.typed_loss", float("nan"), 1e9)], SAY) == SAY["in_words.undone"]


def test_the_swings_of_a_difference_are_those_of_its_tornado() -> None:
    base = Scenario(name="base", title="", days=14)
    plan = base.with_levers({"payment.redirects": 2.0})
    (rows,) = swings(plan, base)
    assert rows[0].name == "payment.redirect_part" and rows[0].swing > 0
    assert all(one.swing >= other.swing for one, other in pairwise(rows))
    (none,) = swings(base, base)
    assert all(row.swing == 0 for row in none)


def test_when_a_lever_acts_is_said_only_where_it_is_not_at_once_and_to_the_end() -> None:
    plan = Scenario(name="plan", title="", start=date(2024, 1, 1), days=31)
    assert timing_text(LeverSetting(amount=2.0), plan, SAY) == ""
    whole = LeverSetting(amount=2.0, start=date(2024, 1, 1), until=date(2024, 1, 31))
    assert timing_text(whole, plan, SAY) == ""
    part = LeverSetting(amount=2.0, start=date(2024, 1, 8), until=date(2024, 1, 20), ramp_days=3, coverage=0.6)
    assert timing_text(part, plan, SAY) == "from 2024-01-08, over 3 days, until 2024-01-20, on 60.0 % of the business"
    assert timing_text(part, plan, words("zh")) == "2024-01-08 起，3 天内到位，至 2024-01-20 止，覆盖 60.0 % 的业务"


def test_costs_savings_and_nothing_are_told_apart() -> None:
    assert cost_text(7.21e6, SAY) == "costs CNY 7.21 m"
    assert cost_text(-7.21e6, SAY) == "saves CNY 7.21 m"
    assert cost_text(0.0, SAY) == SAY["lever.free"]
    text = bill_text(3e6, {"payment.redirects": 2e6, "service.seats": 1e6}, 28, SAY)
    assert "CNY 3.00 m inside these 28 days" in text and "Redirects to pay (costs CNY 2.00 m)" in text
    assert "it saves CNY 1.00 m" in bill_text(-1e6, {"service.seats": -1e6}, 28, SAY)


def test_a_long_plan_is_cut_short() -> None:
    text = changes_text([(f"lever {number}", "") for number in range(9)], (), SAY)
    assert "lever 5" in text and "lever 6" not in text and "and 3 more" in text
    assert "events" in changes_text([], ["events"], SAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lever_says_what_it_does_whence_it_comes_and_what_it_costs(language: str) -> None:
    say = words(language)
    price = say["lever.price"].split("{")[0]
    for lever in registry().levers:
        text = help_of(lever, say)
        assert lever.help[language].replace("~", "\\~") in text and price in text, lever.name
        assert f"parameter={lever.name}&lang={language}" in source_link(lever, say)
        assert finder(lever.label[language])(lever) and finder(lever.name)(lever)
    assert not finder("nothing of the kind")(registry()["payment.redirects"])

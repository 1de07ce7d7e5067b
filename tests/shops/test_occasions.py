"""Dated events of a shop: told apart within the data, put into the scenario where they come again, refused where they tell nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import sim
from sim.errors import UserError
from sim.shops import Event, calibrate, fitting, read_shop
from sim.shops.occasions import parted
from sim.shops.table import ShopTable
from sim.texts import LANGUAGES, words
from sim.wording.shops import refunds_say, uplift_says
from tests.shops.judge import as_csv

FIRST = np.datetime64("2024-01-01")  # 60 days: the last is 2024-02-29
FESTIVAL = Event(name="festival", start=date(2024, 1, 20), end=date(2024, 1, 26))
AGAIN = Event(name="festival", start=date(2024, 3, 25), end=date(2024, 4, 10))


def shop(**more: object) -> ShopTable:
    """Twice the visitors at the festival; noise of a few per cent."""
    chance = np.random.default_rng(2)
    rows = []
    for day in FIRST + np.arange(60):
        busy = 2.0 if FESTIVAL.start <= day.astype(object) <= FESTIVAL.end else 1.0
        sessions = int(chance.poisson(1000 * busy))
        rows.append({"date": str(day), "sessions": sessions, "orders": int(chance.binomial(sessions, 0.1)), **more})
    return read_shop(as_csv(rows))


def test_an_event_ahead_of_the_data_takes_the_uplift_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_ROUNDS", (6, 6, 8))
    found = calibrate(shop(), events=[FESTIVAL, AGAIN], days=31, draws=256)
    told = found.uplifts[0]
    assert told["p50"] == pytest.approx(2.0, rel=0.05)
    # the horizon is 2024-03-01 to 2024-03-31: what lies behind is cut off
    assert told["ahead"] == [(date(2024, 3, 25), date(2024, 3, 31))]
    scenario = found.scenario()
    event, = scenario.events
    assert (event.name, event.start, event.end, event.traffic) == ("festival", date(2024, 3, 25), date(2024, 3, 31), round(told["p50"], 3))
    daily = [sim.run(plan, draws=64, noise=False).to_json()["daily"] for plan in (scenario, replace(scenario, events=()))]
    with_it, without = (sum(day["gmv"]["p50"] for day in days[24:31]) for days in daily)
    assert with_it / without == pytest.approx(2.0, rel=0.15)  # seven days at twice the visitors


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_of_an_uplift(language: str) -> None:
    say = words(language)
    item = {"name": "618", "start": date(2024, 6, 1), "end": date(2024, 6, 18), "p10": 1.4, "p50": 1.6, "p90": 1.8, "ahead": []}
    assert "1.60" in uplift_says(item, say) and uplift_says(item, say).endswith(say["shops.uplift_only"].format(factor="1.60"))
    coming = uplift_says({**item, "ahead": [(date(2025, 6, 1), date(2025, 6, 18))]}, say)
    assert "2025-06-01 … 2025-06-18" in coming and "traffic = 1.60" in coming


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([AGAIN], "festival lies after the data, and no event of that name within them"),
        ([FESTIVAL, Event(name="festival", start=date(2024, 2, 1), end=date(2024, 2, 3))], "given twice within the data"),
        ([Event(name="old", start=date(2020, 1, 1), end=date(2020, 1, 3))], r"old: no day of the data \(2024-01-01 to 2024-02-29\)"),
        ([FESTIVAL, Event(name="festival", start=date(2024, 9, 1), end=date(2024, 9, 3))], "after the horizon, which ends on 2024-03-31"),
    ],
)
def test_an_event_that_tells_nothing_is_refused(events: list[Event], says: str) -> None:
    with pytest.raises(UserError, match=says):
        parted(shop(), events, 31)


def test_an_event_over_the_end_of_the_data_is_one_within_them() -> None:
    over = Event(name="spring", start=date(2024, 2, 25), end=date(2024, 3, 5))
    assert parted(shop(), [over], 31) == ((over,), {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_returns_and_refunds_tell_depends_on_their_day(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_ROUNDS", (6, 6, 8))
    say = words(language)
    both = shop(returned_orders=20, refund_amount=900.5)

    def said(**definitions: str) -> list[str]:
        table = replace(both, definitions={**both.definitions, **definitions})
        return refunds_say(calibrate(table, draws=64, asked={"constant": "keep"}), say)

    assert said() == [say["shops.refunds_money"], say["shops.refunds_by_success_date"]]
    assert said(refunds="by_application_date")[1] == say["shops.refunds_by_application_date"]
    assert said(returns="by_order_date")[1] == say["shops.returns_by_order_date"]
    assert refunds_say(calibrate(shop(), draws=64), say) == []
    assert refunds_say(calibrate(shop(refund_amount=900.5), draws=64), say) == [say["shops.refunds_money_only"]]

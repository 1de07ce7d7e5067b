"""What is odd is named, with where it is; and handled as the planner says."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from sim.errors import UserError
from sim.shops import checked, handled, read_shop
from sim.shops.findings import Finding, ensure_choices
from sim.shops.regimes import shifted_spells
from sim.shops.table import ShopTable
from sim.shops.tracking import tracking_of
from sim.texts import LANGUAGES, words
from sim.wording.shops import finding_handled, finding_says
from tests.shops.judge import as_csv

GA4 = Path(os.environ.get("WHATIF_SHOP_DATA", Path(__file__).parents[2].parent / "shared/data")) / "ga4_google_merch_daily.csv"
needs_ga4 = pytest.mark.skipif(not GA4.is_file(), reason=f"the public sample {GA4.name} is not beside the checkout")
FIRST = date(2023, 7, 3)


def shop(days: int = 70, **columns: object) -> ShopTable:
    """A quiet shop of 1,000 sessions a day, some columns of it replaced by functions of the day."""
    chance = np.random.default_rng(5)
    usual = {
        "sessions": lambda day: chance.poisson(1000), "orders": lambda day: chance.poisson(40),
        "paid_orders": lambda day: chance.poisson(30),
        "gmv": lambda day: 100.0 * 30 * np.exp(0.05 * chance.normal()),
    }
    usual |= columns
    rows = [",".join(["date", *usual])]
    rows += [",".join([str(FIRST + timedelta(days=day)), *(str(make(day)) for make in usual.values())]) for day in range(days)]
    return read_shop("\n".join(row for row in rows if "skip" not in row).encode())


def of_kind(table: ShopTable, kind: str) -> list[Finding]:
    return [finding for finding in checked(table) if finding.kind == kind]


def test_a_quiet_shop_has_nothing_odd() -> None:
    assert [finding.key for finding in checked(shop(paid_orders=lambda day: 30 + day % 5, orders=lambda day: 40 + day % 7))] == []


def test_gaps_and_doubles() -> None:
    table = shop(sessions=lambda day: "skip" if day == 9 else 1000 + day)
    assert [finding.days for finding in of_kind(table, "gap")] == [(FIRST + timedelta(days=9),)]
    assert not of_kind(table, "tracking_breaks")  # a day without a row is one finding, not one for each column
    text = "date,sessions\n" + "".join(f"2023-07-{day:02d},{1000 + day}\n" for day in range(1, 21))
    assert of_kind(read_shop((text + "2023-07-20,1020\n").encode()), "same_row_twice")[0].rows == (22,)
    double = read_shop((text + "2023-07-20,30\n").encode())
    assert of_kind(double, "day_twice")[0].days == (date(2023, 7, 20),) and double.series("sessions")[-1] == 1050.0


def test_counts_that_cannot_be_parts_of_each_other() -> None:
    found = of_kind(shop(paid_orders=lambda day: 50 if day in (3, 4) else 30), "counts_differ")
    assert [finding.key for finding in found] == ["counts_differ:paid_orders"]
    assert {FIRST + timedelta(days=3), FIRST + timedelta(days=4)} <= set(found[0].days)


def test_a_column_counted_from_the_middle_on_after_a_trial() -> None:
    # as in Google's shop: nothing for 15 days, five days of trial, nothing for 5, a half day, then truly
    y = np.array([0.0] * 15 + [35, 247, 207, 39, 30] + [0] * 4 + [60] + [300.0] * 40)
    found = {kind: np.flatnonzero(on) for kind, on in tracking_of(y, np.full(len(y), 1000.0), money=False)}
    assert set(found) == {"tracking_trial", "tracking_starts"}
    assert found["tracking_trial"].tolist() == [15, 16, 17, 18, 19]
    assert found["tracking_starts"].tolist() == [*range(15), 20, 21, 22, 23, 24]


def test_a_column_that_stops_or_breaks() -> None:
    y = np.array([300.0] * 30 + [0.0] * 6 + [300.0] * 30)
    assert [(kind, np.flatnonzero(on).tolist()) for kind, on in tracking_of(y, np.full(66, 1000.0), money=False)] == [
        ("tracking_breaks", [30, 31, 32, 33, 34, 35])
    ]
    y = np.array([300.0] * 40 + [np.nan] * 6)
    assert [(kind, np.flatnonzero(on).tolist()) for kind, on in tracking_of(y, np.full(46, 1000.0), money=False)] == [
        ("tracking_stops", [40, 41, 42, 43, 44, 45])
    ]


def test_small_counts_are_no_broken_tracking() -> None:
    y = np.random.default_rng(1).poisson(1.0, 60).astype(float)  # a third of the days have none
    assert not list(tracking_of(y, np.full(60, 200.0), money=False))


def test_unfinished_last_day_giant_order_and_closed_days() -> None:
    assert of_kind(shop(sessions=lambda day: 300 if day == 69 else 1000 + day), "unfinished")[0].days == (FIRST + timedelta(days=69),)
    giant = of_kind(shop(gmv=lambda day: 90_000 if day == 20 else 3000 + day % 3), "giant_order")
    assert [finding.days for finding in giant] == [(FIRST + timedelta(days=20),)] and giant[0].data["extra"] > 80_000
    resting = dict.fromkeys(("sessions", "orders", "paid_orders", "gmv"), lambda day: 0 if day % 7 == 6 else 500)
    closed = of_kind(shop(**resting), "closed_days")
    assert closed[0].data["weekdays"] == [6] and len(closed[0].days) == 10


def test_a_constant_column_tells_nothing() -> None:
    table = shop(add_to_carts=lambda day: 100, ad_spend=lambda day: 500)
    assert [found.key for found in of_kind(table, "constant")] == ["constant:add_to_carts", "constant:ad_spend"]
    left = handled(table, checked(table))[0].frame
    assert "add_to_carts" not in left and "ad_spend" in left  # a budget may well be the same every day


def test_weeks_on_another_level() -> None:
    values = np.exp(0.05 * np.random.default_rng(3).standard_normal(120))
    values[40:70] *= 0.4
    ((first, last, factor),) = shifted_spells(values, np.arange(120) % 7)
    assert abs(first - 40) <= 1 and abs(last - 69) <= 1 and factor == pytest.approx(0.4, abs=0.05)


def test_what_the_planner_says_is_done() -> None:
    table = shop(sessions=lambda day: 300 if day == 69 else 1000 + day)
    findings = checked(table)
    assert np.isnan(handled(table, findings)[0].series("sessions")[-1])
    assert handled(table, findings, {"unfinished": "keep"})[0].series("sessions")[-1] == 300.0
    with pytest.raises(UserError, match=r"there is no finding unfinshed .* Did you mean"):
        ensure_choices(findings, {"unfinshed": "keep"})
    with pytest.raises(UserError, match="it may be keep, drop_days"):
        ensure_choices(findings, {"unfinished": "drop_column"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_its_sentence(language: str) -> None:
    say = words(language)
    tables = [
        shop(sessions=lambda day: "skip" if day == 9 else 300 if day == 69 else 1000 + day, shipped_24h_rate=lambda day: 1.0,
             gmv=lambda day: 90_000 if day == 20 else 3000 + day % 3, paid_orders=lambda day: 50 if day in (3, 4) else 30),
        shop(**{name: (lambda day: 0 if day % 7 == 6 else 500) for name in ("sessions", "orders", "paid_orders", "gmv")}),
        read_shop(("date,sessions\n" + "".join(f"2023-07-{day:02d},{1000 + day}\n" for day in [*range(1, 21), 20]) + "合计,5\n").encode()),
    ]
    for table in tables:
        for finding in checked(table):
            said = finding_handled(finding, finding.default, say)
            assert "{" not in said and len(said) > 10


@needs_ga4
def test_google_s_shop_has_the_findings_that_it_is_known_for() -> None:
    found = {finding.key: finding for finding in checked(read_shop(GA4))}
    trial, starts = found["tracking_trial:add_to_carts"], found["tracking_starts:add_to_carts"]
    assert (trial.days[0], trial.days[-1]) == (date(2020, 11, 16), date(2020, 11, 20))
    assert starts.days[-1] == date(2020, 11, 25) and starts.data["since"] == "2020-11-26"
    assert found["counts_differ:paid_orders"].data["count"] == 38
    assert found["tracking_starts:gmv"].days[-1] == date(2020, 11, 10) and found["tracking_stops:gmv"].days[0] == date(2021, 1, 26)
    collapses = [finding for finding in checked(read_shop(GA4)) if finding.kind == "level_shift" and finding.data["factor"] < 1.0]
    assert any(abs((f.days[0] - date(2020, 12, 19)).days) <= 2 and abs((f.days[-1] - date(2021, 1, 18)).days) <= 2 for f in collapses)


def test_viewers_that_were_not_counted_are_no_closed_days() -> None:
    """A broken counter: sessions at nothing for a week while orders go on."""
    first = np.datetime64("2023-07-01")
    text = "date,sessions,orders\n" + "".join(
        f"{first + k},{3 if 20 <= k < 23 else 0 if 23 <= k < 27 else 2000 + 13 * (k % 6)},{60 + k % 5}\n" for k in range(60)
    )
    found = {item.key: item for item in checked(read_shop(text.encode()))}
    assert [str(day) for day in found["tracking_breaks:sessions"].days] == [str(first + k) for k in range(20, 27)]
    assert found["tracking_breaks:sessions"].default == "drop_days"
    assert "closed_days" not in found


def test_weekdays_without_any_row_are_named_as_perhaps_closed() -> None:
    days = [np.datetime64("2024-01-01") + k for k in range(42) if k % 7 != 6 and k != 9]  # a Monday first: no Sunday, and one day
    rows = [{"date": str(day), "sessions": 500 + k % 9, "orders": 30 + k % 5} for k, day in enumerate(days)]
    found = {item.kind: item for item in checked(read_shop(as_csv(rows)))}
    assert found["weekday_missing"].data["weekdays"] == [6] and len(found["weekday_missing"].days) == 5  # five Sundays between the ends
    assert [str(day) for day in found["gap"].days] == ["2024-01-10"]
    assert "周日" in finding_says(found["weekday_missing"], words("zh"))

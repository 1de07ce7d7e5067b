"""A shop's numbers become a scenario: what they tell is returned by the model, what they cannot tell is listed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import UserError
from sim.parameters import CATEGORIES, registry
from sim.shops import Calibration, calibrate, read_shop, sample_rows, write_calibrated, write_sample
from sim.shops.calendars import Event
from tests.shops.generated import generated_shop
from tests.shops.judge import as_csv


@pytest.fixture(scope="module")
def sample() -> Calibration:
    rows = [{key: "" if value is None else value for key, value in row.items()} for row in sample_rows()][:200]
    events = (Event(name="618", start=date(2023, 6, 10), end=date(2023, 6, 18)),)
    return calibrate(read_shop(as_csv(rows)), draws=1024, events=events)


def test_the_sample_shop_gives_back_what_it_was_made_from(sample: Calibration) -> None:
    """See samples.py: 0.034 orders a session, 0.80 paid, 0.42 returned, 138 CNY, 0.79 shipped in 24 h."""
    told = {item["what"]: item for item in sample.estimates}
    for what, truth in (("click", 0.41), ("order", 0.034), ("pay", 0.80), ("returns", 0.42)):
        assert told[what]["p10"] * 0.9 <= truth <= told[what]["p90"] * 1.1, what
    assert told["order_value"]["p50"] == pytest.approx(139.0, rel=0.05)
    assert sample.baseline["fulfilment.shipped_24h_share"] == pytest.approx(0.79, abs=0.01)
    assert sample.baseline["money.merchants"] == 1.0
    weekday = sample.profile["weekday"]
    assert np.mean(weekday) == pytest.approx(1.0, abs=1e-3) and weekday[5] == max(weekday)
    (uplift,) = sample.uplifts
    assert uplift["p10"] < 1.65 and uplift["p90"] > 1.45


def test_columns_are_the_registry_s_and_stay_in_bounds(sample: Calibration) -> None:
    book = registry()
    for name, values in sample.posterior.items():
        assert values.shape == (1024,) and np.isfinite(values).all()
        if not name.startswith("profile."):
            assert book[name].bounds[0] <= values.min() and values.max() <= book[name].bounds[1]
    assert not set(sample.told) & set(sample.untold) and "money.margin" in sample.untold
    assert "closure.view_to_order" in sample.told and "service.enquiry_conversion" in sample.assumed


def test_the_written_shop_projects_its_own_numbers(sample: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "my_shop.toml"
    write_calibrated(sample, path)
    assert (tmp_path / "my_shop.parquet").is_file()
    shop = sim.load(path)
    assert shop.start == date(2023, 7, 21) and shop.days == 92  # the 200th day is 2023-07-20
    found = sim.run(shop, draws=256, seed=1).to_json()["kpis"]
    told = {item["what"]: item for item in sample.estimates}
    assert found["aov"]["mean"] == pytest.approx(told["order_value"]["p50"], rel=0.05)
    assert found["conversion"]["mean"] == pytest.approx(told["order"]["p50"], rel=0.08)
    assert found["gmv"]["mean"] / 92 == pytest.approx(told["gmv"]["p50"], rel=0.25)  # growth and drift come on top
    with pytest.raises(UserError, match="exists already"):
        write_calibrated(sample, path)


def test_few_data_give_a_scenario_with_wide_intervals() -> None:
    _, rows = generated_shop(3, days=28, sessions=260)
    found = calibrate(read_shop(as_csv(rows)), draws=512)
    low, high = np.quantile(found.posterior["closure.view_to_order"], [0.1, 0.9])
    assert high / low > 1.2
    assert sim.run(found.scenario(), draws=256).to_json()["kpis"]["gmv"]["p90"] > 0.0


def test_a_shop_that_pays_better_than_the_benchmark_still_closes() -> None:
    days = np.datetime64("2024-01-01") + np.arange(40)
    chance = np.random.default_rng(1)
    rows = [
        {"date": str(day), "sessions": 900 + int(chance.poisson(100)), "orders": 300 + k % 5, "paid_orders": 297 + k % 5, "gmv": 30_000 + k}
        for k, day in enumerate(days)
    ]
    found = calibrate(read_shop(as_csv(rows)), draws=512)
    assert sim.run(found.scenario(), draws=256).to_json()["kpis"]["conversion"]["mean"] == pytest.approx(0.3, abs=0.03)


def test_money_alone_is_a_shop_too() -> None:
    days = np.datetime64("2024-01-01") + np.arange(40)
    rows = [{"日期": str(day), "成交金额": 10_000 + 500 * (k % 7)} for k, day in enumerate(days)]
    found = calibrate(read_shop(as_csv(rows)), draws=512)
    assert "closure.gmv_quarter" in found.told and "closure.view_to_order" in found.untold
    kpis = sim.run(found.scenario(), draws=256).to_json()["kpis"]
    assert kpis["gmv"]["mean"] / 92 == pytest.approx(11_500, rel=0.1)


def test_categories_and_channels_set_their_shares() -> None:
    rows = []
    for day in np.datetime64("2024-01-01") + np.arange(30):
        digit = int(str(day)[-1])
        for k, (channel, category) in enumerate((("店播", "服饰"), ("千川", "美妆"))):
            money, spend = (3000 - 2000 * k) * (1 + digit / 100), 250 * (1 + digit / 100)
            rows.append({
                "日期": str(day), "渠道": channel, "类目": category, "访客数": 600 - 200 * k + digit, "下单订单数": 40 + digit % 4,
                "支付订单数": 30 + digit % 3, "支付金额": money, "广告消耗": spend,
            })
    found = calibrate(read_shop(as_csv(rows)), draws=512)
    assert found.posterior["closure.apparel_gmv_share"][0] == pytest.approx(0.75)  # 3000 of 4000
    assert found.baseline["traffic.viewers_store_live"] == pytest.approx(0.6, abs=0.01)
    assert found.baseline["money.paid_roi"] == pytest.approx(2.0)  # 0.25 of 4000 over 500
    assert set(found.posterior) >= {f"closure.value_{name}" for name in CATEGORIES}
    sim.run(found.scenario(), draws=256)


def test_a_table_without_a_funnel_is_refused() -> None:
    text = "date,ad_spend\n" + "".join(f"2024-01-{day:02d},{100 + day}\n" for day in range(1, 29))
    with pytest.raises(UserError, match="nothing can be fitted"):
        calibrate(read_shop(text.encode()))


def test_the_sample_file_is_the_same_every_time(tmp_path: Path) -> None:
    write_sample(tmp_path / "a.csv")
    write_sample(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    write_sample(tmp_path / "zh.csv", language="zh")
    one, two = read_shop(tmp_path / "a.csv"), read_shop(tmp_path / "zh.csv")
    assert one.frame.equals(two.frame) and one.ignored == two.ignored == ()
    with pytest.raises(UserError, match="exists already"):
        write_sample(tmp_path / "a.csv")


def test_a_file_that_never_changes_is_refused_as_such() -> None:
    text = "date,sessions,orders\n" + "".join(f"2024-01-{day:02d},100,10\n" for day in range(1, 31))
    with pytest.raises(UserError, match="sessions, orders never changes and was left out"):
        calibrate(read_shop(text.encode()))

"""Charts of a shop's own numbers are valid Vega-Lite and keep the house's rules."""

from __future__ import annotations

import pytest

from sim import charts
from sim.charts import shops as charts_shops
from tests.test_charts import LOOKS, drawn, rows_of


def day(date: str, seen: float | None, *, ahead: bool = False, aside: bool = False) -> dict[str, object]:
    return {"date": date, "seen": seen, "p10": 0.1, "p50": 0.2, "p90": 0.4, "ahead": ahead, "aside": aside}


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_dots_lie_over_the_band_and_what_is_projected_is_told_apart(language: str, colours: charts.Palette) -> None:
    rows = [day("2024-01-01", 0.25), day("2024-01-02", None), day("2024-01-03", 0.9, aside=True), day("2024-01-04", None, ahead=True)]
    spec = drawn(charts_shops.over_data(rows, unit="share", title="rate", language=language, colours=colours))
    assert [round(row["seen"]) for row in rows_of(spec, "seen")] == [25, 90]  # in per cent, only what was counted
    assert [row["part"] for row in rows_of(spec, "part")] == ["fit", "fit", "fit", "ahead"]
    title = spec["layer"][1]["encoding"]["y"]["title"]
    assert "%" in title and "rate" in title


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_weekdays_stand_in_their_order_around_one(language: str, colours: charts.Palette) -> None:
    names = [f"d{k}" for k in range(7)]
    rows = [{"p10": 0.9 + 0.02 * k, "p50": 0.95 + 0.02 * k, "p90": 1.0 + 0.02 * k} for k in range(7)]
    spec = drawn(charts_shops.weekdays(rows, names=names, title="factor", colours=colours))
    assert spec["layer"][1]["encoding"]["x"]["sort"] == names
    low, high = spec["layer"][2]["encoding"]["y"]["scale"]["domain"]
    assert low < 0.9 and high > 1.12


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_worse_than_a_rule_is_told_by_shape_too(language: str, colours: charts.Palette) -> None:
    rows = [{"name": "a", "ratio": 0.57, "rule": "drift"}, {"name": "b", "ratio": 1.1, "rule": "binomial"}]
    spec = drawn(charts_shops.against_rules(rows, title="ratio", language=language, colours=colours))
    assert {row["name"]: row["worse"] for row in rows_of(spec, "worse")} == {"a": False, "b": True}
    assert spec["layer"][2]["encoding"]["shape"]["condition"]["value"] == "diamond"

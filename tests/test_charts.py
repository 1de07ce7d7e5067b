"""Charts are valid Vega-Lite, say what they were given, and keep the house's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim import charts, planning
from sim.engine import run
from sim.outcome import Outcome
from sim.scenario import Scenario
from sim.texts import LANGUAGES, words

LOOKS = [(language, colours) for language in LANGUAGES for colours in (charts.LIGHT, charts.DARK)]


@pytest.fixture(scope="module")
def base() -> Outcome:
    return run(Scenario(name="baseline", days=40), draws=16)


@pytest.fixture(scope="module")
def plan() -> Outcome:
    return run(Scenario(name="plan", days=40).with_levers({"payment.redirects": 2, "detail_page.fold_depth": 1}), draws=16)


def drawn(chart: Any) -> dict[str, Any]:
    spec = chart.to_dict(validate=True)
    assert "NaN" not in json.dumps(spec)
    return spec


def rows_of(spec: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The inline rows that hold a field."""
    found: list[dict[str, Any]] = []

    for values in spec["datasets"].values():
        if values and field in values[0]:
            found.extend(values)
    return found


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_leaks_are_ranked_with_the_dearest_first(base: Outcome, plan: Outcome, language: str, colours: charts.Palette) -> None:
    leaks = plan.leak_rows()
    rows = rows_of(drawn(charts.leak_bars(leaks, base.leak_rows(), mends={"redirects": "x"}, language=language, colours=colours)), "mean")
    seen = list({row["name"]: row for row in rows}.values())
    assert len(seen) == sum(row["mendable"] for row in leaks)
    assert [row["mean"] for row in seen] == sorted((row["mean"] for row in seen), reverse=True)
    assert all(row["p10"] <= row["p90"] for row in seen)
    mended = next(row for row in seen if row["name"] == "redirects")
    assert mended["label"] == words(language)["chart.mended"] and mended["base"] > 0


def test_bars_of_the_funnel_fill_the_whole_stage_and_price_nothing(plan: Outcome) -> None:
    stages = plan.stage_rows()
    rows = rows_of(drawn(charts.funnel_bars(stages, ["redirects"], language="en", colours=charts.LIGHT)), "from")
    for stage in stages:
        name = words("en").named("stage", stage["stage"])
        parts = [row for row in rows if row["stage"] == name]
        assert parts[0]["from"] == 0
        assert parts[-1]["to"] == pytest.approx(1.0)
    assert "CNY" not in json.dumps(rows)


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_fans_hold_both_series_and_an_event(base: Outcome, plan: Outcome, language: str, colours: charts.Palette) -> None:
    series = {"base": planning.fan(base, "net_gmv"), "plan": planning.fan(plan, "net_gmv")}
    events = [{"name": "年货节", "from": "2024-01-10", "to": "2024-01-20"}]
    chart = charts.fans(series, unit="CNY", title="x", language=language, colours=colours, events=events)
    rows = rows_of(drawn(chart), "p50")
    assert {row["series"] for row in rows} == {"base", "plan"}
    assert all(row["p10"] <= row["p25"] <= row["p50"] <= row["p75"] <= row["p90"] for row in rows)
    assert rows_of(chart.to_dict(), "from")[0]["name"] == "年货节"


def test_a_fan_of_differences_to_itself_is_flat(base: Outcome) -> None:
    bands = planning.fan(base, "net_gmv", against=base)
    assert {row[band] for row in bands for band in planning.FAN} == {0.0}
    drawn(charts.fans({"d": bands}, unit="CNY", title="", language="en", colours=charts.LIGHT, zero_line=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_return_cells_add_up_to_the_rate(base: Outcome, language: str) -> None:
    cells = planning.return_cells(base)
    whole = sum(row["share"] for row in cells if row["category"] == "all")
    rate = next(row["mean"] for row in base.kpi_rows() if row["kpi"] == "return_rate")
    assert whole == pytest.approx(rate, rel=1e-9)
    drawn(charts.return_grid(cells, language=language, colours=charts.DARK))


def test_deltas_point_the_right_way() -> None:
    rows = [{"plan": "a", "mean": 2e8, "p10": 1e8, "p90": 3e8, "label": "+0.2", "chance": "99 %", "better": True}]
    spec = drawn(charts.deltas(rows, unit="CNY", language="en", colours=charts.LIGHT))
    assert rows_of(spec, "mean")[0]["colour"] == charts.LIGHT.gain


def test_both_palettes_can_be_read() -> None:
    """Text on its ground has a contrast of at least 4.5:1; a series at least 3:1."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(a: str, b: str) -> float:
        high, low = sorted((light(a), light(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for colours in (charts.LIGHT, charts.DARK):
        assert contrast(colours.text, colours.ground) >= 4.5
        for series in (colours.base, colours.plan, colours.gain, colours.loss):
            assert contrast(series, colours.ground) >= 3.0
    assert charts.palette(None) is charts.LIGHT and charts.palette("dark") is charts.DARK

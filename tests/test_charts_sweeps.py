"""Charts of a sweep are valid Vega-Lite and keep the house's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim import charts
from sim.charts import sweeps as charts_sweeps
from sim.charts.sweeps import DARK_INK, PALE_INK, STAR, Heads
from tests.test_charts import LOOKS, drawn, rows_of

HEADS = Heads(
    x="腰部达人（A+B级）流量占比（%）", y="人工客服坐席（每组）", value="净 GMV|亿元", figure="净 GMV（亿元）", interval="80 % 区间"
)


def row(x: float, y: float, value: float, **more: Any) -> dict[str, Any]:
    texts = {"x_text": f"{x:g}", "y_text": f"{y:g}", "text": f"{value:g}", "tip": "[1–2]", "count": 1, "best": False, "base": False}
    return {"x": x, "y": y, "value": value, "p10": value - 1, "p90": value + 1, **texts, **more}


def grid(columns: int = 3, lines: int = 2) -> list[dict[str, Any]]:
    rows = [row(10 * x, y, x + y) for x in range(columns) for y in range(lines)]
    rows[-1]["best"] = True
    rows[0]["base"] = True
    return rows


def layer_with(spec: dict[str, Any], channel: str) -> dict[str, Any]:
    return next(layer["encoding"] for layer in spec["layer"] if channel in layer["encoding"])


@pytest.mark.parametrize(("language", "colours"), LOOKS)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_heat_map_has_its_places_in_order_and_its_bright_end_is_the_better(
    language: str, colours: charts.Palette, direction: int
) -> None:
    spec = drawn(charts_sweeps.heat_map(grid(), heads=HEADS, direction=direction, colours=colours))
    encoding = layer_with(spec, "color")
    assert encoding["x"]["sort"] == ["0", "10", "20"] and encoding["y"]["sort"] == ["1", "0"]
    assert encoding["color"]["scale"]["scheme"] == "viridis" and encoding["color"]["scale"].get("reverse", False) == (direction < 0)
    assert encoding["x"]["title"] == HEADS.x and encoding["x"]["axis"]["titleLimit"] == 0
    assert encoding["y"]["axis"]["titleAngle"] == 0 and encoding["y"]["axis"]["titleLimit"] == 0
    rows = {row["text"] + row["x_text"]: row for row in rows_of(spec, "mark")}
    assert rows["320"]["mark"] == f"{STAR} 3"
    assert rows["320"]["ink"] == (DARK_INK if direction > 0 else PALE_INK)
    assert rows["00"]["ink"] == (PALE_INK if direction > 0 else DARK_INK)


def test_large_maps_carry_no_figures_but_the_star() -> None:
    spec = drawn(charts_sweeps.heat_map(grid(40, 40), heads=HEADS, direction=1, colours=charts.LIGHT))
    marks = {row["mark"] for row in rows_of(spec, "mark")}
    assert marks == {"", STAR}
    assert spec["height"] <= 640


def test_a_map_of_one_value_is_drawn() -> None:
    rows = [row(1, 1, 5.0, best=True), row(2, 1, 5.0)]
    spec = drawn(charts_sweeps.heat_map(rows, heads=HEADS, direction=1, colours=charts.DARK))
    assert layer_with(spec, "color")["color"]["legend"] is None


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_dots_and_bins(language: str, colours: charts.Palette) -> None:
    spec = drawn(charts_sweeps.dot_map(grid(), heads=HEADS, direction=-1, colours=colours))
    assert layer_with(spec, "color")["color"]["scale"]["reverse"] is True
    assert "tickMinStep" in json.dumps(layer_with(spec, "color")["x"])
    binned = drawn(charts_sweeps.dot_map(grid(), heads=HEADS, direction=1, colours=colours, bins=3))
    rows = rows_of(binned, "x0")
    assert (rows[0]["x0"], rows[0]["x1"]) == (-5, 5)


@pytest.mark.parametrize("colours", [charts.LIGHT, charts.DARK])
def test_a_line_has_its_band_and_the_base(colours: charts.Palette) -> None:
    heads = Heads(x="seats", y="", value="Net GMV, CNY bn", figure="Net GMV, CNY bn", interval="80 % interval")
    rows = [row(x, 0, x / 2, best=x == 4, base=x == 2) for x in range(5)]
    spec = drawn(charts_sweeps.lever_line(rows, heads=heads, colours=colours))
    kinds = [layer["mark"]["type"] for layer in spec["layer"]]
    assert kinds == ["area", "line", "rule", "text"]
    assert layer_with(spec, "y2")["y2"]["field"] == "p90"

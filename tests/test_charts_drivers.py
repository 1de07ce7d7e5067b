"""Charts of drivers and of worlds are valid Vega-Lite and keep the house's rules."""

from __future__ import annotations

from typing import Any

import pytest

from sim import charts
from sim.charts import drivers as charts_drivers
from sim.charts.drivers import ShareHeads, TornadoHeads, WorldHeads
from tests.test_charts import LOOKS, drawn, rows_of

TORNADO = TornadoHeads(axis="较中心值的变化（亿元）", name="假设", value="取值", figure="净 GMV")
SHARES = ShareHeads(axis="share of the variance, %", name="Assumption", first="alone", total="in all")
WORLDS = WorldHeads(x="服饰退货率（%）", y="服饰客单价（元）", met="达标", missed="未达标")


def bar(name: str, change: float) -> dict[str, Any]:
    return {"name": name, "change": change, "text": "62 %", "figure": "1", "better": change > 0, "side": 1.0 if change > 0 else -1.0}


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_a_tornado_stands_on_the_central_value(language: str, colours: charts.Palette) -> None:
    rows = [bar("Return rate|assumption", -3.0), bar("Return rate|assumption", 2.0), bar("Load|study", -1.0), bar("Load|study", 1.0)]
    spec = drawn(charts_drivers.tornado(rows, heads=TORNADO, colours=colours))
    bars = spec["layer"][0]["encoding"]
    assert bars["x2"] == {"datum": 0} and bars["x"]["title"] == TORNADO.axis
    assert bars["y"]["sort"] == ["Return rate|assumption", "Load|study"] and bars["y"]["axis"]["labelOverlap"] is False
    low, high = bars["x"]["scale"]["domain"]
    assert low < -3.0 and high > 2.0  # room for the labels
    hues = {row["change"] > 0: row["colour"] for row in rows_of(spec, "change")}
    assert hues == {True: colours.gain, False: colours.loss}


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_shares_begin_at_zero_and_never_leave_it(language: str, colours: charts.Palette) -> None:
    row = {"name": "x|study", "first": -0.02, "total": 0.4, "low": 0.3, "high": 0.5, "text": "40 % [30–50]", "first_text": "0 %"}
    spec = drawn(charts_drivers.shares([row], heads=SHARES, colours=colours))
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == 0
    (shown,) = rows_of(spec, "total")
    assert (shown["first"], shown["total"], shown["end"]) == (0.0, 40.0, 50.0)


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_worlds_differ_by_shape_and_by_hue(language: str, colours: charts.Palette) -> None:
    rows = [{"x": 30.0, "y": 80.0, "missed": False}, {"x": 60.0, "y": 200.0, "missed": True}]
    box = {"x_low": 50.0, "x_high": 60.0, "y_low": 80.0, "y_high": 150.0}
    spec = drawn(charts_drivers.worlds(rows, box=box, heads=WORLDS, colours=colours))
    dots = spec["layer"][1]["encoding"]
    assert dots["shape"]["scale"]["range"] == ["circle", "triangle-up"] and dots["color"]["scale"]["domain"] == ["达标", "未达标"]
    assert rows_of(spec, "x_low") == [box]

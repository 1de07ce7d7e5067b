"""The waterfall is valid Vega-Lite, adds up, and keeps the house's rules."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sim import charts
from sim.charts.attribution import UNSURE, waterfall
from sim.texts import words
from tests.test_charts import LOOKS, drawn, rows_of

LONG = "腰部达人（A+B级）流量占比"
ROWS = [
    {"label": "Redirects to pay", "tip": "Redirects to pay", "mean": 5.0e9, "p10": 3.0e9, "p90": 7.0e9},
    {"label": LONG, "tip": LONG, "mean": -2.0e9, "p10": -3.0e9, "p90": -1.0e9},
    {"label": "3 others", "tip": "a, b, c", "mean": 0.5e9, "p10": -0.5e9, "p90": 1.5e9},
]
WHOLE = {"mean": 3.5e9, "p10": 2.0e9, "p90": 5.0e9}


def steps_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return list({row["label"]: row for row in rows_of(spec, "from")}.values())


@pytest.mark.parametrize(("language", "colours"), LOOKS)
def test_every_step_stands_on_the_one_before_and_the_last_is_the_sum(language: str, colours: charts.Palette) -> None:
    rows = steps_of(drawn(waterfall(ROWS, WHOLE, unit="CNY", direction=1, language=language, colours=colours)))
    size = 1e8 if language == "zh" else 1e9
    assert [row["label"] for row in rows] == ["Redirects to pay", LONG, "3 others", words(language)["attribution.all"]]
    assert rows[0]["from"] == 0.0
    for before, after in pairwise(rows[:-1]):
        assert after["from"] == before["to"]
    assert rows[-1]["from"] == 0.0 and rows[-1]["to"] == rows[-2]["to"] == pytest.approx(3.5e9 / size)
    assert [row["colour"] for row in rows] == [colours.gain, colours.loss, colours.gain, colours.plan]
    assert [row["ink"] for row in rows] == [1.0, 1.0, UNSURE, 1.0]  # pale where gain or loss is open
    assert (rows[1]["p10"], rows[1]["p90"]) == pytest.approx((2.0e9 / size, 4.0e9 / size))  # the interval stands where the step begins
    assert rows[1]["end"] == pytest.approx(5.0e9 / size)
    assert rows[0]["text"].startswith("+5") or rows[0]["text"].startswith("+50")
    assert rows[2]["full"] == "a, b, c"


def test_a_lower_return_rate_is_a_gain() -> None:
    bands = {"mean": -0.012, "p10": -0.02, "p90": -0.01}
    rows = [{"label": "x", "tip": "", **bands}]
    spec = drawn(waterfall(rows, bands, unit="share", direction=-1, language="en", colours=charts.LIGHT))
    step = steps_of(spec)[0]
    assert step["colour"] == charts.LIGHT.gain and step["text"] == "−1.20 [−2.00 … −1.00] pp" and step["to"] == pytest.approx(-1.2)


def test_labels_are_not_cut_and_nothing_is_drawn_without_a_change() -> None:
    spec = drawn(waterfall(ROWS, WHOLE, unit="CNY", direction=1, language="zh", colours=charts.DARK))
    axes = [layer["encoding"]["y"]["axis"] for layer in spec["layer"] if "y" in layer["encoding"]]
    assert all(axis["labelLimit"] >= 300 for axis in axes)
    none = {"mean": 0.0, "p10": 0.0, "p90": 0.0}
    rows = [{"label": "x", "tip": "", **none}]
    assert steps_of(drawn(waterfall(rows, none, unit="CNY", direction=1, language="en", colours=charts.LIGHT)))

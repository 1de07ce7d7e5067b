"""Layers put together at little cost are drawn as Altair's own."""

from __future__ import annotations

from typing import Any

import altair as alt
import pytest
from pandas import DataFrame

from sim.charts.layers import layered
from tests.test_charts import drawn

ROWS, OTHER = DataFrame([{"x": 1.0, "y": 2.0}]), DataFrame([{"zero": 0.0}])


def layers(*, own: bool) -> list[alt.Chart]:
    """A line and dots that can be clicked over the same rows, and with `own` a rule over rows of its own."""
    base = alt.Chart(ROWS).encode(x=alt.X("x:Q"), y=alt.Y("y:Q"))
    dots = base.mark_point().add_params(alt.selection_point(name="picked", fields=["x"], on="click", empty=False))
    rule = alt.Chart(OTHER).mark_rule().encode(y=alt.Y("zero:Q"))
    return [base.mark_line(), dots, *([rule] if own else [])]


def told(spec: dict[str, Any]) -> dict[str, Any]:
    """The same whatever the views are called and wherever the rows stand that a layer is drawn from."""
    names = {layer["name"]: f"view {place}" for place, layer in enumerate(spec["layer"]) if "name" in layer}
    seen = [{**layer, "data": layer.get("data", spec.get("data"))} for layer in spec["layer"]]
    seen = [{**layer, "name": names[layer["name"]]} if "name" in layer else layer for layer in seen]
    params = [{**param, "views": [names[view] for view in param["views"]]} for param in spec["params"]]
    return {**spec, "layer": seen, "params": params, "data": None}


@pytest.mark.parametrize("own", [False, True])
def test_it_says_what_altair_says(own: bool) -> None:
    resolved = alt.layer(*layers(own=own)).resolve_scale(color="independent").properties(height=77)
    spec = drawn(layered(*layers(own=own), resolve={"scale": {"color": "independent"}}, height=77))
    assert told(spec) == told(resolved.to_dict())
    assert spec["params"][0]["views"] == [spec["layer"][1]["name"]] and "params" not in spec["layer"][1]


def test_rows_that_layers_share_are_held_once_and_layers_stay_as_they_were() -> None:
    parts = layers(own=True)
    spec = drawn(layered(*parts))
    assert [("data" in layer) for layer in spec["layer"]] == [False, False, True] and len(spec["datasets"]) == 2
    assert parts[0].data is ROWS and parts[1].params is not alt.Undefined
    assert drawn(layered(*parts)) == spec


def test_it_can_still_be_sized_and_configured() -> None:
    chart = layered(*layers(own=False), height=77)
    spec = drawn(chart.properties(width=300).configure_view(stroke=None))
    assert (spec["width"], spec["height"], spec["config"]["view"]["stroke"]) == (300, 77, None)
    assert "width" not in drawn(chart)


def test_a_layer_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="its own rows"):
        layered(*layers(own=False), alt.Chart().mark_rule().encode(y=alt.YDatum(0)))

"""Layers over one another, put together at little cost: a page draws six of these charts at every move of a slider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import altair as alt
from altair.utils import schemapi


class Layers(alt.LayerChart):
    """A layered chart whose layers need no putting in order any more.

    Altair's own copies all its layers in depth several times and hashes their frames, when it is made, at every property that is set and
    when it is written out: half of the time of drawing. `layered` does the same once, without copies.
    """

    def __init__(self, data: Any = alt.Undefined, layer: Sequence[alt.Chart] = (), **more: Any) -> None:
        super(alt.LayerChart, self).__init__(data=data, layer=list(layer), **more)


def layered(*layers: alt.Chart, **properties: Any) -> alt.LayerChart:
    """What `alt.layer(*layers).properties(**properties)` draws; `to_dict` checks it, nothing before.

    The frame that most layers share becomes the whole chart's, the layers' selections its parameters, as Vega-Lite asks for. Every layer
    has a frame (else ValueError): one without would be given the others' rows. The layers themselves stay as they are.
    """
    frames = [layer.data for layer in layers]
    if any(frame is alt.Undefined for frame in frames):
        raise ValueError("every layer of a chart needs its own rows")
    often = Counter(map(id, frames)).most_common(1)[0][0]
    shared = next(frame for frame in frames if id(frame) == often)
    parameters, ready = [], []
    for place, layer in enumerate(layers):
        own = layer.copy(deep=False)
        if layer.data is shared:
            own.data = alt.Undefined
        if layer.params is not alt.Undefined:
            own.name, own.params = f"view_{place}", alt.Undefined
            parameters += [
                alt.TopLevelSelectionParameter(**param.to_dict(validate=False), views=[own.name]) for param in layer.params
            ]
        ready.append(own)
    return Layers(data=shared, layer=ready, params=parameters or alt.Undefined, **properties)


def trusting() -> None:
    """From now on this process does not check axes, scales and marks when they are made; `to_dict` still checks the whole chart.

    For an app that draws what the tests have checked. It holds for all threads: Altair knows no other way.
    """
    schemapi.disable_debug_mode()

"""The path against which a shop with a calendar of its own remembers: what its days are like without levers, events and noise.

On a busy day more shoppers wait and more are served, every week anew. So the score and the buyers served are measured against
those of the same day in the same lane under the same profile; without a profile both stand still, as the closure has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.model.closure import Closure
from sim.model.world import Array, Calendar, World


@dataclass(frozen=True, kw_only=True)
class Reference:
    """`score` on the morning of each day; `served` on it, against the closure's. [day, lane] each"""

    score: Array
    served: Array


def reference_path(world: World, closure: Closure, project: Callable[..., Any]) -> Reference:
    """Run the lanes by themselves, with a memory that nobody feels. `project` is the funnel's."""
    still = replace(
        world, moves={}, parcel_levers={}, calendar=Calendar.plain(world.days), shocks=None,
        values={**world.values, "memory.score_gain": 0.0, "memory.repeat_share": 0.0},
    )
    flows, shape = closure.flows, (world.days, world.lanes)
    nobody = Reference(score=np.broadcast_to(closure.score, shape), served=np.ones(shape))
    daily = project(still, closure, reference=nobody, headlines=True, daily_lanes=world.lanes).daily
    return Reference(
        score=daily["score"].copy(), served=(daily["shipped"] - daily["returned"]) / (flows["shipped"] - flows["returned"])
    )

"""Memory: what today's service and returns do to tomorrow's traffic.

The store score moves a fourteenth of the way to what shoppers live through today, and buyers who were served come back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.world import Number, World


@dataclass(frozen=True, kw_only=True)
class Experience:
    """How the store score (0-5) that a day's experience alone would earn follows from it. [lane] each"""

    best: Number  # where nothing ships in time, but for that
    described: Number
    answered: Number
    shipped: Number

    def score(self, *, description_rate: Number, abandoned: Number, shipped_24h: Number) -> Number:
        return self.deserved(shipped_24h) - self.described * description_rate - self.answered * abandoned

    def deserved(self, shipped_24h: Number) -> Number:
        """The score if nothing was described wrongly and nobody gave up waiting."""
        return self.best + self.shipped * shipped_24h


def experience(world: World, *, recovery: Number, bot: Number) -> Experience:
    """Description, service and shipping, as the score weighs them (F085, F086): 1 + 4 x their weighted mean.

    Recovering bad reviews takes a part off what wrong descriptions cost the score; the goods come back all the same.
    """
    described, answered, shipped = (4.0 * world[f"memory.score_weight_{part}"] for part in ("description", "service", "shipping"))
    return Experience(
        best=1.0 + described + answered, described=described * (1.0 - world["returns.recovery_effect"] * recovery),
        answered=answered * (1.0 - bot), shipped=shipped,
    )


def score_factor(world: World, gap: Number) -> Number:
    """Earned viewers against the baseline when the score stands `gap` stars above it (R58)."""
    return np.exp(world["memory.score_gain"] * gap)


def served(world: World, *, kept: Number, delivered_late: Number) -> Number:
    """Orders that leave a buyer who comes back: kept ones, less those whom late delivery put off (R56)."""
    return kept * (1.0 - world["memory.late_repeat_loss"] * delivered_late)


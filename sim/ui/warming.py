"""What the first visitor of a server would wait for, done before: modules read, the baseline computed, a chart put together."""

from __future__ import annotations

import logging

LOG = logging.getLogger("sim.ui")


def warm() -> None:
    """Read what the Plan page needs and compute the baseline. It never fails: the page says what is wrong, where there is something."""
    try:
        from sim import charts
        from sim.errors import UserError
        from sim.planning import fan
        from sim.ui import cache, main  # noqa: F401 -- all that the pages share
        from sim.ui.decisions import attribution  # noqa: F401
        from sim.ui.planning import figures, in_words, leaks, over_days  # noqa: F401

        try:
            base = cache.base_of(cache.scenario_at(cache.BASELINE))
        except UserError:
            return
        pair = cache.pair_of(base)
        cache.first_of(base)
        drawing = charts.fans({"": fan(pair.base, "net_gmv")}, unit="CNY", title="", language="en", colours=charts.LIGHT)
        charts.sure(drawing).to_dict()
    except Exception:
        LOG.exception("the app could not be warmed up")

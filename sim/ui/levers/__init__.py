"""The levers beside the Plan page: found by words or by what they mend, moved, dated, priced and put back."""

from sim.ui.levers.panel import drawn, mend, mended

__all__ = ["drawn", "mend", "mended"]

"""A shop's own numbers: read its file, name what is odd, fit it, score the fit, and write the shop as a scenario."""

from sim.shops.backtesting import Backtest, backtest
from sim.shops.calendars import Event
from sim.shops.calibration import Calibration, calibrate
from sim.shops.checks import checked, handled
from sim.shops.findings import Finding
from sim.shops.samples import sample_rows, write_sample
from sim.shops.table import ShopTable, read_shop
from sim.shops.writing import write_calibrated

__all__ = [
    "Backtest", "Calibration", "Event", "Finding", "ShopTable", "backtest", "calibrate", "checked", "handled", "read_shop", "sample_rows",
    "write_calibrated", "write_sample",
]

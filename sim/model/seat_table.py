"""What all desks of one number of seats have in common: exact nodes of their curves, for handling times and patiences side by side.

Symbols as in erlang.py. The nodes are packed around full load, where a large queue turns from idle to jammed within a few per cent of
load, and thin out on both sides: y = z/width, width = WIDTH/sqrt(x), and node k = ..., -1, 0, 1, ... is where y/(FLAT^2 + y^2)^(1/4) = k.
The rows of a table are even steps of ln(handling/patience), from the largest ratio down; row 1 is the largest that a desk may have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import expit

from sim.model.erlang import Array, erlang_c, leaving

RATIO_RANGE = (0.02, 2.5)  # handling time over patience
MOST_SEATS = 200
TOP, BOTTOM = 4.0, -7.0  # of z
CALM = 1e-8  # share that waits

FLAT = 169.0  # of y: so far the nodes lie evenly, sqrt(FLAT) apart
WIDTH = 2.5 / FLAT
ROW_STEP = 0.08  # of ln(ratio)
ROWS = int(np.log(RATIO_RANGE[1] / RATIO_RANGE[0]) / ROW_STEP) + 4
LEFT, WAITS, TURNS = 0, 2, 4  # columns of `seat_table`: each a value, then a slope


@dataclass(frozen=True, kw_only=True)
class SeatTable:
    """What desks of one number of seats have in common. table[row, column, node], node 0 at `lowest`."""

    table: Array
    lowest: int
    bottom: float  # of z, where the desk is calm or the curves end
    calm: bool


@lru_cache(maxsize=128)
def seat_table(seats: int) -> SeatTable:
    """left = abandon_share^(1/4); waits = ln(wait_share) - base; turns = ln(1 - kappa) + base; base = ln A below full load, psi above.

    Each with its slope per cell, exactly, at the nodes of every row's own width. Rows run from the largest ratio down.
    """
    heights = np.linspace(BOTTOM, 0.0, 701)
    quiet = np.flatnonzero(erlang_c(seats, seats * np.exp(heights)) <= CALM)
    calm = quiet.size > 0
    bottom = float(heights[quiet[-1]]) if calm else BOTTOM
    x = (seats / RATIO_RANGE[1] * np.exp(ROW_STEP * (np.arange(ROWS) - 1.0)))[:, None]
    width = width_of(x)
    lowest, highest = -int(nodes_to(bottom, width).max()) - 1, int(nodes_to(TOP, width).max()) + 1
    y = nodes_at(lowest, highest)
    z = width * y
    x = np.broadcast_to(x, z.shape)
    kappa, log_a = leaving(x, z)
    inverse_a, rho = np.exp(-log_a), np.exp(z)
    odds, odds_slope = np.full(z.shape, -np.inf), np.zeros(z.shape)
    for seat in range(1, seats + 1):
        odds_slope = odds_slope * expit(odds) - 1.0
        odds = np.log(seat) - np.log(seats) - z + np.logaddexp(0.0, odds)
    log_wait = -np.logaddexp(0.0, odds - log_a)
    wait_slope = -expit(odds - log_a) * (odds_slope - x * rho * kappa)
    base = np.where(z > 0, log_a - x * (rho - 1 - z), log_a)
    base_slope = np.where(z > 0, x * inverse_a, x * rho * kappa)
    stay = np.where(z > 0, -np.expm1(-log_a) / rho, 1 - kappa)  # 1 - kappa, without the cancellation where all but all leave
    columns = [
        *root_of(log_wait + np.log(kappa), (1 - kappa) / kappa - x * inverse_a + wait_slope),
        log_wait - base,
        wait_slope - base_slope,
        np.log(stay) + base,
        x * kappa * inverse_a / stay - 1.0 + base_slope,
    ]
    table = np.stack(columns, axis=1)
    table[:, 1::2] *= (width * per_cell(y))[:, None, :]  # per cell
    table.flags.writeable = False
    return SeatTable(table=table, lowest=lowest, bottom=bottom, calm=calm)


def width_of(x: Array) -> Array:
    """Unit of y, of ln(rho): a queue of this size turns from idle to jammed within FLAT of them around full load."""
    return WIDTH / np.sqrt(x)


def place_of(y: Array, *, out: Array | None = None, size: Array | None = None) -> Array:
    """y/(FLAT^2 + y^2)^(1/4), in y's precision. `out`, which may be y, and `size` are room to work in."""
    size = np.multiply(y, y, out=size)
    size += FLAT**2
    np.sqrt(size, out=size)
    np.sqrt(size, out=size)
    return np.divide(y, size, out=out)


def y_at(place: Array) -> Array:
    square = place * place
    return place * np.sqrt(0.5 * (square + np.sqrt(square * square + 4.0 * FLAT**2)))


def per_cell(y: Array) -> Array:
    """d y / d place."""
    size = FLAT**2 + y * y
    return size * np.sqrt(np.sqrt(size)) / (size - 0.5 * y * y)


def nodes_to(z: float | Array, width: float | Array) -> Array:
    """Number of the first node beyond z."""
    return np.floor(place_of(np.abs(z) / width)) + 1.0


def nodes_at(lowest: int, highest: int) -> Array:
    """y of the nodes."""
    return y_at(np.arange(lowest, highest + 1.0))


def root_of(log_share: Array, slope: Array) -> tuple[Array, Array]:
    """The fourth root of a share, and its slope, from those of the share's logarithm."""
    root = np.exp(0.25 * log_share)
    return root, 0.25 * root * slope

"""A desk's curves per lane: who leaves and who is answered late, by ln(offered load), thousands of times faster than exact functions.

Symbols as in erlang.py, with theta = target/patience. The fourth roots of two shares of all contacts are smooth enough for cubics, near
nothing as well as near everything, and answer everything:

    left = abandon_share^(1/4)                  late = (share that is served, but after the target)^(1/4)
    share served in time = 1 - left^4 - late^4

RECIPE. A lane has seats n, handling time and patience (seconds), ratio = handling/patience, x = n/ratio, width = WIDTH/sqrt(x) and
y = z/width.

1. Place. place = y/sqrt(sqrt(FLAT^2 + y*y)), but not below the lane's lowest node; cell k = floor(place), f = place - k.
2. Cubic of a cell, the same for every curve, from the values v and the slopes d (per cell) at both its ends, rise = v1 - v0:
       c0 + f*(c1 + f*(c2 + f*c3))      c0 = v0      c1 = d0      c3 = d0 + d1 - 2*rise      c2 = rise - d0 - c3
   For `left` and `late` v and d are rounded to single precision, y is, and so is every step of 1. and 2. and the fourth power.
3. Nodes. seat_table(n) holds `left`, `waits`, `turns` and their slopes at the nodes of even rows of ln(ratio). A lane takes each from
   the cubic through the four rows nearest to its own ratio. `left` is used as it is; at node k, which lies where place = k,
       late^4 = e^l,   l = waits + turns(z - theta) + x*(rest(z) - rest(z - theta)) - theta,   rest(z) = e^z - z below 0, else 1
   where turns(z - theta) is itself looked up between the lane's own nodes, by steps 1 and 2 in double precision.

Where all wait for long, at nodes with y - theta/width above JAM, left^4 = 1 - e^-z and late^4 = e^-z instead.
Where theta/width exceeds PACKED, `late` is not interpolated between nodes but put together at k + f itself, with waits(z) by step 2.
Places from a lane's highest node on (the first beyond TOP), lanes outside RATIO_RANGE or MOST_SEATS, and places below the lowest node (the
first beyond BOTTOM) of a desk that is never calm go to the exact functions.
At a calm desk (nobody waits, to CALM) the lowest node answers for all loads below it.

A lane's curve depends on its own seats, handling time, patience and target only, and is the same bit for bit whether all its cells
are made at once and kept (a desk that serves for many days) or a cell is made when it is asked for (a ramp).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.model.erlang import Array, abandonment_queue, served_within
from sim.model.seat_table import (
    BOTTOM,
    LEFT,
    MOST_SEATS,
    RATIO_RANGE,
    ROW_STEP,
    ROWS,
    TOP,
    TURNS,
    WAITS,
    WIDTH,
    SeatTable,
    nodes_at,
    nodes_to,
    per_cell,
    place_of,
    root_of,
    seat_table,
    width_of,
    y_at,
)

JAM = 6.0 / WIDTH  # of y: from here on nobody finds a free seat, to 2e-8
PACKED = 2.5 / WIDTH  # of y: so far from full load the nodes lie close to each other
SINGLE = np.float32  # half the memory is half the way to it; 1e-7 of a share is less than the cubics err
LANES_AT_ONCE = 256  # keeps the work arrays in the processor's cache


class Room:
    """Arrays to work in from day to day: memory that is asked for afresh each day costs more than the look-up itself.

    It belongs to one run. Curves are shared by many, which may run at the same time.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, tuple[int, ...]], np.ndarray] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: type = float) -> np.ndarray:
        key = name, shape
        if key not in self._arrays:
            self._arrays[key] = np.empty(shape, dtype)
        return self._arrays[key]


class DeskCurves:
    """Desks of one block: per lane its seats (whole), handling time, patience and answer target. Look-ups by ln(offered load).

    `keep` says in which lanes the desk serves long enough for its cells to be made once and kept. It changes no result.
    `late`: who is answered late is asked for as well as who leaves, whose share is the same either way.
    """

    def __init__(
        self, seats: int | Array, handling_s: Array, patience_s: Array, target_s: float, *, keep: bool | Array = True, late: bool = True
    ) -> None:
        handling, patience = (np.atleast_1d(np.asarray(part, dtype=float)) for part in np.broadcast_arrays(handling_s, patience_s))
        self.lanes, self.late, self.curves = handling.size, late, 1 + late
        self.seats = np.broadcast_to(np.asarray(seats, dtype=float), (self.lanes,))
        self.handling_s, self.patience_s, self.target_s = handling, patience, target_s
        ratio = handling / patience
        self.covered = (ratio >= RATIO_RANGE[0]) & (ratio <= RATIO_RANGE[1]) & (self.seats <= MOST_SEATS)
        self.queue_size = np.where(self.covered, self.seats / ratio, 1.0)  # x
        self.width = width_of(self.queue_size)
        self.per_width = 1.0 / self.width
        self.log_seats = np.log(self.seats)
        shift = target_s / patience  # theta
        self.shift = shift * self.per_width  # of y
        row = np.where(self.covered, (np.log(RATIO_RANGE[1]) - np.log(ratio)) / ROW_STEP, 0.0)
        self._first = np.minimum(row.astype(np.intp), ROWS - 4)
        self._weights = _row_weights(row - self._first)
        self._groups = [(int(n), np.flatnonzero((self.seats == n) & self.covered)) for n in np.unique(self.seats)]
        bottom, calm = np.full(self.lanes, BOTTOM), np.ones(self.lanes, dtype=bool)
        for n, lanes in self._groups:
            if lanes.size:
                bottom[lanes], calm[lanes] = seat_table(n).bottom, seat_table(n).calm
        self.lowest = (-nodes_to(bottom, self.width)).astype(SINGLE)
        self.highest = np.where(self.covered, nodes_to(TOP, self.width), -np.inf).astype(SINGLE)
        self._bottom = None if calm.all() else np.where(calm, -np.inf, self.lowest).astype(SINGLE)
        # With a target so late, `late` bends where no nodes are packed: there it is not interpolated but put together at the point.
        self._pointwise = self.shift > PACKED
        self._jam = nodes_to(JAM + self.shift, 1.0)
        self.may_keep = self.covered & ~self._pointwise if late else self.covered
        self.keep = np.broadcast_to(np.asarray(keep, dtype=bool), (self.lanes,)) & self.may_keep
        self._make_rows()

    # ------------------------------------------------------------------------------------------------------------------- look-up

    def outcomes(self, log_load: Array) -> Array:
        """(abandon_share, share that is served after the target) at log_load[..., lane]."""
        return self.at((log_load - self.log_seats) * self.per_width, Room())

    def abandon_share(self, log_load: Array) -> Array:
        """Share of contacts that leave before they are answered."""
        return self.outcomes(log_load)[0]

    def served_in_time(self, log_load: Array) -> Array:
        """Share of contacts that are served within the target."""
        left, late = self.outcomes(log_load)
        return np.maximum(1.0 - left - late, 0.0)

    def at(self, y: Array, room: Room) -> Array:
        """`outcomes` at y = ln(load/seats)/width. [left or late, ..., lane], in the room, valid until its next use."""
        place = self._place(y, room)
        inside = self._inside(place)
        if inside.all():
            return self._looked_up(place, room)
        far = ~inside
        shares = self._looked_up(np.where(inside, place, SINGLE(0.0)), room)
        lane = np.broadcast_to(np.arange(self.lanes), far.shape)[far]
        log_load = y[far] * self.width[lane] + self.log_seats[lane]
        exact = exact_outcomes(self.seats[lane], log_load, self.handling_s[lane], self.patience_s[lane], self.target_s)
        shares[:, far] = exact[: self.curves]
        return shares

    def _place(self, y: Array, room: Room) -> Array:
        place = room("place", y.shape, SINGLE)
        np.copyto(place, y, casting="same_kind")
        np.maximum(place, SINGLE(-1e9), out=place)  # an empty desk has y = -inf
        return place_of(place, out=place, size=room("size", y.shape, SINGLE))

    def _inside(self, place: Array) -> Array:
        inside = place < self.highest
        if self._bottom is not None:
            inside &= place >= self._bottom
        return inside

    def _looked_up(self, place: Array, room: Room) -> Array:
        f = np.maximum(place, self.lowest, out=place)
        cell = np.floor(place, out=room("cell", place.shape, SINGLE))
        f -= cell
        first, slope, square, total = self._cells(cell, f, room)
        for term in (square, slope, first):
            total *= f
            total += term
        total *= total
        return np.multiply(total, total, out=room("shares", total.shape))

    def _cells(self, cell: Array, f: Array, room: Room) -> Array:
        """The cubics of cells. [coefficient, left or late, ..., lane]"""
        if self._rows is None:
            return self._made_now(cell, f, np.arange(self.lanes))
        index = np.add(cell, self._base, out=room("index", cell.shape, np.intp), casting="unsafe")
        if self._without is not None:
            index[..., self._without] = 0
        # A cell is fetched in one go: so it misses the processor's cache once, not eight times.
        count = 4 * self.curves
        rows = self._rows.take(index.reshape(-1), axis=0, out=room("rows", (cell.size, count), SINGLE), mode="clip")
        cells = room("cells", (4, self.curves, *cell.shape), SINGLE)
        np.copyto(cells.reshape(count, -1), rows.T)
        if self._without is not None:
            cells[..., self._without] = self._made_now(cell[..., self._without], f[..., self._without], self._without)
        return cells

    # -------------------------------------------------------------------------------------------------------------------- making

    def _make_rows(self) -> None:
        """All cells of the lanes that keep theirs, flat: per lane and cell the coefficients, each of `left` and of `late`."""
        self._rows = self._without = None
        if not self.keep.any():
            return
        pieces, cells = [], 0
        base = np.zeros(self.lanes)
        for n, group in self._groups:
            group = group[self.keep[group]]
            group = group[np.argsort(self._first[group], kind="stable")]
            for start in range(0, group.size, LANES_AT_ONCE):
                lanes = group[start : start + LANES_AT_ONCE]
                low, high = int(self.lowest[lanes].min()), int(self.highest[lanes].max())
                base[lanes] = cells + (high - low) * np.arange(lanes.size) - low
                stop = cells + lanes.size * (high - low)
                pieces.append((seat_table(n), lanes, low, high, slice(cells, stop)))
                cells = stop
        self._rows = np.empty((cells, 4 * self.curves), dtype=SINGLE)
        for shared, lanes, low, high, here in pieces:
            self._fill(self._rows[here].reshape(lanes.size, high - low, 4, self.curves), shared, lanes, low, high)
        self._base = base.astype(SINGLE) if cells < 2**24 else base  # whole numbers, exact either way
        if not self.keep.all():
            self._without = np.flatnonzero(~self.keep)

    def _fill(self, rows: Array, shared: SeatTable, lanes: Array, low: int, high: int) -> None:
        """The cells between nodes `low` and `high` of some lanes, which are sorted by their row of the seats' table."""
        jam = self._jam[lanes, None]
        calmer = min(high + 1, int(jam.max()))  # nodes from here on are jammed in every lane
        count, columns = calmer - low, shared.table.shape[1] if self.late else WAITS
        nodes = np.empty((lanes.size, columns, count))
        flat, term = nodes.reshape(-1), np.empty((lanes.size, columns * count))
        ends = (np.flatnonzero(np.diff(self._first[lanes], append=-1)) + 1).tolist()
        for start, stop in zip([0, *ends[:-1]], ends, strict=True):  # lanes between the same rows of the table
            weights = self._weights[:, lanes[start:stop], None]
            first = self._first[lanes[start]]
            near = shared.table[first : first + 4, :columns, low - shared.lowest : calmer - shared.lowest].reshape(4, -1)
            total, part = nodes[start:stop].reshape(stop - start, -1), term[: stop - start]
            np.multiply(weights[0], near[0], out=total)
            for k in range(1, 4):
                total += np.multiply(weights[k], near[k], out=part)
        start = (np.arange(lanes.size) * (columns * count) - low)[:, None]

        def turns(cell: Array) -> list[Array]:
            at = (start + cell).astype(np.intp)
            return [flat[column * count + step :].take(at) for step in (0, 1) for column in (TURNS, TURNS + 1)]

        curves = [(nodes[:, LEFT], nodes[:, LEFT + 1])]
        if self.late:
            curves.append(self._late(lanes[:, None], nodes_at(low, calmer - 1), nodes[:, WAITS], nodes[:, WAITS + 1], turns))
        start = min(high + 1, int(jam.min()))
        k, both = np.arange(start, high + 1.0), calmer - start  # so many nodes are jammed in some of the lanes only
        for curve, (parts, made) in enumerate(zip(curves, _jammed(self.width[lanes, None], y_at(k)), strict=False)):
            whole = np.empty((2, lanes.size, high + 1 - low), SINGLE)
            for here, part, there in zip(whole, parts, made, strict=True):
                here[:, :count] = part
                here[:, count:] = there[:, both:]
                np.copyto(here[:, start - low : count], there[:, :both], where=k[:both] >= jam, casting="same_kind")
            value, slope = whole
            for n, part in enumerate(_cubic(value[:, :-1], slope[:, :-1], value[:, 1:], slope[:, 1:])):
                rows[:, :, n, curve] = part

    def _made_now(self, cell: Array, f: Array, lane: Array) -> Array:
        """`_cells` from the seats' table in one go."""
        made = np.zeros((4, self.curves, *cell.shape), SINGLE)
        seats, covered = self.seats[lane], self.covered[lane]
        for n, _ in self._groups:
            mine = np.flatnonzero((seats == n) & covered)
            if mine.size:
                made[..., mine] = self._of_seats(seat_table(n), cell[..., mine].astype(float), f[..., mine], lane[mine])
        return made

    def _of_seats(self, shared: SeatTable, cell: Array, f: Array, lane: Array) -> Array:
        node = self._node_of(shared, lane)

        def turns(cell: Array) -> list[Array]:
            return [node(column, cell + step) for step in (0.0, 1.0) for column in (TURNS, TURNS + 1)]

        ends, waits = [], []
        for k in (cell, cell + 1.0):
            end = [node(LEFT, k), node(LEFT + 1, k)]
            if self.late:
                waits += node(WAITS, k), node(WAITS + 1, k)
                end += self._late(lane, y_at(k), *waits[-2:], turns)
            jam = k >= self._jam[lane]
            if jam.any():
                made = _jammed(self.width[lane], np.where(jam, y_at(k), 1.0))
                for here, there in zip(end, (*made[0], *made[1]), strict=False):
                    np.copyto(here, there, where=jam)
            ends.append(np.stack(end).astype(SINGLE).reshape(self.curves, 2, *cell.shape))
        cells = np.stack([np.stack(_cubic(*low, *high)) for low, high in zip(*ends, strict=True)], axis=1)
        pointwise = self._pointwise[lane]
        if self.late and pointwise.any():
            point = self._late(lane, y_at(cell + f), *_between(f, *_cubic(*waits)), turns)[0]
            np.copyto(cells[:, 1], 0.0, where=pointwise)
            np.copyto(cells[0, 1], point, where=pointwise)
        return cells

    def _node_of(self, shared: SeatTable, lane: Array) -> Callable[[int, Array], Array]:
        """Reads a column of the seats' table at a node of each lane, between the lane's four nearest rows."""
        columns, count = shared.table.shape[1:]
        flat = shared.table.reshape(-1)
        start = self._first[lane] * (columns * count) - shared.lowest
        weights = self._weights[:, lane]

        def node(column: int, k: Array) -> Array:
            at = (start + k).astype(np.intp)
            value = weights[0] * flat[column * count :].take(at)
            for row in range(1, 4):
                value += weights[row] * flat[(row * columns + column) * count :].take(at)
            return value

        return node

    def _late(self, lane: Array, y: Array, waits: Array, waits_slope: Array, turns: Callable[[Array], list[Array]]) -> tuple[Array, Array]:
        """The root of the share served late at y, and its slope per cell. `turns` reads that column at both ends of a cell."""
        width, x = self.width[lane], self.queue_size[lane]
        later = y - self.shift[lane]
        place = np.maximum(place_of(later), self.lowest[lane])
        cell = np.floor(place)
        place -= cell
        turn, turn_slope = _between(place, *_cubic(*turns(cell)))
        z, shift = width * y, width * self.shift[lane]
        low, low_later = np.minimum(z, 0.0), np.minimum(z - shift, 0.0)
        rho, rho_later = np.exp(low), np.exp(low_later)
        value = waits + turn + x * ((rho - low) - (rho_later - low_later)) - shift
        cell_size = per_cell(y)
        slope = waits_slope + turn_slope * (cell_size / per_cell(later)) + x * (rho - rho_later) * (width * cell_size)
        return root_of(value, slope)

    # ------------------------------------------------------------------------------------------------------------------ inverting

    def _left_at(self, k: Array) -> Array:
        """`left` at nodes. [lane]"""
        left = np.zeros(self.lanes)
        for n, lanes in self._groups:
            if lanes.size:
                left[lanes] = self._node_of(seat_table(n), lanes)(LEFT, k[lanes])
        jam = k >= self._jam
        return np.where(jam, _jammed(self.width, np.where(jam, y_at(k), 1.0))[0][0], left)

    def load_for_abandon_share(self, wanted: Array) -> Array:
        """Offered load at which the curves give the abandon share `wanted` (strictly between 0 and 1), to 1e-6 of it. [lane]"""
        if not ((wanted > 0) & (wanted < 1)).all():
            raise ValueError("the share of contacts that leave must lie between 0 and 1, both excluded")
        level = np.sqrt(np.sqrt(wanted))
        lowest = self.lowest.astype(float)
        low, high = lowest, np.where(self.covered, self.highest, lowest + 1.0)  # the cell lies between these nodes
        for _ in range(int(np.ceil(np.log2((high - low).max())))):
            middle = np.floor(0.5 * (low + high))
            above = self._left_at(middle) > level
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        first, last = self._left_at(low), self._left_at(low + 1.0)
        cubic = self._made_now(low, np.zeros(self.lanes), np.arange(self.lanes))[:, 0].astype(float)
        rise = last - first
        f = np.clip((level - first) / np.where(rise > 0, rise, 1.0), 0.0, 1.0)
        for _ in range(5):  # a cell's cubic is all but straight: each step doubles the digits
            value, slope = _between(f, *cubic)
            f = np.clip(f - (value - level) / np.where(slope > 0, slope, 1.0), 0.0, 1.0)
        y = y_at(low + f)
        load = np.exp(y * self.width + self.log_seats)
        off = ~self._inside(self._place(y, Room())) | (first > level) | (last < level) | ~self.covered
        if off.any():
            seats, ratio = self.seats[off], (self.handling_s / self.patience_s)[off]
            load[off] = exact_load(seats, ratio, wanted[off])
        return load


def _jammed(width: Array, y: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Value and slope of `left` and of `late` where all wait for long: 1/rho is served, and all of it late."""
    late, late_slope = root_of(-width * y, -width * per_cell(y))
    left = np.sqrt(np.sqrt(1.0 - np.square(late * late)))
    odds = late / left
    return (left, -late_slope * (odds * odds * odds)), (late, late_slope)


def exact_outcomes(seats: Array, log_load: Array, handling_s: Array, patience_s: Array, target_s: float) -> tuple[Array, Array]:
    """`DeskCurves.outcomes` by the exact functions. [point]"""
    left, late = np.empty(seats.shape), np.empty(seats.shape)
    for n in np.unique(seats):
        mine = seats == n
        load, handling, patience = np.exp(log_load[mine]), handling_s[mine], patience_s[mine]
        left[mine] = abandonment_queue(int(n), load, handling / patience).abandon_share
        late[mine] = np.maximum(1.0 - left[mine] - served_within(int(n), load, handling, patience, target_s), 0.0)
    return left, late


def exact_load(seats: Array, ratio: Array, wanted: Array) -> Array:
    """Offered load at which the exact functions give the abandon share `wanted`. [point]"""

    def above(log_load: Array) -> Array:
        share = np.empty(seats.shape)
        for n in np.unique(seats):
            mine = seats == n
            share[mine] = abandonment_queue(int(n), np.exp(log_load[mine]), ratio[mine]).abandon_share
        return share > wanted

    # No desk answers more than its capacity, so abandon_share >= 1 - 1/rho bounds the load from above.
    high = np.log(seats) - np.log1p(-wanted) + 1e-3
    low = high - 1.0
    while (still := above(low)).any():
        low = np.where(still, low - 2.0, low)
    for _ in range(70):  # no float is left between the bounds
        middle = 0.5 * (low + high)
        over = above(middle)
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.exp(low)


def _row_weights(part: Array) -> Array:
    """Weights of the cubic through four even rows, at `part` of the way from the second to the third. [row, lane]"""
    before, after, far = part + 1.0, part - 1.0, part - 2.0
    return np.stack([part * after * far / -6.0, before * after * far / 2.0, before * part * far / -2.0, before * part * after / 6.0])


def _cubic(v0: Array, d0: Array, v1: Array, d1: Array) -> tuple[Array, Array, Array, Array]:
    """Coefficients of the cubic with these values and slopes at its ends."""
    rise = v1 - v0
    cube = d0 + d1 - 2.0 * rise
    return v0, d0, rise - d0 - cube, cube


def _between(f: Array, first: Array, slope: Array, square: Array, cube: Array) -> tuple[Array, Array]:
    """Value and slope of a cubic."""
    return first + f * (slope + f * (square + f * cube)), slope + f * (2.0 * square + f * (3.0 * cube))

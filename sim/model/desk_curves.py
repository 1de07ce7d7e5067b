"""A desk's curves per lane: who leaves and who is answered in time, by ln(offered load), a thousand times faster than exact functions.

Symbols as in erlang.py, with theta = target/patience. Two logarithms are smooth enough for cubics, and answer everything:

    left = ln(abandon_share)                  late = ln(share of contacts that is served, but after the target)
    share served in time = 1 - e^left - e^late

RECIPE. A lane has seats n, handling time and patience (seconds), ratio = handling/patience, x = n/ratio, width = WIDTH/sqrt(x).

1. Place. y = z/width, place = CELLS*arsinh(y), but not below the lane's lowest node; cell k = floor(place), f = place - k.
2. Cubic through value and slope (per cell) at both ends of the cell, the same for every curve:
       v0 + f*(d0 + f*((3*(v1 - v0) - 2*d0 - d1) + f*(d0 + d1 - 2*(v1 - v0))))
3. Nodes. seat_table(n) holds `left`, `waits`, `turns` and their slopes at the nodes of even rows of ln(ratio). A lane takes each from
   the cubic through the four rows nearest to its own ratio. `left` is used as it is; at node k, with z = width*sinh(k/CELLS),
       late = waits + turns(z - theta) + x*(rest(z) - rest(z - theta)) - theta,      rest(z) = e^z - z below 0, else 1
   where turns(z - theta) is itself looked up between the lane's own nodes, by steps 1 and 2. What step 2 then reads of `left` and
   `late` are these values and slopes in single precision.

Where all wait for long, at nodes with y - theta/width above JAM, left = ln(1 - e^-z) and late = -z instead.
Where theta exceeds the width, `late` is not interpolated between nodes but put together at z itself, with waits(z) by steps 1 and 2.
Loads above TOP, lanes outside RATIO_RANGE or MOST_SEATS, and loads below BOTTOM of a desk that is never calm go to the exact functions.
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
    seat_table,
    width_of,
    y_at,
)

JAM = 6.0 / WIDTH  # of y: from here on nobody finds a free seat, to 2e-8
KEPT = np.float32  # of nodes: half the memory is half the way to it; 1e-7 of a logarithm is less than the cubics err
LANES_AT_ONCE = 128  # keeps the work arrays in the processor's cache


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
    """

    def __init__(self, seats: int | Array, handling_s: Array, patience_s: Array, target_s: float, *, keep: bool | Array = True) -> None:
        handling, patience = (np.atleast_1d(np.asarray(part, dtype=float)) for part in np.broadcast_arrays(handling_s, patience_s))
        self.lanes = handling.size
        self.seats = np.broadcast_to(np.asarray(seats, dtype=float), (self.lanes,))
        self.handling_s, self.patience_s, self.target_s = handling, patience, target_s
        ratio = handling / patience
        self.covered = (ratio >= RATIO_RANGE[0]) & (ratio <= RATIO_RANGE[1]) & (self.seats <= MOST_SEATS)
        self.queue_size = np.where(self.covered, self.seats / ratio, 1.0)  # x
        self.width = width_of(self.queue_size)
        self.shift = target_s / patience  # theta
        row = np.where(self.covered, (np.log(RATIO_RANGE[1]) - np.log(ratio)) / ROW_STEP, 0.0)
        self._first = np.minimum(row.astype(np.intp), ROWS - 4)
        self._weights = _row_weights(row - self._first)
        self._groups = [(int(n), np.flatnonzero((self.seats == n) & self.covered)) for n in np.unique(self.seats)]
        bottom, calm = np.full(self.lanes, BOTTOM), np.ones(self.lanes, dtype=bool)
        for n, lanes in self._groups:
            if lanes.size:
                bottom[lanes], calm[lanes] = seat_table(n).bottom, seat_table(n).calm
        self.lowest = -nodes_to(bottom, self.width)
        self.highest = nodes_to(TOP, self.width)
        self.per_width = 1.0 / self.width
        self.log_seats = np.log(self.seats)
        # Between these values of y the curves hold.
        self._top = np.where(self.covered, TOP, -np.inf) * self.per_width
        self._bottom = None if calm.all() else np.where(calm, -np.inf, BOTTOM) * self.per_width
        # With a target so late, `late` bends where no nodes are packed: there it is not interpolated but put together at the point.
        self._pointwise = self.shift * self.per_width > 1.0
        self._jam = nodes_to(JAM + self.shift * self.per_width, 1.0)
        self.may_keep = self.covered & ~self._pointwise
        self.keep = np.broadcast_to(np.asarray(keep, dtype=bool), (self.lanes,)) & self.may_keep
        self._make_rows()

    # ------------------------------------------------------------------------------------------------------------------- look-up

    def outcomes(self, log_load: Array) -> tuple[Array, Array]:
        """(abandon_share, share that is served after the target) at log_load[..., lane]."""
        return self.at((log_load - self.log_seats) * self.per_width, Room())

    def abandon_share(self, log_load: Array) -> Array:
        """Share of contacts that leave before they are answered."""
        return self.outcomes(log_load)[0]

    def served_in_time(self, log_load: Array) -> Array:
        """Share of contacts that are served within the target."""
        left, late = self.outcomes(log_load)
        return np.maximum(1.0 - left - late, 0.0)

    def at(self, y: Array, room: Room) -> tuple[Array, Array]:
        """`outcomes` at y = ln(load/seats)/width. [..., lane], in the room, valid until its next use."""
        inside = self._inside(y)
        if not inside.all():
            return self._partly_exact(y, inside, room)
        return self._looked_up(y, room)

    def left_at(self, y: Array) -> Array:
        """The abandon share alone, bit for bit that of `at`, without making any curve. [..., lane]"""
        if not self._inside(y).all():
            return self.at(y, Room())[0]
        place = np.maximum(place_of(y), self.lowest)
        cell = np.floor(place)
        place -= cell
        return np.exp(_cubic(place, *self._left_node(cell), *self._left_node(cell + 1.0)))

    def _inside(self, y: Array) -> Array:
        inside = y <= self._top
        if self._bottom is not None:
            inside &= y >= self._bottom
        return inside

    def _looked_up(self, y: Array, room: Room) -> tuple[Array, Array]:
        place = place_of(y, out=room("place", y.shape), size=room("size", y.shape))
        np.maximum(place, self.lowest, out=place)
        cell = np.floor(place, out=room("cell", y.shape))
        place -= cell
        both = _cubic(place, *self._ends(cell, place, room))
        np.exp(both, out=both)
        return both[0], both[1]

    def _ends(self, cell: Array, f: Array, room: Room) -> list[Array]:
        """Value and slope at the lower end of the cells, then at the upper: each [left or late, ..., lane]."""
        if self._rows is None:
            return self._made_now(cell, f, np.arange(self.lanes))
        index = room("index", cell.shape, np.intp)
        np.add(cell, self._base, out=index, casting="unsafe")
        if self._without is not None:
            index[..., self._without] = 0
        ends = []
        for end, rows in (("lower", self._rows), ("upper", self._rows[1:])):
            # A node is fetched in one go: so it misses the processor's cache once, not four times.
            nodes = rows.take(index.reshape(-1), axis=0, out=room("nodes", (cell.size, 4), KEPT), mode="clip")
            values = room(end, (2, 2, *cell.shape))
            np.copyto(values.reshape(4, -1), nodes.T)
            ends += values[0], values[1]
        if self._without is not None:
            made = self._made_now(cell[..., self._without], f[..., self._without], self._without)
            for end, part in zip(ends, made, strict=True):
                end[..., self._without] = part
        return ends

    def _partly_exact(self, y: Array, inside: Array, room: Room) -> tuple[Array, Array]:
        left, late = self._looked_up(np.where(inside, y, 0.0), room)
        far = ~inside
        lane = np.broadcast_to(np.arange(self.lanes), far.shape)[far]
        log_load = y[far] * self.width[lane] + self.log_seats[lane]
        left[far], late[far] = exact_outcomes(self.seats[lane], log_load, self.handling_s[lane], self.patience_s[lane], self.target_s)
        return left, late

    # -------------------------------------------------------------------------------------------------------------------- making

    def _make_rows(self) -> None:
        """All nodes of the lanes that keep theirs, flat: per lane and node the values of `left` and `late`, then the slopes."""
        self._rows = self._without = None
        if not self.keep.any():
            return
        pieces, nodes = [], 0
        self._base = np.zeros(self.lanes)
        for n, group in self._groups:
            group = group[self.keep[group]]
            group = group[np.argsort(self._first[group], kind="stable")]
            for start in range(0, group.size, LANES_AT_ONCE):
                lanes = group[start : start + LANES_AT_ONCE]
                low, high = int(self.lowest[lanes].min()), int(self.highest[lanes].max())
                count = high + 1 - low
                self._base[lanes] = nodes + count * np.arange(lanes.size) - low
                pieces.append((seat_table(n), lanes, low, high, nodes))
                nodes += lanes.size * count
        rows = np.empty((nodes, 2, 2), dtype=KEPT)
        for shared, lanes, low, high, start in pieces:
            stop = start + lanes.size * (high + 1 - low)
            self._fill(rows[start:stop].reshape(lanes.size, high + 1 - low, 2, 2), shared, lanes, low, high)
        self._rows = rows.reshape(-1, 4)
        if not self.keep.all():
            self._without = np.flatnonzero(~self.keep)

    def _fill(self, rows: Array, shared: SeatTable, lanes: Array, low: int, high: int) -> None:
        """The nodes from `low` to `high` of some lanes, which are sorted by their row of the seats' table."""
        jam = self._jam[lanes, None]
        calmer = min(high + 1, int(jam.max()))  # nodes from here on are jammed in every lane
        count = calmer - low
        nodes = np.empty((lanes.size, shared.table.shape[1], count))
        flat, term = nodes.reshape(-1), np.empty((lanes.size, nodes.shape[1] * count))
        ends = (np.flatnonzero(np.diff(self._first[lanes], append=-1)) + 1).tolist()
        for start, stop in zip([0, *ends[:-1]], ends, strict=True):  # lanes between the same rows of the table
            weights = self._weights[:, lanes[start:stop], None]
            first = self._first[lanes[start]]
            near = shared.table[first : first + 4, :, low - shared.lowest : calmer - shared.lowest].reshape(4, -1)
            total, part = nodes[start:stop].reshape(stop - start, -1), term[: stop - start]
            np.multiply(weights[0], near[0], out=total)
            for k in range(1, 4):
                total += np.multiply(weights[k], near[k], out=part)
        start = (np.arange(lanes.size) * (nodes.shape[1] * count) - low)[:, None]

        def turns(cell: Array) -> list[Array]:
            at = (start + cell).astype(np.intp)
            return [flat[column * count + step :].take(at) for step in (0, 1) for column in (TURNS, TURNS + 1)]

        late = self._late(lanes[:, None], nodes_at(low, calmer - 1), nodes[:, WAITS], nodes[:, WAITS + 1], turns)
        start = min(high + 1, int(jam.min()))
        k = np.arange(start, high + 1.0)
        both, jammed = calmer - start, k[: calmer - start] >= jam  # nodes that are jammed in some of the lanes only
        made = _jammed(self.width[lanes, None], y_at(k))
        for n, (here, there) in enumerate(zip((nodes[:, LEFT], nodes[:, LEFT + 1], *late), made, strict=True)):
            np.copyto(here[:, start - low :], there[:, :both], where=jammed)
            rows[:, :count, n % 2, n // 2] = here
            rows[:, count:, n % 2, n // 2] = there[:, both:]

    def _made_now(self, cell: Array, f: Array, lane: Array) -> list[Array]:
        """`_ends` from the seats' table in one go."""
        ends = [np.zeros((2, *cell.shape)) for _ in range(4)]
        seats, covered = self.seats[lane], self.covered[lane]
        for n, _ in self._groups:
            mine = np.flatnonzero((seats == n) & covered)
            if mine.size:
                made = self._of_seats(seat_table(n), cell[..., mine], f[..., mine], lane[mine])
                for curve in (0, 1):
                    for end, part in zip(ends, made[curve], strict=True):
                        end[curve][..., mine] = part.astype(KEPT)
        return ends

    def _of_seats(self, shared: SeatTable, cell: Array, f: Array, lane: Array) -> tuple[list[Array], list[Array]]:
        """Ends of `left`, and of `late`."""
        node = self._node_of(shared, lane)

        def turns(cell: Array) -> list[Array]:
            return [node(column, cell + step) for step in (0.0, 1.0) for column in (TURNS, TURNS + 1)]

        lefts, waits, lates = [], [], []
        for k in (cell, cell + 1.0):
            waits += node(WAITS, k), node(WAITS + 1, k)
            ends = node(LEFT, k), node(LEFT + 1, k), *self._late(lane, y_at(k), *waits[-2:], turns)
            jam = k >= self._jam[lane]
            if jam.any():
                for here, made in zip(ends, _jammed(self.width[lane], np.where(jam, y_at(k), 1.0)), strict=True):
                    np.copyto(here, made, where=jam)
            lefts += ends[:2]
            lates += ends[2:]
        if self._pointwise[lane].any():
            point = self._late(lane, y_at(cell + f), *_between(f, *waits), turns)[0]
            for k, end in enumerate(lates):
                np.copyto(end, 0.0 if k % 2 else point, where=self._pointwise[lane])
        return lefts, lates

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
        """ln(share served late) at y, and its slope per cell. `turns` reads that column at both ends of a cell."""
        width, shift, x = self.width[lane], self.shift[lane], self.queue_size[lane]
        later = y - shift * self.per_width[lane]
        place = np.maximum(place_of(later), self.lowest[lane])
        cell = np.floor(place)
        place -= cell
        turn, turn_slope = _between(place, *turns(cell))
        z = width * y
        low, low_later = np.minimum(z, 0.0), np.minimum(z - shift, 0.0)
        rho, rho_later = np.exp(low), np.exp(low_later)
        value = waits + turn + x * ((rho - low) - (rho_later - low_later)) - shift
        cell_size = per_cell(y)
        slope = waits_slope + turn_slope * (cell_size / per_cell(later)) + x * (rho - rho_later) * (width * cell_size)
        return value, slope

    # ------------------------------------------------------------------------------------------------------------------ inverting

    def _left_node(self, k: Array) -> tuple[Array, Array]:
        """Value and slope of `left` at nodes, bit for bit what the look-up finds there. [..., lane] each"""
        ends = np.zeros((2, *k.shape))
        for n, lanes in self._groups:
            if lanes.size:
                here = k[..., lanes]
                node, jam = self._node_of(seat_table(n), lanes), here >= self._jam[lanes]
                made = node(LEFT, here), node(LEFT + 1, here)
                if jam.any():
                    far = _jammed(self.width[lanes], np.where(jam, y_at(here), 1.0))[:2]
                    made = (np.where(jam, there, value) for there, value in zip(far, made, strict=True))
                for end, value in zip(ends, made, strict=True):
                    end[..., lanes] = value.astype(KEPT)
        return ends[0], ends[1]


    def load_for_abandon_share(self, wanted: Array) -> Array:
        """Offered load at which the curves give the abandon share `wanted` (strictly between 0 and 1). [lane]"""
        if not ((wanted > 0) & (wanted < 1)).all():
            raise ValueError("the share of contacts that leave must lie between 0 and 1, both excluded")
        level = np.log(wanted)
        low, high = self.lowest.copy(), np.where(self.covered, self.highest, self.lowest + 1.0)  # the cell lies between these nodes
        for _ in range(int(np.ceil(np.log2((high - low).max())))):
            middle = np.floor(0.5 * (low + high))
            above = self._left_node(middle)[0] > level
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        ends = [*self._left_node(low), *self._left_node(low + 1.0)]
        rise = ends[2] - ends[0]
        f = np.clip((level - ends[0]) / np.where(rise > 0, rise, 1.0), 0.0, 1.0)
        for _ in range(8):  # a cell's cubic is all but straight: each step doubles the digits
            value, slope = _between(f, *ends)
            f = np.clip(f - (value - level) / np.where(slope > 0, slope, 1.0), 0.0, 1.0)
        y = y_at(low + f)
        load = np.exp(y * self.width + self.log_seats)
        off = ~self._inside(y) | (ends[0] > level) | (ends[2] < level) | ~self.covered
        if off.any():
            seats, ratio = self.seats[off], (self.handling_s / self.patience_s)[off]
            load[off] = exact_load(seats, ratio, wanted[off])
        return load


def _jammed(width: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Value and slope of `left` and of `late` where all wait for long: 1/rho is served, and all of it late."""
    z, cell_size = width * y, width * per_cell(y)
    stay = np.exp(-z)
    gone = 1.0 - stay
    return np.log(gone), cell_size * (stay / gone), -z, -cell_size


def _cubic(f: Array, v0: Array, d0: Array, v1: Array, d1: Array) -> Array:
    """The value of `_between`, in the place of d1; v1 is used up as well."""
    rise, total = v1, d1
    rise -= v0
    rise -= d0
    total -= d0
    total -= rise
    total -= rise
    rise -= total
    total *= f
    total += rise
    total *= f
    total += d0
    total *= f
    total += v0
    return total


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


def _between(f: Array, v0: Array, d0: Array, v1: Array, d1: Array) -> tuple[Array, Array]:
    """Value and slope between two nodes."""
    bend, twist = _bend(v0, d0, v1, d1)
    return v0 + f * (d0 + f * (bend + f * twist)), d0 + f * (2.0 * bend + f * (3.0 * twist))


def _bend(v0: Array, d0: Array, v1: Array, d1: Array) -> tuple[Array, Array]:
    """The square and the cubic term of a cell."""
    rise = v1 - v0
    rise -= d0
    twist = d1 - d0
    twist -= rise
    twist -= rise
    rise -= twist
    return rise, twist

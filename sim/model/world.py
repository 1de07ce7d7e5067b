"""A block of lanes: fully specified worlds that go through the model side by side.

A lane is one scenario in one draw. Every array of the model has the lane as its last axis, so that a stage's
equation is written once and holds for one lane or for thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Number = float | Array

CATEGORIES = ("apparel", "beauty", "electronics_3c", "large_appliances", "jewellery", "food_fresh", "home_building", "other")
MAIN_CHANNELS = ("host_live", "store_live", "short_video", "search", "recommendation", "paid_feed", "private_domain")
OUTER_CHANNELS = ("local_life", "cross_border")
CHANNELS = MAIN_CHANNELS + OUTER_CHANNELS
PAID = MAIN_CHANNELS.index("paid_feed")
EARNED = tuple(k for k in range(len(MAIN_CHANNELS)) if k != PAID)
STREAMS = ("traffic", "submit", "stay", "pay", "shipped_24h", "returns")


@dataclass(frozen=True, kw_only=True)
class Move:
    """A lever on its way from where it stands to where the plan puts it.

    `target` is in the lever's own unit; `reach` is the share of what the lever applies to that it has reached. [day]
    """

    target: Number
    reach: Array


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What events do on each day: factors on traffic, order value, ad price and transit hours. Each [day].

    `pull` is the share of traffic above normal that is borrowed from later days; NaN where the draw's own share holds.
    """

    traffic: Array
    value: Array
    cpm: Array
    transit: Array
    pull: Array

    @classmethod
    def plain(cls, days: int) -> Calendar:
        return cls(**{name: np.ones(days) for name in ("traffic", "value", "cpm", "transit")}, pull=np.zeros(days))


@dataclass(frozen=True, kw_only=True)
class Shocks:
    """Standard normals behind day-to-day noise, and one market drift per lane.

    Normals are kept as the places of a table, a quarter of their size, in the order of STREAMS; the first row is that of the paths'
    start, before the first day. [1 + day, stream, lane]
    """

    places: NDArray[np.uint16]
    table: Array
    drift: Array

    def on(self, day: int, *, index: NDArray[np.intp] | None = None, out: Array | None = None) -> Array:
        """A day's normals; before the first day, -1, those of the start. [stream, lane]

        `index` and `out` are room to work in, of the same shape: memory that is asked for afresh costs more than the look-up.
        """
        if index is None:
            return self.table.take(self.places[1 + day], mode="clip")
        np.copyto(index, self.places[1 + day])
        return self.table.take(index, out=out, mode="clip")


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that the model needs to know of a block of lanes.

    `values` holds each registry parameter by its full name: a number, or one per lane [lane]; a list is a tuple of numbers, or an
    array [entry, lane]. `levels` says where a lever
    stands before the plan (the shop's own value where the file states one), `reference` where it stood when its effect was
    measured (the registry's).
    """

    values: Mapping[str, Number]
    levels: Mapping[str, float]
    reference: Mapping[str, float]
    days: int
    lanes: int
    moves: Mapping[str, Move] = field(default_factory=dict)
    calendar: Calendar
    shocks: Shocks | None = None
    parcel_levers: Mapping[str, str] = field(default_factory=dict)
    profile: Array | None = None  # the shop's own calendar: factors on viewers [day, lane], or [day, 1] where all lanes share them

    def __getitem__(self, name: str) -> Number:
        return self.values[name]

    def row(self, name: str) -> Array:
        """A parameter as one number per lane. [lane]"""
        return np.broadcast_to(np.asarray(self.values[name], dtype=float), (self.lanes,))

    def column(self, names: Iterable[str]) -> Array:
        """Several parameters stacked, a lane's axis of 1 standing for all where none differs between lanes. [name, lane or 1]"""
        names = tuple(names)
        if any(isinstance(self.values[name], np.ndarray) for name in names):
            return self.rows(names)
        return np.asarray([self.values[name] for name in names], dtype=float)[:, None]

    def list(self, name: str) -> Array:
        """A list's entries. [entry, lane], or [entry, 1] where lanes share them"""
        found = np.asarray(self.values[name], dtype=float)
        return found if found.ndim == 2 else found[:, None]

    def rows(self, names: Iterable[str]) -> Array:
        """Several parameters stacked. [name, lane]"""
        return np.stack([self.row(name) for name in names])

    def reach(self, lever: str, day: int) -> float | Array:
        """Share reached on a day; 0 for a lever that stands still."""
        move = self.moves.get(lever)
        return 0.0 if move is None else move.reach[day]

    def target(self, lever: str) -> Number:
        """Where the lever ends; its own baseline where it stands still. [lane]

        Levers whose baseline differs between draws move in proportion to it (MODEL 1).
        """
        move = self.moves.get(lever)
        if move is None:
            return self.values[lever]
        if lever in PROPORTIONAL and self.levels[lever]:
            return self.values[lever] * (move.target / self.levels[lever])
        return move.target

    def level(self, lever: str, day: int) -> Number:
        """The lever's quantity on a day, for levers that mix the quantity itself. [lane]"""
        move = self.moves.get(lever)
        if move is None:
            return self.values[lever]
        here = self.values[lever]
        return here + move.reach[day] * (self.target(lever) - here)

    def stand(self, levers: Iterable[str], day: int) -> tuple[bytes, ...]:
        """Where these levers stand on a day: equal on days on which all of them do the same."""
        return tuple(np.asarray(self.moves[lever].reach[day]).tobytes() for lever in levers if lever in self.moves)

    def turns(self, levers: Iterable[str]) -> NDArray[np.bool_]:
        """Days on which any of these levers stands elsewhere than the day before. [day]"""
        turned = np.zeros(self.days, dtype=bool)
        turned[0] = True
        for lever in levers:
            if lever in self.moves:
                reach = self.moves[lever].reach
                turned[1:] |= np.diff(reach) != 0.0
        return turned


PROPORTIONAL = frozenset({"payment.typed_card_share", "service.handling_s"})


def mixed(reach: float | Array, before: Number, after: Number) -> Number:
    """What a lever does when it has reached a share of what it applies to: the two worlds side by side."""
    return (1.0 - reach) * before + reach * after


def share_of(part: Array, whole: Array) -> Array:
    """part / whole, and 0 where there is no whole: a channel or category that a shop does not have."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(np.shape(part), np.shape(whole))), where=np.asarray(whole) != 0.0)

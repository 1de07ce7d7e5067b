"""Customer service as a queue: seats, chats and patience decide how long shoppers wait and how many give up.

The platform is many equal desks. Each hour of the day is a queue with impatient customers (Erlang-A) at that hour's load;
the load itself is solved so that the peak wait is the document's 492 s (F109).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.erlang import DeskCurves, desk_curves, load_for_abandon_share
from sim.model.world import Array, Number, World

KINDS = ("peak", "night", "day", "edge")  # of hours: 20-23 h, then those of service.hour_counts
CLOCK = ("night",) * 8 + ("edge",) + ("day",) * 11 + ("peak",) * 3 + ("edge",)  # the kind of each hour of the day


KEPT_CURVES = 6


def kept_share(bot: Number, abandoned: Number, kept_if_abandoned: Number) -> Number:
    """Buying power that askers keep: all of it when the bot or a person answers, phi of it when they give up."""
    return bot + (1.0 - bot) * (1.0 - abandoned * (1.0 - kept_if_abandoned))


def order_share(asks: Number, ratio: Number, kept: Number) -> Number:
    """Share of orders that waiting leaves, askers ordering `ratio` times as often as the others when answered."""
    return (1.0 - asks + asks * ratio * kept) / (1.0 - asks + asks * ratio)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Kinds of hour: the peak first, then the others. `share` of the day's contacts in all hours of a kind, and how many."""

    count: tuple[float, ...]
    share: tuple[Number, ...]


def hours_of_day(world: World, peak_share: Number) -> Hours:
    counts = tuple(world["service.hour_counts"])
    weights = tuple(world["service.hour_weights"])
    total = sum(n * w for n, w in zip(counts, weights, strict=True))
    calm = tuple((1.0 - peak_share) * n * w / total for n, w in zip(counts, weights, strict=True))
    return Hours(count=(world["service.peak_hours"], *counts), share=(peak_share, *calm))


@dataclass(frozen=True, kw_only=True)
class DeskDay:
    """How a day's contacts fared. `abandoned` over the day, `in_time` answered in 30 s. [lane]

    `by_kind`: per kind of hour, its share of the day's contacts and the share of them that gives up. The peak comes first.
    """

    abandoned: Array
    in_time: Array
    by_kind: tuple[tuple[Number, Array], ...]

    @property
    def peak_abandoned(self) -> Array:
        return self.by_kind[0][1]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One desk at the baseline. `daily_contacts` reach its people each day; waits follow from `abandoned` x patience."""

    daily_contacts: Array
    peak_load: Array
    abandoned: Array
    peak_abandoned: Array
    queue: ServiceDesk  # with the curves that the closure has needed already


class ServiceDesk:
    """The desk under a scenario's levers: any seats, handling time and hourly profile, at any load."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._curves: dict[tuple[int, float | bytes], DeskCurves] = {}

    def curves(self, seats: int, handling_s: Number) -> DeskCurves:
        handling = np.broadcast_to(np.asarray(handling_s, dtype=float), (self._world.lanes,))
        key = (seats, handling.tobytes())
        if key not in self._curves:
            if len(self._curves) >= KEPT_CURVES:  # a ramp passes through many desks and comes back to none
                self._curves.pop(next(iter(self._curves)))
            self._curves[key] = desk_curves(seats, handling, self._world.row("service.patience_s"))
        return self._curves[key]

    def day(self, contacts: Array, *, seats: float, handling_s: Number, peak_share: Number) -> DeskDay:
        """Contacts per desk and day through the hours. Seats between whole numbers are a mix of two desks. [lane]"""
        hours = hours_of_day(self._world, peak_share)
        whole = int(np.floor(seats))
        parts = [(whole, 1.0 - (seats - whole)), (whole + 1, seats - whole)]
        desks = [(self.curves(n, handling_s), weight) for n, weight in parts if weight]
        abandoned, in_time, by_kind = 0.0, 0.0, []
        for count, share in zip(hours.count, hours.share, strict=True):
            load = np.log(contacts * (share / count) * (handling_s / 3600.0))
            left, answered = 0.0, 0.0
            for curves, weight in desks:
                gone, served = curves.outcomes(load, self._world["service.answer_target_s"])
                left, answered = left + weight * gone, answered + weight * served
            abandoned = abandoned + share * left
            in_time = in_time + share * answered
            by_kind.append((share, left))
        return DeskDay(abandoned=abandoned, in_time=in_time, by_kind=tuple(by_kind))

    def on(self, day: int, contacts: Array) -> DeskDay:
        """The desk on a day with that day's levers."""
        world = self._world
        return self.day(
            contacts,
            seats=float(world.level("service.seats", day)),
            handling_s=world.level("service.handling_s", day),
            peak_share=peak_share(world, day),
        )


def peak_share(world: World, day: int) -> Number:
    """Share of contacts in the peak hours: more live hours at prime time bring more of the questions there."""
    moved = world.level("traffic.prime_time_share", day) - world["traffic.prime_time_share"]
    return world["service.peak_share"] + world["traffic.prime_contact_slope"] * moved


def solve_desk(world: World) -> Desk:
    """The contacts per desk at which the mean wait over all contacts of the peak hours is the observed one (F109)."""
    seats = int(world["service.seats"])
    handling, patience = world.row("service.handling_s"), world.row("service.patience_s")
    # Erlang-A: the share that gives up is the mean wait over all contacts divided by the mean patience.
    peak_abandoned = world["service.peak_wait_s"] / patience
    peak_load = load_for_abandon_share(seats, handling / patience, np.minimum(peak_abandoned, 0.999))
    contacts = peak_load * 3600.0 / handling * world["service.peak_hours"] / world.row("service.peak_share")
    queue = ServiceDesk(world)
    usual = queue.day(contacts, seats=seats, handling_s=handling, peak_share=world.row("service.peak_share"))
    return Desk(daily_contacts=contacts, peak_load=peak_load, abandoned=usual.abandoned, peak_abandoned=peak_abandoned, queue=queue)

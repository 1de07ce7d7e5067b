"""Customer service as a queue: seats, chats and patience decide how long shoppers wait and how many give up.

The platform is many equal desks. Each hour of the day is a queue with impatient customers (Erlang-A) at that hour's load;
the load itself is solved so that the peak wait is the document's 492 s (F109).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.desk_curves import DeskCurves, Room
from sim.model.world import Array, Number, World

KINDS = ("peak", "night", "day", "edge")  # of hours: 20-23 h, then those of service.hour_counts
CLOCK = ("night",) * 8 + ("edge",) + ("day",) * 11 + ("peak",) * 3 + ("edge",)  # the kind of each hour of the day
DESK_LEVERS = ("service.seats", "service.handling_s")
SERVICE_LEVERS = (*DESK_LEVERS, "service.bot_resolution", "traffic.prime_time_share")
KEPT_CURVES = 4  # a ramp passes through many desks and comes back to none
LONG_DAYS = 6  # from so many days on it pays to make a desk's curves in full rather than point by point


def kept_share(bot: Number, abandoned: Number, kept_if_abandoned: Number) -> Number:
    """Buying power that askers keep: all of it when the bot or a person answers, phi of it when they give up."""
    return bot + (1.0 - bot) * (1.0 - abandoned * (1.0 - kept_if_abandoned))


def waiting_loss(world: World, ratio: Number, bot: Number) -> Number:
    """Share of orders that waiting takes, per share of contacts that give up. [lane]

    Askers order `ratio` times as often as the others when they are answered; the bot answers its part at once.
    """
    asking = world["service.asks_share"] * ratio
    return asking * (1.0 - bot) * (1.0 - world["service.kept_if_abandoned"]) / (1.0 - world["service.asks_share"] + asking)


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
    """How a day's contacts fared. `abandoned` over the day, `in_time` answered within the target. [lane]

    Per kind of hour, the peak first: its `share` of the day's contacts and the share `lost` of the day's contacts that give up in it.
    For headline figures only `abandoned` is needed, and the others are left out.
    """

    abandoned: Array
    in_time: Array | None = None
    share: Array | None = None
    lost: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One desk at the baseline. `daily_contacts` reach its people each day; waits follow from `abandoned` x patience."""

    daily_contacts: Array
    peak_load: Array
    abandoned: Array
    peak_abandoned: Array
    queue: ServiceDesk  # with the curves that the closure has needed already


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """The desk as long as its levers stand still: its curves, their weights where seats lie between whole numbers, and the hours."""

    desks: tuple[tuple[DeskCurves, Number], ...]
    starts: tuple[Array, ...]  # per desk: its curves' coordinate at one contact a day. [kind, lane]
    share: Array  # of the day's contacts. [kind, lane]


class ServiceDesk:
    """The desk under a scenario's levers: any seats (per lane), handling time and hourly profile, at any load."""

    def __init__(self, world: World, *, headlines: bool = False) -> None:
        self._world, self._headlines = world, headlines
        self._curves: dict[tuple[bytes, bytes], DeskCurves] = {}
        self._setting: tuple[int, _Setting] | None = None
        turned = _turned(world, (*DESK_LEVERS, "traffic.prime_time_share"))
        self._spell = np.cumsum(turned.any(axis=1))
        self._long = _long_stands(world)
        self._room = Room()

    def under(self, world: World, *, headlines: bool = False) -> ServiceDesk:
        """The same lanes' desk under another world's levers; curves made by either serve both."""
        desk = ServiceDesk(world, headlines=headlines)
        desk._curves = self._curves
        return desk

    def curves(self, seats: Number, handling_s: Number, *, keep: bool | Array = True, late: bool = True) -> DeskCurves:
        """The curves of desks of whole seats. `keep` (per lane) saves time and changes nothing, nor does `late` who leaves."""
        shape = (self._world.lanes,)
        seats, handling = (np.broadcast_to(np.asarray(part, dtype=float), shape) for part in (seats, handling_s))
        key = seats.tobytes(), handling.tobytes()
        found = self._curves.get(key)
        if found is None or late > found.late or np.any(keep & found.may_keep & ~found.keep):
            if found is None and len(self._curves) >= KEPT_CURVES:
                oldest, *_ = self._curves
                self._curves.pop(oldest, None)  # another session on the same ground may have taken it out by now
            patience, target = self._world.row("service.patience_s"), self._world["service.answer_target_s"]
            found = self._curves[key] = DeskCurves(seats, handling, patience, target, keep=keep, late=late)
        return found

    def abandoned(self, contacts: Array, *, seats: Array, handling_s: Number, peak_share: Number) -> Array:
        """Share of a day's contacts that give up: that of `on`, for a single day. [lane]"""
        return self._through(contacts, self._set(seats, handling_s, peak_share, keep=False)).abandoned

    def on(self, day: int, contacts: Array) -> DeskDay:
        """The desk on a day with that day's levers."""
        if self._setting is None or self._setting[0] != self._spell[day]:
            world = self._world
            seats, handling = (world.level(lever, day) for lever in DESK_LEVERS)
            self._setting = self._spell[day], self._set(seats, handling, peak_share(world, day), keep=self._long[day])
        return self._through(contacts, self._setting[1])

    def _set(self, seats: Number, handling_s: Number, peak_share: Number, *, keep: bool | Array) -> _Setting:
        hours = hours_of_day(self._world, peak_share)
        whole = np.floor(seats)
        part = seats - whole
        asked = {"keep": keep, "late": not self._headlines}
        desks = ((self.curves(whole, handling_s, **asked), 1.0),)
        if np.any(part):
            desks = ((desks[0][0], 1.0 - part), (self.curves(np.ceil(seats), handling_s, **asked), part))
        share = np.stack([np.broadcast_to(share, (self._world.lanes,)) for share in hours.share])
        load = np.log(share / np.asarray(hours.count)[:, None] * (handling_s / 3600.0))
        starts = tuple((load - curves.log_seats) * curves.per_width for curves, _ in desks)
        return _Setting(desks=desks, starts=starts, share=share)

    def _through(self, contacts: Array, setting: _Setting) -> DeskDay:
        room, level, shares = self._room, np.log(contacts), None
        for (curves, weight), start in zip(setting.desks, setting.starts, strict=True):
            y = np.multiply(level, curves.per_width, out=room("level", contacts.shape))
            found = curves.at(np.add(start, y, out=room("at", start.shape)), room)[: 1 if self._headlines else 2]
            if len(setting.desks) > 1:
                found = weight * found
            shares = found if shares is None else shares + found
        lost = setting.share * shares[0]
        abandoned = lost.sum(axis=0)
        if self._headlines:
            return DeskDay(abandoned=abandoned)
        late = np.multiply(setting.share, shares[1], out=shares[1]).sum(axis=0)
        return DeskDay(abandoned=abandoned, in_time=np.maximum(1.0 - abandoned - late, 0.0), share=setting.share, lost=lost)


def _turned(world: World, levers: tuple[str, ...]) -> Array:
    """Days on which any of these levers stands elsewhere than the day before. [day, lane], or [day, 1] where all lanes move together"""
    turned = np.zeros((world.days, 1), dtype=bool)
    for lever in levers:
        if lever in world.moves:
            reach = np.reshape(world.moves[lever].reach, (world.days, -1))
            turned = turned | (np.diff(reach, axis=0, prepend=reach[:1]) != 0.0)
    return turned


def _long_stands(world: World) -> Array:
    """Days on which seats and handling time have stood, or will stand, still for long. [day, lane], or [day, 1]"""
    turned = _turned(world, DESK_LEVERS)
    ends = np.concatenate([turned[1:], np.ones_like(turned[:1])])
    day = np.arange(world.days)[:, None]
    first = np.maximum.accumulate(np.where(turned, day, 0), axis=0)
    last = np.minimum.accumulate(np.where(ends, day, world.days)[::-1], axis=0)[::-1]
    return last - first + 1 >= LONG_DAYS


def peak_share(world: World, day: int) -> Number:
    """Share of contacts in the peak hours: more live hours at prime time bring more of the questions there."""
    moved = world.level("traffic.prime_time_share", day) - world["traffic.prime_time_share"]
    return world["service.peak_share"] + world["traffic.prime_contact_slope"] * moved


def solve_desk(world: World) -> Desk:
    """The contacts per desk at which the mean wait over all contacts of the peak hours is the observed one (F109)."""
    seats = np.floor(world.row("service.seats"))
    handling, patience = world.row("service.handling_s"), world.row("service.patience_s")
    # Erlang-A: the share that gives up is the mean wait over all contacts divided by the mean patience.
    peak_abandoned = world["service.peak_wait_s"] / patience
    queue = ServiceDesk(world)
    leavers = queue.under(world, headlines=True)
    peak_load = leavers.curves(seats, handling, keep=False, late=False).load_for_abandon_share(np.minimum(peak_abandoned, 0.999))
    contacts = peak_load * 3600.0 / handling * world["service.peak_hours"] / world.row("service.peak_share")
    usual = leavers.abandoned(contacts, seats=seats, handling_s=handling, peak_share=world.row("service.peak_share"))
    return Desk(daily_contacts=contacts, peak_load=peak_load, abandoned=usual, peak_abandoned=peak_abandoned, queue=queue)

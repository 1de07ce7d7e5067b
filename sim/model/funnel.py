"""One leaky funnel, day by day: traffic -> detail page -> service -> payment -> fulfilment -> returns -> memory.

Reads like the whiteboard. Lanes go through side by side; a day only knows the day before through the shop's memory
(score, repeat purchase, ad carry-over, borrowed demand, after-sales contacts). So a stretch of days is taken in three steps: what
chance and the levers decide of all its days at once, what memory carries from day to day, and the books of all its days at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sim.model import memory, returns, service, traffic
from sim.model.closure import Closure
from sim.model.detail_page import PAGE_LEVERS
from sim.model.fulfilment import Fulfilment
from sim.model.ledger import FLOW, MENDED_EACH_DAY, Ledger
from sim.model.noise import PAY, RETURNS, SHIP, STAY, SUBMIT, TRAFFIC, Noise, day_to_day, rate_factor
from sim.model.payment import PAYMENT_LEVERS
from sim.model.reference import Reference, reference_path
from sim.model.service import SERVICE_LEVERS, DeskDay
from sim.model.settlement import settle
from sim.model.terms import GROUPS, ORDER_LEVERS, RETURN_LEVERS, Checkout, Ordering, Page, Returning, yields
from sim.model.world import CATEGORIES, OUTER_CHANNELS, STREAMS, Array, Number, World

DAILY = ("viewers", "orders", "gmv", "net_gmv", "shipped", "returned", "refunds", "score", "wait_s")
BUDGET, RECOVERY = "traffic.paid_budget", "returns.review_recovery"
STRETCH = 12  # days that are formed and booked at once: fewer and larger steps, still within the processor's cache
REMEMBERED = ("orders", "returned", "described")  # what a unit of reach brings that tomorrow depends on, beside its viewers


@dataclass(frozen=True, kw_only=True)
class Path:
    """What memory made of the earned channels' reach, and what the queue did; a replay holds them fixed. Each [day, lane]."""

    earned: Array
    desk: tuple[DeskDay, ...]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A block's outcome. totals [lane]; category [segment, lane]; channel [channel, lane]; daily [day, lane].

    `returns` and `return_value`: orders and CNY. [cause, segment, lane]
    `refund_days`: of each day's orders, the share of refunds that is asked for on each day after it. [lag]
    """

    totals: Mapping[str, Array]
    category: Mapping[str, Array]
    channel: Mapping[str, Array]
    returns: Array
    return_value: Array
    daily: Mapping[str, Array]
    refund_days: tuple[Array, ...]
    segments: tuple[str, ...]
    path: Path | None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What the days' chance and the levers decide of some days, whatever memory brings. [day, lane] each

    `flow`: what is left of a unit of a channel group's reach, stage by stage, with everybody answered at once. [stage, day, lane]
    `late`: of that unit, paid orders that do not ship in time.
    """

    common: Array  # factor on all viewers
    arriving: Array
    contacts: Array  # per viewer
    deserved: Array  # score that shipping alone would earn
    blame: Array  # score that is lost per return for the description's sake among shipped orders
    late: Array
    flow: Array
    m_stay: Array
    m_pay: Array


def project(
    world: World, closure: Closure, *, noise: Noise | None = None, daily_lanes: int | None = None, mended: str | None = None,
    replay: Path | None = None, traced: bool = False, headlines: bool = False, reference: Reference | None = None,
) -> Projection:
    """Run a block of lanes through its horizon.

    `noise` is the block's day-to-day noise where it is at hand already; daily series are kept of the first `daily_lanes` lanes
    (None: of all). `mended` names a cause that lets everything through and `replay` holds memory and queue to the path of an
    earlier, `traced` run: together they are the experiment behind `recoverable`. `headlines`: the books hold only what the
    headline figures need, which come out the same to the last bit. `reference`: of a world with a profile, where it is at hand.
    """
    if noise is None:
        noise = day_to_day(world, closure.rates(world), closure.entrants())
    kept = daily_lanes if daily_lanes is not None else 0 if headlines else world.lanes
    if reference is None and world.profile is not None:
        reference = reference_path(world, closure, project)
    return _Run(world, closure, noise, kept, mended, replay, traced, headlines, reference).through()


class _Run:
    def __init__(
        self, world: World, closure: Closure, noise: Noise | None, daily_lanes: int, mended: str | None, replay: Path | None, traced: bool,
        headlines: bool, reference: Reference | None,
    ) -> None:
        self.headlines, self.reference = headlines, reference
        self.usual_score = np.broadcast_to(closure.score, (world.days, world.lanes)) if reference is None else reference.score
        self.world, self.closure, self.noise, self.mended, self.replay = world, closure, noise, mended, replay
        self.ordering, self.page, self.checkout = Ordering(world, closure), Page(world, closure), Checkout(world, closure)
        self.desk, self.segments = closure.desk.queue.under(world, headlines=headlines), self.ordering.segments
        hazards = closure.hazards if self.segments == CATEGORIES else returns.baseline_hazards(world, self.segments)
        self.returning = Returning(world, Fulfilment(world), hazards, mended=mended)
        self.ledger = Ledger(world.lanes, self.segments, headlines=headlines)
        self.kept = slice(daily_lanes)
        self.daily = dict(zip(DAILY, np.empty((len(DAILY), world.days, daily_lanes)), strict=True)) if daily_lanes else {}
        self.refund_days: list[Array] = []
        self.path: tuple[list[Array], list[DeskDay]] | None = ([], []) if traced else None
        self.priced = bool(np.any(world.calendar.value != 1.0))
        self.lending = bool(np.any(world.calendar.traffic > 1.0))
        self.drift = 1.0 - world["traffic.adstock_week"] ** (1.0 / 7.0)
        self.repeat, self.newcomers = world["memory.repeat_share"], 1.0 - world["memory.repeat_share"]
        self.pace = 1.0 / world.rows(("memory.score_days", "memory.repeat_days"))
        self.usual_trouble = closure.flows["late"] + closure.flows["returned"]
        self.recovered = np.zeros((2, len(MENDED_EACH_DAY), world.lanes))
        self._rooms(len(GROUPS) if len(self.segments) > len(CATEGORIES) else len(GROUPS) - 1)

    def _rooms(self, groups: int) -> None:
        """Room to work in, since memory that is asked for afresh costs more than the sums; and memory as the first day finds it."""
        lanes = self.world.lanes
        self.reach, self.flow = np.empty((groups, STRETCH, lanes)), np.empty((len(FLOW), STRETCH, lanes))
        self.brings, self.earned = np.empty((1 + len(REMEMBERED), STRETCH, lanes)), np.empty((1 + len(REMEMBERED), lanes))
        self.known, self.abandoned, self.through_desk = np.empty((3, STRETCH, lanes))
        self.contacts = np.empty((2 + len(service.KINDS), STRETCH, lanes))  # all, those answered in time, and those lost by kind of hour
        self.gain, self.worth = np.empty((len(MENDED_EACH_DAY), STRETCH, lanes)), np.empty((2, STRETCH, lanes))
        # Score, and buyers served against the usual: a row for the morning of each day of a stretch, and one for the morning after.
        self.memory, self.today = np.empty((2, STRETCH + 1, lanes)), np.empty((2, lanes))
        self.memory[0, 0], self.memory[1, 0] = self.closure.score, 1.0
        self.adstock, self.trouble, self.debt = np.ones(lanes), self.usual_trouble, np.zeros(lanes)

    def through(self) -> Projection:
        turns = self._turns()
        stretches = _stretches(np.logical_or.reduce(list(turns.values())))
        noise = self.noise and self.noise.stretches([len(days) for days in stretches])
        since = dict.fromkeys(turns, 0)
        for days in stretches:
            for part in [part for part in turns if turns[part][days.start]]:
                if days.start:
                    self._settle(part, since[part])
                self._turn(part, days.start)
                since[part] = days.start
            decided = self._decided(days, next(noise) if noise else None)
            for place, day in enumerate(days):
                self._day(day, place, decided)
            self._book(days, decided)
            self.memory[:, 0] = self.memory[:, len(days)]
        for part in turns:
            self._settle(part, since[part])
        return self._closed()

    def _turns(self) -> dict[str, Array]:
        """Days on which a part of the funnel is another than the day before. [day]"""
        world = self.world
        turns = {
            "orders": world.turns((*ORDER_LEVERS, *RETURN_LEVERS, *world.parcel_levers)),
            "page": world.turns(PAGE_LEVERS),
            "payment": world.turns(PAYMENT_LEVERS),
            "service": world.turns((*SERVICE_LEVERS, RECOVERY)),
        }
        turns["orders"][1:] |= np.diff(world.calendar.transit) != 0.0
        for name in OUTER_CHANNELS:  # an outer channel opens or closes
            move = world.moves.get(f"traffic.{name}")
            if move is not None:
                turns["orders"][1:] |= np.diff(move.reach > 0.0)
        return turns

    def _turn(self, part: str, day: int) -> None:
        """What holds from this day until the part's next turn."""
        world, closure, noise = self.world, self.closure, self.noise
        if part == "orders":
            self.orders = self.ordering.on(day)
            self.returns = self.returning.on(day)
            self.yields = yields(self.orders, self.returns)
            self.remembered = np.concatenate([self.orders.viewers[None], self.yields.counts])
            late = self.returns.delivery.shipped_late
            self.in_time, self.shipping = float(np.log1p(-late)), -self.returns.ship_hazard
            delivered = world["memory.late_repeat_loss"] * self.returns.delivery.delivered_late
            self.lasting = (1.0 - delivered) / closure.flows["served"]
            if noise:
                self.keen = rate_factor(noise, SUBMIT, self.orders.highest_rate)
                self.upset = rate_factor(noise, RETURNS, self.returns.highest_rate)
        elif part == "page":
            page = self.page.on(day)
            self.leaving, self.slow_loads = self._mend(page.hazards), page.slow_loads
            self.staying = -sum(self.leaving.values())
            self.page_hazards = np.stack([self.leaving[cause] for cause in MENDED_EACH_DAY[:2]])
        elif part == "payment":
            self.failing = self._mend(self.checkout.on(day))
            self.paying = -sum(self.failing.values())
            self.payment_hazards = np.stack([self.failing[cause] for cause in MENDED_EACH_DAY[2:5]])
        else:
            self.bot = world.level("service.bot_resolution", day)
            human = (1.0 - self.bot) / (1.0 - world["service.bot_resolution"]) * closure.desk.daily_contacts
            self.contacts_per_stayer = human * ((1.0 - world["service.aftersales_share"]) / closure.flows["stayers"])
            self.contacts_per_trouble = human * (world["service.aftersales_share"] / self.usual_trouble)
            self.experience = memory.experience(world, recovery=world.level(RECOVERY, day), bot=self.bot)
            self.waiting_loss = service.waiting_loss(world, closure.asker_ratio, self.bot)
            if self.mended == "service_wait":
                self.waiting_loss = 0.0 * self.waiting_loss

    def _settle(self, part: str, day: int) -> None:
        """Apply what held since a part's last turn, on `day`, to the rows of the days since."""
        world, closure, book = self.world, self.closure, self.ledger
        if part == "orders":
            book.settle_orders(world, self.orders, self.returns, self.yields, priced=self.priced, day=day)
        elif self.headlines:
            if part == "page":
                book.add("viewers", *book.taken("page.viewers"))
        elif part == "page":
            book.settle_page(self.leaving, self.slow_loads, world["detail_page.click_share"])
        elif part == "payment":
            book.settle_payment(self.failing)
        else:
            book.settle_service(world, self.bot, self.hours, asker_ratio=closure.asker_ratio, desks=closure.desks)

    def _mend(self, hazards: dict[str, Array]) -> dict[str, Array]:
        return {cause: 0.0 * hazard if cause == self.mended else hazard for cause, hazard in hazards.items()}

    # ------------------------------------------------------------------------------- what the days' chance and the levers decide

    def _decided(self, days: range, noise: Array | None) -> Decided:
        """All that does not wait for the day before; into `brings` what the groups bring that memory leaves alone."""
        world = self.world
        if noise is None:
            noise = np.ones((len(days), len(STREAMS), world.lanes))
        m_stay, m_pay, m_ship = noise[:, STAY], noise[:, PAY], noise[:, SHIP]

        # Traffic
        common = world.calendar.traffic[days.start : days.stop, None] * noise[:, TRAFFIC]
        if world.profile is not None:
            common *= world.profile[days.start : days.stop]
        reach = self.reach[:, : len(days)]
        self._reach_paid(days, common, out=reach[1])
        reach[2:] = common
        np.einsum("fgl,gdl->fdl", self.remembered[:, 1:], reach[1:], out=self.brings[:, : len(days)])

        # Detail page
        arriving = _raised(self.staying, m_stay)
        arriving *= world["detail_page.click_share"]

        # Orders, payment, fulfilment, returns: what is left of a unit of a channel group's reach
        flow = self.flow[:, : len(days)]
        each, paid, shipped, unhappy, back = flow
        in_time = _raised(self.in_time, m_ship)
        ship = 1.0 if self.mended == "late_shipping" else _raised(self.shipping, m_ship)
        upset = self.upset.at(noise[:, RETURNS]) if self.noise else noise[:, RETURNS]
        np.multiply(arriving, self.keen.at(noise[:, SUBMIT]) if self.noise else noise[:, SUBMIT], out=each)
        np.multiply(each, _raised(self.paying, m_pay), out=paid)
        np.multiply(paid, ship, out=shipped)
        np.multiply(paid, upset, out=unhappy)
        np.multiply(unhappy, ship, out=back)
        return Decided(
            common=common, arriving=arriving, contacts=arriving * self.contacts_per_stayer, late=paid - paid * in_time, flow=flow,
            deserved=self.experience.deserved(in_time), blame=upset * self.experience.described, m_stay=m_stay, m_pay=m_pay,
        )

    def _reach_paid(self, days: range, common: Array, out: Array) -> None:
        """The paid feed's factor on these days: its budget, carried over from day to day, at the day's ad price."""
        closure, price = self.closure, self.world.calendar.cpm
        for place, day in enumerate(days):
            if BUDGET in self.world.moves:
                self.adstock = self.adstock + self.drift * (self.world.level(BUDGET, day) / self.world[BUDGET] - self.adstock)
            if BUDGET in self.world.moves or not day or price[day] != price[day - 1]:
                self.bought = traffic.paid_response(self.adstock, price[day], closure.saturation, closure.volume_price)
            np.multiply(common[place], self.bought, out=out[place])

    # ------------------------------------------------------------------------------------- day after day: what memory carries

    def _day(self, day: int, k: int, decided: Decided) -> None:
        """A day, the k-th of its stretch, from what memory holds in its morning to what it holds in the next one's."""
        world, memories = self.world, self.memory[:, k]
        score, served = memories

        # Traffic: earned viewers feel the score, and a part of them are buyers who come back
        known = np.multiply(decided.common[k], memory.score_factor(world, score - self.usual_score[day]), out=self.known[k])
        reach, brings = self.reach[:, k], self.brings[:, k]
        np.multiply(known, self.newcomers + self.repeat * served, out=reach[0])
        if self.replay:
            reach[0] = self.replay.earned[day]
        if self.path is not None:
            self.path[0].append(reach[0].copy())
        brings += np.multiply(self.remembered[:, 0], reach[0], out=self.earned)
        if self.lending:
            left = self._borrow(day, brings[0])
            for row in (reach, brings, known):
                row *= left
        viewers, orders, _, described = brings

        # Service desk: after-sales contacts follow yesterday's late and returned orders
        contacts = np.multiply(viewers, decided.contacts[k], out=self.contacts[0, k])
        contacts += self.contacts_per_trouble * self.trouble
        desk = self.replay.desk[day] if self.replay else self.desk.on(day, contacts)
        if self.path is not None:
            self.path[1].append(desk)
        self.hours, self.abandoned[k] = desk.share, desk.abandoned
        through_desk = np.subtract(1.0, self.waiting_loss * desk.abandoned, out=self.through_desk[k])
        if not self.headlines:
            np.multiply(contacts, desk.in_time, out=self.contacts[1, k])
            np.multiply(contacts, desk.lost, out=self.contacts[2:, k])

        # What shoppers lived through is tomorrow's score; who was served comes back; trouble makes contacts
        today = self.today
        described /= orders
        described *= decided.blame[k]
        np.subtract(decided.deserved[k], described, out=today[0])
        today[0] -= self.experience.answered * desk.abandoned
        lived = brings[1:3] * through_desk
        sent, back = lived * decided.flow[2::2, k]
        np.multiply(sent - back, self.lasting, out=today[1])
        if self.reference is not None:
            today[1] /= self.reference.served[day]
        today -= memories
        today *= self.pace
        np.add(memories, today, out=self.memory[:, k + 1])
        self.trouble = lived[0] * decided.late[k] + back

    def _borrow(self, day: int, viewers: Array) -> Array:
        """Share of viewers that is left: events borrow from later days, which pay them back a part a day (R66, R67). [lane]"""
        world, lift = self.world, float(self.world.calendar.traffic[day])
        repaid = np.minimum(world["traffic.repay_rate"] * self.debt, world["traffic.repay_cap"] * viewers)
        pull = world.calendar.pull[day]
        pull = world["traffic.pull_forward"] if np.isnan(pull) else pull
        borrowed = pull * (max(lift, 1.0) - 1.0) / lift * viewers
        self.debt = self.debt + (borrowed - repaid)
        self.ledger.add("borrowed_viewers", borrowed)
        self.ledger.add("repaid_viewers", repaid)
        return 1.0 - repaid / viewers

    # ------------------------------------------------------------------------------------------------------------- the books

    def _book(self, days: range, decided: Decided) -> None:
        """What the stretch brought, stage by stage."""
        world, book, some = self.world, self.ledger, slice(len(days))
        viewers, orders, returned, _ = self.brings[:, some]
        reach, through_desk, abandoned = self.reach[:, some], self.through_desk[some], self.abandoned[some]
        flow, worth = decided.flow, self.worth[:, some]
        each, paid, shipped, _, back = flow
        free_orders, all_reach = orders * each, reach.sum(axis=1)
        placed, through = free_orders * through_desk, orders * through_desk
        reach *= through_desk
        paying = reach * world.calendar.value[days.start : days.stop, None] if self.priced else reach
        value, refund = np.einsum("fgl,gdl->fdl", self.yields.money, paying)
        refund *= back
        np.multiply(value, paid, out=worth[0])
        np.subtract(np.multiply(value, shipped, out=value), refund, out=worth[1])
        if self.daily:
            kept, patience = self.kept, world.row("service.patience_s")
            rows = {name: rows[days.start : days.stop] for name, rows in self.daily.items()}
            for name, figures in (("viewers", viewers), ("orders", placed), ("refunds", refund), ("score", self.memory[0, some])):
                rows[name][...] = figures[:, kept]
            rows["gmv"][...], rows["net_gmv"][...] = worth[..., kept]
            np.multiply(through[:, kept], shipped[:, kept], out=rows["shipped"])
            np.multiply(returned[:, kept], through_desk[:, kept], out=rows["returned"])
            rows["returned"] *= back[:, kept]
            np.multiply(abandoned[:, kept], patience[kept], out=rows["wait_s"])
        groups = np.einsum("fdl,gdl->fgl", flow, reach)
        book.wait("page.viewers", (self.orders.viewers * all_reach).sum(axis=0))
        if not self.headlines:
            stayers = viewers * decided.arriving
            book.wait("returning", _summed(self.known[some], self.memory[1, some]))
            book.wait("page.stayers", stayers.sum(axis=0))
            book.wait("payment.lost", (self.yields.counts[0] * (groups[0] - groups[1])).sum(axis=0))
            book.add("late_orders", _summed(through, decided.late))
            self._book_refunds(days, refund)
            self._book_service(some, stayers, free_orders)
            self._book_mending(decided, through_desk, stayers, placed)
        book.wait("reach", all_reach)
        book.wait("groups", groups)
        if self.priced:
            book.wait("groups.value", np.einsum("fdl,gdl->fgl", flow, paying))

    def _book_refunds(self, days: range, refund: Array) -> None:
        """Refunds of the days' orders that are asked for after the horizon."""
        refund_days = self.returns.delivery.refund_day
        for day, asked in zip(days, refund, strict=True):
            self.refund_days.append(refund_days)
            left = self.world.days - 1 - day
            if left < len(refund_days):
                self.ledger.add("refunds_after_horizon", asked * (1.0 - refund_days[:left].sum()))

    def _book_service(self, some: slice, stayers: Array, free_orders: Array) -> None:
        """Contacts and shoppers, all of them and those whom the desk answered late or lost."""
        abandoned = self.abandoned[some]
        contacts, in_time, *lost = self.contacts[:, some].sum(axis=1)
        rows = contacts, stayers.sum(axis=0), free_orders.sum(axis=0), in_time, _summed(stayers, abandoned), _summed(free_orders, abandoned)
        self.ledger.wait("service", np.stack([*rows, *lost]))

    def _book_mending(self, decided: Decided, through_desk: Array, stayers: Array, placed: Array) -> None:
        """What waiting cost, and what letting everything through would have brought, cause by cause."""
        ordering = placed / stayers
        share = np.log(through_desk)
        share /= np.log(ordering, out=ordering)
        self.ledger.add("leak.order.service_wait", _summed(stayers - placed, share))
        gain, worth = self.gain[:, : len(placed)], self.worth[:, : len(placed)]
        np.multiply(decided.m_stay, self.page_hazards[:, None], out=gain[:2])
        np.multiply(decided.m_pay, self.payment_hazards[:, None], out=gain[2:5])
        np.exp(gain[:5], out=gain[:5])
        np.divide(1.0, through_desk, out=gain[5])
        gain -= 1.0
        self.recovered += np.einsum("cdl,kdl->kcl", gain, worth)

    def _closed(self) -> Projection:
        """Totals that follow from the books once the horizon is over."""
        world, closure, book = self.world, self.closure, self.ledger
        book.totals["debt_viewers"] = self.debt
        for name in ("borrowed_viewers", "repaid_viewers"):
            book.add(name, 0.0)
        if not self.headlines:
            book.recover(self.recovered)
        book.add("ad_spend", closure.ad_spend * (_over_days(world, BUDGET) / world[BUDGET]))
        book.add("seat_days", closure.desks * _over_days(world, "service.seats"))
        settle(world, book)
        path = self.path and Path(earned=np.stack(self.path[0]), desk=tuple(self.path[1]))
        return Projection(
            totals=dict(book.totals), category=dict(book.category), channel=book.channel, returns=book.returns,
            return_value=book.return_value, daily=self.daily, refund_days=tuple(self.refund_days), segments=self.segments,
            path=path,
        )


def _over_days(world: World, lever: str) -> Number:
    """Sum of a lever's level over the horizon. [lane]"""
    here, move = world[lever], world.moves.get(lever)
    return world.days * here + (0.0 if move is None else move.reach.sum() * (world.target(lever) - here))


def _stretches(turns: Array) -> list[range]:
    """The horizon in runs of days on which nothing turns, cut to a length that never depends on the lanes: sums keep their order."""
    ends = [*np.flatnonzero(turns).tolist(), len(turns)]
    return [range(day, min(day + STRETCH, end)) for first, end in pairwise(ends) for day in range(first, end, STRETCH)]


def _summed(rows: Array, weights: Array) -> Array:
    """Sum of products over days, one day after the other in every lane. [day, lane] -> [lane]"""
    return np.einsum("dl,dl->l", rows, weights)


def _raised(log_share: Number, m: Array) -> Array:
    """s^m: what is left of a share when its hazard is m times as high. [day, lane]"""
    power = m * log_share
    return np.exp(power, out=power)

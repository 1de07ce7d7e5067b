"""One leaky funnel, day by day: traffic -> detail page -> service -> payment -> fulfilment -> returns -> memory.

Reads like the whiteboard. Lanes go through side by side; a day only knows the day before through the shop's memory
(score, repeat purchase, ad carry-over, borrowed demand, after-sales contacts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sim.model import memory, returns, service, traffic
from sim.model.closure import Closure
from sim.model.detail_page import PAGE_LEVERS
from sim.model.fulfilment import Fulfilment
from sim.model.ledger import FLOW, MENDED_EACH_DAY, Ledger
from sim.model.noise import PAY, RETURNS, SHIP, STAY, SUBMIT, TRAFFIC, Noise, day_to_day, rate_factor
from sim.model.payment import PAYMENT_LEVERS
from sim.model.service import SERVICE_LEVERS, DeskDay
from sim.model.settlement import settle
from sim.model.terms import GROUPS, ORDER_LEVERS, RETURN_LEVERS, Checkout, Ordering, Page, return_terms, without, yields
from sim.model.world import CATEGORIES, OUTER_CHANNELS, Array, Number, World

DAILY = ("viewers", "orders", "gmv", "net_gmv", "shipped", "returned", "refunds", "score", "wait_s")
BUDGET, RECOVERY = "traffic.paid_budget", "returns.review_recovery"


@dataclass(frozen=True, kw_only=True)
class Path:
    """What memory made of the earned channels' reach, and what the queue did; a replay holds them fixed. Each [day, lane]."""

    earned: Array
    desk: tuple[DeskDay, ...]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A block's outcome. totals [lane]; category [segment, lane]; channel [channel, lane]; daily [day, lane].

    `refund_days`: of each day's orders, the share of refunds that is asked for on each day after it. [lag]
    """

    totals: Mapping[str, Array]
    category: Mapping[str, Array]
    channel: Mapping[str, Array]
    returns: Mapping[tuple[str, str], Array]
    return_value: Mapping[tuple[str, str], Array]
    daily: Mapping[str, Array]
    refund_days: tuple[Array, ...]
    segments: tuple[str, ...]
    path: Path | None


@dataclass(kw_only=True)
class State:
    """What a day hands to the next. [lane]"""

    score: Array
    served: Array
    adstock: Array
    after_sales: Array
    debt: Array


def project(
    world: World, closure: Closure, *, noise: Noise | None = None, daily_lanes: int | None = None, mended: str | None = None,
    replay: Path | None = None, traced: bool = False, headlines: bool = False,
) -> Projection:
    """Run a block of lanes through its horizon.

    `noise` is the block's day-to-day noise where it is at hand already; daily series are kept of the first `daily_lanes` lanes
    (None: of all). `mended` names a cause that lets everything through and `replay` holds memory and queue to the path of an
    earlier, `traced` run: together they are the experiment behind `recoverable`. `headlines`: the books hold only what the
    headline figures need, which come out the same to the last bit.
    """
    if noise is None:
        noise = day_to_day(world, closure.rates(world), closure.entrants())
    kept = 0 if headlines else world.lanes if daily_lanes is None else daily_lanes
    return _Run(world, closure, noise, kept, mended, replay, traced, headlines).through()


class _Run:
    def __init__(
        self, world: World, closure: Closure, noise: Noise | None, daily_lanes: int, mended: str | None, replay: Path | None, traced: bool,
        headlines: bool,
    ) -> None:
        self.headlines = headlines
        self.world, self.closure, self.noise, self.mended, self.replay = world, closure, noise, mended, replay
        self.ordering, self.page, self.checkout = Ordering(world, closure), Page(world, closure), Checkout(world, closure)
        self.desk, self.parcels = closure.desk.queue.under(world, headlines=headlines), Fulfilment(world)
        self.segments = self.ordering.segments
        self.hazards = returns.baseline_hazards(world, self.segments)
        self.ledger = Ledger(world.lanes, self.segments, headlines=headlines)
        self.kept = slice(daily_lanes)
        self.daily = {name: np.empty((world.days, daily_lanes)) for name in DAILY} if daily_lanes else {}
        self.refund_days: list[Array] = []
        self.path: list[list] | None = [] if traced else None
        self.priced = bool(np.any(world.calendar.value != 1.0))
        self.lending = bool(np.any(world.calendar.traffic > 1.0))
        ones = np.ones(world.lanes)
        self.state = State(score=closure.score.copy(), served=ones.copy(), adstock=ones.copy(), after_sales=ones.copy(), debt=0.0 * ones)
        self.drift = 1.0 - world["traffic.adstock_week"] ** (1.0 / 7.0)
        self.usual_trouble = closure.flows["late"] + closure.flows["returned"]
        groups = len(GROUPS) if len(self.segments) > len(CATEGORIES) else len(GROUPS) - 1
        # Room to work in: memory that is asked for afresh each day costs more than the sums.
        self.reach, self.flow = np.empty((groups, world.lanes)), np.empty((len(FLOW), world.lanes))
        self.scratch = np.empty((len(FLOW), groups, world.lanes))
        self.service = np.empty((6 + len(service.KINDS), world.lanes))
        self.gain, self.worth = np.empty((2, len(MENDED_EACH_DAY), world.lanes))
        self.recovered = np.zeros((2, len(MENDED_EACH_DAY), world.lanes))

    def through(self) -> Projection:
        world = self.world
        turns, noise = self._turns(), self.noise and self.noise.days()
        since = dict.fromkeys(turns, 0)
        for day in range(world.days + 1):
            for part, days in turns.items():
                if day == world.days or days[day]:
                    if day:
                        self._settle(part, since[part])
                    since[part] = day
            if day < world.days:
                for part, days in turns.items():
                    if days[day]:
                        self._turn(part, day)
                self._day(day, next(noise) if noise else None)
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
            self.returns = without(return_terms(world, self.parcels, self.hazards, day), self.mended)
            self.yields = yields(self.orders, self.returns)
            late = self.returns.delivery.shipped_late
            self.in_time, self.shipping = float(np.log1p(-late)), -self.returns.ship_hazard
            delivered = world["memory.late_repeat_loss"] * self.returns.delivery.delivered_late
            self.coming_back = (1.0 - delivered) / closure.flows["served"]
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
            self.contacts_per_trouble = human * world["service.aftersales_share"]
            self.experience = memory.experience(world, recovery=world.level(RECOVERY, day), bot=self.bot)
            self.waiting_loss = service.waiting_loss(world, closure.asker_ratio, self.bot)

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

    def _day(self, day: int, noise: Array | None) -> None:
        world, book, state = self.world, self.ledger, self.state

        # Traffic
        reach, viewers = self._traffic(day, noise)

        # Detail page
        m_stay = noise[STAY] if noise is not None else 1.0
        arriving = world["detail_page.click_share"] * np.exp(m_stay * self.staying)
        stayers = viewers * arriving

        # Service desk: after-sales contacts follow yesterday's late and returned orders
        contacts = self.contacts_per_stayer * stayers + self.contacts_per_trouble * state.after_sales
        desk = self.replay.desk[day] if self.replay else self.desk.on(day, contacts)
        through_desk = 1.0 if self.mended == "service_wait" else 1.0 - self.waiting_loss * desk.abandoned

        # Orders, payment, fulfilment, returns: what is left of a unit of a channel group's reach
        m_pay = noise[PAY] if noise is not None else 1.0
        m_ship = noise[SHIP] if noise is not None else 1.0
        in_time = np.exp(m_ship * self.in_time)
        ship = 1.0 if self.mended == "late_shipping" else np.exp(m_ship * self.shipping)
        each, bought, shipped, upset, gone = flow = self.flow
        free = arriving * self.keen.at(noise[SUBMIT]) if noise is not None else arriving
        np.multiply(free, through_desk, out=each)
        np.multiply(each, np.exp(m_pay * self.paying), out=bought)
        np.multiply(bought, ship, out=shipped)
        np.multiply(bought, self.upset.at(noise[RETURNS]) if noise is not None else 1.0, out=upset)
        np.multiply(upset, ship, out=gone)

        # A unit of a group's reach brings what its mix of categories brings
        orders, value, returned, refunded, described = np.multiply(self.yields.stacked, reach, out=self.scratch).sum(axis=1)
        price = float(world.calendar.value[day])
        if self.priced:
            value, refunded = value * price, refunded * price
        free_orders, placed, paid, sent, back = orders * free, orders * each, orders * bought, orders * shipped, returned * gone
        gmv, refund = value * bought, refunded * gone
        net = value * shipped - refund
        late_paid = paid - paid * in_time

        if self.daily:
            waits = world["service.patience_s"] * desk.abandoned
            for name, row in zip(DAILY, (viewers, placed, gmv, net, sent, back, refund, state.score, waits), strict=True):
                self.daily[name][day] = row[self.kept]
        self._book_groups(flow, reach, price)
        book.wait("page.viewers", viewers)
        if not self.headlines:
            book.wait("page.stayers", stayers)
            book.wait("payment.lost", placed - paid)
            book.add("late_orders", late_paid)
            self._book_refunds(day, refund)
            self._book_service(contacts, desk, stayers, free_orders)
            self._book_mending(m_stay, m_pay, through_desk, stayers, placed, gmv, net)
        self._remember(day, desk, described * gone / sent, in_time, kept=sent - back, trouble=late_paid + back)

    def _traffic(self, day: int, noise: Array | None) -> tuple[Array, Array]:
        """Each channel group's factor on the day, and all viewers: calendar, noise, and what moves the group. [group, lane], [lane]"""
        world, state, calendar, closure = self.world, self.state, self.world.calendar, self.closure
        common = calendar.traffic[day] * (np.ones(world.lanes) if noise is None else noise[TRAFFIC])
        if BUDGET in world.moves:
            state.adstock = state.adstock + self.drift * (self._budget(day) - state.adstock)
        if BUDGET in world.moves or not day or calendar.cpm[day] != calendar.cpm[day - 1]:
            self.bought = traffic.paid_response(state.adstock, calendar.cpm[day], closure.saturation, closure.volume_price)
        known = common * memory.score_factor(world, state.score - closure.score)
        reach = self.reach
        np.multiply(known, memory.repeat_factor(world, state.served), out=reach[0])
        if self.replay:
            reach[0] = self.replay.earned[day]
        np.multiply(common, self.bought, out=reach[1])
        reach[2:] = common
        if self.path is not None:
            self.path.append([reach[0].copy()])
        viewers = (self.orders.viewers * reach).sum(axis=0)
        returning = known * state.served  # those whom earlier good experience brought back, up to their share of all
        if self.lending:
            left = self._borrow(day, viewers)
            reach *= left
            viewers, returning = viewers * left, returning * left
        if not self.headlines:
            self.ledger.wait("returning", returning)
        return reach, viewers

    def _budget(self, day: int) -> Number:
        """Ad spend of the day against the baseline's. [lane]"""
        return self.world.level(BUDGET, day) / self.world[BUDGET]

    def _borrow(self, day: int, viewers: Array) -> Array:
        """Share of viewers that is left: events borrow from later days, which pay them back a part a day (R66, R67). [lane]"""
        world, state, lift = self.world, self.state, float(self.world.calendar.traffic[day])
        repaid = np.minimum(world["traffic.repay_rate"] * state.debt, world["traffic.repay_cap"] * viewers)
        pull = world.calendar.pull[day]
        pull = world["traffic.pull_forward"] if np.isnan(pull) else pull
        borrowed = pull * (max(lift, 1.0) - 1.0) / lift * viewers
        state.debt = state.debt + (borrowed - repaid)
        self.ledger.add("borrowed_viewers", borrowed)
        self.ledger.add("repaid_viewers", repaid)
        return 1.0 - repaid / viewers

    def _remember(self, day: int, desk: DeskDay, described: Array, in_time: Array, *, kept: Array, trouble: Array) -> None:
        world, state = self.world, self.state
        if self.path is not None:
            self.path[-1].append(desk)
        today = self.experience.score(description_rate=described, abandoned=desk.abandoned, shipped_24h=in_time)
        state.score = state.score + (today - state.score) / world["memory.score_days"]
        state.served = state.served + (kept * self.coming_back - state.served) / world["memory.repeat_days"]
        state.after_sales = trouble / self.usual_trouble

    def _book_groups(self, flow: Array, reach: Array, price: float) -> None:
        """What is left of each group's reach, stage by stage; in CNY apart where events change what is paid."""
        self.ledger.wait("reach", reach)
        rows = np.multiply(flow[:, None], reach, out=self.scratch)
        self.ledger.wait("groups", rows)
        if self.priced:
            rows *= price
            self.ledger.wait("groups.value", rows)

    def _book_refunds(self, day: int, refund: Array) -> None:
        """Refunds of the day's orders that are asked for after the horizon."""
        refund_days, left = self.returns.delivery.refund_day, self.world.days - 1 - day
        self.refund_days.append(refund_days)
        if left < len(refund_days):
            self.ledger.add("refunds_after_horizon", refund * (1.0 - refund_days[:left].sum()))

    def _book_service(self, contacts: Array, desk: DeskDay, stayers: Array, free_orders: Array) -> None:
        """Contacts and shoppers, all of them and those whom the desk answered late or lost."""
        self.hours, rows = desk.share, self.service
        rows[0], rows[1], rows[2] = contacts, stayers, free_orders
        np.multiply(contacts, desk.in_time, out=rows[3])
        np.multiply(rows[1:3], desk.abandoned, out=rows[4:6])
        np.multiply(contacts, desk.lost, out=rows[6:])
        self.ledger.wait("service", rows)

    def _book_mending(
        self, m_stay: Number, m_pay: Number, through_desk: Number, stayers: Array, placed: Array, gmv: Array, net: Array
    ) -> None:
        """What waiting cost, and what letting everything through would have brought, cause by cause."""
        self.ledger.add("leak.order.service_wait", (stayers - placed) * (np.log(through_desk) / np.log(placed / stayers)))
        gain = self.gain
        np.multiply(m_stay, self.page_hazards, out=gain[:2])
        np.multiply(m_pay, self.payment_hazards, out=gain[2:5])
        np.exp(gain[:5], out=gain[:5])
        gain[5] = 1.0 / through_desk
        gain -= 1.0
        for total, worth in zip(self.recovered, (gmv, net), strict=True):
            total += np.multiply(gain, worth, out=self.worth)

    def _closed(self) -> Projection:
        """Totals that follow from the books once the horizon is over."""
        world, closure, book = self.world, self.closure, self.ledger
        book.totals["debt_viewers"] = self.state.debt
        for name in ("borrowed_viewers", "repaid_viewers"):
            book.add(name, 0.0)
        if not self.headlines:
            book.recover(self.recovered)
        book.add("ad_spend", closure.ad_spend * _over_days(world, self._budget))
        book.add("seat_days", closure.desks * _over_days(world, lambda day: world.level("service.seats", day)))
        settle(world, book)
        path = self.path and Path(earned=np.stack([earned for earned, _ in self.path]), desk=tuple(desk for _, desk in self.path))
        return Projection(
            totals=dict(book.totals), category=dict(book.category), channel=book.channel, returns=dict(book.returns),
            return_value=dict(book.return_value), daily=self.daily, refund_days=tuple(self.refund_days), segments=self.segments,
            path=path,
        )


def _over_days(world: World, level: Callable[[int], Number]) -> Number:
    """Sum of a lever's level over the horizon. [lane]"""
    total = np.zeros(1)
    for day in range(world.days):
        total = total + level(day)
    return total

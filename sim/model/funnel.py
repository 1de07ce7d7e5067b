"""One leaky funnel, day by day: traffic -> detail page -> service -> payment -> fulfilment -> returns -> memory.

Reads like the whiteboard. Lanes go through side by side; a day only knows the day before through the shop's memory
(score, repeat purchase, ad carry-over, borrowed demand, after-sales contacts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.model import memory, returns, service, traffic
from sim.model.closure import Closure
from sim.model.detail_page import PAGE_LEVERS
from sim.model.ledger import Ledger
from sim.model.noise import day_to_day, rate_factor
from sim.model.payment import PAYMENT_LEVERS
from sim.model.service import DeskDay
from sim.model.settlement import refunds_by_date, settle
from sim.model.terms import (
    DISCOUNT,
    GROUPS,
    ORDER_LEVERS,
    RETURN_LEVERS,
    Checkout,
    Page,
    order_terms,
    return_terms,
    segments_of,
    uses_outer,
    without,
)
from sim.model.world import OUTER_CHANNELS, Array, Number, World

DAILY = ("viewers", "orders", "gmv", "net_gmv", "shipped", "returned", "refunds", "score", "wait_s")


@dataclass(frozen=True, kw_only=True)
class Path:
    """What memory and queue did on each day; a replay holds them fixed. Each [day, lane]."""

    memory: Array
    desk: tuple[DeskDay, ...]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A block's outcome. totals [lane]; category [segment, lane]; channel [channel, lane]; daily [day, lane]."""

    totals: Mapping[str, Array]
    category: Mapping[str, Array]
    channel: Mapping[str, Array]
    returns: Mapping[tuple[str, str], Array]
    return_value: Mapping[tuple[str, str], Array]
    daily: Mapping[str, Array]
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


def project(world: World, closure: Closure, *, mended: str | None = None, replay: Path | None = None) -> Projection:
    """Run a block of lanes through its horizon.

    `mended` names a cause that lets everything through and `replay` holds memory and queue to an earlier run's path:
    together they are the experiment behind `recoverable`.
    """
    return _Run(world, closure, mended, replay).through()


class _Run:
    def __init__(self, world: World, closure: Closure, mended: str | None, replay: Path | None) -> None:
        self.world, self.closure, self.mended, self.replay = world, closure, mended, replay
        self.segments = segments_of(world)
        self.hazards = returns.baseline_hazards(world, self.segments)
        outer = [world.row(f"traffic.{name}_value") for name in OUTER_CHANNELS] if uses_outer(world) else []
        self.values = np.concatenate([closure.order_values, np.stack(outer)]) if outer else closure.order_values
        self.page, self.checkout = Page(world, closure), Checkout(world, closure)
        self.desk = closure.desk.queue
        self.noise = day_to_day(world, closure.rates(world), closure.entrants())
        self.ledger = Ledger(world.lanes, self.segments, self.values)
        self.groups = GROUPS if uses_outer(world) else GROUPS[:2]
        self.daily = {name: np.empty((world.days, world.lanes)) for name in DAILY}
        self.refund_days = []
        self.path: list[tuple[Array, DeskDay]] = []
        ones = np.ones(world.lanes)
        self.state = State(score=closure.score.copy(), served=ones.copy(), adstock=ones.copy(), after_sales=ones.copy(), debt=0.0 * ones)
        self.carry = world["traffic.adstock_week"] ** (1.0 / 7.0)

    def through(self) -> Projection:
        world, ledger = self.world, self.ledger
        turns = {
            "orders": world.turns(ORDER_LEVERS),
            "returns": world.turns(RETURN_LEVERS) | np.append(True, np.diff(world.calendar.transit) != 0.0) | self._openings(),
            "page": world.turns(PAGE_LEVERS),
            "payment": world.turns(PAYMENT_LEVERS),
        }
        fee = world["money.commission"], world["money.commission_on_refunds"]
        for day in range(world.days):
            if turns["orders"][day]:
                if day:
                    ledger.settle_orders(self.orders, *fee)
                self.orders = order_terms(world, self.closure, day)
            if turns["returns"][day]:
                if day:
                    ledger.settle_returns(self.returns)
                self.returns = without(return_terms(world, self.closure, self.hazards, day), self.mended)
            if turns["page"][day]:
                if day:
                    ledger.settle_causes("page", self.leaving)
                page = self.page.on(day)
                self.leaving, self.slow_loads = self._mend(page.hazards), page.slow_loads
            if turns["payment"][day]:
                if day:
                    ledger.settle_causes("payment", self.failing)
                self.failing = self._mend(self.checkout.on(day))
            self._day(day)
        ledger.settle_orders(self.orders, *fee)
        ledger.settle_returns(self.returns)
        ledger.settle_causes("page", self.leaving)
        ledger.settle_causes("payment", self.failing)
        return self._closed()

    def _openings(self) -> Array:
        """Days on which an outer channel opens or closes. [day]"""
        turned = np.zeros(self.world.days, dtype=bool)
        for name in OUTER_CHANNELS:
            move = self.world.moves.get(f"traffic.{name}")
            if move is not None:
                turned[1:] |= np.diff(move.reach > 0.0)
        return turned

    def _mend(self, hazards: dict[str, Array]) -> dict[str, Array]:
        return {cause: 0.0 * hazard if cause == self.mended else hazard for cause, hazard in hazards.items()}

    def _day(self, day: int) -> None:
        world, closure, ledger, state, noise = self.world, self.closure, self.ledger, self.state, self.noise
        click = world["detail_page.click_share"]

        # Traffic
        recall = memory.score_factor(world, state.score - closure.score) * memory.repeat_factor(world, state.served)
        if self.replay:
            recall = self.replay.memory[day]
        reach = self._reach(day, recall)
        viewers = sum(self.orders.group_viewers[group] * reach[group] for group in self.groups)
        reach, viewers = self._borrow(day, reach, viewers)

        ledger.add("earned_viewers", self.orders.group_viewers["earned"] * reach["earned"])
        ledger.add("returning_viewers", self.orders.group_viewers["earned"] * reach["earned"] * memory.returning_share(world, state.served))

        # Detail page
        visits = viewers * click
        m_stay = noise.stay[day] if noise else 1.0
        stay = np.exp(-m_stay * sum(self.leaving.values()))
        stayers = visits * stay

        # Service desk
        contacts, desk, bot = self._serve(day, stayers)
        asks, ratio = world["service.asks_share"], closure.asker_ratio
        kept_askers = service.kept_share(bot, desk.abandoned, world["service.kept_if_abandoned"])
        through_desk = 1.0 if self.mended == "service_wait" else service.order_share(asks, ratio, kept_askers)

        # Orders
        keen = rate_factor(noise.submit, day, self.orders.highest_rate) if noise else 1.0
        per_viewer = click * stay * through_desk * keen
        each = {group: reach[group] * per_viewer for group in self.groups}
        orders = sum(self.orders.group_orders[group] * each[group] for group in self.groups)
        placed = orders.sum(axis=0)

        # Payment
        m_pay = noise.pay[day] if noise else 1.0
        pay = np.exp(-m_pay * sum(self.failing.values()))
        price = float(world.calendar.value[day])
        if DISCOUNT in world.moves:
            sales = sum(self.orders.group_sales[group] * each[group] for group in self.groups) * self.values * price
        else:
            sales = orders * self.values * price
        paid, paid_value = placed * pay, sales * pay

        # Fulfilment
        m_ship = noise.ship[day] if noise else 1.0
        late = 1.0 - (1.0 - self.returns.delivery.shipped_late) ** m_ship
        ship = 1.0 if self.mended == "late_shipping" else np.exp(-m_ship * self.returns.ship_hazard)

        # Returns
        upset = rate_factor(noise.returns, day, self.returns.highest_rate) if noise else np.ones(world.lanes)
        shipped, shipped_value = orders * (pay * ship), paid_value * ship
        going_back = upset * self.returns.rates
        returned = shipped * going_back
        refunds = shipped_value * going_back
        sent, back = shipped.sum(axis=0), returned.sum(axis=0)
        gmv, refund = paid_value.sum(axis=0), refunds.sum(axis=0)
        net = shipped_value.sum(axis=0) - refund

        waits = world["service.patience_s"] * desk.abandoned
        for name, row in zip(DAILY, (viewers, placed, gmv, net, sent, back, refund, state.score, waits), strict=True):
            self.daily[name][day] = row

        # Memory
        described = (returned * self.returns.description).sum(axis=0) / sent
        self._remember(day, desk, bot, described, late, kept=sent - back, late_paid=paid * late, returned=back)
        self._book_channels(reach, each, pay=pay, ship=ship, going_back=going_back, price=price)
        self._book_leaks(
            viewers=viewers, visits=visits, stayers=stayers, placed=placed, paid=paid, sent=sent, back=back, through_desk=through_desk,
            gmv=gmv, net=net, m_stay=m_stay, m_pay=m_pay,
        )
        self._book_categories(orders, pay, ship, upset, paid_value, price)
        self._book_service(contacts, desk, bot, stayers, placed, kept_askers)
        ledger.add("slow_loads", visits * self.slow_loads)
        ledger.add("late_orders", paid * late)
        ledger.add("delivered_late", sent * self.returns.delivery.delivered_late)
        ledger.add("ad_spend", closure.ad_spend * self._budget(day))
        for lever, category in world.parcel_levers.items():
            parcels = shipped[self.segments.index(category)] if category else sent
            ledger.add(f"parcels.{lever}", world.reach(lever, day) * parcels)
        ledger.add("seat_days", closure.desks * world.level("service.seats", day))
        self.refund_days.append(self.returns.delivery.refund_day)
        self.path.append((recall, desk))

    def _reach(self, day: int, recall: Array) -> dict[str, Array]:
        """Each channel group's factor on the day: calendar, noise, and what moves the group. [lane]"""
        world, calendar, state = self.world, self.world.calendar, self.state
        common = calendar.traffic[day] * (self.noise.traffic[day] if self.noise else np.ones(world.lanes))
        state.adstock = self.carry * state.adstock + (1.0 - self.carry) * self._budget(day)
        bought = traffic.paid_response(state.adstock, calendar.cpm[day], self.closure.saturation, self.closure.volume_price)
        return {"earned": common * recall, "paid": common * bought, "outer": common}

    def _budget(self, day: int) -> Number:
        """Ad spend of the day against the baseline's. [lane]"""
        return self.world.level("traffic.paid_budget", day) / self.world["traffic.paid_budget"]

    def _borrow(self, day: int, reach: dict[str, Array], viewers: Array) -> tuple[dict[str, Array], Array]:
        """Events borrow viewers from later days, which pay them back a part a day (R66, R67)."""
        world, state, lift = self.world, self.state, float(self.world.calendar.traffic[day])
        repaid = np.minimum(world["traffic.repay_rate"] * state.debt, world["traffic.repay_cap"] * viewers)
        pull = world.calendar.pull[day]
        pull = world["traffic.pull_forward"] if np.isnan(pull) else pull
        borrowed = pull * (max(lift, 1.0) - 1.0) / lift * viewers
        state.debt = state.debt + (borrowed - repaid)
        self.ledger.add("borrowed_viewers", borrowed)
        self.ledger.add("repaid_viewers", repaid)
        left = 1.0 - repaid / viewers
        return {group: factor * left for group, factor in reach.items()}, viewers * left

    def _serve(self, day: int, stayers: Array) -> tuple[Array, DeskDay, Number]:
        """Contacts that reach people, and how the desk copes. After-sales contacts follow yesterday's late and returned orders."""
        world, closure = self.world, self.closure
        bot = world.level("service.bot_resolution", day)
        after = world["service.aftersales_share"]
        human = (1.0 - bot) / (1.0 - world["service.bot_resolution"])
        load = human * ((1.0 - after) * stayers / closure.flows["stayers"] + after * self.state.after_sales)
        contacts = closure.desk.daily_contacts * load
        desk = self.replay.desk[day] if self.replay else self.desk.on(day, contacts)
        return contacts, desk, bot

    def _remember(self, day: int, desk: DeskDay, bot: Number, described: Array, late: Array, *, kept: Array, late_paid: Array,
                  returned: Array) -> None:
        world, closure, state = self.world, self.closure, self.state
        today = memory.score_today(
            world, description_rate=described, recovery=world.level("returns.review_recovery", day), bot=bot,
            abandoned=desk.abandoned, shipped_24h=1.0 - late,
        )
        state.score = state.score + (today - state.score) / world["memory.score_days"]
        served = memory.served(world, kept=kept, delivered_late=self.returns.delivery.delivered_late)
        state.served = state.served + (served / closure.flows["served"] - state.served) / world["memory.repeat_days"]
        state.after_sales = (late_paid + returned) / (closure.flows["late"] + closure.flows["returned"])

    def _book_channels(
        self, reach: dict[str, Array], each: dict[str, Array], *, pay: Array, ship: Number, going_back: Array, price: float
    ) -> None:
        """Rows for the channels, settled when a lever turns."""
        keep = 1.0 - going_back
        for group in self.groups:
            sold = each[group] * pay * price
            sent = sold * ship
            self.ledger.wait(f"reach.{group}", reach[group])
            self.ledger.wait(f"orders.{group}", each[group])
            self.ledger.wait(f"gmv.{group}", sold)
            self.ledger.wait(f"shipped.{group}", sent)
            self.ledger.wait(f"net.{group}", keep * sent)

    def _book_leaks(
        self, *, viewers: Array, visits: Array, stayers: Array, placed: Array, paid: Array, sent: Array, back: Array, through_desk: Number,
        gmv: Array, net: Array, m_stay: Number, m_pay: Number,
    ) -> None:
        """Entered and lost per stage, and what mending each cause would bring."""
        book = self.ledger
        for name, flow in (("viewers", viewers), ("visits", visits), ("stayers", stayers), ("orders", placed), ("paid", paid),
                           ("shipped", sent), ("kept", sent - back)):
            book.add(name, flow)
        book.wait("page", visits - stayers)
        book.wait("payment", placed - paid)
        lost = stayers - placed
        by_wait = lost * np.log(through_desk) / np.log(placed / stayers)
        book.add("leak.order.service_wait", by_wait)
        book.add("leak.order.did_not_order", lost - by_wait)
        gains = {"service_wait": 1.0 / through_desk - 1.0}
        gains |= {cause: np.expm1(m_stay * self.leaving[cause]) for cause in ("slow_pages", "buried_parameters")}
        gains |= {cause: np.expm1(m_pay * self.failing[cause]) for cause in ("redirects", "typed_card", "other_checkout")}
        for cause, gain in gains.items():
            book.add(f"recoverable.{cause}.gmv", gmv * gain)
            book.add(f"recoverable.{cause}.net_gmv", net * gain)

    def _book_categories(self, orders: Array, pay: Array, ship: Array, upset: Array, paid_value: Array, price: float) -> None:
        book = self.ledger
        book.category["orders"] += orders
        book.category["paid"] += orders * pay
        shipped = orders * (pay * ship)
        book.category["shipped"] += shipped
        book.category["gmv"] += paid_value
        shipped_value = paid_value * ship
        book.category["shipped_value"] += shipped_value
        listed = shipped * self.values * price if DISCOUNT in self.world.moves else shipped_value
        book.category["list_shipped"] += listed
        book.wait("shipped_n", shipped * upset)
        book.wait("value_n", shipped_value * upset)
        book.wait("list_n", listed * upset)
        book.wait("value_shipped", shipped_value)
        book.wait("paid_value", paid_value)
        book.wait("paid_value_n", paid_value * upset)

    def _book_service(self, contacts: Array, desk: DeskDay, bot: Number, stayers: Array, placed: Array, kept: Array) -> None:
        world, closure, book = self.world, self.closure, self.ledger
        human = contacts * closure.desks
        asks, ratio = world["service.asks_share"], closure.asker_ratio
        book.add("contacts", human)
        book.add("all_contacts", human / (1.0 - bot))
        book.add("contacts_abandoned", human * desk.abandoned)
        book.add("contacts_in_time", human * desk.in_time)
        for kind, (share, left) in zip(service.KINDS, desk.by_kind, strict=True):
            book.add(f"{kind}_contacts", human * share)
            book.add(f"{kind}_abandoned", human * share * left)
        answered = asks * (bot + (1.0 - bot) * (1.0 - desk.abandoned))
        book.add("answered_askers", stayers * answered)
        book.add("answered_orders", placed * answered * ratio / (1.0 - asks + asks * ratio * kept))

    def _closed(self) -> Projection:
        """Totals that follow from the books once the horizon is over."""
        book = self.ledger
        book.totals["debt_viewers"] = self.state.debt
        settle(self.world, book)
        self.daily["refunds_by_date"] = refunds_by_date(self.daily["refunds"], self.refund_days)
        settled = self.daily["refunds_by_date"].sum(axis=0)
        book.totals["refunds_after_horizon"] = self.daily["refunds"].sum(axis=0) - settled
        path = Path(memory=np.stack([recall for recall, _ in self.path]), desk=tuple(desk for _, desk in self.path))
        return Projection(
            totals=dict(book.totals), category=dict(book.category), channel=book.channel, returns=dict(book.returns),
            return_value=dict(book.return_value), daily=self.daily, segments=self.segments, path=path,
        )

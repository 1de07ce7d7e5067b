"""The books of a block: what entered, what was lost to which cause, and what it was worth, over the horizon.

Days only add to a few rows; what is the same until a lever turns (cause shares, channel and category mix, the bot's part)
is applied when it turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from sim.model import returns, service
from sim.model.terms import GROUP_OF, OrderTerms, ReturnTerms, Yields
from sim.model.world import MAIN_CHANNELS, OUTER_CHANNELS, Array, Number, World

FLOW = ("each", "paid", "shipped", "upset", "back")  # what is left of a unit of reach, stage by stage; upset: paid x day's return noise
HOST_LIVE = MAIN_CHANNELS.index("host_live")
MENDED_EACH_DAY = ("slow_pages", "buried_parameters", "redirects", "typed_card", "other_checkout", "service_wait")


class Ledger:
    """Totals by name, and the rows that wait for the next turn. `headlines`: no causes, only what the headline figures need."""

    def __init__(self, lanes: int, segments: tuple[str, ...], *, headlines: bool) -> None:
        self.lanes, self.segments, self.headlines = lanes, segments, headlines
        self.totals: dict[str, Array] = defaultdict(lambda: np.zeros(lanes))
        self.category: dict[str, Array] = defaultdict(lambda: np.zeros((len(segments), lanes)))
        self.channel: dict[str, Array] = {
            name: np.zeros((len(MAIN_CHANNELS) + len(OUTER_CHANNELS), lanes)) for name in ("viewers", "orders", "gmv", "net_gmv")
        }
        self.returns = self.return_value = np.zeros(())  # by cause, in orders and in CNY
        self._waiting: dict[str, Array] = {}

    def add(self, name: str, amount: Number) -> None:
        self.totals[name] += amount

    def wait(self, name: str, amount: Array) -> None:
        """Add to a row that is settled at the next turn, or at the end. The amount is given away."""
        row = self._waiting.get(name)
        if row is None:
            self._waiting[name] = amount
        else:
            row += amount

    def taken(self, *names: str) -> list[Array]:
        """Rows whose wait is over."""
        return [self._waiting.pop(name) for name in names]

    def settle_page(self, hazards: Mapping[str, Array], slow_loads: Array, click: Number) -> None:
        """Visits to the detail page, and who left it for which cause."""
        viewers, stayers = self.taken("page.viewers", "page.stayers")
        visits = viewers * click
        for name, flow in (("viewers", viewers), ("visits", visits), ("stayers", stayers), ("slow_loads", visits * slow_loads)):
            self.add(name, flow)
        self._split("page", visits - stayers, hazards)

    def settle_payment(self, hazards: Mapping[str, Array]) -> None:
        self._split("payment", *self.taken("payment.lost"), hazards)

    def _split(self, stage: str, lost: Array, hazards: Mapping[str, Array]) -> None:
        """A stage's losses over its causes, in proportion to their hazards."""
        total = sum(hazards.values())
        each = np.divide(lost, total, out=np.zeros_like(total), where=total > 0.0)
        for cause, hazard in hazards.items():
            self.add(f"leak.{stage}.{cause}", each * hazard)

    def settle_service(self, world: World, bot: Number, shares: Array, *, asker_ratio: Array, desks: Array) -> None:
        """The desk's contacts: those that reached people, by kind of hour, and the askers who got an answer."""
        (contacts, stayers, free, in_time, stayers_left, free_left, *lost), = self.taken("service")
        human = contacts * desks
        self.add("contacts", human)
        self.add("all_contacts", human / (1.0 - bot))
        self.add("contacts_in_time", in_time * desks)
        for kind, share, gone in zip(service.KINDS, shares, lost, strict=True):
            self.add(f"{kind}_contacts", human * share)
            self.add(f"{kind}_abandoned", gone * desks)
            self.add("contacts_abandoned", gone * desks)
        asks = world["service.asks_share"]
        self.add("answered_askers", asks * (stayers - (1.0 - bot) * stayers_left))
        self.add("answered_orders", asks * asker_ratio * (free - (1.0 - bot) * free_left) / (1.0 - asks + asks * asker_ratio))

    def settle_orders(self, world: World, orders: OrderTerms, back: ReturnTerms, per_unit: Yields, *, priced: bool, day: int) -> None:
        """Give channels, categories and causes what their groups' days brought; `day` is one of those days."""
        reach, groups = self.taken("reach", "groups")
        each, paid, shipped, _, gone = groups
        _, gmv, shipped_gmv, upset_gmv, gone_gmv = self.taken("groups.value")[0] if priced else groups

        def over_groups(table: Array, row: Array) -> Array:
            return np.einsum("gsl,gl->sl", table, row)

        count, value = orders.orders, orders.values
        rows = {
            "viewers": over_groups(orders.segment_viewers, reach), "orders": over_groups(count, each), "paid": over_groups(count, paid),
            "shipped": over_groups(count, shipped), "gmv": over_groups(value, gmv), "shipped_value": over_groups(value, shipped_gmv),
        }
        went_back, value_back = over_groups(count, gone), over_groups(value, gone_gmv)
        rows["list_shipped"], list_back = rows["shipped_value"], value_back
        if orders.list_values is not value:
            rows["list_shipped"], list_back = over_groups(orders.list_values, shipped_gmv), over_groups(orders.list_values, gone_gmv)
        rows |= {"returned": back.rates * went_back, "refunds": back.rates * value_back, "list_refunds": back.rates * list_back}
        for name, row in rows.items():
            self.category[name] += row
        self.add("delivered_late", rows["shipped"].sum(axis=0) * back.delivery.delivered_late)
        for lever, category in world.parcel_levers.items():
            parcels = rows["shipped"][self.segments.index(category)] if category else rows["shipped"].sum(axis=0)
            self.add(f"parcels.{lever}", world.reach(lever, day) * parcels)
        self._channels(world, orders, per_unit, reach, each, gmv, shipped_gmv, gone_gmv)
        if not self.headlines:
            self.add("earned_viewers", orders.viewers[0] * reach[0])
            self.add("returning_viewers", world["memory.repeat_share"] * orders.viewers[0] * self.taken("returning")[0])
            self._causes(back, rows, value_back, over_groups(value, upset_gmv))

    def _channels(
        self, world: World, orders: OrderTerms, per_unit: Yields, reach: Array, each: Array, gmv: Array, shipped: Array, gone: Array
    ) -> None:
        group = GROUP_OF[: len(orders.channel_orders)]
        here = slice(len(group))
        kept_before, refunded = per_unit.channel_value * shipped[group], per_unit.channel_refunded * gone[group]
        self.channel["viewers"][here] += orders.channel_viewers * reach[group]
        self.channel["orders"][here] += orders.channel_orders * each[group]
        self.channel["gmv"][here] += per_unit.channel_value * gmv[group]
        self.channel["net_gmv"][here] += kept_before - refunded
        on = kept_before[HOST_LIVE] - (1.0 - world["money.commission_on_refunds"]) * refunded[HOST_LIVE]
        self.totals["host_commission"] += world["money.commission"] * orders.commission * on

    def _causes(self, back: ReturnTerms, rows: Mapping[str, Array], value_back: Array, upset_gmv: Array) -> None:
        """Returns by cause and category, and what mending each cause would keep.

        Without a cause the rate is 1 - (1-R)/s_j; the day's noise n scales either rate, so what a return cause takes is
        n x shipped x (1-R)(1/s_j - 1). Late shipping also cancels orders before they ship: both stages are mended at once.
        """
        rates, hazard, total = back.rates, back.hazards.by_cause, back.hazards.total
        self.returns = _plus(hazard * (rows["returned"] / total), self.returns)
        self.return_value = _plus(hazard * (rows["refunds"] / total), self.return_value)
        gains = np.einsum("jsl,sl->jl", np.expm1(hazard), value_back * (1.0 - rates))
        here, net = returns.CAUSES.index("late_shipping"), rows["shipped_value"] - rows["refunds"]
        # All segments: vouchers have no parcel to be late, but their payments can be cancelled.
        gains[here] = (rows["gmv"] - (1.0 - (1.0 - rates) * np.exp(hazard[here])) * upset_gmv - net).sum(axis=0)
        for cause, gain in zip(returns.CAUSES, gains, strict=True):
            if cause in returns.MENDABLE:
                self.add(f"recoverable.{cause}.net_gmv", gain)

    def recover(self, worth: Array) -> None:
        """What mending each cause of the way to a paid order would have brought. worth [gmv or net, cause, lane]"""
        for kpi, rows in zip(("gmv", "net_gmv"), worth, strict=True):
            for cause, row in zip(MENDED_EACH_DAY, rows, strict=True):
                self.totals[f"recoverable.{cause}.{kpi}"] = row


def _plus(rows: Array, before: Array) -> Array:
    """The sum in the place of `rows`; before the first there is nothing to add."""
    return np.add(rows, before, out=rows) if before.ndim else rows

"""The books of a block: what entered, what was lost to which cause, and what it was worth, over the horizon.

Days only add to a few rows; what is the same until a lever turns (cause shares, channel mix) is applied when it turns.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sim.model import returns
from sim.model.terms import GROUP_OF, OrderTerms, ReturnTerms
from sim.model.world import CATEGORIES, MAIN_CHANNELS, OUTER_CHANNELS, Array, Number


class Ledger:
    """Totals by name, and the rows that wait for the next turn."""

    def __init__(self, lanes: int, segments: tuple[str, ...], values: Array) -> None:
        self.lanes, self.segments, self.values = lanes, segments, values
        self.totals: dict[str, Array] = defaultdict(lambda: np.zeros(lanes))
        self.category: dict[str, Array] = defaultdict(lambda: np.zeros((len(segments), lanes)))
        self.channel: dict[str, Array] = {
            name: np.zeros((len(MAIN_CHANNELS) + len(OUTER_CHANNELS), lanes)) for name in ("viewers", "orders", "gmv", "net_gmv")
        }
        self.returns: dict[tuple[str, str], Array] = defaultdict(lambda: np.zeros(lanes))
        self.return_value: dict[tuple[str, str], Array] = defaultdict(lambda: np.zeros(lanes))
        self._waiting: dict[str, Array] = {}

    def add(self, name: str, amount: Number) -> None:
        self.totals[name] += amount

    def wait(self, name: str, amount: Array) -> None:
        """Add to a row that is settled at the next turn."""
        row = self._waiting.get(name)
        if row is None:
            self._waiting[name] = amount.copy() if amount.ndim else amount
        else:
            row += amount

    def _settled(self, name: str) -> Array | None:
        return self._waiting.pop(name, None)

    def settle_causes(self, stage: str, hazards: dict[str, Array]) -> None:
        """Split a stage's losses over its causes in proportion to their hazards."""
        lost = self._settled(stage)
        if lost is None:
            return
        total = sum(hazards.values())
        for cause, hazard in hazards.items():
            self.totals[f"leak.{stage}.{cause}"] += lost * np.divide(hazard, total, out=np.zeros_like(total), where=total > 0.0)

    def settle_orders(self, terms: OrderTerms, commission: Number, on_refunds: Number) -> None:
        """Give channels and categories what their groups' days brought."""
        reach = {group: self._settled(f"reach.{group}") for group in ("earned", "paid", "outer")}
        if reach["earned"] is None:
            return
        orders = {group: self._settled(f"orders.{group}") for group in reach}
        gmv = {group: self._settled(f"gmv.{group}") for group in reach}
        shipped = {group: self._settled(f"shipped.{group}") for group in reach}
        net = {group: self._settled(f"net.{group}") for group in reach}
        values = self.values[: len(CATEGORIES)]
        for k, group in enumerate(GROUP_OF):
            sales = terms.sales_cells[k] * values
            kept = (sales * net[group][: len(values)]).sum(axis=0)
            self.channel["viewers"][k] += terms.channel_viewers[k] * reach[group]
            self.channel["orders"][k] += terms.order_cells[k].sum(axis=0) * orders[group]
            self.channel["gmv"][k] += sales.sum(axis=0) * gmv[group]
            self.channel["net_gmv"][k] += kept
            self.category["viewers"][: len(values)] += terms.cells[k] * reach[group]
            if MAIN_CHANNELS[k] == "host_live":
                refunded = sales.sum(axis=0) * shipped[group] - kept
                self.totals["host_commission"] += commission * terms.commission * (kept + on_refunds * refunded)
        if reach["outer"] is None:
            return
        for i in range(len(OUTER_CHANNELS)):
            k, s = len(MAIN_CHANNELS) + i, len(values) + i
            sales = terms.group_sales["outer"][s] * self.values[s]
            self.channel["viewers"][k] += terms.outer_viewers[i] * reach["outer"]
            self.channel["orders"][k] += terms.group_orders["outer"][s] * orders["outer"]
            self.channel["gmv"][k] += sales * gmv["outer"]
            self.channel["net_gmv"][k] += sales * net["outer"][s]
            self.category["viewers"][s] += terms.outer_viewers[i] * reach["outer"]

    def settle_returns(self, terms: ReturnTerms) -> None:
        """Returns by cause and category, and what mending each cause would keep.

        Without a cause the rate is 1 - (1-R)/s_j; the day's noise n scales either rate, so what a return cause takes is
        n x shipped x (1-R)(1/s_j - 1). Late shipping also cancels orders before they ship: both stages are mended at once.
        """
        rows = {name: self._settled(name) for name in ("shipped_n", "value_n", "value_shipped", "paid_value", "paid_value_n", "list_n")}
        if rows["shipped_n"] is None:
            return
        rates = terms.rates
        returned, refunded = rates * rows["shipped_n"], rates * rows["value_n"]
        self.category["returned"] += returned
        self.category["refunds"] += refunded
        self.category["list_refunds"] += rates * rows["list_n"]
        totals = {segment: terms.hazards.total(segment) for segment in self.segments}
        for (cause, segment), hazard in terms.hazards.by_cell.items():
            s = self.segments.index(segment)
            share = hazard / totals[segment]
            self.returns[cause, segment] += share * returned[s]
            self.return_value[cause, segment] += share * refunded[s]
            if cause not in returns.MENDABLE:
                continue
            gain = rows["value_n"][s] * (1.0 - rates[s]) * np.expm1(hazard)
            if cause == "late_shipping":
                mended = 1.0 - (1.0 - rates[s]) * np.exp(hazard)
                gain = rows["paid_value"][s] - mended * rows["paid_value_n"][s] - (rows["value_shipped"][s] - refunded[s])
            self.totals[f"recoverable.{cause}.net_gmv"] += gain
        if "local_life" in self.segments:  # vouchers have no parcel to be late, but their payments can be cancelled
            s = self.segments.index("local_life")
            self.totals["recoverable.late_shipping.net_gmv"] += (
                rows["paid_value"][s] - rates[s] * rows["paid_value_n"][s] - (rows["value_shipped"][s] - refunded[s])
            )

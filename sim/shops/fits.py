"""All series of a shop fitted, and walked on together: sessions first, then each count out of the one before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.parameters import registry
from sim.shops.calendars import Event
from sim.shops.columns import COLUMNS
from sim.shops.latent import Array
from sim.shops.series import SeriesFit, fit_series
from sim.shops.table import ShopTable

FUNNEL = ("sessions", "detail_views", "add_to_carts", "orders", "paid_orders", "gmv", "returned_orders", "refund_amount")
ABOVE = {  # what a series is walked on from: the first that both have days in common with
    "detail_views": ("sessions",), "add_to_carts": ("detail_views", "sessions"), "orders": ("sessions", "detail_views"),
    "paid_orders": ("orders", "sessions"), "gmv": ("paid_orders", "orders", "sessions"), "returned_orders": ("paid_orders", "orders"),
    "refund_amount": ("gmv",),
}
GIVEN = (("detail_views", "sessions"), ("add_to_carts", "detail_views"), ("orders", "add_to_carts"), ("orders", "sessions"),
         ("paid_orders", "orders"))
LEAST_COMMON = 10


@dataclass(frozen=True, kw_only=True)
class ShopFits:
    """Fits by (series, what it is counted out of or None), made when first asked for."""

    table: ShopTable
    events: tuple[Event, ...] = ()
    seed: int = 1
    draws: int = 4000
    made: dict[tuple[str, str | None], SeriesFit] = field(default_factory=dict)

    def of(self, series: str, above: str | None) -> SeriesFit:
        key = (series, above)
        if key not in self.made:
            self.made[key] = fit_series(
                days=self.table.days, y=self.table.series(series), upstream=None if above is None else self.table.series(above),
                money=COLUMNS[series].kind == "money", step_days=self.table.step_days, prior=prior_rate(self.table, series, above),
                events=self.events, seed=self.seed * 1000 + _number(series, above), draws=self.draws,
            )
        return self.made[key]

    def above(self, series: str) -> str | None:
        return next((name for name in ABOVE.get(series, ()) if self.common(series, name) >= LEAST_COMMON), None)

    def common(self, series: str, above: str) -> int:
        """Steps on which both are known."""
        if series not in self.table.frame or above not in self.table.frame:
            return 0
        return int((np.isfinite(self.table.series(series)) & (self.table.series(above) > 0.0)).sum())

    def known(self, series: str) -> bool:
        return series in self.table.frame and int(np.isfinite(self.table.series(series)).sum()) >= LEAST_COMMON

    def ahead(self, days: Array, *, only: Sequence[str] = FUNNEL, progress: Callable[[], None] | None = None) -> dict[str, Array]:
        """Joint draws of every series on the days after the data. {series: [draw, step]}"""
        found: dict[str, Array] = {}

        def walked(series: str) -> Array:
            if series not in found:
                above = self.above(series)
                upstream = None if above is None else walked(above)
                found[series] = self.of(series, above).forecast(days, self.chance(series), upstream=upstream)
                if progress is not None:
                    progress()
            return found[series]

        for series in only:
            if self.known(series):
                walked(series)
        return found

    def chance(self, series: str, above: str | None = None) -> np.random.Generator:
        """A series' own stream: what else is in the file changes nothing."""
        return np.random.Generator(np.random.Philox(key=self.seed * 1_000_003 + 7919 * _number(series, above) + 17))


def prior_rate(table: ShopTable, series: str, above: str | None) -> float | None:
    """What the registry says of a step, where it is one of the model's."""
    book = registry()
    viewers = table.definitions.get("sessions", "viewers") == "viewers"
    click, order = book["detail_page.click_share"].value, book["closure.view_to_order"].value
    paid = book["payment.benchmark_success"].value - book["payment.gap"].value
    return {
        ("detail_views", "sessions"): click if viewers else None,
        ("orders", "sessions"): order if viewers else order / click,
        ("orders", "detail_views"): order / click,
        ("paid_orders", "orders"): paid,
    }.get((series, above))


def _number(series: str, above: str | None) -> int:
    names = list(COLUMNS)
    return 1 + names.index(series) * (len(names) + 1) + (0 if above is None else 1 + names.index(above))

"""What became of a scenario: headline figures of every draw, the ledger and daily series of the first ones, summarised in a fixed order.

Sums over draws are formed in aligned groups of 256 draws and then over the groups, so that an outcome does not depend on
how its draws were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import __version__
from sim.model import money
from sim.model.returns import CAUSES, MENDABLE
from sim.model.service import CLOCK, KINDS
from sim.model.settlement import refunds_by_date
from sim.model.world import CATEGORIES, CHANNELS, Array, share_of
from sim.parameters import registry
from sim.scenario import Scenario

if TYPE_CHECKING:
    from pandas import DataFrame

GROUP = 256
MANY = 1_000_000  # numbers that are sorted at once


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A headline figure. `direction` says whether more is better (+1) or worse (-1)."""

    label: Mapping[str, str]
    unit: str
    direction: int


KPIS: dict[str, Kpi] = {
    "gmv": Kpi(label={"en": "GMV", "zh": "GMV"}, unit="CNY", direction=+1),
    "net_gmv": Kpi(label={"en": "Net GMV", "zh": "净 GMV"}, unit="CNY", direction=+1),
    "refunds": Kpi(label={"en": "Refunds", "zh": "退款金额"}, unit="CNY", direction=-1),
    "cancellations": Kpi(label={"en": "Cancelled before shipping", "zh": "发货前取消"}, unit="CNY", direction=-1),
    "return_rate": Kpi(label={"en": "Return rate", "zh": "退货率"}, unit="share", direction=-1),
    "conversion": Kpi(label={"en": "View to order", "zh": "观看下单转化率"}, unit="share", direction=+1),
    "paid_orders": Kpi(label={"en": "Paid orders", "zh": "支付订单数"}, unit="orders", direction=+1),
    "aov": Kpi(label={"en": "Order value", "zh": "客单价"}, unit="CNY/order", direction=+1),
    "contribution": Kpi(label={"en": "Contribution", "zh": "贡献毛利"}, unit="CNY", direction=+1),
    "plan_cost": Kpi(label={"en": "Plan cost", "zh": "方案成本"}, unit="CNY", direction=-1),
    "roi": Kpi(label={"en": "Ad ROI", "zh": "投放 ROI"}, unit="x", direction=+1),
    "net_roi": Kpi(label={"en": "Ad ROI after returns", "zh": "投放净 ROI"}, unit="x", direction=+1),
}
STAGES = (
    ("click", "viewers", "visits"), ("page", "visits", "stayers"), ("order", "stayers", "orders"), ("payment", "orders", "paid"),
    ("shipping", "paid", "shipped"), ("returns", "shipped", "kept"),
)
LEAKS: dict[str, tuple[str, ...]] = {
    "click": ("did_not_click",),
    "page": ("no_interest", "slow_pages", "buried_parameters"),
    "order": ("did_not_order", "service_wait"),
    "payment": ("benchmark_failure", "redirects", "typed_card", "other_checkout"),
    "shipping": ("late_shipping",),
    "returns": CAUSES,
}
RECOVERABLE = ("slow_pages", "buried_parameters", "service_wait", "redirects", "typed_card", "other_checkout", *MENDABLE)
SERVICE = ("mean_wait_s", "peak_wait_s", "abandoned", "answered_30s")
QUANTILES = {"p5": 0.05, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}


def model_version() -> str:
    """Version of the program and of the numbers in its registry."""
    return f"{__version__}+{registry().version}"


def group_sums(values: Array) -> Array:
    """Sums over aligned groups of 256 draws (the last axis). [..., group]"""
    whole = values.shape[-1] // GROUP * GROUP
    sums = np.ascontiguousarray(values[..., :whole]).reshape(*values.shape[:-1], -1, GROUP).sum(axis=-1)
    if whole == values.shape[-1]:
        return sums
    return np.concatenate([sums, np.ascontiguousarray(values[..., whole:]).sum(axis=-1)[..., None]], axis=-1)


def mean(values: Array) -> Array:
    """Mean over draws (last axis), summed in aligned groups of 256 draws, then over the groups in order."""
    total = np.zeros(values.shape[:-1])
    sums = group_sums(values)
    for group in range(sums.shape[-1]):
        total = total + sums[..., group]
    return total / values.shape[-1]


def quantiles(values: Array, shares: Sequence[float]) -> Array:
    """Linear quantiles (type 7) over draws. values [..., draw] -> [share, ...]"""
    if values.ndim == 2 and values.size > MANY:  # row by row: sorting needs room for a copy
        return np.stack([quantiles(row, shares) for row in values], axis=1)
    place = np.asarray(shares) * (values.shape[-1] - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, values.shape[-1] - 1)
    ordered = np.partition(values, np.unique([below, above]), axis=-1)  # at these places, which is all that is read
    low, high = ordered[..., below], ordered[..., above]
    return np.moveaxis(low + (place - below) * (high - low), -1, 0)


def spread(values: Array, names: Sequence[str] = ("p10", "p90")) -> dict[str, float | None]:
    """Mean and quantiles over draws, as JSON holds them: null where a figure is not defined in some draw."""
    if not np.all(np.isfinite(values)):
        return dict.fromkeys(("mean", *names))
    cut = quantiles(values, [QUANTILES[name] for name in names])
    return {"mean": float(mean(values))} | {name: float(value) for name, value in zip(names, cut, strict=True)}


def kpi_of(name: str, total: Callable[[str], Array]) -> Array:
    """A headline figure, formed per draw from the draw's horizon totals. [draw]"""
    if name in ("gmv", "net_gmv", "refunds", "cancellations", "plan_cost"):
        return total(name)
    if name == "return_rate":
        return total("returned") / total("shipped")
    if name == "conversion":
        return total("orders") / total("viewers")
    if name == "paid_orders":
        return total("paid")
    if name == "aov":
        return total("gmv") / total("paid")
    if name == "contribution":
        return money.contribution({line: total(f"money.{line}") for line in money.LINES})
    paid = total({"roi": "paid_gmv", "net_roi": "paid_net_gmv"}[name])
    return np.divide(paid, total("ad_spend"), out=np.full_like(paid, np.nan), where=total("ad_spend") > 0.0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a scenario, in every draw.

    `kpis_by_draw` holds the headline figures of every draw. `arrays` holds, of the first 10,000 draws, total.* and service.*
    [draw], category.* [category, draw], channel.* [channel, draw], return.* [category, draw], cost.* [draw] and day.* [day, draw];
    `means`, where there are more, the means of all but the daily ones over every draw. The same in every draw are `refund_days`,
    per day of ordering the share of refunds that is asked for on each day after it, and `parcels`, the mean hours at each
    fulfilment node and the share past the 48-hour alarm of the last day's orders.
    """

    scenario: Scenario
    draws: int
    seed: int
    noise: bool
    central: bool
    kpis_by_draw: Mapping[str, Array]
    arrays: Mapping[str, Array]
    means: Mapping[str, Array]
    refund_days: Sequence[Array]
    parcels: Mapping[str, float]

    def total(self, name: str) -> Array:
        return self.arrays[f"total.{name}"]

    def category(self, name: str) -> Array:
        return self.arrays[f"category.{name}"]

    def channel(self, name: str) -> Array:
        return self.arrays[f"channel.{name}"]

    def day(self, name: str) -> Array:
        """A daily series, by order date but for `refunds_by_date`. [day, draw]"""
        if name == "refunds_by_date":
            return refunds_by_date(self.day("refunds"), self.refund_days)
        return self.arrays[f"day.{name}"]

    @property
    def version(self) -> str:
        return model_version()

    @property
    def detail_draws(self) -> int:
        """Of how many draws, the first ones, more than the headline figures is kept."""
        return self.total("gmv").shape[-1]

    def kpi(self, name: str) -> Array:
        """A headline figure in every draw. [draw]"""
        return self.kpis_by_draw[name]

    def mean_of(self, name: str) -> Any:
        """Mean of an array over every draw, as a number or a list."""
        return (self.means[name] if self.means else mean(self.arrays[name])).tolist()

    def kpi_rows(self) -> list[dict[str, Any]]:
        """The KPI table without pandas: one row per figure."""
        return [{"kpi": name, **spread(self.kpi(name), tuple(QUANTILES)), "unit": kpi.unit} for name, kpi in KPIS.items()]

    def dates(self) -> list[str]:
        return [(self.scenario.start + timedelta(days=day)).isoformat() for day in range(self.scenario.days)]

    def stage_rows(self) -> list[dict[str, Any]]:
        """Shoppers entering and leaving each stage, and those lost by cause; means over draws."""
        return [
            {
                "stage": stage,
                "entered": self.mean_of(f"total.{entered}"),
                "left": self.mean_of(f"total.{left}"),
                "leaks": {cause: self.mean_of(f"total.leak.{stage}.{cause}") for cause in LEAKS[stage]},
            }
            for stage, entered, left in STAGES
        ]

    def recoverable(self, cause: str, kpi: str = "net_gmv") -> Array:
        """What mending a cause alone would bring in CNY, memory and queue held fixed. [draw]"""
        return self.arrays.get(f"total.recoverable.{cause}.{kpi}", np.zeros(self.detail_draws))

    def _recoverable_spread(self, cause: str, kpi: str) -> dict[str, float | None]:
        """Mean over every draw, quantiles over the detailed ones."""
        found = spread(self.recoverable(cause, kpi))
        name = f"total.recoverable.{cause}.{kpi}"
        return found if found["mean"] is None or name not in self.arrays else found | {"mean": self.mean_of(name)}

    def leak_rows(self) -> list[dict[str, Any]]:
        """Every cause: what it loses, and for mendable ones what is recoverable and how often it ranks first."""
        ranked = np.stack([self.recoverable(cause) for cause in RECOVERABLE]).argmax(axis=0)
        rows = []
        for cause in dict.fromkeys(cause for causes in LEAKS.values() for cause in causes):
            stages = [stage for stage in LEAKS if cause in LEAKS[stage]]
            row: dict[str, Any] = {
                "cause": cause, "stage": stages[0], "mendable": cause in RECOVERABLE,
                "lost": float(sum(self.mean_of(f"total.leak.{stage}.{cause}") for stage in stages)),
            }
            if cause in RECOVERABLE:
                row["recoverable"] = {
                    "gmv": self._recoverable_spread(cause, "gmv"),
                    "net_gmv": self._recoverable_spread(cause, "net_gmv"),
                    "first": float(np.mean(ranked == RECOVERABLE.index(cause))),
                }
            rows.append(row)
        return rows

    def channel_rows(self) -> list[dict[str, Any]]:
        return self._rows(CHANNELS, "channel")

    def category_rows(self) -> list[dict[str, Any]]:
        return self._rows(CATEGORIES, "category")

    def _rows(self, names: Sequence[str], table: str) -> list[dict[str, Any]]:
        means = {what: self.mean_of(f"{table}.{what}") for what in ("viewers", "orders", "gmv", "net_gmv")}
        return [{"name": name, **{what: row[i] for what, row in means.items()}} for i, name in enumerate(names)]

    def return_summary(self) -> dict[str, Any]:
        """Returns by order date: by cause, by category, by refund type, in orders and CNY, and the rate per shipped order."""
        counts = {cause: self.mean_of(f"return.orders.{cause}") for cause in CAUSES}
        causes = {cause: {"orders": sum(counts[cause]), "cny": sum(self.mean_of(f"return.cny.{cause}"))} for cause in CAUSES}
        orders, cny, rate = (self.mean_of(f"category.{name}") for name in ("returned", "refunds", "return_rate"))
        types = {
            kind: {"orders": sum(self.mean_of(f"category.returned_{key}")), "cny": sum(self.mean_of(f"category.refunds_{key}"))}
            for kind, key in (("refund_only", "only"), ("return_and_refund", "sent_back"))
        }
        cells = {category: {cause: counts[cause][i] for cause in CAUSES} for i, category in enumerate(CATEGORIES)}
        return {
            "by_cause": causes,
            "by_category": {name: {"orders": orders[i], "cny": cny[i]} for i, name in enumerate(CATEGORIES)},
            "rate_by_category": {name: rate[i] for i, name in enumerate(CATEGORIES)},
            "by_type": types,
            "by_category_and_cause": cells,
        }

    def service_figures(self) -> dict[str, Array]:
        """The desk over the horizon: waits over all contacts, and shares of human contacts. [draw]"""
        return {name: self.arrays[f"service.{name}"] for name in SERVICE}

    def service_by_hour(self) -> Array:
        """Mean wait in s through the day, over all contacts of the horizon. [hour of day, draw]"""
        total = self.total
        waits = {kind: total("patience_s") * share_of(total(f"{kind}_abandoned"), total(f"{kind}_contacts")) for kind in KINDS}
        return np.stack([waits[kind] for kind in CLOCK])

    def goal_rows(self) -> list[dict[str, Any]]:
        """Each goal of the scenario and whether it is reached: on the mean, or in the asked share of draws."""
        rows = []
        for name, goal in self.scenario.goals.items():
            values = self.kpi(name)
            at_least = goal.at_least is not None
            target = goal.at_least if at_least else goal.at_most
            met = values >= target if at_least else values <= target
            share, average = float(np.mean(met)), float(mean(values))
            on_mean = average >= target if at_least else average <= target
            rows.append(
                {
                    "kpi": name, "sense": "at_least" if at_least else "at_most", "target": target, "probability": goal.probability,
                    "share": share, "reached": bool(on_mean if goal.probability is None else share >= goal.probability),
                }
            )
        return rows

    def _daily_bands(self, name: str) -> list[dict[str, float]]:
        cut = quantiles(self.day(name), (0.1, 0.5, 0.9))
        return [dict(zip(("p10", "p50", "p90"), map(float, cut[:, day]), strict=True)) for day in range(self.scenario.days)]

    def to_json(self) -> dict[str, Any]:
        """Everything a script needs (contract: `whatif run --format json`)."""
        dates = self.dates()
        gmv, net = self._daily_bands("gmv"), self._daily_bands("net_gmv")
        rates = quantiles(self.day("returned") / self.day("shipped"), (0.1, 0.5, 0.9))
        rate = [dict(zip(("p10", "p50", "p90"), map(float, rates[:, day]), strict=True)) for day in range(len(dates))]
        return {
            "scenario": {"name": self.scenario.name, "digest": self.scenario.digest},
            "version": self.version,
            "seed": self.seed,
            "draws": self.draws,
            "noise": self.noise,
            "central": self.central,
            "start": self.scenario.start.isoformat(),
            "days": self.scenario.days,
            "kpis": {row["kpi"]: {key: value for key, value in row.items() if key != "kpi"} for row in self.kpi_rows()},
            "stages": self.stage_rows(),
            "leaks": self.leak_rows(),
            "channels": self.channel_rows(),
            "categories": self.category_rows(),
            "returns": self.return_summary(),
            "service": {name: self.mean_of(f"service.{name}") for name in SERVICE}
            | {"target_30s": registry()["service.answer_target_share"].value},
            "parcels": dict(self.parcels),
            "contribution_lines": {name: self.mean_of(f"total.money.{name}") for name in money.LINES},
            "costs": {name: self.mean_of(f"cost.{name}") for name in self.scenario.moved},
            "daily": [{"date": d, "gmv": g, "net_gmv": n, "return_rate": r} for d, g, n, r in zip(dates, gmv, net, rate, strict=True)],
            "daily_draws": self.detail_draws,
            "refunds_by_date": [
                {"date": d, "refunds": band} for d, band in zip(dates, self._daily_bands("refunds_by_date"), strict=True)
            ],
            "after_horizon": {
                "refunds": self.mean_of("total.refunds_after_horizon"),
                "borrowed_viewers": self.mean_of("total.debt_viewers"),
            },
            "goals": self.goal_rows(),
        }

    # Tidy frames for notebooks and charts; pandas is imported only here.

    def kpis(self) -> DataFrame:
        from pandas import DataFrame

        return DataFrame(self.kpi_rows())

    def daily(self) -> DataFrame:
        """One row per date, figure and quantile band."""
        from pandas import DataFrame

        rows = []
        for name in ("viewers", "orders", "gmv", "net_gmv", "returned", "refunds", "refunds_by_date", "wait_s"):
            rows += [{"date": date, "figure": name, **band} for date, band in zip(self.dates(), self._daily_bands(name), strict=True)]
        return DataFrame(rows)

    def stages(self) -> DataFrame:
        from pandas import DataFrame

        return DataFrame([{key: row[key] for key in ("stage", "entered", "left")} for row in self.stage_rows()])

    def leaks(self) -> DataFrame:
        from pandas import DataFrame

        flat = []
        for row in self.leak_rows():
            gain = row.pop("recoverable", None)
            prices = {f"{kpi}_{band}": value for kpi in ("gmv", "net_gmv") for band, value in gain[kpi].items()} if gain else {}
            flat.append(row | prices | ({"first": gain["first"]} if gain else {}))
        return DataFrame(flat)

    def returns(self) -> DataFrame:
        from pandas import DataFrame

        cells = self.return_summary()["by_category_and_cause"]
        return DataFrame([{"category": c, "cause": j, "orders": n} for c, row in cells.items() for j, n in row.items()])

    def channels(self) -> DataFrame:
        from pandas import DataFrame

        return DataFrame(self.channel_rows())

    def categories(self) -> DataFrame:
        from pandas import DataFrame

        return DataFrame(self.category_rows())

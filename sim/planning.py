"""What a planner reads off an outcome beside its KPIs: the trade's own ratios, weeks and months, fans over days, return cells.

Each function takes outcomes and gives plain rows (numbers, texts and dates), so that pages and reports draw them without a model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from sim.blocks import first_draws
from sim.model import money
from sim.model.returns import CAUSES
from sim.model.world import CATEGORIES, Array
from sim.outcome import Outcome, mean, quantiles, spread

FAN = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}

MENDED_BY: Mapping[str, tuple[str, ...]] = {  # which levers act on a mendable cause; the rest has none
    "slow_pages": ("detail_page.load_median_s",),
    "buried_parameters": ("detail_page.fold_depth",),
    "service_wait": ("service.seats", "service.bot_resolution", "service.handling_s"),
    "redirects": ("payment.redirects",),
    "typed_card": ("payment.typed_card_share",),
    "late_shipping": ("fulfilment.shipped_24h_share",),
    "late_delivery": ("fulfilment.front_warehouses", "fulfilment.premium_courier_share"),
    "colour": ("returns.filter_strength",),
    "material": ("returns.jewellery_lighting", "detail_page.ar_tryon"),
    "size": ("returns.size_labels",),
    "fit": ("returns.fit_information",),
}


@dataclass(frozen=True, kw_only=True)
class PlannerFigure:
    """A ratio of the trade. `direction`: +1 more is better, -1 less is better."""

    label: Mapping[str, str]
    help: Mapping[str, str]
    unit: str
    direction: int
    of: Callable[[Outcome], Array]


PLANNER_FIGURES: dict[str, PlannerFigure] = {
    "uv_value": PlannerFigure(
        label={"en": "UV value", "zh": "UV 价值"},
        help={"en": "GMV per viewer.", "zh": "平均每位访客贡献的成交额：GMV ÷ 访客数。"},
        unit="CNY/viewer",
        direction=+1,
        of=lambda outcome: outcome.kpi("gmv") / outcome.total("viewers"),
    ),
    "gpm": PlannerFigure(
        label={"en": "GPM", "zh": "GPM"},
        help={"en": "GMV per thousand viewers.", "zh": "每千次观看带来的成交额。"},
        unit="CNY/1000 viewers",
        direction=+1,
        of=lambda outcome: 1000.0 * outcome.kpi("gmv") / outcome.total("viewers"),
    ),
    "roi": PlannerFigure(
        label={"en": "Gross ROI", "zh": "退货前 ROI"},
        help={"en": "GMV from the paid feed per yuan of ads.", "zh": "付费投流带来的 GMV ÷ 投放花费。"},
        unit="x",
        direction=+1,
        of=lambda outcome: outcome.kpi("roi"),
    ),
    "net_roi": PlannerFigure(
        label={"en": "Net ROI", "zh": "退货后 ROI"},
        help={
            "en": "The same with net GMV: what is left after cancellations and refunds.",
            "zh": "同上，按净 GMV 计：扣除取消与退款之后。",
        },
        unit="x",
        direction=+1,
        of=lambda outcome: outcome.kpi("net_roi"),
    ),
    "break_even_roi": PlannerFigure(
        label={"en": "Break-even", "zh": "保本 ROI"},
        help={
            "en": "The gross ROI at which margin just pays for the ads: 1 / (margin × (1 − return rate)).",
            "zh": "毛利刚好覆盖投放花费时的退货前 ROI：1 ÷（毛利率 ×（1 − 退货率））。",
        },
        unit="x",
        direction=-1,
        of=lambda outcome: money.break_even_roi(outcome.total("margin"), outcome.kpi("return_rate")),
    ),
    "answered_30s": PlannerFigure(
        label={"en": "In 30 s", "zh": "30 秒应答率"},
        help={"en": "Share of human contacts answered within 30 seconds.", "zh": "人工咨询在 30 秒内得到应答的比例。"},
        unit="share",
        direction=+1,
        of=lambda outcome: outcome.service_figures()["answered_30s"],
    ),
}


def planner_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """The trade's ratios: mean and 80 % interval over the draws of which all is kept."""
    outcome = first_draws(outcome)
    return [{"figure": name, **spread(item.of(outcome)), "unit": item.unit} for name, item in PLANNER_FIGURES.items()]


SERVICE_UNITS = {"mean_wait_s": "s", "peak_wait_s": "s", "abandoned": "share", "answered_30s": "share"}


def service_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """The service desk over the horizon: mean and 80 % interval over draws."""
    return [{"figure": name, **spread(values), "unit": SERVICE_UNITS[name]} for name, values in outcome.service_figures().items()]


def waits_by_hour(outcome: Outcome) -> list[dict[str, Any]]:
    """Mean wait over all contacts in each hour of the day, in s: mean and 80 % interval over draws."""
    return [{"hour": hour, **spread(values)} for hour, values in enumerate(outcome.service_by_hour())]


def _per_day(outcome: Outcome, figure: str) -> Array:
    """A daily series by order date. [day, draw]"""
    if figure == "return_rate":
        return outcome.day("returned") / outcome.day("shipped")
    return outcome.day(figure)


def fan(outcome: Outcome, figure: str, *, against: Outcome | None = None) -> list[dict[str, Any]]:
    """A figure day by day: median, 50 % and 80 % bands. `against`: of the paired differences to another outcome."""
    values = _per_day(outcome, figure)
    if against is not None:
        values = values - _per_day(against, figure)
    cut = quantiles(values, tuple(FAN.values()))
    return [{"date": day, **{name: float(cut[k, i]) for k, name in enumerate(FAN)}} for i, day in enumerate(outcome.dates())]


def refund_split(outcome: Outcome) -> dict[str, float]:
    """Refunds of the horizon's orders, CNY, means over the draws whose days are kept: all, those asked for inside it, those after it."""
    total, after = (float(mean(rows)) for rows in (outcome.day("refunds").sum(axis=0), outcome.total("refunds_after_horizon")))
    return {"total": total, "inside": float(mean(outcome.day("refunds_by_date").sum(axis=0))), "after": after}


def return_cells(outcome: Outcome) -> list[dict[str, Any]]:
    """Returned orders by category and cause, per shipped order of the category; the row "all" is the platform's."""
    shipped = outcome.category("shipped")
    rows = []
    for cause in CAUSES:
        orders = outcome.arrays[f"return.orders.{cause}"]
        shares, counts = mean(orders / shipped), mean(orders)
        rows += [
            {"category": name, "cause": cause, "orders": float(counts[i]), "share": float(shares[i])} for i, name in enumerate(CATEGORIES)
        ]
        whole = orders.sum(axis=0)
        rows.append({"category": "all", "cause": cause, "orders": float(mean(whole)), "share": float(mean(whole / shipped.sum(axis=0)))})
    return rows


@dataclass(frozen=True, kw_only=True)
class Period:
    """Some days of the horizon: a week (Monday to Sunday) or a month, cut at the horizon's ends."""

    first: date
    days: int
    place: slice


def periods(start: date, days: int, by: str) -> list[Period]:
    """The horizon in weeks (`by` "week") or months ("month")."""
    dates = [start + timedelta(days=i) for i in range(days)]

    def key(day: date) -> tuple[int, ...]:
        return day.isocalendar()[:2] if by == "week" else (day.year, day.month)

    found, at = [], 0
    for _, group in groupby(dates, key):
        inside = list(group)
        found.append(Period(first=inside[0], days=len(inside), place=slice(at, at + len(inside))))
        at += len(inside)
    return found


SUMS = ("viewers", "orders", "gmv", "net_gmv", "refunds", "returned", "shipped")


def period_rows(outcome: Outcome, by: str) -> list[dict[str, Any]]:
    """Sums per week or month by order date, with the 80 % interval of GMV, net GMV and return rate."""
    rows = []
    for period in periods(outcome.scenario.start, outcome.scenario.days, by):
        sums = {name: outcome.day(name)[period.place].sum(axis=0) for name in SUMS}
        row: dict[str, Any] = {
            "first": period.first,
            "last": period.first + timedelta(days=period.days - 1),
            "days": period.days,
            "viewers": float(mean(sums["viewers"])),
            "orders": float(mean(sums["orders"])),
            "refunds": float(mean(sums["refunds"])),
        }
        for name, values in {"gmv": sums["gmv"], "net_gmv": sums["net_gmv"], "return_rate": sums["returned"] / sums["shipped"]}.items():
            row |= {name: float(mean(values)), **{f"{name}_{band}": spread(values)[band] for band in ("p10", "p90")}}
        rows.append(row)
    return rows


MONTHLY_GOALS = ("gmv", "net_gmv", "refunds", "return_rate")


def goal_months(outcome: Outcome) -> list[dict[str, Any]]:
    """Plan against target per month. A target on a sum is spread over the horizon's days; one on a rate holds in every month."""
    rows = []
    months = periods(outcome.scenario.start, outcome.scenario.days, "month")
    for name, goal in outcome.scenario.goals.items():
        if name not in MONTHLY_GOALS:
            continue
        target = goal.at_most if goal.at_least is None else goal.at_least
        for month in months:
            if name == "return_rate":
                due = target
                values = outcome.day("returned")[month.place].sum(axis=0) / outcome.day("shipped")[month.place].sum(axis=0)
            else:
                due = target * month.days / outcome.scenario.days
                values = outcome.day(name)[month.place].sum(axis=0)
            met = values <= due if goal.at_least is None else values >= due
            rows.append(
                {"kpi": name, "first": month.first, "days": month.days, "target": due, "sense": "at_most" if goal.at_least is None else
                 "at_least", **spread(values), "share": float(np.mean(met))}
            )
    return rows

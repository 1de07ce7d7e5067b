"""A shop made up for trying things out: fourteen months of days of an apparel shop with weekdays, swings, festivals and a few flaws.

The file is the same on every machine and every day. The flaws are those that real exports have: carts counted from March on, three
closed days at the Spring Festival, one company order, one missing day.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import UNREADABLE, UserError
from sim.scenario.placing import replacing

FIRST, DAYS, SEED = date(2023, 1, 2), 420, 20230102
FESTIVALS = ((date(2023, 6, 10), date(2023, 6, 18), 1.6), (date(2023, 11, 1), date(2023, 11, 11), 2.0))
CLOSED = (date(2023, 1, 22), date(2023, 1, 23), date(2023, 1, 24))
CARTS_FROM, MISSING, COMPANY_ORDER = date(2023, 3, 1), date(2023, 8, 14), date(2023, 9, 5)
WEEKDAYS = (0.93, 0.92, 0.95, 0.98, 1.06, 1.12, 1.04)
HEADERS = {
    "en": ("date", "sessions", "detail_views", "add_to_carts", "orders", "paid_orders", "gmv", "shipped_24h_rate", "delivery_days_mean",
           "delivery_days_p90", "returned_orders", "refund_amount", "ad_spend"),
    "zh": ("日期", "访客数", "商品点击人数", "加购人数", "下单订单数", "支付订单数", "支付金额", "24小时发货率", "平均配送时长(天)",
           "配送时长P90(天)", "退货订单数", "退款金额", "广告消耗"),
}


def sample_rows(language: str = "en") -> list[dict[str, Any]]:
    """The rows of the sample shop under English or Chinese headers, None where nothing is known."""
    chance = np.random.Generator(np.random.PCG64(SEED))
    names = dict(zip(HEADERS["en"], HEADERS[language], strict=True))
    swing = {name: _swing(chance, sd) for name, sd in (("sessions", 0.12), ("detail_views", 0.08), ("orders", 0.14), ("paid_orders", 0.10),
                                                        ("value", 0.06), ("returned_orders", 0.12))}
    rows, paid_before = [], []
    for day in range(DAYS):
        today = FIRST + timedelta(days=day)
        busy = next((factor for start, end, factor in FESTIVALS if start <= today <= end), 1.0)
        closed = today in CLOSED
        level = 5200.0 * WEEKDAYS[today.weekday()] * busy * np.exp(0.0006 * day + swing["sessions"][day])
        sessions = 0 if closed else int(chance.poisson(level))
        views = int(chance.binomial(sessions, _share(0.41, swing["detail_views"][day])))
        carts = int(chance.binomial(views, 0.17))
        orders = int(chance.binomial(sessions, _share(0.034, swing["orders"][day])))
        paid = int(chance.binomial(orders, _share(0.80, swing["paid_orders"][day])))
        money = paid * 138.0 * np.exp(swing["value"][day] + chance.normal() / np.sqrt(paid)) if paid else 0.0
        money += 96_000.0 if today == COMPANY_ORDER else 0.0
        paid_before.append(paid)
        settled = [paid_before[day - lag] * share for lag, share in ((4, 0.2), (5, 0.3), (6, 0.25), (7, 0.15), (8, 0.1)) if day >= lag]
        returned = int(chance.poisson(_share(0.42, swing["returned_orders"][day]) * sum(settled)))
        row = {
            "date": today.isoformat(), "sessions": sessions, "detail_views": views, "add_to_carts": carts if today >= CARTS_FROM else 0,
            "orders": orders, "paid_orders": paid, "gmv": round(money, 2),
            "shipped_24h_rate": round(_share(0.79, 0.2 * chance.normal()), 4),
            "delivery_days_mean": round(2.9 + 0.15 * chance.normal(), 2), "delivery_days_p90": round(4.6 + 0.2 * chance.normal(), 2),
            "returned_orders": returned, "refund_amount": round(returned * 131.0 * float(np.exp(0.08 * chance.normal())), 2),
            "ad_spend": round(level * 1.05, 2),
        }
        if closed:
            row |= dict.fromkeys(("shipped_24h_rate", "delivery_days_mean", "delivery_days_p90"))
        if today != MISSING:
            rows.append({names[key]: value for key, value in row.items()})
    return rows


def write_sample(path: str | Path, *, language: str = "en") -> None:
    """Write the sample shop as CSV, in UTF-8 with the mark that spreadsheets want. Refuses to replace a file."""
    path = Path(path)
    if path.exists():
        raise UserError(f"{path} exists already; choose another name for the sample.")
    text = io.StringIO()
    rows = sample_rows(language)
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        with replacing(path) as stream:
            stream.write(text.getvalue().encode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}.", exit_code=UNREADABLE) from None


def _swing(chance: np.random.Generator, sd: float) -> np.ndarray:
    """A path that carries half of a day's swing over to the next. [day]"""
    path, now = np.empty(DAYS), 0.0
    for day in range(DAYS):
        now = 0.5 * now + sd * np.sqrt(0.75) * chance.normal()
        path[day] = now
    return path


def _share(share: float, log_odds: float) -> float:
    odds = share / (1.0 - share) * np.exp(log_odds)
    return float(odds / (1.0 + odds))

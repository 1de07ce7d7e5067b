"""Shops made up from a known truth, day by day and draw by draw, by nothing that the fit uses.

The truth is drawn from what the fit believes beforehand (written out again here, from its documentation): swings of 0.15 with a
factor of 1.6 either way, persistence around 0.55, drifts of 0.25 with a factor of 2, half-lives around a month.
"""

from __future__ import annotations

import datetime
import math
import random
from dataclasses import dataclass, field


@dataclass
class Truth:
    """What a shop was made from: of each series its long-run level (log or logit), weekdays, swing, persistence, drift, growth."""

    days: int
    series: dict[str, dict[str, float]] = field(default_factory=dict)
    weekdays: dict[str, list[float]] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)  # level and drift together, mean over the last 92 days


def drawn_series(dice: random.Random, *, level: float, swing: float, weekday: float, growth: bool) -> tuple[dict[str, float], list[float]]:
    persistence = 0.95 / (1.0 + math.exp(-dice.gauss(math.log((0.55 / 0.95) / (1.0 - 0.55 / 0.95)), 0.8)))
    found = {
        "level": level, "swing": swing * math.exp(dice.gauss(0.0, 0.5)), "persistence": persistence,
        "drift": 0.25 * math.exp(dice.gauss(0.0, 0.7)), "half_life": 30.0 * math.exp(dice.gauss(0.0, 0.6)),
        "growth": dice.gauss(0.0, 0.25) if growth else 0.0,  # log growth in 100 days
    }
    spread = weekday * math.exp(dice.gauss(0.0, 0.7))
    return found, [dice.gauss(0.0, spread) for _ in range(7)]


def walked(
    dice: random.Random, truth: dict[str, float], weekdays: list[float], first: datetime.date, days: int
) -> tuple[list[float], float]:
    """The path of a series and the mean of its level and drift over the last 92 days."""
    keep = 0.5 ** (1.0 / truth["half_life"])
    swing, drift = dice.gauss(0.0, truth["swing"]), dice.gauss(0.0, truth["drift"])
    path, slow = [], []
    for day in range(days):
        if day:
            phi = truth["persistence"]
            swing = phi * swing + truth["swing"] * math.sqrt(1.0 - phi * phi) * dice.gauss(0.0, 1.0)
            drift = keep * drift + truth["drift"] * math.sqrt(1.0 - keep * keep) * dice.gauss(0.0, 1.0)
        weekday = weekdays[(first + datetime.timedelta(days=day)).weekday()]
        path.append(truth["level"] + weekday + swing + drift + truth["growth"] * (day - days + 1) / 100.0)
        slow.append(truth["level"] + drift)
    late = slow[-92:]
    return path, sum(late) / len(late)


def poisson(dice: random.Random, mean: float) -> int:
    if mean > 300.0:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def binomial(dice: random.Random, n: int, share: float) -> int:
    if n * share > 100.0 and n * (1.0 - share) > 100.0:
        return min(n, max(0, round(dice.gauss(n * share, math.sqrt(n * share * (1.0 - share))))))
    return sum(dice.random() < share for _ in range(n))


def generated_shop(seed: int, *, days: int | None = None, sessions: float | None = None) -> tuple[Truth, list[dict[str, object]]]:
    """A shop's truth and its rows: date, sessions, orders, paid_orders, gmv."""
    dice = random.Random(seed)
    days = days or dice.choice([35, 60, 90, 150, 240, 365])
    truth = Truth(days=days)
    size = sessions or 10.0 ** dice.uniform(2.3, 4.5)
    rates = {"orders": math.log(0.038 / 0.962) + dice.gauss(0.0, 0.7), "paid_orders": math.log(0.78 / 0.22) + dice.gauss(0.0, 0.7)}
    first = datetime.date(2023, 1, 1) + datetime.timedelta(days=dice.randrange(300))
    paths = {}
    for name in ("sessions", "orders", "paid_orders", "value"):
        level = math.log(size) if name == "sessions" else math.log(150.0) + dice.gauss(0.0, 0.7) if name == "value" else rates[name]
        share = 1.0 / (1.0 + math.exp(-level))
        swing = {"sessions": 0.15, "value": 0.08}.get(name, 0.15 / max(share, 1.0 - share))
        weekday = {"sessions": 0.12, "value": 0.05}.get(name, 0.06)
        own, weekdays = drawn_series(dice, level=level, swing=swing, weekday=weekday, growth=name == "sessions")
        if name == "value":
            own["drift"] *= 0.12 / 0.25
        truth.series[name], truth.weekdays[name] = own, weekdays
        paths[name], truth.late[name] = walked(dice, own, weekdays, first, days)
    rows = []
    for day in range(days):
        seen = poisson(dice, math.exp(paths["sessions"][day]))
        orders = binomial(dice, seen, 1.0 / (1.0 + math.exp(-paths["orders"][day])))
        paid = binomial(dice, orders, 1.0 / (1.0 + math.exp(-paths["paid_orders"][day])))
        noise = dice.gauss(0.0, 1.0) / math.sqrt(paid) if paid else 0.0
        money = paid * math.exp(paths["value"][day] + noise) if paid else 0.0
        rows.append({
            "date": (first + datetime.timedelta(days=day)).isoformat(), "sessions": seen, "orders": orders, "paid_orders": paid,
            "gmv": round(money, 2),
        })
    return truth, rows

"""How often the fit's intervals hold the truth of generated shops."""

from __future__ import annotations

import csv
import io

import numpy as np

from sim.shops.fits import ShopFits
from sim.shops.table import read_shop
from tests.shops.generated import Truth, generated_shop

SERIES = (("sessions", None, "sessions"), ("orders", "sessions", "orders"), ("paid_orders", "orders", "paid_orders"),
          ("gmv", "paid_orders", "value"))


def as_csv(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def parameters(truth: Truth, fits: ShopFits) -> list[tuple[str, float, np.ndarray]]:
    """(which, truth, draws) of every parameter of a shop."""
    found = []
    for column, above, name in SERIES:
        draws = fits.of(column, above).draws
        own, weekdays = truth.series[name], truth.weekdays[name]
        names = draws.calendar.names
        shift, true_shift = np.zeros(len(draws.beta)), 0.0
        if "weekday.0" in names:
            effects = draws.beta[:, [names.index(f"weekday.{k}") for k in range(7)]]
            shift, true_shift = effects.mean(axis=1), float(np.mean(weekdays))
            for k in range(7):
                found.append((f"weekday {name}", weekdays[k] - true_shift, effects[:, k] - shift))
        found.append((f"late level {name}", truth.late[name] + true_shift, draws.effect("level") + draws.slow_recent + shift))
        found.append((f"level {name}", own["level"] + true_shift, draws.effect("level") + shift))
        found.append((f"swing {name}", own["swing"], draws.fast))
        found.append((f"persistence {name}", own["persistence"], draws.persistence))
        if name == "sessions":
            found.append(("growth", own["growth"], draws.effect("growth")))
    return found


def inside(seeds: range, level: float = 0.8) -> dict[str, list[bool]]:
    """Of each parameter, whether the central interval held the truth, shop by shop."""
    held: dict[str, list[bool]] = {}
    for seed in seeds:
        truth, rows = generated_shop(seed)
        fits = ShopFits(table=read_shop(as_csv(rows)), seed=seed, draws=1000)
        for which, true, draws in parameters(truth, fits):
            low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
            held.setdefault(which, []).append(bool(low <= true <= high))
    return held

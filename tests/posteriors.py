"""A small calibrated shop for tests: joint draws made by plain random numbers, and its scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from sim.scenario import Posterior, load

ORIGIN = date(2024, 3, 1)
WEEKDAY = (0.9, 0.92, 0.95, 1.0, 1.03, 1.12, 1.08)
SEASON = (0.9, 0.85, 0.95, 1.0, 1.0, 1.1, 0.95, 0.95, 1.0, 1.1, 1.2, 1.0)
HEAD = 'schema = 1\ntitle = "My shop"\n'
PROFILE = f"""
[profile]
weekday = [{", ".join(map(str, WEEKDAY))}]
season = [{", ".join(map(str, SEASON))}]
trend = 0.002
trend_half_life_days = 40
origin = {ORIGIN.isoformat()}
source = "shop export, 2024-02"
"""


def columns(rows: int = 256, *, seed: int = 5, profile: bool = True) -> dict[str, np.ndarray]:
    """Joint draws: a small shop whose totals move together, with some of a list, of the noise, of an uncertain lever and of a profile."""
    rng = np.random.default_rng(seed)
    size, wobble = rng.standard_normal(rows), rng.standard_normal((6, rows))
    found = {
        "closure.gmv_quarter": 4e6 * np.exp(0.2 * size),
        "closure.view_to_order": 0.030 * np.exp(0.05 * size + 0.03 * wobble[0]),
        "closure.view_to_order_beauty": 0.060 + 0.002 * np.tanh(wobble[1]),
        "detail_page.bounce": 0.60 + 0.02 * np.tanh(size),
        "payment.gap": 0.15 + 0.01 * np.tanh(wobble[1]),
        "detail_page.click_share": 0.40 + 0.02 * np.tanh(wobble[2]),
        "service.handling_s": 300.0 + 20.0 * np.tanh(wobble[2]),
        "returns.rate_apparel": 0.45 + 0.03 * np.tanh(wobble[3]),
        "returns.rate_jewellery": 0.40 + 0.03 * np.tanh(wobble[4]),
        "returns.refund_only_share.apparel": 0.12 + 0.02 * np.tanh(wobble[5]),
        "traffic.viewers_paid_feed": 0.30 + 0.02 * np.tanh(wobble[0]),
        "traffic.affinity_search.beauty": 0.9 + 0.1 * np.tanh(wobble[1]),
        "noise.cv_traffic": 0.20 + 0.02 * np.tanh(wobble[3]),
        "noise.persistence_traffic": 0.50 + 0.05 * np.tanh(wobble[4]),
        "noise.cv_submit": 0.12 + 0.02 * np.tanh(wobble[5]),
    }
    if profile:
        week = np.array(WEEKDAY)[:, None] * np.exp(0.02 * rng.standard_normal((7, rows)))
        week /= week.mean(axis=0)
        found |= {f"profile.weekday.{day}": week[day] for day in range(7)}
        found |= {"profile.level": 0.05 * rng.standard_normal(rows), "profile.trend": 0.002 + 0.001 * np.tanh(wobble[0])}
    return found


def parquet(folder: Path, values: Mapping[str, np.ndarray] | None = None, *, file: str = "my_shop.parquet") -> Posterior:
    """The draws, and their file in the folder."""
    draws = Posterior.of(columns() if values is None else values, file=file)
    (folder / file).write_bytes(draws.data)
    return draws


def shop(
    folder: Path, values: Mapping[str, np.ndarray] | None = None, *, more: str = "", profile: str = PROFILE, name: str = "my_shop"
) -> Path:
    """A calibrated shop's scenario file and its Parquet, beside each other."""
    draws = parquet(folder, values, file=f"{name}.parquet")
    path = folder / f"{name}.toml"
    text = f'{HEAD}{more}{profile}\n[posterior]\nfile = "{draws.file}"\nsha256 = "{draws.sha256}"\n'
    path.write_text(text, encoding="utf-8")
    load(path)
    return path

"""Worlds for the referee: central values straight from the registry's files, and a busy plan that moves a bit of everything."""

import random
import tomllib
from pathlib import Path

REGISTRY = Path(__file__).parents[2] / "sim" / "registry"
STREAMS = ("traffic", "submit", "stay", "pay", "shipped_24h", "returns")


def central_values(**changed) -> dict:
    """Best values of every parameter; a chance parameter at its best is 1. Keywords: double underscore for the dot."""
    values = {}
    for path in sorted(REGISTRY.glob("*.toml")):
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(entry, dict) and "value" in entry:
                x = 1.0 if entry.get("distribution") == "chance" else entry["value"]
                values[f"{path.stem}.{key}"] = tuple(x) if isinstance(x, list) else x
    for name, x in changed.items():
        name = name.replace("__", ".")
        assert name in values, name
        values[name] = x
    return values


def lever(target: float, *, start: int = 0, until: int | None = None, ramp_days: int = 0, coverage: float = 1.0) -> dict:
    return {"target": target, "start": start, "until": until, "ramp_days": ramp_days, "coverage": coverage}


def normals(days: int, seed: int = 3) -> dict:
    rng = random.Random(seed)
    start = {s: rng.gauss(0, 1) for s in STREAMS}
    daily = {s: [rng.gauss(0, 1) for _ in range(days)] for s in STREAMS}
    return {"start": start, "daily": daily, "drift": rng.gauss(0, 1)}


def world(*, days: int = 20, levers: dict | None = None, events=(), noise: bool = False, tables=None, **changed) -> dict:
    registry = central_values()
    return {
        "values": central_values(**changed), "registry_values": registry, "days": days, "levers": levers or {}, "events": list(events),
        "noise": normals(days) if noise else None, "tables": tables,
    }  # fmt: skip


BUSY_LEVERS = {
    "payment.redirects": lever(2, start=3, ramp_days=5, coverage=0.8),
    "traffic.discount": lever(0.2, start=2, until=12, coverage=0.5),
    "traffic.paid_budget": lever(1.5, start=1),
    "traffic.private_domain": lever(2e8, ramp_days=10),
    "traffic.local_life": lever(5e7, ramp_days=10),
    "traffic.cross_border": lever(5e7, ramp_days=10),
    "traffic.s_host_share": lever(0.10),
    "traffic.prime_time_share": lever(0.5, start=4),
    "service.seats": lever(28, start=5, ramp_days=7),
    "service.handling_s": lever(270, start=6),
    "detail_page.load_median_s": lever(1.5, start=2, ramp_days=4),
    "detail_page.ar_tryon": lever(0.5, ramp_days=10),
    "fulfilment.shipped_24h_share": lever(0.9, start=1, ramp_days=6),
    "fulfilment.front_warehouses": lever(4),
    "fulfilment.premium_courier_share": lever(0.3, start=8),
    "fulfilment.cold_chain": lever(1.0),
    "returns.filter_strength": lever(0.4, start=2),
    "returns.review_recovery": lever(0.5),
}
BUSY_EVENTS = (
    {"traffic": 1.8, "value": 1.1, "cpm": 1.2, "transit": 1.3, "pull_forward": None, "start": 5, "end": 8},
    {"traffic": 1.2, "value": 1.0, "cpm": 1.0, "transit": 1.0, "pull_forward": 0.3, "start": 8, "end": 10},
)


def busy_world(**options):
    return world(levers=BUSY_LEVERS, events=BUSY_EVENTS, **options)

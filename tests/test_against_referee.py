"""The engine against a slow, obvious second implementation: 16 lanes of every scenario, noise on.

Handed the engine's tables (desk curves, quadrature points, arrival shares) as plain functions, the referee must agree to
1e-9; with its own exact functions to 1e-5.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sim.lanes import world_of
from sim.model import detail_page, seat_table
from sim.model.closure import Closure, solve
from sim.model.desk_curves import JAM, PACKED
from sim.model.fulfilment import Fulfilment, arrival_share
from sim.model.funnel import Projection, project
from sim.model.returns import CAUSES
from sim.model.settlement import refunds_by_date
from sim.model.world import CATEGORIES, CHANNELS, STREAMS, World
from sim.scenario import Event, LeverSetting, Scenario, load
from tests import posteriors
from tests.referee import project as slow_project
from tests.referee.queue import Curves
from tests.worlds import plan

SCENARIOS = sorted(path.stem for path in (Path(__file__).parent.parent / "scenarios").glob("*.toml"))
LANES = 16


def busy() -> Scenario:
    """A plan that moves a bit of everything, with ramps, coverage, overlapping events and opened outer channels."""
    moved = {
        "payment.redirects": LeverSetting(amount=2, start=date(2023, 7, 4), ramp_days=5, coverage=0.8),
        "payment.typed_card_share": LeverSetting(amount=0.05),
        "traffic.discount": LeverSetting(amount=0.2, start=date(2023, 7, 3), until=date(2023, 7, 20), coverage=0.5),
        "traffic.paid_budget": LeverSetting(amount=1.5, start=date(2023, 7, 2)),
        "traffic.private_domain": LeverSetting(amount=2e8, ramp_days=10),
        "traffic.knowledge": LeverSetting(amount=1e7),
        "traffic.original_share": LeverSetting(amount=0.85),
        "traffic.store_live_hours": LeverSetting(amount=300),
        "traffic.local_life": LeverSetting(amount=5e7, start=date(2023, 7, 6), ramp_days=90),
        "traffic.cross_border": LeverSetting(amount=5e7, ramp_days=90),
        "traffic.s_host_share": LeverSetting(amount=0.10),
        "traffic.mid_host_share": LeverSetting(amount=0.45, ramp_days=20),
        "traffic.prime_time_share": LeverSetting(amount=0.5, start=date(2023, 7, 5)),
        "service.seats": LeverSetting(amount=28, start=date(2023, 7, 6), ramp_days=7),
        "service.handling_s": LeverSetting(amount=270, start=date(2023, 7, 7)),
        "service.bot_resolution": LeverSetting(amount=0.5, ramp_days=15),
        "detail_page.load_median_s": LeverSetting(amount=1.5, start=date(2023, 7, 3), ramp_days=4),
        "detail_page.fold_depth": LeverSetting(amount=1),
        "detail_page.ar_tryon": LeverSetting(amount=0.5, ramp_days=10),
        "detail_page.live_cooking": LeverSetting(amount=0.5),
        "detail_page.rotation_360": LeverSetting(amount=0.5),
        "fulfilment.shipped_24h_share": LeverSetting(amount=0.9, start=date(2023, 7, 2), ramp_days=6),
        "fulfilment.front_warehouses": LeverSetting(amount=4),
        "fulfilment.premium_courier_share": LeverSetting(amount=0.3, start=date(2023, 7, 9)),
        "fulfilment.cold_chain": LeverSetting(amount=1.0),
        "returns.filter_strength": LeverSetting(amount=0.4, start=date(2023, 7, 3)),
        "returns.jewellery_lighting": LeverSetting(amount=0.6),
        "returns.size_labels": LeverSetting(amount=0.6),
        "returns.fit_information": LeverSetting(amount=0.6),
        "returns.review_recovery": LeverSetting(amount=0.5),
    }
    events = (
        Event(name="burst", start=date(2023, 7, 8), end=date(2023, 7, 12), traffic=1.8, value=1.1, cpm=1.2, transit=1.3),
        Event(name="echo", start=date(2023, 7, 11), end=date(2023, 7, 15), traffic=1.2, pull_forward=0.3),
        Event(name="strike", start=date(2023, 7, 14), end=date(2023, 7, 18), transit=1.6, traffic=0.9),
    )
    return replace(plan(days=40), name="busy", levers=moved, events=events)


def shared_table(seats: int) -> SimpleNamespace:
    """The engine's table of all desks with so many seats, and how it is laid out."""
    table = seat_table.seat_table(seats)
    return SimpleNamespace(
        table=table.table, lowest=table.lowest, bottom=table.bottom, calm=table.calm, width=seat_table.WIDTH, flat=seat_table.FLAT,
        row_step=seat_table.ROW_STEP, ratios=seat_table.RATIO_RANGE, top=seat_table.TOP, jam=JAM, packed=PACKED,
    )


class Tables:
    """The engine's tables of one lane, as functions that plain Python can call."""

    def __init__(self, world: World, closure: Closure, lane: int) -> None:
        self._patience = float(world.row("service.patience_s")[lane])
        self._handling = float(world.row("service.handling_s")[lane])
        self._curves = {}
        self._sigma = float(world["fulfilment.handling_sigma"]), Fulfilment(world).transit_sigma
        self.peak_load = float(closure.desk.peak_load[lane])
        self._load = replace(world, values={name: world.row(name)[lane : lane + 1] for name in ("detail_page.load_sigma",)}, lanes=1)

    def stay_nodes(self, median_s: float) -> list[tuple[float, float]]:
        points, weights = detail_page.load_points(self._load, median_s)
        return [(float(w), float(z)) for w, z in zip(weights[:, 0], points[:, 0], strict=True)]

    def _outcomes(self, seats: int, load: float, seconds: float, handling_s: float | None) -> tuple[float, float]:
        handling = self._handling if handling_s is None else handling_s
        key = seats, handling
        if key not in self._curves:
            self._curves[key] = Curves(shared_table(seats), seats, handling, self._patience, seconds)
        return self._curves[key].outcomes(load)

    def abandon_share(self, seats: int, load: float, handling_s: float | None = None) -> float:
        return self._outcomes(seats, load, 30.0, handling_s)[0]

    def served_within(self, seats: int, load: float, seconds: float, handling_s: float | None = None) -> float:
        return self._outcomes(seats, load, seconds, handling_s)[1]

    def arrived_share(self, hours: float, handling_median_h: float, transit_mean_h: float) -> float:
        sigma_h, sigma_x = self._sigma
        median = np.array([transit_mean_h * np.exp(-(sigma_x**2) / 2.0)])
        return float(arrival_share(hours, handling_median_h, median, sigma_h, sigma_x)[0])


def told(scenario: Scenario, world: World, lane: int, tables: Tables | None) -> dict:
    """One lane of the engine's world, in the referee's plain words."""

    def plain(value: object) -> object:
        if not isinstance(value, np.ndarray):
            return value
        return float(value[lane]) if value.ndim == 1 else tuple(map(float, value[:, lane]))

    def day(when: date | None) -> int | None:
        return None if when is None else (when - scenario.start).days

    shocks = world.shocks
    normals = shocks and np.stack([shocks.on(day) for day in range(-1, world.days)])
    return {
        "values": {name: plain(value) for name, value in world.values.items()},
        "registry_values": dict(world.levels),
        "days": world.days,
        "levers": {
            name: {
                "target": setting.target(scenario.lever_baseline(name)), "start": day(setting.start), "until": day(setting.until),
                "ramp_days": setting.ramp_days, "coverage": setting.coverage,
            }
            for name, setting in scenario.moved.items()
        },
        "events": [
            {name: getattr(event, name) for name in ("traffic", "value", "cpm", "transit", "pull_forward")}
            | {"start": day(event.start), "end": day(event.end)}
            for event in scenario.events
        ],
        "profile": calendar_told(scenario, world, lane),
        "noise": shocks
        and {
            "start": {s: float(normals[0, k, lane]) for k, s in enumerate(STREAMS)},
            "daily": {s: normals[1:, k, lane].tolist() for k, s in enumerate(STREAMS)},
            "drift": float(shocks.drift[lane]),
        },
        "tables": tables,
    }


def calendar_told(scenario: Scenario, world: World, lane: int) -> dict | None:
    """The shop's calendar in a lane: what its file states, and instead of that what its draws give in the lane's row."""
    own, draws = scenario.profile, scenario.posterior
    if own is None:
        return None
    # Which row a lane took is told by a column that is in the world.
    row = int(np.flatnonzero(draws.column("closure.gmv_quarter") == world["closure.gmv_quarter"][lane])[0]) if draws else None
    told = {
        "start": scenario.start, "weekday": own.weekday, "season": own.season, "trend": own.trend, "half_life": own.trend_half_life_days,
        "origin": own.origin,
    }
    if draws is not None and draws.profiled:
        told["weekday"] = [float(draws.column(f"profile.weekday.{day}")[row]) for day in range(7)]
        told |= {key: float(draws.column(f"profile.{key}")[row]) for key in ("level", "trend")}
    return told


def pairs(run: Projection, world: World, slow: dict, lane: int):
    """(name, engine's figure, referee's figure) for everything both compute."""
    total = {name: float(row[lane]) for name, row in run.totals.items()}
    for name in ("viewers", "visits", "stayers", "orders", "paid", "shipped", "kept", "returned", "gmv", "net_gmv", "cancellations",
                 "refunds", "ad_spend"):
        yield name, total[name], slow[name]
    for stage, causes in slow["leaks"].items():
        for cause, count in causes.items():
            yield f"{stage}.{cause}", total[f"leak.{stage}.{cause}"], count
    for cause, gain in slow["recoverable"].items():
        for kpi in ("gmv", "net_gmv"):
            yield f"recoverable.{cause}.{kpi}", total.get(f"recoverable.{cause}.{kpi}", 0.0), gain[kpi]
    for k, channel in enumerate(CHANNELS):
        for name in ("viewers", "orders", "gmv", "net_gmv"):
            yield f"{channel}.{name}", float(run.channel[name][k, lane]), slow["channels"][channel][name]
    for c, category in enumerate(CATEGORIES):
        rows = [c] if category != "other" else list(range(c, len(run.segments)))
        for name in ("viewers", "orders", "shipped", "returned", "gmv", "net_gmv"):
            yield f"{category}.{name}", float(run.category[name][rows, lane].sum()), slow["categories"][category][name]
    for cause, rows in zip(CAUSES, run.return_value, strict=True):
        value = float(rows[:, lane].sum())
        yield f"refunds.{cause}", value, slow["returns_by_cause"][cause]["refunds"]
    for kind, key in (("refund_only", "only"), ("return_and_refund", "sent_back")):
        yield kind, float(run.category[f"refunds_{key}"][:, lane].sum()), slow["refund_types"][kind]["cny"]
    patience = float(world.row("service.patience_s")[lane])
    yield "contacts", total["contacts"], slow["service"]["contacts"]
    yield "mean wait", patience * total["contacts_abandoned"] / total["contacts"], slow["service"]["mean_wait_s"]
    yield "peak wait", patience * total["peak_abandoned"] / total["peak_contacts"], slow["service"]["peak_wait_s"]
    yield "answered in 30 s", total["contacts_in_time"] / total["contacts"], slow["service"]["answered_30s"]
    lines = ("gross_margin", +1), *((name, -1) for name in ("price_cuts", "coupons", "platform_fees", "host_commission", "ads", "freight",
                                                            "return_handling", "return_goods", "seats"))
    yield "contribution", sum(sign * total[f"money.{name}"] for name, sign in lines), slow["contribution"]
    yield "borrowed", total["borrowed_viewers"], slow["borrowed"]
    yield "debt", total["debt_viewers"], slow["debt"]
    yield "refunds after the horizon", total["refunds_after_horizon"], slow["after_horizon_refunds"]
    daily = {**run.daily, "refunds_by_date": refunds_by_date(run.daily["refunds"], run.refund_days)}
    for name, theirs in {"gmv": "gmv", "net_gmv": "net_gmv", "score": "score", "refunds_by_date": "refunds", "viewers": "viewers"}.items():
        for day, figure in enumerate(slow["daily"][theirs]):
            yield f"{name} on day {day}", float(daily[name][day, lane]), figure


def disagreements(scenario: Scenario, *, lanes: range, exact: bool, tolerance: float) -> list[str]:
    world = world_of(scenario, count=LANES, seed=3)
    closure = solve(world)
    run = project(world, closure)
    found = []
    for lane in lanes:
        slow = slow_project(told(scenario, world, lane, None if exact else Tables(world, closure, lane)))
        money = float(run.totals["gmv"][lane])
        for name, fast, theirs in pairs(run, world, slow, lane):
            # A difference of large flows (debt, price cuts) is judged against the flow it is cut from.
            scale = max(abs(fast), abs(theirs), 1e-6 * money if name in ("contribution", "price_cuts") else 1e-9)
            if abs(fast - theirs) > tolerance * scale:
                found.append(f"lane {lane}, {name}: {fast!r} here, {theirs!r} by the referee")
    return found


def calibrated(folder: Path, *, drawn_profile: bool = True) -> Scenario:
    """A small shop with joint draws and a calendar of its own, with all that `busy` moves; it begins before the trend does."""
    shop = load(posteriors.shop(folder, posteriors.columns(profile=drawn_profile)))
    start = posteriors.ORIGIN - timedelta(days=7)
    shift = start - date(2023, 7, 1)

    def moved(when: date | None) -> date | None:
        return None if when is None else when + shift

    levers = {
        name: replace(setting, start=moved(setting.start), until=moved(setting.until)) for name, setting in busy().levers.items()
    }
    events = tuple(replace(event, start=event.start + shift, end=event.end + shift) for event in busy().events)
    return replace(shop, start=start, days=40, levers=levers, events=events)


MADE = ("busy", "calibrated", "calendar")


def scenario_named(name: str, folder: Path) -> Scenario:
    if name in MADE[1:]:
        return calibrated(folder, drawn_profile=name == "calibrated")
    return busy() if name == "busy" else load(name)


QUICK = ("baseline", "all_fixes", "double11", "merchant", *MADE)
ALL = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in (*SCENARIOS, *MADE)]


@pytest.mark.parametrize("name", ALL)
def test_agrees_with_the_referee_given_the_same_tables(name: str, tmp_path: Path) -> None:
    assert disagreements(scenario_named(name, tmp_path), lanes=range(LANES), exact=False, tolerance=1e-9) == []


@pytest.mark.parametrize("name", ["baseline", "busy", "calibrated"])
def test_agrees_with_exact_functions(name: str, tmp_path: Path) -> None:
    assert disagreements(scenario_named(name, tmp_path), lanes=range(0, LANES, 4), exact=True, tolerance=1e-5) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SCENARIOS, *MADE])
def test_agrees_with_exact_functions_in_every_lane(name: str, tmp_path: Path) -> None:
    assert disagreements(scenario_named(name, tmp_path), lanes=range(LANES), exact=True, tolerance=1e-5) == []

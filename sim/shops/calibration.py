"""From a shop's table to what the planner runs on: observed totals, a calendar and joint draws; the rest stays at the registry's ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError
from sim.parameters import registry
from sim.shops import closing, occasions, parcels, profiles
from sim.shops.calendars import Event
from sim.shops.checks import checked, handled
from sim.shops.columns import COLUMNS
from sim.shops.findings import Finding, ensure_choices
from sim.shops.fits import LEAST_COMMON, ShopFits
from sim.shops.latent import Array
from sim.shops.paths import drift_ahead, growth_ahead
from sim.shops.series import SeriesFit
from sim.shops.table import ShopTable

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.shops.backtesting import Backtest

DRAWS, HORIZON_DAYS = 4000, 92
LEVELS = ("sessions", "detail_views", "orders", "paid_orders", "gmv")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a shop's numbers tell.

    baseline: {registry name: value} observed totals and constants; posterior: {column: [draw]} joint draws, registry names and
    profile.*; profile: the calendar's middle values; told, untold: registry names that the data inform, and that stay at the
    registry's range; assumed: registry names set by an assumption that the shop's numbers forced; uplifts: dated events, each
    with low, best, high of its factor and the days `ahead` on which it comes again inside the horizon; estimates: figures that a
    planner reads, with their 80 % interval; score: the backtest.
    """

    table: ShopTable
    findings: tuple[Finding, ...]
    handled: tuple[str, ...]
    baseline: Mapping[str, float | tuple[float, ...]]
    posterior: Mapping[str, Array]
    profile: Mapping[str, Any]
    told: tuple[str, ...]
    untold: tuple[str, ...]
    assumed: tuple[str, ...]
    uplifts: tuple[Mapping[str, Any], ...]
    estimates: tuple[Mapping[str, Any], ...]
    source: str
    start: date
    days: int
    score: Backtest | None = None
    fits: ShopFits | None = field(default=None, repr=False, compare=False)

    def scenario(self, name: str = "my_shop", *, title: str = "", author: str = "") -> Scenario:
        """The shop as a scenario: horizon from the day after the data, [baseline], [profile], [posterior]."""
        from sim.shops.writing import scenario_of

        return scenario_of(self, name, title=title, author=author)


def calibrate(
    table: ShopTable, *, asked: Mapping[str, str] | None = None, events: Sequence[Event] = (), days: int = HORIZON_DAYS, seed: int = 1,
    draws: int = DRAWS, score: Backtest | None = None, progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Fit a shop. asked: {finding: choice}; events: dated days whose uplift is to be told apart; days: horizon of the scenario.

    An event after the data that has the name of one within them comes again: the scenario has it, with the uplift's middle.
    Raises UserError where the table has nothing to fit, or what it says cannot be one shop.
    """
    findings = checked(table)
    ensure_choices(findings, asked or {})
    table, done = handled(table, findings, dict(asked or {}))
    if table.definitions["returns"] == "by_order_date":
        table = _without_unsettled(table)
    past, ahead = occasions.parted(table, events, days)
    fits = ShopFits(table=table, events=past, seed=seed, draws=draws)
    base = next((name for name in LEVELS if fits.known(name)), None)
    if base is None:
        _ensure_varying(table, findings, done)
        raise UserError(f"{table.name} has no sessions, orders or GMV on at least {LEAST_COMMON} days; nothing can be fitted.")
    work = _Work(fits=fits, base=base, horizon=max(1, days // table.step_days), count=draws, seed=seed, progress=progress)
    shares = closing.category_shares(table)
    found = closing.closed(work, shares)
    baseline = {**parcels.observed(table, work), "money.merchants": 1.0, **closing.paid_roi(table), **closing.channel_shares(table)}
    profile, columns = profiles.profile_of(work)
    told = tuple(sorted({*found.told, *(name for name in baseline if name != "money.merchants")}))
    uncertain = [p.name for p in registry().entries if p.uncertain or p.role == "pinned"]
    return Calibration(
        table=table, findings=findings, handled=tuple(done), baseline=baseline, posterior={**found.columns, **columns}, profile=profile,
        told=told, untold=tuple(name for name in uncertain if name not in told and name not in found.assumed), assumed=found.assumed,
        uplifts=occasions.with_ahead(profiles.uplifts(work), ahead), estimates=tuple(work.estimates), source=_source(table),
        start=_day_after(table), days=days, score=score, fits=fits,
    )


def _ensure_varying(table: ShopTable, findings: Sequence[Finding], done: Sequence[str]) -> None:
    """Refuses a file whose every column of counts was left out because it never changes, which is no lack of days."""
    same = [
        table.columns.get(finding.column, finding.column) for finding, choice in zip(findings, done, strict=True)
        if finding.kind == "constant" and choice == "drop_column" and finding.column in LEVELS
    ]
    if same:
        raise UserError(
            f"{table.name}: {', '.join(same)} never changes and was left out, and nothing else can be fitted. Is it the right file? "
            "If so, keep it with --handle constant=keep."
        )


@dataclass(kw_only=True)
class _Work:
    """One calibration under way: its fits, and the rates that several places ask for."""

    fits: ShopFits
    base: str
    horizon: int
    count: int
    seed: int
    progress: Callable[[int, int], None] | None = None
    estimates: list[dict[str, Any]] = field(default_factory=list)
    _means: dict[tuple[str, str | None], Array] = field(default_factory=dict)

    @property
    def table(self) -> ShopTable:
        return self.fits.table

    def has(self, series: str, above: str) -> bool:
        return self.fits.common(series, above) >= LEAST_COMMON

    def nested(self, series: str, above: str) -> bool:
        """Is the series a part of the one above, day by day?"""
        return self.has(series, above) and self.fits.of(series, above).kind == "rate"

    def mean_ahead(self, series: str, above: str) -> Array:
        """Mean rate, ratio or value per count over the horizon, its drift drawn, its swing averaged out. [draw]"""
        key = (series, above)
        if key not in self._means:
            fit = self.fits.of(series, above)
            draws = fit.draws
            eta = draws.effect("level") + weekday_mean(fit)
            drift = drift_ahead(draws, self.horizon, self.fits.chance(series, above)) + growth_ahead(draws, self.horizon)
            if fit.kind == "rate":
                share = 1.0 / (1.0 + np.exp(-(eta[:, None] + drift)))
                # The mean of a swinging logit: half its variance, less the more the rate is above a half.
                share = 1.0 / (1.0 + np.exp(-(eta[:, None] + drift + 0.5 * (1.0 - 2.0 * share) * draws.fast[:, None] ** 2)))
                self._means[key] = share.mean(axis=1)
            else:
                extra = draws.scale[:, None] ** 2 / self._typical(above) if fit.kind == "value" else 0.0
                self._means[key] = np.exp(eta[:, None] + drift + 0.5 * (draws.fast[:, None] ** 2 + extra)).mean(axis=1)
            if self.progress is not None:
                self.progress(len(self._means), 8)
        return self._means[key]

    def _typical(self, above: str) -> float:
        return max(1.0, float(np.nanmedian(self.table.series(above))))

    def told(self, what: str, draws: Array, unit: str) -> None:
        low, best, high = np.quantile(draws, [0.1, 0.5, 0.9])
        self.estimates.append({"what": what, "p10": float(low), "p50": float(best), "p90": float(high), "unit": unit})


def weekday_mean(fit: SeriesFit) -> Array:
    """Mean of the weekday effects, on the scale of eta. [draw]"""
    at = fit.draws.calendar.where("weekday")
    return fit.draws.beta[:, at].mean(axis=1) if at.any() else np.zeros(len(fit.draws.beta))


def _without_unsettled(table: ShopTable) -> ShopTable:
    """Returns by order date are not all in yet for the last weeks: these say nothing of the return rate."""
    from dataclasses import replace

    steps = -(-int(registry()["returns.lag_days_max"].value) // table.step_days)
    frame = table.frame.copy()
    for name in ("returned_orders", "refund_amount"):
        if name in frame and len(frame) > steps:
            frame.loc[frame.index[-steps:], name] = np.nan
    return replace(table, frame=frame)


def _day_after(table: ShopTable) -> date:
    return table.frame.index[-1].date() + timedelta(days=table.step_days)


def _source(table: ShopTable) -> str:
    first, last = table.frame.index[0].date(), _day_after(table) - timedelta(days=1)
    said = "; ".join(f"{key}={table.definitions[key]}" for key in ("orders", "refunds", "returns", "sessions"))
    name = "".join(letter for letter in table.name if letter.isprintable())[:60]
    return f"{name}, {first} to {last}, {sum(column in COLUMNS for column in table.frame)} columns ({said})"

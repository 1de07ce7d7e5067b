"""How good would the projection have been? Fitted on the past of each origin alone, scored on what came then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import UserError
from sim.shops import rivals
from sim.shops.checks import checked, handled
from sim.shops.findings import Finding, ensure_choices
from sim.shops.fits import FUNNEL, GIVEN, LEAST_COMMON, ShopFits
from sim.shops.latent import Array
from sim.shops.scoring import quantiles_of, scores
from sim.shops.table import ShopTable

LEAST_TRAINING, MOST_ORIGINS = 28, 50  # days; before an origin
RIVAL_SCORES = ("wape", "wis", "coverage80")


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Scores of a shop's projections. rows: as `whatif backtest --format json` prints them; origins: last day of each past."""

    rows: tuple[Mapping[str, Any], ...]
    origins: tuple[np.datetime64, ...]
    horizon: int
    step_days: int
    findings: tuple[Finding, ...]
    handled: tuple[str, ...]
    smoothing: bool  # was exponential smoothing there to compare with

    def of(self, series: str, given: str | None = None) -> Mapping[str, Any] | None:
        return next((row for row in self.rows if row["series"] == series and row["given"] == given), None)


def backtest(
    table: ShopTable, *, horizon: int = 28, origins: int = 5, asked: Mapping[str, str] | None = None, seed: int = 1, draws: int = 2000,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Score the projections of a shop. horizon: in steps (days, or weeks of weekly data); asked: {finding: choice}.

    Each origin knows only what was there before it: its findings are those of its past, found and handled anew. The days that are
    scored leave out what is no count at all (a column not yet tracked), and nothing else.
    """
    findings = checked(table)
    asked = dict(asked or {})
    ensure_choices(findings, asked)
    truth, done = handled(table, findings, asked)
    ends = _origins(len(table.frame), horizon, origins, LEAST_TRAINING // (table.step_days if table.step_days == 7 else 1))
    season = 7 if table.step_days == 1 else 1
    found: dict[tuple[str, str | None], _Score] = {}
    for number, end in enumerate(ends):
        past = table.cut(end)
        past, _ = handled(past, checked(past), asked)
        fits = ShopFits(table=past, seed=seed, draws=draws)
        days = truth.days[end : end + horizon]

        def there(name: str, end: int = end) -> Array:
            return truth.series(name)[end : end + horizon]

        for series, forecast in fits.ahead(days).items():
            if series in truth.frame:
                score = found.setdefault((series, None), _Score())
                score.add(there(series), forecast)
                for name, rule in rivals.for_levels().items():
                    if np.isfinite(past.series(series)).sum() >= rivals.LEAST_STEPS:
                        score.rival(name, rule(past.series(series), horizon, season, fits.chance(series, series)))
        for series, above in GIVEN:
            if series in truth.frame and above in truth.frame and fits.common(series, above) >= LEAST_COMMON:
                fit, true_above = fits.of(series, above), there(above)
                seen = np.where(np.isfinite(true_above), there(series), np.nan)
                score = found.setdefault((series, above), _Score())
                score.add(seen, fit.forecast(days, fits.chance(series, above), upstream=true_above))
                if fit.kind in ("rate", "ratio"):
                    for name, rule in rivals.for_rates(fit.kind).items():
                        score.rival(name, rule(past.series(series), past.series(above), true_above, fits.chance(series, above)))
        if progress is not None:
            progress(number + 1, len(ends))
    order = [(series, None) for series in FUNNEL] + list(GIVEN)
    rows = tuple({"series": key[0], "given": key[1], **found[key].row()} for key in order if key in found and found[key].steps)
    return Backtest(
        rows=rows, origins=tuple(table.days[end - 1] for end in ends), horizon=horizon, step_days=table.step_days, findings=findings,
        handled=tuple(done), smoothing=rivals.smoothing_installed(),
    )


class _Score:
    """Truths and forecasts of one series over all origins."""

    def __init__(self) -> None:
        self._actual: list[Array] = []
        self._forecast: list[Array] = []
        self._rivals: dict[str, list[tuple[Array, Array]]] = {}

    def add(self, actual: Array, draws: Array) -> None:
        self._actual.append(actual)
        self._forecast.append(quantiles_of(draws))

    def rival(self, name: str, draws: Array) -> None:
        self._rivals.setdefault(name, []).append((self._actual[-1], quantiles_of(draws)))

    @property
    def steps(self) -> int:
        return int(sum(np.isfinite(actual).sum() for actual in self._actual))

    def row(self) -> dict[str, Any]:
        own = scores(np.concatenate(self._actual), np.concatenate(self._forecast, axis=1))
        others = {}
        for name, pairs in self._rivals.items():
            score = scores(np.concatenate([a for a, _ in pairs]), np.concatenate([q for _, q in pairs], axis=1))
            others[name] = {key: score[key] for key in RIVAL_SCORES}
        better = sorted((name for name, score in others.items() if score["wis"] < own["wis"]), key=lambda name: others[name]["wis"])
        return own | {"steps": self.steps, "rivals": others, "better": better}


def _origins(steps: int, horizon: int, count: int, least: int) -> list[int]:
    """How many steps are known at each origin, the oldest first: the last one leaves exactly the horizon."""
    if horizon < 1 or count < 1 or count > MOST_ORIGINS:
        raise UserError(f"a horizon of {horizon} with {count} origins; at least 1 of each, up to {MOST_ORIGINS} origins.")
    last = steps - horizon
    if last < least:
        raise UserError(
            f"{steps} rows are too few for a horizon of {horizon}: at least {least} must come before it. Ask for a shorter --horizon."
        )
    if count == 1:
        return [last]
    spacing = min(horizon, (last - least) // (count - 1))
    if spacing < 1:
        return sorted({last - k for k in range(count) if last - k >= least})
    return [last - spacing * k for k in range(count)][::-1]

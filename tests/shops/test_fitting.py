"""The latent path against its dense twin; scores by hand; the fit on few and on many data; and the judge of coverage."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sim.shops.calendars import Calendar
from sim.shops.fits import ShopFits
from sim.shops.fitting import Belief
from sim.shops.latent import Seen, Spreads, mode
from sim.shops.paths import growth_ahead
from sim.shops.rivals import beta_binomial, binomial, drift, for_rates, seasonal_naive, smoothed_rate
from sim.shops.scoring import quantiles_of, scores
from sim.shops.series import fit_series
from sim.shops.table import read_shop
from tests.shops.generated import generated_shop
from tests.shops.judge import as_csv, inside

SPREADS = Spreads(fast=0.4, persistence=0.5, slow=0.7, half_life=9.0, scale=0.6)


def days_from(first: str, count: int) -> np.ndarray:
    return np.datetime64(first) + np.arange(count)


def test_the_evidence_is_that_of_the_dense_gaussian() -> None:
    chance, steps = np.random.default_rng(0), 20
    y, n, known = chance.standard_normal(steps), chance.uniform(0.5, 2.0, steps), np.ones(steps, dtype=bool)
    known[4] = False
    design = np.stack([np.ones(steps), chance.standard_normal(steps)], axis=1)
    mean, sd = np.array([0.3, 0.0]), np.array([2.0, 0.5])
    found = mode(
        Seen(kind="gaussian", y=y, n=n, known=known), design, spreads=SPREADS, prior_mean=mean, prior_sd=sd, start=np.zeros(steps)
    )
    apart = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    cover = 0.16 * 0.5**apart + 0.49 * SPREADS.keep**apart + design @ np.diag(sd**2) @ design.T + np.diag(n * 0.36)
    cover, miss = cover[known][:, known], (y - design @ mean)[known]
    dense = -0.5 * miss @ np.linalg.solve(cover, miss) - 0.5 * np.linalg.slogdet(2.0 * np.pi * cover)[1]
    assert found.evidence == pytest.approx(dense, rel=1e-10)


def test_the_mode_of_counts_is_where_the_gradient_vanishes() -> None:
    chance, steps = np.random.default_rng(1), 15
    n = np.full(steps, 200.0)
    y = chance.binomial(200, 0.2, steps).astype(float)
    seen = Seen(kind="binomial", y=y, n=n, known=np.ones(steps, dtype=bool))
    found = mode(
        seen, np.ones((steps, 1)), spreads=SPREADS, prior_mean=np.array([-1.0]), prior_sd=np.array([1.5]), start=np.full(steps, -1.4)
    )
    apart = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    cover = 0.16 * 0.5**apart + 0.49 * SPREADS.keep**apart + 1.5**2
    gradient = y - n / (1.0 + np.exp(-found.eta)) - np.linalg.solve(cover, found.eta + 1.0)
    assert np.abs(gradient).max() < 1e-4


def test_scores_by_hand() -> None:
    # one day: y = 12, median 10, 50 % 9-11, 80 % 8-13, 95 % 6-16:
    # |12-10|/2 + 0.25 (2 + 4 x 1) + 0.1 x 5 + 0.025 x 10 = 1 + 1.5 + 0.5 + 0.25 = 3.25; / 3.5 = 0.928571
    found = scores(np.array([12.0, np.nan]), np.array([[6, 8, 9, 10, 11, 13, 16]] * 2, dtype=float).T)
    assert found["wis"] == pytest.approx(3.25 / 3.5)
    assert found["wape"] == pytest.approx(2 / 12) and found["bias"] == pytest.approx(-2 / 12)
    assert found["coverage80"] == 1.0 and found["coverage95"] == 1.0


def test_a_fit_is_the_same_for_a_seed() -> None:
    _, rows = generated_shop(1, days=40, sessions=400)
    table = read_shop(as_csv(rows))
    one, two = (ShopFits(table=table, seed=3, draws=300).of("orders", "sessions").draws.beta for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, ShopFits(table=table, seed=4, draws=300).of("orders", "sessions").draws.beta)


def test_four_weeks_of_ten_orders_a_day_give_wide_intervals() -> None:
    chance = np.random.default_rng(2)
    orders = chance.poisson(10.0, 28).astype(float)
    orders[5] = 0.0
    found = fit_series(
        days=days_from("2024-01-01", 28), y=orders, upstream=np.full(28, 250.0), money=False, step_days=1, prior=0.038, draws=2000
    )
    low, high = np.quantile(found.draws.fast, [0.1, 0.9])
    assert high / low > 1.8  # hardly more than is believed beforehand
    ahead = found.forecast(days_from("2024-01-29", 28), np.random.default_rng(1), upstream=np.full(28, 250.0))
    low, high = np.quantile(ahead, [0.1, 0.9], axis=0)
    # Counting alone: 10 ± 1.28 sqrt(10) = 5.9-14.1, eight wide; the day's swing comes on top.
    assert (high - low).mean() > 8.0 and np.median(ahead) == pytest.approx(10.0, abs=2.0)


def test_one_festival_does_not_make_every_day_wild() -> None:
    chance = np.random.default_rng(4)
    y = chance.poisson(1000.0 * np.exp(0.05 * chance.standard_normal(120))).astype(float)
    y[60:63] *= 8.0
    found = fit_series(days=days_from("2024-01-01", 120), y=y, upstream=None, money=False, step_days=1, draws=1000)
    assert found.aside.sum() == 3 and np.flatnonzero(found.aside).tolist() == [60, 61, 62]
    assert np.median(found.draws.fast) < 0.1


def test_a_shop_that_rests_on_sundays_is_expected_to() -> None:
    days = days_from("2024-01-01", 70)  # a Monday
    y = np.where(np.arange(70) % 7 == 6, 0.0, np.random.default_rng(5).poisson(500.0, 70))
    found = fit_series(days=days, y=y, upstream=None, money=False, step_days=1, draws=500)
    ahead = found.forecast(days_from("2024-03-11", 14), np.random.default_rng(1))
    assert found.closed.tolist() == [False] * 6 + [True]
    assert (ahead[:, [6, 13]] == 0.0).all() and (ahead[:, 0] > 0.0).all()


def test_a_trend_fades() -> None:
    _, rows = generated_shop(2, days=60, sessions=900)
    draws = ShopFits(table=read_shop(as_csv(rows)), draws=200).of("sessions", None).draws
    growth = growth_ahead(draws, 2000)
    whole = draws.effect("growth") / 100.0 * draws.half_life / np.log(2.0)
    assert growth[:, -1] == pytest.approx(whole, rel=1e-3, abs=1e-9)


def test_no_growth_is_weighed_without_a_second_fit() -> None:
    """Evidence with a chance of no growth = that chance x the evidence of a fit without growth + the rest x that of one with it."""
    chance, steps = np.random.default_rng(3), 40
    days = days_from("2024-01-01", steps)
    seen = Seen(kind="gaussian", y=chance.standard_normal(steps), n=np.ones(steps), known=np.ones(steps, dtype=bool))
    calendar = Calendar(first=days[0], last=days[-1], step_days=7, weekdays=False, season=False, growth=True)
    design, belief = calendar.design(days), Belief(level=0.0, level_sd=2.0, fast=0.4, slow=0.7, weekday=0.1, growth_none=0.7)
    mean, sd = np.zeros(2), np.array([2.0, belief.growth_sd])
    both, alone = (
        mode(seen, design[:, :k], spreads=SPREADS, prior_mean=mean[:k], prior_sd=sd[:k], start=np.zeros(steps)) for k in (2, 1)
    )
    log_factor, none = belief.without_growth(both, calendar)
    assert both.evidence + log_factor == pytest.approx(np.logaddexp(np.log(0.7) + alone.evidence, np.log(0.3) + both.evidence), rel=1e-9)
    assert none == pytest.approx(np.exp(np.log(0.7) + alone.evidence - both.evidence - log_factor), rel=1e-6)


def test_a_rate_that_grows_is_told_from_one_that_stands() -> None:
    chance, days = np.random.default_rng(9), days_from("2024-01-01", 120)
    n = np.full(120, 4000.0)
    ahead = np.full(28, 4000.0)
    growth = {}
    for name, daily in (("stands", 0.0), ("grows", 0.006)):  # in 120 days the odds double: exp(0.72) = 2.05
        odds = 0.05 * np.exp(daily * (np.arange(148) - 120))
        y = chance.binomial(4000, odds / (1.0 + odds)).astype(float)
        found = fit_series(days=days, y=y[:120], upstream=n, money=False, step_days=1, draws=1000)
        growth[name] = found.draws.effect("growth")
        low, high = np.quantile(found.forecast(days_from("2024-04-30", 28), np.random.default_rng(1), upstream=ahead), [0.1, 0.9], axis=0)
        assert ((low <= y[120:]) & (y[120:] <= high)).mean() > 0.6, name
    assert (np.abs(growth["stands"]) < 1e-9).mean() > 0.5
    assert np.median(growth["grows"]) == pytest.approx(0.6, abs=0.15)  # in 100 days


def test_a_count_beside_another_has_rivals_too() -> None:
    chance, n = np.random.default_rng(7), np.full(60, 200.0)
    y = chance.poisson(220.0, 60).astype(float)  # more than what it is counted beside: 1.1 for one
    for name, rule in for_rates("ratio").items():
        draws = rule(y, n, np.full(5, 300.0), chance)
        assert np.median(draws) == pytest.approx(330.0, abs=15.0), name  # 1.1 x 300
        assert draws.std() == pytest.approx(np.sqrt(330.0), rel=0.35), name  # hardly more than counting alone
    wild = chance.poisson(220.0 * chance.gamma(4.0, 0.25, 60)).astype(float)
    narrow, wide = (for_rates("ratio")[name](wild, n, n[:5], chance).std() for name in ("binomial", "beta_binomial"))
    assert wide > 3.0 * narrow  # a spread of a half from day to day, and of 7 % by counting
    assert set(for_rates("ratio")) == set(for_rates())


def test_a_season_is_told_from_a_year_and_a_half_on() -> None:
    chance, days = np.random.default_rng(6), days_from("2022-01-01", 730)
    year = 2.0 * np.pi * np.arange(730) / 365.25
    y = chance.poisson(2000.0 * np.exp(0.4 * np.sin(year) + 0.05 * chance.standard_normal(730))).astype(float)
    found = fit_series(days=days, y=y, upstream=None, money=False, step_days=1, draws=500)
    assert np.median(found.draws.effect("wave.0")) == pytest.approx(0.4, abs=0.1)
    short = fit_series(days=days[:300], y=y[:300], upstream=None, money=False, step_days=1, draws=500)
    assert "wave.0" not in short.draws.calendar.names


def test_rivals_hold_still_on_a_still_shop() -> None:
    chance = np.random.default_rng(7)
    history = np.tile([100.0, 110, 120, 130, 140, 90, 80], 6)
    naive = quantiles_of(seasonal_naive(history, 7, 7, chance))
    assert np.allclose(naive, history[:7])  # it repeats itself exactly, so there is no spread
    line = np.arange(30.0)
    assert np.allclose(drift(line, 3, 7, chance), [30.0, 31.0, 32.0])
    n = np.full(60, 500.0)
    y = chance.binomial(500, 0.1, 60).astype(float)
    for rule in (binomial, beta_binomial, smoothed_rate):
        assert np.median(rule(y, n, np.full(5, 500.0), chance)) == pytest.approx(50.0, abs=4.0)


@pytest.mark.slow
def test_three_years_of_days_are_fitted_in_time() -> None:
    _, rows = generated_shop(8, days=1095, sessions=3000)
    begun = time.process_time()
    fits = ShopFits(table=read_shop(as_csv(rows)))
    for series, above in (("sessions", None), ("orders", "sessions"), ("paid_orders", "orders"), ("gmv", "paid_orders")):
        fits.of(series, above)
    assert time.process_time() - begun < 20.0


@pytest.mark.slow
def test_intervals_of_generated_shops_hold_the_truth_as_often_as_they_say() -> None:
    """50 shops; levels, weekdays, swings, persistence and growth of four series each."""
    held = inside(range(50))
    pooled = [hit for hits in held.values() for hit in hits]
    assert 0.75 <= np.mean(pooled) <= 0.85
    for which, hits in held.items():  # none alone is far off: 0.8 ± 3.5 standard errors of 50
        assert np.mean(hits) > 0.6, which

from __future__ import annotations

import numpy as np
import pytest

from sim.model import returns
from sim.model.closure import solve
from sim.model.fulfilment import Fulfilment
from sim.model.terms import Returning
from tests.worlds import lanes


def after(levers: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    world = lanes(levers, central=True)
    closure = solve(world)
    terms = Returning(world, Fulfilment(world), closure.hazards).on(5)
    before = dict(zip(returns.CATEGORIES, closure.hazards.rates[:, 0], strict=True))
    return before, dict(zip(returns.CATEGORIES, terms.rates[:, 0], strict=True))


def test_hazards_give_back_every_category_rate_and_share() -> None:
    world = lanes(count=512)
    hazards = returns.baseline_hazards(world)
    for c, name in enumerate(returns.CATEGORIES):
        assert hazards.rates[c] == pytest.approx(world.row(f"returns.rate_{name}"), rel=1e-12)
        logistics = sum(hazards.of(cause, name) for cause in ("late_shipping", "late_delivery", "damage"))
        assert logistics / hazards.total[c] == pytest.approx(0.15, rel=1e-12)
    for name in returns.SIZED:
        assert hazards.of("size", name) / hazards.total[returns.CATEGORIES.index(name)] == pytest.approx(0.29, rel=1e-12)
    assert not np.any(hazards.of("size", "apparel"))
    assert np.all((hazards.by_cause > 0.0).all(axis=-1) == (hazards.by_cause > 0.0).any(axis=-1)) and np.all(hazards.by_cause >= 0.0)


def test_a_cause_share_is_not_the_avoidable_share() -> None:
    # Removing 15 % of the hazard at R = 0.50: 1 - exp(-0.85 ln 2) = 0.4452, that is 11.0 % fewer returns, not 15 %.
    assert pytest.approx(0.110, abs=5e-4) == 1.0 - (1.0 - 0.5 ** (0.85)) / 0.5
    world = lanes(central=True)
    hazards = returns.baseline_hazards(world)
    left = hazards.total[0] - sum(hazards.of(cause, "apparel") for cause in ("late_shipping", "late_delivery", "damage"))
    assert 1.0 - float(-np.expm1(-left[0])) / 0.5 == pytest.approx(0.110, abs=5e-4)


@pytest.mark.parametrize(
    ("lever", "target", "touched"),
    [
        ("returns.filter_strength", 0.3, {"apparel"}),
        ("returns.jewellery_lighting", 0.8, {"jewellery"}),
        ("returns.size_labels", 0.9, {"large_appliances", "home_building"}),
        ("returns.fit_information", 0.8, {"apparel"}),
        ("fulfilment.cold_chain", 0.5, {"food_fresh"}),
        ("detail_page.ar_tryon", 1.0, {"jewellery"}),
        ("fulfilment.shipped_24h_share", 0.9, set(returns.CATEGORIES)),
    ],
)
def test_a_lever_mends_returns_only_where_it_acts(lever: str, target: float, touched: set[str]) -> None:
    before, now = after({lever: target})
    assert {name for name in before if now[name] != before[name]} == touched
    assert all(now[name] < before[name] for name in touched)


def test_cold_chain_takes_a_quarter_off_fresh_hazards() -> None:
    before, now = after({"fulfilment.cold_chain": 1.0})
    # hazard x (1 - 0.23): 1 - (1 - R)^0.77
    assert now["food_fresh"] == pytest.approx(1.0 - (1.0 - before["food_fresh"]) ** 0.77)


def test_stronger_filters_mislead_more() -> None:
    before, now = after({"returns.filter_strength": 1.5})
    assert now["apparel"] > before["apparel"]


def test_vouchers_have_no_parcel_to_be_late() -> None:
    world = lanes({"traffic.local_life": 30e6}, central=True)
    hazards = returns.baseline_hazards(world, returns.SEGMENTS)
    assert not any(np.any(hazards.of(cause, "local_life")) for cause in ("late_shipping", "late_delivery", "damage"))

from __future__ import annotations

import numpy as np
import pytest

from sim.model import detail_page
from sim.model.closure import solve_page
from sim.parameters import registry
from tests.worlds import lanes


def multiplier(seconds: float, effect: float = 1.0) -> float:
    value = {key: registry()[f"detail_page.bounce_{key}"].value for key in ("a", "tau", "g")}
    return float(detail_page.bounce_multiplier(np.array(seconds), effect=effect, **value))


@pytest.mark.parametrize(("seconds", "published"), [(1, 1.0), (3, 1.32), (5, 1.90), (6, 2.06), (7, 2.13), (10, 2.23)])
def test_bounce_multipliers_fit_the_published_ones(seconds: float, published: float) -> None:
    assert multiplier(seconds) == pytest.approx(published, abs=0.01)


def test_a_page_faster_than_a_second_gains_nothing_more() -> None:
    assert multiplier(0.2) == 1.0


def test_an_effect_of_zero_makes_loading_harmless() -> None:
    assert multiplier(9.0, effect=0.0) == 1.0


def test_median_load_time_leaves_28_percent_above_three_seconds() -> None:
    # 3 s * exp(-0.5828 * 0.6) = 2.1147 s
    assert float(detail_page.median_load(0.28, 3.0, 0.6)) == pytest.approx(2.1147, abs=5e-5)


@pytest.mark.parametrize(
    ("buried", "hazard", "at_15", "at_10", "flat"),
    [(0.12, 0.69373, 0.5892, 0.5698, 0.5944), (0.30, 0.50109, 0.5970, 0.5828, 0.5396)],
)
def test_the_bounce_splits_as_worked_out_by_hand(buried: float, hazard: float, at_15: float, at_10: float, flat: float) -> None:
    world = lanes(central=True)
    world.values["detail_page.buried_loss"] = buried
    page = solve_page(world)
    assert float(page.hazard[0]) == pytest.approx(hazard, abs=5e-6)

    def bounce(median_s: float) -> float:
        speed = detail_page.speed_share(page.hazard, detail_page.load_times(world, median_s))
        return 1.0 - float((page.interest * speed * page.layout)[0])

    assert bounce(1.5) == pytest.approx(at_15, abs=5e-5)
    assert bounce(1.0) == pytest.approx(at_10, abs=5e-5)
    layout = 1.0 - float(detail_page.buried_share(1.0, buried, 3.0, 2.0))
    assert 1.0 - float((page.interest * page.speed)[0]) * layout == pytest.approx(flat, abs=5e-5)


def test_shares_through_at_the_centre() -> None:
    page = solve_page(lanes(central=True))
    # 0.4997 * 0.8641 * 0.88 = 0.38
    assert [float(s[0]) for s in (page.interest, page.speed, page.layout)] == pytest.approx([0.4997, 0.8641, 0.88], abs=5e-5)


def test_folding_nothing_loses_nobody_and_the_base_depth_loses_what_was_measured() -> None:
    assert detail_page.buried_share(0.0, 0.12, 3.0, 2.0) == 0.0
    assert detail_page.buried_share(3.0, 0.12, 3.0, 2.0) == pytest.approx(0.12)


def test_a_load_target_below_the_registry_never_slows_a_draw_down() -> None:
    world = lanes({"detail_page.load_median_s": 2.0}, count=256)
    median = solve_page(world).median_s
    assert np.any(median < 2.0)
    assert np.all(detail_page.load_target(world, median) <= median)
    slower = lanes({"detail_page.load_median_s": 2.4}, count=256)
    assert np.all(detail_page.load_target(slower, median) >= median)

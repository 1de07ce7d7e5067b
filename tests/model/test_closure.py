from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import refuse
from sim.errors import UserError
from sim.model import closure
from sim.model.closure import solve
from tests.worlds import lanes, plan


def test_every_residual_is_a_share_in_every_draw() -> None:
    for residual in solve(lanes(count=4096)).residuals:
        assert np.all((residual.value > 0.0) & (residual.value <= 1.0)), residual.total
        assert np.all(residual.closes_from < residual.closes_to)


def test_central_figures_match_the_hand_calculation() -> None:
    solved = solve(lanes(central=True))
    assert float(solved.non_asker[0]) == pytest.approx(0.2372, abs=5e-5)
    assert float(solved.asker_ratio[0]) == pytest.approx(1.73, abs=5e-3)
    assert float(solved.desk.peak_load[0]) * 12 == pytest.approx(406.78, abs=5e-3)  # 300 s a contact: 12 an hour and seat
    assert float(solved.desk.peak_load[0]) / 20 == pytest.approx(1.695, abs=5e-4)
    assert float(solved.desk.abandoned[0]) == pytest.approx(0.164, abs=5e-4)
    assert float(solved.desks[0]) == pytest.approx(786, abs=1)
    assert float(solved.flows["paid"][0]) * 92 == pytest.approx(573e6, rel=1e-3)
    assert float(solved.viewers[0]) == pytest.approx(210e6, rel=5e-3)


@given(st.lists(st.floats(0.002, 0.08), min_size=8, max_size=8), st.lists(st.floats(0.1, 10.0), min_size=8, max_size=8))
def test_conversions_keep_the_mean_and_leave_beauty_on_top(levels: list[float], orders: list[float]) -> None:
    o, u = np.array(orders)[:, None], np.array(levels)[:, None]
    conversions = closure.admissible_conversions(o, u, 0.038, 0.065)
    assert float(o.sum() / (o / conversions).sum()) == pytest.approx(0.038, rel=1e-9)
    others = np.delete(conversions[:, 0], closure.BEAUTY)
    assert conversions[closure.BEAUTY, 0] == 0.065 and np.all(others < 0.065) and np.all(others > 0.0)


def test_the_mix_meets_both_margins() -> None:
    world = lanes(count=256)
    mix = solve(world).channel_by_category
    shares = [world[f"traffic.viewers_{name}"] for name in closure.MAIN_CHANNELS]
    assert mix.sum(axis=1) == pytest.approx(np.array(shares)[:, None] * np.ones(256), rel=1e-9)
    assert mix.sum(axis=(0, 1)) == pytest.approx(np.ones(256), rel=1e-12)


@pytest.mark.parametrize(
    ("total", "value"),
    [
        ("detail_page.bounce", 0.05), ("payment.gap", 0.005), ("payment.gap", 0.02), ("service.peak_wait_s", 3000.0),
        ("closure.view_to_order", 0.20), ("closure.view_to_order_beauty", 0.03),
    ],
)
def test_a_total_that_cannot_be_reproduced_is_refused_with_the_range_that_closes(total: str, value: float) -> None:
    world = lanes(count=256)
    world.values[total] = value
    with pytest.raises(UserError, match=total.replace(".", r"\.")) as refused:
        refuse(plan(), [solve(world).residuals])
    assert re.search(r"in [\d,]+ of [\d,]+ draws \(\d", str(refused.value)) and refused.value.exit_code == 2


def test_the_range_that_a_refusal_names_does_close() -> None:
    world = lanes(count=256)
    bounce = next(r for r in solve(world).residuals if r.total == "detail_page.bounce")
    world.values["detail_page.bounce"] = float(bounce.closes_from.max()) + 1e-6
    refuse(plan(), [solve(world).residuals])

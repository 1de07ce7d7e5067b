from __future__ import annotations

import numpy as np
import pytest

from sim.model import payment
from sim.model.closure import solve_checkout
from tests.worlds import lanes


def paid_share(*, redirects: float, typing: float, per_redirect: float) -> float:
    return float(0.95 * payment.redirect_share(redirects, per_redirect, 2.0) * payment.typed_share(typing, 0.40))


def test_redirects_can_explain_at_most_the_whole_gap() -> None:
    # ln(0.95 * 0.94 / 0.78) / 3 = 0.045098
    assert float(payment.redirect_ceiling(0.95, 0.17, 0.94, 5.0, 2.0)) == pytest.approx(0.045098, abs=5e-7)


@pytest.mark.parametrize(("hops", "with_typing", "without"), [(5, 0.780, 0.830), (4, 0.816, 0.868), (3, 0.854, 0.908), (2, 0.893, 0.950)])
def test_fewer_redirects_lift_payment_success(hops: int, with_typing: float, without: float) -> None:
    assert paid_share(redirects=hops, typing=0.15, per_redirect=0.045098) == pytest.approx(with_typing, abs=5e-4)
    assert paid_share(redirects=hops, typing=0.0, per_redirect=0.045098) == pytest.approx(without, abs=5e-4)


def test_a_third_click_less_than_two_redirects_gains_nothing() -> None:
    assert payment.redirect_share(1.0, 0.045, 2.0) == payment.redirect_share(2.0, 0.045, 2.0) == 1.0


def test_the_gap_holds_in_every_draw_and_the_rest_stays_a_share() -> None:
    solved = solve_checkout(lanes(count=1024))
    through = solved.benchmark * solved.redirects * solved.typed * solved.other
    assert through == pytest.approx(solved.benchmark - 0.17, rel=1e-12)
    assert np.all((solved.other > 0.0) & (solved.other <= 1.0))

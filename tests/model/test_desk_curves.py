"""The fast curves of a desk against the exact functions, over all seats, and what a lane may not notice: neighbours, kept or made now."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model import erlang, seat_table
from sim.model.desk_curves import DeskCurves

HANDLING_S, PATIENCE_S, TARGET_S = 300.0, 1200.0, 30.0


def random_lanes(seed: int, lanes: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Handling times and patiences over all that a plan may set and a draw may find."""
    rng = np.random.default_rng(seed)
    patience = np.exp(rng.uniform(np.log(493), np.log(6000), lanes))
    ratio = np.exp(rng.uniform(np.log(np.maximum(0.0201, 60 / patience)), np.log(np.minimum(2.49, 1000 / patience))))
    return rng, ratio * patience, patience


def random_loads(rng: np.random.Generator, seats: np.ndarray | int, lanes: int) -> np.ndarray:
    """ln(load) everywhere, beyond both ends of the curves, and ever closer to full load. [kind, lane]"""
    near = [rng.normal(0, spread, lanes) for spread in (0.02, 0.2, 1.0)]
    return np.log(seats) + np.stack([rng.uniform(-9, 4.5, lanes), *near])


def exact(seats: int, log_load: np.ndarray, handling: np.ndarray, patience: np.ndarray, target: float) -> tuple[np.ndarray, np.ndarray]:
    load = np.exp(log_load)
    return (
        erlang.abandonment_queue(seats, load, handling / patience).abandon_share,
        erlang.served_within(seats, load, handling, patience, target),
    )


@pytest.mark.parametrize("seats", [1, 2, 3, 5, 13, 20, 21, 28, 40, 80, 200])
def test_agree_with_the_exact_functions(seats: int) -> None:
    rng, handling, patience = random_lanes(seats, 1500)
    log_load = random_loads(rng, seats, 1500)
    for target in (1.0, TARGET_S, 300.0):  # the last is so late that `late` is put together at the point
        curves = DeskCurves(seats, handling, patience, target)
        left, in_time = exact(seats, log_load, handling, patience, target)
        np.testing.assert_allclose(curves.abandon_share(log_load), left, rtol=0, atol=1e-6 if seats > 2 else 2e-6)
        for least, error in ((1e-6, 2e-4), (1e-2, 1e-5)):
            seen = left > least
            np.testing.assert_allclose(curves.abandon_share(log_load)[seen], left[seen], rtol=error)
        np.testing.assert_allclose(curves.served_in_time(log_load), in_time, rtol=0, atol=1.5e-5)


@pytest.mark.parametrize("seats", [5, 20, 28, 80])
def test_share_in_time_of_the_desks_that_a_plan_may_have(seats: int) -> None:
    rng = np.random.default_rng(seats)
    handling, patience = rng.uniform(120, 600, 2000), np.exp(rng.uniform(np.log(560), np.log(4000), 2000))
    log_load = random_loads(rng, seats, 2000)
    _, in_time = exact(seats, log_load, handling, patience, TARGET_S)
    np.testing.assert_allclose(DeskCurves(seats, handling, patience, TARGET_S).served_in_time(log_load), in_time, rtol=0, atol=5e-6)


def test_a_lane_does_not_depend_on_its_neighbours_nor_on_their_seats() -> None:
    rng, handling, patience = random_lanes(4, 400)
    seats = rng.choice([1.0, 5.0, 20.0, 21.0, 80.0, 200.0, 300.0], 400)
    log_load = random_loads(rng, seats, 400)
    mixed = DeskCurves(seats, handling, patience, TARGET_S)
    wanted = rng.uniform(0.01, 0.9, 400)
    together, loads = mixed.outcomes(log_load), mixed.load_for_abandon_share(wanted)
    for n in np.unique(seats):
        some = rng.permutation(np.flatnonzero(seats == n))[:23]
        alone = DeskCurves(n, handling[some], patience[some], TARGET_S)
        for here, there in zip(alone.outcomes(log_load[:, some]), together, strict=True):
            np.testing.assert_array_equal(here, there[:, some])
        np.testing.assert_array_equal(alone.load_for_abandon_share(wanted[some]), loads[some])
        two = some[:2]
        pair = DeskCurves(n, handling[two], patience[two], TARGET_S)
        np.testing.assert_array_equal(pair.abandon_share(log_load[0, two]), together[0][0, two])


@pytest.mark.parametrize("target", [TARGET_S, 120.0, 300.0])
def test_cells_made_now_are_the_cells_that_are_kept(target: float) -> None:
    rng, handling, patience = random_lanes(7, 500)
    seats = rng.choice([3.0, 20.0, 28.0, 80.0], 500)
    log_load = random_loads(rng, seats, 500)
    wanted = rng.uniform(0.01, 0.99, 500)
    kept = DeskCurves(seats, handling, patience, target)
    for keep in (False, rng.random(500) < 0.5):
        other = DeskCurves(seats, handling, patience, target, keep=keep)
        for here, there in zip(other.outcomes(log_load), kept.outcomes(log_load), strict=True):
            np.testing.assert_array_equal(here, there)
        np.testing.assert_array_equal(other.load_for_abandon_share(wanted), kept.load_for_abandon_share(wanted))
    for keep in (True, False):
        leavers = DeskCurves(seats, handling, patience, target, keep=keep, late=False)
        np.testing.assert_array_equal(leavers.outcomes(log_load)[0], kept.abandon_share(log_load))


def test_outside_the_curves_the_exact_functions_answer() -> None:
    handling = np.array([300.0, 300.0, 300.0, 5.0, 9000.0])
    patience = np.full(5, 1200.0)
    log_load = np.log([34.0, 1e4, 1e6, 21.0, 21.0])
    curves = DeskCurves(20, handling, patience, TARGET_S)
    left, in_time = exact(20, log_load, handling, patience, TARGET_S)
    np.testing.assert_allclose(curves.abandon_share(log_load)[1:], left[1:], rtol=1e-12)
    np.testing.assert_allclose(curves.served_in_time(log_load)[1:], in_time[1:], atol=1e-12)
    assert curves.abandon_share(log_load)[0] == pytest.approx(left[0], rel=1e-6)
    many = DeskCurves(300, np.array([300.0]), np.array([1200.0]), TARGET_S)
    assert many.abandon_share(np.log([310.0])) == pytest.approx(erlang.abandonment_queue(300, [310.0], 0.25).abandon_share, rel=1e-12)
    one = DeskCurves(1, np.array([300.0]), np.array([1200.0]), TARGET_S)
    rare = erlang.abandonment_queue(1, [1e-5], 0.25).abandon_share
    assert one.abandon_share(np.log([1e-5])) == pytest.approx(rare, rel=1e-9)


def test_nobody_leaves_a_desk_that_is_calm_or_empty() -> None:
    curves = DeskCurves(20, np.full(3, 300.0), np.full(3, 1200.0), TARGET_S)
    left, late = curves.outcomes(np.array([-np.inf, -8.0, np.log(2.0)]))
    assert (left <= seat_table.CALM).all() and (late <= seat_table.CALM).all()


def test_a_load_that_is_not_a_number_is_refused() -> None:
    curves = DeskCurves(20, np.full(2, 300.0), np.full(2, 1200.0), TARGET_S)
    with pytest.raises(FloatingPointError):
        curves.outcomes(np.array([1.0, np.nan]))


def test_load_that_the_document_s_wait_implies() -> None:
    load = DeskCurves(20, np.array([HANDLING_S]), np.array([PATIENCE_S]), TARGET_S).load_for_abandon_share(np.array([0.41]))
    assert load * 3600 / HANDLING_S == pytest.approx(406.78, abs=0.005)
    assert load / 20 == pytest.approx(1.695, abs=0.0005)


@pytest.mark.parametrize("seats", [1, 20, 80])
def test_load_for_abandon_share_inverts_the_curves(seats: int) -> None:
    rng, handling, patience = random_lanes(6, 400)
    wanted = np.concatenate([rng.uniform(0.01, 0.99, 300), np.exp(rng.uniform(-12, -5, 98)), [0.999, 0.99999]])
    curves = DeskCurves(seats, handling, patience, TARGET_S)
    found = curves.abandon_share(np.log(curves.load_for_abandon_share(wanted)))
    np.testing.assert_allclose(found, wanted, rtol=3e-6)  # single precision on the way back


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_shares_have_no_load(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        DeskCurves(20, np.array([1.0]), np.array([4.0]), TARGET_S).load_for_abandon_share(np.array([share]))


rhos = st.floats(np.log(0.01), np.log(40)).map(np.exp)
ratios = st.floats(np.log(0.02), np.log(2.5)).map(np.exp)


@given(seats=st.integers(1, 80), rho=rhos, ratio=ratios)
@settings(max_examples=40, deadline=None)
def test_curves_never_turn_back(seats: int, rho: float, ratio: float) -> None:
    """Along a curve, more load means more leaving and fewer in time, across every node, to single precision."""
    z = np.log(rho) + np.linspace(-0.05, 0.05, 101)
    curves = DeskCurves(seats, np.full(101, 1000 * ratio), np.full(101, 1000.0), TARGET_S)
    left, late = curves.outcomes(np.log(seats) + z)
    inside = z < seat_table.TOP
    assert (np.diff(left[inside]) >= -6e-7 * left[inside][1:]).all()
    assert (np.diff((left + late)[inside]) >= -6e-7).all()
    if not inside.all() and inside.any():
        assert left[~inside][0] >= left[inside][-1] - 6e-7

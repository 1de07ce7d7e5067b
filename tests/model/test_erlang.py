"""Erlang B, C and A: printed reference values, identities, a sum over states in 60 digits, and the fast curves against all of it."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model import erlang

HANDLING_S, PATIENCE_S, TARGET_S = 300.0, 1200.0, 30.0
PEAK_LOAD = 406.78 * HANDLING_S / 3600
PEAK_LOAD_BOT_60 = PEAK_LOAD * 0.40 / 0.61  # a bot that resolves 60 % instead of 39 %

seat_numbers = st.integers(1, 200)
rhos = st.floats(np.log(0.01), np.log(40)).map(np.exp)
ratios = st.floats(np.log(0.02), np.log(2.5)).map(np.exp)


def birth_death(servers: int, load: float, ratio: float) -> tuple[float, float]:
    """(P(wait), P(abandon)) from the stationary distribution of the number in the system, summed state by state."""
    with localcontext() as context:
        context.prec = 60
        load, ratio = Decimal(load), Decimal(ratio)
        weight = Decimal(1)  # of the state with k contacts
        some_seat_free = Decimal(0)
        for k in range(1, servers + 1):
            some_seat_free += weight
            weight *= load / k
        all_taken, queue, waiting = weight, Decimal(0), 0
        while weight * (waiting + 1) > queue * Decimal("1e-25") or servers + ratio * waiting < 2 * load:
            waiting += 1
            weight *= load / (servers + waiting * ratio)
            all_taken += weight
            queue += waiting * weight
        total = some_seat_free + all_taken
        return float(all_taken / total), float(ratio * queue / (total * load))


# ------------------------------------------------------------------------------------------------------------------ exact functions


def test_reference_values_of_erlang_b_and_c() -> None:
    assert erlang.erlang_b(30, 25) == pytest.approx(0.0526031722281, rel=1e-9)
    assert erlang.erlang_c(14, 10) == pytest.approx(0.174131933595, rel=1e-9)


@pytest.mark.parametrize(
    ("servers", "load", "handling_s", "patience_s", "waits", "leaves", "wait_s"),
    [
        (13, 100 * 180 / 1800, 180.0, 300.0, 0.225797084047, 0.0249633036336, 7.48899109),
        (50, 48.0, 60.0, 120.0, 0.467774068554, 0.0309122491622, 3.70946989946),
        (10, 17.0, 300.0, 1200.0, None, 0.411773370651, 494.128044781),
    ],
)
def test_reference_values_with_abandonment(servers, load, handling_s, patience_s, waits, leaves, wait_s) -> None:
    shares = erlang.abandonment_queue(servers, load, handling_s / patience_s)
    assert waits is None or shares.wait_share == pytest.approx(waits, rel=1e-9)
    assert shares.abandon_share == pytest.approx(leaves, rel=1e-9)
    assert erlang.mean_wait_s(servers, load, handling_s, patience_s) == pytest.approx(wait_s, rel=1e-9)


def test_document_peak_hour() -> None:
    """F109: 492 s over all contacts are 626 s for those that are served, and 41 % leave."""
    assert erlang.mean_wait_s(20, PEAK_LOAD, HANDLING_S, PATIENCE_S) == pytest.approx(492, abs=0.01)
    assert erlang.mean_wait_served_s(20, PEAK_LOAD, HANDLING_S, PATIENCE_S) == pytest.approx(626, abs=0.5)
    assert erlang.abandonment_queue(20, PEAK_LOAD, 0.25).abandon_share == pytest.approx(0.41, abs=1e-5)


def test_seats_that_meet_the_answer_target() -> None:
    """F088: nine in ten within 30 s takes twice the seats in the peak hour, or 28 with a bot at 60 %."""
    assert erlang.served_within(20, PEAK_LOAD, HANDLING_S, PATIENCE_S, TARGET_S) < 0.001
    assert 0.895 < erlang.served_within(40, PEAK_LOAD, HANDLING_S, PATIENCE_S, TARGET_S) < 0.95
    assert 0.895 < erlang.served_within(28, PEAK_LOAD_BOT_60, HANDLING_S, PATIENCE_S, TARGET_S) < 0.95
    assert erlang.served_within(39, PEAK_LOAD, HANDLING_S, PATIENCE_S, TARGET_S) < 0.90
    assert erlang.served_within(27, PEAK_LOAD_BOT_60, HANDLING_S, PATIENCE_S, TARGET_S) < 0.90


def test_one_seat_at_full_load() -> None:
    assert erlang.abandonment_queue(1, 1.0, 1.0).wait_share == pytest.approx(1 - np.exp(-1), rel=1e-12)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.3), (5, 5.0), (20, 34.0), (60, 41.0)])
def test_patience_equal_to_handling_gives_a_poisson_number_in_the_system(servers: int, load: float) -> None:
    """Waiting or served, everybody goes at the same rate, as if there were seats for all."""
    k = np.arange(0, servers + 400)
    log_p = k * np.log(load) - load - np.array([np.sum(np.log(np.arange(1, i + 1))) for i in k])
    p = np.exp(log_p)
    shares = erlang.abandonment_queue(servers, load, 1.0)
    assert shares.wait_share == pytest.approx(p[servers:].sum(), rel=1e-11)
    assert shares.abandon_share == pytest.approx((p * np.maximum(k - servers, 0)).sum() / load, rel=1e-11)


@pytest.mark.parametrize(("servers", "load"), [(3, 2.0), (14, 10.0), (40, 33.0)])
def test_endless_patience_is_erlang_c(servers: int, load: float) -> None:
    assert erlang.abandonment_queue(servers, load, 1e-8).wait_share == pytest.approx(erlang.erlang_c(servers, load), rel=1e-5)
    mean_wait = erlang.erlang_c(servers, load) * HANDLING_S / (servers - load)
    assert erlang.mean_wait_s(servers, load, HANDLING_S, 1e8 * HANDLING_S) == pytest.approx(mean_wait, rel=1e-5)
    assert erlang.mean_wait_served_s(servers, load, HANDLING_S, 1e8 * HANDLING_S) == pytest.approx(mean_wait, rel=1e-5)
    tail = erlang.erlang_c(servers, load) * np.exp(-(servers - load) * TARGET_S / HANDLING_S)
    assert erlang.served_within(servers, load, HANDLING_S, 1e8 * HANDLING_S, TARGET_S) == pytest.approx(1 - tail, rel=1e-5)


def test_erlang_c_at_and_above_full_load() -> None:
    np.testing.assert_array_equal(erlang.erlang_c(4, [4.0, 5.0, 400.0]), 1.0)


def test_erlang_b_takes_arrays_of_servers() -> None:
    servers = np.array([[1, 2, 30]])
    loads = np.array([[0.5], [25.0]])
    both = erlang.erlang_b(servers, loads)
    assert both.shape == (2, 3)
    assert both[1, 2] == pytest.approx(0.0526031722281, rel=1e-9)
    assert both[0, 0] == pytest.approx(1 / 3, rel=1e-14)


@pytest.mark.parametrize("servers", [1, 2, 7, 20, 80, 200])
@pytest.mark.parametrize("ratio", [0.02, 0.25, 1.0, 2.5])
def test_agrees_with_the_sum_over_states(servers: int, ratio: float) -> None:
    for load in (0.001, 0.02 * servers, 0.5 * servers, 0.97 * servers, 1.0 * servers, 1.03 * servers, 1.6 * servers):
        waits, leaves = birth_death(servers, load, ratio)
        if leaves < 1e-290:
            continue
        shares = erlang.abandonment_queue(servers, load, ratio)
        assert shares.wait_share == pytest.approx(waits, rel=1e-10, abs=0)
        assert shares.abandon_share == pytest.approx(leaves, rel=1e-10, abs=0)


def test_extreme_loads_stay_finite() -> None:
    load = np.array([0.0, 1e-300, 1e-3, 1.0, 1e2, 1e4, 1e8])
    for servers in (1, 20, 200):
        for ratio in (0.02, 0.25, 2.5):
            values = [
                *erlang.abandonment_queue(servers, load, ratio),
                erlang.served_within(servers, load, ratio * PATIENCE_S, PATIENCE_S, TARGET_S),
                erlang.erlang_b(servers, load),
                erlang.erlang_c(servers, load),
            ]
            for value in values:
                assert ((value >= 0) & (value <= 1 + 1e-12)).all()
            leaves, overload = values[1], 1 - servers / np.maximum(load, 1e-300)
            assert leaves[0] == 0
            np.testing.assert_allclose(leaves[load >= 1e4], overload[load >= 1e4], rtol=1e-12)


@given(seats=seat_numbers, rho=rhos, ratio=ratios)
@settings(max_examples=60, deadline=None)
def test_more_seats_or_fewer_contacts_never_hurt(seats: int, rho: float, ratio: float) -> None:
    load = seats * rho
    here = erlang.abandonment_queue(seats, load, ratio)
    slack = 1 + 1e-11
    for better in (erlang.abandonment_queue(seats + 1, load, ratio), erlang.abandonment_queue(seats, load * 0.97, ratio)):
        assert better.wait_share <= here.wait_share * slack
        assert better.abandon_share <= here.abandon_share * slack
    assert erlang.abandonment_queue(seats, load, ratio * 0.9).abandon_share <= here.abandon_share * slack
    assert here.abandon_share <= here.wait_share
    assert here.abandon_share >= (1 - 1 / rho) / slack
    served = [float(erlang.served_within(seats, load, ratio * PATIENCE_S, PATIENCE_S, t)) for t in (0.0, 10.0, 30.0, 1e6)]
    assert (np.diff(served) >= -1e-12).all()
    assert served[0] == pytest.approx(1 - here.wait_share, abs=1e-9)
    assert served[-1] == pytest.approx(1 - here.abandon_share, abs=1e-9)


@pytest.mark.parametrize(("servers", "load", "seconds"), [(20, 22.0, 30.0), (5, 4.0, 200.0), (40, 60.0, 600.0)])
def test_served_within_is_the_integral_of_the_wait_that_is_offered(servers: int, load: float, seconds: float) -> None:
    """Density of the offered wait v: exp(-servers*v/handling + load*patience/handling*(1 - e^(-v/patience))), times a constant."""

    def density(v: np.ndarray) -> np.ndarray:
        return np.exp(-servers * v / HANDLING_S - load * PATIENCE_S / HANDLING_S * np.expm1(-v / PATIENCE_S))

    points, weights = np.polynomial.legendre.leggauss(400)
    everything = 20 * PATIENCE_S * (points + 1) / 2
    within = seconds * (points + 1) / 2
    wait_share, abandon_share = erlang.abandonment_queue(servers, load, HANDLING_S / PATIENCE_S)
    scale = wait_share / (weights @ density(everything) * 10 * PATIENCE_S)
    served = 1 - wait_share + scale * (weights @ (density(within) * np.exp(-within / PATIENCE_S))) * seconds / 2
    assert erlang.served_within(servers, load, HANDLING_S, PATIENCE_S, seconds) == pytest.approx(served, rel=1e-9)
    total = scale * (weights @ (density(everything) * np.exp(-everything / PATIENCE_S) * everything)) * 10 * PATIENCE_S
    mean = erlang.mean_wait_served_s(servers, load, HANDLING_S, PATIENCE_S)
    assert mean == pytest.approx(total / (1 - abandon_share), rel=1e-9)


# ------------------------------------------------------------------------------------------------------------------ curves per lane


def random_lanes(seed: int, lanes: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    patience = np.exp(rng.uniform(np.log(100), np.log(4000), lanes))
    ratio = np.exp(rng.uniform(np.log(0.0201), np.log(2.49), lanes))
    return rng, ratio * patience, patience


@pytest.mark.parametrize("seats", [1, 2, 5, 13, 20, 21, 28, 40, 80, 200])
def test_curves_agree_with_the_exact_functions(seats: int) -> None:
    rng, handling, patience = random_lanes(seats, 1500)
    curves = erlang.desk_curves(seats, handling, patience)
    for spread in (None, 0.02, 0.2, 1.0):  # everywhere, and ever closer to full load
        z = rng.uniform(np.log(0.002), np.log(40), handling.size) if spread is None else rng.normal(0, spread, handling.size)
        log_load = np.log(seats) + z
        load = np.exp(log_load)
        exact = erlang.abandonment_queue(seats, load, handling / patience)
        large_enough = exact.abandon_share > 1e-290
        np.testing.assert_allclose(curves.abandon_share(log_load)[large_enough], exact.abandon_share[large_enough], rtol=1e-6)
        np.testing.assert_allclose(curves.wait_share(log_load)[large_enough], exact.wait_share[large_enough], rtol=1e-6)
        for seconds in (0.0, 30.0, 300.0):
            within = erlang.served_within(seats, load, handling, patience, seconds)
            np.testing.assert_allclose(curves.served_within(log_load, seconds), within, rtol=0, atol=1e-6)


def test_outcomes_are_the_single_lookups() -> None:
    rng, handling, patience = random_lanes(3, 200)
    curves = erlang.desk_curves(20, handling, patience)
    log_load = np.log(20) + rng.normal(0, 1, (4, 200))
    abandoned, within = curves.outcomes(log_load, TARGET_S)
    np.testing.assert_array_equal(abandoned, curves.abandon_share(log_load))
    np.testing.assert_array_equal(within, curves.served_within(log_load, TARGET_S))
    np.testing.assert_array_equal(curves.mean_wait_s(log_load), abandoned * patience)
    np.testing.assert_array_equal(curves.abandon_share(log_load[2]), abandoned[2])


def test_a_lane_does_not_depend_on_its_neighbours() -> None:
    rng, handling, patience = random_lanes(4, 300)
    log_load = np.log(20) + rng.normal(0, 1, 300)
    curves = erlang.desk_curves(20, handling, patience)
    some = rng.permutation(300)[:37]
    alone = erlang.desk_curves(20, handling[some], patience[some])
    np.testing.assert_array_equal(alone.abandon_share(log_load[some]), curves.abandon_share(log_load)[some])
    np.testing.assert_array_equal(alone.served_within(log_load[some], 30.0), curves.served_within(log_load, 30.0)[some])
    ratio, wanted = handling / patience, rng.uniform(0.01, 0.9, 300)
    loads = erlang.load_for_abandon_share(20, ratio, wanted)
    np.testing.assert_array_equal(erlang.load_for_abandon_share(20, ratio[some], wanted[some]), loads[some])


def test_outside_the_curves_the_exact_functions_answer() -> None:
    handling = np.array([300.0, 300.0, 300.0, 300.0, 5.0, 9000.0])
    patience = np.array([1200.0, 1200.0, 1200.0, 1200.0, 1200.0, 1200.0])
    load = np.array([0.0, 1e-4, 34.0, 1e6, 21.0, 21.0])
    curves = erlang.desk_curves(20, handling, patience)
    with np.errstate(divide="ignore"):
        log_load = np.log(load)
    exact = erlang.abandonment_queue(20, load, handling / patience)
    np.testing.assert_allclose(curves.abandon_share(log_load), exact.abandon_share, rtol=1e-7)
    np.testing.assert_allclose(curves.wait_share(log_load), exact.wait_share, rtol=1e-7)
    within = erlang.served_within(20, load, handling, patience, 30.0)
    np.testing.assert_allclose(curves.served_within(log_load, 30.0), within, atol=1e-7)
    many = erlang.desk_curves(300, np.array([300.0]), np.array([1200.0]))
    assert many.abandon_share(np.log([310.0])) == pytest.approx(erlang.abandonment_queue(300, [310.0], 0.25).abandon_share, rel=1e-12)


def test_the_documented_lookup_in_plain_python() -> None:
    from math import exp, floor, log

    rng, handling, patience = random_lanes(5, 40)
    c = erlang.desk_curves(20, handling, patience)
    log_load = np.log(20) + rng.normal(0, 1, 40)

    def cubic(low, high, f: float) -> float:
        (v0, d0), (v1, d1) = map(float, low), map(float, high)
        return v0 + f * (d0 + f * ((3 * (v1 - v0) - 2 * d0 - d1) + f * (d0 + d1 - 2 * (v1 - v0))))

    def point(lane: int, z: float) -> tuple[float, float, float]:
        place = float(c.cells_per_log[lane]) * log(1 + abs(z) / float(c.width[lane]))
        node, half, rho = floor(place), int(z > 0), exp(z)
        value = cubic(c.curve[lane, half, node], c.curve[lane, half, node + 1], place - node)
        growth = float(c.queue_size[lane]) * (rho - 1 - z)
        if half:
            inverse_a = exp(-value - growth)
            return 1 - (1 - inverse_a) / rho, inverse_a, value
        inverse_a = 1 - rho + rho * exp(value)
        return exp(value), inverse_a, -log(inverse_a) - growth

    for lane in range(40):
        z, shift = float(log_load[lane]) - log(c.seats), TARGET_S / float(c.patience_s[lane])
        place = (float(log_load[lane]) - c.odds_start) / c.odds_step
        odds = exp(cubic(c.odds_curve[floor(place)], c.odds_curve[floor(place) + 1], place - floor(place)))
        kappa, inverse_a, psi = point(lane, z)
        kappa_late, _, psi_late = point(lane, z - shift)
        wait = 1 / (1 + odds * inverse_a)
        assert wait == pytest.approx(c.wait_share(log_load)[lane], rel=1e-11)
        assert wait * kappa == pytest.approx(c.abandon_share(log_load)[lane], rel=1e-11)
        within = 1 - wait * kappa - wait * (1 - kappa_late) * exp(psi_late - psi - shift)
        assert within == pytest.approx(c.served_within(log_load, TARGET_S)[lane], abs=1e-11)


def test_load_that_the_document_s_wait_implies() -> None:
    load = erlang.load_for_abandon_share(20, [0.25], [0.41])
    assert load * 3600 / HANDLING_S == pytest.approx(406.78, abs=0.005)
    assert load / 20 == pytest.approx(1.695, abs=0.0005)


@pytest.mark.parametrize("seats", [1, 20, 80])
def test_load_for_abandon_share_inverts_the_curves(seats: int) -> None:
    rng, handling, patience = random_lanes(6, 400)
    wanted = np.concatenate([rng.uniform(0.01, 0.99, 300), np.exp(rng.uniform(-30, -5, 98)), [0.999, 0.99999]])
    load = erlang.load_for_abandon_share(seats, handling / patience, wanted)
    found = erlang.desk_curves(seats, handling, patience).abandon_share(np.log(load))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_shares_have_no_load(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        erlang.load_for_abandon_share(20, [0.25], [share])


@given(seats=st.integers(1, 80), rho=rhos, ratio=ratios)
@settings(max_examples=40, deadline=None)
def test_curves_never_turn_back(seats: int, rho: float, ratio: float) -> None:
    """Along a curve, more load means more waiting and more leaving, across every node."""
    curves = erlang.desk_curves(seats, np.array([ratio]), np.array([1.0]))
    log_load = np.log(seats * rho) + np.linspace(-0.05, 0.05, 101)[:, None]
    for share in curves.shares(log_load):
        assert (np.diff(share, axis=0) >= -1e-12 * share[1:]).all()

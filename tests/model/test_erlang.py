"""Erlang B, C and A: printed reference values, identities, and a sum over states in 60 digits."""

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

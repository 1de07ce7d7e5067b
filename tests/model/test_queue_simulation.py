"""The queue formulas against contacts that arrive, wait, give up and are served one by one."""

import numpy as np
import pytest

from sim.model import erlang

HANDLING_S, PATIENCE_S, TARGET_S = 300.0, 1200.0, 30.0
DESKS, WARM_UP = 2000, 1500  # desks that run side by side; so many first contacts of each do not count


def simulate(seats: int, load: float, seed: int, contacts: int) -> tuple[np.ndarray, np.ndarray]:
    """(means, standard errors) of: left, wait of all contacts in s, served within the target.

    First come, first served: a contact's turn comes when the earliest seat is free, and it is served if its patience lasts until then.
    A desk's average over its contacts is one batch; desks are independent, so the spread of the batches is the error of the mean.
    """
    rng = np.random.default_rng(seed)
    every_desk = np.arange(DESKS)
    seat_free_at = np.zeros((seats, DESKS))
    now = np.zeros(DESKS)
    totals = np.zeros((3, DESKS))
    for contact in range(WARM_UP + contacts):
        gap, handling, patience = rng.standard_exponential((3, DESKS))
        now += gap * (HANDLING_S / load)
        handling *= HANDLING_S
        patience *= PATIENCE_S
        seat = seat_free_at.argmin(axis=0)
        free_at = seat_free_at[seat, every_desk]
        wait = np.maximum(free_at - now, 0.0)
        stays = wait <= patience
        seat_free_at[seat, every_desk] = np.where(stays, now + wait + handling, free_at)
        if contact >= WARM_UP:
            totals += ~stays, np.minimum(wait, patience), stays & (wait <= TARGET_S)
    batches = totals / contacts
    return batches.mean(axis=1), batches.std(axis=1, ddof=1) / np.sqrt(DESKS)


def formulas(seats: int, load: float) -> np.ndarray:
    abandoned = erlang.abandonment_queue(seats, load, HANDLING_S / PATIENCE_S).abandon_share
    return np.array(
        [
            abandoned,
            erlang.mean_wait_s(seats, load, HANDLING_S, PATIENCE_S),
            erlang.served_within(seats, load, HANDLING_S, PATIENCE_S, TARGET_S),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_peak_hour(seed: int) -> None:
    """The document's peak hour: 20 seats at 1.695 times what they can handle. Hardly anybody is served within 30 s there."""
    load = 406.78 * HANDLING_S / 3600
    means, errors = simulate(20, load, seed, contacts=4000)
    expected = formulas(20, load)
    assert (np.abs(means - expected)[:2] <= 4 * errors[:2]).all()
    assert (4 * errors[:2] <= 0.01 * expected[:2]).all()
    assert means[2] < 1e-5 and expected[2] < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_hour_at_full_load(seed: int) -> None:
    """20 seats with exactly as much as they can handle: some leave, some are served at once, some wait."""
    means, errors = simulate(20, 20.0, seed, contacts=18000)
    expected = formulas(20, 20.0)
    assert (np.abs(means - expected) <= 4 * errors).all()
    assert (4 * errors <= 0.01 * expected).all()

"""The customer service desk as a queue that callers leave: Erlang B, Erlang C and Erlang A (M/M/n+M).

Symbols, the same in every function:

    n      seats of one desk                         a    offered load, arrival rate times handling time
    rho    a / n                                     z    ln(rho)
    x      n * patience / handling                   A    sum over j >= 0 of prod_{i=1..j} (a*patience/handling)/(x+i)
    kappa  share that leaves, of those who must wait

All queue measures hang on two functions of one number each. The odds of a free seat, `1/B - 1` with the Erlang B loss B, depend on
n and a only; kappa depends on x and rho only:

    1/A           = 1 - rho + rho*kappa
    wait_share    = 1 / (1 + (1/B - 1)/A)
    abandon_share = wait_share * kappa

`exp(psi)` is A without its overload growth, psi = ln A - x*(rho - 1 - z). It rises with z, so the difference below is never positive and
the share that is served within t seconds needs no quadrature (theta = 1/patience, `'` marks a value at z - theta*t instead of z):

    served_within = 1 - abandon_share - wait_share * (1 - kappa') * exp(psi' - psi - theta*t)

This file computes these measures exactly; desk_curves.py looks them up fast for many lanes.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammainc, gammaln

Array = np.ndarray


class QueueShares(NamedTuple):
    """Shares of all contacts of a desk: those that must wait, and those that leave before they are answered."""

    wait_share: Array
    abandon_share: Array


def erlang_b(servers, load) -> Array:
    """Share of contacts lost when nobody can wait (M/M/n/n)."""
    servers, load = _broadcast_queue(servers, load)
    return expit(-_log_free_odds(servers, _log(load)))


def erlang_c(servers, load) -> Array:
    """Share of contacts that wait when nobody leaves (M/M/n); 1 when the load reaches the number of servers."""
    servers, load = _broadcast_queue(servers, load)
    rho = np.minimum(load / servers, 1.0)
    blocked = expit(-_log_free_odds(servers, _log(load)))
    return blocked / ((1 - rho) + rho * blocked)


def abandonment_queue(servers: int, load, handling_per_patience) -> QueueShares:
    """Share that waits and share that leaves in an M/M/n+M queue (patience is exponential)."""
    load, ratio = _broadcast_queue(load, handling_per_patience)
    log_load = _log(load)
    kappa, log_a = leaving(servers / ratio, log_load - np.log(servers))
    wait_share = expit(log_a - _log_free_odds(np.full(load.shape, servers), log_load))
    return QueueShares(wait_share, wait_share * kappa)


def mean_wait_s(servers: int, load, handling_s, patience_s) -> Array:
    """Mean wait in seconds over ALL contacts, those that leave included."""
    return abandonment_queue(servers, load, np.divide(handling_s, patience_s)).abandon_share * patience_s


def mean_wait_served_s(servers: int, load, handling_s, patience_s) -> Array:
    """Mean wait in seconds of the contacts that are SERVED (an immediate answer counts as a wait of zero)."""
    load, ratio, patience = _broadcast_queue(load, np.divide(handling_s, patience_s), patience_s)
    wait_share, abandon_share = abandonment_queue(servers, load, ratio)
    x = servers / ratio
    wait_until_turn = np.array([_mean_turn(*point) for point in zip(x.ravel(), (load / ratio).ravel(), strict=True)]).reshape(x.shape)
    return patience * wait_share * wait_until_turn / (1 - abandon_share)


def served_within(servers: int, load, handling_s, patience_s, seconds) -> Array:
    """Share of all contacts that are SERVED after a wait of at most `seconds`; who leaves does not count, however early."""
    load, handling, patience, seconds = _broadcast_queue(load, handling_s, patience_s, seconds)
    wait_share, abandon_share = abandonment_queue(servers, load, handling / patience)
    x = servers * patience / handling
    z = _log(load) - np.log(servers)
    shift = seconds / patience
    kappa_late, log_a_late = leaving(x, z - shift)
    with np.errstate(invalid="ignore"):  # an empty desk has z = -inf, and nobody waits there
        exponent = log_a_late - leaving(x, z)[1] - x * (np.exp(z) * np.expm1(-shift) + shift) - shift
        late = wait_share * (1 - kappa_late) * np.exp(np.minimum(exponent, 0.0))
    return np.maximum(1 - abandon_share - np.where(wait_share > 0, late, 0.0), 0.0)


def _broadcast_queue(*values) -> list[Array]:
    return [np.asarray(value, dtype=float) for value in np.broadcast_arrays(*values)]


def _log(load: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(load)


def _log_free_odds(servers: Array, log_load: Array) -> Array:
    """ln(1/B - 1). In logarithms, because B itself leaves the range of a float for a large desk with little to do."""
    odds = np.full(np.shape(log_load), -np.inf)
    for seat in range(1, int(np.max(servers)) + 1):
        odds = np.where(seat <= servers, np.log(seat) - log_load + np.logaddexp(0.0, odds), odds)
    return odds


def _stirling_rest(x: Array) -> Array:
    """ln(Gamma(x+1)) - x ln(x) + x without the cancellation between the large terms."""
    large = np.maximum(x, 12.0)
    square = large * large
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / large
    return np.where(x < 12.0, gammaln(x + 1) - x * np.log(x) + x, 0.5 * np.log(2 * np.pi * large) + series)


def leaving(x: Array, z: Array) -> tuple[Array, Array]:
    """(kappa, ln A). Below full load by the series, whose terms are all positive; above by the incomplete gamma function."""
    shape, x, z = np.shape(z), np.ravel(x), np.ravel(z)
    if not (np.isfinite(x).all() and np.isfinite(z[z != -np.inf]).all()):
        raise FloatingPointError("the offered load of a desk is not a number")
    rho = np.exp(z)
    kappa, log_a = np.empty(z.shape), np.empty(z.shape)
    over = z > 0
    if over.any():
        xo, zo = x[over], z[over]
        log_a[over] = _stirling_rest(xo) + np.log(gammainc(xo, xo * rho[over])) + xo * (np.expm1(zo) - zo)
        kappa[over] = (np.expm1(zo) + np.exp(-log_a[over])) / rho[over]
    under = np.flatnonzero(~over)
    xs, ys = x[under], x[under] * rho[under]
    term, total, queue = np.ones(under.size), np.ones(under.size), np.zeros(under.size)  # queue: sum of j * term_j / y
    j = 0
    while under.size:
        for _ in range(8):
            j += 1
            scaled = term / (xs + j)
            term = scaled * ys
            total += term
            queue += j * scaled
        # Bound of what is still to come. Each point stops on its own terms: its last bit must not depend on its neighbours.
        gap = 1 - ys / (xs + j + 1)
        done = scaled * (j / gap + 1 / gap**2) < 1e-17 * queue
        if done.any():
            kappa[under[done]] = queue[done] / total[done]
            log_a[under[done]] = np.log(total[done])
            keep = ~done
            under, xs, ys, term, total, queue = (part[keep] for part in (under, xs, ys, term, total, queue))
    return kappa.reshape(shape), log_a.reshape(shape)


def _mean_turn(x: float, y: float) -> float:
    """Wait until served in units of patience, summed over who is served, per waiting contact and arrival rate y; y = a*patience/handling.

    Who finds j - 1 others waiting is served with chance x/(x+j), after 1/(x+1) + ... + 1/(x+j) whether or not the others stay.
    """
    if y == 0:
        return 0.0
    middle, reach = max(y - x, 0.0), 13 * np.sqrt(max(x, y)) + 60
    j = np.arange(np.floor(max(middle - reach, 0.0)), middle + reach)
    log_weight = j * np.log(y) - gammaln(x + 1 + j)
    weight = np.exp(log_weight - log_weight.max())
    return float(weight @ (digamma(x + 1 + j) - digamma(x + 1)) / weight.sum() * x / y)

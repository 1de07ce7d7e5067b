"""Who brought how much of a joint result: Shapley's value and its interaction index on tables of coalitions. Pure arithmetic.

A coalition is a number whose bit i says whether contributor i is in it. What a contributor brings to a coalition is always formed as
one difference of two values, and weighed afterwards: one that changes nothing gets exactly 0.

Shapley (1953); the interaction index of pairs: Grabisch and Roubens (1999); permutations in pairs with their reverse: Lomeli and
others (2019), Mitchell and others (2022).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial

import numpy as np

from sim.model.world import Array

Value = Callable[[int], Array]  # a coalition's value in every draw


def shapley(values: Array) -> Array:
    """The fair share of each contributor, from the values of all coalitions. [2^n, draw] -> [contributor, draw]

    The mean of what it brings over all orders in which the contributors could come: a coalition of s others counts s! (n-s-1)! / n!.
    """
    count = _count(values)
    masks = np.arange(len(values))
    sizes = _sizes(masks)
    weights = np.array([factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)])
    shares = np.empty((count, values.shape[1]))
    for i in range(count):
        without = masks[masks >> i & 1 == 0]
        brings = values[without | 1 << i] - values[without]
        shares[i] = np.sum(weights[sizes[without], None] * brings, axis=0)
    return shares


def interactions(values: Array) -> dict[tuple[int, int], Array]:
    """For each pair what it brings together beyond what each brings alone, from the values of all coalitions. [2^n, draw] -> [draw]

    Positive where the two help each other, negative where they do the same work twice. Pairs may share an effect of three.
    """
    count = _count(values)
    masks = np.arange(len(values))
    sizes = _sizes(masks)
    weights = np.array([factorial(size) * factorial(count - size - 2) / factorial(count - 1) for size in range(count - 1)])
    found = {}
    for i, j in combinations(range(count), 2):
        one, other = 1 << i, 1 << j
        without = masks[masks & (one | other) == 0]
        joint = (values[without | one | other] - values[without | other]) - (values[without | one] - values[without])
        found[i, j] = np.sum(weights[sizes[without], None] * joint, axis=0)
    return found


def orders(names: Sequence[str], *, seed: int, pairs: int) -> list[tuple[int, ...]]:
    """Orders in which the contributors come, each followed by its reverse; the same for the same names and seed.

    With its reverse beside it an order divides what two contributors bring together as the exact value does: each of them comes
    first in one order and last in the other.
    """
    key = hashlib.blake2b("/".join((str(seed), "attribution", *names)).encode(), digest_size=16).digest()
    stream = np.random.Philox(key=int.from_bytes(key, "little"))
    found: list[tuple[int, ...]] = []
    for _ in range(pairs):
        order = tuple(int(place) for place in np.argsort(stream.random_raw(len(names)), kind="stable"))
        found += [order, order[::-1]]
    return found


def coalitions_along(order: Sequence[int]) -> list[int]:
    """The coalitions through which an order leads, from nobody to all."""
    masks = [0]
    for contributor in order:
        masks.append(masks[-1] | 1 << contributor)
    return masks


def steps(value: Value, order: Sequence[int]) -> Array:
    """What each brings when it comes in this order; in the order of the contributors' numbers. [contributor, draw]"""
    first, *later = (value(mask) for mask in coalitions_along(order))
    brought = np.empty((len(order), *first.shape))
    before = first
    for contributor, after in zip(order, later, strict=True):
        brought[contributor] = after - before
        before = after
    return brought


def sampled(value: Value, some: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Fair shares estimated over orders that come in pairs: [contributor, draw], and each pair's mean over draws [pair, contributor]."""
    total, means = np.zeros(()), []
    for forth, back in zip(some[::2], some[1::2], strict=True):
        both = (steps(value, forth) + steps(value, back)) / 2.0
        means.append(np.mean(both, axis=-1))
        total = total + both
    return total / len(means), np.stack(means)


def evened(shares: Array, total: Array) -> Array:
    """The shares with what rounding leaves between their sum and the total put back, in proportion to their size: 0 stays 0.

    shares [contributor, draw], total [draw]
    """
    for _ in range(2):  # once puts it back, twice what putting it back rounds
        size = np.sum(np.abs(shares), axis=0)
        rest = total - np.sum(shares, axis=0)
        shares = shares + np.divide(rest, size, out=np.zeros_like(size), where=size > 0.0) * np.abs(shares)
    return shares


def _count(values: Array) -> int:
    count = len(values).bit_length() - 1
    if len(values) != 1 << count:
        raise ValueError(f"{len(values)} coalitions are not those of any number of contributors")
    return count


def _sizes(masks: np.ndarray) -> np.ndarray:
    return np.array([int(mask).bit_count() for mask in masks])

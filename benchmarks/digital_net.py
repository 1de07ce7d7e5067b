"""Finds the generator matrices behind the quasi-random columns and prints sim/digital_net.txt: python benchmarks/digital_net.py > FILE

Dimension by dimension, out of hashed unit-upper-triangular matrices over GF(2), the one is kept whose pairs with all earlier
dimensions are most even: rho is the fewest leading digits, of two dimensions together, that depend on each other within the
first 2^m points (all boxes cut by fewer digits hold equally many points). A second sequence's dimension is first of all even beside
the same assumption's first one. Order matters and later dimensions never change earlier ones, so the file may be extended.
"""

from __future__ import annotations

import sys

import numpy as np

from sim.draws import SECOND, direction_numbers

DIMENSIONS, DIGITS = 256, 6
CANDIDATES = 1500, 400  # of a first sequence's dimension, and of a second one's
LEVELS = (10, 9, 8, 12)  # log2 of the number of draws, in order of weight: about 1,000, 512, a sweep's 256, a long run's 4,096
APART = (7, 8, 9, 11)  # at these, two dimensions that share their first digit (a correlation of 0.75) are avoided before all else


def dependencies(columns: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """All sums of a dimension's first digits as vectors over the point number's bits, and the digits that each takes."""
    vectors, depth = np.array([0]), np.array([0])
    for digit in range(DIGITS):
        bits = (columns[:level].astype(np.uint64) >> np.uint64(31 - digit)) & np.uint64(1)
        row = int((bits << np.arange(level, dtype=np.uint64)).sum())
        vectors, depth = np.concatenate([vectors, vectors ^ row]), np.concatenate([depth, np.full(len(depth), digit + 1)])
    return vectors[1:], depth[1:]


def _evenness_beside(twin: np.ndarray | None, columns: np.ndarray) -> list[int]:
    """rho of a dimension and that of the same assumption's first sequence, which Sobol' indices take in turn."""
    if twin is None:
        return []
    evenness = []
    for level in LEVELS:
        vectors, depth = dependencies(twin, level)
        beside = np.full(1 << level, 99)
        np.minimum.at(beside, vectors, depth)
        vectors, depth = dependencies(columns, level)
        evenness.append(int((depth + beside[vectors]).min()))
    return [min(evenness), sum(evenness)]


def main() -> None:
    shallowest = {level: np.full(1 << level, 99) for level in {*LEVELS, *APART}}
    chosen, chosen_columns = [], []
    for dimension in range(1, DIMENSIONS + 1):
        best: tuple[tuple[int, ...], int] | None = None
        twin = chosen_columns[dimension - 1 - SECOND] if dimension > SECOND else None
        for choice in range(CANDIDATES[dimension > SECOND] if chosen else 1):
            columns = direction_numbers(dimension, choice)
            merit, ties = [], []
            for level in LEVELS:
                vectors, depth = dependencies(columns, level)
                rho = depth + shallowest[level][vectors]
                merit.append(int(rho.min()))
                ties.append(-int((rho == rho.min()).sum()))
            together = 0
            for level in APART:
                vectors, depth = dependencies(columns, level)
                together += int((depth + shallowest[level][vectors] <= 2).sum())
            key = (-together, *_evenness_beside(twin, columns), *merit, *ties[:2])
            if best is None or key > best[0]:
                best = (key, choice)
        chosen.append(best[1])
        chosen_columns.append(direction_numbers(dimension, best[1]))
        for level in shallowest:
            vectors, depth = dependencies(direction_numbers(dimension, best[1]), level)
            np.minimum.at(shallowest[level], vectors, depth)
        if dimension % 32 == 0:
            print(f"{dimension} dimensions, {-best[0][0]} first digits shared, rho {best[0][-6:-2]} at 2^{LEVELS}", file=sys.stderr)
    for first in range(0, len(chosen), 16):
        print(*chosen[first : first + 16])


if __name__ == "__main__":
    main()

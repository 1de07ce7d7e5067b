"""Is a column counted at all? Spells in which it is missing, at nothing, or counted on trial."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.shops.latent import Array

_TRUE_SPELL, _OFF_SPELL, _EMPTY_SPELL, _PARTIAL = 14, 3, 7, 0.5
_ENOUGH = 20.0  # where twenty are expected, one or none is no chance: e^-20 (1 + 20) = 4e-8


def tracking_of(y: Array, upstream: Array | None, *, money: bool, empty: Array | None = None) -> Iterator[tuple[str, Array]]:
    """Kinds of findings and the steps that they are about: missing or at nothing at the start, at the end, in between, and
    spells counted on trial (days of counting between days of nothing). y, upstream: [step]; NaN is missing. empty: steps of which
    nothing at all is known; they, and days on which the shop was closed, go with the days before them.
    """
    known = np.isfinite(y)
    if not known.any():
        return
    missing, off, share = ~known, np.zeros(len(y), dtype=bool), np.full(len(y), np.nan)
    reference = upstream if upstream is not None and np.isfinite(upstream).any() else None
    if reference is not None:
        usable = known & np.isfinite(reference) & (reference > 0.0)
        ratio = np.where(usable, y / np.where(usable, reference, 1.0), np.nan)
        lively = ratio[usable & (y > (0.0 if money else 1.0))]
        if len(lively):
            typical = float(np.quantile(lively, 0.6))
            expected = np.where(usable, typical * reference, 0.0)
            if money:
                off = usable & (y == 0.0) & (reference >= _ENOUGH)
            else:
                off = usable & (y <= np.maximum(1.0, 0.002 * expected)) & (expected >= _ENOUGH)
            share = np.where(usable, ratio / typical, np.nan)
    neutral = np.zeros(len(y), dtype=bool) if empty is None else empty.copy()
    if reference is not None:
        neutral |= (np.nan_to_num(reference, nan=1.0) == 0.0) & (np.nan_to_num(y) == 0.0)
    quiet = _carried(missing | off, neutral)
    missing, off = missing & ~neutral, off & ~neutral
    blocks = _blocks(quiet, off)
    if not blocks:
        return
    longest = max(stop - start for start, stop in blocks)
    true = [(start, stop) for start, stop in blocks if stop - start >= min(_TRUE_SPELL, longest)]
    first, last = true[0][0], true[-1][1] - 1
    # A day on which counting began or ended is half counted.
    while first < last and first > 0 and share[first] < _PARTIAL:
        first += 1
    while last > first and last < len(y) - 1 and share[last] < _PARTIAL:
        last -= 1
    trial = np.zeros(len(y), dtype=bool)
    for start, stop in blocks:
        if (start, stop) not in true:
            trial[start:stop] = True
    before, after = np.zeros(len(y), dtype=bool), np.zeros(len(y), dtype=bool)
    before[:first] = True
    after[last + 1 :] = True
    between = quiet & ~neutral
    between[:first] = between[last + 1 :] = False
    between &= ~trial
    for start, stop in _runs(trial):
        spell = np.zeros(len(y), dtype=bool)
        spell[start:stop] = True
        yield "tracking_trial", spell
    before, after = before & ~neutral, after & ~neutral
    if (before & ~trial).any():
        yield "tracking_starts", before & ~trial
    if (after & ~trial).any():
        yield "tracking_stops", after & ~trial
    if between.any() and not (upstream is None and not missing[between].any()):
        yield "tracking_breaks", between


def _carried(on: Array, neutral: Array) -> Array:
    """Neutral steps take the state of the step before them, at the start that of the first that has one."""
    places = np.flatnonzero(~neutral)
    if not len(places):
        return on
    found = np.maximum.accumulate(np.where(neutral, -1, np.arange(len(on))))
    return on[np.where(found < 0, places[0], found)]


def _blocks(quiet: Array, off: Array) -> list[tuple[int, int]]:
    """Spells of counting as (first, one past the last): three days at nothing part them, or a week of empty cells."""
    found: list[tuple[int, int]] = []
    for start, stop in _runs(~quiet):
        if found:
            gap = slice(found[-1][1], start)
            apart = start - found[-1][1]
            if apart < _OFF_SPELL or (not off[gap].any() and apart < _EMPTY_SPELL):
                found[-1] = (found[-1][0], stop)
                continue
        found.append((start, stop))
    return found


def _runs(on: Array) -> list[tuple[int, int]]:
    """Unbroken spells as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[0::2], edges[1::2], strict=True)]

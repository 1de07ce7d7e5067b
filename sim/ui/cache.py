"""Outcomes that are asked for again and again: computed once per digest, model version, draws and seed, shared by all sessions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import streamlit as st

from sim.analysis.sensitivity import Swing, swings
from sim.engine import run
from sim.errors import UserError
from sim.outcome import Outcome, model_version
from sim.scenario import Scenario, load
from sim.scenario.overlay import located

DRAWS, SEED, NOISE = 1000, 1, True
FIRST_DRAWS = 128  # what is shown first while all draws are computed; the first ones of the same sequence
KEPT, KEPT_BYTES = 24, 600_000_000  # outcomes in memory, about 10 MB each for a quarter; the one unused for longest goes first
BASELINE = "baseline"
T = TypeVar("T")


class Shelf(Generic[T]):
    """Answers by key, each worked out once however many sessions ask for it at the same time; the latest `most` are kept."""

    def __init__(self, most: int, *, size: Callable[[T], int] = lambda _: 0, most_bytes: int = KEPT_BYTES) -> None:
        self._most, self._size, self._most_bytes = most, size, most_bytes
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._working: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, key: Hashable) -> T | None:
        """The answer, if it is there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def found(self, key: Hashable, work: Callable[[], T]) -> T:
        """The answer, worked out if need be. What `work` raises is not kept."""
        known = self.of(key)
        if known is not None:
            return known
        with self._lock:
            working = self._working.setdefault(key, threading.Lock())
        with working:
            known = self.of(key)
            if known is None:
                try:
                    known = work()
                finally:
                    with self._lock:
                        self._working.pop(key, None)
                self._keep(key, known)
        return known

    def _keep(self, key: Hashable, answer: T) -> None:
        with self._lock:
            self._kept[key] = answer
            sizes = [self._size(kept) for kept in self._kept.values()]
            while len(self._kept) > self._most or (sum(sizes) > self._most_bytes and len(self._kept) > 2):  # a plan and its base
                self._kept.popitem(last=False)
                sizes.pop(0)


def _bytes(outcome: Outcome) -> int:
    return sum(rows.nbytes for rows in outcome.arrays.values())


# Of this process and not of a session: the thread that warms the server up finds them too.
_OUTCOMES: Shelf[Outcome] = Shelf(KEPT, size=_bytes)
_FIRST: Shelf[Outcome] = Shelf(KEPT, size=_bytes)
_SWINGS: Shelf[tuple[Swing, ...]] = Shelf(4 * KEPT)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A plan and its base over the same days, in the same worlds."""

    base: Outcome
    plan: Outcome

    @property
    def same(self) -> bool:
        """Does the plan change nothing?"""
        return self.base is self.plan


def outcome_of(scenario: Scenario) -> Outcome:
    """The scenario's outcome at the app's usual draws and seed."""
    return _outcome(_OUTCOMES, scenario, DRAWS)


def _outcome(shelf: Shelf[Outcome], scenario: Scenario, draws: int) -> Outcome:
    return shelf.found(_key(scenario, draws), lambda: run(scenario, draws=draws, seed=SEED, noise=NOISE))


def _key(scenario: Scenario, draws: int) -> Hashable:
    return scenario.digest, model_version(), draws, SEED, NOISE


def pair_of(plan: Scenario) -> Pair:
    """The plan and the baseline on the plan's horizon, of the same shop (the file's own [baseline] figures, calendar and draws)."""
    base = base_of(plan)
    return Pair(base=outcome_of(base), plan=outcome_of(base if base.digest == plan.digest else plan))


def first_pair_of(plan: Scenario) -> Pair | None:
    """The same in the first draws, to show something at once; None where the whole is there already, or cannot be had."""
    base = base_of(plan)
    missing = [one for one in (base, plan) if _OUTCOMES.of(_key(one, DRAWS)) is None]
    if not missing or DRAWS <= FIRST_DRAWS:
        return None
    try:
        before = first_of(base)
        return Pair(base=before, plan=before if base.digest == plan.digest else first_of(plan))
    except UserError:  # all draws will be refused as well, in words that speak of all of them
        return None


def first_of(scenario: Scenario) -> Outcome:
    """The scenario's first draws."""
    return _outcome(_FIRST, scenario, FIRST_DRAWS)


def swings_of(plan: Scenario, base: Scenario) -> tuple[Swing, ...]:
    """How far each assumption alone moves the net GMV that a plan brings against its base, the widest first. A fiftieth of a second."""
    key = plan.digest, base.digest, model_version()
    return _SWINGS.found(key, lambda: swings(plan, base, kpis=("net_gmv",))[0])


def base_of(plan: Scenario) -> Scenario:
    """The baseline file where it can be read, else the registry alone."""
    try:
        base = scenario_at(BASELINE)
    except UserError:
        base = Scenario(name=BASELINE, title="Baseline")
    if base.dated:  # somebody's own baseline with dates in it: only the registry is the same on any days
        base = Scenario(name=BASELINE, title=base.title, baseline=base.baseline)
    base = replace(
        base, goals={}, baseline={**base.baseline, **plan.baseline}, profile=plan.profile or base.profile,
        posterior=plan.posterior or base.posterior,
    )
    return base.with_horizon(start=plan.start, days=plan.days)


def scenario_at(reference: str | Path) -> Scenario:
    """A scenario file, read afresh: files are the truth, and another program may have changed them."""
    return load(reference)


def readable(name: str) -> Scenario | None:
    """A file for a list of files: None where it cannot be read. Read again only when it has changed."""
    try:
        stamp = located(name).stat()
        return _readable(name, stamp.st_mtime_ns, stamp.st_size)
    except (UserError, OSError):
        return None


@st.cache_data(max_entries=500, show_spinner=False)
def _readable(name: str, changed_ns: int, size: int) -> Scenario | None:
    try:
        return load(name)
    except UserError:
        return None

"""The long computations of the page Drivers: behind a button, with progress, kept for all sessions and shown until there is a newer one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from sim.analysis.discovery import Discovery, discover
from sim.analysis.goals import Target
from sim.analysis.sensitivity import Sensitivity, sensitivity
from sim.outcome import model_version
from sim.scenario import Scenario
from sim.texts import Words
from sim.ui import cache

KPIS = ("net_gmv", "gmv", "return_rate", "contribution")
DRAWS, WORLDS = 1024, 4000
KEPT = 12  # answers in memory; the one unused for longest goes first


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A result and what it was asked of: the same question has the same key."""

    key: tuple[Any, ...]
    result: Any


@st.cache_resource(show_spinner=False)
def _kept() -> tuple[OrderedDict[tuple[Any, ...], Any], threading.Lock]:
    return OrderedDict(), threading.Lock()


def moving_key(plan: Scenario, base: Scenario | None) -> tuple[Any, ...]:
    return ("sensitivity", plan.digest, base and base.digest, model_version(), DRAWS, cache.SEED, cache.NOISE)


def moving(plan: Scenario, base: Scenario | None, say: Words) -> Answer:
    """What moves the figures of the plan, or of its difference to a base."""

    def work(progress: Callable[[int, int], None]) -> Sensitivity:
        # One process: another one would start the app's own entry again.
        return sensitivity(plan, base, kpis=KPIS, draws=DRAWS, seed=cache.SEED, noise=cache.NOISE, workers=1, progress=progress)

    return _answered(moving_key(plan, base), work, say)


def missing_key(plan: Scenario, targets: Sequence[Target]) -> tuple[Any, ...]:
    return ("discover", plan.digest, tuple(targets), model_version(), WORLDS, cache.SEED, cache.NOISE)


def missing(plan: Scenario, targets: Sequence[Target], say: Words) -> Answer:
    """In which worlds the plan misses the targets."""

    def work(progress: Callable[[int, int], None]) -> Discovery:
        return discover(plan, targets, draws=WORLDS, seed=cache.SEED, noise=cache.NOISE, progress=progress)

    return _answered(missing_key(plan, targets), work, say)


def _answered(key: tuple[Any, ...], work: Callable[[Callable[[int, int], None]], Any], say: Words) -> Answer:
    kept, lock = _kept()
    with lock:
        result = kept.get(key)
    if result is None:
        bar = st.progress(0.0, text=say["drivers.computing"])
        try:
            result = work(lambda done, of_all: bar.progress(done / max(1, of_all), text=say["drivers.computing"]))
        finally:
            bar.empty()
    with lock:
        kept[key] = result
        kept.move_to_end(key)
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return Answer(key=key, result=result)

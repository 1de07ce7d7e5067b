"""Outcomes that are asked for again and again: computed once per digest, model version, draws and seed, shared by all sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from sim.engine import run
from sim.errors import UserError
from sim.outcome import Outcome, model_version
from sim.scenario import Scenario, load
from sim.scenario.overlay import located

DRAWS, SEED, NOISE = 1000, 1, True
KEPT = 24  # outcomes in memory, about 10 MB each for a quarter; the one unused for longest goes first
BASELINE = "baseline"


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
    return _outcome(scenario.digest, model_version(), DRAWS, SEED, NOISE, scenario)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _outcome(digest: str, version: str, draws: int, seed: int, noise: bool, _scenario: Scenario) -> Outcome:
    return run(_scenario, draws=draws, seed=seed, noise=noise)


def pair_of(plan: Scenario) -> Pair:
    """The plan and the baseline on the plan's horizon, of the same shop (the file's own [baseline] figures)."""
    base = base_of(plan)
    return Pair(base=outcome_of(base), plan=outcome_of(base if base.digest == plan.digest else plan))


def base_of(plan: Scenario) -> Scenario:
    """The baseline file where it can be read, else the registry alone."""
    try:
        base = scenario_at(BASELINE)
    except UserError:
        base = Scenario(name=BASELINE, title="Baseline")
    if base.dated:  # somebody's own baseline with dates in it: only the registry is the same on any days
        base = Scenario(name=BASELINE, title=base.title, baseline=base.baseline)
    base = replace(base, goals={}, baseline={**base.baseline, **plan.baseline})
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

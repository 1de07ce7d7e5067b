"""What one planner's session holds: the opened file, the levers moved since, the language. Everything else is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from sim.errors import UserError
from sim.scenario import Scenario, load, scenario_names
from sim.texts import LANGUAGES, Words, usual_language, words

KEY = "session"
LANGUAGE_KEY = "language"
BASELINE = "baseline"


@dataclass(kw_only=True)
class Session:
    """One browser tab. `edits` are the levers moved since the file was opened, in the registry's units."""

    language: str
    opened: Scenario
    text: str | None = None  # the opened file as it was read, for its comments
    edits: dict[str, float] = field(default_factory=dict)
    past: list[dict[str, float]] = field(default_factory=list)  # edits before each move, for undo
    future: list[dict[str, float]] = field(default_factory=list)
    author: str = ""
    drafts: dict[str, dict[str, float]] = field(default_factory=dict)  # edits of files opened before, by name
    shown: Scenario | None = None  # the last plan whose outcome could be computed
    fault: str = ""  # the last error, one sentence, until something works again
    notice: str = ""  # a success to say once
    generation: int = 0  # counts opened files: fields and the uploader of the file menu start afresh with each

    @property
    def say(self) -> Words:
        return words(self.language)

    @property
    def plan(self) -> Scenario:
        """The opened scenario with the moved levers."""
        return self.opened.with_levers(self.edits) if self.edits else self.opened

    @property
    def changed(self) -> bool:
        return bool(self.edits)

    @property
    def moved(self) -> dict[str, float]:
        """The levers that end elsewhere than at the baseline, and where."""
        names = {*self.opened.moved, *self.edits}
        levels = {name: self.level(name) for name in sorted(names)}
        return {name: level for name, level in levels.items() if level != self.opened.lever_baseline(name)}

    def level(self, name: str) -> float:
        """Where a lever ends in the plan, in its unit."""
        return self.edits[name] if name in self.edits else target_in(self.opened, name)

    def move(self, name: str, value: float) -> None:
        """Set a lever; back where the file has it, it is no edit."""
        self.put({name: value})

    def put(self, levels: Mapping[str, float]) -> None:
        """Set levers together: one step for undo."""
        edits = {**self.edits, **levels}
        edits = {name: value for name, value in edits.items() if value != target_in(self.opened, name)}
        if edits != self.edits:
            self.past.append(self.edits)
            self.future.clear()
            self.edits = edits

    def reset(self, *names: str) -> None:
        """Put levers (all, where none are named) back to the baseline, whatever the file says."""
        self.put({name: self.opened.lever_baseline(name) for name in names or self.moved})

    def undo(self) -> None:
        if self.past:
            self.future.append(self.edits)
            self.edits = self.past.pop()

    def redo(self) -> None:
        if self.future:
            self.past.append(self.edits)
            self.edits = self.future.pop()

    def open(self, scenario: Scenario, *, text: str | None = None) -> None:
        """Open another scenario; what was moved in this one is kept for when it is opened again."""
        self.drafts[self.opened.name] = self.edits
        self._take(scenario, text, self.drafts.pop(scenario.name, {}))

    def stored(self, scenario: Scenario, *, text: str | None) -> None:
        """The plan is in a file now: that file is open, and nothing is changed."""
        self._take(scenario, text, {})

    def _take(self, scenario: Scenario, text: str | None, edits: dict[str, float]) -> None:
        self.opened, self.text, self.edits = scenario, text, edits
        self.past, self.future, self.fault = [], [], ""
        self.generation += 1


def target_in(scenario: Scenario, name: str) -> float:
    """Where a lever ends in a scenario; at its baseline where the scenario leaves it alone."""
    setting = scenario.levers.get(name)
    baseline = scenario.lever_baseline(name)
    return baseline if setting is None else setting.target(baseline)


def session() -> Session:
    """This tab's session; on its first run the baseline is open."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Session(language=_first_language(), opened=_baseline())
    return st.session_state[KEY]


def _baseline() -> Scenario:
    try:
        return load(BASELINE)
    except UserError:
        return Scenario(name=BASELINE, title="Baseline")


def _first_language() -> str:
    """What the address asks for, else what the environment says, else the browser's own."""
    asked = st.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    if usual_language() != LANGUAGES[0]:
        return usual_language()
    return "zh" if (st.context.locale or "").lower().startswith("zh") else LANGUAGES[0]


def file_names() -> list[str]:
    """The scenario files there are now."""
    try:
        return scenario_names()
    except UserError:
        return []

"""What one planner's session holds: the opened file, the levers moved since, the language. Everything else is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import streamlit as st

from sim.errors import UserError
from sim.parameters import registry
from sim.scenario import LeverSetting, Scenario, load, scenario_names
from sim.scenario.filing import Deleted
from sim.texts import LANGUAGES, Words, usual_language, words
from sim.wording.refusals import in_language

KEY = "session"
LANGUAGE_KEY = "language"
BASELINE = "baseline"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Somebody saved the file that was about to be saved here: their text, and their scenario where it can be read."""

    name: str
    text: str
    theirs: Scenario | None
    fault: str = ""
    words: Mapping[str, str] = field(default_factory=dict)  # title, question, notes that were to be saved


Edits = dict[str, LeverSetting]  # levers as they were set since the file was opened, by name


@dataclass(kw_only=True)
class Session:
    """One browser tab. `edits` are the levers that were set anew since the file was opened."""

    language: str
    opened: Scenario
    text: str | None = None  # the opened file as it was read, for its comments
    edits: Edits = field(default_factory=dict)
    past: list[Edits] = field(default_factory=list)  # edits before each move, for undo
    future: list[Edits] = field(default_factory=list)
    author: str = ""
    drafts: dict[str, Edits] = field(default_factory=dict)  # edits of files opened before, by name
    shown: Scenario | None = None  # the last plan whose outcome could be computed
    fault: str = ""  # the last error, one sentence, until something works again
    notice: str = ""  # a success to say once
    generation: int = 0  # counts opened files: fields and the uploader of the file menu start afresh with each
    user: str = ""  # tells planners apart; "" where the app cannot
    token: str = ""  # names this session's unsaved work on disk
    came_from: str = ""  # the work that this tab had before it was refreshed
    put_off: set[str] = field(default_factory=set)  # work that is not to be offered again in this tab
    journaled: object = None  # the unsaved work as it stands on disk
    kept: bool = True  # could it be put on disk?
    conflict: Conflict | None = None
    deleted: Deleted | None = None  # the file that was deleted last, until something else is done
    asks_author: bool = False
    arrived: bool = False  # has the page been there once?

    @property
    def say(self) -> Words:
        return words(self.language)

    @property
    def plan(self) -> Scenario:
        """The opened scenario with the levers as they are set now."""
        return self.opened.with_settings(self.edits) if self.edits else self.opened

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
        return self.setting(name).target(self.opened.lever_baseline(name))

    def setting(self, name: str) -> LeverSetting:
        """Where a lever goes in the plan, when, and how fast; one that nobody moved goes nowhere, from day one."""
        return self.edits.get(name) or setting_in(self.opened, name)

    def move(self, name: str, value: float) -> None:
        """Set where a lever ends."""
        self.put({name: value})

    def put(self, levels: Mapping[str, float]) -> None:
        """Set where levers end, together: one step for undo."""
        self.adjust({name: replace(self.setting(name), form="to", amount=value) for name, value in levels.items()})

    def time(self, name: str, *, start: date | None, until: date | None, ramp_days: int) -> None:
        """Set when a lever starts and ends (None: with the horizon) and over how many days it comes in."""
        self.adjust({name: replace(self.setting(name), start=start, until=until, ramp_days=ramp_days)})

    def adjust(self, settings: Mapping[str, LeverSetting]) -> None:
        """Set levers together: one step for undo. As the file has it, a lever is no edit. Refused settings change nothing."""
        edits = {name: setting for name, setting in {**self.edits, **settings}.items() if not self._as_in_file(name, setting)}
        if edits != self.edits:
            self.opened.with_settings(edits)
            self.past.append(self.edits)
            self.future.clear()
            self.edits = edits

    def _as_in_file(self, name: str, setting: LeverSetting) -> bool:
        filed, baseline = setting_in(self.opened, name), self.opened.lever_baseline(name)
        return replace(filed, form="to", amount=filed.target(baseline)) == replace(setting, form="to", amount=setting.target(baseline))

    def reset(self, *names: str) -> None:
        """Put levers (all, where none are named) back to the baseline, whatever the file says."""
        settings = {name: setting_in(self.opened, name) for name in names or self.moved}
        self.adjust({name: replace(setting, form="to", amount=self.opened.lever_baseline(name)) for name, setting in settings.items()})

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
        edits, lost = applicable(scenario, self.drafts.pop(scenario.name, {}))
        self._take(scenario, text, edits)
        self._say_lost(lost)

    def stored(self, scenario: Scenario, *, text: str | None) -> None:
        """The plan is in a file now: that file is open, and nothing is changed."""
        self._take(scenario, text, {})

    def renamed(self, scenario: Scenario, *, text: str | None) -> None:
        """The open file has another name; what was moved in it stays moved."""
        edits, lost = applicable(scenario, self.edits)
        self._take(scenario, text, edits)
        self._say_lost(lost)

    def take_up(self, scenario: Scenario, *, text: str | None, edits: Edits, drafts: Mapping[str, Edits]) -> None:
        """Go on with what another session left unsaved; what was moved here is kept for when its file is opened again."""
        self.drafts[self.opened.name] = self.edits
        self.drafts |= {name: dict(kept) for name, kept in drafts.items() if name != scenario.name}
        self.drafts.pop(scenario.name, None)
        fitting, lost = applicable(scenario, edits)
        self._take(scenario, text, fitting)
        self._say_lost(lost)

    def _say_lost(self, lost: list[str]) -> None:
        if lost:
            self.fault = self.say["recovery.lost"].format(count=len(lost), says=in_language(lost[0], self.language))

    def _take(self, scenario: Scenario, text: str | None, edits: Edits) -> None:
        self.opened, self.text, self.edits = scenario, text, edits
        self.past, self.future, self.fault = [], [], ""
        self.conflict, self.deleted, self.asks_author = None, None, False
        self.generation += 1


def applicable(scenario: Scenario, edits: Mapping[str, LeverSetting]) -> tuple[Edits, list[str]]:
    """The settings that a scenario still takes, and why not the others: its file may have another horizon by now."""
    fitting: Edits = {}
    lost = []
    for name, setting in edits.items():
        try:
            scenario.with_settings({name: setting})
            fitting[name] = setting
        except UserError as error:
            lost.append(error.message)
    return fitting, lost


def setting_in(scenario: Scenario, name: str) -> LeverSetting:
    """Where a scenario sends a lever; one that it leaves alone stays at its baseline, ready to start on day one."""
    setting = scenario.levers.get(name) or scenario.idle.get(name)
    return setting or LeverSetting(amount=scenario.lever_baseline(name), ramp_days=registry()[name].min_ramp_days)


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

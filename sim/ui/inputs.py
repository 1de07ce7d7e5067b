"""From the registry to widgets: every lever as a dial in the unit that a planner thinks in, and the order in which levers are told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sim.figures import exact
from sim.parameters import GROUPS, UNITS, Parameter, registry

STEPS = 60  # a slider has about this many places, few enough to hit one on purpose
COUNTED = ("count", "seats", "sites")  # units of which there are no parts
WEAK_POINTS = ("slow_pages", "payment", "service", "colour_returns")  # those that the document diagnoses


@dataclass(frozen=True, kw_only=True)
class Dial:
    """How a lever is shown: shown = value / size, in steps, with this many decimals and this unit behind."""

    size: float
    low: float
    high: float
    step: float
    decimals: int
    unit: str
    before: str = ""  # what stands in front of the number
    loose: bool = False  # 1 and 2.4, not 1.0

    def shown(self, value: float) -> float:
        inside = min(max(round(value / self.size, 9), self.low), self.high)
        return inside if self.decimals else _whole_if_whole(inside)

    def value(self, shown: float) -> float:
        return round(shown * self.size, 9)

    def text(self, value: float, *, unit: bool = True) -> str:
        """A value in the dial's unit, with more decimals than the dial has only where it needs them."""
        shown = round(value / self.size, 4)
        number = f"{shown:,.{self.decimals}f}" if round(shown, self.decimals) == shown and not self.loose else exact(shown)
        return f"{self.before}{number} {self.unit}".rstrip() if unit else number

    def span(self, before: float, after: float) -> str:
        """From one value to another, the unit said once."""
        return f"{self.before}{self.text(before, unit=False)} → {self.text(after).removeprefix(self.before)}"

    @property
    def form(self) -> str:
        """As the slider's printf format."""
        number = "%g" if self.loose else f"%.{self.decimals}f"
        return f"{self.before}{number} {self.unit.replace('%', '%%')}".rstrip()


def _whole_if_whole(number: float) -> float:
    return float(round(number)) if abs(number - round(number)) < 1e-9 else number


def dial(lever: Parameter, language: str) -> Dial:
    """The lever's slider in a language: shares and indices in per cent, budgets in millions a month (万元/月 in Chinese)."""
    low, high = lever.bounds
    before = ""
    if lever.unit == "share":
        size, unit = 0.01, "%"
    elif lever.unit == "index":
        size, unit, before = (0.01, "%", "今日的 ") if language == "zh" else (0.01, "% of today", "")
    elif lever.unit == "CNY/month":
        size, unit = (1e4, "万元/月") if language == "zh" else (1e6, "m CNY a month")
    else:
        size, unit = 1.0, UNITS[lever.unit][language]
    low, high = low / size, high / size
    if lever.whole or lever.unit in COUNTED:
        step = 1.0
    elif lever.unit == "share":
        step = 1.0 if high - low > 40 else 0.5
    else:
        step = nice_step((high - low) / STEPS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return Dial(
        size=size, low=round(low, 9), high=round(high, 9), step=step, decimals=decimals, unit=unit, before=before,
        loose=lever.unit == "folds",
    )


def nice_step(wish: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten (in ratio)."""
    power = 10.0 ** math.floor(math.log10(wish))
    return round(min((power * digit for digit in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / wish))), 12)


def key_of(name: str) -> str:
    return f"lever.{name}"


def lever_groups() -> dict[str, list[Parameter]]:
    """The levers by weak point or theme, in the order of the funnel."""
    groups: dict[str, list[Parameter]] = {group: [] for group in GROUPS}
    for lever in registry().levers:
        groups.setdefault(lever.group, []).append(lever)
    return {group: levers for group, levers in groups.items() if levers}


def in_order(names: Iterable[str]) -> list[str]:
    """Levers as a planner would tell them: those of the diagnosed weak points first, then along the funnel."""
    order = [lever.name for levers in lever_groups().values() for lever in levers]
    weak = {name: registry()[name].group in WEAK_POINTS for name in order}
    return sorted(names, key=lambda name: (not weak[name], order.index(name)))

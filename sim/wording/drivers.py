"""What the drivers of a figure and the worlds in which a plan misses its goals are called: from answers (as JSON holds them) to words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sim.analysis.factors import parameter_of, unit_of
from sim.figures import chance, change, compact, exact, figure, money
from sim.lanes import NOISE, POSTERIOR
from sim.outcome import KPIS
from sim.parameters import UNITS, registry
from sim.texts import Words, words

Row = Mapping[str, Any]
LITTLE = 0.005  # a share below this is none


def name_of(name: str, language: str, say: Words) -> str:
    """A factor's label. `say` and `language` agree."""
    if name == NOISE:
        return say["drivers.noise"]
    if name == POSTERIOR:
        return say["posterior.factor"]
    if name.startswith("profile."):
        return say[f"posterior.{name}"]
    label, entry = registry()[parameter_of(name)].label[language], name.rpartition(".")[2]
    return label if name in registry() else say["posterior.entry"].format(label=label, category=say.named("category", entry))


def value_text(name: str, value: float | None, language: str) -> str:
    """An assumption's value in two digits, all that is known of one: "55 %", "1.3 ×", "CNY 140"."""
    if value is None:
        return ""
    if name == POSTERIOR:  # a place among its draws, by the figure itself
        return f"p{100.0 * value:.0f}"
    unit, value = unit_of(name), float(f"{value:.1e}")
    if _in_per_cent(name):
        return f"{exact(float(f'{100.0 * value:.4g}'))} %"
    if unit == "CNY":
        return money(value, language) if value >= 10_000 else f"CNY {exact(value)}" if language == "en" else f"{exact(value)} 元"
    behind = UNITS.get(unit, {language: unit})[language]
    if unit in ("exponent", "index", "log", "log/star"):
        return exact(value)
    return f"{exact(value) if abs(value) < 10_000 else compact(value, language)} {behind}".rstrip()


def _in_per_cent(name: str) -> bool:
    """Shares and chances, and factors that only ever take away."""
    if name.startswith("profile."):
        return False
    parameter = registry()[parameter_of(name)]
    return parameter.unit in ("share", "chance") or (parameter.unit == "factor" and (parameter.high or 0.0) <= 1.0)


def figure_text(value: float | None, kpi: str, language: str, *, paired: bool) -> str:
    """A figure, or the difference of two."""
    unit = KPIS[kpi].unit
    return change(value, unit, language) if paired else figure(value, unit, language)


def share_text(share: float | None) -> str:
    """A share of the spread: whole per cent, nothing below 0."""
    return chance(min(1.0, max(0.0, share)) if share is not None else None)


def share_with_interval(interval: Row) -> str:
    """A share and its confidence interval, "61 % [55–67]"; without the interval where all of it reads the same."""
    text = share_text(interval["value"])
    alike = all(share_text(interval[end]) == text for end in ("low", "high"))
    return text if alike or interval["high"] < LITTLE else f"{text} {share_interval(interval)}"


def share_interval(interval: Row) -> str:
    """The ends of a share's confidence interval: "[55–67]"."""
    low, high = (min(100.0, max(0.0, 100.0 * interval[end])) for end in ("low", "high"))
    return f"[{low:.0f}–{high:.0f}]"


def drivers_in_words(figure_row: Row, say: Words, *, paired: bool) -> list[str]:
    """What the spread of a figure rests on, in sentences."""
    kpi, language = figure_row["kpi"], say.language
    label = KPIS[kpi].label[language]
    if paired:
        label = say["drivers.difference"].format(kpi=label)
    if figure_row["mean"] is None or not math.isfinite(figure_row["mean"]):
        return [_begun(say["drivers.undefined"].format(kpi=label))]
    if not figure_row["sd"]:
        return [_begun(say["drivers.certain"].format(kpi=label))]
    shares = {row["grade"]: row["share"] for row in figure_row["grades"]}
    found = []
    if "assumption" in shares:
        share = shares["assumption"]
        ranked = [row for row in figure_row["sobol"] if row["grade"] == "assumption" and row["total"]["value"] > LITTLE]
        if not ranked:  # interrupted before any was reached: the widest swings stand in
            ranked = [row for row in figure_row["tornado"] if row["grade"] == "assumption" and row["swing"]]
        if share["value"] < LITTLE or not ranked:
            found.append(say["drivers.measured"].format(kpi=label))
        else:
            names = [say["drivers.quoted"].format(name=name_of(row["name"], language, say)) for row in ranked[:2]]
            key = "drivers.rests" if len(names) == 1 else "drivers.rests_two"
            found.append(say[key].format(
                share=share_text(share["value"]), interval=share_interval(share), kpi=label, first=names[0], second=names[-1]
            ))
    if NOISE in shares and shares[NOISE]["value"] >= LITTLE:
        found.append(say["drivers.noise_share"].format(share=share_text(shares[NOISE]["value"])))
    return found


def _begun(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def restriction_text(restriction: Row, say: Words) -> str:
    """ “Return rate: apparel” above 55 %"""
    name, low, high = restriction["name"], restriction["low"], restriction["high"]
    label = say["drivers.quoted"].format(name=name_of(name, say.language, say))
    if name in registry() and registry()[name].distribution == "chance":
        return say["drivers.happens" if low is not None else "drivers.fails"].format(name=label)
    low_text, high_text = (value_text(name, value, say.language) for value in (low, high))
    key = "between" if low is not None and high is not None else "above" if low is not None else "below"
    return say[f"drivers.{key}"].format(name=label, low=low_text, high=high_text)


def box_in_words(box: Row, say: Words) -> str:
    """When the plan misses, how often it does there, and how much of all missing that is."""
    return say["drivers.box"].format(
        when=say["drivers.and"].join(restriction_text(item, say) for item in box["restrictions"]),
        density=chance(box["density"]), coverage=chance(box["coverage"]),
    )


def goal_text(goal: Row, say: Words) -> str:
    """Net GMV ≥ CNY 60.0 bn"""
    kpi, unit = KPIS[goal["kpi"]], KPIS[goal["kpi"]].unit
    value = money(goal["target"], say.language) if unit.startswith("CNY") else figure(goal["target"], unit, say.language)
    return f"{kpi.label[say.language]} {'≥' if goal['sense'] == 'at_least' else '≤'} {value}"


def discovery_in_words(found: Row, say: Words) -> list[str]:
    """How often the plan misses, and where; or why no place can be named."""
    draws, rate = found["draws"], found["miss_rate"]
    counts = {"draws": f"{draws:,}", "rate": chance(rate), "misses": f"{round(rate * draws):,}", "meets": f"{round((1 - rate) * draws):,}"}
    if found["verdict"] != "boxes":
        key = found["verdict"]
        if key == "too_few" and rate > 0.5:
            key = "too_many"
        return [say[f"drivers.{key}"].format(**counts)]
    lines = [say["drivers.misses"].format(**counts)] + [box_in_words(box, say) for box in found["boxes"]]
    if len(found["boxes"]) > 1:
        together = found["together"]
        lines.append(say["drivers.together"].format(coverage=chance(together["coverage"]), density=chance(together["density"])))
    return lines


def graded(grade: str, say: Words) -> str:
    """A grade as planners read it; the noise is one of its own."""
    return say["drivers.noise"] if grade == NOISE else say.named("grade", grade)


def sentences(lines: Sequence[str], language: str) -> str:
    return ("" if language == "zh" else " ").join(lines)


def axis_of(name: str, language: str) -> tuple[str, float]:
    """Title of an axis over an assumption's values, and the size of its unit: shown = value / size."""
    label, unit = name_of(name, language, words(language)), unit_of(name)
    if _in_per_cent(name):
        return _titled(label, "%", language), 0.01
    return _titled(label, UNITS.get(unit, {language: unit})[language], language), 1.0


def _titled(label: str, unit: str, language: str) -> str:
    if not unit:
        return label
    return f"{label}（{unit}）" if language == "zh" else f"{label}, {unit}"

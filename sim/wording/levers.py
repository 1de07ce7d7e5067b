"""Levers in words: what moving one costs and by which rule, when it acts, what its number rests on; and how one is found by its words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date

from sim.figures import money, rate
from sim.parameters import GROUPS, Parameter
from sim.scenario import LeverSetting, Scenario
from sim.texts import LANGUAGES, Words
from sim.wording.evidence import cost_in_words


def help_of(lever: Parameter, say: Words) -> str:
    """What a lever does, where its number comes from, what moving it costs: paragraphs of Markdown."""
    parts = [lever.help[say.language], source_text(lever, say)]
    if lever.cost is not None:
        parts.append(price_rule(lever, say))
    if lever.min_ramp_days:
        parts.append(say["lever.ramp"].format(days=lever.min_ramp_days))
    if lever.expect in ("+", "-", "either"):
        parts.append(say["lever.expect_either" if lever.expect == "either" else f"lever.expect_{'up' if lever.expect == '+' else 'down'}"])
    return "\n\n".join(part.replace("~", "\\~") for part in parts)


def source_text(lever: Parameter, say: Words) -> str:
    grade = say.named("grade", lever.grade)
    sources = "、".join(lever.sources) if say.language == "zh" else ", ".join(lever.sources)
    return say["lever.source"].format(sources=grade if sources == lever.grade else f"{sources} ({grade})")


def source_link(lever: Parameter, say: Words) -> str:
    """F104, leading to the page Evidence, and the grade as a small badge."""
    first = next((source for source in lever.sources if source[0] in "FR" and source[1:].isdigit()), "")
    shown = f"[{first or say['lever.evidence']}](evidence?parameter={lever.name}&lang={say.language})"
    return f"{shown} :gray-badge[{say.named('grade', lever.grade)}]"


def price_rule(lever: Parameter, say: Words) -> str:
    """By which rule a lever is paid for, and what that rests on."""
    rule = ("" if say.language == "zh" else " ").join(cost_in_words(lever, say))
    return say["lever.price"].format(rule=rule, grade=say.named("grade", lever.cost.grade))


def cost_text(cost_cny: float, say: Words) -> str:
    """What a moved lever costs in a plan: the mean over draws, CNY; below nothing, what it saves."""
    if not any(digit in money(abs(cost_cny), say.language) for digit in "123456789"):
        return say["lever.free"]
    return say["lever.costs" if cost_cny > 0 else "lever.saves"].format(cost=money(abs(cost_cny), say.language))


def timing_text(setting: LeverSetting, plan: Scenario, say: Words) -> str:
    """When a lever acts, as far as that is not the whole horizon at once: "from 2024-01-15, over 14 days, to 2024-02-29, on 60 %"."""
    parts = []
    if setting.start is not None and setting.start != plan.start:
        parts.append(say["lever.from"].format(date=setting.start.isoformat()))
    if setting.ramp_days:
        parts.append(say["lever.over"].format(days=setting.ramp_days))
    if setting.until is not None and (setting.until - plan.start).days < plan.days - 1:
        parts.append(say["lever.until"].format(date=setting.until.isoformat()))
    if setting.coverage != 1.0:
        parts.append(say["lever.covers"].format(share=rate(setting.coverage, say.language)))
    return ("，" if say.language == "zh" else ", ").join(parts)


def last_day(plan: Scenario) -> date:
    return date.fromordinal(plan.start.toordinal() + plan.days - 1)


def finder(asked: str) -> Callable[[Parameter], bool]:
    """Does a lever hold every word that is asked for, in its label, help, name, unit's group or source, in either language?"""
    wanted = _folded(asked).split()

    def holds(lever: Parameter) -> bool:
        group = GROUPS.get(lever.group, {})
        texts = [lever.name, lever.name.replace("_", " "), lever.source]
        texts += [text.get(language, "") for text in (lever.label, lever.help, group) for language in LANGUAGES]
        within = _folded("\n".join(texts))
        return all(word in within for word in wanted)

    return holds


def _folded(text: str) -> str:
    """Full-width letters as plain ones, capitals as small ones."""
    return unicodedata.normalize("NFKC", text).casefold()

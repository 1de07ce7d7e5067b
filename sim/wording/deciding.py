"""Deciding in words: results of seeking, choosing and knowing as sentences, for the command line and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sim.figures import chance, exact, figure, money
from sim.outcome import KPIS
from sim.parameters import UNITS, registry
from sim.texts import Words
from sim.wording.drivers import name_of

if TYPE_CHECKING:
    from sim.analysis.choosing import Choice
    from sim.analysis.goals import Target
    from sim.analysis.information import Worth
    from sim.analysis.seeking import Sought

Written = Callable[[str, float, str], str]  # a lever's value in words: its name, the value, the language


def lever_text(name: str, value: float, language: str) -> str:
    """A lever's value as a planner writes it: 80.5 %, 2 s, 6 m CNY a month."""
    unit = registry()[name].unit
    if unit in ("share", "index"):
        return f"{100.0 * value:.5g} %"
    if unit == "CNY/month":
        return money(value, language) + (" a month" if language == "en" else "/月")
    return f"{exact(round(value, 6))} {UNITS[unit][language]}".rstrip()


def seek_says(found: Sought, say: Words, write: Written = lever_text) -> list[str]:
    """The answer in one sentence, and what else there is to know in others."""
    language, unit = say.language, KPIS[found.target.kpi].unit
    on_mean = "_mean" if found.target.probability is None else ""

    def at(value: float) -> str:
        return write(found.lever, value, language)

    told = found.answer or found.best
    kind = "already" if found.already else "found" if found.reachable else "unreachable"
    if on_mean and told.mean is None:  # nowhere in the range
        label, kpi = found.parameter.label[language], KPIS[found.target.kpi].label[language]
        return [say["seek.undefined"].format(lever=label, kpi=kpi, low=at(found.low), high=at(found.high))]
    before = chance(found.standing.share, language)
    if on_mean:
        before = say["seek.undefined_before"] if found.standing.mean is None else figure(found.standing.mean, unit, language)
    lines = [
        say[f"seek.{kind}{on_mean}"].format(
            lever=found.parameter.label[language], value=at(told.value), share=chance(told.share, language),
            mean=figure(told.mean, unit, language), standing=at(found.standing.value), before=before,
            kpi=KPIS[found.target.kpi].label[language], low=at(found.low), high=at(found.high),
        )
    ]
    if found.already and found.holds is not None:
        low, high = found.holds
        whole = found.holds == (found.low, found.high)
        lines.append(say["seek.holds_all" if whole else "seek.holds"].format(low=at(low), high=at(high)))
    elif found.at_bound:
        lines.append(say["seek.at_bound"])
    if len(found.ranges) > 1:
        stretches = [say["seek.stretch"].format(low=at(low), high=at(high)) for low, high in found.ranges]
        lines.append(say["seek.also"].format(count=len(stretches), ranges=("、" if language == "zh" else ", ").join(stretches)))
    return lines


def goal_words(target: Target, say: Words) -> dict[str, str]:
    """The goal's parts for a sentence: its figure, its limit, and how it is judged."""
    item = KPIS[target.kpi]
    limit = ("≥ " if target.sense == "at_least" else "≤ ") + figure(target.value, item.unit, say.language)
    share = target.probability
    how = say["seek.on_mean"] if share is None else say["seek.in_share"].format(share=chance(share, say.language))
    return {"kpi": item.label[say.language], "limit": limit, "how": how}


def choice_says(choice: Choice, titles: Sequence[str], say: Words) -> str:
    """Do the ways of choosing agree, and if not, who says what?"""
    called = dict(zip(choice.names, titles, strict=True))
    if choice.agree:
        return say["choose.agree"].format(name=called[choice.most_named])
    by: dict[str, list[str]] = {}
    for criterion, name in choice.choices.items():
        by.setdefault(name, []).append(say[f"choose.by_{criterion}"])
    comma, semicolon = ("、", "；") if say.language == "zh" else (", ", "; ")
    parts = semicolon.join(say["choose.part"].format(criteria=comma.join(criteria), name=called[name]) for name, criteria in by.items())
    return say["choose.differ"].format(parts=parts[:1].upper() + parts[1:])


def regret_text(value: float, unit: str, language: str) -> str:
    """A regret is a difference: of rates it is in percentage points."""
    return figure(value, unit, language).replace(" %", " pp")


def worth_says(found: Worth, titles: Sequence[str], say: Words) -> list[str]:
    """What knowing is worth, and what to measure first."""
    known, language = found.information, say.language
    best = dict(zip(found.choice.names, titles, strict=True))[found.best]
    if known.everything.value <= 0.0:
        return [say["worth.nothing"].format(best=best)]
    lines = [say["worth.everything"].format(best=best, evpi=money(known.everything.value, language))]
    if known.first is None:
        lines.append(say["worth.none"])
    else:
        label = name_of(known.first, language, say)
        lines.append(say["worth.first"].format(name=label, value=money(known.single[known.first].value, language)))
    if known.close:
        names = ("、" if language == "zh" else ", ").join(name_of(name, language, say) for name in known.close)
        lines.append(say["worth.close"].format(names=names))
    if known.together is not None and known.together.value > 0.0:
        lines.append(say["worth.together"].format(value=money(known.together.value, language)))
    lines.append(say["worth.unfelt"].format(count=len(found.unfelt), all=len(known.single)))
    return lines

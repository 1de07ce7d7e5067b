"""What every number rests on: parameters with their facts, studies and uses, the document's figures, its contradictions, the studies.

Pure values for pages and reports; nothing is formatted and nothing is computed that the registry, the scenario or the model
does not say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.analysis.sensitivity import Drivers, Index, Interval
from sim.analysis.usage import Use, uses
from sim.lanes import NOISE
from sim.linting import GRADES, ROLES
from sim.parameters import STAGES, Contradiction, Fact, Parameter, Study, registry
from sim.scenario import Assumption, Observed, Scenario

SINGLES = 5  # of the strongest mere assumptions


@dataclass(frozen=True, kw_only=True)
class NumberEvidence:
    """A parameter and all that is known of it. `own`: what the plan's file says in its place, None where it says nothing."""

    parameter: Parameter
    own: Assumption | Observed | None
    use: Use
    facts: tuple[Fact, ...]
    studies: tuple[Study, ...]
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True, kw_only=True)
class FactEvidence:
    """A figure of the document, and the model's own, in the document's unit, where the model has one."""

    fact: Fact
    model_value: float | None
    parameter: Parameter | None
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True, kw_only=True)
class StudyEvidence:
    """A study, the parameters whose value rests on it, and the levers whose cost does."""

    study: Study
    values: tuple[Parameter, ...]
    costs: tuple[Parameter, ...]


@dataclass(frozen=True, kw_only=True)
class ContradictionEvidence:
    """Figures that cannot all hold, and the parameters that rest on one of them."""

    contradiction: Contradiction
    facts: tuple[Fact, ...]
    parameters: tuple[Parameter, ...]


def numbers(scenario: Scenario | None = None) -> tuple[NumberEvidence, ...]:
    """Every parameter, in the order of the funnel; `scenario` is the plan whose own values are marked."""
    book, used = registry(), uses()
    own = {} if scenario is None else {**scenario.baseline, **scenario.assumptions}
    found = []
    for parameter in book.entries:
        cited = sources_of(parameter)
        facts = tuple(fact for fact in book.facts if fact.id in cited or fact.parameter == parameter.name)
        found.append(
            NumberEvidence(
                parameter=parameter, own=own.get(parameter.name), use=used[parameter.name], facts=facts,
                studies=tuple(study for study in book.studies if study.id in cited),
                contradictions=_touching({fact.id for fact in facts}),
            )
        )
    return tuple(found)


def sources_of(parameter: Parameter) -> tuple[str, ...]:
    """Where its value comes from, then where its cost does, each once."""
    return tuple(dict.fromkeys((*parameter.sources, *cost_sources(parameter))))


def cost_sources(parameter: Parameter) -> tuple[str, ...]:
    """Where the cost of a lever comes from; nothing for what is no lever."""
    return tuple(parameter.cost.source.replace(" ", "").split(",")) if parameter.cost else ()


def document_figures(rows: Iterable[Mapping[str, object]]) -> tuple[FactEvidence, ...]:
    """Every figure of the document; `rows` as `sim.analysis.documenting.facts` computes them."""
    book = registry()
    values = {row["id"]: row["model_value"] for row in rows}
    return tuple(
        FactEvidence(
            fact=fact, model_value=values.get(fact.id), parameter=book.get(fact.parameter), contradictions=_touching({fact.id})
        )
        for fact in book.facts
    )


def studies() -> tuple[StudyEvidence, ...]:
    """Every study, and what rests on it; many were only weighed."""
    book = registry()
    return tuple(
        StudyEvidence(
            study=study, values=tuple(item for item in book.entries if study.id in item.sources),
            costs=tuple(item for item in book.levers if study.id in cost_sources(item)),
        )
        for study in book.studies
    )


def contradictions() -> tuple[ContradictionEvidence, ...]:
    book = registry()
    return tuple(
        ContradictionEvidence(
            contradiction=item, facts=tuple(book.facts_by_id[name] for name in item.facts),
            parameters=tuple(entry for entry in book.entries if set(item.facts) & set(entry.sources)),
        )
        for item in book.contradictions
    )


def _touching(facts: Collection[str]) -> tuple[Contradiction, ...]:
    return tuple(item for item in registry().contradictions if set(item.facts) & set(facts))


# ------------------------------------------------------------------------------------------------------------ finding


def chosen(
    rows: Sequence[NumberEvidence], *, grades: Collection[str] = (), stages: Collection[str] = (), roles: Collection[str] = (),
    text: str = "", own: bool = False,
) -> tuple[NumberEvidence, ...]:
    """The parameters of these grades, stages and roles (all where none are named) in which every word of a search is found.

    Words are looked for in both languages, in names, helps and sources. `own`: only what the plan's file says itself.
    """
    for given, known in ((grades, GRADES), (stages, STAGES), (roles, ROLES)):
        if unknown := set(given) - set(known):
            raise ValueError(f"{sorted(unknown)} are not among {known}")
    return tuple(
        row
        for row in rows
        if (not grades or row.parameter.grade in grades) and (not stages or row.parameter.stage in stages)
        and (not roles or row.parameter.role in roles) and (row.own is not None or not own) and found_in(text, _words_of(row))
    )


def _words_of(row: NumberEvidence) -> Iterable[str]:
    item = row.parameter
    yield from (item.name, *item.label.values(), *item.help.values(), *sources_of(item))
    for fact in row.facts:
        yield from fact_words(fact)
    for study in row.studies:
        yield from study_words(study)
    if row.own is not None:
        yield row.own.source


def fact_words(fact: Fact) -> tuple[str, ...]:
    """What a search looks for a fact in."""
    return (fact.id, fact.english, fact.chinese, fact.phrase, fact.quantity, fact.parameter, *fact.note.values())


def study_words(study: Study) -> tuple[str, ...]:
    return (study.id, *study.what.values(), study.source, study.address, *study.note.values())


def contradiction_words(row: ContradictionEvidence) -> tuple[str, ...]:
    item = row.contradiction
    quoted = (word for fact in row.facts for word in (fact.english, fact.chinese, fact.phrase))
    return (item.id, *item.facts, *item.says.values(), *item.resolution.values(), *quoted)


def found_in(search: str, words: Iterable[str]) -> bool:
    """Is every word of a search somewhere among the words, whatever their case and spacing?"""
    asked = search.casefold().split()
    if not asked:
        return True
    text = re.sub(r"\s+", " ", "\n".join(words).casefold())
    tight = text.replace(" ", "")  # Chinese is written with and without spaces around figures
    return all(word in text or word in tight for word in asked)


# ------------------------------------------------------------------------------------------------------------ the spread


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What a grade brings to the spread of a figure, as shares of its variance.

    `together`: all its assumptions at once, with their interactions among each other: what would be gone if they were known.
    `single`: the part that each of those with an index of their own brings alone, added up; never more than `together`.
    """

    grade: str
    count: int
    together: Interval
    single: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What the spread of a figure rests on. Rows by falling share; `between`: what no grade brings without another one."""

    rests: tuple[Rest, ...]
    between: float


def spread_of(drivers: Drivers) -> Spread:
    """The grades' shares of a figure's variance; none where it is not defined or the same in every draw."""
    if not drivers.defined or not drivers.sd:
        return Spread(rests=(), between=0.0)
    book, rests = registry(), []
    for row in drivers.grades:
        names = [index for index in drivers.sobol if (index.name if index.name == NOISE else book[index.name].grade) == row.grade]
        alone = sum(max(0.0, index.first.value) for index in names if not index.bounded)
        share = max(0.0, row.share.value)
        rests.append(Rest(grade=row.grade, count=row.count, together=row.share, single=share if row.grade == NOISE else min(share, alone)))
    rests.sort(key=lambda rest: -rest.together.value)
    return Spread(rests=tuple(rests), between=max(0.0, 1.0 - sum(max(0.0, rest.together.value) for rest in rests)))


def mere_assumptions(drivers: Drivers, *, most: int = SINGLES, least: float = 0.005) -> tuple[Index, ...]:
    """The strongest assumptions that rest on nothing measured, by their share in all; those below `least` are left out."""
    book = registry()
    rows = [row for row in drivers.sobol if row.name != NOISE and book[row.name].grade == "assumption" and row.total.value >= least]
    return tuple(rows[:most])

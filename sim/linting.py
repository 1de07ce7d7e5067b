"""Checks of the registry itself: run by the tests, and worth running after every edit of a number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite

from sim.errors import nearest
from sim.parameters import CATEGORIES, GROUPS, STAGES, UNITS, Cost, Parameter, Registry, Study

ROLES = ("lever", "uncertainty", "constant", "pinned")
GRADES = ("document", "measured", "study", "vendor", "assumption")
DISTRIBUTIONS = ("pert", "uniform", "lognormal", "chance")
FORMS = ("value", "effort", "proportional", "absolute")
BASES = ("change", "parcel", "budget", "spend", "none")
FACT_ROLES = ("input", "target", "effect", "cost", "plan", "context")
FACT_STATUSES = ("used", "reproduced", "shown")
STUDY_GRADES = ("official", "study", "survey", "vendor", "press", "document", "none")  # who says it
STUDY_BASES = ("stated", "discounted", "solved", "derived", "sign", "document", "memory", "guessed")  # how the value came from it
_SOURCE = re.compile(r"F\d{3}|R\d{2}|assumption|derived")
_STUDY = re.compile(r"\bR\d{2}\b")
_FACT = re.compile(r"\bF\d{3}\b")
_ADDRESS = re.compile(r"https?://[^\s\"<>]+")
_PLACEHOLDER = re.compile(r"TODO|TBD|FIXME|XXX|lorem|placeholder|\?\?|待定|待补|占位", re.IGNORECASE)


def problems(registry: Registry) -> list[str]:
    """What is wrong, one sentence each."""
    counted = Counter(parameter.name for parameter in registry.entries)
    dimensions = Counter(parameter.dimension for parameter in registry.entries if parameter.dimension is not None)
    found = [f"{name}: appears {times} times" for name, times in counted.items() if times > 1]
    found += [f"dimension {number} belongs to {times} parameters" for number, times in dimensions.items() if times > 1]
    for parameter in registry.entries:
        checks = (*_number_problems(parameter), *_role_problems(parameter), *_origin_problems(parameter, registry))
        texts = (*_text_problems("label", parameter.label), *_text_problems("help", parameter.help))
        found += [f"{parameter.name}: {problem}" for problem in (*checks, *texts)]
        if parameter.cost is not None:
            found += [f"{parameter.name}: cost {problem}" for problem in _cost_problems(parameter.cost, parameter, registry)]
    return found + _fact_problems(registry) + _contradiction_problems(registry) + _studies_problems(registry)


def _number_problems(p: Parameter) -> Iterator[str]:
    values = p.value if isinstance(p.value, tuple) else (p.value,)
    lowest, highest = p.bounds
    if not all(isfinite(number) for number in (*values, *p.bounds)) or lowest >= highest or not values:
        yield "has a value or bounds that are not finite and ordered"
    if any(not lowest <= number <= highest for number in values):
        yield f"value {p.value} is outside its bounds {p.bounds}"
    if p.unit not in UNITS:
        yield f"unit {p.unit!r} is not known.{nearest(p.unit, UNITS)}"
    if p.whole and any(isfinite(number) and number % 1 for number in (*values, *p.bounds)):
        yield "is whole but has a fraction"
    if not p.uncertain:
        if p.distribution is not None or p.dimension is not None:
            yield "has a distribution or a dimension but no range"
        return
    if p.distribution not in DISTRIBUTIONS:
        yield f"distribution {p.distribution!r} is not one of {', '.join(DISTRIBUTIONS)}"
    if not isinstance(p.dimension, int) or p.dimension < 1:
        yield "is uncertain but has no dimension from 1 up"
    if p.low is None or p.high is None or isinstance(p.value, tuple) or not p.low <= p.value <= p.high or p.low >= p.high:
        yield "needs low <= best <= high and low < high"
    elif not (lowest <= p.low and p.high <= highest):
        yield f"range {p.low} to {p.high} leaves its bounds {p.bounds}"
    if p.distribution == "lognormal" and not (p.low or 0) > 0:
        yield "is lognormal but its low is not positive"
    if p.distribution == "chance" and (p.low, p.high) != (0, 1):
        yield "is a chance, so low and high are 0 and 1"


def _role_problems(p: Parameter) -> Iterator[str]:
    if p.stage not in STAGES or not p.key:
        yield f"does not belong to a stage ({', '.join(STAGES)})"
    if p.role not in ROLES:
        yield f"role {p.role!r} is not one of {', '.join(ROLES)}"
    if p.role == "uncertainty" and not p.uncertain:
        yield "is an uncertainty without a range"
    if p.role in ("constant", "pinned") and p.uncertain:
        yield f"is {p.role} but has a range"
    if p.role != "lever":
        if p.cost is not None or p.expect is not None or p.group or p.form != "value" or p.min_ramp_days:
            yield "is no lever but has the cost, expected sign, group or form of one"
        return
    if p.cost is None:
        yield "is a lever without a cost"
    if p.expect not in ("+", "-", "either"):
        yield f"expects {p.expect!r}, allowed are +, - and either"
    if (p.expect == "either") != bool(p.reason):
        yield "needs a reason exactly when it may go either way"
    if p.group not in GROUPS:
        yield f"group {p.group!r} is not one of {', '.join(GROUPS)}"
    if p.form not in FORMS:
        yield f"form {p.form!r} is not one of {', '.join(FORMS)}"
    if p.form == "effort" and (p.value != 0 or p.unit != "CNY/month" or p.cost is None or p.cost.basis != "budget"):
        yield "is an effort: its value starts at 0 CNY/month and is its own cost"
    if (p.form == "proportional") != p.uncertain:
        yield "is proportional exactly when its baseline is uncertain"


def _origin_problems(item: Parameter | Cost, registry: Registry) -> Iterator[str]:
    sources = [part.strip() for part in item.source.split(",")]
    for source in sources:
        if not _SOURCE.fullmatch(source):
            yield f"source {source!r} is not F000, R00, assumption or derived"
        elif source.startswith("F") and source not in registry.facts_by_id:
            yield f"source {source} is no fact of the document"
        elif source.startswith("F") and registry.facts_by_id[source].status == "shown":
            yield f"source {source} is a fact that is said to be only shown"
        elif source.startswith("R") and source not in registry.studies_by_id:
            yield f"source {source} is not in the table of studies"
    if item.grade not in GRADES:
        yield f"grade {item.grade!r} is not one of {', '.join(GRADES)}"
    needed = {"document": "F", "measured": "R", "study": "R", "vendor": "R"}.get(item.grade, "")
    if not any(source.startswith(needed) for source in sources):
        yield f"is graded {item.grade} but names no source of that kind"


def _cost_problems(cost: Cost, lever: Parameter, registry: Registry) -> Iterator[str]:
    yield from _origin_problems(cost, registry)
    if cost.basis not in BASES:
        yield f"basis {cost.basis!r} is not one of {', '.join(BASES)}"
    amounts = (cost.once, cost.per_month, cost.per_unit)
    if not all(isfinite(amount) and amount >= 0 for amount in amounts) or not cost.per.strip():
        yield "needs amounts from 0 up and the thing it is paid per"
    if isinstance(cost.units, str):
        if cost.units != "desks" and cost.units not in registry:
            yield f"units {cost.units!r} are neither a number, a parameter nor desks.{nearest(cost.units, registry)}"
    elif not (isfinite(cost.units) and cost.units > 0):
        yield "units must be above 0"
    if (cost.basis in ("change", "parcel")) != (cost.per_unit > 0):
        yield "has a price per unit exactly when its basis is change or parcel"
    if cost.full_change is not None and not cost.full_change > 0:
        yield "full_change must be above 0"
    if not any(amounts) and cost.basis == "none" and cost.source != "derived":
        yield "is nothing at all; say derived if it is booked elsewhere"
    if cost.category and (cost.basis != "parcel" or cost.category not in CATEGORIES):
        yield "names a category that is not known, or without parcels"
    if cost.basis == "budget" and lever.form != "effort":
        yield "is the budget of a lever that is no effort"


def _text_problems(field: str, texts: Mapping[str, str]) -> Iterator[str]:
    for language in ("en", "zh"):
        text = texts.get(language, "")
        if not text.strip():
            yield f"{field} has no {language} text"
        elif _PLACEHOLDER.search(text):
            yield f"{field} has a placeholder in {language}"
    if not any("\u4e00" <= letter <= "\u9fff" for letter in texts.get("zh", "中")):
        yield f"{field} has no Chinese in zh"
    try:  # this old code page has no traditional characters
        "".join(letter for letter in texts.get("zh", "") if "\u4e00" <= letter <= "\u9fff").encode("gb2312")
    except UnicodeEncodeError as error:
        yield f"{field} has the traditional character {error.object[error.start]}"


def _fact_problems(registry: Registry) -> list[str]:
    origins = ((p.name, item.source) for p in registry.entries for item in (p, p.cost) if item)
    named = {(source, name) for name, listed in origins for source in listed.replace(" ", "").split(",")}
    together = {(a, b) for contradiction in registry.contradictions for a in contradiction.facts for b in contradiction.facts}
    counted = Counter(fact.id for fact in registry.facts)
    found = [f"{name}: appears {times} times" for name, times in counted.items() if times > 1]
    for fact in registry.facts:
        problems = [*_text_problems("words", {"en": fact.english, "zh": fact.chinese}), *_text_problems("note", fact.note)]
        if fact.role not in FACT_ROLES or fact.status not in FACT_STATUSES:
            problems.append(f"role {fact.role!r} or status {fact.status!r} is not known")
        if fact.status == "shown" and fact.parameter:
            problems.append("is only shown but names a parameter")
        if fact.status != "shown" and (fact.id, fact.parameter) not in named:
            problems.append(f"is {fact.status}, but {fact.parameter or 'no parameter'} does not name it as source")
        for other in fact.contradicts:
            if other not in registry.facts_by_id or fact.id not in registry.facts_by_id[other].contradicts:
                problems.append(f"contradicts {other}, which does not say so")
            elif (fact.id, other) not in together:
                problems.append(f"contradicts {other} without an entry in the contradictions")
        found += [f"{fact.id}: {problem}" for problem in problems]
    return found


def _contradiction_problems(registry: Registry) -> list[str]:
    found = []
    for item in registry.contradictions:
        unknown = [fact for fact in item.facts if fact not in registry.facts_by_id]
        problems = [f"fact {fact} does not exist" for fact in unknown] or ([] if item.facts else ["names no fact"])
        problems += [*_text_problems("says", item.says), *_text_problems("resolution", item.resolution)]
        found += [f"contradiction {item.id}: {problem}" for problem in problems]
    return found


def _studies_problems(registry: Registry) -> list[str]:
    counted = Counter(study.id for study in registry.studies)
    found = [f"{name}: appears {times} times" for name, times in counted.items() if times > 1]
    for study in registry.studies:
        texts = (*_text_problems("what", study.what), *_text_problems("note", study.note))
        found += [f"{study.id}: {problem}" for problem in (*_study_problems(study, registry), *texts)]
    cited = ((fact.id, source) for fact in registry.facts for source in _STUDY.findall(" ".join(fact.note.values())))
    return found + [f"{fact}: its note names {source}, which is not in the table of studies" for fact, source in cited
                    if source not in registry.studies_by_id]


def _study_problems(study: Study, registry: Registry) -> Iterator[str]:
    if not _STUDY.fullmatch(study.id):
        yield "is not named R and two digits"
    if study.grade not in STUDY_GRADES:
        yield f"grade {study.grade!r} is not one of {', '.join(STUDY_GRADES)}"
    if study.basis not in STUDY_BASES:
        yield f"basis {study.basis!r} is not one of {', '.join(STUDY_BASES)}"
    if bool(study.source.strip()) == (study.grade == "none"):
        yield "names a source exactly when its grade is not none"
    if study.address and not _ADDRESS.fullmatch(study.address):
        yield f"address {study.address!r} is no http address"
    if study.unit and study.unit not in UNITS:
        yield f"unit {study.unit!r} is not known.{nearest(study.unit, UNITS)}"
    ends = [end for end in (study.low, study.value, study.high) if end is not None]
    if not all(isfinite(end) for end in ends) or ends != sorted(ends):
        yield "needs low <= value <= high"
    for fact in _FACT.findall(study.source):
        if fact not in registry.facts_by_id:
            yield f"source {fact} is no fact of the document"

"""What a number, its source, its use and its cost are called: from the evidence (values) to words."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from sim.analysis.usage import CHANGE, EVENT, Use
from sim.evidence import NumberEvidence
from sim.figures import MINUS, MISSING, exact, money
from sim.outcome import KPIS
from sim.parameters import UNITS, Cost, Fact, Parameter, Study, registry
from sim.scenario import Assumption, Observed
from sim.texts import Words, words

Value = float | tuple[float, ...] | None
BARE = ("exponent", "index", "log", "log/star", "")
MONTHLY = "CNY/month"
DIGITS = 4  # as the registry writes its numbers; a value is never shown with more than it has
MEASURES = (  # what it would take to know a number: the first that fits
    ("returns.rate_*", "returns_rate"), ("traffic.*_return", "returns_rate"),
    ("*_effect", "pilot"), ("traffic.*_lift", "pilot"), ("detail_page.*_lift", "pilot"), ("detail_page.ar_*", "pilot"),
    ("detail_page.filter_flatter", "pilot"), ("returns.late_*", "lateness"), ("fulfilment.cancel_late", "lateness"),
    ("returns.*", "returns_reason"), ("closure.gmv_weight_*", "category_sales"), ("*value_*", "category_sales"),
    ("traffic.*_value", "category_sales"), ("closure.conversion_level_*", "tracking"), ("traffic.order_factor_*", "tracking"),
    ("detail_page.click_share", "tracking"), ("traffic.*_conversion", "tracking"), ("traffic.*_reach", "pilot"),
    ("detail_page.load_sigma", "page_times"), ("detail_page.*", "page_test"), ("service.kept_if_abandoned", "desk_orders"),
    ("service.asks_share", "desk_orders"), ("service.*", "desk_log"), ("payment.*", "acquirer"), ("money.*", "finance"),
    ("traffic.paid_elasticity", "ad_test"), ("traffic.cpm_volume", "ad_test"), ("traffic.adstock_week", "ad_test"),
    ("traffic.discount_elasticity", "price_test"), ("traffic.pull_forward", "past_events"), ("traffic.repay_rate", "past_events"),
    ("traffic.store_hours_exponent", "past_weeks"), ("memory.*", "cohort"), ("noise.*", "daily"), ("*", "other"),
)  # fmt: skip
PRICED = {  # (basis, unit of the lever): how a price per unit is said
    ("change", "h/month"): "hour", ("change", "share"): "point", ("change", "seats"): "seat", ("parcel", "share"): "reached",
    ("parcel", "sites"): "parcel",
}  # fmt: skip
FACT_FORMS = {"pp": "points", "s": "seconds", "h": "hours", "x": "times", "orders/yr": "a_year", "CNY/UV": "per_viewer"}


# ------------------------------------------------------------------------------------------------------------ numbers


def number_text(value: Value, unit: str, language: str) -> str:
    """A number in the reader's terms, with its unit: 0.17 share -> "17 %", 8.5e10 CNY/quarter -> "CNY 85.0 bn a quarter"."""
    if value is None:
        return MISSING
    if isinstance(value, tuple):
        return joined([number_text(part, unit, language) for part in value], " / ")
    if unit in ("share", "chance"):
        return f"{_digits(100.0 * value)} %"
    if unit == "switch":
        return words(language)["say.yes" if value else "say.no"]
    if unit in BARE:
        return _digits(value)
    if unit.startswith("CNY"):
        return _money(value, unit, language)
    behind = UNITS.get(unit, {language: unit})[language]
    if language == "zh" and abs(value) >= 10_000:
        return f"{_digits(value / 10_000)} 万{behind}"
    return f"{_digits(value)} {behind}".rstrip()


def _money(value: float, unit: str, language: str) -> str:
    amount = money(value, language) if abs(value) >= 10_000 else f"{_digits(value)} 元" if language == "zh" else f"CNY {_digits(value)}"
    return amount + (UNITS[unit][language].removeprefix("CNY").removeprefix("元") if unit != "CNY" else "")


def _digits(value: float) -> str:
    text = exact(float(f"{abs(value):.{DIGITS}g}"))
    whole, dot, part = text.partition(".")
    shown = f"{int(whole):,}{dot}{part}" if len(whole) > 3 and whole.isdigit() else text
    return MINUS + shown if value < 0 else shown


def joined(texts: Sequence[str], between: str) -> str:
    """Numbers in a row, what they begin and end with said once: "CNY 2.1 – 9.5 a parcel", "180 – 480 s"."""
    parts = [text.split(" ") for text in texts]
    behind = _common_end(parts)
    parts = [part[: len(part) - behind] for part in parts[:-1]] + [parts[-1]]
    shown = [" ".join(part) for part in parts]
    return between.join([shown[0], *(text.removeprefix("CNY ") for text in shown[1:])])


def _common_end(parts: Sequence[Sequence[str]]) -> int:
    """How many words all of them end with, the number itself apart."""
    count = 0
    while all(len(part) > count + 1 for part in parts) and len({part[-1 - count] for part in parts}) == 1:
        if any(letter.isdigit() for letter in parts[0][-1 - count]):
            break
        count += 1
    return count


def quantity(value: Value, parameter: Parameter, language: str) -> str:
    """A value of a parameter: factors that only ever take away or add a part are read in per cent, as levers on today's level are."""
    if parameter.unit == "index" and parameter.role == "lever" and not isinstance(value, tuple) and value is not None:
        return {"en": f"{_digits(100.0 * value)} % of today", "zh": f"今日的 {_digits(100.0 * value)} %"}[language]
    return number_text(value, "share" if _in_per_cent(parameter) else parameter.unit, language)


def _in_per_cent(parameter: Parameter) -> bool:
    ends = (parameter.value, parameter.low, parameter.high)
    return parameter.unit == "factor" and all(not isinstance(end, tuple) and (end is None or end <= 1.0) for end in ends)


def value_of(parameter: Parameter, language: str) -> str:
    return quantity(parameter.value, parameter, language)


def range_of(parameter: Parameter, language: str) -> str:
    """From its low to its high; nothing for a number that is not drawn, nor for a chance, whose value says it all."""
    if not parameter.uncertain or parameter.distribution == "chance":
        return ""
    return joined([quantity(end, parameter, language) for end in (parameter.low, parameter.high)], " – ")


def own_text(own: Assumption | Observed, parameter: Parameter, say: Words) -> str:
    """What the plan's file says in place of the registry."""
    if isinstance(own, Observed):
        return quantity(own.value, parameter, say.language)
    best = quantity(own.best, parameter, say.language)
    if own.fixed:
        return best
    ends = joined([quantity(end, parameter, say.language) for end in (own.low, own.high)], " – ")
    return f"{best}（{ends}）" if say.language == "zh" else f"{best} ({ends})"


# ------------------------------------------------------------------------------------------------------------ use and cost


def equations_of(use: Use, say: Words) -> list[str]:
    return [say[f"equations.{name}"] for name in use.equations]


def listed(names: Sequence[str], say: Words, *, most: int = 99) -> str:
    """Names one after the other; beyond `most` their number."""
    shown = ("、" if say.language == "zh" else ", ").join(names[:most])
    rest = len(names) - most
    if rest <= 0:
        return shown
    more = say["evidence.more"].format(count=len(names) if say.language == "zh" else rest)
    return f"{shown}{'' if say.language == 'zh' else ' '}{more}"


def conditions_of(use: Use, say: Words) -> list[str]:
    """The levers without which it is not felt, by their labels."""
    known = {EVENT: say["evidence.an_event"], CHANGE: say["evidence.any_change"]}
    return [known.get(name) or registry()[name].label[say.language] for name in use.only_with]


def used_text(row: NumberEvidence, say: Words) -> str:
    """Where it is used, for a cell: the equations, and the levers that it takes."""
    found = listed(equations_of(row.use, say), say) or MISSING
    needed = [name for name in conditions_of(row.use, say) if row.use.only_with != (CHANGE,)]
    return f"{found} · {say['evidence.used_with'].format(levers=listed(needed, say, most=2))}" if needed else found


def use_in_words(row: NumberEvidence, say: Words) -> list[str]:
    """Where it is used, in sentences."""
    use, lines = row.use, []
    equations = [text for name, text in zip(use.equations, equations_of(use, say), strict=True) if name != "costs" or not use.prices]
    if equations:
        lines.append(say["evidence.read_by"].format(equations=listed(equations, say)))
    if use.prices:
        levers = [registry()[name].label[say.language] for name in use.prices]
        lines.append(say["evidence.prices"].format(levers=listed(levers, say)))
    if not lines:
        lines.append(say["evidence.read_by_none"])
    if use.moves:
        figures = [KPIS[name].label[say.language] for name in use.moves]
        lines.append(say["evidence.moves"].format(figures=listed(figures, say)))
    if use.only_with == (CHANGE,):
        lines.append(say["evidence.only_change"])
    elif use.only_with:
        lines.append(say["evidence.only_with"].format(levers=listed(conditions_of(use, say), say)))
    if use.equations == ("noise",):
        lines.append(say["evidence.only_noise"])
    return lines


def cost_in_words(lever: Parameter, say: Words) -> list[str]:
    """What moving a lever costs, in sentences; nothing for what is no lever."""
    cost = lever.cost
    if cost is None:
        return []
    language, stop = say.language, "。" if say.language == "zh" else "."
    if cost.basis in ("budget", "spend"):
        return [say[f"evidence.cost_{cost.basis}"]]
    lines = []
    fixed = [
        say[f"evidence.cost_{key}"].format(amount=number_text(amount, "CNY", language))
        for key, amount in (("once", cost.once), ("month", cost.per_month)) if amount
    ]
    per = say[f"cost_per.{cost.per}"]
    if fixed:
        space = "" if language == "zh" else " "
        text = ("，" if language == "zh" else ", ").join(fixed) + space + say["evidence.cost_each"].format(per=per)
        if isinstance(cost.units, str) or cost.units != 1.0:
            text += say[f"evidence.cost_units{'_of' if isinstance(cost.units, str) else ''}"].format(units=_units(cost, say))
        if cost.full_change and not (cost.full_change == 1.0 and lever.unit == "sites"):  # what it is paid per says so already
            text += say["evidence.cost_full"].format(change=_change(cost.full_change, lever, say))
        lines.append(text[:1].upper() + text[1:] + stop)
    if cost.per_unit:
        by_point = cost.basis == "change" and lever.unit == "share"  # a share's price is that of all of it
        amount = number_text(cost.per_unit * (0.01 if by_point else 1.0), "CNY", language)
        text = say[f"evidence.cost_{PRICED[cost.basis, lever.unit]}"].format(amount=amount, per=per, units=_units(cost, say))
        lines.append(text + stop)
    return lines or [say["evidence.cost_none"]]


def _change(change: float, lever: Parameter, say: Words) -> str:
    """A difference of a lever: of shares in points."""
    if lever.unit == "share":
        return say["fact_unit.points"].format(value=_digits(100.0 * change))
    return quantity(change, lever, say.language) if lever.unit != "index" else f"{_digits(100.0 * change)} %"


def _units(cost: Cost, say: Words) -> str:
    if cost.units == "desks":
        return say["evidence.cost_desks"]
    return value_of(registry()[cost.units], say.language) if isinstance(cost.units, str) else _digits(cost.units)


# ------------------------------------------------------------------------------------------------------------ sources


def source_text(parameter: Parameter, say: Words) -> str:
    """The ids of its sources, or that there is none; for a cell."""
    named = [source for source in parameter.sources if source[0] in "FR" and source[1:].isdigit()]
    return listed(named, say) or say["evidence.is_derived" if parameter.source == "derived" else "grade.assumption"]


def study_value(study: Study, language: str) -> str:
    if study.value is None:
        return MISSING
    text = number_text(study.value, study.unit, language)
    if study.low is None or study.high is None:
        return text
    ends = joined([number_text(end, study.unit, language) for end in (study.low, study.high)], " … " if study.low < 0 else " – ")
    return f"{text} ({ends})" if language == "en" else f"{text}（{ends}）"


def fact_words(fact: Fact, language: str) -> str:
    return fact.chinese if language == "zh" else fact.english


def fact_value(value: object, unit: str, say: Words) -> str:
    """A fact's number in the reader's terms; nothing where it is no number or its unit stands only in the document's words."""
    if isinstance(value, list | tuple):
        shown = [fact_value(part, unit, say) for part in value]
        return joined(shown, " / ") if all(shown) else ""
    if not isinstance(value, int | float):
        return ""
    if unit == "bn CNY/quarter":
        return number_text(1e9 * value, "CNY/quarter", say.language)
    form = "per_cent" if unit.startswith("%") else FACT_FORMS.get(unit.partition(" (")[0])
    return "" if form is None else say[f"fact_unit.{form}"].format(value=exact(float(f"{value:.3g}")))


def measured_by(name: str, say: Words) -> str:
    """What it would take to know a number."""
    return say["measure." + next(key for pattern, key in MEASURES if fnmatch(name, pattern))]

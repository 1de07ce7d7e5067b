"""What a scenario may say: each rule once, used for files, for --set and --assume, and for a changed horizon.

`fault(field, says)` makes the error for one field of the entry under check; the caller knows the file and the line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sim.errors import UserError, nearest
from sim.parameters import Parameter, Registry

if TYPE_CHECKING:
    from sim.scenario.values import Assumption, Event, LeverSetting, Profile, Scenario

Fault = Callable[[str, str], UserError]

FEWEST_DAYS, MOST_DAYS = 1, 732
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)  # keeps every calendar sum inside what a date can hold
MOST_RAMP_DAYS = 732
LARGEST_FACTOR = 20.0  # of an event
MOST_MONEY = 1e15  # CNY; no plan costs more, and no table could show it
LEAST_FACTOR = 0.001  # of a weekday or month: a shop that nobody visits has no funnel
OFF_ONE = 0.005  # how far the mean of rounded factors may lie from 1
MOST_LOG = math.log(LARGEST_FACTOR)  # of a shop's level, and of all the growth that a trend can bring
STEEPEST = 0.1  # trend: log growth a day
LONGEST_HALF_LIFE = 3660.0  # days
SLACK = 1e-9  # relative; 0.39 + 0.56 must not fail on its last bit

_STEM_FORBIDDEN = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_STEM_LETTERS = ("L", "M", "N")  # Unicode categories: letters, their marks, digits


def shown(value: object) -> str:
    """A value as a sentence can carry it: short, printable, never failing on a number of 5,000 digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 10**15:
        return f"a whole number of about {round(value.bit_length() * 0.30103):,} digits"
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    if isinstance(value, str):
        printable = value if value.isprintable() else ascii(value)[1:-1]
        return f'the text "{printable if len(printable) <= 60 else printable[:57] + "..."}"'
    if isinstance(value, datetime):
        return "a date with a time of day"
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    if isinstance(value, time):
        return "a time of day"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def number(value: object, field: str, fault: Fault, *, unit: str = "") -> float:
    """A finite number; true is not 1, and text is not a number."""
    wanted = f"a number is expected{f' (in {unit})' if unit else ''}"
    if isinstance(value, str):
        raise fault(field, f"{wanted}, not {shown(value)}.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise fault(field, f"{wanted}, not {shown(value)}.")
    try:
        result = float(value)
    except OverflowError:
        raise fault(field, f"{wanted} below 1e308, not {shown(value)}.") from None
    if not math.isfinite(result):
        raise fault(field, f"{wanted} that is finite, not {result}.")
    return result + 0.0  # no negative zero


def within(value: float, low: float | None, high: float | None, field: str, fault: Fault, *, unit: str = "", what: str = "") -> float:
    """`value`, if it lies in [low, high]."""
    below = low is not None and value < low - SLACK * max(1.0, abs(low))
    above = high is not None and value > high + SLACK * max(1.0, abs(high))
    if below or above:
        raise fault(field, f"{what or shown(value)} is out of bounds; {span(low, high, unit)} is allowed.")
    return value


def span(low: float | None, high: float | None, unit: str = "") -> str:
    behind = f" {unit}" if unit else ""
    if high is None:
        return f"{shown(low)} or more{behind}"
    return f"at most {shown(high)}{behind}" if low is None else f"{shown(low)} to {shown(high)}{behind}"


def whole_number(value: object, field: str, fault: Fault, *, low: int, high: int, unit: str) -> int:
    result = number(value, field, fault, unit=unit)
    if result != int(result):
        raise fault(field, f"a whole number of {unit} is expected, not {shown(result)}.")
    return int(within(result, low, high, field, fault, unit=unit))


def day(value: object, field: str, fault: Fault) -> date:
    """A calendar day: not text, not a moment."""
    if isinstance(value, datetime) or not isinstance(value, date):
        hint = "without quotes" if isinstance(value, str) else "without a time of day"
        raise fault(field, f"a date {hint} is expected, such as 2024-01-15, not {shown(value)}.")
    if not FIRST_DAY <= value <= LAST_DAY:
        raise fault(field, f"{value.isoformat()} is out of bounds; {FIRST_DAY.isoformat()} to {LAST_DAY.isoformat()} is allowed.")
    return value


def line_of_text(value: object, field: str, fault: Fault, *, needed: bool = False, rows: bool = False) -> str:
    """Printable text; one row unless `rows`; not empty where `needed`."""
    if not isinstance(value, str):
        raise fault(field, f"text in quotes is expected, not {shown(value)}.")
    if needed and not value.strip():
        raise fault(field, "must not be empty.")
    for letter in value:
        if letter in "\n\t" and rows:
            continue
        if not letter.isprintable() and (ord(letter) < 32 or 127 <= ord(letter) < 160 or 0xD800 <= ord(letter) < 0xE000):
            says = "one row of text is expected" if letter == "\n" else f"the control character U+{ord(letter):04X} is not allowed"
            raise fault(field, f"{says}.")
    return value


def last_day(start: date, days: int) -> date:
    return start + timedelta(days=days - 1)


def horizon_says(start: date, days: int) -> str:
    return f"the horizon {start.isoformat()} to {last_day(start, days).isoformat()} ({days} {'day' if days == 1 else 'days'})"


def inside(value: date, start: date, days: int, field: str, fault: Fault) -> None:
    if not start <= value <= last_day(start, days):
        raise fault(field, f"{value.isoformat()} is outside {horizon_says(start, days)}.")


def suggestion(name: str, known: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    """' Did you mean "x"?' or ''. A name of absurd length is not compared: that would take minutes."""
    return nearest(name, known) if len(name) <= 200 else ""


def unknown_name(name: str, role: str, registry: Registry) -> str:
    """Why `name` is not one of the registry's names in this role ("lever", "assumption", "baseline"), and what was meant."""
    allowed = names_of(role, registry)
    kind = {"lever": "a lever", "assumption": "an assumption", "baseline": "a total, constant or lever"}[role]
    if name in registry:
        for other, home in (("lever", "[levers] or --set"), ("assumption", "[assumptions] or --assume"), ("baseline", "[baseline]")):
            if name in names_of(other, registry):
                return f"is not {kind}: it belongs under {home}."
        return f"is not {kind}."
    listed = f" `whatif params{' --role lever' if role == 'lever' else ''}` lists what there is."
    return f"no such {kind.partition(' ')[2]}.{suggestion(name, allowed) or listed}"


def names_of(role: str, registry: Registry) -> list[str]:
    """Names that may stand under [levers], [assumptions] or [baseline]."""
    if role == "lever":
        return [parameter.name for parameter in registry.levers]
    if role == "assumption":
        return [name for name, parameter in registry.items() if may_assume(parameter)]
    return [name for name, parameter in registry.items() if may_observe(parameter)]


def may_assume(parameter: Parameter) -> bool:
    return parameter.role == "uncertainty" or parameter.uncertain


def may_observe(parameter: Parameter) -> bool:
    """Totals, constants and the value of a lever today.

    Not a programme's budget (0 today: what runs already is in the traffic), the ad budget (an index, 1 today), the median load
    time (solved from the share of slow loads, which may be observed) or the clock (evenings are the peak of every shop here).
    """
    if parameter.unit == "hours":
        return False
    if parameter.role == "lever":
        return parameter.form not in ("effort", "absolute") and parameter.name != "traffic.paid_budget"
    return parameter.role in ("pinned", "constant")


# What the parcels, the clock and the calendar are made of is computed once for all draws.
ONE_FOR_ALL = frozenset({
    "returns.window_d", "returns.lag_median_d", "returns.lag_sigma", "returns.lag_days_max", "service.peak_hours", "service.hour_counts",
    "service.hour_weights", "service.answer_target_s", "service.answer_target_share", "closure.reference_days", "money.month_days",
})


def may_draw(parameter: Parameter) -> bool:
    """Can a posterior give it, another value in every draw? Assumptions, totals and constants, but for parcels, clock and calendar."""
    if parameter.uncertain or parameter.role == "pinned":
        return True
    return parameter.role == "constant" and parameter.stage != "fulfilment" and parameter.name not in ONE_FOR_ALL


def unit_of(parameter: Parameter) -> str:
    return "" if parameter.unit in ("", "count") else parameter.unit


def check_lever(parameter: Parameter, setting: LeverSetting, *, baseline: float, start: date, days: int, fault: Fault) -> None:
    """Bounds of where the lever ends, and its calendar."""
    form, amount, unit = setting.form, setting.amount, unit_of(parameter)
    if parameter.form == "effort" and form == "scale":
        raise fault("scale", f"a budget that starts at 0 cannot be scaled; use to or add (in {unit}).")
    if form == "scale" and baseline == 0:
        raise fault("scale", "the baseline is 0, which no scale moves; use to or add.")
    number(amount, form, fault, unit=unit)
    target = number(setting.target(baseline), form, fault, unit=unit)
    low, high = parameter.bounds
    gives = shown(amount) if form == "to" else f"{form} = {shown(amount)} on the baseline of {shown(baseline)} gives {shown(target)}, which"
    within(target, low, high, form, fault, unit=unit, what=gives)
    if parameter.whole and abs(target - round(target)) > SLACK * max(1.0, abs(target)):
        raise fault(form, f"{gives} must be a whole number." if form == "to" else f"{gives} is not a whole number.")
    if not 0 < setting.coverage <= 1:
        raise fault("coverage", f"{shown(setting.coverage)} is out of bounds; above 0 and at most 1 is allowed.")
    if setting.ramp_days < parameter.min_ramp_days:
        raise fault(
            "ramp_days", f"{setting.ramp_days} is too fast for this lever; {parameter.min_ramp_days} to {MOST_RAMP_DAYS} days is allowed."
        )
    if setting.start is not None:
        inside(setting.start, start, days, "start", fault)
    if setting.until is not None:
        first = setting.start or start
        if setting.until < first:
            raise fault("until", f"{setting.until.isoformat()} is before the lever's start, {first.isoformat()}.")
        inside(setting.until, start, days, "until", fault)


def check_assumption(parameter: Parameter, assumed: Assumption, fault: Fault) -> None:
    """Bounds and order of low, best, high."""
    low, high = parameter.bounds
    unit = unit_of(parameter)
    if (assumed.low is None) != (assumed.high is None):
        given, missing = ("low", "high") if assumed.high is None else ("high", "low")
        raise fault(given, f"{given} needs {missing} beside it; best alone fixes the assumption in every draw.")
    for field in ("low", "best", "high"):
        value = getattr(assumed, field)
        if value is not None:
            within(number(value, field, fault, unit=unit), low, high, field, fault, unit=unit)
    if assumed.low is not None and assumed.high is not None:
        if parameter.distribution == "chance":
            raise fault("low", "a chance has no low and high; give best, its probability (1 = always, 0 = never).")
        if not assumed.low <= assumed.best <= assumed.high:
            raise fault("best", f"low <= best <= high is needed, not {shown(assumed.low)}, {shown(assumed.best)}, {shown(assumed.high)}.")
        if parameter.distribution == "lognormal" and assumed.low <= 0:
            raise fault("low", "must be above 0: this assumption varies by factors.")


def check_observed(parameter: Parameter, value: object, fault: Fault) -> float | tuple[float, ...]:
    """A total, constant or lever baseline in place of the registry's: the same shape, inside the same bounds."""
    unit, (low, high) = unit_of(parameter), parameter.bounds
    if isinstance(parameter.value, tuple):
        length = len(parameter.value)
        if not isinstance(value, (list, tuple)):
            raise fault("value", f"a list of {length} numbers is expected, not {shown(value)}.")
        if len(value) != length:
            raise fault("value", f"a list of {length} numbers is expected, not of {len(value)}.")
        items = tuple(within(number(item, "value", fault, unit=unit), low, high, "value", fault, unit=unit) for item in value)
        whole = parameter.unit == "share" and abs(sum(parameter.value) - 1.0) < 1e-9
        if whole and abs(sum(items) - 1.0) > 1e-6:
            raise fault("value", f"the shares add up to {shown(sum(items))}; they must add up to 1.")
        return items
    result = within(number(value, "value", fault, unit=unit), low, high, "value", fault, unit=unit)
    if (parameter.whole or parameter.unit == "seats") and result != int(result):
        raise fault("value", f"{shown(result)} must be a whole number.")
    return result


def check_event(event: Event, *, start: date, days: int, fault: Fault) -> None:
    if event.end < event.start:
        raise fault("end", f"{event.end.isoformat()} is before the event's start, {event.start.isoformat()}.")
    inside(event.start, start, days, "start", fault)
    inside(event.end, start, days, "end", fault)


def check_profile(profile: Profile, fault: Fault) -> None:
    """Factors of mean one, and a trend that comes to rest."""
    for field, count in (("weekday", 7), ("season", 12)):
        factors = getattr(profile, field)
        if factors is None:
            continue
        for factor in factors:
            within(factor, LEAST_FACTOR, count, field, fault)
        mean = sum(factors) / count
        if abs(mean - 1.0) > OFF_ONE:
            raise fault(field, f"the {count} factors have the mean {mean:.4g}; it must be 1 (divide each by it).")
    if profile.trend is not None and profile.trend_half_life_days is not None:
        within(profile.trend, -STEEPEST, STEEPEST, "trend", fault)
        half_life = profile.trend_half_life_days
        if not 0.0 < half_life <= LONGEST_HALF_LIFE:
            says = f"above 0 and at most {LONGEST_HALF_LIFE:g} days is allowed"
            raise fault("trend_half_life_days", f"{shown(half_life)} is out of bounds; {says}.")
        check_growth(profile.trend, half_life, "trend", fault)


def check_growth(trend: float, half_life_days: float, field: str, fault: Fault) -> None:
    """All that a damped trend will ever bring stays within a factor of 20."""
    whole = trend * half_life_days / math.log(2.0)
    if abs(whole) > MOST_LOG * (1.0 + SLACK):
        says = f"{shown(trend)} a day that halves every {shown(half_life_days)} days comes to a factor of {_factor(whole)} in all"
        raise fault(field, f"{says}; {1.0 / LARGEST_FACTOR:g} to {LARGEST_FACTOR:g} is allowed.")


def _factor(log: float) -> str:
    return f"{math.exp(log):.3g}" if abs(log) < 300.0 else f"e^{log:.0f}"


def check_stem(stem: str) -> str | None:
    """Why `stem` cannot be the name of a scenario file on every system, or None."""
    import unicodedata

    allowed = "letters, digits, spaces, '-', '_' and '.' are allowed"
    if not stem or not stem.strip(" ."):
        return f"a scenario needs a file name; {allowed}"
    for letter in stem:
        if letter not in "-_. " and unicodedata.category(letter)[0] not in _STEM_LETTERS:
            return f"{letter if letter.isprintable() else f'U+{ord(letter):04X}'} cannot stand in a scenario's file name; {allowed}"
    if stem[0] in ". " or stem[-1] in ". ":
        return "a scenario's file name cannot begin or end with a space or a full stop"
    if len(stem.encode()) > 200:
        return "a scenario's file name can have 200 bytes at most"
    if _STEM_FORBIDDEN.fullmatch(stem):
        return f"{stem} is a reserved name on Windows; choose another file name"
    return None


def check_scenario(scenario: Scenario, registry: Registry, faults: Callable[[str, str], Fault]) -> None:
    """Everything that depends on more than one entry. `faults(section, name)` makes the errors of one entry."""
    start, days = scenario.start, scenario.days
    for name, setting in scenario.levers.items():
        check_lever(registry[name], setting, baseline=scenario.lever_baseline(name), start=start, days=days, fault=faults("levers", name))
    for event in scenario.events:
        check_event(event, start=start, days=days, fault=faults("events", event.name))
    for name in scenario.assumptions:
        if name in scenario.baseline:
            raise faults("assumptions", name)("", "the same number stands under [baseline] too; keep one of them.")

"""Numbers the way a planner reads them: three significant digits, bn/m/k or 亿/万, "pp" for differences of rates.

Pure functions from a number to a short text. What goes into files (CSV, JSON) keeps all its digits and never passes here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

MISSING = "–"
MINUS = "−"
_SCALES = {
    "en": ((1e12, " tn"), (1e9, " bn"), (1e6, " m"), (1e3, " k")),
    "zh": ((1e12, " 万亿"), (1e8, " 亿"), (1e4, " 万")),
}
_SHARES = {"share", "probability"}
_BARE = {"x", "ratio", "factor", "index", "CNY/viewer", "CNY/1000 viewers"}


def compact(value: float | None, language: str = "en") -> str:
    """912.4e8 -> "91.2 bn" or "912 亿"; also for counts: 12_345 -> "12.3 k" or "1.23 万"."""
    if _missing(value):
        return MISSING
    rounded = _three_digits(value)
    size, suffix = _scale(rounded, language)
    return _plain(rounded / size) + suffix


def money(value: float | None, language: str = "en") -> str:
    """As `compact`, with the currency: "CNY 91.2 bn" or "912 亿元"; small amounts to the fen: "CNY 9.14"."""
    text = compact(value, language)
    if text == MISSING:
        return text
    if language == "zh":
        return text + ("元" if text[-1] in "万亿" else " 元")
    return f"{MINUS}CNY {text[1:]}" if text.startswith(MINUS) else f"CNY {text}"


def rate(value: float | None, language: str = "en") -> str:
    """0.271 -> "27.1 %", 0.038 -> "3.80 %"; two decimals at most, since no rate here is known any better."""
    return MISSING if _missing(value) else _per_cent(value) + " %"


def chance(value: float | None, language: str = "en") -> str:
    """A share of draws in whole per cent, all that a thousand draws can tell: "58 %"; never 0 or 100 unless it is."""
    if _missing(value):
        return MISSING
    if 0 < value < 0.005:
        return "< 1 %"
    if 0.995 < value < 1:
        return "> 99 %"
    return f"{100 * value:.0f} %"


def points(value: float | None, language: str = "en") -> str:
    """A difference of two rates, signed, in percentage points: -0.011 -> "−1.10 pp"."""
    return MISSING if _missing(value) else signed(value, _per_cent) + " pp"


def ratio(value: float | None, language: str = "en") -> str:
    """1.8 -> "1.80"; for ROI and other bare numbers."""
    return MISSING if _missing(value) else _plain(_three_digits(value))


def signed(value: float | None, form: Callable[[float], str]) -> str:
    """`form` with a plus or a minus in front; a difference too small to show has neither."""
    if _missing(value):
        return MISSING
    text = form(abs(value))
    if not any(digit in text for digit in "123456789"):
        return text
    return ("+" if value > 0 else MINUS) + text


def relative(value: float | None, language: str = "en") -> str:
    """A relative change, signed: 0.073 -> "+7.30 %"."""
    return signed(value, lambda share: rate(share, language))


def figure(value: float | None, unit: str, language: str = "en") -> str:
    """A number in the form that its unit calls for, without the unit's name unless it is part of the form (%)."""
    if unit in _SHARES:
        return rate(value, language)
    if unit in _BARE:
        return ratio(value, language)
    return compact(value, language)


def change(value: float | None, unit: str, language: str = "en") -> str:
    """A difference in the form that its unit calls for, signed."""
    if unit in _SHARES:
        return points(value, language)
    return signed(value, lambda size: figure(size, unit, language))


def moved_by(value: float | None, before: float | None, unit: str, language: str = "en") -> str:
    """How far a shown figure moved, signed, in no more decimals than the figure itself: 4.24 after 4.12 -> "+0.12"."""
    if _missing(value) or _missing(before):
        return MISSING
    if unit not in _BARE and unit != "s":
        return change(value - before, unit, language)
    largest = max(abs(value), abs(before))
    places = 2 - math.floor(math.log10(largest)) if largest else 0  # of three digits; negative from 1,000 on
    return signed(value - before, lambda size: _fixed(round(size, places), min(6, max(0, places))))


def interval(low: float | None, high: float | None, unit: str, language: str = "en") -> str:
    """Two ends in brackets on one scale, the scale said once: "[90.1–92.5] bn", "[25.4–28.9] %".

    Both ends are shown on the scale of the larger one; an end below zero writes "to" as " … ", since "−3–−1" cannot be read.
    """
    if _missing(low) or _missing(high):
        return MISSING
    if unit in _SHARES:
        low, high, suffix = 100 * low, 100 * high, " %"
    elif unit in _BARE:
        suffix = ""
    else:
        size, suffix = _scale(_three_digits(max(abs(low), abs(high))), language)
        low, high = low / size, high / size
    low, high = _three_digits(low), _three_digits(high)
    decimals = min(_decimals(max(abs(low), abs(high))), 2 if unit in _SHARES else 6)
    joint = " … " if min(low, high) < 0 else "–"
    return f"[{_fixed(low, decimals)}{joint}{_fixed(high, decimals)}]{suffix}"


def with_interval(mean: float | None, low: float | None, high: float | None, unit: str, language: str = "en") -> str:
    """A figure and its interval on one scale, the scale said once: "10.5 [4.4–17.7] bn"."""
    ends = interval(low, high, unit, language)
    if _missing(mean) or ends == MISSING:
        return figure(mean, unit, language)
    bracket, _, suffix = ends.partition("]")
    if unit in _SHARES:
        sign = MINUS if mean < 0 and _per_cent(-mean).strip("0.,") else ""
        return f"{sign}{_per_cent(abs(mean))} {bracket}]{suffix}"
    shown = mean if unit in _BARE else mean / _scale(_three_digits(max(abs(low), abs(high))), language)[0]
    return f"{_plain(_three_digits(shown))} {bracket}]{suffix}"


def change_interval(low: float | None, high: float | None, unit: str, language: str = "en") -> str:
    """The interval of a difference; of rates in percentage points."""
    return interval(low, high, unit, language).replace(" %", " pp")


def exact(value: object) -> str:
    """A number as somebody wrote it, for a parameter's value: 0.38, 12000, 85000000000; lists with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(exact(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MISSING if value is None else str(value)
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def scale(largest: float, language: str = "en") -> tuple[float, str]:
    """The size in which an axis up to `largest` is numbered, and its name: 4e9 -> (1e9, "bn") or (1e8, "亿")."""
    if _missing(largest):
        return 1.0, ""
    size, suffix = _scale(_three_digits(largest), language)
    return size, suffix.strip()


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _three_digits(value: float) -> float:
    """Rounded to three significant digits before a scale is chosen, so that 999.6 m becomes 1.00 bn and not 1,000 m."""
    return float(f"{value:.2e}")


def _scale(rounded: float, language: str) -> tuple[float, str]:
    for size, suffix in _SCALES[language]:
        if abs(rounded) >= size:
            return size, suffix
    return 1.0, ""


def _decimals(rounded: float) -> int:
    """How many decimals show three significant digits; 0 for 100 and above, at most 6 (smaller numbers are nothing to a planner)."""
    if rounded == 0:
        return 0
    return min(6, max(0, 2 - math.floor(math.log10(abs(rounded)) + 1e-9)))


def _per_cent(share: float) -> str:
    rounded = _three_digits(100 * share)
    return _fixed(rounded, min(2, _decimals(rounded)))


def _plain(rounded: float) -> str:
    return _fixed(rounded, _decimals(rounded)) if abs(rounded) >= 5e-7 else "0"


def _fixed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and text.strip("0.,") != ""
    return MINUS + text if negative else text

"""What stands in a cell: numbers and dates in the ways in which shops write them.

Numbers: 1,234.5 and 1.234,5; ¥ and 元; 1.2万, 3亿, 1.2w; 12.5%; (5) for -5. Dates: 2023-07-01, 2023/7/1, 20230701, 2023年7月1日,
1.7.2023, Excel's serial days, a span of days, a week such as 2023-W27.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from sim.errors import UserError

MISSING = {"", "-", "--", "---", "—", "——", "–", "/", "\\", "n/a", "na", "#n/a", "null", "none", "无", "暂无", "空", "."}
_CURRENCY = re.compile(r"(?:cny|rmb|usd|eur|人民币|us\$|[¥￥$€£元])", re.IGNORECASE)
_UNITS = re.compile(r"(?:个|人|次|件|单|笔|天|日|小时|days?|d)$", re.IGNORECASE)
_SUFFIX = {"万": 1e4, "亿": 1e8, "w": 1e4, "k": 1e3, "m": 1e6, "千": 1e3, "百万": 1e6}
_NUMBER = re.compile(r"^([+-]?)(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$", re.IGNORECASE)


def cleaned(texts: pd.Series) -> pd.Series:
    """Half-width and lower case, without currency, spaces and signs of emptiness (which become "")."""
    found = texts.fillna("").astype(str).str.normalize("NFKC").str.strip().str.lower()
    found = found.str.replace(_CURRENCY, "", regex=True).str.replace(r"[\s'\u00a0\u202f]", "", regex=True)
    found = found.str.replace("−", "-", regex=False)
    return found.mask(found.isin(MISSING), "")


def decimal_of(texts: list[pd.Series], *, asked: str, semicolons: bool) -> str:
    """"point" or "comma", from what all numbers of a file show; asks where both readings stay open."""
    if asked != "clear":
        return asked
    comma = point = open_ = False
    for column in texts:
        found = column[column.str.contains(r"[.,]", regex=True, na=False)].str.rstrip("%万亿wkm元")
        if found.empty:
            continue
        comma |= bool(found.str.contains(r"^-?\d+(?:\.\d{3})*,(?:\d{1,2}|\d{4,})$|^-?0,\d+$|\.\d{3},\d", regex=True).any())
        point |= bool(found.str.contains(r"^-?\d+(?:,\d{3})*\.(?:\d{1,2}|\d{4,})$|^-?0?\.\d+$|,\d{3}\.\d|,\d{3},", regex=True).any())
        open_ |= bool(found.str.contains(r"^-?[1-9]\d{0,2}[.,]\d{3}$", regex=True).any())
    if comma and point:
        raise UserError("the numbers use both 1.5 and 1,5 for one and a half; say which with --definition decimal=point or decimal=comma.")
    if comma:
        return "comma"
    if open_ and semicolons and not point:
        raise UserError("1,234 could be a thousand or one and a bit here; say which with --definition decimal=point or decimal=comma.")
    return "point"


def numbers(texts: pd.Series, *, decimal: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and whether each was written as per cent. What is no number is NaN with `bad` infinite: see `unreadable`."""
    text = texts
    percent = text.str.endswith("%", na=False).to_numpy(dtype=bool)
    text = text.str.rstrip("%")
    if decimal == "comma":
        text = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    else:
        text = text.str.replace(r",(?=\d{3}(?:\D|$))", "", regex=True)
    values = pd.to_numeric(text.mask(text.isin(["nan", "inf", "-inf", "infinity", "-infinity"]), "?"), errors="coerce")
    found = values.to_numpy(dtype=float, copy=True)
    rest = np.flatnonzero(np.isnan(found) & (text != "").to_numpy(dtype=bool))
    for place in rest:
        found[place] = _one(text.iloc[place])
    found[percent] /= 100.0
    return found, percent


def unreadable(texts: pd.Series, values: np.ndarray) -> np.ndarray:
    """Places whose text is there and is no number."""
    return np.flatnonzero(np.isnan(values) & (texts != "").to_numpy(dtype=bool))


def _one(text: str) -> float:
    """A number with brackets, units or a Chinese size behind it; NaN where it is none."""
    sign = 1.0
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1.0, text[1:-1]
    size = 1.0
    text = text.removesuffix("+")
    for suffix in sorted(_SUFFIX, key=len, reverse=True):
        if text.endswith(suffix):
            size, text = _SUFFIX[suffix], text[: -len(suffix)]
            break
    else:
        text = _UNITS.sub("", text)
        for suffix in ("万", "亿"):
            if text.endswith(suffix):
                size, text = _SUFFIX[suffix], text[:-1]
    if not _NUMBER.match(text):
        return float("nan")
    value = sign * size * float(text)
    return value if np.isfinite(value) else float("nan")


# ------------------------------------------------------------------------------------------------------------ dates

_YEAR_FIRST = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:$|[^\d])")
_SOLID = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\.0)?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})(?:$|[^\d])")
_SERIAL = re.compile(r"^([2-6]\d{4})(?:\.\d+)?$")
_SPAN = re.compile(r"^(\d{8})\s*[-~–—至到]+\s*\d{8}$")
_NAMED = re.compile(r"^(?:(\d{1,2})[ -]([a-z]{3,9})|([a-z]{3,9})\.? (\d{1,2}))[ ,-]+(\d{4})$", re.IGNORECASE)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_CLOCK = re.compile(r"[T ](\d{1,2}:\d{2}(?::\d{2})?)")
_WEEK = re.compile(r"^(\d{4})[-年 ]?(?:w|第)(\d{1,2})周?$", re.IGNORECASE)
TOTALS = set("合计 总计 汇总 总和 小计 均值 平均 平均值 总 全部 整体 total totals sum average mean all".split()) | {"grand total"}


_WHOLE = re.compile(r"^(?:全部|所有|整体|全|总|合计|总计|all)(?:渠道|类目|品类|来源|流量|载体|账号|店铺|店|channels|categories|sources)?$")
_SUMMED = re.compile(r"(?:合计|总计|小计|汇总|总和|累计|均值|平均|同比|环比|(?:sub|grand)?\s?totals?|average)[值数]?$", re.IGNORECASE)


def is_total(text: str) -> bool:
    """Is it what stands over all parts: 合计, 全部渠道, total?"""
    said = text.strip().lower().rstrip("：:")
    return said in TOTALS or bool(_WHOLE.match(said.replace(" ", "")))


def is_sum(text: str) -> bool:
    """Does it head a row of sums among days: 合计, 7月小计, week total?"""
    return is_total(text) or bool(_SUMMED.search(re.sub(r"[(（].*?[)）]|[：:]\s*$", "", text.strip())))


def clock(text: str) -> str:
    """The time of day that stands behind a date, or nothing; midnight is nothing too where all of a file is."""
    found = _CLOCK.search(text)
    return found[1] if found else ""


def dates(texts: pd.Series, *, order: str) -> tuple[np.ndarray, list[int]]:
    """Days, and the places that are none. 03/04/2024 is asked about where no row of the file tells which it is."""
    known: dict[str, np.datetime64] = {}
    text = texts.fillna("").astype(str).str.normalize("NFKC").str.strip().str.removeprefix('="').str.strip("'\"")
    unique = pd.unique(text)
    order = _order_of(unique, order)
    for item in unique:
        day = _day(item, order)
        if day is not None:
            known[item] = day
    found = np.array([known.get(item, np.datetime64("NaT", "D")) for item in text], dtype="datetime64[D]")
    return found, [int(place) for place in np.flatnonzero(np.isnat(found))]


def _order_of(texts: np.ndarray, asked: str) -> str:
    """Is the first of 03/04/2024 the day or the month? Dots are a day first (1.7.2023 is written so where months are not)."""
    ambiguous: list[str] = []
    first = second = False
    for item in texts:
        match = _YEAR_LAST.match(item)
        if match and match[2] != ".":
            first |= int(match[1]) > 12
            second |= int(match[3]) > 12
            ambiguous.append(item)
    if not ambiguous or asked != "clear":
        return "day_first" if asked == "clear" else asked
    if first and second:
        raise UserError("some dates have the day first and some the month; write them as 2024-04-03.")
    if not first and not second:
        raise UserError(
            f"{ambiguous[0]} could be two days; say which with --definition date_order=day_first or date_order=month_first."
        )
    return "day_first" if first else "month_first"


def _day(text: str, order: str) -> np.datetime64 | None:
    if match := _WEEK.match(text):
        return _made(lambda: pd.Timestamp.fromisocalendar(int(match[1]), int(match[2]), 1))
    if match := _YEAR_FIRST.match(text) or _SOLID.match(text):
        return _made(lambda: pd.Timestamp(int(match[1]), int(match[2]), int(match[3])))
    if match := _YEAR_LAST.match(text):
        a, b = int(match[1]), int(match[3])
        day, month = (b, a) if order == "month_first" and match[2] != "." else (a, b)
        return _made(lambda: pd.Timestamp(int(match[4]), month, day))
    if match := _SPAN.match(text):
        return _day(match[1], order)
    if match := _NAMED.match(text):
        month = (match[2] or match[3])[:3].lower()
        day = match[1] or match[4]
        return _made(lambda: pd.Timestamp(int(match[5]), _MONTHS.index(month) + 1, int(day)))
    if match := _SERIAL.match(text):
        return np.datetime64("1899-12-30") + np.timedelta64(int(match[1]), "D")
    return None


def _made(build) -> np.datetime64 | None:
    try:
        day = build()
    except ValueError:
        return None
    return np.datetime64(day.date(), "D") if 1990 <= day.year <= 2100 else None

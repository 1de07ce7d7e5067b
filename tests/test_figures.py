"""Numbers as a planner reads them, and tables that stay aligned in Chinese."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.figures import chance, change, change_interval, compact, exact, figure, interval, money, moved_by, points, rate, ratio, relative
from sim.tables import pad, shorten, table, width
from sim.texts import LANGUAGES, catalogue, usual_language, words


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (91.24e9, "91.2 bn", "912 亿"),
        (85e9, "85.0 bn", "850 亿"),
        (1.5e12, "1.50 tn", "1.50 万亿"),
        (12_300_000, "12.3 m", "1,230 万"),
        (12_345, "12.3 k", "1.23 万"),
        (9_999, "10.0 k", "1.00 万"),  # rounded before the scale is chosen
        (999.6e6, "1.00 bn", "10.0 亿"),
        (999.4, "999", "999"),
        (9.14, "9.14", "9.14"),
        (0.0453, "0.0453", "0.0453"),
        (1e-60, "0", "0"),
        (0, "0", "0"),
        (-0.0, "0", "0"),
        (-2.5e9, "−2.50 bn", "−25.0 亿"),
        (None, "–", "–"),
        (math.nan, "–", "–"),
        (math.inf, "–", "–"),
    ],
)
def test_three_digits_on_the_scale_of_the_language(value: float | None, english: str, chinese: str) -> None:
    assert compact(value, "en") == english
    assert compact(value, "zh") == chinese


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [(85e9, "CNY 85.0 bn", "850 亿元"), (9.14, "CNY 9.14", "9.14 元"), (-4.8e8, "−CNY 480 m", "−4.80 亿元"), (None, "–", "–")],
)
def test_money_names_its_currency(value: float | None, english: str, chinese: str) -> None:
    assert money(value, "en") == english
    assert money(value, "zh") == chinese


def test_rates_are_per_cent_and_their_differences_points() -> None:
    assert rate(0.271) == "27.1 %"
    assert rate(1) == "100 %"
    assert rate(None) == "–"
    assert points(-0.011) == "−1.10 pp"
    assert points(0.02) == "+2.00 pp"
    assert points(0.0) == "0 pp"
    assert points(-0.0000794) == "−0.01 pp"  # two decimals, no more
    assert points(-0.0000036) == "0.00 pp"
    assert relative(0.073) == "+7.30 %"
    assert relative(None) == "–"
    assert ratio(1.8) == "1.80"


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.001, "< 1 %"), (0.581, "58 %"), (0.9951, "> 99 %"), (1, "100 %"), (None, "–"), (math.nan, "–")]
)
def test_a_chance_is_certain_only_when_it_is(share: float | None, text: str) -> None:
    assert chance(share) == text


def test_the_unit_chooses_the_form() -> None:
    assert figure(0.038, "share") == "3.80 %"
    assert figure(85e9, "CNY", "zh") == "850 亿"
    assert figure(1.8, "x") == "1.80"
    assert figure(1234.5, "orders") == "1.23 k"
    assert change(-0.011, "share") == "−1.10 pp"
    assert change(-1e9, "CNY") == "−1.00 bn"
    assert change(0.0, "CNY") == "0"
    assert change(None, "CNY") == "–"


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (90.12e9, 92.5e9, "CNY", "[90.1–92.5] bn"),
        (0.99e9, 1.2e9, "CNY", "[0.99–1.20] bn"),  # both ends on one scale
        (-3e6, 2e6, "CNY", "[−3.00 … 2.00] m"),
        (21.084e6, 21.079e6, "CNY", "[21.1–21.1] m"),
        (86.4e9, 106.2e9, "CNY", "[86–106] bn"),
        (0.254, 0.289, "share", "[25.4–28.9] %"),
        (1.7, 1.9, "x", "[1.70–1.90]"),
        (0, 0, "CNY", "[0–0]"),
        (None, 1, "CNY", "–"),
    ],
)
def test_an_interval_says_its_scale_once(low: float | None, high: float | None, unit: str, text: str) -> None:
    assert interval(low, high, unit) == text


def test_an_interval_of_rate_differences_is_in_points() -> None:
    assert change_interval(-0.02, 0.003, "share") == "[−2.00 … 0.30] pp"


def test_exact_numbers_are_as_written() -> None:
    assert exact(85e9) == "85000000000"
    assert exact(0.045098) == "0.045098"
    assert exact((1, 20.5)) == "1, 20.5"
    assert exact(None) == "–"
    assert exact("text") == "text"


@given(st.floats(min_value=1e-3, max_value=1e15), st.sampled_from(LANGUAGES))
def test_what_is_shown_is_within_half_a_digit(value: float, language: str) -> None:
    text = compact(value, language)
    number, _, suffix = text.partition(" ")
    size = {"": 1, "k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12, "万": 1e4, "亿": 1e8, "万亿": 1e12}[suffix]
    assert float(number.replace(",", "")) * size == pytest.approx(value, rel=0.0051)


@given(st.floats(min_value=-1e15, max_value=1e15), st.sampled_from(LANGUAGES))
def test_a_change_has_the_sign_of_its_number(value: float, language: str) -> None:
    value = 0.0 if abs(value) < 1e-5 else value  # less than that shows as 0
    text = change(value, "CNY", language)
    assert text.startswith("+" if value > 0 else "−" if value < 0 else "0")


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("净 GMV") == 6
    assert width("e\u0301") == 1
    assert pad("净", 4) == "净  "
    assert pad("净", 4, right=True) == "  净"
    assert shorten("首屏加载时长", 7) == "首屏加…"
    assert shorten("short", 7) == "short"


@given(st.lists(st.tuples(st.text("ab净值 —", max_size=8), st.text("12.亿", max_size=6)), min_size=1, max_size=5))
def test_columns_stay_aligned(rows: list[tuple[str, str]]) -> None:
    lines = table(("名称 name", "值"), [*rows, ("x", "尾")], right=(1,)).splitlines()
    assert len(lines) == len(rows) + 3
    ruler = width(lines[1])
    assert all(width(line) <= ruler for line in lines)
    assert width(lines[-1]) == ruler  # flush right to the last column


def test_every_text_is_in_both_languages() -> None:
    for key, text in catalogue().items():
        assert set(text) == set(LANGUAGES), key
        assert text["en"].count("{") == text["zh"].count("{"), key
        assert all(text.values()), key


def test_names_without_a_text_are_still_readable() -> None:
    assert words("zh").named("cause", "colour") == "色差"
    assert words("en").named("cause", "brand_new_cause") == "brand new cause"
    with pytest.raises(ValueError, match="fr"):
        words("fr")


@pytest.mark.parametrize(("wish", "language"), [("zh", "zh"), ("zh_CN.UTF-8", "zh"), ("en", "en"), ("", "en"), ("klingon", "en")])
def test_the_usual_language(monkeypatch: pytest.MonkeyPatch, wish: str, language: str) -> None:
    monkeypatch.setenv("WHATIF_LANG", wish)
    assert usual_language() == language


@pytest.mark.parametrize(
    ("value", "before", "unit", "text"),
    [
        (4.24, 4.1235, "ratio", "+0.12"), (4.24, 4.2406, "ratio", "0.00"), (4239.4, 4240.0, "CNY/1000 viewers", "0"),
        (5614.0, 4240.0, "CNY/1000 viewers", "+1,370"), (86.9, 224.4, "s", "−138"), (0.733, 0.517, "share", "+21.6 pp"),
        (0.0, 0.0, "s", "0"), (None, 1.0, "s", "–"),
    ],
)
def test_a_change_has_no_more_digits_than_its_figure(value: float | None, before: float, unit: str, text: str) -> None:
    assert moved_by(value, before, unit) == text

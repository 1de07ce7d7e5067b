"""Numbers, uses, costs and sources in the reader's terms, in both languages."""

from __future__ import annotations

import pytest

from sim import evidence
from sim.linting import DISTRIBUTIONS, FORMS, GRADES, STUDY_BASES, STUDY_GRADES
from sim.outcome import KPIS
from sim.parameters import registry
from sim.texts import LANGUAGES, catalogue, words
from sim.wording.evidence import (
    MEASURES,
    cost_in_words,
    fact_value,
    joined,
    measured_by,
    number_text,
    range_of,
    source_text,
    study_value,
    use_in_words,
    used_text,
    value_of,
)

ROWS = {row.parameter.name: row for row in evidence.numbers()}


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (0.17, "share", "17 %", "17 %"),
        (0.0135, "share", "1.35 %", "1.35 %"),
        (-0.12, "share", "−12 %", "−12 %"),
        (8.5e10, "CNY/quarter", "CNY 85.0 bn a quarter", "850 亿元/季度"),
        (9.14, "CNY/parcel", "CNY 9.14 a parcel", "9.14 元/单"),
        (4500, "CNY/month", "CNY 4,500 a month", "4,500 元/月"),
        (12_000, "merchants", "12,000 merchants", "1.2 万家"),
        (492, "s", "492 s", "492 秒"),
        (2.8632, "exponent", "2.863", "2.863"),
        (0.0, "switch", "no", "否"),
        ((44.67, 76.4), "h", "44.67 / 76.4 h", "44.67 / 76.4 小时"),
        ((0.36, 0.08), "share", "36 / 8 %", "36 / 8 %"),
        (None, "s", "–", "–"),
    ],
)
def test_numbers_carry_their_units(value: object, unit: str, en: str, zh: str) -> None:
    assert (number_text(value, unit, "en"), number_text(value, unit, "zh")) == (en, zh)


def test_numbers_in_a_row_say_once_what_they_share() -> None:
    assert joined(["CNY 2.1 a parcel", "CNY 9.5 a parcel"], " – ") == "CNY 2.1 – 9.5 a parcel"
    assert joined(["5,000 元", "1.20 万元"], " – ") == "5,000 元 – 1.20 万元"  # no common end
    assert joined(["1", "2.5"], " – ") == "1 – 2.5"


def test_factors_that_only_take_a_part_are_read_in_per_cent() -> None:
    assert range_of(registry()["traffic.original_lift"], "en") == "5 – 25 %"  # a factor of 0.05 to 0.25 on top
    assert range_of(registry()["detail_page.speed_effect"], "en") == "0.33 – 1.3 ×"
    assert value_of(registry()["traffic.paid_budget"], "zh") == "今日的 100 %"
    assert range_of(registry()["detail_page.ar_works"], "en") == ""  # a chance: its value says it all


def test_costs_by_hand() -> None:
    def said(name: str, language: str = "en") -> str:
        return " ".join(cost_in_words(registry()[name], words(language)))

    assert said("payment.redirects") == "Once CNY 300 k, CNY 20.0 k a month per acquirer or wallet integration, times 20."
    assert said("service.seats") == "CNY 4,500 a month for each further seat, at all service desks."
    # 9,000 CNY a month for all of a merchant's videos: 90 for a hundredth of them
    assert said("traffic.original_share") == "CNY 90 a month for each further percentage point, at each of 12,000 merchants."
    assert said("fulfilment.premium_courier_share", "zh") == "覆盖到的包裹，每个包裹 12 元。"
    assert cost_in_words(registry()["payment.gap"], words("en")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_said_of_every_number(language: str) -> None:
    say = words(language)
    for name, row in ROWS.items():
        assert value_of(row.parameter, language) and source_text(row.parameter, say) and used_text(row, say), name
        assert use_in_words(row, say) and all(use_in_words(row, say)), name
        assert bool(cost_in_words(row.parameter, say)) == (row.parameter.role == "lever"), name
        if row.parameter.uncertain:
            assert measured_by(name, say), name
    for study in registry().studies:
        assert study_value(study, language), study.id


def test_use_is_told_in_sentences() -> None:
    say = words("en")
    lever = registry()["returns.fit_information"].label["en"]
    assert use_in_words(ROWS["returns.fit_effect"], say) == ["Read by: returns.", f"Is felt only once a plan moves: {lever}."]
    assert use_in_words(ROWS["service.answer_target_share"], say) == [say["evidence.read_by_none"]]
    assert use_in_words(ROWS["noise.cv_pay"], say)[-1] == say["evidence.only_noise"]
    moved = use_in_words(ROWS["money.margin"], say)[1]
    assert moved == say["evidence.moves"].format(figures=KPIS["contribution"].label["en"])


def test_facts_in_the_readers_units() -> None:
    say = words("zh")
    assert fact_value(85.0, "bn CNY/quarter", say) == "850 亿元/季度"
    assert fact_value(62.0, "%", say) == "62 %" and fact_value(17.0, "pp", say) == "17 个百分点"
    assert fact_value(1.8, "x (upper bound)", say) == "1.8 倍"
    assert fact_value((4.2, 7.8), "orders/yr", words("en")) == "4.2 / 7.8 a year"
    assert fact_value(1.0, "plan", say) == "" and fact_value("18 to 35", "%", say) == "" and fact_value(None, "%", say) == ""


def test_every_kind_has_a_word() -> None:
    keys = catalogue().keys()
    families = {
        "grade": GRADES, "study_grade": STUDY_GRADES, "study_basis": STUDY_BASES, "distribution": DISTRIBUTIONS, "evidence_form": FORMS,
        "measure": {key for _, key in MEASURES}, "cost_per": {lever.cost.per for lever in registry().levers},
    }  # fmt: skip
    for family, names in families.items():
        assert {f"{family}.{name}" for name in names} <= keys, family
    assert {f"evidence.grade_{grade}" for grade in (*GRADES, "noise")} <= keys


def test_a_method_fits_what_it_measures() -> None:
    say = words("en")
    assert measured_by("returns.rate_apparel", say) == say["measure.returns_rate"]
    assert measured_by("returns.colour_share", say) == say["measure.returns_reason"]
    assert measured_by("closure.value_apparel", say) == say["measure.category_sales"]
    unknown = [item.name for item in registry().uncertainties if measured_by(item.name, say) == say["measure.other"]]
    assert unknown == []

"""What a report is made of: its figures are the outcome's own, its words are there in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from sim.analysis.comparing import Comparison
from sim.engine import run
from sim.errors import UserError
from sim.outcome import KPIS, mean, quantiles
from sim.report import report_material
from sim.report.table import LONGEST_TEXT, clean
from sim.texts import LANGUAGES, catalogue, words
from tests.report.material import DAY, DRAWS, EVIL, material, outcome, scenario
from tests.worlds import plan


def test_the_figures_are_those_of_the_outcome_and_of_the_paired_comparison() -> None:
    table, base, faster = material("faster").table("kpis"), outcome("base"), outcome("faster")
    place = list(KPIS).index("net_gmv")
    values = faster.kpi("net_gmv")
    assert table.column("mean")[place] == float(mean(values))
    assert table.column("mean p90")[place] == float(quantiles(values, [0.9])[0])
    delta = values - base.kpi("net_gmv")
    assert table.column("change")[place] == float(mean(delta))
    assert table.column("base")[place] == float(mean(base.kpi("net_gmv")))
    found = Comparison(base=base, plans=(faster,)).figures(faster)
    assert table.column("chance of better") == [row["p_better"] for row in found.values()]


def test_the_shares_add_up_to_the_difference() -> None:
    table = material("faster").table("attribution")
    *parts, whole = table.column("Net GMV, CNY")
    assert sum(parts) == pytest.approx(whole, rel=1e-9)
    assert whole == pytest.approx(float(mean(outcome("faster").kpi("net_gmv") - outcome("base").kpi("net_gmv"))), rel=1e-9)


def test_the_levers_say_from_where_to_where_and_at_what_cost() -> None:
    table = material("faster").table("levers")
    assert table.column("name in files") == ["detail_page.load_median_s", "payment.redirects"]
    assert table.column("from") == [2.1, 5.0]
    assert table.column("to") == [1.5, 2.0]
    assert table.column("cost, CNY")[1] == outcome("faster").mean_of("cost.payment.redirects")
    assert sum(table.column("cost, CNY")) == pytest.approx(float(mean(outcome("faster").kpi("plan_cost"))))


def test_the_lines_of_the_contribution_add_up_to_it() -> None:
    *lines, whole = material("faster").table("money").column("plan, CNY")
    assert sum(lines) == pytest.approx(whole, rel=1e-9)


def test_what_a_file_assumes_itself_stands_first_and_is_marked() -> None:
    table = material("hostile", whole=False).table("assumptions")
    assert table.marked == {0}
    assert table.column("value")[0] == 0.95
    assert table.column("grade")[0] == "the file's own"
    assert table.column("given by")[1] == "registry"
    assert len(table.rows) > 100


def test_a_baseline_alone_is_a_report_too() -> None:
    alone = material("base")
    assert alone.alone
    keys = {table.key for table in alone.tables()}
    assert {"kpis", "leaks", "grades"} <= keys
    assert not {"levers", "attribution", "goals", "overview"} & keys
    assert "change" not in [column.head for column in alone.table("kpis").columns]
    assert all(tile.delta == "" for tile in alone.plans[0].tiles)


def test_a_figure_that_is_not_defined_is_an_empty_cell() -> None:
    table = material("no_ads", whole=False).table("kpis")
    place = list(KPIS).index("net_roi")
    assert table.column("mean")[place] is None
    assert table.column("change")[place] is None
    assert table.column("base")[place] > 0.0


def test_several_plans_share_tables_with_the_plan_in_front() -> None:
    both = material("faster", "no_ads", whole=False)
    assert set(both.table("kpis").column("scenario")) == {"Faster", "No ads"}
    assert len(both.table("days").rows) == 2 * 14
    assert both.table("goals").column("scenario") == ["Faster", "Faster"]  # the other has none
    best = both.table("overview").column("best of all")
    assert sum(best) == pytest.approx(1.0)
    assert both.title == "2 plans side by side"


def test_goals_say_how_often_they_are_met() -> None:
    table = material("faster").table("goals")
    assert table.column("met in") == [1.0, 0.0]  # a fortnight makes about 10 bn; no world returns below 1 %
    assert [cell[0] for cell in table.column("reached")] == ["✓", "✗"]
    assert "Goals reached: 1 of 2; missed: Return rate." in material("faster").plans[0].sentences


def test_the_stamp_says_what_the_figures_depend_on() -> None:
    stamp = dict(material("faster").stamp)
    assert outcome("faster").scenario.digest in stamp["scenario"]
    assert outcome("base").scenario.digest in stamp["base"]
    assert (stamp["draws"], stamp["seed"], stamp["date"], stamp["author"]) == (str(DRAWS), "3", "2026-11-22", "Li Wei")
    assert stamp["version"] == outcome("base").version


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_nothing_is_left_to_fill_in(language: str) -> None:
    for names in (("faster",), ("base",), ("faster", "hostile")):
        found = material(*names, language=language, whole=len(names) == 1)
        says = [text for table in found.tables() for text in (table.title, table.sheet, *(column.head for column in table.columns))]
        says += [sentence for part in found.plans for sentence in part.sentences]
        assert all(says)
        assert not [text for text in says if re.search(r"\{\w*\}", text)]
        assert len({table.sheet for table in found.tables()}) == len(found.tables())
        if language == "zh":  # whoever reads Chinese meets no English head
            heads = {column.head for table in found.tables() for column in table.columns}
            assert not {head for head in heads if re.fullmatch(r"[a-z][a-z ,']+", head)}


def test_every_word_of_the_report_has_both_languages() -> None:
    ours = {key: text for key, text in catalogue().items() if key.startswith("report.")}
    assert len(ours) > 100
    assert all(text["en"] and text["zh"] for text in ours.values())
    assert all(set(re.findall(r"\{(\w+)\}", text["en"])) == set(re.findall(r"\{(\w+)\}", text["zh"])) for text in ours.values())
    assert all(len(words(language)[key]) <= 31 for language in LANGUAGES for key in ours if key.startswith("report.sheet_"))


def test_words_lose_what_no_file_may_hold() -> None:
    assert clean("a\x00b\x1b\u202ec\ud800\n") == "abc\n"
    assert len(clean("x" * 99_999)) == LONGEST_TEXT
    assert material("hostile", whole=False).title == EVIL.replace("\x07\u202e", "").strip()


def test_plans_that_do_not_go_together_are_refused() -> None:
    base = outcome("base")
    with pytest.raises(UserError, match="one to 6"):
        report_material(base, [], language="en", date=DAY)
    with pytest.raises(UserError, match="one to 6"):
        report_material(base, [base] * 7, language="en", date=DAY)
    other = run(replace(plan(days=7), name="short"), draws=DRAWS, seed=3)
    with pytest.raises(UserError, match='"short" and "base" are not on the same days'):
        report_material(base, [other], language="en", date=date(2026, 1, 1))


def test_the_longest_horizon_and_fewest_draws_have_a_report() -> None:
    long = run(replace(scenario("base"), days=732), draws=1, seed=1)
    found = report_material(long, [long], language="en", date=DAY)
    assert len(found.table("days").rows) == 732
    assert len(found.table("months").rows) == 25  # July 2023 to the first of July 2025

"""What every number rests on, and how much of the spread rests on what."""

from __future__ import annotations

import pytest

from sim import evidence
from sim.analysis.documenting import facts as documented
from sim.analysis.sensitivity import Drivers, Index, Interval, Share
from sim.parameters import registry
from sim.scenario import Assumption, Observed, Scenario

OWN = Scenario(
    name="shop",
    assumptions={"payment.benchmark_success": Assumption(low=0.92, best=0.95, high=0.98, source="acquirer report")},
    baseline={"detail_page.bounce": Observed(value=0.58, source="shop export")},
)
ROWS = evidence.numbers(OWN)
BY_NAME = {row.parameter.name: row for row in ROWS}


def names(**wish: object) -> list[str]:
    return [row.parameter.name for row in evidence.chosen(ROWS, **wish)]


def test_every_parameter_has_its_sources_in_full() -> None:
    assert list(BY_NAME) == list(registry())
    for row in ROWS:
        cited = {source for source in evidence.sources_of(row.parameter) if source[0] in "FR" and source[1:].isdigit()}
        assert cited <= {fact.id for fact in row.facts} | {study.id for study in row.studies}, row.parameter.name
    redirects = BY_NAME["payment.redirects"]
    assert [fact.id for fact in redirects.facts] == ["F106"] and [study.id for study in redirects.studies] == ["R87"]  # R87: its price


def test_the_plans_own_values_are_marked() -> None:
    assert {name for name, row in BY_NAME.items() if row.own} == {"payment.benchmark_success", "detail_page.bounce"}
    assert names(own=True) == ["detail_page.bounce", "payment.benchmark_success"]  # in the order of the funnel
    assert not any(row.own for row in evidence.numbers())


def test_contradictions_touch_what_rests_on_their_facts() -> None:
    assert [item.id for item in BY_NAME["money.paid_roi"].contradictions] == ["festival_roi_against_average"]
    festival = next(row for row in evidence.contradictions() if row.contradiction.id == "festival_roi_against_average")
    assert [fact.id for fact in festival.facts] == ["F009", "F101"]
    assert "money.paid_roi" in [item.name for item in festival.parameters]


def test_studies_know_what_rests_on_them() -> None:
    rows = {row.study.id: row for row in evidence.studies()}
    assert [item.name for item in rows["R13"].values] == ["payment.benchmark_success"] and not rows["R13"].costs
    assert [item.name for item in rows["R87"].costs] == ["payment.redirects", "payment.typed_card_share"]
    assert not rows["R08"].values and not rows["R08"].costs  # weighed, not used


def test_the_documents_figures_stand_beside_the_models() -> None:
    rows = {row.fact.id: row for row in evidence.document_figures(documented(draws=16))}
    assert len(rows) == 125 and rows["F105"].model_value == pytest.approx(62.0)
    assert rows["F105"].parameter.name == "detail_page.bounce" and rows["F004"].model_value is None
    assert [item.id for item in rows["F036"].contradictions] == ["quarter_below_festival"]


def test_a_search_is_for_every_word_in_either_language() -> None:
    assert "payment.redirects" in names(text="跳转次数") and "payment.redirects" in names(text="REDIRECTS  to")
    assert names(text="phonepe") == ["payment.benchmark_success"]  # by the source of a study
    assert names(text="F106") == ["payment.redirects"]
    assert names(text="acquirer report") == ["payment.benchmark_success"]  # by the plan's own source
    assert names(text="redirects zzz") == [] and len(names(text=" \t ")) == len(registry())


def test_filters_narrow_together() -> None:
    found = evidence.chosen(ROWS, grades=["assumption"], stages=["payment", "service"], roles=["uncertainty"])
    assert {row.parameter.stage for row in found} == {"payment", "service"}
    assert {(row.parameter.grade, row.parameter.role) for row in found} == {("assumption", "uncertainty")}
    with pytest.raises(ValueError, match="rumour"):
        evidence.chosen(ROWS, grades=["rumour"])


# ------------------------------------------------------------------------------------------------------------ the spread


def exactly(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def index(name: str, first: float, total: float, *, bounded: bool = False) -> Index:
    return Index(name=name, first=exactly(first), total=exactly(total), bounded=bounded)


SOBOL = (
    index("returns.rate_apparel", 0.40, 0.45), index("noise", 0.20, 0.22), index("closure.value_apparel", 0.06, 0.09),
    index("returns.rate_beauty", 0.001, 0.002), index("payment.typed_loss", 0.05, 0.06),
    index("traffic.paid_elasticity", 0.01, 0.01, bounded=True),
)  # fmt: skip
GRADES = (
    Share(grade="study", share=exactly(0.02), count=3), Share(grade="vendor", share=exactly(0.04), count=4),
    Share(grade="assumption", share=exactly(0.55), count=98), Share(grade="noise", share=exactly(0.20), count=1),
)  # fmt: skip


def drivers(**changes: object) -> Drivers:
    said = {"kpi": "net_gmv", "central": 1.0, "mean": 1.0, "sd": 0.1, "defined": True, "tornado": (), "sobol": SOBOL, "grades": GRADES}
    return Drivers(**(said | changes))


def test_shares_of_single_assumptions_of_their_grade_and_between_grades_stand_apart() -> None:
    found = evidence.spread_of(drivers())
    rests = {rest.grade: rest for rest in found.rests}
    assert [rest.grade for rest in found.rests] == ["assumption", "noise", "vendor", "study"]
    assert rests["assumption"].single == pytest.approx(0.40 + 0.06 + 0.001)  # of 0.55 together
    assert rests["vendor"].single == pytest.approx(0.04)  # 0.05 alone by estimate, never more than together
    assert rests["study"].single == 0.0  # its only index is a bound
    assert rests["noise"].single == 0.20
    assert found.between == pytest.approx(1.0 - 0.02 - 0.04 - 0.55 - 0.20)


def test_without_a_spread_there_is_nothing_to_share_out() -> None:
    for changes in ({"sd": 0.0}, {"defined": False}):
        assert evidence.spread_of(drivers(**changes)) == evidence.Spread(rests=(), between=0.0)


def test_estimates_above_one_leave_nothing_between() -> None:
    over = tuple(Share(grade=grade, share=exactly(0.6), count=1) for grade in ("study", "assumption"))
    assert evidence.spread_of(drivers(grades=over)).between == 0.0


def test_mere_assumptions_are_the_strongest_that_nobody_has_measured() -> None:
    found = [row.name for row in evidence.mere_assumptions(drivers())]
    assert found == ["returns.rate_apparel", "closure.value_apparel"]  # 0.2 % is not worth measuring, the loss is a vendor's
    assert [row.name for row in evidence.mere_assumptions(drivers(), most=1)] == ["returns.rate_apparel"]

"""`whatif compare`: what each lever brought, in JSON and as a table; what it refuses, and what Ctrl-C leaves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sim.analysis import comparing
from sim.analysis.attribution import FIGURES
from sim.texts import LANGUAGES, words
from tests.command_line import answered, asked

TOP = Path(__file__).parent.parent
FEW = ("--draws", "16", "--days", "28")
pytestmark = pytest.mark.usefixtures("shipped_scenarios")


def plans_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict]:
    return json.loads(answered(capsys, "compare", *arguments, "--format", "json"))["plans"]


def test_json_adds_up_to_the_difference_for_every_plan(capsys: pytest.CaptureFixture[str]) -> None:
    for plan in plans_of(capsys, "baseline", "fix_payment", "fix_shipping", "all_fixes", *FEW):
        assert {row["lever"] for row in plan["attribution"]} == {row["lever"] for row in plan["roll_out"]}
        for kpi in FIGURES:
            delta = plan["kpis"][kpi]["delta"]["mean"]
            for rows in (plan["attribution"], plan["roll_out"]):
                assert sum(row[kpi]["mean"] for row in rows) == pytest.approx(delta, rel=1e-9)
                assert all(row[kpi]["p10"] <= row[kpi]["p90"] for row in rows)
        method = plan["attribution_method"]
        assert method["draws"] == 16 and method["kind"] == ("exact" if plan["name"] != "all_fixes" else "permutations")
        assert ("standard_error" in plan["attribution"][0]["gmv"]) == (method["kind"] == "permutations")


def test_what_differs_beside_the_levers_has_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--draws", "8")
    names = {row["lever"] for row in plans_of(capsys, "baseline", "double11", *few)[0]["attribution"]}
    assert names == {"events", "service.seats", "fulfilment.shipped_24h_share"}
    names = {row["lever"] for row in plans_of(capsys, "baseline", "double11", "--same-world", *few)[0]["attribution"]}
    assert names == {"service.seats", "fulfilment.shipped_24h_share"}
    shop = plans_of(capsys, "baseline", "merchant", *FEW)[0]["attribution"]
    assert shop[0]["lever"] == "baseline" and shop[0]["gmv"]["mean"] < 0


def test_a_lever_left_where_it_is_brings_exactly_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plans_of(capsys, "baseline", "fix_payment", "--set", "service.seats=20", *FEW)[0]
    row = next(row for row in plan["attribution"] if row["lever"] == "service.seats")
    assert all(row[kpi] == {"mean": 0.0, "p10": 0.0, "p90": 0.0} for kpi in FIGURES)
    nothing = plans_of(capsys, "baseline", "baseline", *FEW)[0]
    assert nothing["attribution"] == [] and nothing["interactions"] == [] and nothing["attribution_method"]["coalitions"] == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_shares_out_the_difference(capsys: pytest.CaptureFixture[str], language: str) -> None:
    say = words(language)
    text = answered(capsys, "compare", "baseline", "fix_payment", "--lang", language, *FEW)
    lines = text.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith(say["attribution.title"]))
    assert say["attribution.in_turn"] in lines[head]
    assert {"en": "Redirects to pay", "zh": "支付跳转次数"}[language] in lines[head + 2]
    assert lines[head + 4].startswith(say["attribution.all"])
    assert say["attribution.stronger"] in text
    assert say["attribution.exact"].format(coalitions=4, draws=16) in text
    same = answered(capsys, "compare", "baseline", "baseline", "--lang", language, *FEW)
    assert {"en": "changes nothing", "zh": "没有差别"}[language] in same


def test_estimates_and_fewer_draws_say_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.analysis import coalitions

    text = answered(capsys, "compare", "baseline", "all_fixes", "--draws", "8", "--days", "28")
    assert "Shares estimated from 16 orders" in text and "standard error up to" in text
    monkeypatch.setitem(coalitions.WORK, "auto", 1.0)
    question = ("compare", "baseline", "fix_payment", "--draws", "100", "--days", "28")
    assert "Intervals rest on the first 64 of 100 draws" in answered(capsys, *question)
    assert "first 64" not in answered(capsys, *question, "--attribution", "full")


def test_it_can_be_left_out_and_csv_stays_the_table_of_figures(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plans_of(capsys, "baseline", "fix_payment", "--attribution", "off", *FEW)[0]
    assert set(plan) == {"name", "digest", "kpis"}
    assert words("en")["attribution.title"] not in answered(capsys, "compare", "baseline", "fix_payment", "--attribution", "off", *FEW)
    rows = list(csv.DictReader(io.StringIO(answered(capsys, "compare", "baseline", "fix_payment", *FEW, "--format", "csv"))))
    assert len(rows) == 12 and rows[0]["kpi"] == "gmv"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("baseline", "fix_payment", "--attribution", "maybe"), "is not one of 'auto', 'full', 'off'"),
        (("baseline", "fix_payment", "--attribution"), "requires an argument"),
        (("baseline", "fix_payment", "--attributions", "off"), "--attribution"),
    ],
)
def test_senseless_questions_get_a_sentence(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str) -> None:
    code, out, err = asked(capsys, "compare", *arguments)
    assert (code, out) == (2, "") and says in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("form", ["json", "table"])
def test_ctrl_c_keeps_the_comparison(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    honest = comparing.Comparison.attributed

    def interrupted(self, place: int, **more):
        if place == 1:
            raise KeyboardInterrupt
        return honest(self, place, **more)

    monkeypatch.setattr(comparing.Comparison, "attributed", interrupted)
    code, out, err = asked(capsys, "compare", "baseline", "fix_payment", "fix_service", *FEW, "--format", form)
    assert code == 130 and words("en")["attribution.interrupted"] in err
    if form == "json":
        first, second = json.loads(out)["plans"]
        assert len(first["attribution"]) == 2
        assert second["attribution"] is None and second["attribution_method"] == {"kind": "interrupted"} and second["kpis"]
    else:
        assert out.count("chance of better") == 2 and out.count(words("en")["attribution.title"]) == 1

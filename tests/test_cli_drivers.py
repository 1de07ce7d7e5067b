"""`whatif sensitivity` and `whatif discover`: what they answer and what they refuse."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from sim.analysis import sensitivity as sensitivities
from sim.outcome import KPIS
from sim.parameters import registry
from sim.texts import LANGUAGES
from sim.wording.drivers import discovery_in_words, drivers_in_words, restriction_text, share_with_interval, value_text
from tests.command_line import answered, asked

TOP = Path(__file__).parent.parent
FEW = ("--draws", "16", "--days", "5", "--workers", "1")
PLAN = ("baseline", "--set", "payment.redirects=2")
GOAL = ("--goal", "return_rate <= 0.32", "--draws", "800", "--days", "5")
pytestmark = pytest.mark.usefixtures("shipped_scenarios")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sensitivity", "needs SCENARIO"),
        ("sensitivity baseline --kpi net_gmw", 'Did you mean "net_gmv"?'),
        ("sensitivity baseline --kpi ''", "there is no figure"),
        ("sensitivity baseline --draws 0", "not a whole number"),
        ("sensitivity baseline --draws 1000000", "it takes up to 65,536"),
        ("sensitivity no_such", "no_such"),
        ("sensitivity baseline --against no_such", "no_such"),
        ("sensitivity baseline --assume detail_page.buried_loss=7", "detail_page.buried_loss"),
        ("sensitivity next_stage --against double11", "put both on one horizon"),
        ("sensitivity baseline --centrl", "no option"),
        ("discover", "needs SCENARIO"),
        ("discover baseline", 'say one with --goal, for example --goal "net_gmv >= 6e10"'),
        ("discover baseline --goal 'net_gmw >= 1'", 'Did you mean "net_gmv"?'),
        ("discover baseline --goal 'net_gmv > 1'", "write >= or <="),
        ("discover baseline --goal 'return_rate <= 22'", "22 % is written 0.22"),
        ("discover baseline --goal 'net_gmv >= 5 %'", "net_gmv is in CNY"),
        ("discover baseline --goal 'net_gmv >= 5' --draws 100", "400 to 200,000 are allowed"),
        ("discover baseline --goal 'net_roi >= 3' --set traffic.paid_budget=0 --draws 400 --days 3", "net_roi is not defined in any draw"),
        ("discover baseline --goal 'net_gmv >= 5' --draws 1000000", "400 to 200,000 are allowed"),
        ("discover no_such --goal 'net_gmv >= 5'", "no_such"),
    ],
)
def test_senseless_questions_get_one_sentence(capsys: pytest.CaptureFixture[str], line: str, says: str) -> None:
    code, out, err = asked(capsys, *shlex.split(line))
    assert code == (5 if "no_such" in line else 2) and out == "" and says in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err


def test_sensitivity_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("sensitivity", *PLAN, "--kpi", "net_gmv", "--kpi", "return_rate", *FEW, "--format", "json")
    data = json.loads(answered(capsys, *lines))
    assert {"scenario", "against", "version", "seed", "draws", "noise", "complete", "start", "days", "kpis"} == set(data)
    assert data["against"] is None and data["draws"] == 16 and data["complete"] is True
    net, rate = data["kpis"]
    assert (net["kpi"], rate["kpi"]) == ("net_gmv", "return_rate")
    assert {"name", "low", "high", "at_low", "at_high", "swing", "grade", "unit"} == set(net["tornado"][0])
    assert {"name", "first", "total", "grade", "bounded"} == set(net["sobol"][0])
    assert {"value", "low", "high"} == set(net["sobol"][0]["first"])
    assert len(net["tornado"]) == len(registry().uncertainties) and len(net["sobol"]) == 1 + len(registry().uncertainties)
    assert [row["grade"] for row in net["grades"]] == ["document", "measured", "study", "vendor", "assumption", "noise"]
    assert net["words"] and all(isinstance(line, str) for line in net["words"])
    assert data == json.loads(answered(capsys, *lines))  # no clock in it


def test_sensitivity_as_csv_and_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answered(capsys, "sensitivity", *PLAN, *FEW, "--format", "csv"))))
    assert {row["kind"] for row in rows} == {"assumption", "grade"} and rows[0]["kpi"] == "net_gmv"
    assert float(next(row for row in rows if row["name"] == "payment.redirect_part")["swing"]) > 0.0
    english = answered(capsys, "sensitivity", *PLAN, "--against", "baseline", *FEW)
    assert "difference in Net GMV" in english and "Part of the gap due to redirects" in english and "and" in english
    chinese = answered(capsys, "sensitivity", *PLAN, *FEW, "--lang", "zh", "--noise", "off")
    assert "假设" in chinese and "跳转造成的差距占比" in chinese and "日常波动" not in chinese.split("\n\n")[2]


def test_a_figure_that_is_not_defined_has_a_sentence_and_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("sensitivity", "baseline", "--set", "traffic.paid_budget=0", "--kpi", "net_roi", *FEW)
    table = answered(capsys, *lines)
    assert "is not defined in some draw" in table and "---" not in table and "One assumption at a time" not in table
    itself = answered(capsys, "sensitivity", *PLAN[:1], "--against", "baseline", *FEW)
    assert itself.splitlines()[-1] == "The difference in Net GMV is the same in every draw: no assumption moves it."
    (figure,) = json.loads(answered(capsys, *lines, "--format", "json"))["kpis"]
    assert figure["mean"] is None and figure["sobol"] == [] and figure["tornado"][0]["swing"] is None


def test_the_help_says_how_many_processes_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert "[default: 1; up to 8 where the work is long]" in " ".join(answered(capsys, "sensitivity", "--help").split())
    assert "up to 8" not in answered(capsys, "discover", "--help")


def test_draws_are_rounded_and_the_note_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(
        capsys, "sensitivity", "baseline", "--kpi", "plan_cost", "--draws", "20", "--days", "3", "--format", "json", "--workers", "1"
    )
    assert code == 0 and "--draws 20 is taken as 16" in err and json.loads(out)["draws"] == 16
    assert "same in every draw" in json.loads(out)["kpis"][0]["words"][0]


def test_an_interruption_leaves_what_is_done(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sensitivities.worlds_again

    def stopping(sides: Sequence, *, draws: int, **more):
        evaluate = whole(sides, draws=draws, **more)

        def some(agains):
            for number, values in enumerate(evaluate(agains)):
                if draws == 32 and number == 10:
                    raise KeyboardInterrupt
                yield values

        return some

    monkeypatch.setattr(sensitivities, "worlds_again", stopping)
    code, out, err = asked(capsys, "sensitivity", *PLAN, "--draws", "32", "--days", "5", "--format", "json")
    data = json.loads(out)
    assert code == 130 and "Interrupted" in err and data["complete"] is False
    assert "rests on assumptions" in data["kpis"][0]["words"][0] or "Hardly any" in data["kpis"][0]["words"][0]
    reached = [row["name"] for row in data["kpis"][0]["sobol"] if row["total"]["value"] > 0.0]
    assert "payment.redirect_part" in reached and not any(row["bounded"] for row in data["kpis"][0]["sobol"])
    count = len(registry().uncertainties)
    assert 0 < len(data["kpis"][0]["sobol"]) < count and len(data["kpis"][0]["tornado"]) == count


def test_an_early_interruption_leaves_the_tornado(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sensitivities, "felt", stopped)
    code, out, err = asked(capsys, "sensitivity", *PLAN, *FEW, "--format", "json")
    (figure,) = json.loads(out)["kpis"]
    assert code == 130 and "Interrupted" in err and figure["words"] == figure["sobol"] == figure["grades"] == []
    assert figure["mean"] is None and len(figure["tornado"]) == len(registry().uncertainties) and figure["tornado"][0]["swing"] > 0.0
    code, out, err = asked(capsys, "sensitivity", *PLAN, *FEW, "--lang", "zh")
    assert code == 130 and "已中断" in err and "服饰退货率" in out and "无定义" not in out
    code, out, _ = asked(capsys, "sensitivity", *PLAN, *FEW, "--format", "csv")
    assert code == 130 and len(out.splitlines()) == 1 + len(registry().uncertainties)


def test_discover_as_json_csv_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(answered(capsys, "discover", *PLAN, *GOAL, "--format", "json"))
    assert {"scenario", "goals", "miss_rate", "verdict", "boxes", "together", "held_out", "words"} <= set(data)
    assert data["verdict"] == "boxes" and data["goals"][0]["kpi"] == "return_rate" and 0.0 < data["miss_rate"] < 1.0
    box = data["boxes"][0]
    assert {"coverage", "density", "mass", "restrictions", "found_on"} == set(box)
    assert {"name", "low", "high", "unit", "grade", "p_value"} == set(box["restrictions"][0])
    rows = list(csv.DictReader(io.StringIO(answered(capsys, "discover", *PLAN, *GOAL, "--format", "csv"))))
    assert len(rows) == sum(len(box["restrictions"]) for box in data["boxes"]) and rows[0]["box"] == "1"
    table = answered(capsys, "discover", *PLAN, *GOAL, "--lang", "zh")
    assert "未达标" in table and "退货率 ≤ 32.0 %" in table


def test_discover_takes_the_goals_of_the_file_and_says_when_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    never = json.loads(answered(
        capsys, "discover", *PLAN, "--goal", "gmv >= 1", "--draws", "400", "--days", "3", "--format", "json"
    ))
    assert never["verdict"] == "never" and never["boxes"] == [] and "all 400 draws" in never["words"][0]
    rows = answered(capsys, "discover", *PLAN, "--goal", "gmv >= 9e14", "--draws", "400", "--days", "3", "--format", "csv")
    assert "always" in rows.splitlines()[1]


# Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_assumption_can_be_told_above_and_below(language: str) -> None:
    from sim.texts import words

    say = words(language)
    for item in registry().uncertainties:
        assert any(letter.isdigit() for letter in value_text(item.name, item.low, language))
        for low, high in ((item.low, None), (None, item.high), (item.low, item.high)):
            text = restriction_text({"name": item.name, "low": low, "high": high}, say)
            assert item.label[language] in text and "{" not in text
    works = [restriction_text({"name": "detail_page.ar_works", "low": low, "high": high}, say) for low, high in ((0.5, None), (None, 0.5))]
    assert works[0] != works[1]


def test_values_have_two_digits_and_a_unit() -> None:
    assert value_text("returns.rate_apparel", 0.5472, "en") == "55 %" and value_text("returns.rate_apparel", 0.0123, "zh") == "1.2 %"
    assert value_text("closure.value_apparel", 139.94, "en") == "CNY 140" and value_text("closure.value_apparel", 139.94, "zh") == "140 元"
    assert value_text("traffic.order_factor_host_live", 1.347, "en") == "1.3 ×"
    assert value_text("service.patience_s", 1234.0, "zh") == "1200 秒"
    assert value_text("traffic.ugc_lift", 0.042, "en") == "4.2 %"


def test_shares_never_leave_0_to_100() -> None:
    assert share_with_interval({"value": 0.61, "low": 0.55, "high": 0.67}) == "61 % [55–67]"
    assert share_with_interval({"value": -0.02, "low": -0.04, "high": 0.01}) == "0 % [0–1]"
    assert share_with_interval({"value": 0.0, "low": 0.0, "high": 0.0}) == "0 %"
    assert share_with_interval({"value": 0.031, "low": 0.029, "high": 0.033}) == "3 %"
    assert share_with_interval({"value": 0.031, "low": 0.029, "high": 0.036}) == "3 % [3–4]"


def test_every_verdict_has_a_sentence() -> None:
    from sim.texts import words

    for language in LANGUAGES:
        for verdict, rate in (("never", 0.0), ("always", 1.0), ("too_few", 0.01), ("too_few", 0.99), ("no_pattern", 0.4)):
            found = {"verdict": verdict, "miss_rate": rate, "draws": 4000, "boxes": [], "together": None}
            (line,) = discovery_in_words(found, words(language))
            assert "{" not in line
        undefined = {"kpi": "roi", "mean": float("nan"), "sd": float("nan"), "grades": [], "sobol": []}
        assert KPIS["roi"].label[language] in drivers_in_words(undefined, words(language), paired=False)[0]

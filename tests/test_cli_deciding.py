"""`whatif seek`, `choose` and `worth`: what they answer, in both languages, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest

from sim.cli.door import outcome_of
from sim.scenario import load
from sim.texts import words

TOP = Path(__file__).parent.parent
FEW = "--draws 16 --days 7"
ENOUGH = "--draws 100 --days 7"
pytestmark = pytest.mark.usefixtures("shipped_scenarios")


def asked(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str, str]:
    code = outcome_of(shlex.split(line))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("seek", "needs SCENARIO"),
        ("seek baseline", "--lever"),
        ("seek baseline --lever payment.redirects", "has no goals in its file"),
        ("seek next_stage --lever payment.redirects", "has 2 goals"),
        ("seek next_stage --lever payment.redirects --goal gmv", 'no goal on "gmv"'),
        ("seek baseline --lever payment.redirect --goal 'net_gmv >= 6e10'", 'Did you mean "payment.redirects"'),
        ("seek baseline --lever money.margin --goal 'net_gmv >= 6e10'", "is not a lever"),
        ("seek baseline --lever payment.redirects --goal 'net_gmw >= 6e10'", 'Did you mean "net_gmv"'),
        ("seek baseline --lever payment.redirects --goal 'net_gmv > 6e10'", "write >= or <="),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 5 %'", "net_gmv is in CNY"),
        ("seek baseline --lever payment.redirects --goal 'return_rate <= 22'", "22 % is written 0.22"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --probability 1.5", "1.5 cannot be asked for"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --probability 0", "--probability: a probability of 0"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --probability nan", "not a probability"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --probability high", "not a probability"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --within 4", "LOW:HIGH"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --within 4:2", "LOW below HIGH"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --within 0:20", "both from 1 to 8"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --within nan:2", "LOW:HIGH"),
        ("seek baseline --lever payment.redirects --goal 'net_gmv >= 6e10' --out pyproject.toml", "exists already"),
        ("choose baseline", "needs PLAN"),
        ("choose baseline baseline", "is among the options twice"),
        ("choose baseline all_fixes --kpi profit", "no figure"),
        ("worth baseline", "needs PLAN"),
        ("worth baseline all_fixes --kpi return_rate", "would not be worth any CNY"),
        ("worth baseline all_fixes --kpi net_gmw", 'Did you mean "net_gmv"'),
        ("worth baseline all_fixes --draws 20", "at least 100"),
        ("worth baseline all_fixes --start 2030-01-01", "is outside the horizon 2030-01-01"),
    ],
)
def test_senseless_questions_are_refused_in_a_sentence(capsys: pytest.CaptureFixture[str], line: str, says: str) -> None:
    code, out, err = asked(capsys, line)
    assert (code, out) == (2, "")
    assert says in err and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1 and len(err) < 600


def test_seek_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(
        capsys, f"seek baseline --lever payment.redirects --goal 'conversion >= 0.001' --probability 80% {FEW} --format json"
    )
    assert code == 0, err
    data = json.loads(out)
    assert {
        "scenario", "lever", "unit", "goal", "reachable", "already", "value", "probability", "kpi", "baseline", "in_plan", "best",
        "crossings", "ranges", "curve", "at_bound", "draws", "seed", "noise", "version", "range", "start", "days", "stopped",
    } == set(data)
    assert data["goal"] == {"kpi": "conversion", "sense": "at_least", "target": 0.001, "probability": 0.8}
    assert data["already"] is True and data["value"] == data["baseline"] == 5.0 and data["probability"] == 1.0
    assert [row["value"] for row in data["curve"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert set(data["curve"][0]) == {"value", "share", "reached", "mean", "p10", "p90"}
    again = asked(capsys, f"seek baseline --lever payment.redirects --goal 'conversion >= 0.001' --probability 80% {FEW} --format json "
                          "--workers 2")[1]
    assert json.loads(again) == data


@pytest.mark.parametrize("language", ["en", "zh"])
def test_not_reachable_is_told_with_the_best_and_exit_code_3(capsys: pytest.CaptureFixture[str], language: str) -> None:
    code, out, err = asked(
        capsys, f"seek baseline --lever payment.redirects --goal 'net_gmv >= 6万亿' --probability 0.8 {FEW} --lang {language}"
    )
    assert code == 3
    assert {"en": "Not reachable with Redirects", "zh": "怎么调都达不到目标"}[language] in err
    assert err.strip().splitlines()[-1].removeprefix("whatif: ") in out  # the same sentence, and beside it the whole range
    assert words(language)["seek.mark_best"] in out
    data = json.loads(asked(capsys, f"seek baseline --lever payment.redirects --goal 'net_gmv >= 6万亿' {FEW} --format json")[1])
    assert data["reachable"] is False and data["value"] is None and data["best"]["mean"] > 0


def test_the_plan_is_written_and_reaches_the_goal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "faster.toml"
    base = json.loads(asked(capsys, f"run baseline {FEW} --format json")[1])["kpis"]["net_gmv"]["mean"]
    code, out, err = asked(
        capsys, f"seek baseline --lever detail_page.load_median_s --goal 'net_gmv >= {1.03 * base:.6g}' {FEW} --out {path} --format json"
    )
    assert code == 0 and str(path) in err
    value = json.loads(out)["value"]
    written = load(str(path))
    assert written.extends == "baseline" and written.levers["detail_page.load_median_s"].amount == value
    mean = json.loads(asked(capsys, f"run {path} --draws 16 --format json")[1])["kpis"]["net_gmv"]["mean"]
    assert mean >= 1.03 * base
    assert mean == pytest.approx(json.loads(out)["kpi"]["mean"], rel=1e-12)
    code, _, err = asked(capsys, f"seek baseline --lever service.seats --goal 'gmv >= 1' {FEW} --out {tmp_path / 'none.toml'}")
    assert code == 0 and "as it stands" in err and not (tmp_path / "none.toml").exists()


def test_a_file_with_one_goal_needs_no_goal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "held.toml"
    path.write_text('schema = 1\ntitle = "Held"\nextends = "baseline"\n[goals]\nreturn_rate = { at_most = 0.2, probability = 0.8 }\n')
    code, out, _ = asked(capsys, f"seek {path} --lever returns.filter_strength {FEW} --format json")
    assert code in (0, 3) and json.loads(out)["goal"]["kpi"] == "return_rate" and json.loads(out)["goal"]["probability"] == 0.8
    code, out, err = asked(capsys, "seek next_stage --lever returns.filter_strength --goal return_rate --draws 2 --format json "
                                   "--within 0.2:0.3")
    assert code in (0, 3) and "net_gmv >= 1.5e+11" in err  # the other goal is named
    assert json.loads(out)["goal"]["kpi"] == "return_rate"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_choose_in_words(capsys: pytest.CaptureFixture[str], language: str) -> None:
    code, out, err = asked(capsys, f"choose baseline fix_pages fix_colour {FEW} --lang {language}")
    assert code == 0, err
    say = words(language)
    assert all(say[f"choose.{key}"] in out for key in ("tail", "best", "regret_mean", "regret_worst", "regret_note"))
    assert out.count("★") == 4  # a best one by each criterion
    assert {"en": "do nothing", "zh": "不行动"}[language] in out


def test_choose_as_json_and_csv(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(asked(capsys, f"choose baseline fix_pages fix_colour {FEW} --kpi return_rate --format json")[1])
    assert (data["base"]["name"], [plan["name"] for plan in data["plans"]]) == ("baseline", ["fix_pages", "fix_colour"])
    assert data["choices"] == dict.fromkeys(("mean", "cvar10", "minimax_regret", "most_often_best"), "fix_colour") and data["agree"]
    assert sum(option["p_best"] for option in data["options"]) == pytest.approx(1.0)
    rows = list(csv.DictReader(io.StringIO(asked(capsys, f"choose baseline fix_pages {FEW} --format csv")[1])))
    assert [row["name"] for row in rows] == ["baseline", "fix_pages"]
    assert {"mean", "p10", "p90", "cvar10", "p_best", "regret_mean", "regret_p90", "regret_worst"} < set(rows[0])


def test_worth_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(capsys, f"worth baseline fix_pages fix_colour {ENOUGH} --format json")
    assert code == 0, err
    data = json.loads(out)
    assert data["options"] == ["baseline", "fix_pages", "fix_colour"] and data["figure"] == "contribution" and data["unit"] == "CNY"
    assert data["best"] == max(data["expected"], key=lambda row: row["mean"])["name"]
    assert data["evpi"]["value"] >= 0.0
    rows = data["per_assumption"]
    assert len(rows) > 90 and set(rows[0]) == {"name", "grade", "felt", "value", "se", "share_of_evpi"}
    assert all(0.0 <= row["value"] <= data["evpi"]["value"] and (row["felt"] or row["value"] == 0.0) for row in rows)
    assert data["measure_first"] == (rows[0]["name"] if rows[0]["value"] > 0 else None)
    assert set(data["choice"]) == {"options", "choices", "agree"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_worth_in_words(capsys: pytest.CaptureFixture[str], language: str) -> None:
    code, out, err = asked(capsys, f"worth baseline fix_pages fix_colour {ENOUGH} --lang {language}")
    assert code == 0, err
    assert {"en": "Knowing everything before choosing is worth at most CNY", "zh": "若能在选择前弄清一切，最多值"}[language] in out
    assert "CNY" not in out or language == "en"


def test_ctrl_c_keeps_what_was_found_until_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import sim.analysis.seeking as seeking

    whole, calls = seeking.kpis_of, []

    def interrupted(*scenarios, **named):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return whole(*scenarios, **named)

    monkeypatch.setattr(seeking, "kpis_of", interrupted)
    line = f"seek baseline --lever detail_page.load_median_s --goal 'gmv >= 1e12' {FEW} --format json"
    code, out, err = asked(capsys, line)
    assert code == 130 and "Interrupted" in err and len(err.strip().splitlines()) == 1
    assert json.loads(out)["stopped"] is True and len(json.loads(out)["curve"]) >= 9


@pytest.mark.parametrize(
    ("out", "code", "says"),
    [("''", 2, "its name ends in .toml"), ("bare", 2, "its name ends in .toml"), ("nowhere/x.toml", 5, "there is no folder")],
)
def test_what_cannot_be_written_is_said_before_the_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: str, code: int, says: str
) -> None:
    from sim.analysis import seeking

    monkeypatch.setattr(seeking, "seek", lambda *_, **__: pytest.fail("it was worked out first"))
    where = out if out == "''" else tmp_path / out
    found = asked(capsys, f"seek baseline --lever payment.redirects --goal 'gmv >= 1' {FEW} --out {where}")
    assert found[:2] == (code, "") and says in found[2] and len(found[2].strip().splitlines()) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_figure_that_is_defined_nowhere_is_said(capsys: pytest.CaptureFixture[str], language: str) -> None:
    line = f"seek baseline --lever payment.redirects --goal 'net_roi >= 1' --set traffic.paid_budget=0 {FEW} --lang {language}"
    code, _, err = asked(capsys, line)
    assert code == 3 and {"en": "is not defined in some draws", "zh": "没有均值"}[language] in err and "–" not in err


def test_ranges_are_named_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"seek baseline --lever {{}} --goal 'gmv >= 1' {FEW} --within {{}}"
    assert "both from 1 to 8, is allowed" in asked(capsys, line.format("payment.redirects", "0:3"))[2]
    assert "both from 0.5 to 6 s, is allowed" in asked(capsys, line.format("detail_page.load_median_s", "7:8"))[2]
    assert "takes whole values, and there is none between 2.2 and 2.8" in asked(capsys, line.format("payment.redirects", "2.2:2.8"))[2]


def test_another_shop_among_the_options_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    line = "choose baseline merchant --draws 16 --start 2024-01-01 --days 92"
    code, out, err = asked(capsys, line)
    assert code == 0 and "different shops" in err and "different shops" not in out
    assert "different shops" not in asked(capsys, "choose baseline all_fixes --draws 16 --days 92 --start 2024-01-01")[2]

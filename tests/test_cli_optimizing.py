"""`whatif optimize` and `whatif frontier`: what they answer, what they refuse, what they write."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from pathlib import Path

import pytest

from sim.analysis import frontier
from sim.analysis.optimizing import Optimizer
from sim.errors import UserError
from sim.scenario import load
from sim.texts import words
from tests.command_line import answered, asked

TOP = Path(__file__).parent.parent
FEW = ("--draws", "32", "--quiet")
TASK = ("--levers", "payment.redirects,service.seats,returns.filter_strength", "--budget", "5e7")
SMALL = """schema = 1
title = "Small"
[horizon]
days = 7
[levers.payment.redirects]
to = 3
[levers.service.seats]
to = 24
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "small.toml").write_text(SMALL, encoding="utf-8")
    (plans / "folder.toml").mkdir()
    monkeypatch.setenv("WHATIF_SCENARIOS", str(plans))
    monkeypatch.delenv("WHATIF_LANG", raising=False)
    monkeypatch.chdir(tmp_path)
    return plans


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("optimize", 2, "needs SCENARIO"),
        ("optimize small --budget -1", 2, "-1 is no budget"),
        ("optimize small --budget nan", 2, "is not a finite number"),
        ("optimize small --budget 12%", 2, "plan_cost is in CNY"),
        ("optimize small --objective plan_cost", 2, "the cheapest plan is to change nothing"),
        ("optimize small --objective net_gvm", 2, 'Did you mean "net_gmv"?'),
        ("optimize small --risk mode", 2, 'there is no "mode"'),
        ("optimize small --risk probability", 2, "needs a --goal"),
        ("optimize small --goal 'net_gmv >= 6e10'", 2, "only --risk probability"),
        ("optimize small --risk probability --goal 'return_rate <= 22'", 2, "22 % is written 0.22"),
        ("optimize small --limit return_rate", 2, "is not of the form"),
        ("optimize small --limit 'return_rate <= 22bn'", 2, "return_rate is in share"),
        ("optimize small --limit 'return_rate <= 0.3' --limit-probability 1.5", 2, "a probability of 1.5 cannot be asked for"),
        ("optimize small --limit-probability 0.5", 2, "there is no --limit"),
        ("optimize small --levers service.seat", 2, 'Did you mean "service.seats"?'),
        ("optimize small --levers service.seats,,", 2, "separated by single commas"),
        ("optimize small --bounds service.seats=3:20", 2, "reaches outside 5 to 80"),
        ("optimize small --bounds service.seats=a:20", 2, "is not of the form lever=LOW:HIGH"),
        ("optimize small --bounds service.seats=5:20 --bounds service.seats=5:30", 2, "twice"),
        ("optimize small --bounds service.seats=20.1:20.9", 2, "there is none from 20.1 to 20.9"),
        ("optimize small --most-levers 0", 2, "1 to 33 is allowed"),
        ("optimize small --limit 'net_gmv >= 1e13' --draws 16 --quiet", 3, "No plan within the bounds reaches net_gmv >= "),
        ("optimize small --out x.txt", 2, "ends in .toml"),
        ("optimize small --out .toml", 2, "for example better.toml"),
        ("optimize small --out ''", 2, "for example better.toml"),
        ("optimize small --out plans/folder.toml --force", 5, "is a folder"),
        ("optimize small --budget ''", 2, "an amount of CNY is needed"),
        ("optimize small --most-levers 1 --bounds service.seats=30:40", 2, "which has service.seats at 24"),
        ("optimize small --out plans/small.toml", 2, "--force replaces it"),
        ("optimize small --out nowhere/x.toml", 5, "there is no folder nowhere"),
        ("frontier small --points 2", 2, "3 to 60"),
        ("frontier small --budget 0", 2, "no frontier of costs"),
        ("frontier small --out plans/small.toml", 5, "is a file; a folder is needed"),
    ],
)
def test_a_senseless_question_gets_one_sentence(capsys: pytest.CaptureFixture[str], line: str, code: int, says: str) -> None:
    got, out, err = asked(capsys, *shlex.split(line))
    assert (got, out) == (code, "")
    assert says in err
    assert "Traceback" not in err and err.count("\n") == 1


def test_the_answer_as_json_and_as_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    out = folder / "better.toml"
    limit = ("--limit", "return_rate <= 40% @ 0.8")
    data = json.loads(answered(capsys, "optimize", "small", *TASK, *limit, *FEW, "--format", "json", "--out", str(out)))
    assert data["out"] == str(out)
    assert data["budget"]["limit"] == 5e7 and data["budget"]["used"] <= 5e7
    assert data["limits"][0]["probability"] == 0.8 and data["limits"][0]["slack"] >= 0.0
    assert data["objective"]["after"] > data["objective"]["before"]
    written = load(out)
    assert written.digest == data["answer"]["digest"]
    assert (written.title, written.extends) == ("Small: optimised", "small")
    run = json.loads(answered(capsys, "run", str(out), "--draws", "32", "--format", "json"))
    assert run["kpis"]["net_gmv"]["mean"] == data["objective"]["after"]
    assert run["kpis"]["plan_cost"]["mean"] == data["budget"]["used"]
    code, _, err = asked(capsys, "optimize", "small", *TASK, *FEW, "--out", str(out))
    assert code == 2 and "exists already" in err
    answered(capsys, "optimize", "small", *TASK, *limit, *FEW, "--out", str(out), "--force")
    assert load(out).digest == written.digest


def test_an_answer_that_cannot_be_written_is_shown_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise UserError("x.toml could not be written.", exit_code=5)

    monkeypatch.setattr("sim.cli.optimizing._save", refused)
    code, out, err = asked(capsys, "optimize", "small", *TASK, *FEW, "--format", "json", "--out", "x.toml")
    assert code == 5 and "could not be written" in err
    data = json.loads(out)
    assert data["out"] is None and data["objective"]["after"] > data["objective"]["before"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_answer_in_words(capsys: pytest.CaptureFixture[str], language: str) -> None:
    text = answered(capsys, "optimize", "small", *TASK, *FEW, "--lang", language)
    say = words(language)
    for key in ("optimize.levers_head", "optimize.limits_head", "optimize.easing", "optimize.alone", "optimize.next_at_answer"):
        assert say[key] in text
    assert "{" not in text and "nan" not in text


def test_the_answer_as_csv_is_its_levers(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answered(capsys, "optimize", "small", *TASK, *FEW, "--format", "csv"))))
    assert [row["name"] for row in rows] == ["service.seats", "payment.redirects", "returns.filter_strength"]
    assert float(rows[0]["after"]).is_integer()


def test_bounds_and_a_budget_in_chinese_money(capsys: pytest.CaptureFixture[str]) -> None:
    bounds = ("--bounds", "service.seats=22:26", "--bounds", "payment.redirects=3:5")
    data = json.loads(answered(capsys, "optimize", "small", "--budget", "0.5亿", *bounds, *FEW, "--format", "json"))
    after = {row["name"]: row["after"] for row in data["levers"]}
    assert 22 <= after["service.seats"] <= 26 and after["payment.redirects"] >= 3
    assert data["budget"]["limit"] == 5e7


def test_stopped_it_prints_the_best_so_far_and_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Optimizer.settled

    def stopped(self: Optimizer) -> int | None:
        whole(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(Optimizer, "settled", stopped)
    code, out, err = asked(capsys, "optimize", "small", *TASK, *FEW, "--format", "json")
    assert code == 130 and words("en")["optimize.interrupted"] in err
    data = json.loads(out)
    assert data["interrupted"] and data["budget"]["used"] <= 5e7 and data["random_search"] is None


def test_the_frontier_as_json_csv_and_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced, kept = frontier.frontier, []

    def once(*arguments: object, **task: object) -> frontier.Frontier:  # three forms of one answer
        kept.extend([] if kept else [traced(*arguments, **task)])
        return kept[0]

    monkeypatch.setattr(frontier, "frontier", once)
    line = ("frontier", "small", *TASK, *FEW, "--points", "4")
    rows = json.loads(answered(capsys, *line, "--format", "json", "--out", "fronts"))
    assert set(rows[0]) == {"point", "kpis", "levers", "digest"}
    files = sorted((tmp_path / "fronts").iterdir())
    assert [path.name for path in files] == [f"small_frontier_{row['point']:02}.toml" for row in rows]
    assert [load(path).digest for path in files] == [row["digest"] for row in rows]
    code, _, err = asked(capsys, *line, "--out", "fronts")
    assert code == 2 and "exists already" in err
    flat = list(csv.DictReader(io.StringIO(answered(capsys, *line, "--format", "csv"))))
    assert [float(row["net_gmv.mean"]) for row in flat] == [row["kpis"]["net_gmv"]["mean"] for row in rows]
    assert all(math.isfinite(float(row["payment.redirects"])) for row in flat)
    text = answered(capsys, *line, "--lang", "zh")
    assert words("zh")["frontier.at_hand"] in text and "{" not in text

"""The command line: what it answers, what it refuses, and that it never shows a traceback."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import sim
from sim.analysis.horizons import on_one_horizon
from sim.cli.commands import whatif
from sim.cli.door import explained, outcome_of
from sim.cli.printing import as_csv, as_json, plain
from sim.errors import UserError
from tests.command_line import answered, asked

TOP = Path(__file__).parent.parent
FEW = ("--draws", "8", "--days", "7")
KPIS = {
    "gmv", "net_gmv", "refunds", "cancellations", "return_rate", "conversion", "paid_orders", "aov", "contribution", "plan_cost", "roi",
    "net_roi",
}
pytestmark = pytest.mark.usefixtures("shipped_scenarios")


# What it refuses


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("frobnicate", 2, "no command frobnicate; it has app, backtest, bench, calibrate, check"),
        ("rum baseline", 2, 'Did you mean "run"?'),
        ("--frob", 2, "no option --frob; it takes --version and --help"),
        ("run", 2, "needs SCENARIO"),
        ("run a b", 2, "unexpected extra argument"),
        ("run baseline --wrkers 2", 2, "no option --wrkers"),
        ("run baseline --workers 0", 2, "from 1 to 256"),
        ("run baseline --drawz 2", 2, 'Did you mean "--draws"?'),
        ("run baseline --draws", 2, "requires an argument"),
        ("run baseline --draws 0", 2, "not a whole number from 1 to 10,000,000"),
        ("run baseline --draws -3", 2, "not a whole number"),
        ("run baseline --draws 10000001", 2, "not a whole number"),
        ("run baseline --draws 1.5", 2, "not a whole number"),
        ("run baseline --draws 1e3", 2, "not a whole number"),
        ("run baseline --draws True", 2, "not a whole number"),
        ("run baseline --draws ''", 2, "not a whole number"),
        (f"run baseline --draws {'9' * 5000}", 2, "not a whole number"),
        ("run baseline --seed -1", 2, "from 0 to 9,223,372,036,854,775,807"),
        (f"run baseline --seed {2**63}", 2, "not a whole number"),
        ("run baseline --seed nan", 2, "not a whole number"),
        ("run baseline --days 0", 2, "not a whole number from 1 to 732"),
        ("run baseline --days 100000", 2, "not a whole number from 1 to 732"),
        ("run baseline --start 2024-02-30", 2, "not a date like 2024-01-31"),
        ("run baseline --start 20240101", 2, "not a date"),
        ("run baseline --noise maybe", 2, "'maybe' is not one of 'on', 'off'"),
        ("run baseline --format xml", 2, "is not one of 'table', 'json', 'csv'"),
        ("run baseline --lang fr", 2, "is not one of 'en', 'zh'"),
        ("run baseline --set payment.redirects", 2, "not of the form name=NUMBER"),
        ("run baseline --set =2", 2, "not of the form name=NUMBER"),
        ("run baseline --set payment.redirects=", 2, "is not a finite number"),
        ("run baseline --set payment.redirects=nan", 2, "'nan' is not a finite number"),
        ("run baseline --set payment.redirects=-inf", 2, "is not a finite number"),
        ("run baseline --set payment.redirects=1e999", 2, "is not a finite number"),
        ("run baseline --set payment.redirects=true", 2, "is not a finite number"),
        ("run baseline --set payment.redirects=2s", 2, "is not a finite number"),
        ("run baseline --set payment.redirects=2 --set payment.redirects=3", 2, "twice, as 2 and as 3"),
        ("run baseline --set payment.redirect=2", 2, "payment.redirects"),
        ("run baseline --set payment.redirects=99", 2, "payment.redirects"),
        ("run baseline --set payment.redirects=2.5", 2, "payment.redirects"),
        ("run baseline --set payment.gap=0.1", 2, "payment.gap"),
        ("run baseline --assume payment.benchmark_succes=0.9", 2, "payment.benchmark_success"),
        ("run baseline --assume payment.benchmark_success=7", 2, "payment.benchmark_success"),
        ("run no_such_plan", None, "no_such_plan"),
        ("run baseline --scenarios /no/such/folder", 5, "/no/such/folder"),
        ("compare baseline", 2, "needs PLAN"),
        ("params paymnt", 2, 'Did you mean "payment"?'),
        ("params --role leverr", 2, "is not one of 'lever'"),
        ("schema --format csv", 2, "is not"),
        ("app --port 0", 2, "from 1 to 65,535"),
        ("app --port 70000", 2, "from 1 to 65,535"),
        ("app --scenarios /no/such/folder", 5, "/no/such/folder"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str], line: str, code: int | None, says: str) -> None:
    got, out, err = asked(capsys, *shlex.split(line))
    assert got == code if code is not None else got in (2, 5)
    assert out == ""
    assert says in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert len(err) < 600


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UserError("No plan reaches it.", exit_code=3), 3, "No plan reaches it."),
        (PermissionError(13, "Permission denied", "/x/plan.toml"), 5, "/x/plan.toml: Permission denied."),
        (OSError(28, "No space left on device"), 5, "No space left on device."),
        (MemoryError(), 5, "fewer --draws"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
        (click.ClickException("odd"), 5, "odd."),
    ],
)
def test_errors_are_explained(error: Exception, code: int, says: str) -> None:
    message, got = explained(error)
    assert got == code
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (MemoryError(), 5), (ValueError("oops"), 1)])
def test_what_goes_wrong_inside_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def broken(*_args, **_kwargs):
        raise error

    monkeypatch.delenv("WHATIF_DEBUG", raising=False)
    monkeypatch.setattr("sim.scenario.load", broken)
    got, out, err = asked(capsys, "run", "baseline")
    assert (got, out) == (code, "")
    assert len(err.strip().splitlines()) == 1


def test_debugging_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args, **_kwargs):
        raise ValueError("oops")

    monkeypatch.setenv("WHATIF_DEBUG", "1")
    monkeypatch.setattr("sim.scenario.load", broken)
    with pytest.raises(ValueError, match="oops"):
        outcome_of(["run", "baseline"])


# What it answers


def test_run_as_json_holds_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(answered(capsys, "run", "baseline", *FEW, "--seed", "5", "--format", "json"), parse_constant=pytest.fail)
    assert data["scenario"]["name"] == "baseline"
    assert len(data["scenario"]["digest"]) == 64
    assert (data["seed"], data["draws"], len(data["daily"])) == (5, 8, 7)
    assert set(data["kpis"]) >= KPIS
    for kpi in data["kpis"].values():
        assert set(kpi) >= {"mean", "p5", "p10", "p50", "p90", "p95", "unit"}
    assert [stage["stage"] for stage in data["stages"]] == ["click", "page", "order", "payment", "shipping", "returns"]


def test_run_as_csv_is_the_kpi_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answered(capsys, "run", "baseline", *FEW, "--format", "csv"))))
    assert list(rows[0]) == ["kpi", "mean", "p5", "p10", "p50", "p90", "p95", "unit"]
    assert {row["kpi"] for row in rows} >= KPIS
    assert float(rows[0]["p10"]) <= float(rows[0]["p90"])


def test_run_as_table_speaks_both_languages(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    english = answered(capsys, "run", "baseline", *FEW)
    assert "Net GMV, CNY" in english
    assert "80 % interval" in english
    assert " bn" in english
    chinese = answered(capsys, "run", "baseline", *FEW, "--lang", "zh")
    assert "净 GMV（元）" in chinese
    assert " 亿" in chinese
    assert "可挽回净 GMV" in chinese
    monkeypatch.setenv("WHATIF_LANG", "zh_CN.UTF-8")
    assert answered(capsys, "run", "baseline", *FEW) == chinese


def test_central_is_one_lane(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(answered(capsys, "run", "baseline", "--days", "7", "--central", "--format", "json"))
    assert data["draws"] == 1
    assert data["kpis"]["gmv"]["p5"] == data["kpis"]["gmv"]["p95"]
    code, out, err = asked(capsys, "run", "baseline", "--days", "7", "--central", "--draws", "9")
    assert code == 0
    assert "every assumption at its best value" in out
    assert "interval" not in out
    assert "--draws is not used" in err


def test_the_same_seed_gives_the_same_bytes_and_a_lever_moves_them(capsys: pytest.CaptureFixture[str]) -> None:
    once = answered(capsys, "run", "baseline", *FEW, "--format", "json")
    assert answered(capsys, "run", "baseline", *FEW, "--format", "json") == once
    other = answered(capsys, "run", "baseline", *FEW, "--set", "payment.redirects=2", "--format", "json")
    assert json.loads(other)["kpis"]["gmv"]["mean"] > json.loads(once)["kpis"]["gmv"]["mean"]


def test_compare_baseline_with_itself_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(answered(capsys, "compare", "baseline", "baseline", *FEW, "--format", "json"))
    for kpi in data["plans"][0]["kpis"].values():
        assert kpi["delta"] in ({"mean": 0.0, "p10": 0.0, "p50": 0.0, "p90": 0.0}, dict.fromkeys(kpi["delta"]))


def test_compare_sets_levers_of_the_plan_only(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("compare", "baseline", "baseline", *FEW, "--set", "payment.redirects=2")
    net = json.loads(answered(capsys, *arguments, "--format", "json"))["plans"][0]["kpis"]["net_gmv"]
    assert net["delta"]["mean"] > 0
    assert net["p_better"] == 1.0
    rows = list(csv.DictReader(io.StringIO(answered(capsys, *arguments, "--format", "csv"))))
    assert rows[0]["plan"] == "baseline"
    assert "+" in answered(capsys, *arguments)


def test_compare_shipped_plans(capsys: pytest.CaptureFixture[str]) -> None:
    text = answered(capsys, "compare", "baseline", "fix_payment", "all_fixes", "--draws", "8", "--lang", "zh")
    assert text.count("更优概率") == 2


def test_diff_names_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(answered(capsys, "diff", "baseline", "fix_payment", "--format", "json"))
    assert any(row["name"] == "payment.redirects" for row in rows)
    assert set(rows[0]) == {"kind", "name", "field", "before", "after", "unit"}
    assert "payment.redirects" in answered(capsys, "diff", "baseline", "fix_payment")
    assert "payment.redirects" in answered(capsys, "diff", "baseline", "fix_payment", "--format", "csv")
    assert answered(capsys, "diff", "baseline", "baseline", "--format", "json").strip() == "[]"
    assert answered(capsys, "diff", "baseline", "baseline", "--lang", "zh").strip() == "两个方案没有差别。"


def test_params_lists_the_whole_registry(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(answered(capsys, "params", "--format", "json"))
    assert [row["name"] for row in rows] == list(sim.known_parameters())
    assert {"label", "help", "unit", "role", "value", "low", "high", "bounds", "source", "grade", "expect", "cost"} <= set(rows[0])
    levers = json.loads(answered(capsys, "params", "--role", "lever", "--format", "json"))
    assert all(row["cost"] for row in levers)
    assert "支付跳转" in answered(capsys, "params", "payment", "--lang", "zh")
    table = list(csv.DictReader(io.StringIO(answered(capsys, "params", "payment.redirects", "--format", "csv"))))
    assert [row["name"] for row in table] == ["payment.redirects"]
    assert table[0]["label_zh"]


def test_facts_lists_every_fact(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(answered(capsys, "facts", "--draws", "4", "--format", "json"))
    assert len(rows) == len(sim.known_parameters().facts) == 125
    assert set(rows[0]) >= {"id", "quantity", "document_value", "unit", "role", "status", "model_value", "parameter", "note", "contradicts"}
    text = answered(capsys, "facts", "--draws", "4")
    assert "F001" in text
    assert "reproduced" in text


def test_validate_tells_good_from_bad(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = json.loads(answered(capsys, "validate", "--format", "json"))
    assert rows[0]["scenario"] == "baseline"
    assert all(row["valid"] for row in rows)
    (tmp_path / "bad.toml").write_text('schema = 1\ntitle = "Bad"\n[levers.payment.redirect]\nto = 2\n', encoding="utf-8")
    code, out, err = asked(capsys, "validate", str(tmp_path / "bad.toml"), "baseline", "--format", "json")
    assert code == 2
    assert [row["valid"] for row in json.loads(out)] == [False, True]
    assert "1 of 2 scenario files cannot be used: bad." in err
    code, out, err = asked(capsys, "validate", str(tmp_path / "bad.toml"))
    assert (code, out) == (2, "")
    assert "payment.redirects" in err
    code, _, err = asked(capsys, "validate", "--scenarios", str(tmp_path / "empty"))
    assert code == 5


def test_check_holds_and_fails_loudly(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(answered(capsys, "check", "baseline", *FEW, "--format", "json"))
    assert rows
    assert set(rows[0]) == {"scenario", "identity", "worst_relative", "draw"}
    assert "All identities hold." in answered(capsys, "check", "baseline", *FEW)
    for worst in (0.5, math.nan):
        broken = [{"scenario": "baseline", "identity": "gmv = parts", "worst_relative": worst, "draw": 3}]
        monkeypatch.setattr("sim.analysis.checking.check", lambda *_args, rows=broken, **_kwargs: rows)
        code, out, err = asked(capsys, "check", "baseline", *FEW, "--format", "json")
        assert code == 4
        assert json.loads(out, parse_constant=pytest.fail)
        assert "gmv = parts in baseline, draw 3" in err


def test_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(answered(capsys, "schema"))
    assert schema["$schema"]
    assert answered(capsys, "schema", "--format", "json") == answered(capsys, "schema")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Project one scenario." in answered(capsys)
    assert answered(capsys, "--version").strip() == f"whatif, version {sim.__version__}"


@pytest.mark.parametrize("command", sorted(whatif.commands))
def test_every_command_helps(command: str) -> None:
    result = CliRunner().invoke(whatif, [command, "--help"])
    assert result.exit_code == 0
    assert whatif.commands[command].get_short_help_str(300).endswith(".")


# What it prints


def test_json_is_strict() -> None:
    assert json.loads(as_json({"a": math.nan, "b": [math.inf, 1.0], "c": date(2024, 1, 1), "d": (1, None)})) == {
        "a": None, "b": [None, 1.0], "c": "2024-01-01", "d": [1, None],
    }
    numpy = pytest.importorskip("numpy")
    assert plain({"a": numpy.float64("nan"), "b": numpy.int64(3), "c": numpy.array([1.5, numpy.inf]), "d": numpy.bool_(True)}) == {
        "a": None, "b": 3, "c": [1.5, None], "d": True,
    }
    assert "净" in as_json("净")


def test_csv_has_empty_cells_for_nothing() -> None:
    assert as_csv([{"a": None, "b": math.nan, "c": (1, 2), "d": 'x, "y"'}]) == 'a,b,c,d\n,,1 2,"x, ""y"""\n'
    assert as_csv([]) == ""


# Which days a comparison covers


def test_undated_scenarios_take_the_horizon_of_the_first_plan() -> None:
    base = sim.load("baseline", TOP / "scenarios")
    plan = base.with_horizon(start=date(2024, 6, 1), days=30)
    moved, plans = on_one_horizon(base, [plan, base])
    assert {(s.start, s.days) for s in (moved, *plans)} == {(date(2024, 6, 1), 30)}
    assert on_one_horizon(plan, [plan]) == (plan, [plan])


def test_dated_scenarios_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "dated.toml"
    file.write_text(
        'schema = 1\ntitle = "Dated"\nextends = "baseline"\n[horizon]\nstart = 2024-03-01\ndays = 20\n'
        "[levers.payment.redirects]\nto = 2\nstart = 2024-03-05\n",
        encoding="utf-8",
    )
    dated, base = sim.load(file, TOP / "scenarios"), sim.load("baseline", TOP / "scenarios")
    moved, _ = on_one_horizon(base, [dated])
    assert (moved.start, moved.days) == (date(2024, 3, 1), 20)
    with pytest.raises(UserError, match="--start and --days"):
        on_one_horizon(dated, [base])


# Odd names


def test_an_error_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (("params", "\x1b[1m"), ("run", "a\nb.toml"), ("run", "x/\x1b[31m.toml")):
        _, _, err = asked(capsys, *line)
        assert len(err.splitlines()) == 1
        assert err.strip().isprintable()


def test_names_of_absurd_length_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (("run", "a" * 5000), ("params", "a" * 5000)):
        code, _, err = asked(capsys, *line)
        assert code in (2, 5)
        assert len(err) < 400


def test_an_unknown_name_that_is_like_none_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert "whatif params --role lever" in asked(capsys, "run", "baseline", "--set", "x=1")[2]
    assert "whatif params" in asked(capsys, "run", "baseline", "--assume", "x=1")[2]
    assert "detail_page, fulfilment" in asked(capsys, "params", "")[2]


def test_validate_tries_whether_a_shops_totals_close(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text(
        'schema = 1\ntitle = "Shop"\nquestion = "Does it close?"\n\n'
        '[baseline.detail_page.bounce]\nvalue = 0.05\nsource = "example"\n',
        encoding="utf-8",
    )
    code, _, err = asked(capsys, "validate", str(shop))
    assert code == 2 and "detail_page.bounce cannot be reproduced" in err

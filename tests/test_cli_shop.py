"""A calibrated shop on the command line: it runs like any scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import posteriors
from tests.command_line import answered, asked


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(tmp_path))
    posteriors.shop(tmp_path)
    plan = 'schema = 1\ntitle = "Two"\nextends = "my_shop"\n[horizon]\ndays = 7\n[levers.payment.redirects]\nto = 2\n'
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    return tmp_path


def test_run_and_compare(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(answered(capsys, "run", "my_shop", "--draws", 64, "--days", 7, "--format", "json"))
    assert found["daily"][0]["date"] == posteriors.ORIGIN.isoformat()
    one = json.loads(answered(capsys, "compare", "my_shop", "plan", "--draws", 64, "--format", "json"))["plans"][0]
    assert one["kpis"]["net_gmv"]["p_better"] == 1.0
    assert [row["lever"] for row in one["attribution"]] == ["payment.redirects"]


def test_a_stated_number_fixes_its_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spreads = []
    for more in ((), ("--assume", "closure.gmv_quarter=4e6")):
        out = answered(capsys, "run", "plan", "--draws", 64, "--noise", "off", "--format", "json", *more)
        gmv = json.loads(out)["kpis"]["gmv"]
        spreads.append(gmv["p90"] - gmv["p10"])
    assert spreads[1] < 0.5 * spreads[0]
    code, _, says = asked(capsys, "run", "plan", "--assume", "profile.level=0")
    assert (code, says) == (2, "whatif: profile.level: is part of the shop's calendar: change [profile] in its file.\n")


def test_validate_tries_all_draws(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered(capsys, "validate")
    values = posteriors.columns(1500)
    values["closure.view_to_order"][100] = 0.2
    posteriors.shop(folder, values)
    code, out, _ = asked(capsys, "validate", "--format", "json")
    assert code == 2 and out.count("cannot be reproduced in 1 of 1,500 draws") == 2


def test_differences_show_the_calendar_and_the_draws(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posteriors.shop(folder, posteriors.columns(seed=6), name="later")
    out = answered(capsys, "diff", "my_shop", "later")
    assert "fitted draws" in out and len(max(out.splitlines(), key=len)) < 100
    assert "拟合抽样" in answered(capsys, "diff", "my_shop", "later", "--lang", "zh")


def test_a_missing_file_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my_shop.parquet").unlink()
    code, out, says = asked(capsys, "run", "plan")
    assert (code, out) == (2, "")
    assert "posterior.file: there is no my_shop.parquet in" in says and says.count("\n") == 1


def test_the_books_balance(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered(capsys, "check", "plan", "--draws", 32)

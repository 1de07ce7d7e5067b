"""`whatif report`: where it writes, what it refuses, and that nothing that was there is lost."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import openpyxl
import pytest

import sim
from sim.report import making
from tests.command_line import answered, asked

pytestmark = pytest.mark.usefixtures("shipped_scenarios")
QUICK = ("--draws", 8, "--days", 10, "--drivers", "off", "--date", "2026-11-22", "--quiet")
PLAN = "fix_pages"  # no dates: any ten days will do


def test_both_files_say_the_same_as_run_and_compare(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page, book = tmp_path / "plan.html", tmp_path / "plan.XLSX"
    out = answered(capsys, "report", PLAN, "--out", page, "--out", book, "--author", "Li Wei", *QUICK)
    assert out.splitlines() == [str(page), str(book)]
    said = json.loads(answered(capsys, "compare", "baseline", PLAN, "--draws", 8, "--days", 10, "--attribution", "off", "--format", "json"))
    sheet = openpyxl.load_workbook(book)["Figures"]
    heads = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2, values_only=True) if row[0] == "Net GMV, CNY")
    delta = said["plans"][0]["kpis"]["net_gmv"]["delta"]
    assert row[heads.index("change")] == pytest.approx(delta["mean"], rel=1e-15)
    assert row[heads.index("change p90")] == pytest.approx(delta["p90"], rel=1e-15)
    assert row[heads.index("base")] == pytest.approx(said["base"]["kpis"]["net_gmv"]["mean"], rel=1e-15)
    text = page.read_text(encoding="utf-8")
    assert "Fast pages, parameters in view" in text
    assert said["plans"][0]["digest"] in text
    assert "Li Wei" in text


def test_in_chinese_with_several_plans(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    book = tmp_path / "对比.xlsx"
    answered(capsys, "report", PLAN, "fix_colour", "--out", book, "--lang", "zh", "--attribution", "off", *QUICK)
    opened = openpyxl.load_workbook(book)
    assert opened.sheetnames[:3] == ["摘要", "一览", "并排"]
    assert [row[0].value for row in opened["一览"].iter_rows(min_row=2)] == ["基线", "详情页提速、参数前移", "色差治理"]


def test_levers_on_the_command_line_move_the_plan_and_never_the_base(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    book = tmp_path / "plan.xlsx"
    answered(capsys, "report", "baseline", "--set", "payment.redirects=2", "--out", book, "--attribution", "off", *QUICK)
    rows = list(openpyxl.load_workbook(book)["Levers"].iter_rows(min_row=2, max_col=4, values_only=True))
    assert rows == [("Redirects to pay", "payment.redirects", 5, 2)]


def test_the_baseline_alone_and_another_base(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, second = tmp_path / "base.xlsx", tmp_path / "other.xlsx"
    answered(capsys, "report", "baseline", "--out", first, *QUICK)
    assert "Levers" not in openpyxl.load_workbook(first).sheetnames
    answered(capsys, "report", PLAN, "--base", "fix_colour", "--out", second, "--attribution", "off", *QUICK)
    assert "base\nTrue colours" in "\n".join(
        f"{row[0].value}\n{row[1].value}" for row in openpyxl.load_workbook(second).worksheets[0].iter_rows(max_col=2)
    )


def test_the_same_request_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        answered(capsys, "report", PLAN, "--out", tmp_path / f"{name}.html", "--out", tmp_path / f"{name}.xlsx", *QUICK)
    for ending in ("html", "xlsx"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((PLAN, "--out", "{here}/plan.pdf"), 2, r"'.*plan\.pdf' ends in neither \.html nor \.xlsx"),
        ((PLAN, "--out", "{here}/plan"), 2, "ends in neither"),
        ((PLAN, "--out", "{here}/no/plan.html"), 5, r"there is no folder .*no\."),
        ((PLAN, "--out", "{here}/folder.html"), 2, "is a folder; name a file"),
        ((PLAN, "--out", "{here}/kept.html"), 2, r"exists already; choose another name, or say --overwrite"),
        ((PLAN, "--out", "{here}/a.html", "--out", "{here}/./a.html"), 2, "is named twice"),
        ((PLAN,), 2, "report needs --out"),
        (("--out", "{here}/a.html"), 2, "report needs SCENARIO"),
        ((PLAN, PLAN, "--out", "{here}/a.html"), 2, '"fix_pages" is named twice'),
        ((PLAN, "no_such", "--out", "{here}/a.html"), 5, "no_such"),
        (("a", "b", "c", "d", "e", "f", "g", "--out", "{here}/a.html"), 2, "one to 6 scenarios, not on 7"),
        (("next_stage", "double11", "--out", "{here}/a.html"), 2, "put both on one horizon"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "kept.html").write_text("mine", encoding="utf-8")
    found, out, err = asked(capsys, "report", *(part.format(here=tmp_path) for part in arguments), "--draws", 2)
    assert (found, out) == (code, "")
    assert re.search(says, err), err
    assert "Traceback" not in err
    assert (tmp_path / "kept.html").read_text(encoding="utf-8") == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"folder.html", "kept.html"}


def test_a_file_is_replaced_only_when_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    path.write_bytes(b"mine")
    answered(capsys, "report", PLAN, "--out", path, "--overwrite", "--attribution", "off", *QUICK)
    assert path.read_bytes()[:2] == b"PK"


@pytest.mark.skipif(os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_before_the_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        code, _, err = asked(capsys, "report", PLAN, "--out", tmp_path / "a.html", *QUICK)
    finally:
        tmp_path.chmod(0o700)
    assert (code, "permission denied" in err) == (5, True)


def test_a_full_disk_leaves_what_was_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.xlsx"
    path.write_bytes(b"last week's")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.scenario.placing.os.fsync", full)
    code, out, err = asked(capsys, "report", PLAN, "--out", path, "--overwrite", "--attribution", "off", *QUICK)
    assert (code, out) == (5, "")
    assert "No space left on device" in err
    assert path.read_bytes() == b"last week's"
    assert [item.name for item in tmp_path.iterdir()] == ["plan.xlsx"]


def test_from_python(tmp_path: Path) -> None:
    plan = sim.load(PLAN).with_horizon(days=10)
    paths = sim.write_report(plan, tmp_path / "plan.xlsx", draws=8, attribution=None, drivers=False, language="zh")
    assert paths == [tmp_path / "plan.xlsx"]
    assert "摘要" in openpyxl.load_workbook(paths[0]).sheetnames


def test_the_base_is_of_the_same_shop() -> None:
    merchant = sim.load("merchant")
    base = making.usual_base([merchant])
    assert base.baseline == merchant.baseline
    assert not base.moved
    assert making.usual_base([merchant, sim.load(PLAN)]).baseline == {}

"""Files of an older schema: there is none yet, so an invented change of schema, 0 to 1, stands for the first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.cli.door import outcome_of
from sim.scenario import SCHEMA, load, migrating

OLD = """# what the shop asked in spring
schema = 0
name = "Two redirects"    # called so then

[levers.payment.redirects]
to = 2    # from five
"""
OLD_CHILD = 'schema = 0\nname = "And a bigger desk"\nextends = "old"\n\n[levers.service.seats]\nto = 28\n'
CURRENT = 'schema = 1\ntitle = "Current"\n'


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WHATIF_LANG", raising=False)

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = outcome_of(["migrate", "--scenarios", str(tmp_path), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_title(document: Any) -> None:
        old = document["name"]
        document["title"] = old
        del document["name"]

    monkeypatch.setitem(migrating.MIGRATIONS, 0, to_title)


def test_today_there_is_nothing_to_do(asked, tmp_path: Path) -> None:
    (tmp_path / "current.toml").write_text(CURRENT)
    assert asked() == (0, "current: at schema 1 already\nNothing is to do.\n", "")
    code, out, _ = asked("current", "--format", "json")
    assert code == 0
    assert json.loads(out) == [{"scenario": "current", "schema": 1, "to": 1, "needed": False, "written": False, "backup": None}]
    assert (tmp_path / "current.toml").read_text() == CURRENT


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema = 2\ntitle = 'x'\n", "schema 2 and was written by a newer version; this version reads schema 1"),
        ("title = 'x'\n", "schema is missing"),
        ("schema = true\ntitle = 'x'\n", "schema = 1 is expected"),
        ("schema = 0\ntitle = 'x'\n", "schema = 1 is expected, not 0"),
        ("schema = [\n", "not valid TOML"),
    ],
)
def test_what_no_version_wrote_is_refused(asked, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    code, out, err = asked("odd")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert says in err


def test_a_file_is_migrated_with_its_comments_and_kept_as_it_was(asked, older: None, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OLD)
    (tmp_path / "current.toml").write_text(CURRENT)
    code, out, _ = asked()
    assert (code, out) == (0, "current: at schema 1 already\nold: schema 0 became 1; the old file is old.toml.schema0\n")
    assert (tmp_path / "old.toml.schema0").read_text() == OLD
    text = (tmp_path / "old.toml").read_text()
    assert f"schema = {SCHEMA}\n" in text and "# what the shop asked in spring" in text and "# from five" in text
    scenario = load("old", tmp_path)
    assert (scenario.title, scenario.levers["payment.redirects"].amount) == ("Two redirects", 2)
    assert asked()[1].endswith("Nothing is to do.\n")


def test_a_dry_run_writes_nothing(asked, older: None, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OLD)
    assert asked("--dry-run")[:2] == (0, "old: schema 0 would become 1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["old.toml"]
    assert (tmp_path / "old.toml").read_text() == OLD


def test_what_a_file_extends_goes_first(asked, older: None, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OLD)
    (tmp_path / "a_child.toml").write_text(OLD_CHILD)
    code, out, _ = asked("a_child", "old", "--format", "json")
    assert code == 0
    assert [(row["scenario"], row["written"]) for row in json.loads(out)] == [("old", True), ("a_child", True)]
    assert set(load("a_child", tmp_path).levers) == {"payment.redirects", "service.seats"}


def test_a_file_that_would_not_read_back_stays_as_it_is(asked, older: None, tmp_path: Path) -> None:
    broken = OLD.replace("to = 2 ", "to = 99 ")
    (tmp_path / "old.toml").write_text(broken)
    code, out, err = asked("old")
    assert (code, out) == (2, "")
    assert "stays as it is; migrated, it could not be read" in err and "payment.redirects" in err
    assert [path.name for path in tmp_path.iterdir()] == ["old.toml"]
    assert (tmp_path / "old.toml").read_text() == broken


def test_an_older_backup_is_never_written_over(asked, older: None, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OLD)
    (tmp_path / "old.toml.schema0").write_text("of an earlier try")
    assert "the old file is old.toml.schema0.2" in asked("old")[1]
    assert (tmp_path / "old.toml.schema0").read_text() == "of an earlier try"

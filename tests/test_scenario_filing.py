"""Renaming, deleting and bringing back scenario files."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.errors import UserError
from sim.scenario import filing
from sim.scenario.overlay import scenario_names

BASE = 'schema = 1\ntitle = "Base"\n'
CHILD = '# kept\nschema = 1\ntitle = "Child"\nextends = "plan"\n[levers.payment.redirects]\nto = 3\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "other.toml").write_text(BASE.replace("Base", "Other"), encoding="utf-8")
    return tmp_path


def test_a_renamed_file_is_the_same_file(folder: Path) -> None:
    before = (folder / "plan.toml").read_bytes()
    assert filing.rename("plan", "方案 2", folder) == folder / "方案 2.toml"
    assert scenario_names(folder) == ["other", "方案 2"]
    assert (folder / "方案 2.toml").read_bytes() == before


def test_only_the_case_may_change(folder: Path) -> None:
    filing.rename("plan", "Plan", folder)
    assert scenario_names(folder) == ["Plan", "other"]


@pytest.mark.parametrize("name", ["other", "OTHER", "../plan", "a/b", "", ".hidden", "CON", "x\ny", "x" * 300])
def test_a_name_that_is_taken_or_none_changes_nothing(folder: Path, name: str) -> None:
    with pytest.raises(UserError) as refusal:
        filing.rename("plan", name, folder)
    assert "\n" not in refusal.value.message
    assert scenario_names(folder) == ["other", "plan"]
    assert sim.load(folder / "other.toml").title == "Other"


def test_what_others_extend_is_neither_renamed_nor_deleted(folder: Path) -> None:
    (folder / "child.toml").write_text(CHILD, encoding="utf-8")
    (folder / "broken.toml").write_text("schema = [", encoding="utf-8")
    assert filing.dependents("plan", folder) == ["child"]
    for act in (lambda: filing.rename("plan", "new", folder), lambda: filing.delete("plan", folder)):
        with pytest.raises(UserError, match=r"child\.toml extends it"):
            act()
    assert sim.load("child", folder).title == "Child"


def test_a_deleted_file_comes_back_to_the_byte(folder: Path) -> None:
    before = (folder / "plan.toml").read_bytes()
    deleted = filing.delete("plan", folder)
    assert scenario_names(folder) == ["other"]
    assert deleted.kept.read_bytes() == before
    assert filing.bring_back(deleted) == folder / "plan.toml"
    assert (folder / "plan.toml").read_bytes() == before


def test_a_deleted_file_takes_nobodys_place_when_it_comes_back(folder: Path) -> None:
    deleted = filing.delete("plan", folder)
    (folder / "plan.toml").write_text(BASE.replace("Base", "New"), encoding="utf-8")
    with pytest.raises(UserError, match="exists again"):
        filing.bring_back(deleted)
    assert sim.load(folder / "plan.toml").title == "New"
    assert deleted.kept.is_file()


def test_two_deletions_of_one_name_are_both_kept(folder: Path) -> None:
    first = filing.delete("plan", folder)
    (folder / "plan.toml").write_text(BASE.replace("Base", "New"), encoding="utf-8")
    second = filing.delete("plan", folder)
    assert first.kept != second.kept and first.kept.is_file() and second.kept.is_file()


def test_a_copy_is_put_aside_before_it_is_overwritten(folder: Path) -> None:
    kept = filing.put_aside("plan", folder)
    assert kept is not None and kept.kept.read_bytes() == (folder / "plan.toml").read_bytes()
    assert filing.put_aside("nowhere", folder) is None


def test_what_is_gone_already_is_one_sentence(folder: Path) -> None:
    (folder / "plan.toml").unlink()
    for act in (lambda: filing.rename("plan", "new", folder), lambda: filing.delete("plan", folder)):
        with pytest.raises(UserError, match="could not be"):
            act()


def test_without_links_nothing_is_overwritten_either(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    deleted = filing.delete("plan", folder)
    filing.bring_back(deleted)
    assert scenario_names(folder) == ["other", "plan"]
    with pytest.raises(FileExistsError):
        filing._moved(folder / "plan.toml", folder / "other.toml")
    assert sim.load(folder / "other.toml").title == "Other"

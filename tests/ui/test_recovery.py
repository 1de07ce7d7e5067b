"""Unsaved work: on disk at every step, offered after a refresh or a restart, and never to somebody else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import sim
from sim.scenario import LeverCost, LeverSetting
from sim.texts import LANGUAGES, words
from sim.ui import journal, people, recovery
from sim.ui.journal import Work

from .app import TOP, opened, well
from .test_files import REDIRECTS, moved, save, save_as, uploaded


def again(app: AppTest, language: str = "en") -> AppTest:
    """The same tab after a refresh: a new session with the old address."""
    test = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
    test.query_params["lang"] = language
    test.query_params["work"] = token(app)
    return test.run()


def token(app: AppTest) -> str:
    found = app.query_params["work"]
    return found if isinstance(found, str) else found[0]


def offered(app: AppTest) -> list[str]:
    return [button.key.partition(".")[2] for button in app.button if (button.key or "").startswith("recovery_restore.")]


def take(app: AppTest, act: str = "restore") -> None:
    next(button for button in app.button if (button.key or "").startswith(f"recovery_{act}.")).click().run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_a_refresh_the_unsaved_levers_are_offered_and_come_back(folder: Path, language: str) -> None:
    app = opened(language)
    app.selectbox(key="picker").set_value("faster").run()
    moved(app, 3)
    fresh = again(app, language)
    well(fresh)
    assert offered(fresh) == [token(app)]
    assert fresh.slider(key=REDIRECTS).value == 5  # nothing happens before it is asked for
    take(fresh)
    well(fresh)
    assert fresh.selectbox(key="picker").value == "faster" and fresh.slider(key=REDIRECTS).value == 3
    assert any(words(language)["recovery.restored"].format(name="faster") in text.value for text in fresh.markdown)
    assert not offered(fresh)
    assert journal.tokens() == [token(fresh)]  # it is the new session's now


def test_saved_work_is_not_offered(folder: Path) -> None:
    app = opened()
    moved(app, 3)
    assert len(journal.tokens()) == 1
    save_as(app, name="mine", title="Mine", author="Ada")
    assert journal.tokens() == []
    assert not offered(again(app))


def test_undone_work_is_not_offered(app: AppTest) -> None:
    moved(app, 3)
    app.button(key="undo").click().run()
    assert journal.tokens() == []


def test_discarded_work_is_gone_and_put_off_work_is_not(app: AppTest) -> None:
    moved(app, 3)
    fresh = again(app)
    take(fresh, "later")
    assert not offered(fresh) and journal.tokens() == [token(app)]
    last = again(app)
    take(last, "discard")
    assert not offered(last) and journal.tokens() == []


def test_several_files_are_all_kept(app: AppTest) -> None:
    moved(app, 4)
    app.selectbox(key="picker").set_value("faster").run()
    moved(app, 3)
    fresh = again(app)
    assert any("and changes to 1 of the other files" in text.value for text in fresh.markdown)
    take(fresh)
    assert fresh.slider(key=REDIRECTS).value == 3
    fresh.selectbox(key="picker").set_value("baseline").run()
    assert fresh.slider(key=REDIRECTS).value == 4


def test_work_on_a_file_that_somebody_saved_meanwhile_meets_the_conflict(app: AppTest, folder: Path) -> None:
    app.selectbox(key="picker").set_value("faster").run()
    moved(app, 3)
    theirs = (folder / "faster.toml").read_text(encoding="utf-8").replace("1.53", "1.2")
    (folder / "faster.toml").write_text(theirs, encoding="utf-8")
    fresh = again(app)
    take(fresh)
    assert fresh.slider(key=REDIRECTS).value == 3
    assert fresh.slider(key="lever.detail_page.load_median_s").value == pytest.approx(1.53)
    save(fresh)
    assert [button for button in fresh.button if button.key == "conflict_take"]
    assert (folder / "faster.toml").read_text(encoding="utf-8") == theirs


def test_an_upload_that_was_not_saved_comes_back_whole(app: AppTest, folder: Path) -> None:
    uploaded(app, "sent.toml", b'# why\nschema = 1\ntitle = "Sent"\nextends = "baseline"\n[levers.payment.redirects]\nto = 3\n')
    well(app)
    fresh = again(app)
    take(fresh)
    well(fresh)
    assert fresh.slider(key=REDIRECTS).value == 3
    save_as(fresh, name="kept", author="Ada")
    assert (folder / "kept.toml").read_text(encoding="utf-8").startswith("# why")


def test_levers_that_are_no_more_are_said_and_the_rest_comes_back(app: AppTest, folder: Path) -> None:
    moved(app, 3)
    path = folder / journal.FOLDER / f"{token(app)}.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["edits"]["payment.gone"] = said["edits"]["payment.redirects"]
    path.write_text(json.dumps(said), encoding="utf-8")
    fresh = again(app)
    take(fresh)
    assert fresh.slider(key=REDIRECTS).value == 3
    assert len(fresh.error) == 1 and "payment.gone" in fresh.error[0].value.replace("\\", "")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 9}', '{"schema": 1, "user": 4}', "\x00", "[" * 100_000])
def test_a_spoilt_entry_is_left_alone_and_hurts_nobody(app: AppTest, folder: Path, text: str) -> None:
    moved(app, 3)
    path = folder / journal.FOLDER / f"{token(app)}.json"
    path.write_text(text, encoding="utf-8")
    fresh = again(app)
    well(fresh)
    assert not offered(fresh) and path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("asked", ["../../faster", "x" * 500, "", "a/b/c/d/e/f", "\x00\x01\x02abcdef"])
def test_an_address_made_up_by_somebody_opens_nothing(folder: Path, asked: str) -> None:
    assert journal.read(asked) is None
    journal.drop(asked)
    test = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
    test.query_params["work"] = asked
    test.run()
    well(test)
    assert not offered(test)


def test_what_is_unsaved_of_one_planner_is_not_offered_to_another(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "user", lambda: "ada@company")
    moved(opened(), 3)
    monkeypatch.setattr(people, "user", lambda: "grace@company")
    assert not offered(opened())
    monkeypatch.setattr(people, "user", lambda: "")  # nobody knows who: only the tab's own address counts
    assert not offered(opened())
    monkeypatch.setattr(people, "user", lambda: "ada@company")
    assert len(offered(opened())) == 1


def test_what_somebody_is_working_on_is_not_offered(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(app, 3)
    monkeypatch.setattr(recovery, "_writing", lambda other: other == token(app))
    assert not offered(opened()) and not offered(again(app))


def test_a_folder_that_cannot_be_written_is_said(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "write", lambda work: False)
    moved(app, 3)
    assert any("kept in this window only" in text.value for text in app.markdown)


def test_a_setting_comes_back_to_the_last_digit(folder: Path) -> None:
    setting = LeverSetting(
        form="add", amount=0.1 + 0.2, start=date(2024, 1, 3), until=date(2024, 1, 20), ramp_days=7, coverage=0.3,
        cost=LeverCost(once=1e6, per_unit=-0.5),
    )
    work = Work(
        token="abcdefgh1234", user="ada", name="方案", text="# x\n", filed=False, edits={"payment.redirects": setting},
        drafts={"faster": {"service.seats": LeverSetting(amount=24.0)}},
    )
    assert journal.write(work)
    back = journal.read(work.token)
    assert back is not None
    assert (back.edits, back.drafts, back.text, back.name, back.filed) == (work.edits, work.drafts, work.text, work.name, False)


def test_authors_are_remembered_by_user(folder: Path) -> None:
    journal.remember_author("ada@company", "Ada")
    journal.remember_author("", "Nobody")
    journal.remember_author("grace@company", "格蕾丝")
    assert [journal.author_of(user) for user in ("ada@company", "grace@company", "")] == ["Ada", "格蕾丝", ""]
    (folder / journal.FOLDER / journal.AUTHORS).write_text("[1", encoding="utf-8")
    assert journal.author_of("ada@company") == ""
    assert sim.load("faster", folder).title == "Faster"

"""Two people and one file: the second sees what the first has saved, and chooses."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import sim
from sim.parameters import registry
from sim.texts import LANGUAGES, words

from .app import opened, well
from .test_files import REDIRECTS, moved, save


@pytest.fixture
def second(folder: Path) -> AppTest:
    """Has opened the file and moved a lever when somebody else saves it."""
    first, second = opened(), opened()
    for app in (first, second):
        app.selectbox(key="picker").set_value("faster").run()
    moved(second, 3)
    first.slider(key="lever.service.seats").set_value(24).run()
    save(first, author="Grace")
    assert sim.load(folder / "faster.toml").author == "Grace"
    save(second, author="Ada")
    return second


def levers(path: Path) -> dict[str, float]:
    return {name: setting.amount for name, setting in sim.load(path).moved.items()}


THEIRS = {"detail_page.load_median_s": 1.53, "service.seats": 24.0}
MINE = {"detail_page.load_median_s": 1.53, "payment.redirects": 3.0}


def test_nothing_is_overwritten_and_both_versions_are_shown(second: AppTest, folder: Path) -> None:
    assert not second.exception and not second.error
    assert levers(folder / "faster.toml") == THEIRS
    assert any("saved by Grace" in text.value for text in second.markdown)
    table = second.dataframe[0].value
    assert list(table.columns)[3:] == [words("en")[f"conflict.{side}"] for side in ("opened", "theirs", "mine")]
    seen = {row.iloc[1]: tuple(row.iloc[3:]) for _, row in table.iterrows() if row.iloc[2] == words("en").named("field", "to")}
    assert seen[registry()["service.seats"].label["en"]] == ("20 seats", "24 seats", "20 seats")
    assert seen[registry()["payment.redirects"].label["en"]] == ("5", "5", "3")
    assert second.slider(key=REDIRECTS).value == 3


def test_theirs_is_taken_and_undo_puts_mine_on_top(second: AppTest, folder: Path) -> None:
    second.button(key="conflict_take").click().run()
    well(second)
    assert second.slider(key=REDIRECTS).value == 5 and second.slider(key="lever.service.seats").value == 24
    second.button(key="undo").click().run()
    assert second.slider(key=REDIRECTS).value == 3 and second.slider(key="lever.service.seats").value == 24
    assert levers(folder / "faster.toml") == THEIRS


def test_mine_on_top_of_theirs_saves_both(second: AppTest, folder: Path) -> None:
    second.button(key="conflict_on_top").click().run()
    well(second)
    assert levers(folder / "faster.toml") == THEIRS
    save(second)
    well(second)
    assert levers(folder / "faster.toml") == THEIRS | MINE


def test_overwriting_knowingly_keeps_the_other_version_aside(second: AppTest, folder: Path) -> None:
    theirs = (folder / "faster.toml").read_bytes()
    second.button(key="conflict_overwrite").click().run()
    well(second)
    assert levers(folder / "faster.toml") == MINE
    assert sim.load(folder / "faster.toml").author == "Ada"
    (kept,) = (folder / ".deleted").iterdir()
    assert kept.read_bytes() == theirs
    assert any(kept.name in text.value.replace("\\", "") for text in second.markdown)


def test_under_another_name_both_are_files(second: AppTest, folder: Path) -> None:
    second.text_input(key="conflict_name").set_value("../faster")
    next(button for button in second.button if button.label == words("en")["conflict.other_name"]).click().run()
    assert len(second.error) == 1
    second.text_input(key="conflict_name").set_value("faster ada")
    next(button for button in second.button if button.label == words("en")["conflict.other_name"]).click().run()
    well(second)
    assert levers(folder / "faster.toml") == THEIRS and levers(folder / "faster ada.toml") == MINE


def test_later_leaves_everything_as_it_is_and_saving_asks_again(second: AppTest, folder: Path) -> None:
    second.button(key="conflict_later").click().run()
    well(second)
    assert not [button for button in second.button if button.key == "conflict_take"]
    save(second)
    assert [button for button in second.button if button.key == "conflict_take"]
    assert levers(folder / "faster.toml") == THEIRS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_was_spoilt_meanwhile_can_still_be_saved_elsewhere(folder: Path, language: str) -> None:
    app = opened(language)
    app.selectbox(key="picker").set_value("faster").run()
    moved(app, 3)
    (folder / "faster.toml").write_text("schema = [", encoding="utf-8")
    app.button(key="save").click().run()
    app.text_input(key="author_name").set_value("Ada")
    next(button for button in app.button if button.label == words(language)["files.author_save"]).click().run()
    assert not app.exception and len(app.error) == 1 and "faster.toml" in app.error[0].value
    assert not [button for button in app.button if button.key == "conflict_take"]
    app.button(key="conflict_overwrite").click().run()
    well(app)
    assert levers(folder / "faster.toml") == MINE


@pytest.mark.parametrize("way", ["conflict_overwrite", "conflict_on_top", "conflict_take"])
def test_notes_that_met_a_conflict_are_not_lost(app: AppTest, folder: Path, way: str) -> None:
    app.selectbox(key="picker").set_value("faster").run()
    path = folder / "faster.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("1.53", "1.6"), encoding="utf-8")
    next(area for area in app.text_area if area.key.startswith("save_notes")).set_value("Agreed on Monday.")
    describe = words("en")["files.describe"]
    next(button for button in app.button if button.label == describe).click().run()
    assert not sim.load(path).notes
    app.button(key=way).click().run()
    well(app)
    if way != "conflict_overwrite":  # they stand in the menu again, ready to be saved
        assert any(words("en")["conflict.words_kept"] in text.value for text in app.markdown)
        next(button for button in app.button if button.label == describe).click().run()
        well(app)
    assert sim.load(path).notes == "Agreed on Monday."

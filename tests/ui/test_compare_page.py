"""The Compare page, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.texts import LANGUAGES, words
from sim.ui import sheets

from .app import opened, said, well

LATE = 'schema = 1\ntitle = "Late"\nextends = "baseline"\n[levers.payment.redirects]\nto = 2\nstart = 2024-01-08\n'


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_loads_and_compares_with_the_baseline(folder: Path, language: str) -> None:
    (folder / "late.toml").write_text(LATE, encoding="utf-8")
    app = opened(language, page="compare")
    well(app)
    say = words(language)
    app.multiselect(key="compare_plans").set_value(["faster", "late"]).run()
    well(app)
    figures, *differences = [frame.value for frame in app.dataframe]
    assert len(figures) == 12 and len(differences) == 2
    assert figures.shape[1] == 2 + 2 * 2
    assert list(differences[1][say["head.field"]]) == [say["field.to"], say["field.start"]]
    assert "pp" in figures.iloc[4, 2]


def test_a_plan_against_itself_is_left_out(app: AppTest, folder: Path) -> None:
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["baseline"]).run()
    well(app)
    assert [info.value for info in app.info] == [words("en")["compare.choose"]]


def test_a_moved_lever_can_be_compared_before_it_is_saved(app: AppTest) -> None:
    from .app import TOP

    app.slider(key="lever.payment.redirects").set_value(2).run()
    app.switch_page(str(TOP / "sim/ui/pages/compare.py")).run()
    well(app)
    assert app.multiselect(key="compare_plans").value == ["\0current"]
    assert "unsaved" in app.multiselect(key="compare_plans").options[0]
    assert len(app.dataframe) == 2


def test_dated_plans_of_different_days_meet_on_days_that_the_planner_chooses(folder: Path) -> None:
    (folder / "late.toml").write_text(LATE, encoding="utf-8")
    (folder / "later.toml").write_text(LATE.replace("Late", "Later") + "[horizon]\ndays = 60\n", encoding="utf-8")
    (folder / "april.toml").write_text(LATE.replace("01-08", "04-08") + "[horizon]\nstart = 2024-04-01\n", encoding="utf-8")
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["late", "later"]).run()
    well(app)
    assert app.selectbox(key="compare_days").options == ["60 days from 2024-01-01", "28 days from 2024-01-01"]
    app.multiselect(key="compare_plans").set_value(["late", "april"]).run()
    assert "april" in said(app)


def test_the_choice_is_kept_while_the_planner_looks_at_another_page(folder: Path) -> None:
    from .app import TOP

    (folder / "late.toml").write_text(LATE, encoding="utf-8")
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["late"]).run()
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    app.switch_page(str(TOP / "sim/ui/pages/compare.py")).run()
    well(app)
    assert app.multiselect(key="compare_plans").value == ["late"]


def test_a_file_that_is_damaged_or_gone_is_one_sentence(folder: Path) -> None:
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["faster"]).run()
    well(app)
    (folder / "faster.toml").write_text("title = [", encoding="utf-8")
    app.run()
    assert "faster.toml" in said(app)
    (folder / "faster.toml").unlink()
    app.run()
    well(app)
    assert len(app.info) == 1


def test_with_the_baseline_alone_the_page_says_what_to_do(folder: Path) -> None:
    (folder / "faster.toml").unlink()
    app = opened(page="compare")
    well(app)
    assert [info.value for info in app.info] == [words("en")["compare.none"]]


def test_csv_opens_in_excel() -> None:
    data = sheets.csv_bytes([{"净 GMV": 1.5, "x": "a,b"}])
    assert data == "\ufeff净 GMV,x\r\n1.5,\"a,b\"\r\n".encode()
    assert sheets.csv_bytes([]) == "\ufeff".encode()

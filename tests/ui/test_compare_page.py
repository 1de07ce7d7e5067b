"""The Compare page, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.parameters import registry
from sim.scenario import load
from sim.texts import LANGUAGES, words
from sim.ui import parts, sheets
from sim.ui.comparing import differing

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
    (figures,) = [frame.value for frame in app.dataframe]
    assert len(figures) == 12 and figures.shape[1] == 2 + 2 * 2
    assert "pp" in figures.iloc[4, 2]
    (differences,) = [frame.value for frame in app.table]
    names = [registry()[name].label[language] for name in ("detail_page.load_median_s", "payment.redirects")]
    assert list(differences[say["head.name"]]) == [parts.plain(name) for name in names]
    load, redirects = (list(row)[2:] for row in differences.itertuples(index=False))
    second, times = {"en": ("2.1 s", "5"), "zh": ("2.1 秒", "5 次")}[language]
    assert load[0].replace("\u00a0", " ") == second and load[1].startswith("**1.53") and load[2].startswith(":gray[2.1")
    assert redirects[0].startswith(times) and redirects[1].startswith(":gray[5") and redirects[2].startswith("**2")
    assert say["compare_page.from"].format(date="2024-01-08") in redirects[2]
    assert len(app.get("vega_lite_chart")) == 4  # differences, waterfall, wins, days


def test_one_plan_that_cannot_be_computed_leaves_the_others_there(folder: Path) -> None:
    (folder / "late.toml").write_text(LATE, encoding="utf-8")
    (folder / "broken.toml").write_text(LATE, encoding="utf-8")
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["faster", "broken", "late"]).run()
    (folder / "broken.toml").write_text("title = [", encoding="utf-8")
    app.run()
    assert "broken is left out" in said(app).replace("**", "") and "line 1" in said(app)
    assert list(app.dataframe[0].value.columns)[2::2] == ["Faster", "Late"]
    assert not app.info


def test_a_base_that_cannot_be_computed_is_said(folder: Path) -> None:
    (folder / "late.toml").write_text(LATE, encoding="utf-8")
    (folder / "april.toml").write_text(LATE.replace("01-08", "04-08") + "[horizon]\nstart = 2024-04-01\n", encoding="utf-8")
    app = opened(page="compare")
    app.selectbox(key="compare_base").set_value("april").run()
    app.multiselect(key="compare_plans").set_value(["late"]).run()
    assert "april is left out" in said(app).replace("**", "")
    assert [info.value for info in app.info] == [words("en")["compare_page.no_base"]]


def test_a_plan_is_opened_on_the_page_plan(folder: Path) -> None:
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["faster"]).run()
    app.button(key="open_1").click().run()
    well(app)
    assert app.session_state["session"].opened.name == "faster"


def test_the_days_are_shown_as_differences_too(folder: Path) -> None:
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(["faster"]).run()
    app.toggle(key="compare_days_delta").set_value(True).run()
    app.segmented_control(key="compare_days_figure").set_value("return_rate").run()
    well(app)


def test_what_differs_is_told_of_worlds_events_goals_and_prices(folder: Path) -> None:
    text = LATE.replace("start = 2024-01-08", "coverage = 0.5\ncost = { once = 3e6 }") + """
[assumptions.payment.benchmark_success]
best = 0.95
source = "acquirer"
[[events]]
name = "fair"
start = 2024-01-10
end = 2024-01-12
traffic = 1.5
[goals]
return_rate = { at_most = 0.25, probability = 0.8 }
"""
    (folder / "all.toml").write_text(text, encoding="utf-8")
    rows = differing.rows_of([load("baseline", folder), load("all", folder)], words("en"))
    told = {kind: (name, cells[1]) for kind, name, cells in rows}
    assert set(told) == {"lever", "assumption", "event", "goal"}
    assert told["lever"] == ("Redirects to pay", (told["lever"][1][0], "covers 50.0 % · own prices: one-off cost CNY 3.00 m"))
    assert told["assumption"][1] == ("fixed at 95.0 %", "")
    assert told["event"] == ("fair", ("2024-01-10 – 01-12", "traffic factor ×1.5"))
    assert told["goal"][1] == ("≤ 25.0 %", "in 80 % of draws")


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
    assert len(app.dataframe) == 1 and len(app.table) == 1


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


def test_titles_that_are_heads_alike_long_or_mark_up_lose_no_column_and_load_nothing(folder: Path) -> None:
    titles = {"a": "name", "b": "quantity", "c": "name", "d": "long " * 400, "e": "![i](http://evil.example/x.png)"}
    for stem, title in titles.items():
        (folder / f"{stem}.toml").write_text(LATE.replace("Late", title), encoding="utf-8")
    app = opened(page="compare")
    app.multiselect(key="compare_plans").set_value(list(titles)).run()
    well(app)
    assert app.table[0].value.shape[1] == 3 + len(titles)  # kind, name, base
    assert app.dataframe[-1].value.shape[1] == 2 + 2 * len(titles)
    assert max(map(len, app.table[0].value.columns)) < 100
    (which,) = [item for item in app.segmented_control if (item.key or "").startswith("compare_which")]
    assert parts.plain(titles["e"]) in " ".join(which.options)


def test_large_numbers_are_said_and_not_in_powers_of_ten() -> None:
    assert differing._number(quarterly(), 8.5e10, words("en")) == "85.0 bn CNY a quarter"
    assert differing._number(quarterly(), 8.5e10, words("zh")) == "850 亿元/季度"


def quarterly() -> str:
    return next(name for name, item in registry().items() if item.unit == "CNY/quarter")

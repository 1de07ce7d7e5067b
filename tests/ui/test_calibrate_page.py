"""The page Calibrate: a shop's file read, fitted, scored, saved and opened; bad files refused in a sentence; the score on Plan."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

import sim
from sim.shops import fitting, samples
from sim.shops.score_files import score_of
from sim.texts import LANGUAGES, words
from sim.ui.calibrating import fitted, scored
from tests import posteriors
from tests.shops.generated import generated_shop
from tests.shops.judge import as_csv

from .app import TOP, finished, opened, said, well

ROWS = [{key: row[key] for key in ("date", "sessions", "orders")} for row in generated_shop(11, days=45, sessions=300)[1]]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.fixture
def quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Few points and few draws: what is tried here is the page, not the fit."""
    monkeypatch.setattr(fitting, "_ROUNDS", (6, 6, 8))
    monkeypatch.setattr(fitted, "DRAWS", 256)
    monkeypatch.setattr(scored, "DRAWS", 200)
    return folder


def given(data: bytes, name: str = "shop.csv", language: str = "en") -> AppTest:
    app = opened(language, "calibrate")
    app.file_uploader[0].set_value((name, data, "text/csv"))
    return app.run()


def spoken(app: AppTest) -> str:
    return "\n".join(item.value for item in (*app.markdown, *app.caption, *app.success, *app.warning, *app.info)).replace("\\", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shop_is_fitted_scored_saved_and_opened(quick: Path, language: str) -> None:
    say = words(language)
    app = given(as_csv(ROWS), language=language)
    well(app)
    assert "45" in spoken(app) and app.selectbox(key="calibrate_orders").value == "submitted"
    app.number_input(key="calibrate_days").set_value(14)
    app.number_input(key="calibrate_horizon").set_value(7)
    app.number_input(key="calibrate_origins").set_value(1).run()
    app.button(key="calibrate_run").click().run()
    well(finished(app))
    figures = next(table.value for table in app.dataframe if say["shops.head_middle"] in table.value)
    assert any(say["shops.estimate.order"] in name for name in figures[say["shops.head_what"]])
    assert (figures[say["calibrating.before"]] != "–").sum() == 1  # the registry knows how many viewers order
    assert say["calibrating.save_unscored"] in spoken(app)

    next(button for button in app.button if button.label == say["calibrating.save_button"]).click().run()
    well(app)
    assert say["calibrating.saved_unscored"].split("{")[0] in spoken(app)
    name = {"en": "my_shop", "zh": "本店"}[language]
    shop = sim.load(quick / f"{name}.toml")
    assert shop.posterior is not None and shop.days == 14 and score_of(shop) is None

    app.button(key="calibrate_backtest").click().run()  # the score that comes later is put beside it
    well(finished(app))
    rows = next(table.value for table in app.dataframe if say["calibrating.verdict"] in table.value)
    assert set(rows[say["calibrating.verdict"]]) <= {say["calibrating.own_better"], say["calibrating.rule_better"]}
    kept = score_of(sim.load(quick / f"{name}.toml"))
    assert kept is not None and (kept.horizon, kept.origins) == (7, 1) and {row["series"] for row in kept.rows} == {"sessions", "orders"}
    assert (quick / f"{name}.score.json").is_file()

    app.button(key="calibrate_open").click().run()
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    well(app)
    assert app.selectbox(key="picker").value == name
    off = say["calibrating.scored"].split("{")[-1].split("}")[-1] or say["calibrating.scored"][:4]
    assert say["calibrating.unscored"] not in spoken(app) and off.strip("。.")[:4] in spoken(app)
    assert not list(quick.glob("*.csv"))  # the file itself is nowhere


def test_a_taken_name_is_refused_and_nothing_is_overwritten(quick: Path) -> None:
    app = given(as_csv(ROWS))
    app.button(key="calibrate_run").click().run()
    finished(app)
    before = (quick / "faster.toml").read_bytes()
    app.text_input(key="calibrate_name").set_value("faster")
    next(button for button in app.button if button.label == "Save").click().run()
    assert "exists already" in said(app)
    assert (quick / "faster.toml").read_bytes() == before and not list(quick.glob("*.parquet"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sample_is_one_click_away(quick: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "DAYS", 60)
    app = opened(language, "calibrate")
    well(app)
    app.button(key="calibrate_sample").click().run()
    well(app)
    assert words(language)["calibrating.sample_file"] in spoken(app)
    odd = [box for box in app.selectbox if box.key.startswith("calibrate_odd.")]
    assert {box.key.rpartition(".")[2].partition(":")[0] for box in odd} >= {"tracking_starts", "closed_days"}
    carts = next(box for box in odd if box.key.endswith("add_to_carts"))
    assert carts.value == "drop_days"
    carts.set_value("drop_column").run()
    well(app)
    app.button(key="calibrate_remove").click().run()
    well(app)
    assert words(language)["calibrating.empty"] in spoken(app)


def workbook_with_merged_headers() -> bytes:
    book, out = Workbook(), io.BytesIO()
    page = book.active
    page.append(["date", "traffic", None, "sales"])
    page.merge_cells("B1:C1")
    page.append(["", "sessions", "sessions", "orders"])
    for row in ROWS:
        page.append([row["date"], row["sessions"], row["sessions"], row["orders"]])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (PNG, "shop.csv", "is a PNG image"), (workbook_with_merged_headers(), "shop.xlsx", "Merged headers are not read"),
        (b"", "shop.csv", "is empty"), (b"a,b\n1,2\n", "shop.csv", "no column of dates"),
        (as_csv([{**ROWS[0], "orders": -3}, *ROWS[1:]]), "shop.csv", "is below zero"),
    ],
    ids=["image", "merged", "empty", "unknown", "negative"],
)
def test_a_wrong_file_is_one_sentence(quick: Path, data: bytes, name: str, says: str) -> None:
    app = given(data, name)
    assert says in said(app) and "--" not in said(app)
    assert not [button for button in app.button if button.key == "calibrate_run"]
    app.button(key="calibrate_remove").click().run()
    well(app)


def test_gbk_is_read_and_unknown_headers_can_be_said(quick: Path) -> None:
    text = as_csv(ROWS).decode("utf-8-sig").replace("date,sessions,orders", "哪天,来了多少,下单订单数")
    app = given(text.encode("gbk"))
    assert "no column of dates" in said(app)
    first, second, third = (box for box in app.selectbox if box.key.startswith("calibrate_map."))
    assert (first.label, third.value) == ("哪天", "orders")
    first.set_value("date")
    second.set_value("sessions").run()
    well(app)
    assert app.button(key="calibrate_run").disabled is False
    assert "sessions" in spoken(app)


def test_what_can_be_read_in_two_ways_is_asked(quick: Path) -> None:
    text = "date;sessions;orders\n" + "".join(f"0{1 + k % 9}/0{1 + k // 9}/2024;{100 + k};{5 + k % 3}\n" for k in range(20))
    app = given(text.encode())
    assert "could be two days" in said(app)
    app.selectbox(key="calibrate_date_order").set_value("month_first").run()
    assert not app.exception


def workbook_of_two_shops() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for title, times in (("North", 1), ("South", 2)):
        page = book.create_sheet(title)
        page.append(["date", "sessions", "orders"])
        for row in ROWS:
            page.append([row["date"], row["sessions"] * times, row["orders"] * times])
    book["Sheet"].append(["Notes of ours"])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_a_workbook_is_chosen(quick: Path, language: str) -> None:
    app = given(workbook_of_two_shops(), "shops.xlsx", language)
    well(app)
    box = next(box for box in app.selectbox if box.key.startswith("calibrate_sheet."))
    assert (box.label, box.value, list(box.options)) == (words(language)["calibrating.sheet"], "North", ["Sheet", "North", "South"])
    assert "South" in spoken(app)  # it holds days too, and is not read
    box.set_value("South").run()
    well(app)
    assert app.session_state["calibrate_read"][1].series("sessions")[0] == 2 * ROWS[0]["sessions"]
    next(box for box in app.selectbox if box.key.startswith("calibrate_sheet.")).set_value("Sheet").run()
    assert not app.exception and len(app.error) == 1  # refused, and another sheet can be chosen
    next(box for box in app.selectbox if box.key.startswith("calibrate_sheet.")).set_value("North").run()
    well(app)
    assert app.session_state["calibrate_read"][1].series("sessions")[0] == ROWS[0]["sessions"]


def test_a_file_is_taken_apart_once(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.ui.calibrating import asking

    app = given(as_csv(ROWS))
    monkeypatch.setattr(asking, "read_grid", None)  # a second reading would fail
    app.number_input(key="calibrate_days").set_value(21).run()
    next(box for box in app.selectbox if box.key.startswith("calibrate_map.") and box.value == "orders").set_value("paid_orders").run()
    well(app)
    assert app.session_state["calibrate_read"][1].measures == ("sessions", "paid_orders")


def test_an_event_that_is_none(quick: Path) -> None:
    app = given(as_csv(ROWS))
    app.text_area(key="calibrate_events").set_value("618 2024").run()
    assert "is no event" in said(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shop_without_a_score_says_so_on_plan(folder: Path, language: str) -> None:
    posteriors.shop(folder, more="\n[horizon]\ndays = 14\n")
    app = opened(language)
    app.selectbox(key="picker").set_value("my_shop").run()
    well(app)
    assert words(language)["calibrating.unscored"] in spoken(app)

"""The Evidence page, without a browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim import evidence
from sim.analysis.sensitivity import sensitivity
from sim.parameters import registry
from sim.scenario import load
from sim.texts import LANGUAGES, words
from sim.ui import cache, evidence_tables, sheets, work
from sim.ui.decisions import drivers_work

from .app import TOP, opened, well

SHORT = """schema = 1
title = "Short"
extends = "baseline"
[horizon]
days = 5
[levers.payment.redirects]
to = 2
[assumptions.payment.benchmark_success]
low = 0.92
best = 0.95
high = 0.98
source = "=HYPERLINK(1) <b>*acquirer*</b>"
[baseline.detail_page.bounce]
value = 0.58
source = "shop export"
"""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers_work, "DRAWS", 16)
    work.desk.clear()  # no answers of other tests


def at(folder: Path, language: str = "en", text: str = SHORT, parameter: str = "") -> AppTest:
    """The page with a file of its own open, and a parameter in the address."""
    (folder / "short.toml").write_text(text, encoding="utf-8")
    app = opened(language)
    app.selectbox(key="picker").set_value("short").run()
    if parameter:
        app.query_params["parameter"] = parameter
    app.switch_page(str(TOP / "sim/ui/pages/evidence.py")).run()
    well(app)
    return app


def spoken(app: AppTest) -> str:
    return "\n".join(item.value for item in [*app.markdown, *app.caption, *app.info]).replace("\\", "").replace("\u00a0", " ")


def seen(app: AppTest, view: str) -> AppTest:
    app.segmented_control(key="evidence_view").set_value(view).run()
    well(app)
    return app


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_there_in_full(folder: Path, language: str) -> None:
    say = words(language)
    app = at(folder, language)
    for view, rows in (("parameters", len(registry())), ("facts", 125), ("contradictions", 10), ("studies", 92)):
        table = seen(app, view).dataframe[-1].value
        assert len(table) == rows
        assert say["evidence.counted"].format(shown=rows, all=rows) in spoken(app)
    assert {say["evidence.head_what"], say["evidence.head_basis"], say["evidence.head_note"]} <= set(table.columns)


def test_facts_stand_beside_the_models_figure(folder: Path) -> None:
    table = seen(at(folder), "facts").dataframe[-1].value.set_index("No.")
    assert table.loc["F105", ["Document", "Model", "Use"]].tolist() == ["62 %", "62 %", "reproduced"]
    assert table.loc["F001", ["Document", "Model"]].tolist() == ["CNY 85.0 bn a quarter"] * 2
    assert table.loc["F036", "Contradicts"] == "F001"


def test_filters_and_search_narrow_the_parameters(folder: Path) -> None:
    app = at(folder)
    app.multiselect(key="evidence_stages").set_value(["payment"]).run()
    app.button_group(key="evidence_grades").set_value(["document"]).run()
    well(app)
    assert app.dataframe[-1].value["Number"].tolist() == ["Redirects to pay", "Gap to benchmark payment success"]
    app.text_input(key="evidence_search").set_value("差距").run()  # the other language finds it too
    well(app)
    assert app.dataframe[-1].value["Value"].tolist() == ["17 %"]
    app.text_input(key="evidence_search").set_value("no such thing").run()
    well(app)
    assert words("en")["evidence.none_found"] in spoken(app) and not app.dataframe


def test_the_plans_own_values_are_marked_and_harmless(folder: Path) -> None:
    app = at(folder)
    app.toggle(key="evidence_own").set_value(True).run()
    well(app)
    table = app.dataframe[-1].value.set_index("Number")
    assert table["This plan"].tolist() == ["58 %", "95 % (92 – 98 %)"]  # in the order of the funnel
    app.selectbox(key="evidence_pick_parameters").set_value("payment.benchmark_success").run()
    well(app)
    shown = "\n".join(item.value for item in app.info)
    assert "\\<b\\>" in shown and "\\*acquirer\\*" in shown  # somebody's own words: no mark-up
    rows = [evidence_tables.plain_parameter(row) for row in evidence.numbers(load("short"))]
    (line,) = (row for row in csv.DictReader(io.StringIO(sheets.csv_bytes(rows).decode("utf-8-sig"))) if row["own_low"] == "0.92")
    assert line["own_source"].startswith("'=") and (line["value"], line["low"], line["high"]) == ("0.95", "0.9", "0.99")


def test_a_plan_without_values_of_its_own_says_so(folder: Path) -> None:
    app = opened("en", "evidence")
    well(app)
    assert app.toggle(key="evidence_own").disabled and "This plan" not in app.dataframe[-1].value.columns


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_parameter_tells_its_full_story(folder: Path, language: str) -> None:
    say, item = words(language), registry()["payment.redirects"]
    app = at(folder, language, parameter=item.name)
    assert app.selectbox(key="evidence_pick_parameters").value == item.name
    told = spoken(app)
    for part in (item.label[language], item.help[language], "F106", say["study_grade.none"], say["evidence.costs"]):
        assert part in told
    assert {"en": "times 20", "zh": "按 20 份计"}[language] in told
    app.selectbox(key="evidence_pick_parameters").set_value("money.paid_roi").run()
    well(app)
    assert app.query_params["parameter"] == "money.paid_roi"
    assert registry().facts_by_id["F101"].note[language] in spoken(app) and say["evidence.conflicts"] in spoken(app)
    app.selectbox(key="evidence_pick_parameters").set_value(None).run()
    well(app)
    assert "parameter" not in app.query_params


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_story_can_be_told(folder: Path, language: str) -> None:
    app = at(folder, language)
    for view, names in {
        "parameters": ["traffic.knowledge", "detail_page.ar_works", "service.seats", "noise.cv_pay", "service.answer_target_share",
                       "returns.refund_only_share", "memory.repeat_share", "money.seat_month"],
        "facts": ["F001", "F004", "F084"], "contradictions": ["plans_without_numbers"], "studies": ["R13", "R26", "R52"],
    }.items():  # fmt: skip
        seen(app, view)
        for name in names:
            app.selectbox(key=f"evidence_pick_{view}").set_value(name).run()
            well(app)


def test_a_link_to_a_parameter_that_there_is_not_is_one_harmless_sentence(folder: Path) -> None:
    app = at(folder, parameter="<b>payment</b>" + "x" * 200)
    (info,) = (item.value for item in app.info if "There is no parameter" in item.value)
    assert "\\<b\\>payment" in info and len(info) < 200


def test_from_a_study_to_what_rests_on_it(folder: Path) -> None:
    app = seen(at(folder), "studies")
    app.selectbox(key="evidence_pick_studies").set_value("R13").run()
    app.button(key="evidence_go_payment.benchmark_success").click().run()
    well(app)
    assert app.segmented_control(key="evidence_view").value == "parameters"
    assert app.query_params["parameter"] == "payment.benchmark_success"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_spread_rests_on(folder: Path, language: str) -> None:
    say = words(language)
    app = at(folder, language)
    assert say["evidence.not_yet"] in spoken(app)
    plan = app.session_state["session"].plan
    found = sensitivity(plan, None, kpis=drivers_work.KPIS, draws=16, seed=cache.SEED, noise=cache.NOISE, workers=1)
    work.desk().keep(drivers_work.moving_key(plan, None), found)  # as if somebody had asked on Drivers
    app.run()
    well(app)
    assert say["evidence.mere"] in spoken(app) and say["evidence.not_yet"] not in spoken(app)
    assert len(app.get("vega_lite_chart")) == 1
    app.segmented_control(key="evidence_kpi").set_value("return_rate").run()
    well(app)

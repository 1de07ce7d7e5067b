"""What each lever brought, on the Compare page and on the Plan page, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.jobs import Desk
from sim.texts import LANGUAGES, words
from sim.ui.decisions import attribution

from .app import finished, opened, said, well
from .works import endless, unanswered

TWO = 'schema = 1\ntitle = "Two"\nextends = "baseline"\n[levers.payment.redirects]\nto = 2\n[levers.detail_page.fold_depth]\nto = 1\n'


def text_of(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption)).replace("\\", "").replace("\u00a0", " ")


def compared(folder: Path, language: str = "en", plans: tuple[str, ...] = ("two",)) -> AppTest:
    (folder / "two.toml").write_text(TWO, encoding="utf-8")
    app = opened(language, page="compare")
    app.multiselect(key="compare_plans").set_value(list(plans)).run()
    well(app)
    return app


@pytest.mark.parametrize("language", LANGUAGES)
def test_compare_shares_out_the_difference_of_a_small_plan_at_once(folder: Path, language: str) -> None:
    say = words(language)
    app = compared(folder, language)
    text = text_of(app)
    assert say["attribution.title"] in text
    assert say["attribution.exact"].format(coalitions=4, draws=40) in text
    assert {"en": "Most comes from", "zh": "影响最大的是"}[language] in text
    assert {"en": "help each other", "zh": "互相促进"}[language] in text
    before = text
    app.segmented_control(key="compare_way").set_value("roll_out").run()
    well(app)
    assert say["attribution_ui.roll_out_note"] in text_of(app)
    app.segmented_control(key="compare_kpi").set_value("return_rate").run()
    well(app)
    assert "pp" in text_of(app) and text_of(app) != before


def test_compare_shows_the_waterfall_of_one_plan_and_says_when_nothing_differs(folder: Path) -> None:
    (folder / "same.toml").write_text('schema = 1\ntitle = "Same"\nextends = "baseline"\n', encoding="utf-8")
    app = compared(folder, plans=("two", "faster", "same"))
    assert "Most comes from" in text_of(app) and "Most comes from Page load time" not in text_of(app)
    app.segmented_control(key="compare_which.3").set_value(1).run()
    assert "Most comes from Page load time" in text_of(app)
    app.segmented_control(key="compare_which.3").set_value(2).run()
    well(app)
    assert "Same changes nothing against Baseline · baseline: there is nothing to share out" in text_of(app)
    assert "Most comes from" not in text_of(app)


def test_a_large_plan_is_worked_out_beside_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "BLINK", 0)
    app = finished(compared(folder))
    well(app)
    assert "Most comes from" in text_of(app)
    app.multiselect(key="compare_plans").set_value(["faster"]).run()
    finished(app)
    assert "Most comes from Page load time" in text_of(app)


def test_one_that_was_stopped_does_not_begin_again_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    monkeypatch.setattr(attribution, "BLINK", 0)
    monkeypatch.setattr(attribution, "attribute", endless)
    app = compared(folder)
    stop = [button for button in app.button if button.key == "stop_compare_attribution"]
    assert len(stop) == 1 and not [button for button in app.button if button.key == "compare_attribution_go"]
    stop[0].click().run()
    finished(app)
    well(app)
    assert words("en")["work.stopped"] in text_of(app)
    assert [button for button in app.button if button.key == "compare_attribution_go"]
    assert "Most comes from" not in text_of(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_page_works_it_out_when_asked(folder: Path, language: str) -> None:
    say = words(language)
    app = opened(language)
    assert say["attribution.nothing_moved"] in text_of(app)
    assert all(button.key != "plan_attribution_go" for button in app.button)
    app.slider(key="lever.payment.redirects").set_value(2).run()
    well(app)
    assert {"en": "Most comes from", "zh": "影响最大的是"}[language] not in text_of(app)
    app.button(key="plan_attribution_go").click().run()
    well(app)
    assert {"en": "Most comes from", "zh": "影响最大的是"}[language] in text_of(app)
    app.segmented_control(key="plan_way").set_value("roll_out").run()
    app.segmented_control(key="attribution_kpi").set_value("return_rate").run()
    well(app)
    before = [text.value for text in app.markdown if {"en": "Most comes from", "zh": "影响最大的是"}[language] in text.value]
    app.slider(key="lever.payment.redirects").set_value(3).run()
    well(app)
    assert say["attribution_ui.again"] in text_of(app)
    assert len(before) == 1 and before[0] in [text.value for text in app.markdown]  # the last good one stays, and says so
    app.button(key="plan_attribution_go").click().run()
    well(app)
    assert say["attribution_ui.again"] not in text_of(app) and before[0] not in [text.value for text in app.markdown]
    app.selectbox(key="picker").set_value("faster").run()
    well(app)
    assert say["attribution_ui.again"] not in text_of(app)  # of another file nothing stands here


@pytest.mark.parametrize("blink", [0, 10**9])
def test_what_cannot_be_worked_out_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch, blink: int) -> None:
    monkeypatch.setattr(attribution, "BLINK", blink)
    monkeypatch.setattr(attribution, "attribute", unanswered)
    monkeypatch.setattr(attribution, "attributed", unanswered)
    (folder / "two.toml").write_text(TWO, encoding="utf-8")
    app = opened("en", page="compare")
    app.multiselect(key="compare_plans").set_value(["two"]).run()
    if not blink:
        finished(app)
    assert "That does not close." in said(app)
    assert len(app.dataframe) == 1  # the rest of the page is there
    assert blink or [button for button in app.button if button.key == "compare_attribution_go"]  # and it may be asked again


def test_the_download_has_every_figure(folder: Path) -> None:
    from sim.analysis.comparing import compare
    from sim.scenario import load

    (folder / "two.toml").write_text(TWO, encoding="utf-8")
    rows = attribution.table(compare(load("baseline"), load("two"), draws=16).attributed(0))
    assert [row["lever"] for row in rows] == ["detail_page.fold_depth", "payment.redirects"]
    assert {"net_gmv.mean", "net_gmv.p10", "return_rate.p90", "gmv.roll_out"} <= set(rows[0])

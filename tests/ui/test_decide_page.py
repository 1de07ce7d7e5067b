"""The Decide page, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.texts import LANGUAGES, words
from sim.ui import cache

from .app import TOP, finished, opened, said, well
from .works import unanswered

PAY = 'schema = 1\ntitle = "Pay"\nextends = "baseline"\n[levers.payment.redirects]\nto = 2\n'
SEATS = 'schema = 1\ntitle = "Seats"\nextends = "baseline"\n[levers.service.seats]\nto = 26\n'


@pytest.fixture
def plans(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "DRAWS", 104)
    (folder / "pay.toml").write_text(PAY, encoding="utf-8")
    (folder / "seats.toml").write_text(SEATS, encoding="utf-8")
    return folder


def part(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="decide_part").set_value(name).run()
    return app


def told(app: AppTest) -> list[str]:
    return [item.value for item in (*app.success, *app.warning)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_options_are_weighed_and_knowing_is_priced_when_asked(plans: Path, language: str) -> None:
    app = opened(language, page="decide")
    well(app)
    say = words(language)
    assert app.multiselect(key="decide_plans").value == ["faster", "pay", "seats"]
    table = app.dataframe[0].value
    assert table.shape == (4, 7) and table.iloc[0, 0].startswith(say["choose.nothing"].format(name=""))
    stars = table.apply(lambda column: column.str.contains("★").sum())
    assert stars[[say["choose.mean"], say["choose.tail"], say["choose.best"], say["choose.regret_worst"]]].tolist() == [1, 1, 1, 1]
    finished(app.button(key="worth_button").click().run())
    well(app)
    assert len([text for text in app.markdown if "112" in text.value]) == 1  # of so many assumptions, so many are felt by nobody
    assert not [button for button in app.button if button.key == "worth_button"]  # it is there now, and stays
    app.run()
    assert not [button for button in app.button if button.key == "worth_button"]


def test_a_rate_has_no_worth_in_money(plans: Path) -> None:
    app = opened(page="decide")
    app.segmented_control(key="decide_kpi").set_value("return_rate").run()
    well(app)
    assert [info.value for info in app.info] == [words("en")["decide.worth_money"]]
    assert "pp" in app.dataframe[0].value.iloc[0, 5]


def test_without_plans_it_says_what_to_do(plans: Path) -> None:
    app = opened(page="decide")
    app.multiselect(key="decide_plans").set_value([]).run()
    well(app)
    assert [info.value for info in app.info] == [words("en")["decide.choose_first"]]
    for name in ("faster", "pay", "seats"):
        (plans / f"{name}.toml").unlink()
    app = opened(page="decide")
    well(app)
    assert [info.value for info in app.info] == [words("en")["decide.no_plans"]]


def test_an_unsaved_plan_is_an_option_beside_its_file(plans: Path) -> None:
    app = opened()
    app.slider(key="lever.payment.redirects").set_value(3).run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    well(app)
    assert app.multiselect(key="decide_plans").value[0] == "\0current"
    assert app.dataframe[0].value.shape[0] == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_goal_is_sought_and_put_into_the_plan(plans: Path, language: str) -> None:
    app = part(opened(language, page="decide"), "seek")
    well(app)
    say = words(language)
    assert [info.value for info in app.info] == [say["decide.seek_empty"]]
    app.selectbox(key="seek_lever").set_value("detail_page.load_median_s").run()
    app.selectbox(key="seek_chance").set_value("mean").run()
    slot = f"seek_amount.net_gmv.{language}"
    app.number_input(key=slot).set_value(1.03 * app.number_input(key=slot).value).run()
    finished(app.button(key="seek_button").click().run())
    well(app)
    assert len(app.success) == 1
    assert len(app.dataframe[0].value) >= 17
    app.button(key="seek_put").click().run()
    well(app)
    level = app.session_state["session"].level("detail_page.load_median_s")
    assert 0.5 <= level < 2.1
    assert any("check_circle" in text.value and str(level) in text.value for text in app.markdown)
    assert app.button(key="seek_put").disabled
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    well(app)
    assert app.session_state["session"].moved == {"detail_page.load_median_s": level}


def test_the_third_part_is_there(plans: Path) -> None:
    well(part(opened(page="decide"), "budget"))


def test_another_question_leaves_the_last_answer_and_says_so(plans: Path) -> None:
    app = part(opened(page="decide"), "seek")
    finished(app.button(key="seek_button").click().run())
    first = told(app)
    assert len(first) == 1
    app.selectbox(key="seek_lever").set_value("service.seats").run()
    well(app)
    assert told(app) == first
    assert any(words("en")["decide.seek_old"] in caption.value for caption in app.caption)


def test_out_of_reach_is_said_with_the_best(plans: Path) -> None:
    app = part(opened(page="decide"), "seek")
    app.number_input(key="seek_amount.net_gmv.en").set_value(900.0).run()
    finished(app.button(key="seek_button").click().run())
    well(app)
    assert len(app.warning) == 1 and "Not reachable with Redirects" in app.warning[0].value
    assert not [button for button in app.button if button.key == "seek_put"]


def test_a_share_that_is_none_is_one_sentence(plans: Path) -> None:
    app = part(opened(page="decide"), "seek")
    app.selectbox(key="seek_kpi").set_value("return_rate").run()
    app.number_input(key="seek_amount.return_rate.en").set_value(140.0).run()
    finished(app.button(key="seek_button").click().run())
    assert "is not between 0 and 1" in said(app)


def test_the_files_own_goal_stands_there_first(plans: Path) -> None:
    text = PAY.replace("Pay", "Held") + "[goals]\nreturn_rate = { at_most = 0.25, probability = 0.9 }\n"
    (plans / "held.toml").write_text(text, encoding="utf-8")
    app = opened()
    app.selectbox(key="picker").set_value("held").run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    part(app, "seek")
    well(app)
    assert app.selectbox(key="seek_kpi").value == "return_rate" and app.selectbox(key="seek_chance").value == 0.9
    assert app.number_input(key="seek_amount.return_rate.en").value == pytest.approx(25.0)
    assert app.selectbox(key="seek_sense.return_rate").value == "at_most"


def test_a_probability_of_the_files_own_is_kept_as_it_is_and_another_file_asks_its_own_question(plans: Path) -> None:
    text = PAY.replace("Pay", "{title}") + "[goals]\n{goal}\n"
    (plans / "held.toml").write_text(text.format(title="Held", goal="gmv = { at_least = 9e10, probability = 0.83 }"), encoding="utf-8")
    (plans / "kept.toml").write_text(text.format(title="Kept", goal="return_rate = { at_most = 0.25 }"), encoding="utf-8")
    app = opened()
    app.selectbox(key="picker").set_value("held").run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    part(app, "seek")
    well(app)
    assert (app.selectbox(key="seek_kpi").value, app.selectbox(key="seek_chance").value) == ("gmv", 0.83)
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    app.selectbox(key="picker").set_value("kept").run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    part(app, "seek")
    well(app)
    assert (app.selectbox(key="seek_kpi").value, app.selectbox(key="seek_chance").value) == ("return_rate", "mean")
    assert app.number_input(key="seek_amount.return_rate.en").value == 25.0


def test_what_was_typed_stays_in_the_other_language(plans: Path) -> None:
    app = part(opened(page="decide"), "seek")
    app.number_input(key="seek_amount.net_gmv.en").set_value(70.3).run()
    finished(app.button(key="seek_button").click().run())
    for language, shown in (("zh", 703.0), ("en", 70.3)):
        app.segmented_control(key="language").set_value(language).run()
        well(app)
        assert app.number_input(key=f"seek_amount.net_gmv.{language}").value == shown
        assert not any(words(language)["decide.seek_old"] in caption.value for caption in app.caption)  # it is the same question
    app.number_input(key="seek_amount.net_gmv.en").set_value(61.0).run()
    app.segmented_control(key="language").set_value("zh").run()
    assert app.number_input(key="seek_amount.net_gmv.zh").value == 610.0


def test_a_changed_plan_is_called_so(plans: Path) -> None:
    app = opened()
    app.slider(key="lever.payment.redirects").set_value(3).run()
    app.switch_page(str(TOP / "sim/ui/pages/decide.py")).run()
    part(app, "seek")
    well(app)
    title = words("en")["compare.current"].format(title="Baseline")
    assert any(words("en")["decide.seek_plan"].format(title=title) in text.value.replace("\\", "") for text in app.markdown)


def test_worth_that_cannot_be_had_is_a_sentence(plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.ui.decisions import choosing

    monkeypatch.setattr(choosing, "worth_of", unanswered)
    app = opened(page="decide")
    app.segmented_control(key="decide_kpi").set_value("gmv").run()  # another question than that of the tests above
    finished(app.button(key="worth_button").click().run())
    assert "That does not close." in said(app)
    assert [button for button in app.button if button.key == "worth_button"]  # it may be asked again


def test_a_plan_that_cannot_be_read_does_not_take_the_others_down(plans: Path) -> None:
    app = opened(page="decide")
    (plans / "pay.toml").write_text("title = [", encoding="utf-8")
    app.run()
    assert "pay is left out: " in said(app).replace("**", "") and "pay.toml" in said(app)
    assert app.dataframe[0].value.shape[0] == 3

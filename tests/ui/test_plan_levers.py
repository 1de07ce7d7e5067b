"""The levers beside the Plan page: found, priced, dated, put back; the tiles that are chosen; first a few draws, then all."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.parameters import registry
from sim.planning import MENDED_BY
from sim.texts import LANGUAGES, words
from sim.ui import cache
from sim.ui.inputs import key_of
from sim.ui.planning.tiles import CHOSEN, PENDING

from .app import said, tile, well

REDIRECTS = "payment.redirects"

PLAN_SECTIONS = True


def in_sight(app: AppTest) -> set[str]:
    known = {key_of(lever.name): lever.name for lever in registry().levers}
    return {known[slider.key.removesuffix(".en").removesuffix(".zh")] for slider in app.slider}


def behind(app: AppTest, lever: str) -> AppTest:
    """The lever's button is pressed."""
    app.session_state[f"more.{lever}"] = True
    return app.run()


def test_a_lever_is_found_by_words_of_either_language(app: AppTest) -> None:
    for asked in ("redirects", "跳转", "ＲＥＤＩＲＥＣＴＳ to pay"):
        app.text_input(key="lever_find").set_value(asked).run()
        well(app)
        assert REDIRECTS in in_sight(app) and "traffic.drama" not in in_sight(app), asked
    app.text_input(key="lever_find").set_value("*[no](such) lever").run()
    well(app)
    assert in_sight(app) == set()
    assert words("en")["lever.none_found"] in [info.value for info in app.info]
    app.text_input(key="lever_find").set_value("").run()
    assert len(in_sight(app)) == len(registry().levers)


def test_only_what_was_changed(app: AppTest) -> None:
    app.toggle(key="lever_only_moved").set_value(True).run()
    say = words("en")
    assert say["lever.none_moved"].format(toggle=say["lever.only_moved"]) in [info.value for info in app.info]
    app.toggle(key="lever_only_moved").set_value(False).run()
    app.slider(key=key_of(REDIRECTS)).set_value(3).run()
    app.toggle(key="lever_only_moved").set_value(True).run()
    well(app)
    assert in_sight(app) == {REDIRECTS}
    assert any(text.value.startswith("costs CNY ") for text in app.caption)
    assert app.slider(key=key_of(REDIRECTS)).value == 3


def test_a_leak_leads_to_the_levers_that_mend_it_and_back(app: AppTest) -> None:
    app.text_input(key="lever_find").set_value("drama").run()
    app.button_group(key="leak_causes").set_value("service_wait").run()
    well(app)
    assert in_sight(app) == set(MENDED_BY["service_wait"])
    app.button(key="show_all").click().run()
    well(app)
    assert len(in_sight(app)) == len(registry().levers)
    assert app.button_group(key="leak_causes").value is None


def test_an_exact_value_may_lie_between_the_places_of_the_slider(app: AppTest) -> None:
    behind(app, "detail_page.load_median_s")
    app.number_input(key="exact.detail_page.load_median_s.en").set_value(1.537).run()
    well(app)
    assert app.session_state["session"].level("detail_page.load_median_s") == pytest.approx(1.537)
    assert app.slider(key=key_of("detail_page.load_median_s")).value == pytest.approx(1.537)
    app.number_input(key="exact.detail_page.load_median_s.en").set_value(2.1).run()
    assert app.session_state["session"].moved == {}


def test_dates_and_ramp_are_set_and_a_refused_one_says_so_in_place(app: AppTest) -> None:
    app.slider(key=key_of(REDIRECTS)).set_value(2).run()
    behind(app, REDIRECTS)
    before = tile(app, "Net GMV")
    app.date_input(key=f"start.{REDIRECTS}").set_value(date(2024, 1, 15)).run()
    app.number_input(key=f"ramp.{REDIRECTS}").set_value(7).run()
    well(app)
    state = app.session_state["session"]
    setting = state.setting(REDIRECTS)
    assert (setting.start, setting.until, setting.ramp_days) == (date(2024, 1, 15), None, 7)
    assert tile(app, "Net GMV") != before
    assert any("from 2024-01-15, over 7 days" in text.value for text in app.caption)
    steps = len(state.past)
    app.date_input(key=f"until.{REDIRECTS}").set_value(date(2024, 1, 3)).run()
    assert said(app) == words("en")["lever.ends_early"].format(start="2024-01-15", until="2024-01-03")
    state = app.session_state["session"]
    assert state.setting(REDIRECTS).until is None and len(state.past) == steps
    assert app.date_input(key=f"until.{REDIRECTS}").value == date(2024, 1, 28)  # what still holds
    app.date_input(key=f"until.{REDIRECTS}").set_value(date(2024, 1, 20)).run()
    well(app)
    assert app.session_state["session"].setting(REDIRECTS).until == date(2024, 1, 20)


def test_a_ramp_that_is_too_fast_is_refused(app: AppTest) -> None:
    name = "traffic.local_life"
    app.slider(key=f"{key_of(name)}.en").set_value(50.0).run()
    behind(app, name)
    app.number_input(key=f"ramp.{name}").set_value(10).run()
    assert said(app) == words("en")["lever.too_fast"].format(days=10, least=90)
    assert app.session_state["session"].setting(name).ramp_days == 90
    assert app.number_input(key=f"ramp.{name}").value == 90


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chosen_tiles_are_shown_in_their_order(app: AppTest, language: str) -> None:
    app.segmented_control(key="language").set_value(language).run()
    app.session_state["tiles_menu"] = True
    app.run()
    app.multiselect(key="tiles_choice").set_value(["aov", "gmv"]).run()
    assert len([metric for metric in app.metric if metric.label.startswith(("GMV", "净 GMV", "Net GMV"))]) == 2  # too few: as before
    assert words(language)["tiles.too_few"].format(fewest=3) in [text.value for text in app.caption]
    app.multiselect(key="tiles_choice").set_value(["aov", "roi", "net_gmv"]).run()
    well(app)
    assert app.session_state[CHOSEN] == ("aov", "roi", "net_gmv")
    labels = [metric.label for metric in app.metric][:3]
    assert [label.split(",")[0].split("（")[0] for label in labels] == {
        "en": ["Order value", "Ad ROI", "Net GMV"], "zh": ["客单价", "投放 ROI", "净 GMV"]
    }[language]


def test_first_a_few_draws_and_then_all_in_the_same_tiles(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.ui.planning import tiles

    seen = []
    faces_of = tiles.faces_of

    def watched(kpis, pair, say, *, first):
        faces = faces_of(kpis, pair, say, first=first)
        seen.append((pair.plan.draws, faces["net_gmv"].notes[1]))
        return faces

    monkeypatch.setattr(tiles, "faces_of", watched)
    monkeypatch.setattr(cache, "FIRST_DRAWS", 16)
    app.slider(key=key_of(REDIRECTS)).set_value(1).run()
    well(app)
    (few, pending), (many, interval) = seen
    assert (few, pending, many) == (16, PENDING, 40) and interval not in (PENDING, "")
    count = len(app.metric)
    app.run()  # known by now: at once with its intervals
    assert [draws for draws, _ in seen[2:]] == [40] and len(app.metric) == count
    assert all(PENDING not in text.value for text in app.caption)


def test_an_answer_is_worked_out_once_however_many_ask() -> None:
    shelf: cache.Shelf[int] = cache.Shelf(2)
    calls: list[int] = []

    def work() -> int:
        calls.append(1)
        time.sleep(0.05)
        return 7

    asking = [threading.Thread(target=lambda: shelf.found("a", work)) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(calls) == 1 and shelf.of("a") == 7
    for key in ("b", "c"):
        shelf.found(key, lambda: 1)
    assert shelf.of("a") is None and shelf.of("b") == shelf.of("c") == 1  # two are kept


def test_what_fails_is_not_kept() -> None:
    shelf: cache.Shelf[int] = cache.Shelf(2)
    with pytest.raises(ZeroDivisionError):
        shelf.found("a", lambda: 1 // 0)
    assert shelf.found("a", lambda: 3) == 3


def test_the_refunds_of_either_date_are_the_same_money(app: AppTest, folder: Path) -> None:
    from sim.planning import refund_split

    split = refund_split(cache.outcome_of(cache.scenario_at("baseline")))
    assert split["total"] == pytest.approx(split["inside"] + split["after"], rel=1e-9) and split["after"] > 0
    app.segmented_control(key="refunds_by").set_value("refund").run()
    well(app)
    assert any("only after the last day" in text.value for text in app.markdown)

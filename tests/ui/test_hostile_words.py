"""Somebody's words that mean harm, or are merely too long: shown as they are, in their place, on every page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim import charts, planning
from sim.scenario import load
from sim.texts import Words, brief, visible, words
from sim.ui.comparing.choosing import Compared
from sim.ui.parts import APART, LONGEST_QUESTION, LONGEST_TITLE, title_of
from sim.wording.planning import event_rows

from .app import TOP, opened, well

PLAN_SECTIONS = True
HARM = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [l](javascript:alert(1)) ![i](https://e.example/x.png) $x^2$ :red[hi] "
    ":material/home: https://e.example www.e.example me@e.example \u202eevil\u2066 \u200b{x} %s"
)
LONG = "很长的名字" * 400
PAGES = ("", "compare", "drivers", "decide", "sweeps", "evidence")


def text_of(**words: str) -> str:
    said = {field: json.dumps(text, ensure_ascii=False) for field, text in words.items()}
    return (
        f'schema = 1\ntitle = {said["title"]}\nquestion = {said["question"]}\nextends = "baseline"\n[levers.payment.redirects]\nto = 3\n'
        f'[[events]]\nname = {said["event"]}\nstart = 2024-01-05\nend = 2024-01-06\ntraffic = 1.2\n'
    )


@pytest.fixture
def words_folder(folder: Path) -> Path:
    for name, text in (("harm", HARM), ("long", LONG)):
        (folder / f"{name}.toml").write_text(text_of(title=text, question=text, event=text), encoding="utf-8")
    return folder


def drawn(app: AppTest) -> list[str]:
    """All that is read as mark-up on the page."""
    kinds = (app.markdown, app.caption, app.button, app.info, app.warning, app.error)
    said = [(getattr(item, "value", "") or getattr(item, "label", ""), getattr(item, "help", "")) for kind in kinds for item in kind]
    return [f"{text}{help or ''}" for text, help in said]


@pytest.mark.parametrize("page", PAGES)
def test_words_that_mean_harm_are_words_on_every_page(words_folder: Path, page: str) -> None:
    app = opened("zh", page)
    session = app.session_state["session"]
    session.open(load(words_folder / "harm.toml"), text="")
    if page == "compare":
        app.multiselect(key="compare_plans").set_value(["harm", "long"])
    app.run()
    well(app)
    seen = " ".join(text for text in drawn(app) if not text.startswith("<style>"))
    assert "<script" not in seen.replace("\\<", "") and "<img" not in seen.replace("\\<", "")
    for mark in ("https\\://e", "www\\.e", "\\@e", "\\:material", "\u202e", "\u2066", "\u200b", " :red["):
        assert mark not in seen, mark
    assert not re.search(r"(?<!\\)\]\(javascript", seen)
    assert max((len(text) for text in drawn(app) if not text.startswith("<style>")), default=0) < 4_000


def test_a_title_takes_one_row_and_its_files_name_stays_in_sight(words_folder: Path) -> None:
    title = title_of(load(words_folder / "long.toml"), "long", words("en"))
    assert title.endswith("… · long") and len(title) <= LONGEST_TITLE // 2 + 9
    assert title_of(None, "a\u202eb\nc", words("en")) == "ab c"


def test_a_long_question_ends_before_it_pushes_the_figures_away(words_folder: Path) -> None:
    app = opened()
    app.selectbox(key="picker").set_value("long").run()
    well(app)
    told = next(text.value for text in app.markdown if "很长的名字" in text.value)
    assert told.count("很长的名字") <= LONGEST_QUESTION // 10 and "…" in told


def test_a_long_event_leaves_the_days_their_room(words_folder: Path) -> None:
    scenario = load(words_folder / "long.toml")
    events = event_rows(scenario, words("zh"))
    assert len(events[0]["name"]) <= 31
    bands = planning.fan(cached(scenario), "net_gmv")
    drawing = charts.fans({"x": bands}, unit="CNY", title="x", language="zh", colours=charts.LIGHT, events=4 * events).to_dict()
    names = [layer["mark"] for layer in drawing["layer"] if layer["mark"]["type"] == "text"]
    assert [mark["dy"] for mark in names] == [4, 18, 32] and {mark["limit"] for mark in names} == {charts.EVENT_PX}


def cached(scenario):
    from sim.ui import cache

    return cache.pair_of(scenario).plan


@pytest.mark.parametrize("text, most, shown", [
    ("four", 4, "four"), ("fives", 4, "fiv…"), ("四个字", 6, "四个字"), ("四个字", 5, "四…"), ("a\u202e b\n c", 9, "a b c"), ("", 3, ""),
])
def test_a_chinese_letter_takes_the_room_of_two(text: str, most: int, shown: str) -> None:
    assert brief(text, most) == shown


def test_what_holds_emoji_together_is_kept() -> None:
    family = "👩\u200d👩\u200d👧"
    assert visible(f"{family}\u200b\u2060") == family


@pytest.mark.parametrize("key, values, shown", [
    ("sweeping.free", {"of": 9, "kpi": "净 GMV", "values": "x", "figure": "y"}, "按净 GMV 最优"),
    ("sweeping.free", {"of": 9, "kpi": "GMV", "values": "x", "figure": "y"}, "按 GMV 最优"),
    ("sweeping.free", {"of": 9, "kpi": "退货率", "values": "x", "figure": "y"}, "按退货率最优"),
    ("conflict.title_by", {"name": "a", "author": "Grace"}, "被 Grace 保存过"),
])
def test_latin_letters_in_a_chinese_sentence_have_a_gap(key: str, values: dict[str, str], shown: str) -> None:
    say: Words = words("zh")
    assert shown in say[key].format(**values)


def test_every_help_button_says_what_it_helps_with(words_folder: Path) -> None:
    app = opened()
    assert all(metric.label for metric in app.metric)
    assert not [text.value for kind in (app.markdown, app.caption) for text in kind if text.help]  # such a button is called Help alone


def test_heads_of_plans_stay_apart_when_they_are_cut() -> None:
    found = Compared(comparison=None, names=("a", "b", "c"), labels=("x" * 50,) * 3, titles=("x" * 50, "x" * 51, "y"))
    assert found.heads("y", most=8) == ("xxxxxxx…", "xxxxxxx… (2)", "y (2)")
    assert APART not in "".join(found.heads("y", most=8))


def test_the_language_switch_is_told_its_value_on_every_page(folder: Path) -> None:
    """A switch that is new with its page and not told shows no language at all in the browser."""
    app = opened()
    for page in (*PAGES[1:], "plan"):
        app.switch_page(str(TOP / "sim/ui/pages" / f"{page}.py")).run()
        well(app)
        switch = next(group for group in app.get("button_group") if group.key == "language")
        assert switch.proto.set_value, page

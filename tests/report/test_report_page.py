"""The page: nothing that fetches, nothing that somebody wrote runs, every chart and table is there, the same bytes again."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

import sim
from sim.engine import run
from sim.parameters import registry
from sim.report import ReportMaterial, html_bytes, report_material, xlsx_bytes
from sim.report.words import tight
from sim.shops.score_files import KeptScore, keep_score
from sim.texts import LANGUAGES, words
from tests import posteriors
from tests.report.material import DAY, DRAWS, material, outcome, rendered

FETCHING = {"src", "href", "action", "data", "poster", "srcset", "formaction", "background"}


class Read(HTMLParser):
    """Tags, their attributes, and text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link", "input", "base"):
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)


def read(found: ReportMaterial) -> Read:
    return Read(rendered(found, "html").decode("utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched(language: str) -> None:
    page = read(material("faster", language=language))
    assert page.open == []  # every tag is closed
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        for name in FETCHING & attributes.keys():
            assert attributes[name].startswith("#"), (tag, name, attributes[name])
    text = rendered(material("faster", language=language), "html").decode("utf-8")
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style and "@import" not in style
    assert "@font-face" not in text


def test_only_the_two_scripts_of_the_report_may_run() -> None:
    page = read(material("hostile", whole=False))
    data, *running = page.scripts
    policy = next(attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv") == "Content-Security-Policy")
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in running}
    assert len(running) == 2
    assert set(re.search(r"script-src ([^;]*);", policy)[1].split()) == hashes
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy and "unsafe-eval" not in policy
    assert "<" not in data
    assert json.loads(data)


def test_what_somebody_wrote_is_shown_as_it_is() -> None:
    found = material("hostile", whole=False)
    page = read(found)
    heads = {tag for tag, _ in page.tags}
    assert "img" not in heads
    assert [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)] == []
    assert found.title in page.texts  # mark-up and all, as text
    assert any(text.startswith("</script><!-- & ]]>") for text in page.texts)
    assert "**bold** [link](javascript:alert(1))" in found.title
    assert "\x00" not in rendered(found, "html").decode("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_of_the_page_has_its_figures(language: str) -> None:
    found = material("faster", language=language)
    page = read(found)
    lang = {"en": "en", "zh": "zh-CN"}[language]
    assert ("html", {"lang": lang}) in page.tags
    for table in found.tables():
        assert (table.title in page.texts) == table.pages, table.key
    say = found.say
    for part in found.plans:
        assert all(tile.value.replace(" ", "\xa0") in page.texts for tile in part.tiles)
    assert say["report.no_script"] in page.texts
    assert not [text for text in page.texts if "nan" in text.lower().split() or "None" in text]


def test_charts_are_there_once_and_hold_numbers_only_json_knows() -> None:
    page = read(material("faster"))
    specs = json.loads(page.scripts[0], parse_constant=lambda name: pytest.fail(name))
    places = [attributes["id"] for tag, attributes in page.tags if attributes.get("class") == "chart"]
    assert places == [f"chart_{key}" for key in sorted(specs, key=[place.removeprefix("chart_") for place in places].index)]
    assert set(specs) == {f"{name}_1" for name in ("waterfall", "leaks", "days", "delta", "funnel", "returns", "waits")}


def test_several_plans_stand_side_by_side_and_each_alone() -> None:
    page = read(material("faster", "no_ads", whole=False))
    specs = json.loads(page.scripts[0])
    assert {f"compared_{kpi}" for kpi in ("net_gmv", "gmv", "return_rate", "contribution")} <= set(specs)
    assert {"leaks_1", "leaks_2"} <= set(specs)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"][1:] for tag, attributes in page.tags if tag == "a"]
    assert set(links) <= set(ids)


def test_the_same_report_has_the_same_bytes() -> None:
    assert html_bytes(material("faster")) == html_bytes(material("faster"))


def test_a_baseline_alone_has_a_page() -> None:
    page = read(material("base"))
    assert "chart_waterfall_1" not in [attributes.get("id") for _, attributes in page.tags]
    assert "Base" in page.texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_calibrated_shop_has_its_score_and_whose_prices_it_pays(language: str, tmp_path: Path) -> None:
    base = sim.load(posteriors.shop(tmp_path, more="\n[horizon]\ndays = 14\n"))
    plan = replace(base.with_levers({"payment.redirects": 2}), name="faster")
    outcomes = [run(one, draws=DRAWS, seed=3) for one in (base, plan)]
    made = report_material(outcomes[0], outcomes[1:], language=language, date=DAY)
    unscored, prices = made.plans[0].shop
    say = words(language)
    assert unscored == say["calibrating.unscored"] and registry()["payment.redirects"].label[language] in prices
    row = {"series": "sessions", "given": None, "wape": 0.16, "bias": 0.0, "wis": 31.5, "coverage80": 0.8, "coverage95": 0.95,
           "rivals": {}, "better": []}
    keep_score(KeptScore(rows=(row,), horizon=28, origins=5, step_days=1, smoothing=True), base.posterior, tmp_path)
    made = report_material(outcomes[0], outcomes[1:], language=language, date=DAY)
    scored = made.plans[0].shop[0]
    assert "16" in scored and scored != unscored
    text = unescape(html_bytes(made).decode())
    assert 0 < text.index('class="tiles"') < text.index(tight(scored)) < text.index(tight(prices))  # under the tiles
    book = load_workbook(io.BytesIO(xlsx_bytes(made)))
    cells = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert scored in cells and prices in cells
    assert report_material(outcome("base"), [outcome("faster")], language=language, date=DAY).plans[0].shop == ()

"""Both languages throughout: nothing that a planner reads is missing in one of them, or stands in the program instead of the catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import sim.texts
from sim.outcome import KPIS
from sim.parameters import GROUPS, UNITS, registry
from sim.planning import PLANNER_FIGURES
from sim.texts import LANGUAGES, catalogue

TOP = Path(sim.texts.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"html", "xlsx", "toml", "english", "prim", "streamlit"}  # words of four letters and more that read alike in both
LABELLED = [
    *((f"lever or parameter {item.name}", item.label) for item in registry().entries),
    *((f"help of {item.name}", item.help) for item in registry().entries if item.help),
    *((f"figure {name}", item.label) for name, item in KPIS.items()),
    *((f"group {name}", label) for name, label in GROUPS.items()),
    *((f"unit {name}", label) for name, label in UNITS.items()),
    *((f"planner's figure {name}", item.label) for name, item in PLANNER_FIGURES.items()),
    *((f"help of planner's figure {name}", item.help) for name, item in PLANNER_FIGURES.items()),
    *((f"note of {fact.id}", fact.note) for fact in registry().facts if any(fact.note.values())),
    *((f"contradiction {item.id}", side) for item in registry().contradictions for side in (item.says, item.resolution)),
]


def test_everything_is_there_in_both_languages() -> None:
    faults = []
    for what, text in [*catalogue().items(), *LABELLED]:
        if what == "unit count":  # in English a count has none
            continue
        if set(text) != set(LANGUAGES) or bool(text["en"].strip()) != bool(text["zh"].strip()):
            faults.append(f"{what} lacks a language")
        elif HAN.search(text["en"]) and not what.endswith("_example"):
            faults.append(f"{what} holds Chinese in its English")
    assert not faults


def test_both_languages_fill_in_the_same_figures() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    # One of them may leave a figure out that the other's grammar needs (a plural), never have another.
    sides = {key: (fields(text["en"]), fields(text["zh"])) for key, text in catalogue().items()}
    assert not {key: both for key, both in sides.items() if not (both[0] <= both[1] or both[1] <= both[0])}


def test_chinese_is_chinese() -> None:
    """A text that reads the same in both languages was forgotten, unless it is a name or a number."""
    forgotten = []
    for key, text in catalogue().items():
        own = set(re.findall(r"[a-z]{4,}", re.sub(r"\{[^}]*\}", "", text["en"]).lower())) - NAMES
        if text["en"] == text["zh"] and own and not key.endswith("_example"):
            forgotten.append(key)
    assert not forgotten


# Texts that a planner reads come from the catalogue: none stands between quotes in a page.

SHOWN = {
    "button", "caption", "checkbox", "download_button", "error", "expander", "file_uploader", "form_submit_button", "header", "info",
    "markdown", "metric", "multiselect", "number_input", "pills", "popover", "progress", "radio", "segmented_control", "selectbox",
    "select_slider", "slider", "spinner", "subheader", "success", "tabs", "text", "text_area",
    "text_input", "title", "toast", "toggle", "warning", "write",
}
WORDY = {"label", "help", "placeholder", "body", "text"}
MARKUP = re.compile(r"\.toml|:[a-z-]+(-badge|-background)?\[|:material/\w+:|[*#`\[\]():]|&nbsp;|https?://\S+")


def spoken(node: ast.expr) -> str:
    """The letters that a literal or an f-string itself brings to the page."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return MARKUP.sub("", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(spoken(part) for part in node.values if isinstance(part, ast.Constant))
    return ""


@pytest.mark.parametrize("path", sorted((TOP / "ui").rglob("*.py")), ids=lambda path: str(path.relative_to(TOP)))
def test_no_page_speaks_one_language_only(path: Path) -> None:
    for call in (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in SHOWN:
            continue
        for said in [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg in WORDY)]:
            words = re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]", spoken(said))
            assert not words, f"{path.name}, line {call.lineno}: {' '.join(words)} belongs into the catalogue, in both languages"

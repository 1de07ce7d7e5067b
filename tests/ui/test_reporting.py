"""The report from the app: made beside it, downloaded, and what it was made of."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from sim.report.making import all_kinds
from sim.texts import LANGUAGES, words
from sim.ui import reporting

from .app import well

PAGE = """
import streamlit as st
from sim.ui import cache, reporting
from sim.ui.state import session
state = session()
if "moved" not in st.session_state:
    st.session_state["moved"] = True
    state.move("payment.redirects", 2.0)
reporting.offered(state, "report", cache.base_of(state.plan), [state.plan], name="mine")
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_made_and_offered(folder: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(reporting.st, "download_button", lambda label, data, **more: seen.append((label, data, more)))
    app = AppTest.from_string(PAGE, default_timeout=120)
    app.query_params["lang"] = language
    app.run()
    well(app)
    assert not seen
    app.toggle(key="report_whole").set_value(False).run()
    app.button(key="report_make").click().run()
    assert reporting.work.desk().quiet(120)
    app.run()
    well(app)
    say = words(language)
    assert [(label, more["file_name"]) for label, _, more in seen[-2:]] == [
        (say["report_box.html"], "mine.html"), (say["report_box.xlsx"], "mine.xlsx"),
    ]
    page, book = (data for _, data, _ in seen[-2:])
    assert f'lang="{"zh" if language == "zh" else "en"}' in page.decode("utf-8")
    assert openpyxl.load_workbook(io.BytesIO(book)).worksheets


def test_all_kinds_are_one_report(folder: Path) -> None:
    import sim

    plan = sim.load("faster", folder)
    found = all_kinds([plan], draws=20, attribution=None, drivers=False)
    assert set(found) == {".html", ".xlsx"} and found[".xlsx"][:2] == b"PK" and b"<script" in found[".html"]

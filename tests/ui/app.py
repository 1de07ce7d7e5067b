"""The app under AppTest: opened in a language, and what it says."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from sim.parameters import GROUPS
from sim.ui.levers.panel import fold_of
from sim.ui.parts import APART

TOP = Path(__file__).parent.parent.parent
BASELINE = 'schema = 1\ntitle = "Baseline"\n[horizon]\nstart = 2024-01-01\ndays = 28\n'
FASTER = """# why we do this
schema = 1
title = "Faster"
question = "How much is speed?"
extends = "baseline"

[levers.detail_page.load_median_s]
to = 1.53
"""


def opened(language: str = "en", page: str = "") -> AppTest:
    test = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
    test.query_params["lang"] = language
    for group in GROUPS:  # every fold is open: a closed one draws nothing
        test.session_state[fold_of(group)] = True
    test.run()
    if page:
        test.switch_page(str(TOP / "sim/ui/pages" / f"{page}.py")).run()
    return test


def finished(app: AppTest) -> AppTest:
    """The page once everything that it had begun beside the app is over."""
    from sim.ui.work import desk

    assert desk().quiet(120.0)
    return app.run()


def well(app: AppTest) -> None:
    """No traceback, no message."""
    assert not app.exception
    assert [error.value for error in app.error] == []


def said(app: AppTest) -> str:
    """The one error on the page, without the escapes that keep it from being read as mark-up."""
    assert not app.exception
    assert len(app.error) == 1
    return app.error[0].value.replace("\\", "").replace(APART, "")


def tile(app: AppTest, label: str) -> tuple[str, str]:
    found = next(metric for metric in app.metric if metric.label.startswith(label))
    return found.value, found.delta

"""A report in a real browser, from a file and with every network request refused: all charts are drawn, nothing complains."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.report import html_bytes
from sim.texts import LANGUAGES
from tests.report.material import material

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.mark.parametrize("names", [("faster",), ("hostile", "faster")], ids=["one", "two"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_is_drawn_without_a_network(browser, tmp_path: Path, language: str, names: tuple[str, ...]) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(html_bytes(material(*names, language=language, whole=len(names) == 1)))
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("dialog", lambda dialog: (faults.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith("file:") else faults.append(f"asked {request.url}"))
    try:
        page.goto(path.as_uri(), timeout=WAIT_MS)
        page.wait_for_function("document.querySelectorAll('.chart:not(.drawn):not(.failed)').length == 0", timeout=WAIT_MS)
        assert page.locator(".chart").count() == page.locator(".chart.drawn svg").count() >= 7
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert page.locator("svg text", has_text="NaN").count() == 0
        assert faults == []
    finally:
        context.close()

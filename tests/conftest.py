"""What many tests need: a browser, where there is one, and the scenario files that ship."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (  # no sandbox, since CI is root; and no chatter with hosts that a closed network refuses
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The installed Chromium; without one the test is skipped, but in CI that is an error."""
    found = os.environ.get("WHATIF_CHROMIUM") or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found is None:
        says = "no Chromium on this machine: browser tests need one (Debian: apt-get install chromium fonts-noto-cjk)"
        if os.environ.get("CI"):
            pytest.fail(says)
        pytest.skip(says)
    return found


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator:
    """A headless Chromium driven by Playwright; open a page with browser.new_page()."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, headless=True, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def shipped_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario files of the checkout, in English unless asked otherwise."""
    monkeypatch.setenv("WHATIF_SCENARIOS", str(Path(__file__).parent.parent / "scenarios"))
    monkeypatch.delenv("WHATIF_LANG", raising=False)

"""Ten planners at once: how long after a slider is let go do new tiles stand there, against one planner alone?

    python benchmarks/app_sessions.py [--sessions 10] [--seconds 60] [--every 5]

Starts the app on the shipped scenarios and opens one browser page per planner in headless Chromium. Each moves a slider every few
seconds; the page itself notes when the key went up and when its tile changed, so that the pages do not wait for each other. Needs
the test extra and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
MOVED, APART = "detail_page.load_median_s", "payment.typed_card_share"  # the second makes every planner's plan another one
WATCH = """() => {
  window.moves = []; window.keyUp = 0;
  const tile = () => document.querySelector('.st-key-tile_net_gmv')?.innerText ?? '';
  let before = tile();
  document.addEventListener('keyup', () => { window.keyUp = performance.now(); window.pending = true; }, true);
  new MutationObserver(() => {
    const now = tile();
    if (now && now !== before) {
      before = now;
      if (window.pending) { window.moves.push(performance.now() - window.keyUp); window.pending = false; }
    }
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def slider(page, lever: str):
    return page.locator(f"[class*='st-key-lever-{lever.replace('.', '-')}'] input[type=range]")


def ready(browser, address: str, place: int):
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/?lang=en")
    page.wait_for_selector(".st-key-tile_net_gmv [data-testid=stMetricValue]", timeout=120_000)
    page.wait_for_timeout(1000)
    for _ in range(place):
        slider(page, APART).focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(700)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    return page


def moves(pages, *, seconds: float, every: float) -> list[float]:
    """All pages move a slider every so many seconds, one after the other and always to a plan that nobody asked for yet.

    Returns milliseconds from key up to a new tile.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        for place, page in enumerate(pages):
            slider(page, MOVED).focus()
            page.keyboard.press("ArrowLeft")
            page.wait_for_timeout(max(1.0, 1000.0 * (begun + (place + 1) * every / len(pages) - time.monotonic())))
    pages[0].wait_for_timeout(3000)
    return [float(took) for page in pages for took in page.evaluate("() => window.moves")]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--sessions", type=int, default=10)
    ask.add_argument("--seconds", type=float, default=60.0)
    ask.add_argument("--every", type=float, default=5.0)
    asked = ask.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES
    from tests.ui.conftest import serving

    chromium = os.environ.get("WHATIF_CHROMIUM") or next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        first = ready(browser, served.address, 0)
        alone = moves([first], seconds=asked.seconds / 2, every=asked.every / 2)
        first.context.close()
        pages = [ready(browser, served.address, place + 1) for place in range(asked.sessions)]
        together = moves(pages, seconds=asked.seconds, every=asked.every)
        failed = sum(page.locator("[data-testid=stAlert], [data-testid=stException]").count() for page in pages)
        browser.close()
    one, many = statistics.median(alone), statistics.median(together)
    print(f"one session:   {len(alone)} moves, median {one:.0f} ms, slowest {max(alone):.0f} ms")
    print(f"{asked.sessions} sessions:  {len(together)} moves, median {many:.0f} ms, slowest {max(together):.0f} ms")
    print(f"ratio of medians {many / one:.2f}, errors shown {failed}")


if __name__ == "__main__":
    main()

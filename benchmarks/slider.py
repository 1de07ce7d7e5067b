"""From the release of a slider to new tiles, in headless Chromium at 1,000 draws: median and worst of fresh plans.

    python benchmarks/slider.py [--moves 20] [--scenario all_fixes]

Every move goes to a value never asked for before, so that no cache can answer. The clock runs in the page: from the pointer's
release to the first change in the net GMV tile. "settled" is when the last chart is there as well; "engine" is the model alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
WATCH = """
() => {
    const texts = (part) => [...document.querySelectorAll(`.st-key-tile_net_gmv [data-testid=${part}]`)].map((e) => e.innerText).join();
    const read = () => texts('stMetricValue') + texts('stMetricDelta');
    window.__start = null; window.__tiles = null;
    const before = read();
    document.addEventListener('pointerup', () => { window.__start = performance.now(); }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
        if (window.__start !== null && window.__tiles === null && read() !== before) {
            window.__tiles = performance.now() - window.__start;
            observer.disconnect();
        }
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--moves", type=int, default=20)
    asked.add_argument("--scenario", default=None, help="a file of the scenario folder to open first")
    options = asked.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from sim.cli import main; main()", "app", "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://localhost:{port}/_stcore/health")
        tiles, settled = measured(f"http://localhost:{port}/?lang=en", options.moves, options.scenario)
    finally:
        process.terminate()
        process.wait(timeout=20)
    print(
        json.dumps(
            {
                "engine_ms": engine_ms(),
                "tiles_ms": {"median": round(statistics.median(tiles)), "worst": round(max(tiles)), "best": round(min(tiles))},
                "settled_ms": {"median": round(statistics.median(settled)), "worst": round(max(settled))},
                "moves": len(tiles), "draws": 1000, "processors": os.cpu_count(), "python": platform.python_version(),
            },
            indent=2,
        )
    )


def engine_ms() -> int:
    """The model's own part, in a process without a page: the median of five fresh plans."""
    from sim import load, run

    plan, times = load("baseline", TOP / "scenarios"), []
    run(plan)
    for number in range(5):
        start = time.perf_counter()
        run(plan.with_levers({"detail_page.load_median_s": 1.0 + number / 10}))
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times))


def measured(address: str, moves: int, scenario: str | None) -> tuple[list[float], list[float]]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("WHATIF_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    tiles, settled = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(address)
        page.wait_for_selector(".st-key-tile_net_gmv [data-testid=stMetricValue]", timeout=60_000)
        if scenario:
            page.locator(".st-key-picker input").click()
            page.get_by_role("option").filter(has_text=scenario).first.click()
        _quiet(page)
        rail = page.locator(".st-key-lever-detail_page-load_median_s [role=group]").bounding_box()
        places = [0.03 + 0.9 * i / moves for i in range(moves)]
        random.Random(1).shuffle(places)
        at = page.locator(".st-key-lever-detail_page-load_median_s [data-testid=stSliderThumbValue]").bounding_box()
        x, y = at["x"] + at["width"] / 2, rail["y"] + rail["height"] / 2
        for place in places:
            page.evaluate(WATCH)
            target = rail["x"] + rail["width"] * place
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move((x + target) / 2, y, steps=3)
            page.mouse.move(target, y, steps=3)
            start = time.monotonic()
            page.mouse.up()
            page.wait_for_function("() => window.__tiles !== null", timeout=30_000)
            tiles.append(page.evaluate("() => window.__tiles"))
            _quiet(page)
            settled.append(1000 * (time.monotonic() - start - 0.3))
            x = target
        browser.close()
    return tiles, settled


def _quiet(page) -> None:
    """Until the script has not been running for 0.3 s."""
    calm = time.monotonic()
    while time.monotonic() - calm < 0.3:
        if page.evaluate("() => document.querySelector('[data-test-script-state=running]') !== null"):
            calm = time.monotonic()
        time.sleep(0.02)


def _wait(address: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the app did not start within 60 s")


if __name__ == "__main__":
    main()

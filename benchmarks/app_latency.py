"""What a planner waits for, in headless Chromium: the first page, and from letting go of a slider to new tiles.

    python benchmarks/app_latency.py [--moves 20] [--scenario all_fixes]

The app is started for it, in an empty cache. First page: from asking for the address to the net GMV tile, for the server's first
visitor (who comes as soon as the server answers), for one who comes a moment later, and for a second browser. Every move goes to a
value that nobody has asked for, so that no cache can answer; the clock runs in the page. "tiles" is the first change in the net GMV
tile (means of the first draws), "intervals" its last (all draws), "shifts" how much the page jumped meanwhile by the browser's own
reckoning (cumulative layout shift: 0 is nothing, 0.1 is noticed). Undo, reset and the language switch are timed alike.
Figures only: nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
TILE = ".st-key-tile_net_gmv"
LEVER = "[class*='st-key-lever-detail_page-load_median_s'] input[type=range]"
QUIET_MS, LONGEST_MS = 1500, 20_000  # a move is over when the tile has been still for so long
WATCH = f"""
(event) => {{
    const read = () => document.querySelector('{TILE}')?.innerText ?? '';
    const seen = window.__seen = {{start: null, changes: [], text: read(), shift: 0}};
    document.addEventListener(event, () => {{ seen.start = performance.now(); }}, {{capture: true, once: true}});
    window.__watcher?.disconnect(); window.__shifts?.disconnect();
    window.__watcher = new MutationObserver(() => {{
        const now = read();
        if (seen.start !== null && now && now !== seen.text) {{ seen.changes.push(performance.now() - seen.start); seen.text = now; }}
    }});
    window.__watcher.observe(document.body, {{subtree: true, childList: true, characterData: true}});
    window.__shifts = new PerformanceObserver((list) => {{ for (const entry of list.getEntries()) seen.shift += entry.value; }});
    window.__shifts.observe({{type: 'layout-shift', buffered: false}});
}}
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--moves", type=int, default=20)
    asked.add_argument("--scenario", default=None, help="a file of the scenario folder to open first")
    options = asked.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        folder = Path(home) / "scenarios"
        shutil.copytree(TOP / "scenarios", folder)
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        found: dict[str, Any] = {}
        for wait_s, name in ((0.0, "first_visitor_s"), (5.0, "first_visitor_5_s_later_s")):
            process, address = started(folder)
            try:
                time.sleep(wait_s)
                found[name] = first_page(browser, address)[0]
                if wait_s:
                    seconds, page = first_page(browser, address)
                    found["next_visitor_s"] = seconds
                    page.wait_for_timeout(3000)
                    found |= measured(page, options.moves, options.scenario)
            finally:
                process.terminate()
                process.wait(timeout=20)
        browser.close()
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "moves": options.moves}
    print(json.dumps(machine | found, indent=2))


def started(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The app in a process of its own, from the moment at which it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from sim.cli import main; main()", "app", "--port", str(port), "--no-browser"]
    process = subprocess.Popen(
        [*command, "--scenarios", str(folder)], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address, end = f"http://localhost:{port}", time.monotonic() + 90
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return process, address
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise SystemExit("the app did not answer")


def first_page(browser: Any, address: str) -> tuple[float, Any]:
    """Seconds until the tiles are there, in a browser that has never been here."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    begun = time.perf_counter()
    page.goto(f"{address}/?lang=en", timeout=90_000)
    page.wait_for_selector(f"{TILE} [data-testid=stMetricValue]", timeout=90_000)
    return round(time.perf_counter() - begun, 2), page


def measured(page: Any, moves: int, scenario: str | None) -> dict[str, Any]:
    if scenario is not None:
        page.locator(".st-key-picker input").click()
        page.get_by_role("option").filter(has_text=f"· {scenario}").first.click()
        page.wait_for_timeout(3000)
    rounds = []
    for _ in range(moves):
        page.locator(LEVER).focus()
        rounds.append(timed(page, "keyup", lambda: page.keyboard.press("ArrowLeft")))
    acts = {
        "undo": lambda: page.locator(".st-key-undo button").first.click(),
        "reset_all": lambda: page.locator(".st-key-reset_all button").first.click(),
        "language": lambda: page.locator(".st-key-language button").first.click(),
    }
    found = {"release_to_tiles_ms": told(rounds, 0), "release_to_intervals_ms": told(rounds, -1)}
    found["shifts"] = {"median": statistics.median(shift for _, shift in rounds), "worst": max(shift for _, shift in rounds)}
    for name, act in acts.items():
        changes, _ = timed(page, "pointerup", act)
        found[f"{name}_ms"] = round(changes[0]) if changes else None
    return found


def timed(page: Any, event: str, act: Any) -> tuple[list[float], float]:
    """When the tile changed after the event, in ms, and how much the page was shifted."""
    page.evaluate(WATCH, event)
    act()
    end = time.monotonic() + LONGEST_MS / 1000
    page.wait_for_timeout(QUIET_MS)
    while time.monotonic() < end:
        changes, shift, now = page.evaluate("() => [window.__seen.changes, window.__seen.shift, performance.now() - window.__seen.start]")
        if changes and now - changes[-1] > QUIET_MS:
            return changes, round(shift, 4)
        page.wait_for_timeout(200)
    return [], 0.0


def told(rounds: list[tuple[list[float], float]], place: int) -> dict[str, float]:
    times = sorted(changes[place] for changes, _ in rounds if changes)
    if not times:
        return {}
    return {"median": round(statistics.median(times)), "p90": round(times[int(0.9 * (len(times) - 1))]), "worst": round(times[-1])}


if __name__ == "__main__":
    main()

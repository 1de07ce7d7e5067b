"""Ten planners at once on one server: nobody fails, and nobody sees another's plan."""

from __future__ import annotations

import pytest

import sim
from sim.figures import figure
from sim.parameters import registry
from sim.ui import cache
from sim.ui.inputs import dial

from .test_browser import open_page, thumb, value_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SESSIONS, ROUNDS = 10, 5
LOAD, REDIRECTS = "detail_page.load_median_s", "payment.redirects"


def plan_of(place: int, rounds: int) -> dict[str, float]:
    """What this planner has moved after so many rounds; no two end with the same plan."""
    presses = {LOAD: min(rounds, place % ROUNDS), REDIRECTS: min(rounds, place // ROUNDS)}
    return {name: registry()[name].value - count * dial(registry()[name], "en").step for name, count in presses.items()}


def net_gmv(levers: dict[str, float]) -> str:
    plan = sim.load("baseline").with_levers(levers)
    outcome = sim.run(plan, draws=cache.DRAWS, seed=cache.SEED)
    return figure(next(row["mean"] for row in outcome.kpi_rows() if row["kpi"] == "net_gmv"), "CNY", "en")


def test_ten_sessions_keep_to_their_own_plans(browser, served) -> None:
    from playwright.sync_api import expect

    pages = [open_page(browser, served) for _ in range(SESSIONS)]
    try:
        for page in pages:
            expect(value_of(page, "net_gmv")).to_be_visible()
        for done in range(1, ROUNDS):
            for place, page in enumerate(pages):  # all press, and only then does anybody look
                before, now = plan_of(place, done - 1), plan_of(place, done)
                for name in now:
                    if now[name] != before[name]:
                        thumb(page, name).focus()
                        page.keyboard.press("ArrowLeft")
            for place, page in enumerate(pages):
                for name, level in plan_of(place, done).items():
                    expect(thumb(page, name)).to_have_value(f"{level:g}")
        shown = {plan: net_gmv(plan_of(plan, ROUNDS)) for plan in range(SESSIONS)}
        assert len(set(shown.values())) == SESSIONS  # else one planner's figures could pass for another's
        for place, page in enumerate(pages):
            expect(value_of(page, "net_gmv")).to_have_text(shown[place])
            expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
            assert page.faults == []
    finally:
        for page in pages:
            page.close()

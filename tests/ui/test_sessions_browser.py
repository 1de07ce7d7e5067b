"""Ten planners at once on one server: nobody fails, and nobody sees another's plan."""

from __future__ import annotations

import pytest

import sim
from sim.figures import figure
from sim.ui import cache

from .test_browser import open_page, thumb, value_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SESSIONS, ROUNDS = 10, 3


def net_gmv(**levers: float) -> str:
    plan = sim.load("baseline").with_levers({name.replace("__", "."): value for name, value in levers.items()})
    outcome = sim.run(plan, draws=cache.DRAWS, seed=cache.SEED)
    return figure(next(row["mean"] for row in outcome.kpi_rows() if row["kpi"] == "net_gmv"), "CNY", "en").replace("\u00a0", " ")


def test_ten_sessions_keep_to_their_own_plans(browser, served) -> None:
    from playwright.sync_api import expect

    pages = [open_page(browser, served) for _ in range(SESSIONS)]
    try:
        for page in pages:
            expect(value_of(page, "net_gmv")).to_be_visible()
        for place, page in enumerate(pages):  # half of them 4 redirects, each with seats of its own
            page.get_by_text("Service delays").first.click()
            if place % 2:
                thumb(page, "payment.redirects").focus()
                page.keyboard.press("ArrowLeft")
        for _ in range(ROUNDS):
            for place, page in enumerate(pages):
                for _ in range(place):
                    thumb(page, "service.seats").focus()
                    page.keyboard.press("ArrowRight")
        for place, page in enumerate(pages):
            seats, redirects = 20 + ROUNDS * place, 4 if place % 2 else 5
            expect(thumb(page, "service.seats")).to_have_value(str(seats))
            expect(thumb(page, "payment.redirects")).to_have_value(str(redirects))
            expect(value_of(page, "net_gmv")).to_have_text(net_gmv(service__seats=seats, payment__redirects=redirects))
            expect(page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)
            assert page.faults == []
    finally:
        for page in pages:
            page.close()

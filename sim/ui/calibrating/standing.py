"""One line beside every projection of a calibrated shop: how good such projections would have been, and where a simple rule is better."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from sim.scenario import Posterior, Scenario
from sim.ui import parts
from sim.ui.state import Session

PAGE = Path(__file__).parent.parent / "pages" / "calibrate.py"


def lines(state: Session, scenarios: Iterable[Scenario]) -> None:
    """A line for each shop among the scenarios, with the levers that any of its plans moves at a platform's price."""
    shops: dict[Posterior, list[Scenario]] = {}
    for scenario in scenarios:
        if scenario.posterior is not None:
            shops.setdefault(scenario.posterior, []).append(scenario)
    for place, plans in enumerate(shops.values()):
        line(state, *plans, slot=f"shop_score_{place}")


def line(state: Session, scenario: Scenario, *others: Scenario, slot: str = "shop_score") -> None:
    """Nothing for a plan that runs on the registry; of a shop its score, or that it has none, and the way to Calibrate."""
    if scenario.posterior is None:
        return
    from sim.shops.score_files import score_of  # takes half a second to load, which only shops need
    from sim.wording.shop_scores import prices_in_words, score_in_words

    with st.container(key=slot):
        left, right = st.columns([6, 1], vertical_alignment="center", gap="small")
        left.caption(f":material/history: {score_in_words(score_of(scenario), state.say)}")
        right.page_link(PAGE, label=state.say["app.calibrate"], icon=":material/storefront:", width="stretch")
        if prices := prices_in_words([scenario, *others], state.say):
            left.caption(f":material/sell: {parts.plain(prices)}")

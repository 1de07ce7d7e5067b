"""One line beside every projection of a calibrated shop: how good such projections would have been, and where a simple rule is better."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from sim.scenario import Scenario
from sim.ui.state import Session

PAGE = Path(__file__).parent.parent / "pages" / "calibrate.py"


def line(state: Session, scenario: Scenario, *, slot: str = "shop_score") -> None:
    """Nothing for a plan that runs on the registry; of a shop its score, or that it has none, and the way to Calibrate."""
    if scenario.posterior is None:
        return
    from sim.shops.score_files import score_of  # takes half a second to load, which only shops need
    from sim.wording.shop_scores import score_in_words

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=slot):
        st.caption(f":material/history: {score_in_words(score_of(scenario), state.say)}", width="stretch")
        st.page_link(PAGE, label=state.say["app.calibrate"], icon=":material/storefront:")

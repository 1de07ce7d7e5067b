"""Where each lever stands today, marked on its slider.

Streamlit's slider has no option for a mark. The mark is drawn by the page's own style, placed in per cent of the slider's track, so
that it stays where it belongs at any width; the words under the slider say the same to who cannot see it.
"""

from __future__ import annotations

import streamlit as st

from sim.parameters import registry
from sim.ui.inputs import dial
from sim.ui.state import Session

END_PX, MIDDLE_PX = 6, 20  # of Streamlit's slider: the track's distance from either side, and its middle above the lower edge
TALL_PX, WIDE_PX = 16, 3
MARK = (
    f".stSidebar .stSlider::after{{content:'';position:absolute;pointer-events:none;border-radius:1px;background:currentColor;"
    f"opacity:.62;width:{WIDE_PX}px;height:{TALL_PX}px;bottom:{MIDDLE_PX - TALL_PX // 2}px;"
    f"left:calc({END_PX - WIDE_PX / 2}px + (100% - {2 * END_PX}px)*var(--today,-9))}}"
)


def drawn(state: Session) -> None:
    places = []
    for lever in registry().levers:
        shape = dial(lever, state.language)
        share = (shape.shown(state.opened.lever_baseline(lever.name)) - shape.low) / (shape.high - shape.low)
        places.append(f".st-key-{box_of(lever.name)}{{--today:{share:.4f}}}")
    st.html(f"<style>{MARK}{''.join(places)}</style>")


def box_of(name: str) -> str:
    """The key of a lever's box, as it becomes a class of the page."""
    return f"box-{name.replace('.', '-')}"

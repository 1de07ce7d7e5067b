"""A new visitor: tiles and levers first, charts after."""

from __future__ import annotations

import time

import streamlit as st

from sim.ui.state import Session

TURN_S, TURNS = 0.1, 9


def tiles_first(state: Session) -> None:
    """Leave a new visitor's browser to the tiles and levers first: it draws all that it is sent in one go, charts and all."""
    room, turns = st.empty(), 0 if state.arrived else TURNS
    state.arrived = True
    for _ in range(turns):
        time.sleep(TURN_S)
        room.empty()  # a planner who moves a lever meanwhile does not wait: here the page starts anew

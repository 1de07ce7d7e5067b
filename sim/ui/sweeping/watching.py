"""How a folder's run stands: told from the folder alone, so every session and a restarted app see the same."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.sweeps import background
from sim.sweeps.background import COMPLETE, DIED, ELSEWHERE, FAILED, NONE, STOPPED, STOPPING, Standing
from sim.sweeps.manifest import Sweep
from sim.texts import Words
from sim.ui import parts
from sim.ui.state import Session, session
from sim.wording.refusals import in_language

FAULT = "sweep_fault"  # why the last start, stop or going on was refused
LOOK_EVERY_S = 1.0  # at how far the run is
POINTS_EVERY_S = 5.0  # at the points that are there


def refused() -> None:
    """What was refused, said once, where the planner is looking."""
    if fault := st.session_state.pop(FAULT, ""):
        parts.refused(fault, session().say)


def shown(state: Session, folder: Path, standing: Standing, sweep: Sweep | None) -> None:
    """How far the run is and the way to stop it; where it ended without an end, why, and the way to go on."""
    say = state.say
    counts = {"done": f"{standing.done:,}", "all": f"{standing.chunks:,}"}
    refused()
    if standing.at_work:
        _at_work(state, folder, sweep)
    elif standing.kind == FAILED:
        told = say["sweeping.failed"].format(says=in_language(standing.says.removeprefix("whatif: "), say.language))
        st.error(parts.plain(told), icon=":material/error:")
    elif standing.kind == DIED:
        st.warning(say["sweeping.died"].format(**counts), icon=":material/warning:")
    elif standing.kind == STOPPED:
        st.info(say["sweeping.stopped"].format(**counts), icon=":material/stop_circle:")
    if not standing.at_work and standing.kind not in (NONE, COMPLETE):
        going_on(state, folder)


@st.fragment(run_every=LOOK_EVERY_S)
def _at_work(state: Session, folder: Path, sweep: Sweep | None) -> None:
    """Looked at more often than what there is of the points: nothing else dims meanwhile."""
    say, standing = state.say, background.standing_of(folder)
    if not standing.at_work:
        st.rerun(scope="app")
    refused()
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_run"):
        st.progress(min(1.0, standing.done / max(1, standing.chunks)), text=_progress(standing, sweep, say))
        if standing.kind != ELSEWHERE:
            st.button(
                say["sweeping.stop"], icon=":material/stop_circle:", key="sweep_stop", help=parts.plain(say["sweeping.stop_help"]),
                on_click=_stop, args=(folder,),
            )


def going_on(state: Session, folder: Path) -> None:
    st.button(
        state.say["sweeping.go_on"], icon=":material/play_arrow:", key="sweep_go_on", type="primary", on_click=_go_on,
        args=(folder, state.language),
    )


def _progress(standing: Standing, sweep: Sweep | None, say: Words) -> str:
    counts = {"done": f"{standing.done:,}", "all": f"{standing.chunks:,}"}
    if standing.kind == STOPPING:
        return say["sweeping.stopping"].format(**counts)
    if standing.kind == ELSEWHERE:
        return parts.plain(say["sweeping.elsewhere"].format(host=standing.host, **counts))
    if standing.done >= standing.chunks:
        return say["sweeping.finishing"]
    if not standing.done:
        return say["sweeping.starting" if sweep is None else "sweeping.first"].format(**counts)
    text = say["sweeping.running"].format(**counts)
    if standing.rate and sweep is not None:
        rate = standing.rate * sweep.points_each
        text += say["sweeping.rate"].format(rate=f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}")
    return text if standing.left_s is None else text + say["sweeping.left"].format(time=time_words(standing.left_s, say))


def time_words(seconds: float, say: Words) -> str:
    if seconds < 90:
        return say["sweeping.seconds"].format(count=max(1, round(seconds)))
    if seconds < 5400:
        return say["sweeping.minutes"].format(count=round(seconds / 60))
    return say["sweeping.hours"].format(count=f"{seconds / 3600:.1f}")


def _stop(folder: Path) -> None:
    try:
        background.stop(folder)
    except UserError as error:
        st.session_state[FAULT] = error.message


def _go_on(folder: Path, language: str) -> None:
    try:
        background.go_on(folder, lang=language)
    except UserError as error:
        st.session_state[FAULT] = error.message

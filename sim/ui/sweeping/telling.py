"""What was swept, how far it has come, and how the rest is had."""

from __future__ import annotations

import streamlit as st

from sim.outcome import model_version
from sim.sweeps import background
from sim.sweeps.background import Standing
from sim.sweeps.opening import OpenedSweep, Points
from sim.texts import brief
from sim.ui import parts, points
from sim.ui.state import Session
from sim.ui.sweeping import watching


def about(state: Session, opened: OpenedSweep, there: Points, standing: Standing) -> None:
    """What was swept, and how far it has come."""
    say, sweep = state.say, opened.sweep
    title = parts.plain(parts.clipped(say.of_file(sweep.name, "title", sweep.title)) or sweep.name)
    all_, done = f"{sweep.chunks:,}", f"{there.chunks:,}"
    badge = f":green-badge[:material/check: {say['sweeps.complete']}]" if there.whole else (
        f":orange-badge[:material/hourglass_top: {say['sweeps.part'].format(done=done, all=all_)}]"
    )
    st.markdown(f"##### {title} {badge}")
    if sweep.question:
        st.markdown(parts.plain(brief(say.of_file(sweep.name, "question", sweep.question), parts.LONGEST_QUESTION)))
    size = say["sweeps.points_draws"].format(points=f"{sweep.points:,}", draws=f"{sweep.draws:,}")
    st.caption(say["sweeps.facts"].format(
        size=f"{size} · {say[f'sweeps.kind_{sweep.design.kind}']}", base=parts.plain(sweep.base_name), days=f"{sweep.days:,}",
        seed=sweep.seed, noise="" if sweep.noise else say["sweeps.no_noise"], version=parts.plain(sweep.version),
    ))
    if not opened.current:
        told = say["sweeps.old"].format(version=sweep.version, current=model_version())
        st.warning(parts.plain(told), icon=":material/history:")
    watching.shown(state, opened.folder, standing, sweep)
    if not there.whole and not standing.at_work:
        unfinished(state, opened, there, standing)


def unfinished(state: Session, opened: OpenedSweep, there: Points, standing: Standing) -> None:
    """What is missing, the command that goes on, and the button that does it here."""
    say, sweep = state.say, opened.sweep
    if there.damaged:
        st.warning(say["sweeps.damaged_all" if there.frame.empty else "sweeps.damaged"], icon=":material/warning:")
    if not opened.current:
        st.markdown(say["sweeps.old_part"])
        return
    if opened.shard and not there.damaged and there.chunks < sweep.chunks:
        st.markdown(say["sweeps.go_on_shard"].format(shard=parts.plain(opened.shard)))
        lines = [points.command(sweep.name, str(opened.folder), "--shard", points.quoted(opened.shard)), "whatif merge DIR… --out DIR"]
    else:
        st.markdown(say["sweeps.anew" if there.damaged else "sweeps.go_on"])
        lines = [points.command(sweep.name, str(opened.folder))]
        if standing.kind in (background.NONE, background.COMPLETE):
            watching.going_on(state, opened.folder)
    st.code("\n".join(lines), language=None)
    if there.cut:
        st.caption(say["sweeps.preview"].format(count=f"{len(there.frame):,}"))

"""Sweeps: start them and watch them, open their folders, and take a point along as a plan."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.outcome import KPIS
from sim.scenario import scenario_folder
from sim.sweeps import background, load_spec, slicing
from sim.sweeps.background import Standing
from sim.sweeps.opening import FolderFault, OpenedSweep, folder_named, found_sweeps, open_sweep, spec_files
from sim.ui import parts, points, sweep_map
from sim.ui.state import Session, session
from sim.ui.sweeping import exploring, limiting, starting, taking, telling, watching

FOLDER, FOUND = "sweep_folder", "sweep_found"
EXAMPLE = """schema = 1
title = "How many seats?"
base = "baseline"
draws = 256

[design]
kind = "grid"

[levers.service.seats]
values = [14, 17, 20, 24, 28, 32]
"""


def page() -> None:
    taking.go_if_opened()
    state = session()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(state.say["sweeps.lead"], width="stretch")
        parts.language_switch(state)
    text = chosen(state)
    if not text.strip():
        empty(state)
        return
    with st.expander(state.say["sweeping.new"], icon=":material/add:", key="sweep_new", on_change="rerun") as box:
        if box.open:
            starting.section(state, _opens)
    running = False
    with suppress(UserError):
        running = background.standing_of(folder_named(text)).at_work
    with st.container(key="sweep_head"):
        st.fragment(looked_at, run_every=watching.POINTS_EVERY_S if running else None)(state, text, running)


def _opens(folder: str) -> None:
    st.session_state[FOLDER] = _short(Path(folder))
    st.session_state["sweep_new"] = False


def looked_at(state: Session, text: str, was_running: bool) -> None:
    """The folder as it is now: how its run stands and what its points tell; looked at again and again while it runs."""
    taking.go_if_opened()
    try:
        folder = folder_named(text)
        standing = background.standing_of(folder)
        if standing.at_work != was_running:
            st.rerun(scope="app")
        try:
            opened = open_sweep(folder)
        except FolderFault as fault:
            if fault.kind != "no_sweep" or standing.kind == background.NONE:
                raise
            watching.shown(state, folder, standing, None)  # its process is only beginning, or never began
            return
    except FolderFault as fault:
        watching.refused()
        told = state.say[f"sweeps.fault_{fault.kind}"].format(folder=text.strip(), detail=fault.detail, here=Path.cwd())
        st.error(parts.plain(told), icon=":material/error:")
        return
    explore(state, opened, standing)


def chosen(state: Session) -> str:
    """The folder to open: one that was found, or any path."""
    say = state.say
    found = [_short(path) for path in found_sweeps(_roots())]
    st.session_state.setdefault(FOLDER, "")
    kept = st.session_state[FOLDER]
    st.session_state[FOUND] = kept if kept in found else None
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        hint = say["sweeps.found_choose"].format(count=len(found)) if found else say["sweeps.found_none"]
        st.selectbox(
            say["sweeps.found"], found, index=None, key=FOUND, placeholder=hint, disabled=not found, on_change=_picked,
        )
    with right:
        return st.text_input(
            say["sweeps.folder"], key=FOLDER, placeholder=say["sweeps.folder_example"], persist_state="session",
            help=parts.plain(say["sweeps.folder_help"].format(here=Path.cwd())),
        ) or ""


def _picked() -> None:
    st.session_state[FOLDER] = st.session_state[FOUND] or ""


def _roots() -> list[Path]:
    """Where sweeps are looked for: the working folder, and what lies beside the scenario folder."""
    try:
        return list(dict.fromkeys((Path.cwd(), scenario_folder().resolve().parent)))
    except (UserError, OSError):
        return [Path.cwd()]


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) and path != Path.cwd() else str(path)


def empty(state: Session) -> None:
    """What a sweep is, how to start one here, and the lines that start one elsewhere."""
    say = state.say
    st.markdown(say["sweeps.empty"])
    try:
        home = scenario_folder()
    except UserError as error:
        parts.refused(error.message, say)
        return
    with st.container(border=True, key="sweep_start_box"):
        st.markdown(f"##### {say['sweeping.new']}")
        starting.section(state, _opens)
    names = []
    for path in spec_files(home):
        with suppress(UserError):  # told above
            names.append(load_spec(path).name)
    if not names:
        st.markdown(say["sweeps.no_specs"].format(folder=parts.plain(str(home / "sweeps"))))
        st.code(EXAMPLE, language="toml")
        st.code(points.command("seats", "out/seats"), language=None)
        return
    st.caption(say["sweeping.command_line"])
    st.code("\n".join(points.command(name, f"out/{name}") for name in names), language=None)
    st.caption(say["sweeps.empty_specs"].format(folder=parts.plain(str(home / "sweeps"))))


def explore(state: Session, opened: OpenedSweep, standing: Standing) -> None:
    """The head, the figure to look at, and everything about it; while the sweep runs, what there is of map and table."""
    say, sweep = state.say, opened.sweep
    there = points.points_of(str(opened.folder), opened.stamp, opened.best_kpi, opened)
    telling.about(state, opened, there, standing)
    if there.frame.empty:
        if not there.damaged and not standing.at_work:
            st.info(say["sweeps.nothing"], icon=":material/info:")
        return
    kpi, statistic = asked(state, opened)
    there = points.points_of(str(opened.folder), opened.stamp, kpi, opened)
    names = [axis.name for axis in sweep.design.axes]
    best = slicing.best_point(there.frame, kpi, statistic, names)
    if best is None:
        st.info(say["sweeps.undefined"].format(kpi=KPIS[kpi].label[state.language]), icon=":material/info:")
        return
    moving = slicing.varying(there.frame, names)
    told = slicing.varying(there.frame, names, open_too=True) or names
    st.markdown(parts.tight(points.best_in_words(best, there, statistic, told, sweep.points, say)))
    if not standing.at_work:
        taking.buttons(state, opened, int(best.row["point"]), slot="sweep_best_point", primary=True)
    sweep_map.picture(state, opened, there, statistic, moving, best, mixed=told != moving)
    if not standing.at_work:
        limiting.section(state, opened, there, statistic, told)
        exploring.section(state, opened, there, statistic, moving)
    sweep_map.table(state, opened, there, statistic, names)


def asked(state: Session, opened: OpenedSweep) -> tuple[str, str]:
    """The figure to look at, and which value of its draws."""
    say, kpis = state.say, opened.sweep.kpis
    sweep_map.forget("sweep_kpi", kpis)
    st.session_state.setdefault("sweep_kpi", opened.best_kpi)
    st.session_state.setdefault("sweep_statistic", "mean")
    left, right = st.columns([2, 3])
    with left:
        kpi = st.selectbox(
            say["sweeps.figure"], kpis, key="sweep_kpi", persist_state="session",
            format_func=lambda name: f"{KPIS[name].label[state.language]} · {sweep_map.direction(name, say)}",
        )
    with right:
        statistic = st.segmented_control(
            say["sweeps.statistic"], slicing.FIGURES, key="sweep_statistic", required=True, persist_state="session",
            format_func=lambda name: say[f"sweeps.statistic_{name}"],
        )
    return kpi, statistic or "mean"


page()

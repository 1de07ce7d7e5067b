"""Sweeps: open the folder of what ran without a screen, as a map of two levers and a table of all points."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from sim.errors import UserError
from sim.outcome import KPIS, model_version
from sim.scenario import scenario_folder
from sim.sweeps import load_spec, slicing
from sim.sweeps.opening import FolderFault, OpenedSweep, Points, folder_named, found_sweeps, open_sweep, spec_files
from sim.ui import parts, points, sweep_map
from sim.ui.state import Session, session

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
    state = session()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(state.say["sweeps.lead"], width="stretch")
        parts.language_switch(state)
    text = chosen(state)
    if not text.strip():
        empty(state)
        return
    try:
        opened = open_sweep(folder_named(text))
    except FolderFault as fault:
        told = state.say[f"sweeps.fault_{fault.kind}"].format(folder=text.strip(), detail=fault.detail, here=Path.cwd())
        st.error(parts.plain(told), icon=":material/error:")
        return
    with st.container(key="sweep_head"):
        explore(state, opened)


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
    """What a sweep is, and the lines that make one."""
    say = state.say
    st.markdown(say["sweeps.empty"])
    try:
        home = scenario_folder()
    except UserError as error:
        parts.refused(error.message, say)
        return
    specs = []
    for path in spec_files(home):
        try:
            specs.append(load_spec(path))
        except UserError:  # somebody is still writing it
            continue
    if not specs:
        st.markdown(say["sweeps.no_specs"].format(folder=parts.plain(str(home / "sweeps"))))
        st.code(EXAMPLE, language="toml")
        st.code(points.command("seats", "out/seats"), language=None)
        return
    st.markdown(say["sweeps.empty_run"])
    for spec in specs:
        title = parts.plain(say.of_file(spec.name, "title", spec.title) or spec.name)
        size = say["sweeps.points_draws"].format(points=f"{spec.design.count:,}", draws=f"{spec.draws:,}")
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{title}** · :small[:gray[{size}]]")
            st.caption(parts.plain(say.of_file(spec.name, "question", spec.question)) or "\u00a0")
            st.code(points.command(spec.name, f"out/{spec.name}"), language=None)
    st.caption(say["sweeps.empty_specs"].format(folder=parts.plain(str(home / "sweeps"))))


def explore(state: Session, opened: OpenedSweep) -> None:
    """The head, the figure to look at, and everything about it."""
    say, sweep = state.say, opened.sweep
    there = points.points_of(str(opened.folder), opened.stamp, opened.best_kpi, opened)
    about(state, opened, there)
    if there.frame.empty:
        if not there.damaged:
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
    sweep_map.picture(state, opened, there, statistic, moving, best, mixed=told != moving)
    sweep_map.table(state, opened, there, statistic, names)


def about(state: Session, opened: OpenedSweep, there: Points) -> None:
    """What was swept, and how far it has come."""
    say, sweep = state.say, opened.sweep
    title = parts.plain(say.of_file(sweep.name, "title", sweep.title) or sweep.name)
    all_, done = f"{sweep.chunks:,}", f"{there.chunks:,}"
    badge = f":green-badge[:material/check: {say['sweeps.complete']}]" if there.whole else (
        f":orange-badge[:material/hourglass_top: {say['sweeps.part'].format(done=done, all=all_)}]"
    )
    st.markdown(f"##### {title} {badge}")
    if sweep.question:
        st.markdown(parts.plain(say.of_file(sweep.name, "question", sweep.question)))
    size = say["sweeps.points_draws"].format(points=f"{sweep.points:,}", draws=f"{sweep.draws:,}")
    st.caption(say["sweeps.facts"].format(
        size=f"{size} · {say[f'sweeps.kind_{sweep.design.kind}']}", base=parts.plain(sweep.base_name), days=f"{sweep.days:,}",
        seed=sweep.seed, noise="" if sweep.noise else say["sweeps.no_noise"], version=parts.plain(sweep.version),
    ))
    if not opened.current:
        told = say["sweeps.old"].format(version=sweep.version, current=model_version())
        st.warning(parts.plain(told), icon=":material/history:")
    if not there.whole:
        unfinished(state, opened, there)


def unfinished(state: Session, opened: OpenedSweep, there: Points) -> None:
    """What is missing, and the command that goes on."""
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
    st.code("\n".join(lines), language=None)
    if there.cut:
        st.caption(say["sweeps.preview"].format(count=f"{len(there.frame):,}"))


def asked(state: Session, opened: OpenedSweep) -> tuple[str, str]:
    """The figure to look at, and which value of its draws."""
    say, kpis = state.say, opened.sweep.kpis
    sweep_map.forget("sweep_kpi", kpis)
    st.session_state.setdefault("sweep_kpi", opened.best_kpi)
    st.session_state.setdefault("sweep_statistic", "mean")
    left, right = st.columns([2, 3], vertical_alignment="bottom")
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

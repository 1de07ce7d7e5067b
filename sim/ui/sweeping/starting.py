"""Starting a sweep from the page: one of the scenario folder's, a new one over two levers, or an uploaded file."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from sim.errors import UserError
from sim.executors import cores
from sim.parameters import registry
from sim.scenario import scenario_folder
from sim.scenario.checks import check_stem
from sim.sweeps import Spec, background, load_spec
from sim.sweeps.building import MOST_STEPS, Range, add_spec, grid_text
from sim.sweeps.opening import spec_files
from sim.sweeps.spec import MOST_DRAWS
from sim.texts import Words, brief
from sim.ui import inputs, parts, plans
from sim.ui.state import BASELINE, Session, file_names, session
from sim.ui.sweeping import watching
from sim.wording.refusals import in_language

SPEC, NAME, WORKERS = "sweep_spec", "sweep_name", "sweep_workers"
WRITTEN = "sweep_written"  # a sweep file that was just written: name, points
FIRST = ("payment.redirects", "service.seats")
MOST_WORKERS = 64


def section(state: Session, opens: Callable[[str], None]) -> None:
    """All that starts a sweep. `opens` shows a folder once its sweep runs."""
    say = state.say
    st.caption(say["sweeping.new_note"])
    watching.refused()
    if written := st.session_state.pop(WRITTEN, None):
        told = say["sweeping.written"].format(name=written[0], points=f"{written[1]:,}")
        st.success(parts.plain(told), icon=":material/check_circle:")
    known, faults = _specs()
    if known:
        chosen(state, known, opens)
    for fault in faults:
        st.caption(f":red[:material/error: {parts.plain(say['sweeping.unreadable'].format(says=in_language(fault, say.language)))}]")
    with st.expander(say["sweeping.write"], icon=":material/edit_note:", expanded=not known, key="sweep_write"):
        builder(state)
        slot = f"sweep_upload_{st.session_state.get('sweep_uploads', 0)}"
        st.file_uploader(say["sweeping.upload"], type=["toml"], key=slot, on_change=_uploaded, args=(slot,))


def _specs() -> tuple[dict[str, Spec], list[str]]:
    """The scenario folder's sweeps by name, and why others cannot be read."""
    known, faults = {}, []
    for path in spec_files(scenario_folder()):
        try:
            spec = load_spec(path)
            known[spec.name] = spec
        except UserError as error:
            faults.append(error.message)
    return known, faults


def chosen(state: Session, known: dict[str, Spec], opens: Callable[[str], None]) -> None:
    say = state.say
    if st.session_state.get(SPEC) not in known:
        st.session_state[SPEC] = next(iter(known))
    widths = [5, 2, 4, 2, 2]
    columns = st.columns(widths, vertical_alignment="bottom")
    with columns[0]:
        name = st.selectbox(
            say["sweeping.spec"], list(known), key=SPEC, format_func=lambda stem: title_of(known[stem], say),
            help=parts.plain(say["sweeping.spec_help"].format(folder=scenario_folder() / "sweeps")),
        )
    spec = known[name]
    with columns[1]:
        draws = st.number_input(
            say["sweeping.draws"], 1, MOST_DRAWS, spec.draws, key=f"sweep_draws.{name}.{spec.draws}",
            help=say["sweeping.draws_help"].format(draws=f"{spec.draws:,}"),
        )
    with columns[2]:
        folder = st.text_input(
            say["sweeping.name"], _free(name), key=f"{NAME}.{name}", max_chars=120,
            help=parts.plain(say["sweeping.name_help"].format(folder=background.sweeps_home())),
        )
    with columns[3]:
        most = cores(MOST_WORKERS)
        workers = st.number_input(say["sweeping.workers"], 1, most, 1, key=WORKERS, help=say["sweeping.workers_help"], disabled=most == 1)
    with columns[4]:
        st.button(
            say["sweeping.start"], icon=":material/play_arrow:", key="sweep_start", type="primary", width="stretch", on_click=_start,
            args=(name, folder or "", int(draws), int(workers), opens),
        )
    size = say["sweeping.size"].format(
        points=f"{spec.design.count:,}", draws=f"{draws:,}", runs=f"{spec.design.count * draws:,}", days=spec.base.days,
        base=spec.base.name,
    )
    question = parts.plain(brief(say.of_file(spec.name, "question", spec.question), parts.LONGEST_QUESTION))
    st.caption("  \n".join(line for line in (question, parts.plain(size)) if line))


def title_of(spec: Spec, say: Words) -> str:
    title = parts.clipped(say.of_file(spec.name, "title", spec.title))
    return f"{title} · {spec.name}" if title and title != spec.name else spec.name


def _free(name: str) -> str:
    """The name, with a number behind it where there are results of that name."""
    home, count, found = background.sweeps_home(), 1, name
    while (home / found).exists():
        count += 1
        found = f"{name}_{count}"
    return found


def _start(spec: str, name: str, draws: int, workers: int, opens: Callable[[str], None]) -> None:
    state = session()
    name = name.strip()
    try:
        if check_stem(name) is not None:
            raise UserError(state.say["sweeping.bad_name"].format(name=name))
        folder = background.folder_for(name)
        path = scenario_folder() / "sweeps" / f"{spec}.toml"
        background.start(path, folder, draws=draws, workers=workers, lang=state.language)
        st.session_state.pop(f"{NAME}.{spec}", None)
        opens(str(folder))
    except UserError as error:
        st.session_state[watching.FAULT] = error.message


def builder(state: Session) -> None:
    """Two levers of a plan, each from, to and in how many values: a sweep file."""
    say, files = state.say, file_names() or [BASELINE]
    st.caption(say["sweeping.write_note"])
    first = state.opened.name if state.opened.name in files else files[0]
    left, *middle = st.columns([3, 2, 3, 1])
    with left:
        base = st.selectbox(
            say["sweeping.base"], files, files.index(first), key="sweep_base", format_func=lambda name: plans.label_of(state, name),
        )
    with middle[0]:
        stem = st.text_input(say["sweeping.file"], _new_name(state), key="sweep_file", max_chars=120)
    with middle[1]:
        title = st.text_input(say["sweeping.title"], key="sweep_title", max_chars=200)
    with middle[2]:
        draws = st.number_input(say["sweeping.draws"], 1, MOST_DRAWS, 256, key="sweep_new_draws")
    moved = [*inputs.in_order(state.moved), *FIRST]
    proposed = list(dict.fromkeys(moved))[:2]
    ranges = [_range(state, place, name) for place, name in enumerate(proposed, start=1)]
    st.button(
        say["sweeping.write_button"], icon=":material/save:", key="sweep_write_button", on_click=_write,
        args=(str(stem or "").strip(), str(title or "").strip(), base, ranges, int(draws)),
    )


def _range(state: Session, place: int, proposed: str) -> Range:
    """One lever's row, in the unit of its slider."""
    say, names = state.say, [lever.name for levers in inputs.lever_groups().values() for lever in levers]
    columns = st.columns([5, 2, 2, 2], vertical_alignment="bottom")
    with columns[0]:
        name = st.selectbox(
            say[f"sweeping.lever_{place}"], names, names.index(proposed), key=f"sweep_lever_{place}",
            format_func=lambda item: registry()[item].label[state.language],
        )
    shape = inputs.dial(registry()[name], state.language)
    unit = f"{shape.before}{shape.unit}".strip()
    unit = "" if not unit else f"（{unit}）" if state.language == "zh" else f", {unit}"
    ends = []
    for column, end, at in ((columns[1], "from", shape.low), (columns[2], "to", shape.high)):
        with column:
            ends.append(st.number_input(
                say[f"sweeping.{end}"].format(unit=unit), float(shape.low), float(shape.high), float(at), float(shape.step),
                key=f"sweep_{end}.{place}.{name}.{state.language}", format=f"%.{shape.decimals}f",
            ))
    with columns[3]:
        steps = st.number_input(say["sweeping.steps"], 2, MOST_STEPS, 5, key=f"sweep_steps.{place}")
    return Range(name=name, low=shape.value(ends[0]), high=shape.value(ends[1]), steps=int(steps))


def _new_name(state: Session) -> str:
    name, count = {"en": "my_sweep", "zh": "我的推演"}[state.language], 1
    taken = {path.stem.casefold() for path in spec_files(scenario_folder())}
    while (found := name if count == 1 else f"{name}_{count}").casefold() in taken:
        count += 1
    return found


def _write(stem: str, title: str, base: str, ranges: list[Range], draws: int) -> None:
    try:
        _added(stem, grid_text(base=base, title=title or stem, ranges=ranges, draws=draws))
    except UserError as error:
        st.session_state[watching.FAULT] = error.message


def _uploaded(slot: str) -> None:
    file = st.session_state[slot]
    if file is None:
        return
    st.session_state["sweep_uploads"] = st.session_state.get("sweep_uploads", 0) + 1  # an empty uploader next time
    try:
        _added(file.name.removesuffix(".toml"), file.getvalue())
    except UserError as error:
        st.session_state[watching.FAULT] = error.message


def _added(stem: str, content: str | bytes) -> None:
    say = session().say
    if check_stem(stem) is not None:
        raise UserError(say["sweeping.bad_name"].format(name=stem))
    if stem.casefold() in {path.stem.casefold() for path in spec_files(scenario_folder())}:
        raise UserError(say["sweeping.taken"].format(name=stem))
    spec = add_spec(stem, content)
    st.session_state[WRITTEN] = (spec.name, spec.design.count)
    st.session_state[SPEC] = spec.name
    st.session_state.pop("sweep_file", None)

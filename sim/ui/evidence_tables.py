"""The tables of the page Evidence: parameters, facts, contradictions, studies; searched, filtered, and a row chosen for its story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sim import evidence
from sim.analysis.documenting import facts as documented
from sim.evidence import ContradictionEvidence, FactEvidence, NumberEvidence, StudyEvidence, found_in
from sim.linting import FACT_STATUSES, GRADES, ROLES, STUDY_BASES, STUDY_GRADES
from sim.outcome import model_version
from sim.parameters import STAGES, registry
from sim.scenario import Assumption
from sim.texts import Words
from sim.ui import cache, evidence_story, parts, sheets
from sim.ui.state import Session
from sim.wording.evidence import (
    fact_value,
    fact_words,
    listed,
    own_text,
    range_of,
    source_text,
    study_value,
    used_text,
    value_of,
)

VIEWS = ("parameters", "facts", "contradictions", "studies")
VIEW, SEARCH = "evidence_view", "evidence_search"
ASKED, LINKED = "evidence_asked", "evidence_linked"  # the parameter that the address names; did it bring us here?
TALL_PX, SHORTEST = 620, 12
WIDTHS = {"parameters": 250, "facts": 330, "contradictions": 420, "studies": 330}  # of the column that says what a row is
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


def tables(state: Session, *, unknown: str = "") -> None:
    """The chosen table under its filters, and the story of the chosen row beside it. `unknown`: a parameter asked for in vain."""
    say = state.say
    parts.heading(say["evidence.book"], say["evidence.book_note"])
    st.session_state.setdefault(VIEW, VIEWS[0])
    counts = {"parameters": len(registry()), "facts": len(registry().facts), "contradictions": len(registry().contradictions),
              "studies": len(registry().studies)}
    view = st.segmented_control(
        say["evidence.view"], VIEWS, key=VIEW, required=True, persist_state="session", label_visibility="collapsed",
        format_func=lambda name: f"{say[f'evidence.{name}']} {counts[name]}",
    ) or VIEWS[0]
    if unknown:
        st.info(say["evidence.unknown"].format(name=parts.plain(unknown[:80])), icon=":material/search_off:")
    {"parameters": parameters, "facts": facts, "contradictions": contradictions, "studies": studies}[view](state)


# ------------------------------------------------------------------------------------------------------------ the four tables


def parameters(state: Session) -> None:
    say, rows = state.say, evidence.numbers(state.plan)
    own = sum(row.own is not None for row in rows)
    by_name = {row.parameter.name: row for row in rows}
    names = {name: f"{row.parameter.label[say.language]} · {name}" for name, row in by_name.items()}
    text, pick, left, right = controls("parameters", names, say)
    with left:
        stages = several(say["evidence.by_stage"], STAGES, "evidence_stages", lambda name: say[f"room.{name}"], say)
    with right:
        roles = several(say["evidence.by_role"], ROLES, "evidence_roles", lambda name: say.named("role", name), say)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        grades = pills(say["evidence.by_grade"], GRADES, "evidence_grades", lambda name: say.named("grade", name))
        only = st.toggle(
            say["evidence.own_only"].format(count=own), key="evidence_own", persist_state="session", disabled=not own,
            help=say["evidence.own_help" if own else "evidence.own_none"],
        )
    found = evidence.chosen(rows, grades=grades, stages=stages, roles=roles, text=text, own=only and bool(own))
    with_own = any(row.own is not None for row in found)
    shown = [
        {
            say["evidence.head_label"]: row.parameter.label[say.language],
            say["evidence.head_value"]: value_of(row.parameter, say.language),
            **({say["evidence.head_own"]: own_text(row.own, row.parameter, say) if row.own else ""} if with_own else {}),
            say["evidence.head_range"]: range_of(row.parameter, say.language),
            say["evidence.by_grade"]: say.named("grade", row.parameter.grade),
            say["evidence.head_source"]: source_text(row.parameter, say),
            say["evidence.head_used"]: used_text(row, say),
            say["evidence.by_role"]: say.named("role", row.parameter.role),
            say["evidence.by_stage"]: say[f"room.{row.parameter.stage}"],
        }
        for row in found
    ]
    book(
        "parameters", [row.parameter.name for row in found], shown, len(rows), [plain_parameter(row) for row in found], pick,
        lambda name: evidence_story.number(by_name[name], say), say,
    )


def facts(state: Session) -> None:
    say = state.say
    rows = _document_figures(model_version(), cache.DRAWS)
    by_id = {row.fact.id: row for row in rows}
    text, pick, left, _ = controls("facts", {name: f"{name} · {fact_words(row.fact, say.language)}" for name, row in by_id.items()}, say)
    with left:
        statuses = pills(say["evidence.by_status"], FACT_STATUSES, "evidence_statuses", lambda name: say.named("status", name))
    found = [row for row in rows if (not statuses or row.fact.status in statuses) and found_in(text, evidence.fact_words(row.fact))]
    shown = [
        {
            say["evidence.head_id"]: row.fact.id, say["evidence.head_document"]: fact_words(row.fact, say.language),
            say["evidence.head_fact_value"]: fact_value(row.fact.value, row.fact.unit, say),
            say["evidence.head_model"]: fact_value(row.model_value, row.fact.unit, say),
            say["evidence.by_status"]: say.named("status", row.fact.status),
            say["evidence.head_parameter"]: row.parameter.label[say.language] if row.parameter else "",
            say["evidence.head_conflict"]: listed(row.fact.contradicts, say),
            say["evidence.head_note"]: row.fact.note[say.language],
        }
        for row in found
    ]
    book(
        "facts", [row.fact.id for row in found], shown, len(rows), [plain_fact(row) for row in found], pick,
        lambda name: evidence_story.fact(by_id[name], _go, say), say,
    )


def contradictions(state: Session) -> None:
    say, rows = state.say, evidence.contradictions()
    by_id = {row.contradiction.id: row for row in rows}
    text, pick, _, _ = controls("contradictions", {name: row.contradiction.says[say.language] for name, row in by_id.items()}, say)
    found = [row for row in rows if found_in(text, evidence.contradiction_words(row))]
    shown = [
        {
            say["evidence.head_says"]: row.contradiction.says[say.language],
            say["evidence.head_reading"]: row.contradiction.resolution[say.language],
            say["evidence.head_facts"]: listed(row.contradiction.facts, say),
        }
        for row in found
    ]
    book(
        "contradictions", [row.contradiction.id for row in found], shown, len(rows), [plain_contradiction(row) for row in found], pick,
        lambda name: evidence_story.contradiction(by_id[name], _go, say), say,
    )


def studies(state: Session) -> None:
    say, rows = state.say, evidence.studies()
    by_id = {row.study.id: row for row in rows}
    text, pick, left, right = controls("studies", {name: f"{name} · {row.study.what[say.language]}" for name, row in by_id.items()}, say)
    with left:
        kinds = several(say["evidence.by_kind"], STUDY_GRADES, "evidence_kinds", lambda name: say[f"study_grade.{name}"], say)
    with right:
        bases = several(say["evidence.head_basis"], STUDY_BASES, "evidence_bases", lambda name: say[f"study_basis.{name}"], say)
    found = [
        row for row in rows
        if (not kinds or row.study.grade in kinds) and (not bases or row.study.basis in bases)
        and found_in(text, evidence.study_words(row.study))
    ]
    shown = [
        {
            say["evidence.head_id"]: row.study.id, say["evidence.head_what"]: row.study.what[say.language],
            say["evidence.head_value"]: study_value(row.study, say.language),
            say["evidence.by_kind"]: say[f"study_grade.{row.study.grade}"],
            say["evidence.head_basis"]: say[f"study_basis.{row.study.basis}"],
            say["evidence.head_source"]: row.study.source,
            say["evidence.head_where"]: row.study.address,
            say["evidence.head_rests"]: listed([item.label[say.language] for item in (*row.values, *row.costs)], say, most=3),
            say["evidence.head_note"]: row.study.note[say.language],
        }
        for row in found
    ]
    book(
        "studies", [row.study.id for row in found], shown, len(rows), [plain_study(row) for row in found], pick,
        lambda name: evidence_story.study(by_id[name], _go, say), say,
    )


@st.cache_data(show_spinner=False, max_entries=4)
def _document_figures(version: str, draws: int) -> tuple[FactEvidence, ...]:
    return evidence.document_figures(documented(draws=draws, seed=cache.SEED))


# ------------------------------------------------------------------------------------------------------------ a table and its story


def controls(view: str, names: dict[str, str], say: Words) -> tuple[str, str | None, DeltaGenerator, DeltaGenerator]:
    """What is searched for, what is chosen by its name (`names`: of all rows), and two places for filters."""
    first, second, left, right = st.columns([3, 4, 3, 3])
    with first:
        text = st.text_input(
            say["evidence.search"], key=SEARCH, placeholder=say["evidence.search_hint"], icon=":material/search:",
            persist_state="session", max_chars=80,
        )
    with second:
        pick = st.selectbox(
            say["evidence.pick"], list(names), index=None, key=f"evidence_pick_{view}", placeholder=say["evidence.pick_hint"],
            persist_state="session", format_func=lambda name: names.get(name, name), on_change=_picked, args=(view,),
        )
    return text or "", pick, left, right


def book(
    view: str, found: Sequence[str], shown: Sequence[dict[str, Any]], of_all: int, plain: Sequence[dict[str, Any]], pick: str | None,
    story: Callable[[str], None], say: Words,
) -> None:
    """The rows that were found, and beside them what is known of the chosen one."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(say["evidence.counted"].format(shown=len(found), all=of_all), width="stretch")
        st.download_button(
            say["files.csv"], lambda: sheets.csv_bytes(plain), file_name=f"evidence_{view}.csv", mime="text/csv",
            icon=":material/download:", on_click="ignore", key=f"evidence_csv_{view}", disabled=not plain,
        )
    if pick is None:
        _grid(view, found, shown, say)
        return
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _grid(view, found, shown, say)
    with right, st.container(border=True, key="evidence_story"):
        story(pick)


def _grid(view: str, found: Sequence[str], shown: Sequence[dict[str, Any]], say: Words) -> None:
    if not found:
        st.info(say["evidence.none_found"], icon=":material/search_off:")
        return
    key = f"evidence_grid_{view}_{abs(hash(tuple(found)))}"  # a choice is a row's place: it ends where the rows change
    told = list(shown[0])[1 if view in ("facts", "studies") else 0]
    columns: dict[str, Any] = {
        say[f"evidence.{head}"]: st.column_config.Column(width=width)
        for head, width in {"head_value": 140, "head_range": 115, "by_grade": 85, "head_fact_value": 110, "head_model": 110,
                            "head_used": 185, "by_role": 85, "by_stage": 95, "head_parameter": 170, "head_conflict": 100, "head_note": 460,
                            "head_source": 100 if view == "parameters" else 260}.items()
    }
    columns[say["evidence.head_id"]] = st.column_config.Column(pinned=True, width=60)
    columns[told] = st.column_config.Column(pinned=True, width=WIDTHS[view])
    columns[say["evidence.head_where"]] = st.column_config.LinkColumn(width="small", display_text=say["evidence.found_at"])
    st.dataframe(
        shown, hide_index=True, width="stretch", height="content" if len(found) <= SHORTEST else TALL_PX, column_config=columns, key=key,
        on_select=lambda: _clicked(view, key, found), selection_mode="single-row",
    )


def _clicked(view: str, key: str, found: Sequence[str]) -> None:
    rows = st.session_state[key].selection.rows
    st.session_state[f"evidence_pick_{view}"] = found[rows[0]] if rows else None
    _picked(view)


def _picked(view: str) -> None:
    """The address names the chosen parameter, so that it can be sent to somebody."""
    if view != "parameters":
        return
    name = st.session_state.get("evidence_pick_parameters")
    st.session_state[ASKED] = name
    if name is None:
        st.query_params.pop("parameter", None)
    else:
        st.query_params["parameter"] = name


def _go(name: str) -> None:
    """Open a parameter's story from another one."""
    st.session_state[VIEW] = "parameters"
    st.session_state["evidence_pick_parameters"] = name
    _picked("parameters")


def followed() -> str:
    """Open the parameter that the address asks for, once; gives its name back where there is none of that name."""
    asked = st.query_params.get("parameter")
    if not asked or asked == st.session_state.get(ASKED):
        return ""
    if asked not in registry():
        return asked
    _go(asked)
    for key in ("evidence_stages", "evidence_roles", "evidence_grades"):
        st.session_state[key] = []
    st.session_state[SEARCH], st.session_state["evidence_own"] = "", False
    st.session_state[LINKED] = True
    return ""


def linked() -> bool:
    """Has this session come here for a single parameter? Then its story stands first."""
    return bool(st.session_state.get(LINKED))


def several(label: str, names: Sequence[str], key: str, form: Callable[[str], str], say: Words) -> list[str]:
    return st.multiselect(label, names, key=key, format_func=form, placeholder=say["evidence.any"], persist_state="session")


def pills(label: str, names: Sequence[str], key: str, form: Callable[[str], str]) -> list[str]:
    return st.pills(label, names, key=key, format_func=form, selection_mode="multi", persist_state="session")


# ------------------------------------------------------------------------------------------------------------ with all digits


def plain_parameter(row: NumberEvidence) -> dict[str, Any]:
    item, own = row.parameter, row.own
    figures = {"value": item.value, "low": item.low, "high": item.high, "bound_low": item.bounds[0], "bound_high": item.bounds[1]}
    if own is None:
        stated: dict[str, Any] = {"own_value": "", "own_low": "", "own_high": "", "own_source": ""}
    else:
        assumed = isinstance(own, Assumption)
        stated = {
            "own_value": own.best if assumed else own.value, "own_low": own.low if assumed else "", "own_high": own.high if assumed else "",
            "own_source": own.source,
        }
    line = {"name": item.name, "label_en": item.label["en"], "label_zh": item.label["zh"], "stage": item.stage, "role": item.role}
    line |= figures | {"unit": item.unit, "distribution": item.distribution, "source": item.source, "grade": item.grade} | stated
    line |= {"equations": " ".join(row.use.equations), "figures": " ".join(row.use.moves), "only_with": " ".join(row.use.only_with)}
    return _cells(line | {"prices": " ".join(row.use.prices), "help_en": item.help["en"], "help_zh": item.help["zh"]})


def plain_fact(row: FactEvidence) -> dict[str, Any]:
    item = row.fact
    line = {"id": item.id, "phrase": item.phrase, "english": item.english, "value": item.value, "unit": item.unit}
    line |= {"model_value": row.model_value, "role": item.role, "status": item.status, "parameter": item.parameter}
    return _cells(line | {"contradicts": " ".join(item.contradicts), "note_en": item.note["en"], "note_zh": item.note["zh"]})


def plain_contradiction(row: ContradictionEvidence) -> dict[str, Any]:
    item = row.contradiction
    line = {"id": item.id, "facts": " ".join(item.facts), "parameters": " ".join(entry.name for entry in row.parameters)}
    texts = {"says": item.says, "resolution": item.resolution}
    return _cells(line | {f"{key}_{language}": text[language] for key, text in texts.items() for language in ("en", "zh")})


def plain_study(row: StudyEvidence) -> dict[str, Any]:
    item = row.study
    line = {"id": item.id, "what_en": item.what["en"], "what_zh": item.what["zh"], "value": item.value, "low": item.low, "high": item.high}
    line |= {"unit": item.unit, "source": item.source, "address": item.address, "grade": item.grade, "basis": item.basis}
    line |= {"note_en": item.note["en"], "note_zh": item.note["zh"], "values": " ".join(entry.name for entry in row.values)}
    return _cells(line | {"costs": " ".join(entry.name for entry in row.costs)})


def _cells(line: dict[str, Any]) -> dict[str, Any]:
    """Lists with slashes, nothing as an empty cell, and no text that a spreadsheet would take for a formula."""
    found: dict[str, Any] = {}
    for name, value in line.items():
        if isinstance(value, tuple):
            found[name] = "/".join(f"{part:g}" for part in value)
        elif isinstance(value, str) and value.startswith(FORMULA):
            found[name] = f"'{value}"
        else:
            found[name] = "" if value is None else value
    return found

"""The full story of a parameter, a fact, a contradiction or a study, as the page Evidence tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from sim.evidence import ContradictionEvidence, FactEvidence, NumberEvidence, StudyEvidence, cost_sources
from sim.parameters import Contradiction, Fact, Parameter, Study
from sim.texts import Words
from sim.ui import parts
from sim.wording.evidence import (
    cost_in_words,
    fact_value,
    fact_words,
    joined,
    own_text,
    quantity,
    study_value,
    use_in_words,
    value_of,
)

Go = Callable[[str], None]  # opens a parameter's story


def number(row: NumberEvidence, say: Words) -> None:
    """Everything that is known of a parameter."""
    item, language = row.parameter, say.language
    st.markdown(f"#### {parts.plain(item.label[language])} {badge(item.grade, say)}")
    st.caption(f"`{item.name}`")
    line = say["evidence.value_line"].format(
        value=parts.plain(value_of(item, language)), role=say.named("role", item.role), stage=say[f"room.{item.stage}"]
    )
    st.markdown(parts.tight(line))
    st.markdown(parts.plain(item.help[language]))
    if row.own is not None:
        told = say["evidence.own_value"].format(value=own_text(row.own, item, say), source=row.own.source)
        st.info(parts.plain(told), icon=":material/edit_note:")
    st.markdown(parts.tight(parts.plain(paragraph(forms(item, say), say))))
    head(say["evidence.comes_from"])
    origins(item, row.facts, [study for study in row.studies if study.id in item.sources], say)
    head(say["evidence.used_in"])
    st.markdown(parts.plain(paragraph(use_in_words(row, say), say)))
    if item.cost is not None:
        head(say["evidence.costs"])
        st.markdown(f"{parts.tight(parts.plain(paragraph(cost_in_words(item, say), say)))} {badge(item.cost.grade, say)}")
        for study in row.studies:
            if study.id in cost_sources(item):
                st.markdown(f"- {study_text(study, say)}")
    if row.contradictions:
        head(say["evidence.conflicts"])
        for conflict in row.contradictions:
            st.markdown(f"- {conflict_text(conflict, say)}")


def forms(item: Parameter, say: Words) -> list[str]:
    """How it is drawn, how a plan sets it, what is allowed."""
    language, lines = say.language, []
    if item.distribution == "chance":
        lines.append(say["evidence.drawn_chance"])
    elif item.uncertain:
        low, high = ends(item, (item.low, item.high), language)
        lines.append(say["evidence.drawn"].format(low=low, high=high, form=say[f"distribution.{item.distribution}"]))
    if item.role == "lever":
        low, high = ends(item, item.bounds, language)
        lines += [say["evidence.bounds"].format(low=low, high=high), say[f"evidence_form.{item.form}"]]
    return lines


def ends(item: Parameter, values: tuple[float, float], language: str) -> list[str]:
    return joined([quantity(value, item, language) for value in values], "|").split("|")


def origins(item: Parameter, facts: Sequence[Fact], studies: Sequence[Study], say: Words) -> None:
    for fact in facts:
        st.markdown(f"- **{fact.id}** {quoted(fact, say)}  \n  :small[:gray[{parts.plain(fact.note[say.language])}]]")
    for study in studies:
        st.markdown(f"- {study_text(study, say)}")
    if "assumption" in item.sources:
        st.markdown(f"- {say['evidence.no_source']}")
    if "derived" in item.sources:
        st.markdown(f"- {say['evidence.derived']}")


def fact(row: FactEvidence, go: Go, say: Words) -> None:
    item = row.fact
    st.markdown(f"#### {item.id} {quoted(item, say)}")
    line = say["evidence.fact_line"].format(phrase=item.phrase, role=say.named("role", item.role), status=say.named("status", item.status))
    st.caption(parts.plain(line))
    if row.model_value is not None:
        model = say["evidence.fact_reproduced"].format(value=fact_value(row.model_value, item.unit, say))
        st.markdown(f"**{parts.tight(fact_value(item.value, item.unit, say))}** · {parts.tight(model)}")
    st.markdown(parts.plain(item.note[say.language]))
    if row.parameter is not None:
        head(say["evidence.head_parameter"])
        doors([row.parameter], go, say)
    if row.contradictions:
        head(say["evidence.conflicts"])
        for conflict in row.contradictions:
            st.markdown(f"- {conflict_text(conflict, say)}")


def contradiction(row: ContradictionEvidence, go: Go, say: Words) -> None:
    item, language = row.contradiction, say.language
    st.markdown(f"#### {parts.plain(item.says[language])}")
    st.markdown(f"**{say['evidence.head_reading']}** · {parts.plain(item.resolution[language])}")
    head(say["evidence.head_facts"])
    for entry in row.facts:
        st.markdown(f"- **{entry.id}** {quoted(entry, say)}  \n  :small[:gray[{parts.plain(entry.note[language])}]]")
    rests_on_it(row.parameters, go, say)


def study(row: StudyEvidence, go: Go, say: Words) -> None:
    st.markdown(f"#### {row.study.id} {parts.plain(row.study.what[say.language])}")
    st.markdown(f"**{parts.plain(study_value(row.study, say.language))}** {study_kind(row.study, say)}")
    if source := study_source(row.study, say):
        st.markdown(source)
    st.markdown(parts.plain(row.study.note[say.language]))
    rests_on_it([*row.values, *(item for item in row.costs if item not in row.values)], go, say)


def rests_on_it(items: Sequence[Parameter], go: Go, say: Words) -> None:
    if items:
        head(say["evidence.head_rests"])
        doors(items, go, say)


def study_text(item: Study, say: Words) -> str:
    """A study in two lines: what it tells and how that was taken; who says it, where, and what is weak about it."""
    value = study_value(item, say.language)
    first = f"**{item.id}** {parts.plain(item.what[say.language])}{'：' if say.language == 'zh' else ': '}{parts.plain(value)}"
    source, note = study_source(item, say), f":small[:gray[{parts.plain(item.note[say.language])}]]"
    lines = [f"{parts.tight(first)} {study_kind(item, say)}", f":small[{source}]" if source else "", note]
    return "  \n  ".join(line for line in lines if line)


def study_kind(item: Study, say: Words) -> str:
    return f":gray-badge[{say[f'study_grade.{item.grade}']}] :gray-badge[{say[f'study_basis.{item.basis}']}]"


def study_source(item: Study, say: Words) -> str:
    """Who says it, and a link to where it was read; nothing where nobody does."""
    link = f" · [{say['evidence.found_at']}](<{item.address}>)" if item.address else ""
    return parts.plain(item.source) + link


def conflict_text(item: Contradiction, say: Words) -> str:
    language = say.language
    return f"{parts.plain(item.says[language])}  \n  :small[:gray[{parts.plain(item.resolution[language])}]]"


def quoted(item: Fact, say: Words) -> str:
    return parts.plain(say["drivers.quoted"].format(name=fact_words(item, say.language)))


def doors(items: Sequence[Parameter], go: Go, say: Words) -> None:
    """Parameters, each leading to its own story."""
    with st.container(gap=None):
        for item in items:
            text = f"{parts.plain(item.label[say.language])} · {parts.plain(value_of(item, say.language))}"
            key = f"evidence_go_{item.name}"
            st.button(text, type="tertiary", key=key, icon=":material/arrow_forward:", on_click=go, args=(item.name,))


def badge(grade: str, say: Words) -> str:
    return f":{'orange' if grade == 'assumption' else 'blue' if grade == 'document' else 'gray'}-badge[{say.named('grade', grade)}]"


def head(text: str) -> None:
    st.markdown(f"**{text}**")


def paragraph(lines: Sequence[str], say: Words) -> str:
    return ("" if say.language == "zh" else " ").join(lines)

"""The headline figures on top: which ones, first from a few draws and then from all of them, in the same places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sim.analysis.comparing import Comparison
from sim.figures import figure, interval
from sim.outcome import KPIS
from sim.texts import Words
from sim.ui import cache, parts
from sim.ui.state import Session

CHOSEN, CHOICE, REFUSED = "tiles_chosen", "tiles_choice", "tiles_refused"
FEWEST, MOST = 3, 6
PENDING = "[…]"


@dataclass(frozen=True, kw_only=True)
class Face:
    """What a tile says: a value, its change (text, colour, arrow) and two small lines."""

    label: str
    hint: str
    value: str
    change: tuple[str, str, str]
    notes: tuple[str, str]


class Board:
    """Tiles that can be written again in place, so that nothing jumps when the intervals arrive."""

    def __init__(self) -> None:
        self._places: list[tuple[DeltaGenerator, DeltaGenerator]] = []

    def show(self, state: Session, pair: cache.Pair, *, first: bool) -> None:
        """Of the chosen figures; `first`: of a few draws, so that means and changes stand and intervals are still to come."""
        kpis = chosen()
        faces = faces_of(kpis, pair, state.say, first=first)
        if not self._places:
            with st.container(key="tiles"):
                for column, kpi in zip(st.columns(len(kpis), gap="small"), kpis, strict=True):
                    with column, st.container(border=True, height="stretch", gap="xsmall", key=f"tile_{kpi}"):
                        self._places.append(_written(st, st, faces[kpi]))
            return
        for (metric, notes), kpi in zip(self._places, kpis, strict=True):
            _written(metric, notes, faces[kpi])


def _written(metric: Any, notes: Any, face: Face) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Write a tile, into the page or over what stands in its places."""
    text, colour, arrow = face.change
    return (
        metric.metric(face.label, face.value, text, delta_color=colour, delta_arrow=arrow, help=face.hint),
        notes.caption(parts.tight("  \n".join(face.notes))),
    )


def faces_of(kpis: Sequence[str], pair: cache.Pair, say: Words, *, first: bool) -> dict[str, Face]:
    rows = {row["kpi"]: row for row in pair.plan.kpi_rows()}
    before = rows if pair.same else {row["kpi"]: row for row in pair.base.kpi_rows()}
    differences = None if pair.same else Comparison(base=pair.base, plans=(pair.plan,)).figures(pair.plan)
    return {kpi: _face(kpi, rows[kpi], before[kpi], differences and differences[kpi], say, first=first) for kpi in kpis}


def _face(
    kpi: str, row: Mapping[str, Any], before: Mapping[str, Any], difference: Mapping[str, Any] | None, say: Words, *, first: bool
) -> Face:
    unit, language = KPIS[kpi].unit, say.language
    spread = say["plan.certain"] if row["p10"] == row["p90"] else PENDING if first else interval(row["p10"], row["p90"], unit, language)
    return Face(
        label=parts.kpi_label(kpi, language), hint=say[f"kpi_help.{kpi}"], value=figure(row["mean"], unit, language),
        change=(say["plan.no_change"], "gray", "off") if difference is None else parts.delta_of(kpi, difference, say),
        notes=(say["plan.against"].format(value=figure(before["mean"], unit, language)), spread),
    )


# Which ones


def chosen() -> tuple[str, ...]:
    """The figures of this session's tiles, in their order."""
    return st.session_state.get(CHOSEN, parts.TILES)


def chooser(state: Session) -> None:
    """Behind a button: three to six figures, in the order in which they are chosen."""
    say = state.say
    box = st.popover(say["tiles.choose"], icon=":material/view_column:", type="tertiary", key="tiles_menu", on_change="rerun")
    if not box.open:
        return
    with box:
        if CHOICE not in st.session_state:
            st.session_state[CHOICE] = list(chosen())
        st.multiselect(
            say["tiles.shown"], list(KPIS), key=CHOICE, max_selections=MOST, wrap=True, on_change=_choose,
            format_func=lambda kpi: KPIS[kpi].label[state.language],
        )
        too_few = len(st.session_state[CHOICE]) < FEWEST
        st.caption(say["tiles.too_few" if too_few else "tiles.note"].format(fewest=FEWEST, most=MOST))
        st.button(say["tiles.usual"], key="tiles_usual", type="tertiary", icon=":material/restart_alt:", on_click=_usual)


def _choose() -> None:
    asked = st.session_state[CHOICE]
    if FEWEST <= len(asked) <= MOST:
        st.session_state[CHOSEN] = tuple(asked)


def _usual() -> None:
    st.session_state[CHOICE] = list(parts.TILES)
    st.session_state.pop(CHOSEN, None)

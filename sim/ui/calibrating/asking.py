"""The shop's file and what the planner says of it: columns, definitions. It stays in this session's memory and nowhere else."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from sim.errors import UserError
from sim.shops import ShopTable, read_shop, sample_rows
from sim.shops.columns import COLUMNS, DEFINITIONS, guessed
from sim.shops.reading import read_grid
from sim.ui import parts
from sim.ui.state import Session, session

FILE, UPLOADS, READ = "calibrate_file", "calibrate_uploads", "calibrate_read"
ENDINGS = ["csv", "tsv", "txt", "xlsx"]
MOST_MB = 10  # as .streamlit/config.toml has it
ASKED = {  # definitions that are asked where one of these columns is there
    "orders": ("orders",), "sessions": ("sessions",), "refunds": ("refund_amount", "returned_orders"),
    "returns": ("returned_orders", "refund_amount"),
}
WRITTEN = ("date_order", "decimal")  # asked where the file can be read in two ways
A_ROW = 4


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A file in memory."""

    name: str
    data: bytes
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Loaded:
        return cls(name=name, data=data, digest=hashlib.sha256(data).hexdigest())


def loaded() -> Loaded | None:
    return st.session_state.get(FILE)


def file(state: Session) -> Loaded | None:
    """Upload a file, or try the sample shop."""
    say, at_hand = state.say, loaded()
    left, right = st.columns([3, 2], gap="large")
    with left:
        slot = f"calibrate_upload.{st.session_state.get(UPLOADS, 0)}"
        st.file_uploader(
            say["calibrating.upload"], type=ENDINGS, key=slot, on_change=_uploaded, args=(slot,), max_upload_size=MOST_MB,
            help=say["calibrating.upload_help"],
        )
        st.caption(f":material/lock: {say['calibrating.private']}")
    with right:
        st.markdown(say["calibrating.sample_lead"])
        with st.container(horizontal=True):
            st.button(
                say["calibrating.sample"], icon=":material/storefront:", key="calibrate_sample", on_click=_sampled,
                type="secondary" if at_hand else "primary",
            )
            st.download_button(
                say["calibrating.sample_download"], lambda: sample_csv(state.language), file_name=say["calibrating.sample_file"],
                mime="text/csv", icon=":material/download:", on_click="ignore", key="calibrate_sample_download", type="tertiary",
            )
    return at_hand


def sample_csv(language: str) -> bytes:
    """The sample shop as the bytes of its CSV, with the mark that spreadsheets want."""
    rows = sample_rows(language)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _uploaded(slot: str) -> None:
    given = st.session_state[slot]
    if given is not None:
        _take(Loaded.of(given.name, given.getvalue()))


def _sampled() -> None:
    state = session()
    _take(Loaded.of(state.say["calibrating.sample_file"], sample_csv(state.language)))


def removed() -> None:
    _take(None)


def _take(file: Loaded | None) -> None:
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1  # an empty uploader next time
    for key in [key for key in st.session_state if isinstance(key, str) and key.startswith(("calibrate_map.", "calibrate_odd."))]:
        del st.session_state[key]
    st.session_state[FILE] = file
    st.session_state[READ] = None


def table_of(state: Session, file: Loaded) -> ShopTable | None:
    """The file as it is understood, beside what it is understood by; None where it cannot be read as it stands."""
    say = state.say
    place = st.container()
    try:
        headers = _headers(file)
    except UserError as error:
        refused(state, error)
        st.button(say["calibrating.remove"], icon=":material/close:", key="calibrate_remove", on_click=removed)
        return None
    guess = {header: known for known, header in guessed(headers).items()}
    chosen = {header: str(st.session_state.get(_slot(file, at), guess.get(header, ""))) for at, header in enumerate(headers)}
    found = _read(file, chosen, _said())
    unread = isinstance(found, UserError)
    with st.expander(say["calibrating.columns"], icon=":material/view_column:", expanded=unread, key=f"calibrate_columns.{unread}"):
        st.caption(say["calibrating.columns_note"])
        _columns(state, file, headers, guess)
        _definitions(state, chosen, found)
    with place:
        if unread:
            refused(state, found, mend=True)
            st.button(say["calibrating.remove"], icon=":material/close:", key="calibrate_remove", on_click=removed)
            return None
        _head(state, found)
    return found


def _head(state: Session, table: ShopTable) -> None:
    say, comma = state.say, "、" if state.language == "zh" else ", "
    said = say["shops.read"].format(
        name=table.name, steps=len(table.frame), unit=say["shops.days" if table.step_days == 1 else "shops.weeks"],
        first=table.frame.index[0].date(), last=table.frame.index[-1].date(),
        columns=comma.join(say.named("shops.column", name) for name in table.columns),
    )
    left, right = st.columns([8, 2])
    left.markdown(f":green[:material/check_circle:] {parts.plain(said)}")
    right.button(
        say["calibrating.remove"], icon=":material/close:", key="calibrate_remove", on_click=removed, type="tertiary", width="stretch"
    )
    if table.ignored:
        st.caption(parts.plain(say["calibrating.unread"].format(headers=comma.join(table.ignored[:20]))))


def refused(state: Session, error: UserError, *, mend: bool = False) -> None:
    """Why not, without what only helps on the command line; there the page says where to say it."""
    message, says = error.message, ""
    if "--" in message:
        head = message[: message.index("--")]
        message = f"{head[: max(head.rfind('. '), head.rfind('; '))].rstrip('.;')}."
        says = state.say["calibrating.mend" if mend else "calibrating.mend_file"]
    parts.refused(message, state.say)
    if says:
        st.caption(f":material/arrow_downward: {says}")


# What the columns are, and what they count


def _headers(file: Loaded) -> tuple[str, ...]:
    """The file's headers, each once; where none is understood, its first line's, so that the planner can say what they are."""
    try:
        found = read_grid(file.data, name=file.name).headers
    except UserError:
        first = _first_line(file.data)
        if len(first) < 2:
            raise
        found = read_grid(file.data, name=file.name, known=first).headers
    return tuple(dict.fromkeys(header for header in found if header))


def _first_line(data: bytes) -> tuple[str, ...]:
    """The cells of a text's first line."""
    head = data[:20_000]
    if b"\0" in head or not head.strip():
        return ()
    for encoding in ("utf-8-sig", "gb18030", "cp1252"):
        try:
            line = head.decode(encoding).strip().splitlines()[0]
        except UnicodeDecodeError:
            continue
        cells = next(csv.reader([line], delimiter=max(",;\t|", key=line.count)))
        return tuple(cell.strip() for cell in cells if cell.strip() and cell.isprintable())
    return ()


def _slot(file: Loaded, place: int) -> str:
    return f"calibrate_map.{file.digest[:8]}.{place}"


def _columns(state: Session, file: Loaded, headers: tuple[str, ...], guess: Mapping[str, str]) -> None:
    say, names = state.say, ["", *COLUMNS]
    for start in range(0, len(headers), A_ROW):
        for cell, place in zip(st.columns(A_ROW), range(start, min(start + A_ROW, len(headers))), strict=False):
            slot, header = _slot(file, place), headers[place]
            st.session_state.setdefault(slot, guess.get(header, ""))
            cell.selectbox(
                parts.plain(header[:60]), names, key=slot, persist_state="session",
                format_func=lambda name: say.named("shops.column", name) if name else say["calibrating.left_out"],
            )


def _said() -> dict[str, str]:
    """The definitions that the planner gave."""
    found = {key: st.session_state.get(f"calibrate_{key}") for key in DEFINITIONS}
    return {key: str(value) for key, value in found.items() if value in DEFINITIONS[key]}


def _definitions(state: Session, chosen: Mapping[str, str], found: ShopTable | UserError) -> None:
    say = state.say
    keys = [key for key, columns in ASKED.items() if any(column in chosen.values() for column in columns)]
    message = found.message if isinstance(found, UserError) else ""
    keys += [key for key in WRITTEN if f"{key}=" in message or st.session_state.get(f"calibrate_{key}", "clear") != "clear"]
    if not keys:
        return
    st.markdown(f"**{say['calibrating.definitions']}**")
    for start in range(0, len(keys), A_ROW):
        for cell, key in zip(st.columns(A_ROW), keys[start : start + A_ROW], strict=False):
            slot = f"calibrate_{key}"
            st.session_state.setdefault(slot, DEFINITIONS[key][0])
            cell.selectbox(
                say[f"calibrating.define_{key}"], DEFINITIONS[key], key=slot, persist_state="session",
                format_func=lambda value, key=key: say[f"calibrating.{key}_{value}"],
            )


def _read(file: Loaded, chosen: Mapping[str, str], said: Mapping[str, str]) -> ShopTable | UserError:
    """Read once for the same answers."""
    key = (file.digest, file.name, tuple(chosen.items()), tuple(said.items()))
    kept = st.session_state.get(READ)
    if kept is None or kept[0] != key:
        try:
            found: ShopTable | UserError = read_shop(file.data, name=file.name, mapping=chosen, definitions=said)
        except UserError as error:
            found = error
        st.session_state[READ] = kept = (key, found)
    return kept[1]

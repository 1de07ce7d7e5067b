"""The shop's file and what the planner says of it: columns, definitions. It stays in this session's memory and nowhere else."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from sim.errors import UserError
from sim.shops import ShopTable, sample_rows
from sim.shops.columns import COLUMNS, DEFINITIONS, guessed
from sim.shops.grids import Grid
from sim.shops.reading import read_grid, sheet_names
from sim.shops.table import table_of as table_of_grid
from sim.ui import parts
from sim.ui.state import Session, session
from sim.wording.refusals import in_language

FILE, UPLOADS, READ, GRIDS = "calibrate_file", "calibrate_uploads", "calibrate_read", "calibrate_grids"
ENDINGS = ["csv", "tsv", "txt", "xlsx"]
MOST_MB = 10  # as .streamlit/config.toml has it
ASKED = {  # definitions that are asked where one of these columns is there
    "orders": ("orders",), "sessions": ("sessions",), "refunds": ("refund_amount", "returned_orders"),
    "returns": ("returned_orders", "refund_amount"),
}
WRITTEN = ("date_order", "decimal")  # asked where the file can be read in two ways
A_ROW = 4
OF_A_FILE = ("calibrate_map.", "calibrate_odd.", "calibrate_sheet.")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A file in memory. sheet: of a workbook with several, the one that is read; the digest is then of that sheet."""

    name: str
    data: bytes
    digest: str
    sheet: str | None = None

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
    for key in [key for key in st.session_state if isinstance(key, str) and key.startswith(OF_A_FILE)]:
        del st.session_state[key]
    st.session_state[FILE] = file
    st.session_state[READ] = None
    st.session_state[GRIDS] = {}


def sheet(state: Session, file: Loaded) -> Loaded:
    """The file with the sheet that is to be read; asked where a workbook has several."""
    names = sheet_names(file.data)
    if len(names) < 2:
        return file
    slot = f"calibrate_sheet.{file.digest[:8]}"
    if st.session_state.get(slot) not in names:
        try:
            st.session_state[slot] = _grid(file).sheet
        except UserError:
            st.session_state[slot] = names[0]
    chosen = st.selectbox(
        state.say["calibrating.sheet"], names, key=slot, persist_state="session", width=320, format_func=lambda name: parts.plain(name[:60])
    )
    return replace(file, sheet=chosen, digest=hashlib.sha256(f"{file.digest} {chosen}".encode()).hexdigest())


def table_of(state: Session, file: Loaded) -> ShopTable | None:
    """The file as it is understood, beside what it is understood by; None where it cannot be read as it stands."""
    say = state.say
    place = st.container()
    try:
        grid = _grid(file)
    except UserError as error:
        refused(state, error)
        st.button(say["calibrating.remove"], icon=":material/close:", key="calibrate_remove", on_click=removed)
        return None
    headers = tuple(dict.fromkeys(header for header in grid.headers if header))
    guess = {header: known for known, header in guessed(headers).items()}
    chosen = {header: str(st.session_state.get(_slot(file, at), guess.get(header, ""))) for at, header in enumerate(headers)}
    found = _read(file, grid, chosen, _said())
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
    message, says = in_language(error.message, state.language), ""
    if "--" in message:
        head = message[: message.index("--")]
        end = max(head.rfind(mark) for mark in (". ", "; ", "。", "；"))
        message = head[:end].rstrip(".;") + ("。" if head[end] in "。；" else ".")
        says = state.say["calibrating.mend" if mend else "calibrating.mend_file"]
    parts.refused(message, state.say)
    if says:
        st.caption(f":material/arrow_downward: {says}")


# What the columns are, and what they count


def _grid(file: Loaded) -> Grid:
    """The file taken apart, once. Where no header is understood, its first line's, so that the planner can say what they are."""
    kept = st.session_state.setdefault(GRIDS, {})
    key = (hashlib.sha256(file.data).hexdigest(), file.name, file.sheet)
    if key not in kept:
        try:
            found = read_grid(file.data, name=file.name, sheet=file.sheet, every=True)
        except UserError:
            first = _first_line(file.data)
            if len(first) < 2:
                raise
            found = read_grid(file.data, name=file.name, sheet=file.sheet, known=first, every=True)
        kept[key] = kept[(*key[:2], found.sheet or None)] = found
    return kept[key]


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


def _read(file: Loaded, grid: Grid, chosen: Mapping[str, str], said: Mapping[str, str]) -> ShopTable | UserError:
    """Read once for the same answers."""
    key = (file.digest, file.name, tuple(chosen.items()), tuple(said.items()))
    kept = st.session_state.get(READ)
    if kept is None or kept[0] != key:
        try:
            found: ShopTable | UserError = table_of_grid(grid, file.name, mapping=chosen, definitions=said)
        except UserError as error:
            found = error
        st.session_state[READ] = kept = (key, found)
    return kept[1]

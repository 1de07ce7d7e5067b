"""Changes an existing scenario text entry by entry, so that comments, order and number formats survive.

The text is cut into blocks, one per header. Comments and blank rows above a header belong to that header. Only a block with a
change is touched, by tomlkit, alone: so tables that stand apart in the file, or are spelled in either way, cannot mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sim.scenario.text import Statement, statements

if TYPE_CHECKING:
    from sim.scenario.writing import Content, Fields

_HEAD = ("schema", "title", "question", "author", "notes", "extends")
_ORDER = ("", "horizon", "levers", "assumptions", "events", "goals", "baseline", "profile", "posterior")
_SINGLE = ("profile", "posterior")  # tables that hold no entries


class Uneditable(Exception):
    """A layout that is legal but cannot be edited in place: the file is then laid out anew, its comments on top."""


@dataclass(kw_only=True)
class Block:
    """`lead`: comments and blank rows above; `body`: the header and its statements."""

    lead: str
    body: str
    keys: tuple[str, ...]  # of the header; () for the head of the file

    @property
    def section(self) -> str:
        return self.keys[0] if self.keys else ""


def edited(text: str, content: Content) -> str:
    """`text` changed so that it says `content`."""
    windows = "\r\n" in text
    blocks, tail = _blocks(text.replace("\r\n", "\n"))
    if not blocks or blocks[0].keys:
        blocks.insert(0, Block(lead="", body="", keys=()))
    seen: set[tuple[str, str]] = set()
    kept: list[Block] = []
    orphaned = ""  # lead of a block that went, less the comment that stood right on top of it
    for item in blocks:
        item.lead, orphaned = orphaned + item.lead, ""
        if _revise(item, content, seen):
            kept.append(item)
        else:
            orphaned = _without_own_comment(item.lead)
    _add_missing(kept, content, seen)
    result = "".join(item.lead + item.body for item in kept) + orphaned + tail
    return result.replace("\n", "\r\n") if windows else result


def comments(text: str) -> list[str]:
    """The rows of a text that are comments alone. Works on any text, valid or not."""
    return [row.strip() for row in text.splitlines() if row.lstrip().startswith("#") and row.isprintable()]


def _blocks(text: str) -> tuple[list[Block], str]:
    groups: list[tuple[tuple[str, ...], list[Statement]]] = []
    for statement in statements(text):
        if statement.kind != "key":
            groups.append((statement.keys, [statement]))
        elif not groups:
            groups.append(((), [statement]))
        else:
            groups[-1][1].append(statement)
    blocks, at = [], 0
    for keys, rows in groups:
        first, last = rows[0].start, rows[-1].end
        body = text[first:last]
        blocks.append(Block(lead=text[at:first], body=body if body.endswith("\n") else body + "\n", keys=keys))
        at = last
    return blocks, text[at:]


def _without_own_comment(lead: str) -> str:
    """A lead less the comment rows directly above its header: they spoke of what is gone."""
    rows = lead.split("\n")  # the last one is empty: a lead ends at a row's end
    end = len(rows) - 1
    while end > 0 and rows[end - 1].lstrip().startswith("#"):
        end -= 1
    left = rows[:end] if any(not row.strip() for row in rows[:end]) or end == 0 else rows[: len(rows) - 1]
    while left and not left[-1].strip():
        left.pop()
    return "".join(f"{row}\n" for row in left)


def _revise(item: Block, content: Content, seen: set[tuple[str, str]]) -> bool:
    """Brings one block up to date. False: the block goes."""
    import tomlkit

    keys = item.keys
    document = tomlkit.parse(item.body)
    place: Any = document
    for key in keys:
        place = place[key]
    if keys == ("events",):  # an array: this block holds one event
        event = place[0]
        name = str(event["name"])
        wanted = content.whole.get(("events", name))
        if wanted is None:
            return False
        seen.add(("events", name))
        changed = _update(event, wanted, content.needed.get(("events", name), {}))
    elif not keys:
        changed = _update_head(place, content, seen)
    elif keys == ("horizon",):
        seen.add(("horizon", ""))
        changed = _update(place, content.whole_horizon, content.horizon)
    else:
        entry = _entry(keys)
        if entry is not None and len(keys) > len(_spelled(entry, keys)):
            raise Uneditable("a table inside an entry, under a header of its own")
        if entry is not None:
            if _goes(entry, place, content):
                return False
            seen.add(entry)
            changed = _update(place, content.whole[entry], content.needed.get(entry, {}))
        else:
            changed, left = _update_group(place, keys, content, seen)
            if changed and not left:
                return False
    if changed:
        item.body = document.as_string()
    return True


def _entry(keys: tuple[str, ...]) -> tuple[str, str] | None:
    """("levers", "payment", "redirects", ...) -> ("levers", "payment.redirects"); None for a header that groups entries."""
    section, rest = keys[0], keys[1:]
    if section in _SINGLE:
        return section, ""
    if not rest:
        return None
    if section == "goals" or "." in rest[0]:
        return section, rest[0]
    return (section, f"{rest[0]}.{rest[1]}") if len(rest) > 1 else None


def _spelled(entry: tuple[str, str], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The header of the entry, in the spelling that `keys` uses."""
    if not entry[1]:
        return keys[:1]
    return keys[:2] if keys[1] == entry[1] else keys[:3]


def _update_head(place: Any, content: Content, seen: set[tuple[str, str]]) -> bool:
    """Top-level keys; sections that are written inline or dotted here are groups like any other."""
    whole = {key: content.head[key] for key in _HEAD if key in content.head}
    texts = {key: place[key] for key in list(place) if key in _HEAD}
    changed = _update(place, whole, whole, among=texts)
    for key in [key for key in place if key not in _HEAD]:
        if key == "events":
            raise Uneditable("events on one row")
        if key == "horizon":
            seen.add(("horizon", ""))
            changed |= _update(place[key], content.whole_horizon, content.horizon)
            continue
        if key in _SINGLE:
            if (key, "") not in content.whole:
                del place[key]
                changed = True
                continue
            seen.add((key, ""))
            changed |= _update(place[key], content.whole[key, ""], content.needed.get((key, ""), {}))
            continue
        touched, left = _update_group(place[key], (key,), content, seen)
        changed |= touched
        if touched and not left:
            del place[key]
    return changed


def _update_group(place: Any, keys: tuple[str, ...], content: Content, seen: set[tuple[str, str]]) -> tuple[bool, bool]:
    """A table that holds entries: (did it change, does it still hold something)."""
    changed = False
    for key in list(place):
        path = (*keys, key)
        entry = _entry(path)
        if entry is None:
            touched, left = _update_group(place[key], path, content, seen)
            changed |= touched
            if touched and not left:
                del place[key]
        elif _goes(entry, place[key], content):
            del place[key]
            changed = True
        else:
            seen.add(entry)
            changed |= _update(place[key], content.whole[entry], content.needed.get(entry, {}))
    return changed, len(place) > 0


def _goes(entry: tuple[str, str], place: Any, content: Content) -> bool:
    """Has the scenario no use for this entry? One that restates the baseline stays as it was written, but is not made so."""
    if entry not in content.whole:
        return True
    whole = content.whole[entry]
    return entry in content.idle and entry not in content.needed and not all(_equal(_plain(place[key]), whole.get(key)) for key in place)


def _update(place: Any, whole: Fields, needed: Fields, *, among: Mapping[str, Any] | None = None) -> bool:
    """Brings the keys of one table to `whole`; adds only what `needed` names. An equal value keeps its spelling."""
    import tomlkit

    changed = False
    for key in list(place if among is None else among):
        if key not in whole:
            del place[key]
            changed = True
        elif not _equal(_plain(place[key]), whole[key]):
            place[key] = _item(whole[key])
            changed = True
    for key, value in needed.items():
        if key not in place:
            if isinstance(place, tomlkit.items.InlineTable):
                place.append(key, _item(value))
            else:
                place.add(key, _item(value))
            changed = True
    return changed


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_equal(*pair) for pair in zip(a, b, strict=True))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _item(value: Any) -> Any:
    """A new value as tomlkit writes it; numbers in our spelling."""
    import tomlkit

    from sim.scenario.writing import toml_text, toml_value

    if isinstance(value, str):
        return tomlkit.value(toml_text(value))
    return value if isinstance(value, date) else tomlkit.value(toml_value(value))


def _add_missing(blocks: list[Block], content: Content, seen: set[tuple[str, str]]) -> None:
    """New entries, each under its own header, after the last block of their section or where the section would stand."""
    from sim.scenario.writing import block, toml_value

    if content.horizon and ("horizon", "") not in seen:
        rows = "".join(f"{key} = {toml_value(value)}\n" for key, value in content.horizon.items())
        _insert(blocks, Block(lead="\n", body=f"[horizon]\n{rows}", keys=("horizon",)))
    for (section, name), fields in content.needed.items():
        if (section, name) not in seen:
            _insert(blocks, Block(lead="\n", body=block(section, name, fields), keys=(section, name)))


def _insert(blocks: list[Block], new: Block) -> None:
    rank = _ORDER.index(new.section)
    at = max((index for index, item in enumerate(blocks) if item.section == new.section), default=-1)
    if at < 0:
        at = max(index for index, item in enumerate(blocks) if _ORDER.index(item.section) <= rank)
    blocks.insert(at + 1, new)
    following = blocks[at + 2] if at + 2 < len(blocks) else None
    if following is not None and not following.lead.startswith("\n"):
        following.lead = f"\n{following.lead}"

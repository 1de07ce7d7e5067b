"""Unsaved work on disk: what a session has changed, written as it is changed, so that a refresh or a killed server loses nothing.

One small file per session in the scenario folder's .unsaved; it goes when the work is saved or given up.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.scenario import LeverCost, LeverSetting, scenario_folder
from sim.scenario.placing import replacing

FOLDER = ".unsaved"
SCHEMA = 1
LARGEST = 4_000_000  # bytes; a scenario's text is at most a quarter of it, twice that with every letter escaped
TOKEN = re.compile(r"[A-Za-z0-9_-]{8,40}")
Edits = Mapping[str, LeverSetting]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is unsaved: the levers set in the open file and in those opened before; `text` is the open file as it was read.

    `filed`: is it a file of the folder, or one that was uploaded or made by the app? `user`: who works, "" where nobody knows.
    """

    token: str
    user: str
    name: str
    text: str | None
    filed: bool
    edits: Edits
    drafts: Mapping[str, Edits] = field(default_factory=dict)
    saved_at: str = ""

    @property
    def empty(self) -> bool:
        """Is nothing unsaved? What stands in no file is, even where no lever was moved."""
        return not self.edits and not any(self.drafts.values()) and self.filed


def new_token() -> str:
    return secrets.token_urlsafe(9)


def home() -> Path:
    return scenario_folder() / FOLDER


def write(work: Work) -> bool:
    """Put the work on disk, or take its file away where nothing is unsaved; says whether that could be done."""
    try:
        path = home() / f"{work.token}.json"
        if work.empty:
            path.unlink(missing_ok=True)
            return True
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(_plain(work), ensure_ascii=False, indent=1)
        with replacing(path) as stream:
            stream.write(text.encode("utf-8"))
    except (OSError, UserError):
        return False
    return True


def drop(token: str) -> None:
    """Forget a session's work."""
    if TOKEN.fullmatch(token):
        with contextlib.suppress(OSError, UserError):
            (home() / f"{token}.json").unlink(missing_ok=True)


def read(token: str) -> Work | None:
    """A session's work; None where there is none, or none that can be read (it then stays on disk as it is)."""
    if not TOKEN.fullmatch(token):
        return None
    try:
        path = home() / f"{token}.json"
        if path.stat().st_size > LARGEST:
            return None
        return _work(token, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UserError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def tokens() -> list[str]:
    """The sessions that left work behind, the newest first."""
    try:
        found = [entry for entry in os.scandir(home()) if entry.name.endswith(".json")]
        found.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        return [token for entry in found if TOKEN.fullmatch(token := entry.name.removesuffix(".json"))]
    except (OSError, UserError):
        return []


def _plain(work: Work) -> dict[str, Any]:
    return {
        "schema": SCHEMA, "saved_at": f"{datetime.now():%Y-%m-%d %H:%M}", "user": work.user, "name": work.name, "filed": work.filed,
        "text": work.text, "edits": _plain_edits(work.edits),
        "drafts": {name: _plain_edits(edits) for name, edits in work.drafts.items() if edits},
    }


def _plain_edits(edits: Edits) -> dict[str, Any]:
    def told(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    return {name: {key: told(value) for key, value in asdict(setting).items()} for name, setting in edits.items()}


def _work(token: str, said: Mapping[str, Any]) -> Work:
    if said["schema"] != SCHEMA or not all(isinstance(said[key], str) for key in ("user", "name", "saved_at")):
        raise ValueError("not a journal of this program")
    if not (said["text"] is None or isinstance(said["text"], str)):
        raise ValueError("a file's text is text")
    return Work(
        token=token, user=said["user"], name=said["name"], text=said["text"], filed=bool(said["filed"]), saved_at=said["saved_at"],
        edits=_edits(said["edits"]), drafts={str(name): _edits(edits) for name, edits in said["drafts"].items()},
    )


def _edits(said: Mapping[str, Any]) -> dict[str, LeverSetting]:
    return {str(name): _setting(dict(fields)) for name, fields in said.items()}


def _setting(fields: dict[str, Any]) -> LeverSetting:
    for key in ("start", "until"):
        fields[key] = date.fromisoformat(fields[key]) if fields.get(key) else None
    cost = fields.get("cost")
    setting = LeverSetting(**(fields | {"cost": None if cost is None else LeverCost(**cost)}))
    numbers = (setting.amount, setting.ramp_days, setting.coverage)
    if setting.form not in ("to", "add", "scale") or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("not a lever's setting")
    return setting


# Who is the author: asked once, and remembered for those whom the app can tell apart.

AUTHORS = "authors.json"


def author_of(user: str) -> str:
    found = _authors().get(user, "") if user else ""
    return found if isinstance(found, str) else ""


def remember_author(user: str, author: str) -> None:
    if not user or author_of(user) == author:
        return
    try:
        home().mkdir(exist_ok=True)
        with replacing(home() / AUTHORS) as stream:
            stream.write(json.dumps(_authors() | {user: author}, ensure_ascii=False, indent=1).encode("utf-8"))
    except (OSError, UserError):
        pass  # a folder that cannot be written: it will be asked again


def _authors() -> dict[str, Any]:
    try:
        found = json.loads((home() / AUTHORS).read_text(encoding="utf-8"))
    except (OSError, UserError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

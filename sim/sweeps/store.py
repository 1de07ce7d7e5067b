"""The folder of a sweep: chunks under the names of their content, each whole or not there, each with its own checksum.

Every file is written beside its place, flushed to disk and put there in one step. So a crash, a full disk or a second process in
the same folder leaves whole files, and whoever comes later sees which chunks are there.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sim.errors import INVALID, UNREADABLE, UserError
from sim.model.world import Array
from sim.scenario import placing
from sim.sweeps.manifest import MANIFEST, Sweep, manifest_read, manifest_text

MARK = b"whatif chunk 1 "
ABANDONED_S = 3600.0  # an unfinished file that nobody has touched for so long belongs to a process that is gone


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Results of some points. `summary` [point, figure, mean|p10|p50|p90]; `per_draw` [point, figure, draw] or None."""

    summary: Array
    digests: tuple[str, ...]
    per_draw: Array | None


def packed(summary: Array, digests: Sequence[str], per_draw: Array | None) -> bytes:
    """A chunk's content: the same figures give the same bytes."""
    stream = io.BytesIO()
    for array in (summary, np.array(digests, dtype="S64"), *(() if per_draw is None else (per_draw,))):
        np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def unpacked(content: bytes, *, per_draw: bool) -> Chunk:
    stream = io.BytesIO(content)
    summary, digests = (np.load(stream, allow_pickle=False) for _ in range(2))
    rest = np.load(stream, allow_pickle=False) if per_draw else None
    return Chunk(summary=summary, digests=tuple(digest.decode("ascii") for digest in digests), per_draw=rest)


@dataclass(frozen=True, kw_only=True)
class Store:
    """The folder of one sweep."""

    folder: Path

    @classmethod
    def named(cls, folder: str | Path, *, what: str = "folder (--out)") -> Store:
        """The store in a folder that somebody named. An empty name, of a variable that is not set perhaps, is not the current folder."""
        if not str(folder).strip():
            raise UserError(f"the name of the {what} is empty; give one such as out/seats, or . for the current folder.")
        return cls(folder=Path(folder))

    def chunk_path(self, name: str) -> Path:
        return self.folder / "chunks" / f"{name}.chunk"

    def content(self, name: str) -> bytes | None:
        """A chunk's content; None where it is missing, cut short or changed."""
        try:
            data = self.chunk_path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"{self.chunk_path(name)} cannot be read: {error.strerror or error}.", exit_code=UNREADABLE) from None
        head, _, content = data.partition(b"\n")
        return content if head == MARK + _sum(name, content) else None

    def put(self, name: str, content: bytes) -> None:
        with self.replacing(self.chunk_path(name)) as stream:
            stream.write(MARK + _sum(name, content) + b"\n")
            stream.write(content)

    def write_text(self, name: str, text: str) -> None:
        with self.replacing(self.folder / name) as stream:
            stream.write(text.encode("utf-8"))

    @contextmanager
    def replacing(self, path: Path) -> Iterator[BinaryIO]:
        """A stream whose bytes are at `path` all at once when the block ends well, and never if it does not."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with placing.replacing(path, folder=self.folder) as stream:
                yield stream
        except OSError as error:
            raise UserError(f"{path} could not be written: {error.strerror or error}.", exit_code=UNREADABLE) from None

    def manifest(self) -> tuple[Sweep, dict] | None:
        """What the folder's manifest says; None where there is none."""
        path = self.folder / MANIFEST
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}.", exit_code=UNREADABLE) from None
        sweep, data = manifest_read(text, str(path))
        return sweep, dict(data)

    def claim(self, sweep: Sweep) -> dict:
        """Take the folder for this sweep: a new or empty one, or one that holds it already. Gives what its manifest says, if any."""
        folder = self.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            others = [path for path in folder.iterdir() if not path.name.startswith(".")]
        except (OSError, ValueError) as error:
            reason = "it is a file" if folder.is_file() else getattr(error, "strerror", None) or str(error)
            raise UserError(f"{folder} cannot hold a sweep: {reason}.", exit_code=UNREADABLE) from None
        found = self.manifest()
        if found is None:
            if others and not self._holds_some_of(sweep):  # a lost manifest is made again: chunks say by their names whose they are
                says = f"{folder} is not empty and holds no sweep ({MANIFEST} is missing); give a new or an empty folder."
                raise UserError(says, exit_code=INVALID)
            return {}
        if differs := found[0].difference(sweep):
            raise UserError(f"{folder} holds another sweep: {differs}; give another folder, or remove that one.", exit_code=INVALID)
        self._tidy()
        return found[1]

    def _holds_some_of(self, sweep: Sweep) -> bool:
        return any(self.content(sweep.chunk_name(chunk)) is not None for chunk in range(sweep.chunks))

    def _tidy(self) -> None:
        """Removes what killed processes left half-written; a file still growing belongs to a live one."""
        for path in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()


class Log:
    """The folder's manifest: written before the first chunk, so that the folder is known for what it is, and with timings after."""

    def __init__(self, store: Store, sweep: Sweep, *, base: Any, shard: str | None = None, **run: int | str) -> None:
        before = store.claim(sweep).get("runs", [])
        self.store, self.sweep, self.base, self.shard = store, sweep, base, shard
        self.began = time.monotonic()
        self.run: dict[str, Any] = {"started": datetime.now(UTC).isoformat(timespec="seconds"), **run}
        self.runs = [*(before if isinstance(before, list) else []), self.run]
        self._write()

    def closed(self, *, made: int, found: int) -> None:
        self.run |= {"seconds": round(time.monotonic() - self.began, 3), "chunks_made": made, "chunks_found": found}
        self._write()

    def _write(self) -> None:
        self.store.write_text(MANIFEST, manifest_text(self.sweep, base=self.base, shard=self.shard, runs=self.runs))


def _sum(name: str, content: bytes) -> bytes:
    """Over the name too: a sound chunk under another's name is none."""
    return hashlib.sha256(name.encode("ascii") + content).hexdigest().encode("ascii")

"""Puts a file in its place in one step: whoever reads it finds the old bytes or the new ones, never a part."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, folder: Path | None = None, finished: Callable[[Path], None] | None = None) -> Iterator[BinaryIO]:
    """A stream whose bytes are at `path` all at once when the block ends well, and never if it does not.

    They are written to a file in `folder` (on the same disk; without it, beside the target), flushed to disk, shown to `finished`,
    which may object, and put in place.
    """
    temporary = (folder or path.parent) / f".{path.name[:40]}.{secrets.token_hex(6)}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if finished is not None:
            finished(temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with suppress(OSError, AttributeError):  # the folder's own entry, where the system can flush it
        entry = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)

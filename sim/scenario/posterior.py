"""The joint draws that a calibrated shop carries: a Parquet beside its scenario file, one row a draw, known by its content.

Columns are full names of the registry (an entry of a list by category is spelled traffic.affinity_search.beauty) and what is
uncertain of the [profile]. All that is known of a shop together stands in one row, and a draw takes one row.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import INVALID, UNREADABLE, UserError
from sim.parameters import CATEGORIES, Registry, registry
from sim.scenario import checks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.scenario.values import Profile

NAME = "posterior"  # of all columns together, where analyses ask for factors by name
FEWEST_ROWS, MOST_ROWS = 256, 100_000
LARGEST_FILE = 100_000_000  # bytes
SUFFIX = ".parquet"
WEEKDAYS = tuple(f"profile.weekday.{day}" for day in range(7))  # Monday first
MONTHS = tuple(f"profile.season.{month}" for month in range(1, 13))
LEVEL, TREND = "profile.level", "profile.trend"
_SPANS = {
    LEVEL: (-checks.MOST_LOG, checks.MOST_LOG), TREND: (-checks.STEEPEST, checks.STEEPEST),
    **dict.fromkeys(WEEKDAYS, (checks.LEAST_FACTOR, 7.0)), **dict.fromkeys(MONTHS, (checks.LEAST_FACTOR, 12.0)),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Joint draws, as the bytes of their Parquet file: they travel with the scenario, to worker processes too.

    Two are equal where their bytes are; `file`, the plain name beside the scenario file, is only where they were found.
    """

    file: str
    sha256: str
    data: bytes = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Posterior) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @classmethod
    def of(cls, columns: Mapping[str, Any], *, file: str) -> Posterior:
        """Draws from columns of equal length {name: [row]}, checked as those of a file are. `file`: what it is to be called."""
        import pyarrow as pa
        from pyarrow import parquet

        def fault(_: str, says: str) -> UserError:
            return UserError(says)

        table = pa.table({name: pa.array(columns[name], type=pa.float64()) for name in columns})
        out = pa.BufferOutputStream()
        parquet.write_table(table, out, compression="zstd", use_dictionary=False)
        data = out.getvalue().to_pybytes()
        return checked(cls(file=file, sha256=hashlib.sha256(data).hexdigest(), data=data), fault)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the file."""
        return tuple(_table(self))

    @property
    def rows(self) -> int:
        return next(iter(_table(self).values())).size

    def __contains__(self, name: str) -> bool:
        return name in _table(self)

    def column(self, name: str) -> NDArray:
        """A column's values, read-only. [row]"""
        return _table(self)[name]

    def gives(self, name: str) -> bool:
        """Does it hold this parameter, or entries of this list?"""
        return name in _table(self) or any(f"{name}.{category}" in _table(self) for category in CATEGORIES)

    @property
    def profiled(self) -> bool:
        """Is anything of the [profile] uncertain?"""
        return any(name in _table(self) for name in _SPANS)

    def central(self, name: str) -> float:
        """The value of the central world: the middle of a column; of a chance the likelier outcome; factors keep their mean of 1."""
        return _central(self)[name]


@lru_cache(maxsize=4)
def _table(posterior: Posterior) -> dict[str, NDArray]:
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(pa.BufferReader(posterior.data), memory_map=False)
    found = {}
    for name in table.column_names:
        values = np.array(table.column(name).to_numpy(), dtype=float)
        values.flags.writeable = False
        found[name] = values
    return found


@lru_cache(maxsize=8)
def _central(posterior: Posterior) -> dict[str, float]:
    import numpy as np

    book = registry()
    middle = {name: float(np.median(values)) for name, values in _table(posterior).items()}
    for name in middle:
        if name in book and book[name].distribution == "chance":
            middle[name] = float(np.mean(posterior.column(name)) >= 0.5)
    for names in (WEEKDAYS, MONTHS):
        if names[0] in middle:
            mean = sum(middle[name] for name in names) / len(names)
            middle |= {name: middle[name] / mean for name in names}
    return middle


def spans(book: Registry) -> dict[str, tuple[float, float]]:
    """Every column that there can be, and between which values it lies."""
    found = {}
    for name, parameter in book.items():
        if checks.may_draw(parameter):
            listed = isinstance(parameter.value, tuple)
            found |= dict.fromkeys([f"{name}.{category}" for category in CATEGORIES] if listed else [name], parameter.bounds)
    return found | _SPANS


def checked(posterior: Posterior, fault: checks.Fault) -> Posterior:
    """The same posterior, if its table is one. `fault`: of the key `file`."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(posterior.data))
        rows, types = file.metadata.num_rows, file.schema_arrow
        names = list(types.names)
    except Exception:  # whatever other bytes make of the reader
        raise fault("file", f"{posterior.file} is not a Parquet file that can be read.") from None
    if not FEWEST_ROWS <= rows <= MOST_ROWS:
        many = "too few" if rows < FEWEST_ROWS else "too many"
        raise fault("file", f"{posterior.file} has {rows:,} rows, {many}; {FEWEST_ROWS} to {MOST_ROWS:,} joint draws are allowed.")
    known = spans(registry())
    for place, name in enumerate(names):
        if name not in known:
            raise fault("file", f"{posterior.file}, column {_shown(name)}: {_unknown(name, known)}")
        if name in names[:place]:
            raise fault("file", f"{posterior.file}, column {name}: is there twice; keep one of them.")
        kind = types.field(place).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise fault("file", f"{posterior.file}, column {name}: numbers are expected, not {kind}.")
    if not names:
        raise fault("file", f"{posterior.file} has no columns; a posterior gives at least one.")
    try:
        table = _table(posterior)
    except Exception:
        raise fault("file", f"{posterior.file} is not a Parquet file that can be read.") from None
    for name, values in table.items():
        _check_column(name, values, known[name], posterior.file, fault)
    for group, what in ((WEEKDAYS, "seven weekdays"), (MONTHS, "twelve months")):
        there = [name for name in group if name in table]
        if there and len(there) < len(group):
            missing = next(name for name in group if name not in table)
            raise fault("file", f"{posterior.file}: {missing} is missing; a profile has all {what} or none.")
        if there:
            means = np.mean([table[name] for name in group], axis=0)
            off = np.flatnonzero(np.abs(means - 1.0) > checks.OFF_ONE)
            if off.size:
                says = f"the factors of the {what} have the mean {means[off[0]]:.4g}; it must be 1."
                raise fault("file", f"{posterior.file}, row {off[0] + 1}: {says}")
    return posterior


def _check_column(name: str, values: NDArray, span: tuple[float, float], file: str, fault: checks.Fault) -> None:
    import numpy as np

    where = f"{file}, column {name}"
    holes = np.flatnonzero(~np.isfinite(values))
    if holes.size:
        raise fault("file", f"{where}: row {holes[0] + 1} is not a finite number.")
    low, high = span
    slack = checks.SLACK * np.maximum(1.0, np.abs(span))
    outside = np.flatnonzero((values < low - slack[0]) | (values > high + slack[1]))
    if outside.size:
        first = int(outside[0])
        value = checks.shown(float(values[first]))
        raise fault("file", f"{where}: {value} in row {first + 1} is out of bounds; {checks.span(low, high)} is allowed.")
    book = registry()
    if name in book and book[name].distribution == "chance" and not np.all((values == 0.0) | (values == 1.0)):
        raise fault("file", f"{where}: this happens in a draw or does not; 1 and 0 are allowed.")


def _shown(name: str) -> str:
    printable = name if name.isprintable() else ascii(name)[1:-1]
    return printable if len(printable) <= 60 else printable[:57] + "..."


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    book = registry()
    if name in book and book[name].role == "lever":
        return "a lever's value today is one number; state it under [baseline]."
    if name in book and isinstance(book[name].value, tuple) and checks.may_draw(book[name]):
        return f"is a list by category: one column for each, such as {name}.{CATEGORIES[0]}."
    if name in book:
        return "is the same in every draw here; state it under [baseline]."
    return f"no such name.{checks.suggestion(name, tuple(known))}"


def check_beside(posterior: Posterior, profile: Profile | None, fault: checks.Fault) -> None:
    """What the draws need of the [profile]: an uncertain trend has its origin and half-life there."""
    if TREND not in posterior:
        return
    if profile is None or profile.trend_half_life_days is None:
        raise fault("file", f"{posterior.file}, column {TREND}: needs trend, trend_half_life_days and origin under [profile].")
    trends = posterior.column(TREND)
    for steepest in (float(trends.min()), float(trends.max())):
        checks.check_growth(steepest, profile.trend_half_life_days, "file", fault)


# ------------------------------------------------------------------------------------------------------------ files


def found(file: str, sha256: str, folders: list[Path], fault: checks.Fault, *, known: Posterior | None = None) -> Posterior:
    """The posterior of that content, from the first folder that has a file of this name; `known` is one at hand, which may be it.

    `fault` makes errors of the table [posterior]. Its content is checked once for as long as it is kept in memory.
    """
    path = next((folder / file for folder in folders if _is_there(folder / file)), None)
    if path is None:
        if known is not None and known.sha256 == sha256:
            return known
        where = " or ".join(str(folder) for folder in folders) or "no folder"
        raise fault("file", f"there is no {file} in {where}; it travels with the scenario file.")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise fault("file", f"{file} is not an ordinary file.")
        if status.st_size > LARGEST_FILE:
            raise fault("file", f"{file} is too large: {status.st_size:,} bytes; {LARGEST_FILE:,} (100 MB) are allowed.")
        return _read(str(path), status.st_mtime_ns, status.st_size, status.st_ino, file, sha256, _Hashless(fault))
    except OSError as error:
        says = f"{path} cannot be read: {error.strerror or error}."
        raise UserError(says, exit_code=UNREADABLE) from None


class _Hashless:
    """Carries a function past the keys of a cache."""

    def __init__(self, fault: checks.Fault) -> None:
        self.fault = fault

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashless)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _read(path: str, changed: int, size: int, node: int, file: str, sha256: str, carried: _Hashless) -> Posterior:
    """Read, compared and checked; again only when the file has changed."""
    with open(path, "rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise carried.fault(
            "sha256", f"{file} is another file than the one that was fitted: its SHA-256 is {digest[:12]}..., not {sha256[:12]}...; "
            "put the right file there, or calibrate again."
        )
    return checked(Posterior(file=file, sha256=sha256, data=data), carried.fault)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def placed(posterior: Posterior, folder: Path) -> tuple[str, bool]:
    """Makes sure that the folder holds the posterior's file; its name there, and whether it was written just now.

    A file of the same name with another content stays: the copy is then called by its content too. Raises OSError.
    """
    from sim.scenario.placing import replacing

    stem = posterior.file.removesuffix(SUFFIX)
    for name in (posterior.file, f"{stem[:150]}-{posterior.sha256[:12]}{SUFFIX}"):
        path = folder / name
        if _holds(path, posterior):
            return name, False
        if not os.path.lexists(path):
            with replacing(path) as stream:
                stream.write(posterior.data)
            return name, True
    raise UserError(f"{path} was not saved: another file has this name.", exit_code=INVALID)


def _holds(path: Path, posterior: Posterior) -> bool:
    try:
        return path.is_file() and path.stat().st_size == len(posterior.data) and path.read_bytes() == posterior.data
    except OSError:
        return False

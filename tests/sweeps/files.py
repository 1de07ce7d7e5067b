"""What the tests of sweeps share: the text of a small sweep, and the bytes that must be the same in every run."""

from __future__ import annotations

from pathlib import Path

HEAD = 'schema = 1\ntitle = "Small"\nbase = "baseline"\ndraws = {draws}\nseed = {seed}\ndays = 2\n'
GRID = (
    '[design]\nkind = "grid"\n[levers.payment.redirects]\nvalues = [1, 2, 3, 4, 5, 6]\n[levers."service.seats"]\nvalues = [18, 20]\n'
    '[outputs]\nkpis = ["gmv", "net_gmv", "return_rate"]\n'
)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All results; not the manifest (timings) and the chunks (they carry the same figures)."""
    found = [*folder.glob("summary.*"), *folder.glob("draws/*"), folder / "README.txt"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

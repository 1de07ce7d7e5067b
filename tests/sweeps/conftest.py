"""Small sweeps: two days, a few draws, so that many of them run in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps.files import GRID, HEAD

TOP = Path(__file__).parent.parent.parent

@pytest.fixture(autouse=True)
def shipped_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(TOP / "scenarios"))
    monkeypatch.delenv("WHATIF_LANG", raising=False)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sweep file: small("rest of the text", draws=…, seed=…, name=…)."""

    def written(rest: str = GRID, *, draws: int = 4, seed: int = 1, name: str = "small") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(HEAD.format(draws=draws, seed=seed) + rest, encoding="utf-8")
        return path

    return written


@pytest.fixture
def many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two points of four draws: a small sweep has many of them (in this process only)."""
    monkeypatch.setattr("sim.sweeps.manifest.LANES", 8)

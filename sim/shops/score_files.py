"""A shop's score kept beside its draws, so that every projection of it can show how good such projections would have been.

my_shop.parquet is scored in my_shop.score.json, which names the draws by their SHA-256: other draws of the same name have no score.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UNREADABLE, UserError
from sim.scenario import Posterior, Scenario, scenario_folder
from sim.scenario.placing import replacing

if TYPE_CHECKING:
    from sim.shops.backtesting import Backtest

SCHEMA, ENDING, LARGEST = 1, ".score.json", 1_000_000
_FIGURES = ("wape", "bias", "wis", "coverage80", "coverage95")


@dataclass(frozen=True, kw_only=True)
class KeptScore:
    """What a backtest said. rows: as `Backtest.rows`; horizon: in steps; origins: from how many points in the past."""

    rows: tuple[Mapping[str, Any], ...]
    horizon: int
    origins: int
    step_days: int
    smoothing: bool

    @classmethod
    def of(cls, found: Backtest) -> KeptScore:
        return cls(
            rows=found.rows, horizon=found.horizon, origins=len(found.origins), step_days=found.step_days, smoothing=found.smoothing
        )


def keep_score(score: KeptScore, posterior: Posterior, folder: str | Path) -> Path:
    """Write the score beside the draws that it is of, in one step. A score of other draws under the name stays.

    Raises UserError (exit code 5) where it cannot be written.
    """
    path = next(path for path in _places(posterior, Path(folder)) if not path.exists() or _read(path, posterior) is not None)
    said = {
        "schema": SCHEMA, "posterior_sha256": posterior.sha256, "horizon": score.horizon, "origins": score.origins,
        "step_days": score.step_days, "smoothing": score.smoothing, "rows": [_plain(row) for row in score.rows],
    }
    try:
        with replacing(path) as stream:
            stream.write((json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8"))
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror or error}.", exit_code=UNREADABLE) from None
    return path


def score_of(scenario: Scenario) -> KeptScore | None:
    """The score of the draws that a scenario runs on; None where there are none, or they were never scored."""
    posterior = scenario.posterior
    if posterior is None:
        return None
    folders = [scenario.path.parent] if scenario.path is not None else []
    with suppress(UserError):
        folders.append(scenario_folder())
    for folder in dict.fromkeys(folders):
        for path in _places(posterior, folder):
            if (found := _read(path, posterior)) is not None:
                return found
    return None


def _places(posterior: Posterior, folder: Path) -> list[Path]:
    stem = posterior.file.removesuffix(".parquet")
    named = [f"{stem}{ENDING}", f"{stem[:150]}-{posterior.sha256[:12]}{ENDING}", f"{posterior.sha256}{ENDING}"]
    return [folder / name for name in named]


def _read(path: Path, posterior: Posterior) -> KeptScore | None:
    """The score in a file, if it is one of these draws."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA or said["posterior_sha256"] != posterior.sha256:
            return None
        horizon, origins, step_days = (int(said[key]) for key in ("horizon", "origins", "step_days"))
        rows = tuple(_row(row) for row in said["rows"])
        if min(horizon, origins) < 1 or step_days not in (1, 7):
            return None
        return KeptScore(rows=rows, horizon=horizon, origins=origins, step_days=step_days, smoothing=bool(said["smoothing"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _row(said: Mapping[str, Any]) -> dict[str, Any]:
    from sim.shops.columns import COLUMNS

    series, given = said["series"], said["given"]
    if series not in COLUMNS or not (given is None or given in COLUMNS):
        raise ValueError
    rivals = {str(name): {key: _number(value) for key, value in score.items()} for name, score in said["rivals"].items()}
    better = [name for name in said["better"] if name in rivals]
    return {"series": series, "given": given, **{key: _number(said[key]) for key in _FIGURES}, "rivals": rivals, "better": better}


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same row, what is undefined as null."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            found[key] = _plain(value)
        else:
            found[key] = None if isinstance(value, float) and not math.isfinite(value) else value
    return found

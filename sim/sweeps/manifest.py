"""What a sweep is: all that decides its bytes, the names of its chunks, and the manifest that a folder keeps of both."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.errors import INVALID, UNREADABLE, UserError
from sim.outcome import KPIS, model_version
from sim.sweeps.design import Design
from sim.sweeps.spec import MOST_POINTS, Spec

MANIFEST = "manifest.json"
SCHEMA = 1
LANES = 8192  # points x draws of a chunk at most: a second of work, and small enough to lose
CHUNKS = 1  # the format of a chunk


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Everything that decides the results. Two folders with the same Sweep hold the same bytes, or parts of them.

    `base` is the digest of the base scenario on the sweep's horizon; `name`, `title` and `question` are only for people.
    """

    name: str = ""
    title: str = ""
    question: str = ""
    version: str
    base: str
    base_name: str = ""
    days: int = 0
    design: Design
    draws: int
    seed: int
    noise: bool
    kpis: tuple[str, ...]
    per_draw: bool

    @classmethod
    def of(cls, spec: Spec) -> Sweep:
        return cls(
            name=spec.name, title=spec.title, question=spec.question, version=model_version(), base=spec.base.digest,
            base_name=spec.base.name, days=spec.base.days, design=spec.design, draws=spec.draws, seed=spec.seed, noise=spec.noise,
            kpis=spec.kpis, per_draw=spec.per_draw,
        )

    @property
    def points(self) -> int:
        return self.design.count

    @property
    def points_each(self) -> int:
        """Points of a chunk: it depends on the sweep alone, so that every run cuts it in the same places."""
        return max(1, LANES // self.draws)

    @property
    def chunks(self) -> int:
        return -(-self.points // self.points_each)

    def span(self, chunk: int) -> tuple[int, int]:
        """First point of a chunk, from 0, and how many it has."""
        first = chunk * self.points_each
        return first, min(self.points_each, self.points - first)

    def chunk_name(self, chunk: int) -> str:
        """SHA-256 of all that decides the chunk's content: the same work has the same name in every folder."""
        digest = self._head.copy()
        digest.update(self.design.values(*self.span(chunk)).astype("<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def _head(self) -> Any:
        """What the chunks have in common; the horizon is inside the base's digest."""
        axes = [[axis.section, axis.name] for axis in self.design.axes]
        common = [CHUNKS, self.version, self.base, axes, self.draws, self.seed, self.noise, list(self.kpis), self.per_draw]
        return hashlib.sha256(json.dumps(common).encode("ascii") + b"\n")

    def difference(self, other: Sweep) -> str:
        """In what another sweep is another one ("seed 1, not 2"), or ''."""
        for what, mine, theirs in (
            ("model version", self.version, other.version), ("seed", self.seed, other.seed), ("draws", self.draws, other.draws),
            ("noise", _on(self.noise), _on(other.noise)), ("days", self.days, other.days),
            ("base scenario", f"{self.base_name} ({self.base[:8]})", f"{other.base_name} ({other.base[:8]})"),
        ):
            if mine != theirs and (what != "base scenario" or self.base != other.base):
                return f"{what} {mine}, not {theirs}"
        if self.design.to_json() != other.design.to_json():
            return "other points"
        if self.kpis != other.kpis:
            return "other figures under [outputs]"
        return f"per_draw {_on(self.per_draw)}, not {_on(other.per_draw)}" if self.per_draw != other.per_draw else ""

    def to_json(self) -> dict[str, Any]:
        plain = ("name", "title", "question", "version", "base", "base_name", "days", "draws", "seed", "noise", "per_draw")
        return {key: getattr(self, key) for key in plain} | {"kpis": list(self.kpis), "design": self.design.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sweep:
        return cls(**{**data, "kpis": tuple(data["kpis"]), "design": Design.from_json(data["design"])})


def manifest_text(sweep: Sweep, *, base: Mapping[str, Any] | None, shard: str | None, runs: list[Mapping[str, Any]]) -> str:
    """The manifest of a folder. `base` is the resolved base scenario; `runs` are the timings: the one thing that may differ."""
    rule = {
        "count": sweep.chunks, "points_each": sweep.points_each,
        "name": "SHA-256 of the version, the base's digest, the points' values, draws, seed, noise, figures and per_draw",
    }
    data = {
        "schema": SCHEMA, "sweep": sweep.to_json(), "base": base, "points": sweep.points, "chunks": rule, "shard": shard, "runs": runs,
    }
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def manifest_read(text: str, label: str) -> tuple[Sweep, Mapping[str, Any]]:
    """The sweep that a manifest tells of, and all that it says."""
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise UserError(f"{label} has schema {data['schema']}; this version reads schema {SCHEMA}.", exit_code=INVALID)
        sweep = Sweep.from_json(data["sweep"])
        _ensure_sound(sweep)
        rest = {"base": _writable(data.get("base"), dict), "runs": _writable(data.get("runs"), list)}
        return sweep, {**data, **rest, "shard": _shard(data.get("shard"))}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError):
        says = f"{label} cannot be read as the manifest of a sweep; remove it and run the sweep again: finished chunks are kept."
        raise UserError(says, exit_code=UNREADABLE) from None


def _ensure_sound(sweep: Sweep) -> None:
    """A ValueError or TypeError where a manifest of the right shape says what no sweep can be."""
    texts = sweep.name, sweep.title, sweep.question, sweep.version, sweep.base, sweep.base_name
    "".join([*texts, *(axis.name for axis in sweep.design.axes)]).encode("utf-8")  # a lone surrogate could not be written again
    numbers = sweep.days, sweep.draws, sweep.seed
    if not all(type(number) is int and number >= 0 for number in numbers) or {type(sweep.noise), type(sweep.per_draw)} != {bool}:
        raise ValueError
    if not 0 < len(set(sweep.kpis) & set(KPIS)) == len(sweep.kpis) or not 0 < sweep.points <= MOST_POINTS:
        raise ValueError
    for chunk in (0, sweep.chunks - 1):
        sweep.chunk_name(chunk)


def _writable(value: Any, kind: type) -> Any:
    """What a manifest says aside from the sweep, if it can be written down again; else None, as if it were not there."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def _shard(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,17}/[1-9][0-9]{0,17}", value) else None


def _on(switch: bool) -> str:
    return "on" if switch else "off"

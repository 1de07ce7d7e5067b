"""What came up in a shop's numbers: a finding names what, where and what the planner may do about it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.errors import UserError, nearest

MOST_ROWS = 1000  # named in JSON
CHOICES = ("keep", "drop_days", "drop_column", "drop")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is odd (named, handled as the planner says). What is impossible is a UserError and never gets here.

    kind: a key of [shops.found] in texts_shops.toml; rows: rows of the file, from 1; days: the days that "drop_days" drops, for
    `column` alone where one is named; data: what the sentence says; choices: what may be done, `default` what is done unasked.
    """

    kind: str
    severity: str
    column: str = ""
    rows: tuple[int, ...] = ()
    days: tuple[datetime.date, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ("keep", "drop_days", "drop_column")
    default: str = "keep"

    @property
    def key(self) -> str:
        """How the planner names it: its kind, and its column where it has one."""
        return f"{self.kind}:{self.column}" if self.column else self.kind

    def to_json(self, choice: str | None = None) -> dict[str, Any]:
        return {
            "kind": self.kind, "severity": self.severity, "column": self.column or None, "rows": list(self.rows[:MOST_ROWS]),
            "first": self.days[0] if self.days else None, "last": self.days[-1] if self.days else None, "days": len(self.days),
            "data": dict(self.data), "choices": list(self.choices), "default": self.default, "handled": choice or self.default,
        }


def choices_of(findings: Sequence[Finding], asked: Mapping[str, str]) -> list[str]:
    """What is done about each finding: asked by kind:column, or by kind, else its default."""
    found = []
    for finding in findings:
        choice = asked.get(finding.key, asked.get(finding.kind, finding.default))
        found.append(choice if choice in finding.choices else finding.default)
    return found


def ensure_choices(findings: Sequence[Finding], asked: Mapping[str, str]) -> None:
    """Raises UserError for a finding that is not there and for a choice that it does not have."""
    known = {finding.key for finding in findings} | {finding.kind for finding in findings}
    for key, choice in asked.items():
        if key not in known:
            there = ", ".join(sorted({finding.key for finding in findings})) or "none"
            raise UserError(f"there is no finding {key} in this file; there are: {there}.{nearest(key, known)}")
        options = {option for finding in findings if key in (finding.key, finding.kind) for option in finding.choices}
        if choice not in options:
            raise UserError(f"{key}={choice}: it may be {', '.join(option for option in CHOICES if option in options)}.")

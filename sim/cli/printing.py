"""Answers on stdout: strict JSON (no NaN, no infinity), CSV, or a table for people."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import click


def answer(format: str, *, data: Any, rows: Callable[[], Sequence[Mapping[str, Any]]], text: Callable[[], str]) -> None:
    """Print one answer in the format asked for; what is not asked for is not computed."""
    if format == "json":
        click.echo(as_json(data))
    elif format == "csv":
        click.echo(as_csv(rows()), nl=False)
    else:
        click.echo(text())


def as_json(data: Any) -> str:
    return json.dumps(plain(data), ensure_ascii=False, allow_nan=False, indent=2)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The columns of the first row, all digits kept; nothing and no number are empty cells."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def plain(value: Any) -> Any:
    """`value` in what JSON can say: a number that is none becomes null, a date its ISO form, NumPy's numbers Python's."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "tolist"):  # a NumPy number or array, without importing NumPy to ask
        return plain(value.tolist())
    return str(value)


def _cell(value: Any) -> Any:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value

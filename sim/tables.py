"""Tables in plain text that stay aligned when Chinese and Latin letters mix (a Chinese character is two columns wide)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Columns that a terminal gives to `text`."""
    columns = 0
    for letter in text:
        if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
            continue
        columns += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
    return columns


def pad(text: str, columns: int, *, right: bool = False) -> str:
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def shorten(text: str, columns: int) -> str:
    """`text` cut to `columns`, the cut shown by an ellipsis."""
    if width(text) <= columns:
        return text
    kept = ""
    for letter in text:
        if width(kept + letter) > columns - 1:
            break
        kept += letter
    return kept.rstrip() + "…"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), gap: str = "  ") -> str:
    """Lines of aligned columns under a ruled head; columns numbered in `right` are flush right. Line breaks in a cell become spaces."""
    cells = [[" ".join(str(cell).split()) for cell in row] for row in [head, *rows]]
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    lines = [gap.join(pad(cell, widths[i], right=i in right) for i, cell in enumerate(row)).rstrip() for row in cells]
    lines.insert(1, gap.join("-" * columns for columns in widths))
    return "\n".join(lines)

"""The words of the command line and of the pages, in English and Chinese (texts.toml, texts_*.toml), looked up by key.

Labels of parameters live with the parameter in the registry; everything else that a planner reads is here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


class Words(Mapping[str, str]):
    """The catalogue in one language: `words("zh")["kpi.gmv"]`. A key that is not there is a mistake in the program."""

    def __init__(self, language: str, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __getitem__(self, key: str) -> str:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def named(self, family: str, name: str) -> str:
        """The word for a contract name ("cause", "late_delivery"); the bare name, readable, where nobody has worded it yet."""
        return self._entries.get(f"{family}.{name}", name.replace("_", " "))

    def of_file(self, name: str, field: str, own: str) -> str:
        """A shipped file's title or question in this language; anybody's own words as they are."""
        known = catalogue().get(f"file.{name}.{field}")
        return known[self.language] if known is not None and known["en"] == own else own


@cache
def words(language: str) -> Words:
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}; there are {', '.join(LANGUAGES)}")
    return Words(language, {key: text[language] for key, text in catalogue().items()})


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """key -> {language: text}, keys joined by dots. A key stands in one file only."""
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted((item for item in files("sim").iterdir() if fnmatch(item.name, "texts*.toml")), key=lambda item: item.name):
        found = dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), ""))
        assert not entries.keys() & found.keys(), f"{file.name}: {sorted(entries.keys() & found.keys())} are worded twice"
        entries |= found
    return entries


def usual_language() -> str:
    """What $WHATIF_LANG asks for ("zh", "zh_CN.UTF-8" …), else English."""
    wish = os.environ.get("WHATIF_LANG", "").lower()
    return "zh" if wish.startswith("zh") else "en"


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, value in table.items():
        assert isinstance(value, dict), f"texts.toml: {prefix}{key} is not a table"
        if all(isinstance(text, str) for text in value.values()):
            yield prefix + key, value
        else:
            yield from _flat(value, f"{prefix}{key}.")

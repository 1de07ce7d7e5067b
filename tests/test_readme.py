"""What README promises is there: its commands parse, its two set-up commands exist for both systems."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from sim.cli.commands import whatif

TOP = Path(__file__).parent.parent


def lines_of(language: str) -> list[str]:
    """Lines of README's code blocks in a language."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    return [line for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line.strip()]


def test_every_command_in_readme_is_one() -> None:
    lines = [line for line in lines_of("console") if line.startswith("whatif ")]
    assert len(lines) >= 8
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)[1:]
        whatif.commands[name].make_context(name, arguments)


def test_readme_has_both_commands_for_both_systems() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    for goal in ("app", "test"):
        for system in ("linux", "windows"):
            found = re.search(rf"<!-- {goal} command: {system} -->\n```\w*\n(.+)\n```", text)
            assert found, (goal, system)
            assert "constraints.txt" in found[1]
    for file in (TOP / "README.md", TOP / "constraints.txt", TOP / "pyproject.toml"):
        assert not re.search(r"index-url|find-links", file.read_text(encoding="utf-8"))

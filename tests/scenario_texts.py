"""What the tests of scenario files share: the shipped folder, a minimal file, and how an error must look."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import INVALID, UserError
from sim.scenario import Scenario, loads

SHIPPED = Path(__file__).resolve().parents[1] / "scenarios"
SINGLE_FIXES = ("fix_pages", "fix_payment", "fix_service", "fix_colour", "fix_sizes", "fix_shipping")
HEAD = 'schema = 1\ntitle = "A plan"\n'
SEATS = "[levers.service.seats]\n"
EVENT = '[[events]]\nname = "x"\nstart = 2024-01-05\nend = 2024-01-07\n'


def plan(body: str = "", *, head: str = HEAD) -> Scenario:
    return loads(head + body, name="plan")


def refusal(text: str) -> str:
    """Why a text is refused: one sentence, exit code 2."""
    with pytest.raises(UserError) as caught:
        loads(text, name="plan.toml")
    assert caught.value.exit_code == INVALID
    return one_sentence(caught.value)


def one_sentence(error: UserError) -> str:
    message = str(error)
    assert "\n" not in message and len(message) < 400 and message.isprintable()
    return message


def write(folder: Path, **texts: str) -> None:
    for stem, text in texts.items():
        (folder / f"{stem}.toml").write_text(text, encoding="utf-8")

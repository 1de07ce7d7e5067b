"""The command line as tests ask it: exit code, what it says on stdout, what on stderr."""

from __future__ import annotations

import pytest

from sim.cli.door import outcome_of


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = outcome_of([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def answered(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    code, out, err = asked(capsys, *arguments)
    assert code == 0, err
    return out

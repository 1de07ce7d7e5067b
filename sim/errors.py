"""Errors that a planner can act on: one or two sentences, an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

INVALID, INFEASIBLE, CHECK_FAILED, UNREADABLE = 2, 3, 4, 5


class UserError(Exception):
    """What is wrong, where, and what is allowed.

    `exit_code`: 2 usage or invalid file, 3 infeasible or unreachable, 4 a check failed, 5 could not read or write.
    """

    def __init__(self, message: str, *, exit_code: int = INVALID) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code

    def __reduce__(self) -> tuple:  # worker processes send errors back by pickle; exit_code must survive the trip
        return _restored, (self.message, self.exit_code)


def _restored(message: str, exit_code: int) -> UserError:
    return UserError(message, exit_code=exit_code)


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean "x"?' for the closest known name, or '' when nothing is close.

    A full name ("payment.redirects") is also found by its last part ("redirect").
    """
    names = sorted(set(known))
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    if close:
        return f' Did you mean "{by_lower[close[0]]}"?'
    by_key = {candidate.lower().rpartition(".")[2]: candidate for candidate in names}
    close = get_close_matches(name.lower().rpartition(".")[2], list(by_key), n=1, cutoff=0.7)
    return f' Did you mean "{by_key[close[0]]}"?' if close else ""

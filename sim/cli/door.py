"""The one door in and out: every error becomes one or two sentences on stderr and an exit code, never a traceback.

Exit codes: 0 ok; 2 usage or invalid file; 3 infeasible or unreachable; 4 a check failed; 5 could not read or write;
130 interrupted; 1 a mistake in this program (WHATIF_DEBUG=1 shows where).
"""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import click

from sim.errors import UNREADABLE, UserError, nearest

PROGRAM = "whatif"
MISTAKE, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `whatif` and leave the process with its exit code."""
    if not (sys.warnoptions or os.environ.get("WHATIF_DEBUG")):
        warnings.simplefilter("ignore")  # they speak to programmers, with a path and a line of source
    _speak_utf8()
    signal.signal(signal.SIGTERM, _asked_to_end)
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    code = _flushed(outcome_of(arguments), arguments)
    sys.exit(code)


def _asked_to_end(signum: int, frame: object) -> None:
    """A cluster's scheduler that wants its machine back is heard like Ctrl-C: what is finished is kept."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever asks twice means it
    raise KeyboardInterrupt


def outcome_of(arguments: Sequence[str]) -> int:
    """The exit code of one command; its error, if any, is already told."""
    screen = sys.stdout
    try:
        from sim.cli.commands import whatif

        whatif.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _told("Interrupted.", INTERRUPTED, arguments)
    except BrokenPipeError:
        return _silenced()
    except SystemExit:
        if sys.stdout is screen:
            raise
        sys.stdout = screen  # click's own answer to a reader who has gone: another stdout, and exit code 1
        return _silenced()
    except Exception as error:
        if os.environ.get("WHATIF_DEBUG"):
            raise
        return _told(*explained(error), arguments)
    return 0


def explained(error: Exception) -> tuple[str, int]:
    """What to say about an error, and the exit code."""
    if isinstance(error, UserError):
        return str(error), error.exit_code
    if isinstance(error, click.UsageError):
        return _usage(error), 2
    if isinstance(error, click.ClickException):
        return _sentence(error.format_message()), UNREADABLE
    if isinstance(error, MemoryError):
        return "This needs more memory than the machine has; ask for fewer --draws or --days.", UNREADABLE
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return _sentence(f"Could not read or write: {place}{error.strerror or error}"), UNREADABLE
    says = " ".join(str(error).split()) or "no message"
    return f"This is a mistake in {PROGRAM}, not yours ({type(error).__name__}: {says}). WHATIF_DEBUG=1 shows where.", MISTAKE


def _usage(error: click.UsageError) -> str:
    """A wrong command line in one sentence or two, naming what exists."""
    context = error.ctx
    command = context.command_path if context else PROGRAM
    if isinstance(error, click.NoSuchOption):
        known = _options(context)
        return f"{command} has no option {error.option_name}; it takes {_listed(known)}.{nearest(error.option_name, known)}"
    if context and isinstance(context.command, click.Group):
        known = context.command.list_commands(context)
        asked = getattr(error, "command_name", "")
        if asked:
            return f"{command} has no command {asked}; it has {_listed(known)}.{nearest(asked, known)}"
        return f"Say what to do: {command} {_listed(known, 'or')}. {command} --help tells more."
    if isinstance(error, click.MissingParameter) and error.param is not None:
        option = f"{error.param.opts[0]} " if isinstance(error.param, click.Option) else ""
        return f"{command} needs {option}{error.param.make_metavar(context)}; {command} --help shows how."
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _sentence(f"{error.param.opts[0]}: {error.message}")
    says = error.format_message()
    return _sentence(f"{command}: {says[:1].lower()}{says[1:]}")


def _options(context: click.Context | None) -> list[str]:
    if context is None:
        return ["--help"]
    return [opt for param in context.command.get_params(context) for opt in param.opts if opt.startswith("--")]


def _listed(names: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!", "。")) else text + "."


def _told(message: str, code: int, arguments: Sequence[str]) -> int:
    """Says it on stderr, letters that steer a terminal spelled out; where nobody listens, the exit code has to do."""
    if (language := _language(arguments)) != "en":
        from sim.wording.refusals import in_language

        message = in_language(message, language)
    message = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in message)
    if sys.stderr is not None:  # closed (2>&-); print would turn to stdout
        try:
            print(message if message.startswith(PROGRAM) else f"{PROGRAM}: {message}", file=sys.stderr, flush=True)
        except OSError:
            _to_nowhere(sys.stderr)
    return code


def _language(arguments: Sequence[str]) -> str:
    """What --lang asks for, also where the command line is wrong elsewhere and was never read to its end; else $WHATIF_LANG."""
    from sim.texts import LANGUAGES, usual_language

    asked = [word.partition("=")[2] for word in arguments if word.startswith("--lang=")]
    asked += [word for option, word in pairwise(arguments) if option == "--lang"]
    return next((word for word in asked if word in LANGUAGES), usual_language())


def _speak_utf8() -> None:
    """Files and pipes get UTF-8 whatever the system's code page; a screen that lacks a letter shows "?" instead of failing."""
    sys.stdout = _buffered(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="replace")


def _buffered(stream: Any) -> Any:
    """A stream without a buffer (PYTHONUNBUFFERED) drops, in silence, what a full disk does not take: it gets a buffer again."""
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        return stream
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _flushed(code: int, arguments: Sequence[str]) -> int:
    """Writes what is still in the buffer while there is somebody to tell that the disk is full."""
    if sys.stdout is None:
        return code or _told("There is nowhere to print the answer: standard output is closed.", UNREADABLE, arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _silenced()
    except OSError as error:
        _silenced()
        return code or _told(*explained(error), arguments)  # an error that is told already is not told again
    return code


def _silenced() -> int:
    """The reader of our output has gone (`| head`): not an error, but Python must not complain about it on its way out."""
    _to_nowhere(sys.stdout)
    return 0


def _to_nowhere(stream: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

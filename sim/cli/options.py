"""What the commands take: checked numbers and dates, and the options that several commands share."""

from __future__ import annotations

import datetime
import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.errors import UNREADABLE, UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario

FORMATS = ("table", "json", "csv")
LANGUAGES = ("en", "zh")
MOST_WORKERS = 256
MOST_DRAWS, MOST_SEED, MOST_DAYS = 10_000_000, 2**63 - 1, 732


class Whole(click.ParamType):
    """A whole number between two ends, written with digits only (1_000 is allowed)."""

    name = "whole number"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            number: int | None = value
        else:
            text = str(value)
            number = int(text) if len(text) <= 30 and re.fullmatch(r"[+-]?\d+(_\d+)*", text, re.ASCII) else None
        if number is None or not self.low <= number <= self.high:
            self.fail(f"{_quoted(value)} is not a whole number from {self.low:,} to {self.high:,}", param, ctx)
        return number


class Day(click.ParamType):
    """A date as 2024-01-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        if isinstance(value, datetime.date):
            return value
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value), re.ASCII):
                raise ValueError
            return datetime.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{_quoted(value)} is not a date like 2024-01-31", param, ctx)


class Assignment(click.ParamType):
    """name=NUMBER, the number finite. Whether the name exists and allows the number, the scenario says."""

    name = "name=number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, equals, text = (part.strip() for part in str(value).partition("="))
        if not equals or not name:
            self.fail(f"{_quoted(value)} is not of the form name=NUMBER, for example payment.redirects=2", param, ctx)
        number = float(text) if re.fullmatch(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) else math.nan
        if not math.isfinite(number):
            self.fail(f"{name}: {_quoted(text)} is not a finite number", param, ctx)
        return name, number


def _quoted(value: object) -> str:
    """The value as typed, cut short when somebody pastes a novel."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")


@dataclass(frozen=True, kw_only=True)
class World:
    """Which world to project: horizon, levers and assumptions from the command line, and how to draw."""

    draws: int
    seed: int
    start: datetime.date | None = None
    days: int | None = None
    levers: tuple[tuple[str, float], ...] = ()
    assumptions: tuple[tuple[str, float], ...] = ()
    noise: bool = True
    central: bool = False
    workers: int | None = 1  # None: as many as the work is worth
    scheduler: str | None = None

    def around(self, scenario: Scenario, *, levers: bool = True) -> Scenario:
        """`scenario` with what the command line says on top."""
        if self.start is not None or self.days is not None:
            scenario = scenario.with_horizon(start=self.start, days=self.days)
        if self.assumptions:
            scenario = scenario.with_assumptions(_once("--assume", self.assumptions))
        if levers and self.levers:
            scenario = scenario.with_levers(_once("--set", self.levers))
        return scenario

    @property
    def drawing(self) -> dict[str, Any]:
        """The arguments that every analysis takes."""
        return {"draws": self.draws, "seed": self.seed, "noise": self.noise, "workers": self.workers, "scheduler": self.scheduler}


@dataclass(frozen=True, kw_only=True)
class Output:
    """How to answer."""

    format: str = "table"
    lang: str = "en"
    quiet: bool = False

    def note(self, message: str) -> None:
        """A note for the person at the terminal: on stderr, so that it never gets into the data."""
        if not self.quiet:
            click.echo(message, err=True)


def _once(option: str, pairs: tuple[tuple[str, float], ...]) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, number in pairs:
        if values.get(name, number) != number:
            raise UserError(f"{option} gives {name} twice, as {values[name]:g} and as {number:g}; say which one you mean.")
        values[name] = number
    return values


def _workers(*, as_needed: bool) -> Callable:
    says = "Processes to share the draws among; the answer is the same, to the last bit."
    if as_needed:
        return click.option("--workers", type=Whole(1, MOST_WORKERS), help=f"{says}  [default: 1; up to 8 where the work is long]")
    return click.option("--workers", type=Whole(1, MOST_WORKERS), default=1, show_default=True, help=says)


def new_file(out: str | None) -> Path | None:
    """Where --out is to put a new scenario file; what cannot be written is said before the work and not after it."""
    if out is None:
        return None
    path = Path(out)
    if path.suffix != ".toml":
        raise UserError(f"--out: {out!r} is no scenario file; its name ends in .toml.")
    if path.exists():
        raise UserError(f"--out: {path} exists already; choose another name.")
    if not path.resolve().parent.is_dir():
        raise UserError(f"--out: there is no folder {path.parent}.", exit_code=UNREADABLE)
    return path


def _draws(usual: int) -> Callable:
    return click.option("--draws", type=Whole(1, MOST_DRAWS), default=usual, show_default=True, help="How many worlds to draw.")


_DRAWING = (
    _draws(1000),
    click.option("--seed", type=Whole(0, MOST_SEED), default=1, show_default=True, help="Which draws: the same seed, the same worlds."),
)
_WORLD = (
    click.option("--start", type=Day(), metavar="DATE", help="First day, instead of the file's."),
    click.option("--days", type=Whole(1, MOST_DAYS), metavar="N", help="Length of the horizon, instead of the file's."),
    click.option("--set", "levers", type=Assignment(), multiple=True, metavar="LEVER=NUMBER",
                 help="Move a lever; repeatable. Replaces the file's target, keeps its dates, coverage and cost."),
    click.option("--assume", "assumptions", type=Assignment(), multiple=True, metavar="NAME=NUMBER",
                 help="Fix an assumption in every draw; repeatable."),
    click.option("--noise", type=click.Choice(["on", "off"]), default="on", show_default=True, help="Day-to-day noise."),
    click.option("--scheduler", metavar="ADDRESS", help="Dask cluster to share them among instead, such as tcp://host:8786."),
)
_OUTPUT = (
    click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True, help="json and csv keep every digit."),
    click.option("--lang", type=click.Choice(LANGUAGES), help="Language of tables.  [default: $WHATIF_LANG, else en]"),
    click.option("--quiet", is_flag=True, help="No notes on stderr."),
)


def world_options(command: Callable | None = None, *, draws: int = 1000, workers_as_needed: bool = False) -> Callable:
    """Horizon, levers, assumptions and how to draw, handed over as `world`. `draws`: how many where nobody says.

    `workers_as_needed`: where nobody says how many processes, `world.workers` is None and the analysis decides.
    """
    if command is None:
        return functools.partial(world_options, draws=draws, workers_as_needed=workers_as_needed)

    @functools.wraps(command)
    def gathering(*, draws, seed, start, days, levers, assumptions, noise, workers, scheduler, central=False, **rest: Any) -> Any:
        world = World(
            draws=draws, seed=seed, start=start, days=days, levers=levers, assumptions=assumptions, noise=noise == "on", central=central,
            workers=workers, scheduler=scheduler,
        )
        return command(world=world, **rest)

    return _with(gathering, _draws(draws), *_DRAWING[1:], *_WORLD[:-1], _workers(as_needed=workers_as_needed), _WORLD[-1])


def drawing_options(command: Callable) -> Callable:
    """--draws and --seed alone, handed over as `world`."""

    @functools.wraps(command)
    def gathering(*, draws, seed, **rest: Any) -> Any:
        return command(world=World(draws=draws, seed=seed), **rest)

    return _with(gathering, *_DRAWING)


def output_options(command: Callable) -> Callable:
    """--format, --lang and --quiet, handed over as `output`."""

    @functools.wraps(command)
    def gathering(*, format, lang, quiet, **rest: Any) -> Any:
        from sim.texts import usual_language

        return command(output=Output(format=format, lang=lang or usual_language(), quiet=quiet), **rest)

    return _with(gathering, *_OUTPUT)


def folder_option(command: Callable) -> Callable:
    return click.option(
        "--scenarios", metavar="DIR", help="Scenario folder.  [default: $WHATIF_SCENARIOS, else ./scenarios, else the one that ships]"
    )(command)


def _with(command: Callable, *options: Callable) -> Callable:
    for option in reversed(options):
        command = option(command)
    return command

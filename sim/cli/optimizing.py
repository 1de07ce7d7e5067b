"""`whatif optimize` and `whatif frontier`: the best plan under limits, and what can be had. What is heavy is imported inside."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import Output, Whole, World, folder_option, output_options, world_options
from sim.cli.printing import answer
from sim.errors import INVALID, UNREADABLE, UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario

INTERRUPTED = 130


class Money(click.ParamType):
    """An amount of CNY: 1.2e9, 12亿, 300_000. Whether it makes sense as a budget, the question says."""

    name = "cny"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from sim.analysis.goals import target_of

        if not str(value).strip():
            self.fail("an amount of CNY is needed, for example 1.2e9 or 12亿", param, ctx)
        return target_of(f"plan_cost <= {str(value).strip()}", option=param.opts[0] if param else "--budget").value


class Span(click.ParamType):
    """lever=LOW:HIGH, both finite."""

    name = "lever=LOW:HIGH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, tuple[float, float]]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"\s*([\w.]+)\s*=\s*([^:\s]+)\s*:\s*([^:\s]+)\s*", str(value))
        ends = [_number(text) for text in found.groups()[1:]] if found else []
        if not found or not all(math.isfinite(end) for end in ends):
            self.fail(f"{str(value)[:40]!r} is not of the form lever=LOW:HIGH, for example service.seats=20:40", param, ctx)
        return found[1], (ends[0], ends[1])


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) else math.nan


def task_options(command: Callable) -> Callable:
    """Budget, limits, levers and bounds."""
    options = (
        click.option("--budget", type=Money(), metavar="CNY", help="What the plan may cost over the horizon, on the mean: 1.2e9, 12亿."),
        click.option("--limit", "limits", multiple=True, metavar='"KPI <= X"',
                     help='What must hold, on the mean or, with "@ 0.8" behind it, in that share of draws; repeatable.'),
        click.option("--limit-probability", type=float, metavar="P", help="Share of draws for every --limit that does not say its own."),
        click.option("--levers", "decided", metavar="A,B,C",
                     help="Levers to decide, or all.  [default: those the plan moves; all with a price where it moves none]"),
        click.option("--bounds", type=Span(), multiple=True, metavar="LEVER=LOW:HIGH", help="Narrower bounds of a lever; repeatable."),
        click.option("--most-levers", type=int, metavar="N", help="Change at most so many levers of the plan at hand."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option("--objective", metavar="KPI", help="The figure to make best.  [default: net_gmv]")
@click.option("--risk", default="mean", show_default=True, metavar="mean|p10|cvar10|probability",
              help="How to look at it: p10, a bad case; cvar10, the mean of the worst tenth; probability, with --goal.")
@click.option("--goal", metavar='"KPI >= X"', help="What --risk probability makes as likely as can be.")
@task_options
@click.option("--out", metavar="FILE.toml", help="Write the answer as a scenario file.")
@click.option("--force", is_flag=True, help="Let --out replace a file.")
@world_options
@folder_option
@output_options
def optimize(
    *, scenario: str, objective: str | None, risk: str, goal: str | None, budget: float | None, limits: tuple[str, ...],
    limit_probability: float | None, decided: str | None, bounds: tuple[tuple[str, tuple[float, float]], ...], most_levers: int | None,
    out: str | None, force: bool, world: World, scenarios: str | None, output: Output,
) -> None:
    """The best plan under a budget and limits.

    Levers keep the dates, ramps, coverage and prices of the file; one that is not in it starts on day one. The answer keeps every
    limit at the draws asked for. Exit code 3 where the limits cannot hold together.
    """
    target = _target_file(out, force)
    asked = {"objective": objective, "risk": risk, "goal": goal}
    plan, task = _task(scenario, world, scenarios, budget, limits, limit_probability, decided, bounds, most_levers)
    from sim.analysis.optimizing import optimize as best_plan
    from sim.cli.progress import Meter
    from sim.texts import words

    say = words(output.lang)
    with Meter(output, say) as progress:
        found = best_plan(plan, **asked, **task, **world.drawing, progress=progress)
    from sim.cli.optimizing_views import answer_view
    from sim.wording.optimizing import worded

    unwritten = None
    if target is not None:
        try:
            _save(worded(found, say), target, force=force, folder=scenarios)
        except UserError as error:  # the answer is not lost with the file
            target, unwritten = None, error
    data = found.to_json() | {"out": None if target is None else str(target)}
    answer(output.format, data=data, rows=lambda: data["levers"], text=lambda: answer_view(found, say, out=target))
    if unwritten is not None:
        raise unwritten
    if found.interrupted:
        raise UserError(say["optimize.interrupted"], exit_code=INTERRUPTED)


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@task_options
@click.option("--points", type=Whole(3, 60), default=12, show_default=True, help="How many plans at most.")
@click.option("--out", metavar="DIR", help="Write every plan as a scenario file into this folder.")
@world_options
@folder_option
@output_options
def frontier(
    *, scenario: str, budget: float | None, limits: tuple[str, ...], limit_probability: float | None, decided: str | None,
    bounds: tuple[tuple[str, tuple[float, float]], ...], most_levers: int | None, points: int, out: str | None, world: World,
    scenarios: str | None, output: Output,
) -> None:
    """What can be had: net GMV, return rate and cost.

    Plans of which none is worse than another in all three. Without --budget, up to one and a half times what the plan costs.
    """
    plan, task = _task(scenario, world, scenarios, budget, limits, limit_probability, decided, bounds, most_levers)
    folder = _target_folder(out, plan)
    from sim.analysis.frontier import frontier as traced
    from sim.cli.progress import Meter
    from sim.texts import words

    say = words(output.lang)
    with Meter(output, say) as progress:
        found = traced(plan, points=points, **task, **world.drawing, progress=progress)
    from sim.cli.optimizing_views import frontier_view
    from sim.wording.optimizing import worded_points

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, worded_plan in enumerate(worded_points(found, say), 1):
            path = folder / f"{_stem(plan)}_frontier_{number:02}.toml"
            _save(worded_plan, path, force=False, folder=scenarios)
    data = found.to_json()
    answer(output.format, data=data, rows=found.rows, text=lambda: frontier_view(found, say, out=folder))
    if found.interrupted:
        raise UserError(say["optimize.frontier_interrupted"], exit_code=INTERRUPTED)


# The task as typed


def _task(
    scenario: str, world: World, folder: str | None, budget: float | None, limits: Sequence[str], probability: float | None,
    levers: str | None, bounds: Sequence[tuple[str, tuple[float, float]]], most_levers: int | None,
) -> tuple[Scenario, dict[str, Any]]:
    from sim.scenario import load

    plan = world.around(load(scenario, folder))
    from sim.analysis.optimizing.plans import limit_of

    if probability is not None and not limits:
        raise UserError("--limit-probability says how sure a --limit must be; there is no --limit.")
    if probability is not None and not math.isfinite(probability):
        raise UserError(f"--limit-probability: {probability} cannot be asked for; above 0 and below 1 is allowed.")
    spans: dict[str, tuple[float, float]] = {}
    for name, span in bounds:
        if spans.get(name, span) != span:
            raise UserError(f"--bounds gives {name} twice; say which one you mean.")
        spans[name] = span
    names = [name.strip() for name in levers.split(",")] if levers is not None else []
    if levers is not None and not all(names):
        raise UserError("--levers: names are separated by single commas, for example service.seats,payment.redirects.")
    held = [limit_of(text, probability=probability) for text in limits]
    return plan, {"budget": budget, "limits": held, "levers": names, "bounds": spans, "most_levers": most_levers}


def _target_file(out: str | None, force: bool) -> Path | None:
    """Where the answer goes; what cannot be written is said before the search and not after it."""
    if out is None:
        return None
    path = Path(out)
    if path.suffix != ".toml":
        raise UserError(f'--out: "{out}" is no scenario file: a name that ends in .toml is needed, for example better.toml.')
    if path.is_dir():
        raise UserError(f"--out: {path} is a folder; a file is needed.", exit_code=UNREADABLE)
    if path.exists() and not force:
        raise UserError(f"--out: {path} exists already; --force replaces it.", exit_code=INVALID)
    if not path.resolve().parent.is_dir():
        raise UserError(f"--out: there is no folder {path.parent}.", exit_code=UNREADABLE)
    if not os.access(path.resolve().parent, os.W_OK):
        raise UserError(f"--out: nothing can be written in {path.resolve().parent}.", exit_code=UNREADABLE)
    return path


def _target_folder(out: str | None, plan: Scenario) -> Path | None:
    if out is None:
        return None
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise UserError(f"--out: {path} is a file; a folder is needed.", exit_code=UNREADABLE)
    there = sorted(path.glob(f"{_stem(plan)}_frontier_*.toml")) if path.is_dir() else []
    if there:
        raise UserError(f"--out: {there[0]} exists already; choose another folder.", exit_code=INVALID)
    return path


def _stem(plan: Scenario) -> str:
    return Path(plan.name).name


def _save(plan: Scenario, path: Path, *, force: bool, folder: str | None) -> None:
    from sim.scenario import save

    stem = path.name.removesuffix(".toml")
    extends = None if plan.extends == stem else plan.extends  # a file cannot extend itself
    save(replace(plan, name=stem, extends=extends), path, overwrite=force, base_text="" if force else None, folder=folder)

"""`whatif seek`, `whatif choose` and `whatif worth`: answers for deciding. What is heavy is imported inside the commands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import Output, World, folder_option, new_file, output_options, world_options
from sim.cli.printing import answer
from sim.cli.progress import Meter
from sim.errors import INFEASIBLE, UserError

if TYPE_CHECKING:
    from sim.analysis.choosing import Choice, Options
    from sim.analysis.goals import Target
    from sim.analysis.information import Worth
    from sim.analysis.seeking import Sought
    from sim.scenario import Scenario
    from sim.texts import Words

INTERRUPTED = 130
NUMBER = r"[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
ROWS = 10  # of the assumptions that are worth most


class Probability(click.ParamType):
    """0.8, or 80%. Whether it can be asked for, the goal says."""

    name = "probability"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(rf"({NUMBER})\s*(%?)", str(value).strip(), re.ASCII)
        number = float(found[1]) * (0.01 if found[2] else 1.0) if found else math.nan
        if not math.isfinite(number):
            self.fail(f"{str(value)[:40]!r} is not a probability such as 0.8 or 80%", param, ctx)
        return number


class Between(click.ParamType):
    """LOW:HIGH, two numbers."""

    name = "range"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(rf"\s*({NUMBER})\s*:\s*({NUMBER})\s*", str(value), re.ASCII)
        ends = (float(found[1]), float(found[2])) if found else (math.nan, math.nan)
        if not all(map(math.isfinite, ends)):
            self.fail(f"{str(value)[:40]!r} is not of the form LOW:HIGH, for example 1:4", param, ctx)
        return ends


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option("--lever", required=True, metavar="LEVER", help="The lever to move; it keeps the file's dates, coverage and cost.")
@click.option("--goal", metavar="GOAL",
              help='Such as "net_gmv >= 6e10", or the figure of a goal in the file.  [default: the file\'s]')
@click.option("--probability", type=Probability(), metavar="SHARE",
              help="In what share of draws the goal must hold, such as 0.8.  [default: the file's; else on the mean]")
@click.option("--within", type=Between(), metavar="LOW:HIGH", help="Narrower than the lever's own bounds.")
@click.option("--out", metavar="FILE.toml", help="Write the plan that reaches the goal, as a scenario that extends SCENARIO.")
@world_options
@folder_option
@output_options
def seek(
    *, scenario: str, lever: str, goal: str | None, probability: float | None, within: tuple[float, float] | None, out: str | None,
    world: World, scenarios: str | None, output: Output,
) -> None:
    """What a lever must be for a goal to hold.

    The answer is the value nearest to where the plan has the lever. Exit code 3 when no value reaches the goal: the best is told.
    """
    plan = world.around(_loaded(scenario, scenarios))
    from sim.analysis import seeking
    from sim.texts import words

    say = words(output.lang)
    seeking.lever_named(lever, option="--lever")
    target = _target(plan, goal, probability)
    path = new_file(out)
    if goal is None or "=" not in goal:
        others = [str(other) for other in _goals_of(plan) if other.kpi != target.kpi]
        if others:
            output.note(say["seek.others"].format(goals="; ".join(others)))
    with Meter(output, say) as progress:
        found = seeking.seek(plan, lever=lever, target=target, within=within, progress=progress, **world.drawing)
    data = found.to_json()
    answer(output.format, data=data, rows=lambda: data["curve"], text=lambda: seek_view(found, title=_title(plan, say), say=say))
    if found.stopped:
        raise UserError(say["seek.stopped"], exit_code=INTERRUPTED)
    if path is not None:
        _written(found, path, scenarios, output, say)
    if not found.reachable:
        from sim.wording.deciding import seek_says

        raise UserError(seek_says(found, say)[0], exit_code=INFEASIBLE)


def _target(plan: Scenario, goal: str | None, probability: float | None) -> Target:
    from sim.analysis.goals import target_of
    from sim.analysis.seeking import goal_of

    named = None if goal is None else goal.strip()
    if named is None or re.fullmatch(r"\w+", named):
        return goal_of(plan, named=named, probability=probability)
    if probability is not None:  # which of the two options is wrong must be clear
        from sim.analysis.goals import Target, checked

        checked(Target(kpi="gmv", sense="at_least", value=0.0, probability=probability), option="--probability")
    return target_of(named, option="--goal", probability=probability)


def _goals_of(plan: Scenario) -> list[Target]:
    from sim.analysis.goals import targets_of

    return targets_of(plan)


def _written(found: Sought, path: Path, folder: str | None, output: Output, say: Words) -> None:
    from dataclasses import replace

    from sim.scenario import save
    from sim.wording.deciding import goal_words, lever_text

    if found.answer is None or found.already:
        output.note(say["seek.not_needed" if found.already else "seek.not_saved"])
        return
    scenario, stem = found.scenario, path.name.removesuffix(".toml")
    lever, value = found.parameter.label[say.language], lever_text(found.lever, found.answer.value, say.language)
    title = say["seek.title"].format(title=_title(scenario, say), lever=lever, value=value)
    extends = scenario.name if stem != scenario.name else scenario.extends
    question = say["seek.question"].format(lever=lever, **goal_words(found.target, say))
    save(replace(found.plan, name=stem, path=None, title=title, question=question, extends=extends), path, folder=folder)
    output.note(say["seek.saved"].format(path=path))


@click.command()
@click.argument("base", metavar="SCENARIO")
@click.argument("plans", metavar="PLAN [PLAN…]", nargs=-1, required=True)
@click.option("--kpi", default="contribution", show_default=True, metavar="FIGURE", help="The figure to judge by.")
@click.option("--same-world", is_flag=True, help="Put the base's assumptions and events under every plan.")
@world_options
@folder_option
@output_options
def choose(
    *, base: str, plans: tuple[str, ...], kpi: str, same_world: bool, world: World, scenarios: str | None, output: Output
) -> None:
    """Which plan holds up: regret, chance of being best, worst tenth.

    SCENARIO itself, doing nothing, is one of the options. --set moves levers of the plans, never of SCENARIO.
    """
    from sim.analysis.choosing import options_of
    from sim.texts import words
    from sim.wording.deciding import choice_says

    say = words(output.lang)
    asked = _asked(base, plans, world, scenarios)
    with Meter(output, say) as progress:
        options = options_of(*asked, kpis=(kpi,), same_world=same_world, progress=progress, **world.drawing)
    choice = options.choice(kpi)
    _tell_shops(options, output, say)
    data = options.to_json() | choice.to_json()

    def text() -> str:
        titles = _titles(options.scenarios, say)
        lines = _head(options, kpi, world, say)
        told = f"{choice_says(choice, titles, say)}\n{say['choose.regret_note']}"
        return "\n\n".join(["\n".join(lines), choice_table(choice, titles, say), told])

    answer(output.format, data=data, rows=lambda: _flat(data["options"]), text=text)


@click.command()
@click.argument("base", metavar="SCENARIO")
@click.argument("plans", metavar="PLAN [PLAN…]", nargs=-1, required=True)
@click.option("--kpi", default="contribution", show_default=True, metavar="FIGURE", help="The figure in CNY to judge by.")
@click.option("--same-world", is_flag=True, help="Put the base's assumptions and events under every plan.")
@world_options
@folder_option
@output_options
def worth(
    *, base: str, plans: tuple[str, ...], kpi: str, same_world: bool, world: World, scenarios: str | None, output: Output
) -> None:
    """What it is worth to know more before choosing.

    The expected value of perfect information for the choice between SCENARIO ("do nothing") and the plans: of knowing everything,
    and of knowing each assumption alone; so, which to measure first.
    """
    from sim.analysis.information import worth as worth_between
    from sim.texts import words
    from sim.wording.deciding import choice_says, worth_says

    say = words(output.lang)
    asked = _asked(base, plans, world, scenarios)
    with Meter(output, say) as progress:
        found = worth_between(*asked, kpi=kpi, same_world=same_world, progress=progress, **world.drawing)
    _tell_shops(found.options, output, say)
    data = found.to_json()

    def text() -> str:
        titles = _titles(found.options.scenarios, say)
        lines = _head(found.options, kpi, world, say)
        blocks = ["\n".join(lines), "\n".join(worth_says(found, titles, say)), worth_table(found, say)]
        blocks += [choice_table(found.choice, titles, say), f"{choice_says(found.choice, titles, say)}\n{say['choose.regret_note']}"]
        return "\n\n".join(block for block in blocks if block)

    answer(output.format, data=data, rows=lambda: data["per_assumption"], text=text)


def _asked(base: str, plans: Sequence[str], world: World, folder: str | None) -> tuple[Scenario, list[Scenario]]:
    return world.around(_loaded(base, folder), levers=False), [world.around(_loaded(plan, folder)) for plan in plans]


def _loaded(name: str, folder: str | None) -> Scenario:
    from sim.scenario import load

    return load(name, folder)


# Answers in words and tables: from results to lines that a planner reads


def seek_view(found: Sought, *, title: str, say: Words) -> str:
    """The goal, the answer in sentences, and the lever's range in a few rows."""
    from sim.figures import MISSING, chance, figure, interval
    from sim.outcome import KPIS
    from sim.tables import table
    from sim.wording.deciding import goal_words, lever_text, seek_says

    setting = _setting(found.scenario, draws=found.draws, seed=found.seed, say=say)
    head = [title, say["seek.goal"].format(**goal_words(found.target, say)), setting]
    unit = KPIS[found.target.kpi].unit
    marks = {found.baseline: "baseline", found.standing.value: "standing"}
    if not found.already:
        marks |= {found.best.value: "best"} if found.answer is None else {found.answer.value: "answer"}
    rows = [
        (
            lever_text(found.lever, row.value, say.language), chance(row.share, say.language), figure(row.mean, unit, say.language),
            MISSING if row.mean is None else interval(row.p10, row.p90, unit, say.language),
            say[f"seek.mark_{marks[row.value]}"] if row.value in marks else "",
        )
        for row in seek_rows(found, marks)
    ]
    heads = (found.parameter.label[say.language], say["seek.share"], _kpi(found.target.kpi, say), say["head.interval"], "")
    return "\n\n".join(["\n".join(head), "\n".join(seek_says(found, say)), table(heads, rows, right=(0, 1, 2))])


def seek_rows(found: Sought, keep: Mapping[float, str]) -> list[Any]:
    """A dozen readings over the range, with those that must be there."""
    curve, gap = found.curve, (found.high - found.low) / 12.0
    kept: list[Any] = []
    for row in curve:
        if row.value in keep or not kept or row.value - kept[-1].value >= gap or row is curve[-1]:
            kept.append(row)
    return kept if found.standing in kept else sorted([*kept, found.standing], key=lambda row: row.value)


def choice_table(choice: Choice, titles: Sequence[str], say: Words) -> str:
    """Every option by every criterion; the best of a column is starred."""
    from sim.figures import chance, figure, interval
    from sim.outcome import KPIS
    from sim.tables import shorten, table
    from sim.wording.deciding import regret_text

    unit, chosen, language = KPIS[choice.kpi].unit, choice.choices, say.language

    def star(criterion: str, name: str, text: str) -> str:
        return f"★ {text}" if chosen[criterion] == name else text

    rows = [
        (
            shorten(title, 40), star("mean", option.name, figure(option.mean, unit, language)),
            interval(option.p10, option.p90, unit, language), star("cvar10", option.name, figure(option.cvar10, unit, language)),
            star("best", option.name, chance(option.best_share, language)), regret_text(option.regret_mean, unit, language),
            regret_text(option.regret_p90, unit, language), star("regret", option.name, regret_text(option.regret_worst, unit, language)),
        )
        for title, option in zip(titles, choice.options, strict=True)
    ]
    keys = ("choose.option", "choose.mean", "head.interval", "choose.tail", "choose.best", "choose.regret_mean", "choose.regret_p90",
            "choose.regret_worst")
    return table([say[key] for key in keys], rows, right=(1, 3, 4, 5, 6, 7))


def worth_table(found: Worth, say: Words) -> str:
    """The assumptions that are worth something by themselves, the dearest first."""
    from sim.figures import chance, figure
    from sim.tables import table
    from sim.wording.drivers import name_of

    rows = [
        (
            name_of(row["name"], say.language, say), say.named("grade", row["grade"]), figure(row["value"], "CNY", say.language),
            f"± {figure(row['se'], 'CNY', say.language)}", chance(row["share_of_evpi"], say.language), row["name"],
        )
        for row in found.rows()[:ROWS]
        if row["value"] > 0.0
    ]
    if not rows:
        return ""
    keys = ("worth.assumption", "worth.grade", "worth.value", "worth.error", "worth.of_all", "head.name")
    return table([say[key] for key in keys], rows, right=(2, 3, 4)) + f"\n{say['worth.rest']}"


def _flat(options: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for option in options:
        row = {key: value for key, value in option.items() if key != "regret"}
        rows.append(row | {f"regret_{key}": value for key, value in option["regret"].items()})
    return rows


def _titles(scenarios: Sequence[Scenario], say: Words) -> list[str]:
    base, *plans = (_title(scenario, say) for scenario in scenarios)
    return [say["choose.nothing"].format(name=base), *plans]


def _title(scenario: Scenario, say: Words) -> str:
    return say.of_file(scenario.name, "title", scenario.title) or scenario.name


def _tell_shops(options: Options, output: Output, say: Words) -> None:
    if options.several_shops:
        output.note(say["decide.other_shop"])


def _head(options: Options, kpi: str, world: World, say: Words) -> list[str]:
    return [say["choose.judged_by"].format(kpi=_kpi(kpi, say)), _setting(options.scenarios[0], draws=world.draws, seed=world.seed, say=say)]


def _setting(scenario: Scenario, *, draws: int, seed: int, say: Words) -> str:
    from sim.cli.views import drawn

    horizon = say["say.horizon"].format(days=scenario.days, start=scenario.start)
    return f"{horizon} · {drawn(central=False, draws=draws, seed=seed, say=say)}"


def _kpi(kpi: str, say: Words) -> str:
    from sim.cli.views import kpi_label
    from sim.outcome import KPIS

    return kpi_label(kpi, KPIS[kpi].unit, say.language)

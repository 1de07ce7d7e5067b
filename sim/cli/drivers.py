"""`whatif sensitivity` and `whatif discover`: what moves a figure, and in which worlds a plan misses its goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import Output, World, folder_option, output_options, world_options
from sim.cli.printing import answer
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.texts import Words

Row = Mapping[str, Any]
INTERRUPTED = 130
SHOWN = 16  # assumptions in a table; a file has all of them


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option("--against", metavar="BASE", help="Look at the paired difference to this scenario instead.")
@click.option("--kpi", "kpis", multiple=True, metavar="KPI", help="Figure to explain; repeatable.  [default: net_gmv]")
@world_options(draws=1024, workers_as_needed=True)
@folder_option
@output_options
def sensitivity(
    *, scenario: str, against: str | None, kpis: tuple[str, ...], world: World, scenarios: str | None, output: Output
) -> None:
    """Which assumptions matter: tornado and Sobol' indices.

    Each assumption from its p10 to its p90 (tornado), and the share of the spread that it brings, alone and in all (Sobol' indices
    with 95 % intervals); how much rests on assumptions that nobody has measured. --draws is rounded to a power of two; with
    fewer than 1,024 the indices are rough.
    """
    from sim.analysis.goals import ensure_figure

    asked = [ensure_figure(kpi, option="--kpi") for kpi in kpis] or ["net_gmv"]
    plan = world.around(_loaded(scenario, scenarios))
    base = None if against is None else world.around(_loaded(against, scenarios), levers=False)
    from sim.analysis.sensitivity import power_of_two
    from sim.analysis.sensitivity import sensitivity as found
    from sim.cli.progress import Meter
    from sim.texts import words

    say = words(output.lang)
    draws = power_of_two(world.draws)
    if draws != world.draws:
        output.note(say["drivers.rounded"].format(asked=f"{world.draws:,}", draws=f"{draws:,}"))
    with Meter(output, say) as progress:
        result = found(
            plan, base, kpis=asked, progress=progress, **(world.drawing | {"draws": draws})
        )
    data = result.to_json()
    from sim.wording.drivers import drivers_in_words

    for figure, drivers in zip(data["kpis"], result.figures, strict=True):
        begun = result.complete or drivers.sobol or not drivers.defined  # else there is no spread yet to speak of
        figure["words"] = drivers_in_words(figure, say, paired=base is not None) if begun else []
    head = _head(result, base, say)
    answer(output.format, data=data, rows=lambda: _driver_rows(data), text=lambda: sensitivity_view(data, head=head, say=say))
    if not result.complete:
        raise UserError(say["drivers.interrupted"], exit_code=INTERRUPTED)


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option("--goal", "goals", multiple=True, metavar="GOAL",
              help='Such as "net_gmv >= 6e10" or "return_rate <= 22%"; repeatable.  [default: the goals in the file]')
@world_options(draws=4000)
@folder_option
@output_options
def discover(*, scenario: str, goals: tuple[str, ...], world: World, scenarios: str | None, output: Output) -> None:
    """In which worlds the plan misses its goals.

    Boxes over the assumptions in which most of the misses lie (patient rule induction), with their coverage (share of all misses
    inside) and density (share of the worlds inside that miss), counted on draws that had no part in finding them.
    """
    from sim.analysis.goals import target_of, targets_of

    targets = [target_of(goal, option="--goal") for goal in goals]
    plan = world.around(_loaded(scenario, scenarios))
    from sim.analysis.discovery import discover as found
    from sim.cli.progress import Meter
    from sim.texts import words

    say = words(output.lang)
    with Meter(output, say) as progress:
        result = found(plan, targets or targets_of(plan), progress=progress, **world.drawing)
    data = result.to_json()
    from sim.wording.drivers import discovery_in_words

    data["words"] = discovery_in_words(data, say)
    head = _head(result, None, say)
    answer(output.format, data=data, rows=lambda: _box_rows(data), text=lambda: discovery_view(data, head=head, say=say))


def _loaded(name: str, folder: str | None) -> Scenario:
    from sim.scenario import load

    return load(name, folder)


def _head(result: Any, base: Scenario | None, say: Words) -> str:
    """What is looked at, and on which draws."""
    plan = result.scenario

    def title(scenario: Scenario) -> str:
        return say.of_file(scenario.name, "title", scenario.title) or scenario.name

    first = title(plan) if base is None else say["say.against"].format(plan=title(plan), base=title(base))
    horizon = say["say.horizon"].format(days=plan.days, start=plan.start)
    return f"{first}\n{horizon} · {say['say.drawn'].format(draws=f'{result.draws:,}', seed=result.seed)}"


# Rows


def _driver_rows(data: Row) -> list[dict[str, Any]]:
    """A row for every figure and assumption, the noise and each grade among them."""
    found = []
    for figure in data["kpis"]:
        swings = {row["name"]: row for row in figure["tornado"]}
        sobol = {row["name"]: row for row in figure["sobol"]}
        for name in [*sobol, *(name for name in swings if name not in sobol)]:
            found.append(_row(figure["kpi"], "assumption", name, swings.get(name, {}), sobol.get(name, {})))
        for grade in figure["grades"]:
            found.append(_row(figure["kpi"], "grade", grade["grade"], {"grade": grade["grade"]}, {"first": grade["share"]}))
    return found


def _row(kpi: str, kind: str, name: str, swing: Row, index: Row) -> dict[str, Any]:
    row: dict[str, Any] = {"kpi": kpi, "kind": kind, "name": name, "grade": swing.get("grade", index.get("grade"))}
    row |= {key: swing.get(key) for key in ("unit", "low", "high", "at_low", "at_high", "swing")}
    for key in ("first", "total"):
        row |= {key: index.get(key, {}).get("value")} | {f"{key}_{end}": index.get(key, {}).get(end) for end in ("low", "high")}
    return row


def _box_rows(data: Row) -> list[dict[str, Any]]:
    """A row for every restriction of every box; without a box there is one that says why."""
    found = []
    same = {"scenario": data["scenario"]["name"], "miss_rate": data["miss_rate"], "verdict": data["verdict"]}
    for number, box in enumerate(data["boxes"], start=1):
        for item in box["restrictions"]:
            found.append(
                same | {"box": number} | {key: item[key] for key in ("name", "low", "high", "unit", "grade", "p_value")}
                | {key: box[key] for key in ("coverage", "density", "mass")}
            )
    empty = dict.fromkeys(("box", "name", "low", "high", "unit", "grade", "p_value", "coverage", "density", "mass"))
    return found or [same | empty]


# Tables


def sensitivity_view(data: Row, *, head: str, say: Words) -> str:
    blocks, tables = [head], 0
    for figure in data["kpis"]:
        found = _drivers_table(figure, say, paired=data["against"] is not None)
        blocks += ["\n".join(figure["words"]), *found]
        tables += len(found)
    return "\n\n".join(block for block in [*blocks, say["drivers.note"] if tables else ""] if block)


def _drivers_table(figure: Row, say: Words, *, paired: bool) -> list[str]:
    from sim.figures import MISSING
    from sim.outcome import KPIS
    from sim.tables import shorten, table
    from sim.wording.drivers import LITTLE, NOISE, figure_text, graded, name_of, share_with_interval, value_text

    language = say.language
    swings = {row["name"]: row for row in figure["tornado"] if row["swing"] > 0.0}  # not where the figure is not defined
    sobol = {row["name"]: row for row in figure["sobol"] if row["total"]["value"] > 0.0}
    names = list(sobol) + [name for name in swings if name not in sobol]
    if not names:
        return [say["drivers.none_felt"]] if figure["sd"] > 0.0 else []
    rows = []
    for name in names[:SHOWN]:
        swing, index = swings.get(name), sobol.get(name)
        ends = (MISSING,) * 3
        if swing:
            low, high = (value_text(name, swing[end], language) for end in ("low", "high"))
            ends = (f"{low} … {high}", *(figure_text(swing[end], figure["kpi"], language, paired=paired) for end in ("at_low", "at_high")))
        shares = [share_with_interval(index[key]) if index else MISSING for key in ("first", "total")]
        grade = MISSING if name == NOISE else graded((swing or index)["grade"], say)
        rows.append((shorten(name_of(name, language, say), 34), grade, *ends, *shares))
    label = KPIS[figure["kpi"]].label[language]
    heads = ["assumption", "range", "at_low", "at_high", "first", "total"]
    titles = [say[f"drivers.{head}"].format(kpi=label) for head in heads]
    titles.insert(1, say["head.grade"])
    lines = table(titles, rows, right=(2, 3, 4, 5, 6))
    if len(names) > SHOWN:
        lines += "\n" + say["drivers.factors_left"].format(count=len(names) - SHOWN)
    grades = [
        (graded(row["grade"], say), str(row["count"]) if row["grade"] != NOISE else MISSING,
         share_with_interval(row["share"]))
        for row in sorted(figure["grades"], key=lambda row: -row["share"]["value"]) if row["count"]
    ]
    shown = any(row["share"]["value"] > LITTLE for row in figure["grades"])
    titles = (say["drivers.rests_on"], say["drivers.count"], say["drivers.share"])
    return [lines, table(titles, grades, right=(1, 2))] if shown else [lines]


def discovery_view(data: Row, *, head: str, say: Words) -> str:
    from sim.figures import chance
    from sim.tables import table
    from sim.wording.drivers import goal_text, restriction_text

    goals = [(goal_text(goal, say), chance(goal["missed"])) for goal in data["goals"]]
    blocks = [head, table((say["drivers.goals"], say["drivers.missed_in"]), goals, right=(1,)), "\n".join(data["words"])]
    if data["boxes"]:
        rows: list[Sequence[str]] = []
        for box in data["boxes"]:
            for place, item in enumerate(box["restrictions"]):
                figures = [chance(box[key]) if place == 0 else "" for key in ("coverage", "density", "mass")]
                rows.append((restriction_text(item, say) if place == 0 else f"+ {restriction_text(item, say)}", *figures))
        titles = [say[f"drivers.{head}"] for head in ("box_head", "coverage", "density", "mass")]
        blocks.append(table(titles, rows, right=(1, 2, 3)))
        blocks.append(say["drivers.held_out"].format(count=f"{data['held_out']:,}"))
    return "\n\n".join(blocks)

"""The commands: each parses, calls one thing and prints its answer. Imports of NumPy and heavier happen inside a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import sim
from sim.cli.deciding import choose, seek, worth
from sim.cli.drivers import discover, sensitivity
from sim.cli.optimizing import frontier, optimize
from sim.cli.options import Output, Whole, World, drawing_options, folder_option, output_options, world_options
from sim.cli.printing import answer, as_json
from sim.cli.reporting import report
from sim.cli.shops import backtest, calibrate
from sim.cli.sweeping import merge, sweep
from sim.cli.upkeep import bench, migrate
from sim.errors import CHECK_FAILED, INVALID, UNREADABLE, UserError

if TYPE_CHECKING:
    from sim.analysis.comparing import Comparison
    from sim.scenario import Scenario

INTERRUPTED = 130


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 ok; 2 usage or invalid file; 3 infeasible; 4 a check failed; 5 could not read or write; 130 interrupted.",
)
@click.version_option(sim.__version__, prog_name="whatif")
@click.pass_context
def whatif(context: click.Context) -> None:
    """A what-if planner for live-commerce funnels: move levers, see GMV, net GMV and return rates with honest uncertainty.

    A SCENARIO is a file or the name of one in the scenario folder, such as "baseline". Data go to stdout, notes to stderr.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@whatif.command()
@click.argument("scenario", metavar="SCENARIO")
@world_options
@click.option("--central", is_flag=True, help="One lane: every assumption at its best value, no noise.")
@folder_option
@output_options
def run(*, scenario: str, world: World, scenarios: str | None, output: Output) -> None:
    """Project one scenario."""
    plan = world.around(_loaded(scenario, scenarios))
    if world.central and click.get_current_context().get_parameter_source("draws") is click.core.ParameterSource.COMMANDLINE:
        output.note("--central runs one lane; --draws is not used.")
    from sim.engine import run as project

    outcome = project(plan, central=world.central, **world.drawing)
    data = outcome.to_json()

    def text() -> str:
        from sim.cli.views import run_view
        from sim.texts import words

        say = words(output.lang)

        return run_view(
            data,
            title=say.of_file(plan.name, "title", plan.title) or plan.name,
            question=say.of_file(plan.name, "question", plan.question),
            horizon=_horizon(plan, output.lang),
            central=world.central,
            language=output.lang,
        )

    answer(output.format, data=data, rows=outcome.kpi_rows, text=text)


@whatif.command()
@click.argument("base", metavar="BASE")
@click.argument("plans", metavar="PLAN [PLAN…]", nargs=-1, required=True)
@world_options
@click.option("--same-world", is_flag=True, help="Put the base's assumptions and events under every plan.")
@click.option(
    "--attribution", type=click.Choice(["auto", "full", "off"]), default="auto", show_default=True,
    help="What each lever brought: auto may take the first draws only where there are many levers, full may take forty times as long. "
    "Larger plans use up to four processes unless --workers says how many.",
)
@folder_option
@output_options
def compare(
    *, base: str, plans: tuple[str, ...], world: World, same_world: bool, attribution: str, scenarios: str | None, output: Output
) -> None:
    """Paired differences of plans against a base, and what each lever brought.

    --assume, --start and --days hold for all of them; --set moves levers of the plans, never of the base. CSV is the table of figures.
    """
    from sim.analysis.horizons import on_one_horizon

    loaded_base = world.around(_loaded(base, scenarios), levers=False)
    loaded_plans = [world.around(_loaded(plan, scenarios)) for plan in plans]
    asked = [loaded_base, *loaded_plans]
    loaded_base, loaded_plans = on_one_horizon(loaded_base, loaded_plans)
    from sim.texts import words

    say = words(output.lang)
    placed = zip(asked, [loaded_base, *loaded_plans], strict=True)
    moved = [was.name for was, now in placed if (was.start, was.days) != (now.start, now.days)]
    if moved:
        output.note(say["say.took_horizon"].format(names=", ".join(moved), plan=loaded_plans[0].name))

    from sim.analysis.comparing import compare as paired
    from sim.outcome import KPIS

    comparison = paired(loaded_base, loaded_plans, same_world=same_world, **world.drawing)
    data = comparison.to_json(attribution=None)
    whole = attribution == "off" or output.format == "csv" or _attributed(comparison, data, attribution, output)
    units = {name: kpi.unit for name, kpi in KPIS.items()}

    def rows() -> list[dict[str, Any]]:
        return [
            {"plan": plan["name"], "kpi": name, "delta_mean": row["delta"]["mean"], "delta_p10": row["delta"]["p10"],
             "delta_p50": row["delta"]["p50"], "delta_p90": row["delta"]["p90"], "relative": row["relative"],
             "p_better": row["p_better"], "unit": units.get(name, "")}
            for plan in data["plans"]
            for name, row in plan["kpis"].items()
        ]

    def text() -> str:
        from sim.cli.views import compare_view, drawn
        from sim.cli.views_attribution import attribution_view

        titles = [say.of_file(plan.name, "title", plan.title) or plan.name for plan in loaded_plans]
        base_title = say.of_file(loaded_base.name, "title", loaded_base.title) or loaded_base.name
        return compare_view(
            data,
            base_title=base_title,
            titles=titles,
            setting=f"{_horizon(loaded_base, output.lang)} · {drawn(central=False, draws=world.draws, seed=world.seed, say=say)}",
            language=output.lang,
            after=[
                attribution_view(plan, base_title=base_title, title=title, draws=world.draws, language=output.lang)
                if plan.get("attribution") is not None else ""
                for plan, title in zip(data["plans"], titles, strict=True)
            ],
        )

    answer(output.format, data=data, rows=rows, text=text)
    if not whole:
        raise UserError(say["attribution.interrupted"], exit_code=INTERRUPTED)


def _attributed(comparison: Comparison, data: dict[str, Any], effort: str, output: Output) -> bool:
    """Puts what each lever brought into the answer; False where Ctrl-C ended it, and the plans that were not reached hold null."""
    from sim.cli.progress import Meter
    from sim.texts import words

    unsaid = click.get_current_context().get_parameter_source("workers") is click.core.ParameterSource.DEFAULT
    done = 0
    try:
        for place, plan in enumerate(data["plans"]):
            with Meter(output, words(output.lang)) as progress:
                plan.update(comparison.attributed(place, effort=effort, progress=progress, share_out=unsaid).to_json())
            done += 1
    except KeyboardInterrupt:
        nothing = {"attribution": None, "interactions": None, "roll_out": None, "attribution_method": {"kind": "interrupted"}}
        for plan in data["plans"][done:]:
            plan.update(nothing)
    return done == len(data["plans"])


@whatif.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@folder_option
@output_options
def diff(*, a: str, b: str, scenarios: str | None, output: Output) -> None:
    """What the files change, with units."""
    from sim.scenario import diff as differences

    before, after = _loaded(a, scenarios), _loaded(b, scenarios)
    columns = ("kind", "name", "field", "before", "after", "unit")
    rows = [{column: getattr(item, column) for column in columns} for item in differences(before, after)]

    def text() -> str:
        from sim.cli.views import diff_view

        return diff_view(rows, language=output.lang)

    answer(output.format, data=rows, rows=lambda: rows, text=text)


@whatif.command()
@drawing_options
@output_options
def facts(*, world: World, output: Output) -> None:
    """Every figure of the planning document and its use.

    used: it is in the model; reproduced: the model computes it again (noise off); shown: beside the model's own figure.
    """
    from sim.analysis.documenting import facts as documented

    rows = documented(draws=world.draws, seed=world.seed)

    def text() -> str:
        from sim.cli.views import facts_view

        return facts_view(rows, language=output.lang)

    answer(output.format, data=rows, rows=lambda: rows, text=text)


@whatif.command()
@click.argument("names", metavar="[NAME…]", nargs=-1)
@click.option("--role", type=click.Choice(["lever", "uncertainty", "constant", "pinned"]), help="Only these.")
@output_options
def params(*, names: tuple[str, ...], role: str | None, output: Output) -> None:
    """Every parameter with unit, range, source and grade.

    NAME narrows to a stage ("payment") or to one of them ("payment.redirects").
    """
    from sim.errors import nearest
    from sim.parameters import registry

    known = registry()
    stages = {parameter.stage for parameter in known.values()}
    for name in names:
        if name not in known and name not in stages:
            listed = f" The stages are {', '.join(sorted(stages))}."
            hint = nearest(name, [*known, *stages]) if len(name) <= 200 else ""
            asked = name if len(name) <= 80 else f"{name[:77]}..."
            raise UserError(f'There is no parameter or stage "{asked}".{hint or listed}')
    rows = [
        _parameter_row(parameter)
        for parameter in known.values()
        if (not names or parameter.name in names or parameter.stage in names) and (role is None or parameter.role == role)
    ]

    def text() -> str:
        from sim.cli.views import params_view

        return params_view(rows, language=output.lang)

    def flat() -> list[dict[str, Any]]:
        words = ("label", "help")
        return [
            {key: value for key, value in row.items() if key not in (*words, "cost", "studies")}
            | {f"{key}_{language}": row[key][language] for key in words for language in ("en", "zh")}
            for row in rows
        ]

    answer(output.format, data=rows, rows=flat, text=text)


def _parameter_row(parameter: Any) -> dict[str, Any]:
    from dataclasses import asdict, fields

    from sim.parameters import registry

    row = {"name": parameter.name, "stage": parameter.stage, "key": parameter.key}
    row |= {field.name: getattr(parameter, field.name) for field in fields(parameter)}
    row["cost"] = None if parameter.cost is None else asdict(parameter.cost)
    row["studies"] = [asdict(registry().studies_by_id[source]) for source in parameter.sources if source in registry().studies_by_id]
    return row


@whatif.command()
@click.argument("names", metavar="[SCENARIO…]", nargs=-1)
@folder_option
@output_options
def validate(*, names: tuple[str, ...], scenarios: str | None, output: Output) -> None:
    """Read scenario files and say what is wrong with them, also where totals and assumptions do not fit together.

    Without names: all in the scenario folder.
    """
    rows, codes = [], []
    for name in names or _all_in_folder(scenarios):
        row = {"scenario": Path(name).stem if name.endswith(".toml") else name, "valid": True, "title": "", "digest": "", "problem": ""}
        try:
            scenario = _loaded(name, scenarios)
            row |= {"title": scenario.title or "", "digest": scenario.digest}
            if scenario.baseline or scenario.assumptions or scenario.posterior:  # another world: can its totals be reproduced at all?
                from sim.engine import ensure_closes

                ensure_closes(scenario, draws=max(1000, scenario.posterior.rows if scenario.posterior else 0))  # all of a shop's draws
        except UserError as error:
            if len(names) == 1 and output.format == "table":
                raise
            codes.append(error.exit_code)
            row |= {"valid": False, "problem": str(error)}
        rows.append(row)

    def text() -> str:
        from sim.cli.views import validate_view

        return validate_view(rows, language=output.lang)

    answer(output.format, data=rows, rows=lambda: rows, text=text)
    invalid = [row["scenario"] for row in rows if not row["valid"]]
    if invalid:
        says = f"{len(invalid)} of {len(rows)} scenario files cannot be used: {', '.join(invalid)}."
        raise UserError(says, exit_code=INVALID if INVALID in codes else codes[0])


@whatif.command()
@click.argument("names", metavar="[SCENARIO…]", nargs=-1)
@world_options
@folder_option
@output_options
def check(*, names: tuple[str, ...], world: World, scenarios: str | None, output: Output) -> None:
    """Check that the books balance in every draw.

    Without names: of all scenarios in the folder. Exit code 4 when an identity fails.
    """
    plans = [world.around(_loaded(name, scenarios)) for name in names or _all_in_folder(scenarios)]
    from sim.analysis.checking import check as checked
    from sim.analysis.checking import holds

    rows = [row for plan in plans for row in checked(plan, **world.drawing)]

    def text() -> str:
        from sim.cli.views import check_view

        return check_view(rows, language=output.lang)

    answer(output.format, data=rows, rows=lambda: rows, text=text)
    failed = [row for row in rows if not holds(row)]
    if failed:
        worst = failed[0]
        raise UserError(
            f"{len(failed)} of {len(rows)} identities fail; the first is {worst['identity']} in {worst['scenario']}, draw {worst['draw']}.",
            exit_code=CHECK_FAILED,
        )


@whatif.command()
@click.option("--format", type=click.Choice(["json"]), default="json", help="A schema is JSON.")
def schema(*, format: str) -> None:
    """The JSON Schema of a scenario file, for editors."""
    from sim.scenario import json_schema

    click.echo(as_json(json_schema()))


@whatif.command()
@click.option("--port", type=Whole(1, 65535), metavar="PORT", help="Port of the app.  [default: 8501, or the next free one]")
@click.option("--browser/--no-browser", default=False, help="Open the page in the browser.  [default: only print its address]")
@click.option("--behind", metavar="HOST", help="Host name of the proxy that planners come through; see README on a company's login.")
@folder_option
def app(*, port: int | None, browser: bool, behind: str | None, scenarios: str | None) -> None:
    """Start the planner's pages, for this machine only."""
    from sim.scenario import scenario_folder
    from sim.ui.serving import serve

    scenario_folder(scenarios)  # refuses a folder that is none before anything starts
    serve(port=port, browser=browser, scenarios=scenarios, behind=behind)


whatif.add_command(sweep)
whatif.add_command(merge)
whatif.add_command(bench)
whatif.add_command(migrate)
whatif.add_command(sensitivity)
whatif.add_command(discover)
whatif.add_command(optimize)
whatif.add_command(frontier)
whatif.add_command(seek)
whatif.add_command(choose)
whatif.add_command(worth)
whatif.add_command(report)
whatif.add_command(calibrate)
whatif.add_command(backtest)


def _loaded(name: str, folder: str | None) -> Scenario:
    from sim.scenario import load

    return load(name, folder)


def _all_in_folder(explicit: str | None) -> Sequence[str]:
    """The names of all scenario files, the baseline first."""
    from sim.scenario import scenario_folder, scenario_names

    names = scenario_names(explicit)
    if not names:
        raise UserError(f"There are no scenario files (*.toml) in {scenario_folder(explicit)}.", exit_code=UNREADABLE)
    return names


def _horizon(scenario: Scenario, language: str) -> str:
    from sim.texts import words

    return words(language)["say.horizon"].format(days=scenario.days, start=scenario.start)

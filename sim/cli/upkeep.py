"""`whatif bench` and `whatif migrate`: for whoever looks after a machine or a folder of scenario files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sim.benchmarking import MEASURES
from sim.cli.options import Output, Whole, folder_option, output_options
from sim.cli.printing import answer
from sim.errors import UNREADABLE, UserError


@click.command()
@click.argument("measures", metavar="[MEASURE…]", nargs=-1, type=click.Choice(MEASURES))
@click.option("--repeats", type=Whole(1, 99), default=5, show_default=True, help="Runs of which each figure is the median.")
@click.option("--quick", is_flag=True, help="Smaller sizes, and no long run: a first impression in a minute.")
@click.option("--full", is_flag=True, help="A sweep of 200 scenarios x 10,000 draws, and the peak of 1,000,000 draws.")
@output_options
def bench(*, measures: tuple[str, ...], repeats: int, quick: bool, full: bool, output: Output) -> None:
    """Measure speed, memory and precision on this machine.

    MEASURE is throughput, slider, cold, sweep, memory, accuracy or referee; without one, all of them. A duration is also given in
    units, a piece of plain NumPy work that is timed in the same rounds, so that figures of two machines can be compared.
    """
    if quick and full:
        raise UserError("--quick and --full exclude each other; give one of them.")
    from sim.benchmarking.clock import UNIT_SAYS, Sizes, machine
    from sim.benchmarking.measures import measured
    from sim.texts import words

    say = words(output.lang)
    found_on = machine()
    sizes = Sizes.quick(repeats) if quick else Sizes.full(repeats) if full else Sizes(repeats=repeats)
    figures, unit = measured(
        list(dict.fromkeys(measures)), sizes, note=lambda name: output.note(say["bench.measuring"].format(name=say[f"bench.{name}"]))
    )
    rows = [figure.row() for figure in figures]
    data = {"machine": found_on, "unit": {"seconds_per_draw": unit, "what": UNIT_SAYS}, "repeats": repeats, "figures": rows}

    def text() -> str:
        return bench_view(data, language=output.lang)

    answer(output.format, data=data, rows=lambda: rows, text=text)


def bench_view(data: Mapping[str, Any], *, language: str) -> str:
    from sim.tables import table
    from sim.texts import words

    say = words(language)
    rows = []
    for row in data["figures"]:
        wanted = f"≥ {row['at_least']:,g}" if row["at_least"] is not None else ""
        wanted = f"≤ {row['at_most']:,.3g}" if row["at_most"] is not None else wanted
        spread = "" if row["lowest"] is None else f"{_number(row['lowest'])} … {_number(row['highest'])}"
        rows.append(
            (
                say[f"bench.{row['measure']}"], row["figure"], _number(row["value"]), row["unit"], spread,
                "" if row["in_units"] is None else _number(row["in_units"]), wanted,
                "" if row["reached"] is None else say["say.yes" if row["reached"] else "say.no"], row["note"],
            )
        )
    head = [say[key] for key in ("bench.measure", "head.name", "head.value", "head.unit", "bench.spread", "bench.units", "bench.wanted",
                                 "head.reached", "bench.note")]
    on = data["machine"]
    load = "" if on["load"] is None else say["bench.load"].format(load=f"{on['load']:.2f}")
    lines = [
        say["bench.machine"].format(**{key: on[key] for key in ("processor", "cores", "system", "python", "numpy", "scipy")}) + load,
        say["bench.unit"].format(nanoseconds=f"{1e9 * data['unit']['seconds_per_draw']:,.0f}"),
        say["bench.median"].format(repeats=data["repeats"]),
    ]
    return "\n".join(lines) + "\n\n" + table(head, rows, right=(2, 4, 5, 6))


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


@click.command()
@click.argument("names", metavar="[SCENARIO…]", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@folder_option
@output_options
def migrate(*, names: tuple[str, ...], dry_run: bool, scenarios: str | None, output: Output) -> None:
    """Bring scenario files up to the schema of this version.

    Without names: all in the scenario folder. Comments survive, and a file that is changed is kept as it was beside the new one.
    """
    from sim.scenario import SCHEMA, migrating, scenario_folder, scenario_names

    references = names or scenario_names(scenarios)
    if not references:
        raise UserError(f"There are no scenario files (*.toml) in {scenario_folder(scenarios)}.", exit_code=UNREADABLE)
    rows = []
    for plan in migrating.planned(references, scenarios):
        backup = migrating.migrate(plan, scenarios) if plan.needed and not dry_run else None
        rows.append(
            {
                "scenario": plan.path.name.removesuffix(".toml"), "schema": plan.schema, "to": SCHEMA, "needed": plan.needed,
                "written": backup is not None, "backup": None if backup is None else str(backup),
            }
        )

    def text() -> str:
        return migrate_view(rows, language=output.lang)

    answer(output.format, data=rows, rows=lambda: rows, text=text)


def migrate_view(rows: Sequence[Mapping[str, Any]], *, language: str) -> str:
    from sim.texts import words

    say = words(language)
    lines = []
    for row in rows:
        key = "written" if row["written"] else "needed" if row["needed"] else "current"
        lines.append(say[f"migrate.{key}"].format(**{**row, "backup": Path(row["backup"] or "").name}))
    if not any(row["needed"] for row in rows):
        lines.append(say["migrate.nothing"])
    return "\n".join(lines)

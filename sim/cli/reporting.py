"""`whatif report`: scenarios as one HTML file or one workbook, the same tables in both."""

from __future__ import annotations

import datetime

import click

from sim.cli.options import LANGUAGES, Day, Output, World, folder_option, world_options
from sim.errors import UserError


@click.command()
@click.argument("names", metavar="SCENARIO…", nargs=-1, required=True)
@click.option("--out", "outs", multiple=True, required=True, metavar="FILE", help="A name that ends in .html or .xlsx; repeatable.")
@click.option("--base", metavar="BASE", help="What the plans are set against.  [default: the baseline of the same shop]")
@click.option(
    "--attribution", type=click.Choice(["auto", "full", "off"]), default="auto", show_default=True,
    help="What each lever brought: auto may take the first draws only where there are many levers, full may take forty times as long.",
)
@click.option(
    "--drivers", type=click.Choice(["on", "off"]), default="on", show_default=True, help="How much rests on assumptions, and on which.",
)
@click.option("--author", default="", metavar="NAME", help="Who made the report, for its stamp.")
@click.option("--date", "made_on", type=Day(), metavar="DATE", help="Date of its stamp.  [default: today]")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@world_options(workers_as_needed=True)
@folder_option
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the report.  [default: $WHATIF_LANG, else en]")
@click.option("--quiet", is_flag=True, help="No notes on stderr.")
def report(
    *, names: tuple[str, ...], outs: tuple[str, ...], base: str | None, attribution: str, drivers: str, author: str,
    made_on: datetime.date | None, overwrite: bool, world: World, scenarios: str | None, lang: str | None, quiet: bool,
) -> None:
    """Write one to six scenarios as a report: HTML or xlsx.

    Several stand side by side, too. The HTML file needs no network; the workbook holds all digits. --assume, --start and --days hold
    for all; --set moves levers of the plans, never of the base. Prints the paths written.
    """
    from sim.cli.progress import Meter
    from sim.report.making import computed, ensure_count, placed, placed_together, rendered, report_paths, usual_base
    from sim.scenario import load
    from sim.texts import usual_language, words

    ensure_count(len(names))
    paths = report_paths(outs, overwrite=overwrite)
    output = Output(lang=lang or usual_language(), quiet=quiet)
    say = words(output.lang)
    plans = [world.around(load(name, scenarios)) for name in names]
    before = usual_base(plans, scenarios) if base is None else load(base, scenarios)
    before = world.around(before, levers=False)
    before, plans = placed_together(plans, before)
    others = [plan.name for plan in plans if plan.shop != before.shop]
    if others:
        output.note(say["report.other_shop"].format(plans=", ".join(others)))
    with Meter(output, say) as progress:
        material = computed(
            plans, base=before, language=output.lang, attribution=None if attribution == "off" else attribution, drivers=drivers == "on",
            author=author, date=made_on, progress=progress, **world.drawing,
        )
    written = [(path, rendered(material, path.suffix.lower())) for path in paths]
    for path, data in written:
        try:
            placed(path, data)
        except UserError as error:
            done = [str(other) for other, _ in written[: [other for other, _ in written].index(path)]]
            says = f"{error.message} Written: {', '.join(done)}." if done else error.message
            raise UserError(says, exit_code=error.exit_code) from error
        click.echo(say["report.written"].format(path=path))

"""`whatif calibrate` and `whatif backtest`: a shop's own numbers, and how good their projections would have been."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import MOST_SEED, Output, Whole, new_file, output_options
from sim.cli.printing import answer
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.shops import Backtest, Calibration, ShopTable
    from sim.texts import Words


def shop_options(command: Callable) -> Callable:
    """How to read the file and handle what is odd, handed over as `reading` (a dict) and `asked`."""

    @functools.wraps(command)
    def gathering(*, maps, definitions, handles, sheet, **rest: Any) -> Any:
        reading = {
            "mapping": _pairs(maps, "--map", "HEADER=COLUMN"), "definitions": _pairs(definitions, "--definition", "KEY=VALUE"),
            "sheet": sheet,
        }
        return command(reading=reading, asked=_pairs(handles, "--handle", "FINDING=CHOICE"), **rest)

    options = (
        click.option("--map", "maps", multiple=True, metavar="HEADER=COLUMN",
                     help="What a column of the file is, such as 访客=sessions; nothing behind the sign leaves it out. Repeatable."),
        click.option("--definition", "definitions", multiple=True, metavar="KEY=VALUE",
                     help="What a column counts: orders=submitted|paid, refunds=by_success_date|by_application_date, "
                          "returns=by_event_date|by_order_date, sessions=viewers|page_visits; how cells are written: "
                          "date_order=day_first|month_first, decimal=point|comma, cadence=daily|weekly. Repeatable."),
        click.option("--handle", "handles", multiple=True, metavar="FINDING=CHOICE",
                     help="What to do about a finding: keep, drop_days, drop_column. Repeatable."),
        click.option("--sheet", metavar="NAME", help="Sheet of a workbook.  [default: the one whose headers are understood best]"),
    )
    for option in reversed(options):
        gathering = option(gathering)
    return gathering


@click.command()
@click.argument("data", metavar="DATA", required=False)
@click.option("--out", metavar="FILE.toml", help="Write the shop as a scenario, its joint draws beside it.")
@click.option("--event", "events", multiple=True, metavar="NAME=FROM..TO",
                 help="Dated days whose uplift is told apart; once more with dates ahead of the data, it comes again. Repeatable.")
@click.option("--days", type=Whole(1, 732), default=92, show_default=True, help="Horizon of the scenario, from the day after the data.")
@click.option("--seed", type=Whole(0, MOST_SEED), default=1, show_default=True, help="The same seed, the same draws.")
@click.option("--sample", metavar="FILE.csv", help="Write a shop made up for trying things out, and nothing else.")
@shop_options
@output_options
def calibrate(
    *, data: str | None, out: str | None, events: tuple[str, ...], days: int, seed: int, sample: str | None, reading: dict[str, Any],
    asked: dict[str, str], output: Output,
) -> None:
    """Fit the baseline to a shop's own numbers.

    DATA is a CSV or .xlsx with a row a day or a week. What is odd in it is named and handled; the figures come with intervals, and
    what the data cannot tell stays at the registry's range.
    """
    from sim.texts import words

    say = words(output.lang)
    if sample is not None:
        from sim.shops.samples import write_sample

        write_sample(sample, language=output.lang)
        output.note(say["shops.sample_written"].format(path=sample))
        return
    if data is None:
        raise UserError("whatif calibrate needs DATA, a CSV or .xlsx; --sample shop.csv writes one to try.")
    path = new_file(out)
    if path is not None and path.with_suffix(".parquet").exists():
        raise UserError(f"--out: {path.with_suffix('.parquet')} exists already; choose another name.")
    dated = [_event(event) for event in events]
    from sim.cli.progress import Meter
    from sim.shops import calibrate as fitted
    from sim.shops import read_shop, write_calibrated

    table = read_shop(data, **reading)
    with Meter(output, say) as progress:
        found = fitted(table, asked=asked, events=dated, days=days, seed=seed, progress=progress)
    if path is not None:
        write_calibrated(found, path)
    summary = as_data(found, path)
    answer(output.format, data=summary, rows=lambda: list(found.estimates), text=lambda: calibration_view(found, path, say))


@click.command()
@click.argument("data", metavar="DATA")
@click.option("--horizon", type=Whole(1, 366), default=28, show_default=True, help="Days to project (weeks of weekly data).")
@click.option("--origins", type=Whole(1, 50), default=5, show_default=True, help="From how many points in the past.")
@click.option("--seed", type=Whole(0, MOST_SEED), default=1, show_default=True, help="The same seed, the same draws.")
@shop_options
@output_options
def backtest(*, data: str, horizon: int, origins: int, seed: int, reading: dict[str, Any], asked: dict[str, str], output: Output) -> None:
    """How good a shop's projections would have been.

    Fitted again and again on the past alone and scored on what came then, beside simple rules: error, bias, weighted interval
    score, coverage. Step rates also given the true counts of the step before.
    """
    from sim.cli.progress import Meter
    from sim.shops import backtest as scored
    from sim.shops import read_shop
    from sim.texts import words

    say = words(output.lang)
    table = read_shop(data, **reading)
    with Meter(output, say) as progress:
        found = scored(table, horizon=horizon, origins=origins, asked=asked, seed=seed, progress=progress)
    if not found.smoothing:
        output.note(say["shops.no_smoothing"])
    if output.format != "table":
        from sim.wording.shops import finding_handled

        for finding, choice in zip(found.findings, found.handled, strict=True):
            output.note(finding_handled(finding, choice, say))
    answer(output.format, data=list(found.rows), rows=lambda: score_rows(found), text=lambda: backtest_view(found, table, say))


def as_data(found: Calibration, path: Path | None) -> dict[str, Any]:
    """What `whatif calibrate --format json` says."""
    table = found.table
    return {
        "file": table.name, "first": table.frame.index[0].date(), "last": table.frame.index[-1].date(), "step_days": table.step_days,
        "columns": dict(table.columns), "ignored": list(table.ignored), "definitions": dict(table.definitions), "encoding": table.encoding,
        "findings": [finding.to_json(choice) for finding, choice in zip(found.findings, found.handled, strict=True)],
        "estimates": list(found.estimates), "events": list(found.uplifts), "profile": dict(found.profile), "baseline": dict(found.baseline),
        "told": list(found.told), "assumed": list(found.assumed), "untold": list(found.untold),
        "draws": len(next(iter(found.posterior.values()))),
        "written": None if path is None else str(path),
    }


def calibration_view(found: Calibration, path: Path | None, say: Words) -> str:
    from sim.figures import MISSING, figure, interval
    from sim.parameters import registry
    from sim.tables import table as lines
    from sim.wording.shops import finding_handled, refunds_say, uplift_says

    odd = [f"- {finding_handled(f, choice, say)}" for f, choice in zip(found.findings, found.handled, strict=True)]
    rows = []
    for item in found.estimates:
        base, unit = item["unit"].partition("/")[0], "share" if item["unit"] == "share" else "count"
        label = say[f"shops.estimate.{item['what']}"]
        label += f" ({say.named('shops.column', base)})" if base in found.table.columns else f" ({base})" if base == "CNY" else ""
        ends = MISSING if item["p10"] == item["p90"] else interval(item["p10"], item["p90"], unit, say.language)
        rows.append((label, figure(item["p50"], unit, say.language), ends))
    comma = "、" if say.language == "zh" else ", "
    book = registry()
    uplifts = [uplift_says(item, say) for item in found.uplifts]
    named = {
        key: comma.join(book[name].label[say.language] for name in getattr(found, key) if name in book) for key in ("assumed", "untold")
    }
    told = [say["shops.informed"].format(told=len(found.told), untold=len(found.untold))]
    told += refunds_say(found, say)
    told += [say[f"shops.{key}"].format(names=names) for key, names in named.items() if names]
    done = say["shops.not_written"] if path is None else say["shops.written"].format(path=path, draws=path.with_suffix(".parquet").name)
    heads = [say[f"shops.{key}"] for key in ("head_what", "head_middle", "head_interval")]
    return "\n\n".join(part for part in (
        table_head(found.table, say), "\n".join([say["shops.findings"], *odd]) if odd else say["shops.no_findings"],
        lines(heads, rows, right=(1, 2)), "\n".join(uplifts), "\n".join(told), done,
    ) if part)


def table_head(table: ShopTable, say: Words) -> str:
    comma = "、" if say.language == "zh" else ", "
    names = comma.join(say.named("shops.column", name) for name in table.columns)
    unit = say["shops.days" if table.step_days == 1 else "shops.weeks"]
    said = ", ".join(f"{key}={value}" for key, value in table.definitions.items() if value not in ("clear", "seen"))
    lines = [say["shops.read"].format(
        name=table.name, steps=len(table.frame), unit=unit, first=table.frame.index[0].date(), last=table.frame.index[-1].date(),
        columns=names,
    )]
    if table.ignored:
        lines.append(say["shops.ignored"].format(headers=comma.join(table.ignored[:20])))
    return "\n".join([*lines, say["shops.defined"].format(said=said)])


def score_rows(found: Backtest) -> list[dict[str, Any]]:
    """A row for every series and every rival of it."""
    rows = []
    for row in found.rows:
        own = {key: row[key] for key in ("wape", "bias", "wis", "coverage80", "coverage95")}
        rows.append({"series": row["series"], "given": row["given"], "model": "own"} | own)
        for name, score in row["rivals"].items():
            rows.append({"series": row["series"], "given": row["given"], "model": name} | {key: score.get(key) for key in own})
    return rows


def backtest_view(found: Backtest, table: ShopTable, say: Words) -> str:
    from sim.figures import MISSING, compact, rate, signed
    from sim.tables import table as lines
    from sim.wording.shops import finding_handled, scores_say, series_text

    rows = []
    for row in found.rows:
        best = min(row["rivals"].items(), key=lambda item: item[1]["wis"], default=None)
        named = MISSING if best is None else f"{compact(best[1]['wis'], say.language)} ({say[f'shops.rival.{best[0]}']})"
        rows.append((
            series_text(row, say), rate(row["wape"]), signed(row["bias"], rate), compact(row["wis"], say.language), rate(row["coverage80"]),
            rate(row["coverage95"]), named,
        ))
    heads = [say[f"shops.head_{key}"] for key in ("series", "wape", "bias", "wis", "cover80", "cover95", "best")]
    odd = [f"- {finding_handled(f, choice, say)}" for f, choice in zip(found.findings, found.handled, strict=True)]
    unit = say["shops.days" if found.step_days == 1 else "shops.weeks"]
    asked = say["shops.backtest"].format(horizon=found.horizon, unit=unit, origins=len(found.origins))
    return "\n\n".join((
        table_head(table, say), "\n".join([say["shops.findings"], *odd]) if odd else say["shops.no_findings"], asked,
        lines(heads, rows, right=(1, 2, 3, 4, 5)), "\n".join([say["shops.lower"], *scores_say(found.rows, say)]),
    ))


def _pairs(texts: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.rpartition("=")
        if not sign or not key.strip():
            raise UserError(f'{option}: "{text}" is not {form}.')
        if found.get(key.strip(), value.strip()) != value.strip():
            raise UserError(f"{option}: {key.strip()} is said twice.")
        found[key.strip()] = value.strip()
    return found


def _event(text: str) -> Any:
    from datetime import date

    from sim.shops.calendars import Event

    name, sign, span = text.rpartition("=")
    first, dots, last = span.partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        start = end = None
    if not sign or not name.strip() or start is None or end < start:
        raise UserError(f'--event: "{text}" is not NAME=FROM..TO, such as 618=2024-06-01..2024-06-18.')
    return Event(name=name.strip().replace(".", "_"), start=start, end=end)


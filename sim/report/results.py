"""Tables of what comes out of a plan: figures, shares, leaks, returns, weeks, days, goals. Every figure is the outcome's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import planning
from sim.model import money
from sim.outcome import KPIS, Outcome, quantiles
from sim.report.table import Cell, Column, Table, bands, number
from sim.report.words import ABSOLUTE, kpi_label, title_of, with_unit
from sim.texts import Words
from sim.wording.planning import levers_of

if TYPE_CHECKING:
    from sim.analysis.attribution import Attribution
    from sim.analysis.comparing import Comparison

Row = Mapping[str, Any]
DELTA = ("mean", "p10", "p90")


def table(key: str, say: Words, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], **more: Any) -> Table:
    """A table whose title, note and short name stand in the catalogue."""
    return Table(
        key=key, title=say[f"report.{key}"], sheet=say[f"report.sheet_{key}"], note=say.get(f"report.note_{key}", ""),
        columns=tuple(columns), rows=tuple(tuple(row) for row in rows), **more,
    )


def interval_columns(head: str, unit: str, say: Words, *, change: bool = False) -> list[Column]:
    """Mean, p10 and p90."""
    return [
        Column(head=head, unit=unit, change=change), Column(head=f"{head} p10", unit=unit, change=change, band="p10"),
        Column(head=f"{head} p90", unit=unit, change=change, band="p90"),
    ]


# Figures


def kpi_table(comparison: Comparison | None, base: Outcome, plan: Outcome, say: Words) -> Table:
    """The headline figures; against a base also the paired difference and the chance of being better."""
    rows, units = [], []
    before = {row["kpi"]: row for row in base.kpi_rows()}
    differences = None if comparison is None else comparison.figures(plan)
    columns = [
        Column(head=say["head.quantity"]), Column(head=say["head.unit"], page=False), *interval_columns(say["head.mean"], "row", say),
        *(Column(head=name, unit="row", page=False) for name in ("p5", "p50", "p95")),
    ]
    if differences is not None:
        columns += [
            Column(head=say["report.base"], unit="row"), *interval_columns(say["head.change"], "row", say, change=True),
            Column(head=f"{say['head.change']} p50", unit="row", change=True, page=False),
            Column(head=say["head.relative"], unit="relative"), Column(head=say["head.better"], unit="chance"),
        ]
    for row in plan.kpi_rows():
        kpi = row["kpi"]
        label = kpi_label(kpi, say.language) if row["unit"].startswith("CNY") else KPIS[kpi].label[say.language]
        line: list[Cell] = [label, row["unit"], *bands(row), *bands(row, ("p5", "p50", "p95"))]
        if differences is not None:
            found = differences[kpi]
            share = None if row["unit"] == "share" or kpi in ABSOLUTE else number(found["relative"])
            line += [number(before[kpi]["mean"]), *bands(found["delta"], (*DELTA, "p50")), share, number(found["p_better"])]
        rows.append(line)
        units.append(row["unit"])
    return table("kpis", say, columns, rows, units=tuple(units))


def ratio_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    """The trade's own ratios and the service desk."""
    rows, units = [], []
    for now, before in zip(planning.planner_rows(plan), planning.planner_rows(base), strict=True):
        item = planning.PLANNER_FIGURES[now["figure"]]
        rows.append([item.label[say.language], now["unit"], *bands(now), number(before["mean"]), item.help[say.language]])
        units.append(now["unit"])
    for now, before in zip(planning.service_rows(plan), planning.service_rows(base), strict=True):
        if now["figure"] != "answered_30s":  # that one is among the ratios
            label = say[f"plan.{now['figure']}"]
            rows.append([f"{label}（秒）" if say.language == "zh" else f"{label}, s", now["unit"], *bands(now), number(before["mean"]), ""]
                        if now["unit"] == "s" else [label, now["unit"], *bands(now), number(before["mean"]), ""])
            units.append(now["unit"])
    columns = [
        Column(head=say["head.quantity"]), Column(head=say["head.unit"], page=False), *interval_columns(say["head.mean"], "row", say),
        Column(head=say["report.base"], unit="row"), Column(head=say["head.label"]),
    ]
    return table("ratios", say, columns, rows, units=tuple(units))


def money_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    """From net GMV to contribution: means over draws, costs below zero."""
    def lines(outcome: Outcome) -> dict[str, float]:
        return {name: sign * outcome.mean_of(f"total.money.{name}") for name, sign in money.LINES.items()}

    now, before = lines(plan), lines(base)
    rows: list[list[Cell]] = [[say[f"report.money_{name}"], now[name], before[name], now[name] - before[name]] for name in money.LINES]
    ends = [row["mean"] for outcome in (plan, base) for row in outcome.kpi_rows() if row["kpi"] == "contribution"]
    rows.append([KPIS["contribution"].label[say.language], *map(number, ends), number(ends[0] - ends[1])])
    columns = [
        Column(head=say["report.line"]), Column(head=with_unit(say["goals.plan"], "CNY", say.language), unit="CNY"),
        Column(head=with_unit(say["report.base"], "CNY", say.language), unit="CNY"),
        Column(head=with_unit(say["head.change"], "CNY", say.language), unit="CNY", change=True),
    ]
    return table("money", say, columns, rows, marked=frozenset({len(rows) - 1}))


def attribution_table(shares: Attribution, say: Words) -> Table:
    """Each contributor's fair share of the difference, the largest first; the sum last."""
    from sim.wording.attribution import contributor_label

    figures = ("net_gmv", "gmv", "contribution", "return_rate")
    in_turn = {row["lever"]: row["net_gmv"]["mean"] for row in shares.roll_out_rows()}
    rows = sorted(shares.rows(), key=lambda row: (-abs(row["net_gmv"]["mean"] or 0.0), row["lever"]))
    lines: list[list[Cell]] = [
        [contributor_label(row["lever"], shares.method.joined, say), *(cell for kpi in figures for cell in bands(row[kpi])),
         number(in_turn.get(row["lever"], 0.0))]
        for row in rows
    ]
    whole = shares.whole
    sums = (cell for kpi in figures for cell in (number(whole[kpi]), None, None))
    lines.append([say["attribution.all"], *sums, number(whole["net_gmv"])])
    columns = [Column(head=say["attribution.title"])]
    for kpi in figures:
        columns += interval_columns(kpi_label(kpi, say.language), KPIS[kpi].unit, say, change=True)
    columns.append(Column(head=say["report.in_turn"], unit="CNY", change=True))
    return table("attribution", say, columns, lines, marked=frozenset({len(lines) - 1}))


# Where it leaks, why it comes back


def leak_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    """Every cause, the mendable ones first and the worst of them on top."""
    before = {row["cause"]: row for row in base.leak_rows()}
    rows = sorted(plan.leak_rows(), key=lambda row: -(row["recoverable"]["net_gmv"]["mean"] or 0.0) if row["mendable"] else 1.0)
    lines = []
    for row in rows:
        gain = row["recoverable"] if row["mendable"] else None
        at_base = before[row["cause"]]["recoverable"]["net_gmv"]["mean"] if gain else None
        lines.append([
            say.named("cause", row["cause"]), say.named("stage", row["stage"]),
            *(bands(gain["net_gmv"]) if gain else (None,) * 3), number(at_base),
            gain["first"] if gain else None, *(bands(gain["gmv"]) if gain else (None,) * 3), row["lost"], before[row["cause"]]["lost"],
            levers_of(row["cause"], say) if gain else "",
        ])
    net, gross = with_unit(say["head.recoverable"], "CNY", say.language), with_unit(say["report.recoverable_gmv"], "CNY", say.language)
    columns = [
        Column(head=say["chart.cause"]), Column(head=say["head.stage"]), *interval_columns(net, "CNY", say),
        Column(head=say["report.base_recoverable"], unit="CNY"), Column(head=say["head.first"], unit="chance"),
        *(Column(head=column.head, unit="CNY", band=column.band, page=False) for column in interval_columns(gross, "CNY", say)),
        Column(head=say["chart.lost_shoppers"], unit="count"), Column(head=say["report.base_lost"], unit="count"),
        Column(head=say["plan.mends"]),
    ]
    return table("leaks", say, columns, lines)


def return_cause_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    now, before = plan.return_summary(), base.return_summary()
    rows = [
        [say.named("cause", cause), row["orders"], before["by_cause"][cause]["orders"], row["cny"], before["by_cause"][cause]["cny"]]
        for cause, row in now["by_cause"].items()
    ]
    rows.sort(key=lambda row: -row[3])
    return table("return_causes", say, _return_columns(say["chart.cause"], say), rows)


def return_category_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    now, before = plan.return_summary(), base.return_summary()
    rows = [
        [say.named("category", name), row["orders"], before["by_category"][name]["orders"], row["cny"],
         before["by_category"][name]["cny"], number(now["rate_by_category"][name]), number(before["rate_by_category"][name])]
        for name, row in now["by_category"].items()
    ]
    columns = [
        *_return_columns(say["chart.category"], say), Column(head=KPIS["return_rate"].label[say.language], unit="share"),
        Column(head=say["report.base_rate"], unit="share"),
    ]
    return table("return_categories", say, columns, rows)


def _return_columns(head: str, say: Words) -> list[Column]:
    cny = with_unit(KPIS["refunds"].label[say.language], "CNY", say.language)
    return [
        Column(head=head), Column(head=say["chart.returned_orders"], unit="orders"),
        Column(head=say["report.base_returned"], unit="orders"),
        Column(head=cny, unit="CNY"), Column(head=say["report.base_refunds"], unit="CNY"),
    ]


def return_cell_table(plan: Outcome, say: Words) -> Table:
    """Category by cause, a row per pair; the HTML file has it as a chart."""
    rows = [
        [say["chart.all_categories"] if row["category"] == "all" else say.named("category", row["category"]),
         say.named("cause", row["cause"]), row["orders"], number(row["share"])]
        for row in planning.return_cells(plan)
    ]
    columns = [
        Column(head=say["chart.category"]), Column(head=say["chart.cause"]), Column(head=say["chart.returned_orders"], unit="orders"),
        Column(head=say["chart.of_shipped"], unit="share"),
    ]
    return table("return_cells", say, columns, rows, pages=False)


# Over time


def period_table(base: Outcome, plan: Outcome, by: str, say: Words) -> Table:
    rows = []
    for row, before in zip(planning.period_rows(plan, by), planning.period_rows(base, by), strict=True):
        triples = (cell for name in ("gmv", "net_gmv", "return_rate") for cell in bands(row, (name, f"{name}_p10", f"{name}_p90")))
        rows.append([row["first"], row["last"], row["days"], row["viewers"], row["orders"], *triples, row["refunds"],
                     before["net_gmv"], number(before["return_rate"])])
    columns = [
        Column(head=say["report.first"], unit="date"), Column(head=say["report.last"], unit="date"),
        Column(head=say["table.days"], unit="days", page=False), Column(head=say["table.viewers"], unit="viewers"),
        Column(head=say["table.orders"], unit="orders"), *interval_columns(say["table.gmv"], "CNY", say),
        *interval_columns(say["table.net_gmv"], "CNY", say), *interval_columns(say["table.return_rate"], "share", say),
        Column(head=say["table.refunds"], unit="CNY"), Column(head=say["report.base_net"], unit="CNY"),
        Column(head=say["report.base_rate"], unit="share"),
    ]
    return table(f"{by}s", say, columns, rows)


def daily_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    """A row per order date: p10, p50 and p90 over draws; for the workbook alone."""
    names = {"gmv": "CNY", "net_gmv": "CNY", "return_rate": "share"}
    series = {name: planning.fan(plan, name) for name in names}
    before = {name: planning.fan(base, name) for name in names}
    more = {name: quantiles(plan.day(name), (0.1, 0.5, 0.9)) for name in ("refunds_by_date", "orders", "viewers", "wait_s")}
    paired = planning.fan(plan, "net_gmv", against=base)
    columns = [Column(head=say["chart.date"], unit="date")]
    heads = {name: say[f"table.{name}"] for name in names} | {
        "refunds_by_date": say["report.refunds_by_date"], "orders": say["table.orders"], "viewers": say["table.viewers"],
        "wait_s": say["report.wait_s"],
    }
    units = names | {"refunds_by_date": "CNY", "orders": "orders", "viewers": "viewers", "wait_s": "s"}
    for name in (*names, *more):
        columns += [Column(head=f"{heads[name]} {band}", unit=units[name]) for band in ("p10", "p50", "p90")]
    columns += [Column(head=f"{say['report.base']}: {heads[name]} p50", unit=units[name]) for name in names]
    columns += [Column(head=f"{say['report.net_delta']} {band}", unit="CNY", change=True) for band in ("p10", "p50", "p90")]
    dates = [planning.timedelta(days=day) + plan.scenario.start for day in range(plan.scenario.days)]
    rows = [
        [day, *(number(series[name][i][band]) for name in names for band in ("p10", "p50", "p90")),
         *(number(cut[k, i]) for cut in more.values() for k in range(3)), *(number(before[name][i]["p50"]) for name in names),
         *(number(paired[i][band]) for band in ("p10", "p50", "p90"))]
        for i, day in enumerate(dates)
    ]
    return table("days", say, columns, rows, pages=False)


# Goals, channels, categories


def goal_table(plan: Outcome, say: Words) -> Table:
    means, rows, units = {row["kpi"]: row for row in plan.kpi_rows()}, [], []
    for goal in plan.goal_rows():
        sense = "≥" if goal["sense"] == "at_least" else "≤"
        asked = say["say.on_mean"] if goal["probability"] is None else goal["probability"]
        rows.append([kpi_label(goal["kpi"], say.language), sense, goal["target"], *bands(means[goal["kpi"]]), asked, goal["share"],
                     ("✓ " if goal["reached"] else "✗ ") + say["say.yes" if goal["reached"] else "say.no"]])
        units.append(KPIS[goal["kpi"]].unit)
    columns = [
        Column(head=say["head.goal"]), Column(head=say["report.sense"]), Column(head=say["head.target"], unit="row"),
        *interval_columns(say["goals.plan"], "row", say), Column(head=say["head.asked"], unit="chance"),
        Column(head=say["head.met"], unit="chance"), Column(head=say["head.reached"]),
    ]
    return table("goals", say, columns, rows, units=tuple(units))


def goal_month_table(plan: Outcome, say: Words) -> Table:
    rows, units = [], []
    for row in planning.goal_months(plan):
        rows.append([f"{row['first']:%Y-%m}", kpi_label(row["kpi"], say.language), "≥" if row["sense"] == "at_least" else "≤",
                     row["target"], *bands(row), row["share"]])
        units.append(KPIS[row["kpi"]].unit)
    columns = [
        Column(head=say["goals.month"]), Column(head=say["head.goal"]), Column(head=say["report.sense"]),
        Column(head=say["head.target"], unit="row"), *interval_columns(say["goals.plan"], "row", say),
        Column(head=say["head.met"], unit="chance"),
    ]
    return table("goal_months", say, columns, rows, units=tuple(units))


def channel_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    return _by_place("channels", "channel", lambda outcome: outcome.channel_rows(), base, plan, say)


def category_table(base: Outcome, plan: Outcome, say: Words) -> Table:
    return _by_place("categories", "category", lambda outcome: outcome.category_rows(), base, plan, say)


def _by_place(key: str, family: str, rows_of: Callable[[Outcome], list[dict[str, Any]]], base: Outcome, plan: Outcome, say: Words) -> Table:
    rows = [
        [say.named(family, row["name"]), row["viewers"], row["orders"], row["gmv"], row["net_gmv"], before["net_gmv"],
         row["net_gmv"] - before["net_gmv"]]
        for row, before in zip(rows_of(plan), rows_of(base), strict=True)
    ]
    columns = [
        Column(head=say[f"report.{family}"]), Column(head=say["table.viewers"], unit="viewers"),
        Column(head=say["table.orders"], unit="orders"), Column(head=say["table.gmv"], unit="CNY"),
        Column(head=say["table.net_gmv"], unit="CNY"), Column(head=say["report.base_net"], unit="CNY"),
        Column(head=say["report.net_delta"], unit="CNY", change=True),
    ]
    return table(key, say, columns, rows)


# Several plans


def side_by_side(comparison: Comparison, say: Words) -> Table:
    """A row per figure: the base, then each plan's mean, its paired difference and the chance of being better."""
    before = {row["kpi"]: row for row in comparison.base.kpi_rows()}
    columns = [Column(head=say["head.quantity"]), Column(head=say["report.base"], unit="row")]
    figures = []
    for plan in comparison.plans:
        name = title_of(plan.scenario, say)
        figures.append((comparison.figures(plan), {row["kpi"]: row for row in plan.kpi_rows()}))
        columns += [
            Column(head=f"{name}: {say['head.mean']}", unit="row", page=False),
            *interval_columns(name, "row", say, change=True), Column(head=say["report.better_of"].format(plan=name), unit="chance"),
        ]
    rows = [
        [kpi_label(kpi, say.language), number(before[kpi]["mean"]),
         *(cell for differences, now in figures
           for cell in (number(now[kpi]["mean"]), *bands(differences[kpi]["delta"]), number(differences[kpi]["p_better"])))]
        for kpi in KPIS
    ]
    return table("side", say, columns, rows, units=tuple(item.unit for item in KPIS.values()), pages=False)


def overview(comparison: Comparison, say: Words) -> Table:
    """All options on a few lines: what each brings against the base, and how often it is the best of all in the same world."""
    from sim.analysis.choosing import Choice

    everyone = (comparison.base, *comparison.plans)
    values = np.stack([outcome.kpi("net_gmv") for outcome in everyone])
    first = Choice(kpi="net_gmv", names=tuple(map(str, range(len(everyone)))), values=values).best_share
    rows: list[list[Cell]] = []
    for outcome, share in zip(everyone, first, strict=True):
        means = {row["kpi"]: number(row["mean"]) for row in outcome.kpi_rows()}
        if outcome is comparison.base:
            changes: list[Cell] = [None] * 10
        else:
            found = comparison.figures(outcome)
            changes = [cell for kpi in ("net_gmv", "return_rate", "contribution") for cell in bands(found[kpi]["delta"])]
            changes.append(number(found["net_gmv"]["p_better"]))
        net, returns, left, better = changes[:3], changes[3:6], changes[6:9], changes[9]
        rows.append([
            title_of(outcome.scenario, say), means["net_gmv"], *net, means["return_rate"], *returns, *left, means["plan_cost"], better,
            float(share),
        ])
    labels = {kpi: kpi_label(kpi, say.language) for kpi in ("net_gmv", "return_rate", "contribution", "plan_cost")}
    changed = {kpi: say["report.change_of"].format(kpi=label) for kpi, label in labels.items()}
    columns = [
        Column(head=say["head.scenario"]), Column(head=labels["net_gmv"], unit="CNY"),
        *interval_columns(changed["net_gmv"], "CNY", say, change=True), Column(head=labels["return_rate"], unit="share"),
        *interval_columns(changed["return_rate"], "share", say, change=True),
        *interval_columns(changed["contribution"], "CNY", say, change=True), Column(head=labels["plan_cost"], unit="CNY"),
        Column(head=say["report.better_net"], unit="chance"), Column(head=say["report.best_net"], unit="chance"),
    ]
    return table("overview", say, columns, rows)

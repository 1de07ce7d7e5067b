"""What a report is made of: outcomes that are already computed -> stamp, words and tables. Nothing here draws or writes.

The page and the workbook are two renderings of one `ReportMaterial`, so that they cannot differ.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.analysis.comparing import Comparison
from sim.errors import UserError
from sim.outcome import Outcome
from sim.report import inputs, results
from sim.report.table import Table, clean, stacked
from sim.report.words import Tile, alone_in_words, horizon_of, plan_in_words, question_of, tiles, title_of
from sim.scenario import Scenario
from sim.texts import Words, words

if TYPE_CHECKING:
    from sim.analysis.attribution import Attribution
    from sim.analysis.sensitivity import Sensitivity

MOST_PLANS = 6


@dataclass(frozen=True, kw_only=True)
class PlanPart:
    """One plan of a report. `same`: it is the base itself, and there is nothing to set it against.

    shop: of a calibrated shop, how good its projections would have been, and whose prices its levers have.
    """

    outcome: Outcome
    title: str
    question: str
    notes: str
    same: bool
    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]
    shares: Attribution | None
    drivers: Sensitivity | None
    shop: tuple[str, ...] = ()

    def table(self, key: str) -> Table:
        return next(table for table in self.tables if table.key == key)


@dataclass(frozen=True, kw_only=True)
class ReportMaterial:
    """`stamp`: what the figures depend on, and who made them when: (label, text). `shared`: tables of all plans together."""

    language: str
    date: datetime.date
    title: str
    base: Outcome
    plans: tuple[PlanPart, ...]
    comparison: Comparison
    stamp: tuple[tuple[str, str], ...]
    before: tuple[Table, ...]
    shared: tuple[Table, ...]

    @property
    def say(self) -> Words:
        return words(self.language)

    @property
    def alone(self) -> bool:
        """Is the base all there is?"""
        return all(plan.same for plan in self.plans)

    def tables(self) -> tuple[Table, ...]:
        """Every table once: those of several plans one under the other, the plan in front."""
        keys = dict.fromkeys(table.key for plan in self.plans for table in plan.tables)
        found = []
        for key in keys:
            having = [plan for plan in self.plans if any(table.key == key for table in plan.tables)]
            names = _distinct([plan.title for plan in having], [plan.outcome.scenario.name for plan in having])
            tables = [plan.table(key) for plan in having]
            if len(self.plans) == 1 or len(tables) > 1:
                found.append(stacked(tables, names, self.say["head.scenario"]))
            else:  # one of several plans: its name must stand there
                found.append(stacked([tables[0], _empty(tables[0])], [names[0], ""], self.say["head.scenario"]))
        return (*self.before, *found, *self.shared)

    def table(self, key: str) -> Table:
        """The table of that key, as `tables` has it."""
        return next(table for table in self.tables() if table.key == key)


def _empty(table: Table) -> Table:
    from dataclasses import replace

    return replace(table, rows=(), units=(), marked=frozenset())


def _distinct(titles: Sequence[str], names: Sequence[str]) -> list[str]:
    """Titles, with the file's name behind those that two plans have."""
    return [title if titles.count(title) == 1 else f"{title} ({name})" for title, name in zip(titles, names, strict=True)]


def report_material(
    base: Outcome, plans: Sequence[Outcome], *, language: str, date: datetime.date, author: str = "",
    attributions: Sequence[Attribution | None] = (), drivers: Sequence[Sensitivity | None] = (),
) -> ReportMaterial:
    """The material of a report on plans against their base, all on the same draws and days.

    A plan that is the base's own scenario is reported alone. `attributions` and `drivers` (what moves the difference in net GMV, or
    net GMV itself where there is no difference) one per plan, None or nothing where they were not worked out. `date` and `author`
    stand in the stamp. Raises UserError where there is no plan, or more than six, or they are not on the same draws and days.
    """
    if not 1 <= len(plans) <= MOST_PLANS:
        raise UserError(f"A report is on one to {MOST_PLANS} scenarios, not on {len(plans)}.")
    for plan in plans:
        if _drawn(plan) != _drawn(base):
            raise UserError(f'"{plan.scenario.name}" and "{base.scenario.name}" are not on the same days and draws; a report needs that.')
    say = words(language)
    comparison = Comparison(base=base, plans=tuple(plans))
    parts = tuple(
        _part(comparison, plan, attributions[i] if attributions else None, drivers[i] if drivers else None, say)
        for i, plan in enumerate(plans)
    )
    several = len(parts) > 1
    scenarios = [base.scenario, *(plan.scenario for plan in plans)]
    owners = list({scenario.digest: scenario for scenario in scenarios}.values())
    return ReportMaterial(
        language=language, date=date, title=parts[0].title if not several else say["report.several"].format(count=len(parts)),
        base=base, plans=parts, comparison=comparison, stamp=_stamp(base, parts, author=author, date=date, say=say),
        before=(results.overview(comparison, say), results.side_by_side(comparison, say)) if several else (),
        shared=(
            inputs.assumption_table(owners, say), inputs.contradiction_table(say), inputs.fact_table(say), inputs.study_table(say),
        ),
    )


def _drawn(outcome: Outcome) -> tuple[object, ...]:
    return outcome.draws, outcome.seed, outcome.noise, outcome.central, outcome.scenario.start, outcome.scenario.days


def _part(comparison: Comparison, plan: Outcome, shares: Attribution | None, drivers: Sensitivity | None, say: Words) -> PlanPart:
    base = comparison.base
    same = plan.scenario.digest == base.scenario.digest
    against = None if same else comparison
    differences = None if same else comparison.figures(plan)
    sentences = alone_in_words(plan, say) if differences is None else plan_in_words(base, plan, differences, shares, say)
    if drivers is not None and drivers.complete:
        from sim.wording.drivers import drivers_in_words

        sentences += drivers_in_words(drivers.to_json()["kpis"][0], say, paired=not same)
    found = [results.kpi_table(against, base, plan, say)]
    if not same:
        found += [inputs.lever_table(base.scenario, plan, say), inputs.difference_table(base.scenario, plan.scenario, say)]
    if shares is not None and shares.names:
        found.append(results.attribution_table(shares, say))
    found += [results.goal_table(plan, say), results.goal_month_table(plan, say)]
    if drivers is not None and drivers.complete and drivers.figures[0].defined:
        found += [inputs.grade_table(drivers, say), inputs.driver_table(drivers, say)]
    found += [
        results.leak_table(base, plan, say), results.return_cause_table(base, plan, say), results.return_category_table(base, plan, say),
        results.return_cell_table(plan, say), results.money_table(base, plan, say), results.ratio_table(base, plan, say),
        results.period_table(base, plan, "month", say), results.period_table(base, plan, "week", say),
        results.channel_table(base, plan, say), results.category_table(base, plan, say), results.daily_table(base, plan, say),
    ]
    return PlanPart(
        outcome=plan, title=title_of(plan.scenario, say), question=question_of(plan.scenario, say), notes=clean(plan.scenario.notes),
        same=same, sentences=tuple(sentences), tiles=tiles(plan.kpi_rows(), base.kpi_rows(), differences, say),
        tables=tuple(table for table in found if table.rows), shares=shares, drivers=drivers,
        shop=_shop(plan.scenario, say),
    )


def _shop(scenario: Scenario, say: Words) -> tuple[str, ...]:
    if scenario.posterior is None:
        return ()
    from sim.shops.score_files import score_of
    from sim.wording.shop_scores import prices_in_words, score_in_words

    return tuple(filter(None, (score_in_words(score_of(scenario), say), prices_in_words([scenario], say))))


def _stamp(base: Outcome, parts: Sequence[PlanPart], *, author: str, date: datetime.date, say: Words) -> tuple[tuple[str, str], ...]:
    def named(outcome: Outcome) -> str:
        scenario = outcome.scenario
        by = f" · {clean(scenario.author)}" if scenario.author else ""
        return f"{title_of(scenario, say)} · {clean(scenario.name)}{by} · {scenario.digest}"

    lines = [(say["head.scenario"], named(part.outcome)) for part in parts]
    if not all(part.same for part in parts):
        lines.append((say["report.base"], named(base)))
    lines += [
        (say["report.days_of"], horizon_of(base.scenario, say)),
        (say["report.draws"], f"{base.draws:,}"),
        (say["report.seed"], str(base.seed)),
        (say["report.noise"], say["report.noise_on" if base.noise else "report.noise_off"]),
        (say["report.version"], base.version),
        (say["report.date"], date.isoformat()),
        (say["report.author"], clean(author) or "–"),
        (say["app.language"], say["report.this_language"]),
    ]
    if base.detail_draws < base.draws:
        lines.append((say["report.detail"], f"{base.detail_draws:,}"))
    return tuple(lines)

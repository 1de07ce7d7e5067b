"""Answers as tables: from the dictionaries that --format json prints to lines that a planner reads. Pure functions to text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.figures import MISSING, chance, change, change_interval, exact, figure, interval, relative
from sim.tables import shorten, table
from sim.texts import Words, words
from sim.wording.refusals import in_language

Row = Mapping[str, Any]


_KPI_UNITS = {"CNY": {"en": "CNY", "zh": "元"}, "CNY/order": {"en": "CNY", "zh": "元"}, "orders": {"zh": "单"}}


def _unit(unit: str, language: str) -> str:
    from sim.parameters import UNITS

    return UNITS[unit][language] if unit in UNITS else unit


def kpi_label(kpi: str, unit: str, language: str) -> str:
    """ "Net GMV, CNY"; rates and bare factors say their unit in the figure."""
    from sim.outcome import KPIS

    name = KPIS[kpi].label[language] if kpi in KPIS else kpi
    unit = _KPI_UNITS.get(unit, {}).get(language, "")
    if not unit:
        return name
    return f"{name}（{unit}）" if language == "zh" else f"{name}, {unit}"


def drawn(*, central: bool, draws: int, seed: int, say: Words) -> str:
    return say["say.central"] if central else say["say.drawn"].format(draws=f"{draws:,}", seed=seed)


def run_view(outcome: Row, *, title: str, question: str, horizon: str, central: bool, language: str) -> str:
    """KPIs with their 80 % intervals, goals, and where it leaks (the mendable causes, the dearest first)."""
    say = words(language)
    blocks = [
        "\n".join(
            line
            for line in (title, question, f"{horizon} · {drawn(central=central, draws=outcome['draws'], seed=outcome['seed'], say=say)}")
            if line
        ),
        _kpis(outcome["kpis"], say, central=central),
    ]
    if outcome.get("goals"):
        blocks.append(_goals(outcome["goals"], outcome["kpis"], say))
    if outcome.get("leaks"):
        blocks.append(_leaks(outcome["leaks"], say, central=central))
    return "\n\n".join(blocks)


def _kpis(kpis: Mapping[str, Row], say: Words, *, central: bool) -> str:
    rows = [
        (
            kpi_label(name, kpi["unit"], say.language),
            figure(kpi["mean"], kpi["unit"], say.language),
            interval(kpi["p10"], kpi["p90"], kpi["unit"], say.language),
        )
        for name, kpi in kpis.items()
    ]
    if central:  # one lane has no interval
        return table(("", say["head.value"]), [row[:2] for row in rows], right=(1,))
    return table(("", say["head.mean"], say["head.interval"]), rows, right=(1,))


def _goals(goals: Sequence[Row], kpis: Mapping[str, Row], say: Words) -> str:
    rows = [
        (
            kpi_label(goal["kpi"], kpis[goal["kpi"]]["unit"], say.language),
            ("≥ " if goal["sense"] == "at_least" else "≤ ") + figure(goal["target"], kpis[goal["kpi"]]["unit"], say.language),
            say["say.on_mean"] if goal["probability"] is None else chance(goal["probability"], say.language),
            chance(goal["share"], say.language),
            say["say.yes" if goal["reached"] else "say.no"],
        )
        for goal in goals
    ]
    head = ("head.goal", "head.target", "head.asked", "head.met", "head.reached")
    return table([say[key] for key in head], rows, right=(1, 2, 3))


def _leaks(leaks: Sequence[Row], say: Words, *, central: bool) -> str:
    mendable = [leak for leak in leaks if leak["mendable"]]
    mendable.sort(key=lambda leak: -(leak["recoverable"]["net_gmv"]["mean"] or 0.0))
    rows = []
    for leak in mendable:
        gain = leak["recoverable"]["net_gmv"]
        rows.append(
            (
                say.named("cause", leak["cause"]),
                say.named("stage", leak["stage"]),
                figure(leak["lost"], "count", say.language),
                figure(gain["mean"], "CNY", say.language),
                interval(gain["p10"], gain["p90"], "CNY", say.language),
                chance(leak["recoverable"]["first"], say.language),
            )
        )
    head = [say[key] for key in ("head.leak", "head.stage", "head.lost", "head.recoverable", "head.interval", "head.first")]
    if central:
        return table(head[:4], [row[:4] for row in rows], right=(2, 3))
    return table(head, rows, right=(2, 3, 5))


def compare_view(
    comparison: Row, *, base_title: str, titles: Sequence[str], setting: str, language: str, after: Sequence[str] = ()
) -> str:
    """For every plan: the base's mean, the paired change, its interval, and the chance of being better; then what stands in `after`."""
    from sim.outcome import KPIS

    say = words(language)
    units, directions = {name: kpi.unit for name, kpi in KPIS.items()}, {name: kpi.direction for name, kpi in KPIS.items()}
    before = {name: kpi["mean"] for name, kpi in comparison["base"]["kpis"].items()}
    blocks = []
    for place, (title, plan) in enumerate(zip(titles, comparison["plans"], strict=True)):
        rows = []
        for name, row in plan["kpis"].items():
            unit, delta = units.get(name, ""), row["delta"]
            of_base = unit != "share" and (before[name] or 0.0) > 0.0  # a percentage of a loss says nothing
            rows.append(
                (
                    kpi_label(name, unit, language),
                    figure(before[name], unit, language),
                    change(delta["mean"], unit, language),
                    relative(row["relative"], language) if of_base else "",
                    change_interval(delta["p10"], delta["p90"], unit, language),
                    chance(row["p_better"], language) if directions.get(name) else "",
                )
            )
        head = ("", shorten(base_title, 24), say["head.change"], say["head.relative"], say["head.interval"], say["head.better"])
        blocks.append(f"{say['say.against'].format(plan=title, base=base_title)}\n{setting}\n\n" + table(head, rows, right=(1, 2, 3, 5)))
        blocks += [text for text in after[place : place + 1] if text]
    return "\n\n".join(blocks)


def diff_view(differences: Sequence[Row], *, language: str) -> str:
    say = words(language)
    if not differences:
        return say["say.no_difference"]
    rows = [
        (
            say.named("kind", row["kind"]),
            row["name"],
            row["field"],
            *(exact(row[side][:12] if row["kind"] == "posterior" and row[side] else row[side]) for side in ("before", "after")),
            _unit(row["unit"] or "", language),
        )
        for row in differences
    ]
    return table([say[f"head.{key}"] for key in ("kind", "name", "field", "before", "after", "unit")], rows, right=(3, 4))


def facts_view(facts: Sequence[Row], *, language: str) -> str:
    """Every figure of the document beside what the model makes of it, and a closing count."""
    say = words(language)
    rows = [
        (
            fact["id"],
            shorten(str(fact["quantity"]), 44),
            shorten(exact(fact["document_value"]), 24),
            shorten(_model_value(fact["model_value"]), 24),
            fact["unit"] or "",
            say.named("role", fact["role"]),
            say.named("status", fact["status"]),
            fact["parameter"] or "",
        )
        for fact in facts
    ]
    keys = ("id", "quantity", "document", "model", "unit", "role", "status", "parameter")
    count = {status: sum(fact["status"] == status for fact in facts) for status in ("used", "reproduced", "shown")}
    return table([say[f"head.{key}"] for key in keys], rows, right=(2, 3)) + "\n\n" + say["say.first_facts"].format(**count)


def _model_value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(_model_value(item) for item in value)
    return exact(value)


def params_view(parameters: Sequence[Row], *, language: str) -> str:
    say = words(language)
    rows = []
    for parameter in parameters:
        low, high = parameter["low"], parameter["high"]
        rows.append(
            (
                parameter["name"],
                shorten(parameter["label"][language], 40),
                say.named("role", parameter["role"]),
                shorten(exact(parameter["value"]), 22),
                _unit(parameter["unit"], language),
                MISSING if low is None else f"{exact(low)} … {exact(high)}",
                f"{exact(parameter['bounds'][0])} … {exact(parameter['bounds'][1])}",
                parameter["source"],
                say.named("grade", parameter["grade"]),
            )
        )
    keys = ("name", "label", "role", "value", "unit", "range", "bounds", "source", "grade")
    return table([say[f"head.{key}"] for key in keys], rows, right=(3,))


def check_view(results: Sequence[Row], *, language: str) -> str:
    from sim.analysis.checking import holds

    say = words(language)
    failed = [row for row in results if not holds(row)]
    rows = [
        (row["scenario"], row["identity"], MISSING if row["worst_relative"] is None else f"{row['worst_relative']:.1e}",
         exact(row["draw"]), say["say.yes" if holds(row) else "say.no"])
        for row in results
    ]
    verdict = say["say.some_fail"].format(failed=len(failed), checked=len(results)) if failed else say["say.all_hold"]
    return table([say[f"head.{key}"] for key in ("scenario", "identity", "worst", "draw", "holds")], rows, right=(2, 3)) + "\n\n" + verdict


def validate_view(results: Sequence[Row], *, language: str) -> str:
    say = words(language)
    rows = [
        (
            row["scenario"], say["say.yes" if row["valid"] else "say.no"],
            shorten(row["title"], 80) or in_language(row["problem"], language), row["digest"][:12],
        )
        for row in results
    ]
    return table([say[f"head.{key}"] for key in ("scenario", "valid", "title", "digest")], rows)



"""A report's charts: the same functions as on the pages, fixed to the width of a sheet, as Vega-Lite that a file can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from sim import charts, planning
from sim.charts.attribution import waterfall
from sim.figures import chance
from sim.outcome import KPIS
from sim.report.material import PlanPart, ReportMaterial
from sim.report.table import clean
from sim.report.words import finite, paragraph
from sim.texts import Words
from sim.wording.attribution import contributor_label, method_says
from sim.wording.planning import change_with_interval, event_rows, levers_of, rank_line

WIDTH = 950  # pixels; on A4 a chart is made smaller as a whole
FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
INK, FAINT, GRID = "#1B2126", "#5F6B75", "#E3E8EC"
COMPARED = ("net_gmv", "gmv", "return_rate", "contribution")
MOST_STEPS = 14


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart with what stands over and under it. `spec`: Vega-Lite; the same for the same material, byte for byte."""

    key: str
    title: str
    note: str
    spec: dict[str, Any]


def look(material: ReportMaterial) -> dict[str, Any]:
    return {"language": material.language, "colours": charts.LIGHT}


def compared(material: ReportMaterial) -> list[Picture]:
    """Paired differences of several plans, a chart per figure that is defined in all of them."""
    say, comparison, found = material.say, material.comparison, []
    for kpi in COMPARED:
        if not all(finite(outcome, kpi) for outcome in (comparison.base, *comparison.plans)):
            continue
        rows = []
        for number, part in enumerate(material.plans):
            row = comparison.figures(part.outcome)[kpi]
            better = chance(row["p_better"], material.language)
            text = change_with_interval(row["delta"], KPIS[kpi].unit, material.language)
            title = part.title if [other.title for other in material.plans].count(part.title) == 1 else f"{number + 1}. {part.title}"
            rows.append({"plan": title, **row["delta"], "label": text, "chance": better,
                         "better": (row["delta"]["mean"] or 0.0) * KPIS[kpi].direction >= 0})
        drawing = charts.deltas(rows, unit=KPIS[kpi].unit, **look(material))
        title = say["report.compared"].format(kpi=KPIS[kpi].label[material.language])
        found.append(_picture(f"compared_{kpi}", title, say["report.note_compared"] if not found else "", drawing))
    return found


def of_plan(material: ReportMaterial, part: PlanPart, number: int) -> dict[str, Picture]:
    """The charts of one plan by name; what there is nothing to draw for is left out."""
    say, base, plan = material.say, material.base, part.outcome
    more, found = look(material), {}

    def add(name: str, title: str, note: str, drawing: alt.LayerChart) -> None:
        found[name] = _picture(f"{name}_{number}", title, note, drawing)

    if part.shares is not None and part.shares.names and finite(base, "net_gmv") and finite(plan, "net_gmv"):
        add("waterfall", say["attribution.title"], _how(material, part), _steps(material, part))
    leaks = plan.leak_rows()
    mends = {row["cause"]: levers_of(row["cause"], say) for row in leaks}
    note = paragraph([say["plan.leaks_note"], rank_line(leaks, say)], say)
    add("leaks", say["plan.leaks"], note, charts.leak_bars(leaks, base.leak_rows(), mends=mends, **more))
    events = [row | {"name": clean(row["name"])} for row in event_rows(plan.scenario, say)]
    series = {say["plan.base"]: planning.fan(base, "net_gmv")}
    if not part.same:
        series[say["plan.this_plan"]] = planning.fan(plan, "net_gmv")
    drawing = charts.fans(series, unit="CNY", title=say["plan.per_day_net_gmv"], events=events, height=300, **more)
    add("days", say["plan.days_base" if part.same else "plan.days"], say["plan.days_note"], drawing)
    if not part.same:
        apart = {say["plan.per_day_delta"]: planning.fan(plan, "net_gmv", against=base)}
        drawing = charts.fans(
            apart, unit="CNY", title=say["plan.per_day_delta_axis"], zero_line=True, events=events, height=240, **more
        )
        add("delta", say["report.delta_by_day"], "", drawing)
    mendable = [row["cause"] for row in leaks if row["mendable"]]
    add("funnel", say["plan.funnel"], say["plan.funnel_note"], charts.funnel_bars(plan.stage_rows(), mendable, **more))
    add("returns", say["plan.returns"], say["plan.returns_note"], charts.return_grid(planning.return_cells(plan), **more))
    waits = {say["plan.base"]: planning.waits_by_hour(base)}
    if not part.same:
        waits[say["plan.this_plan"]] = planning.waits_by_hour(plan)
    add("waits", say["plan.service"], say["plan.by_hour"], charts.through_the_day(waits, **more))
    return found


def _steps(material: ReportMaterial, part: PlanPart) -> alt.LayerChart:
    say, shares = material.say, part.shares
    rows = []
    for step in shares.waterfall("net_gmv", most=MOST_STEPS):
        names = [contributor_label(name, shares.method.joined, say) for name in step["levers"]]
        label = names[0] if len(names) == 1 else say["attribution.others"].format(count=len(names))
        rows.append({**step, "label": label, "tip": ", ".join(names)})
    whole = material.comparison.figures(part.outcome)["net_gmv"]["delta"]
    kpi = KPIS["net_gmv"]
    return waterfall(rows, whole, unit=kpi.unit, direction=kpi.direction, **look(material))


def _how(material: ReportMaterial, part: PlanPart) -> str:
    say, shares = material.say, part.shares
    how = method_says(shares.rows(), shares.method.to_json(), "net_gmv", material.base.draws, say)
    return paragraph([say["report.waterfall_note"], say["attribution_ui.paler"], how], say)


def _picture(key: str, title: str, note: str, drawing: alt.LayerChart) -> Picture:
    sized = drawing.properties(width=WIDTH, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"), background="transparent")
    return Picture(key=key, title=title, note=note, spec=_alike(sized.configure(**_config()).to_dict()))


def _config() -> dict[str, Any]:
    axis = {"labelColor": INK, "titleColor": FAINT, "gridColor": GRID, "tickColor": GRID, "domainColor": "#B9C3CB", "labelFontSize": 12,
            "titleFontSize": 12, "titleFontWeight": "normal"}
    top = {"labelPadding": 18}  # heads of two lines begin above the first row of cells
    legend = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12}
    return {"font": FONT, "view": {"stroke": None}, "axis": axis, "axisTop": top, "legend": legend}


def _alike(spec: dict[str, Any]) -> dict[str, Any]:
    """The same names in every run: Altair numbers what it makes through the life of the process."""
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f'"{found[1]}_of_{len(names) + 1}"')

    return json.loads(re.sub(r'"(view|param|selector)_\d+"', renamed, json.dumps(spec)))


def all_of(material: ReportMaterial) -> tuple[list[Picture], list[dict[str, Picture]]]:
    """Charts of all plans together, and of each of them."""
    together = compared(material) if len(material.plans) > 1 else []
    return together, [of_plan(material, part, number) for number, part in enumerate(material.plans, 1)]


def specs(pictures: Sequence[Picture]) -> dict[str, dict[str, Any]]:
    return {picture.key: picture.spec for picture in pictures}


def alternative(picture: Picture, say: Words) -> str:
    """What is read to somebody who does not see the chart."""
    return say["report.chart_alt"].format(title=picture.title)

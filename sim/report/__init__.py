"""Reports: one HTML file that needs no network, and one workbook, with the same tables in both.

    material = report_material(base, plans, language="zh", date=date.today())    # from outcomes that are already there
    html_bytes(material), xlsx_bytes(material)
    write_report(plan, "plan.html")                                              # or from scenarios, in one go

What renders is loaded when it is asked for: a workbook needs no Altair, a page no openpyxl.
"""

from __future__ import annotations

from sim.report.making import write_report
from sim.report.material import MOST_PLANS, PlanPart, ReportMaterial, report_material
from sim.report.table import Column, Table

__all__ = ["MOST_PLANS", "Column", "PlanPart", "ReportMaterial", "Table", "html_bytes", "report_material", "write_report", "xlsx_bytes"]


def html_bytes(material: ReportMaterial) -> bytes:
    """The report as a self-contained HTML file."""
    from sim.report.page import html_bytes as rendered

    return rendered(material)


def xlsx_bytes(material: ReportMaterial) -> bytes:
    """The report as an Excel workbook."""
    from sim.report.workbook import xlsx_bytes as rendered

    return rendered(material)

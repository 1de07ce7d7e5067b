"""Small reports: a fortnight, a few draws, once for all tests; one of them is as hostile as a file can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from sim.analysis.attribution import attribution_of
from sim.analysis.sensitivity import sensitivity
from sim.engine import run
from sim.outcome import Outcome
from sim.report import ReportMaterial, html_bytes, report_material, xlsx_bytes
from sim.scenario import Assumption, Event, Goal, Scenario
from tests.worlds import plan

DAY = date(2026, 11, 22)
DAYS, DRAWS = 14, 12
EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) \x07\u202e'
FORMULA = '=HYPERLINK("file:///etc/passwd","click")'


@cache
def outcome(name: str) -> Outcome:
    return run(scenario(name), draws=DRAWS, seed=3)


def scenario(name: str) -> Scenario:
    base = replace(plan(days=DAYS), name="base", title="Base")
    if name == "base":
        return base
    if name == "faster":
        return replace(
            plan({"detail_page.load_median_s": 1.5, "payment.redirects": 2}, days=DAYS), name="faster", title="Faster",
            question="How much is speed?", goals={"net_gmv": Goal(at_least=1e9, probability=0.8), "return_rate": Goal(at_most=0.01)},
        )
    if name == "no_ads":
        return replace(plan({"traffic.paid_budget": 0}, days=DAYS), name="no_ads", title="No ads")
    assert name == "hostile"
    start = base.start
    return replace(
        plan({"service.seats": 24}, days=DAYS), name="hostile", title=EVIL, question=FORMULA, author="@SUM(A1)",
        notes="</script><!-- & ]]> \x00" + "long " * 9000,
        assumptions={"payment.benchmark_success": Assumption(best=0.95, low=0.93, high=0.97, source="+1+cmd|' /C calc'!A0")},
        events=(Event(name="-2+3", start=start, end=start, traffic=1.2),),
    )


@cache
def material(*names: str, language: str = "en", whole: bool = True) -> ReportMaterial:
    """Base and plans; `whole`: with attribution and drivers."""
    base, plans = outcome("base"), [outcome(name) for name in names]
    shares = [attribution_of(base, one) if whole and one is not base else None for one in plans]
    drivers = [
        sensitivity(one.scenario, None if one is base else base.scenario, draws=16, seed=3) if whole else None for one in plans
    ]
    return report_material(
        base, plans, language=language, date=DAY, author="Li Wei", attributions=shares, drivers=drivers,
    )


_KEPT: dict[tuple[int, str], bytes] = {}


def rendered(found: ReportMaterial, ending: str) -> bytes:
    """The material's file, rendered once (materials are kept, so that their places in memory tell them apart)."""
    key = id(found), ending
    if key not in _KEPT:
        _KEPT[key] = (html_bytes if ending == "html" else xlsx_bytes)(found)
    return _KEPT[key]

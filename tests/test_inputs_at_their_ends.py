"""Every number at either end of what a file may say: a sentence or finite figures, never a warning, a NaN or a hang."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sim.engine import run
from sim.errors import UserError
from sim.outcome import KPIS
from sim.parameters import Parameter, registry
from sim.scenario import Assumption, Event, Observed, Scenario
from sim.scenario.checks import may_observe
from tests.worlds import plan

ENDS = (0, 1)


def figures(scenario: Scenario) -> str | None:
    """None when all is well, the sentence when the scenario is refused."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        try:
            outcome = run(scenario, draws=8)
        except UserError as refused:
            return str(refused)
    for kpi in KPIS:
        if kpi not in ("roi", "net_roi"):
            assert np.all(np.isfinite(outcome.kpi(kpi))), kpi
    for name in outcome.arrays:
        if name.startswith("total.leak."):
            assert np.all(outcome.arrays[name] >= -1e-9 * outcome.total("viewers")), name
    outcome.to_json()
    return None


def levers(parameter: Parameter) -> dict[str, float]:
    return {} if parameter.name == "payment.redirects" else {"payment.redirects": 3.0}


OBSERVED = [p for p in registry().entries if may_observe(p) and not isinstance(p.value, tuple)]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("parameter", OBSERVED, ids=lambda p: p.name)
def test_another_shops_number(parameter: Parameter, end: int) -> None:
    value = parameter.bounds[end]
    said = figures(plan(levers(parameter), days=4, baseline={parameter.name: Observed(value=value, source="test")}))
    assert said is None or any(name in said for name in registry())


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("parameter", registry().uncertainties, ids=lambda p: p.name)
def test_an_assumption_fixed(parameter: Parameter, end: int) -> None:
    value = parameter.bounds[end]
    said = figures(plan({"payment.redirects": 3.0}, days=4, assumptions={parameter.name: Assumption(best=value, source="test")}))
    assert said is None or "cannot be reproduced" in said


@pytest.mark.parametrize("name", ["traffic.viewers_host_live", "traffic.viewers_paid_feed", "traffic.viewers_private_domain"])
def test_a_shop_without_a_channel_runs(name: str) -> None:
    assert figures(plan(days=4, baseline={name: Observed(value=0.0, source="test")})) is None


@pytest.mark.parametrize("name", ["closure.gmv_weight_beauty", "closure.gmv_weight_jewellery"])
def test_a_shop_without_a_category_runs(name: str) -> None:
    assert figures(plan(days=4, assumptions={name: Assumption(best=0.0, source="test")})) is None


@pytest.mark.parametrize(("traffic", "pull"), [(20.0, 1.0), (1e-6, None), (20.0, None)])
def test_wild_events(traffic: float, pull: float | None) -> None:
    from datetime import date

    wild = {"value": 20.0, "cpm": 20.0, "transit": 20.0}
    event = Event(name="x", start=date(2023, 7, 2), end=date(2023, 7, 5), traffic=traffic, pull_forward=pull, **wild)
    back = Event(name="y", start=date(2023, 7, 5), end=date(2023, 7, 9), traffic=0.01, transit=0.01, cpm=0.01)
    assert figures(plan(days=12, events=(event, back))) is None


def test_the_shops_own_levels_keep_its_pinned_totals() -> None:
    """A lever's own baseline value changes what moving it brings, never the totals that were observed."""
    for name, value in {
        "returns.review_recovery": 0.5, "service.seats": 6.0, "payment.redirects": 3.0, "detail_page.fold_depth": 0.0,
        "traffic.discount": 0.1, "fulfilment.premium_courier_share": 1.0, "returns.filter_strength": 0.0,
        "traffic.original_share": 1.0, "fulfilment.shipped_24h_share": 0.99, "service.bot_resolution": 0.0,
    }.items():  # fmt: skip
        outcome = run(plan(days=92, baseline={name: Observed(value=value, source="test")}), draws=32, noise=False)
        assert outcome.kpi("gmv") == pytest.approx(85e9, rel=1e-9), name
        assert outcome.kpi("roi") == pytest.approx(1.8, rel=1e-9), name

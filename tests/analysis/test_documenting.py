"""The document's figures are computed, not echoed: they hold in every draw, and break when an equation breaks."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

import numpy as np
import pytest

import sim.engine as engine
import sim.lanes as lanes
from sim.analysis.documenting import facts, measured, reference_quarter
from sim.engine import run
from sim.parameters import registry

REPRODUCED = {fact.id for fact in registry().facts if fact.status == "reproduced"}


def off(outcome) -> dict[str, float]:
    """Worst relative distance of each reproduced figure from the document's, over draws."""
    return {name: float(np.max(np.abs(values / registry().facts_by_id[name].value - 1.0))) for name, values in measured(outcome).items()}


def test_the_pinned_figures_hold_in_every_one_of_a_thousand_draws() -> None:
    gaps = off(run(reference_quarter(), draws=1000, noise=False))
    assert set(gaps) == REPRODUCED
    assert {name: gap for name, gap in gaps.items() if gap > 1e-6} == {}


def test_all_facts_are_listed_and_explained() -> None:
    rows = facts(draws=64)
    assert [row["id"] for row in rows] == [f"F{i:03d}" for i in range(1, 126)]
    for row in rows:
        assert row["status"] in ("used", "reproduced", "shown") and row["role"] in ("input", "target", "effect", "cost", "plan", "context")
        assert (row["note"] and row["note_zh"]) or row["status"] != "shown", row["id"]
        assert row["parameter"] or row["status"] == "shown", row["id"]
    targets = [row for row in rows if row["role"] == "target" and row["status"] != "reproduced"]
    assert {row["id"] for row in targets} >= {"F026", "F039", "F050", "F112"} and all(row["note"] for row in targets)


BREAKS = [  # (module, what stands there, what a slip would write, a figure that must notice)
    ("closure", "top * k * levels / (1.0 + k * levels)", "top * k * levels / (1.0 - k * levels)", "F018"),
    ("closure", "conversions[BEAUTY] = top", "pass", "F020"),
    ("closure", "(per_stayer - asks * answered * kept) / (1.0 - asks)", "(per_stayer - asks * answered) / (1.0 - asks)", "F018"),
    ("closure", "channel_gmv[PAID] / world", "channel_gmv[0] / world", "F101"),
    ("closure", "ratio = answered / non_asker", "ratio = answered", "F041"),
    ("closure", "shares / values", "shares * values", "F003"),
    ("closure", "gmv_per_viewer.sum(axis=0)", "gmv_per_viewer.mean(axis=0)", "F001"),
    ("funnel", "_raised(self.staying", "_raised(-self.staying", "F105"),
    ("funnel", "_raised(self.paying", "_raised(-self.paying", "F108"),
    ("funnel", 'arriving *= world["detail_page.click_share"]', "pass", "F018"),
    ("terms", "returned = orders.orders * back.rates", "returned = orders.orders * (1.0 - back.rates)", "F001"),
    ("ledger", "human / (1.0 - bot)", "human * (1.0 - bot)", "F110"),
    ("ledger", '"returned": back.rates * went_back', '"returned": back.rates * value_back', "F117"),
    ("ledger", 'hazard * (rows["returned"] / total)', 'rows["returned"] / total', "F113"),
    ("returns", "total = -np.log1p(-baseline_rates", "total = np.log1p(baseline_rates", "F043"),
    ("returns", "(1.0 - ship) * (1.0 - deliver)", "(1.0 - ship)", "F113"),
    ("returns", "total * share", "total * share**2", "F117"),
    ("detail_page", "np.exp(-ndtri(1.0 - np.asarray(slow_share)) * sigma)", "np.exp(ndtri(1.0 - np.asarray(slow_share)) * sigma)", "F104"),
    ("detail_page", "target = np.log(kept)", "target = np.log(kept) / 2.0", "F105"),
    ("fulfilment", "np.exp(-ndtri(share_in_time) * sigma)", "np.exp(ndtri(share_in_time) * sigma)", "F111"),
    ("service", "peak_load * 3600.0 / handling", "peak_load * 3600.0 / patience", "F109"),
    ("service", "share / np.asarray(hours.count)[:, None]", "share", "F109"),
]


@pytest.fixture
def nothing_kept() -> Iterator[None]:
    """What was solved with the right equation must not serve the wrong one, nor the other way round."""
    lanes.forget()
    yield
    lanes.forget()


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(("module", "right", "wrong", "fact"), BREAKS, ids=[f"{m}: {w}" for m, _, w, _ in BREAKS])
def test_a_broken_equation_is_noticed(module: str, right: str, wrong: str, fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the slip into the module's source, runs it, and puts the module back."""
    room = importlib.import_module(f"sim.model.{module}")
    source = inspect.getsource(room)
    assert right in source, "the equation reads differently now: adapt this test"
    for name, value in list(vars(room).items()):
        monkeypatch.setitem(vars(room), name, value)
    exec(compile(source.replace(right, wrong), room.__file__, "exec"), vars(room))
    rooms = ("closure", "terms", "ledger", "funnel", "service", "returns")
    users = [*(importlib.import_module(f"sim.model.{name}") for name in rooms), engine, lanes]
    for user in users:
        for name, value in list(vars(user).items()):
            fresh = vars(room).get(name)
            if callable(value) and callable(fresh) and getattr(value, "__module__", None) == room.__name__ and value is not fresh:
                monkeypatch.setattr(user, name, fresh)
    try:
        with np.errstate(all="ignore"):
            gaps = off(run(reference_quarter(), draws=16, noise=False))
    except Exception:  # refused to close, or fell over: noticed as well
        return
    assert not gaps[fact] <= 1e-6 or any(not gap <= 1e-6 for gap in gaps.values())

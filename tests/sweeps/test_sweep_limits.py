"""Points under limits, the Pareto set and thinning, by hand and by brute force; a point as the scenario that was run there."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.analysis.goals import Target
from sim.errors import UserError
from sim.scenario import dumps, load
from sim.sweeps import limits, run_sweep
from sim.sweeps.building import Range, add_spec, grid_text
from sim.sweeps.opening import open_sweep
from sim.sweeps.retracing import scenario_of
from sim.sweeps.tables import STATISTICS

FIVE = pd.DataFrame({
    "point": [1, 2, 3, 4, 5], "seats": [14.0, 17, 20, 24, 28], "net_gmv": [50.0, 60, 70, 80, np.nan],
    "return_rate": [0.20, 0.22, 0.26, 0.28, 0.21], "plan_cost": [0.0, 1.0, 2.0, 5.0, 0.0],
})
RATE = Target(kpi="return_rate", sense="at_most", value=0.26)
COST = Target(kpi="plan_cost", sense="at_most", value=1.5)
WORLD = (
    '[design]\nkind = "grid"\n[levers.service.seats]\nvalues = [18, 20]\n[assumptions.payment.benchmark_success]\nvalues = [0.94, 0.95]\n'
    '[outputs]\nkpis = ["net_gmv", "return_rate"]\n'
)


def test_limits_leave_the_points_that_keep_to_them_best_first() -> None:
    choice = limits.chosen(FIVE, "net_gmv", [RATE])
    assert choice.ranked["point"].tolist() == [3, 2, 1]  # 4 returns too much, 5 has no figure
    assert (choice.of, choice.free) == (5, 80.0) and choice.best["net_gmv"] == 70.0
    assert choice.eased == (limits.Eased(limit=RATE, misses=1, best=80.0),)
    both = limits.chosen(FIVE, "net_gmv", [RATE, COST])
    assert both.ranked["point"].tolist() == [2, 1]
    # without RATE nothing is won: 4 costs too much as well; without COST point 3 could be had
    assert [(eased.misses, eased.best) for eased in both.eased] == [(0, 60.0), (1, 70.0)]


def test_of_a_figure_that_should_be_low_the_lowest_is_best_and_no_limit_is_no_limit() -> None:
    assert limits.chosen(FIVE, "return_rate", []).ranked["point"].tolist() == [1, 5, 2, 3, 4]
    none = limits.chosen(FIVE, "net_gmv", [Target(kpi="net_gmv", sense="at_least", value=90.0), COST])
    assert none.best is None and [eased.best for eased in none.eased] == [60.0, None]


@pytest.mark.parametrize(("first", "second"), [("net_gmv", "return_rate"), ("plan_cost", "net_gmv"), ("plan_cost", "return_rate")])
@pytest.mark.parametrize("seed", range(4))
def test_the_pareto_set_is_that_of_brute_force(first: str, second: str, seed: int) -> None:
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame({kpi: chance.integers(0, 9, 60).astype(float) for kpi in ("net_gmv", "return_rate", "plan_cost")})
    frame.loc[::17, first] = np.nan
    sign = {"net_gmv": 1, "return_rate": -1, "plan_cost": -1}
    pairs = [(sign[first] * x, sign[second] * y) for x, y in zip(frame[first], frame[second], strict=True)]
    wanted = [
        x == x and not any(a >= x and b >= y and (a > x or b > y) for a, b in pairs) for x, y in pairs
    ]
    assert limits.undominated(frame, first, second).tolist() == wanted and any(wanted)


def test_thinning_keeps_the_best_and_every_nth_of_the_rest() -> None:
    frame = pd.DataFrame({"net_gmv": np.arange(1000.0)})
    assert len(limits.thinned(frame, "net_gmv", most=1000, kept=5)) == 1000
    found = limits.thinned(frame, "net_gmv", most=104, kept=5)["net_gmv"].tolist()
    assert found[:5] == [999, 998, 997, 996, 995]
    assert len(found) <= 104 and {a - b for a, b in pairwise(found[5:])} == {11}  # 995 / 99, rounded up
    assert limits.within(FIVE, {"seats": (17, 20), "net_gmv": (0, 65)})["point"].tolist() == [2]


# A point as a scenario


@pytest.mark.parametrize("rest", [None, WORLD])
def test_a_point_is_the_scenario_that_was_run_there(
    small: Callable[..., Path], many_chunks: None, tmp_path: Path, rest: str | None
) -> None:
    spec = small(rest) if rest else small()
    run_sweep(spec, tmp_path / "out")
    opened = open_sweep(tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "summary.parquet")
    for point, digest in zip(table["point"], table["digest"], strict=True):
        scenario = scenario_of(opened, int(point))
        assert scenario.digest == digest == opened.digest(int(point))
        assert (scenario.days, scenario.extends, scenario.name) == (2, "baseline", f"small_point_{point}")
    path = tmp_path / "taken.toml"
    path.write_text(dumps(scenario), encoding="utf-8")
    assert load(path).digest == digest
    for statistic in STATISTICS:
        figures = opened.figures(statistic)
        assert figures["net_gmv"].tolist() == table[f"net_gmv.{statistic}"].tolist()
    (tmp_path / "out" / "summary.parquet").unlink()
    assert opened.figures("p90")["return_rate"].tolist() == table["return_rate.p90"].tolist()


def test_a_point_stands_when_its_base_has_changed_and_is_refused_when_it_cannot(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "plans"
    home.mkdir()
    text = 'schema = 1\ntitle = "Base"\n[levers]\n"returns.filter_strength" = { to = 0.5, start = 2024-01-02 }\n'
    (home / "baseline.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(home))
    run_sweep(small(), tmp_path / "out")
    opened = open_sweep(tmp_path / "out")
    assert scenario_of(opened, 3).extends == "baseline"
    (home / "baseline.toml").write_text(text.replace("0.5", "0.6"), encoding="utf-8")
    told = scenario_of(opened, 3)
    assert told.extends is None and told.digest == opened.digest(3) and told.levers["returns.filter_strength"].amount == 0.5
    (home / "baseline.toml").unlink()
    assert scenario_of(opened, 3).digest == opened.digest(3)
    data = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    data["base"]["resolved"]["levers"]["returns.filter_strength"]["target"] = 0.7
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match="point 3 cannot be opened as it was run"):
        scenario_of(opened, 3)
    with pytest.raises(UserError, match=r"point 99 of .* is not computed"):
        scenario_of(opened, 99)


# New sweep files


def test_two_levers_make_a_sweep_file_that_is_never_put_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "baseline.toml").write_text('schema = 1\ntitle = "Base"\n', encoding="utf-8")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(tmp_path))
    ranges = [Range(name="payment.redirects", low=1, high=5, steps=9), Range(name="returns.filter_strength", low=0.1, high=0.7, steps=3)]
    assert ranges[0].values == (1, 2, 3, 4, 5) and ranges[1].values == (0.1, 0.4, 0.7)  # whole numbers have no halves
    text = grid_text(base="baseline", title='"Q" \\ ?', ranges=ranges, draws=32)
    spec = add_spec("mine", text)
    assert (spec.title, spec.design.count, spec.draws) == ('"Q" \\ ?', 15, 32)
    for name, content, says in (
        ("MINE", text, "there is a sweep MINE in .* already"), ("../up", text, "cannot be the name of a sweep"),
        ("bad", "schema = ", "^bad.toml, line 1: not valid TOML"), ("wide", text.encode("utf-16"), "UTF-8"),
        ("other", text.replace('"baseline"', '"gone"'), "there is no scenario"), ("long", b"#" * 2_000_000, "^long.toml"),
    ):
        with pytest.raises(UserError, match=says):
            add_spec(name, content)
    assert [path.name for path in (tmp_path / "sweeps").iterdir()] == ["mine.toml"]
    for wrong, says in (
        ({"ranges": [ranges[0], ranges[0]]}, "once"), ({"draws": 0}, "0 draws"),
        ({"ranges": [Range(name="payment.redirects", low=5, high=1, steps=3)]}, "must be below"),
        ({"ranges": [Range(name="payment.redirects", low=1, high=5, steps=1)]}, "steps"),
    ):
        with pytest.raises(UserError, match=says):
            grid_text(**{"base": "baseline", "title": "t", "ranges": ranges, "draws": 8, **wrong})

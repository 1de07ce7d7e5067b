"""Sweeps over a calibrated shop: known by the content of its draws, the same wherever and however often they run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import UserError
from sim.sweeps import load_spec
from tests import posteriors
from tests.sweeps.files import bytes_of

SWEEP = (
    'schema = 1\nbase = "my_shop"\ndraws = 4\ndays = 2\n[design]\nkind = "grid"\n[levers.payment.redirects]\nvalues = [2, 3, 4, 5]\n'
    '[assumptions."closure.gmv_quarter"]\nvalues = [3e6, 5e6]\n[outputs]\nkpis = ["gmv", "net_gmv"]\n'
)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    posteriors.shop(tmp_path)
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return path


def test_points_are_runs_of_the_shop(spec: Path, tmp_path: Path) -> None:
    sim.sweep(spec, tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    shop = load_spec(spec).base
    assert manifest["base"]["resolved"]["posterior"] == shop.posterior.sha256
    assert manifest["base"]["resolved"]["profile"]["weekday"] == list(posteriors.WEEKDAY)
    point = load_spec(spec).scenario(3)
    row = (tmp_path / "out/summary.csv").read_text(encoding="utf-8-sig").splitlines()[3].split(",")
    assert float(row[3]) == pytest.approx(float(np.mean(sim.run(point, draws=4).kpi("gmv"))))
    assert point.baseline["closure.gmv_quarter"].value == 3e6


def test_workers_find_the_draws_and_a_resumed_sweep_is_the_same(spec: Path, tmp_path: Path, many_chunks: None) -> None:
    sim.sweep(spec, tmp_path / "whole", workers=2)
    sim.sweep(spec, tmp_path / "parts", shard=(1, 2))
    assert sim.sweep(spec, tmp_path / "parts").found == 2
    assert bytes_of(tmp_path / "whole") == bytes_of(tmp_path / "parts")


def test_another_fit_is_another_sweep(spec: Path, tmp_path: Path) -> None:
    sim.sweep(spec, tmp_path / "out")
    posteriors.shop(tmp_path, posteriors.columns(seed=11))
    with pytest.raises(UserError, match="base scenario my_shop"):
        sim.sweep(spec, tmp_path / "out")

"""Running a sweep: the right figures, the same bytes however it is run, and folders that nothing can spoil."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import UserError
from sim.outcome import KPIS, spread
from sim.sweeps import Progress, load_spec
from tests.sweeps.files import GRID, bytes_of

ALL = GRID.replace('kpis = ["gmv", "net_gmv", "return_rate"]', "per_draw = true")


def chunks(folder: Path) -> list[Path]:
    return sorted((folder / "chunks").iterdir())


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "summary.csv").read_text(encoding="utf-8-sig").splitlines()))


def test_each_row_is_what_run_says_of_its_point(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(ALL, draws=5, seed=3)
    result = sim.sweep(path, tmp_path / "out")
    table, spec = rows(tmp_path / "out"), load_spec(path)
    assert result.complete and len(table) == 12
    for point in (1, 8, 12):
        scenario, row = spec.scenario(point), table[point - 1]
        outcome = sim.run(scenario, draws=5, seed=3)
        assert row["point"] == str(point)
        assert row["digest"] == scenario.digest
        assert float(row["payment.redirects"]) == spec.design.values(point - 1, 1)[0, 0]
        for kpi in KPIS:
            for what, value in spread(outcome.kpi(kpi), ("p10", "p50", "p90")).items():
                assert float(row[f"{kpi}.{what}"]) == value, (point, kpi, what)


def test_draws_hold_every_figure_of_every_draw(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    pandas = pytest.importorskip("pandas")
    path = small(ALL, seed=3)
    sim.sweep(path, tmp_path / "out")
    (file,) = (tmp_path / "out/draws").iterdir()
    assert file.name == "points-0000001-0000012.parquet"
    draws = pandas.read_parquet(file)
    assert list(draws.columns) == ["point", "draw", *KPIS]
    assert draws["point"].tolist() == [point for point in range(1, 13) for _ in range(4)]
    assert draws["draw"].tolist() == [0, 1, 2, 3] * 12
    outcome = sim.run(load_spec(path).scenario(7), draws=4, seed=3)
    for kpi in KPIS:
        assert np.array_equal(draws[draws["point"] == 7][kpi].to_numpy(), outcome.kpi(kpi))


def test_the_columns_are_the_contract(small: Callable[..., Path], tmp_path: Path) -> None:
    from pyarrow import parquet

    sim.sweep(small(), tmp_path / "out")
    data = (tmp_path / "out/summary.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfpoint,")  # Excel takes a file without the mark for the system's code page
    wanted = ["point", "payment.redirects", "service.seats"]
    wanted += [f"{kpi}.{what}" for kpi in ("gmv", "net_gmv", "return_rate") for what in ("mean", "p10", "p50", "p90")] + ["digest"]
    assert list(rows(tmp_path / "out")[0]) == wanted
    table = parquet.read_table(tmp_path / "out/summary.parquet")
    assert table.column_names == wanted
    assert table.schema.field("gmv.p10").metadata == {b"unit": b"CNY"}
    assert [str(value) for value in table["gmv.mean"].to_pylist()] == [row["gmv.mean"] for row in rows(tmp_path / "out")]
    readme = (tmp_path / "out/README.txt").read_text(encoding="utf-8")
    assert all(f"\n{name} " in readme for name in wanted)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["points"], manifest["sweep"]["draws"], manifest["sweep"]["seed"]) == (12, 4, 1)
    assert manifest["base"]["digest"] == sim.load("baseline").with_horizon(days=2).digest
    assert manifest["base"]["resolved"]["horizon"]["days"] == 2
    assert manifest["runs"][0]["seconds"] > 0


def test_what_is_not_defined_is_an_empty_cell(small: Callable[..., Path], tmp_path: Path) -> None:
    rest = '[design]\nkind = "list"\n[[points]]\n"traffic.paid_budget" = 0\n[[points]]\n"payment.benchmark_success" = 0.95\n'
    result = sim.sweep(small(rest), tmp_path / "out")
    table = rows(tmp_path / "out")
    assert (table[0]["roi.mean"], table[0]["roi.p90"]) == ("", "")
    assert float(table[1]["roi.mean"]) > 0
    assert (table[0]["payment.benchmark_success"], table[1]["payment.benchmark_success"]) == ("", "0.95")
    assert (table[0]["traffic.paid_budget"], table[1]["traffic.paid_budget"]) == ("0", "1")
    assert result.frame()["roi.mean"].isna().tolist() == [True, False]


def test_the_best_point_is_the_best_row(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    best = sim.sweep(small(), tmp_path / "out").best
    means = [float(row["net_gmv.mean"]) for row in rows(tmp_path / "out")]
    assert best["point"] == 1 + means.index(max(means))
    assert (best["kpi"], best["mean"]) == ("net_gmv", max(means))
    only = GRID.replace('["gmv", "net_gmv", "return_rate"]', '["return_rate"]')
    best = sim.sweep(small(only), tmp_path / "other").best
    rates = [float(row["return_rate.mean"]) for row in rows(tmp_path / "other")]
    assert (best["kpi"], best["mean"]) == ("return_rate", min(rates))


# The same bytes, however it is run


@pytest.mark.parametrize("kind", ["grid", "lhs", "sobol"])
def test_two_workers_write_the_same_bytes(small: Callable[..., Path], tmp_path: Path, kind: str) -> None:
    rest = ALL if kind == "grid" else (
        f'[design]\nkind = "{kind}"\npoints = 11\n[levers.payment.redirects]\nlow = 1\nhigh = 8\n[assumptions.payment.benchmark_success]\n'
        "low = 0.93\nhigh = 0.97\n[outputs]\nper_draw = true\n"
    )
    path = small(rest, draws=2048)  # three chunks, in whatever process
    for workers in (1, 2):
        sim.sweep(path, tmp_path / str(workers), workers=workers)
    assert len(chunks(tmp_path / "1")) == 3
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")


@pytest.mark.slow
def test_eight_workers_write_the_same_bytes(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(ALL, draws=8192)
    for workers in (1, 8):
        sim.sweep(path, tmp_path / str(workers), workers=workers)
    assert len(chunks(tmp_path / "1")) == 12
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "8")


def test_a_finished_sweep_is_not_run_again(
    small: Callable[..., Path], tmp_path: Path, many_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = small(ALL), tmp_path / "out"
    first = sim.sweep(path, out)
    assert (first.made, first.found) == (6, 0)
    before = bytes_of(out)
    monkeypatch.setattr("sim.sweeps.running.kpis_of", lambda *_args, **_named: pytest.fail("nothing is left to do"))
    again = sim.sweep(path, out)
    assert (again.made, again.found, again.best) == (0, 6, first.best)
    assert bytes_of(out) == before


@pytest.mark.parametrize("spoiled", ["cut", "longer", "changed", "empty", "gone", "another's"])
def test_a_spoiled_chunk_is_found_and_done_again(small: Callable[..., Path], tmp_path: Path, many_chunks: None, spoiled: str) -> None:
    path, out = small(ALL), tmp_path / "out"
    sim.sweep(path, out)
    before, whole = bytes_of(out), chunks(out)
    victim, data = whole[2], whole[2].read_bytes()
    if spoiled == "gone":
        victim.unlink()
    elif spoiled == "another's":
        shutil.copy(whole[3], victim)
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        victim.write_bytes({"cut": data[:-7], "longer": data + b"\0", "changed": flipped, "empty": b""}[spoiled])
    again = sim.sweep(path, out)
    assert (again.made, again.found) == (1, 5)
    assert victim.read_bytes() == data
    assert bytes_of(out) == before


def test_shards_in_one_folder_complete_each_other(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    path = small(ALL)
    whole = sim.sweep(path, tmp_path / "whole")
    parts = [sim.sweep(path, tmp_path / "out", shard=(i, 4)) for i in (3, 1, 4)]
    assert [part.made for part in parts] == [1, 2, 1]
    assert not any(part.complete for part in parts)
    assert not list((tmp_path / "out").glob("summary.*"))
    with pytest.raises(UserError, match="is not complete"):
        parts[0].frame()
    last = sim.sweep(path, tmp_path / "out", shard=(2, 4))
    assert last.best == whole.best
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    with pytest.raises(UserError, match="shard 5/4"):
        sim.sweep(path, tmp_path / "out", shard=(5, 4))


def test_the_title_decides_nothing(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    path = small()
    sim.sweep(path, tmp_path / "out")
    path.write_text(path.read_text(encoding="utf-8").replace("Small", "Other words"), encoding="utf-8")
    assert sim.sweep(path, tmp_path / "out").found == 6


def test_progress_is_told_from_what_was_there(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> None:
    heard: list[Progress] = []
    sim.sweep(small(), tmp_path / "out", shard=(1, 2))
    sim.sweep(small(), tmp_path / "out", progress=heard.append)
    assert [(at.chunks, at.points) for at in heard] == [(3, 6), (4, 8), (5, 10), (6, 12)]
    assert {(at.of_chunks, at.of_points) for at in heard} == {(6, 12)}


# Folders


@pytest.mark.parametrize(
    ("rest", "options", "says"),
    [
        (GRID, {"seed": 2}, "seed 1, not 2"),
        (GRID, {"draws": 5}, "draws 4, not 5"),
        (GRID.replace("[18, 20]", "[18, 21]"), {}, "other points"),
        ("noise = false\n" + GRID, {}, "noise on, not off"),
        (GRID + "per_draw = true\n", {}, "per_draw off, not on"),
        (GRID.replace('"gmv", ', ""), {}, "other figures"),
    ],
)
def test_a_folder_of_another_sweep_is_refused(small: Callable[..., Path], tmp_path: Path, rest: str, options: dict, says: str) -> None:
    out = tmp_path / "out"
    sim.sweep(small(), out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=f"holds another sweep: {says}") as refused:
        sim.sweep(small(rest, **options), out)
    assert refused.value.exit_code == 2
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_folder_of_another_version_or_base_is_refused(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = small(), tmp_path / "out"
    sim.sweep(path, out)
    path.write_text(path.read_text(encoding="utf-8").replace("days = 2", "days = 3"), encoding="utf-8")
    with pytest.raises(UserError, match="days 2, not 3"):
        sim.sweep(path, out)
    path.write_text(path.read_text(encoding="utf-8").replace("days = 3", "days = 2\nstart = 2024-03-01"), encoding="utf-8")
    with pytest.raises(UserError, match=r"base scenario baseline \("):
        sim.sweep(path, out)
    monkeypatch.setattr("sim.sweeps.manifest.model_version", lambda: "9.9")
    with pytest.raises(UserError, match=r"model version .*, not 9\.9"):
        sim.sweep(small(), out)


def test_a_folder_with_something_else_in_it_is_refused(small: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty and holds no sweep") as refused:
        sim.sweep(small(), out)
    assert refused.value.exit_code == 2
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    sim.sweep(small(), tmp_path / "whole")
    whole = (tmp_path / "whole/manifest.json").read_text(encoding="utf-8")
    wrong = [whole.replace('"draws": 4', '"draws": "4"'), whole.replace('"title": "', '"title": 3, "was": "'), "[" * 100_000]
    assert whole not in wrong
    for text in ("{}", "[]", "no json", '{"schema": 1, "sweep": {}}', *wrong):
        (out / "manifest.json").write_text(text)
        with pytest.raises(UserError, match="cannot be read as the manifest of a sweep"):
            sim.sweep(small(), out)
    (out / "manifest.json").write_text('{"schema": 2}')
    with pytest.raises(UserError, match="has schema 2"):
        sim.sweep(small(), out)
    with pytest.raises(UserError, match="it is a file") as refused:
        sim.sweep(small(), out / "mine.txt")
    assert refused.value.exit_code == 5


def test_a_lost_manifest_is_made_again_from_the_chunks(small: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = sim.sweep(small(), out)
    before = (out / "summary.csv").read_bytes()
    (out / "manifest.json").unlink()
    again = sim.sweep(small(), out)
    assert (again.made, again.found) == (0, whole.made) and (out / "summary.csv").read_bytes() == before
    (out / "manifest.json").unlink()
    path = small()
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 1", "seed = 8").replace("seed = 3", "seed = 8"), encoding="utf-8")
    assert "seed = 8" in path.read_text(encoding="utf-8")
    with pytest.raises(UserError, match="is not empty and holds no sweep"):  # of another seed no chunk is known
        sim.sweep(path, out)


def test_what_a_killed_process_left_half_written_is_cleared_away(small: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    sim.sweep(small(), out)
    old, new = out / ".summary.csv.0123.tmp", out / ".summary.csv.4567.tmp"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (0, 0))
    sim.sweep(small(), out)
    assert (old.exists(), new.exists()) == (False, True)  # a fresh one may belong to another process


@pytest.mark.parametrize("stage", ["chunks", "summary.csv", "summary.parquet", "manifest.json", "draws"])
def test_a_full_disk_loses_nothing(
    small: Callable[..., Path], tmp_path: Path, many_chunks: None, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    path, out = small(ALL), tmp_path / "out"
    sim.sweep(path, tmp_path / "whole")
    replace, calls = os.replace, []

    def full(source: Path, target: Path) -> None:
        if stage in (target.name, target.parent.name):
            calls.append(target)
            if len(calls) == 3 or stage != "chunks":
                raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("sim.scenario.placing.os.replace", full)
    with pytest.raises(UserError, match="could not be written: No space left on device") as refused:
        sim.sweep(path, out)
    assert refused.value.exit_code == 5
    if stage == "chunks":
        assert "2 of 6 chunks are done and kept" in str(refused.value)
        assert len(chunks(out)) == 2
    assert not list(out.rglob("*.tmp"))
    monkeypatch.setattr("sim.scenario.placing.os.replace", replace)
    again = sim.sweep(path, out)
    assert again.found == {"chunks": 2, "manifest.json": 0}.get(stage, 6)
    assert bytes_of(out) == bytes_of(tmp_path / "whole")

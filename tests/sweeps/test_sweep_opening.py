"""Opening a sweep's folder: finished, half-finished, damaged, somebody else's."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.sweeps import opening, run_sweep, slicing
from sim.sweeps.opening import FolderFault, folder_named, found_sweeps, open_sweep

LHS = '[design]\nkind = "lhs"\npoints = 12\n[levers.payment.redirects]\nlow = 1\nhigh = 6\n[levers."service.seats"]\nlow = 18\nhigh = 30\n'
LIST = (
    '[design]\nkind = "list"\n[[points]]\n"payment.redirects" = 2\n[[points]]\n"payment.benchmark_success" = 0.95\n'
    '[outputs]\nkpis = ["gmv"]\n'
)


@pytest.fixture
def finished(small: Callable[..., Path], many_chunks: None, tmp_path: Path) -> Path:
    run_sweep(small(), tmp_path / "out")
    return tmp_path / "out"


def refused(folder: Path) -> FolderFault:
    with pytest.raises(FolderFault) as caught:
        open_sweep(folder)
    return caught.value


def test_a_finished_folder_gives_its_points(finished: Path) -> None:
    opened = open_sweep(finished)
    assert opened.current and opened.best_kpi == "net_gmv" and opened.base == {"payment.redirects": 5.0, "service.seats": 20.0}
    points = opened.points("net_gmv")
    assert points.whole and not points.damaged and len(points.frame) == 12
    assert list(points.frame) == [
        "point", "payment.redirects", "service.seats", "mean", "p10", "p50", "p90", "gmv.mean", "return_rate.mean",
    ]


def test_the_best_point_is_the_command_lines(finished: Path) -> None:
    said = run_sweep(finished.parent / "small.toml", finished).best
    best = slicing.best_point(open_sweep(finished).points("net_gmv").frame, "net_gmv", "mean", ["payment.redirects", "service.seats"])
    assert said is not None and best is not None
    assert best.row["point"] == said["point"] and best.row["mean"] == said["mean"]
    lowest = slicing.best_point(open_sweep(finished).points("return_rate").frame, "return_rate", "p90", ["payment.redirects"])
    assert lowest is not None and lowest.row["p90"] == open_sweep(finished).points("return_rate").frame["p90"].min()


@pytest.mark.parametrize("rest", [None, LHS, LIST], ids=["grid", "lhs", "list"])
def test_chunks_tell_the_same_as_the_summary(small: Callable[..., Path], many_chunks: None, tmp_path: Path, rest: str | None) -> None:
    out = tmp_path / "out"
    run_sweep(small() if rest is None else small(rest), out)
    whole = open_sweep(out).points("gmv").frame
    (out / "summary.parquet").unlink()
    points = open_sweep(out).points("gmv")
    assert not points.whole and points.chunks == open_sweep(out).sweep.chunks and not points.cut
    assert points.frame.equals(whole)


def test_half_a_sweep_gives_half_the_points(finished: Path) -> None:
    before = open_sweep(finished)
    (finished / "summary.parquet").unlink()
    for number in (1, 4):
        (finished / "chunks" / f"{before.sweep.chunk_name(number)}.chunk").unlink()
    damaged = finished / "chunks" / f"{before.sweep.chunk_name(5)}.chunk"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    opened = open_sweep(finished)
    points = opened.points("gmv")
    assert opened.stamp != before.stamp
    assert points.chunks == 3 and points.frame["point"].tolist() == [1, 2, 5, 6, 7, 8]


def test_an_unfinished_sweep_is_read_only_so_far(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (finished / "summary.parquet").unlink()
    monkeypatch.setattr(opening, "MOST_POINTS_READ", 4)
    points = open_sweep(finished).points("gmv")
    assert points.cut and len(points.frame) == 4 and points.chunks == 6


@pytest.mark.parametrize("bytes_kept", [0, 7, 900])
def test_a_damaged_summary_is_not_read(finished: Path, bytes_kept: int) -> None:
    path = finished / "summary.parquet"
    path.write_bytes(path.read_bytes()[:bytes_kept])
    points = open_sweep(finished).points("gmv")
    assert points.damaged and not points.whole and len(points.frame) == 12
    shutil.rmtree(finished / "chunks")
    points = open_sweep(finished).points("gmv")
    assert points.damaged and points.frame.empty and "mean" in points.frame


def test_the_summary_of_another_sweep_is_not_read(finished: Path, small: Callable[..., Path], tmp_path: Path) -> None:
    run_sweep(small(LHS, name="other"), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "summary.parquet", finished / "summary.parquet")
    (finished / "summary.csv").unlink()
    points = open_sweep(finished).points("gmv")
    assert len(points.frame) == 12  # as many points, the same levers: only a person can see that
    text = (finished / "manifest.json").read_text(encoding="utf-8")
    (finished / "manifest.json").write_text(text.replace("payment.redirects", "payment.other"), encoding="utf-8")
    assert open_sweep(finished).points("gmv").damaged


def test_a_sweep_of_another_version_is_opened_and_known_for_it(finished: Path) -> None:
    data = json.loads((finished / "manifest.json").read_text(encoding="utf-8"))
    data["sweep"]["version"] = "0.0.1+old"
    (finished / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    opened = open_sweep(finished)
    assert not opened.current and len(opened.points("gmv").frame) == 12


def test_what_is_no_sweep_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert refused(tmp_path / "nowhere").kind == "missing"
    assert refused(tmp_path / "file").kind == "file"
    assert refused(tmp_path / "empty").kind == "no_sweep"
    assert refused(Path("a\0b")).kind in ("unreadable", "missing")
    assert isinstance(refused(tmp_path / "empty"), UserError)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "manifest"), ("{", "manifest"), ("[]", "manifest"), ("[" * 100_000, "manifest"), ('{"schema": 99, "sweep": {}}', "schema"),
        ('{"schema": 1, "sweep": {}}', "manifest"), ("\udcff", "manifest"),
    ],
)
def test_a_manifest_that_is_none_is_said(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert refused(tmp_path).kind == kind


@pytest.mark.parametrize(
    ("key", "value"), [("title", 3), ("name", None), ("seed", "1"), ("draws", 0), ("draws", -5), ("days", 1.5), ("kpis", [])]
)
def test_a_manifest_of_the_right_shape_with_wrong_values_is_said(finished: Path, key: str, value: object) -> None:
    data = json.loads((finished / "manifest.json").read_text(encoding="utf-8"))
    data["sweep"][key] = value
    (finished / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    assert refused(finished).kind == "manifest"


def test_a_folder_without_the_right_to_read_it(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opening.os, "scandir", locked)
    fault = refused(finished)
    assert fault.kind == "unreadable" and fault.detail == "Permission denied"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("../out", "parent"), ("out/../..", "parent"), ("a\\..\\b", "parent"), ("a\x00b", "control"), ("a\x1b[2J", "control"),
        ("x" * 2000, "long"),
    ],
)
def test_a_path_is_never_a_way_round(text: str, kind: str) -> None:
    with pytest.raises(FolderFault) as caught:
        folder_named(text)
    assert caught.value.kind == kind


def test_a_path_may_be_pasted_with_its_quotes() -> None:
    assert folder_named(' "out/a b" ') == Path("out/a b")
    assert folder_named("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
    assert folder_named("out/a..b") == Path("out/a..b")


def test_sweeps_are_found_two_levels_down(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "deep" / "er" / "est")
    shutil.copytree(finished, tmp_path / "deep" / "one")
    shutil.copytree(finished, tmp_path / ".hidden")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.json").write_text('{"name": "a web app"}', encoding="utf-8")
    assert found_sweeps([tmp_path, tmp_path]) == [tmp_path / "deep" / "one", tmp_path / "out"]
    assert found_sweeps([tmp_path / "nowhere"]) == []


def test_points_for_pictures(finished: Path) -> None:
    frame = open_sweep(finished).points("gmv").frame
    x, y = "payment.redirects", "service.seats"
    assert slicing.varying(frame, [x, y]) == [x, y]
    rows, binned = slicing.cells(frame, x, y, "mean")
    assert len(rows) == 12 and not binned and {row["count"] for row in rows} == {1}
    assert not slicing.overlapping(frame, x, y)
    held = slicing.held(frame, {y: 20.0})
    assert held[y].unique().tolist() == [20.0] and len(slicing.along(held, x, "mean")[0]) == 6
    averaged, _ = slicing.along(frame, x, "mean")
    assert averaged[0]["count"] == 2
    assert math.isclose(averaged[0]["value"], frame[frame[x] == 1.0]["mean"].mean())


def test_many_points_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    from pandas import DataFrame

    count = 6_000
    chance = np.random.default_rng(1)
    frame = DataFrame({"point": np.arange(count), "a": chance.random(count), "b": chance.random(count)})
    frame = frame.assign(**dict.fromkeys(slicing.FIGURES, frame["a"]))
    for found, binned in (slicing.dots(frame, "a", "b", "mean"), slicing.cells(frame, "a", "b", "mean")):
        assert binned and len(found) <= slicing.MOST_STEPS**2 and sum(row["count"] for row in found) == count
    found, binned = slicing.along(frame, "a", "mean")
    assert binned and len(found) <= slicing.MOST_PLACES
    assert slicing.dots(frame.head(10), "a", "b", "mean")[1] is False

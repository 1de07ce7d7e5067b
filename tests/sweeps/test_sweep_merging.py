"""Shards: put together in any order they give the bytes of one run, and what does not belong together is refused."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.errors import UserError
from tests.sweeps.files import GRID, bytes_of

ALL = GRID + "per_draw = true\n"


@pytest.fixture
def shards(small: Callable[..., Path], tmp_path: Path, many_chunks: None) -> list[Path]:
    folders = [tmp_path / f"shard{i}" for i in (1, 2, 3)]
    for i, folder in enumerate(folders, 1):
        sim.sweep(small(ALL), folder, shard=(i, 3))
    return folders


def test_any_order_gives_the_bytes_of_one_run(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    whole = sim.sweep(small(ALL), tmp_path / "whole")
    for number, order in enumerate(itertools.permutations(shards)):
        merged = sim.merge_sweeps(order, tmp_path / f"merged{number}")
        assert (merged.made, merged.found, merged.best) == (6, 0, whole.best)
        assert bytes_of(tmp_path / f"merged{number}") == bytes_of(tmp_path / "whole")


def test_a_merged_folder_is_a_sweep_like_any_other(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    sim.merge_sweeps(shards, tmp_path / "merged")
    assert sim.sweep(small(ALL), tmp_path / "merged").found == 6
    again = sim.merge_sweeps(shards[::-1], tmp_path / "merged")
    assert (again.made, again.found) == (0, 6)
    base = json.loads((tmp_path / "merged/manifest.json").read_text(encoding="utf-8"))["base"]
    assert base == json.loads((shards[0] / "manifest.json").read_text(encoding="utf-8"))["base"]


def test_one_of_the_shards_can_take_the_others_in(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    sim.sweep(small(ALL), tmp_path / "whole")
    merged = sim.merge_sweeps(shards, shards[1])
    assert (merged.made, merged.found) == (4, 2)
    assert bytes_of(shards[1]) == bytes_of(tmp_path / "whole")


def test_missing_chunks_are_counted_and_their_shard_is_named(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "merged"
    command = re.escape(f"`whatif sweep {tmp_path / 'small.toml'} --out DIR` with --shard 2/3 makes them")  # as it can be typed
    with pytest.raises(UserError, match=f"2 of 6 chunks are missing or damaged; {command}"):
        sim.merge_sweeps([shards[0], shards[2]], out)
    (tmp_path / "small.toml").unlink()
    with pytest.raises(UserError, match="`whatif sweep SPEC --out DIR` with --shard 2/3 makes them"):
        sim.merge_sweeps([shards[0], shards[2]], out)
    damaged = sorted((shards[1] / "chunks").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"1 of 6 chunks are missing or damaged.*--shard 2/3"):
        sim.merge_sweeps(shards, out)
    with pytest.raises(UserError, match="with --shard 2/3 and with --shard 3/3"):
        sim.merge_sweeps(shards[:1], out)
    assert not out.exists()


def test_a_missing_shard_of_a_shipped_sweep_is_named_by_its_name(shards: list[Path], tmp_path: Path) -> None:
    for folder in shards:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(text.replace('"name": "small"', '"name": "redirects_x_seats"'), encoding="utf-8")
    (tmp_path / "small.toml").unlink()
    with pytest.raises(UserError, match="`whatif sweep redirects_x_seats --out DIR` with --shard 2/3"):
        sim.merge_sweeps([shards[0], shards[2]], tmp_path / "merged")


def test_other_titles_and_their_order_change_no_byte(shards: list[Path], tmp_path: Path) -> None:
    for folder, title in zip(shards, ("Later", "Earlier", ""), strict=True):
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(text.replace('"title": "Small"', f'"title": "{title}"'), encoding="utf-8")
    for number, order in enumerate(itertools.permutations(shards)):
        sim.merge_sweeps(order, tmp_path / f"merged{number}")
        assert (tmp_path / f"merged{number}/README.txt").read_text(encoding="utf-8").startswith("Earlier\n")
        assert bytes_of(tmp_path / f"merged{number}") == bytes_of(tmp_path / "merged0")


def test_a_full_disk_keeps_what_is_copied(shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, copied = os.replace, []

    def full(source: Path, target: Path) -> None:
        if target.suffix == ".chunk":
            copied.append(target)
            if len(copied) == 3:
                raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("sim.scenario.placing.os.replace", full)
    with pytest.raises(UserError, match=r"No space left on device\. 2 of 6 chunks are copied and kept; the same command") as refused:
        sim.merge_sweeps(shards, tmp_path / "merged")
    assert refused.value.exit_code == 5
    assert sim.merge_sweeps(shards, tmp_path / "merged").found == 2


def test_what_cannot_be_written_again_is_left_out(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    for folder in shards:
        data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        data |= {"base": {"resolved": float("nan")}, "runs": [{"seconds": float("inf")}, "\ud800"], "shard": "1/" + "9" * 5000}
        (folder / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match="2 of 6 chunks are missing"):
        sim.merge_sweeps(shards[1:], tmp_path / "merged")
    assert sim.merge_sweeps(shards, tmp_path / "merged").complete
    assert json.loads((tmp_path / "merged/manifest.json").read_text(encoding="utf-8"))["base"] is None
    assert sim.sweep(small(ALL), shards[0]).complete


WRONG_AXES = [
    {"values": "123456"}, {"values": [1, 2, 3, 4, 5, "6"]}, {"values": [1, 2, 3, 4, 5, float("nan")]}, {"values": [1, 2, 3, 4, 5, True]},
    {"values": [1, 2, 3, 4, 5]}, {"values": [1, 2, 3, 4, 5, 10**400]}, {"values": [1, 2, 3, 4, 5, None]}, {"values": [[1, 2, 3, 4, 5, 6]]},
    {"values": [], "low": 0.0, "high": "1", "steps": 6}, {"values": [], "low": 0.0, "high": 1.0, "steps": 6.0}, {"name": 3},
    {"values": [], "low": 2.0, "high": 1.0, "steps": 6}, {"values": None}, {"name": "service.seats"}, {"name": "\ud800"},
]
WRONG = [
    {"points": 13}, {"points": 12.0}, {"points": True}, {"seed": "1"}, {"kind": "gird"}, {"axes": []}, {"rows": 3},
    {"kind": "list", "rows": [[1.0, 2.0]] * 11 + [[1.0]]}, {"kind": "list", "rows": [[1.0, "2"]] * 12},
]


@pytest.mark.parametrize("design", [*WRONG, *WRONG_AXES])
def test_a_manifest_of_wrong_values_is_refused(shards: list[Path], small: Callable[..., Path], tmp_path: Path, design: dict) -> None:
    data = json.loads((shards[0] / "manifest.json").read_text(encoding="utf-8"))
    whole = data["sweep"]["design"]
    (whole["axes"][0] if design in WRONG_AXES else whole).update(design)
    for folder in shards:
        (folder / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    for work in (lambda: sim.merge_sweeps(shards, tmp_path / "merged"), lambda: sim.sweep(small(ALL), shards[0])):
        with pytest.raises(UserError, match="cannot be read as the manifest of a sweep"):
            work()


@pytest.mark.parametrize(
    ("key", "value"), [("title", "\ud800"), ("noise", 1), ("per_draw", None), ("kpis", []), ("kpis", ["gmv", "gmv"]), ("draws", 0)]
)
def test_a_sweep_of_wrong_values_is_refused(shards: list[Path], tmp_path: Path, key: str, value: object) -> None:
    data = json.loads((shards[0] / "manifest.json").read_text(encoding="utf-8"))
    data["sweep"][key] = value
    (shards[0] / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read as the manifest of a sweep"):
        sim.merge_sweeps(shards[:1], tmp_path / "merged")


def test_an_empty_name_is_not_the_current_folder(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    for work in (lambda: sim.merge_sweeps(shards, ""), lambda: sim.sweep(small(ALL), "")):
        with pytest.raises(UserError, match=r"the name of the folder \(--out\) is empty"):
            work()
    with pytest.raises(UserError, match="the name of the folder of a shard is empty"):
        sim.merge_sweeps(["", *shards], tmp_path / "merged")


def test_a_damaged_chunk_is_taken_from_a_sound_copy(shards: list[Path], small: Callable[..., Path], tmp_path: Path) -> None:
    sim.sweep(small(ALL), tmp_path / "whole")
    copy = Path(shutil.copytree(shards[0], tmp_path / "copy"))
    for chunk in (shards[0] / "chunks").iterdir():
        chunk.write_bytes(b"nothing")
    sim.merge_sweeps([*shards, copy], tmp_path / "merged")
    assert bytes_of(tmp_path / "merged") == bytes_of(tmp_path / "whole")


def test_what_does_not_belong_together_is_refused(
    shards: list[Path], small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.sweep(small(ALL, seed=7), tmp_path / "other")
    with pytest.raises(UserError, match="hold different sweeps: seed 1, not 7") as refused:
        sim.merge_sweeps([*shards, tmp_path / "other"], tmp_path / "merged")
    assert refused.value.exit_code == 2
    with pytest.raises(UserError, match="holds another sweep: seed 7, not 1"):
        sim.merge_sweeps(shards, tmp_path / "other")
    for folder, says in ((tmp_path, "holds no sweep"), (tmp_path / "none", "is not a folder")):
        with pytest.raises(UserError, match=says) as refused:
            sim.merge_sweeps([folder], tmp_path / "merged")
        assert refused.value.exit_code == 5
    with pytest.raises(UserError, match="nothing to merge"):
        sim.merge_sweeps([], tmp_path / "merged")
    monkeypatch.setattr("sim.sweeps.merging.model_version", lambda: "9.9")
    with pytest.raises(UserError, match=r"this is 9\.9: merge with the version that ran"):
        sim.merge_sweeps(shards, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()

"""Shards: put together in any order they give the bytes of one run, and what does not belong together is refused."""

from __future__ import annotations

import itertools
import json
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
    with pytest.raises(UserError, match="2 of 6 chunks are missing or damaged; `whatif sweep small --out DIR` with --shard 2/3 makes them"):
        sim.merge_sweeps([shards[0], shards[2]], out)
    damaged = sorted((shards[1] / "chunks").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"1 of 6 chunks are missing or damaged.*--shard 2/3"):
        sim.merge_sweeps(shards, out)
    with pytest.raises(UserError, match="with --shard 2/3 and with --shard 3/3"):
        sim.merge_sweeps(shards[:1], out)
    assert not out.exists()


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

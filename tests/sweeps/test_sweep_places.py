"""Sweep files by their place, name and spelling: what stands beside them, what is named by mistake, and what to write instead."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.cli.door import outcome_of
from sim.errors import UserError
from sim.sweeps import load_spec
from tests.sweeps.files import GRID, HEAD

TOP = Path(__file__).parent.parent.parent
REDIRECTS = "[levers.payment.redirects]\nvalues = [1, 2]\n"
KIND = '[design]\nkind = "grid"\n'
LIST = '[design]\nkind = "list"\n[[points]]\n'


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = outcome_of([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize("folder", ["sweeps", "elsewhere"])
def test_a_sweep_may_be_called_as_its_base(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    text = f'schema = 1\nbase = "fix_payment"\n{KIND}{REDIRECTS}'
    for stem in ("fix_payment", "other"):  # neither itself nor a sweep beside it is the base
        path = tmp_path / folder / f"{stem}.toml"
        path.write_text(text, encoding="utf-8")
        assert load_spec(path).base.digest == sim.load("fix_payment").digest
    path.write_text(text.replace("fix_payment", "other"), encoding="utf-8")
    with pytest.raises(UserError, match='there is no scenario "other"') as refused:
        load_spec(path)
    assert "Did you mean" not in str(refused.value)


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
def test_a_name_that_is_not_utf8_is_written_as_well_as_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.toml")
    try:
        path.write_text((HEAD + GRID.replace("{", "{{")).format(draws=4, seed=1).replace('title = "Small"\n', ""), encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    sim.sweep(path, tmp_path / "out")
    assert json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))["sweep"]["name"] == "caf?"
    assert (tmp_path / "out/README.txt").read_text(encoding="utf-8").startswith("caf?\n")


def test_more_than_64_axes_are_a_sweep(small: Callable[..., Path], tmp_path: Path) -> None:
    from sim.parameters import registry
    from sim.scenario import checks

    axes = []
    for name in checks.names_of("assumption", registry()):
        parameter = registry()[name]
        if isinstance(parameter.value, (int, float)):
            axes.append(f'[assumptions."{name}"]\nvalues = [{parameter.value}]\n')
    assert len(axes) > 64
    result = sim.sweep(small(KIND + "".join(axes), draws=2), tmp_path / "out")
    assert result.complete and len(result.best["values"]) == len(axes)


WRITTEN = [
    (LIST + "levers.payment.redirects = 2\n",
     'points[1].levers: in a list the names stand directly, without levers: "payment.redirects" = 2.'),
    (LIST + '"assumptions.payment.benchmark_success" = 0.9\n', "in a list the names stand directly, without assumptions"),
    ("[horizon]\ndays = 10\n" + KIND + REDIRECTS, "line 7: horizon: a sweep has no [horizon]: start and days stand at the top"),
    (KIND + '[levers."service.seats"]\nlow = 20\nhigh = 20.000000000000004\nsteps = 3\n', "the range is too small for 3 steps"),
]


@pytest.mark.parametrize(("rest", "says"), WRITTEN)
def test_what_to_write_instead_is_said(small: Callable[..., Path], rest: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        load_spec(small(rest))
    assert says in str(refused.value)


def test_a_folder_is_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plans").mkdir()
    monkeypatch.chdir(tmp_path)
    for words in ("plans", "plans/", ".", "..", str(tmp_path)):
        with pytest.raises(UserError, match="is a folder, not a sweep file") as refused:
            load_spec(words)
        assert refused.value.exit_code == 5


def test_a_wrong_address_is_not_the_files_fault(small: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, says = asked(capsys, "sweep", small(), "--out", tmp_path / "out", "--scheduler", "localhost")
    assert code == 2
    assert says.startswith('whatif: "localhost" is not the address of a Dask scheduler: --scheduler takes')
    assert not (tmp_path / "out").exists()


def test_a_missing_package_is_not_the_files_fault(small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.clusters.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"^A Dask cluster needs the package distributed"):
        sim.sweep(small(), tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()


def test_too_many_shards_are_told_the_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, says = asked(capsys, "sweep", "redirects_x_seats", "--out", tmp_path / "out", "--shard", "1/1000000")
    assert code == 2
    assert "--shard: '1/1000000' asks for too many parts; n is at most 999,999." in says


def test_an_empty_shard_says_so(small: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, says = asked(capsys, "sweep", small(), "--out", tmp_path / "out", "--shard", "2/3", "--quiet")
    assert code == 0
    assert "Nothing falls to this shard: the sweep has fewer chunks (1) than there are shards." in says
    code, says = asked(capsys, "sweep", small(), "--out", tmp_path / "out", "--shard", "2/3", "--quiet", "--lang", "zh")
    assert "这个分片没有分到任何内容" in says and "whatif merge" not in says


@pytest.mark.parametrize("command", ["sweep redirects_x_seats", "merge scenarios"])
def test_an_empty_out_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, says = asked(capsys, *command.split(), "--out", "")
    assert code == 2
    assert "the name of the folder (--out) is empty" in says

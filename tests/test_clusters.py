"""A real Dask cluster on this machine: the same bytes as without, and a sentence for whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from test_executors import dies_always, refuses, squared

from sim import clusters
from sim.cli.door import outcome_of
from sim.errors import UserError
from sim.executors import in_order

distributed = pytest.importorskip("distributed")
TOP = Path(__file__).parent.parent


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, ExitStack()
        self.file, self.address = folder / "scheduler.json", ""

    def __enter__(self) -> Cluster:
        self.scheduler = self.started("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file))
        until(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.close()

    def with_workers(self, count: int) -> Cluster:
        self.workers = [self.worker() for _ in range(count)]
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)
            clusters.fingerprint.cache_clear()  # all of them read the files now, should somebody edit them meanwhile
            client.run(clusters.fingerprint)
        clusters.fingerprint()
        return self

    def worker(self, **environment: str) -> subprocess.Popen:
        return self.started("worker", self.address, "--nthreads", "1", "--no-nanny", **environment)

    def started(self, what: str, *arguments: str, **environment: str) -> subprocess.Popen:
        python_path = os.pathsep.join([str(TOP), str(TOP / "tests")])
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", what, "--no-dashboard", *arguments], cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": python_path, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        )
        self.processes.callback(process.wait)
        self.processes.callback(process.kill)
        return process


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made.with_workers(2)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that a test may break; it has no workers yet."""
    with Cluster(tmp_path) as made:
        yield made


def naps(unit: tuple[str, int]) -> int:
    """Leaves a mark when it begins, then takes its time."""
    folder, number = unit
    (Path(folder) / str(number)).touch()
    time.sleep(0.3)
    return number


def fails_with(error: Exception) -> None:
    raise error


def test_results_come_in_the_order_of_the_units_and_only_a_few_are_under_way(cluster: Cluster) -> None:
    taken = []

    def units() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    results = in_order(squared, units(), scheduler=cluster.address)
    assert next(results) == 0
    assert len(taken) <= 4  # two for each of two workers
    assert list(results) == [number * number for number in range(1, 40)]


def test_run_gives_the_same_bytes(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "fix_payment", "--days", "21", "--draws", "4200", "--format", "json", "--scenarios", str(TOP / "scenarios")]
    assert outcome_of(arguments) == 0
    here = capsys.readouterr().out
    assert outcome_of([*arguments, "--scheduler", cluster.address]) == 0
    assert capsys.readouterr() == (here, "")


def test_a_refusal_travels_back_whole(cluster: Cluster) -> None:
    with pytest.raises(UserError, match="unit 0 does not close") as refused:
        list(in_order(refuses, range(3), scheduler=cluster.address))
    assert refused.value.exit_code == 3


def test_units_that_take_longer_than_a_look_are_waited_for(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LOOK_S", 0.02)
    assert list(in_order(naps, [(str(tmp_path), number) for number in range(3)], scheduler=cluster.address)) == [0, 1, 2]


@pytest.mark.parametrize("error", [TimeoutError("of its own"), OSError(28, "No space left on device")])
def test_a_units_own_trouble_is_not_the_clusters(cluster: Cluster, error: OSError) -> None:
    with pytest.raises(type(error), match=r"of its own|No space left"):
        list(in_order(fails_with, [error], scheduler=cluster.address))


def test_a_unit_that_was_interrupted_is_forgotten_by_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    results = in_order(naps, [(str(tmp_path), number) for number in range(100)], scheduler=cluster.address)
    assert next(results) == 0
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    with distributed.Client(cluster.address, set_as_default=False) as client:
        until(lambda: client.run_on_scheduler(lambda dask_scheduler: not dask_scheduler.tasks))


def test_workers_that_compute_with_another_program_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = clusters.fingerprint() | {"NumPy": "1.0"}
    monkeypatch.setattr(clusters, "fingerprint", lambda: mine)
    with pytest.raises(UserError, match=r"run another version \(NumPy [\d.]+, here 1.0\); install the same") as refused:
        list(in_order(squared, range(3), scheduler=cluster.address))
    assert refused.value.exit_code == 5


@pytest.mark.parametrize("address", ["", "nonsense", "127.0.0.1", "ftp://127.0.0.1:21", "tcp://a b:1", "x" * 500])
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(UserError, match="is not the address of a Dask scheduler") as refused:
        list(in_order(squared, range(3), scheduler=address))
    assert refused.value.exit_code == 2
    assert len(refused.value.message) < 300


def test_a_scheduler_that_is_not_there_is_told_in_a_line(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_S", 0.5)
    code = outcome_of(["run", "baseline", "--scenarios", str(TOP / "scenarios"), "--scheduler", "tcp://127.0.0.1:1"])
    out, err = capfd.readouterr()
    assert (code, out, len(err.splitlines())) == (5, "", 1)
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in err


def test_a_worker_is_not_taken_for_a_scheduler(cluster: Cluster) -> None:
    with distributed.Client(cluster.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(UserError, match="No Dask scheduler answers"):
        list(in_order(squared, range(3), scheduler=worker))


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r'pip install "whatif-funnel\[dask\]"') as refused:
        list(in_order(squared, range(3), scheduler="tcp://127.0.0.1:8786"))
    assert refused.value.exit_code == 2


def test_a_scheduler_that_dies_half_way_is_told(own_cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cluster = own_cluster.with_workers(2)
    results = in_order(naps, [(str(tmp_path), number) for number in range(100)], scheduler=cluster.address)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    capfd.readouterr()
    cluster.scheduler.kill()
    began = time.monotonic()
    with pytest.raises(UserError, match="went away half-way; ask again") as gone:
        list(results)
    assert gone.value.exit_code == 5
    assert time.monotonic() - began < 15.0
    assert capfd.readouterr() == ("", "")


def test_a_dead_workers_units_are_done_again(own_cluster: Cluster, tmp_path: Path) -> None:
    cluster = own_cluster.with_workers(2)
    results = in_order(naps, [(str(tmp_path), number) for number in range(12)], scheduler=cluster.address)
    assert next(results) == 0
    cluster.workers[0].kill()
    assert list(results) == list(range(1, 12))
    assert list(in_order(squared, range(6), scheduler=cluster.address)) == [0, 1, 4, 9, 16, 25]


@pytest.mark.slow
def test_a_unit_that_kills_every_worker_is_given_up(own_cluster: Cluster) -> None:
    with pytest.raises(UserError, match="died 4 times over the same unit") as gave_up:
        list(in_order(dies_always, range(1), scheduler=own_cluster.with_workers(4).address))
    assert gave_up.value.exit_code == 5


@pytest.mark.slow
def test_a_cluster_without_workers_is_given_up(own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clusters, "NOBODY_S", 3.0)
    cluster = own_cluster.with_workers(1)
    results = in_order(naps, [(str(tmp_path), number) for number in range(100)], scheduler=cluster.address)
    assert next(results) == 0
    cluster.workers[0].kill()
    with pytest.raises(UserError, match="has no workers; start some with `dask worker") as gave_up:
        list(results)
    assert gave_up.value.exit_code == 5


def test_workers_without_the_program_are_refused(own_cluster: Cluster) -> None:
    """The checkout is hidden from them by a package of the same name that holds nothing."""
    empty = own_cluster.folder / "elsewhere" / "sim"
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    own_cluster.worker(PYTHONPATH=str(empty.parent))
    with pytest.raises(UserError, match="do not have this program; install the same") as refused:
        list(in_order(squared, range(3), scheduler=own_cluster.address))
    assert refused.value.exit_code == 5

"""`whatif bench` answers with the figures that it promises; how large they are is no test's business."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from sim import draws
from sim.benchmarking import MEASURES, clock, measures, precision
from sim.benchmarking.clock import Clock, Figure, Sizes
from sim.cli.door import outcome_of
from sim.errors import UserError
from sim.texts import LANGUAGES, words


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = outcome_of(["bench", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sizes, "quick", lambda repeats: Sizes(repeats=repeats, draws=64, long_run=None, sweep=(3, 4), replicates=2))
    monkeypatch.setattr(clock, "UNIT_DAYS", 1)
    monkeypatch.setattr(measures, "KEPT_DRAWS", 8)
    monkeypatch.setattr(precision, "DRAWS", 8)


def test_json_has_machine_unit_and_figures(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(capsys, "--quick", "--repeats", "2", "throughput", "--format", "json")
    assert code == 0
    data = json.loads(out)
    assert set(data) == {"machine", "unit", "repeats", "figures"}
    assert set(data["machine"]) >= {"processor", "cores", "python", "numpy"}
    assert data["unit"]["seconds_per_draw"] > 0.0
    (figure,) = data["figures"]
    assert (figure["measure"], figure["figure"], figure["runs"], figure["at_least"]) == ("throughput", "draws_per_second", 2, 25_000)
    assert figure["lowest"] <= figure["value"] <= figure["highest"]
    assert err.splitlines() == ["Measuring: throughput …"]


def test_several_measures_as_csv_and_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("slider", "sweep", "accuracy")
    _, out, _ = asked(capsys, "--quick", "--repeats", "1", *names, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(dict.fromkeys(row["measure"] for row in rows)) == list(names)
    figures = {(row["measure"], row["figure"]): row for row in rows}
    assert figures["sweep", "two_against_one"]["note"] == "3 scenarios x 4 draws"
    assert figures["accuracy", "paired_difference"]["note"].startswith("detail_page.load_median_s = 2.0: ")
    code, out, err = asked(capsys, "--quick", "--repeats", "1", "slider", "--lang", "zh", "--quiet")
    assert (code, err) == (0, "")
    assert "滑杆" in out and "单位" in out


def test_quick_and_full_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "--quick", "--full")[::2] == (2, "whatif: --quick and --full exclude each other; give one of them.\n")
    code, _, err = asked(capsys, "speed")
    assert code == 2 and "'throughput'" in err


def test_a_figure_says_whether_what_was_wanted_is_reached() -> None:
    assert Figure(measure="m", name="n", value=2.0, unit="s", at_most=3.0).reached is True
    assert Figure(measure="m", name="n", value=2.0, unit="s", at_least=3.0).reached is False
    assert Figure(measure="m", name="n", value=None, unit="s", at_most=3.0).reached is None
    assert Figure(measure="m", name="n", value=2.0, unit="s").reached is None


def test_a_duration_is_a_median_and_a_number_of_units() -> None:
    watch = Clock(repeats=3, units=[0.5e-6])
    figure = watch.figure("m", "n", [3.0, 1.0, 2.0], draws=1_000_000, scale=1000.0, unit="ms")
    assert (figure.value, figure.lowest, figure.highest, figure.runs) == (2000.0, 1000.0, 3000.0, 3)
    assert figure.in_units == pytest.approx(4.0)  # 2 s for 1 m draws are 2 us a draw
    assert watch.rate("m", "n", [3.0, 1.0, 2.0], draws=6, unit="1/s").value == 3.0


def test_plain_sampling_ends_with_its_block() -> None:
    before = draws.uniforms(1, "x", 1, 0, 256)
    with precision.plain_sampling():
        assert not np.array_equal(draws.uniforms(1, "x", 1, 0, 256), before)
    assert np.array_equal(draws.uniforms(1, "x", 1, 0, 256), before)


def test_a_measured_process_that_fails_is_told() -> None:
    with pytest.raises(UserError, match="failed: ZeroDivisionError"):
        measures._process("1 / 0")


def test_the_peak_of_a_process_of_its_own_is_found() -> None:
    peaks = list(measures.memory(Sizes(repeats=1, peak_draws=2)))
    assert [figure.name for figure in peaks] == ["peak_quarter", "peak_year"]
    assert all(figure.value is None or 10.0 < figure.value < 2000.0 for figure in peaks)


def test_without_a_checkout_the_referee_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measures, "__file__", str(tmp_path / "sim" / "benchmarking" / "measures.py"))
    (figure,) = measures.referee(Clock(repeats=1))
    assert figure.value is None and "only in a checkout" in figure.note


def test_every_measure_has_words() -> None:
    assert all(f"bench.{name}" in words(language) for name in MEASURES for language in LANGUAGES)

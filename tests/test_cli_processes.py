"""The command line as a process of its own: what it imports, how it starts, and odd places to print to."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
pytestmark = pytest.mark.usefixtures("shipped_scenarios")


def process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    program = "import sys; from sim.cli import main; main(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=TOP, **options)


def loaded_by(code: str) -> set[str]:
    """Top-level and dotted modules in sys.modules after running `code` in a fresh Python."""
    program = f"import sys\n{code}\nsys.stderr.write('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=TOP, check=True)
    return set(done.stderr.splitlines())


RUN = "from sim.cli.door import outcome_of\nassert outcome_of({arguments!r}) == 0"


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by(RUN.format(arguments=["--help"]))
    assert not loaded & {"numpy", "pandas", "scipy", "streamlit", "altair", "tomlkit", "sim.scenario", "sim.parameters"}
    assert not loaded_by("import sim; dir(sim)") & {"numpy", "click", "tomllib"}


def test_run_as_json_loads_no_tables_pages_or_charts() -> None:
    loaded = loaded_by(RUN.format(arguments=["run", "baseline", "--draws", "2", "--days", "2", "--format", "json"]))
    assert not loaded & {"pandas", "streamlit", "altair", "pyarrow", "scipy.stats", "scipy.optimize", "tomlkit"}


def test_files_get_utf8_whatever_the_system_says() -> None:
    done = process("params", "payment.redirects", "--lang", "zh", env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr
    assert "支付" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="needs a shell and /dev/full")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    program = f"{shlex.quote(sys.executable)} -c 'from sim.cli import main; main()' params --format json"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program} | head -c 10"], capture_output=True, text=True, cwd=TOP
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["params", "--format", "json"], ["run", "baseline", "--days", "2", "--draws", "3"]])
def test_a_full_disk_is_told_once(command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from sim.cli import main; main()", *command],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=TOP,
        )
    assert done.returncode == 5
    assert "No space left" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


# Odd places to print to


def shell(command: str) -> subprocess.CompletedProcess[str]:
    program = f"{shlex.quote(sys.executable)} -c 'import sys; from sim.cli import main; main(sys.argv[1:])'"
    return subprocess.run(["bash", "-c", command.replace("whatif", program)], capture_output=True, text=True, cwd=TOP)


@pytest.mark.skipif(os.name != "posix", reason="says it in a POSIX shell")
@pytest.mark.parametrize(
    ("command", "code", "out", "says"),
    [
        ("whatif params >&-", 5, "", "standard output is closed"),
        ("whatif run no_such_plan 2>&-", 5, "", ""),
        ("ulimit -f 4; whatif params --format json > full.tmp; code=$?; rm -f full.tmp; exit $code", 5, "", "File too large"),
        ("whatif params | true; exit ${PIPESTATUS[0]}", 0, "", ""),
        ("whatif --help | true; exit ${PIPESTATUS[0]}", 0, "", ""),
        ("whatif run no_such_plan 2>&1 | true; exit ${PIPESTATUS[0]}", 5, "", ""),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_printed_is_never_half_an_answer_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int, out: str, says: str, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = shell(command.replace("full.tmp", shlex.quote(str(tmp_path / "full.json"))))
    assert (done.returncode, done.stdout) == (code, out), done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1

"""The house stays in order: imports go down only, every room knows only what it may, and no file outgrows a head."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import sim

TOP = Path(__file__).parent.parent
SOURCES = sorted(path for path in (TOP / "sim").rglob("*.py") if "__pycache__" not in path.parts)

FLOORS = {  # a room may import rooms on its own floor or below; a new room says here where it lives
    "sim.errors": 0,
    "sim.parameters": 1,
    "sim.linting": 1,
    "sim.model": 1,
    "sim.scenario": 2,
    "sim.costs": 2,
    "sim.draws": 2,
    "sim.outcome": 3,
    "sim.planning": 4,
    "sim.engine": 4,
    "sim.executors": 4,
    "sim.clusters": 4,
    "sim.batches": 4,
    "sim.jobs": 5,
    "sim.lanes": 3,
    "sim.blocks": 3,
    "sim.sweeps": 5,
    "sim.analysis": 5,
    "sim.evidence": 5,
    "sim.shops": 5,
    "sim.texts": 6,
    "sim.figures": 6,
    "sim.tables": 6,
    "sim.charts": 6,
    "sim.wording": 6,
    "sim.report": 6,
    "sim.benchmarking": 6,
    "sim.cli": 7,
    "sim.ui": 7,
}
STANDARD = set(sys.stdlib_module_names)
MOST_LINES = {"sim": 450, "tests": 500}
TOP_LEVEL = {
    "pyproject.toml", "README.md", "app.py", "sim", "scenarios", "tests",
    "docs", "benchmarks", "CHANGELOG.md", "LICENSE", "constraints.txt",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """Modules that a file imports, inside functions too if `lazy`; what only a type checker imports is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            skipped.update(inner for statement in node.body for inner in ast.walk(statement))
        if not lazy and isinstance(node, ast.FunctionDef):
            skipped.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, node.module] if node.module else above)
            yield module
            if module == "sim":  # `from sim import engine`
                yield from (f"sim.{alias.name}" for alias in node.names)


def is_module(name: str) -> bool:
    place = TOP.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(module_of(path))
    if room == "sim":  # the front door: public names, loaded lazily
        assert not [name for name in imports(path) if name.startswith("sim.")]
        return
    assert room in FLOORS, f"{room} is a new room: say in FLOORS where it lives"
    for name in imports(path):
        other = room_of(name)
        if name.startswith("sim.") and is_module(other):
            assert FLOORS[other] <= FLOORS[room], f"{module_of(path)} (floor {FLOORS[room]}) imports {name} (floor {FLOORS[other]})"


def test_rooms_of_one_floor_do_not_import_each_other_in_circles() -> None:
    """An import inside a function may look back: it happens after both files are read."""
    below: dict[str, set[str]] = {}
    for path in SOURCES:
        room = room_of(module_of(path))
        below.setdefault(room, set()).update(room_of(name) for name in imports(path, lazy=False) if name.startswith("sim."))
    below = {room: {other for other in others if other != room and other in below} for room, others in below.items()}
    while leaves := [room for room, others in below.items() if not others & below.keys()]:
        for room in leaves:
            del below[room]
    assert not below, f"imports go round in a circle among {sorted(below)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_each_room_knows_only_its_own_tools(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} - {"sim", "__future__"}
    room = room_of(module_of(path))
    if room != "sim.ui":
        assert "streamlit" not in outside
    if room == "sim.model":
        foreign = {name for name in imports(path) if not name.startswith("sim.")}
        allowed = {"numpy", "numpy.typing", "scipy.special"}
        assert all(name in allowed or name.split(".")[0] in STANDARD for name in foreign), foreign
        assert {room_of(name) for name in imports(path) if name.startswith("sim.")} <= {"sim.model", "sim.parameters", "sim.errors"}
    if room in ("sim.errors", "sim.parameters", "sim.texts", "sim.figures", "sim.tables"):
        assert outside <= STANDARD, f"{room} manages with the standard library"
    if room not in ("sim.charts", "sim.report", "sim.ui"):
        assert "altair" not in outside


@pytest.mark.parametrize("path", [*SOURCES, *sorted((TOP / "tests").rglob("*.py"))], ids=lambda path: str(path.relative_to(TOP)))
def test_no_file_outgrows_a_head(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES[path.relative_to(TOP).parts[0]], f"{path.name} has {lines} lines: make it a package with the same door"


def test_the_top_level_is_tidy() -> None:
    made_while_working = {"build", "dist", "venv", "__pycache__", "out", "sweeps"}
    found = {
        path.name
        for path in TOP.iterdir()
        if not path.name.startswith(".") and not path.name.endswith(".egg-info") and path.name not in made_while_working
    }
    assert found <= TOP_LEVEL, f"not in the plan of the house: {sorted(found - TOP_LEVEL)}"
    assert {"pyproject.toml", "README.md", "app.py", "sim", "scenarios", "tests"} <= found


def test_no_public_name_is_the_name_of_a_submodule() -> None:
    """`import sim.x` would replace a function sim.x."""
    for door in (path for path in SOURCES if path.name == "__init__.py"):
        submodules = {path.stem for path in door.parent.iterdir() if path.suffix == ".py" or path.is_dir()}
        tree = ast.parse(door.read_text(encoding="utf-8"))
        public = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        public |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        if door.parent == TOP / "sim":
            public |= set(sim.__all__)
        assert not public & submodules, f"{door.relative_to(TOP)}: {sorted(public & submodules)}"


def test_every_public_name_is_there() -> None:
    assert set(sim.__all__) <= set(dir(sim))
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        sim.no_such_name  # noqa: B018


def test_the_wheel_carries_every_package() -> None:
    """The list in pyproject.toml is written by hand, since the scenarios live outside sim/."""
    setup = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {module_of(path) for path in SOURCES if path.name == "__init__.py"} | {"sim.registry", "sim.shipped_scenarios"}
    assert set(setup["packages"]) == found
    assert setup["package-dir"]["sim.shipped_scenarios"] == "scenarios"


def test_the_packaged_settings_are_those_of_the_checkout() -> None:
    packaged = tomllib.loads((TOP / "sim/ui/streamlit.toml").read_text(encoding="utf-8"))
    assert packaged == tomllib.loads((TOP / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert packaged["server"]["headless"] is True
    assert packaged["server"]["address"] == "localhost"
    assert packaged["browser"]["gatherUsageStats"] is False


def test_both_entries_of_the_app_only_call_main() -> None:
    assert (TOP / "app.py").read_text(encoding="utf-8") == "from sim.ui.main import main\n\nmain()\n"
    assert (TOP / "sim/ui/entry/app.py").read_text(encoding="utf-8") == (TOP / "app.py").read_text(encoding="utf-8")

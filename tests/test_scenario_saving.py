"""Saved scenarios: nothing lost, comments kept, and the old file whole whatever fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sim.errors import INVALID, UNREADABLE, UserError
from sim.parameters import registry
from sim.scenario import (
    KPI_UNITS,
    Assumption,
    Event,
    Goal,
    LeverCost,
    LeverSetting,
    Observed,
    Scenario,
    diff,
    dumps,
    load,
    loads,
    save,
)
from sim.scenario.checks import may_observe
from tests.scenario_texts import EVENT, HEAD, SEATS, SHIPPED, SINGLE_FIXES, one_sentence, write


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(SHIPPED))


# --- writing ---------------------------------------------------------------------------------------------------------

OWN = """# Why this plan: F106.
schema = 1 # the format
title = "Two"
extends = "baseline"

# Days of the quarter.
[horizon]
days = 92

# Redirects first.
[levers.payment.redirects]
to = 2          # from five
start = 2024-01-15

# Desk.
[levers."service.seats"]
to = 28         # eight more
# end of the desk

# Goals at the end.
[goals]
net_gmv = { at_least = 6.0e10, probability = 0.8 } # the board's
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "two.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_saving_unchanged_changes_no_byte(own: Path) -> None:
    save(load(own), own, overwrite=True)
    assert own.read_text("utf-8") == OWN


@pytest.mark.parametrize("name", [*SINGLE_FIXES, "baseline", "all_fixes"])
def test_shipped_files_survive_saving(name: str) -> None:
    text = (SHIPPED / f"{name}.toml").read_text("utf-8")
    assert dumps(load(name), base_text=text) == text


def test_comments_survive_changes(own: Path) -> None:
    scenario = load(own)
    changed = replace(
        scenario.with_levers({"payment.redirects": 3, "service.seats": 20, "returns.size_labels": 0.5}).with_horizon(days=90),
        author="李",
        goals={"net_gmv": Goal(at_least=7e10, probability=0.8), "gmv": Goal(at_most=9e10)},
        events=(Event(name="年货节", start=date(2024, 1, 20), end=date(2024, 2, 4), traffic=1.8),),
    )
    save(changed, own, overwrite=True)
    assert load(own).digest == changed.digest
    text = own.read_text("utf-8")
    for kept in (
        "# Why this plan",
        "# the format",
        "# Days of the quarter.",
        "# Redirects first.",
        "# from five",
        "# Goals at the end.",
        "# the board's",
    ):
        assert kept in text
    assert "seats" not in text and "# Desk." not in text  # the comment of what is gone goes with it
    assert text.index('author = "李"') < text.index("[horizon]")
    assert "at_least = 70_000_000_000, probability = 0.8 }" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "# mine\n\n[levers.service.seats]\nto = 28\n[levers.service.seats.cost]\nonce = 5\n",
        HEAD + '# mine\nevents = [{ name = "x", start = 2024-01-05, end = 2024-01-07, traffic = 2 }]\n[levers.service.seats]\nto = 28\n',
        HEAD + "# mine\n\n[levers.service.seats]\nto = 28\n[horizon]\ndays = 90\n[levers.payment]\nredirects.to = 3\n",
        HEAD + "# mine\nlevers.service.seats.to = 28\nlevers.payment.redirects.to = 3\n",
        HEAD + '# mine\nlevers = { "service.seats" = { to = 28 }, payment = { redirects = { to = 3 } } }\n',
    ],
)
def test_unusual_layouts_keep_their_comments(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    scenario = load(path)
    save(scenario, path, overwrite=True)
    assert path.read_text("utf-8") == text
    for targets in (
        {"service.seats": 30},
        {"service.seats": 20},
        {"returns.size_labels": 0.5},
        {"payment.redirects": 5, "service.seats": 31},
    ):
        changed = scenario.with_levers(targets)
        changed = replace(changed, events=changed.events and (replace(changed.events[0], traffic=3.0),))
        save(changed, path, overwrite=True)
        assert load(path).digest == changed.digest and "# mine" in path.read_text("utf-8")
        path.write_text(text, encoding="utf-8")


def test_save_as_takes_the_comments_along(own: Path, tmp_path: Path) -> None:
    target = tmp_path / "three.toml"
    save(load(own).with_levers({"payment.redirects": 3}), target, base_text=OWN)
    assert "# from five" in target.read_text("utf-8") and load(target).levers["payment.redirects"].amount == 3
    assert own.read_text("utf-8") == OWN


def test_windows_line_ends_stay(own: Path) -> None:
    own.write_bytes(OWN.replace("\n", "\r\n").encode())
    save(load(own).with_levers({"returns.size_labels": 0.5}), own, overwrite=True)
    data = own.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 20


def test_a_child_writes_only_its_own(tmp_path: Path) -> None:
    save(replace(load("fix_payment"), extends="fix_payment").with_levers({"service.seats": 28}), tmp_path / "more.toml")
    data = tomllib.loads((tmp_path / "more.toml").read_text("utf-8"))
    assert data["levers"] == {"service": {"seats": {"to": 28}}} and "horizon" not in data
    # taking back what the parent does is said as the baseline's value
    save(replace(load("fix_payment").with_levers({"payment.redirects": 5}), extends="fix_payment"), tmp_path / "less.toml")
    assert tomllib.loads((tmp_path / "less.toml").read_text("utf-8"))["levers"]["payment"]["redirects"]["to"] == 5
    assert "payment.redirects" not in load(tmp_path / "less.toml").levers


def test_what_an_overlay_cannot_say_is_written_out(tmp_path: Path) -> None:
    write(tmp_path, old=HEAD + EVENT + "traffic = 2\n" + SEATS + "to = 25\n", young=HEAD + '# mine\nextends = "old"\n')
    without = replace(load("young", tmp_path), events=())
    save(without, tmp_path / "young.toml", overwrite=True)
    again = load("young", tmp_path)
    assert again.extends is None and again.digest == without.digest and again.levers["service.seats"].amount == 25
    assert "# mine" in (tmp_path / "young.toml").read_text("utf-8")


def test_no_overwriting_unasked(own: Path) -> None:
    with pytest.raises(UserError, match="exists already") as caught:
        save(load("fix_service"), own)
    assert caught.value.exit_code == INVALID and own.read_text("utf-8") == OWN


@pytest.mark.parametrize(
    "name",
    [
        "a:b.toml",
        "a\nb.toml",
        "con.toml",
        "COM1.toml",
        "nul.x.toml",
        ".toml",
        ".hidden.toml",
        "a .toml",
        "a..toml",
        "x.txt",
        "x",
        "a*.toml",
        "a\x1b.toml",
        "长" * 80 + ".toml",
    ],
)
def test_names_that_no_system_should_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a scenario") as caught:
        save(load("baseline"), tmp_path / name)
    assert caught.value.exit_code == INVALID and one_sentence(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["支付两次跳转.toml", "plan 2_b-3.toml", "Übung.v2.toml"])
def test_names_that_are_fine(tmp_path: Path, name: str) -> None:
    save(load("fix_payment"), tmp_path / name)
    assert load(tmp_path / name).digest == load("fix_payment").digest
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_scenario_that_cannot_be_read_back_is_not_saved(own: Path) -> None:
    scenario = load(own)
    broken = [
        replace(scenario, title=""),
        replace(scenario, title="a\x1b[2Jb"),
        replace(scenario, title="\ud800"),
        replace(scenario, levers={"service.seats": LeverSetting(amount=900.0)}),
        replace(scenario, levers={"service.seats": LeverSetting(amount=float("nan"))}),
        replace(scenario, days=0),
        replace(scenario, events=(Event(name="e", start=date(2030, 1, 1), end=date(2030, 1, 2)),)),
    ]
    for item in broken:
        with pytest.raises(UserError):
            save(item, own, overwrite=True)
        assert own.read_text("utf-8") == OWN and len(list(own.parent.iterdir())) == 1


@pytest.mark.parametrize("step", ["open", "fsync", "replace", "write"])
def test_full_disk_leaves_the_old_file(own: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class FullStream:
        def __init__(self, handle: int, *_: object) -> None:
            os.close(handle)

        def __enter__(self) -> FullStream:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        write = full

    scenario = load(own).with_levers({"payment.redirects": 3})
    if step == "write":
        monkeypatch.setattr("sim.scenario.placing.os.fdopen", FullStream)
    else:
        monkeypatch.setattr(f"sim.scenario.placing.os.{step}", full)
    with pytest.raises(UserError, match="No space left on device") as caught:
        save(scenario, own, overwrite=True)
    monkeypatch.undo()
    assert caught.value.exit_code == UNREADABLE and "Nothing was changed" in one_sentence(caught.value)
    assert own.read_text("utf-8") == OWN and [path.name for path in own.parent.iterdir()] == ["two.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on file size")
def test_a_file_that_the_system_cuts_short(own: Path) -> None:
    program = (
        "import resource, sys; from sim.errors import UserError; from sim.scenario import load, save\n"
        "plan = load(sys.argv[1]).with_levers({'payment.redirects': 3})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: save(plan, sys.argv[1], overwrite=True)\n"
        "except UserError as error: print(error); sys.exit(error.exit_code)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", program, str(own)], capture_output=True, text=True, check=False, cwd=SHIPPED.parent)
    assert done.returncode == UNREADABLE and "could not be written" in done.stdout and not done.stderr
    assert own.read_text("utf-8") == OWN and len(list(own.parent.iterdir())) == 1


def test_folders_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path / "none" / "x.toml", SHIPPED / "baseline.toml" / "x.toml"):
        with pytest.raises(UserError, match="could not be written") as caught:
            save(load("baseline"), path)
        assert caught.value.exit_code == UNREADABLE
    (tmp_path / "dir.toml").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        save(load("baseline"), tmp_path / "dir.toml", overwrite=True)

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("sim.scenario.placing.os.open", refused)
    with pytest.raises(UserError, match="Permission denied") as caught:
        save(load("baseline"), tmp_path / "x.toml")
    assert caught.value.exit_code == UNREADABLE


def test_a_link_is_written_through(own: Path) -> None:
    link = own.parent / "link.toml"
    try:
        link.symlink_to(own)
    except OSError:
        pytest.skip("no symbolic links here")
    save(load(link).with_levers({"payment.redirects": 3}), link, overwrite=True)
    assert link.is_symlink() and load(own).levers["payment.redirects"].amount == 3


def test_saving_cannot_make_a_cycle(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD, b=HEAD + 'extends = "a"\n')
    with pytest.raises(UserError, match="cycle"):
        save(replace(load("a", tmp_path), extends="b"), tmp_path / "a.toml", overwrite=True)
    assert (tmp_path / "a.toml").read_text("utf-8") == HEAD


# --- round trip ------------------------------------------------------------------------------------------------------

BOOK = registry()
words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
labels = words.filter(lambda text: bool(text.strip()))
money = st.none() | st.floats(0, 1e12)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high) | st.integers(-(-int(low) // 1), int(high)).map(float).filter(lambda value: low <= value <= high)


@st.composite
def lever_settings(draw: st.DrawFn, name: str, start: date, days: int) -> LeverSetting:
    parameter = BOOK[name]
    low, high = parameter.bounds
    target = float(draw(st.integers(int(low), int(high)))) if parameter.whole else draw(numbers(low, high))
    first, last = sorted(draw(st.tuples(st.integers(0, days - 1), st.integers(0, days - 1))))
    form, amount = "to", target
    if not parameter.whole and draw(st.booleans()):
        form, amount = "add", target - parameter.value
    return LeverSetting(
        form=form,
        amount=amount,
        start=draw(st.none() | st.just(start + timedelta(days=first))),
        until=draw(st.none() | st.just(start + timedelta(days=last))),
        ramp_days=draw(st.integers(parameter.min_ramp_days, 732)),
        coverage=draw(st.floats(0, 1, exclude_min=True)),
        cost=draw(st.none() | st.builds(LeverCost, once=money, per_month=money, per_unit=money).filter(lambda cost: cost != LeverCost())),
    )


@st.composite
def assumptions(draw: st.DrawFn, name: str) -> Assumption:
    parameter = BOOK[name]
    low, best, high = sorted(draw(st.tuples(*[numbers(*parameter.bounds)] * 3)))
    ranged = draw(st.booleans()) and parameter.distribution != "chance" and (low > 0 or parameter.distribution != "lognormal")
    return Assumption(low=low if ranged else None, best=best, high=high if ranged else None, source=draw(labels))


@st.composite
def events(draw: st.DrawFn, start: date, days: int) -> Event:
    first, last = sorted(draw(st.tuples(st.integers(0, days - 1), st.integers(0, days - 1))))
    factor = st.just(1.0) | st.floats(0, 20, exclude_min=True)
    factors = {key: draw(factor) for key in ("traffic", "value", "cpm", "transit")}
    dates = {"start": start + timedelta(days=first), "end": start + timedelta(days=last)}
    return Event(name=draw(labels), **dates, **factors, pull_forward=draw(st.none() | st.floats(0, 1)))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    start = draw(st.dates(date(2015, 1, 1), date(2040, 1, 1)))
    days = draw(st.integers(1, 732))
    levers = draw(st.lists(st.sampled_from([lever.name for lever in BOOK.levers]), unique=True, max_size=4))
    assumed = draw(st.lists(st.sampled_from([item.name for item in BOOK.uncertainties]), unique=True, max_size=3))
    replaceable = [item.name for item in (*BOOK.pinned, *BOOK.constants) if may_observe(item)]
    observed = draw(st.lists(st.sampled_from(replaceable), unique=True, max_size=2))
    limits = st.floats(-1e12, 1e12)
    goal = st.builds(Goal, at_least=limits, probability=st.none() | st.floats(0.01, 0.99)) | st.builds(Goal, at_most=limits)
    shop = {}
    for name in observed:
        parameter = BOOK[name]
        one = st.integers(int(parameter.bounds[0]), int(parameter.bounds[1])).map(float) if parameter.whole else numbers(*parameter.bounds)
        value = draw(st.tuples(*[one] * len(parameter.value)) if isinstance(parameter.value, tuple) else one)
        if parameter.unit == "share" and isinstance(parameter.value, tuple) and sum(parameter.value) == pytest.approx(1.0):
            value = parameter.value[::-1]  # shares of a whole
        shop[name] = Observed(value=value, source=draw(labels))
    return Scenario(
        name="plan",
        title=draw(labels),
        question=draw(words),
        author=draw(words),
        notes=draw(st.lists(words, max_size=3).map("\n".join)),
        extends=draw(st.sampled_from([None, "baseline", "fix_payment", "fix_service"])),
        start=start,
        days=days,
        levers={name: draw(lever_settings(name, start, days)) for name in sorted(levers)},
        assumptions={name: draw(assumptions(name)) for name in sorted(assumed)},
        baseline={name: shop[name] for name in sorted(shop)},
        events=tuple(draw(st.lists(events(start, days), max_size=2, unique_by=lambda event: event.name))),
        goals=draw(st.dictionaries(st.sampled_from(sorted(KPI_UNITS)), goal, max_size=2)),
    ).settled()


@given(scenario=scenarios())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_saved_is_what_is_read(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("saved") / "plan.toml"
    save(scenario, path, folder=SHIPPED)
    back = load(path, SHIPPED)
    assert back.digest == scenario.digest
    assert (back.title, back.question, back.author, back.notes) == (scenario.title, scenario.question, scenario.author, scenario.notes)
    assert diff(scenario, back) == []


@given(before=scenarios(), after=scenarios())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_editing_any_file_into_any_other(before: Scenario, after: Scenario) -> None:
    text = dumps(before, folder=SHIPPED)
    commented = (
        "\n".join(f"{row} # {index}" if row and '"' not in row else row for index, row in enumerate(text.split("\n")))
        if '"""' not in text
        else text
    )
    assume(loads(commented, name="plan", folder=SHIPPED).digest == before.digest)
    edited = dumps(after, base_text="# top\n" + commented, folder=SHIPPED)
    assert edited.startswith("# top\n")
    assert loads(edited, name="plan", folder=SHIPPED).digest == after.digest
    assert dumps(after, base_text=edited, folder=SHIPPED) == edited  # saving again changes nothing

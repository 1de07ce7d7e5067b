"""Scenario files: what is read, how files lie over each other, and what a scenario says of itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sim.errors import INVALID, UserError
from sim.parameters import registry
from sim.scenario import (
    Assumption,
    Event,
    Goal,
    LeverCost,
    LeverSetting,
    Observed,
    Scenario,
    diff,
    json_schema,
    load,
    scenario_names,
)
from tests.scenario_texts import HEAD, SHIPPED, SINGLE_FIXES, one_sentence, plan, refusal, write


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(SHIPPED))


# --- the files that ship ---------------------------------------------------------------------------------------------


def test_shipped_scenarios() -> None:
    assert scenario_names()[0] == "baseline" and {"all_fixes", *SINGLE_FIXES} <= set(scenario_names())
    baseline = load("baseline")
    assert not (baseline.levers or baseline.assumptions or baseline.events or baseline.goals or baseline.baseline or baseline.extends)
    assert (baseline.start, baseline.days, baseline.end, baseline.dated) == (date(2024, 1, 1), 92, date(2024, 4, 1), False)
    for name in scenario_names():
        scenario = load(name)
        assert scenario.name == name and scenario.title and scenario.question
        if name.startswith("fix_"):
            assert (scenario.start, scenario.days) == (baseline.start, baseline.days)
        assert scenario.moved == scenario.levers
        assert not scenario.idle


def test_all_fixes_are_the_single_fixes() -> None:
    together = {name: setting for fix in SINGLE_FIXES for name, setting in load(fix).levers.items()}
    assert load("all_fixes").levers == together


def test_payment_plan() -> None:
    levers = load("fix_payment").levers
    assert levers["payment.redirects"] == LeverSetting(form="to", amount=2.0, start=date(2024, 1, 15), ramp_days=14)
    assert load("fix_payment").dated


def test_shipped_files_keep_to_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in SHIPPED.glob("*.toml"):
        data = json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=str))
        validator.validate(data)
    quoted = {"schema": 1, "title": "x", "levers": {"payment.redirects": {"to": 2}}}
    validator.validate(quoted)
    for wrong in (
        {"title": "x"},
        quoted | {"levers": {"payment.redirects": {"to": 9}}},
        quoted | {"levers": {"payment": {"redirects": {"to": 2, "add": 1}}}},
        quoted | {"levers": {"payment": {"redirect": {"to": 2}}}},
        quoted | {"assumptions": {"payment": {"benchmark_success": {"best": 0.9}}}},
        quoted | {"goals": {"profit": {"at_least": 1}}},
    ):
        assert not validator.is_valid(wrong), wrong


# --- reading ---------------------------------------------------------------------------------------------------------


def test_spellings_of_a_key_are_one() -> None:
    spelled = [
        "[levers.payment.redirects]\nto = 2\n",
        '[levers."payment.redirects"]\nto = 2.0\n',
        "[levers.payment]\nredirects = { to = 2 }\n",
        "levers.payment.redirects.to = 2\n",
        'levers = { "payment.redirects" = { add = -3 } }\n',
        "[levers.payment.redirects]\nscale = 0.4\n",
        "[levers.payment.redirects]\nto = 2\nstart = 2024-01-01\ncoverage = 1\nramp_days = 0\n",
    ]
    assert len({plan(text).digest for text in spelled}) == 1


def test_full_file() -> None:
    scenario = plan(
        """
        question = "What if?"
        author = "王"
        notes = \"\"\"
        two
        rows\"\"\"
        [horizon]
        start = 2024-06-01
        days = 30
        [levers.service.seats]
        add = 8
        start = 2024-06-05
        until = 2024-06-20
        coverage = 0.5
        cost = { once = 100, per_month = 2_000 }
        [assumptions.payment.benchmark_success]
        low = 0.92
        best = 0.95
        high = 0.98
        source = "acquirer"
        [[events]]
        name = "6.18"
        start = 2024-06-16
        end = 2024-06-18
        traffic = 1.8
        pull_forward = 0.1
        [goals]
        net_gmv = { at_least = 6.0e10, probability = 0.8 }
        return_rate = { at_most = 0.25 }
        [baseline.detail_page.bounce]
        value = 0.55
        source = "shop export"
        """
    )
    assert (scenario.start, scenario.days, scenario.author, scenario.question) == (date(2024, 6, 1), 30, "王", "What if?")
    assert scenario.notes.split() == ["two", "rows"]
    seats = scenario.levers["service.seats"]
    assert seats.target(20.0) == 28.0 and seats.cost == LeverCost(once=100.0, per_month=2000.0)
    assert scenario.assumptions["payment.benchmark_success"] == Assumption(low=0.92, best=0.95, high=0.98, source="acquirer")
    assert scenario.events == (Event(name="6.18", start=date(2024, 6, 16), end=date(2024, 6, 18), traffic=1.8, pull_forward=0.1),)
    assert scenario.goals == {"net_gmv": Goal(at_least=6e10, probability=0.8), "return_rate": Goal(at_most=0.25)}
    assert scenario.baseline == {"detail_page.bounce": Observed(value=0.55, source="shop export")}


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "方案.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + "[levers.service.seats]\nto = 28\n").replace("\n", "\r\n").encode())
    assert load(path).levers["service.seats"].amount == 28
    assert load("方案", tmp_path).name == "方案"


def test_registry_value_is_no_lever() -> None:
    scenario = plan("[levers.service.seats]\nto = 20\nstart = 2024-02-01\nramp_days = 7\n")
    assert not scenario.levers and not scenario.dated
    assert scenario.digest == plan().digest
    # ... but --set still finds the dates that the file gives
    assert scenario.with_levers({"service.seats": 28}).levers["service.seats"] == LeverSetting(
        amount=28.0, start=date(2024, 2, 1), ramp_days=7
    )


def test_baseline_of_a_shop_moves_what_no_lever_is() -> None:
    body = '[baseline.service.seats]\nvalue = 30\nsource = "shop"\n[levers.service.seats]\n'
    assert not plan(body + "to = 30\n").levers
    moved = plan(body + "add = 8\n")
    assert moved.lever_baseline("service.seats") == 30 and moved.moved["service.seats"].target(30.0) == 38
    assert "to 80" in refusal(HEAD + body + "scale = 3\n")


def test_programmes_ramp_as_long_as_they_must() -> None:
    assert plan("[levers.traffic.local_life]\nto = 1e6\n").levers["traffic.local_life"].ramp_days == 90
    assert plan().with_levers({"traffic.local_life": 1e6}).levers["traffic.local_life"].ramp_days == 90


# --- overlay ---------------------------------------------------------------------------------------------------------


def test_child_over_parent(tmp_path: Path) -> None:
    event = '[[events]]\nname = "{}"\nstart = 2024-02-0{}\nend = 2024-02-09\ntraffic = {}\n'
    write(
        tmp_path,
        old=HEAD
        + "[horizon]\ndays = 60\n[levers.service.seats]\nto = 25\nramp_days = 9\n[levers.payment.redirects]\nto = 3\n"
        + event.format("a", 1, 2)
        + event.format("b", 1, 3),
        young=HEAD + 'extends = "old"\n[horizon]\nstart = 2024-01-08\n[levers.service.seats]\nto = 30\n' + event.format("a", 2, 4),
    )
    young = load("young", tmp_path)
    assert (young.start, young.days) == (date(2024, 1, 8), 60)
    assert young.levers["service.seats"] == LeverSetting(amount=30.0)  # the entry as a whole, not key by key
    assert young.levers["payment.redirects"].amount == 3
    assert [(event.name, event.traffic) for event in young.events] == [("b", 3), ("a", 4)]


def test_parent_beside_the_file_comes_first(tmp_path: Path) -> None:
    write(tmp_path, baseline=HEAD + "[levers.service.seats]\nto = 33\n", young=HEAD + 'extends = "baseline"\n')
    assert load(tmp_path / "young.toml").levers["service.seats"].amount == 33
    (tmp_path / "baseline.toml").unlink()
    assert not load(tmp_path / "young.toml").levers


def test_cycles_and_long_chains(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + 'extends = "b"\n', b=HEAD + 'extends = "c"\n', c=HEAD + 'extends = "a"\n', me=HEAD + 'extends = "me"\n')
    for stem, words in (("a", "a -> b -> c -> a"), ("me", "me -> me")):
        with pytest.raises(UserError, match=f"line 3: extends: a cycle: {words}") as caught:
            load(stem, tmp_path)
        assert caught.value.exit_code == INVALID
    for index in range(25):
        write(tmp_path, **{f"n{index}": HEAD + f'extends = "n{index + 1}"\n', "n25": HEAD})
    assert load("n5", tmp_path).extends == "n6"  # twenty files above it
    with pytest.raises(UserError, match="chain of more than 20"):
        load("n4", tmp_path)


def test_error_in_a_parent_names_the_parent(tmp_path: Path) -> None:
    write(
        tmp_path,
        old=HEAD + "\n[levers.service.seats]\nto = 25\nstart = 2024-03-01\n",
        young=HEAD + 'extends = "old"\n[horizon]\ndays = 5\n',
    )
    assert load("old", tmp_path).dated
    with pytest.raises(UserError, match=r"old\.toml, line 6: levers\.service\.seats\.start: 2024-03-01 is outside the horizon"):
        load("young", tmp_path)


@pytest.mark.parametrize(
    "stem", ["../baseline", "/etc/passwd", "sub/plan", "..\\baseline", "C:baseline", ".", "..", "baseline.toml", "", "a\\u0000b"]
)
def test_extends_is_a_plain_name(stem: str) -> None:
    message = refusal(HEAD + f'extends = "{stem}"\n'.replace("\\b", "\\\\b"))
    assert "plan.toml, line 3: extends: " in message


def test_missing_parent_offers_the_nearest() -> None:
    assert 'Did you mean "baseline"?' in refusal(HEAD + 'extends = "baselin"\n')


# --- values ----------------------------------------------------------------------------------------------------------


def test_digest_is_the_content() -> None:
    scenario = load("fix_payment")
    assert scenario.digest == replace(scenario, name="x", title="y", question="", author="z", notes="n", path=None, extends=None).digest
    levers = scenario.levers
    others = [
        replace(scenario, days=91),
        replace(scenario, start=date(2024, 1, 2)),
        replace(scenario, levers={}),
        replace(scenario, levers={"payment.redirects": levers["payment.redirects"]}),
        replace(scenario, levers=levers | {"payment.redirects": replace(levers["payment.redirects"], ramp_days=15)}),
        replace(scenario, levers=levers | {"payment.redirects": replace(levers["payment.redirects"], cost=LeverCost(once=0.0))}),
        replace(scenario, goals={"gmv": Goal(at_least=1.0)}),
        scenario.with_assumptions({"payment.benchmark_success": 0.95}),
        scenario.with_assumptions({"payment.gap": 0.16}),
    ]
    assert len({item.digest for item in (scenario, *others)}) == len(others) + 1
    event = Event(name="b", start=date(2024, 1, 2), end=date(2024, 1, 3))
    second = replace(event, name="a")
    assert replace(scenario, events=(event, second)).digest == replace(scenario, events=(second, event)).digest


def test_digest_of_the_baseline_is_pinned() -> None:
    # Results are stored under digests: a change of this value needs a line "results change" in the changelog.
    assert load("baseline").digest == Scenario(name="x").digest == BASELINE_DIGEST


BASELINE_DIGEST = "a49e6399ff6165ece7945cd028828309c12febc79bc330a42b3e3321b6947071"


def test_set_keeps_the_files_dates() -> None:
    scenario = load("fix_payment").with_levers({"payment.redirects": 3, "service.seats": 28})
    assert scenario.levers["payment.redirects"] == LeverSetting(amount=3.0, start=date(2024, 1, 15), ramp_days=14)
    assert scenario.levers["service.seats"] == LeverSetting(amount=28.0)
    assert "payment.redirects" not in scenario.with_levers({"payment.redirects": 5}).levers
    assert scenario.with_levers({"payment.redirects": 5}).with_levers({"payment.redirects": 3}) == scenario
    assert list(scenario.levers) == sorted(scenario.levers)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("service.seat", 20, 'service.seat: no such lever. Did you mean "service.seats"?'),
        ("service.seats", 900, "service.seats: 900 is out of bounds; 5 to 80 seats is allowed."),
        ("service.seats", float("nan"), "finite"),
        ("service.seats", True, "not true"),
        ("payment.redirects", 2.5, "whole number"),
        ("payment.gap", 0.1, "it belongs under [baseline]"),
        ("payment.benchmark_success", 0.9, "--assume"),
    ],
)
def test_set_is_checked(name: str, value: float, words: str) -> None:
    with pytest.raises(UserError) as caught:
        load("baseline").with_levers({name: value})
    assert words in one_sentence(caught.value)


def test_assume() -> None:
    scenario = load("baseline").with_assumptions({"payment.benchmark_success": 0.93, "payment.gap": 0.16})
    assert scenario.assumptions["payment.benchmark_success"].fixed
    assert scenario.baseline["payment.gap"].value == 0.16  # a pinned total is observed, not drawn
    for name, value, words in (
        ("payment.benchmark", 0.9, "benchmark_success"),
        ("payment.benchmark_success", 2, "out of bounds"),
        ("service.seats", 20, "--set"),
        ("payment.gap", float("inf"), "finite"),
    ):
        with pytest.raises(UserError, match=words):
            load("baseline").with_assumptions({name: value})


def test_other_horizons() -> None:
    assert load("baseline").with_horizon(date(2023, 7, 1), 92).start == date(2023, 7, 1)
    assert load("fix_payment").with_horizon(days=15).days == 15
    with pytest.raises(UserError, match=r"payment.redirects: start: 2024-01-15 is outside the horizon 2024-01-01 to 2024-01-14"):
        load("fix_payment").with_horizon(days=14)
    for days in (0, 100_000, 1.5, True):
        with pytest.raises(UserError, match="days"):
            load("baseline").with_horizon(days=days)


def test_a_scenario_travels_to_worker_processes() -> None:
    import pickle

    scenario = load("all_fixes")
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert hash(scenario) == hash(load("all_fixes"))


# --- differences -----------------------------------------------------------------------------------------------------


def test_diff_of_payment() -> None:
    rows = {
        (item.kind, item.name, item.field): (item.before, item.after, item.unit) for item in diff(load("baseline"), load("fix_payment"))
    }
    assert rows["lever", "payment.redirects", "to"] == (5.0, 2.0, registry()["payment.redirects"].unit)
    assert rows["lever", "payment.redirects", "start"] == (None, "2024-01-15", "date")
    assert rows["lever", "payment.redirects", "ramp_days"] == (0, 14, "days")
    assert {name for _, name, _ in rows} == {"payment.redirects", "payment.typed_card_share"}
    back = diff(load("fix_payment"), load("baseline"))
    assert {(item.kind, item.name, item.field): (item.after, item.before, item.unit) for item in back} == rows


def test_diff_of_the_rest() -> None:
    scenario = replace(
        load("baseline"),
        days=60,
        assumptions={"payment.benchmark_success": Assumption(best=0.93, source="x")},
        baseline={"fulfilment.node_hours_transit": Observed(value=(8.0, 12.0, 1.0), source="x")},
        events=(Event(name="e", start=date(2024, 1, 2), end=date(2024, 1, 3), traffic=2.0),),
        goals={"net_gmv": Goal(at_least=6e10)},
    )
    rows = {(item.kind, item.name, item.field): (item.before, item.after, item.unit) for item in diff(load("baseline"), scenario)}
    assert rows["horizon", "horizon", "days"] == (92, 60, "days")
    assert rows["assumption", "payment.benchmark_success", "best"] == (0.95, 0.93, "share")
    assert rows["assumption", "payment.benchmark_success", "low"] == (0.9, None, "share")
    assert rows["baseline", "fulfilment.node_hours_transit", "value"][1] == [8.0, 12.0, 1.0]
    assert rows["event", "e", "start"] == (None, "2024-01-02", "date")
    assert rows["event", "e", "traffic"] == (1.0, 2.0, "factor")
    assert ("event", "e", "cpm") not in rows
    assert rows["goal", "net_gmv", "at_least"] == (None, 6e10, "CNY")
    assert diff(scenario, scenario) == []


# --- the house -------------------------------------------------------------------------------------------------------


def test_reading_needs_the_standard_library_alone() -> None:
    program = (
        "import sys; from sim.scenario import load, json_schema; load('fix_payment'); json_schema()\n"
        "print(*sorted({'numpy', 'pandas', 'tomlkit', 'streamlit', 'click', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True, cwd=SHIPPED.parent)
    assert done.stdout.strip() == ""

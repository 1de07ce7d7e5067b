"""Sweep files: what they may say, and that each mistake is refused in one clear sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.cli import options
from sim.errors import UserError
from sim.outcome import KPIS
from sim.scenario import scenario_names
from sim.sweeps import load_spec
from sim.sweeps import spec as spec_module

TOP = Path(__file__).parent.parent.parent
REDIRECTS = "[levers.payment.redirects]\nvalues = [1, 2]\n"
GRID = '[design]\nkind = "grid"\n'
LHS = '[design]\nkind = "lhs"\npoints = 8\n'


@pytest.mark.parametrize("name", ["redirects_x_seats", "next_stage_grid"])
def test_shipped_sweeps_are_read_by_their_name(name: str) -> None:
    spec = load_spec(name)
    assert spec.title and spec.question
    assert 50 <= spec.design.count <= 500
    assert load_spec(TOP / "scenarios/sweeps" / f"{name}.toml").design == spec.design


def test_shipped_sweeps_are_no_scenarios_and_speak_chinese() -> None:
    from sim.texts import catalogue

    assert not {"redirects_x_seats", "next_stage_grid", "sweeps"} & set(scenario_names(TOP / "scenarios"))
    for file in (TOP / "scenarios/sweeps").glob("*.toml"):
        spec = load_spec(file)
        assert catalogue()[f"file.{file.stem}.title"]["en"] == spec.title
        assert catalogue()[f"file.{file.stem}.question"]["en"] == spec.question


def test_what_is_left_out_has_its_default(small: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "least.toml"
    path.write_text(f'schema = 1\nbase = "fix_payment"\n{GRID}{REDIRECTS}', encoding="utf-8")
    spec = load_spec(path)
    assert (spec.draws, spec.seed, spec.noise, spec.per_draw, spec.base.days) == (1000, 1, True, False, 92)
    assert list(spec.kpis) == list(KPIS)
    shorter = load_spec(small(GRID + REDIRECTS))
    assert (shorter.base.days, shorter.draws) == (2, 4)


def test_a_point_is_what_set_and_assume_make(small: Callable[..., Path]) -> None:
    spec = load_spec(small(GRID + REDIRECTS + "[assumptions.payment.benchmark_success]\nvalues = [0.94, 0.95]\n"))
    assert spec.design.count == 4
    base = sim.load("baseline").with_horizon(days=2)
    by_hand = base.with_assumptions({"payment.benchmark_success": 0.94}).with_levers({"payment.redirects": 2})
    assert spec.scenario(3).digest == by_hand.digest
    assert "payment.redirects = 2" in spec.scenario(3).name


def test_a_point_keeps_the_dates_of_the_base(tmp_path: Path) -> None:
    path = tmp_path / "dated.toml"
    path.write_text(f'schema = 1\nbase = "fix_payment"\n{GRID}[levers.payment.redirects]\nvalues = [1, 3]\n', encoding="utf-8")
    setting = load_spec(path).scenario(1).levers["payment.redirects"]
    before = sim.load("fix_payment").levers["payment.redirects"]
    assert (setting.amount, setting.start, setting.ramp_days) == (1.0, before.start, before.ramp_days)


def test_the_base_is_looked_for_beside_the_file_first(tmp_path: Path) -> None:
    (tmp_path / "sweeps").mkdir()
    path = tmp_path / "sweeps/own.toml"
    path.write_text(f'schema = 1\nbase = "baseline"\n{GRID}{REDIRECTS}', encoding="utf-8")
    assert load_spec(path).base.days == 92  # the shipped one
    for days, folder in ((30, tmp_path), (31, tmp_path / "sweeps")):
        text = f'schema = 1\ntitle = "Mine"\n[horizon]\nstart = 2024-01-01\ndays = {days}\n'
        (folder / "baseline.toml").write_text(text, encoding="utf-8")
        assert load_spec(path).base.days == days


def test_both_spellings_and_a_list_say_the_same(small: Callable[..., Path]) -> None:
    listed = load_spec(small(
        '[design]\nkind = "list"\n[[points]]\n"payment.redirects" = 2\n[[points]]\nservice.seats = 28\npayment.redirects = 3\n[[points]]\n'
    ))
    assert [axis.name for axis in listed.design.axes] == ["payment.redirects", "service.seats"]
    assert listed.design.values(0, 9).tolist() == [[2.0, 20.0], [3.0, 28.0], [5.0, 20.0]]
    assert listed.scenario(3).digest == listed.base.digest
    plain, quoted = (load_spec(small(f"{GRID}[levers.{name}]\nvalues = [1, 2]\n")) for name in ("payment.redirects", '"payment.redirects"'))
    assert plain.design == quoted.design


def test_a_list_leaves_an_assumption_as_the_base_has_it(small: Callable[..., Path]) -> None:
    spec = load_spec(small('[design]\nkind = "list"\n[[points]]\npayment.benchmark_success = 0.95\n[[points]]\npayment.redirects = 2\n'))
    assert [axis.section for axis in spec.design.axes] == ["assumptions", "levers"]
    assert np.isnan(spec.design.values(1, 1)[0, 0])
    assert not spec.scenario(2).assumptions


def test_limits_are_those_of_the_command_line() -> None:
    assert (spec_module.MOST_DRAWS, spec_module.MOST_SEED) == (options.MOST_DRAWS, options.MOST_SEED)


def test_a_seed_is_read_to_its_last_digit(small: Callable[..., Path]) -> None:
    assert load_spec(small(GRID + REDIRECTS, seed=2**63 - 1)).seed == 2**63 - 1


REFUSED = [
    ("", "design is missing"),
    (GRID, "nothing to vary"),
    (GRID + "[levers]\n", "nothing to vary"),
    ("[design]\n", "design.kind: one of grid, lhs, sobol, list is expected, and missing"),
    ('[design]\nkind = "grit"\n' + REDIRECTS, 'Did you mean "grid"?'),
    ("[design]\nkind = 3\n" + REDIRECTS, "one of grid, lhs, sobol, list is expected, not 3"),
    ("design = 3\n" + REDIRECTS, "a table is expected"),
    (GRID + "points = 3\n" + REDIRECTS, "line 9: design.points: a grid has as many points"),
    (GRID + "seeds = 3\n" + REDIRECTS, "design.seeds: unknown key"),
    (GRID + '[lever."payment.redirects"]\nvalues = [1]\n', 'line 9: lever: unknown key. Did you mean "levers"?'),
    (GRID + "[levers.payment.redirect]\nvalues = [1]\n", 'levers.payment.redirect: no such lever. Did you mean "payment.redirects"?'),
    (GRID + '[levers."payment.redirect"]\nvalues = [1]\n', 'Did you mean "payment.redirects"?'),
    (GRID + "[levers.payment.benchmark_success]\nvalues = [0.9]\n", "is not a lever: it belongs under [assumptions]"),
    (GRID + "[assumptions.payment.redirects]\nvalues = [1]\n", "is not an assumption: it belongs under [levers]"),
    (GRID + "[assumptions.payment.benchmark_succes]\nvalues = [0.9]\n", 'Did you mean "payment.benchmark_success"?'),
    (GRID + "[levers]\npayment = 3\n", "payment"),
    (GRID + "[levers.payment]\nredirects = [1, 2]\n", "levers.payment.redirects: a table is expected"),
    (GRID + REDIRECTS + '[levers."payment.redirects"]\nvalues = [3]\n', "is given twice in this file"),
    (GRID + "[levers.payment.typed_card_share]\nvalues = [0.1]\n[assumptions.payment.typed_card_share]\nvalues = [0.1]\n",
     "stands under [levers] too"),
    (GRID + "[levers.payment.redirects]\nvalue = [1]\n", 'Did you mean "values"?'),
    (GRID + "[levers.payment.redirects]\n", "either values, or low and high with steps, is needed; none is given"),
    (GRID + "[levers.payment.redirects]\nvalues = [1]\nlow = 1\n", "both are given"),
    (GRID + "[levers.payment.redirects]\nvalues = []\n", "line 10: levers.payment.redirects.values: the list is empty"),
    (GRID + "[levers.payment.redirects]\nvalues = 3\n", "a list of numbers is expected"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, 2, 1]\n", "1 is given twice"),
    (GRID + '[levers.payment.redirects]\nvalues = [1, "2"]\n', "a number is expected"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, true]\n", "a number is expected"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, nan]\n", "that is finite, not nan"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, -inf]\n", "that is finite, not -inf"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, 9]\n", "redirects.values: 9 is out of bounds; 1 to 8 is allowed"),
    (GRID + "[levers.payment.redirects]\nvalues = [1, 1.5]\n", "1.5 must be a whole number"),
    (GRID + "[assumptions.payment.benchmark_success]\nvalues = [7]\n", "7 is out of bounds"),
    (GRID + "[levers.service.seats]\nlow = 20\nhigh = 30\n", "a grid needs steps beside low and high"),
    (GRID + "[levers.service.seats]\nlow = 20\nsteps = 3\n", "high is missing"),
    (GRID + "[levers.service.seats]\nlow = 20\nhigh = 30\nsteps = 1\n", "1 is out of bounds"),
    (GRID + "[levers.service.seats]\nlow = 20\nhigh = 30\nsteps = 2.5\n", "a whole number of values is expected"),
    (GRID + "[levers.payment.redirects]\nlow = 1\nhigh = 8\nsteps = 3\n", "do not all fall on whole numbers"),
    (LHS + "[levers.service.seats]\nlow = 20\nhigh = 20\n", "the range is empty: low (20) must be below high (20)"),
    (LHS + "[levers.service.seats]\nlow = 30\nhigh = 20\n", "the range is empty"),
    (LHS + "[levers.service.seats]\nlow = 20\nhigh = 90\n", "levers.service.seats.high: 90 is out of bounds"),
    (LHS + "[levers.service.seats]\nlow = 20\nhigh = 30\nsteps = 3\n", "belongs to a grid"),
    (LHS + "[levers.payment.redirects]\nlow = 1.5\nhigh = 3\n", "1.5 must be a whole number"),
    ('[design]\nkind = "lhs"\n' + REDIRECTS, "design.points: points is missing"),
    ('[design]\nkind = "lhs"\npoints = 0\n' + REDIRECTS, "0 is out of bounds"),
    ('[design]\nkind = "sobol"\npoints = 1_000_000_000\n' + REDIRECTS, "design.points: 1000000000 is out of bounds; 1 to 1000000"),
    ('[design]\nkind = "list"\n', 'kind = "list" needs at least one [[points]]'),
    ('[design]\nkind = "list"\npoints = 2\n[[points]]\npayment.redirects = 2\n', "leave points out"),
    ('[design]\nkind = "list"\n[[points]]\n', "no point names a lever"),
    ('[design]\nkind = "list"\n[[points]]\npayment.redirects = 12\n', "points[1].payment.redirects: 12 is out of bounds"),
    ('[design]\nkind = "list"\n[[points]]\npayment.redirekts = 2\n', 'Did you mean "payment.redirects"?'),
    ('[design]\nkind = "list"\n[[points]]\npayment.redirects = 2\n"payment.redirects" = 3\n', "is given twice"),
    ('[design]\nkind = "list"\n[[points]]\npayment.redirects = 2\n' + REDIRECTS, "takes its values from [[points]], not from [levers]"),
    (LHS + REDIRECTS + "[[points]]\npayment.redirects = 2\n", '[[points]] belong to kind = "list"'),
    (GRID + REDIRECTS + '[outputs]\nkpis = ["net_gvm"]\n', 'kpis: the text "net_gvm" is not one of the figures. Did you mean "net_gmv"?'),
    (GRID + REDIRECTS + "[outputs]\nkpis = []\n", "a list of figures is expected"),
    (GRID + REDIRECTS + '[outputs]\nkpis = ["gmv", "gmv"]\n', "gmv is given twice"),
    (GRID + REDIRECTS + "[outputs]\nper_draw = 1\n", "true or false is expected, not 1"),
    (GRID + REDIRECTS + "[outputs]\ndraws = 1\n", "unknown key"),
    ("noise = 1\n" + GRID + REDIRECTS, "line 7: noise: true or false is expected"),
    ("start = 2023\n" + GRID + REDIRECTS, "a date without a time of day is expected"),
    ("notes = 3\n" + GRID + REDIRECTS, "text in quotes is expected"),
    ("levers = 3\n" + GRID, "a table is expected"),
]


@pytest.mark.parametrize(("rest", "says"), REFUSED)
def test_a_mistake_is_refused_in_a_sentence(small: Callable[..., Path], rest: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        load_spec(small(rest))
    assert says in str(refused.value)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert "small.toml" in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", 2, "is empty: a sweep file needs"),
        ("# nothing\n\n", 2, "is empty: a sweep file needs"),
        ("schema = 2\n", 2, "schema 2"),
        ('title = "x"\n', 2, "a sweep file begins with `schema = 1`"),
        ('schema = 1\n[design]\nkind = "grid"\n', 2, "base is missing"),
        ('schema = 1\nbase = "baselin"\n', 2, 'line 2: base: there is no scenario "baselin" in'),
        ('schema = 1\nbase = "baselin"\n', 2, 'Did you mean "baseline"?'),
        ("schema = 1\nbase = 3\n", 2, "text in quotes is expected"),
        (f'schema = 1\nbase = "baseline"\ndraws = 0\n{GRID}{REDIRECTS}', 2, "line 3: draws: 0 is out of bounds"),
        (f'schema = 1\nbase = "baseline"\ndraws = 10_000_001\n{GRID}{REDIRECTS}', 2, "1 to 10000000 draws is allowed"),
        (f'schema = 1\nbase = "baseline"\ndraws = 1e3\n{GRID}{REDIRECTS}x = 1\n', 2, "levers.payment.redirects.x: unknown key"),
        ('schema = 1\nbase = "baseline"\nseed = -1\n', 2, "seed: -1 is out of bounds"),
        ('schema = 1\nbase = "baseline"\ndays = 733\n', 2, "line 3: days: 733 is out of bounds; 1 to 732"),
        ('schema = 1\nbase = "fix_payment"\ndays = 3\n', 2, "line 3: days: fix_payment"),
        ('schema = 1\nbase = "baseline\n', 2, "line 2: not valid TOML"),
        ('schema = 1\nbase = "baseline"\nbase = "x"\n', 2, "line 3: the same key or table is given twice"),
        ("schema = 1\n" + "# " + "x" * 1_000_000, 2, "is too large for a sweep file"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, code: int, says: str) -> None:
    path = tmp_path / "my scenario file.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        load_spec(path)
    assert says in str(refused.value)
    assert refused.value.exit_code == code
    assert str(path) in str(refused.value)


def test_a_file_that_cannot_be_read_is_another_exit_code(tmp_path: Path) -> None:
    (tmp_path / "utf16.toml").write_text("schema = 1\n", encoding="utf-16")
    for name, code, says in (
        ("none.toml", 5, "does not exist"), (str(tmp_path), 5, "is a folder, not a sweep file"), ("utf16.toml", 2, "UTF-16"),
    ):
        with pytest.raises(UserError, match=says) as refused:
            load_spec(tmp_path / name)
        assert refused.value.exit_code == code
    for name in ("redirects_x_seat", "a" * 5000, "a\0b"):
        with pytest.raises(UserError, match="there is no sweep") as refused:
            load_spec(name)
        assert refused.value.exit_code == 5
        assert len(str(refused.value)) < 400


def test_a_billion_points_are_refused_at_once(small: Callable[..., Path]) -> None:
    axes = "".join(f"[levers.{name}]\nlow = 0\nhigh = 1\nsteps = {1000}\n" for name in ("returns.size_labels", "returns.fit_information",
                                                                                  "returns.review_recovery"))
    began = time.perf_counter()
    with pytest.raises(UserError, match="this grid has 1,000,000,000 points; at most 1,000,000 are allowed"):
        load_spec(small(GRID + axes))
    with pytest.raises(UserError, match=r"about 10\^27 points"):
        load_spec(small(GRID + axes.replace("1000", "1_000_000_000")))
    assert time.perf_counter() - began < 1.0


def test_a_world_that_cannot_be_closed_is_refused_before_there_is_a_folder(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(GRID + "[assumptions.detail_page.bounce]\nvalues = [0.6, 0.05]\n")
    with pytest.raises(UserError, match=r"detail_page\.bounce cannot be reproduced in") as refused:
        sim.sweep(path, tmp_path / "out")
    assert "small.toml" in str(refused.value) and "point 2 (detail_page.bounce = 0.05)" in str(refused.value)
    assert refused.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_the_last_draw_of_a_middle_point_is_tried_as_well(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(
        '[design]\nkind = "list"\n' + "".join(f'[[points]]\n"detail_page.bounce" = {bounce}\n' for bounce in (0.62, 0.3262, 0.05 + 0.25)),
        draws=8000,
    )
    with pytest.raises(UserError, match=r"point 2 \(detail_page.bounce = 0.3262\).* of 8,000 draws \(under 0.1%\)"):
        sim.sweep(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()

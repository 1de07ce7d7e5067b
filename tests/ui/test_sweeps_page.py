"""The Sweeps page, without a browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.parameters import registry
from sim.sweeps import opening, run_sweep
from sim.texts import LANGUAGES, words
from sim.ui import points, sweep_map
from tests.sweeps.files import GRID, HEAD

from .app import BASELINE, TOP, opened, said, well

THREE = (
    '[design]\nkind = "grid"\n[levers.payment.redirects]\nvalues = [1, 2]\n[levers.service.seats]\nvalues = [18, 20, 24]\n'
    '[levers.traffic.mid_host_share]\nvalues = [0.35, 0.42]\n[outputs]\nkpis = ["net_gmv", "return_rate", "plan_cost"]\n'
)
ONE = '[design]\nkind = "grid"\n[levers.service.seats]\nlow = 16\nhigh = 24\nsteps = 5\n[outputs]\nkpis = ["gmv"]\n'
LHS = (
    '[design]\nkind = "lhs"\npoints = 9\n[levers.service.seats]\nlow = 16\nhigh = 24\n[levers.returns.filter_strength]\nlow = 0.1\n'
    'high = 1\n'
)
LIST = (
    '[design]\nkind = "list"\n[[points]]\n"payment.benchmark_success" = 0.95\n[[points]]\n"payment.redirects" = 2\n'
    '[outputs]\nkpis = ["gmv"]\n'
)
SWEEPS = {"grid": GRID, "three": THREE, "one": ONE, "lhs": LHS, "list": LIST}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished sweep of each kind."""
    home = tmp_path_factory.mktemp("sweeps")
    (home / "baseline.toml").write_text(BASELINE, encoding="utf-8")
    for name, rest in SWEEPS.items():
        (home / f"{name}.toml").write_text(HEAD.format(draws=4, seed=1).replace("Small", f"The *{name}*") + rest, encoding="utf-8")
        run_sweep(home / f"{name}.toml", home / "out" / name, scenarios=home)
    return home / "out"


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(made, tmp_path / "out"))


def at(folder: Path | str, language: str = "en") -> AppTest:
    app = opened(language, page="sweeps")
    well(app)
    return app.text_input(key="sweep_folder").set_value(str(folder)).run()


def spoken(app: AppTest) -> str:
    return "\n".join(str(item.value) for item in (*app.markdown, *app.caption)).replace("\\", "")


def table(app: AppTest):
    return app.dataframe[-1].value


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_no_sweep_it_says_what_one_is_and_how_to_make_one(folder: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WHATIF_SCENARIOS", str(TOP / "scenarios"))
    app = opened(language, page="sweeps")
    well(app)
    say = words(language)
    assert say["sweeps.empty"] in spoken(app) and say["file.next_stage_grid.question"] in spoken(app)
    lines = app.code[0].value.splitlines()
    assert len(lines) == 2 and lines[1].startswith("whatif sweep redirects_x_seats --out out/redirects_x_seats")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_folder_without_sweep_files_gets_a_first_one(folder: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    app = opened(language, page="sweeps")
    well(app)
    assert "[levers.service.seats]" in app.code[0].value and app.code[1].value.startswith("whatif sweep seats --out out/seats")
    (folder / "sweeps").mkdir()
    (folder / "sweeps" / "seats.toml").write_text(app.code[0].value, encoding="utf-8")
    (folder / "sweeps" / "half.toml").write_text("schema = ", encoding="utf-8")
    app.run()
    well(app)
    assert [code.value.split(" --scenarios")[0] for code in app.code] == ["whatif sweep seats --out out/seats"]
    assert words(language)["sweeping.unreadable"].format(says="")[:6] in spoken(app) and "half.toml" in spoken(app)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SWEEPS)
def test_a_sweep_of_each_kind_is_a_picture_and_a_table(folder: Path, made: Path, language: str, kind: str) -> None:
    app = at(made / kind, language)
    well(app)
    say = words(language)
    assert say["sweeps.complete"] in spoken(app) and f"The *{kind}*" in spoken(app)
    sweep = opening.open_sweep(made / kind).sweep
    assert len(table(app)) == sweep.points
    for place, axis in enumerate(sweep.design.axes):
        assert str(table(app).columns[place]).startswith(registry()[axis.name].label[language].rstrip("）"))
    assert app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")
    assert (say["sweeps.mixed"] in spoken(app) or say["sweeps.one_place"] in spoken(app)) == (kind == "list")
    assert [warning.value for warning in app.warning] == []


def test_the_best_point_is_named_and_leads_the_table(folder: Path, made: Path) -> None:
    app = at(made / "grid")
    best = next(str(item.value) for item in app.markdown if str(item.value).startswith("**Best by Net GMV, mean: Redirects to pay "))
    point = int(table(app)["point"].iloc[0])
    assert f"point {point} of 12" in best.replace("\u00a0", " ")
    app.selectbox(key="sweep_kpi").set_value("return_rate").run()
    well(app)
    rates = table(app)["Return rate, %"].tolist()
    assert rates == sorted(rates) and "lower is better" in spoken(app)
    app.segmented_control(key="sweep_statistic").set_value("p90").run()
    well(app)
    assert "Best by Return rate, high end (p90)" in spoken(app)
    highs = table(app)["Return rate p90"].tolist()
    assert highs == sorted(highs)


def test_more_levers_than_two_are_held_or_averaged(folder: Path, made: Path) -> None:
    app = at(made / "three")
    assert app.selectbox(key="sweep_x").value == "payment.redirects" and app.selectbox(key="sweep_y").value == "service.seats"
    assert app.selectbox(key="sweep_at.traffic.mid_host_share").value == sweep_map.BEST
    assert words("en")["sweeps.map_held"] in spoken(app)
    app.selectbox(key="sweep_at.traffic.mid_host_share").set_value(sweep_map.MEAN).run()
    well(app)
    assert "averages over the other levers (Mid-tier hosts (A + B): share of host traffic)" in spoken(app)
    app.selectbox(key="sweep_x").set_value("service.seats").run()
    well(app)
    assert "service.seats" not in (app.selectbox(key="sweep_y").value, "") and len(app.dataframe) == 2
    app.selectbox(key="sweep_at.traffic.mid_host_share").set_value(0.42).run()
    well(app)


def test_the_choice_is_kept_while_the_planner_looks_at_another_page(folder: Path, made: Path) -> None:
    app = at(made / "three")
    app.selectbox(key="sweep_kpi").set_value("plan_cost").run()
    app.selectbox(key="sweep_x").set_value("traffic.mid_host_share").run()
    app.switch_page(str(TOP / "sim/ui/pages/plan.py")).run()
    app.switch_page(str(TOP / "sim/ui/pages/sweeps.py")).run()
    well(app)
    assert app.text_input(key="sweep_folder").value == str(made / "three")
    assert app.selectbox(key="sweep_kpi").value == "plan_cost" and app.selectbox(key="sweep_x").value == "traffic.mid_host_share"
    app.text_input(key="sweep_folder").set_value(str(made / "grid")).run()  # which has no such figure and no such lever
    well(app)
    assert app.selectbox(key="sweep_kpi").value == "net_gmv"


def test_sweeps_nearby_are_offered(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = folder / "shop" / "plans"  # beside whose folder sweeps are looked for as well: other tests' sweeps lie further off
    plans.mkdir(parents=True)
    (folder / "baseline.toml").rename(plans / "baseline.toml")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(plans))
    monkeypatch.chdir(out.parent)
    app = opened(page="sweeps")
    found = app.selectbox(key="sweep_found")
    assert {Path(name).name for name in found.options} == set(SWEEPS)
    found.set_value(next(name for name in found.options if name.endswith("lhs"))).run()
    well(app)
    assert app.text_input(key="sweep_folder").value.endswith("lhs") and len(table(app)) == 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_opened_is_one_sentence(folder: Path, out: Path, language: str) -> None:
    say, empty, file = words(language), out / "empty", out / "file"
    empty.mkdir()
    file.write_text("x", encoding="utf-8")
    (out / "one" / "manifest.json").write_text("{", encoding="utf-8")
    data = json.loads((out / "lhs" / "manifest.json").read_text(encoding="utf-8"))
    (out / "lhs" / "manifest.json").write_text(json.dumps(data | {"schema": 2}), encoding="utf-8")
    app = opened(language, page="sweeps")
    for path, kind in (
        (out / "nowhere", "missing"), (file, "file"), (empty, "no_sweep"), (out / "one", "manifest"), (out / "lhs", "schema"),
        ("../out", "parent"), ("out\x07", "control"), ("x" * 1500, "long"), ("<b>*x*</b>", "missing"),
    ):
        app.text_input(key="sweep_folder").set_value(str(path)).run()
        assert said(app) == say[f"sweeps.fault_{kind}"].format(folder=path, here=Path.cwd(), detail="")
        assert not app.dataframe


def test_a_locked_folder_is_one_sentence(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path) -> None:
        raise opening._unreadable(path, PermissionError(13, "Permission denied"))

    app = opened(page="sweeps")
    monkeypatch.setattr("sim.sweeps.opening._ensure_folder", locked)
    app.text_input(key="sweep_folder").set_value(str(out / "grid")).run()
    assert said(app) == words("en")["sweeps.fault_unreadable"].format(folder=out / "grid", detail="Permission denied")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unfinished_sweep_shows_what_there_is_and_how_to_go_on(folder: Path, out: Path, language: str) -> None:
    say = words(language)
    (out / "grid" / "summary.parquet").unlink()
    app = at(out / "grid", language)
    well(app)
    assert say["sweeps.go_on"] in spoken(app) and len(table(app)) == 12
    assert app.code[0].value.startswith(f"whatif sweep grid --out {out / 'grid'}")
    shutil.rmtree(out / "grid" / "chunks")
    app.run()
    well(app)
    assert [info.value for info in app.info] == [say["sweeps.nothing"]] and not app.dataframe
    assert say["sweeps.part"].format(done=0, all=1) in spoken(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_damaged_summary_is_said_and_the_chunks_are_read(folder: Path, out: Path, language: str) -> None:
    say, summary = words(language), out / "grid" / "summary.parquet"
    summary.write_bytes(summary.read_bytes()[:700])
    app = at(out / "grid", language)
    well(app)
    assert [warning.value for warning in app.warning] == [say["sweeps.damaged"]] and len(table(app)) == 12
    shutil.rmtree(out / "grid" / "chunks")
    app.run()
    well(app)
    assert [warning.value for warning in app.warning] == [say["sweeps.damaged_all"]] and not app.dataframe


def test_a_sweep_of_another_version_is_shown_and_says_so(folder: Path, out: Path) -> None:
    path = out / "grid" / "manifest.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sweep"] |= {"version": "0.0.1+old", "title": "<script>x</script> **bold**", "question": "[a](http://x) $y$"}
    path.write_text(json.dumps(data), encoding="utf-8")
    app = at(out / "grid")
    well(app)
    assert len(app.warning) == 1 and "0.0.1+old" in app.warning[0].value.replace("\\", "") and len(table(app)) == 12
    assert "\\<script\\>" in "\n".join(str(item.value) for item in app.markdown)
    (out / "grid" / "summary.parquet").unlink()
    shutil.rmtree(out / "grid" / "chunks")
    app.run()
    well(app)
    assert words("en")["sweeps.old_part"] in spoken(app) and not app.code


def test_a_lever_that_the_registry_no_longer_has_keeps_its_name(folder: Path, out: Path) -> None:
    from pyarrow import parquet

    path = out / "grid" / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace("payment.redirects", "old.lever_*x*"), encoding="utf-8")
    table_ = parquet.read_table(out / "grid" / "summary.parquet")
    names = [name.replace("payment.redirects", "old.lever_*x*") for name in table_.column_names]
    parquet.write_table(table_.rename_columns(names), out / "grid" / "summary.parquet")
    app = at(out / "grid")
    well(app)
    assert table(app).columns[0] == "old.lever_*x*" and "old.lever_*x* " in spoken(app)


def test_a_long_table_is_cut_and_says_so(folder: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MOST_ROWS", 5)
    app = at(made / "grid")
    well(app)
    assert len(table(app)) == 5 and "The best 5 of 12 points are shown" in spoken(app)


def test_the_csv_is_the_sweeps_own_or_the_points_that_are_there(out: Path) -> None:
    opened_ = opening.open_sweep(out / "grid")
    there = opened_.points("gmv")
    assert points.csv_of(opened_.folder, there) == (out / "grid" / "summary.csv").read_bytes()
    (out / "grid" / "summary.parquet").unlink()
    rows = points.csv_of(opened_.folder, opened_.points("gmv")).decode("utf-8-sig").splitlines()
    assert len(rows) == 13 and rows[0].startswith("point,payment.redirects,service.seats,gmv.mean,gmv.p10")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lever_and_assumption_has_a_head_and_a_value(language: str) -> None:
    heads = set()
    for name in (parameter.name for parameter in registry().entries if not isinstance(parameter.value, tuple)):
        quantity = points.axis_quantity(name, language)
        heads.add(quantity.head)
        assert quantity.head.count("（") == quantity.head.count("）") and quantity.text(registry()[name].value)
    assert points.axis_quantity("gone.lever", language).head == "gone.lever"
    assert points.axis_quantity("service.seats", language).text(24.0) == {"en": "24 seats", "zh": "24 席"}[language]
    assert points.axis_quantity("traffic.knowledge", language).text(2e7) == {"en": "20 m CNY a month", "zh": "2000 万元/月"}[language]


def test_figures_have_as_many_digits_as_tell_them_apart() -> None:
    assert points.figure_quantity("net_gmv", [186.2e9, 188.3e9], "en").text(188.3e9) == "188.3 CNY bn"
    assert points.figure_quantity("net_gmv", [52.9e9, 67.2e9], "en").decimals == 1
    assert points.figure_quantity("return_rate", [0.2897], "zh").head == "退货率（%）"
    assert points.figure_quantity("plan_cost", [0.0, 0.0], "en").number(0.0) == "0.00"
    assert points.figure_quantity("paid_orders", [3e8], "zh").head == "支付订单数（亿单）"


def test_commands_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHATIF_SCENARIOS", raising=False)
    assert points.command("a", "out/a") == "whatif sweep a --out out/a"
    assert "'my out'" in points.command("a", "my out") or '"my out"' in points.command("a", "my out")
    monkeypatch.setenv("WHATIF_SCENARIOS", "/plans")
    assert points.command("", "x").startswith("whatif sweep SPEC") and points.command("", "x").endswith("--scenarios /plans")

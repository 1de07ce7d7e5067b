"""The Sweeps page starts, watches and stops sweeps, ranks points under limits and takes a point along, without a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sim.scenario import loads
from sim.sweeps import background, load_spec, run_sweep
from sim.sweeps.opening import open_sweep
from sim.texts import LANGUAGES, words
from sim.ui.sweeping import exploring
from tests.sweeps.files import HEAD

from .app import opened, said, well

SPEC = (
    '[design]\nkind = "grid"\n[levers.payment.redirects]\nvalues = [1, 3, 5]\n[levers.service.seats]\nvalues = [18, 20, 28]\n'
    '[outputs]\nkpis = ["net_gmv", "return_rate", "plan_cost"]\n'
)


@pytest.fixture
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A scenario folder with a sweep file, in a folder of its own: results come to stand beside it."""
    plans = tmp_path / "shop" / "plans"
    (plans / "sweeps").mkdir(parents=True)
    (folder / "baseline.toml").rename(plans / "baseline.toml")
    (plans / "sweeps" / "small.toml").write_text(HEAD.format(draws=4, seed=1) + SPEC, encoding="utf-8")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(plans))
    monkeypatch.chdir(plans.parent)
    yield plans
    for child in background._STARTED:
        child.kill()
        child.wait()
    background._STARTED.clear()


@pytest.fixture
def out(home: Path) -> Path:
    run_sweep(home / "sweeps" / "small.toml", home.parent / "sweeps" / "done")
    return home.parent / "sweeps" / "done"


def spoken(app: AppTest) -> str:
    shown = (*app.markdown, *app.caption, *app.info, *app.success, *app.warning)
    return "\n".join(str(item.value) for item in shown).replace("\\", "").replace("\u00a0", " ")


def at(folder: Path, language: str = "en") -> AppTest:
    app = opened(language, page="sweeps")
    app.text_input(key="sweep_folder").set_value(str(folder)).run()
    well(app)
    return app


def key_of(app: AppTest, kind: str, start: str):
    return next(item for item in app.get(kind) if (item.key or "").startswith(start))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sweep_is_started_and_its_best_point_becomes_the_plan(home: Path, language: str) -> None:
    say, app = words(language), opened(language, page="sweeps")
    well(app)
    app.button(key="sweep_start").click().run()
    assert app.text_input(key="sweep_folder").value == str(Path("sweeps") / "small") and not app.exception
    folder, end = home.parent / "sweeps" / "small", time.monotonic() + 60
    while background.standing_of(folder).at_work:
        assert time.monotonic() < end
        time.sleep(0.1)
    app.run()
    well(app)
    assert say["sweeps.complete"] in spoken(app)
    app.button(key="sweep_best_point_open").click().run()
    well(app)
    found = open_sweep(folder)
    best = int(found.points("net_gmv").frame.sort_values("mean", ascending=False, kind="stable")["point"].iloc[0])
    plan = app.session_state["session"].plan
    assert plan.digest == found.digest(best) and plan.path is None and plan.days == 2
    assert say["sweeping.opened"].format(sweep="Small", point=best) in spoken(app)
    assert len(app.metric) >= 5


def test_a_start_that_cannot_be_is_one_sentence(home: Path, out: Path) -> None:
    app = opened(page="sweeps")
    (home / "sweeps" / "bad.toml").write_text("schema = ", encoding="utf-8")
    for name, says in (("../up", words("en")["sweeping.bad_name"].format(name="../up")), ("mine", "is not empty and holds no sweep")):
        (home.parent / "sweeps" / "mine").mkdir(exist_ok=True)
        (home.parent / "sweeps" / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
        app.text_input(key="sweep_name.small").set_value(name).run()
        app.button(key="sweep_start").click().run()
        assert says in said(app)
    assert "bad.toml" in spoken(app) and not (home.parent / "up").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_levers_are_written_as_a_sweep_file(home: Path, language: str) -> None:
    say, app = words(language), opened(language, page="sweeps")
    app.text_input(key="sweep_file").set_value("mine").run()
    app.button(key="sweep_write_button").click().run()
    well(app)
    spec = load_spec("mine")
    assert [axis.name for axis in spec.design.axes] == ["payment.redirects", "service.seats"] and spec.design.count == 25
    assert say["sweeping.written"].format(name="mine", points=25) in spoken(app)
    assert app.selectbox(key="sweep_spec").value == "mine"
    app.text_input(key="sweep_file").set_value("small").run()
    app.button(key="sweep_write_button").click().run()
    assert say["sweeping.taken"].format(name="small") in said(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_limits_leave_the_points_that_keep_to_them(home: Path, out: Path, language: str) -> None:
    say, app = words(language), at(out, language)
    frame = open_sweep(out).figures("mean")
    middle = sorted(frame["plan_cost"].unique())[1]
    inside = frame[frame["plan_cost"] <= middle * (1 + 1e-9)]
    app.selectbox(key="sweep_limit_0").set_value("plan_cost").run()
    value = key_of(app, "text_input", "sweep_limit_0_value")
    value.set_value(f"{middle / 1e4 + 0.01:.2f}万元").run()
    well(app)
    assert 0 < len(inside) < 9
    ranked = app.dataframe[0].value
    assert len(ranked) == len(inside) and ranked[say["sweeps.point"]].iloc[0] == inside.sort_values("net_gmv")["point"].iloc[-1]
    app.button(key="sweep_limit_add").click().run()
    app.selectbox(key="sweep_limit_1").set_value("net_gmv").run()
    key_of(app, "text_input", "sweep_limit_1_value").set_value("1 tn").run()
    well(app)
    assert say["sweeping.none_met"].format(of=9) in spoken(app)
    key_of(app, "text_input", "sweep_limit_1_value").set_value("many").run()
    assert {"en": "is not a finite number", "zh": "不是有限的数"}[language] in said(app) and len(app.dataframe[0].value) == len(inside)


def test_a_ranked_point_can_be_taken_away_as_a_file(home: Path, out: Path) -> None:
    app = at(out)
    app.segmented_control(key="sweep_statistic").set_value("p90").run()
    choice = app.selectbox(key="sweep_take")
    choice.set_value(5).run()
    app.button(key="sweep_point_open").click().run()
    well(app)
    state = app.session_state["session"]
    assert state.plan.digest == open_sweep(out).digest(5)
    from sim.scenario import dumps

    assert loads(dumps(state.plan), name="taken").digest == state.plan.digest


def test_lines_are_narrowed_and_thinned_honestly(home: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "MOST_LINES", 5)
    monkeypatch.setattr(exploring, "KEPT", 2)
    app = at(out)
    assert "9 of 9 points are inside the ranges. " in spoken(app) and "of them are drawn: the 2 best" in spoken(app)
    key_of(app, "select_slider", "sweep_span.service.seats").set_value((20.0, 28.0)).run()
    well(app)
    assert "6 of 9 points are inside the ranges." in spoken(app)
    app.button(key="sweep_widen").click().run()
    assert "9 of 9 points" in spoken(app)


def test_a_run_is_seen_and_stopped_by_another_session(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home.parent / "sweeps" / "long"
    background.start(home / "sweeps" / "small.toml", folder, draws=400_000)
    app = opened(page="sweeps")
    app.text_input(key="sweep_folder").set_value(str(folder)).run()
    well(app)
    app.button(key="sweep_stop").click().run()
    end = time.monotonic() + 60
    while background.standing_of(folder).at_work:
        assert time.monotonic() < end
        time.sleep(0.1)
    app.run()
    well(app)
    assert words("en")["sweeping.stopped"][:12] in spoken(app) and app.button(key="sweep_go_on")

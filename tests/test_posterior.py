"""Files of calibrated shops: [profile] and [posterior] read, inherited, refused, told apart and saved."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sim.errors import UNREADABLE, UserError
from sim.scenario import Posterior, Profile, Scenario, diff, dumps, json_schema, load, loads, save
from sim.scenario.migrating import planned
from tests import posteriors
from tests.scenario_texts import SHIPPED, one_sentence

PLAN = 'schema = 1\ntitle = "Two"\nextends = "my_shop"\n\n[levers.payment.redirects]\nto = 2\n'
Columns = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(SHIPPED))


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    return load(posteriors.shop(tmp_path))


# Reading


def test_a_shop_is_read_with_its_calendar_and_draws(shop: Scenario) -> None:
    assert shop.profile == Profile(
        weekday=posteriors.WEEKDAY, season=posteriors.SEASON, trend=0.002, trend_half_life_days=40.0, origin=posteriors.ORIGIN,
        source="shop export, 2024-02",
    )
    assert shop.posterior.rows == 256
    assert np.array_equal(shop.posterior.column("closure.gmv_quarter"), posteriors.columns()["closure.gmv_quarter"])
    assert shop.posterior.gives("returns.refund_only_share") and not shop.posterior.gives("money.margin")


def test_without_a_horizon_it_starts_where_the_data_end(shop: Scenario, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN + "\n[horizon]\ndays = 28\n", encoding="utf-8")
    plan = load(tmp_path / "plan.toml")
    assert (shop.start, shop.days) == (date(2024, 3, 1), 92)
    assert (plan.start, plan.days) == (date(2024, 3, 1), 28)
    later = load(posteriors.shop(tmp_path, more="\n[horizon]\nstart = 2024-06-01\n", name="later"))
    assert later.start == date(2024, 6, 1)


def test_a_plan_finds_the_draws_beside_the_shop_that_it_extends(shop: Scenario, tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "plan.toml").write_text(PLAN, encoding="utf-8")
    plan = load(plans / "plan.toml", tmp_path)
    assert plan.posterior == shop.posterior and plan.profile == shop.profile
    with pytest.raises(UserError, match="there is no scenario"):
        load(plans / "plan.toml")


def test_a_file_may_fit_the_draws_anew(shop: Scenario, tmp_path: Path) -> None:
    """The nearest [posterior] holds; with it goes the nearest [profile]."""
    values = posteriors.columns(seed=6)
    draws = posteriors.parquet(tmp_path, values, file="again.parquet")
    text = PLAN + f'\n[posterior]\nfile = "again.parquet"\nsha256 = "{draws.sha256}"\n'
    (tmp_path / "again.toml").write_text(text, encoding="utf-8")
    again = load(tmp_path / "again.toml")
    assert again.posterior == draws != shop.posterior
    assert again.profile == shop.profile


def test_text_from_an_upload_finds_the_draws_in_the_scenario_folder(shop: Scenario, tmp_path: Path) -> None:
    text = (tmp_path / "my_shop.toml").read_text(encoding="utf-8")
    assert loads(text, name="my_shop", folder=tmp_path).digest == shop.digest
    with pytest.raises(UserError, match=r"my_shop\.parquet"):
        loads(text, name="my_shop")


def test_the_digest_is_of_the_content_not_of_its_name(shop: Scenario, tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_bytes(shop.posterior.data)
    text = (tmp_path / "my_shop.toml").read_text(encoding="utf-8").replace("my_shop.parquet", "other.parquet")
    assert loads(text, name="other", beside=tmp_path).digest == shop.digest
    changed = posteriors.columns()
    changed["closure.gmv_quarter"][3] *= 1.0 + 1e-12
    assert load(posteriors.shop(tmp_path, changed, name="changed")).digest != shop.digest


def test_scenarios_of_no_shop_keep_their_digests() -> None:
    assert load("baseline").digest == "a49e6399ff6165ece7945cd028828309c12febc79bc330a42b3e3321b6947071"


# Refusals: one sentence each, with file and key

HEX = "0" * 64


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("[profile]\nweekday = [1, 1, 1]\nsource = 's'", "weekday: a list of 7 factors of mean 1 is expected, Monday first, not of 3"),
        ("[profile]\nweekday = 1\nsource = 's'", "Monday first, not 1."),
        ("[profile]\nweekday = [2, 1, 1, 1, 1, 1, 1]\nsource = 's'", "the 7 factors have the mean 1.143; it must be 1"),
        ("[profile]\nweekday = [0, 2, 1, 1, 1, 1, 1]\nsource = 's'", "0 is out of bounds; 0.001 to 7 is allowed"),
        ("[profile]\nweekday = [nan, 2, 1, 1, 1, 1, 1]\nsource = 's'", "profile.weekday: a number is expected that is finite"),
        ("[profile]\nseason = [1, 1, 1, 1, 1, 1, 1]\nsource = 's'", "a list of 12 factors of mean 1 is expected, January first, not of 7"),
        ("[profile]\nsource = 's'", "at least one of weekday, season and trend is needed"),
        ("[profile]\ntrend = 0.01\nsource = 's'", "trend_half_life_days is missing"),
        ("[profile]\norigin = 2024-01-01\nsource = 's'", "trend is missing"),
        ("[profile]\ntrend = 0.01\ntrend_half_life_days = 0\norigin = 2024-01-01\nsource = 's'", "above 0 and at most 3660 days"),
        ("[profile]\ntrend = 0.1\ntrend_half_life_days = 60\norigin = 2024-01-01\nsource = 's'", "comes to a factor of 5.75e+03 in all"),
        ("[profile]\ntrend = 0.2\ntrend_half_life_days = 1\norigin = 2024-01-01\nsource = 's'", "profile.trend: 0.2 is out of bounds"),
        ("[profile]\nweekday = [1, 1, 1, 1, 1, 1, 1]", "profile: source is missing"),
        ("[profile]\nweekdays = [1, 1, 1, 1, 1, 1, 1]\nsource = 's'", 'profile.weekdays: unknown key. Did you mean "weekday"?'),
        ("[posterior]\nfile = 'a.parquet'", "posterior: sha256 is missing"),
        (f"[posterior]\nfile = '../a.parquet'\nsha256 = '{HEX}'", "posterior.file: the plain name of a file beside this one is expected"),
        (f"[posterior]\nfile = 'a.csv'\nsha256 = '{HEX}'", "the name of a Parquet file is expected"),
        (f"[posterior]\nfile = 'con.parquet'\nsha256 = '{HEX}'", "reserved name on Windows"),
        ("[posterior]\nfile = 'a.parquet'\nsha256 = '12'", "posterior.sha256: the SHA-256 of the Parquet file is expected"),
        (f"[posterior]\nfile = 'a.parquet'\nsha256 = '{HEX}'", "posterior.file: there is no a.parquet in"),
        ("[posterior]\nfile = 'a.parquet'\nsha256 = 5", "posterior.sha256: text in quotes is expected"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_one_sentence(tmp_path: Path, entry: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(f"{posteriors.HEAD}{entry}\n", encoding="utf-8")
    with pytest.raises(UserError) as told:
        load(path)
    assert says in str(told.value) and str(path) in str(told.value)
    one_sentence(told.value)


def _nan(values: Columns) -> None:
    values["payment.gap"][4] = np.nan


def _bound(values: Columns) -> None:
    values["payment.gap"][9] = 0.95


def _week(values: Columns) -> None:
    values["profile.weekday.0"] += 0.2


def _no_sunday(values: Columns) -> None:
    del values["profile.weekday.6"]


def _steep(values: Columns) -> None:
    values["profile.trend"][0] = 0.09


def _chance(values: Columns) -> None:
    values["detail_page.ar_works"] = np.full(256, 0.5)


def _named(name: str, value: float = 1.0) -> Callable[[Columns], None]:
    return lambda values: values.update({name: np.full(256, value)})


def _few(values: Columns) -> None:
    for name in values:
        values[name] = values[name][:255]


WRONG_TABLES = [
    (_nan, "column payment.gap: row 5 is not a finite number"),
    (_bound, "column payment.gap: 0.95 in row 10 is out of bounds; 0.001 to 0.9 is allowed"),
    (_week, "row 1: the factors of the seven weekdays have the mean 1.029; it must be 1"),
    (_no_sunday, "profile.weekday.6 is missing; a profile has all seven weekdays or none"),
    (_chance, "column detail_page.ar_works: this happens in a draw or does not; 1 and 0 are allowed"),
    (_few, "has 255 rows, too few; 256 to 100,000 joint draws are allowed"),
    (_named("payment.gapp"), 'column payment.gapp: no such name. Did you mean "payment.gap"?'),
    (_named("service.seats"), "column service.seats: a lever's value today is one number; state it under [baseline]"),
    (_named("fulfilment.handling_sigma"), "is the same in every draw here; state it under [baseline]"),
    (_named("traffic.affinity_search"), "is a list by category: one column for each, such as traffic.affinity_search.apparel"),
    (_named("line\nbreak"), "column line\\nbreak: no such name"),
]


@pytest.mark.parametrize(("change", "says"), WRONG_TABLES)
def test_a_wrong_table_is_one_sentence(tmp_path: Path, change: Callable[[Columns], None], says: str) -> None:
    values = posteriors.columns()
    change(values)
    with pytest.raises(UserError) as made:
        Posterior.of(values, file="my_shop.parquet")
    assert says in str(made.value)
    path = tmp_path / "my_shop.toml"
    data = raw(values)
    (tmp_path / "my_shop.parquet").write_bytes(data)
    entry = f'\n[posterior]\nfile = "my_shop.parquet"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    path.write_text(posteriors.HEAD + posteriors.PROFILE + entry, encoding="utf-8")
    with pytest.raises(UserError) as told:
        load(path)
    assert says in str(told.value) and str(path) in str(told.value) and "posterior.file" in str(told.value)
    one_sentence(told.value)


def raw(values: dict[str, object]) -> bytes:
    """A Parquet that nobody has checked."""
    out = io.BytesIO()
    parquet.write_table(pa.table(values), out)
    return out.getvalue()


def stated(tmp_path: Path, data: bytes, *, profile: str = posteriors.PROFILE) -> Path:
    path = tmp_path / "my_shop.toml"
    (tmp_path / "my_shop.parquet").write_bytes(data)
    entry = f'\n[posterior]\nfile = "my_shop.parquet"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    path.write_text(posteriors.HEAD + profile + entry, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PAR1 not really", "is not a Parquet file that can be read"),
        (b"", "is not a Parquet file that can be read"),
        (raw({"payment.gap": ["a"] * 256}), "column payment.gap: numbers are expected, not string"),
        (raw({"payment.gap": [[0.1]] * 256}), "column payment.gap: numbers are expected, not list"),
        (raw({"payment.gap": pa.array([None] + [0.1] * 255, pa.float64())}), "column payment.gap: row 1 is not a finite number"),
        (raw({"payment.gap": np.full(100_001, 0.1)}), "has 100,001 rows, too many"),
        (raw({"payment.gap": posteriors.columns()["payment.gap"]})[:-9] + b"123456789", "is not a Parquet file that can be read"),
    ],
)
def test_what_is_no_table_of_draws_is_one_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(UserError) as told:
        load(stated(tmp_path, data))
    assert says in str(told.value)
    one_sentence(told.value)


def test_columns_given_twice_are_refused(tmp_path: Path) -> None:
    gap = posteriors.columns()["payment.gap"]
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays([pa.array(gap)] * 2, names=["payment.gap"] * 2), out)
    with pytest.raises(UserError, match=r"column payment\.gap: is there twice"):
        load(stated(tmp_path, out.getvalue()))


def test_a_trend_needs_its_origin_and_must_come_to_rest(tmp_path: Path) -> None:
    values = posteriors.columns()
    with pytest.raises(UserError, match=r"column profile\.trend: needs trend, trend_half_life_days and origin under \[profile\]"):
        load(stated(tmp_path, raw(values), profile=""))
    _steep(values)
    with pytest.raises(UserError, match=r"0\.09 a day that halves every 40 days comes to a factor of 180 in all"):
        load(stated(tmp_path, raw(values)))


def test_another_file_than_the_fitted_one_is_refused(shop: Scenario, tmp_path: Path) -> None:
    posteriors.parquet(tmp_path, posteriors.columns(seed=8))
    with pytest.raises(UserError, match=r"posterior\.sha256: my_shop\.parquet is another file than the one that was fitted") as told:
        load(tmp_path / "my_shop.toml")
    one_sentence(told.value)
    (tmp_path / "my_shop.parquet").write_bytes(shop.posterior.data)  # put back: read again
    assert load(tmp_path / "my_shop.toml").digest == shop.digest


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    path = posteriors.shop(tmp_path)
    (tmp_path / "my_shop.parquet").unlink()
    (tmp_path / "my_shop.parquet").mkdir()
    with pytest.raises(UserError, match="is not an ordinary file"):
        load(path)


def test_a_calendar_that_would_not_hold_is_refused(shop: Scenario, tmp_path: Path) -> None:
    text = PLAN + "\n[profile]\nweekday = [1, 1, 1, 1, 1, 1, 1]\nsource = 's'\n"
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"profile: would not hold: the draws of .*my_shop\.toml give the calendar"):
        load(tmp_path / "plan.toml")


# Telling apart


def test_differences_name_calendar_and_draws(shop: Scenario) -> None:
    found = {(item.kind, item.field): item for item in diff(Scenario(name="none"), shop)}
    assert found["profile", "weekday"].after == list(posteriors.WEEKDAY)
    assert found["profile", "origin"].after == "2024-03-01"
    assert found["posterior", "sha256"].before is None and found["posterior", "sha256"].after == shop.posterior.sha256
    assert diff(shop, replace(shop, posterior=replace(shop.posterior, file="other.parquet"))) == []


def test_the_schema_of_the_file_knows_both() -> None:
    properties = json_schema()["properties"]
    assert properties["profile"]["properties"]["weekday"]["maxItems"] == 7
    assert set(properties["posterior"]["required"]) == {"file", "sha256"}


def test_nothing_is_to_migrate(shop: Scenario) -> None:
    assert [plan.needed for plan in planned([shop.path])] == [False]


# Saving


def test_a_shop_reads_back_and_its_comments_stay(shop: Scenario, tmp_path: Path) -> None:
    text = "# Fitted in February.\n" + (tmp_path / "my_shop.toml").read_text(encoding="utf-8").replace("season", "# by month\nseason")
    (tmp_path / "my_shop.toml").write_text(text, encoding="utf-8")
    assert dumps(shop, base_text=text, beside=tmp_path) == text
    retitled = replace(shop, title="Our shop")
    save(retitled, tmp_path / "my_shop.toml", overwrite=True)
    assert (tmp_path / "my_shop.toml").read_text(encoding="utf-8") == text.replace("My shop", "Our shop")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my_shop.parquet", "my_shop.toml"]


@given(
    week=st.lists(st.floats(0.2, 3.0), min_size=7, max_size=7), trend=st.none() | st.floats(-0.01, 0.01), half_life=st.floats(1.0, 100.0),
    origin=st.dates(date(2000, 1, 1), date(2190, 12, 31)), days=st.integers(1, 700),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_calendar_reads_back(
    tmp_path: Path, week: list[float], trend: float | None, half_life: float, origin: date, days: int
) -> None:
    mean = sum(week) / 7
    growing = {} if trend is None else {"trend": trend, "trend_half_life_days": half_life, "origin": origin}
    shop = Scenario(
        name="any", title="Any", days=days, profile=Profile(weekday=tuple(day / mean for day in week), **growing, source="s"),
    )
    shop = replace(shop, start=shop.usual_start)
    text = dumps(shop)
    assert loads(text, name="any").digest == shop.digest
    elsewhere = replace(shop, start=date(2100, 1, 1))
    assert loads(dumps(elsewhere, base_text=text), name="any").digest == elsewhere.digest


def test_a_copy_in_another_folder_takes_the_draws_along(shop: Scenario, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    save(replace(shop, path=None), there / "copy.toml")
    copy = load(there / "copy.toml")
    assert copy.digest == shop.digest
    assert (there / "my_shop.parquet").read_bytes() == shop.posterior.data


def test_a_copy_never_writes_over_other_draws(shop: Scenario, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    other = load(posteriors.shop(there, posteriors.columns(seed=7)))
    save(replace(shop, path=None), there / "copy.toml")
    assert load(there / "copy.toml").digest == shop.digest
    assert load(there / "my_shop.toml").digest == other.digest
    assert {path.name for path in there.glob("*.parquet")} == {"my_shop.parquet", f"my_shop-{shop.posterior.sha256[:12]}.parquet"}


def test_a_plan_beside_its_shop_needs_no_copy(shop: Scenario, tmp_path: Path) -> None:
    plan = replace(shop.with_levers({"payment.redirects": 2}), name="plan", extends="my_shop", path=None, title="Two")
    save(plan, tmp_path / "plan.toml")
    text = (tmp_path / "plan.toml").read_text(encoding="utf-8")
    assert "posterior" not in text and "profile" not in text and "start" not in text
    assert load(tmp_path / "plan.toml").digest == plan.digest


def test_a_plan_that_leaves_its_shop_is_written_in_full(shop: Scenario, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    plan, there = load(tmp_path / "plan.toml"), tmp_path / "there"
    there.mkdir()
    save(replace(plan, path=None), there / "plan.toml")
    again = load(there / "plan.toml")
    assert again.digest == plan.digest and again.extends is None
    assert (there / "my_shop.parquet").exists()


def test_a_plan_without_the_shop_is_one_of_no_shop(shop: Scenario, tmp_path: Path) -> None:
    """What an overlay cannot take away is written out in full."""
    bare = replace(shop, name="bare", extends="my_shop", profile=None, posterior=None, path=None)
    save(bare, tmp_path / "bare.toml")
    again = load(tmp_path / "bare.toml")
    assert again.digest == bare.digest and again.posterior is None and again.extends is None


def test_an_assumption_above_the_draws_is_saved_with_them(shop: Scenario, tmp_path: Path) -> None:
    fixed = shop.with_assumptions({"closure.gmv_quarter": 5e6, "returns.rate_apparel": 0.4})
    for name, scenario in (("whole", replace(fixed, extends=None)), ("over", replace(fixed, extends="my_shop"))):
        save(replace(scenario, name=name, path=None), tmp_path / f"{name}.toml")
        assert load(tmp_path / f"{name}.toml").digest == fixed.digest


def test_a_save_that_fails_leaves_no_draws_behind(shop: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "there"
    there.mkdir()

    def full(*_: object, **__: object) -> None:
        raise UserError("no room", exit_code=UNREADABLE)

    monkeypatch.setattr("sim.scenario.writing.put_in_place", full)
    with pytest.raises(UserError, match="no room"):
        save(replace(shop, path=None), there / "copy.toml")
    assert list(there.iterdir()) == []


def test_tables_are_added_to_a_file_that_is_there(shop: Scenario, tmp_path: Path) -> None:
    text = '# Mine.\nschema = 1\ntitle = "My shop"\n\n[horizon]\nstart = 2024-03-01\n'
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    save(replace(shop, name="mine"), tmp_path / "mine.toml", overwrite=True)
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8").startswith(text + "\n[profile]\nweekday = [")
    assert load(tmp_path / "mine.toml").digest == shop.digest
    save(replace(shop, name="mine", posterior=None), tmp_path / "mine.toml", overwrite=True)
    assert "[posterior]" not in (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert (tmp_path / "my_shop.parquet").exists()  # somebody else's, perhaps


def test_tables_on_one_row_are_edited_too(tmp_path: Path) -> None:
    draws = posteriors.parquet(tmp_path, posteriors.columns(profile=False))
    text = (
        f'schema = 1\ntitle = "Row"\nposterior = {{ file = "my_shop.parquet", sha256 = "{draws.sha256}" }}  # fitted\n'
        'profile = { weekday = [1, 1, 1, 1, 1, 1, 1], source = "s" }\n'
    )
    (tmp_path / "row.toml").write_text(text, encoding="utf-8")
    row = load(tmp_path / "row.toml")
    changed = replace(row, profile=replace(row.profile, source="t"))
    save(changed, tmp_path / "row.toml", overwrite=True)
    assert (tmp_path / "row.toml").read_text(encoding="utf-8") == text.replace('source = "s"', 'source = "t"')
    gone = replace(row, posterior=None)
    assert "posterior" not in dumps(gone, base_text=text, beside=tmp_path)

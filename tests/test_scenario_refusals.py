"""Scenario files that are refused: one clear sentence each, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import INVALID, UNREADABLE, UserError
from sim.scenario import (
    load,
    loads,
    scenario_folder,
)
from sim.scenario.text import Source, statements
from tests.scenario_texts import EVENT, HEAD, SEATS, SHIPPED, one_sentence, refusal


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATIF_SCENARIOS", str(SHIPPED))


ASSUMED = '[assumptions.payment.benchmark_success]\nsource = "x"\n'
REFUSED = {
    "unknown key": ("colour = 1\n", "line 3: colour: unknown key"),
    "misspelt key": ('autor = "x"\n', 'Did you mean "author"?'),
    "unknown lever": ("[levers.payment.cheques]\nto = 1\n", "line 3: levers.payment.cheques: no such lever."),
    "misspelt lever": ("[levers.payment.redirect]\nto = 1\n", 'Did you mean "payment.redirects"?'),
    "misspelt stage": ("[levers.paymnt.redirects]\nto = 1\n", "paymnt"),
    "lever without a stage": ("[levers.redirects]\nto = 1\n", 'Did you mean "payment.redirects"?'),
    "unknown field": (SEATS + "to = 22\nramp = 3\n", 'line 5: levers.service.seats.ramp: unknown key. Did you mean "ramp_days"?'),
    "out of bounds": (SEATS + "to = 900\n", "line 4: levers.service.seats.to: 900 is out of bounds; 5 to 80 seats is allowed."),
    "out of bounds by add": (SEATS + "add = 70\n", "add = 70 on the baseline of 20 gives 90, which is out of bounds"),
    "out of bounds by scale": (SEATS + "scale = -1\n", "gives -20"),
    "NaN": (SEATS + "to = nan\n", "finite, not nan"),
    "infinity": (SEATS + "to = -inf\n", "finite, not -inf"),
    "huge whole number": (SEATS + f"to = 1{'0' * 400}\n", "about 400 digits"),
    "number of 5,000 digits": (SEATS + f"to = {'9' * 5000}\n", "too many digits"),
    "overflow": (SEATS + "scale = 1e308\n", "finite"),
    "true for a number": (SEATS + "to = true\n", "line 4: levers.service.seats.to: a number is expected (in seats), not true."),
    "true for days": ("[horizon]\ndays = true\n", "number is expected"),
    "true for the schema": ("", "schema = 1 is expected, not true"),
    "wrong unit": ('[levers.detail_page.load_median_s]\nto = "1.5 s"\n', 'a number is expected (in s), not the text "1.5 s".'),
    "a date for a number": (SEATS + "to = 2024-01-01\n", "not the date 2024-01-01"),
    "a list for a number": (SEATS + "to = [1]\n", "not a list"),
    "a table for a number": (SEATS + "to = { a = 1 }\n", "not a table"),
    "two forms": (SEATS + "to = 22\nscale = 2\n", "exactly one of to, add and scale is needed; to and scale are given."),
    "no form": (SEATS + "ramp_days = 2\n", "none is given"),
    "a number for a lever": ("[levers.service]\nseats = 20\n", "line 4: levers.service.seats: a table is expected, such as { to = 2 }"),
    "a number for levers": ("levers = 3\n", "a table is expected"),
    "a list for levers": ("levers = []\n", "a table is expected"),
    "a lever twice": ('[levers.service]\nseats = { to = 21 }\n[levers."service.seats"]\nto = 22\n', "given twice"),
    "an assumption as lever": ("[levers.payment.benchmark_success]\nto = 0.9\n", "belongs under [assumptions]"),
    "a lever as assumption": ('[assumptions.service.seats]\nbest = 20\nsource = "x"\n', "belongs under [levers]"),
    "an assumption as baseline": ('[baseline.payment.benchmark_success]\nvalue = 0.9\nsource = "x"\n', "belongs under [assumptions]"),
    "half a redirect": ("[levers.payment.redirects]\nto = 2.5\n", "must be a whole number"),
    "half a redirect by scale": ("[levers.payment.redirects]\nscale = 0.5\n", "not a whole number"),
    "scale of a budget": ("[levers.traffic.drama]\nscale = 2\n", "cannot be scaled"),
    "scale of nothing": ("[levers.fulfilment.cold_chain]\nscale = 2\n", "no scale moves"),
    "no coverage": (SEATS + "to = 22\ncoverage = 0\n", "above 0 and at most 1"),
    "fast ramp of a programme": ("[levers.traffic.local_life]\nto = 1e6\nramp_days = 30\n", "90 to 732 days"),
    "endless ramp": (SEATS + "to = 22\nramp_days = 733\n", "0 to 732 days"),
    "half a day": (SEATS + "to = 22\nramp_days = 1.5\n", "a whole number of days"),
    "negative cost": (SEATS + "to = 22\ncost = { once = -1 }\n", "0 to 1e+15 CNY"),
    "empty cost": (SEATS + "to = 22\ncost = {}\n", "at least one of once"),
    "unknown cost": (SEATS + "to = 22\ncost = { monthly = 1 }\n", "unknown key"),
    "text for a date": (SEATS + 'to = 22\nstart = "2024-01-15"\n', "a date without quotes is expected"),
    "a moment for a date": (SEATS + "to = 22\nstart = 2024-01-15T00:00:00\n", "without a time of day"),
    "a time for a date": (SEATS + "to = 22\nstart = 07:30:00\n", "not a time of day"),
    "before the horizon": (
        SEATS + "to = 22\nstart = 2023-12-31\n",
        "line 5: levers.service.seats.start: 2023-12-31 is outside the horizon 2024-01-01 to 2024-04-01",
    ),
    "after the horizon": (SEATS + "to = 22\nuntil = 2024-04-02\n", "outside the horizon"),
    "until before start": (SEATS + "to = 22\nstart = 2024-02-01\nuntil = 2024-01-31\n", "before the lever's start"),
    "no such day": (SEATS + "to = 22\nstart = 2024-02-30\n", "line 5: 2024-02-30 is not a day of the calendar"),
    "no days": ("[horizon]\ndays = 0\n", "line 4: horizon.days: 0 is out of bounds; 1 to 732 days is allowed."),
    "too many days": ("[horizon]\ndays = 100_000\n", "1 to 732 days"),
    "last day of all": ("[horizon]\nstart = 9999-12-31\n", "out of bounds"),
    "event outside": (EVENT.replace("2024-01-07", "2024-05-01"), "line 6: events[1].end: 2024-05-01 is outside the horizon"),
    "event backwards": (EVENT.replace("2024-01-07", "2024-01-03"), "before the event's start"),
    "event without end": ('[[events]]\nname = "x"\nstart = 2024-01-05\n', "end is missing"),
    "event without effect on earth": (EVENT + "traffic = 0\n", "a factor above 0 and at most 20"),
    "event too large": (EVENT + "value = 21\n", "line 7: events[1].value"),
    "pull-forward": (EVENT + "pull_forward = 1.1\n", "0 to 1 is allowed"),
    "two events of one name": (EVENT + EVENT, "line 8: events[2].name"),
    "events as a table": ("[events]\nname = 1\n", "a list of tables"),
    "events as numbers": ("events = [1]\n", "a table is expected"),
    "assumption without source": ("[assumptions.payment.benchmark_success]\nbest = 0.95\n", "source is missing"),
    "assumption with empty source": ('[assumptions.payment.benchmark_success]\nbest = 0.95\nsource = " "\n', "must not be empty"),
    "assumption without best": (ASSUMED + "low = 0.9\nhigh = 0.95\n", "best is missing"),
    "assumption without high": (ASSUMED + "low = 0.9\nbest = 0.95\n", "low needs high"),
    "assumption out of order": (ASSUMED + "low = 0.96\nbest = 0.95\nhigh = 0.97\n", "low <= best <= high"),
    "assumption out of bounds": (ASSUMED + "best = 1.5\n", "out of bounds"),
    "range of a chance": (
        '[assumptions.detail_page.ar_works]\nlow = 0\nbest = 0.5\nhigh = 1\nsource = "x"\n',
        "a chance has no low and high",
    ),
    "baseline without source": ("[baseline.detail_page.bounce]\nvalue = 0.5\n", "source is missing"),
    "baseline of a programme": ('[baseline.traffic.drama]\nvalue = 5\nsource = "x"\n', "belongs under [levers]"),
    "short list": (
        '[baseline.fulfilment.node_hours_transit]\nvalue = [8, 11]\nsource = "x"\n', "a list of 3 numbers is expected, not of 2"),
    "number for a list": ('[baseline.fulfilment.node_hours_transit]\nvalue = 8\nsource = "x"\n', "a list of 3 numbers"),
    "list for a number": ('[baseline.detail_page.bounce]\nvalue = [0.5]\nsource = "x"\n', "a number is expected"),
    "known twice": (
        '[baseline.payment.typed_card_share]\nvalue = 0.1\nsource = "x"\n'
        '[assumptions.payment.typed_card_share]\nbest = 0.1\nsource = "x"\n',
        "[baseline] too",
    ),
    "unknown goal": ("[goals]\nnet_gvm = { at_least = 1 }\n", 'Did you mean "net_gmv"?'),
    "goal both ways": ("[goals]\ngmv = { at_least = 1, at_most = 2 }\n", "exactly one of at_least and at_most"),
    "goal neither way": ("[goals]\ngmv = { probability = 0.5 }\n", "none is given"),
    "certain goal": ("[goals]\ngmv = { at_least = 1, probability = 1 }\n", "above 0 and below 1"),
    "goal as text": ('[goals]\ngmv = { at_least = "6e10" }\n', "a number is expected (in CNY)"),
    "title as number": ("", "text in quotes is expected"),
    "escape sequence": ('author = "\\u001b[31m"\n', "control character U+001B"),
    "rows in an author": ('author = "a\\nb"\n', "one row of text"),
    "duplicate key": ("[horizon]\ndays = 3\ndays = 4\n", "line 5: the same key or table is given twice (`days = 4`)"),
    "duplicate table": (SEATS + "to = 21\n" + SEATS + "to = 22\n", "line 5: the same key or table is given twice"),
    "nested brackets": (f"x = {'[' * 5000}{']' * 5000}\n", "nested too deeply"),
    "key of many parts": ("a." * 200_000 + "a = 1\n", "line 3: a key of more than 40 parts"),
    "unfinished text": ('author = "x\n', "line 3: not valid TOML"),
    "newer version": ("", "written by a newer version"),
    "older version": ("", "schema = 1 is expected, not 0"),
    "no schema": ("", "schema is missing"),
    "no title": ("", "title is missing"),
    "empty title": ("", "title: must not be empty"),
    "empty": ("", "is empty: a scenario file needs at least `schema = 1` and `title ="),
    "control characters in a key": ('"a\\u0007b" = 1\n', "unknown key"),
}
HEADS = {
    "true for the schema": 'schema = true\ntitle = "x"\n',
    "title as number": "schema = 1\ntitle = 3\n",
    "newer version": 'schema = 2\ntitle = "x"\nwhatever = 1\n',
    "older version": 'schema = 0\ntitle = "x"\n',
    "no schema": 'title = "x"\n',
    "no title": "schema = 1\n",
    "empty title": 'schema = 1\ntitle = " "\n',
    "empty": "\n# nothing\n\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_sentence(case: str) -> None:
    body, words = REFUSED[case]
    message = refusal(HEADS.get(case, HEAD) + body)
    assert words in message
    assert message.startswith("plan.toml")


@pytest.mark.parametrize(
    ("data", "words", "exit_code"),
    [
        (b"", "is empty", INVALID),
        ('schema = 1\ntitle = "é"\n'.encode("latin-1"), "line 2: not UTF-8 text (byte 0xe9)", INVALID),
        (HEAD.encode() + b"\0", "line 3: NUL bytes", INVALID),
        (HEAD.encode("utf-16"), "UTF-16", INVALID),
        (b"#" * 1_000_001, "1,000,000 (1 MB) are allowed", INVALID),
    ],
)
def test_files_that_are_no_scenarios(tmp_path: Path, data: bytes, words: str, exit_code: int) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        load(path)
    assert words in one_sentence(caught.value) and str(path) in str(caught.value)
    assert caught.value.exit_code == exit_code


def test_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.toml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("opened a file that is too large"))
    with pytest.raises(UserError, match="50,000,000 bytes"):
        load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    references = [
        tmp_path / "none.toml",
        tmp_path,
        "baselin",
        "a\0b",
        "x" * 5000,
        tmp_path / ("x" * 5000 + ".toml"),
        tmp_path / "a\0b.toml",
    ]
    for reference in references:
        with pytest.raises(UserError) as caught:
            load(reference)
        assert caught.value.exit_code == UNREADABLE
        assert "\0" not in str(caught.value)
    with pytest.raises(UserError, match='Did you mean "baseline"'):
        load("baselin")
    with pytest.raises(UserError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(UserError, match="name of a scenario is empty"):
        load("")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.toml")
    with pytest.raises(UserError, match="not an ordinary file"):
        load(tmp_path / "plan.toml")


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scenario_folder() == SHIPPED
    assert scenario_folder(tmp_path) == tmp_path
    with pytest.raises(UserError, match="--scenarios") as caught:
        scenario_folder(tmp_path / "none")
    assert caught.value.exit_code == UNREADABLE
    monkeypatch.setenv("WHATIF_SCENARIOS", "")
    monkeypatch.chdir(tmp_path)
    assert (scenario_folder() / "baseline.toml").exists()  # what ships with the package
    (tmp_path / "scenarios").mkdir()
    assert scenario_folder() == Path("scenarios")
    monkeypatch.setenv("WHATIF_SCENARIOS", str(tmp_path / "none"))
    with pytest.raises(UserError, match="WHATIF_SCENARIOS"):
        scenario_folder()


@given(st.text(alphabet=st.sampled_from("[]{}=\".#\n'abc1 ,\\"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_ends_in_a_traceback(tail: str) -> None:
    try:
        loads(HEAD + tail, name="plan", folder=SHIPPED)
    except UserError as error:
        one_sentence(error)


def test_lines_of_keys() -> None:
    text = '# c\na = 1 # [b]\nb = """\n[no]\nc = 2\n"""\n[x."y.z"]\nlist = [\n  1,\n]\nd.e = 3\n[[events]]\nq = "="\n[[events]]\nq = 2'
    lines = Source("t", text).lines
    expected = {
        ("a",): 2,
        ("b",): 3,
        ("x", "y.z"): 7,
        ("x", "y.z", "list"): 8,
        ("x", "y.z", "d", "e"): 11,
        ("events", 0, "q"): 13,
        ("events", 1, "q"): 15,
    }
    assert {path: lines[path] for path in expected} == expected
    assert "".join(text[item.start : item.end] for item in statements(text)) == text.removeprefix("# c\n")


def test_sums_that_no_table_could_show_are_refused() -> None:
    for body in (SEATS + "to = 22\ncost = { once = 1e300 }\n", "[goals]\nnet_gmv = { at_least = 1e300 }\n"):
        assert "1e+15" in refusal(HEAD + body)


@pytest.mark.skipif(os.name != "posix", reason="makes links")
def test_saving_onto_links_in_a_circle_is_refused(tmp_path: Path) -> None:
    from sim.scenario import save

    (tmp_path / "a.toml").symlink_to("b.toml")
    (tmp_path / "b.toml").symlink_to("a.toml")
    with pytest.raises(UserError) as caught:
        save(loads(HEAD, name="plan", folder=SHIPPED), tmp_path / "a.toml", overwrite=True)
    assert caught.value.exit_code == UNREADABLE

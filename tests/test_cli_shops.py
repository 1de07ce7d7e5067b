"""`whatif calibrate` and `whatif backtest`: what they answer and what they refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sim.texts import LANGUAGES
from tests.command_line import answered, asked
from tests.shops.generated import generated_shop
from tests.shops.judge import as_csv


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    rows = generated_shop(11, days=45, sessions=300)[1]
    path.write_bytes(as_csv([{key: row[key] for key in ("date", "sessions", "orders")} for row in rows]))
    return path


def test_calibrate_writes_a_scenario_that_runs(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    out = shop.with_name("my_shop.toml")
    said = json.loads(answered(capsys, "calibrate", shop, "--out", out, "--days", "30", "--format", "json"))
    assert said["written"] == str(out) and said["columns"]["orders"] == "orders" and said["definitions"]["orders"] == "submitted"
    assert {"findings", "estimates", "told", "assumed", "untold", "profile"} <= set(said)
    ran = json.loads(answered(capsys, "run", out, "--draws", "256", "--format", "json"))
    assert ran["kpis"]["gmv"]["mean"] > 0.0 and len(ran["daily"]) == 30
    code, _, err = asked(capsys, "calibrate", shop, "--out", out)
    assert code == 2 and "exists already" in err


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_as_tables(capsys: pytest.CaptureFixture[str], shop: Path, language: str) -> None:
    within, ahead = "festival=2023-09-10..2023-09-18", "festival=2023-10-20..2023-10-25"
    said = answered(capsys, "calibrate", shop, "--lang", language, "--event", within, "--event", ahead)
    assert "2023-10-20 … 2023-10-25" in said
    assert ("What is odd" in said or "Nothing odd" in said) if language == "en" else "口径" in said
    said = answered(capsys, "backtest", shop, "--horizon", "7", "--origins", "1", "--lang", language)
    assert "WIS" in said and ("orders given sessions" in said if language == "en" else "已知访客数时的下单数" in said)


def test_backtest_as_json_and_csv(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    rows = json.loads(answered(capsys, "backtest", shop, "--horizon", "7", "--origins", "1", "--format", "json", "--quiet"))
    given = {(row["series"], row["given"]): row for row in rows}
    assert set(given["orders", "sessions"]) >= {"series", "given", "wape", "bias", "wis", "coverage80", "coverage95", "rivals"}
    assert set(given["sessions", None]["rivals"]["drift"]) == {"wape", "wis", "coverage80"}
    table = list(csv.DictReader(io.StringIO(answered(capsys, "backtest", shop, "--horizon", "7", "--origins", "1", "--format", "csv"))))
    assert {row["model"] for row in table} >= {"own", "drift", "binomial"}


def test_the_sample(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = asked(capsys, "calibrate", "--sample", tmp_path / "sample.csv", "--lang", "zh")
    assert code == 0 and "虚构店铺" in err
    assert (tmp_path / "sample.csv").read_text(encoding="utf-8-sig").startswith("日期,访客数")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("calibrate",), 2, "--sample shop.csv writes one to try"),
        (("calibrate", "nowhere.csv"), 5, "nowhere.csv cannot be read"),
        (("calibrate", "SHOP", "--map", "sessions"), 2, 'is not HEADER=COLUMN'),
        (("calibrate", "SHOP", "--map", "sesions=orders"), 2, 'Did you mean "sessions"?'),
        (("calibrate", "SHOP", "--definition", "orders=both"), 2, "one of submitted, paid"),
        (("calibrate", "SHOP", "--handle", "gapp=keep"), 2, "there is no finding gapp"),
        (("calibrate", "SHOP", "--event", "618"), 2, "is not NAME=FROM..TO"),
        (("calibrate", "SHOP", "--out", "shop.txt"), 2, "its name ends in .toml"),
        (("backtest", "SHOP", "--horizon", "40"), 2, "too few for a horizon of 40"),
        (("backtest",), 2, "needs DATA"),
    ],
)
def test_senseless_questions_get_one_sentence(
    capsys: pytest.CaptureFixture[str], shop: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    found, out, err = asked(capsys, *(shop if word == "SHOP" else word for word in arguments))
    assert found == code and out == "" and says in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err

"""The table of studies: read, checked, and no part of the model's version."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from importlib.resources import files

import pytest

from sim.linting import problems
from sim.parameters import STAGES, Registry, registry, studies_from
from tests.command_line import answered

HEAD = "id,what_en,what_zh,value,low,high,unit,source,address,grade,basis,note_en,note_zh\n"


def _with(**changes: object) -> Registry:
    """The registry with its first study changed."""
    good = registry()
    studies = [replace(good.studies[0], **changes), *good.studies[1:]]
    return Registry(good.entries, facts=good.facts, contradictions=good.contradictions, studies=studies)


def test_every_study_is_there_once_and_says_so_where_there_is_no_source() -> None:
    assert [study.id for study in registry().studies] == [f"R{number:02d}" for number in range(1, 93)]
    without = [study.id for study in registry().studies if study.grade == "none"]
    assert "R26" in without and all(not registry().studies_by_id[name].source for name in without)
    assert registry().studies_by_id["R13"].value == 0.95 and registry().studies_by_id["R52"].value is None


def test_every_cited_study_ships_and_what_is_only_remembered_says_so() -> None:
    origins = [item.source for entry in registry().entries for item in (entry, entry.cost) if item]
    cited = {part.strip() for source in origins for part in source.split(",") if part.strip().startswith("R")}
    assert len(cited) > 50 and cited <= registry().studies_by_id.keys()
    for study in registry().studies:
        if study.basis == "memory":
            assert "memory" in study.note["en"] and "记忆" in study.note["zh"], study.id


def test_ranges_of_studies_hold_the_ranges_that_rest_on_a_single_one() -> None:
    """Benchmark success: 90 to 99 % in the study (R13) and in the registry."""
    study, parameter = registry().studies_by_id["R13"], registry()["payment.benchmark_success"]
    assert (study.low, study.value, study.high) == (parameter.low, parameter.value, parameter.high)


def test_studies_are_no_part_of_the_version() -> None:
    """The version is the digest of the files that equations read, by hand: stages, facts, contradictions."""
    folder = files("sim") / "registry"
    digest = hashlib.sha256()
    for name in [*(f"{stage}.toml" for stage in STAGES), "facts.csv", "contradictions.toml"]:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes().replace(b"\r\n", b"\n") + b"\0")
    assert registry().version == digest.hexdigest()[:12]


def test_an_empty_cell_is_no_number() -> None:
    row = 'R01,what,甲,,,,,"Somebody, 2020",https://example.org/a,study,sign,weak,弱\n'
    (study,) = studies_from(HEAD + row)
    assert study.value is None and study.source == "Somebody, 2020" and study.note == {"en": "weak", "zh": "弱"}


def test_the_file_is_plain_csv_without_formulas() -> None:
    text = (files("sim") / "registry" / "studies.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        assert None not in row.values() and None not in row
        words = [value for name, value in row.items() if name not in ("value", "low", "high")]
        assert not any(value.startswith(("=", "+", "@", "-")) for value in words)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "R02"}, "R02: appears 2 times"),
        ({"id": "X1"}, "X1: is not named R and two digits"),
        ({"id": "X1"}, "detail_page.load_sigma: source R01 is not in the table of studies"),
        ({"grade": "rumour"}, "R01: grade 'rumour'"),
        ({"basis": "felt"}, "R01: basis 'felt'"),
        ({"source": ""}, "R01: names a source exactly when its grade is not none"),
        ({"grade": "none"}, "R01: names a source exactly when its grade is not none"),
        ({"source": "Planning document, F999"}, "R01: source F999 is no fact of the document"),
        ({"address": "javascript:alert(1)"}, "is no http address"),
        ({"address": "https://example.org/a b"}, "is no http address"),
        ({"unit": "logs"}, 'R01: unit \'logs\' is not known. Did you mean "log"?'),
        ({"low": 0.7}, "R01: needs low <= value <= high"),
        ({"value": float("nan")}, "R01: needs low <= value <= high"),
        ({"what": {"en": "", "zh": "甲"}}, "R01: what has no en text"),
        ({"note": {"en": "TBD", "zh": "弱"}}, "R01: note has a placeholder"),
    ],
)
def test_a_planted_fault_is_found(changes: dict, said: str) -> None:
    assert any(said in problem for problem in problems(_with(**changes)))


def test_a_note_of_a_fact_names_only_studies_that_there_are() -> None:
    good = registry()
    facts = [replace(good.facts[0], note={"en": "See R99.", "zh": "见 R99。"}), *good.facts[1:]]
    found = problems(Registry(good.entries, facts=facts, contradictions=good.contradictions, studies=good.studies))
    assert found == ["F001: its note names R99, which is not in the table of studies"] * 2


def test_the_command_line_hands_the_studies_out_with_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(answered(capsys, "params", "payment.benchmark_success", "--format", "json"))[0]
    assert [study["id"] for study in row["studies"]] == ["R13"] and row["studies"][0]["grade"] == "vendor"
    assert "studies" not in answered(capsys, "params", "payment", "--format", "csv").splitlines()[0]

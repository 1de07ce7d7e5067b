"""The registry: every number is there, well formed, sourced and explained in both languages; lint finds what is not."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sim.errors import UserError, nearest
from sim.parameters import CATEGORIES, CHANNELS, GROUPS, Registry, facts_from, lint, parameters_from, registry

LEVERS = """
traffic.paid_budget traffic.s_host_share traffic.mid_host_share traffic.store_live_hours traffic.prime_time_share traffic.original_share
traffic.knowledge traffic.drama traffic.immersive traffic.ugc traffic.private_domain traffic.local_life traffic.cross_border
traffic.discount
detail_page.load_median_s detail_page.fold_depth detail_page.rotation_360 detail_page.live_cooking detail_page.ar_tryon
service.seats service.bot_resolution service.handling_s
payment.redirects payment.typed_card_share
fulfilment.shipped_24h_share fulfilment.front_warehouses fulfilment.premium_courier_share fulfilment.cold_chain
returns.filter_strength returns.jewellery_lighting returns.size_labels returns.fit_information returns.review_recovery
"""
REPRODUCED = "F001 F003 F018 F020 F041 F043 F101 F104 F105 F108 F109 F110 F111 F113 F115 F117"


def test_the_registry_is_clean() -> None:
    assert lint(registry()) == []


def test_levers_are_those_of_the_contract_and_no_others() -> None:
    assert {lever.name for lever in registry().levers} == set(LEVERS.split())
    assert {lever.group for lever in registry().levers} == set(GROUPS)


def test_every_fact_of_the_document_is_there_once() -> None:
    facts = registry().facts
    assert [fact.id for fact in facts] == [f"F{number:03d}" for number in range(1, 126)]
    assert {fact.id for fact in facts if fact.status == "reproduced"} == set(REPRODUCED.split())
    by_id = registry().facts_by_id
    assert by_id["F046"].value == (1.0, 20.0, 79.0)
    assert by_id["F001"].value == 85.0 and by_id["F024"].value == -22.0
    assert all(isinstance(fact.value, (float, tuple)) for fact in facts)


def test_reproduced_facts_are_the_numbers_of_their_parameters() -> None:
    share = {"%": 0.01, "pp": 0.01, "% of returns": 0.01, "bn CNY/quarter": 1e9}
    for fact in registry().facts:
        if fact.status == "reproduced" and fact.id not in ("F104",):
            parameter = registry()[fact.parameter]
            assert parameter.value == pytest.approx(fact.value * share.get(fact.unit, 1.0)), fact.id
    assert registry()["detail_page.slow_share"].value == 0.28  # F104


def test_mixes_add_up() -> None:
    value = {name: parameter.value for name, parameter in registry().items()}
    viewers = [value[f"traffic.viewers_{channel}"] for channel in CHANNELS[:7]]
    assert math.fsum(viewers) == pytest.approx(1.0)
    assert math.fsum(value["fulfilment.band_share"]) == pytest.approx(1.0)
    assert math.fsum(value["fulfilment.node_hours_handling"]) == pytest.approx(1.0)
    assert math.fsum(value["fulfilment.node_hours_transit"]) == pytest.approx(56.02)  # 12.14 + 31.09 + 9.61 + 3.18 (R46)
    assert math.fsum(value[f"memory.score_weight_{part}"] for part in ("description", "service", "shipping")) == pytest.approx(1.0)
    assert value["service.peak_hours"] + math.fsum(value["service.hour_counts"]) == 24
    weights = [value[f"closure.gmv_weight_{category}"] for category in CATEGORIES[1:]]
    assert value["closure.apparel_gmv_share"] + math.fsum(weights) == pytest.approx(1.0)
    assert all(len(value[f"traffic.affinity_{channel}"]) == len(CATEGORIES) for channel in CHANNELS[:7])
    assert len(value["returns.refund_only_share"]) == len(CATEGORIES)


def test_prices_name_one_number_once() -> None:
    assert registry()["service.seats"].cost.per_unit == registry()["money.seat_month"].value
    assert registry()["fulfilment.premium_courier_share"].cost.per_unit == registry()["money.premium_parcel"].value
    # one site moves 2 % of the parcels at 3 CNY (R90)
    assert registry()["fulfilment.front_warehouses"].cost.per_unit == pytest.approx(3 * registry()["fulfilment.warehouse_shift"].value)


def test_uncertain_levers_are_drawn_and_a_chance_happens_in_the_central_lane() -> None:
    uncertain = [parameter.name for parameter in registry().uncertainties if parameter.role == "lever"]
    assert uncertain == ["service.handling_s", "payment.typed_card_share"]
    assert registry()["detail_page.ar_works"].central == 1.0
    assert registry()["detail_page.ar_works"].value == 0.8
    assert registry()["payment.gap"].central == 0.17


def test_dimensions_are_kept_for_good() -> None:
    lines = (Path(__file__).parent / "dimensions.txt").read_text(encoding="utf-8").splitlines()
    kept = dict(line.split() for line in lines if line and not line.startswith(("#", "-")))
    assert {str(parameter.dimension): parameter.name for parameter in registry().uncertainties} == kept


def test_reading_needs_no_numpy_and_is_quick() -> None:
    script = (
        "import sys; from sim.parameters import lint, registry; registry(); lint(registry());"
        "print([name for name in ('numpy', 'pandas', 'scipy', 'streamlit', 'tomlkit') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
    registry.cache_clear()
    fastest = math.inf
    for _ in range(3):
        registry.cache_clear()
        start = time.perf_counter()
        registry()
        fastest = min(fastest, time.perf_counter() - start)
    assert fastest < 0.25  # 35 ms on the machine it was written on; loose, since others share theirs
    assert registry() is registry()


def test_version_is_short_and_stable() -> None:
    version = registry().version
    assert len(version) == 12 and int(version, 16) >= 0
    registry.cache_clear()
    assert registry().version == version


def _with(name: str, /, **changes: object) -> Registry:
    good = registry()
    entries = [replace(entry, **changes) if entry.name == name else entry for entry in good.entries]
    return Registry(entries, facts=good.facts, contradictions=good.contradictions)


CHEAP = registry()["payment.redirects"].cost


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("payment.redirects", {"value": 9.0}, "outside its bounds"),
        ("payment.redirects", {"value": math.nan}, "not finite"),
        ("payment.redirects", {"value": 4.5}, "is whole"),
        ("payment.redirects", {"cost": None}, "without a cost"),
        ("payment.redirects", {"expect": None}, "expects None"),
        ("payment.redirects", {"expect": "either"}, "needs a reason"),
        ("payment.redirects", {"group": "elsewhere"}, "group 'elsewhere'"),
        ("payment.redirects", {"grade": "rumour"}, "grade 'rumour'"),
        ("payment.redirects", {"grade": "study"}, "names no source of that kind"),
        ("payment.redirects", {"source": "F126"}, "no fact of the document"),
        ("payment.redirects", {"source": "hearsay"}, "source 'hearsay'"),
        ("payment.redirects", {"source": "F106, F012"}, "only shown"),
        ("payment.redirects", {"source": "F100"}, "F106: is used, but payment.redirects does not name it"),
        ("payment.redirects", {"unit": "counts"}, 'Did you mean "count"?'),
        ("payment.redirects", {"label": {"en": "Redirects", "zh": ""}}, "label has no zh text"),
        ("payment.redirects", {"label": {"en": "Redirects", "zh": "Redirects"}}, "label has no Chinese"),
        ("payment.redirects", {"help": {"en": "TODO", "zh": "次数"}}, "placeholder"),
        ("payment.redirects", {"help": {"en": "Jumps.", "zh": "支付跳轉次數"}}, "traditional character 轉"),
        ("payment.redirects", {"role": "leaver"}, "role 'leaver'"),
        ("payment.redirects", {"name": "payments.redirects"}, "does not belong to a stage"),
        ("payment.redirects", {"name": "payment.gap"}, "payment.gap: appears 2 times"),
        ("payment.redirects", {"form": "effort"}, "is an effort"),
        ("payment.redirects", {"cost": replace(CHEAP, units="money.merchant")}, 'Did you mean "money.merchants"?'),
        ("payment.redirects", {"cost": replace(CHEAP, basis="change")}, "cost has a price per unit exactly when"),
        ("payment.redirects", {"cost": replace(CHEAP, basis="barter")}, "cost basis 'barter'"),
        ("payment.redirects", {"cost": replace(CHEAP, once=-1.0)}, "cost needs amounts from 0 up"),
        ("payment.redirects", {"cost": replace(CHEAP, category="apparel")}, "without parcels"),
        ("payment.redirects", {"cost": replace(CHEAP, full_change=0.0)}, "full_change must be above 0"),
        ("payment.redirects", {"cost": replace(CHEAP, grade="", source="F999")}, "cost source F999 is no fact"),
        ("payment.benchmark_success", {"low": 0.96}, "low <= best <= high"),
        ("payment.benchmark_success", {"high": 1.01}, "leaves its bounds"),
        ("payment.benchmark_success", {"dimension": 1}, "dimension 1 belongs to 2"),
        ("payment.benchmark_success", {"dimension": None}, "no dimension"),
        ("payment.benchmark_success", {"distribution": "normal"}, "distribution 'normal'"),
        ("payment.benchmark_success", {"low": None, "high": None}, "without a range"),
        ("payment.benchmark_success", {"cost": CHEAP}, "is no lever"),
        ("payment.gap", {"low": 0.1, "high": 0.2}, "is pinned but has a range"),
        ("closure.value_apparel", {"low": 0.0}, "not positive"),
        ("detail_page.ar_works", {"high": 0.9}, "is a chance"),
    ],
)
def test_lint_finds_a_planted_fault(name: str, changes: dict, said: str) -> None:
    assert any(said in problem for problem in lint(_with(name, **changes)))


@pytest.mark.parametrize(
    ("fact", "changes", "said"),
    [
        ("F012", {"status": "guessed"}, "is not known"),
        ("F012", {"parameter": "payment.gap"}, "is only shown but names a parameter"),
        ("F106", {"parameter": "payment.gap"}, "payment.gap does not name it"),
        ("F106", {"status": "shown", "parameter": ""}, "payment.redirects: source F106 is a fact that is said to be only shown"),
        ("F012", {"contradicts": ("F013",)}, "contradicts F013, which does not say so"),
        ("F012", {"note": {"en": "", "zh": "无"}}, "F012: note has no en text"),
        ("F012", {"id": "F013"}, "F013: appears 2 times"),
    ],
)
def test_lint_finds_a_fault_among_the_facts(fact: str, changes: dict, said: str) -> None:
    good = registry()
    facts = [replace(entry, **changes) if entry.id == fact else entry for entry in good.facts]
    assert any(said in problem for problem in lint(Registry(good.entries, facts=facts, contradictions=good.contradictions)))


def test_lint_finds_a_contradiction_of_unknown_facts() -> None:
    good = registry()
    broken = [replace(good.contradictions[0], facts=("F001", "F200")), *good.contradictions[1:]]
    problems = lint(Registry(good.entries, facts=good.facts, contradictions=broken))
    assert "contradiction quarter_below_festival: fact F200 does not exist" in problems
    assert any(problem.startswith("F001: contradicts F036 without an entry") for problem in problems)


def test_contradicting_facts_name_each_other() -> None:
    by_id = registry().facts_by_id
    assert by_id["F001"].contradicts == ("F021", "F036")
    assert by_id["F101"].contradicts == ("F009",)
    assert len(registry().contradictions) == 10


def test_a_price_may_be_the_name_of_a_parameter() -> None:
    texts = {"label": {"en": "a", "zh": "甲"}, "help": {"en": "a", "zh": "甲"}}
    origin = {"source": "assumption", "grade": "assumption"}
    tables = {
        "money": {"seat_month": {**texts, **origin, "unit": "CNY/month", "role": "constant", "value": 4_500, "bounds": [0, 9_000]}},
        "service": {
            "seats": {
                **texts, **origin, "unit": "seats", "role": "lever", "value": 20, "bounds": [5, 80],
                "cost": {**origin, "per": "seat", "per_unit": "money.seat_month", "units": "desks", "basis": "change"},
            }
        },
    }  # fmt: skip
    seats = parameters_from(tables)[1]
    assert (seats.name, seats.stage, seats.key, seats.value) == ("service.seats", "service", "seats", 20.0)
    assert seats.cost.per_unit == 4_500 and seats.cost.full_change is None and not seats.uncertain


def test_fact_values_are_numbers_lists_or_text() -> None:
    head = "id,section,phrase,english,chinese,quantity,value,unit,scope,role,status,parameter,note_en,note_zh,contradicts\n"
    rows = [f"F00{i},01,a,b,c,q,{value},%,s,context,shown,,n,注,F001 F002\n" for i, value in enumerate(("3.8", "1/20/79", "18 to 35"))]
    values = [fact.value for fact in facts_from(head + "".join(rows))]
    assert values == [3.8, (1.0, 20.0, 79.0), "18 to 35"]


def test_errors_carry_their_exit_code_and_the_nearest_name() -> None:
    assert UserError("no").exit_code == 2
    assert UserError("no", exit_code=3).exit_code == 3
    assert nearest("payment.redirect", registry()) == ' Did you mean "payment.redirects"?'
    assert nearest("redirects", registry()) == ' Did you mean "payment.redirects"?'
    assert nearest("zzzzzz", registry()) == ""

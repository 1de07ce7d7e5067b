"""Where parameters are used, as the model itself shows it."""

from __future__ import annotations

from pathlib import Path

from sim.analysis.usage import CHANGE, COSTS, EVENT, uses
from sim.parameters import registry
from sim.texts import catalogue

MODEL = {path.stem for path in (Path(__file__).parent.parent.parent / "sim/model").glob("*.py")}


def test_readers_are_files_of_the_model_and_nearly_every_number_has_one() -> None:
    found = uses()
    assert list(found) == list(registry())
    assert {name for use in found.values() for name in use.equations} <= MODEL | {COSTS}
    unread = {name for name, use in found.items() if not use.equations}
    assert unread == {"service.answer_target_share"}  # a target that the answered share is shown beside


def test_readers_are_those_that_the_equations_name() -> None:
    found = uses()
    assert found["returns.fit_effect"].equations == ("returns",)
    assert found["payment.gap"].equations == ("closure",)
    assert found["detail_page.ar_works"].equations == ("detail_page", "returns")  # it sells more and comes back less
    assert "detail_page" in found["detail_page.load_median_s"].equations
    assert found["traffic.pull_forward"].equations == ("funnel",)


def test_an_effect_of_a_lever_is_felt_only_with_it() -> None:
    found = uses()
    assert found["returns.fit_effect"].only_with == ("returns.fit_information",) and not found["returns.fit_effect"].moves
    assert found["traffic.pull_forward"].only_with == (EVENT,)
    assert found["memory.repeat_share"].only_with == (CHANGE,)
    assert set(found["payment.typed_loss"].only_with) == {"payment.redirects", "payment.typed_card_share"}


def test_the_baseline_feels_what_no_total_pins() -> None:
    """GMV is pinned in every draw; what is returned of it, and what is left after costs, is not."""
    found = uses()
    assert found["returns.rate_apparel"].moves == ("net_gmv", "return_rate", "contribution")
    assert found["money.margin"].moves == ("contribution",)
    assert not any("gmv" in use.moves for use in found.values())


def test_prices_name_the_levers_that_they_are_paid_for() -> None:
    found = uses()
    assert found["money.seat_month"].prices == ("service.seats",) and COSTS in found["money.seat_month"].equations
    assert found["money.skus"].prices == ("detail_page.rotation_360", "detail_page.ar_tryon", "returns.fit_information")


def test_every_reader_has_a_name_in_both_languages() -> None:
    for use in uses().values():
        for name in use.equations:
            assert set(catalogue()[f"equations.{name}"]) == {"en", "zh"}

"""Robust choice: regrets by hand, and what always holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.analysis.choosing import Choice, options_of
from sim.engine import run
from sim.errors import UserError
from tests.worlds import plan

# Four worlds by three options. Best of each world: b, a, c and a together (tie), b.
#              world 1  2  3  4        regrets
HAND = np.array([[1.0, 6.0, 4.0, 1.0],  # a: 3 0 0 4
                 [4.0, 2.0, 3.0, 5.0],  # b: 0 4 1 0
                 [3.0, 3.0, 4.0, 2.0]])  # c: 1 3 0 3


def hand(kpi: str = "contribution", sign: float = 1.0) -> Choice:
    return Choice(kpi=kpi, names=("a", "b", "c"), values=sign * HAND)


def test_regrets_by_hand() -> None:
    choice = hand()
    assert choice.regret.tolist() == [[3.0, 0.0, 0.0, 4.0], [0.0, 4.0, 1.0, 0.0], [1.0, 3.0, 0.0, 3.0]]
    a, b, c = choice.options
    assert (a.mean, b.mean, c.mean) == (3.0, 3.5, 3.0)
    assert (a.best_share, b.best_share, c.best_share) == (0.375, 0.5, 0.125)  # the tie in world 3 is shared
    assert (a.regret_mean, b.regret_mean, c.regret_mean) == (1.75, 1.25, 1.75)
    assert (a.regret_worst, b.regret_worst, c.regret_worst) == (4.0, 4.0, 3.0)
    assert b.regret_p90 == pytest.approx(1.0 + 0.7 * 3.0)  # 0 0 1 4, type 7: place 2.7
    assert (a.cvar10, b.cvar10, c.cvar10) == (1.0, 2.0, 2.0)  # the worst of four


def test_every_criterion_chooses_for_itself() -> None:
    choice = hand()
    assert choice.choices == {"mean": "b", "cvar10": "b", "regret": "c", "best": "b"}
    assert not choice.agree and choice.most_named == "b"
    assert choice.to_json()["choices"]["minimax_regret"] == "c"


def test_of_a_rate_less_is_better() -> None:
    """The same figures turned round: a return rate of -x is judged as a gain of x, and shown with its own sign."""
    turned = hand("return_rate", -1.0)
    assert np.array_equal(turned.regret, hand().regret) and turned.choices == hand().choices
    assert [option.cvar10 for option in turned.options] == [-1.0, -2.0, -2.0]
    assert [option.mean for option in turned.options] == [-3.0, -3.5, -3.0]


def test_doing_nothing_comes_before_doing_something_for_nothing() -> None:
    same = Choice(kpi="gmv", names=("base", "plan"), values=np.ones((2, 5)))
    assert set(same.choices.values()) == {"base"} and same.agree
    assert [option.best_share for option in same.options] == [0.5, 0.5]


tables = arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 30)), elements=st.integers(-50, 50).map(float))


@given(tables, st.integers(-9, 9))
def test_what_always_holds(values: np.ndarray, shift: int) -> None:
    names = tuple("abcde"[: len(values)])
    choice = Choice(kpi="net_gmv", names=names, values=values)
    assert np.all(choice.regret >= 0.0) and np.all(np.min(choice.regret, axis=0) == 0.0)
    assert np.sum(choice.best_share) == pytest.approx(1.0)
    by_name = {option.name: option for option in choice.options}
    # The best mean has the smallest mean regret, and the minimax choice the smallest worst regret.
    assert by_name[choice.choices["mean"]].regret_mean == pytest.approx(min(o.regret_mean for o in choice.options))
    assert by_name[choice.choices["regret"]].regret_worst == min(o.regret_worst for o in choice.options)
    assert by_name[choice.choices["cvar10"]].cvar10 == pytest.approx(max(o.cvar10 for o in choice.options))
    assert np.array_equal(Choice(kpi="net_gmv", names=names, values=values + shift).regret, choice.regret)


def test_plans_meet_the_same_worlds_as_their_runs() -> None:
    base, fast = plan(days=5, name="base"), plan({"detail_page.load_median_s": 1.2}, days=5, name="fast")
    options = options_of(base, [fast], kpis=("contribution", "net_gmv"), draws=30)
    assert options.names == ("base", "fast")
    for i, scenario in enumerate((base, fast)):
        assert np.array_equal(options.figures["net_gmv"][i], run(scenario, draws=30).kpi("net_gmv"))
    assert options.to_json()["plans"] == [{"name": "fast", "digest": fast.digest}]


def test_what_cannot_be_chosen_between_is_one_sentence() -> None:
    base = plan(days=5, name="base")
    with pytest.raises(UserError, match='"base" is among the options twice'):
        options_of(base, [base], draws=4)
    with pytest.raises(UserError, match=r"--kpi: there is no figure .*Did you mean"):
        options_of(base, [plan(days=5, name="x")], kpis=("net_gmw",), draws=4)
    no_ads = plan({"traffic.paid_budget": 0.0}, days=5, name="no ads")
    with pytest.raises(UserError, match='roi is not defined in some draws of "no ads"'):
        options_of(base, [no_ads], kpis=("roi",), draws=4).choice("roi")

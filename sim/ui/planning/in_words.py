"""The plan in one sentence under the tiles, and in a paragraph: what it changes, is worth and costs, and what that rests on."""

from __future__ import annotations

import streamlit as st

from sim.analysis.comparing import Comparison
from sim.figures import chance, money
from sim.jobs import DONE
from sim.parameters import registry
from sim.ui import cache, parts, work
from sim.ui.decisions import drivers_work
from sim.ui.inputs import dial, in_order
from sim.ui.state import Session
from sim.wording.drivers import drivers_in_words
from sim.wording.levers import timing_text
from sim.wording.planning import baseline_text, bill_text, changes_text, rests_text, worth_text


def sentence(state: Session, pair: cache.Pair) -> str:
    """What the plan changes, what that brings, for how much, how surely."""
    say, net = state.say, Comparison(base=pair.base, plans=(pair.plan,)).figures(pair.plan)["net_gmv"]
    return parts.tight(say["plan.adds"].format(
        what=parts.changes_in_words(state),
        change=parts.change_with_interval(net["delta"], "CNY", say.language),
        cost=money(float(pair.plan.kpi("plan_cost").mean()), say.language),
        chance=chance(net["p_better"], say.language),
    ))


def paragraph(state: Session, pair: cache.Pair) -> None:
    say, days = state.say, pair.plan.scenario.days
    st.markdown(f"##### {say['in_words.title']}")
    rows = {row["kpi"]: row for row in pair.plan.kpi_rows()}
    if pair.same:
        mendable = [row for row in pair.plan.leak_rows() if row["mendable"]]
        worst = max(mendable, key=lambda row: row["recoverable"]["net_gmv"]["mean"] or 0.0)
        st.markdown(_calm(baseline_text(rows, worst, days, say)))
        return
    before = {row["kpi"]: row for row in pair.base.kpi_rows()}
    differences = Comparison(base=pair.base, plans=(pair.plan,)).figures(pair.plan)
    by_lever = {name: float(pair.plan.mean_of(f"cost.{name}")) for name in pair.plan.scenario.moved}
    lines = [
        changes_text(changes(state), parts.worlds(state), say),
        worth_text(before, rows, differences, days, say),
        bill_text(rows["plan_cost"]["mean"], by_lever, days, say),
        rests(state, pair),
    ]
    st.markdown(_calm("  \n".join(lines)))


def _calm(text: str) -> str:
    return parts.tight(text.replace("~", "\\~").replace("$", "\\$"))


def changes(state: Session) -> list[tuple[str, str]]:
    """Each moved lever with how far it goes, and when it acts where that is not at once and to the end."""
    say, plan = state.say, state.plan
    found = []
    for name in in_order(state.moved):
        span = dial(registry()[name], state.language).span(state.opened.lever_baseline(name), state.level(name))
        what = say["plan.one_change"].format(lever=registry()[name].label[state.language], span=span).replace("） ", "）")
        found.append((what, timing_text(state.setting(name), plan, say)))
    return found


def rests(state: Session, pair: cache.Pair) -> str:
    """What the gain rests on: from the analysis of drivers where that has been asked for, else from one assumption at a time."""
    say, plan, base = state.say, pair.plan.scenario, pair.base.scenario
    known = work.desk().of(drivers_work.moving_key(plan, base))
    if known is not None and known.state == DONE:
        figure = next(row for row in known.result.to_json()["figures"] if row["kpi"] == "net_gmv")
        lines = drivers_in_words(figure, say, paired=True)
        return say["in_words.computed"].format(says=parts.plain(("" if say.language == "zh" else " ").join(lines)))
    return rests_text(cache.swings_of(plan, base), say)

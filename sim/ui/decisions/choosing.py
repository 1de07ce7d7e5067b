"""Decide, first part: several plans, doing nothing among them, and what to find out before choosing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from sim.analysis.choosing import Choice, Options
from sim.analysis.information import Worth, worth_of
from sim.charts import deciding as charts
from sim.figures import chance, figure, interval
from sim.outcome import KPIS, model_version
from sim.ui import parts, work
from sim.ui.calibrating import standing
from sim.ui.plans import CURRENT, Gathered, drop_gone, gathered, label_of, left_out, plan_names
from sim.ui.state import BASELINE, Session
from sim.wording.deciding import choice_says, regret_text, worth_says
from sim.wording.drivers import name_of

FIGURES = ("contribution", "net_gmv", "gmv", "return_rate")
FIRST_PLANS = ("fix_pages", "fix_payment", "fix_colour")
MOST_PLANS = 6
SHOWN = 8  # assumptions in the chart
LEAST = 0.005  # of the worth of knowing everything: what is less is not drawn
WORTH = "decide_worth"  # where the answer belongs


def section(state: Session) -> None:
    say = state.say
    names = plan_names(state)
    if len(names) < 2:
        st.info(say["decide.no_plans"], icon=":material/info:")
        return
    base, plans, kpi = asked(state, names)
    if not plans:
        st.info(say["decide.choose_first"], icon=":material/info:")
        return
    found = gathered(state, [base, *plans], key="decide_days")
    left_out(state, found)
    plans = [name for name in plans if name in found.outcomes]
    if base not in found.outcomes or not plans:
        return
    options = options_among(found)
    choice = options.choice(kpi)
    titles = [say["choose.nothing"].format(name=label_of(state, base)), *(label_of(state, name) for name in plans)]
    spoken = [say["choose.nothing"].format(name=label_of(state, base, brief=True)), *(label_of(state, name, brief=True) for name in plans)]
    if len(set(spoken)) < len(spoken):  # two files of one title are told apart by their names
        spoken = titles
    if options.several_shops:
        st.warning(say["decide.other_shop"], icon=":material/storefront:")
    standing.lines(state, options.scenarios)
    st.markdown(parts.tight(choice_says(choice, [parts.plain(name) for name in spoken], say)))
    robust(state, choice, titles)
    left, right = st.columns(2, gap="medium")
    with left:
        wins(state, choice, titles)
    with right:
        regrets(state, choice, titles)
    knowing(state, options, kpi, spoken)


def asked(state: Session, names: list[str]) -> tuple[str, list[str], str]:
    """Base, plans and figure; kept while the planner looks at other pages."""
    say = state.say
    first = [CURRENT] if state.changed else []
    first += [name for name in FIRST_PLANS if name in names] or [name for name in names if name not in (BASELINE, CURRENT)][:3]
    drop_gone(names, one="decide_base", several="decide_plans")
    st.session_state.setdefault("decide_plans", first)
    st.session_state.setdefault("decide_kpi", FIGURES[0])
    keep = {"persist_state": "session", "format_func": lambda name: label_of(state, name)}
    left, right = st.columns([3, 8])
    with left:
        base = st.selectbox(say["decide.base"], names, index=names.index(BASELINE) if BASELINE in names else 0, key="decide_base", **keep)
    with right:
        plans = st.multiselect(say["decide.plans"], names, key="decide_plans", max_selections=MOST_PLANS, wrap=True, **keep)
    kpi = st.segmented_control(
        say["decide.figure"], FIGURES, key="decide_kpi", required=True, persist_state="session",
        format_func=lambda name: KPIS[name].label[state.language],
    ) or FIGURES[0]
    return base, [name for name in plans if name != base], kpi


def options_among(found: Gathered) -> Options:
    """The plans as options. An unsaved plan and its own file may both be here: they are told apart by what the planner chose."""
    outcomes = list(found.outcomes.values())
    named = [replace(outcome.scenario, name=name) for name, outcome in found.outcomes.items()]
    figures = {kpi: np.stack([outcome.kpi(kpi) for outcome in outcomes]) for kpi in FIGURES}
    return Options(scenarios=tuple(named), figures=figures, draws=outcomes[0].draws, seed=outcomes[0].seed, noise=outcomes[0].noise)


def robust(state: Session, choice: Choice, titles: Sequence[str]) -> None:
    """Every option by every criterion, the best of a column starred."""
    say, language, unit = state.say, state.language, KPIS[choice.kpi].unit
    parts.heading(say["decide.table"], say["decide.table_note"])

    def star(criterion: str, name: str, text: str) -> str:
        return f"★ {text}" if choice.choices[criterion] == name else text

    rows = [
        {
            say["choose.option"]: name,
            say["choose.mean"]: star("mean", option.name, figure(option.mean, unit, language)),
            say["head.interval"]: interval(option.p10, option.p90, unit, language),
            say["choose.tail"]: star("cvar10", option.name, figure(option.cvar10, unit, language)),
            say["choose.best"]: star("best", option.name, chance(option.best_share, language)),
            say["choose.regret_mean"]: regret_text(option.regret_mean, unit, language),
            say["choose.regret_worst"]: star("regret", option.name, regret_text(option.regret_worst, unit, language)),
        }
        for name, option in zip(titles, choice.options, strict=True)
    ]
    parts.sheet(rows, pinned=[say["choose.option"]])


def wins(state: Session, choice: Choice, titles: Sequence[str]) -> None:
    say = state.say
    parts.heading(say["decide.chart_best"], say["decide.chart_best_note"].format(kpi=KPIS[choice.kpi].label[state.language]))
    rows = [
        {"option": name, "share": option.best_share, "label": chance(option.best_share, state.language), "base": place == 0,
         "chosen": choice.choices["best"] == option.name}
        for place, (name, option) in enumerate(zip(titles, choice.options, strict=True))
    ]
    drawing = charts.best_bars(rows, language=state.language, colours=parts.palette())
    parts.chart(drawing, key="decide_best", says=say["decide.chart_best"])


def regrets(state: Session, choice: Choice, titles: Sequence[str]) -> None:
    say, language, unit = state.say, state.language, KPIS[choice.kpi].unit
    parts.heading(say["decide.chart_regret"], say["decide.chart_regret_note"].format(kpi=KPIS[choice.kpi].label[language]))
    rows = [
        {"option": name, "mean": option.regret_mean, "p90": option.regret_p90, "label": regret_text(option.regret_mean, unit, language),
         "worst": regret_text(option.regret_worst, unit, language), "chosen": choice.choices["mean"] == option.name}
        for name, option in zip(titles, choice.options, strict=True)
    ]
    drawing = charts.regret_bars(rows, unit=unit, title=say["decide.regret_axis"], language=language, colours=parts.palette())
    parts.chart(drawing, key="decide_regret", says=say["decide.chart_regret"])


def knowing(state: Session, options: Options, kpi: str, titles: Sequence[str]) -> None:
    """What to measure first: worked out when it is asked for, and kept."""
    say, language = state.say, state.language
    label = KPIS[kpi].label[language]
    parts.heading(say["decide.worth"], say["decide.worth_note"].format(kpi=label))
    if KPIS[kpi].unit != "CNY":
        st.info(say["decide.worth_money"], icon=":material/info:")
        return
    key = ("worth", model_version(), kpi, options.draws, options.seed, *((one.name, one.digest) for one in options.scenarios))
    place = st.empty()
    found = work.answer(state, WORTH, key, what=say["doing.worth"])
    if (found is None or found.key != key) and not work.running(WORTH) and place.button(
        say["decide.worth_button"], icon=":material/troubleshoot:", key="worth_button", type="primary"
    ):
        work.begin(WORTH, key, worth_of, options=options, kpi=kpi)
        st.rerun()
    if found is not None and found.key == key:  # of other options nothing stands here: their names would mislead
        priced(state, found.result, titles)


def priced(state: Session, found: Worth, titles: Sequence[str]) -> None:
    say, language, known = state.say, state.language, found.information
    st.markdown(parts.tight("  \n".join(parts.plain(line) for line in worth_says(found, titles, say))))
    if known.everything.value <= 0.0:
        return
    whole = [(say["decide.worth_all"], known.everything)]
    if known.together is not None and known.together.value > 0.0:
        whole.append((say["decide.worth_group"], known.together))
    rows = [
        {"what": what, "grade": "", "value": item.value, "se": item.se, "label": figure(item.value, "CNY", language), "whole": True,
         "share": chance(item.value / known.everything.value, language)}
        for what, item in whole
    ]
    rows += [
        {"what": name_of(row["name"], language, say), "grade": say.named("grade", row["grade"]), "value": row["value"],
         "se": row["se"], "label": figure(row["value"], "CNY", language), "whole": False, "share": chance(row["share_of_evpi"], language)}
        for row in found.rows()[:SHOWN]
        if row["share_of_evpi"] >= LEAST
    ]
    drawing = charts.worth_bars(rows, title=say["decide.worth_axis"], language=language, colours=parts.palette())
    parts.chart(drawing, key="decide_worth_chart", says=say["decide.worth"])

"""How good the shop's projections would have been: the backtest beside simple rules, and plainly where one of these does better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from sim.charts import shops as charts_shops
from sim.figures import MISSING, compact, rate, signed
from sim.shops import Backtest, backtest
from sim.shops.backtesting import LEAST_TRAINING, MOST_ORIGINS
from sim.shops.score_files import KeptScore
from sim.texts import Words
from sim.ui import parts, work
from sim.ui.calibrating.fitted import SEED, Question
from sim.ui.state import Session
from sim.wording.shop_scores import off_by
from sim.wording.shops import scores_say, series_text

SLOT, DRAWS = "calibrate_score", 2000
MOST_HORIZON, HORIZON, ORIGINS = 366, 28, 5


def section(state: Session, question: Question) -> work.Answer | None:
    """From how many points, how far, the button, and the score. The answer's result is a `Backtest`."""
    say, table = state.say, question.table
    parts.heading(say["calibrating.score"], say["calibrating.score_note"])
    room = len(table.frame) - LEAST_TRAINING // (1 if table.step_days == 1 else table.step_days)
    if room < 1:
        st.info(say["calibrating.too_short"], icon=":material/info:")
        return None
    most = min(MOST_HORIZON, room)
    if st.session_state.get("calibrate_horizon", 1) > most:  # of a longer file
        del st.session_state["calibrate_horizon"]
    left, middle, right = st.columns([2, 2, 2], vertical_alignment="bottom")
    with left:
        horizon = st.number_input(
            say["calibrating.horizon_days" if table.step_days == 1 else "calibrating.horizon_weeks"], 1, most,
            min(HORIZON if table.step_days == 1 else 8, max(1, most // 2)), key="calibrate_horizon", persist_state="session",
        )
    with middle:
        origins = st.number_input(
            say["calibrating.origins"], 1, MOST_ORIGINS, ORIGINS, key="calibrate_origins", help=say["calibrating.origins_help"],
            persist_state="session",
        )
    key = ("backtest", *question.key, horizon, origins, SEED, DRAWS)
    known = work.known(key)
    with right:
        if st.button(
            say["calibrating.score_button"], icon=":material/history:", key="calibrate_backtest", width="stretch",
            type="secondary" if known else "primary", disabled=known or work.running(SLOT, key),
        ):
            work.begin(
                SLOT, key, backtest, table=table, horizon=int(horizon), origins=int(origins), asked=dict(question.asked), seed=SEED,
                draws=DRAWS,
            )
    found = work.answer(state, SLOT, key, what=say["calibrating.scoring"])
    if found is None or found.key[: len(question.key) + 1] != ("backtest", *question.key):
        return None
    work.dated(say, SLOT, found, key, say["calibrating.older"])
    told(state, found.result)
    return found


def told(state: Session, found: Backtest) -> None:
    """In words first, then the table of every series, then the scores over those of the best simple rule."""
    say = state.say
    beaten = any(row["better"] for row in found.rows)
    lines = [parts.plain(text) for text in scores_say(found.rows, say)]
    off = off_by(KeptScore.of(found), say)
    text = "  \n".join([*([say["calibrating.sums"].format(says=off)] if off else []), *lines])
    (st.warning if beaten else st.success)(parts.tight(text), icon=":material/balance:" if beaten else ":material/check_circle:")
    parts.sheet([_line(row, say) for row in found.rows], pinned=[say["shops.head_series"]])
    unit = say["shops.days" if found.step_days == 1 else "shops.weeks"]
    asked = say["shops.backtest"].format(horizon=found.horizon, unit=unit, origins=len(found.origins))
    st.caption(f"{asked} {say['shops.lower']}")
    if not found.smoothing:
        st.caption(say["shops.no_smoothing"])
    rows = []
    for row in found.rows:
        name, best = best_rule(row)
        if name is not None and best["wis"] > 0.0 and math.isfinite(row["wis"]):
            rows.append({"name": series_text(row, say), "ratio": row["wis"] / best["wis"], "rule": say[f"shops.rival.{name}"]})
    if rows:
        st.markdown(f"**{say['calibrating.against']}**")
        drawing = charts_shops.against_rules(
            rows, title=say["calibrating.against_axis"], language=state.language, colours=parts.palette()
        )
        parts.chart(drawing, key="calibrate_against", says=say["calibrating.against"])


def best_rule(row: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """The simple rule with the lowest score."""
    rules = {name: score for name, score in row["rivals"].items() if math.isfinite(score["wis"])}
    return min(rules.items(), key=lambda item: item[1]["wis"], default=(None, {}))


def _line(row: Mapping[str, Any], say: Words) -> dict[str, str]:
    name, best = best_rule(row)
    if name is None:
        rule = verdict = MISSING
    else:
        rule = f"{say[f'shops.rival.{name}']} · {compact(best['wis'], say.language)}"
        verdict = say["calibrating.rule_better" if name in row["better"] else "calibrating.own_better"]
    return {
        say["shops.head_series"]: series_text(row, say), say["calibrating.verdict"]: verdict, say["shops.head_wape"]: _rate(row["wape"]),
        say["shops.head_bias"]: signed(row["bias"], rate) if math.isfinite(row["bias"]) else MISSING,
        say["shops.head_wis"]: compact(row["wis"], say.language), say["calibrating.rule"]: rule,
        say["shops.head_cover80"]: _rate(row["coverage80"]), say["shops.head_cover95"]: _rate(row["coverage95"]),
        say["calibrating.rule_wape"]: _rate(best.get("wape", float("nan"))),
        say["calibrating.rule_cover80"]: _rate(best.get("coverage80", float("nan"))),
    }


def _rate(value: float) -> str:
    return rate(value) if math.isfinite(value) else MISSING

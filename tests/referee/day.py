"""The day loop: viewers -> visits -> stayers -> orders -> paid -> shipped -> kept, day by day, cell by cell."""

from math import exp, log

from .closure import CATEGORIES, CHANNELS, OUTER, READING, RETURN_CAUSES, host_grades, score_now, solve
from .effects import category_lifts, hazard_factors, traffic_factors
from .levers import Levers, Noise, events_of_day
from .profile import viewers_by_day

MENDABLE = (
    "slow_pages", "buried_parameters", "service_wait", "redirects", "typed_card", "other_checkout", "late_shipping", "late_delivery",
    "damage", "colour", "material", "size", "fit", "quality",
)  # fmt: skip
STAGES = {
    "click": ("did_not_click",),
    "page": ("no_interest", "slow_pages", "buried_parameters"),
    "order": ("did_not_order", "service_wait"),
    "payment": ("benchmark_failure", "redirects", "typed_card", "other_checkout"),
    "shipping": ("late_shipping",),
    "returns": RETURN_CAUSES,
}
DESCRIPTION = ("colour", "material", "size", "quality")


def split(lost: float, through: dict[str, float]) -> dict[str, float]:
    """Losses of a stage by cause, in proportion to the hazards -ln s."""
    hazard = {cause: -log(s) for cause, s in through.items()}
    total = sum(hazard.values())
    return {cause: (lost * h / total if total else 0.0) for cause, h in hazard.items()}


def project(world: dict) -> dict:
    """One world over its horizon; see the package's docstring for what a world is.

    Keys of the answer: viewers visits stayers orders paid shipped kept returned (counts), gmv net_gmv cancellations refunds list_gmv
    list_net, leaks {stage: {cause: count}} (per day in total), order_leaks_by_cell (the same, split cell by cell), recoverable, channels,
    categories, returns_by_cause {cause: {orders, refunds}}, refund_types, service, ad_spend, roi, net_roi, contribution (before lever
    costs; ads and seats are inside), contribution_parts, return_rate, conversion, daily, after_horizon_refunds, borrowed, repaid, debt,
    baseline.
    """
    v, T, tables = world["values"], world["days"], world.get("tables")
    base = solve(v, tables)
    levers = Levers(world, base.page.median_0)
    noise = Noise(v, world.get("noise"))
    page, payment, desk, fulfilment = base.page, base.payment, base.desk, base.fulfilment
    click, q, keeps = v["detail_page.click_share"], v["service.asks_share"], v["service.kept_if_abandoned"]
    bot_0 = v["service.bot_resolution"]
    aftersales = v["service.aftersales_share"]
    # highest category rates of the baseline: order and return noise are formed there
    top_orders_0 = max(base.conversion.values()) / (click * page.stay_0)
    top_returns_0 = max(base.return_rate_0[c] for c in CATEGORIES)

    total = dict.fromkeys(
        ("viewers", "visits", "stayers", "orders", "paid", "shipped", "returned", "kept", "gmv", "net_gmv", "cancellations", "refunds",
         "list_gmv", "list_net", "ad_spend"), 0.0,
    )  # fmt: skip
    leaks = {stage: dict.fromkeys(causes, 0.0) for stage, causes in STAGES.items()}
    order_leaks_by_cell = dict.fromkeys(STAGES["order"], 0.0)
    recoverable = {cause: {"gmv": 0.0, "net_gmv": 0.0} for cause in MENDABLE}
    columns = ("viewers", "orders", "paid", "shipped", "returned", "gmv", "net_gmv", "refunds")
    channels = {ch: dict.fromkeys(columns, 0.0) for ch in CHANNELS + OUTER}
    categories = {c: dict.fromkeys(columns, 0.0) for c in CATEGORIES}
    by_cause = {cause: {"orders": 0.0, "refunds": 0.0} for cause in RETURN_CAUSES}
    types = {kind: {"orders": 0.0, "cny": 0.0} for kind in ("before_shipping", "refund_only", "return_and_refund")}
    parts = dict.fromkeys(
        ("margin", "promotion", "late_coupons", "platform_fee", "commission", "ads", "freight", "return_handling", "return_goods",
         "refund_only_goods", "seats"), 0.0,
    )  # fmt: skip
    service = dict.fromkeys(("contacts", "wait", "abandoned", "answered", "peak_contacts", "peak_wait"), 0.0)
    daily = {
        name: []
        for name in ("gmv", "net_gmv", "orders", "paid", "returned", "shipped", "viewers", "stayers", "score", "repeat_factor", "refunds",
                     "abandoned", "spend", "debt", "late", "delivered_late", "served")
    }  # fmt: skip
    refunds_by_date = [0.0] * T
    after_horizon = borrowed_total = repaid_total = 0.0

    visiting = viewers_by_day(world.get("profile"), T)
    usual = usual_days(world, base)

    # state at the start of day t
    score, memory, adstock, debt, after = base.score_0, 1.0, 1.0, 0.0, 1.0

    for t in range(T):
        event = events_of_day(world.get("events"), t, v["traffic.pull_forward"], READING["pull_of_events"] == "rising")

        # ---- traffic -------------------------------------------------------------------------------------------------------------
        budget = levers.quantity("traffic.paid_budget", t)
        keep = v["traffic.adstock_week"] ** (1 / 7)
        adstock = keep * adstock + (1 - keep) * budget
        impressions = (adstock / event["cpm"]) ** (1 - base.g)
        paid_factor = impressions * (1 + base.k_over_i0) / (impressions + base.k_over_i0)
        spend = base.spend_day_0 * budget

        common = event["traffic"] * visiting[t] * noise.traffic(t, base.viewers_0)
        liked = exp(v["memory.score_gain"] * (score - usual["score"][t]))
        repeat = 1 - v["memory.repeat_share"] + v["memory.repeat_share"] * memory
        moved = traffic_factors(v, levers, t)
        viewers = {}
        for ch in CHANNELS:
            group = paid_factor if ch == "paid_feed" else liked * repeat
            viewers[ch] = base.base_viewers[ch] * moved[ch] * common * group
        for ch in OUTER:
            u = levers.quantity(f"traffic.{ch}", t)
            viewers[ch] = base.viewers_0 * v[f"traffic.{ch}_reach"] * (1 - exp(-u / v[f"traffic.{ch}_scale"])) * common

        demand = sum(viewers.values())
        borrowed = event["pull"] * (max(event["traffic"], 1.0) - 1) / event["traffic"] * demand
        repaid = min(v["traffic.repay_rate"] * debt, v["traffic.repay_cap"] * demand)
        for ch in viewers:
            viewers[ch] *= 1 - repaid / demand
        debt += borrowed - repaid
        borrowed_total += borrowed
        repaid_total += repaid

        # ---- detail page ---------------------------------------------------------------------------------------------------------
        m = noise.power("stay", t, page.stay_0, base.visits_0)
        stays = {
            "no_interest": exp(-page.h1) ** m,
            "slow_pages": levers.mixed("detail_page.load_median_s", t, page.slow) ** m,
            "buried_parameters": levers.mixed("detail_page.fold_depth", t, page.buried) ** m,
        }
        stay = stays["no_interest"] * stays["slow_pages"] * stays["buried_parameters"]

        # ---- cells: channel x category, and the two outer channels (booked under "other") -----------------------------------------
        grades = host_grades(v, levers.quantity("traffic.s_host_share", t), levers.quantity("traffic.mid_host_share", t))
        ratio = sum(s * conv for s, conv, _ in grades) / base.host_conversion_0
        lift = category_lifts(v, levers, t)
        cells = []
        for ch in CHANNELS:
            row = sum(base.mix[ch].values())
            for c in CATEGORIES:
                o = base.full_service * base.conversion[c] / v["closure.view_to_order"] * base.order_factor[ch][c] * lift[c]
                if ch == "host_live":
                    o *= ratio
                cells.append({"channel": ch, "category": c, "hazards": c, "value": base.value[c], "o": o,
                              "viewers": viewers[ch] * base.mix[ch][c] / row})  # fmt: skip
        for ch in OUTER:
            o = v[f"traffic.{ch}_conversion"] / (click * page.stay_0 * base.svc_0)
            cells.append({"channel": ch, "category": "other", "hazards": ch, "value": v[f"traffic.{ch}_value"], "o": o,
                          "viewers": viewers[ch]})  # fmt: skip
        d0, elasticity = levers.x0["traffic.discount"], v["traffic.discount_elasticity"]
        for cell in cells:
            cell["visits"] = cell["viewers"] * click
            cell["stayers"] = cell["visits"] * stay
            # the covered share r orders at odds x (1 - d)^-e and pays 1 - d; the rest orders and pays as before
            cell["full"] = cell["priced"] = 0.0
            for weight, d in levers.nodes("traffic.discount", t):
                price = (1 - d) / (1 - d0)
                odds = price**-elasticity
                o = cell["o"] * odds / (1 - cell["o"] + cell["o"] * odds)
                cell["full"] += weight * o
                cell["priced"] += weight * o * price

        # ---- service desk --------------------------------------------------------------------------------------------------------
        stayers = sum(cell["stayers"] for cell in cells)
        bot = levers.quantity("service.bot_resolution", t)
        asked = (1 - aftersales) * stayers / base.stayers_0 + aftersales * after
        contacts = desk.contacts_0 * asked * (1 - bot) / (1 - bot_0)
        prime = levers.quantity("traffic.prime_time_share", t) - levers.x0["traffic.prime_time_share"]
        peak_share = v["service.peak_share"] + v["traffic.prime_contact_slope"] * prime
        seats = levers.quantity("service.seats", t)
        abandoned, answered, peak_abandoned = desk.day(
            seats=seats, contacts=contacts, peak_share=peak_share, handling_s=levers.quantity("service.handling_s", t)
        )
        kept_asker = bot + (1 - bot) * (1 - abandoned * (1 - keeps))
        svc = (1 - q + q * base.lam * kept_asker) / (1 - q + q * base.lam)
        service["contacts"] += base.desks * contacts
        service["wait"] += base.desks * contacts * desk.patience_s * abandoned
        service["abandoned"] += base.desks * contacts * abandoned
        service["answered"] += base.desks * contacts * answered
        service["peak_contacts"] += base.desks * contacts * peak_share
        service["peak_wait"] += base.desks * contacts * peak_share * desk.patience_s * peak_abandoned

        # ---- orders --------------------------------------------------------------------------------------------------------------
        # the plan's highest category rate as the levers alone make it: baseline service, and no day's swing between channel groups
        top_orders = top_orders_0
        for name in CATEGORIES + tuple(ch for ch in OUTER if viewers[ch] > 0):
            group = [cell for cell in cells if cell["hazards"] == name]
            plain = [1.0] * len(group)
            if name in CATEGORIES:
                rows = {ch: base.base_viewers[ch] * moved[ch] / sum(base.mix[ch].values()) for ch in CHANNELS}
                plain = [rows[cell["channel"]] * base.mix[cell["channel"]][name] for cell in group]
            top_orders = max(top_orders, sum(w * cell["full"] for w, cell in zip(plain, group, strict=True)) * base.svc_0 / sum(plain))
        n_orders = noise.factor("submit", t, top_orders_0, top_orders, base.stayers_0)

        # ---- payment, shipping ---------------------------------------------------------------------------------------------------
        m = noise.power("pay", t, payment.paid_0, base.orders_0)
        pays = {
            "benchmark_failure": payment.best**m,
            "redirects": levers.mixed("payment.redirects", t, payment.redirects) ** m,
            "typed_card": levers.mixed("payment.typed_card_share", t, payment.typed) ** m,
            "other_checkout": payment.other**m,
        }
        pay = pays["benchmark_failure"] * pays["redirects"] * pays["typed_card"] * pays["other_checkout"]

        shipped_24h = levers.mixed("fulfilment.shipped_24h_share", t, lambda x: x)
        late = 1 - shipped_24h
        m = noise.power("shipped_24h", t, base.shipped_24h_0, base.paid_0)
        ship = (1 - v["fulfilment.cancel_late"] * late) ** m
        shipped_24h_noisy = shipped_24h**m
        delivered_late, lag = 0.0, [0.0] * len(base.lag_pmf_0)
        for w1, x1 in levers.nodes("fulfilment.shipped_24h_share", t):
            for w2, x2 in levers.nodes("fulfilment.front_warehouses", t):
                for w3, x3 in levers.nodes("fulfilment.premium_courier_share", t):
                    delivered_late += w1 * w2 * w3 * fulfilment.delivered_late(x1, x2, x3, event["transit"])
                    for days, p in enumerate(fulfilment.lag_pmf(x1, x2, x3, event["transit"])):
                        lag[days] += w1 * w2 * w3 * p

        # ---- returns -------------------------------------------------------------------------------------------------------------
        e = hazard_factors(v, levers, t, late, delivered_late, base)
        hazards = {name: {cause: base.hazards[name][cause] * e[name][cause] for cause in RETURN_CAUSES} for name in e}
        rate = {name: 1 - exp(-sum(row.values())) for name, row in hazards.items()}
        active = CATEGORIES + tuple(ch for ch in OUTER if viewers[ch] > 0)
        n_returns = noise.factor("returns", t, top_returns_0, max(rate[name] for name in active), base.shipped_0)

        # ---- the cells' day ------------------------------------------------------------------------------------------------------
        day = dict.fromkeys(total, 0.0)
        day["ad_spend"] = spend
        described = 0.0
        for cell in cells:
            ch, c, row = cell["channel"], cell["category"], hazards[cell["hazards"]]
            cell["orders"] = cell["stayers"] * n_orders * cell["full"] * svc
            cell["paid"] = cell["orders"] * pay
            cell["shipped"] = cell["paid"] * ship
            cell["returned"] = cell["shipped"] * n_returns * rate[cell["hazards"]]
            cell["kept"] = cell["shipped"] - cell["returned"]
            full_value = cell["value"] * event["value"]
            cell["list_gmv"] = cell["paid"] * full_value
            if cell["full"] == 0:
                continue
            cell["gmv"] = cell["list_gmv"] * cell["priced"] / cell["full"]
            cell["cancellations"] = cell["gmv"] * (1 - ship)
            cell["refunds"] = cell["gmv"] * ship * n_returns * rate[cell["hazards"]]
            cell["net_gmv"] = cell["gmv"] - cell["cancellations"] - cell["refunds"]
            cell["list_net"] = cell["kept"] * full_value
            for name in day:
                day[name] += cell.get(name, 0.0)
            for name in columns:
                channels[ch][name] += cell[name]
                categories[c][name] += cell[name]

            if cell["stayers"] > 0:
                shares = {"did_not_order": n_orders * cell["full"], "service_wait": svc}
                for cause, count in split(cell["stayers"] - cell["orders"], shares).items():
                    order_leaks_by_cell[cause] += count

            # returns by cause: n leaves the shares alone; recoverable = the rate without the cause, n and price held
            all_hazards = sum(row.values())
            for cause in RETURN_CAUSES:
                leaks["returns"][cause] += cell["returned"] * row[cause] / all_hazards
                by_cause[cause]["orders"] += cell["returned"] * row[cause] / all_hazards
                by_cause[cause]["refunds"] += cell["refunds"] * row[cause] / all_hazards
                if cause in DESCRIPTION:
                    described += cell["returned"] * row[cause] / all_hazards
                without = 1 - exp(-(all_hazards - row[cause]))
                if cause == "late_shipping":  # acts at shipping and at returns: both let everything through
                    gain = cell["gmv"] * (1 - n_returns * without) - cell["net_gmv"]
                    recoverable[cause]["net_gmv"] += gain
                elif cause in MENDABLE:
                    recoverable[cause]["net_gmv"] += cell["gmv"] * ship * n_returns * (rate[cell["hazards"]] - without)

            # refund types, freight, goods
            only = v["returns.refund_only_share"][CATEGORIES.index(c)]
            types["before_shipping"]["orders"] += cell["paid"] - cell["shipped"]
            types["before_shipping"]["cny"] += cell["cancellations"]
            types["refund_only"]["orders"] += cell["returned"] * only
            types["refund_only"]["cny"] += cell["refunds"] * only
            types["return_and_refund"]["orders"] += cell["returned"] * (1 - only)
            types["return_and_refund"]["cny"] += cell["refunds"] * (1 - only)
            parcel = v[f"money.{ch}_freight"] if ch in OUTER else v["money.parcel_cost"]
            parts["freight"] -= parcel * (cell["shipped"] + cell["returned"] * (1 - only))
            parts["return_handling"] -= v["money.return_handling"] * cell["returned"] * (1 - only)
            goods = (1 - v["money.margin"]) * cell["returned"] * full_value
            parts["return_goods"] -= v["money.return_goods_loss"] * goods * (1 - only)
            parts["refund_only_goods"] -= goods * only

        # ---- leaks of the day in total, and what each weak point costs -------------------------------------------------------------
        leaks["click"]["did_not_click"] += day["viewers"] - day["visits"]
        for cause, count in split(day["visits"] - day["stayers"], stays).items():
            leaks["page"][cause] += count
        if day["stayers"] > 0:
            shares = {"did_not_order": day["orders"] / svc / day["stayers"], "service_wait": svc}
            for cause, count in split(day["stayers"] - day["orders"], shares).items():
                leaks["order"][cause] += count
        for cause, count in split(day["orders"] - day["paid"], pays).items():
            leaks["payment"][cause] += count
        leaks["shipping"]["late_shipping"] += day["paid"] - day["shipped"]
        for cause, s in {**stays, "service_wait": svc, **pays}.items():
            if cause in MENDABLE:
                recoverable[cause]["gmv"] += day["gmv"] * (1 / s - 1)
                recoverable[cause]["net_gmv"] += day["net_gmv"] * (1 / s - 1)

        # ---- money ---------------------------------------------------------------------------------------------------------------
        margin = v["money.margin"]
        parts["margin"] += day["net_gmv"] * margin
        parts["promotion"] -= (day["list_net"] - day["net_gmv"]) * (1 - margin)
        parts["late_coupons"] -= v["money.late_coupon"] * v["money.coupon_claims"] * delivered_late * day["shipped"]
        parts["platform_fee"] -= v["money.platform_fee"] * day["net_gmv"]
        index = sum(s * conv * i for s, conv, i in grades) / sum(s * conv for s, conv, _ in grades) / base.commission_index_0
        hosted = sum(
            cell["net_gmv"] + v["money.commission_on_refunds"] * cell["refunds"] for cell in cells if cell["channel"] == "host_live"
        )
        parts["commission"] -= v["money.commission"] * index * hosted
        parts["ads"] -= spend
        parts["seats"] -= base.desks * seats * v["money.seat_month"] / v["money.month_days"]

        # ---- refunds by date -----------------------------------------------------------------------------------------------------
        for days, p in enumerate(lag):
            if t + days < T:
                refunds_by_date[t + days] += day["refunds"] * p
            else:
                after_horizon += day["refunds"] * p

        # ---- series, then memory for tomorrow --------------------------------------------------------------------------------------
        for name in total:
            total[name] += day[name]
        for name in ("gmv", "net_gmv", "orders", "paid", "returned", "shipped", "viewers", "stayers"):
            daily[name].append(day[name])
        daily["served"].append(day["kept"] * (1 - v["memory.late_repeat_loss"] * delivered_late))
        for name, x in (("score", score), ("repeat_factor", repeat), ("abandoned", abandoned), ("spend", spend), ("debt", debt),
                        ("late", late), ("delivered_late", delivered_late)):  # fmt: skip
            daily[name].append(x)

        recovered = levers.mixed("returns.review_recovery", t, lambda x: v["returns.recovery_effect"] * x)
        now = score_now(v, described / day["shipped"], recovered, bot, abandoned, shipped_24h_noisy)
        score += (now - score) / v["memory.score_days"]
        served = day["kept"] * (1 - v["memory.late_repeat_loss"] * delivered_late)
        memory += (served / usual["served"][t] - memory) / v["memory.repeat_days"]
        count = day["paid"] if READING["late_shipped_of"] == "paid" else day["shipped"]
        after = (count * (1 - shipped_24h_noisy) + day["returned"]) / base.aftersales_0

    daily["refunds"] = refunds_by_date
    paid_feed = channels["paid_feed"]
    return {
        **total,
        "return_rate": total["returned"] / total["shipped"],
        "conversion": total["orders"] / total["viewers"],
        "roi": paid_feed["gmv"] / total["ad_spend"] if total["ad_spend"] else None,
        "net_roi": paid_feed["net_gmv"] / total["ad_spend"] if total["ad_spend"] else None,
        "contribution": sum(parts.values()),
        "contribution_parts": parts,
        "leaks": leaks,
        "order_leaks_by_cell": order_leaks_by_cell,
        "recoverable": recoverable,
        "channels": channels,
        "categories": categories,
        "returns_by_cause": by_cause,
        "refund_types": types,
        "service": {
            "contacts": service["contacts"],
            "mean_wait_s": service["wait"] / service["contacts"],
            "peak_wait_s": service["peak_wait"] / service["peak_contacts"],
            "abandoned": service["abandoned"] / service["contacts"],
            "answered_30s": service["answered"] / service["contacts"],
        },
        "daily": daily,
        "after_horizon_refunds": after_horizon,
        "borrowed": borrowed_total,
        "repaid": repaid_total,
        "debt": debt,
        "baseline": baseline_figures(base),
    }


def usual_days(world: dict, base) -> dict[str, list[float]]:
    """score_0 and served_0 of each day: the same lane under the same profile, without levers, events, noise and memory's effects."""
    if world.get("profile") is None:
        return {"score": [base.score_0] * world["days"], "served": [base.served_0] * world["days"]}
    if world.get("itself"):
        return {"score": [base.score_0] * world["days"], "served": [1.0] * world["days"]}
    forgetful = {**world["values"], "memory.score_gain": 0.0, "memory.repeat_share": 0.0}
    return project({**world, "values": forgetful, "levers": {}, "events": [], "noise": None, "itself": True})["daily"]


def baseline_figures(base) -> dict:
    """What the closure solved, flat."""
    return {
        "h1": base.page.h1, "load_median_s": base.page.median_0, "slow_0": base.page.slow(base.page.median_0),
        "buried_0": base.page.buried(base.page.fold_0), "kappa": base.payment.kappa, "kappa_max": base.payment.kappa_max,
        "other_checkout": base.payment.other, "peak_load": base.desk.peak_load,
        "peak_contacts_per_h": base.desk.peak_contacts_per_h, "contacts_per_desk_day": base.desk.contacts_0, "desks": base.desks,
        "abandoned": base.abandoned_0, "answered_30s": base.answered_0, "c0": base.c0, "lam": base.lam, "svc": base.svc_0,
        "conversion": base.conversion, "viewer_share": base.viewer_share, "gmv_share": base.gmv_share, "mix": base.mix,
        "order_factor": base.order_factor, "viewers_day": base.viewers_0, "base_viewers": base.base_viewers,
        "paid_gmv_share": base.paid_gmv_share, "spend_day": base.spend_day_0, "g": base.g, "saturation": base.saturation,
        "k_over_i0": base.k_over_i0, "handling_median_h": base.fulfilment.median_h(base.shipped_24h_0),
        "transit_sigma": base.fulfilment.sigma_x, "lag_median_d": base.fulfilment.lag_median_d, "delivered_late": base.delivered_late_0,
        "lag_pmf": base.lag_pmf_0, "hazards": base.hazards, "return_rate": base.return_rate_0, "score": base.score_0,
        "served_day": base.served_0, "kept_day": base.kept_0, "shipped_day": base.shipped_0, "paid_day": base.paid_0,
        "orders_day": base.orders_0, "stayers_day": base.stayers_0, "aftersales_day": base.aftersales_0,
        "commission_index": base.commission_index_0,
    }  # fmt: skip

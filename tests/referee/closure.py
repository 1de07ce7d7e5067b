"""The pinned totals: page, payment, desk and transit each alone, then the funnel (MODEL sections 3 to 7)."""

from itertools import pairwise
from math import exp, log, pi, sqrt
from types import SimpleNamespace

from scipy.integrate import quad
from scipy.optimize import brentq

from .fulfilment import NORMAL, Fulfilment
from .queue import Desk

CHANNELS = ("host_live", "store_live", "short_video", "search", "recommendation", "paid_feed", "private_domain")
OUTER = ("local_life", "cross_border")
CATEGORIES = ("apparel", "beauty", "electronics_3c", "large_appliances", "jewellery", "food_fresh", "home_building", "other")
RETURN_CAUSES = ("colour", "material", "size", "fit", "late_shipping", "late_delivery", "damage", "quality", "change_of_mind")

#: Where the text leaves a choice that changes a figure, the choice is made here and nowhere else.
READING = {
    "late_shipped_of": "paid",  # after-sales index: late orders = "shipped" x P(late) or "paid" x P(late)
    "pull_of_events": "rising",  # pull-forward on a day with several events: largest of the "rising" ones (traffic > 1) or of "all"
    "local_life_quality": None,  # quality share of local-life returns: None = returns.quality_part, or a number
}


class Page:
    """Detail page: P(stay) as the product of three causes."""

    def __init__(self, v: dict, tables) -> None:
        self.v = v
        self.tables = tables
        self.sigma = v["detail_page.load_sigma"]
        # P(T > 3 s) = 28 %
        self.median_0 = v["detail_page.slow_threshold_s"] * exp(-self.sigma * NORMAL.inv_cdf(1 - v["detail_page.slow_share"]))
        self.fold_0 = v["detail_page.fold_depth"]
        self.c = v["detail_page.buried_loss"] / (1 - exp(-self.fold_0 / v["detail_page.fold_scale"]))
        self.stay_0 = 1 - v["detail_page.bounce"]
        self._slow: dict = {}

        def gap(h: float) -> float:
            return exp(-h) * self._expectation(h, self.median_0) * self.buried(self.fold_0) - self.stay_0

        self.h1 = brentq(gap, 0.0, 5.0, xtol=1e-15, rtol=1e-15)

    def excess(self, seconds: float) -> float:
        """R(T) - 1."""
        x = max(seconds - 1.0, 0.0)
        g, tau = self.v["detail_page.bounce_g"], self.v["detail_page.bounce_tau"]
        return self.v["detail_page.speed_effect"] * self.v["detail_page.bounce_a"] * x**g / (x**g + tau**g)

    def _expectation(self, h: float, median: float) -> float:
        if hasattr(self.tables, "stay_nodes"):
            return sum(w * exp(-h * self.excess(median * exp(self.sigma * z))) for w, z in self.tables.stay_nodes(median))
        kink = -log(median) / self.sigma  # T = 1 s

        def at(z: float) -> float:
            return exp(-z * z / 2) / sqrt(2 * pi) * exp(-h * self.excess(median * exp(self.sigma * z)))

        cuts = [-9.0, min(max(kink, -9.0), 9.0), 9.0]
        return sum(quad(at, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in pairwise(cuts) if b > a)

    def slow(self, median: float) -> float:
        """Share that slow pages let through: E[exp(-h1 (R - 1))]."""
        if median not in self._slow:
            self._slow[median] = self._expectation(self.h1, median)
        return self._slow[median]

    def buried(self, folds: float) -> float:
        """Share that buried parameters let through: 1 - c (1 - exp(-D/2))."""
        return 1 - self.c * (1 - exp(-folds / self.v["detail_page.fold_scale"]))


class Payment:
    """Four causes; their product at baseline is s* - 0.17."""

    def __init__(self, v: dict) -> None:
        self.best = v["payment.benchmark_success"]
        self.paid_0 = self.best - v["payment.gap"]
        self.free = v["payment.free_redirects"]
        self.loss = v["payment.typed_loss"]
        hops_0, typed_0 = v["payment.redirects"], v["payment.typed_card_share"]
        extra = max(hops_0 - self.free, 0)
        self.kappa_max = log(self.best * (1 - typed_0 * self.loss) / self.paid_0) / extra
        self.kappa = v["payment.redirect_part"] * self.kappa_max
        self.other = self.paid_0 / (self.best * self.redirects(hops_0) * self.typed(typed_0))

    def redirects(self, hops: float) -> float:
        return exp(-self.kappa * max(hops - self.free, 0))

    def typed(self, share: float) -> float:
        return 1 - share * self.loss


def return_hazards(v: dict) -> dict:
    """{category or outer channel: {cause: hazard at baseline}}; sum of the row = -ln(1 - R)."""
    logistics = v["returns.logistics_share"]
    w1 = v["returns.late_shipping_weight"]
    w2 = (1 - w1) * v["returns.late_delivery_part"]
    w3 = 1 - w1 - w2
    rows = {}
    for name in CATEGORIES + OUTER:
        rate = v[f"traffic.{name}_return"] if name in OUTER else v[f"returns.rate_{name}"]
        share = dict.fromkeys(RETURN_CAUSES, 0.0)
        parcels = 0.0 if name == "local_life" else logistics
        share["late_shipping"], share["late_delivery"], share["damage"] = parcels * w1, parcels * w2, parcels * w3
        if name == "apparel":
            share["colour"] = v["returns.colour_share"]
            share["fit"] = (1 - logistics - share["colour"]) * v["returns.fit_part"]
        if name == "jewellery":
            share["material"] = v["returns.material_share"]
        if name in ("large_appliances", "home_building"):
            share["size"] = v["returns.size_share"]
        rest = 1 - sum(share.values())
        part = v["returns.quality_part"]
        if name == "local_life" and READING["local_life_quality"] is not None:
            part = READING["local_life_quality"]
        share["quality"] = rest * part
        share["change_of_mind"] = rest * (1 - part)
        rows[name] = {cause: -log(1 - rate) * s for cause, s in share.items()}
    return rows


def fitted_mix(seed: list[list[float]], rows: list[float], columns: list[float]) -> list[list[float]]:
    """Iterative proportional fitting: rows, then columns, until the rows hold too."""
    mix = [list(line) for line in seed]
    for _ in range(5000):
        for k, line in enumerate(mix):
            total = sum(line)
            mix[k] = [x * rows[k] / total for x in line]
        for c, wanted in enumerate(columns):
            total = sum(line[c] for line in mix)
            for line in mix:
                line[c] *= wanted / total
        if max(abs(sum(line) - r) for line, r in zip(mix, rows, strict=True)) <= 1e-15:
            break
    return mix


def host_grades(v: dict, s: float, mid: float) -> list[tuple[float, float, float]]:
    """[(traffic share, conversion, commission index)] of grades S, A, B, C; A and B share the middle as at baseline."""
    a, b = v["traffic.host_a_share"], v["traffic.host_b_share"]
    shares = (s, mid * a / (a + b), mid * b / (a + b), 1 - s - mid)
    return [(x, v[f"traffic.host_conversion_{g}"], v[f"money.commission_{g}"]) for x, g in zip(shares, "sabc", strict=True)]


def solve(v: dict, tables=None) -> SimpleNamespace:
    """Every residual of the lane; counts are per day of the reference quarter, noise-free."""
    b = SimpleNamespace()
    b.page, b.payment, b.desk, b.fulfilment = Page(v, tables), Payment(v), Desk(v, tables), Fulfilment(v, tables)

    # (1) paid orders by category, up to scale: GMV share / order value
    others = sum(v[f"closure.gmv_weight_{c}"] for c in CATEGORIES if c != "apparel")
    apparel = v["closure.apparel_gmv_share"]
    b.gmv_share = {c: apparel if c == "apparel" else (1 - apparel) * v[f"closure.gmv_weight_{c}"] / others for c in CATEGORIES}
    b.value = {c: v[f"closure.value_{c}"] for c in CATEGORIES}
    orders = {c: b.gmv_share[c] / b.value[c] for c in CATEGORIES}

    # (2) category conversions, orders submitted per viewer: all below beauty's, mean 3.8 %
    mean, top = v["closure.view_to_order"], v["closure.view_to_order_beauty"]
    level = {c: v[f"closure.conversion_level_{c}"] for c in CATEGORIES if c != "beauty"}
    k = sum(orders[c] / level[c] for c in level) / ((top / mean - 1) * sum(orders.values()))
    b.conversion = {c: top if c == "beauty" else top * k * level[c] / (1 + k * level[c]) for c in CATEGORIES}
    viewers = {c: orders[c] / b.conversion[c] for c in CATEGORIES}
    b.viewer_share = {c: viewers[c] / sum(viewers.values()) for c in CATEGORIES}

    # (3) desk at baseline, non-asker conversion
    bot, keeps = v["service.bot_resolution"], v["service.kept_if_abandoned"]
    b.abandoned_0, b.answered_0, b.peak_abandoned_0 = b.desk.day(
        seats=v["service.seats"], contacts=b.desk.contacts_0, peak_share=v["service.peak_share"], handling_s=b.desk.handling_0
    )
    b.kept_asker_0 = bot + (1 - bot) * (1 - b.abandoned_0 * (1 - keeps))
    q, click = v["service.asks_share"], v["detail_page.click_share"]
    answered = v["service.enquiry_conversion"]
    b.c0 = (mean / (click * b.page.stay_0) - q * answered * b.kept_asker_0) / (1 - q)
    b.lam = answered / b.c0
    b.full_service = b.c0 * (1 - q + q * b.lam)  # orders per stayer if every asker were answered, mean category
    b.svc_0 = (1 - q + q * b.lam * b.kept_asker_0) / (1 - q + q * b.lam)

    # (4) channel x category mix of viewers, channel order factors with mean 1 inside each category
    channel_share = [v[f"traffic.viewers_{ch}"] for ch in CHANNELS]
    seed = [list(v[f"traffic.affinity_{ch}"]) for ch in CHANNELS]
    mix = fitted_mix(seed, channel_share, [b.viewer_share[c] for c in CATEGORIES])
    b.mix = {ch: dict(zip(CATEGORIES, line, strict=True)) for ch, line in zip(CHANNELS, mix, strict=True)}
    b.order_factor = {ch: {} for ch in CHANNELS}
    for c in CATEGORIES:
        column = sum(b.mix[ch][c] for ch in CHANNELS)
        average = sum(b.mix[ch][c] / column * v[f"traffic.order_factor_{ch}"] for ch in CHANNELS)
        for ch in CHANNELS:
            b.order_factor[ch][c] = v[f"traffic.order_factor_{ch}"] / average

    # (5) scale: GMV of the reference quarter
    b.gmv_day = v["closure.gmv_quarter"] / v["closure.reference_days"]
    paid_per_order = b.payment.paid_0
    gmv_per_viewer = sum(
        b.mix[ch][c] * b.conversion[c] * b.order_factor[ch][c] * paid_per_order * b.value[c] for ch in CHANNELS for c in CATEGORIES
    )
    b.viewers_0 = b.gmv_day / gmv_per_viewer
    b.base_viewers = {ch: sum(b.mix[ch].values()) * b.viewers_0 for ch in CHANNELS}
    b.visits_0 = b.viewers_0 * click
    b.stayers_0 = b.visits_0 * b.page.stay_0
    orders_0 = {c: sum(b.viewers_0 * b.mix[ch][c] * b.conversion[c] * b.order_factor[ch][c] for ch in CHANNELS) for c in CATEGORIES}
    b.orders_0 = sum(orders_0.values())
    b.paid_0 = b.orders_0 * paid_per_order

    # paid feed: its GMV share, spend, saturation
    paid_feed = sum(b.mix["paid_feed"][c] * b.conversion[c] * b.order_factor["paid_feed"][c] * b.value[c] for c in CATEGORIES)
    b.paid_gmv_share = paid_feed * paid_per_order / gmv_per_viewer
    b.spend_day_0 = b.gmv_day * b.paid_gmv_share / v["money.paid_roi"]
    e = v["traffic.paid_elasticity"]
    b.g = v["traffic.cpm_volume"] * min(0.4, 0.95 - e / b.paid_gmv_share)
    b.saturation = e / (b.paid_gmv_share * (1 - b.g))  # K/(K + I0)
    b.k_over_i0 = b.saturation / (1 - b.saturation)

    # fulfilment and returns
    b.shipped_24h_0 = v["fulfilment.shipped_24h_share"]
    b.late_0 = 1 - b.shipped_24h_0
    node_0 = (b.shipped_24h_0, v["fulfilment.front_warehouses"], v["fulfilment.premium_courier_share"], 1.0)
    b.delivered_late_0 = b.fulfilment.delivered_late(*node_0)
    b.lag_pmf_0 = b.fulfilment.lag_pmf(*node_0)
    ships = 1 - v["fulfilment.cancel_late"] * b.late_0
    b.shipped_0 = b.paid_0 * ships
    b.hazards = return_hazards(v)
    b.return_rate_0 = {c: 1 - exp(-sum(b.hazards[c].values())) for c in CATEGORIES + OUTER}
    b.returned_0 = sum(orders_0[c] * paid_per_order * ships * b.return_rate_0[c] for c in CATEGORIES)
    b.kept_0 = b.shipped_0 - b.returned_0
    late_count = b.paid_0 if READING["late_shipped_of"] == "paid" else b.shipped_0
    b.aftersales_0 = late_count * b.late_0 + b.returned_0

    # description returns per shipped order, score, served
    described = 0.0
    for c in CATEGORIES:
        returned = orders_0[c] * paid_per_order * ships * b.return_rate_0[c]
        described += returned * sum(b.hazards[c][j] for j in ("colour", "material", "size", "quality")) / sum(b.hazards[c].values())
    b.description_0 = described / b.shipped_0
    b.score_0 = score_now(v, b.description_0, 0.0, bot, b.abandoned_0, b.shipped_24h_0)
    b.served_0 = b.kept_0 * (1 - v["memory.late_repeat_loss"] * b.delivered_late_0)

    # desks: human contacts of the platform, after-sales included, over one desk's
    contacts = q * b.stayers_0 * (1 - bot) / (1 - v["service.aftersales_share"])
    b.desks = contacts / b.desk.contacts_0

    grades = host_grades(v, v["traffic.s_host_share"], v["traffic.mid_host_share"])
    b.host_conversion_0 = sum(s * conv for s, conv, _ in grades)
    b.commission_index_0 = sum(s * conv * i for s, conv, i in grades) / b.host_conversion_0
    return b


def score_now(v: dict, description: float, recovered: float, bot: float, abandoned: float, shipped_24h: float) -> float:
    return 1 + 4 * (
        v["memory.score_weight_description"] * (1 - description * (1 - recovered))
        + v["memory.score_weight_service"] * (bot + (1 - bot) * (1 - abandoned))
        + v["memory.score_weight_shipping"] * shipped_24h
    )

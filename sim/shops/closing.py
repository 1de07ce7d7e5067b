"""From a shop's rates to the registry's names, so that every draw closes: what the data tell is set, what hangs on it is drawn along.

A total of the document that the shop replaces (3.8 % view to order, 78 % paid) stands among others that the shop does not know. Where
these would contradict it (an enquiry conversion of 41 % in a shop where hardly anyone orders), they move in proportion, and the
calibration lists them as assumed, not as told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws import Range, quantile
from sim.errors import UserError
from sim.parameters import CATEGORIES, registry
from sim.shops.latent import Array
from sim.shops.profiles import recent_level
from sim.shops.table import ShopTable

if TYPE_CHECKING:
    from sim.shops.calibration import _Work

_MOST_PER_STAYER, _MOST_STAY = 0.8, 0.6  # what still closes in every draw of the other assumptions (MODEL.md 3, 6)
CHANNELS = {
    "host_live": ("达人直播", "达播", "主播直播", "host live", "kol", "influencer"),
    "store_live": ("店铺直播", "店播", "自播", "商家自播", "品牌自播", "store live", "live"),
    "short_video": ("短视频", "视频", "short video", "video"), "search": ("搜索", "商城搜索", "search", "organic search"),
    "recommendation": ("推荐", "商城推荐", "猜你喜欢", "商品卡", "recommendation", "feed"),
    "paid_feed": ("付费", "广告", "千川", "巨量千川", "付费流量", "投放", "paid", "paid feed", "ads", "paid search", "paid social",
                  "display"),
    "private_domain": ("私域", "粉丝群", "会员", "企微", "private domain", "email", "crm", "direct"),
}
CATEGORY_NAMES = {
    "apparel": ("服饰", "服装", "女装", "男装", "鞋靴", "服饰内衣", "鞋服", "apparel", "clothing", "fashion"),
    "beauty": ("美妆", "护肤", "个护", "美妆护肤", "beauty", "cosmetics"),
    "electronics_3c": ("3c数码", "数码", "3c", "3c数码家电", "electronics", "electronics 3c"),
    "large_appliances": ("大家电", "家电", "large appliances", "appliances"),
    "jewellery": ("珠宝", "珠宝玉石", "珠宝饰品", "玉石", "jewellery", "jewelry"),
    "food_fresh": ("食品", "生鲜", "食品饮料", "食品生鲜", "food", "fresh", "grocery", "food fresh"),
    "home_building": ("家居", "家装", "建材", "家居建材", "家装建材", "家居用品", "home", "home building", "furniture"),
    "other": ("其他", "其它", "other", "others"),
}


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Posterior columns by registry name [draw], the names that the data tell, and those that only follow from them."""

    columns: Mapping[str, Array]
    told: tuple[str, ...]
    assumed: tuple[str, ...]


def closed(work: _Work, shares: Mapping[str, float] | None) -> Closed:
    """All columns with registry names. The order is the funnel's: click and order, pay, value, scale, returns, noise."""
    prior = _Priors(work)
    columns: dict[str, Array] = {}
    told: list[str] = []
    order = _ordering(work, prior, columns, told)
    paid = _paying(work, prior, columns, told)
    _scale(work, prior, columns, told, order, paid, shares)
    _returning(work, prior, columns, told)
    _noise(work, columns, told)
    book = registry()
    columns = {name: np.clip(values, *book[name].bounds) for name, values in columns.items()}
    return Closed(columns=columns, told=tuple(told), assumed=tuple(name for name in columns if name not in told))


class _Priors:
    """Draws from the registry's own ranges, for what the shop's numbers do not tell but hang on. Each name has its own stream."""

    def __init__(self, work: _Work) -> None:
        self._count, self._seed = work.count, work.seed

    def __call__(self, name: str) -> Array:
        parameter = registry()[name]
        if not parameter.uncertain:
            return np.full(self._count, float(parameter.value))
        key = int.from_bytes(name.encode(), "little") % (2**63)
        chance = np.random.Generator(np.random.Philox(key=[self._seed, key]))
        even = (chance.permutation(self._count) + chance.random(self._count)) / self._count
        return quantile(Range.of(parameter), np.clip(even, 1e-9, 1.0 - 1e-9))


def _ordering(work: _Work, prior: _Priors, columns: dict[str, Array], told: list[str]) -> Array:
    """Orders submitted per viewer; click, stay and the desk's conversion are made to fit. [draw]"""
    viewers = work.table.definitions["sessions"] == "viewers"
    click, click_told = prior("detail_page.click_share"), False
    if viewers and work.nested("detail_views", "sessions"):
        click, click_told = np.clip(work.mean_ahead("detail_views", "sessions"), 0.05, 1.0), True
        told.append("detail_page.click_share")
        work.told("click", click, "share")
    order, asked = prior("closure.view_to_order"), False
    if work.nested("orders", "sessions"):
        rate = work.mean_ahead("orders", "sessions")
        order, asked = rate if viewers else rate * click, True
        work.told("order", rate, "share")
    elif work.nested("orders", "detail_views"):
        rate = work.mean_ahead("orders", "detail_views")
        order, asked = rate * click, True
        work.told("order_of_views", rate, "share")
    if not asked:
        if click_told:
            columns["detail_page.click_share"] = click
        return order
    told.append("closure.view_to_order")
    order = np.clip(order, 1.1e-4, 0.3)
    stay = 1.0 - float(registry()["detail_page.bounce"].value)
    needed = order / (click * _MOST_PER_STAYER)
    if not click_told and np.median(needed) > _MOST_STAY:
        click = np.minimum(np.maximum(click, order / (_MOST_PER_STAYER * _MOST_STAY)), 1.0)
        needed = order / (click * _MOST_PER_STAYER)
    if np.median(needed) > 0.95:
        raise UserError(
            "more orders come out of the detail views than stayers could place; orders and detail views seem to count different things. "
            "Leave one of them out with --map HEADER= (nothing behind the sign)."
        )
    stays = np.clip(np.maximum(stay, needed), 0.02, 0.95)
    if (stays > stay).any():
        columns["detail_page.bounce"] = 1.0 - stays
        # A page that keeps so many has few who miss what is buried.
        columns["detail_page.buried_loss"] = np.minimum(prior("detail_page.buried_loss"), 0.9 * (1.0 - stays))
    per_stayer = order / (click * stays)
    book = registry()
    usual = book["closure.view_to_order"].value / (book["detail_page.click_share"].value * stay)
    answered = float(book["service.enquiry_conversion"].value)
    columns["service.enquiry_conversion"] = np.clip(answered * np.minimum(per_stayer / usual, 0.95 / answered), 0.01, 0.99)
    ratio = book["closure.view_to_order_beauty"].value / book["closure.view_to_order"].value
    columns["closure.view_to_order_beauty"] = np.minimum(order * ratio, 0.95 * order / per_stayer)
    columns["closure.view_to_order"] = order
    columns["detail_page.click_share"] = click
    return order


def _paying(work: _Work, prior: _Priors, columns: dict[str, Array], told: list[str]) -> Array:
    """Share of the orders submitted that are paid: what is known pins the gap, and card numbers typed take no more of it than there is."""
    benchmark = prior("payment.benchmark_success")
    if not work.nested("paid_orders", "orders"):
        return benchmark - float(registry()["payment.gap"].value)
    paid = np.clip(work.mean_ahead("paid_orders", "orders"), 0.05, 0.985)
    work.told("pay", paid, "share")
    benchmark = np.clip(np.maximum(benchmark, paid + 0.01), 0.5, 1.0)
    gap = benchmark - paid
    loss = prior("payment.typed_loss")
    typed = np.minimum(prior("payment.typed_card_share"), 0.8 * gap / (benchmark * np.maximum(loss, 0.01)))
    columns |= {"payment.benchmark_success": benchmark, "payment.gap": gap, "payment.typed_loss": loss, "payment.typed_card_share": typed}
    told.append("payment.gap")
    return paid


def _scale(
    work: _Work, prior: _Priors, columns: dict[str, Array], told: list[str], order: Array, paid: Array, shares: Mapping[str, float] | None
) -> None:
    """GMV of an ordinary quarter and order values, so that the closure solves exactly the shop's viewers."""
    names = [name for name in CATEGORIES if name != "apparel"]
    weights = {name: prior(f"closure.gmv_weight_{name}") for name in names}
    apparel = np.full(work.count, float(registry()["closure.apparel_gmv_share"].value))
    if shares is not None:
        apparel = np.full(work.count, float(np.clip(shares.get("apparel", 0.0), 0.001, 0.99)))
        rest = max(1.0 - float(apparel[0]), 1e-6)
        weights = {name: np.full(work.count, float(np.clip(shares.get(name, 0.0) / rest, 1e-4, 1.0))) for name in names}
        told += ["closure.apparel_gmv_share", *(f"closure.gmv_weight_{name}" for name in names)]
        columns["closure.apparel_gmv_share"] = apparel
        columns |= {f"closure.gmv_weight_{name}": weights[name] for name in names}
    values = np.stack([prior(f"closure.value_{name}") for name in CATEGORIES])
    rest = np.stack([weights[name] for name in names])
    gmv_shares = np.concatenate([apparel[None], (1.0 - apparel) * rest / rest.sum(axis=0)])
    mean_value = 1.0 / (gmv_shares / values).sum(axis=0)
    level = np.exp(recent_level(work))
    per_base = _gmv_per_base(work)
    click = columns.get("detail_page.click_share", prior("detail_page.click_share"))
    page_visits = work.table.definitions["sessions"] == "page_visits"
    viewers_of = {  # viewers for one of the base
        "sessions": 1.0 / click if page_visits else np.ones(work.count), "detail_views": 1.0 / click, "orders": 1.0 / order,
        "paid_orders": 1.0 / (order * paid),
    }
    days = float(registry()["closure.reference_days"].value)
    if per_base is None:  # how many come is known, what they bring is not: the registry's order values stand
        gmv = level * viewers_of[work.base] * order * paid * mean_value
    else:
        gmv = level * per_base
        if work.base != "gmv":
            value = gmv / (level * viewers_of[work.base] * order * paid)
            factor = value / mean_value
            for name, row in zip(CATEGORIES, values, strict=True):
                columns[f"closure.value_{name}"] = row * factor
            columns |= {f"closure.gmv_weight_{name}": weights[name] for name in names}
            work.told("order_value", value, "CNY")
            told += [f"closure.value_{name}" for name in CATEGORIES]
        told.append("closure.gmv_quarter")
    columns["closure.gmv_quarter"] = days * gmv
    work.told("level", level, f"{work.base}/day")
    work.told("gmv", gmv, "CNY/day")


def _gmv_per_base(work: _Work) -> Array | None:
    """CNY of GMV for one of the base series, along the columns that are there. [draw]"""
    if work.base == "gmv":
        return np.ones(work.count)
    below, product = "gmv", np.ones(work.count)
    while below != work.base:
        above = work.fits.above(below)
        if above is None or not work.has(below, above):
            return None
        product = product * work.mean_ahead(below, above)
        below = above
    return product


def _returning(work: _Work, prior: _Priors, columns: dict[str, Array], told: list[str]) -> None:
    """Return rates by category: the registry's, their hazards scaled so that together they are the shop's."""
    above = next((name for name in ("paid_orders", "orders") if work.nested("returned_orders", name)), None)
    if above is None:
        return
    book = registry()
    late = 1.0 - float(book["fulfilment.shipped_24h_share"].value)
    shipped = 1.0 - late * float(book["fulfilment.cancel_late"].value)
    paid = 1.0 if above == "paid_orders" else 1.0 - columns.get("payment.gap", np.full(work.count, 0.22))
    rate = np.clip(work.mean_ahead("returned_orders", above) / (shipped * paid), 0.002, 0.9)
    work.told("returns", rate, "share")
    rates = np.stack([prior(f"returns.rate_{name}") for name in CATEGORIES])
    values = np.stack([columns.get(f"closure.value_{name}", prior(f"closure.value_{name}")) for name in CATEGORIES])
    names = [name for name in CATEGORIES if name != "apparel"]
    weights = np.stack([columns.get(f"closure.gmv_weight_{name}", prior(f"closure.gmv_weight_{name}")) for name in names])
    apparel = columns.get("closure.apparel_gmv_share", np.full(work.count, float(book["closure.apparel_gmv_share"].value)))
    orders = np.concatenate([apparel[None], (1.0 - apparel) * weights / weights.sum(axis=0)]) / values
    orders = orders / orders.sum(axis=0)
    hazards = -np.log1p(-rates)
    low, high = np.full(work.count, -12.0), np.full(work.count, 6.0)
    for _ in range(60):  # the scale's logarithm, halved down to where the mean is the shop's
        middle = 0.5 * (low + high)
        above_it = (orders * -np.expm1(-np.exp(middle) * hazards)).sum(axis=0) > rate
        low, high = np.where(above_it, low, middle), np.where(above_it, middle, high)
    scaled = -np.expm1(-np.exp(0.5 * (low + high)) * hazards)
    for name, row in zip(CATEGORIES, scaled, strict=True):
        columns[f"returns.rate_{name}"] = row
        told.append(f"returns.rate_{name}")


def _noise(work: _Work, columns: dict[str, Array], told: list[str]) -> None:
    """Swing and persistence of each stream that a daily column shows; weeks average days away and tell nothing of them."""
    if work.table.step_days != 1:
        return

    def put(stream: str, cv: Array, persistence: Array) -> None:
        columns[f"noise.cv_{stream}"], columns[f"noise.persistence_{stream}"] = cv, persistence
        told.extend((f"noise.cv_{stream}", f"noise.persistence_{stream}"))

    traffic = work.fits.of(work.base, None).draws
    if work.base == "sessions":
        put("traffic", np.sqrt(np.expm1(traffic.fast**2)), traffic.persistence)
    if work.nested("orders", "sessions"):
        draws = work.fits.of("orders", "sessions").draws
        # Staying and ordering swing inside this one rate: half of its variance each.
        share = work.mean_ahead("orders", "sessions")
        cv = draws.fast * np.maximum(share, 1.0 - share) / np.sqrt(2.0)
        put("submit", cv, draws.persistence)
        put("stay", cv, draws.persistence)
    above = next((name for name in ("paid_orders", "orders") if work.nested("returned_orders", name)), None)
    for stream, series, over in (("pay", "paid_orders", "orders"), ("returns", "returned_orders", above)):
        if over is not None and work.nested(series, over):
            draws, share = work.fits.of(series, over).draws, work.mean_ahead(series, over)
            put(stream, draws.fast * np.maximum(share, 1.0 - share), draws.persistence)


# ------------------------------------------------------------------------------------------------------------ totals by part


def category_shares(table: ShopTable) -> dict[str, float] | None:
    """Shares of GMV by the model's categories, where the file has categories that are understood."""
    return _shares(table, "category", CATEGORY_NAMES, ("gmv",))


def channel_shares(table: ShopTable) -> dict[str, float]:
    """Shares of viewers by channel as [baseline] entries, where the file has channels that are understood."""
    found = _shares(table, "channel", CHANNELS, ("sessions",))
    if found is None:
        return {}
    bounds = {name: registry()[f"traffic.viewers_{name}"].bounds for name in CHANNELS}
    return {f"traffic.viewers_{name}": float(np.clip(found.get(name, 0.0), *span)) for name, span in bounds.items()}


def paid_roi(table: ShopTable) -> dict[str, float]:
    """GMV of the paid feed per yuan of ad spend; without channels the registry's share of the paid feed is taken."""
    if "ad_spend" not in table.frame or "gmv" not in table.frame:
        return {}
    both = np.isfinite(table.series("ad_spend")) & np.isfinite(table.series("gmv"))
    spend, gmv = table.series("ad_spend")[both].sum(), table.series("gmv")[both].sum()
    if spend <= 0.0:
        return {}
    shares = _shares(table, "channel", CHANNELS, ("gmv",))
    share = float(registry()["traffic.viewers_paid_feed"].value) if shares is None else shares.get("paid_feed", 0.0)
    low, high = registry()["money.paid_roi"].bounds
    return {"money.paid_roi": float(np.clip(share * gmv / spend, low, high))} if share > 0.0 else {}


def _shares(table: ShopTable, key: str, names: Mapping[str, tuple[str, ...]], by: tuple[str, ...]) -> dict[str, float] | None:
    """Known parts' shares of a column; None where less than nine tenths of it is understood, or there is one part only without a name."""
    column = next((name for name in by if name in table.parts), None)
    labels = table.parts[key].str.strip().str.lower() if key in table.parts else None
    if column is None or labels is None or not (labels != "").any():
        return None
    of_name = {label: name for name, said in names.items() for label in (name, name.replace("_", " "), *said)}
    sums = table.parts[column].groupby(labels).sum()
    total = float(sums.sum())
    found: dict[str, float] = {}
    for label, amount in sums.items():
        if label in of_name:
            found[of_name[label]] = found.get(of_name[label], 0.0) + float(amount)
    understood = sum(found.values())
    return {name: value / understood for name, value in found.items()} if total > 0.0 and understood >= 0.9 * total else None

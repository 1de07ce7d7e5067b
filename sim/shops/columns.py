"""The columns that a shop's file may have, and what platforms and analytics tools call them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: key or count or money or share or days; headers that mean it, in lower case without spaces and brackets.

    adds: how rows of one day are joined: "sum", or "mean" weighted by orders.
    """

    name: str
    kind: str
    headers: tuple[str, ...]
    adds: str = "sum"


_HEADERS = {  # what the platforms' and tools' exports call each column
    "date": (
        "date|day|week|日期|统计日期|时间|统计时间|数据日期|日期时间|周|统计周期|自然周|ds|dt|日|第n天|datum|fecha|年月日|支付日期|下单日期"
        "|event date|week start|week of|order date"
    ),
    "channel": "channel|渠道|流量渠道|来源|流量来源|一级来源|载体|账号类型|载体类型|source|default channel group|traffic source",
    "category": "category|类目|品类|商品类目|一级类目|行业类目|商品品类|行业|product category|item category",
    "sessions": (
        "sessions|visits|viewers|visitors|users|uv|访客数|进店人数|会话数|曝光观看|观看人数|店铺访客数|访问人数|累计观看人数"
        "|直播间观看人数|直播间累计观看人数|访问会话数|店铺浏览人数|进店访客数|进店会话数|曝光观看人数|total users|active users"
    ),
    "detail_views": (
        "detail_views|view_item|item_views|product_views|商品详情页浏览|商品点击人数|商品访客数|商品详情页访客数|商品浏览量|商品点击数"
        "|商详访客数|商品详情页浏览量|商品详情访客数|商品访问人数|商品详情页浏览人数|商品点击次数|detail views|product detail views"
        "|items viewed|item views|product views"
    ),
    "add_to_carts": (
        "add_to_carts|add_to_cart|carts|加购人数|加购件数|加购数|加购次数|加入购物车人数|商品加购人数|商品加购件数|加入购物车|加购"
        "|add to carts|adds to cart|cart additions"
    ),
    "orders": (
        "orders|order_count|下单订单数|提交订单|提交订单数|订单数|下单数|下单笔数"
        "|创建订单数|订单量|提交订单量|订单创建数|下单量|orders submitted"
        "|placed orders"
    ),
    "paid_orders": (
        "paid_orders|transactions|purchases|支付订单数|成交订单数|付款订单数|支付笔数|成交单量|支付子订单数|成交笔数|支付订单量|成交订单量|成交数"
        "|付款笔数|支付单量|paid orders|ecommerce purchases"
    ),
    "gmv": (
        "gmv|revenue|sales|成交金额|支付金额|销售额|交易额|成交额|支付gmv|交易金额|付款金额|总成交额|用户支付金额|销售金额|purchase revenue"
        "|total revenue|gross merchandise value"
    ),
    "shipped_24h_rate": (
        "shipped_24h_rate|24小时发货率|24h发货率|24小时揽收率|二十四小时发货率|24小时内发货率|24小时支付发货率|24小时揽收及时率"
        "|shipped within 24 h|shipped in 24 h"
    ),
    "delivery_days_mean": (
        "delivery_days_mean|平均配送时长|平均签收时长|平均送达天数|平均物流时长|支付到签收时长|平均配送天数|平均到货天数|支付签收时长|平均签收天数"
        "|mean delivery days|average delivery days"
    ),
    "delivery_days_p90": (
        "delivery_days_p90|配送时长p90|90分位配送时长|签收时长p90|p90配送时长|九成送达天数|90分位送达天数|p90 delivery day"
        "s"
    ),
    "returned_orders": (
        "returned_orders|returns|refunds|退货订单数|退款订单数|退货数|售后订单数|退货单数|退款数|退货退款订单数|成功退款订单数|退款单数|退货笔数"
        "|退款笔数|returned orders|refunded orders"
    ),
    "refund_amount": "refund_amount|退款金额|成功退款金额|退货金额|退款额|售后金额|申请退款金额|refund amount|refunded amount",
    "ad_spend": (
        "ad_spend|spend|cost|广告消耗|投放金额|广告花费|推广花费|千川消耗|投放消耗|消耗|广告费|投放花费|推广费用|广告投入|ad spend|ad cost"
        "|ads cost|advertising cost|media spend"
    ),
}
_KINDS = {
    "date": "key", "channel": "key", "category": "key", "gmv": "money", "refund_amount": "money", "ad_spend": "money",
    "shipped_24h_rate": "share", "delivery_days_mean": "days", "delivery_days_p90": "days",
}  # the others are counts
COLUMNS: Mapping[str, Column] = {
    name: Column(
        name=name, kind=_KINDS.get(name, "count"), headers=tuple(headers.split("|")),
        adds="mean" if _KINDS.get(name) in ("share", "days") else "sum",
    )
    for name, headers in _HEADERS.items()
}
KEYS = ("date", "channel", "category")
MEASURES = tuple(name for name, column in COLUMNS.items() if column.kind != "key")

DEFINITIONS: Mapping[str, tuple[str, ...]] = {  # what may be asked, the first being what is taken where nobody says
    "orders": ("submitted", "paid"),
    "refunds": ("by_success_date", "by_application_date"),
    "returns": ("by_event_date", "by_order_date"),
    "sessions": ("viewers", "page_visits"),
    "date_order": ("clear", "day_first", "month_first"),
    "decimal": ("clear", "point", "comma"),
    "cadence": ("seen", "daily", "weekly"),
}
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
_LOOSE = re.compile(r"[\s_\-/·:：.]+")


_SHOPS = (
    "店铺", "店铺名称", "店铺名", "店铺id", "店铺账号", "店名", "所属店铺", "门店", "门店名称", "商家", "商家名称", "商家id", "shop",
    "shop name", "shop id", "store", "store name", "store id", "seller", "merchant", "property", "property name",
)


def is_shop(header: str) -> bool:
    """Does the header stand over the names of shops?"""
    return folded(header) in _SHOP_HEADERS


def folded(header: str) -> str:
    """A header as it is compared: half-width, lower case, without brackets' content, spaces and joints."""
    text = unicodedata.normalize("NFKC", header).strip().lower()
    return _LOOSE.sub("", _BRACKETS.sub("", text))


_SHOP_HEADERS = {folded(header) for header in _SHOPS}
_BY_HEADER = {folded(header): column.name for column in COLUMNS.values() for header in (*column.headers, column.name)}


def guessed(headers: Sequence[str]) -> dict[str, str]:
    """{known column: header}: exact meanings only, the first header of each; a wrong guess would be worse than none."""
    found: dict[str, str] = {}
    for header in headers:
        name = _BY_HEADER.get(folded(header))
        if name is not None and name not in found:
            found[name] = header
    return found


def rivals_of(headers: Sequence[str], chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """Other headers of the file that mean a column already taken: {known column: headers left out}."""
    left: dict[str, list[str]] = {}
    for header in headers:
        name = _BY_HEADER.get(folded(header))
        if name is not None and header not in chosen.values():
            left.setdefault(name, []).append(header)
    return left

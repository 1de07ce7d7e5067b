"""What levers do: to viewers, to order propensity, to return hazards (MODEL sections 1, 3 and 7). One where no lever moves."""

from math import exp

from .closure import CATEGORIES, OUTER, RETURN_CAUSES
from .levers import Levers


def traffic_factors(v: dict, levers: Levers, t: int) -> dict[str, float]:
    """What levers do to the viewers of the seven channels (paid feed: see `paid_factor`)."""
    x0 = levers.x0

    def raised(name: str) -> float:
        """Effort: 1 + lift x (1 - exp(-u/scale))."""
        lift = v["traffic.private_lift" if name == "private_domain" else f"traffic.{name}_lift"]
        u, scale = levers.quantity(f"traffic.{name}", t), v[f"traffic.{name}_scale"]
        return 1 + lift * (1 - exp(-u / scale))

    prime = 1 + v["traffic.prime_tilt"] * (levers.quantity("traffic.prime_time_share", t) - x0["traffic.prime_time_share"])
    hours = levers.quantity("traffic.store_live_hours", t) / x0["traffic.store_live_hours"]
    more_original = levers.quantity("traffic.original_share", t) - x0["traffic.original_share"]
    original = 1 + v["traffic.original_lift"] * (1 - exp(-more_original / v["traffic.original_scale"]))
    content = raised("knowledge") * raised("drama") * raised("immersive") * raised("ugc")
    return {
        "host_live": prime * original,
        "store_live": hours ** v["traffic.store_hours_exponent"] * prime * original,
        "short_video": content * original,
        "search": original,
        "recommendation": original,
        "paid_feed": 1.0,
        "private_domain": raised("private_domain"),
    }


def category_lifts(v: dict, levers: Levers, t: int) -> dict[str, float]:
    """What display levers do to the order propensity of a category."""
    lift = dict.fromkeys(CATEGORIES, 1.0)
    rotation, fit, flatter = v["detail_page.rotation_lift"], v["detail_page.fit_lift"], v["detail_page.filter_flatter"]
    cooking, ar = v["detail_page.cooking_lift"], v["detail_page.ar_lift"] * v["detail_page.ar_works"]
    lift["apparel"] = (
        levers.factor("detail_page.rotation_360", t, lambda x: 1 + rotation * x)
        * levers.factor("returns.fit_information", t, lambda x: 1 + fit * x)
        * levers.factor("returns.filter_strength", t, lambda x: (1 + flatter * x) / (1 + flatter))
    )
    lift["food_fresh"] = levers.factor("detail_page.live_cooking", t, lambda x: 1 + cooking * x)
    lift["jewellery"] = lift["beauty"] = levers.factor("detail_page.ar_tryon", t, lambda x: 1 + ar * x)
    return lift


def hazard_factors(v: dict, levers: Levers, t: int, late: float, delivered_late: float, base) -> dict[str, dict[str, float]]:
    """e by category (or outer channel) and cause; 1 at baseline."""
    e = {name: dict.fromkeys(RETURN_CAUSES, 1.0) for name in CATEGORIES + OUTER}
    for row in e.values():
        row["late_shipping"] = late / base.late_0
        row["late_delivery"] = delivered_late / base.delivered_late_0
    caused, lights = v["returns.filter_cause"], v["returns.lighting_effect"]
    ar = v["detail_page.ar_return_effect"] * v["detail_page.ar_works"]
    labels, fit, cold = v["returns.labels_effect"], v["returns.fit_effect"], v["fulfilment.cold_chain_effect"]
    e["apparel"]["colour"] = levers.factor("returns.filter_strength", t, lambda x: 1 - caused * (1 - x))
    e["apparel"]["fit"] = levers.factor("returns.fit_information", t, lambda x: 1 - fit * x)
    e["jewellery"]["material"] = levers.factor("returns.jewellery_lighting", t, lambda x: 1 - lights * x) * levers.factor(
        "detail_page.ar_tryon", t, lambda x: 1 - ar * x
    )
    for name in ("large_appliances", "home_building"):
        e[name]["size"] = levers.factor("returns.size_labels", t, lambda x: 1 - labels * x)
    chilled = levers.factor("fulfilment.cold_chain", t, lambda x: 1 - cold * x)
    for cause in RETURN_CAUSES:
        e["food_fresh"][cause] *= chilled
    return e

"""The detail page: most who open it are gone within 15 seconds, and three causes share the blame.

No interest, slow loading and buried parameters each let a share through; the document pins only their product (F105).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from sim.model.world import Array, Number, World, mixed

PAGE_LEVERS = ("detail_page.load_median_s", "detail_page.fold_depth")
DISPLAY_LEVERS = (
    "detail_page.rotation_360", "detail_page.live_cooking", "detail_page.ar_tryon", "returns.filter_strength", "returns.fit_information",
)
_POINTS, _WEIGHTS = (column[:, None] for column in np.polynomial.legendre.leggauss(36))
_HIGHEST_Z = 6.5


def median_load(slow_share: Number, threshold_s: Number, sigma: Number) -> Number:
    """Median load time in s such that `slow_share` of loads exceeds the threshold (F104), T being lognormal."""
    return threshold_s * np.exp(-ndtri(1.0 - np.asarray(slow_share)) * sigma)


def slow_loads(world: World, median_s: Number) -> Array:
    """Share of loads slower than the threshold at a median load time. [lane]"""
    above = np.log(median_s / world["detail_page.slow_threshold_s"]) / world["detail_page.load_sigma"]
    return ndtr(above) * np.ones(world.lanes)


def bounce_multiplier(seconds: Array, *, effect: Number, a: Number, tau: Number, g: Number) -> Array:
    """Bounce hazard at a load time against that at 1 s: 1 + r A x^g/(x^g + tau^g), x = seconds beyond the first (R02-R07)."""
    late = np.maximum(seconds - 1.0, 0.0) ** g
    return 1.0 + effect * a * late / (late + tau**g)


@dataclass(frozen=True, kw_only=True)
class LoadTimes:
    """The load-time distribution as points: bounce multipliers and their weights, which sum to one. [point, lane]

    Loads within the first second share one point (their multiplier is 1); the rest is Gauss-Legendre in ln T from there, so
    that the kink at one second costs no accuracy.
    """

    multipliers: Array
    weights: Array

    def mean(self, values: Array) -> Array:
        """Expectation over load times, summed in the points' order so that a lane does not depend on its neighbours. [lane]"""
        total = self.weights[0] * values[0]
        for weight, row in zip(self.weights[1:], values[1:], strict=True):
            total = total + weight * row
        return total


def load_points(world: World, median_s: Number) -> tuple[Array, Array]:
    """Standard-normal points of ln T and their weights. [point, lane]"""
    sigma = world["detail_page.load_sigma"]
    kink = -np.log(np.asarray(median_s)) / sigma * np.ones(world.lanes)
    half = 0.5 * (_HIGHEST_Z - kink)
    z = np.concatenate([kink[None], kink + half * (_POINTS + 1.0)])
    weights = np.concatenate([ndtr(kink)[None], half * _WEIGHTS * np.exp(-0.5 * z[1:] ** 2) / np.sqrt(2.0 * np.pi)])
    return z, weights / weights.sum(axis=0)


def load_times(world: World, median_s: Number) -> LoadTimes:
    """Bounce multipliers over the load times of a median. [point, lane]"""
    z, weights = load_points(world, median_s)
    multipliers = bounce_multiplier(
        median_s * np.exp(world["detail_page.load_sigma"] * z),
        effect=world["detail_page.speed_effect"],
        a=world["detail_page.bounce_a"],
        tau=world["detail_page.bounce_tau"],
        g=world["detail_page.bounce_g"],
    )
    return LoadTimes(multipliers=multipliers, weights=weights)


def speed_share(hazard: Number, loads: LoadTimes) -> Array:
    """Share of interested visitors whom slow loading does not lose: E[exp(-h (R(T) - 1))]. [lane]"""
    return loads.mean(np.exp(-hazard * (loads.multipliers - 1.0)))


def interest_hazard(kept: Number, loads: LoadTimes) -> Array:
    """The hazard h at 1 s with E[exp(-h R(T))] = kept. [lane]

    ln E[exp(-h R)] is convex and falling in h, and Jensen puts -ln(kept)/E[R] left of the root: Newton walks up to it. Its fourth
    step is below 1e-9 of h at any bounce and load time that the registry allows.
    """
    target = np.log(kept)
    hazard = -target / loads.mean(loads.multipliers)
    for _ in range(5):
        through = np.exp(-hazard * loads.multipliers)
        mean = loads.mean(through)
        hazard = hazard + (np.log(mean) - target) * mean / loads.mean(loads.multipliers * through)
    return hazard


def buried_share(depth: Number, loss_at_base: Number, base_depth: Number, scale: Number) -> Number:
    """Share of visitors lost to parameters folded `depth` levels deep: c (1 - exp(-D/2))."""
    return loss_at_base * np.expm1(-np.asarray(depth) / scale) / np.expm1(-base_depth / scale)


def layout_share(world: World, depth: Number) -> Number:
    """Share of visitors whom folding to `depth` does not lose; the loss was stated at the registry's depth. [lane]"""
    base = world.reference["detail_page.fold_depth"]
    return 1.0 - buried_share(depth, world["detail_page.buried_loss"], base, world["detail_page.fold_scale"])


def load_target(world: World, median_s: Array) -> Array:
    """Where the load lever ends in each draw: it never slows a draw down when it means to speed up. [lane]"""
    target, level = world.moves["detail_page.load_median_s"].target, world.levels["detail_page.load_median_s"]
    moved = np.where(target < level, np.minimum(target, median_s), np.maximum(target, median_s))
    return np.where(target == level, median_s, moved)


def conversion_lifts(world: World, day: int) -> dict[str, Number]:
    """What display programmes, filters and fit information make of a category's orders, 1 at the baseline. [lane]"""

    def lifted(lever: str, lift: Number) -> Number:
        move = world.moves.get(lever)
        if move is None:
            return 1.0
        here = 1.0 + lift * world[lever]
        return mixed(world.reach(lever, day), 1.0, (1.0 + lift * world.target(lever)) / here)

    ar = lifted("detail_page.ar_tryon", world["detail_page.ar_lift"] * world["detail_page.ar_works"])
    apparel = (
        lifted("detail_page.rotation_360", world["detail_page.rotation_lift"])
        * lifted("returns.filter_strength", world["detail_page.filter_flatter"])
        * lifted("returns.fit_information", world["detail_page.fit_lift"])
    )
    cooking = lifted("detail_page.live_cooking", world["detail_page.cooking_lift"])
    return {"apparel": apparel, "beauty": ar, "jewellery": ar, "food_fresh": cooking}


"""Handling H, transit X, lateness and the refund lag (MODEL section 7)."""

from functools import lru_cache
from math import erf, erfc, exp, log, pi, sqrt
from statistics import NormalDist

from scipy.integrate import quad
from scipy.optimize import brentq

NORMAL = NormalDist()


def phi(z: float) -> float:
    """Standard normal distribution function (good in both tails)."""
    return 0.5 * erfc(-z / sqrt(2)) if z < 0 else 0.5 * (1 + erf(z / sqrt(2)))


def handling_median_h(shipped_24h_share: float, promise_h: float, sigma: float) -> float:
    """Median of H from P(H <= 24 h)."""
    return promise_h * exp(-sigma * NORMAL.inv_cdf(shipped_24h_share))


def transit_sigma(means, shares, check_h: float, share: float) -> float:
    """The smaller sigma at which the band mixture has P(X <= 72 h) = 0.7867."""

    def gap(s: float) -> float:
        return sum(b * phi((log(check_h / m) + s * s / 2) / s) for m, b in zip(means, shares, strict=True)) - share

    s = 0.02
    while gap(s) * gap(s + 0.01) > 0:
        s += 0.01
    return brentq(gap, s, s + 0.01, xtol=1e-15, rtol=1e-15)


@lru_cache(maxsize=100_000)
def arrived_share(hours: float, median_h: float, sigma_h: float, transit_mean_h: float, sigma_x: float) -> float:
    """P(H + X <= hours) = integral over X of P(H <= hours - X)."""
    last = (log(hours / transit_mean_h) + sigma_x**2 / 2) / sigma_x  # z at which X alone takes all the hours

    def at(z: float) -> float:
        left = hours - transit_mean_h * exp(-(sigma_x**2) / 2 + sigma_x * z)
        if left <= 0:
            return 0.0
        return exp(-z * z / 2) / sqrt(2 * pi) * phi(log(left / median_h) / sigma_h)

    if last <= -9:
        return 0.0
    return quad(at, -9.0, min(last, 9.0), epsabs=1e-13, epsrel=1e-11, limit=200)[0]


def band_shares(shares, sites: float, shift: float) -> list[float]:
    """Each site moves `shift` of all orders one band nearer, taken from the farther bands in proportion to their shares."""
    moved = min(shift * sites, sum(shares[1:]))
    out = list(shares)
    for i in range(1, len(shares)):
        movers = moved * shares[i] / sum(shares[1:])
        out[i] -= movers
        out[i - 1] += movers
    return out


def lag_median_before_truncation(median_d: float, sigma: float, window_d: float) -> float:
    """Median of the untruncated lognormal whose truncation at the window has the median asked for."""
    return brentq(lambda m: phi(log(median_d / m) / sigma) - 0.5 * phi(log(window_d / m) / sigma), 0.1, 1000.0, xtol=1e-14, rtol=1e-15)


class Fulfilment:
    """The world of H and X of one lane. A node is (shipped_24h_share, sites, premium share, transit factor)."""

    def __init__(self, v: dict, tables) -> None:
        self.v = v
        self.tables = tables
        self.means = v["fulfilment.transit_mean_h"]
        self.shares = v["fulfilment.band_share"]
        self.sigma_h = v["fulfilment.handling_sigma"]
        self.sigma_x = transit_sigma(self.means, self.shares, v["fulfilment.transit_check_h"], v["fulfilment.transit_72h_share"])
        self.lag_median_d = lag_median_before_truncation(v["returns.lag_median_d"], v["returns.lag_sigma"], v["returns.window_d"])
        self._late: dict = {}
        self._lag: dict = {}

    def median_h(self, shipped_24h_share: float) -> float:
        return handling_median_h(shipped_24h_share, self.v["fulfilment.promise_h"], self.sigma_h)

    def _arrived(self, hours: float, shipped: float, sites: float, premium: float, transit: float) -> float:
        median = self.median_h(shipped)
        total = 0.0
        for mean, share in zip(self.means, band_shares(self.shares, sites, self.v["fulfilment.warehouse_shift"]), strict=True):
            for factor, part in ((1.0, 1 - premium), (self.v["fulfilment.premium_factor"], premium)):
                if part:
                    total += share * part * self._one(hours, median, mean * transit * factor)
        return total

    def _one(self, hours: float, median: float, mean: float) -> float:
        if hasattr(self.tables, "arrived_share"):
            return float(self.tables.arrived_share(hours, median, mean))
        return arrived_share(hours, median, self.sigma_h, mean, self.sigma_x)

    def delivered_late(self, *node: float) -> float:
        """P(H + X > 96 h)."""
        if node not in self._late:
            self._late[node] = 1 - self._arrived(self.v["fulfilment.delivery_promise_h"], *node)
        return self._late[node]

    def lag_pmf(self, *node: float) -> list[float]:
        """P(refund comes d days after the order), d = 0 ... 21: ceil((H + X)/24 h) + ceil(lag), the tail on the last day."""
        if node in self._lag:
            return self._lag[node]
        last = int(self.v["returns.lag_days_max"])
        window = int(self.v["returns.window_d"])
        sigma, median = self.v["returns.lag_sigma"], self.lag_median_d
        below = [0.0] + [phi(log(i / median) / sigma) / phi(log(window / median) / sigma) for i in range(1, window + 1)]
        arrived = [0.0] + [self._arrived(24.0 * j, *node) for j in range(1, last + 1)]
        pmf = [0.0] * (last + 1)
        for j in range(1, last + 1):
            for i in range(1, window + 1):
                pmf[min(j + i, last)] += (arrived[j] - arrived[j - 1]) * (below[i] - below[i - 1])
        pmf[last] += 1 - arrived[last]  # so late that even the arrival is beyond the last day
        self._lag[node] = pmf
        return pmf

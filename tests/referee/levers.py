"""Levers, events and day-to-day noise of one world."""

from math import exp, log, sqrt


class Levers:
    """What each lever is on each day."""

    def __init__(self, world: dict, load_median_0: float) -> None:
        self.moved = world.get("levers") or {}
        self.x0 = dict(world["values"])
        self.x0["detail_page.load_median_s"] = load_median_0
        self.x1 = {}
        registry = world.get("registry_values") or {}
        for name, lever in self.moved.items():
            target, start_value = lever["target"], self.x0[name]
            if name in ("payment.typed_card_share", "service.handling_s"):
                target = start_value * target / registry[name]  # in proportion
            if name == "detail_page.load_median_s":
                if target < registry[name]:
                    target = min(target, start_value)
                elif target > registry[name]:
                    target = max(target, start_value)
                else:
                    target = start_value
            self.x1[name] = target

    def reach(self, name: str, t: int) -> float:
        """Share r of what the lever applies to that it reaches on day t."""
        lever = self.moved.get(name)
        if lever is None:
            return 0.0
        start, until = lever.get("start") or 0, lever.get("until")
        if t < start or (until is not None and t > until):
            return 0.0
        coverage, ramp = lever.get("coverage"), lever.get("ramp_days") or 0
        return (1.0 if coverage is None else coverage) * min(1.0, (t - start + 1) / max(1, ramp))

    def nodes(self, name: str, t: int) -> list[tuple[float, float]]:
        """[(weight, value)]: the old world and the new one."""
        r = self.reach(name, t)
        out = [(1 - r, self.x0[name])] if r < 1 else []
        return out + ([(r, self.x1[name])] if r > 0 else [])

    def mixed(self, name: str, t: int, f) -> float:
        """Shares, hazard factors and P(late): (1 - r) f(x0) + r f(x1)."""
        return sum(weight * f(x) for weight, x in self.nodes(name, t))

    def quantity(self, name: str, t: int) -> float:
        """Budgets, traffic and desk levers: x0 + r (x1 - x0)."""
        r = self.reach(name, t)
        return self.x0[name] + r * (self.x1[name] - self.x0[name]) if r > 0 else self.x0[name]

    def factor(self, name: str, t: int, f) -> float:
        """The mix of f relative to the lever's own baseline (1 where the lever does nothing)."""
        return self.mixed(name, t, f) / f(self.x0[name])


def events_of_day(events, t: int, drawn_pull: float, rising_only: bool) -> dict:
    """Product of the multipliers of the day's events and the pull-forward share that applies."""
    out = {"traffic": 1.0, "value": 1.0, "cpm": 1.0, "transit": 1.0, "pull": 0.0}
    for event in events or []:
        if not event["start"] <= t <= event["end"]:
            continue
        for name in ("traffic", "value", "cpm", "transit"):
            out[name] *= event.get(name, 1.0)
        stated = event.get("pull_forward")
        if event.get("traffic", 1.0) > 1 or not rising_only:
            out["pull"] = max(out["pull"], drawn_pull if stated is None else stated)
    return out


class Noise:
    """Named streams of standard normals -> factors. All one where noise is None."""

    def __init__(self, v: dict, noise: dict | None) -> None:
        self.v = v
        self.noise = noise
        self.y = {}

    def eps(self, stream: str, t: int, s: float, count_sd: float) -> float:
        """s x an AR(1) path + count_sd x white noise, as the one ARMA(1,1) process with their covariances:
        y_t = phi y_(t-1) + e_t + theta e_(t-1); the covariances of y_t - phi y_(t-1) at lags 0 and 1 give theta and the sd of e.
        """
        if stream not in self.y:
            phi = self.v[f"noise.persistence_{stream}"]
            at_0 = s * s * (1 - phi * phi) + count_sd**2 * (1 + phi * phi)
            q = -phi * count_sd**2 / at_0  # theta/(1 + theta^2)
            theta = 2 * q / (1 + sqrt(1 - 4 * q * q))
            sd = sqrt(at_0 / (1 + theta * theta))
            known = sqrt(max(s * s + count_sd**2 - sd * sd, 0.0)) * self.noise["start"][stream]  # stationary start
            path = []
            for z in self.noise["daily"][stream]:
                path.append(known + sd * z)
                known = phi * path[-1] + theta * sd * z
            self.y[stream] = path
        return self.y[stream][t]

    def traffic(self, t: int, viewers_0: float) -> float:
        """Lognormal with mean one, times the drift of the whole horizon."""
        if self.noise is None:
            return 1.0
        s = sqrt(log(1 + self.v["noise.cv_traffic"] ** 2))
        count_sd = 1 / sqrt(viewers_0)
        eps = self.eps("traffic", t, s, count_sd)
        drift = self.v["noise.drift_sd"]
        return exp(eps - (s * s + count_sd * count_sd) / 2) * exp(drift * self.noise["drift"] - drift * drift / 2)

    def _x(self, stream: str, t: int, p: float, entrants_0: float) -> tuple[float, float]:
        """(x, variance of eps) of a rate whose baseline is p."""
        s = self.v[f"noise.cv_{stream}"] / max(p, 1 - p)
        count_sd = 1 / sqrt(entrants_0 * p * (1 - p))
        eps = self.eps(stream, t, s, count_sd)
        variance = s * s + count_sd * count_sd
        return exp(eps - (1 - 2 * p) * variance / 2), variance

    def power(self, stream: str, t: int, p: float, entrants_0: float) -> float:
        """m = ln p'/ln p: every cause of the stage lets s^m through."""
        if self.noise is None:
            return 1.0
        x, _ = self._x(stream, t, p, entrants_0)
        return log(p * x / (1 - p + p * x)) / log(p)

    def factor(self, stream: str, t: int, p0: float, p_plan: float, entrants_0: float) -> float:
        """p'/p at the day's highest category rate, never below the baseline's; the mean-one correction moves with it."""
        if self.noise is None:
            return 1.0
        x, variance = self._x(stream, t, p0, entrants_0)
        p = max(p0, p_plan)
        x *= exp((p - p0) * variance)
        return x / (1 - p + p * x)

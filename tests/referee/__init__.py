"""The referee: a slow, obvious second implementation of the model, one world at a time, in plain Python.

It imports nothing from the program it judges.  A world is a dict:

    values           {full parameter name: number or tuple}: one lane (drawn where uncertain, best where constant or pinned)
    registry_values  {lever: registry value}: for levers that move in proportion and for the load-time lever
    days             T
    levers           {lever: {target, start, until, ramp_days, coverage}}: target in registry units, start/until as day indices
    events           [{traffic, value, cpm, transit, pull_forward, start, end}]: day indices, both days inside
    profile          None or the shop's own calendar (profile.py)
    noise            None or {start: {stream: one normal}, daily: {stream: T normals}, drift: one normal}
    tables           None, or an object that replaces exact functions by the ones under test (every attribute is optional):
        peak_load                              offered load (erlang) per desk of a peak hour at baseline
        abandon_share(seats, load)             P(abandon) of one desk; `handling_s=...` is added only when it is not the baseline's
        served_within(seats, load, seconds)    share of contacts served with a wait up to `seconds`; handling_s as above
        desk_day(seats, contacts, peak_share, handling_s)   -> (P(abandon) day, share in 30 s, P(abandon) peak); instead of both
        stay_nodes(median)                     [(weight, z)]: E[f(T)] = sum of weight x f(median x exp(load_sigma x z))
        arrived_share(hours, handling_median_h, transit_mean_h)  P(H + X <= hours), X lognormal of the solved sigma, that mean

`project(world)` returns a dict (keys in day.py); `solve(values, tables)` gives the closure alone.
"""

from .closure import solve
from .day import project

__all__ = ["project", "solve"]

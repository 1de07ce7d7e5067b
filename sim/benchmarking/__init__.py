"""How fast, how large and how exact the planner is on this machine: what `whatif bench` measures."""

from sim.benchmarking.clock import MEASURES

__all__ = ["MEASURES"]

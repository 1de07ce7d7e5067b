"""A what-if planner for live-commerce funnels.

    import sim
    base, plan = sim.load("baseline"), sim.load("fix_payment")
    sim.run(plan, draws=10_000, seed=7).kpis()

Public names are loaded when they are first asked for (PEP 562): `import sim` brings in neither NumPy nor pandas.
None of them has the name of a submodule, since importing that submodule would replace it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {  # public name: (module, its name there)
    "UserError": ("sim.errors", "UserError"),
    "Parameter": ("sim.parameters", "Parameter"),
    "Registry": ("sim.parameters", "Registry"),
    "known_parameters": ("sim.parameters", "registry"),
    "Scenario": ("sim.scenario", "Scenario"),
    "load": ("sim.scenario", "load"),
    "save": ("sim.scenario", "save"),
    "diff": ("sim.scenario", "diff"),
    "Outcome": ("sim.outcome", "Outcome"),
    "run": ("sim.engine", "run"),
    "compare": ("sim.analysis.comparing", "compare"),
    "sensitivity": ("sim.analysis.sensitivity", "sensitivity"),
    "discover": ("sim.analysis.discovery", "discover"),
    "check": ("sim.analysis.checking", "check"),
    "facts": ("sim.analysis.documenting", "facts"),
    "seek": ("sim.analysis.seeking", "seek"),
    "worth": ("sim.analysis.information", "worth"),
    "optimize": ("sim.analysis.optimizing", "optimize"),
    "frontier": ("sim.analysis.frontier", "frontier"),
    "read_shop": ("sim.shops", "read_shop"),
    "calibrate": ("sim.shops", "calibrate"),
    "backtest": ("sim.shops", "backtest"),
    "write_calibrated": ("sim.shops", "write_calibrated"),
    "sweep": ("sim.sweeps", "run_sweep"),
    "merge_sweeps": ("sim.sweeps", "merge_sweeps"),
    "write_report": ("sim.report", "write_report"),
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from sim.analysis.checking import check
    from sim.analysis.comparing import compare
    from sim.analysis.discovery import discover
    from sim.analysis.documenting import facts
    from sim.analysis.frontier import frontier
    from sim.analysis.information import worth
    from sim.analysis.optimizing import optimize
    from sim.analysis.seeking import seek
    from sim.analysis.sensitivity import sensitivity
    from sim.engine import run
    from sim.errors import UserError
    from sim.outcome import Outcome
    from sim.parameters import Parameter, Registry
    from sim.parameters import registry as known_parameters
    from sim.report import write_report
    from sim.scenario import Scenario, diff, load, save
    from sim.shops import backtest, calibrate, read_shop, write_calibrated
    from sim.sweeps import merge_sweeps
    from sim.sweeps import run_sweep as sweep


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    module, original = _HOMES[name]
    value = getattr(import_module(module), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

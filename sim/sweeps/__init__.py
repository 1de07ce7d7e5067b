"""Sweeps: many points x many draws without a screen, in a folder that nothing can spoil."""

from sim.sweeps.manifest import Sweep
from sim.sweeps.merging import merge_sweeps
from sim.sweeps.running import Progress, run_sweep
from sim.sweeps.spec import Spec, load_spec, located_spec
from sim.sweeps.tables import SweepResult

__all__ = ["Progress", "Spec", "Sweep", "SweepResult", "load_spec", "located_spec", "merge_sweeps", "run_sweep"]

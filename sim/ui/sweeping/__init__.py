"""The page Sweeps in parts: starting and watching a sweep, points under limits, all axes at once, a point as a plan."""

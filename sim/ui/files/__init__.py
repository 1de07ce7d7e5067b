"""Scenario files as a planner handles them: open, save, save as, duplicate, rename, delete, download, upload. Files are the truth."""

from sim.ui.files.head import bar, status

__all__ = ["bar", "status"]

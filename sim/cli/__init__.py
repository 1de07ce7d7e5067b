"""The command line, `whatif`: thin. Parse, call, print; everything heavy is imported inside the command that needs it."""

from sim.cli.door import main

__all__ = ["main"]

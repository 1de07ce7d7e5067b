"""Sections of the pages Compare, Plan, Drivers and Decide that ask an analysis and show its answer."""

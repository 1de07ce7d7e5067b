"""Analyses: each only builds lanes in its own way and reads outcomes."""

"""Sections of the page Plan, a file each: they ask, call and draw."""

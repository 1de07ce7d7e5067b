"""Answers in words, the same on the command line and on the pages. Pure functions from results to sentences, a module per topic."""

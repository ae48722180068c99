"""Sweeps: many runs, each kept as a row of one file, so that the same sweep again does only what is missing."""

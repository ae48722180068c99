"""Sweeps: many runs, each kept as a row of one file. A repeated sweep runs only the missing points."""

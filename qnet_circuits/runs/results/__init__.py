"""The results of runs."""

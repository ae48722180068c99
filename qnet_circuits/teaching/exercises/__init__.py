"""The tasks, one file each: text, starter and checks, and no solution."""

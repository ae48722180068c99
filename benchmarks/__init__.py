"""How fast the library is, as ratios in one run and against bars; see README.md."""

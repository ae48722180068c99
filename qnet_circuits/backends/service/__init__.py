"""IBM's rules for jobs: limits, splitting, time and price."""

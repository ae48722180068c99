"""From programs to circuits that a machine can run: lowering, placement, optimisation, and the proof that parties stay apart."""

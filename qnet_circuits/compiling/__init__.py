"""From programs to circuits that a machine can run, and the proof that compilation kept the parties apart."""

"""The command line, ``qnet``."""

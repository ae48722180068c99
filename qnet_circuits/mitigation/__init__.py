"""Readout errors inverted in software, for declared figures, beside the raw ones."""

"""Readout errors, inverted qubit by qubit."""

"""Mitigation of readout errors, qubit by qubit."""

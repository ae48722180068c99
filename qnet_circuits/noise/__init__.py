"""Noise: from a device's calibration, and from the links, to operations on the qubits that are used."""

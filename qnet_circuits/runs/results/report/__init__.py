"""A run as one page: figures, network, circuits in time, qubits, resources, notes, and how to repeat it."""

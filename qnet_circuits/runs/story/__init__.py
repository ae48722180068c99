"""The story of one shot: its events, the bits that each node knows, the states of qubits for each observer; and its page."""

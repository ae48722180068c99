"""The story of one shot: what happens, who knows what when, what observers can say of qubits; and its page."""

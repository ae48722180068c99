"""The two parties' classical half, from sifted bits to a key; no Qiskit."""

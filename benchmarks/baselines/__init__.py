"""The same physics as a Qiskit user would write it by hand, without this library."""

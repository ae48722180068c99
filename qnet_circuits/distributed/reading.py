"""Circuits from files and from short names, such as ``qft:6``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.exceptions import QiskitError
from qiskit.synthesis import adder_ripple_c04, synth_qft_full

from qnet_circuits.errors import ParameterError, check_count

#: Seed of the angles and the graph of a QAOA circuit.
_QAOA_SEED = 3


def circuit_named(text: str) -> QuantumCircuit:
    """Return a circuit by its short name, or from a file.

    Args:
        text: ``qft:n``, the Fourier transform on n qubits; ``ghz:n``, a GHZ state of n qubits; ``adder:n``, a ripple-carry
            adder of two numbers of n bits (2n + 2 qubits), 1 and 2^n - 1; ``qaoa:n``, one layer of QAOA for maximum cut on a
            3-regular graph of n nodes; or a file of OpenQASM 2 or 3 (``.qasm``, ``.qasm3``) or with one circuit (``.qpy``).

    Raises:
        ParameterError: If there is no such circuit or file, or the file cannot be read.

    Example:
        >>> circuit_named("qft:6").num_qubits, circuit_named("ghz:3").count_ops()["cx"]
        (6, 2)
    """
    name, colon, size = str(text).partition(":")
    if colon and name in _NAMED:
        try:
            number = int(size)
        except ValueError:
            raise ParameterError(
                f"the size of a circuit is a whole number, as in {name}:6, got {text!r}"
            ) from None
        return _NAMED[name](check_count(f"size of {name}", number, 1, 200))
    path = Path(text)
    if path.suffix not in _READ:
        forms = ", ".join([*(f"{each}:n" for each in _NAMED), *(f"FILE{each}" for each in _READ)])
        raise ParameterError(f"circuit must be one of {forms}, got {text!r}")
    if not path.is_file():
        raise ParameterError(f"there is no file {text!r}; give the path of a circuit")
    try:
        return _READ[path.suffix](path)
    except (QiskitError, OSError, ValueError, ImportError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise ParameterError(f"the file {text!r} cannot be read as a circuit: {said[0]}") from None


def _qasm(path: Path) -> QuantumCircuit:
    text = path.read_text()
    if "OPENQASM 2" not in text:
        return qasm3.loads(text)
    return qasm2.loads(
        text,
        include_path=qasm2.LEGACY_INCLUDE_PATH,
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )


def _qpy(path: Path) -> QuantumCircuit:
    with path.open("rb") as file:
        found = qpy.load(file)
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} circuits, and one is needed")
    circuit: QuantumCircuit = found[0]
    return circuit


def _ghz(size: int) -> QuantumCircuit:
    circuit = QuantumCircuit(size)
    circuit.h(0)
    for qubit in range(size - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def _adder(size: int) -> QuantumCircuit:
    adder = adder_ripple_c04(size)
    circuit = QuantumCircuit(adder.num_qubits)
    circuit.x(1)
    circuit.x(range(size + 1, 2 * size + 1))
    circuit.compose(adder, inplace=True)
    return circuit


def _qaoa(size: int) -> QuantumCircuit:
    import rustworkx

    if size < 4 or size % 2:
        raise ParameterError(f"a 3-regular graph has an even number of at least 4 nodes, got qaoa:{size}")
    rng = np.random.default_rng(_QAOA_SEED)
    gamma, beta = (float(angle) for angle in rng.uniform(0.2, 1.2, 2))
    graph = rustworkx.PyGraph(multigraph=False)
    # Each node is joined with its neighbours on a ring, and with the node at the other side of it after a random exchange.
    order = [int(k) for k in rng.permutation(size)]
    graph.add_nodes_from(range(size))
    graph.add_edges_from_no_data([(order[k], order[(k + 1) % size]) for k in range(size)])
    graph.add_edges_from_no_data([(order[k], order[k + size // 2]) for k in range(size // 2)])
    circuit = QuantumCircuit(size)
    circuit.h(range(size))
    for a, b in graph.edge_list():
        circuit.rzz(2 * gamma, a, b)
    circuit.rx(2 * beta, range(size))
    return circuit


_NAMED: dict[str, Callable[[int], QuantumCircuit]] = {
    "qft": synth_qft_full, "ghz": _ghz, "adder": _adder, "qaoa": _qaoa,
}  # fmt: skip
_READ: dict[str, Callable[[Path], QuantumCircuit]] = {".qasm": _qasm, ".qasm3": _qasm, ".qpy": _qpy}

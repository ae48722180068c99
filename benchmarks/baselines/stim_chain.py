"""A repeater chain as one writes it by hand for stim, or for Aer's stabilizer method: corrected in software, links that err."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import stim
from qiskit import QuantumCircuit

SETTINGS = ("xx", "yy", "zz")
#: Shots of one chunk, with which sampling by hand was quickest of 2^12 to 2^16.
CHUNK = 4096


def stim_circuit(hops: int, fidelity: float, setting: str) -> stim.Circuit:
    """Links of Werner states, swaps at all stations, and both ends measured in one basis."""
    circuit = stim.Circuit()
    error = 1 - fidelity
    for k in range(hops):
        circuit.append("H", [2 * k])
        circuit.append("CX", [2 * k, 2 * k + 1])
        circuit.append("DEPOLARIZE1", [2 * k + 1], error)
    for k in range(hops - 1):
        circuit.append("CX", [2 * k + 1, 2 * k + 2])
        circuit.append("H", [2 * k + 1])
        circuit.append("M", [2 * k + 1, 2 * k + 2])
    circuit.append({"x": "MX", "y": "MY", "z": "M"}[setting[0]], [0, 2 * hops - 1])
    return circuit


def deciding(hops: int, setting: str) -> list[int]:
    """The bits whose parity is the correlator: of the swaps one, the other or both, and the ends."""
    swaps = {"x": (0,), "y": (0, 1), "z": (1,)}[setting[0]]
    last = 2 * (hops - 1)
    return [2 * k + bit for k in range(hops - 1) for bit in swaps] + [last, last + 1]


def correlator(circuit: stim.Circuit, bits: Sequence[int], shots: int, chunk: int, seed: int) -> float:
    """The mean sign of the parity of some bits, from chunks of shots."""
    sampler, odd = circuit.compile_sampler(seed=seed), 0
    for done in range(0, shots, chunk):
        sampled = sampler.sample(min(chunk, shots - done))
        odd += int(np.logical_xor.reduce(sampled[:, bits], axis=1).sum())
    return 1 - 2 * odd / shots


def fidelity_of(correlators: Sequence[float]) -> float:
    xx, yy, zz = correlators
    return (1 + xx - yy + zz) / 4


def aer_circuit(hops: int, fidelity: float, setting: str) -> QuantumCircuit:
    from qiskit_aer.noise import depolarizing_error

    circuit = QuantumCircuit(2 * hops, 2 * hops)
    # Aer's depolarising parameter counts the identity.
    error = depolarizing_error(4 / 3 * (1 - fidelity), 1)
    for k in range(hops):
        circuit.h(2 * k)
        circuit.cx(2 * k, 2 * k + 1)
        circuit.append(error, [2 * k + 1])
    for k in range(hops - 1):
        circuit.cx(2 * k + 1, 2 * k + 2)
        circuit.h(2 * k + 1)
        circuit.measure([2 * k + 1, 2 * k + 2], [2 * k, 2 * k + 1])
    for k, qubit in enumerate((0, 2 * hops - 1)):
        if setting[0] == "y":
            circuit.sdg(qubit)
        if setting[0] != "z":
            circuit.h(qubit)
        circuit.measure(qubit, 2 * (hops - 1) + k)
    return circuit


def aer_correlator(circuit: QuantumCircuit, bits: Sequence[int], shots: int, seed: int) -> float:
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(method="stabilizer")
    memory = simulator.run(circuit, shots=shots, memory=True, seed_simulator=seed).result().get_memory()
    table: npt.NDArray[np.bool_] = np.array([list(each[::-1]) for each in memory]) == "1"
    return float(1 - 2 * np.logical_xor.reduce(table[:, bits], axis=1).mean())

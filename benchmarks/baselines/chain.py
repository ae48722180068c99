"""A repeater chain written by hand: circuits, transpile, AerSimulator.from_backend, and parities in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator

SETTINGS = ("XX", "YY", "ZZ")


def chain_circuit(hops: int, setting: str) -> QuantumCircuit:
    """Bell pairs on every hop, Bell measurements between them, and the two ends measured in Pauli bases.

    Bits 2k and 2k + 1 are those of station k, control first; the last two are the ends'.
    """
    stations = hops - 1
    circuit = QuantumCircuit(2 * hops, 2 * stations + 2)
    for hop in range(hops):
        circuit.h(2 * hop)
        circuit.cx(2 * hop, 2 * hop + 1)
    circuit.barrier()
    for k in range(stations):
        control, target = 2 * k + 1, 2 * k + 2
        circuit.cx(control, target)
        circuit.h(control)
        circuit.measure([control, target], [2 * k, 2 * k + 1])
    measure_ends(circuit, setting, (2 * stations, 2 * stations + 1))
    return circuit


def measure_ends(circuit: QuantumCircuit, setting: str, bits: Sequence[int]) -> None:
    for qubit, pauli, bit in zip((0, circuit.num_qubits - 1), setting, bits, strict=True):
        if pauli == "Y":
            circuit.sdg(qubit)
        if pauli in "XY":
            circuit.h(qubit)
        circuit.measure(qubit, bit)


def correlator(counts: Mapping[str, int], setting: str) -> float:
    """The ends' correlator after the correction for all Bell measurements, done on the bits."""
    outcomes = np.array([[digit == "1" for digit in reversed(key)] for key in counts])
    shots = np.array(list(counts.values()))
    controls, targets = outcomes[:, :-2:2], outcomes[:, 1:-2:2]
    flip = outcomes[:, -1]
    if "Z" in setting or "Y" in setting:
        flip = flip ^ np.logical_xor.reduce(targets, axis=1)
    if "X" in setting or "Y" in setting:
        flip = flip ^ np.logical_xor.reduce(controls, axis=1)
    signs = np.where(outcomes[:, -2] ^ flip, -1, 1)
    return float(signs @ shots / shots.sum())


def fidelity(correlators: Mapping[str, float]) -> float:
    return (1 + correlators["XX"] - correlators["YY"] + correlators["ZZ"]) / 4


def chain_fidelity(
    hops: int,
    device: object,
    layout: Sequence[int],
    shots: int,
    seed: int,
    simulator: AerSimulator | None = None,
) -> float:
    """Fidelity of the chain's ends with a Bell pair, with the device's noise as Aer's noise model knows it."""
    circuits = [chain_circuit(hops, setting) for setting in SETTINGS]
    transpiled = transpile(circuits, device, initial_layout=list(layout), seed_transpiler=seed)
    if simulator is None:
        simulator = AerSimulator.from_backend(device)
    result = simulator.run(transpiled, shots=shots, seed_simulator=seed).result()
    return fidelity({s: correlator(result.get_counts(k), s) for k, s in enumerate(SETTINGS)})

"""The same chain with its corrections in real time: two decisions by if_test on parities of all stations' bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit.classical import expr
from qiskit_aer import AerSimulator

from benchmarks.baselines.chain import SETTINGS, fidelity, measure_ends


def feedforward_circuit(hops: int, setting: str) -> QuantumCircuit:
    """The chain, with X and Z at its far end where the parities of the stations' bits say so."""
    stations = hops - 1
    controls, targets = ClassicalRegister(stations, "controls"), ClassicalRegister(stations, "targets")
    ends = ClassicalRegister(2, "ends")
    circuit = QuantumCircuit(QuantumRegister(2 * hops), controls, targets, ends)
    for hop in range(hops):
        circuit.h(2 * hop)
        circuit.cx(2 * hop, 2 * hop + 1)
    circuit.barrier()
    for k in range(stations):
        circuit.cx(2 * k + 1, 2 * k + 2)
        circuit.h(2 * k + 1)
        circuit.measure([2 * k + 1, 2 * k + 2], [controls[k], targets[k]])
    with circuit.if_test(reduce(expr.bit_xor, targets[1:], expr.lift(targets[0]))):
        circuit.x(2 * hops - 1)
    with circuit.if_test(reduce(expr.bit_xor, controls[1:], expr.lift(controls[0]))):
        circuit.z(2 * hops - 1)
    measure_ends(circuit, setting, (2 * stations, 2 * stations + 1))
    return circuit


def correlator(counts: Mapping[str, int]) -> float:
    """The ends' correlator; the register that was added last comes first in a key."""
    signed = sum(count * (1 if key[0] == key[1] else -1) for key, count in counts.items())
    return signed / sum(counts.values())


def feedforward_fidelity(
    hops: int, device: object, layout: Sequence[int], shots: int, seed: int, simulator: AerSimulator
) -> float:
    circuits = [feedforward_circuit(hops, setting) for setting in SETTINGS]
    transpiled = transpile(circuits, device, initial_layout=list(layout), seed_transpiler=seed)
    result = simulator.run(transpiled, shots=shots, seed_simulator=seed).result()
    return fidelity({s: correlator(result.get_counts(k)) for k, s in enumerate(SETTINGS)})

"""How Aer simulates a noisy circuit: the method that fits it, on as few qubits as it can be played on.

Parts of a circuit that know nothing of each other share no step and no bit. Their outcomes are independent, so each part can be
simulated alone, on its few wires: exactly what happens to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Operation
from rustworkx import PyGraph, connected_components

from qnet_circuits.backends.simulation.aer_circuits import circuit_of, mixes, perfect_readout
from qnet_circuits.backends.simulation.fusing import fuse, thinned
from qnet_circuits.backends.simulation.narrowing import bits_of, measures, on_wires, recycled
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Depolarise,
    Measurement,
    Misread,
    NoisyCircuit,
    NoisyStep,
    PauliError,
    Relax,
    Reset,
    Transfer,
    Unitary,
)
from qnet_circuits.backends.simulation.telling import told
from qnet_circuits.errors import UnsupportedError

#: One evolution of a density matrix up to this width, and of a state vector without noise.
_DENSITY_MATRIX_QUBITS = 10
_STATEVECTOR_AT_ONCE_QUBITS = 20
#: An evolution costs the entries of its matrix, a shot on few wires a constant: below this many entries a shot, the first wins.
#: Measured on chains of 8, 9 and 10 qubits, where as much time is spent at 309, 280 and 294 entries a shot.
_ENTRIES_PER_SHOT = 290
#: Shot by shot, wider state vectors are slower than matrix products. GHZ stars on a processor, in orders that need few wires,
#: take 5 ms a shot against 15 at 11 wires, and 33 against 202 at 13.
_STATEVECTOR_QUBITS = 14
#: A wire less pays for more decisions only if the state is larger than this.
_WIDE = 9
_MOST_QUBITS = 63
_NOISE = (Relax, Depolarise, PauliError, Misread, Transfer)
_CLIFFORD = frozenset(
    ("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "ecr", "pauli")
)


@dataclass(frozen=True)
class Plan:
    """How one circuit is simulated.

    Args:
        noisy: The circuit, as it is played.
        method: Aer's method.
        at_once: Whether one evolution serves all shots.
    """

    noisy: NoisyCircuit
    method: str
    at_once: bool

    @property
    def registers(self) -> tuple[tuple[str, int], ...]:
        """The classical registers in order: name and width."""
        return self.noisy.registers

    @property
    def cost(self) -> float:
        """Steps times amplitudes of a shot, or of the one evolution."""
        wires = self.noisy.num_wires
        if self.method == "stabilizer":
            size = 4.0 * wires
        else:
            size = 2.0 ** (2 * wires if self.method == "density_matrix" else min(wires, _STATEVECTOR_QUBITS))
        return (100 + len(self.noisy.steps)) * (size + 100)

    def work(self, shots: int) -> float:
        """Return the cost of all shots for Aer, those that it draws from one evolution included."""
        if self.method == "density_matrix":  # Its shots are drawn here.
            return self.cost
        return self.cost + _ENTRIES_PER_SHOT * shots if self.at_once else self.cost * shots

    def check(self) -> None:
        """Raise UnsupportedError if the circuit is too wide."""
        if self.noisy.num_wires > _MOST_QUBITS and self.method != "stabilizer":
            raise UnsupportedError(
                f"circuit {self.noisy.name!r} has {self.noisy.num_wires} qubits in use at the same time, and more than "
                f"Clifford gates and Pauli errors; Aer simulates at most {_MOST_QUBITS} then: use fewer hops or parties, or "
                "the exact backend"
            )

    def for_shots(self, shots: int) -> Plan:
        """Return the plan that is quicker for a number of shots: a wide density matrix does not pay for a few."""
        if self.method != "density_matrix" or 4**self.noisy.num_wires <= _ENTRIES_PER_SHOT * shots:
            return self
        return Plan(recycled(self.noisy), "statevector", at_once=False)

    def circuit(self) -> QuantumCircuit:
        """Return the circuit as Aer takes it."""
        return circuit_of(self.noisy, density_matrix=self.method == "density_matrix")


def plan_of(noisy: NoisyCircuit) -> Plan:
    """Choose how to simulate a circuit.

    A static circuit of up to 10 qubits is one evolution of its density matrix; a noiseless static one, one of its state. What
    else there is goes shot by shot, never as a density matrix, on wires that are used again as soon as they are measured:
    by stabilizers if all is Clifford, by state vectors up to 14 qubits, by matrix products beyond.
    """
    read = perfect_readout(noisy)
    static, clifford = is_static(read.steps), all(map(is_clifford, read.steps))
    resets = any(isinstance(step, Reset) for step in read.steps)
    noiseless = not any(isinstance(step, _NOISE) for step in read.steps)
    if static and noiseless and clifford:
        return Plan(read, "stabilizer", at_once=False)
    fused = replace(read, steps=tuple(fused_steps(read.steps)))
    if static and read.num_wires <= _DENSITY_MATRIX_QUBITS:
        return Plan(fused, "density_matrix", at_once=True)
    # A reset of a state vector is drawn anew for each shot.
    if static and noiseless and not resets and read.num_wires <= _STATEVECTOR_AT_ONCE_QUBITS:
        return Plan(fused, "statevector", at_once=True)
    narrow = _narrow(noisy, fused)
    if narrow.num_wires <= _STATEVECTOR_QUBITS:
        return Plan(narrow, "statevector", at_once=False)
    return (
        Plan(recycled(read), "stabilizer", at_once=False)
        if clifford
        else Plan(narrow, "matrix_product_state", at_once=False)
    )


def _narrow(noisy: NoisyCircuit, fused: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit on few wires; of one that is wide, resting wires turn others by bits if this saves wires."""
    narrow = recycled(fused)
    if narrow.num_wires <= _WIDE:
        return narrow
    read = perfect_readout(told(thinned(noisy)))
    return min(
        (narrow, recycled(replace(read, steps=tuple(fused_steps(read.steps))))),
        key=lambda each: each.num_wires,
    )


def fused_steps(steps: Iterable[NoisyStep], goes_on: bool = False) -> list[NoisyStep]:
    """Fuse steps, those in branches too."""
    return [
        replace(step, blocks=tuple(tuple(fused_steps(block, goes_on=True)) for block in step.blocks))
        if isinstance(step, Decision)
        else step
        for step in fuse(steps, goes_on)
    ]


def is_static(steps: Iterable[NoisyStep]) -> bool:
    """Tell whether all measurements are final, so that one evolution serves all shots."""
    measured: set[int] = set()
    for step in steps:
        if isinstance(step, Decision) or measured.intersection(step.wires):
            return False
        if isinstance(step, Measurement):
            measured.add(step.wire)
    return True


def is_clifford(step: NoisyStep) -> bool:
    """Return whether a stabilizer simulator can take a step."""
    if isinstance(step, Unitary):
        return _clifford(step.operation)
    if isinstance(step, Relax):
        return mixes(step)
    if isinstance(step, Transfer):  # a channel of the program that is none of Paulis
        return False
    return not isinstance(step, Decision) or all(
        is_clifford(inside) for block in step.blocks for inside in block
    )


def _clifford(operation: Operation) -> bool:
    if operation.name in ("rz", "p", "u1"):
        turns = float(operation.params[0]) / (math.pi / 2)
        return abs(turns - round(turns)) <= 1e-9
    return operation.name in _CLIFFORD


# -- parts -----------------------------------------------------------------------------------------------------------

#: The register that holds a part's bits.
PART = "part"


@dataclass(frozen=True)
class Part:
    """A part of a circuit, as a circuit of its own.

    Args:
        circuit: The part on its own wires and bits; the whole circuit, unchanged, if it is one part.
        bits: The number in the whole circuit of each bit of the register ``part``; None for a whole circuit.
    """

    circuit: NoisyCircuit
    bits: tuple[int, ...] | None = None


def components(circuit: NoisyCircuit) -> list[Part]:
    """Return the parts of a circuit in which something is measured.

    Args:
        circuit: A noisy circuit, with all steps that couple wires, those of noise too.
    """
    graph = PyGraph(multigraph=False)
    graph.add_nodes_from(range(circuit.num_wires + circuit.num_bits))
    for step in circuit.steps:
        places = [*step.wires, *(circuit.num_wires + bit for bit in bits_of(step))]
        graph.add_edges_from_no_data([(places[0], other) for other in places[1:]])
    part = {place: k for k, found in enumerate(connected_components(graph)) for place in found}
    steps: dict[int, list[NoisyStep]] = {}
    for step in circuit.steps:
        steps.setdefault(part[step.wires[0]], []).append(step)
    measured = [inside for inside in steps.values() if any(map(measures, inside))]
    return [Part(circuit)] if len(measured) < 2 else [_alone(circuit, inside) for inside in measured]


def _alone(circuit: NoisyCircuit, steps: list[NoisyStep]) -> Part:
    """Return the circuit of some steps on their wires and bits alone."""
    wires = sorted({wire for step in steps for wire in step.wires})
    bits = sorted({bit for step in steps for bit in bits_of(step)})
    place, number = ({old: new for new, old in enumerate(kept)} for kept in (wires, bits))
    moved = tuple(on_wires(step, place, number) for step in steps)
    clbits = [circuit.source.clbits[bit] for bit in bits]
    # Conditions on the circuit's registers hold here too: simulators look at their bits.
    source = QuantumCircuit(clbits, ClassicalRegister(name=PART, bits=clbits))
    registers = ((PART, len(bits)),)
    alone = replace(circuit, num_wires=len(wires), steps=moved, source=source, registers=registers)
    return Part(alone, tuple(bits))

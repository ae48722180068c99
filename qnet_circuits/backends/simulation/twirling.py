"""Pauli twirling: a noisy circuit becomes one of Clifford gates, Pauli noise, and decisions on Pauli gates.

The twirl of a channel is its mean over conjugations by Paulis. It keeps only the diagonal of the Pauli transfer matrix.
Stabilizer simulators can run the resulting circuit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import stim
from qiskit.circuit import Operation
from qiskit.circuit.library import XGate, ZGate
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator

from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import (
    Channel,
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
    Turn,
    Unitary,
)
from qnet_circuits.classical import choice_of
from qnet_circuits.compiling.clifford import Gates, NotClifford, clifford_gates
from qnet_circuits.errors import UnsupportedError

#: A gate on more wires is looked at by its parts.
_WIDEST_GATE = 6
_SAME = 1e-12
#: What is said of each kind of noise that a twirl changes.
_SAID = {
    Relax: "relaxation", Turn: "turns of neighbours at rest", Transfer: "channels of the program", Misread: "readout",
}  # fmt: skip
_READ = "readout of bits that decisions read"
_INSIDE = "errors of a branch happen with the branch's chance, whatever the bits"


@dataclass(frozen=True)
class Twirled:
    """A twirled circuit.

    Args:
        circuit: The circuit: its gates are Clifford, its noise is Pauli, decisions do nothing but Paulis.
        changed: What the twirl changed; nothing if all noise was Pauli.
    """

    circuit: NoisyCircuit
    changed: tuple[str, ...]


def twirled(circuit: NoisyCircuit) -> Twirled:
    """Twirl a noisy circuit.

    Args:
        circuit: The circuit.

    Raises:
        UnsupportedError: If a gate is not Clifford, or a decision does more than Paulis.
    """
    made = _Twirling(circuit)
    steps = tuple(step for place, each in enumerate(circuit.steps) for step in made.of(place, each))
    return Twirled(replace(circuit, steps=steps), tuple(made.changed))


def gates_of(operation: Operation) -> Gates:
    """Return a Clifford gate as stabilizer gates, with places among its wires.

    Raises:
        NotClifford: If it is none, or too wide to tell.
    """
    kind = operation.base_class
    try:
        parameters = tuple(float(parameter) for parameter in operation.params)
        if not kind.__module__.startswith("qiskit.circuit.library.standard_gates"):
            raise ValueError(operation.name)
        return _standard(kind, parameters, operation.num_qubits)
    except (TypeError, ValueError):
        return _by_matrix(operation)


@lru_cache(maxsize=4096)
def _standard(kind: Any, parameters: tuple[float, ...], wires: int) -> Gates:
    gate = kind(*parameters)
    if gate.num_qubits != wires:
        raise ValueError(kind)
    return _by_matrix(gate)


def _by_matrix(operation: Operation) -> Gates:
    if operation.num_qubits > _WIDEST_GATE:
        raise NotClifford
    try:
        return clifford_gates(np.asarray(Operator(operation).data))
    except QiskitError:
        raise NotClifford from None


@dataclass
class _Twirling:
    circuit: NoisyCircuit
    #: What was changed, in order.
    changed: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number = {bit: k for k, bit in enumerate(self.circuit.source.clbits)}
        #: The measurements whose bits a decision reads.
        self._decisive: set[int] = set()
        last: dict[int, int] = {}
        for place, step in enumerate(self.circuit.steps):
            if isinstance(step, Measurement):
                last[step.bit] = place
            elif isinstance(step, Decision):
                read = (self._number[bit] for bit in choice_of(step.operation).bits)
                self._decisive.update(last[bit] for bit in read if bit in last)

    def of(self, place: int, step: NoisyStep) -> Iterator[NoisyStep]:
        """Yield the twirl of a step."""
        if isinstance(step, Decision):
            yield from self._decision(step)
        elif isinstance(step, Measurement):
            yield self._measurement(step) if place in self._decisive else step
        elif isinstance(step, Reset):
            yield step
        elif isinstance(step, Unitary) and not isinstance(step, Turn):
            self._check(step.operation)
            yield step
        else:
            yield self._channel(step)

    def _check(self, operation: Operation) -> None:
        try:
            gates_of(operation)
        except NotClifford:
            angles = ", ".join(f"{float(each):.6g}" for each in operation.params if isinstance(each, float))
            raise self._refusal(
                f"{operation.name}({angles}) is no Clifford gate; if a compiler wrote it for Clifford gates, say "
                "optimization_level=1, or else"
            ) from None

    def _refusal(self, why: str) -> UnsupportedError:
        return UnsupportedError(f"stim cannot take circuit {self.circuit.name!r}: {why} sample it on aer")

    def _measurement(self, step: Measurement) -> Measurement:
        mean = (step.p10 + step.p01) / 2
        if step.p10 != step.p01:
            self.changed[_READ] = None
        return replace(step, p10=mean, p01=mean)

    def _channel(self, step: Channel, chance: float = 1.0) -> Channel:
        """Return the twirl of a channel that happens with a given probability."""
        if chance == 1.0 and isinstance(step, PauliError | Depolarise):
            return step
        matrix = transfer(step)
        diagonal = matrix.diagonal()
        if np.abs(matrix - np.diag(diagonal)).max() > _SAME:
            self.changed[_SAID.get(type(step), "channels")] = None
        return Transfer(step.wires, _matrix((1 - chance + chance * diagonal).tobytes()))

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decision(self, step: Decision) -> Iterator[NoisyStep]:
        """Yield a decision on Pauli gates only, followed by the errors of its branches."""
        table = choice_of(step.operation).table
        chances = Counter(table)
        paulis, noise = [], list[NoisyStep]()
        for number, block in enumerate(step.blocks):
            gates = [each for each in block if _is_gate(each)]
            paulis.append(self._paulis(step, gates))
            chance = chances[number] / len(table)
            noise += [self._inside(each, chance) for each in block if not _is_gate(each)]
        touched = {wire for block in paulis for each in block for wire in each.wires}
        if touched:
            wires = tuple(wire for wire in step.wires if wire in touched)
            yield replace(step, wires=wires, blocks=tuple(paulis))
        yield from noise

    def _inside(self, step: NoisyStep, chance: float) -> Channel:
        if isinstance(step, Measurement | Reset | Decision):
            raise self._refusal("a branch measures, resets or decides;")
        if chance != 1.0:
            self.changed[_INSIDE] = None
        return self._channel(step, chance)

    def _paulis(self, step: Decision, gates: Sequence[NoisyStep]) -> tuple[Unitary, ...]:
        """Return the Pauli gates that equal the product of the gates of a branch."""
        place = {wire: k for k, wire in enumerate(step.wires)}
        done = stim.Circuit()
        for each in gates:
            assert isinstance(each, Unitary)
            self._check(each.operation)
            for name, axes in gates_of(each.operation):
                done.append(name, [place[each.wires[axis]] for axis in axes])
        found = stim.Tableau.from_circuit(done)
        wires = range(len(found))
        if any(found.x_output(k) not in _up_to_sign("X", k, found) for k in wires) or any(
            found.z_output(k) not in _up_to_sign("Z", k, found) for k in wires
        ):
            raise self._refusal("a branch does more than Pauli gates;")
        flips = [(XGate(), k) for k in wires if found.z_output(k).sign != 1]
        signs = [(ZGate(), k) for k in wires if found.x_output(k).sign != 1]
        return tuple(Unitary(gate, (step.wires[k],)) for gate, k in [*flips, *signs])


def _is_gate(step: NoisyStep) -> bool:
    return isinstance(step, Unitary) and not isinstance(step, Turn)


def _up_to_sign(pauli: str, wire: int, tableau: stim.Tableau) -> tuple[stim.PauliString, stim.PauliString]:
    string = stim.PauliString(len(tableau))
    string[wire] = pauli
    return string, -string


@lru_cache(maxsize=4096)
def _matrix(diagonal: bytes) -> npt.NDArray[np.float64]:
    """Return the matrix of a Pauli channel. Equal diagonals give the same object, which is the key of cached products."""
    matrix = np.diag(np.frombuffer(diagonal))
    matrix.setflags(write=False)
    return matrix

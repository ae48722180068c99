"""The network program of ordered actions: pairs, copies, corrections, and communication qubits that are used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Gate, Qubit
from qiskit.circuit.library import (
    CXGate,
    HGate,
    SdgGate,
    SGate,
    SXGate,
    TdgGate,
    TGate,
    UGate,
    XGate,
    YGate,
    ZGate,
)
from qiskit.synthesis import OneQubitEulerDecomposer

from qnet_circuits.distributed.nodes import Equipment
from qnet_circuits.distributed.ordering import Action, Close, Do, Open
from qnet_circuits.distributed.steps import Matrix, Swap, Turn, alike
from qnet_circuits.distributed.windows import Remote
from qnet_circuits.programs.blocks import Pair, move
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.sharing import Route

_ANGLES = OneQubitEulerDecomposer("U")
_NAMED: tuple[Gate, ...] = (
    HGate(),
    XGate(),
    ZGate(),
    SGate(),
    SdgGate(),
    YGate(),
    TGate(),
    TdgGate(),
    SXGate(),
)
#: A qubit, and a node that holds it.
_Place = tuple[int, int]


@dataclass
class _Builder:
    """A circuit that grows, also in communication qubits and bits, and the qubits that are in use."""

    network: Network
    equipment: Equipment
    circuit: QuantumCircuit = field(default_factory=QuantumCircuit)
    data: list[Qubit] = field(default_factory=list)
    spare: dict[int, list[Qubit]] = field(default_factory=dict)
    bits: list[Clbit] = field(default_factory=list)
    busy: dict[Qubit, None] = field(default_factory=dict)
    held: dict[_Place, Qubit] = field(default_factory=dict)
    in_use: list[dict[int, int]] = field(default_factory=list)
    claims: list[Remote] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = [Qubit() for _ in self.equipment.nodes]
        self.held = dict(zip(enumerate(self.equipment.nodes), self.data, strict=True))
        self.spare = {node: [] for node in range(len(self.network.nodes))}
        self.circuit.add_bits(self.data)

    def claim(self, kind: str, start: int, data: Sequence[Qubit], copy: Qubit | None = None) -> None:
        """Note what the instructions from ``start`` on do."""
        self.claims.append(Remote(kind, start, len(self.circuit.data), tuple(data), copy))

    def take(self, node: int) -> Qubit:
        """Return a communication qubit of a node in |0⟩."""
        qubit = next((each for each in self.spare[node] if each not in self.busy), None)
        if qubit is None:
            qubit = Qubit()
            self.circuit.add_bits([qubit])
            self.spare[node].append(qubit)
        else:
            self.circuit.reset(qubit)
        self.busy[qubit] = None
        return qubit

    def bit(self) -> Clbit:
        """Return a bit that was not used yet."""
        bit = Clbit()
        self.circuit.add_bits([bit])
        self.bits.append(bit)
        return bit

    def pair(self, a: int, b: int) -> Pair:
        """Append a pair between two nodes, over the route; the stations' qubits are free again afterwards."""
        path = self.equipment.routes[a, b]
        qubits = [self.take(node) for hop in pairwise(path) for node in hop]
        names = [self.network.nodes[node] for node in path]
        links = tuple(self.network.link(one, other) for one, other in pairwise(names))
        bits = tuple(self.bit() for _ in range(2 * len(links) - 2))
        made = Route(tuple(qubits), links, bits).entangle(self.circuit)
        self.note()
        for qubit in qubits[1:-1]:
            del self.busy[qubit]
        return made

    def note(self) -> None:
        """Note how many communication qubits each node uses now."""
        self.in_use.append({node: sum(q in self.busy for q in qubits) for node, qubits in self.spare.items()})

    def open(self, action: Open) -> None:
        """Append a copy of a qubit at another node (Yimsiriwattana and Lomonaco, quant-ph/0402148)."""
        start, source = len(self.circuit.data), self.held[action.qubit, action.source]
        pair, bit = self.pair(action.source, action.node), self.bit()
        self.circuit.cx(source, pair.near)
        self.circuit.measure(pair.near, bit)
        pair.corrected(self.circuit, x=[bit])
        del self.busy[pair.near]
        made = pair.far
        if action.node == self.equipment.nodes[action.qubit]:
            made = self.data[action.qubit]
            self.circuit.reset(made)
            move(self.circuit, pair.far, made)
            del self.busy[pair.far]
        self.held[action.qubit, action.node] = made
        self.claim("open", start, [source], made)

    def close(self, action: Close) -> None:
        """Append the end of a copy, or of the original, whose state the copy at ``keeper`` then holds alone."""
        start, bit = len(self.circuit.data), self.bit()
        gone, kept = self.held.pop((action.qubit, action.node)), self.held[action.qubit, action.keeper]
        self.circuit.h(gone)
        self.circuit.measure(gone, bit)
        Pair(gone, kept).corrected(self.circuit, z=[bit])
        self.busy.pop(gone, None)
        self.claim("close", start, [kept], gone)

    def do(self, action: Do) -> None:
        """Append a step."""
        step = action.step
        if isinstance(step, Swap):
            self.swap(step)
            return
        first, *_ = [node for qubit, node in self.held if qubit == step.qubits[0]]
        node = first if action.node is None else action.node
        gate = _gate_of(step.matrix) if isinstance(step, Turn) else step.gate
        self.circuit.append(gate, [self.held[qubit, node] for qubit in step.qubits])
        for (qubit, other), copy in self.held.items():
            if qubit == action.flipped and other != node:
                controls = [self.held[each, other] for each in step.qubits if each != qubit]
                self.circuit.append(CXGate() if controls else XGate(), [*controls, copy])

    def swap(self, step: Swap) -> None:
        """Append the exchange of two qubits: local, or by two teleportations at the same time."""
        a, b = step.qubits
        one, other = self.equipment.nodes[a], self.equipment.nodes[b]
        if one == other:
            self.circuit.swap(self.data[a], self.data[b])
            return
        start = len(self.circuit.data)
        pairs = [self.pair(one, other), self.pair(other, one)]
        for qubit, pair in zip((a, b), pairs, strict=True):
            pair.teleport(self.circuit, self.data[qubit], self.bit(), self.bit())
        for qubit, pair in zip((b, a), pairs, strict=True):
            self.circuit.reset(self.data[qubit])
            move(self.circuit, pair.far, self.data[qubit])
            for half in (pair.near, pair.far):
                del self.busy[half]
        self.claim("exchange", start, [self.data[a], self.data[b]])


def _gate_of(matrix: Matrix) -> Gate:
    """Return the gate of a matrix up to its phase: one with a name if there is one."""
    named = (gate for gate in _NAMED if alike(gate.to_matrix(), matrix))
    return next(named, None) or UGate(*_ANGLES.angles(matrix))


@dataclass(frozen=True)
class Built:
    """A network program, and what is known of it.

    Args:
        circuit: The circuit.
        data: The qubit that holds each qubit of the circuit at the beginning.
        ends: The qubit that holds it at the end.
        claims: The remote operations, each with what it does.
        in_use: The communication qubits of each node that are in use after each pair was made.
    """

    circuit: QuantumCircuit
    data: tuple[Qubit, ...]
    ends: tuple[Qubit, ...]
    claims: tuple[Remote, ...]
    in_use: tuple[dict[str, int], ...]


def built(network: Network, equipment: Equipment, actions: Sequence[Action]) -> Built:
    """Return the network program of ordered actions.

    A node's register holds its data qubits first, then its communication qubits.

    Args:
        network: The network.
        equipment: Its nodes as numbers, with the assignment.
        actions: What happens.
    """
    builder = _Builder(network, equipment)
    for action in actions:
        if isinstance(action, Open):
            builder.open(action)
        elif isinstance(action, Close):
            builder.close(action)
        else:
            builder.do(action)
    return _in_registers(builder)


def _in_registers(builder: _Builder) -> Built:
    """Return what was built, on a register for each node and one for all bits."""
    names = builder.network.nodes
    own: dict[int, list[Qubit]] = {node: [] for node in builder.spare}
    for qubit, node in zip(builder.data, builder.equipment.nodes, strict=True):
        own[node].append(qubit)
    held = {names[node]: [*own[node], *spare] for node, spare in builder.spare.items()}
    registers = [QuantumRegister(len(qubits), name) for name, qubits in held.items() if qubits]
    told = [ClassicalRegister(len(builder.bits), "told")] if builder.bits else []
    circuit = QuantumCircuit(*registers, *told)
    at = dict(zip((qubit for qubits in held.values() for qubit in qubits), circuit.qubits, strict=True))
    bits = dict(zip(builder.bits, circuit.clbits, strict=True))
    for each in builder.circuit.data:
        circuit.append(
            each.operation, [at[qubit] for qubit in each.qubits], [bits[bit] for bit in each.clbits]
        )
    claims = tuple(
        replace(
            claim,
            data=tuple(at[qubit] for qubit in claim.data),
            copy=None if claim.copy is None else at[claim.copy],
        )
        for claim in builder.claims
    )
    use = tuple({names[node]: count for node, count in used.items()} for used in builder.in_use)
    last = {qubit: at[each] for (qubit, _), each in builder.held.items()}
    ends = tuple(last[qubit] for qubit in range(len(builder.data)))
    return Built(circuit, tuple(at[qubit] for qubit in builder.data), ends, claims, use)

"""The circuits of blind computing: rounds that compute, and rounds of traps that look the same to the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit
from qiskit.circuit.library import SdgGate, SGate

from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.parities import odd_ones
from qnet_circuits.programs.sharing import routed
from qnet_circuits.theory.blind import STEP, Graph


@dataclass(frozen=True)
class Round:
    """What client and server agree on in one round, and the client's secrets.

    Args:
        graph: The server's graph.
        network: The chain from the client to the server.
        secret: The secret angle of each qubit, 0 to 7 in units of π/4.
        order: For each qubit, 0 to 3: which of two angles the client calls the first, and at which side of the right angle the
            other one lies if the bit is the client's free choice.
        wrong: For each qubit, the angle in radians by which the server's measurement is wrong.
        peeked: Number of the qubit that the server reads twice; the second result goes into ``heard``.
    """

    graph: Graph
    network: Network
    secret: Sequence[int]
    order: Sequence[int]
    wrong: Sequence[float]
    peeked: int | None = None

    def test(self, colour: int) -> QuantumCircuit:
        """Return a round whose qubits of one colour are traps, and whose other qubits are dummies, |0⟩ or |1⟩."""
        made = _Made(self, self.graph.qubits)
        for qubit in range(self.graph.qubits):
            made.prepare(qubit, dummy=self.graph.colour(qubit) != colour)
        made.entangle()
        for qubit in range(self.graph.qubits):
            made.measure(qubit, *self.told(self.idle, qubit))
        return made.circuit

    def traps(self, colour: int) -> list[list[Bit]]:
        """Return for each trap of a round the bits whose parity is even if it passes: its result, and what the client knows."""
        return [
            [("result", trap), *(("secret", qubit) for qubit in (trap, *self.graph.neighbours(trap)))]
            for trap in range(self.graph.qubits)
            if self.graph.colour(trap) == colour
        ]

    def computation(self, angles: Sequence[int], setting: str) -> QuantumCircuit:
        """Return a round that computes, and in which the client measures its part of the last column.

        Args:
            angles: The angle of each measured qubit, in units of π/4.
            setting: A Pauli letter for each line.
        """
        flow = Flow(self.graph, tuple(angles))
        made = _Made(self, len(self.graph.measured), flow)
        for qubit in self.graph.measured:
            made.prepare(qubit)
        made.entangle()
        for qubit in self.graph.measured:
            made.measure(qubit, *self.told(angles, qubit))
        out = ClassicalRegister(self.graph.rows, "out")
        made.circuit.add_register(out)
        for qubit, pauli, bit in zip(self.graph.outputs, setting, out, strict=True):
            made.measure(qubit, self.secret[qubit])
            made.take_back(qubit)
            measure_pauli(made.circuit, made.client[qubit], pauli, bit)
        return made.circuit

    @property
    def idle(self) -> tuple[int, ...]:
        """The angles of a round that computes nothing."""
        return (0,) * len(self.graph.measured)

    def told(self, angles: Sequence[int], qubit: int) -> tuple[int, ...]:
        """Return the angle δ that the server is told of a qubit; two of them, a quarter of a turn apart, if a bit chooses.

        A bit chooses for every qubit that has another before it on its line, in all rounds and for all programs, since the
        server would learn from a missing bit where it may cheat. An earlier result decides on the bit if φ is an odd multiple
        of π/4. If not, the client chooses it freely, and the angle that it names is the right one.
        """
        secret, first = self.secret[qubit], self.order[qubit] % 2
        if qubit not in self.graph.measured:
            return (secret,)
        angle = angles[qubit]
        if self.graph.before(qubit) is None:
            return ((secret + angle) % 8,)
        if Flow(self.graph, tuple(angles)).adapts(qubit):
            angle = -angle if first else angle
            return (secret + angle) % 8, (secret - angle) % 8
        right, other = (secret + angle) % 8, (secret + angle + (2 if self.order[qubit] < 2 else 6)) % 8
        return (other, right) if first else (right, other)


@dataclass(frozen=True)
class Flow:
    """How the meaning of a result, and the sign of an angle, follow from earlier results.

    A later angle changes its sign with the result before it on its line. Half a turn only flips a result, which the client
    takes into account in software, so an earlier result decides on the angle for odd multiples of π/4 alone.

    Args:
        graph: The graph.
        angles: The angle of each measured qubit, in units of π/4.

    Example:
        >>> flow = Flow(Graph(1, 3), (1, 1))
        >>> flow.adapts(0), flow.adapts(1), flow.meaning(0)
        (False, True, [('result', 0), ('secret', 0)])
    """

    graph: Graph
    angles: tuple[int, ...]
    _known: dict[int, list[Bit]] = field(default_factory=dict, repr=False, compare=False)

    def adapts(self, qubit: int) -> bool:
        """Tell whether an earlier result decides on the angle of a qubit."""
        return self.angles[qubit] % 2 == 1 and self.graph.before(qubit) is not None

    def flips(self, qubit: int) -> list[Bit]:
        """Return the bits whose parity decides on X of a qubit."""
        before = self.graph.before(qubit)
        return [] if before is None else self.meaning(before)

    def phases(self, qubit: int) -> list[Bit]:
        """Return the bits whose parity decides on Z of a qubit."""
        return odd_ones(bit for each in self.graph.behind(qubit) for bit in self.meaning(each))

    def meaning(self, qubit: int) -> list[Bit]:
        """Return the bits whose parity is the result of a measured qubit for the computation; the server's bit is the first."""
        if qubit not in self._known:
            bits: list[Bit] = [("result", qubit), ("secret", qubit), *self.phases(qubit)]
            bits += self.flips(qubit) if self.angles[qubit] % 4 == 2 else []
            self._known[qubit] = odd_ones(bits)
        return self._known[qubit]


class _Made:
    """A circuit that is made step by step."""

    def __init__(self, of: Round, secrets: int, flow: Flow | None = None) -> None:
        self._of, self._flow = of, flow
        path, count = of.network.path(), of.graph.qubits
        # The far end corrects: the client, so that what the stations measured is not told to the server.
        self.circuit, routes = routed(of.network, [(path[-1], path[0])] * count)
        pairs = [route.entangle(self.circuit) for route in routes]
        for pair in pairs:
            pair.settle(self.circuit)
        self.server, self.client = [pair.near for pair in pairs], [pair.far for pair in pairs]
        self._choosing = [qubit for qubit in of.graph.measured if of.graph.before(qubit) is not None]
        widths = {"secret": secrets, "result": count, "delta": len(self._choosing)}
        widths["heard"] = of.peeked is not None
        self._bits = {name: ClassicalRegister(int(width), name) for name, width in widths.items() if width}
        self.circuit.add_register(*self._bits.values())

    def prepare(self, qubit: int, dummy: bool = False) -> None:
        """Let the client measure its half, which leaves the server's half at the secret angle, or in |0⟩ or |1⟩."""
        half = self.client[qubit]
        if not dummy:
            self._turn(half, self._of.secret[qubit] * STEP)
            self.circuit.h(half)
        self.circuit.measure(half, self._bits["secret"][qubit])

    def entangle(self) -> None:
        """Let the server apply a controlled Z along each edge."""
        for a, b in self._of.graph.edges:
            self.circuit.cz(self.server[a], self.server[b])

    def measure(self, qubit: int, told: int, other: int | None = None) -> None:
        """Let the server measure at the angle that it was told, or at the other one, if the client says so."""
        own = self.server[qubit]
        if other is not None:
            bit = self._say(qubit)
            self._turn(own, -told * STEP)
            correct(self.circuit, own, gate=SdgGate() if (other - told) % 8 == 2 else SGate(), when=[bit])
            self._turn(own, -self._of.wrong[qubit])
        else:
            self._turn(own, -told * STEP - self._of.wrong[qubit])
        self.circuit.h(own)
        self.circuit.measure(own, self._bits["result"][qubit])
        if self._of.peeked == qubit:
            self.circuit.measure(own, self._bits["heard"][0])

    def _say(self, qubit: int) -> Clbit:
        """Let the client tell which of the two angles it is.

        The client makes the bit on the qubit that holds the secret of the qubit before: from earlier results, or freely.
        """
        before = qubit - self._of.graph.rows
        holder, bit = self.client[before], self._bits["delta"][self._choosing.index(qubit)]
        if self._flow is not None and self._flow.adapts(qubit):
            others = [each for each in self._flow.meaning(before) if each != ("secret", before)]
            correct(self.circuit, holder, x=self._named(others))
        else:
            self.circuit.reset(holder)
        if self._of.order[qubit] % 2:
            self.circuit.x(holder)
        self.circuit.measure(holder, bit)
        return bit

    def take_back(self, qubit: int) -> None:
        """Let the client undo the secret angle on its half of an output, and correct it by all results."""
        assert self._flow is not None
        half = self.client[qubit]
        self._turn(half, self._of.secret[qubit] * STEP)
        z = odd_ones([("result", qubit), *self._flow.phases(qubit)])
        correct(self.circuit, half, x=self._named(self._flow.flips(qubit)), z=self._named(z))

    def _named(self, bits: Sequence[Bit]) -> list[Clbit]:
        return [self._bits[register][index] for register, index in bits]

    def _turn(self, qubit: Qubit, angle: float) -> None:
        if angle:
            self.circuit.rz(angle, qubit)

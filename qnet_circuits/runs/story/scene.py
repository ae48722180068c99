"""A circuit in time for a story: its operations, the node that measures each result, and the nodes that need the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction

from qnet_circuits.backends.simulation.branches import Written
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.compiling.transmissions import teleport_transmissions
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import UNITS, Usable, durations_of
from qnet_circuits.devices.schedule import DurationOf, makespan
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.instructions import CORRECT, TRANSMIT, conditioned
from qnet_circuits.programs.locality import name_of
from qnet_circuits.programs.program import Item
from qnet_circuits.runs.story.acts import Act, Acts, at, wire_names
from qnet_circuits.runs.story.messages import (
    Message,
    Reading,
    announcements,
    frame_needs,
    learnt_by,
    messages_of,
    names_of,
    needs_of,
    readings_of,
)
from qnet_circuits.runs.story.states import Complete
from qnet_circuits.runs.story.turning import turns_of
from qnet_circuits.runs.story.walk import acts_of

#: The clock without a device, in seconds.
GATE, PAIR, MEASUREMENT = 50e-9, 100e-9, 1e-6
NOMINAL = (
    "without a device nothing has a duration, so the clock is nominal: gates on one qubit take 0.05 µs, others 0.1 µs, "
    "measurements and resets 1 µs"
)


def node_of_qubit(name: str) -> str:
    """Return the node of a qubit by its name, ``node[index]``."""
    return name.rpartition("[")[0]


def _nominal(position: int, instruction: CircuitInstruction, wires: tuple[int, ...]) -> float:
    if instruction.name == "delay":
        return float(instruction.operation.params[0]) * UNITS.get(instruction.operation.unit, 0.0)
    if instruction.name in ("measure", "reset"):
        return MEASUREMENT
    return GATE if len(wires) == 1 else PAIR


@dataclass(frozen=True)
class Scene:
    """A circuit in time.

    Args:
        item: The program's item.
        compiled: The compiled circuit.
        carrier: The carrier of transmissions.
        device: The device, or None.
        noise: The noise of the device.
        decoupling: Whether waiting qubits are decoupled.
    """

    item: Item
    compiled: CompiledItem
    carrier: str
    device: Device | None
    noise: DeviceNoise
    decoupling: bool

    def __post_init__(self) -> None:
        if self.compiled.lowered.mode == "coherent":
            raise UnsupportedError(
                "a story shows messages between nodes, and corrections='coherent' replaces messages by gates across nodes; "
                "use feedforward, frame, postselect or none"
            )
        loops = [each.name for each in self.compiled.circuit.data if each.name in ("while_loop", "for_loop")]
        if loops:
            raise UnsupportedError(
                f"{loops[0]!r} lasts nobody knows how long, so no story can say when what follows happens; use if_else"
            )
        forms = self.compiled.lowered.forms
        if any(variable >= len(forms.raw) for form in forms.accept for variable in form):
            raise UnsupportedError(
                "post-selection by errors that software samples leaves no record of which shots it keeps; leave emulate_links "
                "out, or correct in another mode"
            )

    @cached_property
    def source(self) -> QuantumCircuit:
        """The program's circuit. Teleportations replace transmissions if the carrier is teleportation."""
        circuit = self.item.circuit
        return teleport_transmissions(circuit) if self.carrier == "teleport" else circuit

    @property
    def mode(self) -> str:
        """The mode of corrections."""
        return self.compiled.lowered.mode

    @property
    def latency(self) -> float:
        """The duration of a message, in seconds."""
        return self.noise.feedforward_latency

    @cached_property
    def _played(self) -> tuple[Acts, list[Complete], float]:
        circuit, qubits = self.compiled.circuit, self.compiled.qubits
        usable = None if self.device is None else Usable(self.device.calibration)
        clock: DurationOf = _nominal if usable is None else durations_of(circuit, qubits, usable)
        twin = Twin(usable, self.noise, self.decoupling)
        timed, steps = twin.played(circuit, qubits, self.compiled.lowered.link_noise, clock)
        names = wire_names(self.source, self.carrier)
        found = acts_of(self.compiled, names, timed)
        found.acts += turns_of(steps, found)
        return found, steps, makespan(timed)

    @property
    def acts(self) -> list[Act]:
        """The operations on the qubits in time."""
        return self._played[0].acts

    @property
    def steps(self) -> list[Complete]:
        """The twin's steps."""
        return self._played[1]

    @property
    def seconds(self) -> float:
        """The duration of the circuit, in seconds."""
        return self._played[2]

    def wire_of(self, name: str, time: float) -> int | None:
        """Return the wire of a qubit at a time; None if the qubit has left or has not arrived."""
        for since, until, wire in self._played[0].wires.get(name, ()):
            if since <= time < until and at(self._played[0], wire, time) == name:
                return wire
        return None

    @cached_property
    def begins(self) -> dict[str, int]:
        """The wire on which each qubit of the program begins."""
        return {name: min(stays)[2] for name, stays in self._played[0].wires.items()}

    @cached_property
    def measured(self) -> dict[Written, tuple[str, Act]]:
        """The node at which each result was measured, and the measurement."""
        return {
            result: (node_of_qubit(act.qubits[0]) if act.qubits else "", act)
            for act in self.acts
            for result in act.written
        }

    @cached_property
    def bits(self) -> list[str]:
        """The names of the classical bits."""
        circuit = self.compiled.circuit
        return [name_of(circuit, bit) for bit in circuit.clbits]

    @cached_property
    def names(self) -> dict[Written, str]:
        """The program's name of each result."""
        return names_of(self.source, self.compiled, self.measured)

    @cached_property
    def final(self) -> dict[str, Written]:
        """The last result of each bit, by its name; a run keeps the value of this result."""
        return {self.bits[bit]: (bit, write) for bit, write in sorted(self.measured)}

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """How software reads each measured bit of the program."""
        return readings_of(self.compiled, self.measured)

    @cached_property
    def messages(self) -> list[Message]:
        """The messages of corrections and decisions, if they are sent, and the announcements."""
        found = []
        if self.mode != "none":
            needs = [*needs_of(self.source, self.compiled), *frame_needs(self.compiled, self.measured)]
            found = messages_of(dict.fromkeys(needs), self.measured, self.latency)
        ends: dict[str, float] = {}
        for act in self.acts:
            for name in act.qubits if act.kind not in ("wait", "turn") else ():
                ends[node_of_qubit(name)] = max(ends.get(node_of_qubit(name), 0.0), act.end)
        learnt = learnt_by(self.measured, found)
        return found + announcements(self.item.announced, ends, self.latency, self.readings, learnt)

    @property
    def in_real_time(self) -> bool:
        """Whether a decision uses a result of another node while the circuit runs."""
        return any(
            result in self.measured and self.measured[result][0] != node_of_qubit(act.qubits[0])
            for act in self.acts
            for result in (act.read if act.qubits else ())
        )

    @cached_property
    def corrections(self) -> dict[tuple[str, frozenset[str]], str]:
        """The gates of the program's corrections, by their qubit and deciding bits."""
        found = {}
        for instruction in self.source.data if self.mode == "feedforward" else ():
            for bits, gates in conditioned(instruction) if instruction.name == CORRECT else ():
                names = frozenset(name_of(self.source, bit) for bit in bits)
                found[name_of(self.source, instruction.qubits[0]), names] = " ".join(
                    gate.name.upper() for gate in gates
                )
        return found

    @cached_property
    def crossings(self) -> dict[frozenset[str], tuple[str, str]]:
        """The qubit that leaves and the one that arrives, by the names of both."""
        sent = (each for each in self.item.circuit.data if each.name == TRANSMIT)
        pairs = [tuple(name_of(self.item.circuit, qubit) for qubit in each.qubits) for each in sent]
        return {frozenset(pair): (pair[0], pair[1]) for pair in pairs}

    @cached_property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The pairs of nodes that link operations join."""
        pairs: dict[tuple[str, str], None] = {}
        for instruction in self.item.circuit.data:
            if instruction.name in ("entangle", "transmit"):
                a, b = (node_of_qubit(name_of(self.item.circuit, qubit)) for qubit in instruction.qubits)
                if (b, a) not in pairs:
                    pairs[a, b] = None
        return tuple(pairs)


def of_nodes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes of qubits, each once."""
    return tuple(dict.fromkeys(map(node_of_qubit, names)))

"""The operations of a compiled circuit in time, with the program's names of qubits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qiskit import QuantumCircuit

from qnet_circuits.backends.simulation.branches import Written
from qnet_circuits.devices.schedule import INSTANT
from qnet_circuits.programs.instructions import TRANSMIT
from qnet_circuits.programs.locality import name_of


@dataclass
class Act:
    """Something that happens to qubits.

    Args:
        kind: ``gate``, ``link``, ``channel``, ``swap``, ``measure``, ``reset``, ``decision``, ``wait`` or ``turn``.
        start: The time of its begin, in seconds.
        end: The time of its end, in seconds.
        wires: The wires of the circuit.
        qubits: The names of the program's qubits on these wires. If a qubit crosses a link: the name of the qubit that leaves,
            and of the one that arrives.
        gates: The names of its gates.
        read: The results that decide it.
        written: The results that it measures.
        position: Its index in the compiled circuit, or the index of its placeholder in the program.
    """

    kind: str
    start: float
    end: float
    wires: tuple[int, ...]
    qubits: tuple[str, ...]
    gates: list[str] = field(default_factory=list)
    read: tuple[Written, ...] = ()
    written: tuple[Written, ...] = ()
    position: int = -1


@dataclass
class Acts:
    """All operations of a compiled circuit in time.

    Args:
        acts: The operations, in no order.
        wires: For each qubit of the program its wire, with the time of its arrival and of its departure.
    """

    acts: list[Act]
    wires: Mapping[str, Sequence[tuple[float, float, int]]]


def wire_names(source: QuantumCircuit, carrier: str) -> list[str]:
    """Return the name of the program's qubit on each wire of a lowered circuit, when it begins."""
    received = {each.qubits[1] for each in source.data if each.name == TRANSMIT}
    gone = received if carrier == "relabel" else set()
    return [name_of(source, qubit) for register in source.qregs for qubit in register if qubit not in gone]


def at(acts: Acts, wire: int, time: float) -> str:
    """Return the name of the program's qubit that is on a wire at a time; empty if there is none."""
    for name, stays in acts.wires.items():
        for since, until, where in stays:
            if where == wire and since - INSTANT <= time < until - INSTANT:
                return name
    return ""

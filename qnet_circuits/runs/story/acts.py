"""What happens to the qubits of a compiled circuit: operations in time, with the names that the program gives to wires."""

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
        kind: ``gate``, ``link``, ``channel``, ``swap``, ``measure``, ``reset``, ``decision`` or ``wait``.
        start: When it begins, in seconds.
        end: When it ends.
        wires: The wires of the circuit.
        qubits: The names of the program's qubits on them; for a crossing the one that leaves, and the one that arrives.
        gates: The names of its gates.
        read: The results that it decides on.
        written: The results that it measures.
        position: Its place in the compiled circuit, or that of the placeholder in the program.
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
    """What happens in a compiled circuit.

    Args:
        acts: Everything that happens, in no order.
        wires: For each qubit of the program the wire that it is on, with the time from which on and that until which it is.
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

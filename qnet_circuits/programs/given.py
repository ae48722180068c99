"""Circuits that no protocol makes: a program as it is, or plain circuits with their figures, in the place of a protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import flattened
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import GIVEN

#: The input of verbs: anything that makes circuits with figures, or has them.
Runnable: TypeAlias = Protocol | Program | QuantumCircuit | Mapping[str, QuantumCircuit]
#: The name of a single plain circuit in figures.
ONLY = "circuit"
#: The options that a circuit of a program may decide instead of the run.
_DECIDED = ("shots", "layout", "carrier", "fixed")


@dataclass(frozen=True)
class Given(Protocol):
    """A program in the place of a protocol that makes it.

    Args:
        made: The program.
    """

    made: Program

    name: ClassVar[str] = GIVEN

    def program(self, rng: np.random.Generator) -> Program:
        """Return the program."""
        return self.made

    @property
    def parameters(self) -> dict[str, Any]:
        """What each circuit decides in place of the run: circuits and figures, kept beside it, lack nothing else."""
        return {"circuits": {item.name: _decided(item) for item in self.made}}

    @property
    def id(self) -> str:
        """Its name; the circuits identify the program, but they take more than a line."""
        return self.name

    @classmethod
    def again(
        cls, parameters: Mapping[str, Any], circuits: Iterable[QuantumCircuit], figures: Iterable[Figure]
    ) -> Given:
        """Make it of its parameters, and of the circuits and figures of a run, which may have more of its own."""
        decided: Mapping[str, Mapping[str, Any]] = parameters["circuits"]
        items = [_item(each, decided[each.name]) for each in circuits if each.name in decided]
        own = [figure for figure in figures if figure.circuits <= {*decided}]
        return cls(Program(items, own))


def _decided(item: Item) -> dict[str, Any]:
    values = {key: getattr(item, key) for key in _DECIDED if getattr(item, key)}
    if item.announced:
        values["announced"] = [said.to_plain() for said in item.announced]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _item(circuit: QuantumCircuit, decided: Mapping[str, Any]) -> Item:
    announced = tuple(Announcement(**said) for said in decided.get("announced", ()))
    return Item(circuit.name, circuit, **{**decided, "announced": announced})


def protocol_for(given: Runnable, figures: Iterable[Figure] | None = None, needed: bool = True) -> Protocol:
    """Return the protocol for the input of a verb: the protocol itself, or a ``Given`` that takes its place.

    Args:
        given: A protocol, a program, a circuit, or several circuits by name. A plain circuit is one node's: gates may join any
            of its qubits, whatever registers they are in.
        figures: Figures that are computed from the bits of plain circuits; a single circuit is called ``circuit`` in them.
        needed: Whether plain circuits without figures are refused.

    Raises:
        ParameterError: If the input is none of these, figures are missing, or they are given although the input has its own.
        ProgramError: If a circuit measures nothing, or figures do not fit the circuits.

    Example:
        >>> import qnet_circuits as qn
        >>> bell = QuantumCircuit(2)
        >>> _ = bell.h(0), bell.cx(0, 1), bell.measure_all()
        >>> zz = qn.Figure("zz", qn.parity("circuit", [("meas", 0), ("meas", 1)]), ideal=1.0)
        >>> round(qn.predict(bell, figures=[zz]).zz.value, 12)
        1.0
    """
    if isinstance(given, Protocol | Program):
        if figures is not None:
            whose = "the program" if isinstance(given, Program) else type(given).__name__
            raise ParameterError(f"figures are a plain circuit's, and {whose} has its own; leave figures out")
        return given if isinstance(given, Protocol) else Given(given)
    circuits = {ONLY: given} if isinstance(given, QuantumCircuit) else given
    if not _are_circuits(circuits):
        raise ParameterError(
            "protocol must be a Protocol, such as RepeaterChain(hops=3), a Program, or a QuantumCircuit (or several by name, "
            f"{{name: circuit}}) with figures=[...], got {given!r}"
        )
    items = [plain_item(name, circuit) for name, circuit in circuits.items()]
    if figures is None and needed:
        first = items[0]
        bit = f'("{first.circuit.cregs[0].name}", 0)'
        raise ParameterError(
            "a plain circuit needs figures, which say what is computed of its bits, such as "
            f'figures=[qn.Figure("zero", qn.population("{first.name}", [{bit}], ["0"]))]; [] if its outcomes are enough'
        )
    return Given(Program(items, _checked(figures or ())))


def _are_circuits(given: Any) -> bool:
    return isinstance(given, Mapping) and bool(given) and all(
        isinstance(name, str) and isinstance(circuit, QuantumCircuit) for name, circuit in given.items()
    )  # fmt: skip


def _checked(figures: Any) -> tuple[Figure, ...]:
    listed = tuple(figures) if isinstance(figures, Iterable) else (figures,)
    if isinstance(figures, Figure) or not all(isinstance(each, Figure) for each in listed):
        raise ParameterError(f"figures must be a list of Figures, got {figures!r}")
    return listed


def plain_item(name: str, circuit: QuantumCircuit) -> Item:
    """Return a plain circuit as an item of a program: all wires that it uses are one node's.

    A circuit that was transpiled lies on the qubits of the device that its wires are.
    """
    data = list(flattened(circuit).data)
    used = {qubit for each in data if each.name != "barrier" for qubit in each.qubits}
    wires = [k for k, qubit in enumerate(circuit.qubits) if qubit in used]
    node = "node"
    while any(register.name == node for register in circuit.cregs):
        node += "_"
    register = QuantumRegister(len(wires), node)
    place = {circuit.qubits[k]: qubit for k, qubit in zip(wires, register, strict=True)}
    made = QuantumCircuit(register, *circuit.cregs, global_phase=circuit.global_phase)
    made.add_bits([bit for bit in circuit.clbits if not circuit.find_bit(bit).registers])
    for each in data:
        qubits = [place[qubit] for qubit in each.qubits if qubit in place]
        if len(qubits) == len(each.qubits):
            made.append(each.replace(qubits=qubits))
        elif qubits:
            made.barrier(qubits)
    return Item(name, made, layout=None if circuit.layout is None else tuple(wires))

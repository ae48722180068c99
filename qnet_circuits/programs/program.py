"""A program: the circuits of a protocol, and the figures that follow from their outcomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, SwitchCaseOp

from qnet_circuits.classical import written_bits
from qnet_circuits.errors import ProgramError, check_count, check_name
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import CARRIERS, CORRECT, flattened
from qnet_circuits.programs.locality import (
    Announcement,
    Message,
    check_announced,
    check_circuit,
    count,
    largest,
)
from qnet_circuits.programs.network import Network

Tag = str | int | float | bool | None
#: The tag that names the control experiment which a circuit belongs to.
CONTROL = "control_experiment"
#: Modules of gates and instructions that their names and parameters tell.
_TOLD = (
    "qiskit.circuit.library.standard_gates.", "qiskit.circuit.measure", "qiskit.circuit.reset",
    "qiskit.circuit.barrier", "qiskit.circuit.delay",
)  # fmt: skip
#: Said of circuits over links that take time, where the program says nothing of this time itself.
NO_TIME = (
    "links over distances begin with the pairs that their heralds announce: the time until then, and what memories lose in it, "
    "is not in these figures; quantum-repeater has it"
)
#: Names that no figure may have: a result uses them for something else.
RESERVED = frozenset((
    "acceptance_of_corrections", "blocks", "bounds", "compare", "copies", "counts", "figures", "from_dict", "ideal",
    "mitigated", "more", "notes", "plot", "predicted", "provenance", "ranges", "records", "refused", "report", "resources",
    "rounds", "rows", "sampled", "seconds", "secrets", "theory", "title", "to_csv", "to_dataframe", "to_dict", "to_html",
    "to_latex",
))  # fmt: skip


def acceptance_name(figures: Iterable[Figure]) -> str:
    """Return the name of the share of shots that post-selection keeps when it replaces corrections.

    It is ``acceptance``, or ``acceptance_of_corrections`` if the program has a figure with that name.
    """
    taken = any(figure.name == "acceptance" for figure in figures)
    return "acceptance_of_corrections" if taken else "acceptance"


@dataclass(frozen=True)
class Item:
    """One circuit of a program.

    Args:
        name: Its name, by which figures refer to it.
        circuit: A circuit with one quantum register for each node. Composite instructions that hold classical bits are taken
            apart, and each ``for_loop`` becomes its turns.
        tags: Its meaning in plain values, such as the setting or the input state.
        shots: Its number of shots. Default: the run decides.
        layout: The physical qubit on which each of its wires begins. Default: the run decides. If a gate joins qubits that the
            device does not couple, SWAPs are inserted. Without a device the layout has no effect.
        carrier: The carrier of its transmissions on a machine. Default: the run decides.
        fixed: Whether every wire must stay at its place, as in a circuit that measures the device. If so, a circuit that needs
            SWAPs is refused.
        announced: Announcements of nodes for comparison, on which no operation waits. The ledger counts them separately.

    Raises:
        ProgramError: If the circuit measures nothing, has variables, an instruction that cannot be taken apart, or a
            ``for_loop`` that is left early; or if the layout does not have one qubit of its own for each wire, or an
            announcement names a node that does not exist, or a result that the node neither measures nor has heard.
        UnknownNameError: If there is no such carrier.
    """

    name: str
    circuit: QuantumCircuit
    tags: Mapping[str, Tag] = field(default_factory=dict)
    shots: int | None = None
    layout: tuple[int, ...] | None = None
    carrier: str | None = None
    fixed: bool = False
    announced: tuple[Announcement, ...] = ()

    def __post_init__(self) -> None:
        # A circuit can be changed by its owner; the program keeps its own.
        object.__setattr__(self, "circuit", flattened(self.circuit.copy(self.name)))
        object.__setattr__(self, "tags", dict(self.tags))
        if self.shots is not None:
            check_count("shots", self.shots)
        if self.carrier is not None:
            check_name("carrier", self.carrier, CARRIERS)
        if not any(map(written_bits, self.circuit.data)):
            raise ProgramError(f"circuit {self.name!r} measures nothing; measure something")
        told = self.announced if isinstance(self.announced, Sequence) else (self.announced,)
        object.__setattr__(self, "announced", tuple(told))
        nodes = [register.name for register in self.circuit.qregs]
        for said in self.announced:
            if not isinstance(said, Announcement) or not {said.source, said.target} <= {*nodes}:
                raise ProgramError(
                    f"circuit {self.name!r} announces between its nodes, {', '.join(nodes)}, by Announcement(source, target, "
                    f"bits, what), got {said!r}"
                )
        check_announced(self.circuit, self.announced)
        if self.fixed and self.layout is None:
            raise ProgramError(f"circuit {self.name!r} is fixed to no layout; give its layout")
        if self.layout is not None:
            object.__setattr__(
                self, "layout", tuple(check_count("layout", qubit, 0) for qubit in self.layout)
            )
            if not len(set(self.layout)) == len(self.layout) == self.circuit.num_qubits:
                raise ProgramError(
                    f"the layout of circuit {self.name!r} must name {self.circuit.num_qubits} different qubits, one for "
                    f"each wire, got {', '.join(map(str, self.layout))}"
                )

    @property
    def widths(self) -> dict[str, int]:
        """Width of each classical register."""
        return {register.name: register.size for register in self.circuit.cregs}

    @property
    def corrects(self) -> bool:
        """Whether it has a correction, written with ``correct``."""
        return any(instruction.name == CORRECT for instruction in self.circuit.data)

    @property
    def control(self) -> str:
        """The control experiment that the circuit belongs to; empty for a circuit of the protocol itself."""
        return str(self.tags.get(CONTROL, ""))


@dataclass(frozen=True)
class Program:
    """Circuits with declared figures, checked when built.

    Args:
        items: The circuits; their names differ.
        figures: The declared figures; their names differ.
        network: If given, every link operation must lie on one of its links.
        notes: Notes about the circuits, which results show. Default: for links over distances, that time is not in the figures.
        device: The reason why the circuits need a device, such as delays in which its qubits are the memories. Backends without
            a device refuse the circuits with this reason. Default: the circuits run everywhere.

    Raises:
        LocalityError: If an instruction other than a link operation touches two nodes.
        ProgramError: If a circuit is not a network program, or a figure reads a bit that does not exist or has a name that a
            result needs.

    Example:
        >>> from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
        >>> from qnet_circuits.programs.instructions import entangle
        >>> from qnet_circuits.programs.expressions import parity
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob, ClassicalRegister(2, "out"))
        >>> entangle(circuit, alice[0], bob[0])
        >>> circuit.measure([0, 1], [0, 1])
        <qiskit.circuit.instructionset.InstructionSet object at ...>
        >>> zz = parity("zz", [("out", 0), ("out", 1)])
        >>> Program([Item("zz", circuit)], [Figure("zz", zz, ideal=1.0)]).resources["bell_pairs"]
        1
    """

    items: tuple[Item, ...]
    figures: tuple[Figure, ...] = ()
    network: Network | None = None
    notes: tuple[str, ...] = ()
    device: str = ""

    def __init__(
        self,
        items: Sequence[Item],
        figures: Sequence[Figure] = (),
        network: Network | None = None,
        notes: Sequence[str] = (),
        device: str = "",
    ) -> None:
        object.__setattr__(self, "items", tuple(items))
        object.__setattr__(self, "figures", tuple(figures))
        object.__setattr__(self, "network", network)
        far = network is not None and any(link.length_km is not None for *_, link in network.links)
        object.__setattr__(self, "notes", tuple(notes) or (NO_TIME,) * far)
        object.__setattr__(self, "device", device)
        if not self.items:
            raise ProgramError("a program needs at least one circuit, got none")
        for kind, named in (("circuit", self.items), ("figure", self.figures)):
            names = [entry.name for entry in named]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ProgramError(f"two {kind}s are called {', '.join(twice)}; names must differ")
        if len({item.layout is None for item in self.items}) > 1:
            raise ProgramError(
                "some circuits of the program have a layout and some have none; give all or none one"
            )
        widths = {item.name: item.widths for item in self.items}
        for figure in self.figures:
            if figure.name in RESERVED or figure.name.startswith("_"):
                raise ProgramError(
                    f"no figure may be called {figure.name!r}: results use this name for something else; choose another name"
                )
            figure.check(widths)
        # Checked here, once, and kept: messages are what the check finds.
        object.__setattr__(
            self, "messages", {item.name: check_circuit(item.circuit, network) for item in self.items}
        )

    messages: Mapping[str, tuple[Message, ...]] = field(init=False, repr=False, compare=False)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    @cached_property
    def resources(self) -> dict[str, Any]:
        """The resource ledger of one shot: the largest values of the protocol's own circuits.

        If circuits make different numbers of Bell pairs, ``circuit`` names the circuit that makes the most.
        """
        own = [item for item in self.items if not item.control]
        ledgers = {item.name: count(item.circuit, self.messages[item.name], item.announced) for item in own}
        pairs = {name: ledger["bell_pairs"] for name, ledger in ledgers.items()}
        differ = {"circuit": max(pairs, key=pairs.__getitem__)} if len(set(pairs.values())) > 1 else {}
        return {**largest(list(ledgers.values())), **differ}

    def acceptance(self, accepted: Mapping[str, float], shots: Sequence[int]) -> dict[str, float]:
        """Return by name the share of shots that post-selection keeps when it replaces corrections; nothing without it.

        Args:
            accepted: The share of each circuit; empty without post-selection.
            shots: The shots of each circuit.
        """
        asked = {item.name: count for item, count in zip(self, shots, strict=True) if not item.control}
        if not accepted:
            return {}
        kept = sum(accepted[name] * count for name, count in asked.items())
        return {acceptance_name(self.figures): kept / sum(asked.values())}

    @cached_property
    def id(self) -> str:
        """Hash of everything that changes the answer: circuits, shots and figures."""
        digest = hashlib.sha256()
        for item in self.items:
            decided = [each for each in (item.layout, item.carrier) if each is not None]
            decided += ["fixed"] if item.fixed else []
            digest.update(repr((item.name, item.shots, _content(item.circuit), *decided)).encode())
        digest.update(repr([figure.to_dict() for figure in self.figures]).encode())
        return digest.hexdigest()[:16]


def _content(circuit: QuantumCircuit) -> list[Any]:
    """Return the content of a circuit as plain values."""
    place = {bit: k for k, bit in enumerate([*circuit.qubits, *circuit.clbits])}
    listed: list[Any] = [(register.name, register.size) for register in [*circuit.qregs, *circuit.cregs]]
    for instruction in circuit.data:
        operation = instruction.operation
        blocks = operation.blocks if isinstance(operation, ControlFlowOp) else ()
        condition = _decision(operation) if blocks else ""
        parameters = [] if blocks else [_parameter(operation.name, each) for each in operation.params]
        if operation.name == "delay" and operation.unit != "dt":
            parameters.append(operation.unit)
        bits = [place[bit] for bit in [*instruction.qubits, *instruction.clbits]]
        inside = [_content(block) for block in blocks or _definition(instruction)]
        listed.append((operation.name, parameters, bits, condition, inside))
    return listed


def _parameter(name: str, parameter: Any) -> str:
    """Return a parameter as text, the same for a circuit that was stored: QPY turns whole numbers into floats, or back."""
    if isinstance(parameter, np.ndarray):  # As text an array is rounded, and a large one cut.
        return str(parameter.tolist())
    if not isinstance(parameter, Real):
        return str(parameter)
    return str(int(float(parameter)) if name == CORRECT else float(parameter))


def _decision(operation: ControlFlowOp) -> str:
    """Return the condition that decides on the branches of control flow."""
    if isinstance(operation, SwitchCaseOp):
        cases = [[str(value) for value in values] for values, _ in operation.cases_specifier()]
        return str((str(operation.target), cases))
    return str(getattr(operation, "condition", None))


def _definition(instruction: CircuitInstruction) -> list[QuantumCircuit]:
    """Return the circuit that a gate stands for, if its name and its parameters do not tell what it does."""
    operation = instruction.operation
    told = operation.base_class.__module__.startswith(_TOLD)
    if told or any(isinstance(each, np.ndarray) for each in operation.params):
        return []
    definition = operation.definition
    return [] if definition is None else [definition]

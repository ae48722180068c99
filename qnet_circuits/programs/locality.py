"""The rules that make a circuit a network program, and the ledger of its resources, counted before it is lowered.

Operations are local, links join nodes, and messages come before their use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, ControlFlowOp, Qubit

from qnet_circuits.classical import condition_bits, inside, written_bits
from qnet_circuits.errors import LocalityError, ParameterError, ProgramError, check_count
from qnet_circuits.programs.channel import CHANNEL
from qnet_circuits.programs.conditions import Bit, bits_of
from qnet_circuits.programs.instructions import (
    CORRECT,
    ENTANGLE,
    LINK_OPERATIONS,
    TRANSMIT,
    conditioned,
    narrow,
)
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import check_node_name

Ledger = dict[str, Any]

_ADVICE = {
    "barrier": "put one barrier on each node instead",
    CHANNEL: "two nodes share the noise of their link alone: put the channel right after the pair was made",
}


@dataclass(frozen=True)
class Message:
    """A classical bit on its way: measured at ``source``, needed at ``target`` in communication round ``round``."""

    bit: str
    source: str
    target: str
    round: int


@dataclass(frozen=True)
class Announcement:
    """An announcement of one node to another for a later comparison, such as a basis or a sampled outcome.

    No operation waits for it or depends on it, so it delays no qubit. It is declared beside a circuit, for the ledger.

    Args:
        source: The node that announces.
        target: The node that receives the announcement.
        bits: Number of bits in one shot, at least 1.
        what: The content, in words.
        results: The announced outcomes among these bits, each as (register, index). Their values are those that the node reads,
            after corrections in software. Default: none, as for a basis.

    Raises:
        ProgramError: If both nodes are the same, or there are more results than bits.
        ParameterError: If ``bits`` is not a positive whole number, a node has no name, or a result is no bit.

    Example:
        >>> Announcement("bob", "alice", 1, "outcome", [("out", 1)])
        Announcement(source='bob', target='alice', bits=1, what='outcome', results=(('out', 1),))
    """

    source: str
    target: str
    bits: int
    what: str
    results: tuple[Bit, ...] = ()

    def __post_init__(self) -> None:
        check_count("bits of an announcement", self.bits)
        for node in (self.source, self.target):
            check_node_name(node)
        if self.source == self.target:
            raise ProgramError(f"an announcement joins two nodes, got {self.source!r} twice")
        object.__setattr__(self, "results", bits_of(self.results))
        if len({*self.results}) != len(self.results) or len(self.results) > self.bits:
            raise ProgramError(
                f"an announcement of {self.bits} bits has at most as many results, all different, got {self.results!r}"
            )

    def to_plain(self) -> dict[str, Any]:
        """Return the arguments in plain values, without results if there are none."""
        plain = {"source": self.source, "target": self.target, "bits": self.bits, "what": self.what}
        return plain | ({"results": [list(bit) for bit in self.results]} if self.results else {})


def check_announced(circuit: QuantumCircuit, announced: Iterable[Announcement]) -> None:
    """Check that each node measures the results that it announces, or has heard them in an earlier announcement.

    Raises:
        ProgramError: If a node announces a result that does not exist, or that the node cannot know.
    """
    if not (named := [said for said in announced if said.results]):
        return
    nodes, known = node_of(circuit), dict[str, set[str]]()
    for instruction in circuit.data:
        for bit in written_bits(instruction):
            if circuit.find_bit(bit).registers:
                known[name_of(circuit, bit)] = {nodes[instruction.qubits[0]]}
    for said in named:
        for register, index in said.results:
            name = f"{register}[{index}]"
            if said.source not in known.get(name, ()):
                who = " and ".join(known.get(name, ())) or "no node"
                raise ProgramError(
                    f"{said.source!r} announces {name} of circuit {circuit.name!r}, which {who} measures; a node announces a "
                    "result that it measured last, or heard in an earlier announcement"
                )
            known[name].add(said.target)


def node_of(circuit: QuantumCircuit) -> dict[Qubit, str]:
    """Return the node of each qubit: the name of its quantum register.

    Raises:
        ProgramError: If a qubit has no register, or more than one.
        ParameterError: If a register's name is no node name.
    """
    nodes: dict[Qubit, str] = {}
    for register in circuit.qregs:
        check_node_name(register.name)
    for qubit in circuit.qubits:
        registers = circuit.find_bit(qubit).registers
        if len(registers) != 1:
            raise ProgramError(
                f"each qubit belongs to one quantum register, its node's; qubit {circuit.find_bit(qubit).index} "
                f"of {circuit.name!r} is in {len(registers)}"
            )
        nodes[qubit] = registers[0][0].name
    return nodes


def name_of(circuit: QuantumCircuit, bit: Qubit | Clbit) -> str:
    """Return a bit's name, register[index]."""
    register, index = circuit.find_bit(bit).registers[0]
    return f"{register.name}[{index}]"


@dataclass
class _Walk:
    """What is known of the circuit up to the instruction that is looked at."""

    circuit: QuantumCircuit
    nodes: dict[Qubit, str]
    network: Network | None
    used: set[Qubit] = field(default_factory=set)
    gone: dict[Qubit, str] = field(default_factory=dict)
    #: Of a qubit that was copied onto an unused one, and of the copy: which was copied onto which.
    copied: dict[Qubit, tuple[Qubit, Qubit]] = field(default_factory=dict)
    #: Of each half of a pair to which nothing was done since it was made: the other half.
    halves: dict[Qubit, Qubit] = field(default_factory=dict)
    received: set[Qubit] = field(default_factory=set)
    #: The nodes of which one measured a bit last: several where a branch may have overwritten it.
    measured_at: dict[Clbit, tuple[str, ...]] = field(default_factory=dict)
    bit_round: dict[Clbit, int] = field(default_factory=dict)
    qubit_round: dict[Qubit, int] = field(default_factory=dict)
    messages: dict[tuple[Clbit, str, int], Message] = field(default_factory=dict)
    writes: dict[Clbit, int] = field(default_factory=dict)


def check_circuit(circuit: QuantumCircuit, network: Network | None = None) -> tuple[Message, ...]:
    """Check that a circuit is a network program and return its classical messages.

    Args:
        circuit: A circuit with one quantum register for each node.
        network: If given, link operations must lie on its links.

    Returns:
        The messages, each bit once for each node that needs it.

    Raises:
        LocalityError: If an instruction other than a link operation touches two nodes.
        ProgramError: If a bit is used before it is measured, a qubit is used after it was transmitted, or a link operation
            meets a used qubit.
    """
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise ProgramError(f"circuit {circuit.name!r} has unbound parameters: {names}; assign them first")
    for bit in circuit.clbits:
        if len(circuit.find_bit(bit).registers) != 1:
            raise ProgramError(f"each classical bit of {circuit.name!r} must be in one classical register")
    walk = _Walk(circuit, node_of(circuit), network)
    for instruction in circuit.data:
        _check_instruction(walk, instruction)
    return tuple(walk.messages.values())


def _check_instruction(walk: _Walk, instruction: CircuitInstruction) -> None:
    name = instruction.operation.name
    touched = dict.fromkeys(walk.nodes[qubit] for qubit in instruction.qubits)
    for qubit in instruction.qubits:
        if qubit in walk.gone:
            raise ProgramError(
                f"{name!r} uses {name_of(walk.circuit, qubit)}, which was transmitted to {walk.gone[qubit]} before"
            )
    if name in LINK_OPERATIONS:
        _check_link(walk, instruction, tuple(touched))
    elif len(touched) > 1 and not (
        name == CHANNEL and walk.halves.get(instruction.qubits[0]) == instruction.qubits[1]
    ):
        raise LocalityError(name, touched, _ADVICE.get(name, ""))
    if name == CORRECT:
        for bit in instruction.clbits:
            _receive(walk, instruction.qubits[0], bit)
    elif isinstance(instruction.operation, ControlFlowOp):
        _check_control_flow(walk, instruction)
    rounds = max((walk.qubit_round.get(qubit, 0) for qubit in instruction.qubits), default=0)
    walk.qubit_round.update(dict.fromkeys(instruction.qubits, rounds))
    if name == "measure":
        _measure(walk, instruction.clbits[0], walk.nodes[instruction.qubits[0]], rounds)
    if name not in ("barrier", "delay"):  # after a delay |0⟩ is |0⟩
        _note_used(walk, name, instruction.qubits)
        _note_halves(walk, name, instruction.qubits)
    if name == TRANSMIT:
        source, target = instruction.qubits
        walk.gone[source] = walk.nodes[target]


def _note_used(walk: _Walk, name: str, qubits: Sequence[Qubit]) -> None:
    """Note which qubits are in |0⟩ no more, and which are again.

    A qubit is after a reset, and after its state has moved: CX onto an unused qubit, and CX back with nothing in between.
    """
    copies = {walk.copied.pop(qubit, None) for qubit in qubits}
    fresh = [qubit for qubit in qubits if qubit not in walk.used]
    walk.used.update(qubits)
    if name == "reset":
        walk.used.discard(qubits[0])
    elif name == "cx" and copies == {(qubits[1], qubits[0])}:
        walk.used.discard(qubits[1])
    elif name == "cx" and qubits[1] in fresh:
        walk.copied.update(dict.fromkeys(qubits, (qubits[0], qubits[1])))


def _note_halves(walk: _Walk, name: str, qubits: Sequence[Qubit]) -> None:
    """Note which pairs are as their links made them."""
    if name == CHANNEL:
        return
    for qubit in qubits:
        walk.halves.pop(walk.halves.pop(qubit, qubit), None)
    if name == ENTANGLE:
        walk.halves.update(zip(qubits, reversed(qubits), strict=True))


def _measure(walk: _Walk, bit: Clbit, node: str, rounds: int, surely: bool = True) -> None:
    before = () if surely else walk.measured_at.get(bit, ())
    walk.measured_at[bit] = tuple(dict.fromkeys([*before, node]))
    walk.bit_round[bit] = max(rounds, walk.bit_round.get(bit, 0)) if before else rounds
    walk.writes[bit] = walk.writes.get(bit, 0) + 1


def _check_link(walk: _Walk, instruction: CircuitInstruction, touched: tuple[str, ...]) -> None:
    name = instruction.operation.name
    names = [name_of(walk.circuit, qubit) for qubit in instruction.qubits]
    if len(touched) != 2:
        raise ProgramError(f"{name!r} joins two nodes, got {' and '.join(names)}, both at {touched[0]}")
    if walk.network is not None:
        try:
            walk.network.link(*touched)
        except ParameterError as error:
            raise LocalityError(name, touched, str(error)) from None
    fresh = instruction.qubits if name == ENTANGLE else instruction.qubits[1:]
    for qubit in fresh:
        if qubit in walk.used:
            advice = "reset it first" if name == ENTANGLE else "give the node another qubit"
            raise ProgramError(
                f"{name!r} needs {name_of(walk.circuit, qubit)} in |0⟩, but it was used before; {advice}"
            )
    if name == TRANSMIT:
        target = instruction.qubits[1]
        # After a reset the qubit is in |0⟩, but "the same physical qubit" would have two histories.
        if target in walk.qubit_round:
            raise ProgramError(f"'transmit' needs an unused target, but {names[1]} was used before")


def _check_control_flow(walk: _Walk, instruction: CircuitInstruction) -> None:
    bits = condition_bits(instruction)
    # What is measured later is 0 until then, as everybody knows without a message; what never is was meant to be.
    known = [bit for bit in bits if bit in walk.measured_at]
    if not known and not any({*bits}.intersection(written_bits(each)) for each in walk.circuit.data):
        known = list(bits)
    for bit in known:
        for qubit in instruction.qubits or ():
            _receive(walk, qubit, bit)
    for each in inside(instruction):
        if each.name in (CHANNEL, CORRECT, *LINK_OPERATIONS):
            raise ProgramError(f"{each.name!r} may not stand inside {instruction.name!r}")
        if each.name == "measure":
            qubit = each.qubits[0]
            rounds = walk.qubit_round.get(qubit, 0)
            _measure(walk, each.clbits[0], walk.nodes[qubit], rounds, surely=False)
        elif each.is_control_flow():
            _check_control_flow(walk, each)


def _receive(walk: _Walk, qubit: Qubit, bit: Clbit) -> None:
    """Note that the node of ``qubit`` needs ``bit``; a bit from elsewhere costs a round."""
    if bit not in walk.measured_at:
        raise ProgramError(
            f"an operation on {name_of(walk.circuit, qubit)} reads {name_of(walk.circuit, bit)}, which is not measured "
            "before it; measure first"
        )
    target = walk.nodes[qubit]
    elsewhere = [source for source in walk.measured_at[bit] if source != target]
    arrival = walk.bit_round[bit] + bool(elsewhere)
    walk.qubit_round[qubit] = max(walk.qubit_round.get(qubit, 0), arrival)
    for source in elsewhere[:1]:
        key = (bit, target, walk.writes[bit])
        walk.messages.setdefault(key, Message(name_of(walk.circuit, bit), source, target, arrival))


def count(
    circuit: QuantumCircuit, messages: Sequence[Message], announced: Sequence[Announcement] = ()
) -> Ledger:
    """Count the resources of one shot of a circuit.

    Args:
        circuit: A network program's circuit.
        messages: Its classical messages.
        announced: Announcements beside the messages.

    Returns:
        ``bell_pairs``, ``transmissions``, ``classical_bits``, ``announced_bits``, ``rounds`` of communication, ``qubits`` (and
        ``qubits_per_node``), ``two_qubit_gates`` and ``depth``. A Bell pair counts as one two-qubit gate of depth two, and a
        gate on more qubits counts as its parts.
    """
    parts = [part for instruction in circuit.data for part in narrow(instruction)]
    names = [instruction.operation.name for instruction in parts]
    local = sum(
        len(instruction.qubits) == 2
        and instruction.operation.name not in (ENTANGLE, TRANSMIT, CHANNEL, "barrier")
        for instruction in parts
    )
    return {
        "bell_pairs": names.count(ENTANGLE),
        "transmissions": names.count(TRANSMIT),
        "classical_bits": len(messages),
        "announced_bits": sum(each.bits for each in announced),
        "rounds": max((message.round for message in messages), default=0),
        "qubits": circuit.num_qubits,
        "qubits_per_node": {register.name: register.size for register in circuit.qregs},
        "two_qubit_gates": names.count(ENTANGLE) + local,
        "depth": _depth(circuit, parts),
    }


def _depth(circuit: QuantumCircuit, parts: Sequence[CircuitInstruction]) -> int:
    """Return the depth in gates, with a Bell pair of depth two and a correction of one for each of its parities."""
    reached: dict[Any, int] = dict.fromkeys([*circuit.qubits, *circuit.clbits], 0)
    for instruction in parts:
        bits = [*instruction.qubits, *instruction.clbits]
        name = instruction.operation.name
        cost = 0 if name in ("barrier", CHANNEL, TRANSMIT) else 2 if name == ENTANGLE else 1
        if name == CORRECT:
            cost = len(conditioned(instruction))
        level = max(reached[bit] for bit in bits) + cost
        reached.update(dict.fromkeys(bits, level))
    return max(reached.values(), default=0)


def largest(ledgers: Sequence[Ledger]) -> Ledger:
    """Return for each key the largest value of all circuits in one shot."""
    if not ledgers:
        return {}
    merged: Ledger = {}
    for key, value in ledgers[0].items():
        if isinstance(value, dict):
            nodes = dict.fromkeys(node for ledger in ledgers for node in ledger[key])
            merged[key] = {node: max(ledger[key].get(node, 0) for ledger in ledgers) for node in nodes}
        else:
            merged[key] = max(ledger[key] for ledger in ledgers)
    return merged

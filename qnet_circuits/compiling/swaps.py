"""SWAPs as CX between fences of their own, and what a circuit does without them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, Qubit

from qnet_circuits.compiling.building import fence, joint, place_label, three_cx
from qnet_circuits.compiling.cuts import CUT

#: The label of the first fence of a SWAP, with its number, and that of the joint place after a move.
_ENTERS, _MOVED = re.compile(r"swap(\d+):a:in"), re.compile(r"swap\d+")


class Used:
    """The wires that something was done to: all others are in |0⟩."""

    def __init__(self) -> None:
        self._wires: set[Qubit] = set()

    def __contains__(self, wire: Qubit) -> bool:
        return wire in self._wires

    def follow(self, instructions: Iterable[CircuitInstruction]) -> None:
        """Take note of instructions that were appended."""
        for each in instructions:
            # At any fence of the program noise may happen: that of a channel, or of the link that a qubit came over.
            if each.name != "barrier" or place_label(each) is not None:
                self._wires.update(each.qubits)

    def swap(self, a: Qubit, b: Qubit) -> None:
        """Take note of a SWAP of two wires."""
        if (a in self) != (b in self):
            self._wires ^= {a, b}


def fenced_swap(a: Qubit, b: Qubit, number: int, used: Container[Qubit]) -> list[CircuitInstruction]:
    """Return a SWAP, written as CX, between fences.

    Two CX move a state to a qubit in |0⟩, and leave |0⟩ behind. What a compiler adds to the qubit that is left comes before the
    other goes on: else a schedule that is as late as possible would leave it in |1⟩ meanwhile, beside qubits that turn with it.

    Args:
        a: One qubit.
        b: The other.
        number: The number of the SWAP in its circuit.
        used: The qubits that may be in another state than |0⟩.
    """
    fences = {
        end: [fence(wire, f"swap{number}:{side}:{end}") for wire, side in ((a, "a"), (b, "b"))]
        for end in ("in", "out")
    }
    gates = swap_gates(a, b, used)
    # The first CX of a move begins on the qubit that is left.
    together = [joint(gates[0].qubits, f"swap{number}")] if len(gates) == 2 else []
    return [*fences["in"], *gates, *fences["out"], *together]


def left_by(instruction: CircuitInstruction) -> Qubit | None:
    """Return the qubit that a move has left in |0⟩, if an instruction is the joint place after it."""
    return instruction.qubits[0] if _MOVED.fullmatch(place_label(instruction) or "") else None


def swap_gates(a: Qubit, b: Qubit, used: Container[Qubit]) -> list[CircuitInstruction]:
    """Return the CX of a SWAP: three, or two if one of the qubits is in |0⟩, or none if both are."""
    if a in used and b in used:
        return three_cx(a, b)
    if a in used:
        return three_cx(a, b)[:2]
    return three_cx(b, a)[:2] if b in used else []


def undo_routing(routed: QuantumCircuit, wires: Sequence[int | None]) -> list[tuple[object, ...]]:
    """Return what a routed circuit does to each program wire, with its fenced SWAPs taken out.

    Args:
        routed: A circuit with SWAPs between fences.
        wires: The program's wire that each qubit of the circuit begins as, None for a qubit that only helps.

    Returns:
        For each bit of the program in turn, in order, the instructions that touch it: equal lists mean equal circuits.
    """
    holds: dict[Qubit, int | None] = dict(zip(routed.qubits, wires, strict=True))
    used = Used()
    touched: dict[tuple[str, int | None], list[object]] = {}
    position = 0
    while position < len(routed.data):
        swap = _swap_at(routed.data, position, used)
        if swap:
            a, b = (entering.qubits[0] for entering in swap[:2])
            holds[a], holds[b] = holds[b], holds[a]
            used.swap(a, b)
            position += len(swap)
            continue
        instruction = routed.data[position]
        position += 1
        label = place_label(instruction) or ""
        if label.startswith(CUT):
            continue
        used.follow([instruction])
        places = [("wire", holds[qubit]) for qubit in instruction.qubits]
        bits = [("bit", routed.find_bit(bit).index) for bit in instruction.clbits]
        done = (what(instruction), label, tuple(places), tuple(bits))
        for place in [*places, *bits]:
            touched.setdefault(place, []).append(done)
    return sorted(((place, tuple(done)) for place, done in touched.items()), key=repr)


def _swap_at(
    data: Sequence[CircuitInstruction], position: int, used: Container[Qubit]
) -> list[CircuitInstruction]:
    """Return the SWAP that stands at a position, with its fences; nothing if none does, or if it is not what it must be."""
    entering = _ENTERS.fullmatch(place_label(data[position]) or "")
    if entering is None or position + 1 == len(data):
        return []
    (a, *_), (b, *_) = (each.qubits for each in data[position : position + 2])
    expected = fenced_swap(a, b, int(entering[1]), used)
    found = data[position : position + len(expected)]
    return expected if list(map(_plain, found)) == list(map(_plain, expected)) else []


def _plain(instruction: CircuitInstruction) -> tuple[object, ...]:
    return what(instruction), instruction.label, instruction.qubits, instruction.clbits


def what(instruction: CircuitInstruction) -> tuple[object, ...]:
    """Return an operation in plain values: its name and parameters, or its decision and what its branches do to which bits."""
    operation = instruction.operation
    blocks = getattr(operation, "blocks", ())
    if not blocks:
        return operation.name, str(operation.params)
    inside = [
        [(what(each), _places(block, each.qubits), _places(block, each.clbits)) for each in block.data]
        for block in blocks
    ]
    return operation.name, str(getattr(operation, "condition", None)), str(inside)


def _places(block: QuantumCircuit, bits: Iterable[Qubit | Clbit]) -> list[int]:
    return [block.find_bit(bit).index for bit in bits]

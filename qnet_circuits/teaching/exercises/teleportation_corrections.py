"""Lesson 2: the circuit that teleports, as a fragment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.instructions import entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Item
from qnet_circuits.teaching.circuits import ROUNDING, around, exact, fragment, fragment_checks, resource_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_TEXT = """\
Write the fragment of a circuit that teleports the state of `alice[0]` to `bob[0]`.

Make one Bell pair with `qn.entangle(circuit, qubit, qubit, link)`, and pass on the `link` that you are
given. Let Alice measure her two qubits into `bits`. Let Bob correct his qubit with
`qn.correct(circuit, qubit, x=[...], z=[...])`.

Prepare no state and measure nothing at Bob's: the checker does both. A referee keeps a qubit that is
entangled with `alice[0]`, so that all inputs are tested at once. The checker also withholds Alice's
messages, and replaces the link by one that delivers pure noise. Both controls must leave the process
fidelity 1/4, that of a guess."""
#: Correlators between the referee's qubit and Bob's, rounded, and the mistake that leaves them so.
_HINTS: Mapping[tuple[float, ...], str] = {
    (0, 0, 1): "Bit values arrive and phases do not. Which of Alice's two results tells Bob about a phase?",
    (1, 0, 0): "Phases arrive and bit values do not. Which of Alice's two results tells Bob about a bit flip?",
    (0, -1, 0): "Bob is right when both Paulis are needed, or none. Are the two results exchanged?",
    (0, 0, 0): "Bob's qubit does not depend on the input. Follow the state from Alice's first qubit to Bob's.",
    (-1, 1, 1): "The state arrives, always with the same extra Z.",
    (1, 1, -1): "The state arrives, always with the same extra X.",
    (-1, -1, -1): "The state arrives, always with the same extra Y.",
}  # fmt: skip
_OTHERWISE = "Write the state of all three qubits before Alice measures, and sort it by her four results."
_RESOURCES = {"bell_pairs": 1, "classical_bits": 2, "transmissions": 0}
_RESOURCE_HINTS = {
    "bell_pairs": "Teleportation uses up one Bell pair.",
    "classical_bits": "Alice sends both of her results, and nothing else.",
    "transmissions": "No qubit is sent: the state travels by the pair and two bits.",
}


class Corrections(Task):
    """The fragment that teleports alice[0] to bob[0]."""

    name: ClassVar[str] = "teleportation/corrections"
    lesson: ClassVar[int] = 2
    step: ClassVar[int] = 2
    title: ClassVar[str] = "Teleport a qubit"
    simulates: ClassVar[bool] = True
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''import qnet_circuits as qn


def corrections(circuit, alice, bob, bits, link):
    """Append the lines that teleport alice[0] to bob[0].

    alice has two qubits, bob has one, and bits has two bits. alice[0] holds the state already; all other qubits are in |0>.
    """
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of a fragment."""
        registers = QuantumRegister(2, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(2, "bits")
        part = fragment(answer, registers, Link(1.0))
        structure = list(fragment_checks(part, registers))
        yield from structure
        if not all(check.passed for check in structure):
            return
        items = _items(part)
        signs = exact(items, _CORRELATORS)
        fidelity = _fidelity(signs)
        key = tuple(round(signs[name], 6) + 0.0 for name in ("xx", "yy", "zz"))
        yield Check.of(
            "process fidelity", abs(fidelity - 1) < ROUNDING, fidelity, "1",
            _HINTS.get(key, _OTHERWISE),
        )  # fmt: skip
        without = _fidelity(exact(items, _CORRELATORS, "none"))
        yield Check.of(
            "with the messages withheld", abs(without - 0.25) < ROUNDING, without, "0.25",
            "Something arrives before Alice's message, or less than a guess. Only her two results may decide what Bob does.",
        )  # fmt: skip
        noise = _fidelity(exact(_items(fragment(answer, registers, Link(0.25))), _CORRELATORS))
        yield Check.of(
            "over a link of pure noise", abs(noise - 0.25) < ROUNDING, noise, "0.25",
            "The state does not travel by the pair of the link that is given. Pass `link` to entangle.",
        )  # fmt: skip
        yield from resource_check(items, _RESOURCES, _RESOURCE_HINTS, own=1)


_CORRELATORS = {2 * basis.lower(): parity(2 * basis.lower(), [("told", 0), ("told", 1)]) for basis in "XYZ"}


def _fidelity(signs: Mapping[str, float]) -> float:
    """Return the fidelity of the referee's qubit and Bob's with Φ+, which is that of the process."""
    return (1 + signs["xx"] - signs["yy"] + signs["zz"]) / 4


def _items(part: QuantumCircuit) -> list[Item]:
    """Return the referee's three circuits around a fragment."""
    items = []
    for basis in "XYZ":
        referee, told = QuantumRegister(1, "referee"), ClassicalRegister(2, "told")
        circuit = QuantumCircuit(referee, *part.qregs, *part.cregs, told)
        entangle(circuit, referee[0], part.qregs[0][0])
        measured = around(circuit, part)
        measure_pauli(measured, referee[0], basis, told[0])
        measure_pauli(measured, part.qregs[1][0], basis, told[1])
        items.append(Item(2 * basis.lower(), measured))
    return items

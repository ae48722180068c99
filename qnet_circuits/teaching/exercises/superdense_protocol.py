"""Lesson 4: superdense coding, as a fragment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from qiskit import ClassicalRegister, QuantumRegister

from qnet_circuits.programs.expressions import population
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Item
from qnet_circuits.teaching.circuits import ROUNDING, exact, fragment, fragment_checks, resource_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_MESSAGES = ("00", "01", "10", "11")
_TEXT = """\
Write the fragment of a circuit that sends a message of two bits in one qubit.

`alice` has one qubit and `bob` has two. Make one Bell pair with
`qn.entangle(circuit, alice[0], bob[0], link)`. Let Alice alone encode `message`, a text such as "01".
Send her qubit with `qn.transmit(circuit, alice[0], bob[1])`. Let Bob decode, so that `out[0]` is the
first bit of the message and `out[1]` the second.

The checker sends all four messages. It also replaces the link by one that delivers pure noise: then Bob
must guess, and be right once in four times."""


class Superdense(Task):
    """The fragment that sends two bits in one qubit."""

    name: ClassVar[str] = "superdense/protocol"
    lesson: ClassVar[int] = 4
    title: ClassVar[str] = "Two bits in one qubit"
    asks: ClassVar[str] = _TEXT
    simulates: ClassVar[bool] = True
    starter: ClassVar[str] = '''import qnet_circuits as qn


def superdense(circuit, alice, bob, out, message, link):
    """Append the lines that send message, such as "01", from alice to bob, who reads it into out."""
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of a fragment."""
        registers = QuantumRegister(1, "alice"), QuantumRegister(2, "bob"), ClassicalRegister(2, "out")
        parts = {each: fragment(answer, registers, each, Link(1.0)) for each in _MESSAGES}
        structure = list(fragment_checks(parts["00"], registers))
        yield from structure
        if not all(check.passed for check in structure):
            return
        items = [Item(message, part) for message, part in parts.items()]
        read = _read(items)
        for message in _MESSAGES:
            right = read[message][message]
            yield Check.of(
                f"message {message}", abs(right - 1) < ROUNDING, right, "1", _hint(message, read[message])
            )
        noisy = _read([Item(each, fragment(answer, registers, each, Link(0.25))) for each in _MESSAGES])
        guessed = sum(noisy[message][message] for message in _MESSAGES) / 4
        yield Check.of(
            "over a link of pure noise", abs(guessed - 0.25) < ROUNDING, guessed, "0.25",
            "The message goes by another way than the given link's pair. Only Alice may look at `message`.",
        )  # fmt: skip
        yield from resource_check(
            items,
            {"bell_pairs": 1, "transmissions": 1, "classical_bits": 0},
            {
                "bell_pairs": "One pair is enough for two bits.",
                "transmissions": "One qubit crosses the link, and carries both bits.",
                "classical_bits": "No classical message is sent: Bob learns both bits from the qubits.",
            },
        )


def _read(items: list[Item]) -> dict[str, dict[str, float]]:
    """Return how likely it is that each message is read as each."""
    bits = [("out", 0), ("out", 1)]
    figures = {f"p{sent}{read}": population(sent, bits, [read]) for sent in _MESSAGES for read in _MESSAGES}
    values = exact(items, figures)
    return {sent: {read: values[f"p{sent}{read}"] for read in _MESSAGES} for sent in _MESSAGES}


def _hint(message: str, read: dict[str, float]) -> str:
    """Return the hint of a message that is read as something else."""
    if read[message[::-1]] > 1 - ROUNDING:
        return "Both bits are read in the wrong order: out[0] is the first bit of the message."
    if max(read.values()) > 1 - ROUNDING:
        return "Bob reads another message, always the same. Do encoding and decoding belong together?"
    if max(read.values()) > 0.5 - ROUNDING:
        return "Bob reads one bit only. Which gate must Alice apply for the other, and does Bob measure in the Bell basis?"
    return "Bob's result is random. He undoes what made the pair: CNOT, then H, before he measures."

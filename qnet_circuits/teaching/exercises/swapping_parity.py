"""Lesson 6: which Pauli is left after several swaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import ClassVar

from qnet_circuits.teaching.bell import PAULIS, carried, pauli_after
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_TEXT = """\
A chain has n stations and n + 1 links, each of which delivers Φ+. Every station measures its two qubits:
CNOT from the first to the second, H on the first, and both are read in Z. Its result is (z, x): z is the
bit of its first qubit, x that of its second.

Which Pauli must the far end apply, so that both ends share Φ+? Write the rule as a function of the
results, a list of n pairs (z, x) in the order of the stations.

The checker contracts the pairs and measurements exactly for all results of n = 1, 2, 3 and 4 stations:
4, 16, 64 and 256 of them."""
_RESULTS = tuple((z, x) for z in (0, 1) for x in (0, 1))
_ONE = {
    "Which of the two bits tells about a bit flip? Follow |0⟩ and |+⟩ through one swap.": {
        "X": "Z",
        "Z": "X",
    },
    "Bits (1, 1) need both Paulis.": {"Y": "I"},
}
_MORE = (
    "One station is right and several are not. Two equal Paulis undo each other, and Paulis of different stations combine: "
    "count each kind over all stations."
)


class Parity(Task):
    """The Pauli that is left at the end of a chain."""

    name: ClassVar[str] = "swapping/parity"
    lesson: ClassVar[int] = 6
    title: ClassVar[str] = "The rule of a chain of swaps"
    asks: ClassVar[str] = _TEXT
    starter: ClassVar[str] = '''def pauli(results):
    """Return "I", "X", "Y" or "Z" for results such as [(0, 1), (1, 1)], one (z, x) for each station."""
    raise NotImplementedError
'''

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield a check for each number of stations."""
        for stations in range(1, 5):
            results = list(product(_RESULTS, repeat=stations))
            needed = [pauli_after(carried(each, ["Φ+"] * stations)) for each in results]
            found = [answer(list(each)) for each in results]
            right = sum(map(_same, found, needed))
            yield Check.of(
                f"n = {stations}", right == len(results), f"{right} of {len(results)} right", f"{len(results)} right",
                _hint(found, needed) if stations == 1 else _MORE,
            )  # fmt: skip
            if right < len(results):
                return


def _same(found: object, needed: str) -> bool:
    return isinstance(found, str) and found == needed


def _hint(found: Sequence[object], needed: Sequence[str]) -> str:
    """Return the hint of a rule that is wrong for one station."""
    if not all(isinstance(each, str) and each in PAULIS for each in found):
        return 'Return one of the texts "I", "X", "Y" and "Z".'
    pairs = {(want, str(got)) for got, want in zip(found, needed, strict=True) if got != want}
    for hint, mistaken in _ONE.items():
        if pairs == set(mistaken.items()):
            return hint
    return "Begin with one station: write the state of the ends after each of its four results."

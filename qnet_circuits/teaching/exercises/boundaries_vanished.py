"""Lesson 9: gates that a compiler cancels if it does not know of two parties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from qiskit import QuantumCircuit, transpile

from qnet_circuits.programs.stages import own_stages
from qnet_circuits.teaching.answers import kind_check, whole_numbers
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_ROUNDS = 12
_TEXT = """\
BB84 on one chip: in each round Alice prepares a qubit (X if her bit is 1, then H if her basis is X), and
Bob measures it (H first if his basis is X). Somebody compiles both as one circuit without a boundary, by
Qiskit's `transpile(circuit, basis_gates=["rz", "sx", "x"], optimization_level=1)`. In some rounds a state
that Alice wanted to be a superposition is none any more when it is sent: every H has vanished.

In which rounds do all H gates vanish, although there were some? Return the list of their numbers, which
begin with 1. Your rounds:

{table}"""


class Round(NamedTuple):
    """One round of BB84."""

    bit: int
    alice: str
    bob: str


class Vanished(Task):
    """The rounds in which H times H was compiled away."""

    name: ClassVar[str] = "boundaries/vanished"
    lesson: ClassVar[int] = 9
    title: ClassVar[str] = "The gate that vanished"
    starter: ClassVar[str] = '''def vanished():
    """Return the numbers of the rounds in which all H gates vanish, such as [1, 12]."""
    raise NotImplementedError
'''

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The student's rounds, in which each pair of bases comes with each bit at least once."""
        numbers = self.numbers
        every = [Round(bit, a, b) for bit in (0, 1) for a in "XZ" for b in "XZ"]
        drawn = every + [numbers.choice(every) for _ in range(_ROUNDS - len(every))]
        return tuple(numbers.sample(drawn, len(drawn)))

    @property
    def text(self) -> str:
        """What is asked, with the student's rounds."""
        head = f"{'round':>5}  {'bit':>3}  {'Alice':>5}  {'Bob':>3}"
        rows = [
            f"{k:>5}  {each.bit:>3}  {each.alice:>5}  {each.bob:>3}" for k, each in enumerate(self.rounds, 1)
        ]
        return _TEXT.format(table="\n".join(f"    {row}" for row in [head, *rows]))

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of a list of rounds."""
        given = answer()
        found = whole_numbers(given, 1, _ROUNDS)
        yield kind_check(
            "a list of rounds", given, found is not None, f"numbers of rounds from 1 to {_ROUNDS}"
        )
        if found is None:
            return
        lost = {each: _vanishes(each) for each in set(self.rounds)}
        wanted = {k for k, each in enumerate(self.rounds, 1) if lost[each]}
        hint = self._hint(set(found), wanted)
        missing, extra = sorted(wanted - set(found)), sorted(set(found) - wanted)
        yield Check.of("no round is missing", not missing, f"{len(missing)} missing", "0 missing", hint)
        extras = ", ".join(map(str, extra)) or "none"
        yield Check.of("no round too many", not extra, f"too many: {extras}", "too many: none", hint)

    def _hint(self, found: set[int], wanted: set[int]) -> str:
        """Return the hint of the misconception that leads to these rounds, or another."""
        rounds = list(enumerate(self.rounds, 1))
        mistakes = {
            "Where both bases are Z there was no H that could vanish.": {k for k, each in rounds if each.alice == each.bob},
            "One H alone stays. Two H in a row are needed.": {k for k, each in rounds if "X" in each[1:]},
            "Alice's H stays where Bob adds none. Two H in a row are needed.": {k for k, each in rounds if each.alice == "X"},
            "Bob's H stays where Alice has none. Two H in a row are needed.": {k for k, each in rounds if each.bob == "X"},
            "Different bases keep one H. Which product is the identity?": {k for k, each in rounds if each.alice != each.bob},
            "X before H H stays, and both H vanish nevertheless: X H H = X.": {k for k in wanted if not self.rounds[k - 1].bit},
            "Rounds are counted from 1.": {k - 1 for k in wanted},
        }  # fmt: skip
        matching = [hint for hint, mistaken in mistakes.items() if mistaken == found]
        return (
            matching[0]
            if matching
            else "Write Alice's gates and Bob's in a row for each round. H times H is the identity."
        )


def _vanishes(each: Round) -> bool:
    """Tell whether a round has an H and its compiled circuit no gate that makes a superposition."""
    circuit = QuantumCircuit(1, 1)
    if each.bit:
        circuit.x(0)
    for basis in (each.alice, each.bob):
        if basis == "X":
            circuit.h(0)
    circuit.measure(0, 0)
    with own_stages():
        compiled = transpile(circuit, basis_gates=["rz", "sx", "x"], optimization_level=1)
    return "h" in circuit.count_ops() and "sx" not in compiled.count_ops()

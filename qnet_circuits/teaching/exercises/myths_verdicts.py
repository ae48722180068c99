"""Lesson 13: statements about quantum networks, each with the number that decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.teaching.answers import real
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check, shown
from qnet_circuits.theory import chsh, swapping
from qnet_circuits.theory.attacks import intercept_resend_qber
from qnet_circuits.theory.bell_diagonal import werner

_TEXT = """\
Some of these statements are true and some are myths. Judge each, and give the number that decides. Find it
by an experiment, or by theory. It is accepted within 1 % (within 0.001 of 0).

{claims}"""


@dataclass(frozen=True)
class Claim:
    """A statement, the question whose answer decides, and what misconceptions answer.

    Args:
        says: The statement.
        asks: Which number is wanted.
        true: Whether it is true.
        number: Returns the number.
        hint: What to think about, if the verdict is wrong or the number is one that nobody expects.
        mistakes: The number to which a misconception leads, by its hint.
    """

    says: str
    asks: str
    true: bool
    number: Callable[[], float]
    hint: str
    mistakes: dict[str, float]

    def check(self, name: str, found: Any) -> Check:
        """Return the check of a verdict and a number."""
        shaped = isinstance(found, list | tuple) and len(found) == 2 and isinstance(found[0], bool | np.bool_)
        number = real(found[1]) if shaped else None
        if number is None:
            return Check(
                name,
                False,
                shown(repr(found)),
                "(True or False, a number)",
                "Return a verdict and a finite number.",
            )
        right = self.number()
        near = [
            hint
            for hint, mistaken in self.mistakes.items()
            if abs(number - mistaken) <= 0.01 * abs(mistaken) + 1e-9
        ]
        exact = abs(number - right) <= (0.01 * right or 0.001)
        passed = exact and bool(found[0]) is self.true
        wanted = f"({self.true}, {right:.4g})"
        hint = self.hint if exact or not near else near[0]
        said = f"({found[0]}, {number:.4g})"
        return Check.of(
            name, passed, said, wanted if passed else "another verdict" if exact else "another number", hint
        )


class Myths(Task):
    """A verdict on each of eight statements, with a number."""

    name: ClassVar[str] = "myths/verdicts"
    lesson: ClassVar[int] = 13
    title: ClassVar[str] = "Myths, and the numbers that decide"
    simulates: ClassVar[bool] = True
    starter: ClassVar[str] = '''def verdicts():
    """Return {name: (True or False, number)} for each statement, such as {"instant": (True, 0.5), ...}."""
    raise NotImplementedError
'''

    @property
    def given(self) -> tuple[float, int, float, float]:
        """The student's fidelity of links, number of links, QBER, and share of intercepted qubits."""
        numbers = self.numbers
        return (
            numbers.choice((0.85, 0.88, 0.9)), numbers.choice((4, 5, 6)), numbers.choice((0.12, 0.125, 0.13, 0.135)),
            numbers.choice((0.2, 0.3, 0.4, 0.6, 0.8)),
        )  # fmt: skip

    @property
    def text(self) -> str:
        """What is asked, with the student's numbers."""
        claims = [
            f"- `{name}`: {claim.says}\n  Number: {claim.asks}." for name, claim in self.claims().items()
        ]
        return _TEXT.format(claims="\n".join(claims))

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield a check for each statement."""
        found = answer()
        plain = found if isinstance(found, dict) else {}
        for name, claim in self.claims().items():
            yield claim.check(name, plain.get(name))

    def claims(self) -> dict[str, Claim]:
        """Return the statements by name."""
        fidelity, links, qber, share = self.given
        return {**_of_teleportation(), **_of_pairs(fidelity, links), **_of_keys(qber, share)}


def _of_teleportation() -> dict[str, Claim]:
    return {
        "instant": Claim(
            "Before Alice's message, Bob's qubit already depends on the state that she sends.",
            "the largest component of Bob's Bloch vector before the message, over all states of Alice's", False, lambda: 0.0,
            "Measure Bob's qubit along X, Y and Z for different states of Alice's, with corrections='none'.",
            {"1/2 is a fidelity. A qubit about which nothing is known has a Bloch vector of length 0.": 0.5},
        ),
        "a little": Claim(
            "Without Alice's message, at least a little of the state arrives.",
            "the mean fidelity of Bob's qubit without the message, over all states", False,
            partial(_teleported, "fidelity", "none"),
            "A qubit about which nothing is known has a mean fidelity too.",
            {
                "2/3 is the best without entanglement, and it takes a message.": 2 / 3,
                "1/4 is the fidelity of the process. The mean over states is higher.": 0.25,
                "A random qubit is not always wrong.": 0.0,
            },
        ),
        "post-selection": Claim(
            "Post-selection teleports every qubit without a message: Bob keeps the good shots.",
            "the share of shots in which no correction is needed", False, partial(_teleported, "acceptance", "postselect"),
            "Alice has four results, all equally likely, and only she knows which shots are good.",
            {"Both results must be 0, not one of them.": 0.5, "Some shots are lost.": 1.0},
        ),
        "same bits": Claim(
            "If corrections are made in software, Bob's raw bits are the same with and without the message.",
            "how many raw bits of Bob's differ between corrections='frame' and 'none', with one seed", True, lambda: 0.0,
            "In frame mode the message changes the reading of a bit, after the qubit was measured.",
            {"A correction flips the meaning of half of the bits, not the raw bits.": 0.5},
        ),
    }  # fmt: skip


def _teleported(figure: str, corrections: str) -> float:
    """Return an exact figure of teleportation in a mode of corrections."""
    from qnet_circuits.protocols.teleportation import Teleportation
    from qnet_circuits.runs.verbs import run

    return float(run(Teleportation(), "exact", corrections=corrections)[figure].value)


def _of_pairs(fidelity: float, links: int) -> dict[str, Claim]:
    return {
        "two for one": Claim(
            "In superdense coding one qubit in all carries two bits.",
            "how many qubits cross the link for two bits, if the pair is counted", False, lambda: 2.0,
            "The first half of the pair had to cross the link as well.",
            {"The pair was shared before: a half of it crossed the link too.": 1.0, "Only one half of the pair moves.": 3.0},
        ),
        "amplifiers": Claim(
            "Stations amplify: the fidelity at the ends is that of one link.",
            f"the fidelity at the ends of {links} links, Werner pairs of fidelity {fidelity:g}, with perfect swaps", False,
            partial(swapping.chain_fidelity, fidelity, links),
            "Each swap adds the errors of both pairs: visibilities multiply.",
            {
                "Fidelities do not multiply, since two errors can undo each other. Visibilities do.": fidelity**links,
                "This is the fidelity of one link. Each swap adds errors.": fidelity,
                "Errors do not simply add up: two of them can undo each other.": 1 - links * (1 - fidelity),
            },
        ),
    }  # fmt: skip


def _of_keys(qber: float, share: float) -> dict[str, Claim]:
    return {
        "Bell is key": Claim(
            "Who violates Bell's inequality can distil a secret key by one-way messages.",
            f"the CHSH value of a Werner pair with a QBER of {100 * qber:g} %, where one-way rules give no key", False,
            partial(chsh.s_value, werner(1 - 3 * qber / 2)),
            "Compare S at this QBER with 2, and the QBER with the threshold of one-way rules, 11 %.",
            {
                "This is S without errors. It shrinks with the visibility, 1 - 2 QBER.": 2 * 2**0.5,
                "The visibility is 1 - 2 QBER, not 1 - QBER.": 2 * 2**0.5 * (1 - qber),
                "2 is the bound. Is S above it?": 2.0,
            },
        ),
        "noticed": Claim(
            f"On a perfect line, an eavesdropper who intercepts {100 * share:g} % of the qubits causes errors.",
            "the QBER that intercept and resend causes then", True, partial(intercept_resend_qber, share),
            "Eve chooses the wrong basis half of the time, and then Bob's bit is random.",
            {
                "Not every intercepted qubit is wrong.": share,
                "In half of these rounds Eve chose the right basis.": share / 2,
                "This is the QBER if all qubits are intercepted.": 0.25,
            },
        ),
    }  # fmt: skip

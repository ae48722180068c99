"""Lesson 0: a prediction of what latency costs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from qnet_circuits.teaching.answers import number_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check

_DEVICE = "fake_kingston"
#: Alice's two qubits and Bob's, whose T2 is at most 18 µs, so that a straight line and a decay to 0 miss the answer.
_LAYOUTS = (
    (86, 87, 88), (97, 87, 88), (90, 89, 88), (78, 89, 88), (126, 127, 137), (148, 147, 137), (134, 135, 139), (154, 155, 139),
)  # fmt: skip
_TEXT = """\
Teleportation waits for a message, and Bob's qubit decays meanwhile. On the digital twin of a processor,
predict the mean fidelity at a latency of 10 µs, before you run it.

First see how it falls. On your qubits, {layout}, look at latencies from 0 to 5 µs:

    qnet predict teleportation --on {device} --layout {layout} --corrections feedforward \\
        --noise feedforward_latency=0
    qnet predict teleportation --on {device} --layout {layout} --corrections feedforward \\
        --noise feedforward_latency=5e-6

Think about the law of the decay and about the value at which it ends. Return your prediction for 10 µs. It is
accepted within 0.01. Then run it, and see. Another student has other qubits."""


class Latency(Task):
    """The fidelity at a latency of 10 µs, from those at shorter ones."""

    name: ClassVar[str] = "first-look/latency"
    lesson: ClassVar[int] = 0
    title: ClassVar[str] = "Predict what waiting costs"
    simulates: ClassVar[bool] = True
    starter: ClassVar[str] = '''def prediction():
    """Return the fidelity that you predict for a latency of 10 µs."""
    raise NotImplementedError
'''

    @property
    def layout(self) -> tuple[int, ...]:
        """The student's qubits: Alice's two, and Bob's."""
        return self.numbers.choice(_LAYOUTS)

    @property
    def text(self) -> str:
        """What is asked, of the student's qubits."""
        return _TEXT.format(device=_DEVICE, layout=",".join(map(str, self.layout)))

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the check of the prediction."""
        at_once, soon, wanted = (_fidelity(self.layout, seconds) for seconds in (0.0, 5e-6, 1e-5))
        mistakes = {
            "This is the fidelity without latency. The message takes 10 µs, and Bob's qubit decays meanwhile.": at_once,
            "This is the fidelity at 5 µs. The latency is twice as long.": soon,
            "A straight line falls too fast: what is left decays by the same factor in each µs.": 2 * soon
            - at_once,
            "The decay does not go to 0. A qubit about which nothing is known has fidelity 1/2.": soon**2
            / at_once,
            "Only after a latency much longer than T2 is nothing left.": 0.5,
        }
        yield number_check(
            "fidelity at 10 µs", answer(), wanted, 0.01, mistakes,
            "Plot the fidelities for 0 to 5 µs. How far above 1/2 are they, and by which factor does this distance shrink?",
        )  # fmt: skip


@cache
def _fidelity(layout: tuple[int, ...], latency: float) -> float:
    """Return the exact mean fidelity of teleportation on some qubits at a latency in seconds."""
    from qnet_circuits.protocols.teleportation import Teleportation
    from qnet_circuits.runs.verbs import predict

    noise = {"feedforward_latency": latency}
    found = predict(Teleportation(), _DEVICE, layout=list(layout), corrections="feedforward", noise=noise)
    return float(found["fidelity"].value)

"""Lesson 8: six qubits of a processor on which a chain works well although it waits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from qnet_circuits.teaching.answers import kind_check, whole_numbers
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.limits import Limits
from qnet_circuits.teaching.verdict import Check

_DEVICE = "fake_kingston"
_ENOUGH = 0.89
_QUBITS = 156
#: Another group has this many qubits.
_TAKEN = 40
_TEXT = """\
Choose six qubits of the twin of a processor, `{device}`, for a repeater chain of three links. In
feed-forward mode the far end waits for the results of both stations, and the fidelity of the ends must be
above {enough:g} all the same. Qubits {first} to {last} belong to another group.

Return the six qubits in the order of the chain: the first end, two of each station, the far end. They must
lie in a line of the chip, so that no SWAP is needed.

`qnet devices {device}` shows what the calibration says of qubits and couplings, and
`qnet predict repeater-chain --set hops=3 --on {device} --corrections feedforward --layout q0,q1,...`
gives the exact fidelity on your choice. The checker scores the same number."""


class SixQubits(Task):
    """Six qubits with a fidelity above 0.89 in feed-forward mode."""

    name: ClassVar[str] = "waiting/six-qubits"
    lesson: ClassVar[int] = 8
    title: ClassVar[str] = "Six qubits that can wait"
    simulates: ClassVar[bool] = True
    #: An answer may search the chip.
    limits: ClassVar[Limits] = Limits(seconds=60)
    starter: ClassVar[str] = '''def qubits():
    """Return six numbers of qubits in the order of the chain."""
    raise NotImplementedError
'''

    @property
    def taken(self) -> range:
        """The qubits of another group."""
        first = self.numbers.choice((0, 20, 40, 60, 80, 96, 112))
        return range(first, first + _TAKEN)

    @property
    def text(self) -> str:
        """What is asked, with the qubits that this student may not use."""
        return _TEXT.format(device=_DEVICE, enough=_ENOUGH, first=self.taken[0], last=self.taken[-1])

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the checks of a choice."""
        from qnet_circuits.backends.registry import stand_in_device

        found = answer()
        qubits = whole_numbers(found, 0, _QUBITS - 1) or []
        right = not isinstance(found, set) and len(qubits) == 6 == len(set(qubits))
        yield kind_check("six qubits", found, right, f"six different numbers from 0 to {_QUBITS - 1}")
        if not right:
            return
        foreign = sorted(set(qubits) & set(self.taken))
        yield Check.of(
            "free qubits", not foreign, f"taken: {', '.join(map(str, foreign)) or 'none'}", "taken: none",
            "Another group has these qubits. Choose others.",
        )  # fmt: skip
        couplings = stand_in_device(_DEVICE).couplings
        apart = [f"{a}-{b}" for a, b in pairwise(qubits) if frozenset((a, b)) not in couplings]
        yield Check.of(
            "in a line", not apart, f"not coupled: {', '.join(apart) or 'none'}", "not coupled: none",
            "Neighbours of the chain must be neighbours on the chip. Look at the couplings of each qubit.",
        )  # fmt: skip
        if not apart:
            yield _fidelity_check(qubits)


def _fidelity_check(qubits: list[int]) -> Check:
    value = _fidelity(qubits, "feedforward")
    hint = ""
    if value <= _ENOUGH:
        frame = _fidelity(qubits, "frame")
        waits = "The far end waits while two stations measure: how long is its T2?"
        errs = "Gates and readout alone lose too much here: compare the errors of the couplings and of the readout."
        hint = f"In frame mode, in which nobody waits, it is {frame:.3f}. " + (
            errs if frame <= _ENOUGH else waits
        )
    return Check.of("fidelity", value > _ENOUGH, value, f"above {_ENOUGH:g}", hint)


def _fidelity(qubits: list[int], corrections: str) -> float:
    from qnet_circuits.protocols.repeater_chain import RepeaterChain
    from qnet_circuits.runs.verbs import predict

    return float(
        predict(RepeaterChain(hops=3), _DEVICE, layout=qubits, corrections=corrections)["fidelity"].value
    )

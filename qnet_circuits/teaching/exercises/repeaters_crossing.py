"""Lesson 7: from which length on a station helps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from scipy.optimize import brentq

from qnet_circuits.programs.link import Link
from qnet_circuits.teaching.answers import number_check
from qnet_circuits.teaching.exercise import Answer, Task
from qnet_circuits.teaching.verdict import Check
from qnet_circuits.theory.bounds import plob
from qnet_circuits.theory.fibre import LIGHT_KM_PER_S, transmission
from qnet_circuits.theory.key_rates import bb84_rate
from qnet_circuits.theory.waiting import attempts_until_all, storage_factor

_EFFICIENCY = 0.8
_TEXT = """\
Your fibre loses {loss} dB/km, and a memory at the station has a T2 of {t2:g} ms. Links are of the scheme
"sender" with an efficiency of {efficiency:g}; sources and swaps are perfect. End qubits are measured at once.

From which length in km on does one station in the middle beat the PLOB bound? That is the most secret
bits for each use of the fibre that any direct link can deliver. Return the length at which the station
reaches the bound. It is accepted within 4 %.

A way to find it: `qn.rates_over_distance(lengths, [1], qn.Link(length_km=1, scheme="sender",
attenuation_db_per_km={loss}, efficiency={efficiency:g}), memory_t2={seconds:g})`, with `key_per_use` and `plob` of each
length. The station's message takes its time. Another student has another fibre and another memory."""
_MISTAKES = (
    "This is the crossing with a memory that loses nothing. T2 makes the station worse, and the crossing comes later.",
    "This is the crossing with perfect efficiency. A photon is lost before the fibre too.",
    "Here the station beats a direct link with the same source and detector. The PLOB bound is higher.",
    "The length between the ends is asked, not that of one of the two links.",
    "The station waits for both links: the mean of the larger of two waiting times is longer than that of one.",
)


class Crossing(Task):
    """The length from which on one station gives more key for each use of the fibre."""

    name: ClassVar[str] = "repeaters/crossing"
    lesson: ClassVar[int] = 7
    title: ClassVar[str] = "From which length on a station helps"
    starter: ClassVar[str] = '''def crossing():
    """Return the length in km at which one station reaches the PLOB bound."""
    raise NotImplementedError
'''

    @property
    def given(self) -> tuple[float, float]:
        """The loss of the student's fibre in dB/km, and T2 in seconds."""
        numbers = self.numbers
        return numbers.choice((0.18, 0.2, 0.22, 0.25, 0.3)), numbers.choice((10, 12, 15, 20)) / 1000

    @property
    def text(self) -> str:
        """What is asked, of the student's fibre and memory."""
        loss, t2 = self.given
        return _TEXT.format(loss=loss, t2=1000 * t2, seconds=t2, efficiency=_EFFICIENCY)

    def checks(self, answer: Answer) -> Iterator[Check]:
        """Yield the check of the length."""
        loss, t2 = self.given
        excess = partial(_excess, loss=loss, t2=t2)
        wanted = _length(excess)
        mistaken = (
            _length(partial(excess, t2=1e6)), _length(partial(excess, efficiency=1.0)), _length(partial(excess, direct=True)),
            wanted / 2, _length(partial(excess, waits=False)),
        )  # fmt: skip
        yield number_check(
            "crossing", answer(), wanted, 0.04 * wanted, dict(zip(_MISTAKES, mistaken, strict=True)),
            "Compute both rates for some lengths, plot them, and look for the length at which the curves cross.",
        )  # fmt: skip


def _excess(
    length: float,
    loss: float,
    t2: float,
    efficiency: float = _EFFICIENCY,
    direct: bool = False,
    waits: bool = True,
) -> float:
    """Return the logarithm of the station's secret bits for each use of the fibre over the PLOB bound.

    The chain of two links waits for the later one and for the station's message. A memory keeps e^(-t/T2) of the coherence.

    Args:
        length: Length in km.
        loss: Loss in dB/km.
        t2: T2 in seconds.
        efficiency: That of source and detector.
        direct: Whether a direct link with the same efficiency takes the place of the bound.
        waits: Whether the station waits for the later link.
    """
    half = Link(length_km=length / 2, attenuation_db_per_km=loss, efficiency=efficiency, scheme="sender")
    coherence = min(1.0, storage_factor(half.success, math.exp(-half.period_s / t2)))
    attempts = attempts_until_all(half.success, 2) if waits else 1 / half.success
    told = length / 2 / LIGHT_KM_PER_S / half.period_s  # the station's result travels to an end
    key = max(bb84_rate(0.0, (1 - coherence) / 2), 1e-9) / (attempts + told)
    fibre = transmission(length, loss)
    return math.log(key / (efficiency * fibre if direct else plob(fibre)))


def _length(excess: partial[float]) -> float:
    """Return the first length in km at which a logarithm is 0."""
    first = next(length for length in range(1, 400) if excess(length) > 0)
    return float(brentq(excess, first - 1 or 0.01, first))

"""The steps of a device's noise: what qubits suffer that wait, and the declared terms beyond the calibration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qiskit.circuit.library import RZZGate, XGate

from qnet_circuits.backends.simulation.steps import NoisyStep, PauliError, Relax, Unitary
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.pulses import ENDS, colours, coupled, decoupled, pieces
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import Timed, Wait

#: What happens at one moment, in this order: the last pulse of a wait, operations, then what begins with a wait.
PULSE, OPERATION, WAITING = range(3)
#: A step with its time, its kind and a number, by which events are sorted.
TimedStep = tuple[float, int, int, NoisyStep]


@dataclass
class Waiting:
    """The waits of one circuit.

    Args:
        qubits: The physical qubit of each wire.
        usable: The calibration.
        declared: What is on beyond the calibration.
        decoupling: Whether pairs of X pulses are put into waits.
        gate_error: Gives the error steps of a gate on wires.
    """

    qubits: Sequence[int]
    usable: Usable
    declared: Declared
    decoupling: bool
    gate_error: Callable[[str, tuple[int, ...]], list[NoisyStep]]

    def events(
        self,
        waiting: Sequence[Wait],
        measured: Sequence[Timed],
        first: int,
        joined: Mapping[int, Sequence[tuple[float, int]]],
    ) -> list[TimedStep]:
        """Return everything that happens in waits.

        Args:
            waiting: The waits.
            measured: The measurements in mid-circuit.
            first: Number of the first event.
            joined: When barriers join each wire with others.
        """
        self._events: list[TimedStep] = []
        self._first = first
        dephases = self.declared.noise.measurement_dephasing > 0
        extra = self.decoupling or self.declared.acts("zz") or dephases
        pairs = coupled(self.qubits, self.usable.couplings) if extra else []
        colour = colours(pairs) if self.decoupling else {}
        pulses = {wait: self._pulses(wait, colour.get(wait.wire, 0), joined) for wait in waiting}
        for wait in waiting:
            self._relax(wait, pulses[wait])
        for a, b in _overlapping(waiting, pairs) if self.declared.acts("zz") else ():
            self._zz(a, b, sorted([*pulses[a], *pulses[b]]))
        if dephases:
            self._dephase(waiting, measured, {frozenset(pair) for pair in pairs})
        return self._events

    def _put(self, time: float, kind: int, step: NoisyStep) -> None:
        self._events.append((time, kind, self._first + len(self._events), step))

    def _relax(self, wait: Wait, pulses: Sequence[float]) -> None:
        """Put pulses into a wait, and relaxation between them."""
        ends = [wait.start, *pulses, wait.end]
        pieces = [(b - a, a) for a, b in itertools.pairwise(ends) if b > a]
        # During a pulse the qubit relaxes as during any gate, which is part of the pulse's own error.
        pulsed = len(pulses) * self._pulse_seconds(wait.wire) / len(pieces) if pulses else 0.0
        t1, t2 = self.usable.relaxation(self.qubits[wait.wire])
        # Slow dephasing acts for the time that the pulses' echo does not undo.
        left = sum((b - a) * (-1) ** k for k, (a, b) in enumerate(itertools.pairwise(ends)))
        for k, (seconds, start) in enumerate(pieces):
            coherence = self._slow(wait.wire, left) if k == 0 else 1.0
            relax = Relax(wait.wire, max(0.0, seconds - pulsed), t1, t2, coherence)
            if relax.acts:
                self._put(start, WAITING, relax)
        for time in pulses:
            for step in (Unitary(XGate(), (wait.wire,)), *self.gate_error("x", (wait.wire,))):
                self._put(time, PULSE if time == wait.end else OPERATION, step)

    def _slow(self, wire: int, seconds: float) -> float:
        return slow_coherence(self.declared, self.qubits[wire], seconds)

    def _pulse_seconds(self, wire: int) -> float:
        return self.usable.duration("x", (self.qubits[wire],))

    def _pulses(
        self, wait: Wait, colour: int, joined: Mapping[int, Sequence[tuple[float, int]]]
    ) -> tuple[float, ...]:
        """Return the moments of X pulses; those of coupled neighbours are staggered, so that ZZ is undone too."""
        if not self.decoupling:
            return ()
        seconds = self._pulse_seconds(wait.wire)
        long = [part for part in pieces(wait, joined) if decoupled(part, seconds)]
        return tuple(part.start + share * part.seconds for part in long for share in ENDS[colour])

    def _zz(self, a: Wait, b: Wait, pulses: Sequence[float]) -> None:
        """Let two waiting neighbours turn, piece by piece between pulses."""
        strength = self.declared.zz.get(frozenset((self.qubits[a.wire], self.qubits[b.wire])), 0.0)
        start, end = max(a.start, b.start), min(a.end, b.end)
        ends = [start, *(time for time in pulses if start < time < end), end]
        for begin, until in itertools.pairwise(ends):
            if strength and until > begin:
                angle = math.pi * strength * (until - begin)
                self._put(begin, WAITING, Unitary(RZZGate(angle), (a.wire, b.wire)))

    def _dephase(
        self, waiting: Sequence[Wait], measured: Sequence[Timed], pairs: set[frozenset[int]]
    ) -> None:
        """Let waits beside measurements in mid-circuit suffer Z, in proportion to the overlap."""
        for each in measured:
            for wait in waiting:
                start, end = max(wait.start, each.start), min(wait.end, each.end)
                if end > start and frozenset((wait.wire, each.wires[0])) in pairs:
                    p = self.declared.noise.measurement_dephasing * (end - start) / (each.end - each.start)
                    self._put(start, WAITING, PauliError(wait.wire, (1 - p, 0.0, 0.0, p)))


def slow_coherence(declared: Declared, qubit: int, seconds: float) -> float:
    """Return what slow dephasing leaves of coherence after a time that no echo undoes."""
    return math.exp(-((seconds / declared.slow(qubit)) ** 2))


def _overlapping(waiting: Sequence[Wait], pairs: Iterable[tuple[int, int]]) -> list[tuple[Wait, Wait]]:
    """Return the waits of coupled wires that overlap in time."""
    by_wire: dict[int, list[Wait]] = {}
    for wait in waiting:
        by_wire.setdefault(wait.wire, []).append(wait)
    return [
        (a, b)
        for first, second in pairs
        for a in by_wire.get(first, ())
        for b in by_wire.get(second, ())
        if max(a.start, b.start) < min(a.end, b.end)
    ]

"""What happens to qubits that wait: relaxation, pulses that decouple them, and the declared terms beyond the calibration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from qiskit.circuit.library import CPhaseGate, XGate

from qnet_circuits.backends.simulation.steps import NoisyStep, PauliError, Relax, Unitary
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.pulses import ENDS, colours, decoupled, pieces
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import INSTANT, Rest, Timed, waits

#: What happens at one moment, in this order: what ends with a wait, pulses, operations, what begins with a wait.
RELAX, PULSE, OPERATION, TURN = range(4)
#: A step with its time, its kind, and its place among operations of one moment, by which events are sorted.
TimedStep = tuple[float, int, float, NoisyStep]
#: Gates that leave the sign of a slow error as it is, and those that turn it; any other draws a new one.
_DIAGONAL = frozenset(
    ("rz", "z", "s", "sdg", "t", "tdg", "p", "u1", "id", "cz", "cp", "cu1", "crz", "rzz", "cs", "csdg", "ccz")
)
_FLIPS = frozenset(("x", "y"))


@dataclass
class Waiting:
    """What the waits of one circuit, or of one branch, do.

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

    @cached_property
    def _coupled(self) -> list[tuple[int, int]]:
        return self.usable.coupled(self.qubits)

    def beside(self, wires: Iterable[int]) -> list[int]:
        """Return the other wires that some of these turn with."""
        own = set(wires)
        return sorted({other for wire in own for other in self._turning.get(wire, ())} - own)

    @cached_property
    def _turning(self) -> dict[int, list[int]]:
        """The wires that each one turns with."""
        found: dict[int, list[int]] = {}
        for pair in self._coupled if self.declared.acts("zz") else ():
            if frozenset(self.qubits[wire] for wire in pair) in self.declared.zz:
                for wire, other in (pair, pair[::-1]):
                    found.setdefault(wire, []).append(other)
        return found

    def pulses(
        self, waiting: Iterable[Rest], joined: Mapping[int, Sequence[tuple[float, int]]]
    ) -> dict[Rest, tuple[float, ...]]:
        """Return the moments of X pulses in each wait; those of coupled neighbours are staggered, so that ZZ is undone too.

        Args:
            waiting: The waits.
            joined: When barriers join each wire with others.
        """
        if not self.decoupling:
            return {}
        colour = colours(self._coupled)
        found = {}
        for wait in waiting:
            seconds = self._pulse_seconds(wait.wire)
            long = [part for part in pieces(wait, joined) if decoupled(part, seconds)]
            shares = ENDS[colour.get(wait.wire, 0)]
            found[wait] = tuple(part.start + share * part.seconds for part in long for share in shares)
        return found

    def events(
        self, timed: Sequence[Timed], resting: Sequence[Rest], pulses: Mapping[Rest, tuple[float, ...]]
    ) -> list[TimedStep]:
        """Return everything that happens in waits.

        Args:
            timed: Operations in order of time.
            resting: When wires are at rest.
            pulses: The pulses in waits.
        """
        waiting = waits(resting)
        found = [event for wait in waiting for event in self._relax(wait, pulses.get(wait, ()))]
        if self.declared.acts("zz"):
            found += self._turns(resting, pulses)
        if self.declared.acts("charge_parity") or self.declared.acts("t2_star"):
            found += self._drifts(timed, waiting, pulses)
        return found

    def _relax(self, wait: Rest, pulses: Sequence[float]) -> list[TimedStep]:
        """Return the pulses of a wait, and relaxation, which a piece between pulses ends with."""
        ends = [wait.start, *pulses, wait.end]
        parts = [(b - a, b) for a, b in itertools.pairwise(ends) if b > a]
        # During a pulse the qubit relaxes as during any gate, which is part of the pulse's own error.
        pulsed = len(pulses) * self._pulse_seconds(wait.wire) / len(parts) if pulses else 0.0
        times = self.usable.relaxation(self.qubits[wait.wire])
        relaxing = [(end, Relax(wait.wire, max(0.0, seconds - pulsed), *times)) for seconds, end in parts]
        found: list[TimedStep] = [(end, RELAX, 0, relax) for end, relax in relaxing if relax.acts]
        for time in pulses:
            pulse = (Unitary(XGate(), (wait.wire,)), *self.gate_error("x", (wait.wire,)))
            found += [(time, PULSE, 0, step) for step in pulse]
        return found

    def _pulse_seconds(self, wire: int) -> float:
        return self.usable.duration("x", (self.qubits[wire],))

    # -- ZZ ---------------------------------------------------------------------------------------------------------

    def _turns(self, resting: Sequence[Rest], pulses: Mapping[Rest, tuple[float, ...]]) -> list[TimedStep]:
        """Let coupled neighbours turn while one of them waits and the other is at rest."""
        own: dict[int, list[Rest]] = {}
        for rest in resting:
            own.setdefault(rest.wire, []).append(rest)
        found: list[TimedStep] = []
        for first, second in self._coupled:
            strength = self.declared.zz.get(frozenset((self.qubits[first], self.qubits[second])), 0.0)
            for pair in _overlaps(own.get(first, ()), own.get(second, ())) if strength else ():
                cuts = sorted(time for each in pair for time in pulses.get(each, ()))
                found += _turn(*pair, strength, cuts)
        return found

    # -- slow errors ------------------------------------------------------------------------------------------------

    def _drifts(
        self, timed: Iterable[Timed], waiting: Sequence[Rest], pulses: Mapping[Rest, tuple[float, ...]]
    ) -> list[TimedStep]:
        """Return the Z of slow errors, one for each run of waits that no gate separates which would draw a new sign."""
        ending = {(wait.wire, wait.end): wait for wait in waiting}
        runs: dict[int, _Run] = {}
        found: list[TimedStep] = []
        for each in timed:
            for wire in () if each.transparent else each.wires:
                run = runs.setdefault(wire, _Run())
                run.add(ending.pop((wire, each.start), None), pulses)
                if each.name in _FLIPS:
                    run.sign = -run.sign
                elif each.name not in _DIAGONAL:
                    # Before a measurement or a reset it changes nothing.
                    found += [] if each.name in ("measure", "reset") else self._drift(wire, run)
                    del runs[wire]
        for wait in ending.values():
            runs.setdefault(wait.wire, _Run()).add(wait, pulses)
        return found + [event for wire, run in runs.items() for event in self._drift(wire, run)]

    def _drift(self, wire: int, run: _Run) -> list[TimedStep]:
        qubit = self.qubits[wire]
        distance = self.declared.charge_parity.get(qubit, 0.0)
        kept = math.cos(math.pi * distance * run.left)
        kept *= math.exp(-((run.left / self.declared.slow(qubit)) ** 2))
        return [(run.end, RELAX, 0, _flip(wire, (1 - kept) / 2))] if kept < 1 else []

    def dephasing(self, waiting: Iterable[Rest], measured: Iterable[Timed]) -> list[TimedStep]:
        """Return the Z of waits beside measurements in mid-circuit, in proportion to the overlap."""
        probability = self.declared.noise.measurement_dephasing
        if not probability:
            return []
        pairs = {frozenset(pair) for pair in self._coupled}
        found: list[TimedStep] = []
        for each, wait in itertools.product(measured, waiting):
            start, end = max(wait.start, each.start), min(wait.end, each.end)
            if end > start and frozenset((wait.wire, each.wires[0])) in pairs:
                share = (end - start) / (each.end - each.start)
                found.append((start, TURN, 0, _flip(wait.wire, probability * share)))
        return found


@dataclass
class _Run:
    """Waits of one wire for which a slow error has one sign: the time that no echo undoes, and when the last of them ends."""

    left: float = 0.0
    sign: int = 1
    end: float = 0.0

    def add(self, wait: Rest | None, pulses: Mapping[Rest, tuple[float, ...]]) -> None:
        """Let one more wait follow, if there is one."""
        if wait is None:
            return
        ends = [wait.start, *pulses.get(wait, ()), wait.end]
        for start, end in itertools.pairwise(ends):
            self.left += self.sign * (end - start)
            self.sign = -self.sign
        self.sign, self.end = -self.sign, wait.end


def _flip(wire: int, probability: float) -> PauliError:
    return PauliError(wire, (1 - probability, 0.0, 0.0, probability))


def _overlaps(first: Sequence[Rest], second: Sequence[Rest]) -> Iterator[tuple[Rest, Rest]]:
    """Yield the times at rest of one wire and of another that overlap; each wire's are in order and apart."""
    i = j = 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        if min(a.end, b.end) > max(a.since, b.since):
            yield a, b
        if a.end < b.end:
            i += 1
        else:
            j += 1


def _turn(a: Rest, b: Rest, strength: float, pulses: Sequence[float]) -> list[TimedStep]:
    """Return how two neighbours turn while both are at rest and one waits, piece by piece between pulses.

    Args:
        a: When the one is at rest.
        b: When the other is.
        strength: Their ζ in Hz.
        pulses: The pulses of both, in order of time.
    """
    start, end = max(a.since, b.since, min(a.start, b.start)), min(a.end, b.end)
    if end <= start + INSTANT:
        return []
    ends = [start, *(time for time in pulses if start < time < end), end]
    return [
        (begin, TURN, 0, _phase(strength, until - begin, (a.wire, b.wire)))
        for begin, until in itertools.pairwise(ends)
    ]


def _phase(strength: float, seconds: float, wires: tuple[int, int]) -> Unitary:
    """Return exp(-2πi ζ t |11⟩⟨11|)."""
    return Unitary(CPhaseGate(-2 * math.pi * strength * seconds), wires)

"""The effects of waits: relaxation, decoupling pulses, turns by ZZ, and dephasing beyond T1 and T2."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from qiskit.circuit.library import CPhaseGate, XGate

from qnet_circuits.backends.simulation.operations import Operations
from qnet_circuits.backends.simulation.steps import (
    PULSE,
    RELAX,
    TURN,
    NoisyStep,
    PauliError,
    Relax,
    TimedStep,
    Turn,
)
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.pulses import Pulses
from qnet_circuits.devices.schedule import INSTANT, Rest, Timed, turns, waits

#: Gates that leave the sign of a slow error as it is, and those that turn it; any other draws a new one.
_DIAGONAL = frozenset(
    ("rz", "z", "s", "sdg", "t", "tdg", "p", "u1", "id", "cz", "cp", "cu1", "crz", "rzz", "cs", "csdg", "ccz")
)
_FLIPS = frozenset(("x", "y"))
#: A time, and a place among operations of one moment.
Moment = tuple[float, float]


@dataclass
class Waiting:
    """The effects of the waits of one circuit, or of one branch.

    Args:
        operations: The effects of operations, including pulses, with the physical qubit of each wire.
        declared: The calibration, and the terms beyond it that are switched on.
    """

    operations: Operations
    declared: Declared

    @cached_property
    def coupled(self) -> list[tuple[int, int]]:
        """The pairs of wires that the device couples."""
        return self.declared.usable.coupled(self.operations.qubits)

    @cached_property
    def _turning(self) -> dict[tuple[int, int], float]:
        """The strength ζ in Hz of each pair of wires that turn each other."""
        found = {
            pair: self.declared.zz.get(frozenset(self.operations.qubits[wire] for wire in pair), 0.0)
            for pair in self.coupled
        }
        return {pair: strength for pair, strength in found.items() if strength}

    def beside(self, decision: Timed, resting: Sequence[Rest], pulses: Pulses) -> tuple[int, ...]:
        """Return the wires that turn with a wire of a decision, and that are at rest without a pulse during the decision.

        Args:
            decision: The decision.
            resting: The times at which wires are at rest.
            pulses: The ends of the pulses of each wait.
        """
        own, start, end = set(decision.wires), decision.start, decision.end
        turning = {wire for pair in self._turning if not own.isdisjoint(pair) for wire in pair} - own
        found = [
            rest.wire
            for rest in (resting if turning and end > start else ())
            if rest.wire in turning and rest.since <= start + INSTANT and end <= rest.end
            if not any(start <= time <= end for time in pulses.get(rest, ()))
        ]
        return tuple(sorted(found))

    def late(self, timed: Sequence[Timed], acting: Sequence[Sequence[NoisyStep]]) -> dict[int, Moment]:
        """Return the latest moment of each measurement after which its wire is unused, or reset: just before its bit is read.

        A neighbour turns in the same way before and after the measurement of the wire. If all turns are put before the
        measurement, nothing is left of the wire after it.

        Args:
            timed: The operations in order of time.
            acting: The steps of each operation.

        Returns:
            The moments, by the place of the measurement.
        """
        following: dict[int, tuple[str, Moment]] = {}
        asked: dict[int, Moment] = {}
        found: dict[int, Moment] = {}
        for place in reversed(range(len(timed) if self._turning else 0)):
            each, moment = timed[place], (timed[place].start, place - 0.5)
            if each.name == "measure":
                name, limit = following.get(each.wires[0], ("reset", (math.inf, place)))
                if name == "reset":
                    found[place] = min(limit, asked.get(each.bits[0], limit))
            asked.update(dict.fromkeys(each.bits, moment))
            if acting[place] or not each.transparent:
                following.update(dict.fromkeys(each.wires, (each.name, moment)))
        return found

    def pulse_seconds(self, wire: int) -> float:
        """Return the duration of an X pulse on a wire, in seconds."""
        return self.declared.usable.duration("x", (self.operations.qubits[wire],))

    def events(
        self,
        timed: Sequence[Timed],
        resting: Sequence[Rest],
        pulses: Pulses,
        measured: Sequence[Timed] = (),
    ) -> list[TimedStep]:
        """Return all steps that happen during waits.

        Args:
            timed: The operations in order of time.
            resting: The times at which wires are at rest.
            pulses: The ends of the pulses of each wait.
            measured: The measurements that dephase their neighbours.
        """
        waiting, declared = waits(resting), self.declared
        found = [event for wait in waiting for event in self._relax(wait, pulses.get(wait, ()))]
        if declared.acts("zz"):
            found += self._turns(resting, pulses)
        if declared.acts("charge_parity") or declared.acts("t2_star"):
            found += self._drifts(timed, waiting, pulses)
        if declared.noise.measurement_dephasing:
            found += self._beside_measurements(measured, waiting)
        return found

    def _relax(self, wait: Rest, pulses: Sequence[float]) -> list[TimedStep]:
        """Return the pulses of a wait, and the relaxation at the end of each piece between pulses."""
        ends = [wait.start, *pulses, wait.end]
        parts = [(b - a, b) for a, b in itertools.pairwise(ends) if b > a]
        # During a pulse the qubit relaxes as during any gate, which is part of the pulse's own error.
        pulsed = len(pulses) * self.pulse_seconds(wait.wire) / len(parts) if pulses else 0.0
        times = self.declared.usable.relaxation(self.operations.qubits[wait.wire])
        relaxing = [(end, Relax(wait.wire, max(0.0, seconds - pulsed), *times)) for seconds, end in parts]
        found: list[TimedStep] = [(end, RELAX, 0, relax) for end, relax in relaxing if relax.acts]
        return found + [
            (time, PULSE, 0, step) for time in pulses for step in self.operations.gate(XGate(), (wait.wire,))
        ]

    def _turns(self, resting: Sequence[Rest], pulses: Pulses) -> list[TimedStep]:
        """Let coupled neighbours turn while one of them waits and the other is at rest."""
        own: dict[int, list[Rest]] = {}
        for rest in resting:
            own.setdefault(rest.wire, []).append(rest)
        found: list[TimedStep] = []
        for (first, second), strength in self._turning.items():
            for start, end, *pair in turns(own.get(first, ()), own.get(second, ())):
                cuts = sorted(time for each in pair for time in pulses.get(each, ()))
                found += _turn(start, end, (first, second), strength, cuts)
        return found

    def _drifts(self, timed: Iterable[Timed], waiting: Sequence[Rest], pulses: Pulses) -> list[TimedStep]:
        """Return the Z errors of slow noise, one for each run of waits in which no gate makes the sign of the noise random."""
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
        qubit = self.operations.qubits[wire]
        kept = math.cos(math.pi * self.declared.charge_parity.get(qubit, 0.0) * run.left)
        kept *= math.exp(-((run.left / self.declared.slow(qubit)) ** 2))
        return [(run.end, RELAX, 0, _flip(wire, (1 - kept) / 2))] if kept < 1 else []

    def _beside_measurements(self, measured: Iterable[Timed], waiting: Iterable[Rest]) -> list[TimedStep]:
        """Return the Z errors of waits beside measurements in mid-circuit. Their probability is proportional to the overlap."""
        pairs = {frozenset(pair) for pair in self.coupled}
        found: list[TimedStep] = []
        for each, wait in itertools.product(measured, waiting):
            start, end = max(wait.start, each.start), min(wait.end, each.end)
            if end > start and frozenset((wait.wire, each.wires[0])) in pairs:
                share = (end - start) / (each.end - each.start)
                probability = self.declared.noise.measurement_dephasing * share
                found.append((start, TURN, 0, _flip(wait.wire, probability)))
        return found


@dataclass
class _Run:
    """Waits of one wire during which slow noise has one sign: the time that no echo undoes, and the end of the last wait."""

    left: float = 0.0
    sign: int = 1
    end: float = 0.0

    def add(self, wait: Rest | None, pulses: Pulses) -> None:
        """Append a wait, if there is one."""
        if wait is None:
            return
        ends = [wait.start, *pulses.get(wait, ()), wait.end]
        for start, end in itertools.pairwise(ends):
            self.left += self.sign * (end - start)
            self.sign = -self.sign
        self.sign, self.end = -self.sign, wait.end


def _flip(wire: int, probability: float) -> PauliError:
    return PauliError(wire, (1 - probability, 0.0, 0.0, probability))


def _turn(
    start: float, end: float, wires: tuple[int, int], strength: float, pulses: Sequence[float]
) -> list[TimedStep]:
    """Return exp(-2πi ζ t |11⟩⟨11|) of two neighbours, piece by piece between pulses.

    Args:
        start: When it begins.
        end: When it ends.
        wires: The neighbours.
        strength: Their ζ in Hz.
        pulses: The ends of the pulses of both, in order of time.
    """
    ends = [start, *(time for time in pulses if start < time < end), end]
    parts = [(begin, until - begin) for begin, until in itertools.pairwise(ends)]
    angle = -2 * math.pi * strength
    return [(begin, TURN, 0, Turn(CPhaseGate(angle * seconds), wires, seconds)) for begin, seconds in parts]

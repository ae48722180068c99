"""Readout errors as channels before perfect measurements, for simulators that know no other kind."""

from __future__ import annotations

from dataclasses import replace

from qiskit.circuit.library import CXGate

from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    Misread,
    NoisyCircuit,
    Reset,
    Step,
    Unitary,
)


def perfect_readout(circuit: NoisyCircuit) -> NoisyCircuit:
    """Return a circuit of the same outcomes whose measurements are perfect.

    A wire that is measured for the last time, or reset next, is confused before it is measured. One that goes on is copied to
    a fresh wire, which is confused and measured in its place: the wire goes on from its true outcome. Without decisions this is
    done where nothing is confused too, so that all measurements are final and one evolution serves all shots.
    """
    return _Readout(circuit).run()


class _Readout:
    def __init__(self, circuit: NoisyCircuit) -> None:
        self._circuit = circuit
        self._wires = circuit.num_wires
        self._decides = any(isinstance(step, Decision) for step in circuit.steps)

    def run(self) -> NoisyCircuit:
        steps: list[Step] = []
        goes_on = self._goes_on()
        for k, step in enumerate(self._circuit.steps):
            if isinstance(step, Measurement | Decision):
                steps += self._step(step, k in goes_on)
            else:
                steps.append(step)
        return replace(self._circuit, steps=tuple(steps), num_wires=self._wires)

    def _goes_on(self) -> set[int]:
        """Return the numbers of the measurements whose wire does anything but be reset afterwards."""
        following: dict[int, Step] = {}
        found = set()
        for k, step in reversed(list(enumerate(self._circuit.steps))):
            if isinstance(step, Measurement) and not isinstance(following.get(step.wire), Reset | None):
                found.add(k)
            for wire in step.wires:
                following[wire] = step
        return found

    def _step(self, step: Step, goes_on: bool) -> list[Step]:
        if isinstance(step, Decision):
            return [self._decision(step)]
        if not isinstance(step, Measurement):
            return [step]
        confused = [Misread(step.wire, step.p10, step.p01)] if step.p10 or step.p01 else []
        if not confused and (self._decides or not goes_on):
            return [step]
        wire, copies = step.wire, []
        if goes_on:
            wire = self._wires
            self._wires += 1
            copies = [Unitary(CXGate(), (step.wire, wire))]
        return [*copies, *(replace(one, wire=wire) for one in confused), Measurement(wire, step.bit)]

    def _decision(self, step: Decision) -> Decision:
        """Treat the measurements in branches: the decision reaches over the fresh wires too."""
        first = self._wires
        blocks = tuple(
            tuple(new for each in block for new in self._step(each, True)) for block in step.blocks
        )
        return replace(step, wires=(*step.wires, *range(first, self._wires)), blocks=blocks)

"""Clifford parts of circuits as stabilizer circuits, compared by all their flows.

A flow says that one Pauli at the inputs becomes another at the outputs, up to a parity of measured bits. All flows together
determine a Clifford instrument, on every measurement branch at once (McEwen, Bacon and Gidney, Quantum 7, 1172 (2023)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import stim

from qnet_circuits.classical import ALWAYS, Polynomial
from qnet_circuits.compiling.clifford import NotClifford, clifford_gates, pauli_of
from qnet_circuits.compiling.verifying.instrument import (
    Instrument,
    InstrumentStep,
    Matrix,
    MeasurementEvent,
    event_name,
)
from qnet_circuits.compiling.verifying.matrices import apply

_WIDEST = 5


def _widened(block: InstrumentStep, wires: Sequence[int]) -> Matrix:
    """Return a block's matrix on more wires."""
    assert block.matrix is not None
    unit: Matrix = np.eye(2 ** len(wires), dtype=complex).reshape((2,) * (2 * len(wires)))
    places = [len(wires) - 1 - wires.index(wire) for wire in block.wires]
    return apply(block.matrix, unit, places).reshape(2 ** len(wires), -1)


def _product(first: InstrumentStep, second: InstrumentStep) -> InstrumentStep:
    """Return two blocks in one."""
    wires = tuple(dict.fromkeys(first.wires + second.wires))
    if len(wires) > _WIDEST:
        raise NotClifford
    return InstrumentStep(wires, _widened(second, wires) @ _widened(first, wires), first.condition)


def _before_measurement(block: InstrumentStep, wire: int) -> InstrumentStep:
    """Turn a block about Z of a wire so that it may be Clifford, which a measurement of that wire does not see.

    All entries of a Clifford matrix have phases that differ by multiples of π/2, in particular those of the wire's two halves.
    """
    matrix = _widened(block, wires := (*(w for w in block.wires if w != wire), wire))
    half = len(matrix) // 2
    upper, lower = (rows.ravel()[np.abs(rows).argmax()] for rows in (matrix[:half], matrix[half:]))
    excess = np.angle(lower / upper) % (np.pi / 2)
    return InstrumentStep(wires, matrix * np.repeat([1, np.exp(-1j * excess)], half)[:, None])


@dataclass
class StabilizerCircuit:
    """A stabilizer circuit, with the record index of each event.

    Gates are held back in blocks, since a compiler may write a Clifford gate by several that are not: between two ECR gates,
    say, with rotations on both sides that only cancel together.
    """

    circuit: stim.Circuit = field(default_factory=stim.Circuit)
    record: dict[MeasurementEvent, int] = field(default_factory=dict)
    held: dict[int, InstrumentStep] = field(default_factory=dict)

    def add(self, step: InstrumentStep) -> None:
        """Append a step.

        Raises:
            NotClifford: If no stabilizer circuit does it.
        """
        if step.matrix is not None:
            self._hold(step)
            return
        (wire,) = step.wires
        if step.event is not None:
            self._flush(wire, measured=True)
            self.measure(wire, step.event)
        else:
            if wire in self.held and len(self.held[wire].wires) == 1:
                del self.held[wire]
            self._flush(wire)
            self.circuit.append("R", [wire])

    def measure(self, wire: int, event: MeasurementEvent) -> None:
        """Append the measurement of an event."""
        self.record[event] = len(self.record)
        self.circuit.append("M", [wire])

    def finish(self) -> None:
        """Append the blocks that are still held back."""
        for wire in list(self.held):
            self._flush(wire)

    def _hold(self, step: InstrumentStep) -> None:
        """Join a gate with the blocks before it that are not Clifford, or act on the same wire alone."""
        for wire in step.wires:
            block = self.held.get(wire)
            if block is None:
                continue
            run = len(block.wires) == len(step.wires) == 1 and block.condition == step.condition
            if not run and self._emit(block):
                continue
            if block.condition != step.condition:
                raise NotClifford
            for other in block.wires:
                del self.held[other]
            step = _product(block, step)
        self.held.update(dict.fromkeys(step.wires, step))

    def _flush(self, wire: int, measured: bool = False) -> None:
        block = self.held.get(wire)
        if block is None or self._emit(block):
            return
        if not (measured and block.condition == ALWAYS and self._emit(_before_measurement(block, wire))):
            raise NotClifford

    def _emit(self, block: InstrumentStep) -> bool:
        """Append a block, which is held no more, if it is Clifford."""
        assert block.matrix is not None
        try:
            if block.condition == ALWAYS:
                for name, places in clifford_gates(block.matrix):
                    self.circuit.append(name, [block.wires[k] for k in places])
            else:
                letters = pauli_of(block.matrix).to_label()
                for letter, wire in zip(reversed(letters), block.wires, strict=True):
                    self._feedback(letter, block.condition, wire)
        except NotClifford:
            return False
        for wire in block.wires:
            del self.held[wire]
        return True

    def _feedback(self, pauli: str, condition: Polynomial, wire: int) -> None:
        """Append a Pauli for each bit of a parity, where that is 1."""
        if not condition.is_parity:
            raise NotClifford
        for term in condition.terms if pauli != "I" else ():
            bits = [stim.target_rec(self.record[event] - len(self.record)) for event in term]
            self.circuit.append("C" + pauli if bits else pauli, [*bits, wire])


def _build(instrument: Instrument, read: Sequence[MeasurementEvent]) -> StabilizerCircuit:
    """Build an instrument: bits from elsewhere are measured first, on qubits of their own that come after the segments."""
    built = StabilizerCircuit()
    entering, leaving = set(instrument.inputs.values()), set(instrument.outputs.values())
    for k, event in enumerate(read):
        built.measure(instrument.width + k, event)
    built.circuit.append("R", [wire for wire in range(instrument.width) if wire not in entering])
    ends = [InstrumentStep((wire,)) for wire in range(instrument.width) if wire not in leaving]
    for step in (*instrument.steps, *ends):
        built.add(step)
    built.finish()
    return built


@dataclass(frozen=True)
class Flow:
    """A flow by names: the Paulis of labels (wires) and events (bits that are read), measured events, and the sign."""

    inputs: frozenset[tuple[str | MeasurementEvent, str]]
    outputs: frozenset[tuple[str | MeasurementEvent, str]]
    events: frozenset[MeasurementEvent]
    negative: bool

    def __str__(self) -> str:
        """Return the flow as Paulis → Paulis ⊕ bits."""
        sides = []
        for side in (self.inputs, self.outputs):
            named = (f"{p}({x if isinstance(x, str) else event_name(x)})" for x, p in sorted(side, key=str))
            sides.append(" ".join(named) or "1")
        bits = "".join(f" ⊕ {event_name(event)}" for event in sorted(self.events))
        return f"{sides[0]} → {'-' if self.negative else ''}{sides[1]}{bits}"


@dataclass
class _Flows:
    """The flows of an instrument, by names."""

    instrument: Instrument
    read: Sequence[MeasurementEvent]

    def __post_init__(self) -> None:
        self.built = _build(self.instrument, self.read)
        self.wires: tuple[dict[str | MeasurementEvent, int], ...] = ({}, {})
        for wires, ports in zip(self.wires, (self.instrument.inputs, self.instrument.outputs), strict=True):
            wires.update(ports)
            wires.update((event, self.instrument.width + k) for k, event in enumerate(self.read))
        self.event = {index: event for event, index in self.built.record.items()}
        found = (self._named(flow) for flow in self.built.circuit.flow_generators())
        self.generators = [flow for flow in found if flow.inputs or flow.outputs or flow.events]

    def _named(self, flow: stim.Flow) -> Flow:
        """Name a flow; Paulis of discarded segments, which were reset, say nothing."""
        sides = (flow.input_copy(), flow.output_copy())
        named = []
        for paulis, wires in zip(sides, self.wires, strict=True):
            letters = str(paulis)[1:].ljust(self.instrument.width + len(self.read), "_")
            named.append(frozenset((name, letters[k]) for name, k in wires.items() if letters[k] != "_"))
        events = frozenset(self.event[index] for index in flow.measurements_copy())
        return Flow(named[0], named[1], events, (sides[0].sign * sides[1].sign) == -1)

    def has(self, flows: Sequence[Flow]) -> bool:
        """Tell whether this instrument has flows of another one."""
        asked = [self._stim(flow) for flow in flows]
        # A product of small complex matrices leaves the processor's wide registers in use, with which Stim takes six times as
        # long; the exponential of an array clears them.
        np.exp(np.ones(64))
        return bool(self.built.circuit.has_all_flows(asked))

    def _stim(self, flow: Flow) -> stim.Flow:
        sides = []
        for named, wires in zip((flow.inputs, flow.outputs), self.wires, strict=True):
            paulis = stim.PauliString(self.instrument.width + len(self.read))
            for name, letter in named:
                paulis[wires[name]] = letter
            sides.append(paulis)
        sign = -1 if flow.negative else 1
        bits = [self.built.record[event] for event in flow.events]
        return stim.Flow(input=sides[0], output=sign * sides[1], measurements=bits)


def differing_flow(a: Instrument, b: Instrument) -> tuple[Flow, bool] | None:
    """Compare two Clifford instruments with the same labels and measured events.

    Returns:
        None if they agree; otherwise a flow that only one of them has, and whether that is the first.

    Raises:
        NotClifford: If one of them is not Clifford.
    """
    read = sorted(a.read | b.read)
    first, second = _Flows(a, read), _Flows(b, read)
    for one, other in ((first, second), (second, first)):
        if not other.has(one.generators):
            return next(flow for flow in one.generators if not other.has([flow])), one is first
    return None

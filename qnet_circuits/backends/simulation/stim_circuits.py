"""Twirled circuits as stim takes them, and their outcomes: a row of bits for each bit of the circuit, eight shots to a byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
import stim

from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    NoisyCircuit,
    NoisyStep,
    Reset,
    Turn,
    Unitary,
)
from qnet_circuits.backends.simulation.twirling import gates_of
from qnet_circuits.classical import choice_of
from qnet_circuits.errors import UnsupportedError

#: Bits of eight shots to a byte, the first shot its lowest bit: a row for each bit.
Packed = npt.NDArray[np.uint8]
_ROUNDING = 1e-15
_ALL = np.uint8(255)


@dataclass(frozen=True)
class StimCircuit:
    """A circuit of stim's, and where its bits are.

    Args:
        name: Name of the item that it comes from.
        circuit: The circuit.
        registers: The classical registers in order: name and width.
        records: For each bit the number of its last measurement; None if it is never measured.
        masks: For each bit that is read as one value more easily than as the other: the number of the record that says in which
            shots it is read as that value, whatever it is; and the value.
        reference: The outcome of each measurement in one shot without errors.
    """

    name: str
    circuit: stim.Circuit
    registers: tuple[tuple[str, int], ...]
    records: tuple[int | None, ...]
    masks: dict[int, tuple[int, int]]
    reference: npt.NDArray[np.bool_]

    #: How its calls are made up.
    method = "stim"
    at_once = False

    @property
    def cost(self) -> float:
        """Work of a shot."""
        return float(len(self.circuit) + self.circuit.num_measurements)

    def sample(self, shots: int, seed: int) -> Packed:
        """Return the bits of some shots, each with a row."""
        simulator = stim.FlipSimulator(batch_size=shots, seed=seed)
        simulator.do(self.circuit)
        found: Packed = simulator.get_measurement_flips(bit_packed=True)
        found[self.reference] ^= _ALL
        rows: Packed = found[[record or 0 for record in self.records]]
        rows[[record is None for record in self.records]] = 0
        for bit, (record, value) in self.masks.items():
            rows[bit] = rows[bit] | found[record] if value else rows[bit] & ~found[record]
        return rows


def stim_circuit_of(noisy: NoisyCircuit) -> StimCircuit:
    """Return a twirled circuit as stim takes it.

    Raises:
        UnsupportedError: If what a decision does is no parity of bits.
    """
    writer = _Writer(noisy)
    for step in noisy.steps:
        writer.add(step)
    return writer.finish()


class _Writer:
    def __init__(self, noisy: NoisyCircuit) -> None:
        self._noisy, self._made = noisy, stim.Circuit()
        self._number = {bit: k for k, bit in enumerate(noisy.source.clbits)}
        self._last: dict[int, int] = {}
        self._unequal: dict[int, tuple[float, int]] = {}

    def add(self, step: NoisyStep) -> None:
        if isinstance(step, Measurement):
            self._measure(step)
        elif isinstance(step, Reset):
            self._made.append("R", [step.wire])
        elif isinstance(step, Decision):
            self._decide(step)
        elif isinstance(step, Unitary) and not isinstance(step, Turn):
            for name, axes in gates_of(step.operation):
                self._made.append(name, [step.wires[axis] for axis in axes])
        else:
            for name, argument, targets in errors_of(transfer(step).diagonal().tobytes()):
                self._made.append(name, [_on(target, step.wires) for target in targets], argument)

    def finish(self) -> StimCircuit:
        """Let a wire that nobody uses tell in which shots bits are read as their likelier value, and return the circuit."""
        spare, masks = self._noisy.num_wires, {}
        for bit, (probability, value) in self._unequal.items():
            masks[bit] = self._made.num_measurements, value
            self._made.append("M", [spare], probability)
        records = tuple(self._last.get(bit) for bit in range(self._noisy.num_bits))
        reference = self._made.without_noise().reference_sample()
        return StimCircuit(
            self._noisy.name, self._made, self._noisy.registers, records, masks, np.asarray(reference)
        )

    def _measure(self, step: Measurement) -> None:
        """Measure with an error that is the same for both values; what one has more than the other comes afterwards.

        If the values are misread with p < q, both are with s = p / (1 - q + p) at first; then the likelier reading comes of the
        other with q - p.
        """
        more = abs(step.p10 - step.p01)
        both = min(step.p10, step.p01) / (1 - more) if more < 1 else 0.0
        self._last[step.bit] = self._made.num_measurements
        self._unequal.pop(step.bit, None)
        if more:
            self._unequal[step.bit] = more, int(step.p10 > step.p01)
        self._made.append("M", [step.wire], both) if both else self._made.append("M", [step.wire])

    def _decide(self, step: Decision) -> None:
        """Apply Paulis of which each bit, or the parity of the bits, decides on its own."""
        choice = choice_of(step.operation)
        numbers = [self._number[bit] for bit in choice.bits]
        groups = [tuple(numbers)] if choice.parity else [(number,) for number in numbers]
        blocks = [frozenset(_pauli(block)) for block in step.blocks] + [frozenset()]
        done = dict(zip(product((0, 1), repeat=len(groups)), [blocks[k] for k in choice.table], strict=True))
        always = done[(0,) * len(groups)]
        alone = [
            always ^ done[tuple(int(k == other) for other in range(len(groups)))] for k in range(len(groups))
        ]
        for values, paulis in done.items():
            expected = always
            for value, own in zip(values, alone, strict=True):
                expected = expected ^ own if value else expected
            if expected != paulis:
                raise UnsupportedError(
                    f"stim cannot take circuit {self._noisy.name!r}: a decision is on more than parities of bits; sample it "
                    "on aer"
                )
        for name, wire in sorted(always):
            self._made.append(name, [wire])
        for group, paulis in zip(groups, alone, strict=True):
            self._if_odd(group, paulis)

    def _if_odd(self, bits: Sequence[int], paulis: frozenset[tuple[str, int]]) -> None:
        records = [self._last[bit] for bit in bits if bit in self._last]
        for record, (name, wire) in product(records, sorted(paulis)):
            self._made.append(f"C{name}", [stim.target_rec(record - self._made.num_measurements), wire])


def _pauli(block: Sequence[NoisyStep]) -> Iterator[tuple[str, int]]:
    for step in block:
        assert isinstance(step, Unitary)
        yield step.operation.name.upper(), step.wires[0]


def _on(target: tuple[str, int], wires: Sequence[int]) -> stim.GateTarget:
    pauli, axis = target
    return stim.target_pauli(wires[axis], pauli) if pauli else stim.GateTarget(wires[axis])


# -- errors ------------------------------------------------------------------------------------------------------------

#: An instruction: its name, its argument, and its targets, each a Pauli or "" and a place among the wires.
Instruction = tuple[str, tuple[float, ...], tuple[tuple[str, int], ...]]


@lru_cache(maxsize=16384)
def errors_of(diagonal: bytes) -> tuple[Instruction, ...]:
    """Return a Pauli channel as instructions of stim's, given by the diagonal of its transfer matrix.

    Independent errors, of which each is rare, are drawn quickest. Most channels are some: with p(P) the probability of the
    error P, the diagonal has the products of 1 - 2 p(P) over all P that anticommute with its Pauli, and the logarithms can be
    solved for. What comes out negative is a channel whose errors exclude each other.

    Example:
        >>> errors_of(np.array([1, 1, 0.5, 0.5]).tobytes())
        (('X_ERROR', (0.25,), (('', 0),)),)
    """
    kept = np.frombuffer(diagonal)
    wires = (len(kept).bit_length() - 1) // 2
    rest = kept[1:]
    if np.all(np.abs(1 - rest) < _ROUNDING):
        return ()
    if np.ptp(rest) < _ROUNDING and wires <= 2:
        share = (1 - rest[0]) * (1 - 1 / len(kept))
        return ((f"DEPOLARIZE{wires}", (float(share),), tuple(("", k) for k in range(wires))),)
    if np.all(rest > 0):
        logs = -2 / len(kept) * _signs(wires) @ np.log(kept)
        chances = (1 - np.exp(np.minimum(logs, 0))) / 2
        if np.all(logs[1:] < 1e-12):
            return tuple(_independent(chances, wires))
    weights = np.clip(_signs(wires) @ kept / len(kept), 0, 1)
    if wires > 2:
        raise UnsupportedError(
            f"a channel on {wires} wires cannot be sampled by stabilizers; sample it on aer"
        )
    name = f"PAULI_CHANNEL_{wires}"
    return ((name, tuple(map(float, weights[1:])), tuple(("", k) for k in range(wires))),)


def _independent(chances: npt.NDArray[np.float64], wires: int) -> Iterator[Instruction]:
    for chance, paulis in zip(chances[1:], list(product("IXYZ", repeat=wires))[1:], strict=True):
        acting = tuple((pauli, axis) for axis, pauli in enumerate(paulis) if pauli != "I")
        if chance > _ROUNDING and len(acting) == 1:
            yield f"{acting[0][0]}_ERROR", (float(chance),), (("", acting[0][1]),)
        elif chance > _ROUNDING:
            yield "E", (float(chance),), acting


@lru_cache(maxsize=4)
def _signs(wires: int) -> npt.NDArray[np.float64]:
    """Return 1 for each two Paulis that commute, and -1 for those that do not."""
    one = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=float)
    signs = np.ones((1, 1))
    for _ in range(wires):
        signs = np.kron(signs, one)
    return signs

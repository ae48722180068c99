"""Placement of long chains: a path of couplings with little calibrated error, found by a beam search.

The wires of a chain meet their neighbours alone. A general search for a placement, which knows nothing of that, finds some
placement of tens of wires, but then has no time left to find a good one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.compiling.building import meeting_pairs

#: Paths of one length that are kept for each qubit at their head: one for so many wires, and at least so many.
_WIRES_EACH, _FEWEST_EACH = 5, 4
#: Paths kept in all, divided by the number of wires, and the least number of one length.
_ALL, _FEWEST = 120_000, 200
#: Error of an operation whose calibration failed, just below 1, so that its logarithm is finite.
_FAILED = 1 - 1e-9

Edge = frozenset[int]


@dataclass(frozen=True)
class Errors:
    """Calibrated errors, as -log(1 - error), so that those of a circuit add up.

    Args:
        couplings: That of the best two-qubit gate on each coupling.
        readout: That of each qubit's readout.
    """

    couplings: dict[Edge, float]
    readout: dict[int, float]

    @classmethod
    def of(cls, target: Target) -> Errors:
        """Return those of a target; an operation without one has none."""
        couplings: dict[Edge, float] = {}
        readout: dict[int, float] = {}
        for name in target.operation_names:
            for qubits, properties in (target[name] or {}).items():
                if qubits is None:
                    continue
                cost = _cost(getattr(properties, "error", None))
                if len(qubits) == 2:
                    edge = frozenset(qubits)
                    couplings[edge] = min(cost, couplings.get(edge, math.inf))
                elif name == "measure":
                    readout[qubits[0]] = cost
        return cls(couplings, readout)

    def neighbours(self) -> dict[int, list[tuple[int, float]]]:
        """Return, for each qubit, the qubits that it is coupled to, with their couplings' errors."""
        near: dict[int, list[tuple[int, float]]] = {}
        for edge, cost in sorted(self.couplings.items(), key=lambda item: sorted(item[0])):
            a, b = sorted(edge)
            near.setdefault(a, []).append((b, cost))
            near.setdefault(b, []).append((a, cost))
        return near


def _cost(error: float | None) -> float:
    if error is None or math.isnan(error):
        return 0.0
    return -math.log1p(-min(error, _FAILED))


@dataclass(frozen=True)
class Uses:
    """How often a circuit uses what may err.

    Args:
        meetings: Number of two-qubit gates of each pair of wires.
        measured: Number of measurements of each wire.
    """

    meetings: Counter[Edge]
    measured: Counter[int]

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> Uses:
        """Count them."""
        wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
        meetings: Counter[Edge] = Counter()
        measured: Counter[int] = Counter()
        for instruction in circuit.data:
            if instruction.name == "measure":
                measured[wire[instruction.qubits[0]]] += 1
            for pair in meeting_pairs(instruction):
                meetings[frozenset(wire[qubit] for qubit in pair)] += 1
        return cls(meetings, measured)

    def error(self, layout: Sequence[int], errors: Errors) -> float:
        """Return the error of a layout, as -log of the probability that no gate and no readout errs."""
        gates = sum(
            count * errors.couplings[frozenset(layout[wire] for wire in pair)]
            for pair, count in self.meetings.items()
        )
        return gates + sum(
            count * errors.readout.get(layout[wire], 0.0) for wire, count in self.measured.items()
        )

    def path(self, width: int) -> list[int] | None:
        """Return the wires in the order in which they meet, if that is one path through all of them."""
        return next((line for line in _lines(self.meetings) if len(line) == width), None)


#: A path of couplings that grows at its head: its error, its head, its qubits as a bit mask, and the path before its last step.
#: A plain tuple, since there are many; no two have the same head and qubits, so that comparing them stops there.
_Grown = tuple[float, int, int, "_Grown | None"]


def _qubits(grown: _Grown) -> list[int]:
    """Return the qubits of a path, first to last."""
    found: list[int] = []
    at: _Grown | None = grown
    while at is not None:
        found.append(at[1])
        at = at[3]
    return found[::-1]


def best_window(uses: Uses, path: Sequence[int], errors: Errors) -> tuple[int, ...] | None:
    """Return the layout with the least error on a device of nothing but lines of qubits, None on another or too short a one.

    All windows of a line are compared at once: the error is a correlation of the circuit's uses with the line's errors.
    """
    gates = [uses.meetings[frozenset(pair)] for pair in pairwise(path)]
    measured = [uses.measured[wire] for wire in path]
    found: list[tuple[float, list[int]]] = []
    for line in _lines(errors.couplings):
        if len(line) < len(path):
            continue
        couplings = [errors.couplings[frozenset(pair)] for pair in pairwise(line)]
        readout = [errors.readout.get(qubit, 0.0) for qubit in line]
        error = np.correlate(couplings, gates, "valid") + np.correlate(readout, measured, "valid")
        first = int(error.argmin())
        found.append((float(error[first]), line[first : first + len(path)]))
    return _by_wire(path, min(found)[1]) if found else None


def _lines(pairs: Iterable[Edge]) -> list[list[int]]:
    """Return the lines that pairs of neighbours form, from both ends each; none if there is a branch."""
    near: dict[int, list[int]] = {}
    for a, b in map(sorted, pairs):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    if max(map(len, near.values()), default=0) > 2:
        return []
    lines = []
    for end in sorted(qubit for qubit, others in near.items() if len(others) == 1):
        line = [end]
        while ahead := [qubit for qubit in near[line[-1]] if qubit not in line[-2:]]:
            line += ahead
        lines.append(line)
    return lines


def _by_wire(path: Sequence[int], qubits: Sequence[int]) -> tuple[int, ...]:
    """Return the layout that puts the wires of a path on qubits, in the order of the wires."""
    place = dict(zip(path, qubits, strict=True))
    return tuple(place[wire] for wire in range(len(path)))


def find_path(uses: Uses, path: Sequence[int], errors: Errors) -> tuple[int, ...] | None:
    """Return the layout with the least error that a beam search finds for wires that meet along a path, or None.

    Paths grow from every qubit at once; of each length, those with the least error are kept.

    Args:
        uses: What the circuit uses.
        path: Its wires in the order in which they meet.
        errors: The device's errors.
    """
    near = errors.neighbours()
    read = uses.measured[path[0]]
    beam: list[_Grown] = [(read * errors.readout.get(q, 0.0), q, 1 << q, None) for q in sorted(near)]
    for last, wire in pairwise(path):
        gates, read = uses.meetings[frozenset((last, wire))], uses.measured[wire]
        steps = {
            head: [(q, 1 << q, gates * cost + read * errors.readout.get(q, 0.0)) for q, cost in ahead]
            for head, ahead in near.items()
        }
        beam = _kept(_extended(beam, steps), len(path))
    return _by_wire(path, _qubits(beam[0])) if beam else None


def _extended(
    beam: Iterable[_Grown], steps: Mapping[int, Sequence[tuple[int, int, float]]]
) -> Iterable[_Grown]:
    """Return the paths that are one step longer; of those over the same qubits to the same head, only the best."""
    best: dict[tuple[int, int], _Grown] = {}
    for grown in beam:
        error, head, used, _ = grown
        for qubit, bit, cost in steps[head]:
            if used & bit:
                continue
            key = (qubit, used | bit)
            if key not in best or error + cost < best[key][0]:
                best[key] = (error + cost, *key, grown)
    return best.values()


def _kept(grown: Iterable[_Grown], wires: int) -> list[_Grown]:
    """Return the paths with the least error, a few for each head, so that all regions of the device stay in the race."""
    each, most = max(_FEWEST_EACH, wires // _WIRES_EACH), max(_FEWEST, _ALL // wires)
    heads: Counter[int] = Counter()
    kept = []
    for one in sorted(grown):
        heads[one[1]] += 1
        if heads[one[1]] <= each:
            kept.append(one)
    return kept[:most]

"""A calibration whose gaps are filled, each in a documented way that the result names."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import cache, cached_property
from statistics import median
from typing import Any, TypeVar

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Operation

from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.entries import FAILED
from qnet_circuits.devices.schedule import DurationOf, mid_circuit_measurements
from qnet_circuits.errors import UnsupportedError

T = TypeVar("T")

#: Seconds, where neither the operation nor any of its kind on the device has a duration.
_DEFAULT_SECONDS = {"measure": 4e-6, "reset": 4e-6}
_DEFAULT_GATE_SECONDS = {1: 5e-8, 2: 3e-7}
#: Frame changes in software: no time, no error.
_VIRTUAL = frozenset(("rz", "p", "u1", "barrier", "delay", "global_phase"))
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}
#: The measurement for use in the middle of a circuit, faster than the one at its end.
MID_CIRCUIT = "measure_2"


class Usable:
    """The values that simulation takes from a calibration.

    A missing T1 or T2, or one of 0, is the device's median, or endless if the device has none; T2 above 2 T1 is cut to 2 T1;
    a failed calibration of a two-qubit gate (an error of 1/2 or more, or of 0 if the gate errs on other qubits) is the median
    of the operation; any other error of 1/2 or more counts as total depolarisation, or as the readout of a coin; a missing
    error is the median of the operation, or none beyond relaxation if the device has none; a missing direction of readout is
    the other one, and both are the measurement's error; a measurement in mid-circuit that has an error of its own reads with
    it in both directions, and one without reads like any other; a missing duration is the median of the operation, or 4 µs
    for a measurement or reset, 50 ns and 300 ns for gates on one and two qubits. ``notes`` says which of these were needed.

    Args:
        calibration: The raw calibration, kept under the same name.
    """

    def __init__(self, calibration: DeviceCalibration) -> None:
        self.calibration = calibration
        self._gaps: dict[str, dict[str, None]] = {}
        #: T1 and T2 of a qubit in seconds, at most 2 T1; infinite if the device gives none at all.
        self.relaxation = cache(self._relaxation)
        #: The average infidelity of an operation on qubits, in [0, 1]; None if none is given for any qubits.
        self.error = cache(self._error)
        #: How long an operation on qubits takes, in seconds.
        self.duration = cache(self._duration)
        #: How long an operation takes on so many qubits of the device, the median: its own, or that of another gate there.
        self.typical_seconds = cache(self._typical_seconds)
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what simulation makes of the calibration for a key, made once: circuits of one program share it."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def notes(self) -> tuple[str, ...]:
        """Return how gaps were treated that have been met so far, one line for each kind."""
        lines = []
        for kind, places in self._gaps.items():
            listed = sorted(places)
            more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
            lines.append(f"calibration of {self.calibration.name}: {kind}: {', '.join(listed[:6])}{more}")
        return tuple(lines)

    def note(self, kind: str, name: str, qubits: Iterable[int]) -> None:
        """Note how a gap of an operation on qubits was treated.

        Args:
            kind: What was lacking, and what stands for it.
            name: The operation.
            qubits: Its qubits.
        """
        self._note(kind, f"{name}({', '.join(map(str, qubits))})")

    def _note(self, kind: str, place: str) -> None:
        self._gaps.setdefault(kind, {})[place] = None

    def coupled(self, qubits: Sequence[int]) -> list[tuple[int, int]]:
        """Return the pairs of wires that the device couples, given the qubit of each wire."""
        wire = {qubit: k for k, qubit in enumerate(qubits)}
        pairs = (tuple(edge) for edge in self.calibration.couplings)
        return sorted((wire[a], wire[b]) for a, b in pairs if a in wire and b in wire)

    @cached_property
    def mid_circuit_measurement(self) -> str:
        """The device's operation for a measurement after which the circuit goes on."""
        return MID_CIRCUIT if MID_CIRCUIT in self.calibration.operations else "measure"

    # -- relaxation ------------------------------------------------------------------------------------------------

    def _relaxation(self, qubit: int) -> tuple[float, float]:
        t1, t2 = self.calibration.qubits[qubit].t1, self.calibration.qubits[qubit].t2
        if not (t1 and t2):
            medians = self._median_times
            if medians == (math.inf, math.inf):
                self._note("no T1 and T2 at all, so waiting costs nothing", "all qubits")
                return medians
            if math.inf in medians:
                lacking = "T1" if math.isinf(medians[0]) else "T2"
                self._note(f"no {lacking} at all, taken as endless", "all qubits")
            if any(not time and math.isfinite(other) for time, other in zip((t1, t2), medians, strict=True)):
                self._note("missing T1 or T2, the device's median stands for it", f"qubit {qubit}")
            t1, t2 = t1 or medians[0], t2 or medians[1]
        if t2 > 2 * t1 and math.isfinite(t2):
            self._note("T2 above 2 T1, cut to 2 T1", f"qubit {qubit}")
        return t1, min(t2, 2 * t1)

    @cached_property
    def _median_times(self) -> tuple[float, float]:
        """The medians of T1 and of T2, infinite where no qubit has any."""
        t1 = [qubit.t1 for qubit in self.calibration.qubits if qubit.t1]
        t2 = [qubit.t2 for qubit in self.calibration.qubits if qubit.t2]
        return median(t1) if t1 else math.inf, median(t2) if t2 else math.inf

    # -- operations ------------------------------------------------------------------------------------------------

    def readout(self, qubit: int, middle: bool = False) -> tuple[float, float]:
        """Return the probabilities to read 1 from |0⟩ and 0 from |1⟩; a failed calibration reads a coin.

        Args:
            qubit: The qubit.
            middle: Whether the circuit goes on after the measurement.
        """
        p10, p01 = (self._in_middle(qubit) if middle else None) or self._at_end(qubit)
        if p10 + p01 >= 1:
            self._note("readout error of 1/2 or more, read as a coin", f"qubit {qubit}")
            return 0.5, 0.5
        return p10, p01

    def _in_middle(self, qubit: int) -> tuple[float, float] | None:
        """Return the error of the device's own measurement in mid-circuit, the mean of both directions; None without one."""
        if self.mid_circuit_measurement == "measure":
            return None
        error = self._either_way("error", self.mid_circuit_measurement, (qubit,))
        if error is None:
            self._note(f"missing error of {MID_CIRCUIT}, that of measure stands for it", f"qubit {qubit}")
            return None
        return error, error

    def _at_end(self, qubit: int) -> tuple[float, float]:
        given = self.calibration.qubits[qubit]
        known = [value for value in (given.one_from_zero, given.zero_from_one) if value is not None]
        if len(known) == 1:
            self._note("one readout error missing, the other stands for it", f"qubit {qubit}")
        if not known:
            known = [self.error("measure", (qubit,)) or 0.0]
        first, second = known if len(known) == 2 else known * 2
        return first, second

    def _error(self, name: str, qubits: tuple[int, ...]) -> float | None:
        error = self._either_way("error", name, qubits)
        if error is None and name in _VIRTUAL:
            return 0.0
        middle = self.median("error", name)
        if error is None:
            treated = "none is assumed" if middle is None else "the operation's median stands for it"
            self.note(f"missing error, {treated}", name, qubits)
            return middle
        if middle is not None and self._has_failed(name, qubits, error):
            kind = "failed calibration (an error of 0, or of 1/2 or more)"
            self.note(f"{kind}, the operation's median {middle:.2g} stands for it", name, qubits)
            return middle
        if error >= FAILED and name != "measure":
            self.note("error of 1/2 or more, taken as total depolarisation", name, qubits)
        return error

    def _has_failed(self, name: str, qubits: tuple[int, ...], error: float) -> bool:
        """Tell whether the error that is given for a two-qubit gate is no measurement."""
        ways = [(name, order) for order in _orders(qubits)]
        return not 0 < error < FAILED and not self.calibration.failed_gates.isdisjoint(ways)

    def _duration(self, name: str, qubits: tuple[int, ...]) -> float:
        seconds = self._either_way("duration", name, qubits)
        if seconds is not None:
            return seconds
        if name in _VIRTUAL:
            return 0.0
        found = self.median("duration", name)
        if found is None:
            found = _DEFAULT_SECONDS.get(name, _DEFAULT_GATE_SECONDS[min(2, len(qubits))])
            treated = f"taken as {found * 1e9:g} ns"
        else:
            treated = "the operation's median stands for it"
        self.note(f"missing duration, {treated}", name, qubits)
        return found

    def _typical_seconds(self, name: str, wires: int) -> float:
        if name in _VIRTUAL:
            return 0.0
        known = self.calibration.operations
        kind = name if name in known or name in _DEFAULT_SECONDS else self._gate_on(wires)
        found = self.median("duration", kind)
        return _DEFAULT_SECONDS.get(kind, _DEFAULT_GATE_SECONDS[min(2, wires)]) if found is None else found

    def _gate_on(self, wires: int) -> str:
        """Return the name of a gate that takes time on so many qubits."""
        timed = (e.name for e in self.calibration.entries if len(e.qubits) == wires and e.duration)
        return next((name for name in timed if not name.startswith(("measure", "reset", "rzz"))), "")

    def _either_way(self, kind: str, name: str, qubits: tuple[int, ...]) -> float | None:
        """Return a calibrated number; one that is given for the reversed pair holds too, and more than one that failed."""
        ways = [(name, order) for order in _orders(qubits)]
        if kind == "error":
            ways.sort(key=self.calibration.failed_gates.__contains__)
        found = (self.calibration.entry_of.get(each) for each in ways)
        return next((value for entry in found if (value := getattr(entry, kind, None)) is not None), None)

    def median(self, kind: str, name: str) -> float | None:
        """Return the median of "error" or "duration" of an operation, without what failed; None if none is given."""
        return self.calibration.medians.get((kind, name))

    def delay(self, operation: Operation) -> float:
        """Return the seconds of a delay.

        Raises:
            UnsupportedError: If its unit needs a device's ``dt`` that is not given, or its length is not a number.
        """
        unit, length = operation.unit, operation.params[0]
        scale = self.calibration.dt if unit == "dt" else UNITS.get(unit)
        try:
            seconds = float(length) * (scale or math.nan)
        except (TypeError, ValueError):
            seconds = math.nan
        if not seconds >= 0:
            raise UnsupportedError(
                f"a delay of {length} {unit} has no length in seconds here; give it in s, us or ns"
            )
        return seconds


def _orders(qubits: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the orders of qubits for which a calibrated number holds: of a pair both."""
    return (qubits, qubits[::-1]) if len(qubits) == 2 else (qubits,)


def durations_of(
    circuit: QuantumCircuit,
    qubits: Sequence[int] | None,
    usable: Usable,
    middle: Collection[int] | None = None,
) -> DurationOf:
    """Return what ``schedule`` asks for durations: a measurement after which the circuit goes on takes the device's own for it.

    Args:
        circuit: A circuit, compiled if ``qubits`` are given.
        qubits: The physical qubit of each of its wires; None for the typical durations on the device.
        usable: The calibration with its gaps treated.
        middle: The positions of these measurements, if they are known already.
    """
    known = mid_circuit_measurements(circuit) if middle is None else middle

    def seconds(position: int, instruction: CircuitInstruction, wires: tuple[int, ...]) -> float:
        name = str(instruction.name)
        if name == "delay":
            return usable.delay(instruction.operation)
        if position in known:
            name = usable.mid_circuit_measurement
        if qubits is None:
            return usable.typical_seconds(name, len(wires))
        return usable.duration(name, tuple([qubits[wire] for wire in wires]))

    return seconds

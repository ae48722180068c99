"""Finishing: circuits that are placed are optimised, each between its fences, for the qubits that they lie on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import get_ident

from qiskit import QuantumCircuit
from qiskit.transpiler import Target

from qnet_circuits.compiling.building import interactions
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.compiling.lowering import Lowered
from qnet_circuits.compiling.optimisation import Optimiser
from qnet_circuits.compiling.placement import Placed
from qnet_circuits.compiling.routing import Routed
from qnet_circuits.compiling.swaps import what
from qnet_circuits.devices.device import Device
from qnet_circuits.programs.program import Program

#: How many optimisers are kept, those that were asked for last.
_MOST = 256


@dataclass(frozen=True)
class _Machine:
    """A target, told apart by its identity; it is kept, so that no other target takes its number."""

    number: int
    target: Target | None = field(compare=False)


def optimiser(qubits: Sequence[int], target: Target | None, level: int) -> Optimiser:
    """Return the optimiser of some qubits of a machine, possibly of an earlier call: Qiskit takes long to make a pass manager.

    Args:
        qubits: The physical qubit of each wire.
        target: The device's target, or None for a machine without limits. It must not change.
        level: Qiskit's optimization level, 0 to 3.
    """
    # Passes keep what they find during a run, so that no two threads share them.
    return _kept(_Machine(id(target), target), tuple(qubits), level, get_ident())


@lru_cache(_MOST)
def _kept(machine: _Machine, qubits: tuple[int, ...], level: int, thread: int) -> Optimiser:
    return Optimiser(qubits, machine.target, level)


class Finisher:
    """Finishes placements of one program.

    Args:
        program: The program.
        lowered: Its lowered circuits.
        device: The device, or None for a machine without limits.
        level: Qiskit's optimization level.
        decoupling: Whether qubits that wait are decoupled.
    """

    def __init__(
        self,
        program: Program,
        lowered: Sequence[Lowered],
        device: Device | None,
        level: int,
        decoupling: bool,
    ) -> None:
        self._program, self._lowered, self._device = program, lowered, device
        self._level, self._decoupling = level, decoupling
        self._optimised: dict[Hashable, QuantumCircuit] = {}

    def whole(self, placed: Placed) -> Compiled:
        """Return the program, placed and optimised."""
        return self._compiled(placed, (), lambda _, routed: self._optimise(routed))

    def sketch(self, placed: Placed, names: Collection[str]) -> Compiled:
        """Return circuits of the program, for comparison: one is optimised once for all places where it can be made alike.

        Optimisation knows the errors of a place, too, so that the whole may differ from the sketch.

        Args:
            placed: A placement.
            names: Names of circuits; all if there are none.
        """
        return self._compiled(placed, names, self._alike)

    def _compiled(
        self, placed: Placed, names: Collection[str], optimised: Callable[[str, Routed], QuantumCircuit]
    ) -> Compiled:
        items = []
        for item, low, place in zip(self._program, self._lowered, placed, strict=True):
            if not names or item.name in names:
                routed = place()
                circuit = optimised(item.name, routed)
                items.append(
                    CompiledItem(
                        item.name, low, routed.circuit, circuit, routed.qubits, routed.layout, routed.swaps
                    )
                )
        return Compiled(self._program, tuple(items), self._device, decoupling=self._decoupling)

    def _optimise(self, routed: Routed) -> QuantumCircuit:
        target = None if self._device is None else self._device.target
        return optimiser(routed.qubits, target, self._level).run(routed.circuit)

    def _alike(self, name: str, routed: Routed) -> QuantumCircuit:
        key = name, _content(routed.circuit), self._can(routed)
        if key not in self._optimised:
            self._optimised[key] = self._optimise(routed)
        return self._optimised[key]

    @cached_property
    def _operations(self) -> dict[tuple[int, ...], frozenset[str]]:
        """The names of operations on qubits of the device, in their order."""
        if self._device is None:
            return {}
        target = self._device.target
        return {
            place: frozenset(target.operation_names_for_qargs(place)) for place in target.qargs or () if place
        }

    def _can(self, routed: Routed) -> Hashable:
        """Return the operations that the wires of a circuit can do: each alone, and those that meet."""
        _, pairs = interactions(routed.circuit)
        places: list[tuple[int, ...]] = [(wire,) for wire in range(len(routed.qubits))]
        places += [ends for a, b in sorted(map(sorted, pairs)) for ends in ((a, b), (b, a))]
        return tuple(
            self._operations.get(tuple(routed.qubits[wire] for wire in place), frozenset())
            for place in places
        )


def _content(circuit: QuantumCircuit) -> Hashable:
    """Return the instructions of a circuit in order, on numbered wires and bits, in plain values."""
    wire = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return tuple(
        (
            what(each),
            each.label,
            tuple(wire[qubit] for qubit in each.qubits),
            tuple(place[bit] for bit in each.clbits),
        )
        for each in circuit.data
    )

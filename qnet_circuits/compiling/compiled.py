"""Compiled programs: circuits that a machine can run, and the way back from their outcomes to the program's figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit

from qnet_circuits.compiling.building import count
from qnet_circuits.compiling.decoupling import with_pulses
from qnet_circuits.compiling.exporting import qasm3_of, write_circuits
from qnet_circuits.compiling.lowering import Lowered
from qnet_circuits.compiling.swaps import undo_routing
from qnet_circuits.compiling.verifying.boundaries import Shape, verify_boundaries
from qnet_circuits.compiling.wide_decisions import with_narrow_decisions
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import (
    ParameterError,
    UnsupportedError,
    VerificationError,
)
from qnet_circuits.programs.program import Program

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result
    from qnet_circuits.runs.run import Run

T = TypeVar("T")


@dataclass(frozen=True)
class CompiledItem:
    """One compiled circuit.

    Args:
        name: The item's name.
        lowered: The circuit before placement.
        routed: The circuit after placement and before optimisation, on the used qubits alone.
        circuit: The circuit on the used qubits alone, numbered as in ``qubits``.
        qubits: The physical qubit of each wire of ``circuit``.
        layout: The physical qubits of the program's wires, in program order; empty without a device.
        swaps: Number of SWAPs that routing inserted.
        readout: For a readout circuit, the state 0 or 1 in which it prepares all of its qubits; None for a circuit of the
            program.
        copy: Number of the copy of the program that it belongs to, from 1; 0 if there are no copies.
    """

    name: str
    lowered: Lowered
    routed: QuantumCircuit
    circuit: QuantumCircuit
    qubits: tuple[int, ...]
    layout: tuple[int, ...]
    swaps: int = 0
    readout: int | None = None
    copy: int = 0

    @property
    def source(self) -> str:
        """The name of the program's item from which it was made, the same for all copies."""
        return self.name.removesuffix(f"@{self.copy}") if self.copy else self.name


@dataclass(frozen=True)
class Compiled:
    """A program compiled for a machine: its circuits, their places, and the reading of their outcomes.

    Args:
        program: The program.
        items: Its compiled circuits, followed by readout circuits, if there are any.
        device: The device, or None for a machine without limits.
        notes: Notes for the caller.
        decoupling: Whether waiting qubits are decoupled by pairs of X pulses.
        apart: If each circuit holds all copies of the program, the same program with one circuit for each copy; otherwise None.
    """

    program: Program
    items: tuple[CompiledItem, ...]
    device: Device | None
    notes: tuple[str, ...] = ()
    decoupling: bool = False
    apart: Compiled | None = None
    _run_of: Callable[..., Run] | None = field(default=None, init=False, repr=False, compare=False)
    _made: dict[str, tuple[Any, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __iter__(self) -> Iterator[CompiledItem]:
        return iter(self.items)

    def once(self, kind: str, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return the value that is made from this program for a key; the last value of each kind is cached and shared."""
        found = self._made.get(kind)
        if found is None or found[0] != key:
            found = self._made[kind] = key, make()
        made: T = found[1]  # Not looked up again: another thread may have asked for another key.
        return made

    def with_notes(self, notes: Iterable[str]) -> Compiled:
        """Return the same program with other notes, and with all that was made from it so far."""
        noted = replace(self, notes=tuple(notes))
        noted._made.update(self._made)
        return noted

    @cached_property
    def scheduled_circuits(self) -> tuple[QuantumCircuit, ...]:
        """The circuits on the used qubits only, with decoupling pulses if they were requested."""
        device = self.device
        # Circuits that hold all copies are made from circuits that already have their pulses.
        if device is None or not self.decoupling or self.apart is not None:
            return tuple(item.circuit for item in self.items)
        return tuple(with_pulses(item.circuit, item.qubits, device) for item in self.items)

    @cached_property
    def circuits(self) -> tuple[QuantumCircuit, ...]:
        """The circuits in the form that a machine takes: on all qubits of the device, including decoupling pulses."""
        if self.device is None:
            return self.scheduled_circuits
        width = self.device.num_qubits
        return tuple(
            _spread(item, circuit, width) for item, circuit in zip(self, self.scheduled_circuits, strict=True)
        )

    def to_qasm3(self) -> dict[str, str]:
        """Return each circuit in OpenQASM 3, by name, as ``qiskit.qasm3.loads`` reads it back."""
        return {item.name: qasm3_of(circuit) for item, circuit in zip(self, self.circuits, strict=True)}

    def export(self, path: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write the circuits for other tools.

        Args:
            path: A new file that ends in ``.qpy``, for all circuits unchanged; or a new directory, for one OpenQASM 3 file for
                each circuit.

        Returns:
            The files.

        Raises:
            RecordError: If the path exists already, or cannot be written.
            UnsupportedError: If a circuit's decisions cannot be written in OpenQASM 3 that importers read.
        """
        return write_circuits(path, {item.name: each for item, each in zip(self, self.circuits, strict=True)})

    def subset(self, circuits: Sequence[int]) -> Compiled:
        """Return some of the circuits, without the figures, as a job of their own; the whole if it is all of them."""
        if list(circuits) == list(range(len(self.items))):
            return self
        items = tuple(self.items[k] for k in circuits)
        sources = {item.name: item for item in self.program}
        own = dict.fromkeys(item.source for item in items if item.readout is None)
        program = replace(self.program, items=tuple(sources[name] for name in own), figures=())
        return replace(self, program=program, items=items)

    @property
    def copies(self) -> int:
        """Number of copies of the program, each with circuits of its own; 0 if there are no copies."""
        return max(item.copy for item in self.items)

    @property
    def program_items(self) -> tuple[CompiledItem, ...]:
        """The circuits of the program itself."""
        return tuple(item for item in self.items if item.readout is None)

    def protocol_items(self, control: str = "") -> tuple[CompiledItem, ...]:
        """Return the circuits of a control experiment. Default: those of the protocol itself."""
        names = {item.name for item in self.program if item.control == control}
        return tuple(item for item in self.items if item.source in names)

    @property
    def corrections(self) -> str:
        """The correction mode that was used; if circuits needed different modes, these joined by +."""
        return "+".join(sorted({item.lowered.mode for item in self.protocol_items()}))

    @property
    def layout(self) -> list[list[int]] | None:
        """The physical qubits of each distinct placement, in program order; None without a device."""
        if self.apart is not None:
            return self.apart.layout
        if self.device is None:
            return None
        return [list(layout) for layout in dict.fromkeys(item.layout for item in self.protocol_items())]

    @cached_property
    def resources(self) -> dict[str, Any]:
        """The program's ledger, with the compiled counts (the largest of all circuits) under ``compiled``.

        Control experiments have counts of their own, under ``controls``. With copies it is the ledger of one copy.
        """
        if self.apart is not None:
            return self.apart.resources
        swaps = max(item.swaps for item in self.protocol_items())
        resources = {
            **self.program.resources,
            "routing_swaps": swaps,
            "compiled": _counts(self.protocol_items()),
        }
        controls = dict.fromkeys(item.control for item in self.program if item.control)
        if controls:
            resources["controls"] = {control: _counts(self.protocol_items(control)) for control in controls}
        return resources

    def verify(self) -> int:
        """Prove that compilation kept the parties apart.

        Every circuit is cut at the fences around its link operations. The regions of the compiled circuit must match those of
        the circuit before optimisation one to one, and each region must do the same. Decoupling pulses are covered too: when
        they are inserted, a check proves that only waiting times change.

        Returns:
            The number of regions compared.

        Raises:
            VerificationError: If an operation moved across a boundary.
            UnsupportedError: If a region is too wide to compare.
        """
        if self.apart is not None:
            return self.apart.verify()
        known: set[Shape] = set()  # Circuits of one program differ little: what they share is compared once.
        for item, played in zip(self, self.scheduled_circuits, strict=True):
            _verify_routing(item)
            if played is not item.circuit:
                verify_boundaries(item.circuit, played, known)
        return sum(verify_boundaries(item.routed, item.circuit, known) for item in self.items)

    def analyzed_by(self, run_of: Callable[..., Run]) -> Compiled:
        """Return the same, with the analyser that makes a run from outcomes that were measured elsewhere."""
        other = copy(self)
        object.__setattr__(other, "_run_of", run_of)
        return other

    def analyze(self, data: Any, level: float = 0.95, origin: str = "") -> Result:
        """Return the result of circuits that ran elsewhere.

        Args:
            data: The outcomes of ``circuits``: a ``PrimitiveResult``, or one entry for each, in their order or by name. An
                entry is a ``PubResult``, ``DataBin`` or ``BitArray``, counts in Qiskit's form, a mapping of registers to bits,
                or an array (shots, bits) that begins with bit 0 of the first register. Readout circuits are the last ones and
                may be left out; with them, figures are mitigated.
            level: Confidence level of the intervals.
            origin: The origin of the outcomes, which a note of the result names.

        Returns:
            The result, without theory and prediction, since the noise is unknown.

        Raises:
            ParameterError: If the outcomes do not fit the circuits.

        Example:
            >>> import qnet_circuits as qn
            >>> compiled = qn.compile(qn.RepeaterChain(hops=1), corrections="frame")
            >>> counts = [{"00": 60, "11": 40}, {"01": 45, "10": 55}, {"00": 40, "11": 59, "01": 1}]
            >>> print(compiled.analyze(counts).fidelity)
            0.995 [0.972, 1.000] (95 %)
        """
        return self._measured(data, origin).result(level)

    def keep(self, data: Any, path: str | os.PathLike[str], origin: str) -> Run:
        """Store outcomes that were measured elsewhere as a run's directory, which ``open_run`` and ``replay`` read.

        Args:
            data: The outcomes, as ``analyze`` takes them.
            path: A directory, new or empty.
            origin: The origin of the outcomes, such as the machine, the day and the job; every result names it.

        Returns:
            The finished run.

        Raises:
            ParameterError: If the outcomes do not fit the circuits.
            RecordError: If the directory is not empty, or cannot be written.
        """
        if not isinstance(origin, str) or not origin.strip():
            raise ParameterError(f"origin must say where the outcomes come from, got {origin!r}")
        return self._measured(data, origin, path)

    def _measured(self, data: Any, origin: str, path: str | os.PathLike[str] | None = None) -> Run:
        if self._run_of is None:
            raise UnsupportedError(
                "only a program from qn.compile can analyse outcomes; compile the protocol with qn.compile"
            )
        return self._run_of(data, origin, path)


def _counts(items: Sequence[CompiledItem]) -> dict[str, int]:
    """Return the largest counts of the compiled circuits."""
    counts = [count(item.circuit) for item in items]
    return {
        "two_qubit_gates": max(gates for gates, _ in counts),
        "depth": max(depth for _, depth in counts),
        "qubits": max(len(item.qubits) for item in items),
    }


def registers_of(pub_result: Any) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the registers of one result of a sampler as bool arrays (shots, width), bit 0 first."""
    data = pub_result.data
    return {
        name: np.asarray(array.to_bool_array(order="little")).reshape(-1, array.num_bits)
        for name, array in data.items()
    }


def _verify_routing(item: CompiledItem) -> None:
    """Check that the circuit before optimisation is the lowered one, except for SWAPs between fences of their own."""
    if not item.layout:
        return
    wire = {physical: k for k, physical in enumerate(item.layout)}
    placed = undo_routing(item.routed, [wire.get(physical) for physical in item.qubits])
    meant = with_narrow_decisions(item.lowered.circuit) if item.swaps else item.lowered.circuit
    lowered = undo_routing(meant, range(meant.num_qubits))
    if placed != lowered:
        raise VerificationError(
            f"routing changed circuit {item.name!r}: without its SWAPs it is not the lowered circuit"
        )


def _spread(item: CompiledItem, circuit: QuantumCircuit, width: int) -> QuantumCircuit:
    wide = QuantumCircuit(width, name=item.name)
    for register in circuit.cregs:
        wide.add_register(register)
    wide.compose(circuit, qubits=list(item.qubits), clbits=circuit.clbits, inplace=True)
    return wide

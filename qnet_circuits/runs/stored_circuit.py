"""What a run keeps of each of its circuits, beside the raw outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from qnet_circuits.backends.base import Shapes
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.compiling.readout_circuits import READOUT, final_qubits
from qnet_circuits.errors import check_count


def check_numbers(name: str, values: Sequence[Any]) -> None:
    """Check that values are numbers, of which none is too large for a float, or raise TypeError."""
    if not all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        raise TypeError(name)
    try:
        _ = [float(value) for value in values]
    except OverflowError:
        raise TypeError(name) from None


def check_kinds(plain: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]]) -> None:
    """Check that entries are there and of their kinds, or raise KeyError or TypeError."""
    for key, kind in kinds.items():
        if not isinstance(plain[key], kind):
            raise TypeError(key)


@dataclass(frozen=True)
class StoredCircuit:
    """What the analysis of a run needs of one circuit.

    Args:
        name: The name of the program's item, or of the readout circuit.
        shots: Shots in each block.
        raw_registers: The width of each register of the lowered circuit.
        forms: How the outcomes follow from the raw bits.
        tags: What the protocol says of the circuit.
        state: The state that a readout circuit prepares, 0 or 1; None for every other circuit.
        qubits: The qubit that each raw bit reads at last, if readout is measured; otherwise None.
    """

    name: str
    shots: int
    raw_registers: Mapping[str, int]
    forms: OutcomeMap
    tags: Mapping[str, Any] = field(default_factory=dict)
    state: int | None = None
    qubits: tuple[int | None, ...] | None = None

    @classmethod
    def of(cls, item: CompiledItem, shots: int, tags: Mapping[str, Any], readout: bool) -> StoredCircuit:
        """Return what is kept of a compiled circuit, with its qubits if readout is measured."""
        raw = {register.name: register.size for register in item.circuit.cregs}
        qubits = tuple(final_qubits(item)) if readout else None
        return cls(item.name, shots, raw, item.lowered.forms, dict(tags), item.readout, qubits)

    @property
    def measures_readout(self) -> bool:
        """Whether this is a readout circuit."""
        return self.state is not None

    @property
    def shapes(self) -> Shapes:
        """The shape (shots, width) of each raw register."""
        return {name: (self.shots, width) for name, width in self.raw_registers.items()}

    @property
    def widths(self) -> dict[str, int]:
        """The width of each register of the program."""
        return {name: len(bits) for name, bits in self.forms.registers.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        forms = self.forms
        plain: dict[str, Any] = {
            "name": self.name,
            "tags": dict(self.tags),
            "shots": self.shots,
            "raw_registers": dict(self.raw_registers),
            "forms": {
                "raw": [list(bit) for bit in forms.raw],
                "registers": {name: [list(form) for form in bits] for name, bits in forms.registers.items()},
                "accept": [list(form) for form in forms.accept],
                "emulated": [list(weights) for weights in forms.emulated],
            },
        }
        readout = {} if self.qubits is None else {READOUT: {"state": self.state, "qubits": list(self.qubits)}}
        return {**plain, **readout}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> StoredCircuit:
        """Make a circuit of its plain form.

        Raises:
            KeyError, TypeError, ValueError: If something is missing or cannot be.
        """
        check_kinds(plain, {"name": str, "tags": dict, "raw_registers": dict})
        forms = OutcomeMap(
            tuple((register, int(index)) for register, index in plain["forms"]["raw"]),
            {name: tuple(map(tuple, bits)) for name, bits in plain["forms"]["registers"].items()},
            tuple(map(tuple, plain["forms"]["accept"])),
            tuple(map(tuple, plain["forms"]["emulated"])),
        )
        shots = check_count("shots", plain["shots"])
        made = cls(plain["name"], shots, plain["raw_registers"], forms, plain["tags"])
        if READOUT in plain:
            made = replace(made, state=plain[READOUT]["state"], qubits=tuple(plain[READOUT]["qubits"]))
        made._check_forms()
        made._check_readout()
        return made

    def _check_forms(self) -> None:
        """Check that forms read bits and variables that exist; a negative variable would count from the end."""
        forms = self.forms
        if not all(0 <= index < self.raw_registers[register] for register, index in forms.raw):
            raise ValueError("forms")
        last = len(forms.raw) + 2 * len(forms.emulated) - 1
        for bits in (forms.accept, *forms.registers.values()):
            for variable in (each for form in bits for each in form):
                check_count("a variable of forms", variable, 0, last)
        for weights in forms.emulated:
            check_numbers("emulated", weights)
            if len(weights) != 4 or min(weights) < 0 or not math.isclose(sum(weights), 1.0, rel_tol=1e-5):
                raise ValueError("emulated")

    def _check_readout(self) -> None:
        qubits, state = self.qubits, self.state
        if isinstance(state, bool) or state not in (None, 0, 1):
            raise ValueError(READOUT)
        if qubits is None:
            return
        known = all(qubit is None or (isinstance(qubit, int) and qubit >= 0) for qubit in qubits)
        if not known or len(qubits) != len(self.forms.raw):
            raise ValueError(READOUT)


def check_readout(circuits: Sequence[StoredCircuit]) -> None:
    """Check that all qubits of a run's circuits are measured in both states, or none is, or raise ValueError."""
    if all(circuit.qubits is None for circuit in circuits):
        return
    used = {qubit for circuit in circuits for qubit in circuit.qubits or ()} - {None}
    measured = [[set(c.qubits or ()) for c in circuits if c.state == state] for state in (0, 1)]
    if any(circuit.qubits is None for circuit in circuits) or measured != [[used], [used]]:
        raise ValueError(READOUT)

"""Pauli frames, exactly: which Pauli each qubit is known to carry, and how outcomes follow from raw bits.

Each qubit has two forms, one for X and one for Z. A form is a set of variables, kept as an integer bit mask: its value is
the parity of the variables. Variables are raw measured bits and the link errors that are emulated in software. Clifford
operations conjugate the forms; a measurement is flipped by the form of X.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import quantum_info
from qiskit.circuit import Operation, Qubit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator

from qnet_circuits.compiling.clifford import Matrix, NotClifford, pauli_of
from qnet_circuits.errors import FrameError, NoShotsError
from qnet_circuits.programs.packed import PackedBits, packed

Bits = npt.NDArray[np.bool_]
Weights = tuple[float, float, float, float]
#: A Pauli on k qubits: (x, z) of each, by value 0 or 1.
Pauli = tuple[tuple[int, int], ...]
_WIDEST = 6
_TRANSPARENT = ("barrier", "delay", "id")


class Frames:
    """The frames of all qubits at one moment of a circuit."""

    def __init__(self) -> None:
        self._x: dict[Qubit, int] = {}
        self._z: dict[Qubit, int] = {}

    def form(self, qubit: Qubit) -> tuple[int, int]:
        """Return the forms of X and of Z on a qubit."""
        return self._x.get(qubit, 0), self._z.get(qubit, 0)

    def add(self, qubit: Qubit, x: int, z: int) -> None:
        """Multiply X by a form and Z by another onto a qubit."""
        self._x[qubit] = self._x.get(qubit, 0) ^ x
        self._z[qubit] = self._z.get(qubit, 0) ^ z

    def clear(self, qubit: Qubit) -> None:
        """Forget a qubit's frame, as a reset does."""
        self._x.pop(qubit, None)
        self._z.pop(qubit, None)

    def measure(self, qubit: Qubit) -> int:
        """Return the form that flips this measurement's outcome, and forget Z, which has no effect any more."""
        self._z.pop(qubit, None)
        return self._x.get(qubit, 0)

    def trivial(self, *qubits: Qubit) -> bool:
        """Tell whether none of the qubits carries anything."""
        return not any(self._x.get(qubit, 0) or self._z.get(qubit, 0) for qubit in qubits)

    def conjugate(self, operation: Operation, qubits: tuple[Qubit, ...]) -> None:
        """Carry the frame through an operation.

        Raises:
            FrameError: If the operation does not provably map the frame to a Pauli.
        """
        if operation.name in _TRANSPARENT or self.trivial(*qubits):
            return
        if operation.name == "initialize":
            for qubit in qubits:
                self.clear(qubit)
            return
        matrix = _matrix(operation).tobytes()
        try:
            images = [(variables, _image(matrix, pauli)) for pauli, variables in self._present(qubits)]
        except NotClifford:
            name = operation.name + "".join(f"({parameter})" for parameter in operation.params[:3])
            raise FrameError(
                f"a Pauli frame cannot pass {name}, which is no Clifford operation for it; "
                'use corrections="feedforward", or correct after it'
            ) from None
        for qubit in qubits:
            self.clear(qubit)
        for variables, image in images:
            for qubit, (x, z) in zip(qubits, image, strict=True):
                self.add(qubit, variables * x, variables * z)

    def _present(self, qubits: tuple[Qubit, ...]) -> list[tuple[Pauli, int]]:
        """Return each Pauli that some variables put on the qubits, with those variables."""
        if len(qubits) > _WIDEST:
            raise FrameError(
                f"a frame meets an instruction on {len(qubits)} qubits; {_WIDEST} are supported: decompose the instruction, "
                'or use corrections="feedforward"'
            )
        forms = [form for qubit in qubits for form in self.form(qubit)]
        everything = 0
        for form in forms:
            everything |= form
        present = []
        for flat in product((0, 1), repeat=len(forms)):
            variables = everything
            for value, form in zip(flat, forms, strict=True):
                variables &= form if value else ~form
            if variables and any(flat):
                pairs = tuple((flat[k], flat[k + 1]) for k in range(0, len(flat), 2))
                present.append((pairs, variables))
        return present


def _matrix(operation: Operation) -> Matrix:
    try:
        return np.asarray(Operator(operation).data)
    except QiskitError:
        raise FrameError(
            f"a Pauli frame meets {operation.name!r}, which is no unitary gate; "
            'use corrections="feedforward", or correct after it'
        ) from None


@lru_cache(maxsize=4096)
def _image(matrix: bytes, pauli: Pauli) -> Pauli:
    """Return the Pauli that U P U† is up to a phase; qubit 0 is the least significant bit of U, which is given by its bytes."""
    unitary = np.frombuffer(matrix, dtype=complex).reshape(2 ** len(pauli), -1)
    x, z = np.array(pauli, dtype=bool).T
    image = pauli_of(unitary @ quantum_info.Pauli((z, x)).to_matrix() @ unitary.conj().T)
    return tuple((int(a), int(b)) for a, b in zip(image.x, image.z, strict=True))


@dataclass(frozen=True)
class OutcomeMap:
    """How the outcomes of a circuit follow from its raw bits.

    Args:
        raw: The raw bits (register, index) that are variables 0, 1, ...; emulated link errors are the variables after them,
            X and Z of each link.
        registers: For each register of the program, each bit's set of variables, whose parity is the bit's value.
        accept: Sets of variables that must all have parity 0 for a shot to count.
        emulated: Weights of (I, X, Y, Z) of each emulated link error.
    """

    raw: tuple[tuple[str, int], ...]
    registers: Mapping[str, tuple[tuple[int, ...], ...]]
    accept: tuple[tuple[int, ...], ...] = ()
    emulated: tuple[Weights, ...] = ()

    @classmethod
    def of(
        cls, raw: Mapping[tuple[str, int], int], emulated: Sequence[tuple[int, Weights]],
        registers: Mapping[str, Sequence[int]], accept: Sequence[int],
    ) -> OutcomeMap:  # fmt: skip
        """Make a map of forms, whose variables are numbered anew, raw bits first.

        Args:
            raw: The variable of each raw bit.
            emulated: The first variable of each emulated link error, with its weights.
            registers: The form of each bit, by register.
            accept: Forms that must be even for a shot to count.
        """
        order = [*raw.values(), *(first + k for first, _ in emulated for k in (0, 1))]
        column = {variable: k for k, variable in enumerate(order)}

        def columns(form: int) -> tuple[int, ...]:
            return tuple(sorted(column[variable] for variable in _ones(form)))

        return cls(
            tuple(raw),
            {name: tuple(map(columns, forms)) for name, forms in registers.items()},
            tuple(dict.fromkeys(map(columns, accept))),
            tuple(weights for _, weights in emulated),
        )

    def apply(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> dict[str, Any]:
        """Return the program's registers, bool arrays (accepted shots, width), of raw ones.

        If the raw ones are packed, so are these, unless shots are dropped or errors drawn.

        Raises:
            NoShotsError: If no shot is accepted.
        """
        shots, eights = len(next(iter(raw.values()))), packed(raw)
        if eights is not None and not (self.accept or self.emulated):
            columns = [eights[register][:, index] for register, index in self.raw]
            found = {
                name: self._parity(columns, forms, -(-shots // 8)) for name, forms in self.registers.items()
            }
            return {name: PackedBits(bits.view(np.uint8), shots) for name, bits in found.items()}
        columns = self._columns(raw, rng)
        if self.accept:
            accepted: Bits = np.logical_not(self._parity(columns, self.accept, shots).any(axis=1))
            columns, asked, shots = [column[accepted] for column in columns], shots, int(accepted.sum())
            if not shots:
                raise NoShotsError(
                    f"none of {asked} shots was accepted by post-selection; raise the number of shots"
                )
        return {name: self._parity(columns, forms, shots) for name, forms in self.registers.items()}

    def variables(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> Bits:
        """Return all variables, bool array (shots, variables): the raw bits, and link errors drawn from ``rng``."""
        columns = self._columns(raw, rng)
        shots = len(next(iter(raw.values())))
        return np.stack(columns, axis=1) if columns else np.zeros((shots, 0), dtype=bool)

    def _columns(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> list[Bits]:
        """Return the shots of each variable."""
        shots = len(next(iter(raw.values())))
        columns = [raw[register][:, index] for register, index in self.raw]
        for weights in self.emulated:
            error = rng.choice(4, size=shots, p=weights)
            columns += [(error == 1) | (error == 2), error >= 2]
        return columns

    @staticmethod
    def _parity(columns: Sequence[Bits], forms: tuple[tuple[int, ...], ...], shots: int) -> Bits:
        """Return parities of variables, (shots, forms). The shots of each lie together, as simulators have them."""
        parities = np.zeros((len(forms), shots), dtype=columns[0].dtype if columns else bool)
        for parity, form in zip(parities, forms, strict=True):
            if form:
                parity[:] = columns[form[0]]
            for variable in form[1:]:
                parity ^= columns[variable]
        return parities.T


def _ones(form: int) -> list[int]:
    """Return the positions of the ones of a bit mask."""
    positions = []
    while form:
        lowest = form & -form
        positions.append(lowest.bit_length() - 1)
        form ^= lowest
    return positions

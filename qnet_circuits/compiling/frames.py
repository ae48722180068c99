"""Pauli frames, exactly: which Pauli each qubit is known to carry, as parities of measured bits.

Each qubit has two forms, one for X and one for Z. A form is a set of variables, kept as an integer bit mask: its value is
the parity of the variables. Variables are raw measured bits and the link errors that are emulated in software. Clifford
operations conjugate the forms; a measurement is flipped by the form of X.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from qiskit import quantum_info
from qiskit.circuit import Operation, Qubit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator, SparsePauliOp

from qnet_circuits.errors import FrameError

Matrix = npt.NDArray[np.complex128]
#: A Pauli on k qubits: (x, z) of each, by value 0 or 1.
Pauli = tuple[tuple[int, int], ...]
_WIDEST = 6
_TOLERANCE = 1e-6
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
        images = [(variables, _image(operation, pauli)) for pauli, variables in self._present(qubits)]
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


def _image(operation: Operation, pauli: Pauli) -> Pauli:
    """Return U P U†, or raise FrameError where that is no Pauli."""
    try:
        parameters = tuple(float(parameter) for parameter in operation.params)
        image = _standard_image(operation.name, parameters, operation.base_class, pauli)
    except (TypeError, ValueError, AttributeError):
        image = _matrix_image(_matrix(operation), pauli)
    if image is None:
        name = operation.name + "".join(f"({parameter})" for parameter in operation.params[:3])
        raise FrameError(
            f"a Pauli frame cannot pass {name}, which is no Clifford operation for it; "
            'use corrections="feedforward", or correct after it'
        )
    return image


@lru_cache(maxsize=4096)
def _standard_image(name: str, parameters: tuple[float, ...], kind: type, pauli: Pauli) -> Pauli | None:
    """Return the image under a standard gate, which its class and parameters define."""
    if not kind.__module__.startswith("qiskit.circuit.library"):
        raise ValueError(name)
    return _matrix_image(np.asarray(kind(*parameters).to_matrix()), pauli)


def _matrix(operation: Operation) -> Matrix:
    try:
        return np.asarray(Operator(operation).data)
    except QiskitError:
        raise FrameError(
            f"a Pauli frame meets {operation.name!r}, which is no unitary gate; "
            'use corrections="feedforward", or correct after it'
        ) from None


def _matrix_image(unitary: Matrix, pauli: Pauli) -> Pauli | None:
    """Return the Pauli that U P U† is up to a phase, or None. Qubit 0 is the least significant bit."""
    x, z = np.array(pauli, dtype=bool).T
    image = Operator(unitary @ quantum_info.Pauli((z, x)).to_matrix() @ unitary.conj().T)
    found = SparsePauliOp.from_operator(image, atol=_TOLERANCE, rtol=0).paulis
    if len(found) != 1:
        return None
    return tuple((int(a), int(b)) for a, b in zip(found.x[0], found.z[0], strict=True))

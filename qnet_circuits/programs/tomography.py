"""Tomography: the settings that determine the state of a few qubits, or a process on them, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, product
from typing import Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import DensityMatrix, Operator, SuperOp

from qnet_circuits.errors import ParameterError, ProgramError, check_name
from qnet_circuits.programs.blocks import measure_pauli, prepare
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item
from qnet_circuits.programs.state_functions import MOST_QUBITS, StateFunction
from qnet_circuits.theory.states import (
    FUNCTIONS,
    PAULIS,
    Matrix,
    Reals,
    labels,
    matrix_of,
    means_in,
    means_of,
    power,
)

#: What inputs are prepared in: together they make every operator of a qubit.
PREPARED = ("0", "1", "+", "+i")
#: Half of I, X, Y and Z as sums of these four states.
_HALVES: Reals = np.array([[1, 1, 0, 0], [-1, -1, 2, 0], [-1, -1, 0, 2], [1, -1, 0, 0]]) / 2
#: A weight below this is rounding.
_NOTHING = 1e-12
_PAULIS = "paulis"


@dataclass(frozen=True)
class Tomography:
    """The state that a circuit leaves qubits in, or the process from some qubits to others, measured completely.

    A state of m qubits takes 3^m circuits: X, Y or Z is measured on each qubit. A process with n input qubits takes 4^n times
    as many: each input is prepared in 0, 1, + or +i, which together span all operators. Means of Paulis, and fidelities with a
    pure state or a unitary, are linear in the counts and have the intervals of such sums. Functions of a state are those of the
    state nearest to linear inversion, which is the one of maximum likelihood for equal Gaussian errors of Paulis (J. A. Smolin,
    J. M. Gambetta and G. Smith, Phys. Rev. Lett. 108, 070502 (2012)); ``docs/intervals.md`` says how good their intervals are.
    Readout errors, and errors in preparing inputs, count as errors of the circuit.

    Args:
        circuit: The circuit without the measurement of ``qubits``, as for an ``Item``.
        qubits: The qubits whose state is measured, 1 to 3. Names of Paulis are in their order.
        inputs: For a process, its input qubits, at most 3, unused at the start; they may be among ``qubits``.
        ideal: The noiseless state, or for a process the noiseless operator: any input of Qiskit's ``DensityMatrix`` or
            ``SuperOp``, with qubit 0 as the first of ``qubits``. Fidelities need it, and the ideal values of figures follow
            from it.
        without_messages: The same if no classical message arrives, if it is known.
        name: Prefix of the names of circuits and figures, for programs with several tomographies.

    Raises:
        ParameterError: If there are more than 3 qubits or inputs, a qubit is given twice, or an ideal has another number of
            qubits.
        ProgramError: If a qubit is not in the circuit.

    Example:
        >>> import qnet_circuits as qn
        >>> from qiskit import QuantumRegister
        >>> alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> qn.entangle(circuit, alice[0], bob[0], qn.Link(0.9))
        >>> state = Tomography(circuit, [alice[0], bob[0]])
        >>> result = qn.predict(qn.Program(state.items, state.figures("negativity", "entropy")))
        >>> round(result.negativity.value, 6), round(result.entropy.value, 6)
        (0.4, 0.627492)
    """

    circuit: QuantumCircuit
    qubits: Sequence[Qubit]
    inputs: Sequence[Qubit] = ()
    ideal: Any = None
    without_messages: Any = None
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.circuit, QuantumCircuit):
            raise ParameterError(f"tomography is of a QuantumCircuit, got {self.circuit!r}")
        for field, least in (("qubits", 1), ("inputs", 0)):
            object.__setattr__(self, field, self._checked(field, least))
        object.__setattr__(self, "circuit", self.circuit.copy())

    def _checked(self, field: str, least: int) -> tuple[Qubit, ...]:
        given = getattr(self, field)
        found = (given,) if isinstance(given, Qubit) else tuple(given)
        absent = [qubit for qubit in found if qubit not in self.circuit.qubits]
        if absent:
            raise ProgramError(
                f"{field} of a tomography must be in its circuit, and {absent[0]!r} is not; the circuit has "
                f"{', '.join(f'{r.name}[{r.size}]' for r in self.circuit.qregs) or 'no registers'}"
            )
        if len(set(found)) < len(found):
            raise ParameterError(
                f"{field} of a tomography must be different ones, and one comes twice; give it once"
            )
        if not least <= len(found) <= MOST_QUBITS:
            raise ParameterError(
                f"{field} of a tomography must be {least} to {MOST_QUBITS}, got {len(found)}: each more takes three times the "
                "circuits, and each input four times"
            )
        return found

    @cached_property
    def _means(self) -> tuple[Reals | None, Reals | None]:
        """The Pauli means of the ideal, and without messages, (4^n, 4^m): those of inputs, with each those of outputs."""
        return self._means_of("ideal"), self._means_of("without_messages")

    def _named(
        self,
        name: str,
        expression: Expression | StateFunction,
        values: Sequence[float | None],
        low: float,
        high: float,
    ) -> Figure:
        return Figure(self._called(name), expression, values[0], values[1], physical=(low, high))

    def _means_of(self, field: str) -> Reals | None:
        given, ins, outs = getattr(self, field), len(self.inputs), len(self.qubits)
        if given is None:
            return None
        try:
            # A bare matrix is an operator, and not one of superoperators.
            one = Operator(given) if isinstance(given, np.ndarray | list) else given
            matrix = (SuperOp(one) if ins else DensityMatrix(given).reverse_qargs()).data
        except (QiskitError, TypeError, ValueError) as error:
            raise ParameterError(
                f"{field} of a tomography is no {'process' if ins else 'state'}: {error}"
            ) from None
        if matrix.shape != ((4**outs, 4**ins) if ins else (2**outs, 2**outs)):
            raise ParameterError(
                f"{field} of a tomography must be of {outs} qubits{f', from {ins}' if ins else ''}, got {given!r}"
            )
        return self._means_after(matrix) if ins else means_in(matrix)[None]

    def _means_after(self, process: Matrix) -> Reals:
        """Return what becomes of each Pauli product of the inputs, given what becomes of matrices by columns."""
        ins, outs = len(self.inputs), len(self.qubits)
        columns = power(PAULIS, ins).transpose(0, 2, 1).reshape(4**ins, 4**ins)
        after = (columns @ process.T).reshape(4**ins, 2**outs, 2**outs).transpose(0, 2, 1)
        # Qiskit counts qubits from the last.
        order = [*range(ins)[::-1], *range(ins, ins + outs)[::-1]]
        turned = means_in(after).reshape((4,) * (ins + outs)).transpose(order)
        return np.asarray(turned.reshape(4**ins, 4**outs) / 2**ins)

    @property
    def _register(self) -> str:
        """The register that is measured into."""
        name = "out"
        while any(register.name == name for register in self.circuit.cregs):
            name += "_"
        return name

    @property
    def _bits(self) -> tuple[Bit, ...]:
        return tuple((self._register, k) for k in range(len(self.qubits)))

    @cached_property
    def _settings(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """What each circuit prepares and measures, by its name."""
        prepared = product(PREPARED, repeat=len(self.inputs))
        measured = ["".join(bases) for bases in product("XYZ", repeat=len(self.qubits))]
        return {
            self._called("_".join(["".join(states), bases.lower()] if states else [bases.lower()])): (
                states,
                bases,
            )
            for states in prepared
            for bases in measured
        }

    def _called(self, what: str) -> str:
        return f"{self.name}_{what}" if self.name else what

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The circuits, ready for a program."""
        return tuple(
            Item(name, self._circuit(*setting), {"prepared": " ".join(setting[0]), "measured": setting[1]})
            for name, setting in self._settings.items()
        )

    def _circuit(self, states: Sequence[str], bases: str) -> QuantumCircuit:
        made = self.circuit.copy_empty_like()
        for qubit, state in zip(self.inputs, states, strict=True):
            prepare(made, qubit, state)
        made.compose(self.circuit, inplace=True)
        out = ClassicalRegister(len(self.qubits), self._register)
        made.add_register(out)
        for qubit, basis, bit in zip(self.qubits, bases, out, strict=True):
            measure_pauli(made, qubit, basis, bit)
        return made

    def figures(self, *names: str) -> list[Figure]:
        """Return figures of the state or process.

        Args:
            *names: Of states ``negativity`` (of three qubits one for each that is cut off, ``negativity_0`` and so on),
                ``concurrence`` (of two), ``entropy`` in bits, and ``purity``; of processes ``average_fidelity``, over all
                pure inputs; of both ``fidelity`` with the ideal, for processes that of the Choi states, and ``paulis``: the
                means ``xx``, ``xy`` and so on of a state, or for a process the output for each input Pauli: ``x_z`` is the mean
                of Z for the input X. Default: all of these except ``paulis``.

        Raises:
            UnknownNameError: If there is no such figure.
            ParameterError: If a fidelity is requested without an ideal, or the ideal is not a pure state or a unitary.
        """
        known = [*self._known(), _PAULIS]
        chosen = names or [name for name in known[:-1] if "fidelity" not in name or self.ideal is not None]
        return [figure for name in chosen for figure in self._figures(check_name("figure", name, known))]

    def _known(self) -> list[str]:
        ins, outs = len(self.inputs), len(self.qubits)
        if ins:
            return ["fidelity", *(["average_fidelity"] if ins == outs else [])]
        fitting = {"negativity": outs > 1, "concurrence": outs == 2}
        return ["fidelity", *(name for name in FUNCTIONS if fitting.get(name, True))]

    def _figures(self, name: str) -> list[Figure]:
        if name == _PAULIS:
            return self._paulis()
        if "fidelity" in name:
            return [self._fidelity(name)]
        outs = len(self.qubits)
        cuts = (
            {"": ()}
            if name != "negativity"
            else {"": (0,)}
            if outs == 2
            else {f"_{k}": (k,) for k in range(outs)}
        )
        return [self._function(name, f"{name}{ending}", cut) for ending, cut in cuts.items()]

    def _function(self, function: str, name: str, cut: tuple[int, ...]) -> Figure:
        made = StateFunction(function, tuple(Event(item, self._bits) for item in self._settings), cut)
        values = [None if means is None else float(made.of(matrix_of(means[0]))) for means in self._means]
        return self._named(name, made, values, *made.physical)

    def _fidelity(self, name: str) -> Figure:
        ideal, silent = self._means
        size = 2 ** (len(self.inputs) + len(self.qubits))
        if ideal is None or abs((ideal**2).sum() / size - 1) > 1e-6:
            kind = "unitary, or an isometry," if self.inputs else "pure state"
            raise ParameterError(
                f"a fidelity needs a {kind} as the ideal of the tomography, got {self.ideal!r}"
            )
        expression = self._linear(ideal / size)
        values = [None if means is None else float((means * ideal).sum()) / size for means in (ideal, silent)]
        low, inside = 0.0, 2 ** len(self.qubits)
        if name == "average_fidelity":
            expression, low = (inside * expression + 1) / (inside + 1), 1 / (inside + 1)
            values = [None if value is None else (inside * value + 1) / (inside + 1) for value in values]
        return self._named(name, expression, values, low, 1.0)

    def _paulis(self) -> list[Figure]:
        ins, outs = labels(len(self.inputs)), labels(len(self.qubits))
        figures = []
        for place in product(range(len(ins)), range(1, len(outs))):
            one = np.zeros((len(ins), len(outs)))
            one[place] = 1.0
            name = "_".join(filter(None, (ins[place[0]], outs[place[1]])))
            values = [None if means is None else float(means[place]) for means in self._means]
            figures.append(self._named(name, self._linear(one), values, -1.0, 1.0))
        return figures

    def _linear(self, weights: Reals) -> Expression:
        """Return a sum of Pauli means, given their weights, (4^n, 4^m), as one of parities of bits."""
        outs = len(self.qubits)
        # Means are linear in mean signs: the row of a sign is what it adds to each mean.
        signs = means_of(np.eye(6**outs).reshape(-1, 3**outs, 2**outs))
        of_signs = np.einsum("ip,io,so->ps", power(_HALVES, len(self.inputs)), weights, signs).reshape(
            -1, 2**outs
        )
        constant, terms = float(of_signs[:, 0].sum()), []
        subsets = list(product((0, 1), repeat=outs))
        for item, row in zip(self._settings, of_signs, strict=True):
            for chosen, weight in list(zip(subsets, row, strict=True))[1:]:
                if abs(weight) > _NOTHING:
                    constant -= weight
                    terms.append((2 * float(weight), Event(item, tuple(compress(self._bits, chosen)))))
        return Expression(float(constant), tuple(terms))

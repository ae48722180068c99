"""The state that follows from the Pauli means of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from qiskit.quantum_info import DensityMatrix

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.state_functions import MOST_QUBITS
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.states import labels, matrix_of, nearest_state


class HasFigures(Protocol):
    """A result: figures by name, and those without readout errors."""

    @property
    def figures(self) -> Mapping[str, Estimate]:
        """The estimates."""

    @property
    def mitigated(self) -> Mapping[str, Estimate]:
        """The estimates without readout errors."""


def density_matrix(result: HasFigures, name: str = "", mitigated: bool = False) -> DensityMatrix:
    """Return the state from a result's Pauli means: the state nearest to linear inversion.

    Args:
        result: A result with a figure for each product of Paulis, such as that of ``StateTomography``, or of a program with
            ``Tomography.figures("paulis")``.
        name: The name of the tomography, if it has one.
        mitigated: Whether the readout-mitigated means are used. Default False.

    Returns:
        Qiskit's ``DensityMatrix``, (2^m, 2^m); its qubit 0 is the tomography's first.

    Raises:
        ParameterError: If the result has no such figures.

    Example:
        >>> import qnet_circuits as qn
        >>> state = density_matrix(qn.predict(qn.StateTomography(link_fidelity=0.94)))
        >>> state.data.real.round(3).tolist()[0]
        [0.48, 0.0, 0.0, 0.46]
    """
    figures = result.mitigated if mitigated else result.figures
    for qubits in range(MOST_QUBITS, 0, -1):
        names = [f"{name}_{label}" if name else label for label in labels(qubits)[1:]]
        if all(each in figures for each in names):
            means = np.array([1.0, *(figures[each].value for each in names)])
            return DensityMatrix(nearest_state(matrix_of(means))).reverse_qargs()
    which = f" called {name!r}" if name else ""
    kind = " without readout errors" if mitigated else ""
    raise ParameterError(
        f"the result has no Pauli means{kind} of a tomography{which}; use StateTomography, or declare them by "
        'Tomography.figures("paulis")'
    )

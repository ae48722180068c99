"""OutcomeMap: how the outcomes of a program follow from the raw bits of its lowered circuits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qnet_circuits.errors import NoShotsError

Bits = npt.NDArray[np.bool_]
Weights = tuple[float, float, float, float]


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

    def apply(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> dict[str, Bits]:
        """Return the program's registers, bool arrays (accepted shots, width), of raw ones.

        Raises:
            NoShotsError: If no shot is accepted.
        """
        variables = self.variables(raw, rng)
        if self.accept:
            accepted: Bits = np.logical_not(self._parity(variables, self.accept).any(axis=1))
            variables = variables[accepted]
            if not len(variables):
                raise NoShotsError(
                    f"none of {len(accepted)} shots was accepted by post-selection; raise the number of shots"
                )
        return {name: self._parity(variables, forms) for name, forms in self.registers.items()}

    def variables(self, raw: Mapping[str, Bits], rng: np.random.Generator) -> Bits:
        """Return all variables, bool array (shots, variables): the raw bits, and link errors drawn from ``rng``."""
        shots = len(next(iter(raw.values())))
        columns = [raw[register][:, index] for register, index in self.raw]
        for weights in self.emulated:
            error = rng.choice(4, size=shots, p=weights)
            columns += [(error == 1) | (error == 2), error >= 2]
        return np.stack(columns, axis=1) if columns else np.zeros((shots, 0), dtype=bool)

    @staticmethod
    def _parity(variables: Bits, forms: tuple[tuple[int, ...], ...]) -> Bits:
        columns = [
            np.logical_xor.reduce(variables[:, form], axis=1)
            if form
            else np.zeros(len(variables), dtype=bool)
            for form in forms
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(variables), 0), dtype=bool)

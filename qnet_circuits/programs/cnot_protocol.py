"""What every CNOT between two nodes has in common: how it is judged, from product states in and product measurements out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.programs.blocks import State, eigenstates
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.theory import bounds, teleportation
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: For each pair of input bases (control, target), the bases measured. CNOT takes XI to XX, IX to IX, ZI to ZI and IZ to ZZ.
SETTINGS = {
    "XX": "XX", "ZZ": "ZZ", "ZX": "ZX", "ZY": "ZY", "YX": "YX", "XZ": "YY", "XY": "YZ", "YY": "XZ", "YZ": "XY",
}  # fmt: skip
#: For each pair of input bases, the Paulis read: which inputs they are the product of, which outputs, and the sign.
_READ: dict[str, list[tuple[tuple[int, ...], tuple[int, ...], int]]] = {
    "ZX": [((0, 1), (0, 1), 1)],
    "ZY": [((1,), (0, 1), 1), ((0, 1), (1,), 1)],
    "YX": [((0,), (0, 1), 1), ((0, 1), (0,), 1)],
    "XZ": [((0, 1), (0, 1), -1)],
    "XY": [((0, 1), (0, 1), 1)],
    "YY": [((0, 1), (0, 1), -1)],
    "YZ": [((0, 1), (0, 1), 1)],
}
_OUT = [("out", 0), ("out", 1)]
_VALUES = tuple(product((0, 1), repeat=2))


@dataclass(frozen=True)
class ProcessSetting:
    """One circuit of the process fidelity.

    Args:
        name: The bases and the eigenvalues of the input, such as ``xz_01``.
        states: Input states of control and target.
        measured: Paulis measured on control and target, into ``out``.
    """

    name: str
    states: tuple[State, ...]
    measured: str


class CnotProtocol(ChainProtocol):
    """A CNOT over a chain of links, judged by its process fidelity and its truth table."""

    @staticmethod
    @abstractmethod
    def _circuit(network: Network, setting: ProcessSetting) -> QuantumCircuit:
        """Return the circuit for one input and one measurement."""

    def program(self, rng: np.random.Generator) -> Program:
        """Return 36 circuits: products of eigenstates in, products of Paulis out."""
        chain = self.chain
        items = [
            Item(
                s.name,
                self._circuit(chain, s),
                {"states": ",".join(map(str, s.states)), "measured": s.measured},
            )
            for s in settings()
        ]
        figures = [
            Figure("fidelity", process_fidelity(), ideal=1.0, without_messages=0.25, physical=(0.0, 1.0)),
            Figure("truth_table", truth_table(), ideal=1.0, without_messages=0.5, physical=(0.0, 1.0)),
        ]
        return Program(items, figures, chain)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return process fidelity and truth table of the links' convolution.

        The pair's X becomes X on the target, its Z becomes Z on the control, which the truth table does not see.
        """
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        fidelity = teleportation.gate_process_fidelity(weights)
        return {"fidelity": fidelity, "truth_table": weights[0] + weights[3]}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Without entanglement a process fidelity of 1/2 cannot be exceeded."""
        return {"fidelity": {"local": bounds.CNOT_LOCAL}}


def settings() -> Iterator[ProcessSetting]:
    """Yield the 36 circuits: nine pairs of input bases, four products of eigenstates each."""
    for bases, measured in SETTINGS.items():
        for values in _VALUES:
            yield ProcessSetting(_name(bases, values), eigenstates(bases, values), measured)


def _name(bases: str, values: tuple[int, ...]) -> str:
    return f"{bases.lower()}_{values[0]}{values[1]}"


def truth_table() -> Expression:
    """Return the mean probability of the right output over the four computational inputs."""
    return _right("ZZ", {(a, b): (a, a ^ b) for a, b in _VALUES})


def process_fidelity() -> Expression:
    """Return the process fidelity with CNOT, F = (1 + Σ ⟨U P U†⟩)/16 over the fifteen Paulis P.

    Each correlator is the mean over product eigenstates of P, with their eigenvalues (M. A. Nielsen, Phys. Lett. A 303, 249
    (2002)). Inputs X X and Z Z give three Paulis each at once, 4 P(right output) - 1 in sum.
    """
    total = 1 + 4 * truth_table() - 1
    total = total + 4 * _right("XX", {(a, b): (a ^ b, b) for a, b in _VALUES}) - 1
    for bases, read in _READ.items():
        for inputs, outputs, sign in read:
            for values in _VALUES:
                eigenvalue = (-1) ** sum(values[k] for k in inputs)
                bits = [_OUT[k] for k in outputs]
                total = total + sign * eigenvalue * parity(_name(bases, values), bits) / 4
    return total / 16


def _right(bases: str, outputs: dict[tuple[int, int], tuple[int, int]]) -> Expression:
    total = Expression()
    for values, (control, target) in outputs.items():
        total = total + population(_name(bases, values), _OUT, [f"{control}{target}"]) / 4
    return total

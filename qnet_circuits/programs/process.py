"""The process fidelity of a CNOT, from product states in and product measurements out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qnet_circuits.programs.blocks import State, eigenstates
from qnet_circuits.programs.figures import Expression, parity, population

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


def settings() -> Iterator[ProcessSetting]:
    """Yield the 36 circuits: nine pairs of input bases, four products of eigenstates each."""
    for bases, measured in SETTINGS.items():
        for values in ((0, 0), (0, 1), (1, 0), (1, 1)):
            yield ProcessSetting(_name(bases, values), eigenstates(bases, values), measured)


def _name(bases: str, values: tuple[int, int]) -> str:
    return f"{bases.lower()}_{values[0]}{values[1]}"


def truth_table() -> Expression:
    """Return the mean probability of the right output over the four computational inputs."""
    return _right("ZZ", {values: (values[0], values[0] ^ values[1]) for values in _pairs()})


def process_fidelity() -> Expression:
    """Return the process fidelity with CNOT, F = (1 + Σ ⟨U P U†⟩)/16 over the fifteen Paulis P.

    Each correlator is the mean over product eigenstates of P, with their eigenvalues (M. A. Nielsen, Phys. Lett. A 303, 249
    (2002)). Inputs X X and Z Z give three Paulis each at once, 4 P(right output) - 1 in sum.
    """
    total = 1 + 4 * truth_table() - 1
    total = total + 4 * _right("XX", {values: (values[0] ^ values[1], values[1]) for values in _pairs()}) - 1
    for bases, read in _READ.items():
        for inputs, outputs, sign in read:
            for values in _pairs():
                eigenvalue = (-1) ** sum(values[k] for k in inputs)
                bits = [_OUT[k] for k in outputs]
                total = total + sign * eigenvalue * parity(_name(bases, values), bits) / 4
    return total / 16


def _pairs() -> list[tuple[int, int]]:
    return [(a, b) for a in (0, 1) for b in (0, 1)]


def _right(bases: str, outputs: dict[tuple[int, int], tuple[int, int]]) -> Expression:
    total = Expression()
    for values, (control, target) in outputs.items():
        total = total + population(_name(bases, values), _OUT, [f"{control}{target}"]) / 4
    return total

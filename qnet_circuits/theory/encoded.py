"""Chains of encoded links: pairs of a code's blocks, whose Bell measurements at the stations see errors.

A link makes n raw pairs between two blocks of n qubits. The near node measures the checks of Z on its block, the far node the
checks of X on its own: what is left is an encoded pair. Every later measurement of a block is compared with these results, so
that bit errors of a link are seen at its far end, and phase errors at its near end. A station measures two blocks qubit by
qubit, and a wrong gate or readout there looks like an error of one raw pair: the code sees it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, check_name, check_range
from qnet_circuits.theory.bell_diagonal import check_weights, convolve
from qnet_circuits.theory.distillation import Distilled

Reals = NDArray[np.float64]
#: Places of a block's qubits.
Places = tuple[int, ...]


@dataclass(frozen=True)
class BlockCode:
    """A code whose checks are products of Z, and products of X, on a block of qubits; one encoded qubit of it is used.

    Args:
        size: Number of qubits in a block.
        z_checks: The qubits of each product of Z that is checked; these see bit errors.
        x_checks: The qubits of each product of X that is checked; these see phase errors.
        z: The qubits of the encoded Z.
        x: The qubits of the encoded X.
    """

    size: int
    z_checks: tuple[Places, ...]
    x_checks: tuple[Places, ...]
    z: Places
    x: Places

    @property
    def corrects(self) -> bool:
        """Whether every single bit error has results of its own, and phase errors are not looked for."""
        single = {tuple(k in check for check in self.z_checks) for k in range(self.size)}
        return not self.x_checks and len(single - {(False,) * len(self.z_checks)}) == self.size

    @cached_property
    def table(self) -> dict[tuple[int, ...], int]:
        """For all results of the checks of Z, whether the fewest bit errors that give them flip the encoded Z."""
        errors = sorted(product((0, 1), repeat=self.size), key=sum, reverse=True)
        return {tuple(_odd(error, check) for check in self.z_checks): _odd(error, self.z) for error in errors}


#: Three qubits against bit errors, and four that see one error of any kind (the second encoded qubit is left alone).
CODES = {
    "repetition-3": BlockCode(3, ((0, 1), (1, 2)), (), (0,), (0, 1, 2)),
    "422": BlockCode(4, ((0, 1, 2, 3),), ((0, 1, 2, 3),), (0, 2), (2, 3)),
}
#: A single qubit, without checks.
BARE = BlockCode(1, (), (), (0,), (0,))


def code_of(name: str, detect: bool = True) -> BlockCode:
    """Return a code by its name.

    Args:
        name: ``repetition-3`` or ``422``.
        detect: Whether pairs with errors that are seen are discarded; otherwise the code must be able to correct them.

    Raises:
        UnknownNameError: If there is no such code.
        ParameterError: If it cannot correct what it sees.

    Example:
        >>> code_of("repetition-3", detect=False).table
        {(0, 0): 0, (1, 0): 1, (1, 1): 0, (0, 1): 0}
    """
    code = CODES[check_name("code", name, CODES)]
    if not isinstance(detect, bool):
        raise ParameterError(f"detect must be True or False, got {detect!r}")
    if not (detect or code.corrects):
        able = ", ".join(key for key, each in CODES.items() if each.corrects)
        raise ParameterError(
            f"the code {name} detects errors but cannot correct them; give detect=True, or {able}"
        )
    return code


def encoded_chain(
    code: BlockCode,
    links: Sequence[Sequence[float]],
    detect: bool = True,
    gate: float = 1.0,
    readout: float = 1.0,
) -> Distilled:
    """Return the pair between the ends of a chain of encoded links, and the probability that it is kept.

    The swaps have errors: the two-qubit gate of each pair of qubits is perfect with probability p and leaves both mixed
    otherwise, and each qubit is read out right with probability η, as in ``theory.swapping.chain_fidelity``. Encoding, and
    decoding at the ends, have none. The code ``BARE`` makes this a plain chain.

    Args:
        code: The code.
        links: Weights (I, X, Y, Z) of the raw pairs of each link, at least one link.
        detect: Whether a pair is discarded if an error is seen; otherwise bit errors are corrected by the code's table.
        gate: Probability p that a two-qubit gate of a swap is perfect, in [0, 1].
        readout: Probability η that one qubit is read out right in a swap, in [0, 1].

    Returns:
        The weights of the pair, given that it is kept, and the probability of that.

    Raises:
        ParameterError: If a value is out of range, there is no link, or no pair is ever kept.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> made = encoded_chain(CODES["422"], [werner(0.95)] * 3, readout=0.99)
        >>> round(made.weights[0], 5), round(made.success, 5)
        (0.97925, 0.47477)
    """
    if not links:
        raise ParameterError("links must hold the weights of at least one link, got none")
    made = [_of_all(check_weights(weights), code.size).T for weights in links]
    noise = _of_all(_swap_errors(gate, readout), code.size)
    signs = {
        (a, b): _mean(_seen(code, detect, a), noise, _seen_phase(code, detect, b), made)
        for a, b in product((0, 1), repeat=2)
    }
    success = signs[0, 0]
    if success <= 0:
        raise ParameterError("every pair of these links shows an error, so none is kept")
    flips = ((0, 0), (1, 0), (1, 1), (0, 1))  # of bit and phase, for I, X, Y and Z
    weights = [
        sum((-1) ** (x * a + z * b) * value for (a, b), value in signs.items()) / (4 * success)
        for x, z in flips
    ]
    return Distilled(check_weights([max(weight, 0.0) for weight in weights]), min(success, 1.0))


def _mean(bit: Reals, noise: Reals, phase: Reals, links: Sequence[Reals]) -> float:
    """Return the mean of all values of bit errors at far ends and of phase errors at near ends, where both are weighed.

    Args:
        bit: What bit errors at the far end of a link count, by their pattern.
        noise: The chance of flips in a swap: of the results that bit errors flip (rows) and that phase errors do (columns).
        phase: What phase errors at the near end count.
        links: The chance of phase errors (rows) and bit errors (columns) of each link.
    """
    patterns = np.arange(len(bit))
    turned = patterns[:, None] ^ patterns
    swap = bit[turned] @ noise @ phase[turned]
    return float(phase @ reduce(lambda left, right: left @ swap @ right, links) @ bit)


def _seen(code: BlockCode, detect: bool, sign: int) -> Reals:
    """Return for each pattern of bit errors 0 if it is discarded, or else -1 if it is counted and flips the encoded Z."""
    values = []
    for error in product((0, 1), repeat=code.size):
        results = tuple(_odd(error, check) for check in code.z_checks)
        flipped = _odd(error, code.z) ^ (0 if detect else code.table[results])
        values.append(0 if detect and any(results) else (-1) ** (sign * flipped))
    return np.array(values, dtype=float)


def _seen_phase(code: BlockCode, detect: bool, sign: int) -> Reals:
    """Return the same of phase errors, which no code here corrects."""
    turned = BlockCode(code.size, code.x_checks, code.z_checks, code.x, code.z)
    return _seen(turned, detect or not code.x_checks, sign)


def _of_all(weights: Sequence[float], size: int) -> Reals:
    """Return the chance of bit errors (rows) and phase errors (columns) of independent qubits with the same weights."""
    i, x, y, z = weights
    return reduce(np.kron, [np.array([[i, z], [x, y]])] * size)


def _swap_errors(gate: float, readout: float) -> Sequence[float]:
    """Return the weights of the errors that the gate and the two readouts of a Bell measurement are like."""
    mixed = (1 - check_range("gate", gate, 0, 1)) / 4
    right = check_range("readout", readout, 0, 1)
    one = right * (1 - right)
    return convolve((right**2, one, (1 - right) ** 2, one), (1 - 3 * mixed, mixed, mixed, mixed))


def _odd(error: Sequence[int], places: Places) -> int:
    return sum(error[place] for place in places) % 2

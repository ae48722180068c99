"""Asymptotic key rates: secret bits for each sifted bit, one-way, against collective attacks.

A negative rate means that there is no key. ``q`` is always a quantum bit error rate (QBER), a probability in [0, 1/2].
"""

from __future__ import annotations

import math

from qnet_circuits.errors import check_range
from qnet_circuits.theory.entropy import binary_entropy, shannon_entropy


def bb84_rate(q: float, phase: float | None = None, efficiency: float = 1.0) -> float:
    """Return the rate of BB84 and BBM92, r = 1 - f h(Q_key) - h(Q_phase) (Shor, Preskill, quant-ph/0003004).

    Correcting the key costs f h(Q_key) bits; what Eve can know is bounded by the errors in the other basis.

    Args:
        q: QBER of the key's basis, in [0, 0.5].
        phase: QBER of the other basis; that of the key's basis by default.
        efficiency: f of the error correction, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(bb84_rate(0.05), 8), round(bb84_rate(0.05, efficiency=1.16), 8)
        (0.42720609, 0.38138257)
    """
    q = check_range("q", q, 0.0, 0.5)
    phase = q if phase is None else check_range("phase", phase, 0.0, 0.5)
    f = check_range("efficiency", efficiency, 1.0, math.inf)
    return 1 - f * binary_entropy(q) - binary_entropy(phase)


def six_state_rate(q: float) -> float:
    """Return the rate of the six-state protocol on a depolarizing channel, r = 1 - H(1 - 3Q/2, Q/2, Q/2, Q/2).

    Three bases fix all four Pauli weights of the channel, so less has to be given to Eve than in BB84.

    Args:
        q: QBER, the same in each basis, in [0, 0.5].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(six_state_rate(0.05), 8)
        0.49681627
    """
    q = check_range("q", q, 0.0, 0.5)
    return 1 - shannon_entropy((1 - 1.5 * q, q / 2, q / 2, q / 2))

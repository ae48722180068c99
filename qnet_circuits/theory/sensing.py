"""Closed forms of phases that many nodes measure together with a GHZ state.

A centre teleports the state to the parties, one arm each. Every party's qubit then gets the phase φ, and the parity of X on all
of them is measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights


def fringe(arms: Sequence[Weights], phase: float = 0.0, dephasing: float = 0.0) -> float:
    """Return the mean parity of X on all parties after each qubit had the phase φ.

    A perfect state gives cos(nφ). Z on an arm changes the sign, and X mirrors the phase of its party, so the mean is the real
    part of Π[(q_I - q_Z) e^(iφ) + (q_X - q_Y) e^(-iφ)]. Dephasing with probability e at each party multiplies it by (1 - 2e)^n.

    Args:
        arms: Weights of the arms, at least two.
        phase: The phase φ in radians.
        dephasing: Probability e of Z on the qubit of each party, in [0, 0.5].

    Returns:
        The mean, in [-1, 1]; at φ = 0 it is the contrast.

    Raises:
        ParameterError: If there are fewer than two arms, one has no weights, or ``dephasing`` is out of range.

    Example:
        >>> perfect = (1, 0, 0, 0)
        >>> [round(fringe([perfect] * n, dephasing=0.02), 4) for n in (4, 8)]
        [0.8493, 0.7214]
        >>> round(fringe([perfect] * 3, math.pi / 6), 12)
        0.0
    """
    if len(arms) < 2:
        raise ParameterError(f"arms must hold the weights of at least two arms, got {len(arms)}")
    forward = complex(math.cos(phase), math.sin(phase))
    found = complex(1 - 2 * check_range("dephasing", dephasing, 0, 0.5)) ** len(arms)
    for i, x, y, z in map(check_weights, arms):
        found *= (i - z) * forward + (x - y) * forward.conjugate()
    return found.real


def phase_uncertainty(parties: int, contrast: float) -> float:
    """Return the uncertainty of the phase in one shot where the fringe C cos(nφ) is steepest, 1/(nC).

    Errors leave such a fringe if X is as likely as Y on each arm. A perfect state reaches 1/n, the Heisenberg limit, and n
    separate qubits reach 1/√n, the standard quantum limit.

    Args:
        parties: Number n of parties, at least 1.
        contrast: The contrast C, in (0, 1].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(phase_uncertainty(n, (1 - 2 * 0.02) ** n), 4) for n in (4, 8)]
        [0.2943, 0.1733]
    """
    check_count("parties", parties)
    if not check_range("contrast", contrast, 0, 1) > 0:
        raise ParameterError(
            f"without contrast there is no phase to see: contrast must be above 0, got {contrast}"
        )
    return 1 / (parties * contrast)

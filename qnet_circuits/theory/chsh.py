"""The CHSH value of a Bell-diagonal pair."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qnet_circuits.theory.bell_diagonal import correlators


def s_value(weights: Sequence[float]) -> float:
    """Return the CHSH value with the settings that are best for Φ+.

    One party measures Z or X, the other (Z ± X)/√2, so S = √2 (<XX> + <ZZ>). For a Werner pair this is 2√2 v, which
    exceeds the local bound 2 for F > (1 + 3/√2)/4 = 0.78033.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> round(s_value((1, 0, 0, 0)), 6)
        2.828427
    """
    correlator = correlators(weights)
    return math.sqrt(2) * (correlator["xx"] + correlator["zz"])

"""Bounds: the best values without entanglement, and the largest values that quantum mechanics allows."""

from __future__ import annotations

import math

from qnet_circuits.errors import check_count, check_range

#: A pair with a fidelity above this with a Bell state is entangled; no separable pair exceeds it.
BELL_ENTANGLED: float = 0.5

#: The negativity, and the concurrence, of every separable pair.
SEPARABLE: float = 0.0

#: The best average fidelity of measuring a qubit and preparing it anew, (2F + 1)/3 at F = 1/2 (quant-ph/9807091).
TELEPORTATION_CLASSICAL: float = 2 / 3

#: The largest CHSH value of any local model: each of the 16 fixed sets of answers gives +2 or -2.
CHSH_CLASSICAL: float = 2.0

#: The largest CHSH value in quantum mechanics, reached by a Bell state: the CHSH operator squared is at most 8.
CHSH_QUANTUM: float = 2 * math.sqrt(2)

#: A state with a fidelity above this with a GHZ state is entangled across every split of the parties.
GHZ_ENTANGLED: float = 0.5

#: The best probability to guess one of four messages from one qubit without entanglement: dimension 2 over 4.
DENSE_CODING_CLASSICAL: float = 0.5

#: The probability that uniform bits of several parties have a given parity if no entanglement and no secret joins the parties.
RANDOM_PARITY: float = 0.5

#: The largest process fidelity with a CNOT between nodes without entanglement: its Choi state holds one ebit.
CNOT_LOCAL: float = 0.5


def plob(transmission: float) -> float:
    """Return the most secret bits, or ebits, for each use of a lossy channel without a repeater, -log2(1 - η).

    No protocol over the channel does better, with any number of modes and messages (Pirandola, Laurenza, Ottaviani, Banchi,
    arXiv:1510.08863). A use is one mode that is sent, so a rate for each attempt stands beside it only if an attempt uses each
    fibre once.

    Args:
        transmission: η of the whole distance, in [0, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(plob(0.1), 4), plob(0.5)
        (0.152, 1.0)
    """
    return repeater_bound(transmission, 0)


def repeater_bound(transmission: float, stations: int = 1) -> float:
    """Return the most secret bits for each use of a chain with equally spaced repeaters, -log2(1 - η^(1/(n + 1))).

    The chain does what the PLOB bound allows over its weakest link (Pirandola, arXiv:1905.12674).

    Args:
        transmission: η of the whole distance, in [0, 1].
        stations: Number n of stations between the ends, at least 0.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(repeater_bound(1e-4), 4), round(repeater_bound(1e-4, stations=3), 4)
        (0.0145, 0.152)
    """
    hops = check_count("stations", stations, 0) + 1
    share = check_range("transmission", transmission, 0, 1) ** (1 / hops)
    return math.inf if share == 1 else -math.log1p(-share) / math.log(2)


def tgw(transmission: float) -> float:
    """Return the older and weaker bound for each use of a lossy channel, log2((1 + η)/(1 - η)).

    Takeoka, Guha, Wilde, arXiv:1504.06390. It is about twice the PLOB bound where the loss is high.

    Args:
        transmission: η of the whole distance, in [0, 1].

    Raises:
        ParameterError: If it is out of range.

    Example:
        >>> round(tgw(0.1), 5)
        0.28951
    """
    transmission = check_range("transmission", transmission, 0, 1)
    return math.inf if transmission == 1 else 2 * math.atanh(transmission) / math.log(2)

"""The pair that remains after entanglement swapping along a chain of links."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, convolve, visibility


def chain_weights(links: Sequence[Weights]) -> Weights:
    """Return the pair between the ends of a chain that is swapped without error.

    A perfect Bell measurement multiplies the Paulis of the two pairs that it joins, so the end-to-end weights are the
    convolution of those of all links. The order of the links and of the swaps does not matter.

    Args:
        links: Weights of the links, at least one.

    Returns:
        The weights of the end-to-end pair.

    Raises:
        ParameterError: If there is no link or one has no weights.

    Example:
        >>> [round(weight, 6) for weight in chain_weights([(0.9, 0, 0, 0.1), (0.9, 0, 0, 0.1)])]
        [0.82, 0.0, 0.0, 0.18]
    """
    if len(links) == 0:
        raise ParameterError("links must hold the weights of at least one link, got none")
    return reduce(convolve, links[1:], check_weights(links[0]))


def chain_fidelity(fidelity: float, hops: int, gate: float = 1.0, readout: float = 1.0) -> float:
    """Return the end-to-end fidelity of a chain of equal Werner links with noisy swaps.

    Each of the N - 1 swaps multiplies the visibilities that it joins and loses a factor for its gate and readouts:
    F_N = 1/4 + 3/4 [p (4η² - 1)/3]^(N-1) v^N with v = (4F - 1)/3 (Briegel, Dür, Cirac, Zoller, quant-ph/9803056; Dür et
    al., quant-ph/9808065). The two-qubit gate is perfect with probability p and leaves both qubits mixed otherwise.

    Args:
        fidelity: Fidelity F of each link, in [0.25, 1].
        hops: Number of links N, at least 1.
        gate: Probability p that the gate of a swap is perfect, in [0, 1].
        readout: Probability η that one qubit is read out right, in [0, 1].

    Returns:
        The fidelity F_N.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> round(chain_fidelity(0.95, 4), 5)
        0.81913
        >>> round(chain_fidelity(0.95, 4, gate=0.995, readout=0.99), 5)
        0.76718
    """
    fidelity = check_range("fidelity", fidelity, 0.25, 1)
    hops = check_count("hops", hops)
    gate = check_range("gate", gate, 0, 1)
    readout = check_range("readout", readout, 0, 1)
    swap = gate * (4 * readout**2 - 1) / 3
    return float(0.25 + 0.75 * swap ** (hops - 1) * visibility(fidelity) ** hops)

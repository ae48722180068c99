"""The fidelities of teleportation, dense coding and a teleported CNOT with a Bell-diagonal pair.

All three turn the pair's Pauli into a Pauli on the outcome, so the weights of the pair are the probabilities of the
errors of the task.
"""

from __future__ import annotations

from collections.abc import Sequence

from qnet_circuits.errors import ParameterError, check_range
from qnet_circuits.theory.bell_diagonal import check_weights, fidelity


def average_fidelity(weights: Sequence[float]) -> float:
    """Return the fidelity of teleportation averaged over all pure states.

    A channel of entanglement fidelity F reaches (2F + 1)/3 on average over the Bloch sphere, and the standard protocol
    has the F of its pair (Horodecki, Horodecki, Horodecki, quant-ph/9807091). The six states ±X, ±Y, ±Z have the same
    mean.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> round(average_fidelity((0.85, 0.05, 0.05, 0.05)), 6)
        0.9
    """
    return (2 * fidelity(weights) + 1) / 3


def axis_fidelities(weights: Sequence[float]) -> dict[str, float]:
    """Return the fidelity of teleportation for the eigenstates of X, Y and Z.

    The pair's Pauli P lands on the teleported state, and an eigenstate of P does not feel it: the fidelities are
    q_I + q_X, q_I + q_Y and q_I + q_Z. Both eigenstates of an axis do equally well.

    Args:
        weights: Weights of the pair.

    Returns:
        The fidelities under the keys ``x``, ``y`` and ``z``.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> axis_fidelities((0.9, 0, 0, 0.1))
        {'x': 0.9, 'y': 0.9, 'z': 1.0}
    """
    q_i, q_x, q_y, q_z = check_weights(weights)
    return {"x": q_i + q_x, "y": q_i + q_y, "z": q_i + q_z}


def state_fidelity(weights: Sequence[float], bloch: Sequence[float]) -> float:
    """Return the fidelity of teleportation for one pure state.

    A Pauli turns the Bloch vector (x, y, z) by π about its axis, which leaves an overlap of the axis's component
    squared: F = q_I + q_X x² + q_Y y² + q_Z z². Its mean over the sphere is (2 q_I + 1)/3.

    Args:
        weights: Weights of the pair.
        bloch: Bloch vector of the state, of length 1 within 1e-6.

    Raises:
        ParameterError: If these are no weights, or the vector has not three components and length 1.

    Example:
        >>> round(state_fidelity((0.9, 0, 0, 0.1), (0.6, 0, 0.8)), 6)
        0.964
    """
    q_i, q_x, q_y, q_z = check_weights(weights)
    if isinstance(bloch, str) or not hasattr(bloch, "__len__") or len(bloch) != 3:
        raise ParameterError(f"bloch must have three components (x, y, z), got {bloch!r}")
    x, y, z = (check_range("bloch component", component, -1 - 1e-6, 1 + 1e-6) for component in bloch)
    length = x * x + y * y + z * z
    if abs(length - 1) > 2e-6:
        raise ParameterError(f"bloch must have length 1 (a pure state), got {bloch!r}")
    return q_i + (q_x * x * x + q_y * y * y + q_z * z * z) / length


def dense_coding_success(weights: Sequence[float]) -> float:
    """Return the probability that both bits of dense coding arrive.

    The sender's Pauli multiplies the pair's, and a perfect Bell measurement reads the product, so the two bits are
    right with probability q_I. The other weights are the probabilities of the three wrong messages.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> dense_coding_success((0.9, 0.1, 0, 0))
        0.9
    """
    return fidelity(weights)


def gate_process_fidelity(weights: Sequence[float]) -> float:
    """Return the process fidelity of a CNOT that is teleported over the pair.

    The pair's X becomes an X on the target, its Z a Z on the control and its Y both, so the gate is perfect with
    probability q_I, and the process fidelity is F (the gate: Yimsiriwattana, Lomonaco, quant-ph/0402148). The average
    fidelity of the gate is (4F + 1)/5.

    Args:
        weights: Weights of the pair.

    Raises:
        ParameterError: If these are no weights.

    Example:
        >>> gate_process_fidelity((0.9, 0, 0.1, 0))
        0.9
    """
    return fidelity(weights)

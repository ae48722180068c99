"""The verification of GHZ states by random angles, and what other states and dishonest parties pass.

Each of n parties receives an angle θ_i among the m multiples of π/m below π, all random but for their sum, which is k π. Each
measures cos θ_i X + sin θ_i Y, and the test is passed if the parity of the outcomes is that of k. The mean over all angles of
the signed product of these observables is |0...0><1...1| + |1...1><0...0| for every m of at least 2, since products that flip
only some parties cancel. So a state passes with probability (1 + C)/2, where C, its coherence, is at most its fidelity F with
the GHZ state: (1 + F)/2 = 1 - τ²/2 with the distance τ² = 1 - F.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, prod, sin

from qnet_circuits.errors import check_count
from qnet_circuits.theory.arms import axis_factor, coherences
from qnet_circuits.theory.bell_diagonal import Weights, check_weights

#: If all parties are honest, a higher probability has F > 1/2, so all parties are genuinely entangled.
ENTANGLED: float = 0.75


def ghz_passes(arms: Sequence[Weights]) -> float:
    """Return the probability that a GHZ state passes whose qubits received the errors of arms.

    It is [1 + Π (q_I - q_Z) + Π (q_X - q_Y)]/2: phase flips must be even in number, and all parties are flipped or none.

    Example:
        >>> ghz_passes([(1, 0, 0, 0)] * 5), round(ghz_passes([(0.9, 0, 0, 0.1)] * 2), 6)
        (1.0, 0.82)
    """
    kept, flipped = coherences(arms)
    return (1 + kept + flipped) / 2


def plus_passes(arms: Sequence[Weights]) -> float:
    """Return the probability that |+> at every party passes, [1 + 2^(1 - n) Π (q_I + q_X - q_Y - q_Z)]/2.

    Example:
        >>> plus_passes([(1, 0, 0, 0)] * 4), plus_passes([(1, 0, 0, 0)] * 2)
        (0.5625, 0.75)
    """
    return (1 + 2.0 ** (1 - len(arms)) * prod(_axes(arms, 1))) / 2


def w_passes(arms: Sequence[Weights]) -> float:
    """Return the probability that a W state passes: 1/2, and for two parties [1 + (<XX> - <YY>)/2]/2 after the errors.

    Example:
        >>> w_passes([(1, 0, 0, 0)] * 4), w_passes([(1, 0, 0, 0)] * 2)
        (0.5, 0.5)
    """
    if len(arms) > 2:
        return 0.5
    return (1 + (prod(_axes(arms, 1)) - prod(_axes(arms, 2))) / 2) / 2


def liar_passes(arms: Sequence[Weights], angles: int) -> float:
    """Return the probability that a liar without entanglement passes, in league with the source.

    The source deals |0...0> + e^(iα) |1...1> to the honest parties. The liar knows the own angle θ, hence the sum of theirs,
    and announces the likelier bit, the sign of cos(θ + α). Errors that flip all honest parties turn the sign of α.

    Args:
        arms: Weights of the arms of the honest parties.
        angles: Number m of angles.

    Example:
        >>> round(liar_passes([(1, 0, 0, 0)] * 3, 2), 5), round(liar_passes([(1, 0, 0, 0)], 100), 5)
        (0.85355, 0.81832)
    """
    kept, flipped = coherences(arms)
    total = 0.0
    for k in range(angles):
        right, turned = (cos(k * pi / angles + sign * liar_phase(angles)) for sign in (1, -1))
        total += (-1 if lies(k, angles) else 1) * (kept * right + flipped * turned)
    return (1 + total / angles) / 2


def liar_phase(angles: int) -> float:
    """Return the phase α of the state that suits a liar best: halfway between two sums of angles, or on one."""
    return 0.0 if angles % 2 else pi / (2 * angles)


def lies(angle: int, angles: int) -> bool:
    """Return whether a liar with the angle π ``angle``/``angles`` announces 1."""
    return cos(angle * pi / angles + liar_phase(angles)) < 0


def unentangled(angles: int) -> float:
    """Return the largest probability of states without entanglement between honest parties and liars.

    Given the sum Θ of the honest angles, the mean of the honest parity is 2|ρ| cos(Θ - α), where ρ = |ρ| e^(iα) is their
    matrix element between |1...1> and |0...0>, at most 1/2. Liars who are not entangled with them can only guess the sign, so
    they reach the mean of |cos(Θ - α)|, at most 1/(m sin(π/2m)). The probability is cos²(π/8) for two angles, and 1/2 + 1/π
    for infinitely many.

    Args:
        angles: Number m of angles.

    Raises:
        ParameterError: If ``angles`` is no whole number of at least 2.

    Example:
        >>> [round(unentangled(m), 5) for m in (2, 3, 4, 1000)]
        [0.85355, 0.83333, 0.82664, 0.81831]
    """
    many = check_count("angles", angles, 2)
    return (1 + 1 / (many * sin(pi / (2 * many)))) / 2


def _axes(arms: Sequence[Weights], axis: int) -> list[float]:
    """Return the factors of the mean of X or Y (1 or 2) at each party."""
    return [axis_factor(arm, axis) for arm in map(check_weights, arms)]

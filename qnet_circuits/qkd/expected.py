"""What error rates, guesses and CHSH values must come to, for the links' own noise and an eavesdropper."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.tapping import Eavesdropper
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.entropy import binary_entropy

PERFECT: Weights = (1.0, 0.0, 0.0, 0.0)


def component(weights: Weights, basis: str) -> float:
    """Return 1 - 2q: what is left of a Bloch vector along a basis's axis after Pauli errors, of which two of three flip it.

    Example:
        >>> round(component((0.9, 0.05, 0.0, 0.05), "z"), 9)
        0.9
    """
    _, x, y, z = check_weights(weights)
    return 1 - 2 * {"z": x + y, "x": y + z, "y": x + z}[basis]


def expected(
    shares: Mapping[str, float], eve: Eavesdropper | None, whole: Weights, before: Weights = PERFECT
) -> dict[str, float]:
    """Return the figures of a key distribution.

    In basis B the error rate is (1 - c_B t_B)/2, with c_B left by the links and t_B by the eavesdropper. Each of her cases in
    which she holds r of the Bloch vector is a guess that is right with g = (1 + r)/2, and worth 1 - h(g) bits.

    Args:
        shares: Share of each basis in the sifted rounds.
        eve: The eavesdropper.
        whole: Pauli weights of all links.
        before: Those between Alice and the eavesdropper.

    Example:
        >>> expected({"z": 0.5, "x": 0.5}, None, (0.94, 0.02, 0.02, 0.02))["qber"]
        0.04
    """
    bases = tuple(shares)
    left = {basis: component(whole, basis) for basis in bases}
    if isinstance(eve, ManInTheMiddle):
        # One of the two sessions crosses the links, the other ends before them.
        left = {basis: (1 + value) / 2 for basis, value in left.items()}
    if eve is not None:
        left = {basis: value * eve.transmitted(basis, bases) for basis, value in left.items()}
    figures = {"qber": sum(shares[basis] * (1 - left[basis]) / 2 for basis in bases)}
    figures |= {f"qber_{basis}": (1 - left[basis]) / 2 for basis in bases}
    figures = {name: round(value, 15) for name, value in figures.items()}
    return figures if eve is None else {**figures, **_known(shares, eve, before)}


def _known(shares: Mapping[str, float], eve: Eavesdropper, before: Weights) -> dict[str, float]:
    """Return how often she guesses right, and how much she knows."""
    guess = information = 0.0
    for basis, share in shares.items():
        known = 0.0
        for often, part in eve.knowledge(basis, tuple(shares)):
            right = (1 + part * component(before, basis)) / 2
            guess += share * often * right
            information += share * often * (1 - binary_entropy(min(1.0, right)))
            known += often
        guess += share * (1 - known) / 2
    return {"eve_guess": guess, "eve_information": information}


def chsh_value(figures: Mapping[str, float]) -> float:
    """Return S = √2 (⟨XX⟩ + ⟨ZZ⟩) of the error rates in Z and X; 2√2 (1 - 2Q) where both are Q.

    Example:
        >>> round(chsh_value({"qber_z": 0.0, "qber_x": 0.0}), 6)
        2.828427
    """
    return math.sqrt(2) * sum(1 - 2 * figures[f"qber_{basis}"] for basis in "zx")

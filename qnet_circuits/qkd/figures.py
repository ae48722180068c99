"""The figures of key distribution, as linear combinations of probabilities, and their theory.

The theory takes the links' own noise and the eavesdropper into account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from qnet_circuits.programs.expressions import Expression, Ratio, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.qkd.circuits import OUT
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.settings import Line, Setting
from qnet_circuits.qkd.tapping import Eavesdropper
from qnet_circuits.theory.arms import axis_factor
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.bounds import CHSH_CLASSICAL
from qnet_circuits.theory.entropy import binary_entropy

PERFECT: Weights = (1.0, 0.0, 0.0, 0.0)
#: Places of the Paulis of the bases in weights.
_AXIS = {"x": 1, "y": 2, "z": 3}
#: What a station announces.
_ANNOUNCED = ((OUT, 0), (OUT, 1))


def error_rate(
    lines: Sequence[Line], names: Mapping[str, str], basis: str | None = None
) -> Expression | Ratio:
    """Return the probability that a sifted round's bits differ, averaged over lines, among the rounds that count.

    Args:
        lines: The lines.
        names: Name of each setting's item.
        basis: One basis, or all.
    """
    chosen = [(share / len(lines), setting) for line in lines for share, setting in _sifted(line, basis)]
    return _among(_total(chosen, names, _differ), chosen, names)


def counted_share(line: Line, names: Mapping[str, str]) -> Expression:
    """Return the probability that a round with equal bases counts by the station's result."""
    return _total(_sifted(line, None), names, _counted)


def guess_rate(line: Line, names: Mapping[str, str]) -> Expression | Ratio:
    """Return the probability that the eavesdropper's bit of a sifted round is Alice's; without a bit she tosses a coin."""
    chosen = _sifted(line, None)
    return _among(_total(chosen, names, _guessed), chosen, names)


def s_value(line: Line, names: Mapping[str, str], ideal: float, without: float) -> Figure:
    """Return the CHSH value E(+, z) + E(+, x) + E(-, z) - E(-, x) of the rounds in which Alice measured at 45°."""
    total = Expression()
    for setting in line:
        if setting.at_45:
            correlator = parity(names[setting.name], [(OUT, 0), (OUT, 1)])
            total = total + chsh_sign(setting) * (-1) ** setting.flip * share_of(line, setting) * correlator
    return Figure("s_value", total, ideal, without, null=CHSH_CLASSICAL)


def chsh_sign(setting: Setting) -> int:
    """Return the sign with which a setting's correlator enters S."""
    return -1 if (setting.alice, setting.bob) == ("minus", "x") else 1


def share_of(line: Line, setting: Setting) -> float:
    """Return the probability of this setting, given the parties' bases."""
    same = [one.probability for one in line if (one.alice, one.bob) == (setting.alice, setting.bob)]
    return setting.probability / sum(same)


def _sifted(line: Line, basis: str | None) -> list[tuple[float, Setting]]:
    """Return the settings that are sifted, each with its share of them."""
    chosen = [setting for setting in line if setting.matched and basis in (None, setting.alice)]
    total = sum(setting.probability for setting in chosen)
    return [(setting.probability / total, setting) for setting in chosen]


def _total(
    chosen: Sequence[tuple[float, Setting]],
    names: Mapping[str, str],
    probability: Callable[[Setting, str], Expression],
) -> Expression:
    """Return a probability, averaged over settings with their shares."""
    total = Expression()
    for share, setting in chosen:
        total = total + share * probability(setting, names[setting.name])
    return total


def _among(
    total: Expression, chosen: Sequence[tuple[float, Setting]], names: Mapping[str, str]
) -> Expression | Ratio:
    """Return a probability that includes that the round counts, divided by the probability that the round counts."""
    if all(setting.sure for _, setting in chosen):
        return total
    return total / _total(chosen, names, _counted)


def _counted(setting: Setting, item: str) -> Expression:
    """Return the probability that a round counts."""
    return Expression(1.0) if setting.sure else population(item, _ANNOUNCED, setting.heralds)


def _differ(setting: Setting, item: str) -> Expression:
    if setting.bob_sent is not None:
        # The station's bit then says what is not true.
        wrong = [each for each in setting.heralds if int(each[setting.told]) == _agree(setting)]
        return population(item, _ANNOUNCED, wrong) if wrong else Expression()
    if setting.sent is None:
        return population(item, [(OUT, 0), (OUT, 1)], _unequal(1 - setting.flip))
    return population(item, [(OUT, 0)], [str(1 - setting.sent)])


def _guessed(setting: Setting, item: str) -> Expression:
    if setting.heard is None:
        return 0.5 * _counted(setting, item)
    if setting.sent is None:
        return population(item, [(OUT, 0), setting.heard], _unequal(setting.flip))
    if setting.sure:
        return population(item, [setting.heard], [str(setting.sent)])
    return population(
        item, [setting.heard, *_ANNOUNCED], [f"{setting.sent}{each}" for each in setting.heralds]
    )


def _agree(setting: Setting) -> int:
    """Return 1 if Alice and Bob sent the same bit."""
    return int(setting.sent == setting.bob_sent)


def _unequal(differ: int) -> list[str]:
    """Return the patterns of two bits that differ, or of two that do not."""
    return ["01", "10"] if differ else ["00", "11"]


def expected(
    shares: Mapping[str, float], eve: Eavesdropper | None, whole: Weights, before: Weights = PERFECT
) -> dict[str, float]:
    """Return the figures of a key distribution.

    In basis B the error rate is (1 - c_B t_B)/2: the links shrink the Bloch vector by c_B, the eavesdropper by t_B. If she
    holds the part r of the Bloch vector, her guess is right with probability g = (1 + r)/2, and worth 1 - h(g) bits.

    Args:
        shares: Share of each basis in the sifted rounds.
        eve: The eavesdropper.
        whole: Pauli weights of all links.
        before: Pauli weights of the links between Alice and the eavesdropper.

    Example:
        >>> expected({"z": 0.5, "x": 0.5}, None, (0.94, 0.02, 0.02, 0.02))["qber"]
        0.04
    """
    bases, weights = tuple(shares), check_weights(whole)
    left = {basis: axis_factor(weights, _AXIS[basis]) for basis in bases}
    if isinstance(eve, ManInTheMiddle):
        # One of the two sessions crosses the links; the other one ends before them.
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
    before = check_weights(before)
    for basis, share in shares.items():
        known = 0.0
        for often, part in eve.knowledge(basis, tuple(shares)):
            right = (1 + part * axis_factor(before, _AXIS[basis])) / 2
            guess += share * often * right
            information += share * often * (1 - binary_entropy(min(1.0, right)))
            known += often
        guess += share * (1 - known) / 2
    return {"eve_guess": guess, "eve_information": information}


def chsh_value(figures: Mapping[str, float]) -> float:
    """Return S = √2 (⟨XX⟩ + ⟨ZZ⟩) from the error rates in Z and X; 2√2 (1 - 2Q) if both are Q.

    Example:
        >>> round(chsh_value({"qber_z": 0.0, "qber_x": 0.0}), 6)
        2.828427
    """
    return math.sqrt(2) * sum(1 - 2 * figures[f"qber_{basis}"] for basis in "zx")

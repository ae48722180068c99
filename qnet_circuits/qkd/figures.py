"""The declared figures of key distribution: error rates and guesses as linear combinations of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qnet_circuits.programs.figures import Expression, Figure, parity, population
from qnet_circuits.qkd.circuits import OUT
from qnet_circuits.qkd.settings import Line, Setting
from qnet_circuits.theory.bounds import CHSH_CLASSICAL


def error_rate(lines: Sequence[Line], names: Mapping[str, str], basis: str | None = None) -> Expression:
    """Return the probability that a sifted round's bits differ, averaged over lines.

    Args:
        lines: The lines.
        names: Name of each setting's item.
        basis: One basis, or all.
    """
    total = Expression()
    for line in lines:
        for share, setting in _sifted(line, basis):
            total = total + share / len(lines) * _differ(setting, names[setting.name])
    return total


def guess_rate(line: Line, names: Mapping[str, str]) -> Expression:
    """Return the probability that the eavesdropper's bit of a sifted round is Alice's; where she has none she tosses a coin."""
    total = Expression()
    for share, setting in _sifted(line, None):
        total = total + share * _guessed(setting, names[setting.name])
    return total


def s_value(line: Line, names: Mapping[str, str], ideal: float, without: float) -> Figure:
    """Return the CHSH value E(+, z) + E(+, x) + E(-, z) - E(-, x) of the rounds in which Alice measured at 45°."""
    total = Expression()
    for setting in line:
        if setting.alice in ("plus", "minus"):
            correlator = parity(names[setting.name], [(OUT, 0), (OUT, 1)])
            total = total + chsh_sign(setting) * (-1) ** setting.flip * share_of(line, setting) * correlator
    return Figure("s_value", total, ideal, without, null=CHSH_CLASSICAL)


def chsh_sign(setting: Setting) -> int:
    """Return the sign with which a setting's correlator enters S."""
    return -1 if (setting.alice, setting.bob) == ("minus", "x") else 1


def share_of(line: Line, setting: Setting) -> float:
    """Return how often what is done in this setting, beside the parties' choice of bases, is done, given these."""
    same = [one.probability for one in line if (one.alice, one.bob) == (setting.alice, setting.bob)]
    return setting.probability / sum(same)


def _sifted(line: Line, basis: str | None) -> list[tuple[float, Setting]]:
    """Return the settings that are sifted, each with its share of them."""
    chosen = [setting for setting in line if setting.matched and basis in (None, setting.alice)]
    total = sum(setting.probability for setting in chosen)
    return [(setting.probability / total, setting) for setting in chosen]


def _differ(setting: Setting, item: str) -> Expression:
    if setting.sent is None:
        return population(item, [(OUT, 0), (OUT, 1)], _unequal(1 - setting.flip))
    return population(item, [(OUT, 0)], [str(1 - setting.sent)])


def _guessed(setting: Setting, item: str) -> Expression:
    if setting.heard is None:
        return Expression(0.5)
    if setting.sent is None:
        return population(item, [(OUT, 0), setting.heard], _unequal(setting.flip))
    return population(item, [setting.heard], [str(setting.sent)])


def _unequal(differ: int) -> list[str]:
    """Return the patterns of two bits that differ, or of two that do not."""
    return ["01", "10"] if differ else ["00", "11"]

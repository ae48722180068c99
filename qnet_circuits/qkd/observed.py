"""Figures from the records of all rounds: error rates, the CHSH value, and the knowledge in an eavesdropper's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.figures import chsh_sign
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, Ledger
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.rounds import NOTHING, Rounds
from qnet_circuits.qkd.settings import BASES
from qnet_circuits.theory.bounds import CHSH_CLASSICAL
from qnet_circuits.theory.entropy import binary_entropy
from qnet_circuits.theory.estimate import Estimate, combine, proportion
from qnet_circuits.theory.weighted import Count

#: A case that she can tell apart: the number of sifted rounds, and the number of right guesses.
Case = tuple[int, int]


def counted(number: int) -> Estimate:
    """Return a counted number as an exact estimate.

    Example:
        >>> print(counted(1234))
        1234
    """
    return Estimate(float(number), float(number), float(number), 1.0, "counted", 0)


def error_rates(bases: Sequence[str], played: Sequence[Rounds], level: float) -> dict[str, Estimate]:
    """Return the error rate of all sifted rounds and of each basis, if there are any."""
    found: dict[str, Estimate] = {}
    for basis in (None, *bases):
        wrong = n = 0
        for rounds in played:
            chosen = rounds.sifted
            if basis is not None:
                chosen = chosen & (rounds.alice.bases == BASES.index(basis))
            wrong += int(np.count_nonzero(rounds.wrong & chosen))
            n += int(np.count_nonzero(chosen))
        if n:
            found["qber" if basis is None else f"qber_{basis}"] = proportion(wrong, n, level)
    return found


def chsh_estimate(rounds: Rounds, level: float) -> dict[str, Estimate]:
    """Return S = 8w - 4 from the share w of rounds won, with the p-value of S ≤ 2; nothing without CHSH rounds.

    A round is won if the bits agree, or if they differ for the pair whose correlator enters with a minus. The four pairs of
    bases are equally likely in each round, so the number of wins is binomial, and P(Bin(n, 3/4) ≥ wins) is the p-value.

    Args:
        rounds: Records of Alice and Bob.
        level: Confidence level.
    """
    played = _played(rounds)
    if (n := chsh_rounds(rounds)) == 0:
        return {}
    signs = np.array([chsh_sign(setting) for setting in rounds.line], np.int8)[rounds.kind]
    wins = int(np.count_nonzero(played & (rounds.wrong == (signs < 0))))
    return {"s_value": combine(-4.0, [Count(8.0, wins, n, "chsh")], level, CHSH_CLASSICAL)}


def chsh_rounds(rounds: Rounds) -> int:
    """Return the number of rounds whose bits are announced for the CHSH value."""
    return int(np.count_nonzero(_played(rounds)))


def revealed(ledger: Ledger, n: int) -> Ledger:
    """Return the account with the bits revealed for the CHSH value: two for each of n rounds, none of them of the key."""
    return replace(ledger, entries=(*ledger.entries, Entry("CHSH rounds", 0, 2 * n))) if n else ledger


def _played(rounds: Rounds) -> NDArray[np.bool_]:
    """Tell of each round whether Alice measured at 45° and both have a bit."""
    at_45 = rounds.alice.bases >= BASES.index("plus")
    return np.asarray(at_45 & rounds.alice.seen, bool)


def eve_figures(rounds: Rounds, level: float, randomness: Randomness) -> dict[str, Estimate]:
    """Return how often her bit is Alice's, and her information in bits for each sifted bit.

    If she has no bit, she tosses a coin. She knows what she did and which basis was announced, so the information is Σ_c w_c (1
    - h(g_c)) over the cases c that she can tell apart, with their shares w_c and guess rates g_c. By Fano's inequality this is
    a lower bound of her information; for attacks that treat both bits alike it is the mutual information.

    Args:
        rounds: The records.
        level: Confidence level.
        randomness: Source of the coins.
    """
    sifted = rounds.sifted
    total = int(np.count_nonzero(sifted))
    if total == 0:
        return {}
    coins = randomness.bits(len(sifted))
    bits = np.where(rounds.heard == NOTHING, coins, rounds.heard)
    right = int(np.count_nonzero((bits == rounds.alice.bits) & sifted))
    return {
        "eve_guess": proportion(right, total, level),
        "eve_information": information(_cases(rounds, sifted), total, level),
    }


def information(cases: list[Case], total: int, level: float) -> Estimate:
    """Return Σ_c (n_c/n)(1 - h(g_c)) with an interval, by Clopper-Pearson for every share and rate, and Bonferroni.

    Args:
        cases: Rounds and right guesses of each case.
        total: n, sifted rounds in all.
        level: Confidence level.

    Example:
        >>> print(information([(5000, 5000), (5000, 2500)], 10_000, 0.95))
        0.500 [0.482, 0.513] (95 %)
    """
    low = high = value = 0.0
    each = 1 - (1 - level) / max(1, 2 * len(cases))
    for n, right in cases:
        share, guess = proportion(n, total, each), proportion(right, n, each)
        ends = [_worth(guess.low), _worth(guess.high)]
        least = 0.0 if guess.low <= 0.5 <= guess.high else min(ends)
        low, high = low + share.low * least, high + share.high * max(ends)
        value += share.value * _worth(guess.value)
    method = f"plug-in, Clopper-Pearson and Bonferroni over {2 * len(cases)}" if cases else "no bit was heard"
    return Estimate(value, min(low, value), max(min(1.0, high), value), level, method, total)


def _worth(guess: float) -> float:
    """Return 1 - h(g), the bits in a guess that is right with probability g, or wrong with it."""
    return 1 - binary_entropy(guess)


def _cases(rounds: Rounds, sifted: NDArray[np.bool_]) -> list[Case]:
    """Return the cases in which she has a bit, one for each of her choices and each announced basis."""
    labels = sorted({(setting.eve, setting.alice) for setting in rounds.line if setting.matched})
    place = {label: k for k, label in enumerate(labels)}
    of_kind = np.array([place.get((setting.eve, setting.alice), 0) for setting in rounds.line])
    has = sifted & (rounds.heard != NOTHING)
    n = np.bincount(of_kind[rounds.kind[has]], minlength=len(labels))
    hits = has & (rounds.heard == rounds.alice.bits)
    right = np.bincount(of_kind[rounds.kind[hits]], minlength=len(labels))
    return [(int(a), int(b)) for a, b in zip(n, right, strict=True) if a]

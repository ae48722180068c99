"""The rounds in which Alice measured at 45°: the CHSH value, as a game that is won or lost in each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qnet_circuits.qkd.figures import chsh_sign
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, Ledger
from qnet_circuits.qkd.rounds import Rounds
from qnet_circuits.qkd.settings import BASES
from qnet_circuits.theory.bounds import CHSH_CLASSICAL
from qnet_circuits.theory.estimate import Count, Estimate, combine


def chsh_estimate(rounds: Rounds, level: float) -> dict[str, Estimate]:
    """Return S = 8w - 4 of the share w of rounds won, with the p-value of S ≤ 2; nothing if no round was played.

    A round is won where the bits agree, or differ for the pair whose correlator enters with a minus. The four pairs of bases
    are equally likely in each round, so the number of wins is binomial, and P(Bin(n, 3/4) ≥ wins) is the p-value.

    Args:
        rounds: Records of Alice and Bob.
        level: Confidence level.
    """
    played = _played(rounds)
    n = int(np.count_nonzero(played))
    if n == 0:
        return {}
    signs = np.array([chsh_sign(setting) for setting in rounds.line])[rounds.kind]
    wins = int(np.count_nonzero(played & (rounds.wrong == (signs < 0))))
    return {"s_value": combine(-4.0, [Count(8.0, wins, n, "chsh")], level, CHSH_CLASSICAL)}


def revealed(ledger: Ledger, rounds: Rounds) -> Ledger:
    """Return the account with what was said aloud for the CHSH value: two bits for each round, none of them of the key."""
    n = int(np.count_nonzero(_played(rounds)))
    return replace(ledger, entries=(*ledger.entries, Entry("CHSH rounds", 0, 2 * n))) if n else ledger


def _played(rounds: Rounds) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell of each round whether Alice measured at 45° and both have a bit."""
    at_45 = rounds.alice.bases >= BASES.index("plus")
    return np.asarray(at_45 & rounds.alice.seen, bool)

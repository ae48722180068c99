"""Figures of a laser's pulses: gain and error rate of each intensity, and what single photons contributed to the key."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.observed import counted
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.decoy_key import tallied
from qnet_circuits.qkd.rounds import Rounds
from qnet_circuits.qkd.weak_pulses import Table, WeakPulses
from qnet_circuits.theory.decoy import DecoyCounts, decoy_bound
from qnet_circuits.theory.estimate import Estimate, proportion


def by_intensity(rounds: Rounds, level: float) -> dict[str, Estimate]:
    """Return the gain of each intensity, the share of its pulses of which Bob has a bit, and the error rate of its sifted bits.

    Args:
        rounds: Rounds with labels.
        level: Confidence level.
    """
    sent, clicks, kept, wrong = (
        _counts(rounds, rows)
        for rows in (
            np.ones(len(rounds.kind), bool),
            rounds.bob.seen,
            rounds.sifted,
            rounds.sifted & rounds.wrong,
        )
    )
    found = {f"gain_mu{k + 1}": proportion(clicks[k], sent[k], level) for k in range(3) if sent[k]}
    return found | {f"qber_mu{k + 1}": proportion(wrong[k], kept[k], level) for k in range(3) if kept[k]}


def single_photons(rounds: Rounds, rules: SessionParameters) -> dict[str, Estimate]:
    """Return how many bits of the key's basis came from single photons, which only the simulation knows, and their bound.

    Args:
        rounds: Rounds with labels.
        rules: Those of the session, with decoy states.
    """
    assert rules.decoys is not None
    key, test = (
        rounds.sifted & (rounds.alice.bases == basis) for basis in (rules.key_basis, rules.test_basis)
    )
    counts = DecoyCounts(*(_counts(rounds, rows) for rows in (key, test, test & rounds.wrong)))
    bound = decoy_bound(rules.decoys, counts, rules.epsilon_secrecy)
    return {
        "single_photons": counted(int(np.count_nonzero(key & (rounds.photons == 1)))),
        "single_photon_bound": counted(int(bound.single)),
    }


def _counts(rounds: Rounds, rows: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Return the number of rounds of each intensity."""
    assert rounds.alice.intensities is not None
    return tallied(rounds.alice.intensities[rows])


def expected_of_pulses(
    laser: WeakPulses, arriving: Mapping[str, Table], photons: Mapping[str, float], known: float
) -> dict[str, float]:
    """Return the figures of a laser's pulses from those of photons that arrive.

    Args:
        laser: The laser.
        arriving: How often photons arrive.
        photons: The figures of photons.
        known: The share of photons that the figures of the eavesdropper belong to; of others she knows nothing.
    """
    clicks, wrong = laser.clicks(arriving), laser.wrong(arriving, photons["qber"])
    figures = {name: laser.blurred(value, arriving) for name, value in photons.items() if "qber" in name}
    if "eve_guess" in photons:
        part = known * laser.arrived(arriving)
        figures["eve_guess"] = 0.5 + part * (photons["eve_guess"] - 0.5)
        figures["eve_information"] = part * photons["eve_information"]
    for k in (1, 2, 3):
        figures[f"gain_mu{k}"] = clicks[k]
        figures[f"qber_mu{k}"] = wrong[k] / clicks[k] if clicks[k] else 0.5
    return figures


def expected_counts(
    laser: WeakPulses, arriving: Mapping[str, Table], shares: tuple[float, float], error_rate: float
) -> DecoyCounts:
    """Return the mean counts of the intensities.

    Args:
        laser: The laser.
        arriving: How often photons arrive.
        shares: Mean numbers of rounds in which both parties choose the key's basis, and of those with the test basis.
        error_rate: That of photons in the test basis.
    """
    per_intensity = zip(
        laser.decoys.probabilities,
        laser.clicks(arriving)[1:],
        laser.wrong(arriving, error_rate)[1:],
        strict=True,
    )
    clicks, wrong = zip(*((p * clicked, p * false) for p, clicked, false in per_intensity), strict=True)
    key, test, differ = (
        tuple(n * each for each in row)
        for n, row in zip((*shares, shares[1]), (clicks, clicks, wrong), strict=True)
    )
    return DecoyCounts(key, test, differ)


def expected_single_photons(
    laser: WeakPulses, arriving: Mapping[str, Table], rounds: float, counts: DecoyCounts, epsilon: float
) -> dict[str, float]:
    """Return the mean number of the key's bits from single photons, and its bound from mean counts.

    Args:
        laser: The laser.
        arriving: How often photons arrive.
        rounds: Mean number of rounds in which both parties choose the key's basis.
        counts: The mean counts.
        epsilon: ε_sec.
    """
    arrived = float(sum(table[:, 1].sum() for table in arriving.values()))
    dark = 2 * laser.dark_counts * (float(laser.emitted[:, 1].sum()) - arrived)
    return {
        "single_photons": rounds * (arrived + dark),
        "single_photon_bound": decoy_bound(laser.decoys, counts, epsilon).single,
    }

"""The length of key that a run can expect, from exact error rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from qnet_circuits.programs.protocol import Analyzed
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.postprocessing.accounts import Account, refuse_hopeless, settle
from qnet_circuits.qkd.postprocessing.party import UNAUTHENTICATED
from qnet_circuits.qkd.postprocessing.passes import EFFICIENCY
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.theory.entropy import binary_entropy
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.qkd.distribution import KeyDistribution


def expected_key(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> Analyzed:
    """Return the mean length of the key of a run as a figure, with a note that tells how it was found.

    A run with mean numbers of rounds pays for f n h(Q) parities, with Q the exact error rate of the key's basis and f that of
    the schedule. The mean length is the length of this run's key, times the probability that no basis shows more errors than
    are tolerated.

    Args:
        protocol: The protocol.
        figures: The exact figures, with the error rate of each basis.

    Example:
        >>> import qnet_circuits as qn
        >>> int(qn.predict(qn.BB84(pulses=100_000, link_fidelity=0.97)).key_length.value)
        8558
    """
    try:
        length, reason = _length(protocol, figures), ""
    except Refusal as refusal:
        length, reason = 0, f": {refusal}"
    passed = _passed(protocol, figures)
    factor = EFFICIENCY[protocol.schedule]
    note = (
        f"key_length is expected: {length} bits for mean numbers of rounds and {factor:g} n h(Q) parities{reason}, times the "
        f"probability {passed:.4g} that the compared bits show at most {protocol.tolerance:g} of errors"
    )
    mean = length * passed
    return Analyzed({"key_length": Estimate(mean, mean, mean, 1.0, "expected", 0)}, notes=(note,))


def _length(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> int:
    """Return the net length of a run with mean numbers of rounds."""
    if isinstance(protocol.eve, ManInTheMiddle):
        raise Refusal("authentication", "a man in the middle has no valid tag")
    if not protocol.authentication:
        raise Refusal("unauthenticated", UNAUTHENTICATED)
    _check_bell(protocol, figures)
    counts = _counts(protocol)
    key, test = protocol.bases[:2]
    told = EFFICIENCY[protocol.schedule] * counts[key] * binary_entropy(figures[f"qber_{key}"].value)
    refuse_hopeless(protocol.rules, counts[key], counts[test])
    return settle(Account(protocol.rounds), protocol.rules, counts[key], counts[test], round(told))[1]


def _check_bell(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> None:
    """Raise the alarm of a CHSH value that is too low for its mean number of rounds."""
    if "s_value" not in figures:
        return
    share = sum(setting.probability for setting in protocol.lines()[0] if setting.at_45)
    s = replace(figures["s_value"], n=max(1, round(share * protocol.rounds)))
    veto = protocol.veto({**figures, "s_value": s})
    if veto is not None:
        raise veto


def _counts(protocol: KeyDistribution) -> dict[str, int]:
    """Return the mean number of sifted rounds in each basis."""
    sifted = protocol.rounds * protocol.sifted_share
    return {basis: round(sifted * share) for basis, share in protocol.basis_shares.items()}


def _passed(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> float:
    """Return the probability that no basis shows more errors than are tolerated."""
    from scipy.stats import binom

    counts, probability = _counts(protocol), 1.0
    for basis in protocol.bases[1:]:
        most = int(protocol.tolerance * counts[basis])
        probability *= float(binom.cdf(most, counts[basis], figures[f"qber_{basis}"].value))
    return probability

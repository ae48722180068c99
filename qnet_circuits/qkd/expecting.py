"""The length of key that a run can expect, from exact error rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qnet_circuits.programs.protocol import Analyzed
from qnet_circuits.qkd.eavesdroppers import ManInTheMiddle
from qnet_circuits.qkd.postprocessing.accounts import Account
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.party import UNAUTHENTICATED
from qnet_circuits.qkd.postprocessing.passes import EFFICIENCY
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.settling import refuse_hopeless, settle
from qnet_circuits.qkd.settings import BASES
from qnet_circuits.theory.decoy import DecoyCounts
from qnet_circuits.theory.entropy import binary_entropy
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.qkd.distribution import KeyDistribution

#: Numbers of errors for which a length is computed.
PARTS = 400


def expected_key(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> Analyzed:
    """Return the mean length of the key of a run as a figure, with a note that tells how it was found.

    A run with mean numbers of rounds pays for f n h(Q) parities, with Q the exact error rate of the key's basis and f that of
    the schedule. With a fixed length the mean is the length of this run's key, times the probability that no basis shows more
    errors than are tolerated. With a variable length it is the mean over the binomial number of errors that the test basis
    shows. With a laser the length follows from counts, and that of mean counts is taken; lengths of runs vary around it.

    Args:
        protocol: The protocol.
        figures: The exact figures, with the error rate of each basis.

    Example:
        >>> import qnet_circuits as qn
        >>> int(qn.predict(qn.BB84(pulses=100_000, link_fidelity=0.97)).key_length.value)
        8558
        >>> int(qn.predict(qn.BB84(pulses=100_000, link_fidelity=0.97, length="variable")).key_length.value)
        11136
    """
    fixed, reason, bound, most, mean = protocol.length == "fixed", "", "", 0, 0.0
    means = _means(protocol, figures)
    chances = _chances(protocol, means)
    try:
        length = _length(protocol, figures, means)
        for errors, chance in chances.items():
            with suppress(Refusal):
                found, cause = length(errors)
                most, mean = max(most, found), mean + chance * found
                bound = f", with the bound of {cause!r}" if protocol.rules.third_basis is not None else ""
        if not most:
            length(max(chances, key=lambda errors: chances[errors]))
    except Refusal as refusal:
        reason = f": {refusal}"
    what = "numbers of rounds" if means.laser is None else "counts of the intensities"
    taken = f"for mean {what} and {EFFICIENCY[protocol.schedule]:g} n h(Q) parities{bound}{reason}"
    note = (
        f"{most} bits {taken}, times the probability {sum(chances.values()):.4g} that the compared bits show at most "
        f"{protocol.tolerance:g} of errors"
        if fixed
        else f"the mean over the errors that the bits of the test basis can show, {taken}"
    )
    figure = Estimate(mean, mean, mean, 1.0, "expected", 0)
    return Analyzed({"key_length": figure}, notes=(f"key_length is expected: {note}",))


@dataclass(frozen=True)
class _Means:
    """What a run shows on average: sifted rounds and error rate of each basis, and counts of a laser's intensities."""

    counts: dict[str, int]
    rates: dict[str, float]
    laser: DecoyCounts | None


def _means(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> _Means:
    rates = {basis: figures[f"qber_{basis}"].value for basis in protocol.bases}
    laser = protocol.mean_counts(figures)
    if laser is not None:
        # Rounded up: the parts of these bits must not exceed them.
        counts = dict(zip(protocol.bases, (math.ceil(laser.bits), math.ceil(sum(laser.test))), strict=True))
    else:
        sifted = protocol.rounds * protocol.sifted_share
        counts = {basis: round(sifted * share) for basis, share in protocol.basis_shares.items()}
    return _Means(counts, rates, laser)


def _length(
    protocol: KeyDistribution, figures: Mapping[str, Estimate], means: _Means
) -> Callable[[int], tuple[int, str]]:
    """Return the net length of a run with mean numbers of rounds, for each number of errors in the test basis, and its bound.

    Raises:
        Refusal: If there is no key, however many errors there are.
    """
    if isinstance(protocol.eve, ManInTheMiddle):
        raise Refusal("authentication", "a man in the middle has no valid tag")
    if not protocol.authentication:
        raise Refusal("unauthenticated", UNAUTHENTICATED)
    _check_bell(protocol, figures)
    counts, rates, laser = means.counts, means.rates, means.laser
    rules, (key, test) = protocol.rules, protocol.bases[:2]
    n, told = counts[key], round(EFFICIENCY[protocol.schedule] * counts[key] * binary_entropy(rates[key]))
    mean = {
        BASES.index(basis): (counts[basis], round(counts[basis] * rates[basis]))
        for basis in protocol.bases[1:]
    }

    def compared(errors: int) -> Compared:
        wrong = errors if laser is None else round(sum(laser.wrong))
        return Compared({**mean, rules.test_basis: (counts[test], wrong)}, laser)

    def length(errors: int) -> tuple[int, str]:
        refuse_hopeless(rules, n, compared(errors))
        account = Account(protocol.rounds)
        _, net = settle(account, rules, n, compared(errors), told, round(n * rates[key]))
        return net, account.entries[0].cause

    return length


def _check_bell(protocol: KeyDistribution, figures: Mapping[str, Estimate]) -> None:
    """Raise the alarm of a CHSH value that is too low for its mean number of rounds."""
    if "s_value" not in figures:
        return
    share = sum(setting.probability for setting in protocol.lines()[0] if setting.at_45)
    s = replace(figures["s_value"], n=max(1, round(share * protocol.rounds)))
    veto = protocol.veto({**figures, "s_value": s})
    if veto is not None:
        raise veto


def _chances(protocol: KeyDistribution, means: _Means) -> dict[int, float]:
    """Return the probabilities of numbers of errors in the test basis for which a length is computed.

    A fixed length does not depend on them: the mean number has the probability that no basis shows more than are tolerated.
    """
    test = protocol.bases[1]
    number, rate = means.counts[test], means.rates[test]
    if protocol.length == "variable":
        return _errors(number, rate)
    return {round(number * rate): _passed(protocol, means)}


def _passed(protocol: KeyDistribution, means: _Means) -> float:
    """Return the probability that no basis shows more errors than are tolerated."""
    from scipy.stats import binom

    probability = 1.0
    for basis in protocol.bases[1:]:
        number = means.counts[basis]
        most = int(protocol.tolerance * number)
        # A session divides and compares; the product may be rounded to just below a whole number.
        most += (most + 1) / max(1, number) <= protocol.tolerance
        probability *= float(binom.cdf(most, number, means.rates[basis]))
    return probability


def _errors(number: int, rate: float) -> dict[int, float]:
    """Return the probabilities of numbers of errors in the test basis; neighbours are taken together if there are many."""
    from scipy.stats import binom

    shown = binom(number, rate)
    low, high = (int(end) for end in shown.interval(1 - 1e-12))
    step = 1 + (high - low) // PARTS
    first = np.arange(low, high + 1, step)
    chances = shown.cdf(first + step - 1) - shown.cdf(first - 1)
    return dict(zip((first + step // 2).tolist(), chances.tolist(), strict=True))

"""The bill of a session: how much of its bits Eve may know, what it has revealed, and the length of key that remains."""

from __future__ import annotations

import math

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import LEAK_MODELS, Account, SessionParameters
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BITS
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.decoy_key import proven, spent_on
from qnet_circuits.qkd.postprocessing.finite_key import (
    counts_chance,
    hashing_cost,
    phase_cost,
    verification_cost,
)
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.six_state_key import joint_phase_cost, third_basis_helps
from qnet_circuits.qkd.postprocessing.toeplitz import tag_bits
from qnet_circuits.theory.decoy import decoy_hashing_cost

#: Bits of the shortest key: it is kept in whole bytes.
LEAST_KEY = 8


def count_bits(n: int) -> int:
    """Return ⌈log2(n + 1)⌉, the cost of a public number of parities that may be as large as n.

    Example:
        >>> count_bits(1023)
        10
    """
    return math.ceil(math.log2(n + 1))


def known_before_correction(
    rules: SessionParameters, n: int, compared: Compared, chance: float = 1.0, wrong: int | None = None
) -> list[tuple[str, float]]:
    """Return what Eve may know of n bits before error correction, and the cost of hashing, by cause.

    This is the only place where a session's bound is chosen. The bound may depend on what was announced before the error
    correction began. Of what the error correction finds, only the bound of three bases depends on the number of wrong bits.

    Args:
        rules: The session's.
        n: Bits of key.
        compared: The compared bits.
        chance: √(p_z p_x), as for ``sampling_deviation``.
        wrong: How many of the n bits the error correction changed. Default: as many as their error rate in the bound.

    Raises:
        ParameterError: If the rules have decoy states and there are no counts, or the other way round.
        Refusal: If decoy states leave no bit to single photons.

    Example:
        >>> compared = Compared({1: (10_000, 100)})
        >>> [(cause, round(bits, 2)) for cause, bits in known_before_correction(SessionParameters(), 10_000, compared)]
        [('phase errors', 5290.1), ('hashing', 66.44)]
        >>> [(cause, round(bits, 2)) for cause, bits in
        ...  known_before_correction(SessionParameters(length="variable"), 10_000, compared)]
        [('phase errors', 4017.49), ('hashing', 66.44)]
    """
    epsilon, counts = rules.epsilon_secrecy, compared.counts
    if (rules.decoys is None) != (counts is None):
        raise ParameterError(
            "rules with decoys need the counts of the intensities, and other rules take none"
        )
    if rules.decoys is not None and counts is not None:
        known = spent_on(proven(rules.decoys, counts, epsilon, chance), n)
        return [*known, ("hashing", decoy_hashing_cost(epsilon))]
    hashing = ("hashing", hashing_cost(epsilon))
    if (known_jointly := _known_jointly(rules, n, compared, chance, wrong)) is not None:
        return [("phase errors, three bases", known_jointly), hashing]
    k, errors = compared.tally(rules.test_basis)
    rate = rules.tolerance if rules.length == "fixed" else min(0.5, errors / max(k, 1))
    return [("phase errors", phase_cost(n, k, rate, epsilon, chance)), hashing]


def _known_jointly(
    rules: SessionParameters, n: int, compared: Compared, chance: float, wrong: int | None
) -> float | None:
    """Return what Eve may know by the bound of three bases, or None if BB84's bound is used."""
    if rules.third_basis is None:
        return None
    (k, errors), (third, more) = (compared.tally(basis) for basis in (rules.test_basis, rules.third_basis))
    if not k or not third:
        return None
    rates = errors / k, more / third
    if rules.length == "fixed":
        if not third_basis_helps(n, (k, third), rules.tolerance, rules.epsilon_secrecy, chance):
            return None
        rates = rules.tolerance, rules.tolerance
    if wrong is None:
        wrong = math.floor(n * sum(rates) / 2)
    return joint_phase_cost(n, (k, third), wrong, rates, rules.epsilon_secrecy, chance)


def settle(
    account: Account,
    rules: SessionParameters,
    n: int,
    compared: Compared,
    told: int,
    wrong: int | None = None,
) -> tuple[int, int]:
    """Write down all costs of n bits of key, and return the length to hash to and the net length.

    Args:
        account: Gets the entries.
        rules: The session's.
        n: Bits that were corrected.
        compared: The compared bits.
        told: Parities that Alice told, each counted once, in all sessions together.
        wrong: How many of the n bits the error correction changed, as for ``known_before_correction``.

    Raises:
        ParameterError: If the rules have decoy states and there are no counts, or the other way round.
        Refusal: If nothing is left, or decoy states leave no bit to single photons.

    Example:
        >>> account = Account(400_000)
        >>> account.sift(400_000, 200_000)
        >>> account.spend("test bits", 100_000, 200_000)
        >>> settle(account, SessionParameters(tolerance=0.03), 100_000, Compared({1: (100_000, 0)}), 21384 - 17)
        (48975, 48143)
        >>> account.pool_used = 768
        >>> account.settled(48143).bits("rounding") < 1
        True
    """
    costs, sessions = _costs(rules, account.pulses, n, compared, told, wrong), rules.sessions
    for cause, bits, revealed in costs:
        account.spend(cause, bits, revealed)
    left = max(0.0, n - math.fsum(bits for _, bits, _ in costs))
    length, paid = math.floor(left), sessions * SESSION_BITS
    net = length - paid - rules.fingerprint_bits
    if net < LEAST_KEY:
        raise _too_little(rules, account.pulses, n, compared, told, left)
    account.spend("rounding", left - length)
    account.spend("authentication", paid)
    account.spend("fingerprint", rules.fingerprint_bits, rules.fingerprint_bits)
    account.epsilons += [
        ("secrecy", rules.epsilon_secrecy),
        ("correctness", sessions * rules.epsilon_correctness),
    ]
    return length, net


def _costs(
    rules: SessionParameters, rounds: int, n: int, compared: Compared, told: int, wrong: int | None
) -> list[tuple[str, float, int]]:
    """Return what n bits pay for before they are hashed: causes, bits, and how many of these are revealed."""
    factor, counted, sessions = LEAK_MODELS[rules.leak_model], count_bits(n), rules.sessions
    on_record = rules.public_counts * counted
    tag, shown = verification_cost(rules.epsilon_correctness), tag_bits(rules.epsilon_correctness)
    *known, hashing = known_before_correction(
        rules, n, compared, counts_chance(rounds, rules.public_counts), wrong
    )
    return [
        *((cause, bits, 0) for cause, bits in known),
        ("reconciliation", factor * told, factor * told),
        ("parity count", sessions * counted, sessions * counted),
        *([("counts of bits", on_record, on_record)] if on_record else []),
        ("verification", sessions * tag, sessions * shown),
        (*hashing, 0),
    ]


def _too_little(
    rules: SessionParameters, rounds: int, n: int, compared: Compared, told: int, left: float
) -> Refusal:
    """Return the alarm that too few bits remain: "qber" if errors are the reason, with a length that follows from them."""
    paid, (k, wrong) = rules.sessions * SESSION_BITS, compared.tally(rules.test_basis)
    alarm = "short"
    if rules.length == "variable":
        clean = Compared({basis: (number, 0) for basis, (number, _) in compared.tallies.items()})
        costs = math.fsum(bits for _, bits, _ in _costs(rules, rounds, n, clean, 0, 0))
        if n - costs >= paid + rules.fingerprint_bits + LEAST_KEY:
            alarm = "qber"
    after = f" after {told} parities" if told else ""
    return Refusal(
        alarm,
        f"{left:.0f} secret bits remain{after} of {n} key bits and {k} test bits, of which {wrong} differ; more than "
        f"{paid + rules.fingerprint_bits} are needed ({paid} for authentication, {rules.fingerprint_bits} to show)",
    )


def refuse_hopeless(rules: SessionParameters, n: int, compared: Compared) -> None:
    """Raise the alarm if no key would remain even without error correction, so that nothing more is revealed.

    Raises:
        Refusal: If so.

    Example:
        >>> refuse_hopeless(SessionParameters(), 100_000, Compared({1: (100_000, 0)}))
    """
    k, _ = compared.tally(rules.test_basis)
    if n == 0 or k == 0:
        raise Refusal("short", f"{n} key bits and {k} test bits remain; at least one of each is needed")
    settle(Account(n + k), rules, n, compared, 0)

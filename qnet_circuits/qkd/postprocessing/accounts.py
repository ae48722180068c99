"""The rules of a session, and the account that each party keeps while it lasts."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BITS
from qnet_circuits.qkd.postprocessing.decoy_key import proven, spent_on
from qnet_circuits.qkd.postprocessing.finite_key import (
    check_epsilon,
    counts_chance,
    hashing_cost,
    key_length,
    phase_cost,
    verification_cost,
)
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, Ledger
from qnet_circuits.qkd.postprocessing.passes import SCHEDULES
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.toeplitz import tag_bits
from qnet_circuits.theory.decoy import DecoyCounts, Decoys, decoy_hashing_cost, decoy_key_length

#: Bits of the shortest key: it is kept in whole bytes.
LEAST_KEY = 8
#: How questions of the error correction are paid for, as a factor on the parities told.
LEAK_MODELS = {"alice+pattern": 1, "both": 2}


@dataclass(frozen=True)
class SessionParameters:
    """The rules that both parties agree on before a session. They and the numbers of bits determine the key's length.

    Bits of ``key_basis`` become the key. All other bits are compared in public and discarded, and those of ``test_basis`` bound
    Eve's knowledge (Tomamichel et al., Nat. Commun. 3, 634 (2012)). Both parties choose bases at random, and the compared bits
    must be an equally random choice.

    Cascade talks both ways: Bob's questions show which bits were wrong. The leak model "alice+pattern" assumes that Eve knows
    the whole error pattern, and pays only for Alice's parities. The pattern costs nothing if both parties measure qubits,
    because Z⊗Z and X⊗X commute; in other cases this needs care (arXiv:2307.00576). The model "both" pays for each parity twice.
    The number of parities follows from the pattern and public seeds, so parities are counted as they are told; their number is
    paid for too.

    Args:
        tolerance: Q_tol, the observed error rate above which there is no key, in [0, 0.5].
        epsilon_secrecy: ε_sec, in (0, 0.5].
        epsilon_correctness: ε_cor, in (0, 0.5].
        schedule: Name of Cascade's schedule.
        key_basis: Number of the basis of the key.
        test_basis: Number of the basis that bounds the phase errors.
        key_sample: Fraction of the key's basis that is compared and discarded too, in [0, 1).
        leak_model: "alice+pattern" or "both".
        frame: Length in bits of the longest block (frame) that Cascade corrects as a whole.
        fingerprint_bits: Bits that are cut off the key and may be shown.
        authentication: Whether each party proves at the end that it saw the same conversation. Without this proof ε is 1 and
            there is no key, since a man in the middle would share a key with each party.
        public_counts: How many counts of Alice's ones in each basis were on record before the rounds took place, for example
            because rounds with the same bit run together. Each count is paid for as a number up to the bits of key, and makes μ
            larger.
        sessions: How many sessions over the same bits, of one party with each of several others, end in one key. The key pays
            for everything that all of them reveal. ε_cor is that of each session.
        decoys: The intensities of Alice's pulses, if they come from a laser. The counts of the intensities then decide how long
            the key is.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> SessionParameters(tolerance=0.03).schedule
        'opt(4)'
    """

    tolerance: float = 0.05
    epsilon_secrecy: float = 1e-10
    epsilon_correctness: float = 1e-15
    schedule: str = "opt(4)"
    key_basis: int = 0
    test_basis: int = 1
    key_sample: float = 0.0
    leak_model: str = "alice+pattern"
    frame: int = 2**17
    fingerprint_bits: int = 64
    authentication: bool = True
    public_counts: int = 0
    sessions: int = 1
    decoys: Decoys | None = None

    def __post_init__(self) -> None:
        check_range("tolerance", self.tolerance, 0.0, 0.5)
        check_epsilon("epsilon_secrecy", self.epsilon_secrecy)
        check_epsilon("epsilon_correctness", self.epsilon_correctness)
        check_name("schedule", self.schedule, SCHEDULES)
        check_count("key_basis", self.key_basis, 0, 254)
        check_count("test_basis", self.test_basis, 0, 254)
        if self.key_basis == self.test_basis:
            raise ParameterError(f"key_basis and test_basis must differ, got {self.key_basis} twice")
        if check_range("key_sample", self.key_sample, 0.0, 1.0) == 1.0:
            raise ParameterError("key_sample must be below 1: the bits that are compared are lost to the key")
        if not isinstance(self.leak_model, str) or self.leak_model not in LEAK_MODELS:
            raise ParameterError(f"leak_model is one of {', '.join(LEAK_MODELS)}, got {self.leak_model!r}")
        check_count("frame", self.frame, 2)
        check_count("fingerprint_bits", self.fingerprint_bits, 0)
        check_count("public_counts", self.public_counts, 0)
        check_count("sessions", self.sessions)
        if not isinstance(self.authentication, bool):
            raise ParameterError(f"authentication must be True or False, got {self.authentication!r}")
        if self.decoys is not None and not isinstance(self.decoys, Decoys):
            raise ParameterError(f"decoys must be Decoys or None, got {self.decoys!r}")
        # Equal rules have equal digests, whatever kind of number they were given as.
        for field in fields(self):
            if field.type in ("float", "int"):
                kind = float if field.type == "float" else int
                object.__setattr__(self, field.name, kind(getattr(self, field.name)))

    @property
    def digest(self) -> bytes:
        """A public name of these rules, which the parties compare."""
        return hashlib.sha256(repr(self).encode()).digest()


class Account:
    """One party's record of its costs so far.

    Example:
        >>> account = Account(100)
        >>> account.sift(detected=90, sifted=50)
        >>> account.spend("test bits", 20, 40)
        >>> account.refused().net_key, account.refused().bits("discarded after the alarm")
        (0, 30.0)
    """

    def __init__(self, pulses: int) -> None:
        self.pulses, self.detected, self.sifted = pulses, 0, 0
        self.entries: list[Entry] = []
        self.epsilons: list[tuple[str, float]] = []
        self.pool_used = 0

    def sift(self, detected: int, sifted: int) -> None:
        """Note how many rounds were detected and sifted."""
        self.detected, self.sifted = detected, sifted

    def spend(self, cause: str, bits: float, revealed: int = 0) -> None:
        """Note a cost."""
        self.entries.append(Entry(cause, bits, revealed))

    def settled(self, net_key: int) -> Ledger:
        """Return the ledger of a session that ended with a key."""
        return self._ledger(self.entries, net_key)

    def refused(self) -> Ledger:
        """Return the ledger of a session that ended without a key: the remaining bits are discarded."""
        left, kept = float(self.sifted), []
        for entry in self.entries:
            kept.append(Entry(entry.cause, min(entry.bits, left), entry.revealed))
            left -= kept[-1].bits
        return self._ledger([*kept, Entry("discarded after the alarm", left)], 0)

    def _ledger(self, entries: list[Entry], net_key: int) -> Ledger:
        return Ledger(
            self.pulses,
            self.detected,
            self.sifted,
            tuple(entries),
            net_key,
            tuple(self.epsilons),
            self.pool_used,
        )


def count_bits(n: int) -> int:
    """Return ⌈log2(n + 1)⌉, the cost of a public number of parities that may be as large as n.

    Example:
        >>> count_bits(1023)
        10
    """
    return math.ceil(math.log2(n + 1))


def settle(
    account: Account,
    rules: SessionParameters,
    n: int,
    k: int,
    told: int,
    counts: DecoyCounts | None = None,
) -> tuple[int, int]:
    """Write down all costs of n bits of key, and return the length to hash to and the net length.

    Args:
        account: Gets the entries.
        rules: The session's.
        n: Bits that were corrected.
        k: Bits of the test basis that were compared.
        told: Parities that Alice told, each counted once, in all sessions together.
        counts: The counts of the intensities, if the rules have decoy states.

    Raises:
        ParameterError: If the rules have decoy states and there are no counts, or the other way round.
        Refusal: If nothing is left, or decoy states leave no bit to single photons.

    Example:
        >>> account = Account(400_000)
        >>> account.sift(400_000, 200_000)
        >>> account.spend("test bits", 100_000, 200_000)
        >>> settle(account, SessionParameters(tolerance=0.03), 100_000, 100_000, 21384 - 17)
        (48975, 48143)
        >>> account.pool_used = 768
        >>> account.settled(48143).bits("rounding") < 1
        True
    """
    if (rules.decoys is None) != (counts is None):
        raise ParameterError(
            "rules with decoys need the counts of the intensities, and other rules take none"
        )
    factor, counted, sessions = LEAK_MODELS[rules.leak_model], count_bits(n), rules.sessions
    on_record = rules.public_counts * counted
    epsilons = rules.epsilon_secrecy, rules.epsilon_correctness
    tag, shown = verification_cost(rules.epsilon_correctness), tag_bits(rules.epsilon_correctness)
    # The formula pays for one tag.
    leak = factor * told + sessions * counted + on_record + (sessions - 1) * tag
    chance = counts_chance(account.pulses, rules.public_counts)
    if rules.decoys is None or counts is None:
        length = key_length(n, k, rules.tolerance, leak, *epsilons, chance)
        secrecy = [("phase errors", phase_cost(n, k, rules.tolerance, rules.epsilon_secrecy, chance))]
        hashing = hashing_cost(rules.epsilon_secrecy)
    else:
        bound = proven(rules.decoys, counts, rules.epsilon_secrecy, chance)
        length, secrecy = decoy_key_length(bound, leak, *epsilons), spent_on(bound, n)
        hashing = decoy_hashing_cost(rules.epsilon_secrecy)
    paid = sessions * SESSION_BITS
    net = length - paid - rules.fingerprint_bits
    costs = [
        *((cause, bits, 0) for cause, bits in secrecy),
        ("reconciliation", factor * told, factor * told),
        ("parity count", sessions * counted, sessions * counted),
        *([("counts of bits", on_record, on_record)] if on_record else []),
        ("verification", sessions * tag, sessions * shown),
        ("hashing", hashing, 0),
    ]
    for cause, bits, revealed in costs:
        account.spend(cause, bits, revealed)
    if net < LEAST_KEY:
        left = max(0.0, n - math.fsum(bits for _, bits, _ in costs))
        raise Refusal(
            "short",
            f"{left:.0f} secret bits remain of {n} key bits and {k} test bits; more than "
            f"{paid + rules.fingerprint_bits} are needed "
            f"({paid} for authentication, {rules.fingerprint_bits} to show)",
        )
    account.spend("rounding", max(0.0, n - math.fsum(bits for _, bits, _ in costs) - length))
    account.spend("authentication", paid)
    account.spend("fingerprint", rules.fingerprint_bits, rules.fingerprint_bits)
    account.epsilons += [
        ("secrecy", rules.epsilon_secrecy),
        ("correctness", sessions * rules.epsilon_correctness),
    ]
    return length, net


def refuse_hopeless(rules: SessionParameters, n: int, k: int, counts: DecoyCounts | None = None) -> None:
    """Raise the alarm if no key would remain even without error correction, so that nothing more is revealed.

    Raises:
        Refusal: If so.

    Example:
        >>> refuse_hopeless(SessionParameters(), 100_000, 100_000)
    """
    if n == 0 or k == 0:
        raise Refusal("short", f"{n} key bits and {k} test bits remain; at least one of each is needed")
    settle(Account(n + k), rules, n, k, 0, counts)

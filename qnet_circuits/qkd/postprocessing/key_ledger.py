"""The ledger of a session, which lists revealed bits and their cost for the key, and the session's result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.theory.estimate import Estimate


@dataclass(frozen=True)
class Entry:
    """One cause of loss.

    Args:
        cause: The cause in words.
        bits: Bits that it takes from the key, at least 0.
        revealed: Secret bits that were revealed for it.

    Raises:
        ParameterError: If a number is negative.

    Example:
        >>> Entry("reconciliation", bits=889, revealed=889)
        Entry(cause='reconciliation', bits=889, revealed=889)
    """

    cause: str
    bits: float
    revealed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.bits < math.inf or self.revealed < 0:
            raise ParameterError(
                f"{self.cause!r} takes and reveals at least 0 bits, got {self.bits}, {self.revealed}"
            )


@dataclass(frozen=True)
class Ledger:
    """The account of a session, whose sum must be right: sifted bits less all entries are the net key.

    Args:
        pulses: Rounds of each party.
        detected: Rounds that both parties detected.
        sifted: Detected rounds in which both chose the same basis.
        entries: Everything between the sifted bits and the net key.
        net_key: Bits of key that remain after authentication is paid for.
        epsilons: Failure probabilities by cause; they add.
        pool_used: Bits of earlier key that authentication used; a successful session puts back the same number.

    Raises:
        ParameterError: If the sum is wrong, or a key does not pay for the authentication that it used.

    Example:
        >>> ledger = Ledger(1000, 1000, 500, (Entry("test bits", 100, 200), Entry("reconciliation", 300, 300)), 100)
        >>> ledger.revealed
        500
        >>> Ledger(1000, 1000, 500, (Entry("test bits", 100, 200),), 401)
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: the ledger does not add up: 500 sifted - 100 spent is not 401
    """

    pulses: int
    detected: int
    sifted: int
    entries: tuple[Entry, ...]
    net_key: int
    epsilons: tuple[tuple[str, float], ...] = ()
    pool_used: int = 0

    def __post_init__(self) -> None:
        check_count("net_key", self.net_key, 0)
        if not self.pulses >= self.detected >= self.sifted >= 0:
            raise ParameterError(
                f"pulses >= detected >= sifted is needed, got {self.pulses}, {self.detected}, {self.sifted}"
            )
        if abs(self.sifted - self.spent - self.net_key) > 1e-6:
            raise ParameterError(
                f"the ledger does not add up: {self.sifted} sifted - {self.spent:.9g} spent is not {self.net_key}"
            )
        if self.net_key and self.bits("authentication") != self.pool_used:
            raise ParameterError(
                f"authentication used {self.pool_used} bits, the key paid {self.bits('authentication'):g}"
            )

    @property
    def spent(self) -> float:
        """Bits that all entries took."""
        return math.fsum(entry.bits for entry in self.entries)

    @property
    def revealed(self) -> int:
        """Number of secret bits that were revealed, including discarded test bits."""
        return sum(entry.revealed for entry in self.entries)

    @property
    def epsilon(self) -> float:
        """Total failure probability of this session, at most 1; those of several sessions add."""
        return min(1.0, math.fsum(value for _, value in self.epsilons))

    def bits(self, cause: str) -> float:
        """Return the bits that a cause took; 0 if it is not listed."""
        return math.fsum(entry.bits for entry in self.entries if entry.cause == cause)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form; it holds no secret."""
        return {
            "pulses": self.pulses,
            "detected": self.detected,
            "sifted": self.sifted,
            "entries": [vars(entry).copy() for entry in self.entries],
            "net_key": self.net_key,
            "revealed": self.revealed,
            "epsilons": dict(self.epsilons),
            "epsilon": self.epsilon,
            "pool_used": self.pool_used,
        }

    def __str__(self) -> str:
        """Print one line for each entry, with the sum at the end."""
        rows = [("sifted bits", f"{self.sifted}", "")]
        rows += [(f"- {one.cause}", f"{one.bits:.2f}", f"{one.revealed}") for one in self.entries]
        rows += [("net key", f"{self.net_key}", f"{self.revealed}")]
        lines = [f"{'':24}{'bits':>14}{'revealed':>12}"]
        lines += [f"{cause:24}{bits:>14}{said:>12}".rstrip() for cause, bits, said in rows]
        return "\n".join([*lines, f"epsilon {self.epsilon:.3g}"])


@dataclass(frozen=True)
class KeyResult:
    """The result of a session: a key, or the reason why there is none.

    Args:
        key: The net key, or None.
        reason: None if there is a key; otherwise the alarm and the observation that caused it.
        ledger: The account.
        qber: Observed error rates by basis, with intervals.
        notes: Why the key is a demonstration that must not be used: for example, it follows from a seed, or one process held
            both parties.
        fingerprint: Bits of the distilled key that were cut off and may be shown, in hexadecimal; equal keys have equal
            ones.
        session: The name of the session, which both parties know, or None if they did not come so far.
        pool_epsilon: Sum of the failure probabilities of all sessions of the pool so far, this one included.

    A key that is held (alarm "held") is in the pool and not in the result: the ledger has its length.

    Raises:
        ParameterError: If there is a key and a reason, or neither, or the key is not as long as the ledger says.

    Example:
        >>> KeyResult(None, "lost: no round was detected by both", Ledger(10, 0, 0, (), 0))
        KeyResult(key=None, reason='lost: no round was detected by both', net_key=0, demonstration=False)
    """

    key: SecretKey | None
    reason: str | None
    ledger: Ledger = field(repr=False)
    qber: Mapping[int, Estimate] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    fingerprint: str | None = None
    session: str | None = None
    pool_epsilon: float = 0.0

    def __post_init__(self) -> None:
        if (self.key is None) == (self.reason is None):
            raise ParameterError("a result has either a key or the reason why there is none")
        length = 0 if self.key is None else len(self.key)
        if length != self.ledger.net_key and not (self.alarm == "held" and self.ledger.net_key):
            raise ParameterError(f"the key must have the {self.ledger.net_key} bits of the ledger")

    def __repr__(self) -> str:
        return (
            f"KeyResult(key={self.key!r}, reason={self.reason!r}, net_key={self.ledger.net_key}, "
            f"demonstration={self.demonstration})"
        )

    @property
    def demonstration(self) -> bool:
        """Whether the key must not be used; the notes say why."""
        return bool(self.notes)

    @property
    def alarm(self) -> str | None:
        """The alarm's short name, or None."""
        return None if self.reason is None else self.reason.split(":")[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, without the key."""
        return {
            "key_length": 0 if self.key is None else len(self.key),
            "aborted": self.reason,
            "ledger": self.ledger.to_dict(),
            "qber": {str(basis): rate.to_dict() for basis, rate in self.qber.items()},
            "demonstration": self.demonstration,
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
            "session": self.session,
            "pool_epsilon": self.pool_epsilon,
        }

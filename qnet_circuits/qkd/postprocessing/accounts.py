"""The rules of a session, and the account that each party keeps while it lasts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

from qnet_circuits.errors import ParameterError, check_count, check_name, check_range
from qnet_circuits.qkd.postprocessing.finite_key import check_epsilon
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, Ledger
from qnet_circuits.qkd.postprocessing.passes import SCHEDULES
from qnet_circuits.theory.decoy import Decoys

#: What the length of the key follows from: the tolerance, or the error rate that was observed.
LENGTHS = ("fixed", "variable")
#: How questions of the error correction are paid for, as a factor on the parities told.
LEAK_MODELS = {"alice+pattern": 1, "both": 2}


@dataclass(frozen=True)
class SessionParameters:
    """The rules that both parties agree on before a session. They, and what is announced, determine the key's length.

    Bits of ``key_basis`` become the key. All other bits are compared in public and discarded, and those of ``test_basis`` bound
    Eve's knowledge (Tomamichel et al., Nat. Commun. 3, 634 (2012)). Both parties choose bases at random, and the compared bits
    must be an equally random choice.

    With the length "fixed" the bound is that of the tolerance, whatever error rate is observed. With "variable" it is that of
    the observed rate, whatever it is, and there is no tolerance: too high a rate leaves no key. The page on keys has the proof.

    Cascade talks both ways: Bob's questions show which bits were wrong. The leak model "alice+pattern" assumes that Eve knows
    the whole error pattern, and pays only for Alice's parities. The pattern costs nothing if both parties measure qubits with
    detectors that favour no result, because Z⊗Z and X⊗X commute; in other cases this needs care (arXiv:2307.00576). The model
    "both" pays for each parity twice.
    The number of parities follows from the pattern and public seeds, so parities are counted as they are told; their number is
    paid for too.

    Args:
        tolerance: Q_tol, the observed error rate above which there is no key, in [0, 0.5]; left at its default if the length
            is "variable".
        epsilon_secrecy: ε_sec, in (0, 0.5].
        epsilon_correctness: ε_cor, in (0, 0.5].
        schedule: Name of Cascade's schedule.
        key_basis: Number of the basis of the key.
        test_basis: Number of the basis that bounds the phase errors.
        third_basis: Number of another basis that bounds them together with it, by the bound of the six-state protocol where
            that is better. Both parties must measure qubits then, in Z, X and Y. Default: none.
        key_sample: Fraction of the key's basis that is compared and discarded too, in [0, 1); 0 with several sessions.
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
        length: "fixed" or "variable".

    Raises:
        ParameterError: If a value is out of range, or ``tolerance`` or ``decoys`` are given with the length "variable".
        UnknownNameError: If there is no such schedule or length.

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
    length: str = "fixed"
    third_basis: int | None = None

    def __post_init__(self) -> None:
        check_range("tolerance", self.tolerance, 0.0, 0.5)
        check_epsilon("epsilon_secrecy", self.epsilon_secrecy)
        check_epsilon("epsilon_correctness", self.epsilon_correctness)
        check_name("schedule", self.schedule, SCHEDULES)
        if check_range("key_sample", self.key_sample, 0.0, 1.0) == 1.0:
            raise ParameterError("key_sample must be below 1: the bits that are compared are lost to the key")
        if not isinstance(self.leak_model, str) or self.leak_model not in LEAK_MODELS:
            raise ParameterError(f"leak_model is one of {', '.join(LEAK_MODELS)}, got {self.leak_model!r}")
        check_count("frame", self.frame, 2)
        check_count("fingerprint_bits", self.fingerprint_bits, 0)
        check_count("public_counts", self.public_counts, 0)
        check_count("sessions", self.sessions)
        if self.key_sample > 0 and self.sessions > 1:
            raise ParameterError(
                "each session would compare other bits of the key's basis: leave key_sample out with several sessions"
            )
        if not isinstance(self.authentication, bool):
            raise ParameterError(f"authentication must be True or False, got {self.authentication!r}")
        if self.decoys is not None and not isinstance(self.decoys, Decoys):
            raise ParameterError(f"decoys must be Decoys or None, got {self.decoys!r}")
        self._check_bases()
        self._check_length()
        # Equal rules have equal digests, whatever kind of number they were given as.
        for field in fields(self):
            if field.type in ("float", "int"):
                kind = float if field.type == "float" else int
                object.__setattr__(self, field.name, kind(getattr(self, field.name)))

    def _check_bases(self) -> None:
        check_count("key_basis", self.key_basis, 0, 254)
        check_count("test_basis", self.test_basis, 0, 254)
        if self.key_basis == self.test_basis:
            raise ParameterError(f"key_basis and test_basis must differ, got {self.key_basis} twice")
        if self.third_basis is None:
            return
        object.__setattr__(self, "third_basis", int(check_count("third_basis", self.third_basis, 0, 254)))
        if self.third_basis in (self.key_basis, self.test_basis):
            raise ParameterError(f"third_basis must be another than the two others, got {self.third_basis}")
        if self.decoys is not None or self.sessions > 1:
            raise ParameterError(
                "third_basis needs pairs of single qubits: leave it out with decoys or several sessions"
            )

    def _check_length(self) -> None:
        if check_name("length", self.length, LENGTHS) == "fixed":
            return
        if self.tolerance != SessionParameters.tolerance:
            raise ParameterError(
                f"with length='variable' the observed error rate decides: leave the tolerance out, got {self.tolerance:g}"
            )
        if self.decoys is not None:
            raise ParameterError(
                "the counts of decoy states decide how long the key is: leave out length='variable'"
            )

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

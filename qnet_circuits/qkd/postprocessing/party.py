"""The part that Alice and Bob have in common: each holds a record and a secret pool, and talks over the channel only.

Bob asks and Alice answers: hello, ready, detections, sample, reconcile, parities (often), verify, amplify, tag, confirm. Each
keeps an account and a view of the conversation; at the end each proves to the other that both views are the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BITS
from qnet_circuits.qkd.postprocessing.comparing import compare, refuse_rates
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.passes import Bits, Frame, make_schedule
from qnet_circuits.qkd.postprocessing.pooled import PooledKey
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.settling import refuse_hopeless, settle
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord, Sifted, split
from qnet_circuits.qkd.postprocessing.speaking import Speaker
from qnet_circuits.qkd.postprocessing.toeplitz import amplify
from qnet_circuits.theory.estimate import Estimate

#: Why a session without tags gives no key.
UNAUTHENTICATED = (
    "the conversation was not authenticated, so a man in the middle could share a key with each party"
)

#: In the place of a record that a party has dropped.
NOTHING_RECORDED = PartyRecord([], [])  # type: ignore[arg-type]


class Party(Speaker):
    """A party of one session; ``Alice`` and ``Bob`` inherit it.

    A session ends in a state that no later message reopens. Bob decides: if Alice's tag is right, he accepts and has the key;
    otherwise he refuses. Alice's key is *held* from her tag on until she knows his verdict, which only a password from the pool
    proves. So no change of a message makes one party use a key that the other does not have.

    Bob may stop listening at any time after his verdict: his pool keeps it for the next greeting. Alice may stop once she has
    heard the verdict or an alarm. If she stops before, the key stays held, and the next greeting of the same two pools settles
    it; ``KeyPool.collect`` then returns it.

    Args:
        record: The party's record.
        rules: The rules that both parties agreed on.
        pool: The party's copy of the shared key for authentication.
        randomness: The party's own source of random bits. Default: the operating system.

    Raises:
        ParameterError: If one of them has another type.

    Example:
        >>> Party(PartyRecord([0, 1], [1, 0]), SessionParameters(), KeyPool(bytes(128)))
        <party, 2 rounds, no result yet>
    """

    _final: SecretKey | None
    #: Intensities of the compared bits and of those of the key.
    _levels: tuple[Bits, Bits]

    def __init__(
        self,
        record: PartyRecord,
        rules: SessionParameters,
        pool: KeyPool,
        randomness: Randomness | None = None,
    ) -> None:
        randomness = Randomness() if randomness is None else randomness
        for given, kind in (
            (record, PartyRecord),
            (rules, SessionParameters),
            (pool, KeyPool),
            (randomness, Randomness),
        ):
            if not isinstance(given, kind):
                raise ParameterError(f"a party needs a {kind.__name__}, got {type(given).__name__}")
        super().__init__(rules, pool, len(record))
        self._record, self._randomness = record, randomness
        self._key = self._test = np.zeros(0, np.uint8)
        self._final = None
        self._refill = b""
        self._told = self._corrected = 0
        self._settled = False
        self.qber: dict[int, Estimate] = {}
        #: How the session ended for this party.
        self.result: KeyResult | None = None
        #: The alarm of a test outside of this conversation, which is raised once the sifted bits are compared.
        self.veto: Refusal | None = None
        #: The place of this session among those that end in one key.
        self.place = 0

    def __repr__(self) -> str:
        state = "no result yet" if self.result is None else repr(self.result)
        return f"<{self.name}, {self._account.pulses} rounds, {state}>"

    def _sift(self, sifted: Sifted, sample: NDArray[np.bool_]) -> None:
        """Split the sifted bits into test bits and key bits. From here on the record cannot take part in another session."""
        self._pool.enter(self._record.digest)
        self._account.sift(sifted.detected, len(sifted.bits))
        self._test, self._key = split(sifted.bits, sample)
        # Nothing but these bits is needed any more, and the record is much longer.
        self._record = NOTHING_RECORDED
        self._test_bases, _ = split(sifted.bases, sample)
        if sifted.intensities is not None:
            self._levels = split(sifted.intensities, sample)
        self._account.spend("test bits", len(self._test), (1 + self._rules.sessions) * len(self._test))

    def _estimate(self, told: Bits) -> None:
        """Compare the sample with the peer's, and go on only if a key can follow."""
        levels = None if self._rules.decoys is None else self._levels
        self._compared = compare(self._test, told, self._test_bases, self._rules, levels)
        self.qber = self._compared.rates
        refuse_rates(self.qber, self._rules)
        if self.veto is not None:
            raise self.veto
        refuse_hopeless(self._rules, len(self._key), self._compared)

    def _frames(self, seed: bytes) -> list[Frame]:
        """Cut the key into frames, with the public reorderings of a seed."""
        words = tuple(np.frombuffer(seed, "<u4").tolist())
        rate = self._compared.expected(self._rules)
        parts = np.array_split(self._key, math.ceil(len(self._key) / self._rules.frame))
        return [
            Frame(bits, make_schedule(self._rules.schedule, len(bits), rate), (*words, index))
            for index, bits in enumerate(parts)
        ]

    def _settle(self) -> None:
        """Fix the length of the key: from here on all costs are in the account."""
        self._settled = True
        self._length, self._net = settle(
            self._account, self._rules, len(self._key), self._compared, self._told, self._corrected
        )

    def _distil(self, seed: Bits) -> None:
        """Hash the key, and split it into the fingerprint, the bits that pay for authentication, and the net key.

        Raises:
            Refusal: If the conversation is not authenticated: Eve may know everything then.
        """
        if not self._rules.authentication:
            self._account.epsilons.append(("authentication", 1.0))
            raise Refusal("unauthenticated", UNAUTHENTICATED)
        distilled = amplify(self._key, seed, self._length)
        shown, paid = self._rules.fingerprint_bits, SESSION_BITS
        self._fingerprint = np.packbits(distilled[:shown]).tobytes().hex() or None
        refills, rest = np.split(distilled[shown:], [self._rules.sessions * paid])
        self._refill = np.packbits(refills[self.place * paid : (self.place + 1) * paid]).tobytes()
        self._final = SecretKey(rest)

    def _pooled(self) -> PooledKey:
        """Return the key as the pool keeps it."""
        assert self._final is not None and self._session is not None
        return PooledKey(self._session, self._final, self._account.settled(self._net).epsilon)

    def _end(self, reason: str | None = None) -> None:
        """End with the key, or with the reason why it is not handed out yet."""
        notes = ("the bits follow from a seed",) if self._randomness.demonstration else ()
        self.result = KeyResult(
            self._final if reason is None else None,
            reason,
            self._account.settled(self._net),
            dict(self.qber),
            notes,
            self._fingerprint,
            self._session,
            self._pool.epsilon,
        )
        self._forget()

    def _forget(self) -> None:
        """Drop everything from which a key can be made, and erase the party's own bits: only the result holds a key."""
        for row in (self._key, self._test):
            row[:] = 0
        self._key = self._test = np.zeros(0, np.uint8)
        self._record, self._randomness = NOTHING_RECORDED, Randomness()
        self._final = None
        self._refill = b""

    def _refuse(self, refusal: Refusal, informed: bool = False) -> None:
        """End without a key."""
        if not self._settled and self._told:
            self._account.spend("reconciliation", self._told, self._told)
            self._settled = True
        self.informed = informed
        self._forget()
        # What the key would have paid is not paid.
        self._account.entries = [
            entry for entry in self._account.entries if entry.cause not in ("authentication", "fingerprint")
        ]
        self.result = KeyResult(
            None,
            str(refusal),
            self._account.refused(),
            dict(self.qber),
            session=self._session,
            pool_epsilon=self._pool.epsilon,
        )

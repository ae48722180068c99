"""One key for several parties: the first party holds a session with each of the others, over the same bits.

Each session corrects one member's row to the first party's row. No length is fixed before all rows are verified, since every
parity that any member asked for was told aloud. A parity that several members asked for is told, and paid for, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.channel import (
    ClassicalChannel,
    Message,
    decode_bits,
    decode_numbers,
    encode_bits,
    encode_numbers,
    pack,
    unpack,
)
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult, Ledger
from qnet_circuits.qkd.postprocessing.key_pool import FIRST_BYTES, KeyPool
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.party import Party
from qnet_circuits.qkd.postprocessing.questions import decode_questions
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.session import ONE_PROCESS
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.postprocessing.toeplitz import Bits, seed_length
from qnet_circuits.secrecy import Unpicklable


class Common(Unpicklable):
    """What the first party has in common in all its sessions: public seeds, and the parities that it told."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self.shuffling = randomness.bytes(16)
        #: Each parity by its frame, pass and place.
        self.told: set[tuple[int, int, int]] = set()
        #: Sessions whose rows are verified.
        self.verified = 0
        self._hashing: Bits | None = None

    def hashing(self, n: int, length: int) -> Bits:
        """Return the seed of the last hash, drawn when it is first needed.

        Raises:
            Refusal: If another session's key has another length, which follows from other errors in its compared bits.
        """
        if self._hashing is None:
            self._length, self._hashing = length, self._randomness.bits(seed_length(n, length))
        if length != self._length:
            raise Refusal(
                "malformed",
                f"the compared bits of two sessions leave {length} and {self._length} bits; the errors must be the same in all",
            )
        return self._hashing


class FirstParty(Alice):
    """The first party in its session with one member."""

    def __init__(self, *given: Any, common: Common) -> None:
        super().__init__(*given)
        self._common = common

    def _shuffling(self) -> bytes:
        return self._common.shuffling

    def _tell(self, body: bytes) -> bytes:
        said = super()._tell(body)
        for one in decode_questions(body):
            self._common.told.update((one.frame, one.index, place) for place in one.places.tolist())
        return said

    def _settle(self) -> None:
        """Leave the length open: other members have not asked yet."""
        self._common.verified += 1

    def _amplify(self, _: bytes) -> bytes:
        if self._common.verified < self._rules.sessions:
            raise Refusal("malformed", "a member asked for the key before all rows were verified")
        self._told = len(self._common.told)
        super()._settle()
        seed = self._common.hashing(len(self._key), self._length)
        self._distil(seed)
        return pack(encode_numbers(np.array([self._told, self._length])), encode_bits(seed))

    def _refuse(self, refusal: Refusal, informed: bool = False) -> None:
        if not self._settled:
            self._told = len(self._common.told)
        super()._refuse(refusal, informed)


class Member(Bob):
    """A member in its session with the first party."""

    _channel: ClassicalChannel | None = None  # type: ignore[assignment]

    def end(self, refusal: Refusal) -> None:
        """End without a key, since another session failed."""
        if self._channel is None:
            self._refuse(refusal, informed=True)
        else:
            self.refuse(refusal)

    def _settle(self) -> None:
        """Leave the length open: other members have not asked yet."""

    def _amplify(self) -> None:
        numbers, seed = unpack(self._ask("amplify"), 2)
        told, *length = decode_numbers(numbers).tolist()
        if not self._told <= told <= self._rules.sessions * len(self._key):
            raise Refusal("malformed", f"{told} parities were told in all, but {self._told} to this member")
        self._told = told
        super()._settle()
        if length != [self._length]:
            raise Refusal("malformed", f"the key must have {self._length} bits, as this member counts")
        self._distil(decode_bits(seed, seed_length(len(self._key), self._length)))


class Conference:
    """The sessions of a first party with each member, and the one key in which they end.

    The first session that fails ends all of them: either everybody has the key or nobody. One process holds all parties here,
    so the result is a demonstration.

    Args:
        first: The first party's record.
        members: A record of each member over the same rounds. In rounds that are compared, its bits are what the first party's
            bits must be, for example the parity of what all members announced.
        rules: The rules that all parties agreed on. ε_cor is that of the whole key.
        seed: Makes the run repeatable. Default: the operating system's randomness.
        root: 32 secret bytes from which all random bits follow, instead of a seed.
        demonstration: Whether the root is no secret.
        announced: What was announced aloud before: the tags of every session cover it.
        veto: The alarm of a test outside of the conversations; with an alarm there is no key.
        tamper: What an adversary does to each message of a member's session, by the member's place.

    Raises:
        ParameterError: If a parameter is out of range.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> bases, bits = rng.integers(0, 2, 30_000), rng.integers(0, 2, 30_000)
        >>> conference = Conference(PartyRecord(bases, bits), [PartyRecord(bases, bits)] * 2, seed=1)
        >>> result = conference.run()
        >>> [key == result.key for key in conference.keys], result.ledger.bits("authentication")
        ([True, True, True], 1536.0)
    """

    def __init__(
        self,
        first: PartyRecord,
        members: Sequence[PartyRecord],
        rules: SessionParameters | None = None,
        *,
        seed: int | None = None,
        root: bytes | None = None,
        demonstration: bool = False,
        announced: bytes = b"",
        veto: Refusal | None = None,
        tamper: Mapping[int, Callable[[Message], Message]] | None = None,
    ) -> None:
        rules = SessionParameters() if rules is None else rules
        number = len(members)
        rules = replace(rules, sessions=number, epsilon_correctness=rules.epsilon_correctness / number)
        source = partial(Randomness, seed, root=root, demonstration=demonstration)
        common = Common(source("conference"))
        self.firsts, self.members, self.channels = [], [], []
        for place, record in enumerate(members):
            secret = source(f"pool {place}").bytes(FIRST_BYTES)
            alice = FirstParty(first, rules, KeyPool(secret), source(f"first {place}"), common=common)
            member = Member(record, rules, KeyPool(secret), source(f"member {place}"))
            for party in (alice, member):
                party.announced, party.place, party.veto = announced, place, veto
            channel = ClassicalChannel((tamper or {}).get(place))
            channel.connect(alice.answer)
            self.firsts.append(alice)
            self.members.append(member)
            self.channels.append(channel)

    @property
    def parties(self) -> list[Party]:
        """The first party in each session, and each member."""
        return [*self.firsts, *self.members]

    @property
    def keys(self) -> list[SecretKey | None]:
        """The key of the first party and of each member, or None."""
        ends = [self.firsts[0], *self.members]
        return [None if party.result is None else party.result.key for party in ends]

    def run(self) -> KeyResult:
        """Hold all sessions, and return the result of the conference."""
        for member, channel in zip(self.members, self.channels, strict=True):
            member.begin(channel)
            if member.result is not None:
                return self._refused()
        for member in self.members:
            member.prove()
            if member.result is not None:
                return self._refused()
        # Nobody refuses any more: everybody accepts.
        for member in self.members:
            member.accept()
        ends = [party.result for party in self.firsts if party.result is not None]
        found = next((one for one in ends if one.key is None), ends[-1])
        return replace(found, ledger=self._ledger(found.ledger), notes=(*found.notes, ONE_PROCESS))

    def _refused(self) -> KeyResult:
        """End all sessions for the reason for which one failed."""
        failed = [one for one in self.parties if one.result is not None and one.result.alarm != "held"]
        raised = min(failed, key=lambda party: party.informed)
        assert raised.result is not None
        assert raised.result.reason is not None
        reason = Refusal.of(raised.result.reason)
        for member in self.members:
            if member.result is None:
                member.end(reason)
        for first in self.firsts:
            if first.result is None:
                first._refuse(reason, informed=True)
        ended = self.firsts[raised.place].result
        if ended is None or ended.alarm == "held":
            ended = raised.result
        return replace(ended, reason=str(reason), notes=(ONE_PROCESS,))

    def _ledger(self, ledger: Ledger) -> Ledger:
        """Return the account with the failure probabilities of all sessions' tags."""
        own = [each for each in ledger.epsilons if not each[0].startswith("authentication")]
        for place, party in enumerate(self.firsts):
            assert party.result is not None
            tags = [
                value for name, value in party.result.ledger.epsilons if name.startswith("authentication")
            ]
            own.append((f"authentication with member {place + 1}", sum(tags)))
        return replace(ledger, epsilons=tuple(own))

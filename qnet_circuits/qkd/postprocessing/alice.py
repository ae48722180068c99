"""Alice, who answers Bob's questions, and an impostor who plays her without her secret."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Set
from dataclasses import replace

import numpy as np

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.cascade import LocalOracle
from qnet_circuits.qkd.postprocessing.channel import (
    Message,
    decode_bits,
    decode_numbers,
    encode_bits,
    encode_numbers,
    legible,
    pack,
    unpack,
)
from qnet_circuits.qkd.postprocessing.hello import NONCE_BYTES, answer
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.party import Party
from qnet_circuits.qkd.postprocessing.questions import decode_questions
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.seals import UNPROVEN
from qnet_circuits.qkd.postprocessing.sifting import match
from qnet_circuits.qkd.postprocessing.toeplitz import seed_length, tag_bits, verification_tag
from qnet_circuits.theory.estimate import proportion

#: Why a key is not handed out yet.
HELD = "held: Bob's verdict has not come; the next greeting of the two pools brings it"
REFUSED_BY_BOB = "Bob ended the session without a key, since Alice's tag did not reach him as she made it"


class Alice(Party):
    """The party that answers. Her bits leave her only as compared bits, parities and the tag of the verification."""

    name, peer = "alice", "bob"

    _oracle: LocalOracle | None = None
    #: Kinds of messages that may come next.
    _due: Set[str] = frozenset({"hello"})

    def _forget(self) -> None:
        super()._forget()
        self._oracle = None

    def answer(self, message: Message) -> Message:
        """Answer one message of Bob's; an alarm is answered with "abort" and the reason.

        A session that has ended hears nothing but Bob's verdict on a key that is held.
        """
        try:
            message = legible(message)
            if message.kind == "confirm":
                return self._hear_verdict(message)
            if self.result is not None:
                raise Refusal("replay", "the session has ended, and no message reopens it")
            if message.kind == "abort":
                raise self._told_of(message)
            return self._view.say(message.kind, self._respond(self._view.hear(message)))
        except Refusal as refusal:
            if self.result is None:
                self._refuse(refusal, self.informed)
            return self._alarm(refusal)

    def hang_up(self, refusal: Refusal) -> KeyResult:
        """End without a key if the session has not ended, because no further message can come; return Alice's result."""
        if self.result is None:
            self._refuse(refusal)
        assert self.result is not None
        return self.result

    def _respond(self, message: Message) -> bytes:
        """Do what a message asks for, if it is due."""
        if message.kind not in self._due:
            raise Refusal("malformed", f"{message.kind!r} came where {sorted(self._due)} was due")
        step, following = self._steps()[message.kind]
        said = step(message.body)
        self._due = following
        return said

    def _steps(self) -> dict[str, tuple[Callable[[bytes], bytes], set[str]]]:
        """Return the reaction to each kind of message, and the kinds that may follow it."""
        return {
            "hello": (self._greet, {"ready"}),
            "ready": (self._ready, {"detections"}),
            "detections": (self._match, {"sample"}),
            "sample": (self._compare, {"reconcile"}),
            "reconcile": (self._begin, {"parities", "verify"}),
            "parities": (self._tell, {"parities", "verify"}),
            "verify": (self._verify, {"amplify"}),
            "amplify": (self._amplify, {"tag"}),
            "tag": (self._authenticate, set()),
        }

    def _greet(self, body: bytes) -> bytes:
        said, self._greeted = answer(self._pool, self._randomness.bytes(NONCE_BYTES), body)
        return said

    def _ready(self, body: bytes) -> bytes:
        """Hear that Bob's pool has the new stamp, and his verdict on a key that is still held."""
        proof, verdict = unpack(body, 2)
        if self._pool.greeting is not self._greeted:
            raise Refusal("replay", "another session has begun since")
        if not hmac.compare_digest(proof, self._greeted.proof("bob")):
            raise Refusal("authentication", "Bob does not have the new stamp, or his message was changed")
        if self._greeted.held:
            self._pool.resolve(self._greeted.held, verdict)
        self._start(self._greeted, self._greeted.stamp)
        return self._greeted.proof("alice")

    def _match(self, body: bytes) -> bytes:
        digest, announcement = unpack(body, 2)
        if digest != self._rules.digest:
            raise Refusal(
                "parameters", "Bob's rules differ from Alice's; give both sessions the same parameters"
            )
        if (self._record.intensities is None) != (self._rules.decoys is None):
            raise Refusal(
                "parameters", "Alice's record must have intensities exactly if the rules have decoys"
            )
        sifted, answer = match(self._record, announcement)
        sample = sifted.bases != self._rules.key_basis
        own = np.flatnonzero(~sample)
        size = math.ceil(self._rules.key_sample * len(own))
        sample[own[self._randomness.sample(len(own), size)]] = True
        self._sift(sifted, sample)
        return pack(answer, encode_bits(sample))

    def _compare(self, body: bytes) -> bytes:
        told = decode_bits(body, len(self._test))
        said = encode_bits(self._test)
        self._estimate(told)
        return said

    def _begin(self, _: bytes) -> bytes:
        seed = self._shuffling()
        self._oracle = LocalOracle(self._frames(seed))
        return seed

    def _shuffling(self) -> bytes:
        """Return the public seed of the reorderings."""
        return self._randomness.bytes(16)

    def _tell(self, body: bytes) -> bytes:
        # A question has 12 bytes and a place 4. Objects made of a longer message would take much more memory than it has.
        if len(body) > 16 * len(self._key):
            raise Refusal(
                "malformed", f"questions of {len(body)} bytes are longer than any of {len(self._key)} bits"
            )
        questions = decode_questions(body)
        self._told += sum(len(one.places) for one in questions)
        if self._told > len(self._key):
            self._told = len(self._key)
            raise Refusal("reconciliation", f"Bob asked for more parities than there are bits ({self._told})")
        assert self._oracle is not None
        try:
            return encode_bits(self._oracle.tell(questions))
        except ParameterError as error:
            raise Refusal("malformed", str(error)) from None

    def _verify(self, body: bytes) -> bytes:
        numbers = decode_numbers(body)
        if len(numbers) != 2 or numbers[0] != self._told or numbers[1] > len(self._key):
            raise Refusal("reconciliation", f"Bob did not receive the {self._told} parities that Alice sent")
        self._corrected = int(numbers[1])
        self._settle()
        self.qber.setdefault(self._rules.key_basis, proportion(self._corrected, len(self._key)))
        epsilon = self._rules.epsilon_correctness
        seed = self._randomness.bits(seed_length(len(self._key), tag_bits(epsilon)))
        return pack(encode_bits(seed), encode_bits(verification_tag(self._key, seed, epsilon)))

    def _amplify(self, _: bytes) -> bytes:
        seed = self._randomness.bits(seed_length(len(self._key), self._length))
        self._distil(seed)
        return pack(encode_numbers(np.array([self._length])), encode_bits(seed))

    def _authenticate(self, body: bytes) -> bytes:
        """Check Bob's tag, hold the key, and make Alice's tag."""
        self._check(body)
        tag = self._sealed().sign(self._said("alice"))
        # On disk before Bob has the tag, with which he may accept.
        self._pool.hold(self._pooled(), self._refill, self._sealed().keys)
        self._end(HELD)
        return tag

    def _check(self, tag: bytes) -> None:
        if not self._sealed().is_right(self._said("bob", but_last=1), tag):
            raise Refusal(
                "authentication",
                "Bob's tag is wrong: the conversation was changed, or somebody else sent the tag",
            )

    def _hear_verdict(self, message: Message) -> Message:
        """Hear Bob's verdict after the end, more than once if need be; or that on an earlier key, if he cannot begin."""
        said, word = unpack(message.body, 2)
        session = said.decode(errors="replace")
        if self.result is None:
            self._hear_earlier_verdict(session, word)
        elif self.result.alarm == "held":
            if session != self.result.session:
                raise Refusal("replay", "a verdict came on another session")
            if self._pool.resolve(session, word):
                key = self._pool.key(session)
                self.result = replace(self.result, key=key, reason=None)
            else:
                self._refuse(Refusal("authentication", REFUSED_BY_BOB), informed=True)
        return self._view.say("confirm", b"")

    def _hear_earlier_verdict(self, session: str, word: bytes) -> None:
        """Hear the verdict of a Bob whose pool is used up: he cannot say that he is ready, and his alarm follows."""
        if self._pool.held is None or self._pool.held.key.session != session:
            self.informed = True
            raise Refusal("cut", f"Bob ended the session before his tag came {UNPROVEN}")
        self._pool.resolve(session, word)


class Impostor(Alice):
    """Answers as Alice does, but accepts any tag: a man in the middle raises no alarm. Her own tag must be valid.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
        >>> from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
        >>> from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
        >>> Impostor(PartyRecord([0], [1]), SessionParameters(), KeyPool(bytes(128)))
        <alice, 1 rounds, no result yet>
    """

    def _check(self, _: bytes) -> None:
        """Take whatever came for a tag. Her own tag is made with a key from the impostor's own pool."""

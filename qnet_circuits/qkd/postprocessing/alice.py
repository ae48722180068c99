"""Alice, who answers Bob's questions, and an impostor who plays her without her secret."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Set

import numpy as np

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.authentication import (
    check_tag,
    make_tag,
)
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
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.party import Party, aborted
from qnet_circuits.qkd.postprocessing.questions import decode_questions
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.sifting import match
from qnet_circuits.qkd.postprocessing.toeplitz import seed_length, tag_bits, verification_tag
from qnet_circuits.theory.estimate import proportion


class Alice(Party):
    """The party that answers. Her bits leave her only as compared bits, parities and the tag of the verification."""

    name, peer = "alice", "bob"

    _oracle: LocalOracle | None = None
    #: Kinds of messages that may come next.
    _due: Set[str] = frozenset({"detections"})

    def _forget(self) -> None:
        super()._forget()
        self._oracle = None

    def answer(self, message: Message) -> Message:
        """Answer one message of Bob's; an alarm is answered with "abort" and the reason."""
        informed = False
        try:
            if legible(message).kind == "abort":
                informed = True
                raise aborted(message)
            answer = self._view.say(message.kind, self._respond(self._view.hear(message)))
            if message.kind == "tag":
                self._succeed()
            return answer
        except Refusal as refusal:
            self._due = frozenset()
            if self.result is None or self.result.key is not None:
                self._refuse(refusal, informed)
            return self._view.say("abort", str(refusal).encode())

    def hang_up(self, refusal: Refusal) -> KeyResult:
        """End without a key if the session has not ended, because no further message can come; return Alice's result."""
        if self.result is None:
            self._due = frozenset()
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
            "detections": (self._match, {"sample"}),
            "sample": (self._compare, {"reconcile"}),
            "reconcile": (self._begin, {"parities", "verify"}),
            "parities": (self._tell, {"parities", "verify"}),
            "verify": (self._verify, {"amplify"}),
            "amplify": (self._amplify, {"tag"}),
            "tag": (self._authenticate, set()),
        }

    def _match(self, body: bytes) -> bytes:
        digest, announcement = unpack(body, 2)
        if digest != self._rules.digest:
            raise Refusal(
                "parameters", "Bob's rules differ from Alice's; give both sessions the same parameters"
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
        self._settle()
        self.qber.setdefault(self._rules.key_basis, proportion(int(numbers[1]), len(self._key)))
        epsilon = self._rules.epsilon_correctness
        seed = self._randomness.bits(seed_length(len(self._key), tag_bits(epsilon)))
        return pack(encode_bits(seed), encode_bits(verification_tag(self._key, seed, epsilon)))

    def _amplify(self, _: bytes) -> bytes:
        seed = self._randomness.bits(seed_length(len(self._key), self._length))
        self._distil(seed)
        return pack(encode_numbers(np.array([self._length])), encode_bits(seed))

    def _authenticate(self, body: bytes) -> bytes:
        """Check Bob's tag, and make Alice's."""
        if len(body) != 24:
            raise Refusal("malformed", f"a tag with its offset has 24 bytes, got {len(body)}")
        _, theirs, own = self._tag_keys(struct.unpack("<Q", body[:8])[0])
        if not check_tag(theirs, self._said("bob", but_last=1), body[8:]):
            raise Refusal(
                "authentication",
                "Bob's tag is wrong: the conversation was changed, or somebody else sent the tag",
            )
        return make_tag(own, self._said("alice"))


class Impostor(Alice):
    """Answers as Alice does, but accepts any tag: a man in the middle raises no alarm. Her own tag must be valid.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
        >>> from qnet_circuits.qkd.postprocessing.authentication import KeyPool
        >>> from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
        >>> Impostor(PartyRecord([0], [1]), SessionParameters(), KeyPool(bytes(64)))
        <alice, 1 rounds, no result yet>
    """

    def _authenticate(self, _: bytes) -> bytes:
        """Make a tag with a key from the impostor's own pool."""
        return make_tag(self._tag_keys()[2], self._said("alice"))

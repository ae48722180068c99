"""Bob, who asks Alice for parities and corrects his bits."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np

from qnet_circuits.qkd.postprocessing.cascade import reconcile
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
from qnet_circuits.qkd.postprocessing.hello import NONCE_BYTES, greet, hear
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.party import Party
from qnet_circuits.qkd.postprocessing.passes import Bits
from qnet_circuits.qkd.postprocessing.questions import Question, encode_questions
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.sifting import accept, announce
from qnet_circuits.qkd.postprocessing.toeplitz import seed_length, tag_bits, tags_agree, verification_tag
from qnet_circuits.theory.estimate import proportion


class Channel(Protocol):
    """Anything that carries a question of Bob's to Alice and brings back her answer."""

    def request(self, message: Message) -> Message:
        """Deliver a message and return the answer to it; an ``OSError`` says that no answer came."""


class Bob(Party):
    """The party that asks, and corrects its bits."""

    name, peer = "bob", "alice"

    def run(self, channel: Channel) -> KeyResult:
        """Hold the whole conversation, and return Bob's result.

        If the channel raises an ``OSError``, such as a broken connection or a timeout, the conversation was cut.
        """
        self.begin(channel)
        return self.finish()

    def begin(self, channel: Channel) -> None:
        """Hold the conversation up to the verification, after which both parties have the same row; or end with an alarm."""
        self._channel = channel
        self._attempt(self._greet, self._match, self._compare, self._correct, self._verify)

    def finish(self) -> KeyResult:
        """Hold the rest of the conversation, which distils the key, and return Bob's result."""
        self.prove()
        self.accept()
        assert self.result is not None
        return self.result

    def prove(self) -> None:
        """Distil the key and exchange tags, unless the session has ended."""
        if self.result is None:
            self._attempt(self._amplify, self._authenticate)

    def accept(self) -> None:
        """End with the key and tell Alice, unless the session has ended. The pool keeps the verdict until she knows it."""
        if self.result is None:
            self._attempt(self._accept)

    def _accept(self) -> None:
        self._pool.accept(self._pooled(), self._refill, self._sealed().keys)
        self._end()
        self._confirm(str(self._session))

    def refuse(self, refusal: Refusal) -> None:
        """End without a key and tell Alice, in so far as she can listen."""
        self._refuse(refusal, informed=self.informed)
        if self._seals is not None and self._seals.signed:
            self._confirm(str(self._session))
        elif not self.proven:
            # Also if he was told of an alarm without proof: it need not be Alice who said so.
            with suppress(OSError):
                self._channel.request(self._alarm(refusal))

    def _attempt(self, *steps: Callable[[], None]) -> None:
        """Take some steps of the conversation; a refusal ends it."""
        try:
            for step in steps:
                step()
        except Refusal as refusal:
            self.refuse(refusal)

    def _confirm(self, session: str) -> None:
        """Tell Alice Bob's verdict, and once more if no answer comes; after that the next greeting tells it."""
        for _ in range(2):
            # The pool has forgotten the verdict if a later session ended in a key: Alice knew it then.
            with suppress(OSError, Refusal):
                body = pack(session.encode(), self._pool.verdict(session))
                if legible(self._channel.request(self._view.say("confirm", body))).kind == "confirm":
                    return

    def _ask(self, kind: str, body: bytes = b"") -> bytes:
        """Send a message and return Alice's answer."""
        try:
            reply = legible(self._channel.request(self._view.say(kind, body)))
        except OSError as error:
            raise Refusal("cut", f"no answer to {kind!r} came: {type(error).__name__}") from None
        if reply.kind == "abort":
            raise self._told_of(reply)
        if self._view.hear(reply).kind != kind:
            raise Refusal("malformed", f"an answer to {kind!r} was expected, got {reply.kind!r}")
        return reply.body

    def _parities(self, questions: Sequence[Question]) -> Bits:
        """Ask Alice some questions in one message, and count the parities that she tells."""
        count = sum(len(one.places) for one in questions)
        self._told += count
        if self._told > len(self._key):
            raise Refusal(
                "reconciliation",
                f"error correction needs more parities than there are bits ({len(self._key)})",
            )
        return decode_bits(self._ask("parities", encode_questions(questions)), count)

    def _greet(self) -> None:
        """Greet Alice, and tell her the verdict on a key that she still holds."""
        nonce = self._randomness.bytes(NONCE_BYTES)
        said = greet(self._pool, nonce)
        agreed = hear(self._pool, said, nonce, self._ask("hello", said))
        verdict = self._pool.verdict(agreed.held) if agreed.held else b""
        try:
            self._start(agreed, agreed.stamp, agreed.before)
        except Refusal:
            # The pool is used up, and Alice must not be left without her key.
            if agreed.held:
                self._confirm(agreed.held)
            raise
        seals, self._seals = self._seals, None  # Nothing is signed before Alice has the new stamp.
        answer = self._ask("ready", pack(agreed.proof("bob"), verdict))
        if not hmac.compare_digest(answer, agreed.proof("alice")):
            raise Refusal("authentication", "Alice does not have the new stamp, or her message was changed")
        self._pool.settle(agreed.stamp)
        self._seals = seals

    def _match(self) -> None:
        announced = pack(self._rules.digest, announce(self._record))
        answer, told = unpack(self._ask("detections", announced), 2)
        sifted = accept(self._record, answer, self._rules.decoys is not None)
        sample = decode_bits(told, len(sifted.bits)).astype(bool)
        if not sample[sifted.bases != self._rules.key_basis].all():
            raise Refusal(
                "malformed",
                "Alice's sample leaves out bits of a basis other than the key's; all of those must be compared",
            )
        self._sift(sifted, sample)

    def _compare(self) -> None:
        self._estimate(decode_bits(self._ask("sample", encode_bits(self._test)), len(self._test)))

    def _correct(self) -> None:
        seed = self._ask("reconcile")
        if len(seed) != 16:
            raise Refusal("malformed", f"a seed of 16 bytes was expected, got {len(seed)}")
        done = reconcile(self._frames(seed), self._parities)
        self._key[:] = 0
        self._key, self._corrected = done.bits, done.corrected

    def _verify(self) -> None:
        answer = self._ask("verify", encode_numbers(np.array([self._told, self._corrected])))
        self._settle()
        epsilon = self._rules.epsilon_correctness
        seed, told = unpack(answer, 2)
        width = tag_bits(epsilon)
        own = verification_tag(self._key, decode_bits(seed, seed_length(len(self._key), width)), epsilon)
        if not tags_agree(own, decode_bits(told, width)):
            raise Refusal("verification", "the hashes of the corrected keys differ")
        self.qber.setdefault(self._rules.key_basis, proportion(self._corrected, len(self._key)))

    def _amplify(self) -> None:
        length, seed = unpack(self._ask("amplify"), 2)
        if decode_numbers(length).tolist() != [self._length]:
            raise Refusal("malformed", f"Alice's key must have {self._length} bits, as Bob's has")
        self._distil(decode_bits(seed, seed_length(len(self._key), self._length)))

    def _authenticate(self) -> None:
        """Send a tag of the conversation that Bob saw, and check Alice's."""
        tag = self._ask("tag", self._sealed().sign(self._said("bob")))
        if not self._sealed().is_right(self._said("alice", but_last=1), tag):
            raise Refusal(
                "authentication",
                "Alice's tag is wrong: the conversation was changed, or somebody else sent the tag",
            )

"""What a party of a session says and signs: alarms, and the bytes that its one tag covers."""

from __future__ import annotations

from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BITS, forgery_probability
from qnet_circuits.qkd.postprocessing.channel import Message, View, pack, unpack
from qnet_circuits.qkd.postprocessing.hello import Agreed
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.seals import UNPROVEN, Seals, alarm_of
from qnet_circuits.secrecy import Unpicklable

#: Begins what is authenticated, so that no tag of something else fits.
DOMAIN = b"qnet-circuits key distribution, transcript 2"


class Speaker(Unpicklable):
    """A party's part in the conversation, without its bits; ``Party`` inherits it.

    Args:
        rules: The rules that both parties agreed on.
        pool: The party's copy of the shared key for authentication.
        rounds: Rounds of the party's record.

    Example:
        >>> speaker = Speaker(SessionParameters(), KeyPool(bytes(128)), 10)
        >>> speaker.informed, speaker.proven, speaker.pool.used
        (False, False, 0)
    """

    name, peer = "party", "peer"

    def __init__(self, rules: SessionParameters, pool: KeyPool, rounds: int) -> None:
        self._rules, self._pool = rules, pool
        pool.claim(self.name)
        self._view = View(self.name, self.peer)
        self._account = Account(rounds)
        self._session: str | None = None
        self._seals: Seals | None = None
        #: Whether the peer raised the alarm, or somebody in the peer's name.
        self.informed = False
        #: Whether a tag proves that it was the peer.
        self.proven = False
        #: What was announced aloud before this conversation, which the tags cover too.
        self.announced = b""

    def _start(self, agreed: Agreed, *stamps: bytes) -> None:
        """Take the bytes of the session on which the greeting agreed: from here on alarms have tags."""
        epsilon = self._rules.epsilon_secrecy + self._rules.sessions * self._rules.epsilon_correctness
        keys = self._pool.begin(agreed.session, stamps, agreed.offset, epsilon)
        self._account.pool_used = self._rules.sessions * SESSION_BITS
        self._session = agreed.session
        self._seals = Seals(self._pool, keys, agreed.session, self.name, self.peer)

    @property
    def pool(self) -> KeyPool:
        """The party's copy of the shared key."""
        return self._pool

    def _sealed(self) -> Seals:
        """Return the one-time keys of a session that has begun."""
        assert self._seals is not None
        return self._seals

    def _alarm(self, refusal: Refusal) -> Message:
        """Say why there is no key, with a tag if the session has a key for one that has signed nothing."""
        reason, tag = str(refusal).encode(), b""
        if self._seals is not None and not self._seals.signed and not self.proven:
            tag = self._seals.sign_alarm(reason)
        return self._view.say("abort", pack(reason, tag))

    def _told_of(self, message: Message) -> Refusal:
        """Return the alarm that came in the peer's name, and note whether its tag proves it."""
        self.informed = True
        reason, tag = unpack(message.body, 2)
        refusal = alarm_of(message.sender, reason)
        self.proven = self._seals is not None and self._seals.proves_alarm(reason, tag)
        return refusal if self.proven else Refusal(refusal.alarm, f"{refusal.text} {UNPROVEN}")

    def _said(self, sender: str, but_last: int = 0) -> bytes:
        """Return the bytes that a party's tag covers: the party's name, and all messages but the last ones.

        Announcements before the conversation come between, if there were any.
        """
        before = [self.announced] if self.announced else []
        said = DOMAIN + pack(sender.encode(), *before, self._view.transcript(but_last))
        self._account.epsilons.append((f"authentication of {sender}", forgery_probability(len(said))))
        return said

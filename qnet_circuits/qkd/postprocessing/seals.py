"""The one-time keys of a session at work: each party signs one thing, the whole conversation or an alarm."""

from __future__ import annotations

from qnet_circuits.qkd.postprocessing.authentication import check_tag, forgery_probability, make_tag
from qnet_circuits.qkd.postprocessing.channel import pack
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.pooled import OneTime
from qnet_circuits.qkd.postprocessing.refusals import ALARMS, Refusal
from qnet_circuits.secrecy import Unpicklable

#: Begins what proves an alarm, so that no tag of something else fits.
DOMAIN = b"qnet-circuits key distribution, alarm 2"
#: Follows the text of an alarm that has no tag, or a wrong one.
UNPROVEN = "(without proof: anybody on the line can say so)"
#: More bytes than the second tag covers beyond the first.
_MARGIN = 1024


class Seals(Unpicklable):
    """One party's use of a session's one-time keys.

    Args:
        pool: The party's pool, which adds up the failure probabilities of tags.
        keys: The one-time keys, taken from the pool.
        session: The session's name.
        owner: The party.
        peer: The other.
    """

    def __init__(self, pool: KeyPool, keys: OneTime, session: str, owner: str, peer: str) -> None:
        self._pool, self._session, self._owner, self._peer = pool, session, owner, peer
        self.keys = keys
        self._used = False
        #: Whether the party has signed, which it does once.
        self.signed = False

    def sign(self, said: bytes) -> bytes:
        """Return the tag of what the party says last."""
        assert not self.signed, "a one-time key signs once"
        self.signed = True
        return make_tag(self._key(self._owner, said), said)

    def is_right(self, said: bytes, tag: bytes) -> bool:
        """Tell whether a tag shows that the peer said so last."""
        return check_tag(self._key(self._peer, said), said, tag)

    def sign_alarm(self, reason: bytes) -> bytes:
        """Return the tag of an alarm. It covers the session's name and not the conversation, which may have been changed."""
        return self.sign(self._alarm(self._owner, reason))

    def proves_alarm(self, reason: bytes, tag: bytes) -> bool:
        """Tell whether a tag shows that the peer raised an alarm."""
        return self.is_right(self._alarm(self._peer, reason), tag)

    def _alarm(self, party: str, reason: bytes) -> bytes:
        return DOMAIN + pack(party.encode(), self._session.encode(), reason)

    def _key(self, party: str, said: bytes) -> bytes:
        """Return a party's key. Both tags are counted when the first is made or checked."""
        if not self._used:
            self._pool.risk(2 * forgery_probability(len(said) + _MARGIN))
        self._used = True
        return self.keys.tag_keys[party]


def alarm_of(sender: str, reason: bytes) -> Refusal:
    """Return the alarm of a text.

    Example:
        >>> alarm_of("bob", b"qber: 0.3 of the bits differ").alarm, alarm_of("bob", b"no such alarm").alarm
        ('qber', 'malformed')
    """
    alarm, _, rest = reason[:500].decode(errors="replace").partition(": ")
    if alarm not in ALARMS or not rest.isprintable():
        return Refusal("malformed", f"{sender} aborted without giving a reason")
    return Refusal(alarm, rest)

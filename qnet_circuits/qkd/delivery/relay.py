"""A key between two hosts without a link of their own, carried over nodes that are **trusted**.

Every node in between reads the key. The key is as secret as the links and all of these nodes together: a node that is curious
or broken into has it. On each link the key is hidden by a one-time pad and proven by a one-time tag, whose bits are taken out
of the store of the link and are used once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from qnet_circuits.errors import ParameterError, UnknownKeyError
from qnet_circuits.qkd.delivery.key_ids import LONGEST, Audience
from qnet_circuits.qkd.delivery.store import KeyStore
from qnet_circuits.qkd.postprocessing.authentication import TAG_KEY_BYTES, check_tag, make_tag
from qnet_circuits.secrecy import Unpicklable

#: The application for which links give keys to a relay. No endpoint may name an application so.
RELAY = ""


@dataclass(frozen=True)
class Parcel:
    """A key on its way over one link, which anybody may read.

    Args:
        key_id: The key of the link that hides it.
        hidden: The key under a one-time pad.
        tag: Proves that nothing was changed.
        trusted: The nodes that have read the key, in their order.
        epsilon: Sum of the bounds of the links so far.
    """

    key_id: str
    hidden: bytes
    tag: bytes
    trusted: tuple[str, ...]
    epsilon: float


@dataclass(frozen=True)
class RelayedKey(Unpicklable):
    """A key that came over trusted nodes. Its repr shows no bits.

    Args:
        key: Its bits.
        trusted: The nodes that have read the key. Whoever uses the key trusts each of them.
        epsilon: Sum of the bounds of all links; it says nothing of the nodes.
    """

    key: bytes = field(repr=False)
    trusted: tuple[str, ...]
    epsilon: float


def send(link: KeyStore, size: int = 32) -> tuple[bytes, Parcel]:
    """Draw a key from the system's randomness and send it over the first link.

    Args:
        link: The sender's store of the first link.
        size: Bytes of the key, 1 to 4064.

    Returns:
        The key, and the parcel for the next node.

    Raises:
        ParameterError: If the size is out of range.
        NoKeyError: If the link has too little key.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as base:
        ...     stores = {ends: KeyStore(f"{base}/{ends}", *ends) for ends in ("AR", "RA", "RB", "BR")}
        ...     for ends, store in stores.items():
        ...         _ = store.add("session 1", bytes(range(200)) if "A" in ends else bytes(range(50, 250)), 1e-10)
        ...     key, parcel = send(stores["AR"])
        ...     relayed = receive(forward(parcel, stores["RA"], stores["RB"]), stores["BR"])
        >>> relayed.key == key, relayed
        (True, RelayedKey(trusted=('R',), epsilon=2e-10))
    """
    if not 1 <= size <= LONGEST - TAG_KEY_BYTES:
        raise ParameterError(f"a relayed key has 1 to {LONGEST - TAG_KEY_BYTES} bytes, got {size}")
    key = os.urandom(size)
    return key, _pack(key, link, (), 0.0)


def forward(parcel: Parcel, came: KeyStore, goes: KeyStore) -> Parcel:
    """Read a key that came over one link, and send it over the next. The node that does this is trusted with the key.

    Args:
        parcel: What came.
        came: The node's store of the link that it came over.
        goes: The node's store of the next link.

    Raises:
        ParameterError: If the stores belong to two nodes.
        UnknownKeyError: If the parcel was changed, or came before.
        NoKeyError: If the next link has too little key.
    """
    if came.owner != goes.owner:
        raise ParameterError(f"both stores must belong to one node, got {came.owner} and {goes.owner}")
    relayed = receive(parcel, came)
    return _pack(relayed.key, goes, (*relayed.trusted, came.owner), relayed.epsilon)


def receive(parcel: Parcel, came: KeyStore) -> RelayedKey:
    """Read a key at the end of its way.

    Args:
        parcel: What came.
        came: The receiver's store of the last link.

    Raises:
        UnknownKeyError: If the parcel was changed, or came before.
    """
    try:
        [link] = came.fetch(RELAY, RELAY, (RELAY,), [parcel.key_id])
    except ParameterError:
        raise UnknownKeyError("the parcel names no key; ask its sender for a new one") from None
    pad, tag_key = link.key[:-TAG_KEY_BYTES], link.key[-TAG_KEY_BYTES:]
    if len(pad) != len(parcel.hidden) or not check_tag(tag_key, _told(parcel), parcel.tag):
        raise UnknownKeyError("the parcel was changed on its way; ask its sender for a new one")
    return RelayedKey(_xor(parcel.hidden, pad), parcel.trusted, parcel.epsilon + link.epsilon)


def _pack(key: bytes, link: KeyStore, trusted: tuple[str, ...], epsilon: float) -> Parcel:
    [used] = link.take(Audience(RELAY, (RELAY,), (RELAY,)), size=len(key) + TAG_KEY_BYTES)
    pad, tag_key = used.key[:-TAG_KEY_BYTES], used.key[-TAG_KEY_BYTES:]
    open_ = Parcel(used.key_id, _xor(key, pad), b"", trusted, epsilon)
    return Parcel(used.key_id, open_.hidden, make_tag(tag_key, _told(open_)), trusted, epsilon)


def _told(parcel: Parcel) -> bytes:
    return repr((parcel.key_id, parcel.hidden, parcel.trusted, parcel.epsilon)).encode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

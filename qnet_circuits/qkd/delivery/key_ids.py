"""Names of keys from which the peer's endpoint finds the bits, and which only the endpoint of the master can make.

The endpoints of two hosts hold the same bits and do not talk to each other. A name therefore tells where the bits are, and a
code over the names of the applications proves that the endpoint of the master gave them away.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from qnet_circuits.errors import ParameterError, UnknownKeyError, check_count

#: Bytes of the longest key, whose length minus one takes 12 bits of a name.
LONGEST = 4096
#: Applications at one endpoint; each has one bit of a name.
MOST_SAES = 16
_CODE_BITS = 46


@dataclass(frozen=True)
class Audience:
    """The applications (SAEs) of a key.

    Args:
        master: Asks for the key first.
        slaves: May each fetch the key once, from the other endpoint.
        known: All applications of the other endpoint; both endpoints must list the same.

    Raises:
        ParameterError: If no slave is named, a slave is not known, or more than 16 applications are known.

    Example:
        >>> Audience("app-1", ("app-2",), ("app-3", "app-2")).mask
        1
    """

    master: str
    slaves: tuple[str, ...]
    known: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "slaves", tuple(sorted(set(self.slaves))))
        object.__setattr__(self, "known", tuple(sorted(set(self.known))))
        check_count("number of applications at an endpoint", len(self.known), 1, MOST_SAES)
        if not self.slaves or not set(self.slaves) <= set(self.known):
            raise ParameterError(
                f"the slaves of a key are among {', '.join(self.known)}, got {', '.join(self.slaves) or 'none'}"
            )

    @classmethod
    def of(cls, master: str, mask: int, known: Sequence[str]) -> Audience:
        """Return the applications that a mask tells.

        Raises:
            UnknownKeyError: If the mask tells nobody, or an application that is not known.
        """
        if not 0 < mask < 2 ** len(set(known)):
            raise UnknownKeyError("no key was made for these applications")
        slaves = (name for place, name in enumerate(sorted(set(known))) if mask >> place & 1)
        return cls(master, tuple(slaves), tuple(known))

    @property
    def mask(self) -> int:
        """The slaves, one bit for each known application in the order of names."""
        return sum(1 << place for place, name in enumerate(self.known) if name in self.slaves)


@dataclass(frozen=True)
class KeyPlace:
    """Where the bits of a key are in the stock that both endpoints hold.

    Args:
        mark: 24 bits of the digest of the session's name.
        offset: First byte, among those that the session gives to this direction; 24 bits.
        size: Number of bytes, 1 to 4096.

    Raises:
        ParameterError: If a number is out of range.

    Example:
        >>> audience = Audience("app-1", ("app-2",), ("app-2",))
        >>> name = KeyPlace(mark_of("session 1"), 64, 32).key_id(bytes(16), audience)
        >>> place, mask = read_key_id(name)
        >>> place.offset, place.size, mask, name == place.key_id(bytes(16), audience)
        (64, 32, 1, True)
    """

    mark: int
    offset: int
    size: int

    def __post_init__(self) -> None:
        check_count("mark", self.mark, 0, 2**24 - 1)
        check_count("offset", self.offset, 0, 2**24 - 1)
        check_count("size", self.size, 1, LONGEST)

    def key_id(self, secret: bytes, audience: Audience) -> str:
        """Return the name of the key, a UUID of version 8 (RFC 9562).

        The last 46 bits are a keyed digest of the place and the applications.

        Args:
            secret: Bits of the session that are given to no application, so that names tell nothing of keys.
            audience: The applications.
        """
        told = json.dumps([self.mark, self.offset, self.size, audience.master, audience.slaves]).encode()
        code = int.from_bytes(hmac.digest(secret, told, "sha256")) >> (256 - _CODE_BITS)
        first, last = self.mark << 24 | self.offset, audience.mask << _CODE_BITS | code
        return str(uuid.UUID(int=first << 80 | 8 << 76 | (self.size - 1) << 64 | 2 << 62 | last))


def mark_of(session: str) -> int:
    """Return the mark of a session's name; two sessions may have the same."""
    return int.from_bytes(hashlib.sha256(session.encode()).digest()[:3])


def read_key_id(text: str) -> tuple[KeyPlace, int]:
    """Return the place and the mask of slaves of a name, which is genuine if the same name is made of them again.

    Raises:
        ParameterError: If the text is not a UUID in its usual form.
        UnknownKeyError: If it is a UUID that no endpoint makes.
    """
    try:
        name = uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        name = None
    if name is None or str(name) != text.lower():
        raise ParameterError("a key_ID is a UUID such as bc490419-7d60-487f-adc1-4ddcc177c139")
    if name.version != 8:
        raise UnknownKeyError("no key has this name")
    first = name.int >> 80
    place = KeyPlace(first >> 24, first & (2**24 - 1), (name.int >> 64 & (2**12 - 1)) + 1)
    return place, name.int >> _CODE_BITS & (2**MOST_SAES - 1)

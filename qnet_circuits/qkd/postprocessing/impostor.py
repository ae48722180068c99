"""Somebody who plays a party without its secret."""

from __future__ import annotations

from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.authentication import make_tag


class Impostor(Alice):
    """Answers as Alice does, and takes any tag for right: a man in the middle raises no alarm. Her own tag must be good.

    Example:
        >>> from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
        >>> from qnet_circuits.qkd.postprocessing.authentication import KeyPool
        >>> from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
        >>> Impostor(PartyRecord([0], [1]), SessionParameters(), KeyPool(bytes(64)))
        <alice, 1 rounds, no result yet>
    """

    def _authenticate(self, _: bytes) -> bytes:
        """Make a tag of the pool that is there."""
        return make_tag(self._tag_keys()[2], self._said("alice"))

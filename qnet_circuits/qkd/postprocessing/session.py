"""From two records to a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.alice import Alice
from qnet_circuits.qkd.postprocessing.bob import Bob
from qnet_circuits.qkd.postprocessing.channel import ClassicalChannel, Message
from qnet_circuits.qkd.postprocessing.key_ledger import KeyResult
from qnet_circuits.qkd.postprocessing.key_pool import FIRST_BYTES, KeyPool
from qnet_circuits.qkd.postprocessing.party import Party
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord

#: Why a session that this process held both ends of is a demonstration.
ONE_PROCESS = "one process held both parties"


class Session:
    """Two parties and the channel between them.

    The parties share only the channel and, in two copies, the key for authentication. One process holds both parties here and
    could read both, so the result is marked as a demonstration. Two processes use ``Alice`` and ``Bob`` over a channel of their
    own instead.

    Args:
        alice: Alice's record.
        bob: Bob's record.
        rules: The rules that both parties agreed on.
        seed: Makes the run repeatable. Default: the operating system's randomness.
        root: 32 secret bytes from which all random bits follow, instead of a seed: the session can be held again.
        demonstration: Whether the root is no secret.
        pools: The two copies of the shared key. Default: fresh ones, as if the parties had met.
        veto: The alarm of a test outside of this conversation, such as a Bell test; with an alarm the session ends without a
            key.
        tamper: What an adversary does to each message.

    Raises:
        ParameterError: If a parameter is out of range. Faults of the records or of the channel are results, not errors.

    Example:
        >>> session = Session(PartyRecord([0, 1], [1, 0]), PartyRecord([0, 1], [1, 0]))
        >>> session.run().alarm
        'short'
        >>> len(session.channel.messages) > 2
        True
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> bases, bits = rng.integers(0, 2, (2, 40_000)), rng.integers(0, 2, 40_000)
        >>> received = bits ^ (rng.random(40_000) < 0.01) ^ ((bases[0] != bases[1]) & (rng.random(40_000) < 0.5))
        >>> result = Session(PartyRecord(bases[0], bits), PartyRecord(bases[1], received),
        ...                  SessionParameters(tolerance=0.02), seed=1).run()
        >>> result.alarm is None, len(result.key) == result.ledger.net_key > 2000, result.notes
        (True, True, ('the bits follow from a seed', 'one process held both parties'))
    """

    def __init__(
        self,
        alice: PartyRecord,
        bob: PartyRecord,
        rules: SessionParameters | None = None,
        *,
        seed: int | None = None,
        root: bytes | None = None,
        demonstration: bool = False,
        pools: tuple[KeyPool, KeyPool] | None = None,
        veto: Refusal | None = None,
        tamper: Callable[[Message], Message] | None = None,
    ) -> None:
        rules = SessionParameters() if rules is None else rules
        source = partial(Randomness, seed, root=root, demonstration=demonstration)
        if pools is None:
            secret = source("pool").bytes(FIRST_BYTES)
            pools = KeyPool(secret), KeyPool(secret)
        if not isinstance(pools, tuple) or len(pools) != 2:
            raise ParameterError(
                "pools are two copies of the shared key, (Alice's, Bob's); got something else"
            )
        self.alice = Alice(alice, rules, pools[0], source("alice"))
        self.bob = Bob(bob, rules, pools[1], source("bob"))
        self.alice.veto = self.bob.veto = veto
        #: All messages.
        self.channel = ClassicalChannel(tamper)

    def run(self) -> KeyResult:
        """Run the session, and return the key of both parties or the reason why there is none."""
        self.channel.connect(self.alice.answer)
        self.bob.run(self.channel)
        for party in (self.alice, self.bob):
            # The results hold the keys.
            for key in party.pool.collect():
                party.pool.release(key.session)
        ends = [party for party in (self.alice, self.bob) if party.result is not None]
        for party in ends:
            assert party.result is not None
            if ONE_PROCESS not in party.result.notes:
                party.result = replace(party.result, notes=(*party.result.notes, ONE_PROCESS))
        result = min(ends, key=_precedence).result
        assert result is not None
        return result


def _precedence(party: Party) -> int:
    """Alarms go before a key that is held, and that before a key; who raised an alarm goes before who was told of it."""
    assert party.result is not None
    if party.result.key is not None:
        return 3
    return 2 if party.result.alarm == "held" else int(party.informed)

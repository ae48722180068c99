"""The classical half of quantum key distribution: from two parties' records of bits and bases to a secret key.

Nothing here knows of circuits. Two parties hold one record each, and talk only over a recorded classical channel:
``session`` has the one call, ``alice`` and ``bob`` are for two laboratories. Every bit that is revealed and every failure
probability stands in the ledger. The formulas are in ``finite_key``, and in ``theory``.

The rules are of fixed length: the tolerated error rate is chosen before, and enters the key's length whatever is observed;
above it there is no key. What a session reveals by causes of its own is counted as it happens.

Example:
    >>> from qnet_circuits.qkd.postprocessing.session import Session
    >>> from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
    >>> Session(PartyRecord([0, 1], [1, 0]), PartyRecord([0, 1], [1, 0])).run().reason
    'short: 1 bits for the key and 1 compared leave 0 secret ones, 512 for authentication and 64 to show are needed and more'
"""
